/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in folded text: our own spelling, and the one of stackcollapse-perf.pl, whose
 * rules are imitated to the byte, here in the order in which it applies them:
 *
 *  1. The file is what follows the last " (" of perf's line "ADDR NAME+0xOFF (FILE)". A
 *     file name with " (" in it ("/memfd:x (deleted)") thus stays in the name.
 *  2. A name that starts with '(' is taken for a process name: no frame.
 *  3. The name is split at "->"; later parts are marked _[i].
 *  4. "[unknown]" becomes "[BASENAME OF FILE]", brackets doubled for "[vdso]".
 *  5. ';' becomes ':'. Unless the name looks like Go (".(…)."), everything from the first
 *     '(' that does not open "(anonymous namespace)" is cut off, also inside <…>. Quotes
 *     are deleted.
 *  6. In programs named java*, a leading 'L' goes when the name has a '/'.
 *  7. With annotations, _[k] when the file starts with '[' or ends in "vmlinux" and is
 * not unknown, else _[j] for a perf map.
 */
#include "format/folded/name.h"

#include <stdio.h>

#include "model/name.h"

void cpi_folded_escape(struct cpi_sink *sink, struct cp_text name)
{
	static const char digits[] = "0123456789abcdef";
	size_t from = 0;

	if (!name.n)
		return; /* its pointer may be null */
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = (uint8_t)name.p[i];
		char hex[4] = {'\\', 'x', digits[c >> 4], digits[c & 15]};

		if ((c >= 0x20 && c != ';' && c != 0x7f) || c == '\t')
			continue;
		cpi_sink_bytes(sink, name.p + from, i - from);
		if (c == ';')
			cpi_sink_char(sink, ':');
		else
			cpi_sink_bytes(sink, hex, sizeof hex);
		from = i + 1;
	}
	cpi_sink_bytes(sink, name.p + from, name.n - from);
}

static const char *find(struct cp_text in, const char *what)
{
	return memmem(in.p, in.n, what, strlen(what));
}

/* Rule 5's cut. */
static struct cp_text before_parameters(struct cp_text name)
{
	static const char anonymous[] = "(anonymous namespace)";
	const char *open = find(name, ".(");

	if (open) {
		/* Greedy: any ")." behind ".(" makes it Go. */
		struct cp_text rest = {open + 2, (size_t)(name.p + name.n - open - 2)};

		if (find(rest, ")."))
			return name;
	}
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] != '(')
			continue;
		if (name.n - i < sizeof anonymous - 1 ||
			memcmp(name.p + i, anonymous, sizeof anonymous - 1))
			return (struct cp_text){name.p, i};
	}
	return name;
}

/* Rules 5 and 6. */
static void tidy(struct cpi_sink *sink, struct cp_text name, bool java)
{
	bool first = true, slash;

	name = before_parameters(name);
	slash = memchr(name.p, '/', name.n) != NULL;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (c == '"' || c == '\'')
			continue;
		if (!(first && java && slash && c == 'L'))
			cpi_sink_char(sink, c == ';' ? ':' : c);
		first = false;
	}
}

struct image {
	struct cp_text path; /* as perf prints it */
	char map[32];        /* room for "/tmp/perf-PID.map" */
};

static void image_of(struct image *image, const struct cp_profile *p, cp_mapping id)
{
	const struct cp_mapping_row *row = &p->mapping.v[id.i];

	image->path = cpi_profile_text(p, row->path);
	if (row->kind == CP_MAP_JIT && row->pid &&
		!cpi_text_starts(image->path, CPI_TEXT("/memfd:"))) {
		/* perf gives executable memory without a file this name. */
		image->path.n = (size_t)snprintf(
			image->map, sizeof image->map, "/tmp/perf-%u.map", row->pid);
		image->path.p = image->map;
	}
	if (!image->path.n)
		image->path = CPI_TEXT("[unknown]");
}

