/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

/*
 * Stacks of goroutines as Go prints them for people: a goroutine profile with debug=2,
 * and what a program leaves when it panics or is sent SIGQUIT, with text around it:
 *
 *	goroutine 18 [chan receive, 5 minutes, locked to thread]:
 *	main.wait(0xc00001c0c0)
 *		/src/main.go:12 +0x25
 *	created by main.main in goroutine 1
 *		/src/main.go:20 +0x4f
 *
 * Each goroutine counts 1. What waits in brackets becomes labels: the state, how long, and
 * what else is said; so does the function that created it.
 */

struct dump {
	struct cpi_env *env;
	struct cpi_builder b;
	struct legacy_lines lines;
	CPI_VEC(cp_location) frame;
	uint64_t goroutines, cut;
};

struct header {
	struct cp_text inside; /* of the brackets */
};

/* "goroutine N [STATE]:", or "goroutine N gp=… m=… [STATE]:". */
static bool is_header(struct cp_text line, struct header *ret)
{
	const char *open;
	int64_t id;

	line = cpi_legacy_trim(line);
	if (!cpi_legacy_word(&line, "goroutine ") || !cpi_legacy_i64(&line, &id) ||
		!cpi_text_ends(line, CPI_TEXT("]:")))
		return false;
	open = memchr(line.p, '[', line.n);
	if (!open || open == line.p || open[-1] != ' ')
		return false;
	ret->inside = (struct cp_text){open + 1, (size_t)(line.p + line.n - 2 - open - 1)};
	return true;
}

/* "NAME(ARGUMENTS)"; the name ends where the last brackets open. */
static bool is_call(struct cp_text line, struct cp_text *ret_name)
{
	size_t depth = 0;

	line = cpi_legacy_trim(line);
	for (size_t i = line.n; i-- > 1;) {
		depth += line.p[i] == ')';
		if (!depth)
			return false;
		if (line.p[i] == '(' && !--depth) {
			*ret_name = (struct cp_text){line.p, i};
			return !memchr(line.p, ' ', i) || memchr(line.p, '[', i);
		}
	}
	return false;
}

/* "\tFILE:LINE +0xOFFSET fp=… sp=… pc=…" */
static bool is_place(struct cp_text line, struct cp_text *ret_file, int64_t *ret_line)
{
	if (!line.n || line.p[0] != '\t')
		return false;
	line = cpi_legacy_trim(line);
	for (size_t i = line.n; i-- > 4;)
		if (!memcmp(line.p + i - 4, " +0x", 4))
			line.n = i - 4;
	*ret_file = cpi_legacy_file_line(cpi_legacy_trim(line), ret_line);
	return ret_file->n && *ret_line;
}

static bool is_elision(struct cp_text line)
{
	line = cpi_legacy_trim(line);
	return cpi_text_starts(line, CPI_TEXT("...")) &&
	       cpi_text_ends(line, CPI_TEXT("frames elided..."));
}

static void add_frame(struct dump *d, struct cp_text name)
{
	struct cp_function_row f = {.name = cpi_builder_string(&d->b, name)};
	struct cp_line_row row = {0};
	struct legacy_lines ahead = d->lines;
	struct cp_text file;

	f.system_name = f.name;
	if (cpi_legacy_next(&ahead) && is_place(ahead.line, &file, &row.line)) {
		f.file = cpi_builder_string(&d->b, file);
		d->lines = ahead;
	}
	row.function = cpi_builder_function(&d->b, &f);
	if (!cpi_vec_push(&d->env->mem, &d->frame,
		    cpi_builder_location(&d->b, (cp_mapping){0}, 0, false, &row, 1)))
		cpi_builder_fail(&d->b, CP_ERROR_MEMORY, "out of memory");
}

static void string_label(
	struct dump *d, struct cp_label *label, uint32_t *n, const char *key, struct cp_text x)
{
	if (x.n)
		label[(*n)++] = (struct cp_label){.key = cpi_builder_str(&d->b, key),
			.str = cpi_builder_string(&d->b, x)};
}

