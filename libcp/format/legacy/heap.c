/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

/*
 * Heap profiles as text:
 *
 *	heap profile: OBJECTS: BYTES [OBJECTS: BYTES] @ heap_v2/524288
 *	  COUNT: BYTES [COUNT: BYTES] @ 0x… 0x…
 *
 * in use, then in brackets allocated so far. What follows the @ of the header says how
 * samples were taken: "heapprofile" all, "heap_v2/N" and "heapz_v2/N" every N bytes,
 * "heap/N" (Go) every N/2; "growth" and "fragmentation" are no samples.
 */

struct kind {
	bool sampled;
	bool allocations; /* four types instead of two */
	int64_t period;
};

/* " A: B [C: D] @": what header and samples begin with. */
static bool four_numbers(struct cp_text *text, int64_t number[4])
{
	static const char behind[4] = {':', '[', ':', ']'};

	for (int i = 0; i < 4; i++) {
		cpi_legacy_spaces(text);
		if (!cpi_legacy_i64(text, &number[i]))
			return false;
		cpi_legacy_spaces(text);
		if (!cpi_legacy_char(text, behind[i]))
			return false;
	}
	cpi_legacy_spaces(text);
	return cpi_legacy_char(text, '@');
}

static bool heap_kind(struct cp_text name, struct kind *kind)
{
	static const struct {
		const char *name;
		bool sampled;
		int64_t divisor; /* of the number behind the slash; 0: the period is 1 */
	} kinds[] = {
		{"heapprofile", false, 0},
		{"heapz_v2", true, 1},
		{"heap_v2", true, 1},
		{"heap", true, 2},
		{"growthz", false, 0},
		{"growth", false, 0},
		{"fragmentationz", false, 0},
		{"fragmentation", false, 0},
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct cp_text rest = name;
		int64_t rate = 0;

		if (!cpi_legacy_word(&rest, kinds[i].name) ||
			(rest.n && rest.p[0] != '/' && rest.p[0] != ' '))
			continue;
		if (cpi_legacy_char(&rest, '/'))
			(void)cpi_legacy_i64(&rest, &rate);
		kind->sampled = kinds[i].sampled;
		kind->period = kinds[i].divisor ? rate / kinds[i].divisor : 1;
		if (name.p[0] != 'h')
			kind->allocations = false;
		return true;
	}
	return false;
}

static bool parse_header(struct cp_text line, struct kind *kind)
{
	int64_t n[4];

	if (!cpi_legacy_word(&line, "heap profile:") || !four_numbers(&line, n))
		return false;
	kind->allocations = (n[2] != n[0] && n[2]) || (n[3] != n[1] && n[3]);
	cpi_legacy_spaces(&line);
	return heap_kind(line, kind);
}

bool cpi_legacy_is_heap(const void *bytes, size_t n)
{
	struct legacy_lines lines = cpi_legacy_lines(bytes, n, 0);
	struct kind kind;

	return cpi_legacy_next(&lines) && parse_header(lines.line, &kind);
}

/* A count and a size, corrected for sampling; the size of one block. */
static void take_values(int64_t count, int64_t size, const struct kind *kind,
	int64_t *values, int64_t *ret_block)
{
	/* "0: N" are pages that a program has mapped itself. */
	if (count) {
		*ret_block = count == -1 ? (int64_t)(0 - (uint64_t)size) : size / count;
		if (kind->sampled)
			cpi_legacy_unsample(&count, &size, kind->period);
	}
	values[0] = count;
	values[1] = size;
}

/* NULL, or why the line is no sample. */
static const char *read_sample(
	struct legacy *l, struct legacy_lines *lines, const struct kind *kind)
{
	struct cp_text line = cpi_legacy_trim(lines->line);
	int64_t n[4], values[4], block = 0;
	struct legacy_sample *sample;
	int at = 0;

	if (!four_numbers(&line, n))
		return "no sample of a heap profile";
	if (kind->allocations) {
		take_values(n[2], n[3], kind, values, &block);
		at = 2;
	}
	take_values(n[0], n[1], kind, values + at, &block);
	if (!cpi_legacy_stack(l, line, false))
		return "an address exceeds 64 bits";
	sample = cpi_legacy_sample(l, values);
	if (sample) {
		sample->has_bytes = true;
		sample->bytes = block;
		cpi_legacy_remarks(l, lines, sample);
	}
	return NULL;
}

static void start(struct legacy *l, const struct kind *kind)
{
	if (kind->allocations) {
		/* In use last: the last type is shown by default. */
		cpi_legacy_type(l, "alloc_objects", "count");
		cpi_legacy_type(l, "alloc_space", "bytes");
		cpi_legacy_type(l, "inuse_objects", "count");
		cpi_legacy_type(l, "inuse_space", "bytes");
	} else {
		cpi_legacy_type(l, "objects", "count");
		cpi_legacy_type(l, "space", "bytes");
	}
	cpi_legacy_period(l, "space", "bytes", kind->period);
}

enum cp_code cpi_legacy_read_heap(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err)
{
	struct legacy_lines lines = cpi_legacy_lines(bytes, n, base);
	struct kind kind;

	if (!cpi_legacy_next(&lines) || !parse_header(lines.line, &kind))
		return cpi_error(
			err, CP_ERROR_FORMAT, base, "no header of a heap profile");
	start(l, &kind);
	while (!l->b.code && cpi_legacy_next_content(&lines)) {
		const char *why;

		if (cpi_legacy_is_map_header(lines.line))
			break;
		why = read_sample(l, &lines, &kind);
		if (why)
			cpi_legacy_bad_line(l, &lines, why);
	}
	return cpi_legacy_map_section(l, &lines, err);
}

static int detect(const struct cpi_source *source)
{
	return cpi_legacy_is_heap(source->part[0].data, source->part[0].n) ? 90 : 0;
}

static enum cp_code read_heap(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	(void)options;
	(void)unwinder;
	return cpi_legacy_read(env, source, cpi_legacy_read_heap, ret_profile, err);
}

const struct cpi_format cpi_format_legacy_heap = {
	.public = {.name = "heap-text",
		.description = "heap, growth or fragmentation profile of gperftools, "
			       "tcmalloc or Go",
		.extensions = "",
		.reads = true},
	.detect = detect,
	.read = read_heap,
};
