/* SPDX-License-Identifier: Apache-2.0 */
/* Records one after another, whatever they come out of. */
#include "format/perf/parts.h"

/*
 * One record after the other, wherever they are: in a file's data section, a pipe, the
 * files of a directory, or inside COMPRESSED records. Records stand at any alignment.
 */
enum { HEADER = 8 };

/* So many bytes of a mapped input are in memory beside those being read. */
enum { BEHIND = 32 << 20 };

/* A pipe's data ends with the input; a part of a directory has no header at all. */
static void start_part(struct perf_stream *s, unsigned part)
{
	const struct perf_file *f = s->f;
	const struct cpi_bytes *bytes = &f->source->part[part];

	s->part = part;
	s->base = part ? 0 : f->data.offset;
	s->start = s->at = s->behind = bytes->data + s->base;
	s->end = s->start + (part ? bytes->n : f->data.size);
	s->dead = false;
	s->waiting = false;
	if (s->inflate)
		perf_inflate_reset(s->inflate);
}

void perf_stream_init(struct perf_stream *s, struct perf_file *f, bool report)
{
	memset(s, 0, sizeof *s);
	s->f = f;
	s->report = report;
	s->total = f->data.size;
	for (unsigned i = 1; i < f->source->n_parts; i++)
		s->total += f->source->part[i].n;
	start_part(s, 0);
}

void perf_stream_release(struct perf_stream *s)
{
	perf_inflate_free(s->inflate);
	s->inflate = NULL;
}

static uint64_t offset_of(const struct perf_stream *s, const uint8_t *p)
{
	return s->base + (uint64_t)(p - s->start);
}

/* Ends the part: nothing after this place can be trusted. */
static void stop_part(struct perf_stream *s, const char *kind, const char *what)
{
	uint64_t at = offset_of(s, s->at);

	if (s->report)
		PERF_DAMAGED_AT(s->f, kind, s->part, at,
			"%s; %llu bytes after it are not read", what,
			(unsigned long long)(s->end - s->at));
	s->at = s->end;
}

/* Two kinds of record are followed by bytes that their size does not count. */
static uint64_t bytes_behind(const struct perf_stream *s, const struct perf_record *r)
{
	if (r->type == PERF_RECORD_AUXTRACE && r->n >= 8)
		return perf_u64(r->body, s->f->swap);
	if (r->type == PERF_RECORD_HEADER_TRACING_DATA && r->n >= 4)
		return perf_u32(r->body, s->f->swap);
	return 0;
}

static bool next_plain(struct perf_stream *s, struct perf_record *r)
{
	size_t left = (size_t)(s->end - s->at);
	struct cpi_cursor c = cpi_cursor_make(s->at, left, s->f->swap);
	uint64_t behind;
	uint16_t size;

	if (!left)
		return false;
	r->type = cpi_cursor_u32(&c);
	r->misc = cpi_cursor_u16(&c);
	size = cpi_cursor_u16(&c);
	if (!cpi_cursor_ok(&c)) {
		stop_part(s, "truncated", "the data ends inside a record header");
		return false;
	}
	if (size < HEADER) {
		stop_part(s, "record", "a record's size is below 8");
		return false;
	}
	if (size > left) {
		stop_part(s, "truncated", "the data ends inside a record");
		return false;
	}
	r->body = s->at + HEADER;
	r->n = size - HEADER;
	r->inflated = false;
	r->offset = offset_of(s, s->at);
	s->at += size;
	behind = r->type >= PERF_RECORD_USER_FIRST ? bytes_behind(s, r) : 0;
	if (behind > (uint64_t)(s->end - s->at)) {
		stop_part(s, "truncated", "the data ends inside trace data");
		return false;
	}
	s->at += behind;
	return true;
}

