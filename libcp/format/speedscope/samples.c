/* SPDX-License-Identifier: Apache-2.0 */
/* The samples of one profile: stacks with weights, or what lies between two events. */
#include "format/speedscope/speedscope.h"

/* One value of the file in units of the column, or damage. */
static bool value(struct speedscope *s, const struct speedscope_profile *p,
	struct cpi_jr *jr, int64_t *ret)
{
	bool exact;

	return cpi_jr_decimal(jr, p->shift + s->decimals[p->kind], ret, &exact);
}

static unsigned more(struct cpi_jr *jr, unsigned shift, unsigned most)
{
	unsigned n = 0;

	if (!cpi_jr_decimals(jr, &n) || n <= shift)
		return most;
	return n - shift > most ? n - shift : most;
}

unsigned cpi_speedscope_decimals(struct speedscope *s, const struct speedscope_profile *p)
{
	struct cpi_jr list = p->evented ? p->events : p->weights, at;
	const struct cpi_json_member member = {"at", &at};
	unsigned most = 0;

	if (cpi_jr_absent(&list) || !cpi_jr_array(&list))
		return 0;
	while (cpi_jr_element(&list)) {
		if (!p->evented)
			most = more(&list, p->shift, most);
		else if (cpi_json_members(&s->r, &list, &member, 1) && !cpi_jr_absent(&at))
			most = more(&at, p->shift, most);
	}
	return most;
}

/* Cuts `end`, digits and `before` off the end of the text; true when they were there. */
static bool cut_number(
	struct cp_text *text, const char *before, const char *end, int64_t *ret)
{
	struct cp_text head = cpi_text(before), tail = cpi_text(end), rest = *text;
	struct cp_text digits;
	uint64_t x;

	if (!cpi_text_ends(rest, tail))
		return false;
	rest.n -= tail.n;
	digits = (struct cp_text){rest.p + rest.n, 0};
	while (rest.n && rest.p[rest.n - 1] >= '0' && rest.p[rest.n - 1] <= '9') {
		rest.n--;
		digits.p--;
		digits.n++;
	}
	if (!digits.n || !cpi_text_u64(digits, &x) || x > INT32_MAX ||
		!cpi_text_ends(rest, head))
		return false;
	rest.n -= head.n;
	*text = rest;
	*ret = (int64_t)x;
	return true;
}

static void add_id(struct speedscope *s, struct cp_label *label, uint32_t *n, const char *key,
	int64_t id)
{
	label[(*n)++] = (struct cp_label){.key = cpi_builder_str(&s->r.b, key), .num = id,
		.unit = cpi_builder_str(&s->r.b, key)};
}

/*
 * The title tells threads apart. Some writers end it with ids, as " tid: 7", " (pid 7)" and
 * " pid 7, tid 8"; they are labels then as in other captures.
 */
static cp_labels labels(struct speedscope *s, const struct speedscope_profile *p)
{
	struct cp_label label[3] = {0};
	struct cp_text rest = p->title;
	uint32_t n = 1;
	int64_t id;

	if (s->profiles < 2 || !p->title.n)
		return (cp_labels){0};
	label[0].key = cpi_builder_str(&s->r.b, "thread");
	label[0].str = cpi_builder_string(&s->r.b, p->title);
	if (cut_number(&rest, " tid: ", "", &id)) {
		add_id(s, label, &n, "tid", id);
	} else if (cut_number(&rest, " (pid ", ")", &id)) {
		add_id(s, label, &n, "pid", id);
	} else if (cut_number(&rest, ", tid ", "", &id)) {
		int64_t pid;

		if (cut_number(&rest, " pid ", "", &pid)) {
			add_id(s, label, &n, "pid", pid);
			add_id(s, label, &n, "tid", id);
		}
	}
	return cpi_builder_labels(&s->r.b, label, n);
}

