/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

/*
 * jemalloc's heap profile (jeprof's "threaded" one):
 *
 *	heap_v2/524288
 *	  t*: 28106: 56637512 [0: 0]        all of the process
 *	@ 0x5f86da8 0x5f5a1dc …             a stack, and then its objects and bytes
 *	  t*: 13: 6688 [0: 0]                 of all threads
 *	  t3: 12: 6496 [0: 0]                 of one
 *
 *	MAPPED_LIBRARIES:
 *	…
 *
 * In brackets what was allocated so far, when jemalloc was told to count it. The lines of
 * single threads add up to t* and are left out.
 */

struct sizes {
	int64_t n[4]; /* objects and bytes in use, objects and bytes allocated */
};

static bool parse_header(struct cp_text line, int64_t *ret_rate)
{
	line = cpi_legacy_trim(line);
	return cpi_legacy_word(&line, "heap_v2/") && cpi_legacy_i64(&line, ret_rate) &&
	       !line.n && *ret_rate > 0;
}

/* "t*: A: B [C: D]"; *ret_all: it is t*. */
static bool parse_sizes(struct cp_text line, struct sizes *ret, bool *ret_all)
{
	static const char behind[4] = {':', '[', ':', ']'};
	int64_t thread;

	if (!cpi_legacy_char(&line, 't'))
		return false;
	*ret_all = cpi_legacy_char(&line, '*');
	if ((!*ret_all && !cpi_legacy_i64(&line, &thread)) ||
		!cpi_legacy_char(&line, ':'))
		return false;
	for (int i = 0; i < 4; i++) {
		cpi_legacy_spaces(&line);
		if (!cpi_legacy_i64(&line, &ret->n[i]) || ret->n[i] < 0)
			return false;
		cpi_legacy_spaces(&line);
		if (!cpi_legacy_char(&line, behind[i]))
			return false;
	}
	return true;
}

struct jemalloc {
	struct legacy *l;
	struct legacy_lines lines;
	int64_t rate;
	bool allocations;
	bool stack; /* an open stack waits for its t* */
};

/* The first t* is of the process: it says whether allocations were counted. */
static void start(struct jemalloc *j)
{
	struct legacy_lines ahead = j->lines;
	struct sizes sizes;
	bool all;

	if (cpi_legacy_next_content(&ahead) &&
		parse_sizes(cpi_legacy_trim(ahead.line), &sizes, &all))
		j->allocations = sizes.n[2] || sizes.n[3];
	if (j->allocations) {
		cpi_legacy_type(j->l, "alloc_objects", "count");
		cpi_legacy_type(j->l, "alloc_space", "bytes");
	}
	cpi_legacy_type(j->l, "inuse_objects", "count");
	cpi_legacy_type(j->l, "inuse_space", "bytes");
	cpi_legacy_period(j->l, "space", "bytes", j->rate);
}

static void add_sample(struct jemalloc *j, struct sizes sizes)
{
	struct legacy_sample *sample;
	int64_t block = sizes.n[0]   ? sizes.n[1] / sizes.n[0]
			: sizes.n[2] ? sizes.n[3] / sizes.n[2]
				     : 0;
	int64_t values[4];
	int at = 0;

	for (int i = j->allocations ? 2 : 0; i >= 0; i -= 2) {
		cpi_legacy_unsample(&sizes.n[i], &sizes.n[i + 1], j->rate);
		values[at++] = sizes.n[i];
		values[at++] = sizes.n[i + 1];
	}
	sample = cpi_legacy_sample(j->l, values);
	if (sample) {
		sample->has_bytes = true;
		sample->bytes = block;
	}
}

/* NULL, or why the line means nothing. */
static const char *read_line(struct jemalloc *j, struct cp_text line)
{
	struct sizes sizes;
	bool all;

	if (line.p[0] == '@') {
		cpi_legacy_discard(j->l);
		j->stack = true;
		return cpi_legacy_stack(j->l, line, false) ? NULL
							   : "an address exceeds 64 bits";
	}
	if (!parse_sizes(line, &sizes, &all))
		return "neither a stack nor its sizes";
	if (all && j->stack) {
		add_sample(j, sizes);
		j->stack = false;
	}
	return NULL;
}

enum cp_code cpi_legacy_read_jemalloc(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err)
{
	struct jemalloc j = {.l = l, .lines = cpi_legacy_lines(bytes, n, base)};

	if (!cpi_legacy_next(&j.lines) || !parse_header(j.lines.line, &j.rate))
		return cpi_error(
			err, CP_ERROR_FORMAT, base, "no header of a jemalloc profile");
	start(&j);
	while (!l->b.code && cpi_legacy_next_content(&j.lines)) {
		const char *why;

		if (cpi_legacy_is_map_header(j.lines.line))
			break;
		why = read_line(&j, cpi_legacy_trim(j.lines.line));
		if (why)
			cpi_legacy_bad_line(l, &j.lines, why);
	}
	cpi_legacy_discard(l);
	return cpi_legacy_map_section(l, &j.lines, err);
}

bool cpi_legacy_is_jemalloc(const void *bytes, size_t n)
{
	struct legacy_lines lines = cpi_legacy_lines(bytes, n, 0);
	int64_t rate;

	return cpi_legacy_next(&lines) && parse_header(lines.line, &rate);
}

static int detect(const struct cpi_source *source)
{
	return cpi_legacy_is_jemalloc(source->part[0].data, source->part[0].n) ? 90 : 0;
}

static enum cp_code read_jemalloc(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	(void)options;
	(void)unwinder;
	return cpi_legacy_read(env, source, cpi_legacy_read_jemalloc, ret_profile, err);
}

const struct cpi_format cpi_format_legacy_jemalloc = {
	.public = {.name = "jemalloc",
		.description = "jemalloc heap profile (heap_v2)",
		.extensions = "",
		.reads = true},
	.detect = detect,
	.read = read_jemalloc,
};
