/* SPDX-License-Identifier: Apache-2.0 */
/* The longest waits, and what their wakers waited for. */
#include <stdlib.h>

#include "base/sort.h"
#include "view/report/report.h"

/*
 * The longest waits of a capture, and why they were so long: who ended a wait may have
 * waited itself meanwhile, for somebody who …
 *
 * An interval is one sample, or two where it is known when the thread was woken: the wait
 * proper, which is counted, and from its end on the wait for a CPU, which is not.
 */
enum { WAITS_SHOWN = 10, CHAIN = 8, KERNEL_FRAMES = 3, USER_FRAMES = 4 };

struct wait {
	uint64_t from, woken, to; /* woken: when the wait for a CPU began; to: never */
	uint32_t sample;
	int64_t tid, waker; /* threads; -1 unknown */
};

struct waits {
	struct cpi_report *r;
	uint32_t count_type;
	uint64_t sum;
	CPI_VEC(struct wait) wait; /* by thread, then time */
	CPI_VEC(uint32_t) longest;
	struct cpi_sink name;
};

static const struct cp_label *label_of(
	const struct cp_profile *p, uint32_t sample, const char *key)
{
	uint32_t n;
	const struct cp_label *label =
		cpi_profile_label_set(p, p->sample_labels.v[sample], &n);

	for (uint32_t i = 0; i < n; i++)
		if (cpi_text_equal(cpi_profile_text(p, label[i].key), cpi_text(key)))
			return &label[i];
	return NULL;
}

static int64_t number_of(
	const struct cp_profile *p, uint32_t sample, const char *key, int64_t otherwise)
{
	const struct cp_label *label = label_of(p, sample, key);

	return label && !cpi_label_is_string(label) ? label->num : otherwise;
}

static struct cp_text text_of(const struct cp_profile *p, uint32_t sample,
	const char *key, const char *otherwise)
{
	const struct cp_label *label = label_of(p, sample, key);

	return label && cpi_label_is_string(label) ? cpi_profile_text(p, label->str)
						   : cpi_text(otherwise);
}

/* ---- intervals out of samples ---- */

static enum cp_code find_types(struct waits *w, struct cp_error *err)
{
	const struct cp_profile *p = w->r->p;
	uint32_t found = 0;

	for (uint32_t i = 0; i < p->sample_type.n; i++) {
		const struct cp_value_type *type = &p->sample_type.v[i];

		if (!cpi_text_equal(cpi_profile_text(p, type->type), CPI_TEXT("off-cpu")))
			continue;
		if (cpi_text_equal(cpi_profile_text(p, type->unit), CPI_TEXT("count"))) {
			w->count_type = i;
			found |= 1;
		} else {
			w->r->type = i;
			w->r->sample_unit = cpi_profile_text(p, type->unit);
			found |= 2;
		}
	}
	if (found != 3)
		return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
			"nothing is recorded of where threads wait: perf record -a "
			"-e sched:sched_switch -e sched:sched_waking -e cpu-clock -g "
			"does, and perf record --off-cpu where perf has it");
	if (p->time.n != cpi_profile_n_samples(p))
		return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
			"the profile has sums, no single waits: use the capture itself, "
			"or cpconv --keep-time --labels pid,comm,tid");
	return CP_OK;
}

static int by_thread(const void *x, const void *y)
{
	const struct wait *a = x, *b = y;

	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->sample > b->sample) - (a->sample < b->sample);
}

/* Appends the waits for a CPU to the waits before them. */
static void join_parts(struct waits *w)
{
	const struct cp_profile *p = w->r->p;
	size_t n = 0;

	for (size_t i = 0; i < w->wait.n; i++) {
		const struct wait *part = &w->wait.v[i];
		const int64_t *values =
			p->value.v + (size_t)part->sample * p->sample_type.n;

		if (n && !values[w->count_type] && w->wait.v[n - 1].tid == part->tid &&
			w->wait.v[n - 1].to == part->from) {
			w->wait.v[n - 1].woken = part->from;
			w->wait.v[n - 1].to = part->to;
		} else {
			w->wait.v[n++] = *part;
		}
	}
	w->wait.n = n;
}

