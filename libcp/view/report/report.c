/* SPDX-License-Identifier: Apache-2.0 */
/* The list of reports, and how their values read. */
#include "view/report/report.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include <cp/filter.h>
#include <cp/units.h>

char *cpi_report_value(const struct cpi_report *r, char *buf, size_t size, int64_t value)
{
	double x = r->ratio == 1 ? (double)value : trunc((double)value * r->ratio);

	x *= pow(10, -(double)r->p->sample_type.v[r->type].decimals);
	cp_unit_label(buf, size, x, r->sample_unit, r->unit);
	return buf;
}

char *cpi_report_percent(char *buf, size_t size, int64_t value, int64_t total)
{
	cp_unit_percent(buf, size, (double)value, (double)total);
	return buf;
}

static double magnitude(int64_t x)
{
	return x < 0 ? -(double)x : (double)x;
}

void cpi_report_pick_unit(struct cpi_report *r, const struct cpi_graph *g)
{
	double least = 0, most = magnitude(r->total);

	if (!cpi_text_equal(r->unit, CPI_TEXT("minimum")) || !g->order.n)
		return;
	for (size_t i = 0; i < g->order.n; i++) {
		const struct cpi_graph_node *node = &g->node.v[g->order.v[i]];
		double x = magnitude(cpi_graph_flat(node));

		if (x == 0)
			x = magnitude(cpi_graph_cum(node));
		if (x > 0 && (least == 0 || x < least))
			least = x;
	}
	if (least == 0)
		least = most;
	/* Divided down to nothing, the smallest value has the kind's default unit. */
	if (least > 0 && trunc(least * r->ratio) == 0)
		cp_unit_scale(0, r->sample_unit, CPI_TEXT("minimum"), &r->unit);
	else
		r->unit = cp_unit_for_report(
			trunc(least * r->ratio), trunc(most * r->ratio), r->sample_unit);
	if (!r->unit.n)
		r->unit = r->sample_unit;
}

enum cp_code cpi_report_graph(struct cpi_report *r, struct cpi_graph *g,
	struct cpi_graph_trim *trim, enum cpi_report_edges edges, uint32_t default_count,
	struct cp_error *err)
{
	const struct cp_report_options *o = &r->options;
	struct cpi_graph_options options = {.type = r->type, .divisor = o->mean ? 0 : -1,
		.edges = edges == CPI_REPORT_EDGES,
		.inlined_edges = edges == CPI_REPORT_INLINED_EDGES,
		.columns = o->columns, .drop_negative = o->drop_negative,
		.objects = r->objects, .granularity = (enum cp_granularity)o->granularity,
		.trim_path = o->trim_path,
		.source_path = o->source_path};
	enum cp_code code = cpi_graph_make(g, r->env, r->p, &options, err);

	if (code)
		return code;
	if (!o->no_trim) {
		trim->node_fraction = o->node_fraction < 0 ? 0.005 : o->node_fraction;
		trim->edge_fraction = o->edge_fraction < 0 ? 0.001 : o->edge_fraction;
		trim->count = o->node_count < 0 ? default_count : (uint32_t)o->node_count;
	}
	code = cpi_graph_trim(g, trim, err);
	if (code)
		cpi_graph_release(g);
	return code;
}

static void line(struct cpi_report *r, const char *key, struct cp_text text)
{
	cpi_sink_str(r->sink, key);
	cpi_text_escape(r->sink, text);
	cpi_sink_char(r->sink, '\n');
}

/* Of what perf captures say about themselves only losses belong above every table. */
static bool worth_showing(struct cp_text comment)
{
	if (cpi_text_starts(comment, CPI_TEXT("#")))
		return false;
	return !cpi_text_starts(comment, CPI_TEXT("perf: ")) ||
		cpi_text_starts(comment, CPI_TEXT("perf: lost")) ||
		cpi_text_starts(comment, CPI_TEXT("perf: throttled"));
}

static void duration_line(struct cpi_report *r)
{
	static const struct cp_text ns = {"nanoseconds", 11}, automatic = {"auto", 4};
	char duration[48], total[48], percent[32];
	struct cp_text unit;
	double nanos = cp_unit_scale((double)r->total, r->sample_unit, ns, &unit);

	cp_unit_label(duration, sizeof duration, (double)r->p->header.duration_nanos, ns,
		automatic);
	/* The blank before what may be missing, and those inside, are pprof's. */
	cpi_sink_printf(r->sink, "Duration: %s, Total samples = %s ", duration,
		cpi_report_value(r, total, sizeof total, r->total));
	if (cp_unit_compatible(r->sample_unit, ns) && nanos != 0) {
		cp_unit_percent(percent, sizeof percent, nanos,
			(double)r->p->header.duration_nanos);
		cpi_sink_printf(r->sink, "(%s)", percent);
	}
	cpi_sink_char(r->sink, '\n');
}

