/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: diff. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/sink.h"
#include "model/builder.h"
#include "op/diff/diff.h"
#include "op/diff/name.h"

struct line {
	const char *stack; /* leaf;…;root */
	int64_t count;
};

/* One sample type samples/count; `weight` > 0 adds cpu/nanoseconds of that much each. */
static struct cp_profile *profile(
	struct cpi_env *env, const struct line *line, size_t n, int64_t weight)
{
	struct cpi_builder b;
	struct cp_profile *p;

	cpi_builder_init(&b, env);
	cpi_builder_sample_type(&b, cpi_builder_str(&b, "samples"), cpi_builder_str(&b, "count"), 0);
	if (weight)
		cpi_builder_sample_type(
			&b, cpi_builder_str(&b, "cpu"), cpi_builder_str(&b, "nanoseconds"), 0);
	for (size_t i = 0; i < n; i++) {
		cp_location frame[16];
		uint32_t depth = 0;
		int64_t values[2] = {line[i].count, line[i].count * weight};

		for (const char *at = line[i].stack; *at; depth++) {
			size_t len = strcspn(at, ";");
			struct cp_function_row f = {
				.name = cpi_builder_string(&b, (struct cp_text){at, len})};
			struct cp_line_row l = {cpi_builder_function(&b, &f), 0, 0};

			frame[depth] = cpi_builder_location(&b, (cp_mapping){0}, 0, false, &l, 1);
			at += len + (at[len] == ';');
		}
		cpi_builder_sample(&b, cpi_builder_stack(&b, frame, depth), (cp_labels){0}, values,
			CP_NO_TIME);
	}
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	return p;
}

#define PROFILE(env, weight, ...) \
	profile(env, (const struct line[]){__VA_ARGS__}, \
		sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line), weight)

static void add(struct cp_diff *diff, enum cp_diff_side side, struct cp_profile *take)
{
	assert_int_equal(cp_diff_add(diff, side, take, NULL, NULL), CP_OK);
	cp_profile_free(take);
}

static const struct cp_diff_row *find(const struct cp_diff *diff, const char *name)
{
	for (size_t i = 0; i < cp_diff_count(diff); i++)
		if (cpi_text_equal(cp_diff_row(diff, i)->name, cpi_text(name)))
			return cp_diff_row(diff, i);
	return NULL;
}

static struct cp_diff *diff_new(struct cpi_env *env, struct cp_diff_options options)
{
	struct cp_diff *diff;

	cpi_env_init(env, NULL);
	assert_int_equal(cpi_diff_new(env, &options, &diff, NULL), CP_OK);
	return diff;
}

static void done(struct cpi_env *env, struct cp_diff *diff)
{
	cp_diff_free(diff);
	assert_int_equal(env->mem.used, 0);
	cpi_env_release(env);
}

static void pairs_say_noise_or_not(void **state)
{
	struct cpi_env env;
	struct cp_diff *diff = diff_new(&env, (struct cp_diff_options){0});
	const struct cp_diff_summary *s = cp_diff_summary(diff);

	(void)state;
	add(diff, CP_BEFORE,
		PROFILE(&env, 1000, {"hot;main", 500}, {"warm;main", 300}, {"mild;main", 700},
			{"old;main", 80}));
	add(diff, CP_AFTER,
		PROFILE(&env, 1000, {"hot;main", 900}, {"warm;main", 310}, {"mild;main", 690},
			{"fresh;run;main", 300}));
	assert_int_equal(cp_diff_finish(diff, NULL), CP_OK);
	assert_string_equal(s->unit.p, "nanoseconds");
	assert_true(s->total_before == 1580000 && s->samples_before == 1580);
	assert_int_equal(find(diff, "hot")->flat.verdict, CP_VERDICT_MORE);
	assert_int_equal(find(diff, "warm")->flat.verdict, CP_VERDICT_WITHIN);
	assert_int_equal(find(diff, "old")->flat.verdict, CP_VERDICT_LESS);
	assert_true(find(diff, "old")->flat.after == 0);
	assert_true(isinf(find(diff, "fresh")->flat.ratio));
	assert_true(find(diff, "main")->flat.before == 0);
	assert_true(find(diff, "main")->cum.before == 1580000);
	assert_true(find(diff, "hot")->flat.ratio_lo > 1.3);
	assert_ptr_equal(cp_diff_row(diff, 0), find(diff, "hot"));
	assert_true(find(diff, "hot")->flat.p < 1e-3 && s->tested > 3);
	done(&env, diff);
}

