/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folded text, byte for byte: what stands between two ';' is a name, whatever it holds.
 *
 * The workload that shaped it: a million distinct lines of 800 bytes, mostly sorted. A
 * line's frames are kept with the place where each ends, so that the next line starts
 * from the frames that both begin with, found by comparing words, and only splits and
 * looks up what differs: first as what last followed the frame above, which spares
 * hashing nearly everywhere, then by its name. Stacks are kept the way the model wants
 * them, leaf first, by filling a buffer from its end.
 */
#include "format/folded.h"
#include "format/folded_line.h"
#include "model/builder.h"

/* Pages of a mapped input are given back this often. */
enum { BEHIND = 16 << 20 };

/* A name; its row's number is its location's, as locations are made for names alone. */
struct known {
	struct cp_text name; /* the profile's copy */
	uint32_t next;       /* what last followed it; in row 0 what last was at the root */
};

struct reader {
	struct cpi_env *env;
	const struct cpi_source *source;
	struct cp_error *err;
	struct cpi_builder b;
	bool two;          /* two counts a line */
	bool forced;       /* …because the caller said so */
	unsigned decimals; /* of all values so far */
	CPI_VEC(struct known) known; /* 0 is none */
	struct cpi_index names;
	/* The frames of the last line: frame i from the root is frame[room - 1 - i]. */
	cp_location *frame;
	uint64_t *end; /* where frame i ends in its line; entry i */
	size_t room, depth;
	struct cp_text last; /* the last line's frames */
	uint64_t line;       /* number of the current one, from 1 */
	uint64_t stacks;
};

static enum cp_code grow_frames(struct reader *r)
{
	struct cpi_mem *mem = &r->env->mem;
	size_t room = r->room ? r->room * 2 : 256;
	cp_location *frame;
	uint64_t *end;

	if (r->depth >= r->env->limits.stack_depth)
		return cpi_error(r->err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"a stack has more than %u frames", r->env->limits.stack_depth);
	frame = cpi_alloc_array(mem, room, sizeof *frame);
	end = cpi_alloc_array(mem, room, sizeof *end);
	if (!frame || !end) {
		cpi_free(mem, frame, frame ? room * sizeof *frame : 0);
		cpi_free(mem, end, end ? room * sizeof *end : 0);
		return cpi_error_memory(r->err);
	}
	if (r->depth) {
		memcpy(frame + room - r->depth, r->frame + r->room - r->depth,
			r->depth * sizeof *frame);
		memcpy(end, r->end, r->depth * sizeof *end);
	}
	cpi_free(mem, r->frame, r->room * sizeof *frame);
	cpi_free(mem, r->end, r->room * sizeof *end);
	r->frame = frame;
	r->end = end;
	r->room = room;
	return CP_OK;
}

static bool add_name(struct reader *r, struct cp_text name, uint64_t hash)
{
	struct cp_function_row f = {.name = cpi_builder_string(&r->b, name)};
	struct cp_line_row line = {0};
	struct known row = {0};
	cp_location location;

	f.system_name = f.name;
	line.function = cpi_builder_function(&r->b, &f);
	location = cpi_builder_location(&r->b, (cp_mapping){0}, 0, false, &line, 1);
	if (r->b.code)
		return false;
	row.name = cpi_profile_text(r->b.p, f.name);
	if (!cpi_vec_push(&r->env->mem, &r->known, row) ||
		!cpi_index_add(&r->env->mem, &r->names, hash, location.i)) {
		cpi_builder_fail(&r->b, CP_ERROR_MEMORY, "out of memory");
		return false;
	}
	return true;
}

/* The location of a name; 0 when the builder failed. */
static cp_location find_name(struct reader *r, struct cp_text name)
{
	uint64_t hash = cpi_hash(name.p, name.n);
	struct cpi_probe probe = cpi_index_find(&r->names, hash);

	for (uint32_t id; (id = cpi_index_next(&r->names, &probe));)
		if (cpi_text_equal(r->known.v[id].name, name))
			return (cp_location){id};
	if (!add_name(r, name, hash))
		return (cp_location){0};
	return (cp_location){(uint32_t)r->known.n - 1};
}