/* s->stack with this value. */
static void add(struct speedscope *s, const struct speedscope_profile *p, cp_labels labels,
	int64_t x, int64_t time)
{
	int64_t values[SPEEDSCOPE_KINDS] = {0};
	size_t n = s->stack.n;
	cp_stack stack;

	s->leaf_first.n = 0;
	if (!cpi_json_fine(&s->r, cpi_vec_reserve(&s->r.env->mem, &s->leaf_first, n)))
		return;
	for (size_t i = n; i-- > 0;)
		s->leaf_first.v[s->leaf_first.n++] = s->stack.v[i];
	stack = cpi_builder_stack(&s->r.b, s->leaf_first.v, (uint32_t)n);
	values[s->column[p->kind]] = x;
	if (s->times)
		cpi_builder_sample(&s->r.b, stack, labels, values, time);
	else
		cpi_builder_sample_sum(&s->r.b, stack, labels, values);
	s->r.samples++;
}

static bool push(struct speedscope *s, cp_location frame)
{
	uint32_t most = s->r.env->limits.stack_depth;

	if (s->stack.n < most)
		return cpi_json_fine(
			&s->r, cpi_vec_push(&s->r.env->mem, &s->stack, frame));
	cpi_builder_fail(&s->r.b, CP_ERROR_LIMIT, "a stack has too many frames");
	return false;
}

/* One stack of "samples": indices of frames, root first. False: one of them is none. */
static bool stack(struct speedscope *s, struct cpi_jr *list, int64_t *ret_bad)
{
	bool fine = true;

	s->stack.n = 0;
	*ret_bad = -1;
	if (!cpi_jr_array(list))
		return false;
	while (cpi_jr_element(list)) {
		int64_t i = -1;

		if (!cpi_jr_i64(list, &i) || i < 0 || (uint64_t)i >= s->frame.n) {
			*ret_bad = i;
			fine = false;
		} else if (fine && !push(s, s->frame.v[i])) {
			return false;
		}
	}
	return fine;
}

static void sampled(struct speedscope *s, const struct speedscope_profile *p)
{
	struct cpi_jr stacks = p->samples, weights = p->weights;
	cp_labels set = labels(s, p);
	uint64_t i = 0;

	if (cpi_jr_absent(&stacks) || !cpi_jr_array(&stacks) || cpi_jr_absent(&weights) ||
		!cpi_jr_array(&weights)) {
		cpi_json_warn(&s->r, "speedscope-profile", p->offset,
			"profile %llu has no samples or no weights",
			(unsigned long long)p->number);
		return;
	}
	for (; cpi_jr_element(&stacks) && !s->r.b.code; i++) {
		size_t offset = cpi_jr_offset(&stacks), weight;
		int64_t x = 0, bad;
		bool known = stack(s, &stacks, &bad);

		if (s->r.b.code || !cpi_jr_ok(&stacks))
			break;
		if (!cpi_jr_element(&weights)) {
			cpi_json_warn(&s->r, "speedscope-sample", offset,
				"sample %llu of profile %llu and those behind it have no "
				"weight", (unsigned long long)i,
				(unsigned long long)p->number);
			return;
		}
		weight = cpi_jr_offset(&weights);
		if (!value(s, p, &weights, &x))
			cpi_json_warn(&s->r, "speedscope-sample", weight, "sample %llu of profile %llu has "
				"a weight that is no number of 64 bits",
				(unsigned long long)i, (unsigned long long)p->number);
		else if (!known)
			cpi_json_warn(&s->r, "speedscope-sample", offset,
				"sample %llu of profile %llu names frame %lld of %zu",
				(unsigned long long)i, (unsigned long long)p->number,
				(long long)bad, s->frame.n);
		else if (s->stack.n || x)
			add(s, p, set, x, CP_NO_TIME);
	}
	cpi_json_damage(&s->r, &stacks);
	cpi_json_damage(&s->r, &weights);
	if (cpi_jr_ok(&stacks) && cpi_jr_ok(&weights) && cpi_jr_element(&weights))
		cpi_json_warn(&s->r, "speedscope-sample", cpi_jr_offset(&weights),
			"profile %llu has more weights than samples",
			(unsigned long long)p->number);
}

struct clock {
	const struct speedscope_profile *p;
	cp_labels labels;
	int64_t start, now;
	bool started;
	uint64_t event;
};