/* Rule 4. */
static void unknown(struct cpi_sink *sink, struct cp_text path, bool java)
{
	char name[4200];
	struct cp_text base = cpi_text_basename(path);

	if (cpi_text_equal(path, CPI_TEXT("[unknown]")))
		base = CPI_TEXT("unknown");
	if (base.n > sizeof name - 2)
		base.n = sizeof name - 2;
	name[0] = '[';
	memcpy(name + 1, base.p, base.n);
	name[base.n + 1] = ']';
	tidy(sink, (struct cp_text){name, base.n + 2}, java);
}

/* Rule 7. */
static const char *mark(struct cp_text path)
{
	if (find(path, "unknown"))
		return "";
	if (cpi_text_starts(path, CPI_TEXT("[")) ||
		cpi_text_ends(path, CPI_TEXT("vmlinux")))
		return "_[k]";
	if (cpi_text_starts(path, CPI_TEXT("/tmp/perf-")) &&
		cpi_text_ends(path, CPI_TEXT(".map")))
		return "_[j]";
	return "";
}

/* Rule 3; `name` is not "[unknown]". */
static void parts(struct cpi_sink *sink, struct cp_text name, struct cp_text path,
	bool java, bool annotate)
{
	bool later = false;

	while (name.n) {
		const char *arrow = find(name, "->");
		struct cp_text part = {name.p, arrow ? (size_t)(arrow - name.p) : name.n};
		size_t step = arrow ? part.n + 2 : part.n;

		name.p += step;
		name.n -= step;
		if (!part.n && !name.n)
			break;
		if (later)
			cpi_sink_char(sink, ';');
		tidy(sink, part, java);
		if (later)
			cpi_sink_str(sink, "_[i]");
		else if (annotate)
			cpi_sink_str(sink, mark(path));
		later = true;
	}
}

void cpi_folded_perf_frame(struct cpi_sink *sink, const struct cp_profile *p,
	cp_location location, bool java, bool annotate)
{
	const struct cp_location_row *row = &p->location.v[location.i];
	struct image image;
	struct cp_text name = {0};

	image_of(&image, p, row->mapping);
	if (row->n_lines) {
		/*
		 * Without inlines: the function whose code this is, the outermost
		 * line.
		 */
		cp_function f = p->line.v[row->first_line + row->n_lines - 1].function;

		name = cpi_profile_text(p, p->function.v[f.i].name);
	}
	if (name.n && !cpi_text_equal(name, CPI_TEXT("[unknown]"))) {
		if (name.p[0] != '(')
			parts(sink, name, image.path, java, annotate);
		return;
	}
	if (find(image.path, " (")) {
		cpi_sink_str(sink, "[unknown] "); /* rules 1 and 5 */
		return;
	}
	unknown(sink, image.path, java);
	if (annotate)
		cpi_sink_str(sink, mark(image.path));
}

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t digits_at(struct cp_text text, size_t at)
{
	size_t n = 0;

	while (at + n < text.n && text.p[at + n] >= '0' && text.p[at + n] <= '9')
		n++;
	return n;
}

/* True when a word of digits, or digits '/' digits, stands at `at`. */
static bool number_word(struct cp_text text, size_t at)
{
	size_t n = digits_at(text, at);

	if (!n)
		return false;
	at += n;
	while (at < text.n && text.p[at] == '/')
		at++;
	at += digits_at(text, at);
	return at == text.n || blank(text.p[at]);
}

/*
 * The script takes the shortest beginning, of two bytes at least, that is followed by
 * blanks and a word of digits; perf prints the thread id behind the name, so that there
 * always is one. A name that starts with a blank is not recognised.
 */
bool cpi_folded_perf_comm(struct cpi_sink *sink, struct cp_text comm)
{
	size_t end = comm.n;

	if (!comm.n || blank(comm.p[0]))
		return false;
	for (size_t i = 2; i < comm.n && end == comm.n; i++) {
		size_t word = i;

		while (word < comm.n && blank(comm.p[word]))
			word++;
		if (word > i && number_word(comm, word))
			end = i;
	}
	for (size_t i = 0; i < end; i++)
		cpi_sink_char(sink, comm.p[i] == ' ' ? '_' : comm.p[i]);
	return true;
}
