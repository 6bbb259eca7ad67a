/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file: its version, its libraries, and each thread's samples. What a sample weighs has
 * a unit by thread, so threads fill different sample types. Markers and counters, most of a
 * browser's profile, are stepped over.
 */
#include "format/firefox/firefox.h"

struct samples {
	struct cpi_jr stack, weight, type, time, deltas;
	bool weighed; /* there is a column of weights */
	enum firefox_kind kind;
};

struct thread {
	struct cpi_jr object, pid, tid, name, process, samples, js, native;
};

static bool present(const struct cpi_jr *value)
{
	struct cpi_jr copy = *value;

	return !cpi_jr_absent(&copy) && cpi_jr_peek(&copy) != CPI_JR_NULL;
}

static struct cp_text text_of(struct cpi_jr value)
{
	struct cp_text text = {"", 0};

	if (!cpi_jr_absent(&value))
		cpi_jr_text(&value, &text);
	return text;
}

static void thread_of(struct firefox *f, struct cpi_jr *jr, struct thread *ret)
{
	const struct cpi_json_member members[] = {{"pid", &ret->pid}, {"tid", &ret->tid},
		{"name", &ret->name}, {"processName", &ret->process},
		{"samples", &ret->samples}, {"jsAllocations", &ret->js},
		{"nativeAllocations", &ret->native}};

	ret->object = *jr;
	cpi_json_members(&f->r, jr, members, 7);
	ret->object.end = jr->at > ret->object.at ? jr->at : ret->object.at;
	ret->object.first = false;
}

static void samples_of(struct firefox *f, struct cpi_jr table, enum firefox_kind kind,
	struct samples *ret)
{
	const struct cpi_json_member members[] = {{"stack", &ret->stack},
		{"weight", &ret->weight}, {"weightType", &ret->type}, {"time", &ret->time},
		{"timeDeltas", &ret->deltas}};
	struct cp_text type;

	ret->kind = kind;
	cpi_json_members(&f->r, &table, members, 5);
	ret->weighed = present(&ret->weight);
	type = text_of(ret->type);
	if (kind != FIREFOX_SAMPLES)
		return;
	if (cpi_text_equal(type, CPI_TEXT("tracing-ms")))
		ret->kind = FIREFOX_TIME;
	else if (cpi_text_equal(type, CPI_TEXT("bytes")))
		ret->kind = FIREFOX_BYTES;
}

static void number_or_text(struct firefox *f, struct cp_label *label, uint32_t *n,
	const char *key, struct cpi_jr value)
{
	struct cp_text text;
	struct cpi_jr digits = value;
	uint64_t x;

	if (!present(&value))
		return;
	label[*n] = (struct cp_label){.key = cpi_builder_str(&f->r.b, key)};
	if (cpi_jr_u64_or_text(&digits, &x)) {
		label[*n].num = (int64_t)x;
		label[*n].unit = cpi_builder_str(&f->r.b, key);
	} else {
		text = text_of(value);
		if (!text.n)
			return;
		label[*n].str = cpi_builder_string(&f->r.b, text);
	}
	++*n;
}

static void name_label(struct firefox *f, struct cp_label *label, uint32_t *n,
	const char *key, struct cpi_jr value)
{
	struct cp_text text = text_of(value);

	if (text.n)
		label[(*n)++] = (struct cp_label){.key = cpi_builder_str(&f->r.b, key),
			.str = cpi_builder_string(&f->r.b, text)};
}

static cp_labels labels(struct firefox *f, const struct thread *t)
{
	struct cp_label label[4];
	uint32_t n = 0;

	number_or_text(f, label, &n, "pid", t->pid);
	number_or_text(f, label, &n, "tid", t->tid);
	name_label(f, label, &n, "thread", t->name);
	name_label(f, label, &n, "process", t->process);
	return cpi_builder_labels(&f->r.b, label, n);
}

/* Weights as the sample type counts them: times in nanoseconds. */
static bool weight_of(const struct samples *s, struct cpi_jr *weights, int64_t *ret)
{
	bool exact;

	*ret = s->kind == FIREFOX_TIME ? 1000000 : 1;
	if (!s->weighed || !cpi_jr_element(weights))
		return true;
	if (cpi_jr_peek(weights) == CPI_JR_NULL) {
		cpi_jr_skip(weights);
		return true;
	}
	return cpi_jr_decimal(weights, s->kind == FIREFOX_TIME ? 6 : 0, ret, &exact);
}

struct clock {
	struct cpi_jr list;
	bool deltas, some;
	int64_t now;
};

static void clock_of(const struct samples *s, struct clock *ret)
{
	ret->deltas = !present(&s->time);
	ret->list = ret->deltas ? s->deltas : s->time;
	ret->some = present(&ret->list) && cpi_jr_array(&ret->list);
	ret->now = 0;
}

static int64_t next_time(struct clock *c)
{
	int64_t x;
	bool exact;

	if (!c->some || !cpi_jr_element(&c->list) ||
		!cpi_jr_decimal(&c->list, 6, &x, &exact))
		return c->now;
	if (!c->deltas)
		c->now = x;
	else if (__builtin_add_overflow(c->now, x, &c->now))
		c->now = 0;
	return c->now;
}

