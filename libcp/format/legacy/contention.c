/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

/*
 * Waiting for locks, as gperftools, Go (debug=1) and others print it:
 *
 *	--- contentionz 1 ---
 *	cycles/second = 3201000000
 *	sampling period = 100
 *	ms since reset = 16502830
 *	  CYCLES COUNT @ 0x… 0x…
 *
 * One in `sampling period` was recorded. Without a clock rate the cycles are nanoseconds
 * already and stand for all of them.
 */

struct contention {
	struct legacy *l;
	struct legacy_lines lines;
	int64_t hertz, period, duration;
};

static bool is_title(struct cp_text line)
{
	return cpi_text_starts(line, CPI_TEXT("--- contentionz ")) ||
	       cpi_text_starts(line, CPI_TEXT("--- mutex:")) ||
	       cpi_text_starts(line, CPI_TEXT("--- contention:"));
}

/* A Java agent's profile has the same title, and attributes of its own. */
bool cpi_legacy_is_contention(const void *bytes, size_t n)
{
	struct legacy_lines lines = cpi_legacy_lines(bytes, n, 0);
	struct cp_text key, value;

	if (!cpi_legacy_next(&lines) || !is_title(lines.line))
		return false;
	while (cpi_legacy_next_content(&lines) &&
		cpi_legacy_pair(lines.line, &key, &value))
		if (cpi_text_equal(key, CPI_TEXT("format")) ||
			cpi_text_equal(key, CPI_TEXT("resolution")))
			return false;
	return true;
}

/* NULL, or why the line is no attribute. */
static const char *read_attribute(
	struct contention *c, struct cp_text key, struct cp_text value)
{
	int64_t ms;

	if (cpi_text_equal(key, CPI_TEXT("cycles/second")))
		return cpi_legacy_number(value, &c->hertz)
			       ? NULL
			       : "the clock rate is no number";
	if (cpi_text_equal(key, CPI_TEXT("sampling period")))
		return cpi_legacy_number(value, &c->period) ? NULL
							    : "the period is no number";
	if (cpi_text_equal(key, CPI_TEXT("discarded samples")))
		return NULL;
	if (!cpi_text_equal(key, CPI_TEXT("ms since reset")))
		return "an unknown attribute";
	if (!cpi_legacy_number(value, &ms) ||
		__builtin_mul_overflow(ms, 1000000, &c->duration))
		return "the duration is no number";
	return NULL;
}

/* NULL, or why the line is no sample. */
static const char *read_sample(struct contention *c, struct cp_text line)
{
	struct legacy_sample *sample;
	int64_t delay, values[2];
	double nanos;

	if (!cpi_legacy_i64(&line, &delay))
		return "no sample of a contention profile";
	cpi_legacy_spaces(&line);
	if (!cpi_legacy_i64(&line, &values[0]) || delay < 0 || values[0] < 0 ||
		!cpi_legacy_word(&line, " @"))
		return "no sample of a contention profile";
	if (c->period > 0) {
		if (c->hertz > 0) {
			nanos = (double)delay * (double)c->period /
				((double)c->hertz / 1e9);
			if (!(nanos < 0x1p63))
				return "its delay exceeds 64 bits";
			delay = (int64_t)nanos;
		}
		if (__builtin_mul_overflow(values[0], c->period, &values[0]))
			return "its count exceeds 64 bits";
	}
	values[1] = delay;
	if (!cpi_legacy_stack(c->l, line, false))
		return "an address exceeds 64 bits";
	sample = cpi_legacy_sample(c->l, values);
	if (sample)
		cpi_legacy_remarks(c->l, &c->lines, sample);
	return NULL;
}

/* Attributes up to the first line that is none, which is then the current line. */
static void read_attributes(struct contention *c, bool *ret_more)
{
	struct cp_text key, value;
	const char *why;

	while ((*ret_more = cpi_legacy_next_content(&c->lines))) {
		struct cp_text line = cpi_legacy_trim(c->lines.line);

		if (cpi_text_starts(line, CPI_TEXT("---")) ||
			!cpi_legacy_pair(line, &key, &value))
			return;
		why = read_attribute(c, key, value);
		if (why)
			cpi_legacy_bad_line(c->l, &c->lines, why);
	}
}

enum cp_code cpi_legacy_read_contention(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err)
{
	struct contention c = {
		.l = l, .lines = cpi_legacy_lines(bytes, n, base), .period = 1};
	bool more = false;

	if (!cpi_legacy_next(&c.lines) || !is_title(c.lines.line))
		return cpi_error(
			err, CP_ERROR_FORMAT, base, "no header of a contention profile");
	read_attributes(&c, &more);
	cpi_legacy_type(l, "contentions", "count");
	cpi_legacy_type(l, "delay", "nanoseconds");
	cpi_legacy_period(l, "contentions", "count", c.period);
	if (!l->b.code)
		l->b.p->header.duration_nanos = c.duration;
	while (more && !l->b.code) {
		struct cp_text line = cpi_legacy_trim(c.lines.line);
		const char *why;

		if (cpi_text_starts(line, CPI_TEXT("---")))
			break;
		why = read_sample(&c, line);
		if (why)
			cpi_legacy_bad_line(l, &c.lines, why);
		more = cpi_legacy_next_content(&c.lines);
	}
	return cpi_legacy_map_section(l, &c.lines, err);
}

static int detect(const struct cpi_source *source)
{
	return cpi_legacy_is_contention(source->part[0].data, source->part[0].n) ? 90 : 0;
}

static enum cp_code read_contention(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	(void)options;
	(void)unwinder;
	return cpi_legacy_read(env, source, cpi_legacy_read_contention, ret_profile, err);
}

const struct cpi_format cpi_format_legacy_contention = {
	.public = {.name = "contention",
		.description = "contention or mutex profile of gperftools or Go as text",
		.extensions = "",
		.reads = true},
	.detect = detect,
	.read = read_contention,
};