static void a_profile_equals_itself(void **state)
{
	for (int scale = CP_SCALE_AUTO; scale <= CP_SCALE_ANCHOR; scale++) {
		struct cpi_env env;
		struct cp_diff *diff = diff_new(&env, (struct cp_diff_options){.scale = scale});

		if (scale == CP_SCALE_TIME) {
			done(&env, diff);
			continue;
		}
		for (int side = 0; side < 2; side++)
			add(diff, side,
				PROFILE(&env, 0, {"a;m", 40}, {"b;m", 50}, {"c;m", 60}, {"d;m", 70}));
		assert_int_equal(cp_diff_finish(diff, NULL), CP_OK);
		for (size_t i = 0; i < cp_diff_count(diff); i++) {
			assert_true(cp_diff_row(diff, i)->flat.change == 0);
			assert_int_equal(cp_diff_row(diff, i)->cum.verdict, CP_VERDICT_WITHIN);
		}
		done(&env, diff);
	}
	(void)state;
}

static void several_captures_give_verdicts(void **state)
{
	struct cpi_env env;
	struct cp_diff *diff = diff_new(&env, (struct cp_diff_options){0});

	(void)state;
	for (int run = 0; run < 5; run++) {
		int64_t noise = run * 7 % 5 * 4;

		add(diff, CP_BEFORE,
			PROFILE(&env, 0, {"up;m", 1000 + noise}, {"same;m", 9000 - noise},
				{"gone;m", 300}));
		add(diff, CP_AFTER,
			PROFILE(&env, 0, {"up;m", 1500 - noise}, {"same;m", 9010 + noise},
				{"new;m", 700}));
	}
	assert_int_equal(cp_diff_finish(diff, NULL), CP_OK);
	assert_int_equal(find(diff, "up")->flat.verdict, CP_VERDICT_WORSE);
	assert_int_equal(find(diff, "same")->flat.verdict, CP_VERDICT_SAME);
	assert_int_equal(find(diff, "gone")->flat.verdict, CP_VERDICT_GONE);
	assert_int_equal(find(diff, "new")->flat.verdict, CP_VERDICT_NEW);
	done(&env, diff);
}

static const struct cp_diff_row *moved(
	const struct cp_diff *diff, const char *from, const char *to, enum cp_diff_move how)
{
	const struct cp_diff_row *lead = find(diff, to);

	assert_ptr_equal(find(diff, from)->partner, lead);
	assert_int_equal(find(diff, from)->flat.verdict, CP_VERDICT_MOVED);
	assert_int_equal(lead->move, how);
	return lead;
}

static void renames_are_moves(void **state)
{
	struct cpi_env env;
	struct cp_diff *diff = diff_new(&env, (struct cp_diff_options){0});

	(void)state;
	add(diff, CP_BEFORE,
		PROFILE(&env, 0, {"parse;m", 1000}, {"rest;m", 5000}, {"deep;top;m", 800},
			{"scan;n", 900}, {"whole;n", 1700}));
	add(diff, CP_AFTER,
		PROFILE(&env, 0, {"parse_line;m", 2010}, {"rest;m", 5030}, {"top;m", 790},
			{"scan;n", 910}, {"whole;n", 800}, {"part;whole;n", 890}));
	assert_int_equal(cp_diff_finish(diff, NULL), CP_OK);
	/* Renamed and slower: the net says so, and so does the verdict. */
	assert_int_equal(moved(diff, "parse", "parse_line", CP_MOVE_RENAMED)->flat.verdict,
		CP_VERDICT_MORE);
	assert_true(fabs(find(diff, "parse_line")->net - 2.01) < 1e-9);
	assert_true(find(diff, "parse_line")->net_lo > 1.5);
	assert_int_equal(moved(diff, "deep", "top", CP_MOVE_INLINED)->flat.verdict,
		CP_VERDICT_MOVED);
	assert_int_equal(moved(diff, "part", "whole", CP_MOVE_SPLIT)->flat.verdict,
		CP_VERDICT_MOVED);
	assert_int_equal(find(diff, "scan")->flat.verdict, CP_VERDICT_WITHIN);
	done(&env, diff);
}

