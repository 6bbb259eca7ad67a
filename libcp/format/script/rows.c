/* SPDX-License-Identifier: Apache-2.0 */
/* Frames and samples of perf script's output as rows. */
#include "format/script/rows.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_EVENTS = 256 };

static bool shares(const struct cp_read_options *options)
{
	for (size_t i = 0; i < options->n_more_times; i++)
		if (options->more_times[i].unit == CP_TIME_SHARE)
			return true;
	return options->time.unit == CP_TIME_SHARE;
}

enum cp_code cpi_script_rows_init(struct script_rows *rows, struct cpi_env *env,
	const struct cp_read_options *options, struct cp_error *err)
{
	memset(rows, 0, sizeof *rows);
	rows->env = env;
	rows->options = options;
	rows->first_time = CP_NO_TIME;
	rows->times = true;
	cpi_builder_init(&rows->b, env);
	if (rows->b.code && err)
		*err = rows->b.error;
	if (!rows->b.code && shares(options))
		return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
			"a share of the time cannot be taken from perf script's text");
	return rows->b.code;
}

/* Filters. */

static bool among(const char *const *list, size_t n, struct cp_text text)
{
	for (size_t i = 0; i < n; i++)
		if (cpi_text_equal(cpi_text(list[i]), text))
			return true;
	return !n;
}

static bool among_ids(const int32_t *list, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == id)
			return true;
	return !n;
}

/* The name with or without its modifier: "cpu-clock" takes "cpu-clock:pppH". */
static bool wanted_event(const struct cp_read_options *o, struct cp_text event)
{
	const char *colon = event.n ? memrchr(event.p, ':', event.n) : NULL;
	struct cp_text bare = {event.p, colon ? (size_t)(colon - event.p) : event.n};

	return among(o->events, o->n_events, event) ||
	       among(o->events, o->n_events, bare);
}

static bool wanted_cpu(const char *list, int64_t cpu)
{
	while (*list) {
		char *end;
		long from = strtol(list, &end, 10), to = from;

		if (end == list)
			return false;
		if (*end == '-')
			to = strtol(end + 1, &end, 10);
		if (cpu >= from && cpu <= to)
			return true;
		list = *end ? end + 1 : end;
	}
	return false;
}

static bool in_span(
	const struct script_rows *rows, const struct cp_time_span *span, int64_t time)
{
	double t = (double)time;

	if (span->unit == CP_TIME_ALL)
		return true;
	if (time == CP_NO_TIME)
		return false;
	if (span->unit == CP_TIME_OFFSET)
		t -= (double)rows->first_time;
	return t >= span->from && t < span->to;
}

static bool wanted_time(const struct script_rows *rows, int64_t time)
{
	const struct cp_read_options *o = rows->options;

	for (size_t i = 0; i < o->n_more_times; i++)
		if (in_span(rows, &o->more_times[i], time))
			return true;
	return in_span(rows, &o->time, time);
}

static bool wanted_dso(
	const struct script_rows *rows, const cp_location *frame, uint32_t n)
{
	const struct cp_read_options *o = rows->options;
	const struct cp_profile *p = rows->b.p;
	struct cp_text path = {0};

	if (!o->n_dsos)
		return true;
	if (n)
		path = cpi_profile_text(
			p, p->mapping.v[p->location.v[frame->i].mapping.i].path);
	return among(o->dsos, o->n_dsos, path) ||
		among(o->dsos, o->n_dsos, cpi_text_basename(path));
}

static bool wanted(const struct script_rows *rows, const struct script_head *head,
	const cp_location *frame, uint32_t n)
{
	const struct cp_read_options *o = rows->options;

	return wanted_event(o, head->event) && among(o->comms, o->n_comms, head->comm) &&
	       (!o->n_pids ||
		       (head->has_pid && among_ids(o->pids, o->n_pids, head->pid))) &&
	       among_ids(o->tids, o->n_tids, head->tid) &&
	       (!o->cpus || wanted_cpu(o->cpus, head->cpu)) &&
	       wanted_time(rows, head->time) && wanted_dso(rows, frame, n);
}

/* Labels. */

static void number(struct cpi_builder *b, struct cp_label *label, uint32_t *n,
	const char *key, const char *unit, int64_t x)
{
	label[(*n)++] = (struct cp_label){.key = cpi_builder_str(b, key),
		.unit = cpi_builder_str(b, unit),
		.num = x};
}

