/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks of what has none. The file says what each function cost by itself, and what its
 * calls of each other function cost altogether; so of a function that is called from two
 * places each of its lines, and each of its own calls, is shared between them as the
 * costs of the two calls are. Functions that call each other in circles stand below one
 * frame
 * "<cycle N>", as in callgrind_annotate, whatever happened inside.
 *
 * Components are visited callers first. What has arrived at one by then is a list of
 * ways: a chain of calls, and how much of each event came along it. A cost is cut into
 * whole numbers at the places where the sum of the ways so far, rounded down, changes:
 * the parts add up to it exactly, and none is wrong by more than 1.
 *
 * The number of ways grows with every level, so those that carry less than a 4,096th of
 * an event are joined into one that begins with "[other callers]".
 */
#include <stdio.h>

#include "base/sort.h"
#include "format/callgrind/callgrind.h"

enum {
	SHARE = 4096, /* a way is kept that carries this part of any event */
	DEPTH = 512,  /* calls in a way */
	ALONE = 100,  /* costs that no caller explains: less than this part is noise */
	BUDGET = 1 << 25, /* pairs of rows and ways in all, beyond one way for each row */
	NO_WAY = UINT32_MAX
};

/* One call of a way; the chain goes to the root. */
struct call {
	uint32_t before, row; /* row 0: "[other callers]" */
	uint32_t depth;
};

/* A way that arrives at a component. */
struct way {
	uint32_t call;     /* 0: the component is a root */
	uint32_t next;     /* of the same component, or NO_WAY */
	uint64_t amount[]; /* by event */
};

struct estimate {
	struct callgrind *c;
	size_t stride;         /* of a way, in 64-bit words */
	CPI_VEC(uint64_t) way; /* structs of this stride */
	CPI_VEC(struct call) call;
	uint32_t *first, *last; /* ways, by component */
	uint32_t *other;        /* the joined one, or NO_WAY */
	uint64_t *total;        /* by event: all self costs */
	/* Of the component that is being visited. */
	CPI_VEC(uint32_t) here;  /* its ways */
	CPI_VEC(uint64_t) until; /* by way and event: sum of amounts, this way included */
	uint32_t shared_as[CALLGRIND_EVENTS]; /* the event whose amounts share this one */
	CPI_VEC(cp_location) frame;
	CPI_VEC(cp_location) cycle; /* frames of circles, by component */
	cp_location others;
	uint64_t budget;
};

static struct way *way_at(struct estimate *s, uint32_t i)
{
	return (struct way *)(void *)(s->way.v + (size_t)i * s->stride);
}

static uint32_t n_ways(const struct estimate *s)
{
	return (uint32_t)(s->way.n / s->stride);
}

/* A new way of a component with amounts of 0, or NO_WAY when there is no memory. */
static uint32_t add_way(struct estimate *s, uint32_t component, uint32_t call)
{
	uint32_t id = n_ways(s);
	struct way *way;

	if (id >= NO_WAY - 1 || !cpi_callgrind_fine(s->c, cpi_vec_reserve(&s->c->env->mem,
								  &s->way, s->stride)))
		return NO_WAY;
	memset(s->way.v + s->way.n, 0, s->stride * sizeof *s->way.v);
	s->way.n += s->stride;
	way = way_at(s, id);
	way->call = call;
	way->next = NO_WAY;
	if (s->first[component] == NO_WAY)
		s->first[component] = id;
	else
		way_at(s, s->last[component])->next = id;
	s->last[component] = id;
	return id;
}

static bool add_amount(struct estimate *s, struct way *way, uint32_t event, uint64_t x)
{
	if (!__builtin_add_overflow(way->amount[event], x, &way->amount[event]) &&
		way->amount[event] <= INT64_MAX)
		return true;
	cpi_builder_fail(&s->c->b, CP_ERROR_LIMIT, "a sum of costs exceeds 64 bits");
	return false;
}

static uint32_t add_call(struct estimate *s, uint32_t before, uint32_t row)
{
	struct call call = {before, row, s->call.v[before].depth + 1};

	return cpi_callgrind_fine(s->c, cpi_vec_push(&s->c->env->mem, &s->call, call))
		       ? (uint32_t)s->call.n - 1
		       : 0;
}

