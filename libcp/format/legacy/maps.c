/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

/*
 * Memory maps as processes print them. Two kinds of line:
 *
 *	00400000-00fcb000 r-xp 00000000 08:01 1234  /bin/x        (/proc/PID/maps)
 *	0x400000-0xfcb000: /bin/x (@1000) 0123abcd                (gperftools and others)
 *
 * "name=value" defines $name for the lines that follow, and a log prefix
 * ("file.cc:12] ") is no part of a line.
 */

enum { MOST_ATTRIBUTES = 64 };

/* Steps of the search for mappings after which a map is taken for an attack. */
#define MOST_STEPS (1ull << 31)

struct attribute {
	struct cp_text name, value;
};

struct maps {
	struct legacy *l;
	struct attribute attribute[MOST_ATTRIBUTES];
	unsigned n;
};

static bool scan_hex(struct cp_text *text, uint64_t *ret)
{
	size_t n = 0;
	uint64_t x;

	while (n < text->n && n < 17 && strchr("0123456789abcdefABCDEF", text->p[n]) &&
		text->p[n])
		n++;
	if (!n || !cpi_text_hex((struct cp_text){text->p, n}, &x))
		return false;
	*text = (struct cp_text){text->p + n, text->n - n};
	*ret = x;
	return true;
}

/* A word that blanks precede. */
static bool scan_word(struct cp_text *text, struct cp_text *ret)
{
	struct cp_text rest = *text;
	size_t n = 0;

	cpi_legacy_spaces(&rest);
	if (rest.p == text->p)
		return false;
	while (n < rest.n && rest.p[n] != ' ' && rest.p[n] != '\t')
		n++;
	if (!n)
		return false;
	*ret = (struct cp_text){rest.p, n};
	*text = (struct cp_text){rest.p + n, rest.n - n};
	return true;
}

static bool scan_range(struct cp_text *text, struct legacy_mapping *m)
{
	cpi_legacy_spaces(text);
	(void)cpi_legacy_word(text, "0x");
	if (!scan_hex(text, &m->start))
		return false;
	if (!cpi_legacy_char(text, '-') && (!text->n || text->p[0] != ' '))
		return false;
	cpi_legacy_spaces(text);
	(void)cpi_legacy_word(text, "0x");
	if (!scan_hex(text, &m->limit))
		return false;
	(void)cpi_legacy_char(text, ':');
	return !text->n || text->p[0] == ' ' || text->p[0] == '\t';
}

static bool is_permission(struct cp_text word)
{
	for (size_t i = 0; i < word.n; i++)
		if (!word.p[i] || !strchr("-rwxp", word.p[i]))
			return false;
	return word.n > 1 && word.n <= 5;
}

/* " OFFSET MAJOR:MINOR INODE PATH" of /proc/PID/maps. */
static bool scan_proc(struct cp_text text, struct legacy_mapping *m)
{
	struct cp_text word, device;
	const char *colon;
	uint64_t x;

	if (!scan_word(&text, &word) || !cpi_text_hex(word, &m->offset) ||
		!scan_word(&text, &device) || !scan_word(&text, &word) ||
		!cpi_text_u64(word, &x))
		return false;
	colon = memchr(device.p, ':', device.n);
	if (!colon)
		return false;
	if (scan_word(&text, &word))
		m->path = word;
	return true;
}

/* " PATH (@OFFSET) BUILDID", all of it optional. */
static void scan_brief(struct cp_text text, struct legacy_mapping *m)
{
	struct cp_text word, rest = text;
	uint64_t x;

	if (!scan_word(&rest, &word))
		return;
	m->path = word;
	text = rest;
	if (scan_word(&rest, &word) && cpi_legacy_word(&word, "(@") &&
		scan_hex(&word, &x) && word.n == 1 && word.p[0] == ')') {
		m->offset = x;
		text = rest;
	}
	if (scan_word(&text, &word)) {
		size_t n = 0;

		while (n < word.n && strchr("0123456789abcdefABCDEF", word.p[n]) &&
			word.p[n])
			n++;
		m->build_id.p = word.p;
		m->build_id.n = n;
	}
}