/* "chan receive, 5 minutes, locked to thread" and the creator, as labels. */
static cp_labels labels_of(struct dump *d, struct cp_text inside, struct cp_text creator)
{
	struct cp_label label[16];
	uint32_t n = 0;
	bool first = true;

	string_label(d, label, &n, "created_by", creator);
	while (inside.n && n < 16) {
		const char *comma = memmem(inside.p, inside.n, ", ", 2);
		struct cp_text part = {
			inside.p, comma ? (size_t)(comma - inside.p) : inside.n};
		struct cp_text rest = part;
		int64_t minutes;

		if (!first && cpi_legacy_i64(&rest, &minutes) &&
			cpi_text_equal(rest, CPI_TEXT(" minutes")))
			label[n++] = (struct cp_label){
				.key = cpi_builder_str(&d->b, "wait"),
				.unit = cpi_builder_str(&d->b, "minutes"),
				.num = minutes};
		else
			string_label(d, label, &n, first ? "state" : "note", part);
		first = false;
		inside.p += part.n + (comma ? 2 : 0);
		inside.n -= part.n + (comma ? 2 : 0);
	}
	return cpi_builder_labels(&d->b, label, n);
}

/* "created by NAME in goroutine N" */
static bool is_creation(struct cp_text line, struct cp_text *ret_name)
{
	const char *in;

	if (!cpi_legacy_word(&line, "created by "))
		return false;
	in = memmem(line.p, line.n, " in goroutine ", 14);
	*ret_name = (struct cp_text){line.p, in ? (size_t)(in - line.p) : line.n};
	return true;
}

/* What follows a header, up to a line that is no part of a stack. */
static void read_goroutine(struct dump *d, struct cp_text inside)
{
	static const int64_t one = 1;
	struct legacy_lines ahead = d->lines;
	struct cp_text name, creator = {0};
	bool cut = false, any = false;

	d->frame.n = 0;
	while (!d->b.code && cpi_legacy_next(&ahead) && cpi_legacy_trim(ahead.line).n) {
		if (ahead.line.p[0] == '\t' ||
			cpi_text_starts(ahead.line, CPI_TEXT("[originating from "))) {
			d->lines = ahead;
		} else if (is_elision(ahead.line)) {
			cut = true;
			d->lines = ahead;
		} else if (is_creation(cpi_legacy_trim(ahead.line), &creator)) {
			d->lines = ahead;
		} else if (is_call(ahead.line, &name)) {
			d->lines = ahead;
			add_frame(d, name);
			ahead = d->lines;
		} else {
			break;
		}
		any = true;
	}
	if (!any)
		return;
	d->cut += cut;
	d->goroutines++;
	cpi_builder_sample_sum(&d->b,
		cpi_builder_stack(&d->b, d->frame.v, (uint32_t)d->frame.n),
		labels_of(d, inside, creator), &one);
}

static void read_dump(struct dump *d)
{
	struct cp_value_type type = {cpi_builder_str(&d->b, "goroutine"),
		cpi_builder_str(&d->b, "count"), 0};
	struct header header;

	cpi_builder_sample_type(&d->b, type.type, type.unit, 0);
	if (!d->b.code) {
		d->b.p->header.period_type = type;
		d->b.p->header.period = 1;
	}
	while (!d->b.code && cpi_legacy_next(&d->lines))
		if (is_header(d->lines.line, &header))
			read_goroutine(d, header.inside);
	if (d->cut)
		cpi_diag_note(&d->env->diag, "elided", NULL,
			"Go has left out frames of %llu deep stacks",
			(unsigned long long)d->cut);
}

static enum cp_code read_goroutines(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	struct dump d = {.env = env,
		.lines = cpi_legacy_lines(source->part[0].data, source->part[0].n, 0)};

	(void)options;
	(void)unwinder;
	cpi_builder_init(&d.b, env);
	if (!d.b.code)
		read_dump(&d);
	cpi_vec_release(&env->mem, &d.frame);
	if (!d.b.code && !d.goroutines) {
		cpi_builder_release(&d.b);
		return cpi_error(err, CP_ERROR_FORMAT, 0, "it has no goroutine's stack");
	}
	return cpi_builder_finish(&d.b, ret_profile, err);
}

/* A header with a call below it, early in the text: a log may stand before it. */
static int detect(const struct cpi_source *source)
{
	size_t n = source->part[0].n;
	struct legacy_lines lines =
		cpi_legacy_lines(source->part[0].data, n < 65536 ? n : 65536, 0);
	struct cp_text name;
	struct header header;

	while (cpi_legacy_next(&lines)) {
		if (!is_header(lines.line, &header))
			continue;
		if (cpi_legacy_next(&lines) &&
			(is_call(lines.line, &name) ||
				cpi_text_starts(lines.line, CPI_TEXT("\tgoroutine "))))
			return 85;
	}
	return 0;
}

const struct cpi_format cpi_format_legacy_goroutines = {
	.public = {.name = "goroutines",
		.description = "Go's stacks of goroutines as text: debug=2, a panic's or "
			       "SIGQUIT's",
		.extensions = "",
		.reads = true},
	.detect = detect,
	.read = read_goroutines,
};
