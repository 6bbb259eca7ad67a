/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version 66, as samply writes it: newer readers upgrade it, older ones refuse what they do
 * not know. Firefox counts samples times weight, and takes times for the time axis only; so
 * samples without times stand a step apart, and that the axis means nothing is said.
 */
#include <stdio.h>

#include "base/sort.h"
#include "codec/json.h"
#include "format/firefox/columns.h"
#include "format/firefox/firefox.h"
#include "model/name.h"

struct sample {
	uint32_t stack;
	int64_t value, time;
};

struct out_thread {
	int64_t pid, tid;
	struct cp_text name, process;
	CPI_VEC(struct sample) sample;
};

struct writer {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cpi_sink *sink;
	struct cpi_json json;
	struct firefox_columns c;
	CPI_VEC(struct out_thread) thread;
	CPI_VEC(uint32_t) thread_of; /* by label set: + 1 */
	CPI_VEC(uint32_t) order;
	const struct out_thread *sorted; /* the thread whose samples are in `order` */
	uint32_t type;
	unsigned shift; /* decimals of a weight */
	const char *weight_type;
	int64_t first; /* time of the first sample */
	bool times;
};

static struct cp_text label_text(const struct writer *w, cp_labels set, const char *key)
{
	const struct cp_label *label = cpi_label_find(w->p, set, cpi_text(key));

	return label && label->str.i ? cpi_profile_text(w->p, label->str)
				     : (struct cp_text){"", 0};
}

static int64_t label_number(const struct writer *w, cp_labels set, const char *key)
{
	const struct cp_label *label = cpi_label_find(w->p, set, cpi_text(key));

	return label && !label->str.i ? label->num : 0;
}

static struct cp_text either(struct cp_text a, struct cp_text b)
{
	return a.n ? a : b;
}

/* The thread of a label set; NULL: out of memory. */
static struct out_thread *thread_of(struct writer *w, cp_labels set)
{
	struct out_thread t = {label_number(w, set, "pid"), label_number(w, set, "tid"),
		either(label_text(w, set, "thread"), label_text(w, set, "comm")),
		either(label_text(w, set, "process"), label_text(w, set, "comm")), {0}};
	uint32_t row = w->thread_of.v[set.i];

	if (row)
		return &w->thread.v[row - 1];
	for (row = 0; row < w->thread.n; row++)
		if (w->thread.v[row].pid == t.pid && w->thread.v[row].tid == t.tid &&
			cpi_text_equal(w->thread.v[row].name, t.name))
			break;
	if (row == w->thread.n && !cpi_vec_push(&w->env->mem, &w->thread, t))
		return NULL;
	w->thread_of.v[set.i] = row + 1;
	return &w->thread.v[row];
}

static bool collect(struct writer *w)
{
	const struct cp_profile *p = w->p;

	if (!cpi_vec_reserve(&w->env->mem, &w->thread_of, p->labels_end.n))
		return false;
	memset(w->thread_of.v, 0, p->labels_end.n * sizeof *w->thread_of.v);
	w->thread_of.n = p->labels_end.n;
	for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++) {
		struct sample s = {
			.value = p->value.v[(size_t)i * p->sample_type.n + w->type],
			.time = w->times ? p->time.v[i] : 0};
		struct out_thread *t;

		if (!s.value)
			continue;
		t = thread_of(w, p->sample_labels.v[i]);
		if (!t || !cpi_firefox_stack_row(&w->c, p->sample_stack.v[i], &s.stack) ||
			!cpi_vec_push(&w->env->mem, &t->sample, s))
			return false;
		if (w->times && s.time < w->first)
			w->first = s.time;
	}
	return true;
}

static void unit_of(struct writer *w)
{
	static const struct {
		const char *unit, *type;
		unsigned shift;
	} known[] = {{"nanoseconds", "tracing-ms", 6}, {"ns", "tracing-ms", 6},
		{"microseconds", "tracing-ms", 3}, {"us", "tracing-ms", 3},
		{"milliseconds", "tracing-ms", 0}, {"ms", "tracing-ms", 0},
		{"bytes", "bytes", 0}};
	const struct cp_value_type *type = &w->p->sample_type.v[w->type];
	struct cp_text unit = cpi_profile_text(w->p, type->unit);

	w->weight_type = "samples";
	w->shift = type->decimals;
	for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
		if (cpi_text_equal(unit, cpi_text(known[i].unit))) {
			w->weight_type = known[i].type;
			w->shift += known[i].shift;
		}
}

