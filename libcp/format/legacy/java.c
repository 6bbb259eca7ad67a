/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

/*
 * What a Java agent writes: gperftools' CPU format with version 1, or text:
 *
 *	--- heapz 1 ---                     or --- contentionz 1 ---
 *	format = java
 *	resolution = bytes
 *	  BYTES OBJECTS @ 0x1 0x2           addresses are numbers of frames
 *	  0x1 function (File.java:12)
 *	  0x2 function (/path/lib.so)
 *
 * Frames have names, so addresses are forgotten. Functions are one by name.
 */

enum { HEAP_RATE = 512 << 10 };

struct java {
	struct legacy *l;
	struct legacy_lines lines;
	bool heap;
	int64_t period;
};

/* The last "(…)" of a line, and what stands before it. */
static bool split_place(
	struct cp_text text, struct cp_text *ret_name, struct cp_text *ret_place)
{
	size_t open = text.n;

	if (!text.n || text.p[text.n - 1] != ')')
		return false;
	/* The outermost opening one after a blank: names contain parentheses, too. */
	while (open && !(text.p[open - 1] == '(' && open > 1 && text.p[open - 2] == ' '))
		open--;
	if (!open)
		return false;
	*ret_name = cpi_legacy_trim((struct cp_text){text.p, open - 1});
	*ret_place = (struct cp_text){text.p + open, text.n - open - 1};
	return true;
}

/* "file:line"; the line may be negative, which is unknown. */
static bool split_line(struct cp_text place, struct cp_text *ret_file, int64_t *ret_line)
{
	const char *colon = place.p ? memrchr(place.p, ':', place.n) : NULL;
	struct cp_text number;

	if (!colon || colon == place.p)
		return false;
	*ret_file = (struct cp_text){place.p, (size_t)(colon - place.p)};
	number = (struct cp_text){colon + 1, place.n - ret_file->n - 1};
	if (!cpi_legacy_i64(&number, ret_line) || number.n)
		return false;
	if (*ret_line < 0)
		*ret_line = 0;
	return true;
}

struct functions {
	struct cpi_index index; /* of locations, by name */
	CPI_VEC(struct cp_function_row) row;
	CPI_VEC(cp_function) id;
};

/* The function of that name; the first one's file counts. */
static cp_function named(struct legacy *l, struct functions *functions,
	struct cp_text name, struct cp_text file)
{
	struct cp_function_row row = {.name = cpi_builder_string(&l->b, name)};
	uint64_t hash = cpi_hash_u64(row.name.i);
	struct cpi_probe probe = cpi_index_find(&functions->index, hash);
	cp_function made;

	for (uint32_t id; (id = cpi_index_next(&functions->index, &probe));)
		if (functions->row.v[id - 1].name.i == row.name.i)
			return functions->id.v[id - 1];
	row.system_name = row.name;
	row.file = cpi_builder_string(&l->b, file);
	made = cpi_builder_function(&l->b, &row);
	if (!cpi_vec_push(&l->env->mem, &functions->row, row) ||
		!cpi_vec_push(&l->env->mem, &functions->id, made) ||
		!cpi_index_add(&l->env->mem, &functions->index, hash,
			(uint32_t)functions->row.n))
		cpi_legacy_no_memory(l);
	return made;
}

/* "0xADDR rest"; false: the line is none of these. */
static bool location_line(
	struct cp_text line, uint64_t *ret_address, struct cp_text *ret_rest)
{
	size_t n = 2;

	line = cpi_legacy_trim(line);
	if (!cpi_text_starts(line, CPI_TEXT("0x")))
		return false;
	while (n < line.n && line.p[n] != ' ' && line.p[n] != '\t')
		n++;
	if (!cpi_text_hex((struct cp_text){line.p + 2, n - 2}, ret_address) ||
		n == line.n)
		return false;
	*ret_rest = cpi_legacy_trim((struct cp_text){line.p + n, line.n - n});
	return ret_rest->n;
}

static void name_location(struct legacy *l, struct functions *functions,
	struct legacy_location *location, struct cp_text text)
{
	struct cp_text name = text, place, file = {"", 0};
	int64_t line = 0;

