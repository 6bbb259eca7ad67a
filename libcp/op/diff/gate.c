/* SPDX-License-Identifier: Apache-2.0 */
/* Questions with yes or no for an answer, for CI. */
#include <math.h>

#include "op/diff/diff.h"
#include "op/regex.h"

/* A change below this share of the profile never fails a gate. */
#define LEAST_SHARE 0.005

/* One question: does this value fail that gate? */
struct question {
	size_t gate;
	const struct cp_diff_row *row; /* NULL: the total */
	const struct cp_diff_value *value;
};

typedef CPI_VEC(struct question) questions;

/* Functions a gate is about, but for the acknowledged, which are counted only. */
static enum cp_code ask(struct cp_diff *diff, const struct cp_gate *gate, size_t number,
	struct cpi_regex *acknowledged, size_t *matched, questions *q,
	struct cp_error *err)
{
	struct cpi_mem *mem = &diff->env->mem;
	struct cpi_regex *rx = NULL;
	enum cp_code code;

	if (gate->what == CP_GATE_TOTAL)
		return cpi_vec_push(mem, q,
			       (struct question){number, NULL, &diff->summary.total})
			       ? CP_OK
			       : cpi_error_memory(err);
	code = cpi_regex_new(diff->env, "gate", cpi_text(gate->regex ? gate->regex : "."),
		0, &rx, err);
	for (size_t i = 0; !code && i < diff->row.n; i++) {
		const struct cp_diff_row *row = &diff->row.v[i];
		const struct cp_diff_value *value =
			gate->what == CP_GATE_FLAT ? &row->flat : &row->cum;

		if ((!value->before && !value->after) || !cpi_regex_match(rx, row->name))
			continue;
		if (acknowledged && cpi_regex_match(acknowledged, row->name))
			++*matched;
		else if (!cpi_vec_push(mem, q, (struct question){number, row, value}))
			code = cpi_error_memory(err);
	}
	if (!code)
		code = cpi_regex_status(rx, err);
	cpi_regex_free(rx);
	return code;
}

/* One-sided p of "it did not grow"; gates do not share the table's threshold. */
static double p_of(const struct question *q)
{
	const struct cp_diff_value *v = q->value;

	if (isnan(v->p))
		return v->after > v->before ? 0 : 1; /* a census has no noise */
	if (!(v->before > 0) || !(v->after > 0))
		return v->after > v->before ? v->p / 2 : 1;
	return v->error > 0 ? cpi_stat_student_tail(log(v->ratio) / v->error, v->freedom)
		: v->ratio > 1 ? 0
			       : 1;
}

/* Nothing but the default prior says how far a single pair's values vary from run to run. */
static bool unknown_noise(const struct cp_diff *diff)
{
	const struct cp_diff_options *o = &diff->options;

	return !diff->census && diff->run.n == 2 && !diff->calibration &&
		!(o->noise > 0 || o->total_noise > 0);
}

static enum cp_gate_answer answer_of(const struct cp_diff *diff,
	const struct cp_gate *gate, const struct cp_diff_value *v, double p,
	double detectable)
{
	double total =
		fmax(fabs(diff->summary.total_before), fabs(diff->summary.total_after));
	bool larger = v->after > v->before * (1 + gate->limit);
	bool counts = v->change >= LEAST_SHARE * total;

	/* Too small a part of the profile to matter, whatever it did. */
	if (fmax(v->before, v->after) < LEAST_SHARE * total)
		return CP_GATE_PASS;
	if (unknown_noise(diff) || (diff->erratic && diff->run.n == 2))
		return CP_GATE_UNCLEAR;
	if (larger && counts && p <= diff->summary.q)
		return CP_GATE_FAIL;
	if (diff->census || detectable <= 1 + gate->limit ||
		v->ratio_hi <= 1 + gate->limit)
		return CP_GATE_PASS;
	return CP_GATE_UNCLEAR;
}

/* Standard errors to the smallest change that one of m tests would mostly find. */
static double reach(const struct cp_diff *diff, const struct question *q, size_t m)
{
	return cpi_stat_student_quantile(
		       1 - diff->summary.q / (double)m, q->value->freedom) +
		0.8416; /* the normal quantile of 0.8 */
}

