/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/sched.h"

#include <stdio.h>

/* ---- samples ---- */

void perf_build_count(struct perf_build *b, struct perf_sample *s,
	const struct perf_sitter *sitter, uint32_t event, uint64_t weight)
{
	if (!sitter)
		return;
	if (perf_batch_wants(b, s))
		perf_batch_add(b, s, sitter, event, weight);
	else if (s == &b->queue[b->queued].s && !s->inflated)
		perf_row_queue(b, sitter, event, weight);
	else
		perf_row_count(b, s, sitter, event, weight, NULL);
}

/* The sample's time on the capture's clock, or the best there is, for looking up. */
static uint64_t order_time(struct perf_build *b, const struct perf_record *r,
	const struct perf_event *e, struct perf_sample *s)
{
	if (e->layout.time != PERF_ABSENT && s->time == PERF_NO_TIME) {
		/* It was made after all others. */
		s->time = b->last_time;
		return PERF_NO_TIME;
	}
	if (e->layout.time != PERF_ABSENT) {
		b->last_time = s->time;
		if (s->time < b->f->counts.first_time)
			b->f->counts.first_time = s->time;
		if (s->time > b->f->counts.last_time)
			b->f->counts.last_time = s->time;
		return s->time;
	}
	return b->f->timed ? b->last_time : r->number;
}

/* perf script's readers keep the event that comes first, of those they can read. */
static void note_first(struct perf_build *b, uint64_t time, uint32_t event)
{
	bool unread = perf_event_unread(&b->f->event.v[event]);

	if (!b->event_wanted[event])
		return;
	if (b->first_event != UINT32_MAX) {
		bool was = perf_event_unread(&b->f->event.v[b->first_event]);

		if (was != unread ? unread : time >= b->first_time)
			return;
	}
	b->first_time = time;
	b->first_event = event;
}

static void on_sample(struct perf_build *b, const struct perf_record *r)
{
	struct perf_file *f = b->f;
	uint32_t event = perf_record_event(f, r);
	const struct perf_sitter *sitter = NULL;
	struct perf_sample *s = &b->queue[b->queued].s;
	struct perf_event *e;

	if (event == UINT32_MAX) {
		b->unknown++;
		return;
	}
	e = &f->event.v[event];
	if (!perf_sample_decode(f, r, event, s)) {
		perf_sample_short(f, r);
		return;
	}
	b->now = order_time(b, r, e, s);
	if (e->dummy)
		return;
	b->samples++;
	note_first(b, b->now, event);
	s->uncounted = !perf_filter_sample(&b->filter, s);
	/* A wait that began outside of --time may end inside; its waker may be anybody. */
	if (!s->uncounted || (perf_sched_wants(b, e) &&
				     (e->trace.kind == PERF_TRACE_WAKE ||
					     perf_filter_task(&b->filter, s))))
		sitter = perf_sitter_find(b, s, b->now);
	if (b->sched)
		perf_sched_sample(b, s, sitter);
	/* Of who wakes others the stack may be wanted, if nothing else is. */
	if (sitter && !sitter->wanted && e->trace.kind == PERF_TRACE_WAKE)
		s->uncounted = true;
	else if (sitter && !sitter->wanted)
		sitter = NULL;
	if (s->uncounted && !s->ticket)
		sitter = NULL;
	perf_weigh(b, s, sitter);
}

static enum cp_code read_samples(
	struct perf_build *b, struct perf_stream *stream, struct cp_error *err)
{
	struct perf_record r;

	while (!b->b.code && perf_stream_next(stream, &r, err)) {
		enum cp_code code = CP_OK;

		if (r.type == PERF_RECORD_SAMPLE)
			on_sample(b, &r);
		else if (b->sched)
			perf_sched_record(b, &r);
		if (!code && !(r.number & 0xffff))
			code = cpi_env_progress(
				b->env, 0.25 + 0.75 * perf_stream_share(stream), err);
		if (code)
			return code;
	}
	perf_rows_flush(b);
	if (!b->b.code)
		perf_batch_flush(b);
	if (!b->b.code && b->sched)
		perf_sched_finish(b);
	return stream->code;
}

/* ---- header ---- */

