/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folded text, byte for byte: what stands between two ';' is a name, whatever it holds.
 * Lines and their counts; folded/split.c has the frames.
 */
#include "format/folded/folded.h"
#include "format/folded/line.h"
#include "format/folded/split.h"

/* Pages of a mapped input are given back this often. */
enum { BEHIND = 16 << 20 };

/*
 * Distinct stacks by the million are each looked up in an index that no cache holds, so
 * lines wait in a queue for the memory that looking them up takes.
 */
enum { QUEUE = 16 };

/* Of one line; each costs every sample a value. */
enum { MOST_COUNTS = 256 };

struct queued {
	size_t first; /* of its frames in `waiting` */
	uint32_t depth;
	uint64_t hash;
};

struct reader {
	struct cpi_env *env;
	const struct cpi_source *source;
	struct cp_error *err;
	struct cpi_builder b;
	struct folded_split split;
	uint32_t counts;       /* of a line: 1, 2, or what the header names */
	bool sure;             /* …because the header or the caller says so */
	struct cp_text header; /* pprofutils' first line, or empty */
	unsigned decimals;     /* of all values so far */
	struct queued queue[QUEUE];
	unsigned queued;
	CPI_VEC(cp_location) waiting;       /* the queue's stacks */
	int64_t value[QUEUE * MOST_COUNTS]; /* and values, `counts` of each */
	uint64_t line;                      /* number of the current one, from 1 */
	uint64_t stacks;
};

static enum cp_code failed(struct reader *r)
{
	if (r->b.code && r->err)
		*r->err = r->b.error;
	return r->b.code;
}

/* Turns the lines in the queue into samples. */
static enum cp_code flush(struct reader *r)
{
	for (unsigned i = 0; i < r->queued; i++) {
		const struct queued *q = &r->queue[i];
		cp_stack stack = cpi_builder_stack_hashed(
			&r->b, r->waiting.v + q->first, q->depth, q->hash);

		cpi_builder_sample(&r->b, stack, (cp_labels){0},
			r->value + (size_t)i * r->counts, CP_NO_TIME);
	}
	r->queued = 0;
	r->waiting.n = 0;
	return failed(r);
}

static bool scale(int64_t *x, unsigned by)
{
	while (by--)
		if (__builtin_mul_overflow(*x, 10, x))
			return false;
	return true;
}

/* Gives all values so far the decimals of one that has more. */
static enum cp_code more_decimals(struct reader *r, unsigned decimals)
{
	struct cp_profile *p = r->b.p;

	for (size_t i = 0; i < p->value.n; i++)
		if (!scale(&p->value.v[i], decimals - r->decimals))
			return cpi_error(r->err, CP_ERROR_LIMIT, CP_NO_OFFSET,
				"64 bits do not hold the values with %u decimals",
				decimals);
	for (size_t i = 0; i < p->sample_type.n; i++)
		p->sample_type.v[i].decimals = (uint8_t)decimals;
	r->decimals = decimals;
	return CP_OK;
}

static enum cp_code to_value(struct reader *r, struct folded_count count, int64_t *ret)
{
	int64_t x = count.mantissa;

	if (!scale(&x, r->decimals - count.decimals))
		return cpi_error(r->err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"64 bits do not hold a value with %u decimals", r->decimals);
	*ret = x;
	return CP_OK;
}

/* All counts of a line; if they bring more decimals, after what is in the queue. */
static enum cp_code to_values(struct reader *r, const struct folded_count *count)
{
	unsigned most = 0;
	enum cp_code code = CP_OK;

	for (uint32_t i = 0; i < r->counts; i++)
		if (count[i].decimals > most)
			most = count[i].decimals;
	if (most > r->decimals) {
		code = flush(r);
		if (!code)
			code = more_decimals(r, most);
	}
	for (uint32_t i = 0; i < r->counts && !code; i++)
		code = to_value(
			r, count[i], &r->value[(size_t)r->queued * r->counts + i]);
	return code;
}

static enum cp_code add_stack(
	struct reader *r, struct cp_text body, const struct folded_count *count)
{
	struct folded_split *split = &r->split;
	struct queued q = {0};
	enum cp_code code = folded_split_line(split, body, r->err);

