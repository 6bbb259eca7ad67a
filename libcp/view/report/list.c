/* SPDX-License-Identifier: Apache-2.0 */
/* Annotated source as pprof prints it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/named.h"
#include "op/regex.h"
#include "view/report/report.h"

/* Lines shown before the first and after the last one with a value. */
enum { MARGIN = 5 };

struct list {
	struct cpi_graph g;
	struct cpi_regex *rx;
	CPI_VEC(uint32_t) node; /* matching ones, by name, then file, then line */
};

static int by_place(const void *a, const void *b, void *arg)
{
	const struct cpi_graph *g = arg;
	const struct cpi_graph_node *x = &g->node.v[*(const uint32_t *)a];
	const struct cpi_graph_node *y = &g->node.v[*(const uint32_t *)b];
	int order = cpi_text_compare(
		cpi_profile_text(g->p, x->name), cpi_profile_text(g->p, y->name));

	if (!order)
		order = cpi_text_compare(x->path, y->path);
	if (!order)
		order = (x->line > y->line) - (x->line < y->line);
	return order ? order : (x > y) - (x < y);
}

/* The next part of a colon-separated list; false at its end. */
static bool next_part(const char **list, struct cp_text *part)
{
	const char *colon;

	while (*list && **list == ':')
		++*list;
	if (!*list || !**list)
		return false;
	colon = strchrnul(*list, ':');
	*part = (struct cp_text){*list, (size_t)(colon - *list)};
	*list = colon;
	return true;
}

/* A source file, opened; its path comes from the profile. */
struct source {
	struct cpi_named file;
	char path[4096];
};

static bool open_source(struct source *source, struct cp_text dir, struct cp_text file)
{
	const char *why;
	int n = snprintf(source->path, sizeof source->path, "%.*s%s%.*s", (int)dir.n,
		dir.p, dir.n ? "/" : "", (int)file.n, file.p);

	return n > 0 && (size_t)n < sizeof source->path &&
	       cpi_named_open("", source->path, &source->file, &why);
}

/* A profile's path does not lead out of the user's folder. */
static bool stays_below(struct cp_text path)
{
	return !path.p || !memmem(path.p, path.n, "../", 3);
}

/*
 * The path as recorded; else below a folder of --source-path, with ever more of its
 * leading folders cut: where a build machine had /build/prog/src/a.c, ./src/a.c is found.
 */
static bool find_source(
	const struct cpi_report *r, struct cp_text file, struct source *source)
{
	const char *list = r->options.source_path ? r->options.source_path : ".";
	struct cp_text dir, rest = cpi_graph_trim_path(file, r->options.trim_path, NULL);

	if (rest.n == file.n && rest.n && *rest.p == '/' &&
		open_source(source, (struct cp_text){"", 0}, rest))
		return true;
	while (next_part(&list, &dir))
		for (struct cp_text tail = rest; tail.n;) {
			const char *slash;

			while (tail.n && *tail.p == '/')
				tail = (struct cp_text){tail.p + 1, tail.n - 1};
			if (tail.n && stays_below(tail) && open_source(source, dir, tail))
				return true;
			slash = tail.n ? memchr(tail.p, '/', tail.n) : NULL;
			tail = slash ? (struct cp_text){slash,
					       tail.n - (size_t)(slash - tail.p)}
				     : (struct cp_text){NULL, 0};
		}
	return false;
}

static char *or_dot(const struct cpi_report *r, char *buf, size_t size, int64_t value)
{
	if (!value) {
		snprintf(buf, size, ".");
		return buf;
	}
	return cpi_report_value(r, buf, size, value);
}

/* Nodes [from, to) are one function in one file. */
static void source_lines(struct cpi_report *r, const struct list *l, size_t from,
	size_t to, const struct cpi_blob *source)
{
	const struct cpi_graph_node *first = &l->g.node.v[l->node.v[from]];
	const struct cpi_graph_node *last = &l->g.node.v[l->node.v[to - 1]];
	int64_t start = INT64_MAX, number = 1, end = last->line + MARGIN;
	const char *at = (const char *)source->bytes, *stop = at + source->n;
	char a[48], b[48];

	for (size_t i = from; i < to; i++) {
		const struct cpi_graph_node *node = &l->g.node.v[l->node.v[i]];
		int64_t begin = node->start_line ? node->start_line : node->line - MARGIN;

		start = begin < start ? begin : start;
	}
	if (start > first->line)
		start = first->line;
	for (; at < stop && number <= end; number++) {
		const char *eol = memchr(at, '\n', (size_t)(stop - at));
		struct cp_text text = {at, (size_t)((eol ? eol : stop) - at)};
		int64_t flat = 0, cum = 0;

		at = eol ? eol + 1 : stop;
		if (number < start)
			continue;
		for (; from < to && l->g.node.v[l->node.v[from]].line <= number; from++)
			if (l->g.node.v[l->node.v[from]].line == number) {
				flat += l->g.node.v[l->node.v[from]].flat;
				cum += l->g.node.v[l->node.v[from]].cum;
			}
		while (text.n && text.p[text.n - 1] == '\r')
			text.n--;
		cpi_sink_printf(r->sink, "%10s %10s %6lld:", or_dot(r, a, sizeof a, flat),
			or_dot(r, b, sizeof b, cum), (long long)number);
		/* Tabs are layout here, not danger. */
		for (const char *tab; text.n;) {
			size_t n = text.n;

			tab = memchr(text.p, '\t', text.n);
			n = tab ? (size_t)(tab - text.p) : n;
			cpi_text_escape(r->sink, (struct cp_text){text.p, n});
			if (tab)
				cpi_sink_char(r->sink, '\t');
			n += tab != NULL;
			text = (struct cp_text){text.p + n, text.n - n};
		}
		cpi_sink_char(r->sink, '\n');
	}
}

