/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: perf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/perf/perf.h"

extern const struct cpi_format cpi_format_perf;

/*
 * Captures of testdata/perf against the .stacks files beside them, both made by
 * testdata/gen/perf.py; there stands what a line means.
 */
struct text {
	char *p;
	size_t n;
};

static struct text load(const char *name, const char *ending)
{
	char path[4096];
	struct text t = {0};
	FILE *f;

	snprintf(path, sizeof path, "%s/perf/%s%s", getenv("TESTDATA"), name, ending);
	f = fopen(path, "rb");
	if (!f)
		return t;
	t.p = malloc(1 << 20);
	assert_non_null(t.p);
	t.n = fread(t.p, 1, (1 << 20) - 1, f);
	t.p[t.n] = 0;
	fclose(f);
	return t;
}

static const char bytes_of_jitdump[] = "an argument handed through";

/* ---- a stand-in for the unwinder: the register IP, then the stack's first word ---- */

static unsigned unwind(void *arg, unsigned worker, const struct cpi_unwind_sample *sample,
	cpi_unwind_map_fn *map_at, void *reader, uint64_t *ips, bool *ret_exact, unsigned max,
	enum cpi_unwind_end *ret_end)
{
	struct cpi_unwind_map map;

	(void)arg;
	(void)worker;
	assert_true(max >= 2);
	assert_int_equal(sample->abi, 2);
	assert_int_equal(sample->stack_asked, 64);
	assert_true(map_at(reader, sample, sample->regs[2], &map));
	assert_string_equal(map.path.p, "/bin/prog");
	assert_int_equal(map.start, 0x400000);
	assert_int_equal(map.offset, 0x1000);
	assert_false(map_at(reader, sample, 0x300000, &map));
	ips[0] = sample->regs[2];
	memcpy(&ips[1], sample->stack, 8);
	ret_exact[0] = true;
	ret_exact[1] = false;
	*ret_end = sample->stack_n == 64 ? CPI_UNWIND_DONE : CPI_UNWIND_TRUNCATED;
	return 2;
}

/* In good-leaf LR is the caller below 400020. */
static uint64_t leaf_caller(void *arg, const struct cpi_unwind_sample *sample,
	cpi_unwind_map_fn *map_at, void *reader, uint64_t pc, uint64_t lr)
{
	struct cpi_unwind_map map;

	(void)arg;
	assert_int_equal(sample->abi, 2);
	assert_true(map_at(reader, sample, pc, &map));
	assert_int_equal(map.start, 0x400000);
	return pc < 0x400020 ? lr : 0;
}

/* The dump of good-jit; the reader frees nothing. */
static bool jitdump(void *arg, uint32_t pid, struct cp_text path, const uint8_t **ret_bytes,
	size_t *ret_n)
{
	static uint8_t bytes[4096];
	char name[4096];
	FILE *f;

	assert_ptr_equal(arg, bytes_of_jitdump);
	assert_int_equal(pid, 10);
	assert_string_equal(path.p, "/home/u/.debug/jit/jit-7.dump");
	snprintf(name, sizeof name, "%s/object/jit-times.dump", getenv("TESTDATA"));
	f = fopen(name, "rb");
	assert_non_null(f);
	*ret_n = fread(bytes, 1, sizeof bytes, f);
	*ret_bytes = bytes;
	fclose(f);
	return true;
}

static const struct cpi_unwinder unwinder = {
	.unwind = unwind,
	.leaf_caller = leaf_caller,
	.jitdump = jitdump,
	.jitdump_arg = (void *)bytes_of_jitdump,
};

/* ---- reading ---- */

static unsigned warnings, notes;

static void on_diagnostic(const struct cp_diagnostic *d, void *arg)
{
	(void)arg;
	warnings += d->severity == CP_WARNING;
	notes += d->severity == CP_NOTE;
}

static void context(struct cpi_env *env, bool strict)
{
	struct cp_context_options o = {.size = sizeof o, .threads = 2, .strict = strict};

	o.diagnostic = on_diagnostic;
	warnings = notes = 0;
	cpi_env_init(env, &o);
}

