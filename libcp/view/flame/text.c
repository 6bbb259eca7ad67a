/* SPDX-License-Identifier: Apache-2.0 */
/* A flame graph as text and JSON. */
#include "view/flame/flame.h"

#include <math.h>
#include <stdio.h>

#include <cp/units.h>

static void emit_json(struct cpi_sink *sink, const char *p, unsigned n)
{
	if (strchr("<>&'\"\\", *p))
		cpi_sink_printf(sink, "\\u%04x", (unsigned char)*p);
	else
		cpi_sink_bytes(sink, p, n);
}

void cpi_flame_json(struct cpi_sink *sink, struct cp_text text)
{
	cpi_draw_each(sink, text, emit_json);
}

static void emit_plain(struct cpi_sink *sink, const char *p, unsigned n)
{
	static const char special[] = "<>&\\", letter[] = "lga\\";
	const char *at = strchr(special, *p);

	if (!at) {
		cpi_sink_bytes(sink, p, n);
		return;
	}
	cpi_sink_char(sink, '\\');
	cpi_sink_char(sink, letter[at - special]);
}

void cpi_flame_plain(struct cpi_sink *sink, struct cp_text text)
{
	cpi_draw_each(sink, text, emit_plain);
}

struct cp_text cpi_flame_shown(struct cp_text name)
{
	if (name.n > 4 && name.p[name.n - 4] == '_' && name.p[name.n - 3] == '[' &&
		name.p[name.n - 1] == ']' && strchr("kijw", name.p[name.n - 2]))
		name.n -= 4;
	return name;
}

/* Length without one ending that compilers give to parts and copies of a function. */
static size_t without_clone(struct cp_text name)
{
	static const char *const numbered[] = {
		".isra.", ".constprop.", ".part.", ".clone.", ".lto_priv.", ".llvm."};
	size_t n = name.n;

	if (cpi_text_ends(name, CPI_TEXT(".cold")) ||
		cpi_text_ends(name, CPI_TEXT(".warm")))
		return n - 5;
	while (n && name.p[n - 1] >= '0' && name.p[n - 1] <= '9')
		n--;
	for (size_t i = 0; n < name.n && i < sizeof numbered / sizeof *numbered; i++)
		if (cpi_text_ends((struct cp_text){name.p, n}, cpi_text(numbered[i])))
			return n - strlen(numbered[i]);
	return name.n;
}

/*
 * "f dir/file.c:12", as --granularity lines names frames, without the folders, into buf
 * (at least name.n bytes). Only where a file follows the last space: arguments end with
 * ')'.
 */
static struct cp_text drop_folders(struct cp_text name, char *buf)
{
	const char *space = memrchr(name.p, ' ', name.n), *slash;
	size_t head = space ? (size_t)(space + 1 - name.p) : 0;

	slash = head ? memrchr(name.p + head, '/', name.n - head) : NULL;
	if (!slash || !memchr(slash, '.', (size_t)(name.p + name.n - slash)) ||
		name.p[name.n - 1] == ')')
		return name;
	memcpy(buf, name.p, head);
	memcpy(buf + head, slash + 1, (size_t)(name.p + name.n - slash - 1));
	return (struct cp_text){buf, head + (size_t)(name.p + name.n - slash - 1)};
}

static struct cp_text drop_clones(struct cp_text name)
{
	for (size_t n; (n = without_clone(name)) && n < name.n;)
		name.n = n;
	return name;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

/* Is the '<' before this text the operator's last, for its arguments begin with another? */
static bool opens_arguments(struct cp_text rest)
{
	size_t opened = 1, closed = 0;

	for (size_t i = 0; i < rest.n; i++) {
		opened += rest.p[i] == '<';
		closed += rest.p[i] == '>' && (!i || rest.p[i - 1] != '-');
	}
	return closed == opened;
}

/* Bytes of the signs that stand behind "operator"; 0: it is no operator of signs. */
static size_t operator_signs(struct cp_text rest)
{
	/* Longest first. */
	static const char *const signs[] = {"<=>", "<<=", ">>=", "->*", "<<", ">>", "<=",
		">=", "->", "()", "[]", "<", ">"};

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		struct cp_text sign = cpi_text(signs[i]);

		if (!cpi_text_starts(rest, sign))
			continue;
		/* LLVM writes operator<<int> for operator< with an argument. */
		if (i == 4 &&
			opens_arguments((struct cp_text){rest.p + 2, rest.n - 2}))
			return 1;
		return sign.n;
	}
	return 0;
}