static void key_i64(struct writer *w, const char *key, int64_t x)
{
	cpi_json_key(&w->json, key);
	cpi_json_i64(&w->json, x);
}

static void key_str(struct writer *w, const char *key, const char *text)
{
	cpi_json_key(&w->json, key);
	cpi_json_str(&w->json, text);
}

static void key_bool(struct writer *w, const char *key, bool x)
{
	cpi_json_key(&w->json, key);
	cpi_json_bool(&w->json, x);
}

static void key_null(struct writer *w, const char *key)
{
	cpi_json_key(&w->json, key);
	cpi_json_null(&w->json);
}

static void open(struct writer *w, const char *key, char c)
{
	cpi_json_key(&w->json, key);
	cpi_json_begin(&w->json, c, c == '[');
}

static void empty_list(struct writer *w, const char *key)
{
	open(w, key, '[');
	cpi_json_end(&w->json, ']');
}

static void categories(struct writer *w)
{
	open(w, "categories", '[');
	for (unsigned i = 0; i < FIREFOX_CATEGORIES; i++) {
		cpi_json_begin(&w->json, '{', true);
		key_str(w, "name", cpi_firefox_category[i][0]);
		key_str(w, "color", cpi_firefox_category[i][1]);
		open(w, "subcategories", '[');
		cpi_json_str(&w->json, "Other");
		cpi_json_end(&w->json, ']');
		cpi_json_end(&w->json, '}');
	}
	cpi_json_end(&w->json, ']');
}

static void meta(struct writer *w)
{
	const struct cp_profile_header *h = &w->p->header;
	struct cp_text unit = cpi_profile_text(w->p, h->period_type.unit);
	bool nanos = cpi_text_equal(unit, CPI_TEXT("nanoseconds")) && h->period > 0;
	const struct cp_value_type *type = &w->p->sample_type.v[w->type];

	open(w, "meta", '{');
	cpi_json_key(&w->json, "interval");
	cpi_json_decimal(&w->json, nanos ? h->period : 1000000, 6);
	cpi_json_key(&w->json, "startTime");
	cpi_json_decimal(&w->json, h->time_nanos, 6);
	key_i64(w, "processType", 0);
	cpi_json_key(&w->json, "product");
	cpi_json_text(&w->json, cpi_profile_text(w->p, type->type));
	key_str(w, "importedFrom",
		w->times ? "libcp" : "libcp (the time axis means nothing)");
	key_i64(w, "stackwalk", 1);
	key_i64(w, "version", 27);
	key_i64(w, "preprocessedProfileVersion", 66);
	key_bool(w, "symbolicated", true);
	key_bool(w, "usesOnlyOneStackType", true);
	key_bool(w, "sourceCodeIsNotOnSearchfox", true);
	categories(w);
	empty_list(w, "markerSchema");
	cpi_json_key(&w->json, "sampleUnits");
	cpi_json_begin(&w->json, '{', true);
	key_str(w, "time", "ms");
	key_str(w, "eventDelay", "ms");
	key_str(w, "threadCPUDelta", "µs");
	cpi_json_end(&w->json, '}');
	cpi_json_end(&w->json, '}');
}

/* A build id's first 16 bytes as a GUID with age 0; zeros when there is none. */
static void breakpad(struct cp_text id, char *ret)
{
	static const uint8_t order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

	memset(ret, '0', 33);
	ret[33] = 0;
	if (id.n >= 32)
		for (unsigned i = 0; i < 32; i++) {
			char c = id.p[2 * order[i / 2] + i % 2];

			ret[i] = c >= 'a' && c <= 'f' ? (char)(c - 32) : c;
		}
}

