/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

#include <stdlib.h>

/*
 * gperftools' and jemalloc's scripts write profiles with symbols in front (--raw):
 *
 *	--- symbol
 *	binary=/bin/x
 *	0x000000000040a1b2 inlined--caller
 *	---
 *	--- profile                       or heap, growth, contention
 *	the profile itself
 *
 * Names are those of the addresses in the stacks, before or after one was subtracted.
 * Writers without addresses (TwitterServer's, of Java) number their frames 1, 2, 3…: there
 * a frame less one is another frame.
 * The scripts tell functions of one name apart by "<ADDRESS>" behind it, which is cut.
 */

struct symbols {
	struct legacy_lines lines;
	uint64_t first; /* offset of the first symbol line's start */
	struct cp_text binary;
	struct cp_text kind; /* of the profile */
};

static bool is_symbols(const void *bytes, size_t n)
{
	struct legacy_lines lines = cpi_legacy_lines(bytes, n, 0);

	return cpi_legacy_next(&lines) &&
	       cpi_text_equal(cpi_legacy_trim(lines.line), CPI_TEXT("--- symbol"));
}

/* "0xADDR names"; all zeroes in front are fine. */
static bool symbol_line(
	struct cp_text line, uint64_t *ret_address, struct cp_text *ret_names)
{
	size_t n = 2;

	if (!cpi_text_starts(line, CPI_TEXT("0x")))
		return false;
	while (n < line.n && line.p[n] != ' ')
		n++;
	if (n == line.n ||
		!cpi_text_hex((struct cp_text){line.p + 2, n - 2}, ret_address))
		return false;
	*ret_names = cpi_legacy_trim((struct cp_text){line.p + n, line.n - n});
	return ret_names->n;
}

/* Steps over the symbols to the line "--- KIND"; false when there is none. */
static bool find_profile(struct symbols *s)
{
	while (cpi_legacy_next(&s->lines)) {
		struct cp_text line = cpi_legacy_trim(s->lines.line);

		if (cpi_legacy_word(&line, "binary="))
			s->binary = line;
		else if (cpi_legacy_word(&line, "--- ") && line.n) {
			s->kind = line;
			return true;
		}
	}
	return false;
}

static void give_name(struct legacy_location *location, struct cp_text names)
{
	if (!location || location->chain_n || names.n > UINT32_MAX)
		return;
	location->chain = names.p;
	location->chain_n = (uint32_t)names.n;
}

/* Second walk over the symbols, when the addresses in use are known. */
static void name_locations(struct legacy *l, struct legacy_lines lines)
{
	struct cp_text names;
	uint64_t address;

	while (cpi_legacy_next(&lines)) {
		if (cpi_text_starts(lines.line, CPI_TEXT("---")))
			return;
		if (!symbol_line(lines.line, &address, &names))
			continue;
		give_name(cpi_legacy_find(l, address), names);
		if (!l->exact)
			give_name(cpi_legacy_find(l, address - 1), names);
	}
}

/* The program covers whatever no memory map names. */
static void name_binary(struct legacy *l, struct cp_text binary)
{
	struct legacy_mapping m = {
		.limit = UINT64_MAX, .path = binary, .build_id = {binary.p, 0}};

	if (binary.n && !l->mapping.n && !cpi_vec_push(&l->env->mem, &l->mapping, m))
		cpi_legacy_no_memory(l);
}

