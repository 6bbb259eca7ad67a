/* SPDX-License-Identifier: Apache-2.0 */
#include "view/diff/diff.h"

#include <math.h>
#include <stdlib.h>

#include <cp/units.h>

#include "op/diff/diff.h"

const char *cp_verdict_name(enum cp_verdict verdict)
{
	static const char *const name[] = {
		[CP_VERDICT_UNTESTED] = "not tested",
		[CP_VERDICT_WITHIN] = "within sampling noise",
		[CP_VERDICT_BEYOND] = "beyond sampling noise",
		[CP_VERDICT_SAME] = "same",
		[CP_VERDICT_UNCLEAR] = "unclear",
		[CP_VERDICT_WORSE] = "worse",
		[CP_VERDICT_BETTER] = "better",
		[CP_VERDICT_NEW] = "new",
		[CP_VERDICT_GONE] = "gone",
		[CP_VERDICT_MOVED] = "moved",
	};

	return (unsigned)verdict < sizeof name / sizeof *name ? name[verdict] : "unknown";
}

bool cpi_diff_view_loud(enum cp_verdict verdict)
{
	return verdict == CP_VERDICT_BEYOND || verdict == CP_VERDICT_WORSE ||
		verdict == CP_VERDICT_BETTER || verdict == CP_VERDICT_NEW ||
		verdict == CP_VERDICT_GONE || verdict == CP_VERDICT_MOVED;
}

const struct cp_diff_value *cpi_diff_view_value(
	const struct cpi_diff_view *view, const struct cp_diff_row *row)
{
	return view->options.cum ? &row->cum : &row->flat;
}

char *cpi_diff_view_number(
	const struct cpi_diff_view *view, char *buf, size_t size, double x, bool sign)
{
	size_t at = 0;

	if (sign && x > 0 && size > 1)
		buf[at++] = '+';
	cp_unit_label(buf + at, size - at, x, view->sum->unit, CPI_TEXT("auto"));
	return buf;
}

char *cpi_diff_view_percent(char *buf, size_t size, double ratio)
{
	if (isinf(ratio))
		snprintf(buf, size, "new");
	else if (ratio == 0)
		snprintf(buf, size, "gone");
	else if (ratio >= 10)
		snprintf(buf, size, "×%.3g", ratio);
	else
		/* No "-0.0 %": adding 0 turns a negative zero positive. */
		snprintf(buf, size, "%+.1f %%", round(1000 * (ratio - 1)) / 10 + 0.0);
	return buf;
}

char *cpi_diff_view_interval(char *buf, size_t size, const struct cp_diff_value *v)
{
	char hi[24];

	if (isnan(v->p)) {
		snprintf(buf, size, isinf(v->ratio) ? "new" : "%.2f", v->ratio);
		return buf;
	}
	if (isinf(v->ratio_hi))
		snprintf(hi, sizeof hi, "∞");
	else
		snprintf(hi, sizeof hi, "%.2f", v->ratio_hi);
	if (isinf(v->ratio))
		snprintf(buf, size, "new (%.2f … %s)", v->ratio_lo, hi);
	else
		snprintf(buf, size, "%.2f (%.2f … %s)", v->ratio, v->ratio_lo, hi);
	return buf;
}

static void captures(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	const struct cp_diff_summary *s = view->sum;
	char a[32], b[32], c[32];

	cpi_text_escape(sink, s->type);
	if (s->unit.n) {
		cpi_sink_char(sink, '/');
		cpi_text_escape(sink, s->unit);
	}
	cpi_sink_str(sink, ": ");
	cpi_text_escape(sink, cpi_text(view->options.before));
	cpi_sink_printf(sink, " %s → ",
		cpi_diff_view_number(view, a, sizeof a, s->total_before, false));
	cpi_text_escape(sink, cpi_text(view->options.after));
	cpi_sink_printf(sink, " %s (%s)",
		cpi_diff_view_number(view, b, sizeof b, s->total_after, false),
		cpi_diff_view_percent(c, sizeof c, s->total.ratio));
	if (s->n_before + s->n_after > 2)
		cpi_sink_printf(
			sink, ", mean of %zu and %zu captures", s->n_before, s->n_after);
	if (!s->census)
		cpi_sink_printf(sink, "; %.0f and %.0f samples", s->samples_before,
			s->samples_after);
}

