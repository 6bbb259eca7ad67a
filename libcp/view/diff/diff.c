/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows of a difference are shown, and what is said of them. */
#include "view/diff/diff.h"

#include <math.h>
#include <stdlib.h>

#include <cp/units.h>

#include "op/diff/diff.h"

const char *cp_verdict_name(enum cp_verdict verdict)
{
	static const char *const name[] = {
		[CP_VERDICT_UNTESTED] = "not tested",
		[CP_VERDICT_WITHIN] = "within noise",
		[CP_VERDICT_MORE] = "more",
		[CP_VERDICT_LESS] = "less",
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
	return verdict == CP_VERDICT_MORE || verdict == CP_VERDICT_LESS ||
		verdict == CP_VERDICT_WORSE || verdict == CP_VERDICT_BETTER || verdict == CP_VERDICT_NEW ||
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

char *cpi_diff_view_times(char *buf, size_t size, double ratio)
{
	if (isinf(ratio))
		snprintf(buf, size, "new");
	else
		snprintf(buf, size, ratio >= 10 ? "%.3g×" : "%.2f×", ratio);
	return buf;
}

static void bound(char *buf, size_t size, double x)
{
	if (isinf(x))
		snprintf(buf, size, "∞");
	else
		snprintf(buf, size, x >= 100 ? "%.3g" : "%.2f", x);
}

char *cpi_diff_view_range(char *buf, size_t size, double ratio, double low, double high)
{
	char lo[24], hi[24], mid[24];

	bound(mid, sizeof mid, ratio);
	bound(lo, sizeof lo, low);
	bound(hi, sizeof hi, high);
	snprintf(buf, size, isinf(ratio) ? "new (%.0s%s … %s)" : "%s (%s … %s)", mid, lo, hi);
	return buf;
}

char *cpi_diff_view_interval(char *buf, size_t size, const struct cp_diff_value *v)
{
	if (!isnan(v->p))
		return cpi_diff_view_range(buf, size, v->ratio, v->ratio_lo, v->ratio_hi);
	if (isinf(v->ratio))
		snprintf(buf, size, "new");
	else
		bound(buf, size, v->ratio);
	return buf;
}

static bool pair(const struct cp_diff_summary *s)
{
	return s->n_before + s->n_after == 2;
}

/* What is to be made of the total. */
static void total_verdict(const struct cp_diff_summary *s, struct cpi_sink *sink)
{
	switch (s->census ? CP_VERDICT_UNTESTED : s->total.verdict) {
	case CP_VERDICT_WORSE:
	case CP_VERDICT_BETTER:
	case CP_VERDICT_NEW:
	case CP_VERDICT_GONE:
		cpi_sink_printf(sink, "real, %s", cp_verdict_name(s->total.verdict));
		break;
	case CP_VERDICT_MORE:
	case CP_VERDICT_LESS:
		cpi_sink_printf(sink, "%s than %s noise explains",
			cp_verdict_name(s->total.verdict),
			s->calibrated ? "the measured" : "the stated");
		break;
	case CP_VERDICT_SAME:
		cpi_sink_printf(sink, "the same within %.3g %%", 100 * s->min_change);
		break;
	case CP_VERDICT_WITHIN:
		cpi_sink_printf(sink, "within %s noise, ±%.2g %% a run",
			s->calibrated ? "the measured" : "the stated", 100 * s->noise_total);
		break;
	case CP_VERDICT_UNCLEAR:
		cpi_sink_str(sink, "unclear");
		if (s->total.needed > 1 && s->total.needed < 100)
			cpi_sink_printf(sink, ", needs %.0f× the captures",
				ceil(s->total.needed));
		break;
	default:
		cpi_sink_str(sink, s->census ? "exact, a census" : "not tested");
	}
}

static void total_line(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	const struct cp_diff_summary *s = view->sum;
	char buf[64];

	cpi_sink_printf(sink, "Total %s → ",
		cpi_diff_view_number(view, buf, sizeof buf, s->total_before, false));
	cpi_sink_printf(sink, "%s, ",
		cpi_diff_view_number(view, buf, sizeof buf, s->total_after, false));
	if (s->census)
		cpi_sink_str(sink, cpi_diff_view_times(buf, sizeof buf, s->total.ratio));
	else
		cpi_sink_str(sink, cpi_diff_view_interval(buf, sizeof buf, &s->total));
	cpi_sink_str(sink, ": ");
	total_verdict(s, sink);
}

/* The path's names; of a long one the first and the last few. */
static void path(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	const struct cp_diff_summary *s = view->sum;

	for (size_t i = 0; i < s->n_path; i++) {
		if (s->n_path > 6 && i == 1) {
			cpi_sink_str(sink, " → …");
			i = s->n_path - 4;
		}
		cpi_sink_str(sink, i ? " → " : "");
		view->name(sink, s->path[i]);
	}
}

static void cause_line(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	const struct cp_diff_summary *s = view->sum;
	double change = s->path_after - s->path_before;
	double per = s->total_before > 0 ? s->samples_before / (double)s->n_before /
			s->total_before : 0;
	bool holds_one = s->total.ratio_lo <= 1 && s->total.ratio_hi >= 1;
	bool same_way = change * (s->total_after - s->total_before) > 0;
	char buf[2][48];

	if (!s->n_path) {
		cpi_sink_str(sink, s->erratic && pair(s)
				? "few large events: not tested with one capture a side"
			: holds_one || s->census
				? "no path stands out"
				: "no path stands out: the change is spread over the profile");
		return;
	}
	path(view, sink);
	if (!s->census && (holds_one || !same_way)) {
		cpi_sink_printf(sink, ": %+.0f samples", change * per);
	} else {
		double share = fmin(s->path_share, 1);

		cpi_sink_printf(sink, " explains %s%.0f %% of the %s",
			s->path_share > 1.005 ? "more than " : "", 100 * share,
			change > 0 ? "growth" : "drop");
	}
	cpi_sink_printf(sink, " (%s → %s)",
		cpi_diff_view_number(view, buf[0], sizeof buf[0], s->path_before, false),
		cpi_diff_view_number(view, buf[1], sizeof buf[1], s->path_after, false));
}

static void moved_line(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	const struct cp_diff_summary *s = view->sum;
	char buf[2][48], times[32];

	view->name(sink, s->moved);
	cpi_sink_str(sink, " moved from ");
	view->name(sink, s->moved_from.n ? s->moved_from : CPI_TEXT("the root"));
	cpi_sink_str(sink, " to ");
	view->name(sink, s->moved_to.n ? s->moved_to : CPI_TEXT("the root"));
	cpi_sink_printf(sink, ": %s → %s, %s",
		cpi_diff_view_number(view, buf[0], sizeof buf[0], s->moved_before, false),
		cpi_diff_view_number(view, buf[1], sizeof buf[1], s->moved_after, false),
		cpi_diff_view_times(
			times, sizeof times, s->moved_after / s->moved_before));
}

static void captures(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	const struct cp_diff_summary *s = view->sum;

	cpi_sink_str(sink, "compared: ");
	view->name(sink, s->type);
	if (s->unit.n) {
		cpi_sink_char(sink, '/');
		view->name(sink, s->unit);
	}
	cpi_sink_str(sink, " of ");
	view->name(sink, cpi_text(view->options.before));
	cpi_sink_str(sink, " → ");
	view->name(sink, cpi_text(view->options.after));
	if (!pair(s))
		cpi_sink_printf(
			sink, ", means of %zu and %zu captures", s->n_before, s->n_after);
	if (!s->census)
		cpi_sink_printf(sink, "; %.0f and %.0f samples", s->samples_before,
			s->samples_after);
}

static void scaling(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	static const char *const name[] = {
		[CP_SCALE_NONE] = "none, values as measured",
		[CP_SCALE_TIME] = "by duration (rates, for services)",
		[CP_SCALE_TOTAL] = "by total (shares)",
		[CP_SCALE_ANCHOR] = "by the functions that kept their proportions",
		[CP_SCALE_WORK] = "by units of work",
	};
	const struct cp_diff_summary *s = view->sum;

	cpi_sink_printf(sink, "scale: %s", name[s->scale]);
	if (s->steady)
		cpi_sink_printf(sink, ": %zu functions that did not change agree",
			s->anchor_functions);
	else if (s->anchor_paths)
		cpi_sink_str(sink, " (call paths, where functions do not agree)");
	else if (s->scale == CP_SCALE_ANCHOR && s->anchor_functions)
		cpi_sink_printf(sink, " (%zu of them)", s->anchor_functions);
	if (s->scale != CP_SCALE_NONE)
		cpi_sink_printf(sink, ", after × %.4g", s->factor);
	if (s->no_anchor)
		cpi_sink_str(sink, "; no set of functions is stable enough for an "
				   "anchor: what grows makes the other shares shrink");
}

static void method(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	const struct cp_diff_summary *s = view->sum;

	if (s->census) {
		cpi_sink_str(sink, "a census, not samples: differences are exact and "
				   "nothing is tested");
		return;
	}
	cpi_sink_printf(sink, "noise: %s±%.2g %% from run to run",
		pair(s) ? s->calibrated ? "calibrated, " : "one capture a side cannot "
							   "show it; taken for "
			: "",
		100 * s->noise);
	if (s->noise_small > s->noise)
		cpi_sink_printf(
			sink, " (±%.2g %% for a function of 1 %%)", 100 * s->noise_small);
	cpi_sink_printf(sink, "; %zu of %zu tests changed (any false one: %.3g %%)",
		view->loud, s->tested, 100 * s->q);
}

/* The largest function and one of 1 % say what these samples can and cannot show. */
static void power(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	const struct cp_diff_value *largest = NULL, *small = NULL;
	double total = fabs(view->sum->total_before) + fabs(view->sum->total_after);

	for (size_t i = 0; i < cp_diff_count(view->diff); i++) {
		const struct cp_diff_value *v =
			cpi_diff_view_value(view, cp_diff_row(view->diff, i));
		double size = fabs(v->before) + fabs(v->after);
		double share = total > 0 ? size / total : 0;

		/* Compared by share, what is nearly everything cannot change. */
		if (!isfinite(v->detectable) || v->verdict == CP_VERDICT_UNTESTED ||
			!v->before || !v->after || share > 0.9)
			continue;
		if (!largest || size > fabs(largest->before) + fabs(largest->after))
			largest = v;
		if (share >= 0.01 &&
			(!small || size < fabs(small->before) + fabs(small->after)))
			small = v;
	}
	if (!largest) {
		cpi_sink_str(sink, "too few samples to show any change of a function");
		return;
	}
	cpi_sink_printf(sink, "can show %.3g× in the largest function",
		largest->detectable);
	if (small && small != largest)
		cpi_sink_printf(sink, ", %.3g× in one of %.2g %%", small->detectable,
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

bool cpi_diff_view_verdict(
	const struct cpi_diff_view *view, unsigned line, struct cpi_sink *sink)
{
	static void (*const lines[])(const struct cpi_diff_view *, struct cpi_sink *) = {
		total_line, cause_line, moved_line};

	if (line >= sizeof lines / sizeof *lines || (line == 2 && !view->sum->moved.n))
		return false;
	lines[line](view, sink);
	return true;
}

/* Of a group that moved, the row that the others name; NULL for other rows. */
static bool leads(const struct cp_diff_row *row)
{
	return row->partner && row->partner->partner == row;
}

static bool member(const struct cp_diff_row *row)
{
	return row->partner && row->moved_before == 0 && row->moved_after == 0;
}

bool cpi_diff_view_leads(const struct cpi_diff_view *view, const struct cp_diff_row *row)
{
	return !view->options.cum && leads(row) && !member(row);
}

void cpi_diff_view_name(const struct cpi_diff_view *view, const struct cp_diff_row *row,
	void (*put)(struct cpi_sink *, struct cp_text), struct cpi_sink *sink)
{
	bool split = row->move == CP_MOVE_SPLIT;
	size_t n = 0;

	if (!cpi_diff_view_leads(view, row)) {
		put(sink, row->name);
		return;
	}
	if (split) {
		put(sink, row->name);
		cpi_sink_str(sink, " → ");
		if (row->flat.after != 0) {
			put(sink, row->name);
			n++;
		}
	}
	for (size_t i = 0; i < cp_diff_count(view->diff); i++) {
		const struct cp_diff_row *other = cp_diff_row(view->diff, i);

		if (other == row || other->partner != row)
			continue;
		cpi_sink_str(sink, n++ ? " + " : "");
		put(sink, other->name);
	}
	if (split)
		return;
	cpi_sink_str(sink, " → ");
	put(sink, row->name);
}

const char *cpi_diff_view_word(
	const struct cpi_diff_view *view, const struct cp_diff_row *row)
{
	static const char *const move[] = {
		[CP_MOVE_RENAMED] = "renamed",
		[CP_MOVE_INLINED] = "inlined",
		[CP_MOVE_SPLIT] = "split",
	};
	enum cp_verdict verdict = cpi_diff_view_value(view, row)->verdict;

	return verdict == CP_VERDICT_MOVED && cpi_diff_view_leads(view, row)
			? move[row->move]
			: cp_verdict_name(verdict);
}

/* What a row is called. */
static const char *noun(const struct cpi_diff_view *view)
{
	return view->label.n ? "value" : "function";
}

void cpi_diff_view_rest(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	size_t loud = 0;

	if (view->n == view->n_all)
		return;
	for (size_t i = 0; i < view->n; i++)
		loud += cpi_diff_view_loud(
			cpi_diff_view_value(view, view->row[i])->verdict);
	cpi_sink_printf(sink, "… %zu more %ss", view->n_all - view->n, noun(view));
	if (view->sum->census)
		return;
	if (view->loud > loud)
		cpi_sink_printf(sink, ", %zu of them changed (-n 0 shows all)",
			view->loud - loud);
	else
		cpi_sink_str(sink, ", none of them changed beyond what is noise");
}

bool cpi_diff_view_unclear(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	double least = INFINITY, most = 0;

	if (!view->n_unclear)
		return false;
	cpi_sink_printf(sink, "undecided: %zu %s%s, ", view->n_unclear, noun(view),
		view->n_unclear == 1 ? "" : "s");
	for (size_t i = 0; i < view->n_unclear; i++) {
		double needed = cpi_diff_view_value(view, view->unclear[i])->needed;

		least = fmin(least, needed);
		most = fmax(most, needed);
		if (i < 3) {
			cpi_sink_str(sink, i ? ", " : "");
			view->name(sink, view->unclear[i]->name);
		}
	}
	cpi_sink_str(sink, view->n_unclear > 3 ? ", …" : "");
	if (ceil(least) >= 100)
		cpi_sink_str(sink, "; need more than 100× the captures");
	else if (ceil(most) > ceil(least))
		cpi_sink_printf(sink, "; need %.0f–%.0f%s× the captures", ceil(least),
			fmin(100, ceil(most)), most > 100 ? " and more" : "");
	else
		cpi_sink_printf(sink, "; need %.0f× the captures", ceil(least));
	return true;
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
		return cpi_diff_view_leads(view, row)
			? fmax(fabs(v->change), fabs(row->moved_after - row->moved_before))
			: fabs(v->change);
	}
}

/* Of equal changes the one that grew more by itself says more: a leak, not its scheduler. */
static double size_of(const struct cpi_diff_view *view, const struct cp_diff_row *row)
{
	const struct cp_diff_value *v = cpi_diff_view_value(view, row);

	return fabs(v->before) + fabs(v->after);
}

static int order(const void *a, const void *b, void *arg)
{
	const struct cp_diff_row *x = *(const struct cp_diff_row *const *)a;
	const struct cp_diff_row *y = *(const struct cp_diff_row *const *)b;
	double vx = sort_value(arg, x), vy = sort_value(arg, y);

	if (vx != vy)
		return vx < vy ? 1 : -1;
	vx = size_of(arg, x);
	vy = size_of(arg, y);
	if (vx != vy && ((struct cpi_diff_view *)arg)->options.sort == CP_DIFF_BY_CHANGE)
		return vx < vy ? -1 : 1;
	return cpi_text_compare(x->name, y->name);
}

/* What changed stands first, whatever the order is by. */
static int loud_first(const void *a, const void *b, void *arg)
{
	const struct cp_diff_row *x = *(const struct cp_diff_row *const *)a;
	const struct cp_diff_row *y = *(const struct cp_diff_row *const *)b;
	bool lx = cpi_diff_view_loud(cpi_diff_view_value(arg, x)->verdict);
	bool ly = cpi_diff_view_loud(cpi_diff_view_value(arg, y)->verdict);

	return lx != ly ? ly - lx : order(a, b, arg);
}

/*
 * Rows without values are left out unless all are wanted; so are members of a group that
 * moved, which their lead names. Tables fold what is unclear into one line.
 */
static void pick(struct cpi_diff_view *view, uint32_t default_rows)
{
	size_t most = view->options.all_rows ? SIZE_MAX
		: view->options.rows         ? view->options.rows
					     : default_rows, n = cp_diff_count(view->diff);
	bool table = default_rows && default_rows != UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		const struct cp_diff_row *row = cp_diff_row(view->diff, i);
		const struct cp_diff_value *v = cpi_diff_view_value(view, row);

		if (!view->options.all_rows && !v->before && !v->after)
			continue;
		if (table && !view->options.cum && member(row))
			continue;
		view->loud += cpi_diff_view_loud(v->verdict);
		if (table && !view->options.all_rows && v->verdict == CP_VERDICT_UNCLEAR)
			view->unclear[view->n_unclear++] = row;
		else
			view->row[view->n_all++] = row;
	}
	if (view->n_all)
		qsort_r(view->row, view->n_all, sizeof *view->row,
			table && view->options.sort == CP_DIFF_BY_CHANGE ? loud_first : order,
			view);
	if (view->n_unclear)
		qsort_r(view->unclear, view->n_unclear, sizeof *view->unclear, order, view);
	view->n = view->n_all < most ? view->n_all : most;
}

/* The rows to show; the caller frees view->row. */
static bool open_view(struct cpi_diff_view *view, uint32_t default_rows)
{
	size_t n = cp_diff_count(view->diff);

	view->row = cpi_alloc_array(&view->env->mem, 2 * n, sizeof *view->row);
	if (!view->row)
		return false;
	view->unclear = view->row + n;
	pick(view, default_rows);
	return true;
}

static void close_view(struct cpi_diff_view *view)
{
	cpi_free(&view->env->mem, view->row,
		2 * cp_diff_count(view->diff) * sizeof *view->row);
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
		.options = *options,
		.name = strcmp(format, "markdown") ? cpi_text_escape : cpi_diff_code};
	struct cpi_diff_view by;
	bool fine;

	if (!view.options.before)
		view.options.before = "before";
	if (!view.options.after)
		view.options.after = "after";
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		if (strcmp(format, formats[i].name))
			continue;
		view.options.cum |= view.sum->by_cum;
		if (formats[i].write == cpi_diff_tree && !cpi_diff_has_tree(diff))
			return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"the diff was made without cp_diff_options.tree");
		by = view;
		fine = open_view(&view, formats[i].rows);
		if (diff->by) {
			by.diff = diff->by;
			by.sum = cp_diff_summary(diff->by);
			by.label = diff->by->label;
			by.options.cum = false;
			view.by = &by;
			fine &= open_view(&by, formats[i].rows);
		}
		if (fine)
			formats[i].write(&view, sink);
		close_view(&view);
		if (diff->by)
			close_view(&by);
		return fine ? CP_OK : cpi_error_memory(err);
	}
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"\"%.40s\" is not a format of diffs", format);
}