static int by_number(const void *pa, const void *pb)
{
	const uint64_t *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* The symbols' addresses, sorted. */
static bool list_addresses(struct legacy *l, struct legacy_lines lines, uint64_t **ret_v,
	size_t *ret_n, size_t *ret_room)
{
	CPI_VEC(uint64_t) list = {0};
	struct cp_text names;
	uint64_t address;
	bool fits = true;

	while (fits && cpi_legacy_next(&lines) &&
		!cpi_text_starts(lines.line, CPI_TEXT("---")))
		if (symbol_line(lines.line, &address, &names))
			fits = cpi_vec_push(&l->env->mem, &list, address);
	if (list.n > 1)
		qsort(list.v, list.n, sizeof *list.v, by_number);
	*ret_v = list.v;
	*ret_n = list.n;
	*ret_room = list.cap;
	return fits;
}

/*
 * Are all numbers of the stacks, as they stand in `l`, those of symbols, and would one
 * less be another symbol's for some? Addresses are never both.
 */
static bool is_numbered(struct legacy *l, const uint64_t *v, size_t n)
{
	bool neighbours = false;

	for (size_t i = 0; i < l->open; i++) {
		struct legacy_location *location = &l->location.v[l->frame.v[i]];
		uint64_t x = location->address, before = x - 1;

		if (location->rank++)
			continue;
		if (!bsearch(&x, v, n, sizeof *v, by_number))
			return false;
		neighbours |= bsearch(&before, v, n, sizeof *v, by_number) != NULL;
	}
	return neighbours;
}

/* The profile behind the symbols, its numbers taken for addresses unless they are none. */
static enum cp_code read_profile(struct legacy *l, struct legacy_lines symbols,
	cpi_legacy_body_fn *body, struct cp_text rest, uint64_t offset,
	struct cp_error *err)
{
	struct legacy trial;
	uint64_t *v = NULL;
	size_t n = 0, room = 0;
	enum cp_code code;

	cpi_legacy_init(&trial, l->env);
	trial.exact = trial.quiet = true;
	code = body(&trial, rest.p, rest.n, offset, err);
	if (!code && (trial.b.code || !list_addresses(l, symbols, &v, &n, &room))) {
		code = trial.b.code ? trial.b.code : CP_ERROR_MEMORY;
		(void)cpi_error(err, code, CP_NO_OFFSET, "%s",
			trial.b.code ? trial.b.error.message : "out of memory");
	}
	l->exact = !code && n && is_numbered(&trial, v, n);
	if (v)
		cpi_free(&l->env->mem, v, room * sizeof *v);
	cpi_legacy_release(&trial);
	return code ? code : body(l, rest.p, rest.n, offset, err);
}

static cpi_legacy_body_fn *body_of(const void *bytes, size_t n)
{
	if (cpi_legacy_is_cpu(bytes, n, false))
		return cpi_legacy_read_cpu;
	if (cpi_legacy_is_heap(bytes, n))
		return cpi_legacy_read_heap;
	if (cpi_legacy_is_contention(bytes, n))
		return cpi_legacy_read_contention;
	if (cpi_legacy_is_jemalloc(bytes, n))
		return cpi_legacy_read_jemalloc;
	return NULL;
}

static enum cp_code read_body(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err)
{
	struct symbols s = {.lines = cpi_legacy_lines(bytes, n, base)};
	struct legacy_lines first;
	cpi_legacy_body_fn *body;
	const char *rest;
	uint64_t offset;
	size_t left;
	char kind[40];
	enum cp_code code;

	(void)cpi_legacy_next(&s.lines);
	first = s.lines;
	if (!find_profile(&s) || s.lines.at == s.lines.end)
		return cpi_error(err, CP_ERROR_TRUNCATED, base + n,
			"the symbols are there, but no profile behind them");
	rest = s.lines.at;
	left = (size_t)(s.lines.end - rest);
	offset = base + (uint64_t)(rest - s.lines.start);
	body = body_of(rest, left);
	if (!body)
		return cpi_error(err, CP_ERROR_UNSUPPORTED, offset,
			"a symbolized profile of the kind \"%s\" is not known",
			cpi_text_printable(kind, sizeof kind, s.kind));
	code = read_profile(
		l, first, body, (struct cp_text){rest, left}, offset, err);
	if (code)
		return code;
	name_locations(l, first);
	name_binary(l, s.binary);
	l->mapping_has = CP_HAS_FUNCTIONS;
	return CP_OK;
}

static int detect(const struct cpi_source *source)
{
	return is_symbols(source->part[0].data, source->part[0].n) ? 95 : 0;
}

static enum cp_code read_symbols(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	(void)options;
	(void)unwinder;
	return cpi_legacy_read(env, source, read_body, ret_profile, err);
}

const struct cpi_format cpi_format_legacy_symbols = {
	.public = {.name = "gperftools-symbolized",
		.description =
			"symbolized profile of gperftools' or jemalloc's pprof --raw",
		.extensions = "",
		.reads = true,
		.binary = true},
	.detect = detect,
	.read = read_symbols,
};