/*
 * The name with letters for what looks like brackets and scopes and is not: the signs of
 * "operator<<", the type that "operator a::b" converts to. Into buf, as long as the name.
 */
static struct cp_text mask(struct cp_text name, char *buf)
{
	const struct cp_text word = CPI_TEXT("operator");

	memcpy(buf, name.p, name.n);
	for (size_t i = 0; i + word.n < name.n; i++) {
		struct cp_text rest = {name.p + i + word.n, name.n - i - word.n};

		if (memcmp(name.p + i, word.p, word.n) || (i && is_word(name.p[i - 1])) ||
			is_word(*rest.p))
			continue;
		memset(buf + i + word.n, 'o', operator_signs(rest));
		for (size_t k = 0; *rest.p == ' ' && k < rest.n && rest.p[k] != '('; k++)
			if (rest.p[k] == ':')
				buf[i + word.n + k] = 'o';
	}
	return (struct cp_text){buf, name.n};
}

static bool opens(char c)
{
	return c == '(' || c == '<' || c == '[' || c == '{';
}

/* The bracket at i closes one. */
static bool closes(struct cp_text name, size_t i)
{
	char c = name.p[i];

	return c == ')' || c == ']' || c == '}' ||
	       (c == '>' && i && name.p[i - 1] != '-');
}

/* Position of the bracket that opens the last top-level (…), or SIZE_MAX. */
static size_t arguments(struct cp_text whole)
{
	char buf[1024];
	struct cp_text name = mask(whole, buf);
	size_t at = SIZE_MAX;
	int depth = 0;

	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '(' && depth == 0)
			at = i;
		depth += opens(name.p[i]);
		depth -= depth > 0 && closes(name, i);
		/* A function's in which another one is: "f(int)::{lambda()#1}". */
		if (!depth && name.p[i] == ')' && i + 1 < name.n && name.p[i + 1] == ':')
			at = SIZE_MAX;
	}
	/* Go's (*T).m and (anonymous namespace)::f have them in front. */
	return at && at != SIZE_MAX && name.p[at - 1] != '.' && name.p[at - 1] != ':'
		       ? at
		       : SIZE_MAX;
}

/* The name without <…>, into buf (at least name.n bytes). */
static struct cp_text drop_templates(struct cp_text whole, char *buf)
{
	char masked[1024];
	struct cp_text name = mask(whole, masked);
	size_t n = 0;
	int depth = 0;

	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (c == '<' && (i || depth))
			depth++;
		if (!depth)
			buf[n++] = whole.p[i];
		if (c == '>' && depth && name.p[i - 1] != '-')
			depth--;
	}
	/* "operator< <int>" */
	while (n && buf[n - 1] == ' ')
		n--;
	return (struct cp_text){buf, depth ? 0 : n};
}

/* What follows the last :: or /, or for dotted names the last two parts. */
static struct cp_text drop_scopes(struct cp_text whole)
{
	char buf[1024];
	struct cp_text name = mask(whole, buf);
	size_t from = 0, dot = 0, dot_before = 0;
	int depth = 0;

	for (size_t i = 0; i + 1 < name.n; i++) {
		depth += opens(name.p[i]);
		depth -= depth > 0 && closes(name, i);
		if (i && name.p[i] == ':' && name.p[i - 1] == ':' && !depth)
			from = i + 1;
		if (i && name.p[i] == '/' && !depth)
			from = i + 1;
		if (i && name.p[i] == '.') {
			dot_before = dot;
			dot = i + 1;
		}
	}
	if (!from && dot_before && !memchr(name.p, ' ', name.n))
		from = dot_before;
	return (struct cp_text){whole.p + from, whole.n - from};
}