static cp_labels labels(struct script_rows *rows, const struct script_head *head)
{
	struct cpi_builder *b = &rows->b;
	struct cp_label label[6];
	uint32_t n = 0, set = rows->options->labels;

	if (set & CP_LABEL_NONE)
		return (cp_labels){0};
	if (!set || set & CP_LABEL_DEFAULT)
		set |= CP_LABEL_PID | CP_LABEL_COMM;
	if (set & CP_LABEL_COMM && head->comm.n)
		label[n++] = (struct cp_label){.key = cpi_builder_str(b, "comm"),
			.str = cpi_builder_string(b, head->comm)};
	if (set & CP_LABEL_EVENT)
		label[n++] = (struct cp_label){.key = cpi_builder_str(b, "event"),
			.str = cpi_builder_string(b, head->event)};
	if (set & CP_LABEL_PID && head->has_pid)
		number(b, label, &n, "pid", "pid", head->pid);
	if (set & CP_LABEL_TID)
		number(b, label, &n, "tid", "tid", head->tid);
	if (set & CP_LABEL_CPU && head->cpu >= 0)
		number(b, label, &n, "cpu", "cpu", head->cpu);
	if (set & CP_LABEL_TIMESTAMP_NS && head->time != CP_NO_TIME)
		number(b, label, &n, "timestamp_ns", "nanoseconds", head->time);
	return cpi_builder_labels(b, label, n);
}

/* Events and rows. */

static enum cp_code event_of(struct script_rows *rows, struct cp_text name,
	uint32_t *ret_event, struct cp_error *err)
{
	cp_string id = cpi_builder_string(&rows->b, name);

	for (uint32_t i = 0; i < rows->event.n; i++)
		if (rows->event.v[i].name.i == id.i) {
			*ret_event = i;
			return CP_OK;
		}
	/* Each costs every sample two values. */
	if (rows->event.n == MOST_EVENTS)
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET, "more than %d events",
			MOST_EVENTS);
	if (!cpi_vec_push(
		    &rows->env->mem, &rows->event, (struct script_event){.name = id}))
		return cpi_error_memory(err);
	*ret_event = (uint32_t)rows->event.n - 1;
	return CP_OK;
}

static enum cp_code add_row(
	struct script_rows *rows, const struct script_row *row, struct cp_error *err)
{
	uint64_t hash =
		cpi_hash_mix((uint64_t)row->stack.i << 32 | row->labels.i, row->event);
	struct cpi_probe probe = cpi_index_find(&rows->index, hash);

	/* With keep_time the index is empty. */
	for (uint32_t id; (id = cpi_index_next(&rows->index, &probe));) {
		struct script_row *have = &rows->row.v[id - 1];

		if (have->stack.i != row->stack.i || have->labels.i != row->labels.i ||
			have->event != row->event)
			continue;
		have->count += row->count;
		if (__builtin_add_overflow(have->weight, row->weight, &have->weight))
			return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
				"a sum of periods exceeds 64 bits");
		return CP_OK;
	}
	if (!cpi_vec_push(&rows->env->mem, &rows->row, *row))
		return cpi_error_memory(err);
	if (rows->options->keep_time)
		return CP_OK;
	return cpi_index_add(&rows->env->mem, &rows->index, hash, (uint32_t)rows->row.n)
		? CP_OK : cpi_error_memory(err);
}

/*
 * stackcollapse-perf.pl looks for "TIME: PERIOD EVENT:" at a header's end. What has no
 * time, or text behind its event as tracepoints do, counts once and belongs to no event.
 */
static bool is_unread(const struct script_head *head)
{
	struct script_frame leaf;

	return head->time == CP_NO_TIME ||
		(head->rest.n && !cpi_script_frame(head->rest, &leaf));
}

/* The script keeps the first event that it can read, and what it can not. */
static enum cp_code compat_event(struct script_rows *rows, const struct script_head *head,
	struct script_row *row, bool *ret_kept, struct cp_error *err)
{
	enum cp_code code;

	*ret_kept = true;
	if (is_unread(head)) {
		if (!rows->unread.i)
			rows->unread = cpi_builder_string(&rows->b, head->event);
		row->event = 0;
		row->weight = 1;
		return CP_OK;
	}
	code = event_of(rows, head->event, &row->event, err);
	*ret_kept = !row->event;
	return code;
}

