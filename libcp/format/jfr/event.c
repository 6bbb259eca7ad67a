/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events to samples. Different events sample different things, so each fills columns of its
 * own. The JDK tells an allocation up to three times when all its events are on: a sample of
 * allocations is taken alone, if there is one.
 */
#include "format/jfr/jfr.h"

enum kind {
	EXECUTION,
	NATIVE,
	WALL,
	CPU_TIME,
	IN_TLAB,
	OUTSIDE_TLAB,
	ALLOCATION,
	LIVE,
	MONITOR,
	PARK,
	MALLOC,
	SETTING,
	KINDS
};

static const struct {
	const char *name;
	int counts, weighs; /* columns, -1: none */
	const char *weight; /* the field with what it weighs; NULL: see weight() */
	const char *class;  /* the field with the object's class, a label */
} kinds[KINDS] = {
	[EXECUTION] = {"jdk.ExecutionSample", JFR_SAMPLES, JFR_CPU, NULL, NULL},
	[NATIVE] = {"jdk.NativeMethodSample", JFR_SAMPLES, JFR_CPU, NULL, NULL},
	[WALL] = {"profiler.WallClockSample", -1, JFR_WALL, "samples", NULL},
	[CPU_TIME] = {"jdk.CPUTimeSample", JFR_SAMPLES, JFR_CPU, "samplingPeriod", NULL},
	[IN_TLAB] = {"jdk.ObjectAllocationInNewTLAB", JFR_ALLOC_OBJECTS, JFR_ALLOC_SPACE,
		"tlabSize", "objectClass"},
	[OUTSIDE_TLAB] = {"jdk.ObjectAllocationOutsideTLAB", JFR_ALLOC_OBJECTS,
		JFR_ALLOC_SPACE, "allocationSize", "objectClass"},
	[ALLOCATION] = {"jdk.ObjectAllocationSample", JFR_ALLOC_SAMPLES, JFR_ALLOC_SPACE,
		"weight", "objectClass"},
	[LIVE] = {"profiler.LiveObject", JFR_INUSE_OBJECTS, JFR_INUSE_SPACE,
		"allocationSize", "objectClass"},
	[MONITOR] = {"jdk.JavaMonitorEnter", JFR_CONTENTIONS, JFR_DELAY, "duration",
		"monitorClass"},
	[PARK] = {"jdk.ThreadPark", JFR_CONTENTIONS, JFR_DELAY, "duration", "parkedClass"},
	[MALLOC] = {"profiler.Malloc", JFR_MALLOC_OBJECTS, JFR_MALLOC_SPACE, "size", NULL},
	[SETTING] = {"jdk.ActiveSetting", -1, -1, NULL, NULL},
};

int cpi_jfr_kind(struct cp_text name)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (cpi_text_equal(name, cpi_text(kinds[kind].name)))
			return kind;
	return -1;
}