static enum cp_code read_bytes(struct cpi_env *env, const void *p, size_t n,
	const struct cp_read_options *o, struct cp_profile **ret, struct cp_error *err)
{
	static struct cpi_source source;

	source.name = "test";
	source.n_parts = 1;
	source.part[0] = (struct cpi_bytes){p, n};
	assert_int_equal(cpi_format_perf.detect(&source), 100);
	return cpi_format_perf.read(env, &source, o, &unwinder, ret, err);
}

static struct cp_profile *read_file(
	struct cpi_env *env, const char *name, const struct cp_read_options *o)
{
	struct text t = load(name, ".data");
	struct cp_profile *p = NULL;
	struct cp_error err;
	enum cp_code code;

	assert_non_null(t.p);
	context(env, false);
	code = read_bytes(env, t.p, t.n, o, &p, &err);
	if (code)
		print_error("%s: %s\n", name, err.message);
	assert_int_equal(code, CP_OK);
	assert_int_equal(cp_profile_check(p, &err), CP_OK);
	free(t.p);
	return p;
}

static void done(struct cpi_env *env, struct cp_profile *p)
{
	cp_profile_free(p);
	assert_int_equal(env->mem.used, 0);
	cpi_env_release(env);
}

/* ---- rendering ---- */

static void render_frame(struct cpi_sink *s, const struct cp_profile *p, cp_location id)
{
	const struct cp_location_row *row = cp_profile_location(p, id);
	const struct cp_mapping_row *map = cp_profile_mapping(p, row->mapping);
	uint64_t at = row->address - map->start + map->offset;

	if (row->n_lines) {
		const struct cp_line_row *line = cp_profile_lines(p, row);

		cpi_sink_str(s,
			cp_profile_string(p, cp_profile_function(p, line->function)->name).p);
		return;
	}
	if (row->mapping.i) {
		assert_in_range(row->address, map->start, map->limit - 1);
		cpi_sink_str(s, cp_profile_string(p, map->path).p);
		cpi_sink_char(s, '+');
	}
	cpi_sink_hex(s, map->kind == CP_MAP_KERNEL ? row->address : at, 1);
}

static void render_sample(struct cpi_sink *s, const struct cp_profile *p, uint32_t i)
{
	uint32_t n;
	const struct cp_label *label =
		cp_profile_labels(p, cp_profile_sample_labels(p, i), &n);
	const int64_t *values = cp_profile_sample_values(p, i);
	const cp_location *frame;

	for (uint32_t k = 0; k < n; k++) {
		cpi_sink_printf(s, "%s=", cp_profile_string(p, label[k].key).p);
		if (label[k].str.i)
			cpi_sink_str(s, cp_profile_string(p, label[k].str).p);
		else
			cpi_sink_i64(s, label[k].num);
		cpi_sink_char(s, ' ');
	}
	cpi_sink_char(s, '|');
	for (uint32_t k = 0; k < cp_profile_counts(p).sample_types; k++)
		cpi_sink_printf(s, " %" PRId64, values[k]);
	cpi_sink_str(s, " | ");
	frame = cp_profile_stack(p, cp_profile_sample_stack(p, i), &n);
	for (uint32_t k = 0; k < n; k++) {
		if (k)
			cpi_sink_char(s, ';');
		render_frame(s, p, frame[k]);
	}
}

static int line_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *render(const struct cp_profile *p, bool sort)
{
	uint32_t n = cp_profile_counts(p).samples;
	char **line = calloc(n + 1, sizeof *line), *all = calloc(1, 1 << 20);

	assert_true(line && all);
	for (uint32_t i = 0; i < n; i++) {
		struct cpi_sink s;

		cpi_sink_memory(&s, &p->env->mem);
		render_sample(&s, p, i);
		cpi_sink_char(&s, '\n');
		cpi_sink_char(&s, 0);
		line[i] = strdup((char *)s.buf);
		cpi_sink_release(&s);
	}
	if (sort)
		qsort(line, n, sizeof *line, line_order);
	for (uint32_t i = 0; i < n; i++) {
		strcat(all, line[i]);
		free(line[i]);
	}
	free(line);
	return all;
}

static void expect_stacks(const char *name, const char *want, const struct cp_read_options *o)
{
	struct cpi_env env;
	struct cp_profile *p = read_file(&env, name, o);
	char *got = render(p, !o || !o->keep_time);

	if (strcmp(got, want))
		print_error("%s\n", name);
	assert_string_equal(got, want);
	free(got);
	done(&env, p);
}