/* The way of a component along which everything comes that is not kept apart. */
static uint32_t other_way(struct estimate *s, uint32_t component)
{
	if (s->other[component] == NO_WAY)
		s->other[component] = add_way(s, component, 1);
	return s->other[component];
}

static bool worth_keeping(
	const struct estimate *s, const struct way *way, const uint64_t *sum)
{
	for (uint32_t e = 0; e < s->c->n_events; e++) {
		uint64_t most = sum[e] > s->total[e] ? sum[e] : s->total[e];

		if (way->amount[e] && way->amount[e] >= most / SHARE)
			return true;
	}
	return false;
}

/*
 * What a component costs that none of its callers paid for: a thread's first function, a
 * handler. It is a root, too, then.
 */
static void root_way(struct estimate *s, uint32_t component, uint64_t *sum)
{
	const struct callgrind *c = s->c;
	int64_t cost[CALLGRIND_EVENTS] = {0};
	bool alone = s->first[component] == NO_WAY;
	uint32_t id;

	for (uint32_t m = c->component.v[component]; m < c->component.v[component + 1];
		m++) {
		const struct callgrind_function *f = &c->function.v[c->member.v[m]];

		for (uint32_t i = 0; i < f->n_rows; i++) {
			uint32_t row = c->by_function.v[f->first_row + i];
			uint32_t callee = c->row.v[row].callee;

			if (callee && c->function.v[callee].component == component)
				continue;
			for (uint32_t e = 0; e < c->n_events; e++)
				if (__builtin_add_overflow(cost[e],
					    cpi_callgrind_cost(c, row)[e], &cost[e]))
					cost[e] = INT64_MAX;
		}
	}
	for (uint32_t e = 0; e < c->n_events; e++) {
		cost[e] = cost[e] > 0 && (uint64_t)cost[e] > sum[e]
				  ? cost[e] - (int64_t)sum[e]
				  : 0;
		alone |= (uint64_t)cost[e] > sum[e] / ALONE;
	}
	id = alone ? add_way(s, component, 0) : NO_WAY;
	for (uint32_t e = 0; id != NO_WAY && e < c->n_events; e++) {
		add_amount(s, way_at(s, id), e, (uint64_t)cost[e]);
		sum[e] += (uint64_t)cost[e];
	}
}

static int heaviest_first(void *arg, uint32_t a, uint32_t b)
{
	struct estimate *s = arg;
	const struct way *x = way_at(s, a), *y = way_at(s, b);

	for (uint32_t e = 0; e < s->c->n_events; e++)
		if (x->amount[e] != y->amount[e])
			return x->amount[e] > y->amount[e] ? -1 : 1;
	return 0;
}

static bool sums(struct estimate *s, uint32_t component, uint64_t *sum)
{
	for (uint32_t i = s->first[component]; i != NO_WAY; i = way_at(s, i)->next)
		for (uint32_t e = 0; e < s->c->n_events; e++) {
			uint64_t x = way_at(s, i)->amount[e];

			if (!__builtin_add_overflow(sum[e], x, &sum[e]) &&
				sum[e] <= INT64_MAX)
				continue;
			cpi_builder_fail(&s->c->b, CP_ERROR_LIMIT,
				"a sum of costs exceeds 64 bits");
			return false;
		}
	return true;
}

static uint32_t n_rows(const struct callgrind *c, uint32_t component)
{
	uint32_t n = 0;

	for (uint32_t m = c->component.v[component]; m < c->component.v[component + 1];
		m++)
		n += c->function.v[c->member.v[m]].n_rows;
	return n;
}

/* How many ways a component with so many rows may keep. */
static size_t most_ways(struct estimate *s, uint32_t component, size_t n)
{
	uint64_t rows = n_rows(s->c, component) + 1u, most = s->budget / 4 / rows;

	if (most > SHARE)
		most = SHARE;
	if (most < 1)
		most = 1;
	if (n < most)
		most = n;
	s->budget -= rows * most < s->budget ? rows * most : s->budget;
	return (size_t)most;
}