/* Captures a side at which the gate would be decided: errors fall with their root. */
static double captures_of(
	const struct cp_diff *diff, const struct question *q, double limit, size_t m)
{
	double now = fmax((double)diff->summary.n_before, (double)diff->summary.n_after);
	/* With several captures the freedom is no longer that of a few. */
	double z = cpi_stat_normal_quantile(1 - diff->summary.q / (double)m) + 0.8416;
	double times = z * q->value->error / log1p(limit);

	return fmax(now + 1, ceil(now * times * times));
}

/* Worse answers first; among equal ones the largest change decides what is named. */
static bool replaces(const struct cp_gate_result *have, enum cp_gate_answer answer,
	const struct cp_diff_value *old, const struct cp_diff_value *v)
{
	static const int rank[] = {
		[CP_GATE_PASS] = 0, [CP_GATE_UNCLEAR] = 1, [CP_GATE_FAIL] = 2};

	if (!old || rank[answer] != rank[have->answer])
		return !old || rank[answer] > rank[have->answer];
	return v->change > old->change;
}

enum cp_code cp_diff_gates(const struct cp_diff *const_diff, const struct cp_gate *gate,
	size_t n, struct cp_gate_result *ret_result, struct cp_error *err)
{
	struct cp_diff *diff = (struct cp_diff *)const_diff; /* for its allocator only */
	struct cpi_mem *mem = &diff->env->mem;
	questions q = {0};
	const struct cp_diff_value **decided = cpi_alloc_zero(mem, n * sizeof *decided);
	double *p = NULL;
	size_t *order = NULL;
	struct cpi_regex *acknowledged = NULL;
	enum cp_code code = decided ? CP_OK : cpi_error_memory(err);

	if (!code && diff->acknowledged)
		code = cpi_regex_new(diff->env, "acknowledged",
			cpi_text(diff->acknowledged), 0, &acknowledged, err);

	for (size_t i = 0; !code && i < n; i++) {
		ret_result[i] =
			(struct cp_gate_result){.ratio = 1, .p = 1, .detectable = 1};
		code = ask(diff, &gate[i], i, acknowledged, &ret_result[i].matched, &q,
			err);
	}
	if (!code && acknowledged)
		code = cpi_regex_status(acknowledged, err);
	cpi_regex_free(acknowledged);
	if (!code) {
		p = cpi_alloc_array(mem, q.n, sizeof *p);
		order = cpi_alloc_array(mem, q.n, sizeof *order);
		if (!p || !order)
			code = cpi_error_memory(err);
	}
	for (size_t i = 0; !code && i < q.n; i++)
		p[i] = p_of(&q.v[i]);
	if (!code)
		cpi_stat_adjust(p, NULL, q.n, CPI_STAT_HOLM, order);
	for (size_t i = 0; !code && i < q.n; i++) {
		struct cp_gate_result *r = &ret_result[q.v[i].gate];
		const struct cp_diff_value *v = q.v[i].value;
		double detectable =
			exp(reach(diff, &q.v[i], q.n) * q.v[i].value->error);
		enum cp_gate_answer answer =
			answer_of(diff, &gate[q.v[i].gate], v, p[i], detectable);

		r->matched++;
		if (!replaces(r, answer, decided[q.v[i].gate], v))
			continue;
		decided[q.v[i].gate] = v;
		r->answer = answer;
		r->name = q.v[i].row ? q.v[i].row->name : (struct cp_text){"", 0};
		r->ratio = v->ratio;
		r->p = p[i];
		r->detectable = detectable;
		r->captures = answer == CP_GATE_UNCLEAR
			? captures_of(diff, &q.v[i], gate[q.v[i].gate].limit, q.n)
			: 0;
	}
	cpi_free(mem, p, q.n * sizeof *p);
	cpi_free(mem, order, q.n * sizeof *order);
	cpi_free(mem, decided, n * sizeof *decided);
	cpi_vec_release(mem, &q);
	return code;
}