static void expect_comment(const char *name, const char *comment)
{
	struct cpi_env env;
	struct cp_profile *p = read_file(&env, name, NULL);
	bool found = false;

	for (uint32_t i = 0; i < cp_profile_counts(p).comments; i++)
		found |= !strcmp(cp_profile_comment(p, i).p, comment);
	if (!found)
		print_error("%s: no comment \"%s\"\n", name, comment);
	assert_true(found);
	done(&env, p);
}

/* ---- tests ---- */

static int is_data(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return dot && !strcmp(dot, ".data");
}

static void test_stacks(void **state)
{
	struct dirent **entry;
	char folder[4096];
	int n, compared = 0;

	(void)state;
	snprintf(folder, sizeof folder, "%s/perf", getenv("TESTDATA"));
	n = scandir(folder, &entry, is_data, alphasort);
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		struct text want;

		*strrchr(entry[i]->d_name, '.') = 0;
		want = load(entry[i]->d_name, ".stacks");
		if (want.p) {
			expect_stacks(entry[i]->d_name, want.p, NULL);
			compared++;
		}
		free(want.p);
		free(entry[i]);
	}
	free(entry);
	assert_true(compared >= 25);
}

static void test_types(void **state)
{
	static const char *const names[] = {"cycles:samples", "cycles", "cpu-clock:samples",
		"cpu-clock", "cycles#2:samples", "cycles#2"};
	static const char *const units[] = {"count", "count", "count", "nanoseconds", "count",
		"count"};
	struct cpi_env env;
	struct cp_profile *p = read_file(&env, "good-events", NULL);
	const struct cp_profile_header *header = cp_profile_header(p);

	(void)state;
	assert_int_equal(cp_profile_counts(p).sample_types, 6);
	for (uint32_t i = 0; i < 6; i++) {
		const struct cp_value_type *type = cp_profile_sample_type(p, i);

		assert_string_equal(cp_profile_string(p, type->type).p, names[i]);
		assert_string_equal(cp_profile_string(p, type->unit).p, units[i]);
	}
	assert_string_equal(cp_profile_string(p, header->default_sample_type).p, "cycles");
	assert_int_equal(header->period, 1000);
	assert_int_equal(warnings, 1);
	done(&env, p);
	p = read_file(&env, "good-be64", NULL);
	assert_string_equal(
		cp_profile_string(p, cp_profile_sample_type(p, 0)->type).p, "samples");
	assert_string_equal(
		cp_profile_string(p, cp_profile_sample_type(p, 1)->type).p, "cpu-clock");
	assert_int_equal(cp_profile_header(p)->duration_nanos, 2);
	done(&env, p);
}

static void test_comments(void **state)
{
	static const char *const losses[] = {"perf: host box", "perf: release 6.1.0",
		"perf: arch x86_64", "perf: version 6.1.99", "perf: command line perf record ./prog",
		"perf: samples 3", "perf: lost records 5", "perf: lost samples 3",
		"perf: dropped by BPF 2", "perf: throttled 1"};

	(void)state;
	for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
		expect_comment("good-losses", losses[i]);
	expect_comment("bad-killed", "perf: recorder killed");
	expect_comment("bad-cut", "perf: cut");
	expect_comment("bad-names", "perf: damaged records 4");
	expect_comment("good-dwarf", "perf: truncated stacks 1");
	expect_comment("good-events", "perf: unknown events 1");
	expect_comment("good-be32-writer", "perf: host box");
}

static void test_build_ids(void **state)
{
	struct cpi_env env;
	struct cp_profile *p = read_file(&env, "good-kernel-old", NULL);
	const struct cp_mapping_row *map = cp_profile_mapping(p, (cp_mapping){1});

	(void)state;
	assert_string_equal(cp_profile_string(p, map->build_id).p,
		"0102030405060708090a0b0c0d0e0f1011121314");
	assert_int_equal(map->start, 0xffffffff81000000);
	assert_int_equal(map->offset, 0xffffffff81000190);
	assert_int_equal(map->kind, CP_MAP_KERNEL);
	done(&env, p);
}