static void cancelling_changes_are_two(void **state)
{
	struct cpi_env env;
	struct cp_diff *diff = diff_new(&env, (struct cp_diff_options){0});
	const struct cp_diff_summary *s = cp_diff_summary(diff);

	(void)state;
	add(diff, CP_BEFORE,
		PROFILE(&env, 0, {"eval;m", 600}, {"io;m", 200}, {"a;m", 400}, {"b;m", 300}));
	add(diff, CP_AFTER,
		PROFILE(&env, 0, {"eval;m", 200}, {"io;m", 600}, {"a;m", 405}, {"b;m", 296}));
	assert_int_equal(cp_diff_finish(diff, NULL), CP_OK);
	assert_int_equal(find(diff, "eval")->flat.verdict, CP_VERDICT_LESS);
	assert_int_equal(find(diff, "io")->flat.verdict, CP_VERDICT_MORE);
	assert_null(find(diff, "io")->partner);
	assert_int_equal(s->n_path, 2);
	assert_true(s->path_after > s->path_before
			? cpi_text_equal(s->path[1], CPI_TEXT("io"))
			: cpi_text_equal(s->path[1], CPI_TEXT("eval")));
	done(&env, diff);
}

static void the_cause_is_a_path(void **state)
{
	struct cpi_env env;
	struct cp_diff *diff = diff_new(&env, (struct cp_diff_options){0});
	const struct cp_diff_summary *s = cp_diff_summary(diff);

	(void)state;
	add(diff, CP_BEFORE,
		PROFILE(&env, 0, {"lex;parse;m", 300}, {"parse;m", 200}, {"eval;m", 500},
			{"io;m", 210}));
	add(diff, CP_AFTER,
		PROFILE(&env, 0, {"lex;parse;m", 900}, {"parse;m", 205}, {"eval;m", 490},
			{"io;m", 207}));
	assert_int_equal(cp_diff_finish(diff, NULL), CP_OK);
	assert_int_equal(s->n_path, 3);
	assert_true(cpi_text_equal(s->path[0], CPI_TEXT("m")));
	assert_true(cpi_text_equal(s->path[2], CPI_TEXT("lex")));
	assert_true(s->path_share > 0.9 && s->path_share < 1.1);
	done(&env, diff);
}

/* Equal weights that are no counts are samples. */
static void common_weights_are_samples(void **state)
{
	struct cpi_env env;
	struct cp_diff *diff = diff_new(&env, (struct cp_diff_options){0});
	const struct cp_diff_summary *s = cp_diff_summary(diff);

	(void)state;
	for (int side = 0; side < 2; side++)
		add(diff, side,
			PROFILE(&env, 0, {"a;m", 300 * 1001001}, {"b;m", 500 * 1001001},
				{"c;m", 211 * 1001001}));
	assert_int_equal(cp_diff_finish(diff, NULL), CP_OK);
	assert_true(fabs(s->samples_before - 1011) < 1e-6);
	done(&env, diff);
}