/* The location of the first frame of `rest`, which stands below `above`. */
static inline cp_location next_frame(struct reader *r, cp_location above, struct cp_text rest)
{
	uint32_t guess = r->known.v[above.i].next;
	struct cp_text name = r->known.v[guess].name;
	cp_location location;
	const char *stop;

	if (guess && name.n <= rest.n && (name.n == rest.n || rest.p[name.n] == ';') &&
		!memcmp(rest.p, name.p, name.n))
		return (cp_location){guess};
	stop = memchr(rest.p, ';', rest.n);
	if (stop)
		rest.n = (size_t)(stop - rest.p);
	location = find_name(r, rest);
	r->known.v[above.i].next = location.i;
	return location;
}

static inline size_t common(struct cp_text a, struct cp_text b)
{
	size_t n = a.n < b.n ? a.n : b.n, i = 0;

	for (; n - i >= 32; i += 32) {
		uint64_t x[4], y[4];

		memcpy(x, a.p + i, sizeof x);
		memcpy(y, b.p + i, sizeof y);
		if ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]))
			break;
	}
	while (i < n && a.p[i] == b.p[i])
		i++;
	return i;
}

/* Makes the frames those of `body`. */
static enum cp_code split(struct reader *r, struct cp_text body)
{
	size_t same = common(r->last, body), at;
	cp_location frame = {0};

	/* A trailing ';' ends the last frame and starts none. */
	while (body.n && body.p[body.n - 1] == ';')
		body.n--;
	if (same > body.n)
		same = body.n;
	while (r->depth && r->end[r->depth - 1] >= same)
		r->depth--;
	r->last = body;
	at = r->depth ? r->end[r->depth - 1] + 1 : 0;
	if (r->depth)
		frame = r->frame[r->room - r->depth];
	while (at < body.n) {
		if (r->depth == r->room || r->depth >= r->env->limits.stack_depth) {
			enum cp_code code = grow_frames(r);

			if (code)
				return code;
		}
		frame = next_frame(r, frame, (struct cp_text){body.p + at, body.n - at});
		if (!frame.i)
			break;
		at += r->known.v[frame.i].name.n;
		r->frame[r->room - 1 - r->depth] = frame;
		r->end[r->depth++] = at++;
	}
	if (r->b.code && r->err)
		*r->err = r->b.error;
	return r->b.code;
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
				"64 bits do not hold the values with %u decimals", decimals);
	for (size_t i = 0; i < p->sample_type.n; i++)
		p->sample_type.v[i].decimals = (uint8_t)decimals;
	r->decimals = decimals;
	return CP_OK;
}

static enum cp_code to_value(struct reader *r, struct folded_count count, int64_t *ret)
{
	*ret = count.mantissa;
	if (count.decimals > r->decimals) {
		enum cp_code code = more_decimals(r, count.decimals);

		if (code)
			return code;
	}
	if (scale(ret, r->decimals - count.decimals))
		return CP_OK;
	return cpi_error(r->err, CP_ERROR_LIMIT, CP_NO_OFFSET,
		"64 bits do not hold a value with %u decimals", r->decimals);
}

static enum cp_code add_stack(struct reader *r, const struct folded_line *line)
{
	int64_t value[2] = {0};
	enum cp_code code = split(r, r->two ? line->body_of_two : line->body);
	cp_stack stack;

	if (!code && r->two)
		code = to_value(r, line->first, &value[0]);
	if (!code)
		code = to_value(r, line->count, &value[r->two]);
	/* The first may have been read with fewer decimals than the second brought. */
	if (!code && r->two)
		code = to_value(r, line->first, &value[0]);
	if (code)
		return code;
	stack = cpi_builder_stack(
		&r->b, r->frame + r->room - r->depth, (uint32_t)r->depth);
	cpi_builder_sample(&r->b, stack, (cp_labels){0}, value, CP_NO_TIME);
	r->stacks++;
	if (r->b.code && r->err)
		*r->err = r->b.error;
	return r->b.code;
}