static bool gather(struct waits *w)
{
	const struct cp_profile *p = w->r->p;

	for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++) {
		const int64_t *values = p->value.v + (size_t)i * p->sample_type.n;
		struct wait wait = {.sample = i, .from = (uint64_t)p->time.v[i]};

		/* Where those were that began before the capture nobody knows. */
		if (values[w->r->type] <= 0 ||
			cpi_text_equal(text_of(p, i, "edge", ""), CPI_TEXT("begin")))
			continue;
		wait.to = wait.woken = wait.from + (uint64_t)values[w->r->type];
		wait.tid = number_of(p, i, "tid", -1);
		wait.waker = number_of(p, i, "waker_tid", -1);
		w->sum += (uint64_t)values[w->r->type];
		if (!cpi_vec_push(&w->r->env->mem, &w->wait, wait))
			return false;
	}
	if (w->wait.n)
		qsort(w->wait.v, w->wait.n, sizeof *w->wait.v, by_thread);
	join_parts(w);
	return true;
}

static uint64_t length(const struct wait *wait)
{
	return wait->to - wait->from;
}

static int longest_first(void *arg, uint32_t a, uint32_t b)
{
	const struct waits *w = arg;
	uint64_t x = length(&w->wait.v[a]), y = length(&w->wait.v[b]);

	return x > y ? -1 : x < y;
}

/* Fills w->longest with the `most` longest, in order. */
static bool choose(struct waits *w, size_t most)
{
	struct cpi_mem *mem = &w->r->env->mem;

	if (!cpi_vec_reserve(mem, &w->longest, w->wait.n))
		return false;
	while (w->longest.n < w->wait.n) {
		w->longest.v[w->longest.n] = (uint32_t)w->longest.n;
		w->longest.n++;
	}
	if (!cpi_sort_rows(mem, w->longest.v, w->longest.n, longest_first, w))
		return false;
	w->longest.n = most < w->longest.n ? most : w->longest.n;
	return true;
}

/* ---- chains ---- */

/* The thread's wait that fills most of [from, to), if it fills a tenth; else NULL. */
static const struct wait *wait_within(
	const struct waits *w, int64_t tid, uint64_t from, uint64_t to)
{
	size_t lo = 0, hi = w->wait.n;
	const struct wait *best = NULL;
	uint64_t most = (to - from) / 10;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct wait *wait = &w->wait.v[mid];

		if (wait->tid < tid || (wait->tid == tid && wait->to <= from))
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < w->wait.n && w->wait.v[lo].tid == tid && w->wait.v[lo].from < to;
		lo++) {
		const struct wait *wait = &w->wait.v[lo];
		uint64_t a = wait->from > from ? wait->from : from;
		uint64_t b = wait->to < to ? wait->to : to;

		if (b > a && b - a > most) {
			most = b - a;
			best = wait;
		}
	}
	return best;
}

/* What the waker waited for meanwhile; narrows the time that is asked about. */
static const struct wait *next_in_chain(
	const struct waits *w, const struct wait *wait, uint64_t *from, uint64_t *to)
{
	const struct wait *next;

	if (wait->waker < 0)
		return NULL;
	if (*from < wait->from)
		*from = wait->from;
	if (*to > wait->woken)
		*to = wait->woken;
	next = *from < *to ? wait_within(w, wait->waker, *from, *to) : NULL;
	return next == wait ? NULL : next;
}

/* ---- text ---- */

/* The first frames of the kernel and the first of the program, innermost first. */
static void where(struct waits *w, const struct wait *wait)
{
	const struct cp_profile *p = w->r->p;
	unsigned shown[2] = {0}, all = 0;
	uint32_t n;
	const cp_location *frame =
		cpi_profile_frames(p, p->sample_stack.v[wait->sample], &n);

	for (uint32_t i = 0; i < n; i++) {
		const struct cp_location_row *l = &p->location.v[frame[i].i];
		uint8_t kind = p->mapping.v[l->mapping.i].kind;
		bool user = kind != CP_MAP_KERNEL && kind != CP_MAP_MODULE;

		if (shown[user]++ >= (user ? USER_FRAMES : KERNEL_FRAMES))
			continue;
		cpi_report_frame_name(w->r, l, 0, &w->name);
		cpi_sink_str(w->r->sink, all++ ? " < " : "");
		if (!w->name.code)
			cpi_report_name(w->r, (const char *)w->name.buf, 40);
	}
}

