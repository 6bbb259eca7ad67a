/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source with what each line cost. A profile alone must not name files: what is shown
 * lies below
 * --source-path, or is named by the debug information of an image with a build id that
 * was found here.
 */
#include <cp/source.h>

#include <stdlib.h>
#include <string.h>

#include "cpweb/view.h"

/* Captures of perf hold no names of files: those come from images that were found here.
 */
static bool names_are_ours(const struct job *job)
{
	return job->web->use_symbols && !strcmp(job->loaded->format, "perf.data");
}

static bool line_is_in(const struct cp_profile *p, const struct cp_location_row *row,
	struct cp_text path)
{
	const struct cp_line_row *line = cp_profile_lines(p, row);

	for (uint32_t i = 0; i < row->n_lines; i++) {
		const struct cp_function_row *f =
			cp_profile_function(p, line[i].function);
		struct cp_text file = cp_profile_string(p, f->file);

		if (file.n == path.n && !memcmp(file.p, path.p, path.n))
			return true;
	}
	return false;
}

/* Code that was generated comes with names from files that anybody can leave in /tmp. */
static bool trusted(void *arg, struct cp_text path)
{
	const struct job *job = arg;
	const struct cp_profile *p = job->loaded->profile;
	uint32_t n = cp_profile_counts(p).locations;

	if (!names_are_ours(job))
		return false;
	for (uint32_t i = 1; i <= n; i++) {
		const struct cp_location_row *row =
			cp_profile_location(p, (cp_location){i});
		const struct cp_mapping_row *image = cp_profile_mapping(p, row->mapping);

		if (image->build_id.i && image->kind != CP_MAP_JIT &&
			image->kind != CP_MAP_UNKNOWN && line_is_in(p, row, path))
			return true;
	}
	return false;
}

/* As "json" or "html", of the functions that `regex` names. */
static bool write_source(struct job *job, const char *regex, const char *format,
	cp_write_fn *fn, struct buf *data)
{
	struct cp_report_options report;
	struct cp_source_options options = {.size = sizeof options,
		.report = &report,
		.trusted = trusted,
		.trusted_arg = job};
	struct cp_source *source = NULL;
	struct cp_error err;
	enum cp_code code;

	job_report_options(job, &report);
	report.regex = regex;
	/* Without the flag no folder is searched, not even the one cpweb was started in.
	 */
	report.source_path = job->web->source_path ? job->web->source_path : "";
	report.trim_path = job->web->trim_path;
	code = cp_source_new(job->context, job->profile, &options, &source, &err);
	if (!code)
		code = cp_source_write(source, format, fn, data, &err);
	cp_source_free(source);
	if (code)
		job_fail(job, &err);
	return !code;
}

void view_source(
	struct web *web, const struct request *request, struct answer_body *answer)
{
	struct buf data = {0};
	struct job job;

	if (job_begin(&job, web, request, answer)) {
		if (!job_filter(&job, CP_BY_LINE, false) ||
			(request->value[P_PATTERN] &&
				!write_source(&job, request->value[P_PATTERN], "json",
					buf_write_json, &data)))
			data.n = 0;
		answer->body.failed |= data.failed;
		job_page(&job, "source", "source", NULL, &data);
	}
	job_release(&job);
	buf_release(&data);
}

/* In a saved page ---------------------------------------------------------------------
 */

enum { SAVED_FUNCTIONS = 50, LONGEST_NAME = 500 };

struct own {
	cp_function function;
	int64_t flat;
};

static int largest_first(const void *a, const void *b)
{
	const struct own *x = a, *y = b;

	if (x->flat != y->flat)
		return x->flat < y->flat ? 1 : -1;
	return x->function.i < y->function.i ? -1 : x->function.i > y->function.i;
}

static void add_own(const struct job *job, uint32_t sample, struct own *own)
{
	const struct cp_profile *p = job->profile;
	uint32_t n;
	const cp_location *stack =
		cp_profile_stack(p, cp_profile_sample_stack(p, sample), &n);
	const struct cp_location_row *leaf = n ? cp_profile_location(p, stack[0]) : NULL;

	if (leaf && leaf->n_lines) {
		cp_function f = cp_profile_lines(p, leaf)->function;

		own[f.i].function = f;
		own[f.i].flat += cp_profile_sample_values(p, sample)[job->type];
	}
}