static enum cp_code malformed(struct reader *r, enum folded_kind kind, uint64_t offset)
{
	static const char *const what[] = {
		[FOLDED_NO_COUNT] = "no count at its end",
		[FOLDED_BIG_COUNT] = "a count beyond 64 bits",
	};

	return cpi_diag_warn(&r->env->diag, r->err, "folded-line", offset,
		"line %llu has %s", (unsigned long long)r->line, what[kind]);
}

/* *ret_again: a line has one count where two were believed. */
static enum cp_code one_line(
	struct reader *r, struct cp_text text, uint64_t offset, bool *ret_again)
{
	struct folded_line line;
	enum folded_kind kind = cpi_folded_line(text, &line);
	enum cp_code code;

	if (kind == FOLDED_EMPTY || kind == FOLDED_COMMENT)
		return CP_OK;
	if (kind != FOLDED_STACK)
		return malformed(r, kind, offset);
	if (r->two && !line.two) {
		*ret_again = !r->forced;
		return r->forced ? cpi_diag_warn(&r->env->diag, r->err, "folded-line", offset,
					   "line %llu has one count, not two",
					   (unsigned long long)r->line)
				 : CP_OK;
	}
	code = add_stack(r, &line);
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
		if (p - behind >= BEHIND) {
			/* The last line is still compared with; one page more does for it. */
			cpi_source_behind(r->source, 0, (uint64_t)(r->last.p
				? r->last.p - start : 0));
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

	if (r->two) {
		cpi_builder_sample_type(&r->b, cpi_builder_str(&r->b, "before"), count, 0);
		cpi_builder_sample_type(&r->b, cpi_builder_str(&r->b, "after"), count, 0);
	} else {
		cpi_builder_sample_type(&r->b, cpi_builder_str(&r->b, "samples"), count, 0);
	}
}

static void release(struct reader *r)
{
	struct cpi_mem *mem = &r->env->mem;

	cpi_free(mem, r->frame, r->room * sizeof *r->frame);
	cpi_free(mem, r->end, r->room * sizeof *r->end);
	cpi_vec_release(mem, &r->known);
	cpi_index_release(mem, &r->names);
}

static enum cp_code read_as(struct reader *r, bool *ret_again, struct cp_profile **ret_profile)
{
	enum cp_code code = CP_OK;

	cpi_builder_init(&r->b, r->env);
	types(r);
	if (!r->b.code && !cpi_vec_push(&r->env->mem, &r->known, (struct known){0}))
		cpi_builder_fail(&r->b, CP_ERROR_MEMORY, "out of memory");
	if (!r->b.code)
		code = each_line(r, ret_again);
	release(r);
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
			return line.two;
		p = stop < end ? stop + 1 : end;
	}
	return false;
}

enum cp_code cpi_folded_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	bool forced = options && options->diff_input, again = false;
	struct reader r = {.env = env, .source = source, .err = err, .forced = forced,
		.two = forced || begins_with_two(source)};
	enum cp_code code = read_as(&r, &again, ret_profile);

	(void)unwinder;
	if (!again)
		return code;
	again = false;
	r = (struct reader){.env = env, .source = source, .err = err};
	return read_as(&r, &again, ret_profile);
}

/* What the first lines are; text without any ';' is doubtful. */
int cpi_folded_detect(const struct cpi_source *source)
{
	const char *p = (const char *)source->part[0].data, *end = p + source->part[0].n;
	unsigned stacks = 0, others = 0;
	bool joined = false;

	if (end - p >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
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
		return joined ? 50 : 30;
	/* Damaged text is still worth this reader's complaints when it has real stacks. */
	return joined && stacks >= others / 4 ? 20 : 0;
}