void cpi_report_profile_lines(struct cpi_report *r)
{
	const struct cp_profile *p = r->p;
	const struct cp_mapping_row *main = &p->mapping.v[p->mapping.n > 1];
	time_t seconds = (time_t)(p->header.time_nanos / 1000000000);
	struct tm tm;
	char when[40];

	if (r->options.compact)
		return;
	if (main->path.i)
		line(r, "File: ", cpi_text_basename(cpi_profile_text(p, main->path)));
	if (main->build_id.i)
		line(r, "Build ID: ", cpi_profile_text(p, main->build_id));
	for (size_t i = 0; i < p->comment.n; i++)
		if (worth_showing(cpi_profile_text(p, p->comment.v[i])))
			line(r, "", cpi_profile_text(p, p->comment.v[i]));
	if (r->type < p->sample_type.n)
		line(r, r->options.mean ? "Type: mean_" : "Type: ",
			cpi_profile_text(p, p->sample_type.v[r->type].type));
	if (p->header.doc_url.i)
		line(r, "Doc: ", cpi_profile_text(p, p->header.doc_url));
	if (p->header.time_nanos && gmtime_r(&seconds, &tm) &&
		strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &tm))
		line(r, "Time: ", cpi_text(when));
	if (p->header.duration_nanos)
		duration_line(r);
}

static void filter_lines(struct cpi_report *r)
{
	enum { MOST = 80 };
	const char *const *filter = r->options.filters;

	if (!filter || !*filter)
		return;
	cpi_sink_str(r->sink, "Active filters:\n");
	for (; *filter; filter++) {
		size_t n = strlen(*filter), cut = n > MOST ? MOST : n;

		while (cut < n && cut && ((uint8_t)(*filter)[cut] & 0xc0) == 0x80)
			cut--;
		cpi_sink_str(r->sink, "   ");
		cpi_text_escape(r->sink, (struct cp_text){*filter, cut});
		cpi_sink_str(r->sink, cut < n ? "…\n" : "\n");
	}
}

void cpi_report_graph_lines(struct cpi_report *r, const struct cpi_graph *g,
	const struct cpi_graph_trim *trim)
{
	char a[48], b[48], percent[32];
	const char *at = percent;
	int64_t flat = 0;
	size_t count = g->order.n;

	filter_lines(r);
	for (size_t i = 0; i < g->order.n; i++)
		flat += cpi_graph_flat(&g->node.v[g->order.v[i]]);
	cpi_report_percent(percent, sizeof percent, flat, r->total);
	while (*at == ' ')
		at++;
	cpi_sink_printf(r->sink, "Showing nodes accounting for %s, %s of %s total\n",
		cpi_report_value(r, a, sizeof a, flat), at,
		cpi_report_value(r, b, sizeof b, r->total));
	if (!r->total)
		return;
	if (trim->dropped_nodes)
		cpi_sink_printf(r->sink, "Dropped %zu node%s (cum <= %s)\n",
			trim->dropped_nodes, trim->dropped_nodes == 1 ? "" : "s",
			cpi_report_value(r, a, sizeof a,
				(int64_t)fabs((double)r->total * trim->node_fraction)));
	if (trim->count && count < trim->original)
		cpi_sink_printf(r->sink, "Showing top %u nodes out of %zu\n", trim->count,
			trim->original);
}

void cpi_report_name(struct cpi_report *r, const char *label, size_t used)
{
	struct cp_text text = cpi_text(label);
	size_t room = r->options.width > used + 20 ? r->options.width - used : 20;
	size_t width, head, columns = 0, i = 0;
	uint32_t rune;

	if (!r->options.width || (width = cpi_text_width(text)) <= room) {
		cpi_text_escape(r->sink, text);
		return;
	}
	/*
	 * The end of a name tells more than its beginning: one third for the
	 * beginning.
	 */
	head = (room - 1) / 3;
	for (; i < text.n && columns < head; columns += cpi_rune_width(rune))
		i += cpi_utf8_decode(text.p + i, text.n - i, &rune);
	cpi_text_escape(r->sink, (struct cp_text){text.p, i});
	cpi_sink_str(r->sink, "…");
	for (; i < text.n && width - columns > room - 1 - head;
		columns += cpi_rune_width(rune))
		i += cpi_utf8_decode(text.p + i, text.n - i, &rune);
	cpi_text_escape(r->sink, (struct cp_text){text.p + i, text.n - i});
}

static struct cp_text find_label_unit(const struct cpi_report *r, cp_string key)
{
	const struct cp_profile *p = r->options.original ? r->options.original : r->p;
	struct cp_text name = cpi_profile_text(r->p, key);