static void series_find_steps_and_drifts(void **state)
{
	struct cpi_env env;
	struct cp_diff *diff = diff_new(&env, (struct cp_diff_options){0});
	const struct cp_series *series;
	const struct cp_series_step *step;

	(void)state;
	for (int i = 0; i < 20; i++) {
		int64_t noise = i * 7 % 5 * 10;

		add(diff, CP_BEFORE,
			PROFILE(&env, 0, {"a;m", (i < 12 ? 2000 : 3000) + noise},
				{"b;m", 6000 - noise}, {"c;m", 2000 + noise + 60 * i},
				{"d;m", 9000 + noise}));
	}
	assert_int_equal(cp_diff_series(diff, &series, NULL), CP_OK);
	assert_int_equal(cp_series_captures(series), 20);
	for (size_t i = 0; (step = cp_series_step(series, i)); i++) {
		if (cpi_text_equal(step->name, CPI_TEXT("a"))) {
			assert_false(step->drift);
			assert_int_equal(step->at, 12);
			assert_true(fabs(step->ratio - 1.5) < 0.1);
		}
		if (cpi_text_equal(step->name, CPI_TEXT("c")))
			assert_true(step->drift);
		/* What did not change is not told to, whatever grew beside it. */
		assert_false(cpi_text_equal(step->name, CPI_TEXT("b")));
		assert_false(cpi_text_equal(step->name, CPI_TEXT("d")));
	}
	assert_true(cp_series_count(series) >= 2);
	assert_int_equal(cp_diff_finish(diff, NULL), CP_ERROR_ARGUMENT);
	done(&env, diff);
}

static void calibrations_are_kept_as_text(void **state)
{
	static const char bad[] = "cpdiff calibration 1\nown 0.1 2 0.1\n";
	struct cpi_env env;
	struct cp_diff *diff = diff_new(&env, (struct cp_diff_options){0});
	struct cp_diff_calibration *made, *read;
	struct cpi_sink text, again;
	struct cp_error err;

	(void)state;
	for (int run = 0; run < 6; run++) {
		int64_t off = run * 7 % 5 * 40;

		add(diff, run % 2,
			PROFILE(&env, 0, {"odd\\ name;m", 1000 + off}, {"b;m", 4000 - off},
				{"c;m", 3000 + off / 2}));
	}
	assert_int_equal(cp_diff_finish(diff, NULL), CP_OK);
	assert_int_equal(cpi_diff_calibration_make(diff, &made, NULL), CP_OK);
	cpi_sink_memory(&text, &env.mem);
	cpi_sink_memory(&again, &env.mem);
	cpi_diff_calibration_write(made, &text);
	assert_int_equal(cpi_diff_calibration_read(&env,
				 (struct cp_text){(char *)text.buf, text.n}, &read, NULL),
		CP_OK);
	cpi_diff_calibration_write(read, &again);
	assert_int_equal(text.n, again.n);
	assert_memory_equal(text.buf, again.buf, text.n);
	cp_diff_calibration_free(made);
	made = NULL;
	assert_int_equal(cpi_diff_calibration_read(&env,
				 (struct cp_text){(char *)text.buf, text.n / 2}, &made, &err) ==
				 CP_OK ||
			err.code == CP_ERROR_FORMAT,
		1);
	assert_int_equal(
		cpi_diff_calibration_read(&env, CPI_TEXT(bad), &made, &err), CP_ERROR_FORMAT);
	cp_diff_calibration_free(read);
	if (made)
		cp_diff_calibration_free(made);
	cpi_sink_release(&text);
	cpi_sink_release(&again);
	env.mem.fail_at = 0;
	cp_diff_free(diff);
	cpi_env_release(&env);
}

static void canonical(const char *name, const char *expect)
{
	struct cpi_mem mem;
	struct cpi_sink sink;

	cpi_mem_init(&mem, 0);
	cpi_sink_memory(&sink, &mem);
	cpi_diff_name(&sink, cpi_text(name));
	cpi_sink_char(&sink, 0);
	assert_string_equal((char *)sink.buf, expect);
	cpi_sink_release(&sink);
}

static void names_lose_what_builds_add(void **state)
{
	struct cpi_env env;
	struct cp_diff *diff = diff_new(&env, (struct cp_diff_options){0});

	(void)state;
	canonical("f.constprop.0.isra.3.cold", "f");
	canonical("f.llvm.1234567890", "f");
	canonical("f [clone .part.0]", "f");
	canonical("std::sort<int>::h0123456789abcdef", "std::sort<int>");
	canonical("run(int)::{lambda(char)#12}::operator()", "run(int)::{lambda(char)#}::operator()");
	canonical("main.serve.func2.1", "main.serve.func.1");
	canonical("x86.part", "x86");
	canonical(".cold", ".cold");
	canonical("v2", "v2");
	add(diff, CP_BEFORE, PROFILE(&env, 0, {"f.constprop.0;m", 100}, {"g.part.0;m", 50}, {"g;m", 9}));
	add(diff, CP_AFTER, PROFILE(&env, 0, {"f.constprop.1;m", 103}, {"g;m", 60}));
	assert_int_equal(cp_diff_finish(diff, NULL), CP_OK);
	assert_non_null(find(diff, "f.constprop.0"));
	assert_null(find(diff, "f.constprop.1"));
	assert_true(find(diff, "f.constprop.0")->flat.after == 103);
	done(&env, diff);
}