/* The functions with the largest own values as a regular expression. */
static bool name_largest(const struct job *job, struct buf *regex)
{
	const struct cp_profile *p = job->profile;
	struct cp_profile_counts n = cp_profile_counts(p);
	struct own *own = calloc((size_t)n.functions + 1, sizeof *own);
	size_t named = 0;

	for (uint32_t i = 0; own && i < n.samples; i++)
		add_own(job, i, own);
	if (own)
		qsort(own, (size_t)n.functions + 1, sizeof *own, largest_first);
	for (uint32_t i = 0; own && i <= n.functions && named < SAVED_FUNCTIONS; i++) {
		struct cp_text name = cp_profile_string(
			p, cp_profile_function(p, own[i].function)->name);

		if (own[i].flat <= 0 || !name.n || name.n > LONGEST_NAME)
			continue;
		buf_str(regex, named++ ? "|" : "^(?:");
		for (size_t k = 0; k < name.n; k++) {
			if (strchr("\\^$.|?*+()[]{}", name.p[k]))
				buf_char(regex, '\\');
			buf_char(regex, name.p[k]);
		}
	}
	buf_str(regex, ")$");
	free(own);
	return named && !regex->failed;
}

/* The hash that a page's policy allows for its style, quotes included. */
static struct cp_text style_hash(const struct buf *page)
{
	static const char word[] = "style-src ";
	const char *at = page->n ? strstr(page->p, word) : NULL;
	const char *end = at ? strpbrk(at, ";\"") : NULL;

	if (!end)
		return (struct cp_text){0};
	at += sizeof word - 1;
	return (struct cp_text){.p = at, .n = (size_t)(end - at)};
}

/* A whole page as an attribute's value: it is markup already, and stays as it is. */
static void add_attribute(struct buf *page, const char *markup, size_t n)
{
	for (size_t i = 0, run; i < n; i += run) {
		for (run = 0; i + run < n && !strchr("&\"", markup[i + run]);)
			run++;
		buf_add(page, markup + i, run);
		if (i + run < n)
			buf_str(page, markup[i + run++] == '&' ? "&amp;" : "&quot;");
	}
}

/*
 * A page within the page: it keeps its own styles, which the outer policy must allow.
 * That policy is its own, too, so that nothing runs in it; as a sandbox it would be
 * another origin, which default-src 'none' keeps out.
 */
static void put_together(struct buf *flame, const struct buf *source)
{
	struct cp_text inner = style_hash(source), outer = style_hash(flame);
	char *end = flame->n ? strstr(flame->p, "</body>") : NULL;
	const char *h1 = source->n ? strstr(source->p, "<h1>") : NULL;
	const char *after = h1 ? strstr(h1, "</h1>") : NULL;
	/* The heading is the long expression that chose the functions. */
	size_t heading = after ? (size_t)(h1 - source->p) : 0;
	size_t behind = after ? (size_t)(after - source->p) : 0;
	struct buf page = {0};

	for (char *later; end && (later = strstr(end + 1, "</body>"));)
		end = later;
	if (!end || !inner.n || !outer.n || !after)
		return;
	buf_add(&page, flame->p, (size_t)(outer.p + outer.n - flame->p));
	buf_char(&page, ' ');
	buf_add(&page, inner.p, inner.n);
	buf_add(&page, outer.p + outer.n, (size_t)(end - (outer.p + outer.n)));
	buf_str(&page,
		"<iframe id=\"cp-sources\" title=\"Source of the functions with the "
		"largest "
		"own values\" frameborder=\"0\" width=\"100%\" height=\"800\" srcdoc=\"");
	add_attribute(&page, source->p, heading);
	buf_str(&page, "<h1>The functions with the largest own values");
	add_attribute(&page, source->p + behind, source->n - behind);
	buf_str(&page, "\"></iframe>\n");
	buf_str(&page, end);
	buf_release(flame);
	*flame = page;
}

bool source_append(struct job *job, struct buf *html)
{
	struct buf regex = {0}, source = {0};
	bool ok = true;

	/* Nothing with a name, or with a line: then there is no source to add. */
	if (name_largest(job, &regex)) {
		ok = write_source(job, regex.p, "html", buf_write, &source);
		if (ok)
			put_together(html, &source);
	}
	buf_release(&regex);
	buf_release(&source);
	return ok;
}