/* A whole entry; *ret_skip: it is one, but not of code. */
static bool scan_entry(struct cp_text text, struct legacy_mapping *m, bool *ret_skip)
{
	struct cp_text word, rest;

	*m = (struct legacy_mapping){.path = {text.p, 0}, .build_id = {text.p, 0}};
	*ret_skip = false;
	if (!scan_range(&text, m))
		return false;
	rest = text;
	if (scan_word(&rest, &word) && is_permission(word)) {
		*ret_skip = !memchr(word.p, 'x', word.n);
		text = rest;
	}
	if (!scan_proc(text, m)) {
		m->offset = 0;
		scan_brief(text, m);
	}
	return true;
}

/* "name.cc:12] " at the start of a line that a logger wrote. */
static struct cp_text without_log_prefix(struct cp_text line)
{
	const char *end = line.n ? memchr(line.p, ']', line.n) : NULL;
	size_t n = end ? (size_t)(end - line.p) : 0, digits = n;

	if (!end || memchr(line.p, '[', n) || n + 1 >= line.n || line.p[n + 1] != ' ')
		return line;
	while (digits && line.p[digits - 1] >= '0' && line.p[digits - 1] <= '9')
		digits--;
	if (digits == n || digits < 2 || line.p[digits - 1] != ':')
		return line;
	return (struct cp_text){end + 2, line.n - n - 2};
}

static const struct attribute *attribute_at(const struct maps *maps, struct cp_text text)
{
	for (unsigned i = 0; i < maps->n; i++) {
		struct cp_text rest = {text.p + 1, text.n - 1};

		if (cpi_text_starts(rest, maps->attribute[i].name))
			return &maps->attribute[i];
	}
	return NULL;
}

/* The line with $name replaced; it is then in the arena. */
static struct cp_text substituted(struct maps *maps, struct cp_text line)
{
	struct legacy *l = maps->l;
	struct cpi_sink out;
	struct cp_text result = line;

	if (!maps->n || !line.n || !memchr(line.p, '$', line.n))
		return line;
	cpi_sink_memory(&out, &l->env->mem);
	for (size_t i = 0; i < line.n && out.n <= l->env->limits.string_length;) {
		struct cp_text rest = {line.p + i, line.n - i};
		const struct attribute *a =
			rest.p[0] == '$' ? attribute_at(maps, rest) : NULL;

		if (a) {
			cpi_sink_bytes(&out, a->value.p, a->value.n);
			i += a->name.n + 1;
		} else {
			cpi_sink_char(&out, rest.p[0]);
			i++;
		}
	}
	result.n = out.n;
	result.p =
		out.code ? NULL
			 : cpi_arena_copy(&l->text, out.n ? (char *)out.buf : "", out.n);
	cpi_sink_release(&out);
	if (!result.p) {
		cpi_legacy_no_memory(l);
		return line;
	}
	return result;
}

enum cp_code cpi_legacy_maps(
	struct legacy *l, struct legacy_lines *lines, struct cp_error *err)
{
	struct maps maps = {.l = l};
	struct legacy_mapping m;
	struct attribute a;
	bool skip;

	(void)err;
	while (!l->b.code && cpi_legacy_next(lines)) {
		struct cp_text line = substituted(&maps, without_log_prefix(lines->line));

		if (scan_entry(line, &m, &skip)) {
			if (!skip && !cpi_vec_push(&l->env->mem, &l->mapping, m))
				cpi_legacy_no_memory(l);
		} else if (maps.n < MOST_ATTRIBUTES &&
			   cpi_legacy_pair(line, &a.name, &a.value) && a.name.n) {
			maps.attribute[maps.n++] = a;
		}
	}
	return CP_OK;
}

static bool agree(struct cp_text a, struct cp_text b)
{
	return !a.n || !b.n || cpi_text_equal(a, b);
}