static void set_period(struct perf_build *b, const struct perf_event *e)
{
	struct cp_profile_header *header = &b->b.p->header;
	bool freq = e->attr.flags & PERF_FLAG_FREQ;

	header->period_type.type = cpi_builder_string(&b->b, perf_name(b->f, e->name));
	header->period_type.unit =
		cpi_builder_str(&b->b, e->clock ? "nanoseconds" : "count");
	header->default_sample_type = header->period_type.type;
	if (!freq || e->clock)
		header->period = (int64_t)(perf_event_weight(e) & INT64_MAX);
}

/* From the first to the last sample, or what the time filter leaves of that. */
static void set_times(struct perf_build *b)
{
	struct cp_profile_header *header = &b->b.p->header;
	const struct perf_file *f = b->f;
	uint64_t start = UINT64_MAX, duration = 0;

	for (size_t i = 0; i < b->filter.time.n; i++) {
		const struct perf_range *span = &b->filter.time.v[i];
		uint64_t first = f->counts.first_time, last = f->counts.last_time;

		if (first < span->from)
			first = span->from;
		if (last > span->to)
			last = span->to;
		if (first > last)
			continue;
		if (start == UINT64_MAX)
			start = first;
		duration += last - first;
	}
	if (start == UINT64_MAX)
		return;
	header->duration_nanos = (int64_t)(duration & INT64_MAX);
	if (f->clock_wall)
		header->time_nanos = (int64_t)(f->clock_wall - f->clock_time + start);
}

/* Only the first event, and with it what has no event's name to that script. */
static void keep_first(struct perf_build *b)
{
	for (size_t i = 1; i < b->row.n; i++)
		if (b->first_event != UINT32_MAX &&
			perf_event_unread(&b->f->event.v[b->row.v[i].event]))
			b->row.v[i].event = b->first_event;
	for (uint32_t i = 0; i < b->f->event.n; i++)
		b->event_wanted[i] &= i == b->first_event;
}

/* Who records these first asks where threads wait. */
static bool tells_waits(const struct perf_event *e)
{
	return e->off_cpu || e->trace.kind;
}

static void finish(struct perf_build *b)
{
	uint32_t first = UINT32_MAX;

	if (b->compat)
		keep_first(b);
	perf_rows_finish(b);
	for (uint32_t i = 0; i < b->f->event.n && first == UINT32_MAX; i++)
		if (b->event_wanted[i])
			first = i;
	if (b->b.code)
		return;
	if (first != UINT32_MAX)
		set_period(b, &b->f->event.v[first]);
	if (b->off_types && first != UINT32_MAX && tells_waits(&b->f->event.v[first]))
		b->b.p->header.default_sample_type =
			cpi_builder_str(&b->b, b->off_types == 3 ? "wall" : "off-cpu");
	set_times(b);
	perf_comments_add(b);
}

/* ---- set-up ---- */

/*
 * Dummies never count. Events of a tracing unit (Intel PT) fill AUX data instead of
 * sampling; others may have no sample in this capture and some in the next.
 */
static bool countable(const struct perf_file *f, const struct perf_event *e)
{
	return !e->dummy &&
	       !(e->attr.type > PERF_TYPE_BREAKPOINT &&
		       f->counts.type[PERF_RECORD_AUXTRACE_INFO] &&
		       !(e->attr.sample_type &
			       (PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN)));
}

static enum cp_code no_event(const struct perf_build *b, struct cp_error *err)
{
	char list[160] = "", shown[48], wanted[48];
	size_t n = 0;

	for (size_t i = 0; i < b->f->event.n && n < sizeof list - 52; i++)
		if (!b->f->event.v[i].dummy)
			n += (size_t)snprintf(list + n, sizeof list - n, "%s%s",
				n ? ", " : "",
				cpi_text_printable(shown, sizeof shown,
					perf_name(b->f, b->f->event.v[i].name)));
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"the capture has no event \"%s\"; it has %s",
		cpi_text_printable(wanted, sizeof wanted, cpi_text(b->o->events[0])),
		n ? list : "none");
}

static enum cp_code choose_events(struct perf_build *b, struct cp_error *err)
{
	struct perf_file *f = b->f;
	size_t n = 0;

