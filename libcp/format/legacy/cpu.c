/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

/*
 * gperftools' CPU profile: machine words of the profiled machine.
 *
 *	0 3 VERSION PERIOD(us) 0          header; version 1 is a Java agent's
 *	COUNT N ADDRESS[N]                one stack, leaf first
 *	0 1 0                             the end
 *	text                              memory map (0) or names (1)
 *
 * The word is 4 or 8 bytes in either order; the header tells which.
 */

enum { HEADER_WORDS = 5, MOST_STRIPPED = 2, STACKS_PER_STRANGER = 32 };

struct words {
	bool wide, swap;
	uint64_t version, period;
};

static uint64_t word(struct cpi_cursor *c, bool wide)
{
	return wide ? cpi_cursor_u64(c) : cpi_cursor_u32(c);
}

/* Tries the four kinds of word, 32 bits first. */
static bool find_words(const void *bytes, size_t n, struct words *ret)
{
	const uint16_t one = 1;
	bool little = *(const uint8_t *)&one == 1;

	for (int kind = 0; kind < 4; kind++) {
		bool wide = kind >= 2, swap = (kind & 1) == little;
		struct cpi_cursor c = cpi_cursor_make(bytes, n, swap);
		uint64_t head[HEADER_WORDS];

		for (int i = 0; i < HEADER_WORDS; i++)
			head[i] = word(&c, wide);
		if (cpi_cursor_ok(&c) && head[0] == 0 && head[1] == 3 && head[2] <= 1 &&
			head[3] > 0 && head[3] <= INT64_MAX / 1000 && head[4] == 0) {
			*ret = (struct words){wide, swap, head[2], head[3]};
			return true;
		}
	}
	return false;
}

bool cpi_legacy_is_cpu(const void *bytes, size_t n, bool java)
{
	struct words w;

	return find_words(bytes, n, &w) && w.version == java;
}

static void cut_off(struct legacy *l, uint64_t at)
{
	struct cpi_place place = cpi_place_at(l->source, at);

	cpi_legacy_discard(l);
	if (l->quiet)
		return;
	cpi_diag_warn(&l->env->diag, "truncated", &place,
		"the profile ends inside a stack; the %zu before it are kept",
		l->sample.n);
}

void cpi_legacy_cpu_samples(
	struct legacy *l, struct cpi_cursor *c, bool wide, bool adjust, int64_t period)
{
	while (cpi_cursor_left(c) && !l->b.code) {
		uint64_t at = cpi_cursor_offset(c), count = word(c, wide);
		uint64_t n = cpi_cursor_claim(c, word(c, wide), wide ? 8 : 4);
		uint64_t first = 0;
		int64_t values[2];

		if (!cpi_cursor_ok(c)) {
			cut_off(l, at);
			return;
		}
		for (uint64_t i = 0; i < n; i++) {
			uint64_t address = word(c, wide);

			if (!i)
				first = address;
			cpi_legacy_frame(
				l, adjust && i && !l->exact ? address - 1 : address);
		}
		if (!count && n == 1 && !first) {
			cpi_legacy_discard(l);
			return;
		}
		values[0] = (int64_t)count;
		if (count > INT64_MAX ||
			__builtin_mul_overflow(values[0], period, &values[1])) {
			struct cpi_place place = cpi_place_at(l->source, at);

			if (!l->quiet)
				cpi_diag_warn(&l->env->diag, "count", &place,
					"a stack's count exceeds 64 bits and is left out");
			cpi_legacy_discard(l);
			continue;
		}
		(void)cpi_legacy_sample(l, values);
	}
}

/* The address that nearly all stacks have as their second; false: none. */
static bool common_second(const struct legacy *l, uint32_t *ret_id)
{
	uint32_t candidate = 0;
	size_t n = 0, votes = 0, least = l->sample.n - l->sample.n / STACKS_PER_STRANGER;

	/* More than half agree or none qualifies: Boyer and Moore's vote finds it. */
	for (size_t i = 0; i < l->sample.n; i++) {
		const struct legacy_sample *s = &l->sample.v[i];
		uint32_t id = s->n > 1 ? l->frame.v[s->first + 1] : 0;

		if (!id)
			continue;
		if (!votes)
			candidate = id;
		votes += candidate == id ? 1 : (size_t)-1;
	}
	for (size_t i = 0; i < l->sample.n; i++) {
		const struct legacy_sample *s = &l->sample.v[i];

		n += s->n > 1 && l->frame.v[s->first + 1] == candidate;
	}
	*ret_id = candidate;
	return candidate && n >= least;
}