static void test_labels(void **state)
{
	struct cp_read_options o = {.size = sizeof o,
		.labels = CP_LABEL_PROCESS_COMM | CP_LABEL_TID | CP_LABEL_TIMESTAMP_NS};
	int32_t tid = 11;

	(void)state;
	o.tids = &tid;
	o.n_tids = 1;
	expect_stacks("good-tasks",
		"process_comm=prog tid=11 timestamp_ns=155 | 1 1000 | /bin/prog+1010\n"
		"process_comm=prog tid=11 timestamp_ns=165 | 1 1000 | /bin/prog+1010\n",
		&o);
	o.labels = CP_LABEL_NONE;
	expect_stacks("good-tasks", "| 2 2000 | /bin/prog+1010\n", &o);
}

static void test_filters(void **state)
{
	static const char *const tool[] = {"tool"}, *const lib[] = {"libc.so"};
	static const char *const clock[] = {"cpu-clock"}, *const absent[] = {"nothing"};
	static const struct cp_time_span more[] = {
		{CP_TIME_NANOS, 130, 140}, {CP_TIME_OFFSET, 20, INFINITY}};
	struct cp_read_options o = {.size = sizeof o, .comms = tool, .n_comms = 1};
	struct text t = load("good-be64", ".data");
	struct cp_profile *p = NULL;
	struct cp_error err;
	struct cpi_env env;
	int32_t pid = 20;

	(void)state;
	expect_stacks("good-tasks",
		"comm=tool pid=20 | 1 1000 | /bin/tool+10\n"
		"comm=tool pid=20 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000000;"
		"/bin/prog+1010\n",
		&o);
	o = (struct cp_read_options){.size = sizeof o, .pids = &pid, .n_pids = 1,
		.time = {CP_TIME_NANOS, 110, 120}};
	expect_stacks("good-tasks", "comm=prog pid=20 | 1 1000 | /bin/prog+1010\n", &o);
	o.time = (struct cp_time_span){CP_TIME_OFFSET, 20, INFINITY};
	expect_stacks("good-tasks",
		"comm=prog pid=20 | 1 1000 | /bin/prog+1010\n"
		"comm=tool pid=20 | 1 1000 | /bin/tool+10\n",
		&o);
	o.time = (struct cp_time_span){CP_TIME_SHARE, 0, 0.1};
	expect_stacks("good-tasks", "comm=prog pid=20 | 1 1000 | /bin/prog+1010\n", &o);
	o = (struct cp_read_options){.size = sizeof o, .pids = &pid, .n_pids = 1,
		.time = {CP_TIME_NANOS, 110, 120}, .more_times = more, .n_more_times = 2};
	expect_stacks("good-tasks",
		"comm=prog pid=20 | 2 2000 | /bin/prog+1010\n"
		"comm=tool pid=20 | 1 1000 | /bin/tool+10\n",
		&o);
	o = (struct cp_read_options){.size = sizeof o, .dsos = lib, .n_dsos = 1};
	expect_stacks("good-be64", "", &o);
	o = (struct cp_read_options){.size = sizeof o, .events = clock, .n_events = 1};
	expect_stacks("good-events", "comm=prog pid=10 | 1 250000 | /bin/prog+1010\n", &o);
	o.events = absent;
	context(&env, false);
	assert_int_equal(read_bytes(&env, t.p, t.n, &o, &p, &err), CP_ERROR_ARGUMENT);
	o = (struct cp_read_options){.size = sizeof o, .cpus = "1-x"};
	assert_int_equal(read_bytes(&env, t.p, t.n, &o, &p, &err), CP_ERROR_ARGUMENT);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
	free(t.p);
	o.cpus = "0-3,7";
	expect_stacks("good-branch-history", "comm=prog pid=10 | 1 1000 | /bin/prog+1010\n", &o);
	o.cpus = "1-3,7";
	expect_stacks("good-branch-history", "", &o);
}

