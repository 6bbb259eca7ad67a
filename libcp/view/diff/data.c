/* SPDX-License-Identifier: Apache-2.0 */
/* A difference as CSV and JSON. */
#include <math.h>

#include "codec/csv.h"
#include "codec/json.h"
#include "view/diff/diff.h"

/* Columns that both machine-readable forms have, in this order. */
static const char *const fields[] = {"before", "after", "change", "ratio", "ratio_low",
	"ratio_high", "p", "p_adjusted", "samples_before", "samples_after",
	"detectable_ratio"};

enum { FIELDS = sizeof fields / sizeof *fields };

/*
 * Six digits of what went through logarithms: more would differ from one mathematical
 * library to the next, and equal inputs must give equal bytes.
 */
static double rounded(double x)
{
	double unit;

	if (!isfinite(x) || x == 0)
		return x;
	unit = pow(10, 5 - floor(log10(fabs(x))));
	return isfinite(unit) ? round(x * unit) / unit : x;
}

static double field(const struct cp_diff_value *v, int i)
{
	const double all[FIELDS] = {v->before, v->after, v->change, rounded(v->ratio),
		rounded(v->ratio_lo), rounded(v->ratio_hi), rounded(v->p),
		rounded(v->adjusted), rounded(v->samples_before),
		rounded(v->samples_after), rounded(v->detectable)};

	return all[i];
}

static void csv_number(struct cpi_sink *sink, double x)
{
	struct cpi_json json;

	cpi_sink_char(sink, ',');
	if (isinf(x)) {
		cpi_sink_str(sink, x > 0 ? "inf" : "-inf");
	} else if (!isnan(x)) {
		cpi_json_init(&json, sink);
		cpi_json_double(&json, x);
	}
}

/* One table a file: the label's values where they were asked for. */
void cpi_diff_csv(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	view = view->by ? view->by : view;
	if (view->label.n)
		cpi_csv_text(sink, view->label);
	else
		cpi_sink_str(sink, "function");
	for (int cum = 0; cum < 2; cum++) {
		const char *prefix = cum ? "cum_" : "flat_";

		cpi_sink_printf(sink, ",%sverdict", prefix);
		for (int k = 0; k < FIELDS; k++)
			cpi_sink_printf(sink, ",%s%s", prefix, fields[k]);
	}
	cpi_sink_str(sink, ",moved_with\n");
	for (size_t i = 0; i < view->n; i++) {
		const struct cp_diff_row *row = view->row[i];

		cpi_csv_text(sink, row->name);
		for (int cum = 0; cum < 2; cum++) {
			const struct cp_diff_value *v = cum ? &row->cum : &row->flat;

			cpi_sink_printf(sink, ",%s", cp_verdict_name(v->verdict));
			for (int k = 0; k < FIELDS; k++)
				csv_number(sink, field(v, k));
		}
		cpi_sink_char(sink, ',');
		if (row->partner)
			cpi_csv_text(sink, row->partner->name);
		cpi_sink_char(sink, '\n');
	}
}

static void json_value(
	struct cpi_json *json, const char *key, const struct cp_diff_value *v)
{
	cpi_json_key(json, key);
	cpi_json_begin(json, '{', true);
	cpi_json_key(json, "verdict");
	cpi_json_str(json, cp_verdict_name(v->verdict));
	for (int k = 0; k < FIELDS; k++) {
		cpi_json_key(json, fields[k]);
		cpi_json_double(json, field(v, k));
	}
	cpi_json_end(json, '}');
}

static void json_number(struct cpi_json *json, const char *key, double x)
{
	cpi_json_key(json, key);
	cpi_json_double(json, x);
}

static void json_side(struct cpi_json *json, const char *key, const char *name, size_t n,
	double total, double samples, double seconds)
{
	cpi_json_key(json, key);
	cpi_json_begin(json, '{', true);
	cpi_json_key(json, "name");
	cpi_json_str(json, name);
	json_number(json, "captures", (double)n);
	json_number(json, "total", total);
	json_number(json, "samples", samples);
	json_number(json, "seconds", seconds > 0 ? seconds : NAN);
	cpi_json_end(json, '}');
}

