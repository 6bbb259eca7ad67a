/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text. A line is a name ("fn=(3) main", later "fn=(3)"), a header ("events: Ir"), or
 * positions and costs; what stands behind "calls=" is the cost of a call. Positions may
 * be told as steps from those before (+3, -2, *). Some writers do so with costs, too, but
 * xdebug's are negative where memory was freed: a minus is a step only in files where
 * costs have been written with '*' or '+'. Costs at the end of a line that are 0 may be
 * left out.
 */
#include "format/callgrind/callgrind.h"

enum { POSITIONS = 2, PROGRESS = 1 << 16 };
enum kind { KIND_OBJECT, KIND_FILE, KIND_FUNCTION };

struct reader {
	struct callgrind *c;
	const char *start, *at, *end;
	struct cp_text line;
	uint64_t number;
	/* Of the part that is being read. */
	uint32_t column[CALLGRIND_EVENTS]; /* events of the whole file */
	uint32_t n_columns;
	unsigned positions; /* how many a line has */
	unsigned where;     /* which of them is the source line, or POSITIONS */
	uint64_t position[POSITIONS];
	int64_t cost[CALLGRIND_EVENTS]; /* of the line before */
	bool steps;                     /* costs are told as steps */
	uint32_t object, file, function;
	uint32_t called_object, called_file, called_name;
	bool called; /* the next line is the cost of a call */
};

static bool next_line(struct reader *r)
{
	const char *feed;

	if (r->at == r->end)
		return false;
	feed = memchr(r->at, '\n', (size_t)(r->end - r->at));
	r->line = (struct cp_text){r->at, (size_t)((feed ? feed : r->end) - r->at)};
	r->at = feed ? feed + 1 : r->end;
	r->number++;
	while (r->line.n &&
		(r->line.p[r->line.n - 1] == '\r' || r->line.p[r->line.n - 1] == ' '))
		r->line.n--;
	return true;
}

static void warn(struct reader *r, const char *why)
{
	struct cpi_place place = cpi_place_record(
		r->c->source->name, "line", r->number, (uint64_t)(r->line.p - r->start));

	cpi_diag_warn(&r->c->env->diag, "callgrind-line", &place, "%s", why);
}

static bool word(struct cp_text *text, struct cp_text *ret)
{
	size_t n = 0;

	while (text->n && (*text->p == ' ' || *text->p == '\t')) {
		text->p++;
		text->n--;
	}
	while (n < text->n && text->p[n] != ' ' && text->p[n] != '\t')
		n++;
	*ret = (struct cp_text){text->p, n};
	text->p += n;
	text->n -= n;
	return n != 0;
}

/* What a header or name is about: the text behind `key`, without blanks before it. */
static bool after(struct cp_text line, const char *key, struct cp_text *ret)
{
	struct cp_text want = cpi_text(key);

	if (!cpi_text_starts(line, want))
		return false;
	*ret = (struct cp_text){line.p + want.n, line.n - want.n};
	while (ret->n && *ret->p == ' ') {
		ret->p++;
		ret->n--;
	}
	return true;
}

/* The row of `events` that an event of this name has; -1 when there are too many. */
static int event_of(struct callgrind *c, struct cp_text name)
{
	for (uint32_t e = 0; e < c->n_events; e++)
		if (cpi_text_equal(c->event[e].name, name))
			return (int)e;
	if (c->n_events == CALLGRIND_EVENTS)
		return -1;
	c->event[c->n_events] = (struct callgrind_event){name, 1, NULL};
	return (int)c->n_events++;
}

static void events(struct reader *r, struct cp_text list)
{
	struct cp_text name;

	r->n_columns = 0;
	memset(r->cost, 0, sizeof r->cost);
	while (word(&list, &name)) {
		int e = event_of(r->c, name);

		if (e < 0 || r->n_columns == CALLGRIND_EVENTS) {
			warn(r, "there are too many events");
			return;
		}
		r->column[r->n_columns++] = (uint32_t)e;
	}
}

static void positions(struct reader *r, struct cp_text list)
{
	struct cp_text name;

	r->positions = 0;
	r->where = POSITIONS;
	while (word(&list, &name) && r->positions < POSITIONS) {
		if (cpi_text_equal(name, CPI_TEXT("line")))
			r->where = r->positions;
		r->positions++;
	}
	if (!r->positions) {
		r->positions = 1;
		r->where = 0;
	}
}