/* Joins those ways into the other one that are not among the first `most`, or light. */
static void keep(struct estimate *s, uint32_t component, const uint64_t *sum)
{
	size_t kept = 0, most = most_ways(s, component, s->here.n);
	uint32_t other = s->other[component];

	for (size_t i = 0; i < s->here.n && !s->c->b.code; i++) {
		uint32_t id = s->here.v[i];

		if (id == other)
			continue;
		if (kept < most && worth_keeping(s, way_at(s, id), sum)) {
			s->here.v[kept++] = id;
			continue;
		}
		other = other_way(s, component);
		for (uint32_t e = 0; other != NO_WAY && e < s->c->n_events; e++)
			add_amount(s, way_at(s, other), e, way_at(s, id)->amount[e]);
	}
	if (other == NO_WAY || s->c->b.code) {
		s->here.n = kept;
		return;
	}
	s->here.n = kept;
	cpi_callgrind_fine(s->c, cpi_vec_push(&s->c->env->mem, &s->here, other));
}

/* Fills s->here and s->until. */
static bool arrivals(struct estimate *s, uint32_t component)
{
	struct cpi_mem *mem = &s->c->env->mem;
	uint32_t events = s->c->n_events;
	uint64_t sum[CALLGRIND_EVENTS] = {0};

	if (!sums(s, component, sum))
		return false;
	root_way(s, component, sum);
	s->here.n = s->until.n = 0;
	for (uint32_t i = s->first[component]; i != NO_WAY && !s->c->b.code;
		i = way_at(s, i)->next)
		cpi_callgrind_fine(s->c, cpi_vec_push(mem, &s->here, i));
	if (s->c->b.code ||
		!cpi_callgrind_fine(s->c,
			cpi_sort_rows(mem, s->here.v, s->here.n, heaviest_first, s)))
		return false;
	keep(s, component, sum);
	if (s->c->b.code || !cpi_callgrind_fine(s->c,
				    cpi_vec_reserve(mem, &s->until, s->here.n * events)))
		return false;
	memset(sum, 0, sizeof sum);
	for (size_t i = 0; i < s->here.n; i++)
		for (uint32_t e = 0; e < events; e++)
			s->until.v[s->until.n++] = sum[e] +=
				way_at(s, s->here.v[i])->amount[e];
	/* An event that came along no way is shared as the first one is that did. */
	for (uint32_t e = 0; e < events; e++) {
		uint32_t as = e;

		for (uint32_t k = 0; k < events && !sum[as]; k++)
			as = sum[k] ? k : as;
		s->shared_as[e] = sum[as] ? as : CALLGRIND_EVENTS;
	}
	return s->here.n != 0;
}

static int64_t cut(int64_t cost, uint64_t until, uint64_t all)
{
	uint64_t x = cost < 0 ? 0 - (uint64_t)cost : (uint64_t)cost, product;

	/* Division of 128 bits takes several times as long, and is hardly ever needed. */
	if (!__builtin_mul_overflow(x, until, &product))
		x = product / all;
	else
		x = (uint64_t)((unsigned __int128)x * until / all);
	return (int64_t)(cost < 0 ? 0 - x : x);
}

/* The part of a cost that belongs to the way `i` of s->here. */
static int64_t part(const struct estimate *s, int64_t cost, size_t i, uint32_t event)
{
	uint32_t events = s->c->n_events, as = s->shared_as[event];
	uint64_t all;

	if (s->here.n == 1 || !cost)
		return cost;
	if (as == CALLGRIND_EVENTS)
		return i ? 0 : cost;
	all = s->until.v[(s->here.n - 1) * events + as];
	return cut(cost, s->until.v[i * events + as], all) -
	       (i ? cut(cost, s->until.v[(i - 1) * events + as], all) : 0);
}

static cp_function function_of(struct estimate *s, uint32_t name, uint32_t file)
{
	struct callgrind *c = s->c;
	struct cp_function_row row = {.name = cpi_builder_string(&c->b, c->name.v[name])};

	if (!cpi_text_equal(c->name.v[file], CPI_TEXT("???")))
		row.file = cpi_builder_string(&c->b, c->name.v[file]);
	row.system_name = row.name;
	return cpi_builder_function(&c->b, &row);
}