	b->event_wanted = cpi_alloc_zero(&b->env->mem, f->event.n);
	if (!b->event_wanted)
		return cpi_error_memory(err);
	for (size_t i = 0; i < f->event.n; i++) {
		b->event_wanted[i] = countable(f, &f->event.v[i]) &&
				     perf_filter_event(&b->filter, f, &f->event.v[i]);
		n += b->event_wanted[i];
	}
	if (!n && b->o->n_events)
		return no_event(b, err);
	return CP_OK;
}

static void choose_labels(struct perf_build *b)
{
	b->labels = b->o->labels;
	if (!b->labels || b->labels & CP_LABEL_DEFAULT)
		b->labels |= CP_LABEL_PID | CP_LABEL_COMM;
	if (b->labels & CP_LABEL_NONE)
		b->labels = 0;
}

static enum cp_code set_up(struct perf_build *b, struct cp_error *err)
{
	enum cp_code code;

	b->last_sitter = UINT32_MAX;
	b->first_event = UINT32_MAX;
	b->compat = b->o->perf_compat;
	b->ip_register = perf_ip_register(perf_machine(b->f));
	choose_labels(b);
	cpi_builder_init(&b->b, b->env);
	if (!perf_places_init(&b->places, b->f, &b->tasks, &b->b) ||
		!cpi_vec_push(&b->env->mem, &b->row, (struct perf_row){0}))
		return cpi_error_memory(err);
	code = perf_filter_init(&b->filter, b->f, b->o, err);
	if (!code)
		code = choose_events(b, err);
	if (!code)
		code = perf_batch_init(b, err);
	if (!code)
		code = perf_sched_init(b, err);
	if (!code)
		perf_leaf_init(b);
	return code;
}

static void tear_down(struct perf_build *b)
{
	struct cpi_mem *mem = &b->env->mem;

	perf_batch_release(b);
	perf_sched_release(b);
	perf_places_release(&b->places);
	perf_filter_release(&b->filter, b->f);
	cpi_vec_release(mem, &b->sitter);
	cpi_index_release(mem, &b->sitters);
	cpi_vec_release(mem, &b->row);
	cpi_index_release(mem, &b->rows);
	cpi_vec_release(mem, &b->timed);
	cpi_vec_release(mem, &b->frame);
	cpi_vec_release(mem, &b->counter);
	cpi_index_release(mem, &b->counters);
	if (b->event_wanted)
		cpi_free(mem, b->event_wanted, b->f->event.n);
	perf_tasks_release(&b->tasks);
}

static enum cp_code no_samples(const struct perf_file *f, struct cp_error *err)
{
	if (f->feature[0] >> PERF_FEATURE_STAT & 1)
		return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
			"the file is from perf stat record: it holds counts, no samples "
			"(perf stat report shows them)");
	if (f->aux)
		return cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
			"the capture holds no sample, but AUX data of %s, which "
			"perf inject --itrace decodes into samples",
			perf_aux_name(f->aux));
	return cpi_error(
		err, CP_ERROR_EMPTY, CP_NO_OFFSET, "the capture holds no sample");
}

static void report(struct perf_build *b)
{
	struct cpi_diag *diag = &b->env->diag;
	struct cpi_place place = cpi_place_at(b->f->source->name, CP_NO_OFFSET);
	const struct perf_counts *counts = &b->f->counts;

	if (counts->lost_records || counts->lost_samples)
		cpi_diag_note(diag, "lost", &place,
			"the kernel lost %llu records and %llu samples while recording",
			(unsigned long long)counts->lost_records,
			(unsigned long long)counts->lost_samples);
	if (b->f->aux)
		cpi_diag_note(diag, "aux", &place,
			"the AUX data of %s are not read: perf inject --itrace decodes "
			"them into samples",
			perf_aux_name(b->f->aux));
	if (counts->throttled)
		cpi_diag_note(diag, "throttled", &place,
			"sampling was throttled %llu times",
			(unsigned long long)counts->throttled);
	if (b->guest_unmapped)
		cpi_diag_note(diag, "guest", &place,
			"the capture has frames of a guest's kernel (a virtual machine), "
			"and does not say where that was mapped: record with perf kvm "
			"--guestkallsyms, or --guestmount");
	if (b->guest_user)
		cpi_diag_note(diag, "guest-user", &place,
			"the capture has frames of programs in a guest (a virtual machine), "
			"whose files it does not name: record inside of the machine, too");
	perf_sched_report(b);
	if (b->unknown)
		cpi_diag_warn(diag, "event", &place,
			"%llu samples belong to events that the capture does not "
			"describe",
			(unsigned long long)b->unknown);
}