static void routine(struct cpi_report *r, const struct list *l, size_t from, size_t to)
{
	const struct cpi_graph_node *first = &l->g.node.v[l->node.v[from]];
	struct cp_text file = cpi_profile_text(r->p, first->file);
	struct cpi_blob bytes = {0};
	struct source source;
	struct cp_error why;
	char a[48], b[48], percent[32];
	int64_t flat = 0, cum = 0;
	enum cp_code code;

	for (size_t i = from; i < to; i++) {
		flat += l->g.node.v[l->node.v[i]].flat;
		cum += l->g.node.v[l->node.v[i]].cum;
	}
	if (!first->path.n) {
		cpi_sink_str(r->sink, "No source information for ");
		cpi_text_escape(r->sink, cpi_profile_text(r->p, first->name));
		cpi_sink_char(r->sink, '\n');
		return;
	}
	cpi_sink_str(r->sink, "ROUTINE ======================== ");
	cpi_text_escape(r->sink, cpi_profile_text(r->p, first->name));
	cpi_sink_str(r->sink, " in ");
	cpi_text_escape(r->sink, first->path);
	cpi_sink_printf(r->sink, "\n%10s %10s (flat, cum) %s of Total\n",
		cpi_report_value(r, a, sizeof a, flat),
		cpi_report_value(r, b, sizeof b, cum),
		cpi_report_percent(percent, sizeof percent, cum, r->total));
	if (!find_source(r, file, &source)) {
		cpi_sink_str(r->sink,
			" Error: the file is not here (--source-path, --trim-path)\n");
		return;
	}
	code = cpi_named_read(r->env, &source.file, source.path, &bytes, &why);
	cpi_named_close(&source.file);
	if (code) {
		cpi_sink_printf(r->sink, " Error: %s\n", why.message);
		return;
	}
	source_lines(r, l, from, to, &bytes);
	cpi_blob_release(r->env, &bytes);
}

static void list_release(struct cpi_report *r, struct list *l)
{
	cpi_vec_release(&r->env->mem, &l->node);
	cpi_regex_free(l->rx);
	cpi_graph_release(&l->g);
}

static enum cp_code matching(struct cpi_report *r, struct list *l, struct cp_error *err)
{
	enum cp_code code = cpi_regex_new(r->env, "list",
		cpi_text(r->options.regex ? r->options.regex : ""), 0, &l->rx, err);

	for (size_t i = 0; !code && l->rx && i < l->g.order.n; i++) {
		const struct cpi_graph_node *node = &l->g.node.v[l->g.order.v[i]];

		if (node->name.i &&
			cpi_regex_match(l->rx, cpi_profile_text(r->p, node->name)) &&
			!cpi_vec_push(&r->env->mem, &l->node, l->g.order.v[i]))
			code = cpi_error_memory(err);
	}
	if (!code && l->rx)
		code = cpi_regex_status(l->rx, err);
	if (!code && !l->node.n)
		code = cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
			"no function matches \"%.80s\"",
			r->options.regex ? r->options.regex : "");
	return code;
}

enum cp_code cpi_report_list(struct cpi_report *r, struct cp_error *err)
{
	struct list l = {.rx = NULL};
	struct cpi_graph_trim trim = {.sort = CPI_GRAPH_FLAT};
	char total[48];
	enum cp_code code;

	r->options.no_trim = r->objects = true;
	code = cpi_report_graph(r, &l.g, &trim, CPI_REPORT_NO_EDGES, 0, err);
	if (code)
		return code;
	code = matching(r, &l, err);
	if (!code) {
		if (l.node.n)
			qsort_r(l.node.v, l.node.n, sizeof *l.node.v, by_place, &l.g);
		cpi_sink_printf(r->sink, "Total: %s\n",
			cpi_report_value(r, total, sizeof total, r->total));
	}
	for (size_t i = 0, end; !code && i < l.node.n; i = end) {
		const struct cpi_graph_node *first = &l.g.node.v[l.node.v[i]];

		for (end = i + 1; end < l.node.n; end++) {
			const struct cpi_graph_node *next = &l.g.node.v[l.node.v[end]];

			if (next->name.i != first->name.i ||
				next->file.i != first->file.i)
				break;
		}
		routine(r, &l, i, end);
	}
	list_release(r, &l);
	return code;
}