	if (!code)
		code = to_values(r, count);
	if (code)
		return code;
	q.first = r->waiting.n;
	q.depth = (uint32_t)split->depth;
	if (!cpi_vec_reserve(&r->env->mem, &r->waiting, split->depth))
		return cpi_error_memory(r->err);
	if (split->depth)
		memcpy(r->waiting.v + q.first, folded_split_frames(split),
			split->depth * sizeof *r->waiting.v);
	r->waiting.n += split->depth;
	q.hash = cpi_builder_stack_hint(&r->b, r->waiting.v + q.first, q.depth);
	r->queue[r->queued++] = q;
	r->stacks++;
	return r->queued == QUEUE ? flush(r) : CP_OK;
}

static void bad_line(struct reader *r, uint64_t offset, const char *what)
{
	struct cpi_place place =
		cpi_place_record(r->source->name, "line", r->line, offset);

	cpi_diag_warn(&r->env->diag, "folded-line", &place, "it has %s", what);
}

static void malformed(struct reader *r, enum folded_kind kind, uint64_t offset)
{
	static const char *const what[] = {
		[FOLDED_NO_COUNT] = "no count at its end",
		[FOLDED_BIG_COUNT] = "a count beyond 64 bits",
	};

	bad_line(r, offset, what[kind]);
}

static void bad_count(struct reader *r, uint64_t offset, uint32_t has)
{
	struct cpi_place place =
		cpi_place_record(r->source->name, "line", r->line, offset);

	cpi_diag_warn(&r->env->diag, "folded-line", &place, "it has %u counts, not %u",
		has, r->counts);
}

/* *ret_again: a line has one count where two were believed. */
static enum cp_code one_line(
	struct reader *r, struct cp_text text, uint64_t offset, bool *ret_again)
{
	struct folded_count count[MOST_COUNTS];
	struct folded_line line;
	enum folded_kind kind = cpi_folded_line(text, &line);
	uint32_t missing = r->counts - 1;
	enum cp_code code;

	if (kind == FOLDED_EMPTY || kind == FOLDED_COMMENT)
		return CP_OK;
	if (kind != FOLDED_STACK) {
		malformed(r, kind, offset);
		return CP_OK;
	}
	count[missing] = line.count;
	while (missing && cpi_folded_another(&line.body, &count[missing - 1]))
		missing--;
	if (missing) {
		*ret_again = !r->sure;
		if (r->sure)
			bad_count(r, offset, r->counts - missing);
		return CP_OK;
	}
	code = add_stack(r, line.body, count);
	if (code && r->err) {
		if (r->err->offset == CP_NO_OFFSET)
			r->err->offset = offset;
		cpi_error_context(r->err, "line %llu", (unsigned long long)r->line);
	}
	return code;
}

static enum cp_code each_line(struct reader *r, bool *ret_again)
{
	const char *start = (const char *)r->source->part[0].data, *p = start;
	const char *end = p + r->source->part[0].n, *behind = p;
	enum cp_code code = CP_OK;

	if (end - p >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		p += 3;
	while (p < end && !code && !*ret_again) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		struct cp_text text = {p, (size_t)((stop ? stop : end) - p)};

		r->line++;
		if (r->header.n && r->line == 1) {
			p = stop ? stop + 1 : end;
			continue;
		}
		if (p - behind >= BEHIND) {
			/*
			 * The last line is still compared with; one page more does for
			 * it.
			 */
			cpi_source_behind(r->source, 0, (uint64_t)(behind - start),
				(uint64_t)(r->split.last.p ? r->split.last.p - start
							   : 0));
			behind = p;
			code = cpi_env_progress(r->env,
				(double)(p - start) / (double)(end - start), r->err);
		}
		if (!code)
			code = one_line(r, text, (uint64_t)(p - start), ret_again);
		p = stop ? stop + 1 : end;
	}
	return code;
}