static bool is_library(struct cp_text path)
{
	return cpi_text_ends(path, CPI_TEXT(".so")) || memmem(path.p, path.n, ".so.", 4);
}

/*
 * pprof takes the first mapping for the main binary and prints its name above every
 * report. The loader is what runs first; the first program is what is meant.
 */
static void main_binary_first(struct cp_profile *p)
{
	struct cp_mapping_row row;
	uint32_t at = 1;

	for (; at < p->mapping.n; at++) {
		struct cp_text path = cpi_profile_text(p, p->mapping.v[at].path);

		if (p->mapping.v[at].kind == CP_MAP_USER && path.n && *path.p == '/' &&
			!is_library(path))
			break;
	}
	if (at >= p->mapping.n || at == 1)
		return;
	row = p->mapping.v[at];
	p->mapping.v[at] = p->mapping.v[1];
	p->mapping.v[1] = row;
	for (size_t i = 1; i < p->location.n; i++) {
		cp_mapping *m = &p->location.v[i].mapping;

		if (m->i == 1 || m->i == at)
			m->i = m->i == 1 ? at : 1;
	}
}

static enum cp_code build(
	struct perf_build *b, struct cp_profile **ret_profile, struct cp_error *err)
{
	struct perf_stream stream;
	enum cp_code code = set_up(b, err);

	if (code) {
		cpi_builder_release(&b->b);
		return code;
	}
	perf_stream_init(&stream, b->f, false);
	code = read_samples(b, &stream, err);
	perf_stream_release(&stream);
	if (!code && (b->batch || b->leaf_callers) && b->unwinder->finish)
		code = b->unwinder->finish(b->unwinder->arg, err);
	if (!code && !b->b.code && !b->samples)
		code = no_samples(b->f, err);
	if (!code && !b->b.code)
		report(b);
	if (code) {
		cpi_builder_release(&b->b);
		return code;
	}
	finish(b);
	code = cpi_builder_finish(&b->b, ret_profile, err);
	if (!code)
		main_binary_first(*ret_profile);
	return code;
}

static enum cp_code read_open(struct perf_file *f, const struct cp_read_options *options,
	const struct cpi_unwinder *unwinder, struct cp_profile **ret_profile,
	struct cp_error *err)
{
	struct perf_build *b;
	enum cp_code code;

	f->scan_samples = perf_filter_needs_times(options);
	code = perf_scan(f, err);
	/* perf script has no such names. */
	if (!code && !options->perf_compat)
		code = perf_jit_add(f, unwinder, err);
	if (code)
		return code;
	b = cpi_alloc_zero(&f->env->mem, sizeof *b);
	if (!b)
		return cpi_error_memory(err);
	b->f = f;
	b->env = f->env;
	b->o = options;
	b->unwinder = options->no_unwind ? NULL : unwinder;
	code = perf_tasks_build(&b->tasks, f, options->perf_compat, err);
	if (!code) {
		code = build(b, ret_profile, err);
		tear_down(b);
	}
	cpi_free(&f->env->mem, b, sizeof *b);
	return code;
}

static enum cp_code perf_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	static const struct cp_read_options none = {.size = sizeof none};
	struct perf_file f;
	enum cp_code code = perf_file_open(&f, env, source, err);

	if (code)
		return code;
	code = read_open(&f, options ? options : &none, unwinder, ret_profile, err);
	perf_file_release(&f);
	return code;
}

const struct cpi_format cpi_format_perf = {
	.public =
		{
			.name = "perf.data",
			.description = "captures of perf record: file, pipe or directory",
			.extensions = ".data",
			.reads = true,
			.binary = true,
		},
	.detect = perf_detect,
	.read = perf_read,
};
