/* SPDX-License-Identifier: Apache-2.0 */
/* Samples that are not wanted, left out while reading. */
#include "format/perf/build.h"

#include <stdlib.h>

static bool needs_times(const struct cp_time_span *span)
{
	return span->unit == CP_TIME_OFFSET || span->unit == CP_TIME_SHARE;
}

bool perf_filter_needs_times(const struct cp_read_options *options)
{
	for (size_t i = 0; i < options->n_more_times; i++)
		if (needs_times(&options->more_times[i]))
			return true;
	return needs_times(&options->time);
}

/* Nanoseconds, clamped to what a clock can show. */
static uint64_t clamp(double t)
{
	if (!(t > 0))
		return 0;
	return t >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)t;
}

/* Whole nanoseconds are added, so that spans which meet still do; to the end of time. */
static uint64_t after(uint64_t first, double t)
{
	uint64_t sum;

	return __builtin_add_overflow(first, clamp(t), &sum) ? UINT64_MAX : sum;
}

static struct perf_range absolute(
	const struct cp_time_span *span, const struct perf_file *f)
{
	double first = (double)f->counts.first_time;
	double length = (double)f->counts.last_time - first;
	struct perf_range range = {0, UINT64_MAX};

	if (span->unit == CP_TIME_NANOS)
		return (struct perf_range){clamp(span->from), clamp(span->to)};
	if (!needs_times(span) || f->counts.first_time > f->counts.last_time)
		return range;
	if (span->unit == CP_TIME_OFFSET) {
		range.from = after(f->counts.first_time, span->from);
		range.to = after(f->counts.first_time, span->to);
		return range;
	}
	range.from = after(f->counts.first_time, length * span->from);
	/* The last sample belongs to the whole. */
	if (span->to < 1)
		range.to = after(f->counts.first_time, length * span->to);
	return range;
}

static int by_from(const void *x, const void *y)
{
	const struct perf_range *a = x, *b = y;

	return (a->from > b->from) - (a->from < b->from);
}

/* Spans that overlap become one, so that their lengths can be added up. */
static void join_spans(struct perf_filter *w)
{
	struct perf_range *v = w->time.v;
	size_t n = 0;

	qsort(v, w->time.n, sizeof *v, by_from);
	for (size_t i = 1; i < w->time.n; i++) {
		if (v[i].from > v[n].to)
			v[++n] = v[i];
		else if (v[i].to > v[n].to)
			v[n].to = v[i].to;
	}
	w->time.n = n + 1;
}

static bool set_spans(struct perf_filter *w, struct perf_file *f)
{
	const struct cp_read_options *o = w->o;
	struct perf_range range = absolute(&o->time, f);
	bool fine = cpi_vec_push(&f->env->mem, &w->time, range);

	for (size_t i = 0; fine && i < o->n_more_times; i++) {
		range = absolute(&o->more_times[i], f);
		fine = cpi_vec_push(&f->env->mem, &w->time, range);
	}
	if (fine)
		join_spans(w);
	return fine;
}

/* "0-3,8" */
static bool parse_cpus(
	struct perf_filter *w, struct perf_file *f, const char *text, bool *ret_bad)
{
	const char *at = text;

	while (*at) {
		struct perf_range range;
		const char *end = at + strcspn(at, ",");
		const char *dash = memchr(at, '-', (size_t)(end - at));
		struct cp_text from = {at, (size_t)((dash ? dash : end) - at)};
		struct cp_text to = from;

		if (dash)
			to = (struct cp_text){dash + 1, (size_t)(end - dash - 1)};
		if (!cpi_text_u64(from, &range.from) || !cpi_text_u64(to, &range.to) ||
			range.from > range.to) {
			*ret_bad = true;
			return true;
		}
		if (!cpi_vec_push(&f->env->mem, &w->cpu, range))
			return false;
		at = *end ? end + 1 : end;
	}
	return true;
}

enum cp_code perf_filter_init(struct perf_filter *w, struct perf_file *f,
	const struct cp_read_options *options, struct cp_error *err)
{
	bool bad = false;

	memset(w, 0, sizeof *w);
	w->o = options;
	w->any = options->n_comms || options->n_pids || options->n_tids ||
		 options->cpus || options->time.unit != CP_TIME_ALL;
	if (!set_spans(w, f) || (options->cpus && !parse_cpus(w, f, options->cpus, &bad)))
		return cpi_error_memory(err);
	if (bad)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"\"%s\" is no list of CPUs like 0-3,8", options->cpus);
	return CP_OK;
}

void perf_filter_release(struct perf_filter *w, struct perf_file *f)
{
	cpi_vec_release(&f->env->mem, &w->cpu);
	cpi_vec_release(&f->env->mem, &w->time);
}

bool perf_filter_event(const struct perf_filter *w, const struct perf_file *f,
	const struct perf_event *e)
{
	for (size_t i = 0; i < w->o->n_events; i++)
		if (perf_event_called(f, e, cpi_text(w->o->events[i])))
			return true;
	return !w->o->n_events;
}

static bool listed(const int32_t *list, size_t n, int32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == id)
			return true;
	return !n;
}

static bool cpu_listed(const struct perf_filter *w, uint32_t cpu)
{
	for (size_t i = 0; i < w->cpu.n; i++)
		if (cpu >= w->cpu.v[i].from && cpu <= w->cpu.v[i].to)
			return true;
	return !w->o->cpus;
}

static bool in_span(const struct perf_filter *w, uint64_t time)
{
	for (size_t i = 0; i < w->time.n; i++) {
		const struct perf_range *span = &w->time.v[i];

		if (time >= span->from && (time < span->to || span->to == UINT64_MAX))
			return true;
	}
	return false;
}

bool perf_filter_task(const struct perf_filter *w, const struct perf_sample *s)
{
	return !w->any || (listed(w->o->pids, w->o->n_pids, s->pid) &&
				  listed(w->o->tids, w->o->n_tids, s->tid) &&
				  cpu_listed(w, s->cpu));
}

bool perf_filter_sample(const struct perf_filter *w, const struct perf_sample *s)
{
	if (!w->any)
		return true;
	return !(s->time == PERF_NO_TIME && w->time.n) && in_span(w, s->time) &&
	       perf_filter_task(w, s);
}

bool perf_filter_comm(const struct perf_filter *w, struct cp_text comm)
{
	for (size_t i = 0; i < w->o->n_comms; i++)
		if (cpi_text_equal(comm, cpi_text(w->o->comms[i])))
			return true;
	return !w->o->n_comms;
}

/* By path or by its last part; the kernel by perf's name for it, too. */
bool perf_filter_dso(const struct perf_filter *w, struct cp_text path)
{
	for (size_t i = 0; i < w->o->n_dsos; i++) {
		struct cp_text dso = cpi_text(w->o->dsos[i]);

		if (cpi_text_equal(path, dso) ||
			cpi_text_equal(cpi_text_basename(path), dso))
			return true;
		if (cpi_text_equal(dso, CPI_TEXT("[kernel.kallsyms]")) &&
			cpi_text_starts(path, dso))
			return true;
	}
	return !w->o->n_dsos;
}