static void test_compat(void **state)
{
	struct cp_read_options o = {.size = sizeof o, .perf_compat = true};

	(void)state;
	/* perf script: return addresses as they are, the LBR's entry of the leaf. */
	expect_stacks("good-be64",
		"comm=prog pid=10 | 1 7 | [kernel.kallsyms]_text+ffffffff81000050;"
		"[kernel.kallsyms]_text+ffffffff81000081;/lib/libc.so+30;/bin/prog+1201\n"
		"comm=prog pid=10 | 2 2000 | /bin/prog+1010;/bin/prog+1101;/lib/libc.so+21\n",
		&o);
	/* The first event only, in time and then in the file. */
	expect_stacks("good-events", "comm=prog pid=10 | 1 1000 | /bin/prog+1010\n", &o);
	/* Without times no line of perf script has the colon that is looked for. */
	expect_stacks("good-no-times",
		"comm=prog pid=10 | 1 1 | /bin/new+10\n"
		"comm=prog pid=10 | 1 1 | /bin/prog+1010\n",
		&o);
	/* Tracepoints count once each, beside the first event that is none. */
	expect_stacks("good-tracepoint",
		"comm=prog pid=10 | 1 1 | /bin/prog+1010;/bin/prog+1101\n"
		"comm=prog pid=10 | 2 1001 | /bin/prog+1010\n",
		&o);
	o.perf_compat = false;
	o.no_unwind = true;
	expect_stacks("good-dwarf",
		"comm=prog pid=10 | 1 1000 | /bin/prog+1010\n"
		"comm=prog pid=10 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000004\n"
		"comm=prog pid=10 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000004;"
		"/bin/prog+1018\n",
		&o);
}

static void test_time_order(void **state)
{
	struct cp_read_options o = {
		.size = sizeof o, .keep_time = true, .labels = CP_LABEL_COMM};

	(void)state;
	expect_stacks("good-be64",
		"comm=prog | 1 1000 | /bin/prog+1010;/bin/prog+1100;/lib/libc.so+20\n"
		"comm=prog | 1 7 | [kernel.kallsyms]_text+ffffffff81000050;"
		"[kernel.kallsyms]_text+ffffffff81000080;/lib/libc.so+30;/bin/prog+1200\n"
		"comm=prog | 1 1000 | /bin/prog+1010;/bin/prog+1100;/lib/libc.so+20\n",
		&o);
}

/* A directory: the second file's fork names the samples of the first; its end is cut. */
static void test_parts(void **state)
{
	static struct cpi_source source;
	struct text part[3] = {
		load("parts/data", ""), load("parts/data.0", ""), load("parts/data.1", "")};
	struct cp_profile *p = NULL;
	struct cp_error err;
	struct cpi_env env;
	char *got;

	(void)state;
	source.name = "parts";
	source.n_parts = 3;
	for (int i = 0; i < 3; i++)
		source.part[i] = (struct cpi_bytes){(uint8_t *)part[i].p, part[i].n};
	context(&env, false);
	assert_int_equal(
		cpi_format_perf.read(&env, &source, NULL, NULL, &p, &err), CP_OK);
	got = render(p, true);
	assert_string_equal(got,
		"comm=prog pid=10 | 1 1000 | /bin/prog+1010\n"
		"comm=prog pid=20 | 2 2000 | /bin/prog+1010\n");
	assert_int_equal(warnings, 1);
	free(got);
	done(&env, p);
	for (int i = 0; i < 3; i++)
		free(part[i].p);
}