/* Gives a COMPRESSED record's bytes to the part's zstd stream. */
static void feed(struct perf_stream *s, const struct perf_record *r, struct cp_error *err)
{
	const uint8_t *bytes = r->body;
	uint64_t n = r->n;

	if (s->dead)
		return;
	if (r->type == PERF_RECORD_COMPRESSED2) {
		uint64_t told = n >= 8 ? perf_u64(bytes, s->f->swap) : 0;

		n = n >= 8 ? n - 8 : 0;
		bytes += r->n - n;
		n = told < n ? told : n;
	}
	if (!s->inflate && !(s->inflate = perf_inflate_new(s->f->env))) {
		s->code = cpi_error_memory(err);
		return;
	}
	perf_inflate_feed(s->inflate, bytes, n);
	s->waiting = true;
	s->outer = r->offset;
}

/* The part's compressed records are given up; plain ones still follow. */
static bool give_up(struct perf_stream *s, const char *what)
{
	s->dead = true;
	s->waiting = false;
	perf_inflate_reset(s->inflate);
	if (s->report)
		PERF_DAMAGED_AT(s->f, "compressed", s->part, s->outer, "%s", what);
	return false;
}

static bool peek(struct perf_stream *s, size_t need, const uint8_t **ret_bytes,
	struct cp_error *err)
{
	struct cp_error why;
	size_t n = 0;
	enum cp_code code = perf_inflate_peek(s->inflate, need, ret_bytes, &n, &why);

	if (code == CP_ERROR_CORRUPT)
		return give_up(s, why.message);
	if (code) {
		s->code = code;
		if (err)
			*err = why;
		return false;
	}
	/* The rest of a record comes with the next compressed one. */
	s->waiting = n >= need;
	return s->waiting;
}

static bool next_inflated(
	struct perf_stream *s, struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c;
	const uint8_t *bytes;
	uint16_t size;

	if (!peek(s, HEADER, &bytes, err))
		return false;
	c = cpi_cursor_make(bytes, HEADER, s->f->swap);
	r->type = cpi_cursor_u32(&c);
	r->misc = cpi_cursor_u16(&c);
	size = cpi_cursor_u16(&c);
	if (size < HEADER)
		return give_up(s, "a compressed record's size is below 8");
	if (!peek(s, size, &bytes, err))
		return false;
	perf_inflate_take(s->inflate, size);
	r->body = bytes + HEADER;
	r->n = size - HEADER;
	r->inflated = true;
	r->offset = s->outer;
	return true;
}

static bool end_part(struct perf_stream *s)
{
	if (s->inflate && perf_inflate_left(s->inflate) && !s->dead && s->report &&
		!s->code)
		PERF_DAMAGED_AT(s->f, "compressed", s->part, s->outer,
			"the last compressed record ends inside a record");
	if (s->inflate && s->report)
		s->f->counts.inflated_bytes = perf_inflate_total(s->inflate);
	if (s->code || s->part + 1 >= s->f->source->n_parts)
		return false;
	s->done += (uint64_t)(s->end - s->start);
	start_part(s, s->part + 1);
	return true;
}

static void give_back(struct perf_stream *s)
{
	cpi_source_behind(
		s->f->source, s->part, offset_of(s, s->behind), offset_of(s, s->at));
	s->behind = s->at;
}

bool perf_stream_next(struct perf_stream *s, struct perf_record *r, struct cp_error *err)
{
	while (!s->code) {
		if (s->waiting) {
			if (!next_inflated(s, r, err))
				continue;
		} else if (!next_plain(s, r)) {
			if (s->code || !end_part(s))
				return false;
			continue;
		} else if (r->type == PERF_RECORD_COMPRESSED ||
			   r->type == PERF_RECORD_COMPRESSED2) {
			if (s->report)
				s->f->counts.type[r->type]++;
			feed(s, r, err);
			continue;
		}
		if (s->at - s->behind >= BEHIND)
			give_back(s);
		r->number = ++s->number;
		r->part = s->part;
		return true;
	}
	return false;
}

double perf_stream_share(const struct perf_stream *s)
{
	uint64_t done = s->done + (uint64_t)(s->at - s->start);

	return s->total ? (double)done / (double)s->total : 1;
}