static void add(struct firefox *f, const struct samples *s, cp_labels set, cp_stack stack,
	int64_t weight, int64_t time)
{
	int64_t values[FIREFOX_KINDS] = {0};

	values[f->column[s->kind]] = weight;
	if (f->times)
		cpi_builder_sample(&f->r.b, stack, set, values, time);
	else
		cpi_builder_sample_sum(&f->r.b, stack, set, values);
	f->r.samples++;
}

/* A sample without a stack says that nothing was there to be sampled. */
static void read_samples(struct firefox *f, const struct samples *s, cp_labels set)
{
	struct cpi_jr stacks = s->stack, weights = s->weight;
	struct clock clock;

	clock_of(s, &clock);
	if (!present(&stacks) || !cpi_jr_array(&stacks) ||
		(s->weighed && !cpi_jr_array(&weights)))
		return;
	for (uint64_t i = 0; cpi_jr_element(&stacks) && !f->r.b.code; i++) {
		size_t offset = cpi_jr_offset(&stacks);
		int64_t row = FIREFOX_NONE, weight, time;
		bool some = cpi_jr_peek(&stacks) != CPI_JR_NULL, fine;
		cp_stack stack;

		cpi_jr_i64(&stacks, &row);
		if (!cpi_jr_ok(&stacks))
			break;
		fine = weight_of(s, &weights, &weight);
		time = next_time(&clock);
		if (!some)
			continue;
		if (!fine)
			cpi_json_warn(&f->r, "firefox-sample", offset,
				"sample %llu of thread %llu has a weight that is no number "
				"of 64 bits", (unsigned long long)i,
				(unsigned long long)f->thread);
		else if (cpi_firefox_stack(f, row, &stack))
			add(f, s, set, stack, weight, time);
		else if (!f->r.b.code)
			cpi_json_warn(&f->r, "firefox-sample", offset,
				"sample %llu of thread %llu: stack %lld is not in the "
				"tables, or something it needs is not",
				(unsigned long long)i, (unsigned long long)f->thread,
				(long long)row);
	}
	cpi_json_damage(&f->r, &stacks);
	cpi_json_damage(&f->r, &weights);
}

static void read_thread(struct firefox *f, struct cpi_jr *jr)
{
	const enum firefox_kind kinds[] = {FIREFOX_SAMPLES, FIREFOX_JS, FIREFOX_NATIVE};
	struct thread t;
	cp_labels set;

	thread_of(f, jr, &t);
	cpi_firefox_tables(f, &f->own, t.object);
	set = labels(f, &t);
	for (unsigned i = 0; i < 3 && !f->r.b.code; i++) {
		struct cpi_jr table = i == 0 ? t.samples : i == 1 ? t.js : t.native;
		struct samples s;

		if (!present(&table))
			continue;
		samples_of(f, table, kinds[i], &s);
		read_samples(f, &s, set);
	}
	cpi_firefox_tables_release(f, &f->own);
}

/* Which kinds of values there are, before the first sample is added. */
static void look_at_thread(struct firefox *f, struct cpi_jr *jr)
{
	struct thread t;
	struct samples s;

	thread_of(f, jr, &t);
	if (present(&t.samples)) {
		samples_of(f, t.samples, FIREFOX_SAMPLES, &s);
		f->column[s.kind] = 0;
		f->times &= present(&s.time) || present(&s.deltas);
	}
	if (present(&t.js))
		f->column[FIREFOX_JS] = 0;
	if (present(&t.native))
		f->column[FIREFOX_NATIVE] = 0;
	if (present(&t.js) || present(&t.native))
		f->times = false;
}

static void types(struct firefox *f)
{
	/* The last one is shown by default: what the processor did, where it is told. */
	static const struct {
		enum firefox_kind kind;
		const char *type, *unit;
	} all[] = {{FIREFOX_NATIVE, "native_alloc_space", "bytes"},
		{FIREFOX_JS, "js_alloc_space", "bytes"}, {FIREFOX_BYTES, "space", "bytes"},
		{FIREFOX_SAMPLES, "samples", "count"}, {FIREFOX_TIME, "time", "nanoseconds"}};

	for (unsigned i = 0; i < FIREFOX_KINDS; i++) {
		if (f->column[all[i].kind] < 0)
			continue;
		f->column[all[i].kind] = (int)f->columns++;
		cpi_builder_sample_type(&f->r.b, cpi_builder_str(&f->r.b, all[i].type),
			cpi_builder_str(&f->r.b, all[i].unit), 0);
	}
}

/*
 * breakpadId is a build id's first 16 bytes as a GUID, whose first three numbers stand in
 * the other byte order, and an age.
 */
