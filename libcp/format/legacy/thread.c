/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

/*
 * Stacks of all threads (threadz):
 *
 *	--- threadz 1 ---
 *	--- Thread 7f794ab90940 (name: main/14748) stack: ---
 *	  PC:  0x00bc8f1c: helper(arg *)
 *	  0x0040be31: main
 *	      creator: 0xa45b96 0xa460b4
 *	--- Thread 7f7948978700 (name: thread3/14759) stack: ---
 *	  [same as previous thread]
 *	--- Memory map: ---
 *
 * All addresses of a block are one stack, the creator's included.
 */

static bool is_title(struct cp_text line)
{
	int64_t n;

	return cpi_legacy_word(&line, "--- threadz ") && cpi_legacy_i64(&line, &n) &&
	       cpi_legacy_word(&line, " ---");
}

/* "--- Thread HEX (name: …/ID) stack: ---" */
static bool is_thread(struct cp_text line)
{
	return cpi_legacy_word(&line, "--- Thread ") &&
	       cpi_legacy_contains(line, " (name: ") &&
	       cpi_legacy_contains(line, ") stack: ---");
}

static bool is_end(struct cp_text line)
{
	return cpi_legacy_is_map_header(line) ||
	       cpi_text_starts(line, CPI_TEXT("---- no stack trace for"));
}

static bool is_threads(const struct cpi_source *source)
{
	size_t n = source->part[0].n;
	struct legacy_lines lines =
		cpi_legacy_lines(source->part[0].data, n < 65536 ? n : 65536, 0);

	return cpi_legacy_next_content(&lines) &&
	       (is_title(lines.line) || is_thread(lines.line));
}

/* Reads a block up to the next line of dashes, which is then the current line. */
static void read_thread(struct legacy *l, struct legacy_lines *lines, bool *ret_more)
{
	static const int64_t one = 1;
	bool same = false;

	while ((*ret_more = cpi_legacy_next(lines))) {
		struct cp_text line = cpi_legacy_trim(lines->line);

		if (cpi_text_starts(line, CPI_TEXT("---")))
			break;
		if (cpi_legacy_contains(line, "same as previous thread"))
			same = true;
		else if (!cpi_legacy_stack(l, line, true))
			cpi_legacy_bad_line(l, lines, "an address exceeds 64 bits");
	}
	if (same || l->frame.n == l->open) {
		cpi_legacy_discard(l);
		if (l->sample.n && l->value.v[l->sample.n - 1] < INT64_MAX)
			l->value.v[l->sample.n - 1]++;
	} else {
		(void)cpi_legacy_sample(l, &one);
	}
}

static enum cp_code read_body(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err)
{
	struct legacy_lines lines = cpi_legacy_lines(bytes, n, base);
	bool more = cpi_legacy_next_content(&lines);

	if (!more || (!is_title(lines.line) && !is_thread(lines.line)))
		return cpi_error(
			err, CP_ERROR_FORMAT, base, "no header of a threadz profile");
	cpi_legacy_type(l, "thread", "count");
	cpi_legacy_period(l, "thread", "count", 1);
	while (more && !is_thread(lines.line) && !is_end(lines.line))
		more = cpi_legacy_next(&lines);
	while (more && !l->b.code && !is_end(lines.line)) {
		if (is_thread(lines.line)) {
			read_thread(l, &lines, &more);
			continue;
		}
		cpi_legacy_bad_line(l, &lines, "it begins no thread");
		more = cpi_legacy_next(&lines);
	}
	l->drop_double_leaf = true;
	return cpi_legacy_map_section(l, &lines, err);
}

static int detect(const struct cpi_source *source)
{
	return is_threads(source) ? 90 : 0;
}

static enum cp_code read_thread_profile(struct cpi_env *env,
	const struct cpi_source *source, const struct cp_read_options *options,
	const struct cpi_unwinder *unwinder, struct cp_profile **ret_profile,
	struct cp_error *err)
{
	(void)options;
	(void)unwinder;
	return cpi_legacy_read(env, source, read_body, ret_profile, err);
}

const struct cpi_format cpi_format_legacy_thread = {
	.public = {.name = "threadz",
		.description = "stacks of all threads (threadz)",
		.extensions = "",
		.reads = true},
	.detect = detect,
	.read = read_thread_profile,
};