/* "20 ms", "1 s", or a bare number of nanoseconds; 0: anything else. */
static int64_t duration(struct cp_text text)
{
	static const struct {
		const char *unit;
		int64_t nanos;
	} units[] = {{"", 1}, {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
	struct cp_text unit = text;
	int64_t x = 0;

	while (unit.n && *unit.p >= '0' && *unit.p <= '9') {
		if (x > INT64_MAX / 100)
			return 0;
		x = x * 10 + (*unit.p - '0');
		unit.p++;
		unit.n--;
	}
	while (unit.n && *unit.p == ' ') {
		unit.p++;
		unit.n--;
	}
	for (unsigned i = 0; i < sizeof units / sizeof *units; i++)
		if (unit.n != text.n && cpi_text_equal(unit, cpi_text(units[i].unit)) &&
			x <= INT64_MAX / units[i].nanos)
			return x * units[i].nanos;
	return 0;
}

/* How far apart execution samples are taken: told by the JDK and by async-profiler. */
static void setting(struct jfr *j, struct cpi_cursor *c, uint32_t type)
{
	struct jfr_wanted w[] = {{.name = "id"}, {.name = "name"}, {.name = "value"}};
	uint32_t of;

	cpi_jfr_fields(j, c, type, w, 3);
	of = cpi_jfr_type(&j->chunk, w[0].number);
	if (!cpi_cursor_ok(c) || !of || j->chunk.type.v[of].kind != EXECUTION)
		return;
	if (cpi_text_equal(w[1].text, CPI_TEXT("period")) ||
		cpi_text_equal(w[1].text, CPI_TEXT("interval")))
		j->period = duration(w[2].text);
}

/* Ticks as nanoseconds, exactly as far as 64 bits go. */
static int64_t nanos(const struct jfr_chunk *c, int64_t ticks)
{
	if (c->ticks_per_second == 1000000000 || c->ticks_per_second <= 0)
		return ticks;
	return (int64_t)((long double)ticks * 1e9L / (long double)c->ticks_per_second);
}

enum { START, THREAD, EVENT_THREAD, STACK, STATE, WEIGHT, CLASS, FAILED, WANTED };

static int64_t weight(const struct jfr *j, int kind, const struct jfr_wanted *w)
{
	switch (kind) {
	case EXECUTION:
	case NATIVE:
		return j->period;
	case WALL:
		return w[WEIGHT].found ? w[WEIGHT].number : 1;
	case CPU_TIME:
	case MONITOR:
	case PARK:
		return nanos(&j->chunk, w[WEIGHT].number);
	default:
		return w[WEIGHT].number;
	}
}

static void text_label(struct jfr *j, struct cp_label *label, uint32_t *n, const char *key,
	struct cp_text text)
{
	if (text.n)
		label[(*n)++] = (struct cp_label){.key = cpi_builder_str(&j->b, key),
			.str = cpi_builder_string(&j->b, text)};
}

static cp_labels labels(struct jfr *j, int kind, const struct jfr_wanted *w)
{
	const struct jfr_wanted *thread = w[THREAD].found ? &w[THREAD] : &w[EVENT_THREAD];
	struct cp_label label[6];
	uint32_t n = 0;

	if (thread->found)
		cpi_jfr_thread(j, thread->type, thread->number, label, &n);
	if (w[STATE].found)
		text_label(j, label, &n, "state", w[STATE].text.n ? w[STATE].text
			: cpi_jfr_named(j, w[STATE].type, w[STATE].number, "name"));
	if (w[CLASS].found)
		text_label(j, label, &n, "class",
			cpi_jfr_class(j, w[CLASS].type, w[CLASS].number));
	if (kind == MONITOR || kind == PARK)
		text_label(j, label, &n, "event", cpi_text(kinds[kind].name));
	return cpi_builder_labels(&j->b, label, n);
}

static void sample(struct jfr *j, struct cpi_cursor *c, uint32_t type, uint64_t at)
{
	int kind = j->chunk.type.v[type].kind;
	struct jfr_wanted w[WANTED] = {[START] = {.name = "startTime"},
		[THREAD] = {.name = "sampledThread"}, [EVENT_THREAD] = {.name = "eventThread"},
		[STACK] = {.name = "stackTrace"}, [STATE] = {.name = "state"},
		[WEIGHT] = {.name = kinds[kind].weight ? kinds[kind].weight : ""},
		[CLASS] = {.name = kinds[kind].class ? kinds[kind].class : ""},
		[FAILED] = {.name = "failed"}};
	int64_t values[JFR_COLUMNS] = {0}, x;
	cp_labels set;
	cp_stack stack;

	cpi_jfr_fields(j, c, type, w, WANTED);
	if (!cpi_cursor_ok(c)) {
		cpi_jfr_warn(j, "jfr-event", at, "a %s event is damaged", kinds[kind].name);
		return;
	}
	x = weight(j, kind, w);
	if (kinds[kind].counts >= 0)
		values[j->column[kinds[kind].counts]] = 1;
	if (kinds[kind].weighs >= 0 && j->column[kinds[kind].weighs] >= 0)
		values[j->column[kinds[kind].weighs]] = x;
	set = labels(j, kind, w);
	stack = cpi_jfr_stack(j, w[STACK].type, w[STACK].found ? w[STACK].number : 0);
	if (j->options->keep_time)
		cpi_builder_sample(&j->b, stack, set, values, j->chunk.start_nanos +
			nanos(&j->chunk, w[START].number - j->chunk.start_ticks));
	else
		cpi_builder_sample_sum(&j->b, stack, set, values);
	j->samples++;
}

/* Is it one of the kinds whose allocations another kind has told already? */
static bool told_elsewhere(const struct jfr *j, int kind)
{
	return (kind == IN_TLAB || kind == OUTSIDE_TLAB) && j->events[ALLOCATION];
}

void cpi_jfr_events(struct jfr *j)
{
	struct jfr_chunk *k = &j->chunk;
	uint64_t at = JFR_HEADER;

	while (at < k->n && !j->b.code) {
		struct cpi_cursor c = cpi_jfr_cursor(k, at, k->n);
		uint64_t size = (uint64_t)cpi_jfr_leb(&c);
		uint32_t type;
		int kind;

		if (!cpi_cursor_ok(&c) || !size || size > k->n - at) {
			cpi_jfr_warn(j, "jfr-event", at, "an event has a size of %llu bytes; "
				"the rest of its chunk is lost", (unsigned long long)size);
			return;
		}
		c = cpi_jfr_cursor(k, at, at + size);
		(void)cpi_jfr_leb(&c);
		type = cpi_jfr_type(k, cpi_jfr_leb(&c));
		kind = type ? k->type.v[type].kind : -1;
		if (kind == SETTING && !j->final)
			setting(j, &c, type);
		else if (kind >= 0 && kind != SETTING && !j->final)
			j->events[kind]++;
		else if (kind >= 0 && kind != SETTING && !told_elsewhere(j, kind))
			sample(j, &c, type, at);
		at += size;
	}
}

void cpi_jfr_columns(struct jfr *j)
{
	static const char *const names[JFR_COLUMNS][2] = {
		[JFR_CONTENTIONS] = {"contentions", "count"},
		[JFR_DELAY] = {"delay", "nanoseconds"},
		[JFR_MALLOC_OBJECTS] = {"malloc_objects", "count"},
		[JFR_MALLOC_SPACE] = {"malloc_space", "bytes"},
		[JFR_INUSE_OBJECTS] = {"inuse_objects", "count"},
		[JFR_INUSE_SPACE] = {"inuse_space", "bytes"},
		[JFR_ALLOC_OBJECTS] = {"alloc_objects", "count"},
		[JFR_ALLOC_SAMPLES] = {"alloc_samples", "count"},
		[JFR_ALLOC_SPACE] = {"alloc_space", "bytes"},
		[JFR_WALL] = {"wall", "count"},
		[JFR_SAMPLES] = {"samples", "count"},
		[JFR_CPU] = {"cpu", "nanoseconds"},
	};
	bool wanted[JFR_COLUMNS] = {false};

	for (int kind = 0; kind < KINDS; kind++) {
		if (!j->events[kind] || told_elsewhere(j, kind))
			continue;
		if (kinds[kind].counts >= 0)
			wanted[kinds[kind].counts] = true;
		if (kinds[kind].weighs >= 0)
			wanted[kinds[kind].weighs] = true;
	}
	/* Execution samples weigh what the recording says they do, or nothing. */
	if (!j->events[CPU_TIME] && j->period <= 0)
		wanted[JFR_CPU] = false;
	if (j->events[ALLOCATION] && (j->events[IN_TLAB] || j->events[OUTSIDE_TLAB]))
		cpi_diag_note(&j->env->diag, "jfr-allocations", NULL,
			"allocations are told twice: %llu events of buffers are left out, "
			"%llu samples of allocations count",
			(unsigned long long)(j->events[IN_TLAB] + j->events[OUTSIDE_TLAB]),
			(unsigned long long)j->events[ALLOCATION]);
	for (unsigned i = 0; i < JFR_COLUMNS; i++) {
		j->column[i] = wanted[i] ? (int)j->columns++ : -1;
		if (wanted[i])
			cpi_builder_sample_type(&j->b, cpi_builder_str(&j->b, names[i][0]),
				cpi_builder_str(&j->b, names[i][1]), 0);
	}
}