/* Bytes of the longest start that is at most `width` wide. */
static size_t fit_start(struct cp_text text, double width, double size)
{
	uint32_t rune;
	size_t i = 0;

	while (i < text.n) {
		unsigned n = cpi_utf8_decode(text.p + i, text.n - i, &rune);

		width -= cpi_draw_rune(rune) / 100.0 * size;
		if (width < 0)
			break;
		i += n;
	}
	return i;
}

/* Start and end of a name around "…", each half of what fits. */
static bool middle(struct cpi_sink *sink, struct cp_text text, double width, double size)
{
	double room = (width - size) / 2;
	size_t head = fit_start(text, room, size), tail = text.n;
	uint32_t rune;

	if (head < 2)
		return false;
	for (double left = room;;) {
		size_t at = tail;

		do
			at--;
		while (at > head && ((unsigned char)text.p[at] & 0xc0) == 0x80);
		(void)cpi_utf8_decode(text.p + at, tail - at, &rune);
		left -= cpi_draw_rune(rune) / 100.0 * size;
		if (left < 0 || at <= head)
			break;
		tail = at;
	}
	cpi_draw_escape(sink, (struct cp_text){text.p, head});
	cpi_sink_str(sink, "…");
	cpi_draw_escape(sink, (struct cp_text){text.p + tail, text.n - tail});
	return true;
}

bool cpi_flame_label(
	struct cpi_sink *sink, struct cp_text name, double width, double size)
{
	char printable[1024], base[1024], shorter[1024];
	struct cp_text form;
	size_t at;

	if (width < 2.2 * size)
		return false;
	form = cpi_text(
		cpi_text_printable(printable, sizeof printable, cpi_flame_shown(name)));
	for (unsigned step = 0; step < 5; step++) {
		if (step == 1)
			form = drop_clones(drop_folders(form, base));
		if (step == 2 && (at = arguments(form)) != SIZE_MAX)
			form.n = at;
		if (step == 3) {
			struct cp_text less = drop_templates(form, shorter);

			form = less.n ? less : form;
		}
		if (step == 4)
			form = drop_scopes(form);
		if (form.n && (double)cpi_draw_advance(form) * size <= 100 * width) {
			cpi_draw_escape(sink, form);
			return true;
		}
	}
	return middle(sink, form, width, size);
}

void cpi_flame_fixed(struct cpi_sink *sink, double x, unsigned decimals)
{
	static const double power[] = {1, 10, 100, 1000, 1e4, 1e5, 1e6};
	uint64_t scaled, one = (uint64_t)power[decimals];

	if (x < 0) {
		cpi_sink_char(sink, '-');
		x = -x;
	}
	if (x * power[decimals] >= 1.8e19) {
		cpi_sink_printf(sink, "%.0f", x);
		return;
	}
	scaled = (uint64_t)(x * power[decimals] + 0.5);
	cpi_sink_u64(sink, scaled / one);
	if (decimals)
		cpi_sink_printf(sink, ".%0*llu", (int)decimals,
			(unsigned long long)(scaled % one));
}

/* Three to four significant digits and a unit with a space: "1.23 s", "340 MB". */
static void with_unit(struct cpi_sink *sink, double value, const char *const *units,
	const double *factors, unsigned n)
{
	unsigned i = 0;
	double x;

	while (i + 1 < n && fabs(value) < factors[i])
		i++;
	x = value / factors[i];
	cpi_flame_fixed(sink, x,
		fabs(x) >= 100 || !(fabs(x) > 0) ? 0
		: fabs(x) >= 10                  ? 1
						 : 2);
	cpi_sink_char(sink, ' ');
	cpi_sink_str(sink, units[i]);
}