/* Why the total is what it is: the path, and a call that changed its caller. */
static void json_cause(struct cpi_json *json, const struct cp_diff_summary *s)
{
	cpi_json_key(json, "cause");
	cpi_json_begin(json, '{', true);
	cpi_json_key(json, "path");
	cpi_json_begin(json, '[', true);
	for (size_t i = 0; i < s->n_path; i++)
		cpi_json_text(json, s->path[i]);
	cpi_json_end(json, ']');
	json_number(json, "before", s->n_path ? s->path_before : NAN);
	json_number(json, "after", s->n_path ? s->path_after : NAN);
	json_number(json, "share", s->n_path ? rounded(s->path_share) : NAN);
	cpi_json_end(json, '}');
	if (!s->moved.n)
		return;
	cpi_json_key(json, "moved_call");
	cpi_json_begin(json, '{', true);
	cpi_json_key(json, "name");
	cpi_json_text(json, s->moved);
	cpi_json_key(json, "from");
	cpi_json_text(json, s->moved_from);
	cpi_json_key(json, "to");
	cpi_json_text(json, s->moved_to);
	json_number(json, "before", s->moved_before);
	json_number(json, "after", s->moved_after);
	cpi_json_end(json, '}');
}

static void json_summary(const struct cpi_diff_view *view, struct cpi_json *json)
{
	static const char *const scale[] = {
		"auto", "none", "time", "total", "anchor", "work"};
	const struct cp_diff_summary *s = view->sum;

	cpi_json_key(json, "type");
	cpi_json_text(json, s->type);
	cpi_json_key(json, "unit");
	cpi_json_text(json, s->unit);
	json_side(json, "before", view->options.before, s->n_before, s->total_before,
		s->samples_before, s->seconds_before);
	json_side(json, "after", view->options.after, s->n_after, s->total_after,
		s->samples_after, s->seconds_after);
	cpi_json_key(json, "scale");
	cpi_json_str(json, scale[s->scale]);
	json_number(json, "factor", rounded(s->factor));
	json_number(json, "noise", s->census ? NAN : rounded(s->noise));
	json_number(json, "noise_cumulative", s->census ? NAN : rounded(s->noise_cum));
	json_number(json, "noise_total", s->census ? NAN : rounded(s->noise_total));
	cpi_json_key(json, "calibrated");
	cpi_json_bool(json, s->calibrated);
	cpi_json_key(json, "few_large_events");
	cpi_json_bool(json, s->erratic);
	json_number(json, "error_rate", s->q);
	json_number(json, "min_change", s->min_change);
	json_number(json, "tested", (double)s->tested);
	cpi_json_key(json, "census");
	cpi_json_bool(json, s->census);
	json_value(json, "total", &s->total);
	json_cause(json, s);
}

static void json_by(const struct cpi_diff_view *by, struct cpi_json *json)
{
	cpi_json_key(json, "by");
	cpi_json_begin(json, '{', true);
	cpi_json_key(json, "label");
	cpi_json_text(json, by->label);
	cpi_json_key(json, "values");
	cpi_json_begin(json, '[', false);
	for (size_t i = 0; i < by->n; i++) {
		cpi_json_begin(json, '{', false);
		cpi_json_key(json, "name");
		cpi_json_text(json, by->row[i]->name);
		json_value(json, "flat", &by->row[i]->flat);
		cpi_json_end(json, '}');
	}
	cpi_json_end(json, ']');
	cpi_json_end(json, '}');
}

void cpi_diff_json(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	static const char *const moves[] = {"none", "renamed", "inlined", "split"};
	struct cpi_json json;

	cpi_json_init(&json, sink);
	cpi_json_begin(&json, '{', false);
	cpi_json_key(&json, "schema");
	cpi_json_str(&json, "libcp.diff");
	cpi_json_key(&json, "version");
	cpi_json_i64(&json, 2);
	json_summary(view, &json);
	if (view->by)
		json_by(view->by, &json);
	cpi_json_key(&json, "functions");
	cpi_json_begin(&json, '[', false);
	for (size_t i = 0; i < view->n; i++) {
		const struct cp_diff_row *row = view->row[i];

		cpi_json_begin(&json, '{', false);
		cpi_json_key(&json, "name");
		cpi_json_text(&json, row->name);
		json_value(&json, "flat", &row->flat);
		json_value(&json, "cum", &row->cum);
		if (row->partner) {
			cpi_json_key(&json, "moved_with");
			cpi_json_text(&json, row->partner->name);
			cpi_json_key(&json, "move");
			cpi_json_str(&json, moves[row->move]);
		}
		if (row->moved_before != 0 || row->moved_after != 0) {
			json_number(&json, "net", rounded(row->net));
			json_number(&json, "net_low", rounded(row->net_lo));
			json_number(&json, "net_high", rounded(row->net_hi));
		}
		cpi_json_end(&json, '}');
	}
	cpi_json_end(&json, ']');
	cpi_json_end(&json, '}');
	cpi_json_finish(&json);
}