/* What is worth keeping of the header, once, as comments. */
static void remark(struct reader *r, struct cp_text line)
{
	struct cp_text rest;

	if (after(line, "cmd:", &rest) || after(line, "creator:", &rest))
		cpi_builder_comment(&r->c->b, line);
}

static bool header(struct reader *r)
{
	static const char *const others[] = {"version:", "pid:", "thread:", "part:",
		"desc:", "event:", "summary:", "totals:", "target:", "trigger:"};
	struct cp_text rest;

	if (after(r->line, "events:", &rest)) {
		events(r, rest);
		return true;
	}
	if (after(r->line, "positions:", &rest)) {
		positions(r, rest);
		return true;
	}
	if (after(r->line, "cmd:", &rest) || after(r->line, "creator:", &rest)) {
		remark(r, r->line);
		return true;
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (after(r->line, others[i], &rest))
			return true;
	return false;
}

/* "name", "(number) name" or "(number)". */
static uint32_t name_of(struct reader *r, enum kind kind, struct cp_text text)
{
	struct cp_text digits, rest = text;
	const char *close;
	uint64_t number;
	uint32_t name;

	if (!text.n || *text.p != '(')
		return cpi_callgrind_name(r->c, text);
	close = memchr(text.p, ')', text.n);
	if (!close)
		return cpi_callgrind_name(r->c, text);
	digits = (struct cp_text){text.p + 1, (size_t)(close - text.p) - 1};
	/* "(below main)" is a name. */
	if (!cpi_text_u64(digits, &number))
		return cpi_callgrind_name(r->c, text);
	rest = (struct cp_text){close + 1, (size_t)(text.p + text.n - close) - 1};
	while (rest.n && *rest.p == ' ') {
		rest.p++;
		rest.n--;
	}
	name = rest.n ? cpi_callgrind_name(r->c, rest) : 0;
	name = cpi_callgrind_number(r->c, (uint8_t)kind, number, name);
	if (!name && !r->c->b.code) {
		warn(r, "a number stands for no name");
		name = cpi_callgrind_name(r->c, text);
	}
	return name;
}

/* Behind a call, the next one is again of a function in this object and file. */
static void nothing_called(struct reader *r)
{
	r->called = false;
	r->called_object = r->called_file = r->called_name = 0;
}

static void enter(struct reader *r, uint32_t name)
{
	nothing_called(r);
	r->function = cpi_callgrind_function(r->c, r->object, r->file, name);
}

static bool naming(struct reader *r)
{
	static const struct {
		const char *key;
		enum kind kind;
		bool called;
	} keys[] = {
		{"fn=", KIND_FUNCTION, false},
		{"fl=", KIND_FILE, false},
		{"fi=", KIND_FILE, false},
		{"fe=", KIND_FILE, false},
		{"ob=", KIND_OBJECT, false},
		{"cfn=", KIND_FUNCTION, true},
		{"cfi=", KIND_FILE, true},
		{"cfl=", KIND_FILE, true},
		{"cob=", KIND_OBJECT, true},
	};
	struct cp_text rest;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		uint32_t name;

		if (!after(r->line, keys[i].key, &rest))
			continue;
		name = name_of(r, keys[i].kind, rest);
		if (keys[i].kind == KIND_FUNCTION && keys[i].called)
			r->called_name = name;
		else if (keys[i].kind == KIND_FUNCTION)
			enter(r, name);
		else if (keys[i].kind == KIND_FILE)
			*(keys[i].called ? &r->called_file : &r->file) = name;
		else
			*(keys[i].called ? &r->called_object : &r->object) = name;
		return true;
	}
	return false;
}

/* Calls and jumps: counts of them, which are not read. */
static bool calling(struct reader *r)
{
	struct cp_text rest;

	if (after(r->line, "calls=", &rest)) {
		if (!r->called_name)
			warn(r, "a call of no function");
		r->called = true;
		return true;
	}
	/* The line behind these has positions without costs. */
	return after(r->line, "jump=", &rest) || after(r->line, "jcnd=", &rest) ||
	       after(r->line, "rec=", &rest) || after(r->line, "frfn=", &rest);
}

static bool position(struct cp_text text, uint64_t *at)
{
	uint64_t x;
	char sign = *text.p;

	if (text.n == 1 && sign == '*')
		return true;
	if (sign == '+' || sign == '-') {
		text.p++;
		text.n--;
	} else {
		sign = 0;
	}
	if (!cpi_text_u64(text, &x))
		return false;
	*at = sign == '+' ? *at + x : sign == '-' ? *at - x : x;
	return true;
}