static void grouped(struct cpi_sink *sink, double value)
{
	char digits[32];
	int n;

	if (value < 0)
		cpi_sink_char(sink, '-');
	value = fabs(value);
	if (value != floor(value) && value < 1e6) {
		cpi_flame_fixed(sink, value, 2);
		return;
	}
	n = snprintf(digits, sizeof digits, "%.0f", value);
	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			cpi_sink_char(sink, ',');
		cpi_sink_char(sink, digits[i]);
	}
}

void cpi_flame_value(const struct cpi_flame *flame, struct cpi_sink *sink, double value)
{
	static const char *const times[] = {"h", "min", "s", "ms", "µs", "ns"};
	static const double seconds[] = {3600, 60, 1, 1e-3, 1e-6, 1e-9};
	static const char *const sizes[] = {"TB", "GB", "MB", "kB", "B"};
	static const double bytes[] = {0x1p40, 0x1p30, 0x1p20, 0x1p10, 1};
	const struct cpi_flame_unit *unit = &flame->unit;

	value *= unit->scale * flame->options.factor;
	if (unit->kind == CPI_FLAME_TIME) {
		with_unit(sink, value, times, seconds, 6);
	} else if (unit->kind == CPI_FLAME_BYTES) {
		with_unit(sink, value, sizes, bytes, 5);
	} else {
		grouped(sink, value);
		cpi_sink_char(sink, ' ');
		cpi_draw_escape(sink, cpi_text(unit->name));
	}
}

void cpi_flame_percent(struct cpi_sink *sink, double part, double whole)
{
	double share = whole > 0 ? 100 * part / whole : 0;

	cpi_flame_fixed(sink, share, share && share < 0.01 ? 5 : 2);
	cpi_sink_char(sink, '%');
}

static void measure(
	const struct cp_value_type *row, struct cp_text name, struct cpi_flame_unit *unit)
{
	double per = 1;

	for (unsigned i = 0; i < row->decimals; i++)
		per /= 10;
	unit->kind = CPI_FLAME_COUNT;
	unit->scale = per;
	unit->decimals = row->decimals;
	if (cp_unit_ratio(name, CPI_TEXT("s")) > 0) {
		unit->kind = CPI_FLAME_TIME;
		unit->scale = per * cp_unit_ratio(name, CPI_TEXT("s"));
	} else if (cp_unit_ratio(name, CPI_TEXT("B")) > 0) {
		unit->kind = CPI_FLAME_BYTES;
		unit->scale = per * cp_unit_ratio(name, CPI_TEXT("B"));
	}
}

enum cp_code cpi_flame_same_unit(const struct cpi_flame *flame,
	const struct cp_profile *p, uint32_t type, struct cp_error *err)
{
	const struct cp_value_type *row = &p->sample_type.v[type];
	struct cp_text name = cpi_profile_text(p, row->unit);
	struct cpi_flame_unit unit;
	char text[48];

	measure(row, name, &unit);
	if (unit.kind == flame->first.kind && unit.scale == flame->first.scale)
		return CP_OK;
	return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
		"values are in %s%s here and in another unit before; a picture adds up "
		"one",
		row->decimals ? "decimals of " : "",
		cpi_text_printable(
			text, sizeof text, name.n ? name : CPI_TEXT("samples")));
}

void cpi_flame_unit(struct cpi_flame *flame, const struct cp_profile *p, uint32_t type)
{
	const struct cp_value_type *row = &p->sample_type.v[type];
	struct cpi_flame_unit *unit = &flame->unit;
	struct cp_text name = cpi_profile_text(p, row->unit);

	measure(row, name, &flame->first);
	if (flame->options.count_name) {
		name = cpi_text(flame->options.count_name);
		measure(row, CPI_TEXT(""), unit);
	} else {
		*unit = flame->first;
		if (!name.n || cpi_text_equal(name, CPI_TEXT("count")))
			name = cpi_profile_text(p, row->type);
	}
	cpi_text_printable(
		unit->name, sizeof unit->name, name.n ? name : CPI_TEXT("samples"));
}
