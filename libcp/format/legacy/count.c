/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

/*
 * Go's profiles that only count stacks (goroutine, threadcreate, block, mutex, …), as
 * text (debug=1):
 *
 *	goroutine profile: total 7
 *	3 @ 0x43a1c5 0x44a3e6
 *	#	0x43a1c4	runtime.gopark+0x44	…/proc.go:291
 */

/* "NAME profile: total N". */
static bool parse_header(struct cp_text line, struct cp_text *ret_name)
{
	const char *blank = line.n ? memchr(line.p, ' ', line.n) : NULL;
	int64_t total;

	if (!blank || blank == line.p)
		return false;
	*ret_name = (struct cp_text){line.p, (size_t)(blank - line.p)};
	line = (struct cp_text){blank, line.n - ret_name->n};
	return cpi_legacy_word(&line, " profile: total ") &&
	       cpi_legacy_i64(&line, &total) && !line.n && total >= 0;
}

static bool find_header(struct legacy_lines *lines, struct cp_text *ret_name)
{
	return cpi_legacy_next_content(lines) && parse_header(lines->line, ret_name);
}

/* "N @ 0x… 0x…"; Go prints threads that it knows no stack of without addresses. */
static bool read_sample(struct legacy *l, struct legacy_lines *lines)
{
	struct cp_text line = lines->line;
	struct legacy_sample *sample;
	int64_t n;

	if (!cpi_legacy_i64(&line, &n) || n < 0 || !cpi_legacy_word(&line, " @") ||
		!cpi_legacy_stack(l, line, false))
		return false;
	sample = cpi_legacy_sample(l, &n);
	if (sample)
		cpi_legacy_remarks(l, lines, sample);
	return true;
}

static enum cp_code read_body(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err)
{
	struct legacy_lines lines = cpi_legacy_lines(bytes, n, base);
	struct cp_text name;

	if (!find_header(&lines, &name))
		return cpi_error(
			err, CP_ERROR_FORMAT, base, "no header of a count profile");
	cpi_builder_sample_type(&l->b, cpi_builder_string(&l->b, name),
		cpi_builder_str(&l->b, "count"), 0);
	l->n_types = 1;
	cpi_legacy_period(l, "", "count", 1);
	if (!l->b.code)
		l->b.p->header.period_type.type = cpi_builder_string(&l->b, name);
	while (!l->b.code && cpi_legacy_next_content(&lines)) {
		if (cpi_text_starts(lines.line, CPI_TEXT("---")))
			break;
		if (!read_sample(l, &lines))
			cpi_legacy_bad_line(l, &lines, "it is not \"N @ 0x…\"");
	}
	return cpi_legacy_map_section(l, &lines, err);
}

static int detect(const struct cpi_source *source)
{
	size_t n = source->part[0].n;
	struct legacy_lines lines =
		cpi_legacy_lines(source->part[0].data, n < 65536 ? n : 65536, 0);
	struct cp_text name;

	return find_header(&lines, &name) ? 80 : 0;
}

static enum cp_code read_count(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	(void)options;
	(void)unwinder;
	return cpi_legacy_read(env, source, read_body, ret_profile, err);
}

const struct cpi_format cpi_format_legacy_count = {
	.public = {.name = "go-count",
		.description =
			"Go's goroutine, threadcreate and other counts as text (debug=1)",
		.extensions = "",
		.reads = true},
	.detect = detect,
	.read = read_count,
};
