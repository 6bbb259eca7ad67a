/* SPDX-License-Identifier: Apache-2.0 */
/* Records and samples of simpleperf's report; report.h describes the file. */
#include "format/simpleperf/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { MAGIC = 10, HEADER = 12, BEHIND = 1 << 20 };

bool cpi_simpleperf_fine(struct simpleperf *s, bool memory)
{
	if (!memory)
		cpi_builder_fail(&s->b, CP_ERROR_MEMORY, "out of memory");
	return !s->b.code;
}

void cpi_simpleperf_warn(
	struct simpleperf *s, const char *kind, const void *at, const char *format, ...)
{
	struct cpi_place place = cpi_place_at(cpi_source_name(s->source, 0),
		(uint64_t)((const uint8_t *)at - s->source->part[0].data));
	va_list args;

	va_start(args, format);
	cpi_diag_warn_list(&s->env->diag, kind, &place, format, args);
	va_end(args);
}

bool cpi_simpleperf_next(
	struct simpleperf *s, struct cpi_cursor *c, struct pb_field *ret, bool tell)
{
	const uint8_t *at = c->at;
	uint32_t size = cpi_cursor_u32(c);
	struct cpi_cursor record = cpi_cursor_sub(c, size);

	if (!cpi_cursor_ok(c) && tell)
		cpi_simpleperf_warn(
			s, "truncated", at, "the file ends before its last record");
	if (!cpi_cursor_ok(c) || !size)
		return false;
	/* Members of later versions are stepped over, as is what is no message. */
	if (!pb_next(&record, ret) || ret->type != PB_BYTES) {
		ret->number = 0;
		if (tell && !cpi_cursor_ok(&record))
			cpi_simpleperf_warn(
				s, "simpleperf-record", at, "a record is damaged");
	}
	return true;
}

struct frame {
	uint64_t address, file;
	int64_t symbol;
};

/* What is not written is 0, as everywhere in protobuf; no symbol is written as -1. */
static bool frame(struct cpi_cursor c, struct frame *ret)
{
	struct pb_field f;

	memset(ret, 0, sizeof *ret);
	while (pb_next(&c, &f))
		switch (f.number) {
		case 1:
			ret->address = f.value;
			break;
		case 2:
			ret->file = f.value;
			break;
		case 3:
			ret->symbol = (int32_t)f.value;
			break;
		}
	return cpi_cursor_ok(&c);
}

static void lost(struct simpleperf *s, const struct pb_field *record)
{
	struct cpi_cursor c = pb_cursor(record);
	struct pb_field f;

	while (pb_next(&c, &f))
		if (f.number == 1)
			s->seen = f.value;
		else if (f.number == 2)
			s->lost = f.value;
}

static struct cpi_cursor records(const struct simpleperf *s)
{
	const struct cpi_bytes *bytes = &s->source->part[0];

	return cpi_cursor_make(bytes->data + HEADER, bytes->n - HEADER,
		__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__);
}

/* What samples refer to. */
static void first_pass(struct simpleperf *s)
{
	struct cpi_cursor c = records(s);
	struct pb_field record;

	while (!s->b.code && cpi_simpleperf_next(s, &c, &record, true))
		switch (record.number) {
		case SIMPLEPERF_LOST:
			lost(s, &record);
			break;
		case SIMPLEPERF_FILE:
			cpi_simpleperf_file(s, &record);
			break;
		case SIMPLEPERF_THREAD:
			cpi_simpleperf_thread(s, &record);
			break;
		case SIMPLEPERF_ABOUT:
			cpi_simpleperf_about(s, &record);
			break;
		}
}

/* The addresses of a sample's frames, for the mappings. */
static void reach(struct simpleperf *s, const struct pb_field *record)
{
	struct cpi_cursor c = pb_cursor(record);
	struct pb_field f;

	while (pb_next(&c, &f)) {
		struct simpleperf_file *file;
		struct frame at;

		if (f.number != 3 || f.type != PB_BYTES || !frame(pb_cursor(&f), &at))
			continue;
		file = cpi_simpleperf_find_file(s, at.file);
		if (!file)
			continue;
		file->low = at.address < file->low ? at.address : file->low;
		file->high = at.address > file->high ? at.address : file->high;
	}
}

static void second_pass(struct simpleperf *s)
{
	struct cpi_cursor c = records(s);
	struct pb_field record;

	while (!s->b.code && cpi_simpleperf_next(s, &c, &record, false))
		if (record.number == SIMPLEPERF_SAMPLE)
			reach(s, &record);
}

static bool push(struct simpleperf *s, const struct pb_field *f)
{
	struct simpleperf_file *file;
	struct cp_line_row line = {0};
	struct frame at;

	if (!frame(pb_cursor(f), &at))
		return false;
	file = cpi_simpleperf_find_file(s, at.file);
	if (!file)
		return false;
	if (s->path.n >= s->env->limits.stack_depth) {
		cpi_builder_fail(&s->b, CP_ERROR_LIMIT, "a stack has too many frames");
		return false;
	}
	line.function = cpi_simpleperf_function(s, file, at.symbol);
	return cpi_simpleperf_fine(
		s, cpi_vec_push(&s->env->mem, &s->path,
			   cpi_builder_location(&s->b, file->mapping, at.address, false,
				   &line, line.function.i != 0)));
}

struct sample {
	uint64_t time, thread, count, event;
};