static void thread(struct waits *w, struct cp_text comm, int64_t tid)
{
	cpi_text_escape(w->r->sink, comm);
	if (tid >= 0)
		cpi_sink_printf(w->r->sink, " %lld", (long long)tid);
}

static void text_line(struct waits *w, const struct wait *wait, unsigned depth)
{
	const struct cp_profile *p = w->r->p;
	struct cpi_sink *sink = w->r->sink;
	struct cp_text edge = text_of(p, wait->sample, "edge", "");
	struct cp_text syscall = text_of(p, wait->sample, "syscall", "");
	char value[48];

	cpi_report_value(w->r, value, sizeof value, (int64_t)length(wait));
	cpi_sink_printf(sink, "%10s  ", value);
	for (unsigned i = 0; i < depth; i++)
		cpi_sink_str(sink, "  ");
	thread(w, text_of(p, wait->sample, "comm", "?"), wait->tid);
	cpi_sink_str(sink, "  ");
	cpi_text_escape(sink, text_of(p, wait->sample, "state", "?"));
	cpi_sink_str(sink, "  ");
	if (syscall.n) {
		cpi_text_escape(sink, syscall);
		cpi_sink_str(sink, ": ");
	}
	where(w, wait);
	if (edge.n) {
		cpi_sink_str(sink, "  [");
		cpi_text_escape(sink, edge);
		cpi_sink_char(sink, ']');
	}
	cpi_sink_char(sink, '\n');
}

static void text_waker(
	struct waits *w, const struct wait *wait, const struct wait *next, unsigned depth)
{
	const struct cp_profile *p = w->r->p;
	struct cpi_sink *sink = w->r->sink;
	struct cp_text waker = text_of(p, wait->sample, "waker", "");
	char value[48];

	if (!waker.n)
		return;
	cpi_sink_pad(sink, ' ', 14 + 2 * depth);
	cpi_sink_str(sink, "woken by ");
	thread(w, waker, wait->waker);
	if (wait->woken < wait->to) {
		cpi_report_value(
			w->r, value, sizeof value, (int64_t)(wait->to - wait->woken));
		cpi_sink_printf(sink, ", then %s for a CPU", value);
	}
	cpi_sink_str(sink, next ? "; which had waited itself:\n" : "\n");
}

static void text_chain(struct waits *w, const struct wait *wait)
{
	uint64_t from = wait->from, to = wait->to;

	for (unsigned depth = 0; wait && depth < CHAIN; depth++) {
		const struct wait *next = next_in_chain(w, wait, &from, &to);

		text_line(w, wait, depth);
		text_waker(w, wait, depth + 1 < CHAIN ? next : NULL, depth);
		wait = next;
	}
}

static enum cp_code start(struct waits *w, struct cp_error *err)
{
	int64_t most = w->r->options.node_count;
	enum cp_code code = find_types(w, err);

	if (code)
		return code;
	if (!gather(w) || !choose(w, most < 0    ? WAITS_SHOWN
				     : most == 0 ? SIZE_MAX
						 : (size_t)most))
		return cpi_error_memory(err);
	w->r->total = w->sum < INT64_MAX ? (int64_t)w->sum : INT64_MAX;
	return CP_OK;
}

static enum cp_code finish(struct waits *w, enum cp_code code, struct cp_error *err)
{
	struct cpi_mem *mem = &w->r->env->mem;

	if (!code)
		code = cpi_sink_finish(&w->name, err);
	cpi_sink_release(&w->name);
	cpi_vec_release(mem, &w->wait);
	cpi_vec_release(mem, &w->longest);
	return code;
}

enum cp_code cpi_report_waits(struct cpi_report *r, struct cp_error *err)
{
	struct waits w = {.r = r};
	enum cp_code code;
	char value[48];

	cpi_sink_memory(&w.name, &r->env->mem);
	code = start(&w, err);
	if (code)
		return finish(&w, code, err);
	r->unit = CPI_TEXT("auto");
	cpi_report_profile_lines(r);
	cpi_report_value(r, value, sizeof value, r->total);
	cpi_sink_printf(r->sink,
		"Showing the %zu longest of %zu waits, which are %s in all\n",
		w.longest.n, w.wait.n, value);
	for (size_t i = 0; i < w.longest.n; i++)
		text_chain(&w, &w.wait.v[w.longest.v[i]]);
	return finish(&w, CP_OK, err);
}