static void libs(struct writer *w)
{
	cpi_json_key(&w->json, "libs");
	cpi_json_begin(&w->json, '[', false);
	for (size_t i = 0; i < w->c.lib.n; i++) {
		const struct cp_mapping_row *m = &w->p->mapping.v[w->c.lib.v[i].i];
		struct cp_text path = cpi_profile_text(w->p, m->path);
		struct cp_text id = cpi_profile_text(w->p, m->build_id);
		struct cp_text name = cpi_text_basename(path);
		char guid[34];

		breakpad(id, guid);
		cpi_json_begin(&w->json, '{', true);
		key_null(w, "arch");
		cpi_json_key(&w->json, "name");
		cpi_json_text(&w->json, name);
		cpi_json_key(&w->json, "path");
		cpi_json_text(&w->json, path);
		cpi_json_key(&w->json, "debugName");
		cpi_json_text(&w->json, name);
		cpi_json_key(&w->json, "debugPath");
		cpi_json_text(&w->json, path);
		key_str(w, "breakpadId", guid);
		cpi_json_key(&w->json, "codeId");
		if (id.n)
			cpi_json_text(&w->json, id);
		else
			cpi_json_null(&w->json);
		cpi_json_end(&w->json, '}');
	}
	cpi_json_end(&w->json, ']');
}

/* One column: a number, or null where the row has none. */
#define COLUMN(w, key, n, some, value) \
	do { \
		open(w, key, '['); \
		for (size_t i = 0; i < (n); i++) { \
			if (some) \
				cpi_json_i64(&(w)->json, (int64_t)(value)); \
			else \
				cpi_json_null(&(w)->json); \
		} \
		cpi_json_end(&(w)->json, ']'); \
	} while (0)

static void stack_table(struct writer *w)
{
	size_t n = w->c.stack.n;

	open(w, "stackTable", '{');
	key_i64(w, "length", (int64_t)n);
	COLUMN(w, "frame", n, true, w->c.stack.v[i].frame);
	COLUMN(w, "prefixOffset", n, true,
		w->c.stack.v[i].parent == FIREFOX_NO_ROW ? 0 : i - w->c.stack.v[i].parent);
	cpi_json_end(&w->json, '}');
}

static void frame_table(struct writer *w)
{
	size_t n = w->c.frame.n;

	open(w, "frameTable", '{');
	key_i64(w, "length", (int64_t)n);
	COLUMN(w, "address", n, true, w->c.frame.v[i].address);
	COLUMN(w, "inlineDepth", n, true, w->c.frame.v[i].depth);
	COLUMN(w, "category", n, true, w->c.frame.v[i].category);
	COLUMN(w, "subcategory", n, true, 0);
	COLUMN(w, "func", n, true, w->c.frame.v[i].func);
	COLUMN(w, "nativeSymbol", n, false, 0);
	COLUMN(w, "innerWindowID", n, false, 0);
	COLUMN(w, "line", n, w->c.frame.v[i].line > 0, w->c.frame.v[i].line);
	COLUMN(w, "column", n, w->c.frame.v[i].column > 0, w->c.frame.v[i].column);
	COLUMN(w, "originalLocation", n, false, 0);
	cpi_json_end(&w->json, '}');
}

static void flags_column(struct writer *w, const char *key, size_t n)
{
	open(w, key, '[');
	for (size_t i = 0; i < n; i++)
		cpi_json_bool(&w->json, false);
	cpi_json_end(&w->json, ']');
}

static void func_table(struct writer *w)
{
	size_t n = w->c.func.n;
	const struct firefox_func *f = w->c.func.v;

	open(w, "funcTable", '{');
	key_i64(w, "length", (int64_t)n);
	COLUMN(w, "name", n, true, f[i].name);
	flags_column(w, "isJS", n);
	flags_column(w, "relevantForJS", n);
	COLUMN(w, "resource", n, true, f[i].lib == FIREFOX_NO_ROW ? -1 : (int64_t)f[i].lib);
	COLUMN(w, "source", n, f[i].file != FIREFOX_NO_ROW, w->c.source_of.v[f[i].file]);
	COLUMN(w, "lineNumber", n, f[i].start_line > 0, f[i].start_line);
	COLUMN(w, "columnNumber", n, false, 0);
	COLUMN(w, "originalLocation", n, false, 0);
	cpi_json_end(&w->json, '}');
}

/* One resource per library, in the same order; its name was made a text before. */
static void resource_table(struct writer *w, const uint32_t *name)
{
	size_t n = w->c.lib.n;

	open(w, "resourceTable", '{');
	key_i64(w, "length", (int64_t)n);
	COLUMN(w, "lib", n, true, i);
	COLUMN(w, "name", n, true, name[i]);
	COLUMN(w, "host", n, false, 0);
	COLUMN(w, "type", n, true, 1);
	cpi_json_end(&w->json, '}');
}