	/*
	 * The first unit seen under the key in the whole profile (label sets stand in
	 * order of first use); "bytes" by tradition, else the key itself.
	 */
	for (size_t i = 0; i < p->label.n; i++)
		if (p->label.v[i].unit.i &&
			cpi_text_equal(cpi_profile_text(p, p->label.v[i].key), name))
			return cpi_profile_text(p, p->label.v[i].unit);
	if (cpi_text_equal(name, CPI_TEXT("alignment")) ||
		cpi_text_equal(name, CPI_TEXT("request")))
		return CPI_TEXT("bytes");
	return name;
}

struct cp_text cpi_report_label_unit(struct cpi_report *r, cp_string key)
{
	size_t at = key.i % (sizeof r->label_unit / sizeof *r->label_unit);

	if (r->label_unit[at].key != key.i) {
		r->label_unit[at].unit = find_label_unit(r, key);
		r->label_unit[at].key = key.i;
	}
	return r->label_unit[at].unit;
}

enum cp_code cpi_report_comments(struct cpi_report *r, struct cp_error *err)
{
	(void)err;
	for (size_t i = 0; i < r->p->comment.n; i++) {
		struct cp_text rest = cpi_profile_text(r->p, r->p->comment.v[i]);

		/* A comment may have several lines, or an empty one; what else acts is
		 * escaped. */
		do {
			const char *eol = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;
			size_t n = eol ? (size_t)(eol - rest.p) : rest.n;

			line(r, "", (struct cp_text){rest.p, n});
			rest.p += n + (eol != NULL);
			rest.n -= n + (eol != NULL);
		} while (rest.n);
	}
	return CP_OK;
}

enum cp_code cpi_report_comments_rows(
	struct cpi_report *r, struct cp_table *t, struct cp_error *err)
{
	uint32_t list;

	(void)err;
	cpi_fact_text(t, 0, "schema", CPI_TEXT("libcp.report"));
	cpi_fact_whole(t, 0, "version", 1);
	cpi_fact_text(t, 0, "report", CPI_TEXT("comments"));
	list = cpi_table_list(t, 0, "comments", CP_LIST_VALUES, CPI_TABLE_MAIN);
	cpi_table_column(
		t, list, CPI_TEXT("comment"), CP_CELL_TEXT, CPI_TEXT(""), 0);
	for (size_t i = 0; i < r->p->comment.n; i++) {
		cpi_table_row(t, list);
		cpi_put_text(t, list, cpi_profile_text(r->p, r->p->comment.v[i]));
	}
	return CP_OK;
}

void cpi_report_facts(struct cpi_report *r, struct cp_table *t, const char *report)
{
	const struct cp_value_type *type = &r->p->sample_type.v[r->type];

	cpi_fact_text(t, 0, "schema", CPI_TEXT("libcp.report"));
	cpi_fact_whole(t, 0, "version", 1);
	cpi_fact_text(t, 0, "report", cpi_text(report));
	cpi_fact_text(t, 0, "type", cpi_profile_text(r->p, type->type));
	cpi_fact_text(t, 0, "unit", cpi_profile_text(r->p, type->unit));
	if (type->decimals)
		cpi_fact_whole(t, 0, "decimals", type->decimals);
	cpi_fact_whole(t, 0, "total", r->total);
	cpi_fact_whole(t, 0, "duration_nanos", r->p->header.duration_nanos);
}

static bool is_base(const struct cp_profile *p, cp_labels labels)
{
	uint32_t n;
	const struct cp_label *label = cpi_profile_label_set(p, labels, &n);

	for (uint32_t i = 0; i < n; i++)
		if (cpi_text_equal(
			    cpi_profile_text(p, label[i].key), CPI_TEXT("pprof::base")))
			return true;
	return false;
}

/* Magnitudes of one type and, for means, the first type's values as they are. */
struct sums {
	unsigned __int128 total;
	__int128 divisor;
};

static void add_sums(struct sums *sums, int64_t value, int64_t first)
{
	sums->total += value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	sums->divisor += first;
}

enum cp_code cp_report_total(const struct cp_profile *p, const char *sample_type,
	bool mean, int64_t *ret_total, struct cp_error *err)
{
	struct sums all = {0}, base = {0};
	__int128 total;
	uint32_t type;
	enum cp_code code = cp_profile_find_sample_type(p, sample_type, &type, err);

	if (code)
		return code;
	for (uint32_t i = 0; i < cpi_profile_n_samples(p) && p->sample_type.n; i++) {
		const int64_t *values = p->value.v + (size_t)i * p->sample_type.n;
		int64_t first = mean ? values[0] : 0;

		add_sums(&all, values[type], first);
		if (is_base(p, p->sample_labels.v[i]))
			add_sums(&base, values[type], first);
	}
	if (base.total)
		all = base;
	total = (__int128)all.total;
	if (all.divisor)
		total /= all.divisor;
	if (total > INT64_MAX || total < -INT64_MAX)
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"the sum of all sample values exceeds 64 bits");
	*ret_total = (int64_t)total;
	return CP_OK;
}