	if (split_place(text, &name, &place)) {
		if (!split_line(place, &file, &line))
			file = cpi_text_basename(place);
	} else if (cpi_legacy_contains(text, "generated stub/JIT")) {
		name = CPI_TEXT("STUB");
	}
	location->function = named(l, functions, name, file);
	location->line = line;
}

enum cp_code cpi_legacy_java_locations(
	struct legacy *l, struct legacy_lines *lines, struct cp_error *err)
{
	struct functions functions = {0};
	bool more = cpi_legacy_next(lines);

	(void)err;
	for (; more && !l->b.code; more = cpi_legacy_next(lines)) {
		struct legacy_location *location;
		struct cp_text rest;
		uint64_t address;

		if (!location_line(lines->line, &address, &rest))
			continue;
		location = cpi_legacy_find(l, address);
		if (location)
			name_location(l, &functions, location, rest);
	}
	l->no_addresses = true;
	cpi_index_release(&l->env->mem, &functions.index);
	cpi_vec_release(&l->env->mem, &functions.row);
	cpi_vec_release(&l->env->mem, &functions.id);
	return CP_OK;
}

/* NULL, or why the attribute is wrong. */
static const char *read_attribute(
	struct java *j, struct cp_text key, struct cp_text value)
{
	int64_t ms;

	if (cpi_text_equal(key, CPI_TEXT("format")))
		return cpi_text_equal(value, CPI_TEXT("java")) ? NULL
							       : "the format is not java";
	if (cpi_text_equal(key, CPI_TEXT("resolution"))) {
		cp_string unit = cpi_builder_string(&j->l->b, value);

		if (j->l->n_types)
			return "a second resolution";
		cpi_legacy_type(j->l, j->heap ? "inuse_objects" : "contentions", "count");
		cpi_builder_sample_type(&j->l->b,
			cpi_builder_str(&j->l->b, j->heap ? "inuse_space" : "delay"),
			unit, 0);
		j->l->n_types = 2;
		return NULL;
	}
	if (!j->heap && cpi_text_equal(key, CPI_TEXT("sampling period"))) {
		if (!cpi_legacy_number(value, &j->period))
			return "the period is no number";
		cpi_legacy_period(j->l, "contentions", "count", j->period);
		return NULL;
	}
	if (j->heap || !cpi_text_equal(key, CPI_TEXT("ms since reset")))
		return "an unknown attribute";
	if (!cpi_legacy_number(value, &ms) || __builtin_mul_overflow(ms, 1000000, &ms))
		return "the duration is no number";
	if (!j->l->b.code)
		j->l->b.p->header.duration_nanos = ms;
	return NULL;
}

/* NULL, or why the line is no sample; *ret_other: it may be something else. */
static const char *read_sample(struct java *j, struct cp_text line, bool *ret_other)
{
	struct legacy_sample *sample;
	int64_t v[2], bytes = 0;

	*ret_other = true;
	if (!cpi_legacy_i64(&line, &v[1]))
		return "no sample of a Java profile";
	cpi_legacy_spaces(&line);
	if (!cpi_legacy_i64(&line, &v[0]))
		return "no sample of a Java profile";
	cpi_legacy_spaces(&line);
	if (!cpi_legacy_char(&line, '@'))
		return "no sample of a Java profile";
	*ret_other = false;
	if (v[0] < 0 || v[1] < 0)
		return "a value is negative";
	if (j->heap) {
		if (!v[0])
			return "its number of objects is 0";
		bytes = v[1] / v[0];
		cpi_legacy_unsample(&v[0], &v[1], HEAP_RATE);
	} else if (j->period && (__builtin_mul_overflow(v[0], j->period, &v[0]) ||
					__builtin_mul_overflow(v[1], j->period, &v[1]))) {
		return "a value exceeds 64 bits";
	}
	/* The numbers of frames are no return addresses. */
	for (struct cp_text rest = line; rest.n;) {
		uint64_t x;
		size_t n = 2;

		cpi_legacy_spaces(&rest);
		if (!cpi_text_starts(rest, CPI_TEXT("0x")))
			break;
		while (n < rest.n && rest.p[n] != ' ' && rest.p[n] != '\t')
			n++;
		if (!cpi_text_hex((struct cp_text){rest.p + 2, n - 2}, &x))
			return "an address exceeds 64 bits";
		cpi_legacy_frame(j->l, x);
		rest = (struct cp_text){rest.p + n, rest.n - n};
	}
	sample = cpi_legacy_sample(j->l, v);
	if (sample && j->heap) {
		sample->has_bytes = true;
		sample->bytes = bytes;
	}
	return NULL;
}

