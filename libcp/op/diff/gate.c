/* SPDX-License-Identifier: Apache-2.0 */
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

static enum cp_code ask(struct cp_diff *diff, const struct cp_gate *gate, size_t number,
	questions *q, struct cp_error *err)
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

		if ((value->before || value->after) && cpi_regex_match(rx, row->name) &&
			!cpi_vec_push(mem, q, (struct question){number, row, value}))
			code = cpi_error_memory(err);
	}
	if (!code)
		code = cpi_regex_status(rx, err);
	cpi_regex_free(rx);
	return code;
}

/* Of the test: the total stands alone, functions share what is known of their noise. */
static double freedom(const struct cp_diff *diff, const struct question *q)
{
	double d = (double)diff->run.n - 2;

	return diff->run.n < 3 ? INFINITY : q->row ? d + CPI_STAT_PRIOR_DF : d;
}

/* Of the ratio's logarithm, from its interval. */
static double standard_error(const struct cp_diff_value *v, double df)
{
	return log(v->ratio_hi / v->ratio_lo) /
	       (2 * cpi_stat_student_quantile(0.975, df));
}

/*
 * p of "it did not grow": from the interval on the log scale, which holds for pairs and
 * series alike and does not depend on the report's threshold.
 */
static double p_of(const struct cp_diff *diff, const struct question *q)
{
	const struct cp_diff_value *v = q->value;
	double df = freedom(diff, q), se;

	if (isnan(v->p))
		return v->after > v->before ? 0 : 1; /* a census has no noise */
	if (diff->run.n < 3)
		return v->after > v->before ? v->p / 2 : 1 - v->p / 2;
	if (!(v->ratio_lo > 0) || !isfinite(v->ratio_hi))
		return v->after > v->before ? v->p : 1;
	se = standard_error(v, df);
	return se > 0         ? cpi_stat_student_tail(log(v->ratio) / se, df)
	       : v->ratio > 1 ? 0
			      : 1;
}

static enum cp_gate_answer answer_of(const struct cp_diff *diff,
	const struct cp_gate *gate, const struct cp_diff_value *v, double p,
	double detectable)
{
	double total =
		fmax(fabs(diff->summary.total_before), fabs(diff->summary.total_after));
	bool larger = v->after > v->before * (1 + gate->limit);
	bool counts = v->change >= LEAST_SHARE * total;

	if (larger && counts && p <= diff->summary.q)
		return CP_GATE_FAIL;
	/* Too small a part of the profile to matter, whatever it did. */
	if (fmax(v->before, v->after) < LEAST_SHARE * total)
		return CP_GATE_PASS;
	if (diff->census || detectable <= 1 + gate->limit ||
		v->ratio_hi <= 1 + gate->limit)
		return CP_GATE_PASS;
	return CP_GATE_UNCLEAR;
}

static double detectable_of(
	const struct cp_diff *diff, const struct question *q, size_t m)
{
	const struct cp_diff_value *v = q->value;
	double e = diff->summary.factor, n = v->samples_before + v->samples_after;
	double side = (double)diff->summary.n_before /
		((double)diff->summary.n_before + (double)diff->summary.n_after / e);
	double df = freedom(diff, q), z;

	if (diff->census)
		return 1;
	z = cpi_stat_detectable_z(df, m, diff->summary.q);
	if (diff->run.n < 3 || !(v->ratio_lo > 0) || !isfinite(v->ratio_hi))
		return cpi_stat_detectable(
			n * side, n * (1 - side), diff->summary.phi, z, 0);
	/* What this one varies by may be more than what most functions do. */
	return exp(z * standard_error(v, df));
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
	enum cp_code code = decided ? CP_OK : cpi_error_memory(err);

	for (size_t i = 0; !code && i < n; i++) {
		ret_result[i] =
			(struct cp_gate_result){.ratio = 1, .p = 1, .detectable = 1};
		code = ask(diff, &gate[i], i, &q, err);
	}
	if (!code) {
		p = cpi_alloc_array(mem, q.n, sizeof *p);
		order = cpi_alloc_array(mem, q.n, sizeof *order);
		if (!p || !order)
			code = cpi_error_memory(err);
	}
	for (size_t i = 0; !code && i < q.n; i++)
		p[i] = p_of(diff, &q.v[i]);
	if (!code)
		cpi_stat_adjust(p, q.n, CPI_STAT_HOLM, order);
	for (size_t i = 0; !code && i < q.n; i++) {
		struct cp_gate_result *r = &ret_result[q.v[i].gate];
		const struct cp_diff_value *v = q.v[i].value;
		double detectable = detectable_of(diff, &q.v[i], q.n);
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
	}
	cpi_free(mem, p, q.n * sizeof *p);
	cpi_free(mem, order, q.n * sizeof *order);
	cpi_free(mem, decided, n * sizeof *decided);
	cpi_vec_release(mem, &q);
	return code;
}
