/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callgrind's profile format, version 1. A block per function and line: its self cost,
 * then a "calls=" line per callee with the cost of that call. Names are written once and
 * then referred to by number (name compression). Costs are whole numbers of the recorded
 * unit.
 */
#include <stdlib.h>

#include "view/report/report.h"

/* Numbers of names already written. */
struct names {
	uint32_t *object, *file, *function; /* by mapping, string, string */
	uint32_t n_object, n_file, n_function;
};

struct callgrind {
	struct cpi_report *r;
	struct cpi_graph g;
	struct names names;
	uint32_t *list;
	size_t room;
};

/* Names end at the line; a parenthesis at the start would be read as a number. */
static void plain(struct cpi_sink *sink, struct cp_text text)
{
	if (text.n && *text.p == '(')
		cpi_sink_char(sink, '_');
	cpi_text_escape(sink, text);
}

static void reference(struct callgrind *c, const char *key, uint32_t *number,
	uint32_t *count, struct cp_text name)
{
	bool known = *number != 0;

	if (!known)
		*number = ++*count;
	cpi_sink_printf(c->r->sink, "%s=(%u)", key, *number);
	if (!known) {
		cpi_sink_char(c->r->sink, ' ');
		plain(c->r->sink, name.n ? name : CPI_TEXT("???"));
	}
	cpi_sink_char(c->r->sink, '\n');
}

/* The object, file and function of a node, under the keys for itself or for a callee. */
static void place(struct callgrind *c, const struct cpi_graph_node *node, bool callee)
{
	const struct cp_profile *p = c->r->p;
	struct names *n = &c->names;
	struct cp_text object = cpi_profile_text(p, p->mapping.v[node->mapping.i].path);
	struct cp_text name = cpi_profile_text(p, node->name);
	struct cp_text label = name.n ? name : cpi_text(node->label);

	reference(c, callee ? "cob" : "ob", &n->object[node->mapping.i], &n->n_object,
		object);
	reference(c, callee ? "cfi" : "fl", &n->file[node->file.i], &n->n_file,
		node->path);
	if (node->name.i) {
		reference(c, callee ? "cfn" : "fn", &n->function[node->name.i],
			&n->n_function, label);
		return;
	}
	/* Nameless frames are called by what is known: not worth a number. */
	cpi_sink_str(c->r->sink, callee ? "cfn=" : "fn=");
	plain(c->r->sink, label);
	cpi_sink_char(c->r->sink, '\n');
}

static int by_place(const void *a, const void *b, void *arg)
{
	const struct cpi_graph *g = arg;
	const struct cpi_graph_node *x = &g->node.v[*(const uint32_t *)a];
	const struct cpi_graph_node *y = &g->node.v[*(const uint32_t *)b];

	if (x->mapping.i != y->mapping.i)
		return x->mapping.i < y->mapping.i ? -1 : 1;
	if (x->file.i != y->file.i)
		return x->file.i < y->file.i ? -1 : 1;
	if (x->name.i != y->name.i)
		return x->name.i < y->name.i ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x > y) - (x < y);
}

/*
 * Readers add the cost of calls to a function's own: with the calls of a function to
 * itself, which are part of it, what recurs would cost more than the whole.
 */
static bool same_function(const struct cpi_graph_node *x, const struct cpi_graph_node *y)
{
	return x->name.i && x->mapping.i == y->mapping.i && x->file.i == y->file.i &&
		x->name.i == y->name.i;
}

static enum cp_code block(struct callgrind *c, uint32_t id,
	const struct cpi_graph_node *last, struct cp_error *err)
{
	const struct cpi_graph_node *node = &c->g.node.v[id];
	size_t n;
	enum cp_code code =
		cpi_graph_edges(&c->g, id, false, &c->list, &c->room, &n, err);

	if (code)
		return code;
	if (!last || last->mapping.i != node->mapping.i || last->file.i != node->file.i ||
		last->name.i != node->name.i || !node->name.i) {
		cpi_sink_char(c->r->sink, '\n');
		place(c, node, false);
	}
	cpi_sink_printf(
		c->r->sink, "%lld %lld\n", (long long)node->line, (long long)node->flat);
	for (size_t i = 0; i < n; i++) {
		const struct cpi_graph_edge *edge = &c->g.edge.v[c->list[i]];
		const struct cpi_graph_node *callee = &c->g.node.v[edge->target];

		if (same_function(node, callee))
			continue;
		place(c, callee, true);
		cpi_sink_printf(c->r->sink, "calls=1 %lld\n%lld %lld\n",
			(long long)callee->line, (long long)node->line,
			(long long)edge->weight);
	}
	return CP_OK;
}

static void header(struct callgrind *c)
{
	const struct cp_profile *p = c->r->p;
	const struct cp_value_type *type = &p->sample_type.v[c->r->type];
	struct cp_text name = cpi_profile_text(p, type->type);
	struct cpi_sink *sink = c->r->sink;
	int64_t sum = 0;

	for (size_t i = 0; i < c->g.order.n; i++)
		sum += c->g.node.v[c->g.order.v[i]].flat;
	cpi_sink_str(sink, "# callgrind format\nversion: 1\ncreator: libcp\n"
			   "positions: line\nevents: ");
	/* An event's name is one word. */
	for (size_t i = 0; i < name.n; i++) {
		unsigned char x = (unsigned char)name.p[i] | 32;
		bool word = (x >= 'a' && x <= 'z') ||
			    (name.p[i] >= '0' && name.p[i] <= '9' && i);

		cpi_sink_char(sink, word ? name.p[i] : '_');
	}
	cpi_sink_printf(
		sink, "%s\nsummary: %lld\n", name.n ? "" : "value", (long long)sum);
}

static bool names_init(struct callgrind *c)
{
	const struct cp_profile *p = c->r->p;
	struct cpi_mem *mem = &c->r->env->mem;

	c->names.object = cpi_alloc_zero(mem, p->mapping.n * sizeof(uint32_t));
	c->names.file = cpi_alloc_zero(mem, p->string.n * sizeof(uint32_t));
	c->names.function = cpi_alloc_zero(mem, p->string.n * sizeof(uint32_t));
	return c->names.object && c->names.file && c->names.function;
}

enum cp_code cpi_report_callgrind(struct cpi_report *r, struct cp_error *err)
{
	struct callgrind c = {.r = r};
	struct cpi_graph_trim trim = {.sort = CPI_GRAPH_FLAT};
	const struct cp_profile *p = r->p;
	const struct cpi_graph_node *last = NULL;
	enum cp_code code;

	r->objects = true;
	r->options.no_trim = true;
	code = cpi_report_graph(r, &c.g, &trim, CPI_REPORT_EDGES, 0, err);
	if (code)
		return code;
	if (!names_init(&c))
		code = cpi_error_memory(err);
	if (c.g.order.n)
		qsort_r(c.g.order.v, c.g.order.n, sizeof *c.g.order.v, by_place, &c.g);
	if (!code)
		header(&c);
	for (size_t i = 0; !code && i < c.g.order.n; i++) {
		code = block(&c, c.g.order.v[i], last, err);
		last = &c.g.node.v[c.g.order.v[i]];
	}
	cpi_free(&r->env->mem, c.names.object, p->mapping.n * sizeof(uint32_t));
	cpi_free(&r->env->mem, c.names.file, p->string.n * sizeof(uint32_t));
	cpi_free(&r->env->mem, c.names.function, p->string.n * sizeof(uint32_t));
	cpi_free(&r->env->mem, c.list, c.room * sizeof *c.list);
	cpi_graph_release(&c.g);
	return code;
}