enum cp_code cpi_script_rows_add(struct script_rows *rows, const struct script_head *head,
	const cp_location *frame, uint32_t n, struct cp_error *err)
{
	struct script_row row = {.count = 1, .weight = head->period ? head->period : 1,
		.time = head->time};
	bool kept = true;
	enum cp_code code;

	rows->seen++;
	if (rows->first_time == CP_NO_TIME)
		rows->first_time = head->time;
	if (!wanted(rows, head, frame, n))
		return CP_OK;
	code = rows->options->perf_compat ? compat_event(rows, head, &row, &kept, err)
					  : event_of(rows, head->event, &row.event, err);
	if (code || !kept)
		return code;
	if (row.event < rows->event.n)
		rows->event.v[row.event].period |= head->period != 0;
	rows->times &= head->time != CP_NO_TIME;
	row.stack = cpi_builder_stack(&rows->b, frame, n);
	row.labels = labels(rows, head);
	if (rows->b.code) {
		if (err)
			*err = rows->b.error;
		return rows->b.code;
	}
	return add_row(rows, &row, err);
}

static const char *unit_of(
	const struct script_rows *rows, const struct script_event *event)
{
	struct cp_text name = cpi_profile_text(rows->b.p, event->name);

	if (event->period && (cpi_text_starts(name, CPI_TEXT("cpu-clock")) ||
				     cpi_text_starts(name, CPI_TEXT("task-clock"))))
		return "nanoseconds";
	return "count";
}

/* samples/count and EVENT for one event, EVENT:samples and EVENT for each of several. */
static void types(struct script_rows *rows, size_t n)
{
	struct cpi_builder *b = &rows->b;
	cp_string count = cpi_builder_str(b, "count");

	for (size_t i = 0; i < n && !b->code; i++) {
		const struct script_event *event = &rows->event.v[i];
		struct cp_text name = cpi_profile_text(b->p, event->name);
		cp_string samples = cpi_builder_str(b, "samples");
		char text[256];

		if (n > 1) {
			int length = snprintf(text, sizeof text, "%.*s:samples",
				(int)(name.n < 200 ? name.n : 200), name.p);

			samples = cpi_builder_string(
				b, (struct cp_text){text, (size_t)length});
		}
		cpi_builder_sample_type(b, samples, count, 0);
		cpi_builder_sample_type(
			b, event->name, cpi_builder_str(b, unit_of(rows, event)), 0);
	}
	if (n && !b->code)
		b->p->header.default_sample_type = rows->event.v[0].name;
}

static enum cp_code samples(struct script_rows *rows, size_t n, struct cp_error *err)
{
	int64_t *value = cpi_alloc_zero(&rows->env->mem, 2 * n * sizeof *value);
	bool times = rows->options->keep_time && rows->times;

	if (!value)
		return cpi_error_memory(err);
	for (size_t i = 0; i < rows->row.n; i++) {
		const struct script_row *row = &rows->row.v[i];

		value[2 * row->event] = row->count;
		value[2 * row->event + 1] = row->weight;
		cpi_builder_sample(&rows->b, row->stack, row->labels, value,
			times ? row->time : CP_NO_TIME);
		value[2 * row->event] = value[2 * row->event + 1] = 0;
	}
	cpi_free(&rows->env->mem, value, 2 * n * sizeof *value);
	return CP_OK;
}

enum cp_code cpi_script_rows_finish(struct script_rows *rows, enum cp_code code,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	struct cpi_mem *mem = &rows->env->mem;
	size_t n;

	if (!code && !rows->seen)
		code = cpi_error(
			err, CP_ERROR_EMPTY, CP_NO_OFFSET, "the text has no sample");
	if (!code && !rows->event.n && rows->unread.i &&
		!cpi_vec_push(
			mem, &rows->event, (struct script_event){.name = rows->unread}))
		code = cpi_error_memory(err);
	n = rows->options->perf_compat && rows->event.n ? 1 : rows->event.n;
	if (!code) {
		types(rows, n);
		code = samples(rows, n, err);
	}
	cpi_index_release(mem, &rows->index);
	cpi_vec_release(mem, &rows->row);
	cpi_vec_release(mem, &rows->event);
	if (code) {
		cpi_builder_release(&rows->b);
		return code;
	}
	return cpi_builder_finish(&rows->b, ret_profile, err);
}