static void other_tables(struct writer *w)
{
	size_t n = w->c.source.n;

	open(w, "sources", '{');
	key_i64(w, "length", (int64_t)n);
	COLUMN(w, "id", n, false, 0);
	COLUMN(w, "filename", n, true, w->c.source.v[i]);
	COLUMN(w, "startLine", n, true, 1);
	COLUMN(w, "startColumn", n, true, 1);
	COLUMN(w, "sourceMapURL", n, false, 0);
	COLUMN(w, "content", n, false, 0);
	cpi_json_end(&w->json, '}');
	open(w, "nativeSymbols", '{');
	key_i64(w, "length", 0);
	empty_list(w, "libIndex");
	empty_list(w, "address");
	empty_list(w, "name");
	empty_list(w, "functionSize");
	cpi_json_end(&w->json, '}');
	open(w, "sourceLocationTable", '{');
	key_i64(w, "length", 0);
	empty_list(w, "source");
	empty_list(w, "line");
	empty_list(w, "column");
	cpi_json_end(&w->json, '}');
}

static bool shared(struct writer *w)
{
	CPI_VEC(uint32_t) name = {0};
	bool fine = true;

	for (size_t i = 0; i < w->c.lib.n && fine; i++) {
		cp_string path = w->p->mapping.v[w->c.lib.v[i].i].path;
		uint32_t row = cpi_firefox_text(
			&w->c, cpi_text_basename(cpi_profile_text(w->p, path)));

		fine = row != FIREFOX_NO_ROW && cpi_vec_push(&w->env->mem, &name, row);
	}
	open(w, "shared", '{');
	if (fine) {
		stack_table(w);
		frame_table(w);
		func_table(w);
		resource_table(w, name.v);
		other_tables(w);
		cpi_json_key(&w->json, "stringArray");
		cpi_json_begin(&w->json, '[', false);
		for (uint32_t i = 0; i < w->c.text.n; i++)
			cpi_json_text(&w->json, cpi_firefox_text_at(&w->c, i));
		cpi_json_end(&w->json, ']');
	}
	cpi_json_end(&w->json, '}');
	cpi_vec_release(&w->env->mem, &name);
	return fine;
}

static int earlier(void *arg, uint32_t a, uint32_t b)
{
	const struct writer *w = arg;
	int64_t x = w->sorted->sample.v[a].time, y = w->sorted->sample.v[b].time;

	return x < y ? -1 : x > y;
}

static bool in_order(struct writer *w, const struct out_thread *t)
{
	w->order.n = 0;
	w->sorted = t;
	for (uint32_t i = 0; i < t->sample.n; i++)
		if (!cpi_vec_push(&w->env->mem, &w->order, i))
			return false;
	return !w->times || cpi_sort_rows(&w->env->mem, w->order.v, w->order.n, earlier, w);
}

static const struct sample *sample_at(const struct writer *w, size_t i)
{
	return &w->sorted->sample.v[w->order.v[i]];
}

static void samples(struct writer *w)
{
	size_t n = w->order.n;

	open(w, "samples", '{');
	key_i64(w, "length", (int64_t)n);
	COLUMN(w, "stack", n, sample_at(w, i)->stack != FIREFOX_NO_ROW,
		sample_at(w, i)->stack);
	open(w, "time", '[');
	for (size_t i = 0; i < n; i++)
		cpi_json_decimal(&w->json,
			w->times ? sample_at(w, i)->time - w->first : (int64_t)i,
			w->times ? 6 : 0);
	cpi_json_end(&w->json, ']');
	open(w, "weight", '[');
	for (size_t i = 0; i < n; i++)
		cpi_json_decimal(&w->json, sample_at(w, i)->value, w->shift);
	cpi_json_end(&w->json, ']');
	key_str(w, "weightType", w->weight_type);
	cpi_json_end(&w->json, '}');
}

static void markers(struct writer *w)
{
	static const char *const lists[] = {
		"data", "name", "startTime", "endTime", "phase", "category"};

	open(w, "markers", '{');
	key_i64(w, "length", 0);
	for (unsigned i = 0; i < 6; i++)
		empty_list(w, lists[i]);
	cpi_json_end(&w->json, '}');
}

