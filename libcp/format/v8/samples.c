/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What samples cost. V8 says when each was taken, as the time since the one before, the
 * first since the profile's start; so a sample lasts until the next one. Times may run
 * backwards, since V8 records in another order than it takes: such a sample lasts for no
 * time, but its clock counts, or all that follow would drift.
 */
#include "format/v8/v8.h"

void cpi_v8_types(struct cpi_json_reader *r, bool time)
{
	cpi_builder_sample_type(&r->b, cpi_builder_str(&r->b, "samples"),
		cpi_builder_str(&r->b, "count"), 0);
	if (time)
		cpi_builder_sample_type(&r->b, cpi_builder_str(&r->b, "time"),
			cpi_builder_str(&r->b, "nanoseconds"), 0);
}

bool cpi_v8_micros(struct cpi_jr value, int64_t *ret)
{
	struct cp_text text;
	bool exact;

	if (cpi_jr_absent(&value))
		return false;
	if (cpi_jr_peek(&value) != CPI_JR_TEXT)
		return cpi_jr_decimal(&value, 3, ret, &exact);
	if (!cpi_jr_text(&value, &text))
		return false;
	cpi_jr_init(&value, (const uint8_t *)text.p, text.n, NULL);
	return cpi_jr_decimal(&value, 3, ret, &exact);
}

void cpi_v8_samples_begin(struct v8_samples *s, struct v8_nodes *nodes, cp_labels labels,
	int64_t start)
{
	memset(s, 0, sizeof *s);
	s->nodes = nodes;
	s->labels = labels;
	s->keep_time = nodes->r->options->keep_time;
	s->start = s->now = start;
}

/* The sample that waits lasts until `now`. */
static void last(struct v8_samples *s, int64_t now)
{
	struct cpi_json_reader *r = s->nodes->r;
	int64_t values[2] = {1, 0};
	cp_stack stack;

	if (!s->some)
		return;
	s->some = false;
	if (now > s->at && __builtin_sub_overflow(now, s->at, &values[1])) {
		cpi_builder_fail(&r->b, CP_ERROR_LIMIT, "a time is beyond 64 bits");
		return;
	}
	stack = cpi_v8_stack(s->nodes, s->row, s->line);
	if (s->keep_time)
		cpi_builder_sample(&r->b, stack, s->labels, values, s->at);
	else
		cpi_builder_sample_sum(&r->b, stack, s->labels, values);
	r->samples++;
}

void cpi_v8_sample(
	struct v8_samples *s, int64_t node, int64_t delta, int64_t line, size_t offset)
{
	struct cpi_json_reader *r = s->nodes->r;
	uint32_t row = cpi_v8_node(s->nodes, node);

	if (__builtin_add_overflow(s->now, delta, &s->now)) {
		cpi_builder_fail(&r->b, CP_ERROR_LIMIT, "a time is beyond 64 bits");
		return;
	}
	last(s, s->now);
	if (!row) {
		cpi_json_warn(r, "v8-sample", offset, "sample %llu names node %lld, which is "
			"not there", (unsigned long long)s->number, (long long)node);
	} else {
		s->some = true;
		s->row = row;
		s->line = line;
		s->at = s->now;
	}
	s->number++;
}

/*
 * A sample of nothing at the very end is the mark that libcp sets there, since viewers give
 * the last sample no time.
 */
static bool is_mark(const struct v8_samples *s, int64_t end)
{
	uint32_t n;

	if (!s->some || s->number < 2 || end != s->at || s->line)
		return false;
	(void)cpi_profile_frames(s->nodes->r->b.p, cpi_v8_stack(s->nodes, s->row, 0), &n);
	return !n;
}

void cpi_v8_samples_end(struct v8_samples *s, int64_t end)
{
	if (is_mark(s, end))
		s->some = false;
	last(s, end > s->now ? end : s->now);
}