/*
 * The signal handler's frame stands second in (nearly) all stacks, under the address
 * where the signal struck; twice, when the handler called something.
 */
static void strip_handler(struct legacy *l)
{
	uint32_t id;

	for (int turn = 0; turn < MOST_STRIPPED && common_second(l, &id); turn++)
		for (size_t i = 0; i < l->sample.n; i++) {
			struct legacy_sample *s = &l->sample.v[i];
			uint32_t *frame = l->frame.v + s->first;

			if (s->n < 2 || frame[1] != id)
				continue;
			memmove(frame + 1, frame + 2, (s->n - 2) * sizeof *frame);
			s->n--;
		}
}

/* The cursor behind the header; the two sample types; the period. */
static struct cpi_cursor start(
	struct legacy *l, const void *bytes, size_t n, struct words *ret_words)
{
	struct cpi_cursor c;

	(void)find_words(bytes, n, ret_words);
	c = cpi_cursor_make(bytes, n, ret_words->swap);
	cpi_cursor_skip(&c, HEADER_WORDS * (ret_words->wide ? 8 : 4));
	cpi_legacy_type(l, "samples", "count");
	cpi_legacy_type(l, "cpu", "nanoseconds");
	cpi_legacy_period(l, "cpu", "nanoseconds", (int64_t)ret_words->period * 1000);
	return c;
}

/*
 * The text behind the samples. When the end marker is missing the cursor is at the end
 * and there is none.
 */
static struct legacy_lines text_behind(const struct cpi_cursor *c, uint64_t base)
{
	return cpi_legacy_lines(c->at, cpi_cursor_ok(c) ? cpi_cursor_left(c) : 0,
		base + (uint64_t)(c->at - c->start));
}

enum cp_code cpi_legacy_read_cpu(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err)
{
	struct words w = {.wide = false};
	struct cpi_cursor c;
	struct legacy_lines lines;

	if (!cpi_legacy_is_cpu(bytes, n, false))
		return cpi_error(err, CP_ERROR_FORMAT, base, "no gperftools CPU profile");
	c = start(l, bytes, n, &w);
	cpi_legacy_cpu_samples(l, &c, w.wide, true, (int64_t)w.period * 1000);
	if (!l->exact)
		strip_handler(l);
	l->drop_double_leaf = !l->exact;
	lines = text_behind(&c, base);
	return cpi_legacy_maps(l, &lines, err);
}

enum cp_code cpi_legacy_read_java_cpu(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err)
{
	struct words w = {.wide = false};
	struct cpi_cursor c;
	struct legacy_lines lines;

	if (!cpi_legacy_is_cpu(bytes, n, true))
		return cpi_error(err, CP_ERROR_FORMAT, base, "no Java CPU profile");
	c = start(l, bytes, n, &w);
	cpi_legacy_cpu_samples(l, &c, w.wide, false, (int64_t)w.period * 1000);
	lines = text_behind(&c, base);
	return cpi_legacy_java_locations(l, &lines, err);
}

static int detect(const struct cpi_source *source)
{
	return cpi_legacy_is_cpu(source->part[0].data, source->part[0].n, false) ? 90 : 0;
}

static enum cp_code read_cpu(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	(void)options;
	(void)unwinder;
	return cpi_legacy_read(env, source, cpi_legacy_read_cpu, ret_profile, err);
}

const struct cpi_format cpi_format_legacy_cpu = {
	.public = {.name = "gperftools-cpu",
		.description = "gperftools CPU profile, 32 or 64 bits, either byte order",
		.extensions = "",
		.reads = true,
		.binary = true},
	.detect = detect,
	.read = read_cpu,
};