/* `b` goes on where `a` ends, in one file. */
static bool adjacent(const struct legacy_mapping *a, const struct legacy_mapping *b)
{
	return agree(a->path, b->path) && agree(a->build_id, b->build_id) &&
	       a->limit == b->start &&
	       (!a->offset || !b->offset ||
		       a->offset + (a->limit - a->start) == b->offset);
}

static void join(struct legacy *l)
{
	size_t kept = 0;

	for (size_t i = 1; i < l->mapping.n; i++) {
		struct legacy_mapping *last = &l->mapping.v[kept], *m = &l->mapping.v[i];

		if (!adjacent(last, m)) {
			l->mapping.v[++kept] = *m;
			continue;
		}
		last->limit = m->limit;
		if (m->path.n)
			last->path = m->path;
		if (m->build_id.n)
			last->build_id = m->build_id;
	}
	if (l->mapping.n)
		l->mapping.n = kept + 1;
}

/* "x.so", "x.so.1", "x.so_1". */
static bool is_library(struct cp_text path)
{
	for (size_t i = 0; i + 3 <= path.n; i++) {
		if (memcmp(path.p + i, ".so", 3))
			continue;
		if (i + 3 == path.n)
			return true;
		if (i + 4 < path.n && (path.p[i + 3] == '.' || path.p[i + 3] == '_') &&
			path.p[i + 4] >= '0' && path.p[i + 4] <= '9')
			return true;
	}
	return false;
}

/* The first that is neither a library nor [something] is the program: it comes first. */
static void main_first(struct legacy *l)
{
	for (size_t i = 0; i < l->mapping.n; i++) {
		struct legacy_mapping m = l->mapping.v[i];

		if (!m.path.n || m.path.p[0] == '[' || is_library(m.path) ||
			cpi_text_equal(m.path, CPI_TEXT("(deleted)")))
			continue;
		l->mapping.v[i] = l->mapping.v[0];
		l->mapping.v[0] = m;
		return;
	}
}

void cpi_legacy_massage(struct legacy *l)
{
	struct legacy_mapping *m;

	if (!l->mapping.n)
		return;
	join(l);
	main_first(l);
	m = l->mapping.v;
	/* The program's text was remapped onto huge pages, under another name. */
	if (cpi_text_starts(m->path, CPI_TEXT("/anon_hugepage")) && l->mapping.n > 1 &&
		m[0].limit == m[1].start)
		memmove(m, m + 1, --l->mapping.n * sizeof *m);
	if (m->start - m->offset == 0x400000) {
		m->start = 0x400000;
		m->offset = 0;
	}
}

/* One that was printed without its first part covers that part as well. */
static uint32_t extended(struct legacy *l, uint64_t address)
{
	for (size_t i = 0; i < l->mapping.n; i++) {
		struct legacy_mapping *m = &l->mapping.v[i];

		if (m->offset && m->start - m->offset <= address && address < m->start) {
			m->start -= m->offset;
			m->offset = 0;
			return (uint32_t)i + 1;
		}
	}
	return 0;
}

static bool is_fake(const struct legacy_mapping *m)
{
	return !m->start && m->limit == UINT64_MAX && !m->path.n;
}

uint32_t cpi_legacy_place(struct legacy *l, uint64_t address, uint64_t *steps)
{
	struct legacy_mapping fake = {
		.limit = UINT64_MAX, .path = {"", 0}, .build_id = {"", 0}};
	size_t n = l->mapping.n;
	uint32_t id;

	*steps += 2 * n;
	if (*steps > MOST_STEPS) {
		cpi_builder_fail(&l->b, CP_ERROR_LIMIT,
			"the memory map is too long for so many addresses");
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		const struct legacy_mapping *m = &l->mapping.v[i];

		if (m->start <= address && address < m->limit)
			return (uint32_t)i + 1;
	}
	id = extended(l, address);
	if (id)
		return id;
	if (!n || !is_fake(&l->mapping.v[n - 1])) {
		if (!cpi_vec_push(&l->env->mem, &l->mapping, fake)) {
			cpi_legacy_no_memory(l);
			return 0;
		}
	}
	return (uint32_t)l->mapping.n;
}