/* Two threads of one number (reused, or of unnamed processes) get numbers of their own. */
static void tid(struct writer *w, const uint32_t *by, size_t row)
{
	const struct out_thread *t = &w->thread.v[by[row]];
	unsigned same = 0;
	char text[48];

	for (size_t i = 0; i < row; i++)
		same += w->thread.v[by[i]].tid == t->tid;
	cpi_json_key(&w->json, "tid");
	if (!same) {
		cpi_json_i64(&w->json, t->tid);
		return;
	}
	snprintf(text, sizeof text, "%lld.%u", (long long)t->tid, same);
	cpi_json_str(&w->json, text);
}

static bool thread(struct writer *w, const uint32_t *by, size_t row)
{
	const struct out_thread *t = &w->thread.v[by[row]];
	char pid[32];

	if (!in_order(w, t))
		return false;
	snprintf(pid, sizeof pid, "%lld", (long long)t->pid);
	cpi_json_begin(&w->json, '{', false);
	key_str(w, "processType", "default");
	key_i64(w, "processStartupTime", 0);
	key_null(w, "processShutdownTime");
	key_i64(w, "registerTime", 0);
	key_null(w, "unregisterTime");
	empty_list(w, "pausedRanges");
	cpi_json_key(&w->json, "name");
	cpi_json_text(&w->json, t->name.n ? t->name : CPI_TEXT("all threads"));
	cpi_json_key(&w->json, "processName");
	cpi_json_text(&w->json, t->process.n ? t->process : CPI_TEXT("all processes"));
	key_bool(w, "isMainThread", t->pid == t->tid);
	key_str(w, "pid", pid);
	tid(w, by, row);
	markers(w);
	samples(w);
	cpi_json_end(&w->json, '}');
	return true;
}

/* By process, its main thread first. */
static int by_task(void *arg, uint32_t a, uint32_t b)
{
	const struct out_thread *x = &((struct writer *)arg)->thread.v[a];
	const struct out_thread *y = &((struct writer *)arg)->thread.v[b];

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if ((x->tid == x->pid) != (y->tid == y->pid))
		return x->tid == x->pid ? -1 : 1;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

static bool threads(struct writer *w)
{
	CPI_VEC(uint32_t) by = {0};
	bool fine = true;

	for (uint32_t i = 0; i < w->thread.n && fine; i++)
		fine = cpi_vec_push(&w->env->mem, &by, i);
	fine = fine && cpi_sort_rows(&w->env->mem, by.v, by.n, by_task, w);
	cpi_json_key(&w->json, "threads");
	cpi_json_begin(&w->json, '[', false);
	for (size_t i = 0; i < by.n && fine; i++)
		fine = thread(w, by.v, i);
	cpi_json_end(&w->json, ']');
	cpi_vec_release(&w->env->mem, &by);
	return fine;
}

static bool everything(struct writer *w)
{
	bool fine = collect(w);

	if (!fine)
		return false;
	if (!w->times)
		cpi_diag_note(&w->env->diag, "firefox-times", NULL,
			"the profile has no times, so the time axis in Firefox means "
			"nothing");
	cpi_json_init(&w->json, w->sink);
	cpi_json_begin(&w->json, '{', false);
	meta(w);
	libs(w);
	fine = shared(w) && threads(w);
	cpi_json_end(&w->json, '}');
	cpi_json_finish(&w->json);
	return fine;
}

enum cp_code cpi_firefox_write(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	struct writer w = {.env = env, .p = profile, .sink = sink, .first = INT64_MAX,
		.times = profile->time.n > 0};
	enum cp_code code = cpi_profile_find_type(
		profile, options ? options->sample_type : NULL, &w.type, err);

	if (code)
		return code;
	unit_of(&w);
	if (!cpi_firefox_columns_init(&w.c, env, profile) || !everything(&w))
		code = cpi_error_memory(err);
	for (size_t i = 0; i < w.thread.n; i++)
		cpi_vec_release(&env->mem, &w.thread.v[i].sample);
	cpi_vec_release(&env->mem, &w.thread);
	cpi_vec_release(&env->mem, &w.thread_of);
	cpi_vec_release(&env->mem, &w.order);
	cpi_firefox_columns_release(&w.c);
	return code;
}