/* What is wrong and where, in lenient and in strict mode. */
static void test_damage(void **state)
{
	static const struct {
		const char *name, *message;
		enum cp_code lenient;
	} bad[] = {
		{"bad-attr-size", "an attr size of 7 is impossible", CP_ERROR_CORRUPT},
		{"bad-sections", "the attr section lies outside the file", CP_ERROR_TRUNCATED},
		{"bad-record-size", "a record's size is below 8; 56 bytes after it are not read", 0},
		{"bad-names", "the command line feature ends inside a value", 0},
		{"bad-cut", "the file is cut: its header promises more data", 0},
		{"bad-killed",
			"perf record was killed before it finished the file; "
			"records are read to its end",
			0},
		{"bad-pipe-garbage", "the data ends inside a record; 34 bytes after it are not read",
			0},
		{"bad-zstd", NULL, 0},
		{"bad-behind", "the data ends inside trace data; 0 bytes after it are not read", 0},
		{"bad-tables", "the ids of event 0 lie outside the file", 0},
		{"bad-records", "its file name has no terminating zero", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct text t = load(bad[i].name, ".data");
		struct cp_profile *p = NULL;
		struct cp_error err;
		struct cpi_env env;
		enum cp_code code;

		context(&env, false);
		assert_int_equal(read_bytes(&env, t.p, t.n, NULL, &p, &err), bad[i].lenient);
		if (!bad[i].lenient)
			assert_true(warnings > 0);
		cp_profile_free(p);
		cpi_env_release(&env);
		context(&env, true);
		p = NULL;
		cpi_diag_begin(&env.diag);
		code = read_bytes(&env, t.p, t.n, NULL, &p, &err);
		assert_int_equal(code, bad[i].lenient);
		assert_int_not_equal(cpi_diag_end(&env.diag, code, &err), CP_OK);
		cp_profile_free(p);
		if (bad[i].message)
			assert_string_equal(err.message, bad[i].message);
		assert_true(err.offset != CP_NO_OFFSET && err.offset <= t.n);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
		free(t.p);
	}
}

static struct perf_info *info_of(struct cpi_env *env, const char *name, struct text *t)
{
	static struct cpi_source source;
	struct perf_info *info = NULL;
	struct cp_error err;

	*t = load(name, ".data");
	source.name = name;
	source.n_parts = 1;
	source.part[0] = (struct cpi_bytes){(uint8_t *)t->p, t->n};
	context(env, false);
	assert_int_equal(perf_info_read(env, &source, &info, &err), CP_OK);
	return info;
}

static void test_info(void **state)
{
	struct cpi_env env;
	struct text t;
	struct perf_info *info = info_of(&env, "good-events", &t);
	char buf[64];

	(void)state;
	assert_int_equal(info->version, 2);
	assert_true(info->big_endian && !info->pipe && !info->compressed && !info->killed);
	assert_string_equal(info->host.p, "box");
	assert_string_equal(info->arch.p, "x86_64");
	assert_int_equal(info->samples, 5);
	assert_int_equal(info->unknown_events, 1);
	assert_int_equal(info->n_events, 4);
	assert_true(info->event[0].dummy && !info->event[1].dummy);
	assert_string_equal(info->event[1].name.p, "cycles");
	assert_int_equal(info->event[1].samples, 1);
	assert_int_equal(info->event[1].by_cpumode[2], 1);
	assert_string_equal(
		perf_info_sample_type(buf, sizeof buf, info->event[2].sample_type),
		"IP|TID|TIME|CPU|IDENTIFIER");
	assert_int_equal(info->n_tasks, 1);
	assert_int_equal(info->task[0].pid, 10);
	assert_int_equal(info->task[0].samples, 4);
	assert_int_equal(info->task[0].threads, 1);
	assert_string_equal(info->task[0].comm.p, "prog");
	assert_int_equal(info->n_images, 3);
	assert_string_equal(info->image[1].path.p, "/bin/prog");
	assert_int_equal(info->first_time, 5);
	assert_int_equal(info->n_damage, 0);
	perf_info_free(info);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
	free(t.p);
}

static void test_info_damage(void **state)
{
	struct cpi_env env;
	struct text t;
	struct perf_info *info = info_of(&env, "bad-names", &t);

	(void)state;
	assert_int_equal(info->damaged, 4);
	assert_int_equal(info->n_damage, 4);
	assert_string_equal(
		info->damage[0].text.p, "the command line feature ends inside a value");
	for (size_t i = 0; i < info->n_damage; i++)
		assert_true(info->damage[i].offset < t.n);
	perf_info_free(info);
	cpi_env_release(&env);
	free(t.p);
	info = info_of(&env, "bad-killed", &t);
	assert_true(info->killed);
	assert_int_equal(info->samples, 3);
	perf_info_free(info);
	cpi_env_release(&env);
	free(t.p);
}

/* What perf calls events that the file does not name. */
static void test_names(void **state)
{
	static const char *const names[] = {"cycles", "cache-misses", "event-0:0x4d",
		"page-faults", "event-1:0x63", "tracepoint:321", "L1-dcache-loads",
		"dTLB-load-misses", "L1-icache-prefetches", "cache:0xffffff", "r1a2b", "mem:0x0",
		"uncore/config=0x5/", "event-10:0x6"};
	struct cpi_env env;
	struct cp_profile *p = read_file(&env, "good-names", NULL);

	(void)state;
	for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_string_equal(cp_profile_string(p,
			cp_profile_sample_type(p, 2 * i + 1)->type).p, names[i]);
	done(&env, p);
	p = read_file(&env, "good-old-pipe", NULL);
	assert_string_equal(
		cp_profile_string(p, cp_profile_sample_type(p, 1)->type).p, "renamed");
	assert_string_equal(
		cp_profile_string(p, cp_profile_sample_type(p, 3)->type).p, "sched:sched_switch");
	done(&env, p);
}

static void test_described(void **state)
{
	static const char *const ids[] = {"", "1111111111111111111111111111111111111111",
		"aaaaaaaaaaaaaaaaaaaaaaaa", "2222222222222222222222222222222222222222",
		"000102030405060708090a0b0c0d0e0f", "aaaaaaaaaaaaaaaaaaaaaaaa0000000000000000"};
	struct cpi_env env;
	struct cp_profile *p = read_file(&env, "good-described", NULL);

	(void)state;
	for (uint32_t i = 1; i <= 5; i++)
		assert_string_equal(cp_profile_string(p,
			cp_profile_mapping(p, (cp_mapping){i})->build_id).p, ids[i]);
	assert_int_equal(cp_profile_header(p)->time_nanos, 1700000000000000005);
	assert_int_equal(cp_profile_header(p)->duration_nanos, 4);
	done(&env, p);
	expect_comment("good-described", "perf: cpu A CPU");
}

static void test_sample_labels(void **state)
{
	struct cp_read_options o = {.size = sizeof o,
		.labels = CP_LABEL_CGROUP | CP_LABEL_CPU | CP_LABEL_EVENT};

	(void)state;
	expect_stacks("good-fields",
		"cgroup=/system/x event=cycles cpu=3 | 1 1000 | /bin/prog+1010\n"
		"event=cycles cpu=0 | 1 1000 | /bin/prog+1010\n",
		&o);
}

/* Fails allocation after allocation until none is left to fail. */
static void without_memory(const char *name, const struct cp_read_options *o)
{
	static struct cpi_source source;
	struct text t = load(name, ".data");
	enum cp_code code = CP_ERROR_MEMORY;

	source.n_parts = 1;
	source.part[0] = (struct cpi_bytes){(uint8_t *)t.p, t.n};
	for (uint64_t at = 1; code == CP_ERROR_MEMORY; at++) {
		struct cp_profile *p = NULL;
		struct perf_info *info = NULL;
		struct cp_error err;
		struct cpi_env env;

		context(&env, false);
		env.mem.fail_at = at;
		env.mem.fail_on = at & 1;
		code = read_bytes(&env, t.p, t.n, o, &p, &err);
		cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
		context(&env, false);
		env.mem.fail_at = at;
		if (!perf_info_read(&env, &source, &info, &err))
			perf_info_free(info);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
		assert_true(at < 100000);
	}
	assert_true(!code || !strncmp(name, "bad-", 4));
	free(t.p);
}

static void test_no_memory(void **state)
{
	static const char *const all = "0-9";
	static const char *const dsos[] = {"prog"};
	static const struct cp_time_span span = {CP_TIME_SHARE, 0, 1};
	struct cp_read_options o = {.size = sizeof o, .keep_time = true, .cpus = all,
		.dsos = dsos, .n_dsos = 1, .more_times = &span, .n_more_times = 1,
		.labels = CP_LABEL_PID | CP_LABEL_CPU | CP_LABEL_CGROUP};
	struct dirent **entry;
	char folder[4096];
	int n;

	(void)state;
	snprintf(folder, sizeof folder, "%s/perf", getenv("TESTDATA"));
	n = scandir(folder, &entry, is_data, alphasort);
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		*strrchr(entry[i]->d_name, '.') = 0;
		if (strcmp(entry[i]->d_name, "bad-zstd"))
			without_memory(entry[i]->d_name, i & 1 ? &o : NULL);
		free(entry[i]);
	}
	free(entry);
}