static const struct row {
	const char *report;
	cpi_report_fn *text;
	cpi_report_rows_fn *rows; /* NULL: what it writes is a format, or has rows elsewhere */
	bool csv;
} rows[] = {
	{"top", cpi_report_top, cpi_report_top_rows, true},
	{"tree", cpi_report_tree, cpi_report_tree_rows, false},
	{"peek", cpi_report_peek, cpi_report_peek_rows, false},
	{"traces", cpi_report_traces, cpi_report_traces_rows, false},
	{"list", cpi_report_list, NULL, false},
	{"tags", cpi_report_tags, cpi_report_tags_rows, true},
	{"comments", cpi_report_comments, cpi_report_comments_rows, true},
	{"waits", cpi_report_waits, cpi_report_waits_rows, false},
	{"dot", cpi_report_dot, NULL, false},
	{"callgrind", cpi_report_callgrind, NULL, false},
};

static enum cp_code find_row(
	const char *report, const struct row **ret, struct cp_error *err)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].report, report))
			continue;
		*ret = &rows[i];
		return CP_OK;
	}
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"there is no report \"%.40s\"", report);
}

/* Sample type, total and units, by the options. */
static enum cp_code begin(struct cpi_report *r, const char *report, struct cp_error *err)
{
	const struct cp_profile *p = r->p;
	const struct cp_report_options *o = &r->options;
	enum cp_code code = cp_profile_find_sample_type(p, o->sample_type, &r->type, err);

	if (!code && !p->sample_type.n && strcmp(report, "comments"))
		code = cpi_error(
			err, CP_ERROR_EMPTY, CP_NO_OFFSET, "the profile has no samples");
	r->total = o->total;
	if (!code && !o->total_given && p->sample_type.n)
		code = cp_report_total(p, o->sample_type, o->mean, &r->total, err);
	if (code)
		return code;
	if (p->sample_type.n)
		r->sample_unit = cpi_profile_text(p, p->sample_type.v[r->type].unit);
	r->unit = cpi_text(o->unit && *o->unit ? o->unit : "minimum");
	r->ratio = o->divide_by > 0 ? 1 / o->divide_by : 1;
	return CP_OK;
}

static enum cp_code make_table(struct cpi_report *r, const struct row *row,
	struct cp_table **ret_table, struct cp_error *err)
{
	struct cp_table *table = cpi_table_new(r->env);
	enum cp_code code;

	if (!table)
		return cpi_error_memory(err);
	table->csv_raw = r->options.csv_raw;
	code = row->rows(r, table, err);
	if (!code)
		code = cpi_table_status(table, err);
	if (code)
		cp_table_free(table);
	else
		*ret_table = table;
	return code;
}

enum cp_code cpi_report_rows(struct cpi_env *env, const struct cp_profile *p,
	const char *report, const struct cp_report_options *options,
	struct cp_table **ret_table, struct cp_error *err)
{
	struct cpi_report r = {.env = env, .p = p, .options = *options};
	const struct row *row = NULL;
	enum cp_code code = find_row(report, &row, err);

	if (!code && !row->rows)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"the report %s has no rows", report);
	if (!code)
		code = begin(&r, report, err);
	return code ? code : make_table(&r, row, ret_table, err);
}

enum cp_code cpi_report_write(struct cpi_env *env, const struct cp_profile *p,
	const char *report, const char *format, const struct cp_report_options *options,
	struct cpi_sink *sink, struct cp_error *err)
{
	struct cpi_report r = {.env = env, .p = p, .options = *options, .sink = sink};
	const struct row *row = NULL;
	struct cp_table *table = NULL;
	enum cp_code code = find_row(report, &row, err);

	if (!code && strcmp(format, "text") &&
		(!row->rows || (strcmp(format, "json") &&
			(!row->csv || (strcmp(format, "csv") && strcmp(format, "markdown"))))))
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"the report %s cannot be written as %.20s", report, format);
	if (!code)
		code = begin(&r, report, err);
	if (code)
		return code;
	if (!strcmp(format, "text"))
		return row->text(&r, err);
	code = make_table(&r, row, &table, err);
	if (!code)
		code = cpi_table_print(table, format, sink, err);
	cp_table_free(table);
	return code;
}