/* A cost; `before` is the one of this event on the line before. */
static bool cost(struct reader *r, struct cp_text text, int64_t before, int64_t *ret)
{
	bool minus = *text.p == '-', plus = *text.p == '+';
	int64_t x;
	uint64_t digits;

	if (text.n == 1 && *text.p == '*') {
		r->steps = true;
		*ret = before;
		return true;
	}
	r->steps |= plus;
	if (minus || plus) {
		text.p++;
		text.n--;
	}
	if (!cpi_text_u64(text, &digits) || digits > INT64_MAX)
		return false;
	x = minus ? -(int64_t)digits : (int64_t)digits;
	if ((plus || minus) && r->steps)
		return !__builtin_add_overflow(before, x, ret);
	*ret = x;
	return true;
}

/* Positions and costs; true when the line is sound. */
static bool numbers(struct reader *r, int64_t *ret_cost)
{
	struct cp_text rest = r->line, text;
	uint64_t at[POSITIONS];

	memcpy(at, r->position, sizeof at);
	for (unsigned i = 0; i < r->positions; i++)
		if (!word(&rest, &text) || !position(text, &at[i]))
			return false;
	for (uint32_t i = 0; i < r->n_columns; i++) {
		int64_t x = 0;

		if (word(&rest, &text) && !cost(r, text, r->cost[i], &x))
			return false;
		r->cost[i] = x;
		ret_cost[r->column[i]] = x;
	}
	memcpy(r->position, at, sizeof at);
	return !word(&rest, &text);
}

static void costs(struct reader *r)
{
	int64_t cost[CALLGRIND_EVENTS] = {0};
	struct callgrind_row row = {.function = r->function, .file = r->file};
	bool any = false;

	if (!numbers(r, cost)) {
		warn(r, "neither a name nor positions and costs");
		nothing_called(r);
		return;
	}
	if (!r->function)
		row.function = cpi_callgrind_function(r->c, r->object, r->file, 0);
	if (r->where < POSITIONS && r->position[r->where] <= INT64_MAX)
		row.line = (int64_t)r->position[r->where];
	if (r->called)
		row.callee = cpi_callgrind_function(r->c,
			r->called_object ? r->called_object : r->object,
			r->called_file ? r->called_file : r->file, r->called_name);
	for (uint32_t e = 0; e < r->c->n_events; e++)
		any |= cost[e] != 0;
	if (any && !r->c->b.code && !(r->called && !r->called_name))
		cpi_callgrind_add(r->c, &row, cost);
	nothing_called(r);
}

static void one(struct reader *r)
{
	if (!r->line.n || *r->line.p == '#')
		return;
	if ((*r->line.p >= '0' && *r->line.p <= '9') || *r->line.p == '+' ||
		*r->line.p == '-' || *r->line.p == '*')
		costs(r);
	else if (!naming(r) && !calling(r) && !header(r))
		warn(r, "neither a name nor positions and costs");
}

static struct reader start(struct callgrind *c)
{
	const char *p = (const char *)c->source->part[0].data;

	return (struct reader){.c = c,
		.start = p,
		.at = p,
		.end = p + c->source->part[0].n,
		.positions = 1};
}

/* Which events there are in any part, so that all rows have the same columns. */
static void all_events(struct callgrind *c)
{
	struct reader r = start(c);
	struct cp_text rest, name;

	while (next_line(&r))
		if (r.line.n && *r.line.p == 'e' && after(r.line, "events:", &rest))
			while (word(&rest, &name))
				event_of(c, name);
	if (!c->n_events)
		cpi_builder_fail(&c->b, CP_ERROR_CORRUPT,
			"no line says which events "
			"the costs are of");
}

void cpi_callgrind_lines(struct callgrind *c)
{
	struct reader r = start(c);

	all_events(c);
	/* Of the "none" row. */
	if (c->b.code || !cpi_callgrind_fine(
				 c, cpi_vec_reserve(&c->env->mem, &c->cost, c->n_events)))
		return;
	memset(c->cost.v, 0, c->n_events * sizeof *c->cost.v);
	c->cost.n = c->n_events;
	while (!c->b.code && next_line(&r)) {
		struct cp_error err;

		one(&r);
		if (r.number % PROGRESS == 0 &&
			cpi_env_progress(c->env,
				(double)(r.at - r.start) / (double)(r.end - r.start),
				&err))
			cpi_builder_fail(&c->b, err.code, err.message);
	}
}