static cp_mapping object_of(struct callgrind *c, uint32_t object)
{
	struct cp_mapping_row row = {.kind = CP_MAP_USER,
		.has = CP_HAS_FUNCTIONS | CP_HAS_FILENAMES | CP_HAS_LINE_NUMBERS};

	if (!object || cpi_text_equal(c->name.v[object], CPI_TEXT("???")))
		return (cp_mapping){0};
	row.path = cpi_builder_string(&c->b, c->name.v[object]);
	return cpi_builder_mapping(&c->b, &row);
}

/* The place of a row, made when it is first needed. */
static cp_location place(struct estimate *s, uint32_t id)
{
	struct callgrind_row *row = &s->c->row.v[id];
	const struct callgrind_function *f = &s->c->function.v[row->function];
	struct cp_line_row line = {.line = row->line};

	if (row->made.i)
		return row->made;
	line.function = function_of(s, f->name, row->file);
	row->made = cpi_builder_location(
		&s->c->b, object_of(s->c, f->object), 0, false, &line, 1);
	return row->made;
}

/* A frame that stands for no code. */
static cp_location named(struct estimate *s, const char *name)
{
	struct cp_function_row row = {.name = cpi_builder_str(&s->c->b, name)};
	struct cp_line_row line = {0};

	row.system_name = row.name;
	line.function = cpi_builder_function(&s->c->b, &row);
	return cpi_builder_location(&s->c->b, (cp_mapping){0}, 0, false, &line, 1);
}

static void push(struct estimate *s, cp_location frame)
{
	cpi_callgrind_fine(s->c, cpi_vec_push(&s->c->env->mem, &s->frame, frame));
}

static void push_cycle(struct estimate *s, uint32_t component)
{
	cp_location *frame = &s->cycle.v[component];
	char name[32];

	if (!s->c->cycle.v[component])
		return;
	if (!frame->i) {
		snprintf(name, sizeof name, "<cycle %u>", s->c->cycle.v[component]);
		*frame = named(s, name);
	}
	push(s, *frame);
}

/* The frames above a component's own along a way; the leaf's place is left free. */
static void frames(struct estimate *s, uint32_t component, uint32_t call)
{
	s->frame.n = 0;
	push(s, (cp_location){0});
	push_cycle(s, component);
	for (; call > 1 && !s->c->b.code; call = s->call.v[call].before) {
		uint32_t row = s->call.v[call].row;

		push(s, place(s, row));
		push_cycle(s, s->c->function.v[s->c->row.v[row].function].component);
	}
	if (call == 1) {
		if (!s->others.i)
			s->others = named(s, "[other callers]");
		push(s, s->others);
	}
}

/* A line's own cost along one way. */
static void sample(struct estimate *s, uint32_t row, size_t i)
{
	int64_t value[CALLGRIND_EVENTS];
	bool any = false;

	for (uint32_t e = 0; e < s->c->n_events; e++) {
		value[e] = part(s, cpi_callgrind_cost(s->c, row)[e], i, e);
		any |= value[e] != 0;
		if (__builtin_mul_overflow(
			    value[e], (int64_t)s->c->event[e].factor, &value[e]))
			cpi_builder_fail(&s->c->b, CP_ERROR_LIMIT,
				"a cost in its unit exceeds 64 bits");
	}
	if (!any || s->c->b.code)
		return;
	s->frame.v[0] = place(s, row);
	/* Rows and ways differ, so stacks do: there is no sample to add to. */
	cpi_builder_sample(&s->c->b,
		cpi_builder_stack(&s->c->b, s->frame.v, (uint32_t)s->frame.n),
		(cp_labels){0}, value, CP_NO_TIME);
}