static void scaling(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	static const char *const name[] = {
		"not scaled", "by duration", "by total", "by anchor", "by units of work"};
	const struct cp_diff_summary *s = view->sum;
	bool known = s->seconds_before > 0 && s->seconds_after > 0;
	double longer = known ? s->seconds_after / s->seconds_before : 1;

	cpi_sink_printf(sink, "scale: %s", name[s->scale]);
	if (s->scale != CP_SCALE_NONE)
		cpi_sink_printf(sink, ", after × %.4g", s->factor);
	if (known)
		cpi_sink_printf(sink, "; durations %.4g s and %.4g s", s->seconds_before,
			s->seconds_after);
	if (s->scale == CP_SCALE_NONE && (longer > 1.05 || longer < 1 / 1.05))
		cpi_sink_str(sink, " DIFFER: --scale time compares rates");
	if (s->anchor_spread > 3)
		cpi_sink_str(sink, "; no set of functions is stable enough for an "
				   "anchor, only shares "
				   "(--scale total) can be compared");
}

static void method(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	const struct cp_diff_summary *s = view->sum;

	if (s->census)
		cpi_sink_str(sink, "a census, not samples: differences are exact and "
				   "nothing is tested");
	else if (s->n_before + s->n_after == 2)
		cpi_sink_printf(sink,
			"one capture a side: sampling noise only, run-to-run noise "
			"cannot be seen "
			"(phi %.2f%s)",
			s->phi, s->phi_from_blocks ? " from blocks of time" : "");
	else
		cpi_sink_printf(sink,
			"run-to-run noise: phi %.2f; changes below %.3g %% count as same",
			s->phi, 100 * s->min_change);
	if (!s->census)
		cpi_sink_printf(sink,
			"; %zu of %zu tested functions changed (false discovery rate "
			"%.3g %%)",
			view->loud, view->options.cum ? s->tested_cum : s->tested_flat,
			100 * s->q);
}

/* The largest function and one of 1 % say what these samples can and cannot show. */
static void power(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	const struct cp_diff_value *largest = NULL, *small = NULL;
	double total = fabs(view->sum->total_before) + fabs(view->sum->total_after);

	for (size_t i = 0; i < cp_diff_count(view->diff); i++) {
		const struct cp_diff_value *v =
			cpi_diff_view_value(view, cp_diff_row(view->diff, i));
		double share = total > 0 ? (fabs(v->before) + fabs(v->after)) / total : 0;

		/* Compared by share, what is nearly everything cannot change. */
		if (!isfinite(v->detectable) ||
			(view->sum->scale == CP_SCALE_TOTAL && share > 0.9))
			continue;
		if (!largest || fabs(v->before) + fabs(v->after) >
				fabs(largest->before) + fabs(largest->after))
			largest = v;
		if (share >= 0.01 && (!small || fabs(v->before) + fabs(v->after) <
						fabs(small->before) + fabs(small->after)))
			small = v;
	}
	if (!largest) {
		cpi_sink_str(sink, "too few samples to show any change");
		return;
	}
	cpi_sink_printf(sink,
		"smallest change these samples can show: %+.3g %% in the largest "
		"function",
		100 * (largest->detectable - 1));
	if (small && small != largest)
		cpi_sink_printf(sink, ", %+.3g %% in one of %.2g %%",
			100 * (small->detectable - 1),
			100 * (fabs(small->before) + fabs(small->after)) / total);
}

bool cpi_diff_view_header(
	const struct cpi_diff_view *view, unsigned line, struct cpi_sink *sink)
{
	static void (*const lines[])(const struct cpi_diff_view *, struct cpi_sink *) = {
		captures, scaling, method, power};

	if (line >= sizeof lines / sizeof *lines || (line == 3 && view->sum->census))
		return false;
	lines[line](view, sink);
	return true;
}

