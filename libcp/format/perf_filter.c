/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf_build.h"

static bool needs_times(const struct cp_read_options *o)
{
	return o->time.unit == CP_TIME_OFFSET || o->time.unit == CP_TIME_SHARE;
}

bool perf_filter_needs_times(const struct cp_read_options *options)
{
	return needs_times(options);
}

/* Nanoseconds, clamped to what a clock can show. */
static uint64_t clamp(double t)
{
	if (!(t > 0))
		return 0;
	return t >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)t;
}

static void set_span(struct perf_filter *w, const struct perf_file *f)
{
	const struct cp_time_span *span = &w->o->time;
	double first = (double)f->counts.first_time;
	double length = (double)f->counts.last_time - first;

	w->to = UINT64_MAX;
	if (span->unit == CP_TIME_NANOS) {
		w->from = clamp(span->from);
		w->to = clamp(span->to);
	}
	if (!needs_times(w->o) || f->counts.first_time > f->counts.last_time)
		return;
	if (span->unit == CP_TIME_OFFSET) {
		w->from = f->counts.first_time + clamp(span->from);
		w->to = clamp(first + span->to);
		return;
	}
	w->from = f->counts.first_time + clamp(length * span->from);
	/* The last sample belongs to the whole. */
	w->to = span->to >= 1 ? UINT64_MAX
			      : f->counts.first_time + clamp(length * span->to);
}

/* "0-3,8" */
static bool parse_cpus(
	struct perf_filter *w, struct perf_file *f, const char *text, bool *ret_bad)
{
	const char *at = text;

	while (*at) {
		struct perf_cpu_range range;
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
	set_span(w, f);
	if (options->cpus && !parse_cpus(w, f, options->cpus, &bad))
		return cpi_error_memory(err);
	if (bad)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"\"%s\" is no list of CPUs like 0-3,8", options->cpus);
	return CP_OK;
}

void perf_filter_release(struct perf_filter *w, struct perf_file *f)
{
	cpi_vec_release(&f->env->mem, &w->cpu);
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

bool perf_filter_sample(const struct perf_filter *w, const struct perf_sample *s)
{
	if (!w->any)
		return true;
	return s->time >= w->from && (s->time < w->to || w->to == UINT64_MAX) &&
	       listed(w->o->pids, w->o->n_pids, s->pid) &&
	       listed(w->o->tids, w->o->n_tids, s->tid) && cpu_listed(w, s->cpu);
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