/* Time passes to `at` with the frames that are open; nothing open is no sample. */
static void pass(struct speedscope *s, struct clock *c, int64_t at, size_t offset)
{
	int64_t gap;

	if (!c->started) {
		c->started = true;
		c->now = c->start = at;
		return;
	}
	if (__builtin_sub_overflow(at, c->now, &gap)) {
		cpi_builder_fail(&s->r.b, CP_ERROR_LIMIT, "a value is beyond 64 bits");
		return;
	}
	/* Sums of real numbers come back a little below where they were. */
	if (gap < 0 && (double)-gap > 1e-6 * (double)(c->now < 0 ? -c->now : c->now))
		cpi_json_warn(&s->r, "speedscope-event", offset,
			"event %llu of profile %llu lies before the one in front of it",
			(unsigned long long)c->event, (unsigned long long)c->p->number);
	if (gap <= 0)
		return;
	if (s->stack.n)
		add(s, c->p, c->labels, gap, c->now - c->start);
	c->now = at;
}

static void close_frame(
	struct speedscope *s, const struct clock *c, cp_location frame, size_t offset)
{
	size_t n = s->stack.n;

	while (n && s->stack.v[n - 1].i != frame.i)
		n--;
	if (n != s->stack.n || !n)
		cpi_json_warn(&s->r, "speedscope-event", offset,
			"event %llu of profile %llu closes a frame that is not the "
			"innermost", (unsigned long long)c->event,
			(unsigned long long)c->p->number);
	if (n)
		s->stack.n = n - 1;
}

static void event(struct speedscope *s, struct clock *c, struct cpi_jr *jr)
{
	struct cpi_jr type, frame, at;
	const struct cpi_json_member members[] = {
		{"type", &type}, {"frame", &frame}, {"at", &at}};
	struct cp_text letter = {"", 0};
	size_t offset = cpi_jr_offset(jr);
	int64_t i = -1, when;

	if (!cpi_json_members(&s->r, jr, members, 3) || !cpi_jr_ok(jr))
		return;
	if (cpi_jr_absent(&at) || !value(s, c->p, &at, &when) || cpi_jr_absent(&frame) ||
		!cpi_jr_i64(&frame, &i) || i < 0 || (uint64_t)i >= s->frame.n ||
		cpi_jr_absent(&type) || !cpi_jr_text(&type, &letter) || letter.n != 1 ||
		(*letter.p != 'O' && *letter.p != 'C')) {
		cpi_json_warn(&s->r, "speedscope-event", offset,
			"event %llu of profile %llu is none (frame %lld of %zu)",
			(unsigned long long)c->event, (unsigned long long)c->p->number,
			(long long)i, s->frame.n);
		return;
	}
	pass(s, c, when, offset);
	if (*letter.p == 'O')
		push(s, s->frame.v[i]);
	else
		close_frame(s, c, s->frame.v[i], offset);
}

static void evented(struct speedscope *s, const struct speedscope_profile *p)
{
	struct clock c = {.p = p, .labels = labels(s, p)};
	struct cpi_jr events = p->events, start = p->start, finish = p->finish;
	int64_t end;

	s->stack.n = 0;
	if (!cpi_jr_absent(&start) && value(s, p, &start, &c.start)) {
		c.now = c.start;
		c.started = true;
	}
	if (cpi_jr_absent(&events) || !cpi_jr_array(&events)) {
		cpi_json_warn(&s->r, "speedscope-profile", p->offset,
			"profile %llu has no events", (unsigned long long)p->number);
		return;
	}
	for (; cpi_jr_element(&events) && !s->r.b.code; c.event++)
		event(s, &c, &events);
	cpi_json_damage(&s->r, &events);
	if (!s->stack.n || s->r.b.code)
		return;
	cpi_json_warn(&s->r, "speedscope-event", cpi_jr_offset(&events),
		"%zu frames of profile %llu are never closed", s->stack.n,
		(unsigned long long)p->number);
	if (!cpi_jr_absent(&finish) && value(s, p, &finish, &end) && end > c.now)
		pass(s, &c, end, cpi_jr_offset(&events));
}

void cpi_speedscope_samples(struct speedscope *s, const struct speedscope_profile *p)
{
	if (p->evented)
		evented(s, p);
	else
		sampled(s, p);
}