/* A call's cost along one way becomes a way of what is called. */
static void call(struct estimate *s, uint32_t row, size_t i)
{
	const struct callgrind *c = s->c;
	uint32_t component = c->function.v[c->row.v[row].callee].component;
	uint32_t way = NO_WAY, before = way_at(s, s->here.v[i])->call;

	for (uint32_t e = 0; e < c->n_events && !c->b.code; e++) {
		int64_t x = part(s, cpi_callgrind_cost(c, row)[e], i, e);

		if (x <= 0)
			continue;
		if (way == NO_WAY && (before == 1 || s->call.v[before].depth >= DEPTH))
			way = other_way(s, component);
		else if (way == NO_WAY)
			way = add_way(s, component, add_call(s, before, row));
		if (way != NO_WAY)
			add_amount(s, way_at(s, way), e, (uint64_t)x);
	}
}

static void component(struct estimate *s, uint32_t id)
{
	const struct callgrind *c = s->c;

	if (!arrivals(s, id))
		return;
	for (size_t i = 0; i < s->here.n && !c->b.code; i++) {
		frames(s, id, way_at(s, s->here.v[i])->call);
		for (uint32_t m = c->component.v[id]; m < c->component.v[id + 1]; m++) {
			const struct callgrind_function *f =
				&c->function.v[c->member.v[m]];

			for (uint32_t k = 0; k < f->n_rows && !c->b.code; k++) {
				uint32_t row = c->by_function.v[f->first_row + k];
				uint32_t callee = c->row.v[row].callee;

				if (!callee)
					sample(s, row, i);
				else if (c->function.v[callee].component != id)
					call(s, row, i);
			}
		}
	}
}

static void totals(struct estimate *s)
{
	const struct callgrind *c = s->c;

	for (size_t i = 1; i < c->row.n; i++)
		for (uint32_t e = 0; e < c->n_events && !c->row.v[i].callee; e++) {
			int64_t x = cpi_callgrind_cost(c, (uint32_t)i)[e];

			/* Only what is small beside it is decided by this. */
			if (x > 0 && __builtin_add_overflow(
					     s->total[e], (uint64_t)x, &s->total[e]))
				s->total[e] = UINT64_MAX;
		}
}

static bool start(struct estimate *s)
{
	struct cpi_mem *mem = &s->c->env->mem;
	size_t n = s->c->cycle.n;

	s->stride = sizeof(struct way) / sizeof(uint64_t) + s->c->n_events;
	s->budget = BUDGET;
	s->first = cpi_alloc(mem, n * sizeof *s->first);
	s->last = cpi_alloc(mem, n * sizeof *s->last);
	s->other = cpi_alloc(mem, n * sizeof *s->other);
	s->total = cpi_alloc(mem, s->c->n_events * sizeof *s->total);
	if (!cpi_callgrind_fine(
		    s->c, s->first && s->last && s->other && s->total &&
				  cpi_vec_reserve(mem, &s->cycle, n) &&
				  /* 0 is no call, 1 that of the other callers */
				  cpi_vec_push(mem, &s->call, (struct call){0}) &&
				  cpi_vec_push(mem, &s->call, (struct call){0})))
		return false;
	memset(s->first, 0xff, n * sizeof *s->first);
	memset(s->other, 0xff, n * sizeof *s->other);
	memset(s->total, 0, s->c->n_events * sizeof *s->total);
	memset(s->cycle.v, 0, n * sizeof *s->cycle.v);
	totals(s);
	return true;
}

void cpi_callgrind_estimate(struct callgrind *c)
{
	struct cpi_mem *mem = &c->env->mem;
	size_t n = c->cycle.n;
	struct estimate s = {.c = c};

	if (c->b.code || !n)
		return;
	if (start(&s))
		for (uint32_t id = (uint32_t)n; id-- > 0 && !c->b.code;)
			component(&s, id);
	cpi_free(mem, s.first, n * sizeof *s.first);
	cpi_free(mem, s.last, n * sizeof *s.last);
	cpi_free(mem, s.other, n * sizeof *s.other);
	cpi_free(mem, s.total, c->n_events * sizeof *s.total);
	cpi_vec_release(mem, &s.way);
	cpi_vec_release(mem, &s.call);
	cpi_vec_release(mem, &s.here);
	cpi_vec_release(mem, &s.until);
	cpi_vec_release(mem, &s.frame);
	cpi_vec_release(mem, &s.cycle);
}