static void types(struct reader *r)
{
	cp_string count = cpi_builder_str(&r->b, "count");
	struct cp_text rest = r->header, type, unit;

	while (rest.n && cpi_folded_type(&rest, &type, &unit))
		cpi_builder_sample_type(&r->b, cpi_builder_string(&r->b, type),
			cpi_builder_string(&r->b, unit), 0);
	if (r->header.n)
		return;
	if (r->counts == 2) {
		cpi_builder_sample_type(
			&r->b, cpi_builder_str(&r->b, "before"), count, 0);
		cpi_builder_sample_type(&r->b, cpi_builder_str(&r->b, "after"), count, 0);
	} else {
		cpi_builder_sample_type(
			&r->b, cpi_builder_str(&r->b, "samples"), count, 0);
	}
}

static enum cp_code read_as(
	struct reader *r, bool *ret_again, struct cp_profile **ret_profile)
{
	const struct cpi_bytes *bytes = &r->source->part[0];
	enum cp_code code = CP_OK;

	cpi_builder_init(&r->b, r->env);
	types(r);
	if (folded_split_init(&r->split, &r->b, (const char *)bytes->data + bytes->n))
		code = each_line(r, ret_again);
	if (!code && !*ret_again)
		code = flush(r);
	folded_split_release(&r->split);
	cpi_vec_release(&r->env->mem, &r->waiting);
	if (!code && !*ret_again && !r->b.code && !r->stacks)
		code = cpi_error(r->err, CP_ERROR_EMPTY, CP_NO_OFFSET,
			"no line has a stack and a count");
	if (code || *ret_again) {
		cpi_builder_release(&r->b);
		return code;
	}
	return cpi_builder_finish(&r->b, ret_profile, r->err);
}

/* The first stack's line tells whether to begin with two counts. */
static bool begins_with_two(const struct cpi_source *source)
{
	const char *p = (const char *)source->part[0].data, *end = p + source->part[0].n;

	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		struct folded_line line;

		if (!stop)
			stop = end;
		if (cpi_folded_line((struct cp_text){p, (size_t)(stop - p)}, &line) ==
			FOLDED_STACK)
			return cpi_folded_another(&line.body, &line.count);
		p = stop < end ? stop + 1 : end;
	}
	return false;
}

static struct cp_text text_of(const struct cpi_source *source)
{
	return (struct cp_text){(const char *)source->part[0].data, source->part[0].n};
}

enum cp_code cpi_folded_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	bool pair = options && options->diff_input, again = false;
	struct cp_text header;
	uint32_t named = cpi_folded_header(text_of(source), &header);
	struct reader r = {.env = env,
		.source = source,
		.err = err,
		.sure = pair || named,
		.counts = named                             ? named
			  : pair || begins_with_two(source) ? 2
							    : 1};
	enum cp_code code;

	(void)unwinder;
	if (named > MOST_COUNTS)
		return cpi_error(err, CP_ERROR_LIMIT, 0,
			"the first line names more than %d sample types", MOST_COUNTS);
	if (named)
		r.header = header;
	code = read_as(&r, &again, ret_profile);
	if (!again)
		return code;
	again = false;
	r = (struct reader){.env = env, .source = source, .err = err, .counts = 1};
	return read_as(&r, &again, ret_profile);
}

/* What the first lines are; text without any ';' is doubtful. */
int cpi_folded_detect(const struct cpi_source *source)
{
	const char *p = (const char *)source->part[0].data, *end = p + source->part[0].n;
	unsigned stacks = 0, others = 0;
	struct cp_text header;
	bool joined = false, named = cpi_folded_header(text_of(source), &header) > 0;

	if (named)
		p = header.p + header.n;
	else if (end - p >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		p += 3;
	for (unsigned i = 0; i < 64 && p < end; i++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		struct folded_line line;
		enum folded_kind kind;

		if (!stop)
			stop = end;
		kind = cpi_folded_line((struct cp_text){p, (size_t)(stop - p)}, &line);
		stacks += kind == FOLDED_STACK;
		others += kind == FOLDED_NO_COUNT || kind == FOLDED_BIG_COUNT;
		if (kind == FOLDED_STACK && memchr(line.body.p, ';', line.body.n))
			joined = true;
		p = stop < end ? stop + 1 : end;
	}
	if (!others && stacks)
		return named || joined ? 50 : 30;
	/*
	 * Damaged text is still worth this reader's complaints when it has real
	 * stacks.
	 */
	return joined && stacks >= others / 4 ? 20 : 0;
}