/* ---- waits ---- */

static void test_waits_told(void **state)
{
	static const char *const comments[][2] = {
		{"good-waits", "perf: off-cpu intervals 6"},
		{"good-waits", "perf: off-cpu open at begin 1"},
		{"good-waits", "perf: off-cpu open at end 1"},
		{"good-waits", "perf: off-cpu idle switches 1"},
		{"good-waits-stat", "perf: off-cpu intervals 4"},
		{"good-waits-stat", "perf: off-cpu of nobody 1"},
		{"good-waits-stat", "perf: off-cpu backwards 1"},
		{"good-waits-out", "perf: off-cpu return unseen 2"},
		{"good-switch-records", "perf: off-cpu without stack 3"},
		{"good-waits-odd", "perf: off-cpu intervals 6"},
		{"good-waits-odd", "perf: off-cpu open at end 1"},
		{"good-waits-odd", "perf: off-cpu return unseen 1"},
		{"good-waits-odd", "perf: off-cpu with losses 1"},
		{"good-waits-odd", "perf: off-cpu returns twice 1"},
		{"good-waits-odd", "perf: off-cpu pid reused 1"},
		{"good-waits-odd", "perf: off-cpu wrong tasks 2"},
		{"good-waits-odd", "perf: off-cpu idle switches 2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof comments / sizeof *comments; i++)
		expect_comment(comments[i][0], comments[i][1]);
}

/* Intervals are cut to the span; what began before it keeps its stack and its waker. */
static void test_waits_cut(void **state)
{
	struct cp_read_options o = {.size = sizeof o,
		.time = {CP_TIME_NANOS, 2000, 2600}};

	(void)state;
	expect_stacks("good-waits",
		"comm=other pid=30 | 0 0 0 0 0 0 0 0 0 0 0 0 600 | [running, no sample]\n"
		"comm=other pid=30 | 0 0 1 1 0 0 0 0 0 0 0 0 0 | "
		"[kernel.kallsyms]_text+ffffffff81000020;/bin/prog+1200\n"
		"comm=worker state=R waker=other pid=10 waker_pid=30 | "
		"0 0 0 0 0 0 0 0 0 0 100 0 100 | "
		"[kernel.kallsyms]_text+ffffffff81000010;/bin/prog+1010;/bin/prog+1100\n"
		"comm=worker state=S waker=other pid=10 waker_pid=30 | "
		"0 0 0 0 0 0 0 0 0 0 500 1 500 | "
		"[kernel.kallsyms]_text+ffffffff81000010;/bin/prog+1010;/bin/prog+1100\n",
		&o);
}

/* One event, one thread, each wait for itself, the waker's stack above. */
static void test_waits_woken(void **state)
{
	const char *event = "sched:sched_switch";
	const int32_t tid = 11;
	struct cp_read_options o = {.size = sizeof o, .events = &event, .n_events = 1,
		.tids = &tid, .n_tids = 1, .labels = CP_LABEL_TID, .keep_time = true,
		.off_wake = true, .time = {CP_TIME_NANOS, 1001, 3500}};

	(void)state;
	expect_stacks("good-waits",
		"state=S waker=other tid=11 waker_pid=30 waker_tid=30 | 0 0 1499 1 | "
		"[kernel.kallsyms]_text+ffffffff81000010;/bin/prog+1010;/bin/prog+1100\n"
		"state=R waker=other tid=11 waker_pid=30 waker_tid=30 | 0 0 500 0 | "
		"[kernel.kallsyms]_text+ffffffff81000010;/bin/prog+1010;/bin/prog+1100\n",
		&o);
	o.events = NULL;
	o.n_events = 0;
	o.time.to = 2600;
	expect_stacks("good-waits",
		"state=S waker=other tid=11 waker_pid=30 waker_tid=30 | "
		"0 0 0 0 0 0 0 0 0 0 1499 1 1499 | /bin/prog+1200;"
		"[kernel.kallsyms]_text+ffffffff81000020;--;"
		"[kernel.kallsyms]_text+ffffffff81000010;/bin/prog+1010;/bin/prog+1100\n"
		"state=R waker=other tid=11 waker_pid=30 waker_tid=30 | "
		"0 0 0 0 0 0 0 0 0 0 100 0 100 | /bin/prog+1200;"
		"[kernel.kallsyms]_text+ffffffff81000020;--;"
		"[kernel.kallsyms]_text+ffffffff81000010;/bin/prog+1010;/bin/prog+1100\n",
		&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_waits_told),
		cmocka_unit_test(test_waits_cut),
		cmocka_unit_test(test_waits_woken),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_build_ids),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_compat),
		cmocka_unit_test(test_time_order),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_described),
		cmocka_unit_test(test_sample_labels),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_info_damage),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