static cp_string build_id(struct firefox *f, struct cp_text code, struct cp_text breakpad)
{
	static const uint8_t order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	char hex[32];
	bool some = false;

	if (code.n) {
		for (size_t i = 0; i < code.n; i++)
			if (!strchr("0123456789abcdefABCDEF", code.p[i]) || !code.p[i])
				return (cp_string){0};
		return cpi_builder_string(&f->r.b, code);
	}
	if (breakpad.n < 32)
		return (cp_string){0};
	for (unsigned i = 0; i < 32; i++) {
		char c = breakpad.p[2 * order[i / 2] + i % 2];

		hex[i] = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
		if (!strchr("0123456789abcdef", hex[i]) || !hex[i])
			return (cp_string){0};
		some |= hex[i] != '0';
	}
	return some ? cpi_builder_string(&f->r.b, (struct cp_text){hex, 32})
		    : (cp_string){0};
}

/* Addresses are distances from where the library begins, of 32 bits. */
static void one_lib(struct firefox *f, struct cpi_jr *jr)
{
	struct cpi_jr path, name, code, breakpad;
	const struct cpi_json_member members[] = {{"path", &path}, {"name", &name},
		{"codeId", &code}, {"breakpadId", &breakpad}};
	struct cp_mapping_row row = {.limit = 1ULL << 32, .kind = CP_MAP_USER};
	struct firefox_lib lib;
	struct cp_text text;

	cpi_json_members(&f->r, jr, members, 4);
	text = text_of(path);
	if (!text.n)
		text = text_of(name);
	if (cpi_text_starts(text, CPI_TEXT("[kernel")))
		row.kind = CP_MAP_KERNEL;
	row.path = cpi_builder_string(&f->r.b, text);
	row.build_id = build_id(f, text_of(code), text_of(breakpad));
	lib.mapping = cpi_builder_mapping(&f->r.b, &row);
	cpi_json_fine(&f->r, cpi_vec_push(&f->r.env->mem, &f->lib, lib));
}

static void version(struct firefox *f, int64_t v)
{
	if (v < FIREFOX_OLDEST)
		cpi_builder_fail(&f->r.b, CP_ERROR_UNSUPPORTED,
			"Firefox profiles before version 41 are not read; "
			"profiler.firefox.com upgrades one that is opened and saved there");
	else if (v > FIREFOX_NEWEST)
		cpi_diag_note(&f->r.env->diag, "firefox-version", NULL,
			"version %lld of the format is newer than 75, the newest that is "
			"known here", (long long)v);
}

static void header(struct firefox *f, struct cpi_jr meta)
{
	struct cpi_jr v, start, product;
	const struct cpi_json_member members[] = {{"preprocessedProfileVersion", &v},
		{"startTime", &start}, {"product", &product}};
	struct cp_text name;
	int64_t number = 0, nanos = 0;
	bool exact;

	if (cpi_jr_absent(&meta) || !cpi_json_members(&f->r, &meta, members, 3)) {
		version(f, 0);
		return;
	}
	if (present(&v))
		cpi_jr_i64(&v, &number);
	version(f, number);
	if (present(&start) && cpi_jr_decimal(&start, 6, &nanos, &exact) && !f->r.b.code)
		f->r.b.p->header.time_nanos = nanos;
	name = text_of(product);
	if (name.n)
		cpi_builder_comment(&f->r.b, name);
}

static void everything(struct firefox *f)
{
	struct cpi_jr top = cpi_json_reader_top(&f->r), meta, libs, shared, threads, again;
	const struct cpi_json_member members[] = {
		{"meta", &meta}, {"libs", &libs}, {"shared", &shared}, {"threads", &threads}};

	cpi_json_members(&f->r, &top, members, 4);
	header(f, meta);
	if (f->r.b.code || cpi_jr_absent(&threads))
		return;
	f->times = f->r.options->keep_time;
	again = threads;
	if (cpi_jr_array(&again))
		while (cpi_jr_element(&again) && !f->r.b.code)
			look_at_thread(f, &again);
	types(f);
	if (!cpi_jr_absent(&libs) && cpi_jr_array(&libs))
		while (cpi_jr_element(&libs) && !f->r.b.code)
			one_lib(f, &libs);
	cpi_json_damage(&f->r, &libs);
	cpi_firefox_tables(f, &f->shared, shared);
	if (cpi_jr_array(&threads))
		for (; cpi_jr_element(&threads) && !f->r.b.code; f->thread++)
			read_thread(f, &threads);
	cpi_json_damage(&f->r, &threads);
}

enum cp_code cpi_firefox_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	struct firefox f = {0};

	(void)unwinder;
	for (unsigned i = 0; i < FIREFOX_KINDS; i++)
		f.column[i] = -1;
	cpi_json_reader_init(&f.r, env, source, options);
	if (!f.r.b.code)
		everything(&f);
	cpi_firefox_tables_release(&f, &f.shared);
	cpi_firefox_tables_release(&f, &f.own);
	cpi_vec_release(&env->mem, &f.lib);
	cpi_vec_release(&env->mem, &f.path);
	cpi_vec_release(&env->mem, &f.line);
	return cpi_json_reader_finish(&f.r, ret_profile, err);
}