/* ---- rows ---- */

static const char *const wait_texts[] = {"comm", "state", "edge", "syscall", "waker"};
enum { WAIT_TEXTS = sizeof wait_texts / sizeof *wait_texts };

static uint32_t wait_list(struct waits *w, struct cp_table *t, uint32_t chains)
{
	const struct cp_text none = CPI_TEXT(""), unit = w->r->sample_unit;
	uint32_t list = cpi_table_list(t, chains, "", CP_LIST_ROWS, CPI_TABLE_ONE_LINE);

	cpi_table_column(t, list, CPI_TEXT("value"), CP_CELL_WHOLE, unit, 0);
	cpi_table_column(t, list, CPI_TEXT("for_cpu"), CP_CELL_WHOLE, unit, 0);
	cpi_table_column(
		t, list, CPI_TEXT("time"), CP_CELL_WHOLE, CPI_TEXT("nanoseconds"), 0);
	cpi_table_column(t, list, CPI_TEXT("tid"), CP_CELL_WHOLE, none, 0);
	cpi_table_column(t, list, CPI_TEXT("waker_tid"), CP_CELL_WHOLE, none, 0);
	for (size_t i = 0; i < WAIT_TEXTS; i++)
		cpi_table_column(t, list, cpi_text(wait_texts[i]), CP_CELL_TEXT, none, 0);
	return list;
}

static void put_thread(struct cp_table *t, uint32_t list, int64_t tid)
{
	if (tid >= 0)
		cpi_put_whole(t, list, tid);
	else
		cpi_put_none(t, list);
}

static void put_wait(struct waits *w, struct cp_table *t, uint32_t list, uint32_t frames,
	const struct wait *wait)
{
	const struct cp_profile *p = w->r->p;
	uint32_t n;
	const cp_location *frame =
		cpi_profile_frames(p, p->sample_stack.v[wait->sample], &n);

	cpi_table_row(t, list);
	cpi_put_whole(t, list, (int64_t)length(wait));
	cpi_put_whole(t, list, (int64_t)(wait->to - wait->woken));
	cpi_put_whole(t, list, (int64_t)wait->from);
	put_thread(t, list, wait->tid);
	put_thread(t, list, wait->waker);
	for (size_t i = 0; i < WAIT_TEXTS; i++) {
		struct cp_text text = text_of(p, wait->sample, wait_texts[i], "");

		if (text.n)
			cpi_put_text(t, list, text);
		else
			cpi_put_none(t, list);
	}
	for (uint32_t i = 0; i < n; i++) {
		cpi_report_frame_name(w->r, &p->location.v[frame[i].i], 0, &w->name);
		if (w->name.code)
			return;
		cpi_table_row(t, frames);
		cpi_put_text(t, frames,
			(struct cp_text){(char *)w->name.buf, w->name.n - 1});
	}
}

enum cp_code cpi_report_waits_rows(
	struct cpi_report *r, struct cp_table *t, struct cp_error *err)
{
	struct waits w = {.r = r};
	uint32_t chains, waits, frames;
	enum cp_code code;

	cpi_sink_memory(&w.name, &r->env->mem);
	code = start(&w, err);
	if (code)
		return finish(&w, code, err);
	cpi_report_facts(r, t, "waits");
	cpi_fact_whole(t, 0, "count", (int64_t)w.wait.n);
	chains = cpi_table_list(t, 0, "chains", CP_LIST_ROWS, 0);
	waits = wait_list(&w, t, chains);
	frames = cpi_table_list(
		t, waits, "frames", CP_LIST_VALUES, CPI_TABLE_ONE_LINE);
	cpi_table_column(
		t, frames, CPI_TEXT("name"), CP_CELL_TEXT, CPI_TEXT(""), 0);
	for (size_t i = 0; i < w.longest.n; i++) {
		const struct wait *wait = &w.wait.v[w.longest.v[i]];
		uint64_t from = wait->from, to = wait->to;

		cpi_table_row(t, chains);
		for (unsigned depth = 0; wait && depth < CHAIN; depth++) {
			put_wait(&w, t, waits, frames, wait);
			wait = next_in_chain(&w, wait, &from, &to);
		}
	}
	return finish(&w, CP_OK, err);
}