void cpi_diff_view_rest(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	size_t loud = 0;

	if (view->n == view->n_all)
		return;
	for (size_t i = 0; i < view->n; i++)
		loud += cpi_diff_view_loud(
			cpi_diff_view_value(view, view->row[i])->verdict);
	cpi_sink_printf(sink, "… %zu more functions", view->n_all - view->n);
	if (view->sum->census)
		return;
	if (view->loud > loud)
		cpi_sink_printf(sink, ", %zu of them changed (-n 0 shows all)",
			view->loud - loud);
	else
		cpi_sink_str(sink, ", none of them changed beyond what is noise");
}

static double sort_value(const struct cpi_diff_view *view, const struct cp_diff_row *row)
{
	const struct cp_diff_value *v = cpi_diff_view_value(view, row);

	switch (view->options.sort) {
	case CP_DIFF_BY_RATIO:
		return v->ratio > 0 ? fabs(log(v->ratio)) : INFINITY;
	case CP_DIFF_BY_AFTER:
		return fabs(v->after);
	case CP_DIFF_BY_P:
		return isnan(v->p) ? 0 : -v->p;
	case CP_DIFF_BY_NAME:
		return 0;
	default:
		return fabs(v->change);
	}
}

static int order(const void *a, const void *b, void *arg)
{
	const struct cp_diff_row *x = *(const struct cp_diff_row *const *)a;
	const struct cp_diff_row *y = *(const struct cp_diff_row *const *)b;
	double vx = sort_value(arg, x), vy = sort_value(arg, y);

	if (vx != vy)
		return vx < vy ? 1 : -1;
	return cpi_text_compare(x->name, y->name);
}

/* Rows that did not change and have no verdict are left out unless all are wanted. */
static void pick(struct cpi_diff_view *view, uint32_t default_rows)
{
	size_t most = view->options.all_rows ? SIZE_MAX
		: view->options.rows         ? view->options.rows
					     : default_rows;

	for (size_t i = 0; i < cp_diff_count(view->diff); i++) {
		const struct cp_diff_row *row = cp_diff_row(view->diff, i);
		const struct cp_diff_value *v = cpi_diff_view_value(view, row);

		if (!view->options.all_rows && !v->before && !v->after)
			continue;
		view->row[view->n_all++] = row;
		view->loud += cpi_diff_view_loud(v->verdict);
	}
	if (view->n_all)
		qsort_r(view->row, view->n_all, sizeof *view->row, order, view);
	view->n = view->n_all < most ? view->n_all : most;
}

enum cp_code cpi_diff_write(struct cpi_env *env, const struct cp_diff *diff,
	const char *format, const struct cp_diff_write_options *options,
	struct cpi_sink *sink, struct cp_error *err)
{
	static const struct {
		const char *name;
		void (*write)(const struct cpi_diff_view *, struct cpi_sink *);
		uint32_t rows;
	} formats[] = {
		{"text", cpi_diff_text, 20},
		{"markdown", cpi_diff_markdown, 15},
		{"csv", cpi_diff_csv, UINT32_MAX},
		{"json", cpi_diff_json, UINT32_MAX},
		{"tree", cpi_diff_tree, 0},
	};
	struct cpi_diff_view view = {.env = env,
		.diff = diff,
		.sum = cp_diff_summary(diff),
		.options = *options};
	size_t n = cp_diff_count(diff);

	if (!view.options.before)
		view.options.before = "before";
	if (!view.options.after)
		view.options.after = "after";
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		if (strcmp(format, formats[i].name))
			continue;
		if (formats[i].write == cpi_diff_tree && !cpi_diff_has_tree(diff))
			return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"the diff was made without cp_diff_options.tree");
		view.row = cpi_alloc_array(&env->mem, n, sizeof *view.row);
		if (!view.row)
			return cpi_error_memory(err);
		pick(&view, formats[i].rows);
		formats[i].write(&view, sink);
		cpi_free(&env->mem, view.row, n * sizeof *view.row);
		return CP_OK;
	}
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"\"%.40s\" is not a format of diffs", format);
}