/* False: a frame of it is nowhere. */
static bool decode(struct simpleperf *s, struct cpi_cursor c, struct sample *ret)
{
	struct pb_field f;

	s->path.n = 0;
	memset(ret, 0, sizeof *ret);
	while (pb_next(&c, &f))
		switch (f.number) {
		case 1:
			ret->time = f.value;
			break;
		case 2:
			ret->thread = f.value;
			break;
		case 3:
			if (f.type == PB_BYTES && !push(s, &f))
				return false;
			break;
		case 4:
			ret->count = f.value;
			break;
		case 5:
			ret->event = f.value;
			break;
		}
	return cpi_cursor_ok(&c);
}

static void span(struct simpleperf *s, uint64_t time)
{
	if (!s->samples || time < s->first_time)
		s->first_time = time;
	if (time > s->last_time)
		s->last_time = time;
}

static void one_sample(struct simpleperf *s, const struct pb_field *record)
{
	struct sample sample;
	cp_stack stack;
	cp_labels labels;

	if (!decode(s, pb_cursor(record), &sample)) {
		if (!s->b.code)
			cpi_simpleperf_warn(s, "simpleperf-sample", record->start,
				"a sample is damaged, or a frame's file is not in the "
				"report");
		return;
	}
	if (sample.event >= s->event.n || sample.count > INT64_MAX) {
		cpi_simpleperf_warn(s, "simpleperf-sample", record->start,
			"a sample is of event %" PRIu64 " of %zu, or counts too many",
			sample.event, s->event.n);
		return;
	}
	memset(s->value.v, 0, s->value.n * sizeof *s->value.v);
	s->value.v[2 * sample.event] = 1;
	s->value.v[2 * sample.event + 1] = (int64_t)sample.count;
	stack = cpi_builder_stack(&s->b, s->path.v, (uint32_t)s->path.n);
	labels = cpi_simpleperf_labels(s, sample.thread);
	if (s->options->keep_time)
		cpi_builder_sample(&s->b, stack, labels, s->value.v,
			(int64_t)(sample.time & INT64_MAX));
	else
		cpi_builder_sample_sum(&s->b, stack, labels, s->value.v);
	span(s, sample.time);
	s->samples++;
}

static void third_pass(struct simpleperf *s)
{
	struct cpi_cursor c = records(s);
	struct pb_field record;
	uint64_t behind = 0;

	while (!s->b.code && cpi_simpleperf_next(s, &c, &record, false)) {
		uint64_t offset = HEADER + cpi_cursor_offset(&c);

		if (record.number == SIMPLEPERF_SAMPLE)
			one_sample(s, &record);
		if (offset - behind < BEHIND)
			continue;
		cpi_source_behind(s->source, 0, behind, offset);
		behind = offset;
	}
}

static void comment(
	struct simpleperf *s, const char *key, struct cp_text text, uint64_t n)
{
	char buf[200];

	if (!text.n && !n)
		return;
	if (text.n)
		snprintf(buf, sizeof buf, "simpleperf: %s %.*s", key,
			(int)(text.n < 128 ? text.n : 128), text.p);
	else
		snprintf(buf, sizeof buf, "perf: %s %" PRIu64, key, n);
	cpi_builder_comment(&s->b, cpi_text(buf));
}

static void finish(struct simpleperf *s)
{
	struct cp_text none = {"", 0};

	comment(s, "package", s->package, 0);
	comment(s, "samples", none, s->seen);
	comment(s, "lost samples", none, s->lost);
	if (s->samples && s->last_time - s->first_time <= INT64_MAX)
		s->b.p->header.duration_nanos = (int64_t)(s->last_time - s->first_time);
}

static enum cp_code read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	static const struct cp_read_options none;
	struct simpleperf s = {
		.env = env, .source = source, .options = options ? options : &none};
	const struct cpi_bytes *bytes = &source->part[0];
	unsigned version;

	(void)unwinder;
	if (bytes->n < HEADER || memcmp(bytes->data, "SIMPLEPERF", MAGIC))
		return cpi_error(err, CP_ERROR_FORMAT, 0, "no report of simpleperf");
	version = bytes->data[MAGIC] | (unsigned)bytes->data[MAGIC + 1] << 8;
	if (version != 1)
		return cpi_error(err, CP_ERROR_UNSUPPORTED, MAGIC,
			"simpleperf's report has version %u; only 1 is known", version);
	cpi_builder_init(&s.b, env);
	if (!s.b.code)
		first_pass(&s);
	if (!s.b.code)
		cpi_simpleperf_types(&s);
	if (!s.b.code)
		second_pass(&s);
	if (!s.b.code)
		cpi_simpleperf_mappings(&s);
	if (!s.b.code)
		third_pass(&s);
	if (!s.b.code)
		finish(&s);
	cpi_simpleperf_release(&s);
	if (s.b.code || s.samples)
		return cpi_builder_finish(&s.b, ret_profile, err);
	cpi_builder_release(&s.b);
	return cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET, "the report holds no sample");
}

static int detect(const struct cpi_source *source)
{
	const struct cpi_bytes *bytes = &source->part[0];

	return bytes->n >= HEADER && !memcmp(bytes->data, "SIMPLEPERF", MAGIC) ? 100 : 0;
}

const struct cpi_format cpi_format_simpleperf = {
	.public =
		{
			.name = "simpleperf",
			.description = "Android's simpleperf report-sample --protobuf",
			.extensions = ".trace",
			.reads = true,
			.binary = true,
		},
	.detect = detect,
	.read = read,
};