static void gates_answer(void **state)
{
	static const struct cp_gate gate[] = {{CP_GATE_TOTAL, NULL, 0.05},
		{CP_GATE_FLAT, "^hot$", 0.05}, {CP_GATE_FLAT, "^small$", 0.05},
		{CP_GATE_CUM, "nothing", 0.05}, {CP_GATE_FLAT, "^steady$", 0.05}};
	struct cp_gate_result r[5];
	struct cpi_env env;
	struct cp_diff *diff = diff_new(&env, (struct cp_diff_options){.noise = 0.001, .total_noise = 0.001});

	(void)state;
	add(diff, CP_BEFORE,
		PROFILE(&env, 0, {"hot;m", 10000}, {"small;m", 600}, {"steady;m", 80000}));
	add(diff, CP_AFTER,
		PROFILE(&env, 0, {"hot;m", 20000}, {"small;m", 640}, {"steady;m", 80100}));
	assert_int_equal(cp_diff_finish(diff, NULL), CP_OK);
	assert_int_equal(cp_diff_gates(diff, gate, 5, r, NULL), CP_OK);
	assert_int_equal(r[0].answer, CP_GATE_FAIL);
	assert_int_equal(r[1].answer, CP_GATE_FAIL);
	assert_string_equal(r[1].name.p, "hot");
	assert_int_equal(r[2].answer, CP_GATE_UNCLEAR);
	assert_true(r[2].detectable > 1.05);
	assert_int_equal(r[3].answer, CP_GATE_PASS);
	assert_int_equal(r[3].matched, 0);
	assert_int_equal(r[4].answer, CP_GATE_PASS);
	done(&env, diff);
}

static void every_allocation_may_fail(void **state)
{
	struct cpi_env env;
	struct cp_profile *p, *q;
	struct cp_diff_options options = {
		.scale = CP_SCALE_ANCHOR, .anchor = "b", .tree = true};

	(void)state;
	cpi_env_init(&env, NULL);
	p = PROFILE(&env, 10, {"a;m", 40}, {"b;m", 50}, {"c.cold;m", 60});
	q = PROFILE(&env, 10, {"a;m", 90}, {"b;m", 50}, {"c;m", 60});
	for (uint64_t n = 1;; n++) {
		size_t used = env.mem.used;
		struct cp_diff *diff = NULL;
		enum cp_code code;

		env.mem.ops = 0;
		env.mem.fail_at = n;
		code = cpi_diff_new(&env, &options, &diff, NULL);
		if (!code)
			code = cp_diff_add(diff, CP_BEFORE, p, NULL, NULL);
		if (!code)
			code = cp_diff_add(diff, CP_AFTER, q, NULL, NULL);
		if (!code)
			code = cp_diff_finish(diff, NULL);
		cp_diff_free(diff);
		assert_int_equal(env.mem.used, used);
		if (!code)
			break;
		assert_int_equal(code, CP_ERROR_MEMORY);
	}
	env.mem.fail_at = 0;
	cp_profile_free(p);
	cp_profile_free(q);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_say_noise_or_not),
		cmocka_unit_test(a_profile_equals_itself),
		cmocka_unit_test(several_captures_give_verdicts),
		cmocka_unit_test(renames_are_moves),
		cmocka_unit_test(cancelling_changes_are_two),
		cmocka_unit_test(the_cause_is_a_path),
		cmocka_unit_test(common_weights_are_samples),
		cmocka_unit_test(series_find_steps_and_drifts),
		cmocka_unit_test(calibrations_are_kept_as_text),
		cmocka_unit_test(names_lose_what_builds_add),
		cmocka_unit_test(gates_answer),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