static bool parse_header(struct cp_text line, bool *ret_heap)
{
	line = cpi_legacy_trim(line);
	*ret_heap = cpi_text_equal(line, CPI_TEXT("--- heapz 1 ---"));
	return *ret_heap || cpi_text_equal(line, CPI_TEXT("--- contentionz 1 ---"));
}

static enum cp_code read_samples(struct java *j, bool more, struct cp_error *err)
{
	const char *why;
	bool other;

	if (j->l->n_types != 2)
		return cpi_error(err, CP_ERROR_CORRUPT, j->lines.offset,
			"the profile does not say its resolution");
	for (; more && !j->l->b.code; more = cpi_legacy_next_content(&j->lines)) {
		why = read_sample(j, cpi_legacy_trim(j->lines.line), &other);
		if (why && other)
			break;
		if (why)
			cpi_legacy_bad_line(j->l, &j->lines, why);
	}
	/* The line that ended the samples may be the first of a location. */
	if (more)
		j->lines.at = j->lines.line.p;
	return cpi_legacy_java_locations(j->l, &j->lines, err);
}

static enum cp_code read_body(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err)
{
	struct java j = {.l = l, .lines = cpi_legacy_lines(bytes, n, base)};
	struct cp_text key, value;
	bool more;

	if (!cpi_legacy_next(&j.lines) || !parse_header(j.lines.line, &j.heap))
		return cpi_error(
			err, CP_ERROR_FORMAT, base, "no header of a Java profile");
	while ((more = cpi_legacy_next_content(&j.lines)) &&
		cpi_legacy_pair(j.lines.line, &key, &value)) {
		const char *why = read_attribute(&j, key, value);

		if (why)
			cpi_legacy_bad_line(l, &j.lines, why);
	}
	return read_samples(&j, more, err);
}

static int detect_text(const struct cpi_source *source)
{
	size_t n = source->part[0].n;
	struct legacy_lines lines =
		cpi_legacy_lines(source->part[0].data, n < 65536 ? n : 65536, 0);
	struct cp_text key, value;
	bool heap;

	if (!cpi_legacy_next(&lines) || !parse_header(lines.line, &heap))
		return 0;
	while (cpi_legacy_next_content(&lines) &&
		cpi_legacy_pair(lines.line, &key, &value))
		if (cpi_text_equal(key, CPI_TEXT("format")) ||
			cpi_text_equal(key, CPI_TEXT("resolution")))
			return 90;
	return 0;
}

static enum cp_code read_text(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	(void)options;
	(void)unwinder;
	return cpi_legacy_read(env, source, read_body, ret_profile, err);
}

static int detect_cpu(const struct cpi_source *source)
{
	return cpi_legacy_is_cpu(source->part[0].data, source->part[0].n, true) ? 90 : 0;
}

static enum cp_code read_cpu(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	(void)options;
	(void)unwinder;
	return cpi_legacy_read(env, source, cpi_legacy_read_java_cpu, ret_profile, err);
}

const struct cpi_format cpi_format_legacy_java = {
	.public = {.name = "java-text",
		.description = "Java heap or contention profile as text",
		.extensions = "",
		.reads = true},
	.detect = detect_text,
	.read = read_text,
};

const struct cpi_format cpi_format_legacy_java_cpu = {
	.public = {.name = "java-cpu",
		.description = "Java CPU profile in gperftools' format",
		.extensions = "",
		.reads = true,
		.binary = true},
	.detect = detect_cpu,
	.read = read_cpu,
};
