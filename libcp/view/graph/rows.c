/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the picture: nodes, edges and groups, counted, measured and laid out. */
#include <stdio.h>
#include <stdlib.h>

#include "op/regex.h"
#include "view/graph/graph.h"
#include "view/graph/layout.h"

enum { SHOWN = 80, SINGLE = 300 }; /* nodes by default; functions that are not grouped */

struct maker {
	struct cpi_callgraph *c;
	struct cpi_graph g;
	struct cpi_graph_trim trim;
	uint32_t *number;      /* by graph node: its row plus one */
	cp_mapping *object;    /* by graph node: the first that it was seen in */
	struct cp_text *group; /* by graph node */
	uint32_t *leader;      /* by graph node: the one its group becomes */
	/* By leader: where its functions are. */
	struct {
		uint32_t first, n;
	} * members;
	struct cpi_regex *open;
	bool grouped;
};

static enum cp_code count(struct maker *m, uint32_t type, struct cp_error *err)
{
	const struct cp_report_options *o = &m->c->report;
	struct cpi_graph_options options = {.type = type,
		.divisor = o->mean ? 0 : -1,
		.edges = true,
		.columns = o->columns,
		.drop_negative = o->drop_negative,
		.granularity = o->granularity,
		.trim_path = o->trim_path,
		.source_path = o->source_path};
	enum cp_code code = cpi_graph_make(&m->g, m->c->env, m->c->p, &options, err);

	if (code)
		return code;
	m->trim = (struct cpi_graph_trim){.sort = CPI_GRAPH_ENTROPY, .visual = true};
	if (!o->no_trim) {
		m->trim.node_fraction = o->node_fraction < 0 ? 0.005 : o->node_fraction;
		m->trim.edge_fraction = o->edge_fraction < 0 ? 0.001 : o->edge_fraction;
		m->trim.count = o->node_count < 0 ? SHOWN : (uint32_t)o->node_count;
	}
	code = cpi_graph_trim(&m->g, &m->trim, err);
	if (!code && !m->g.order.n)
		code = cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
			"no function is left to be drawn");
	if (code)
		cpi_graph_release(&m->g);
	return code;
}

static void see(struct maker *m, uint32_t node, cp_mapping mapping)
{
	if (!m->object[node].i)
		m->object[node] = mapping;
}

static struct cp_text image_of(const struct maker *m, uint32_t node)
{
	const struct cp_profile *p = m->c->p;

	return cpi_text_basename(
		cpi_profile_text(p, p->mapping.v[m->object[node].i].path));
}

/* The package, or the image, of every node that is shown. */
static bool find_groups(struct maker *m)
{
	const struct cp_profile *p = m->c->p;
	struct cpi_mem *mem = &m->c->env->mem;
	bool image = m->c->options.group == CP_GRAPH_GROUP_IMAGE;

	m->object = cpi_alloc_zero(mem, m->g.node.n * sizeof *m->object);
	m->group = cpi_alloc_zero(mem, m->g.node.n * sizeof *m->group);
	if (!m->object || !m->group)
		return false;
	for (uint32_t i = 1; i < p->location.n; i++) {
		const struct cp_location_row *l = &p->location.v[i];

		for (uint32_t k = l->first_line; k < l->first_line + l->n_lines; k++)
			see(m, m->g.line_node[k], l->mapping);
		if (!l->n_lines)
			see(m, m->g.bare_node[i], l->mapping);
	}
	for (size_t i = 0; i < m->g.order.n; i++) {
		uint32_t id = m->g.order.v[i];
		struct cp_text name = cpi_profile_text(p, m->g.node.v[id].name);

		if (!image)
			m->group[id] = cpi_callgraph_package(name);
		if (!m->group[id].n)
			m->group[id] = image_of(m, id);
	}
	return true;
}

struct place {
	uint32_t leader, at, id;
};

static int by_group(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->leader != y->leader ? (x->leader > y->leader) - (x->leader < y->leader)
				      : (x->at > y->at) - (x->at < y->at);
}

/* The first node of each group leads it; nodes come in order of importance. */
static bool find_leaders(struct maker *m)
{
	struct cpi_mem *mem = &m->c->env->mem;
	struct cpi_index index = {0};
	bool fine = true;

	m->leader = cpi_alloc_array(mem, m->g.node.n, sizeof *m->leader);
	if (!m->leader)
		return false;
	for (size_t i = 0; i < m->g.node.n; i++)
		m->leader[i] = (uint32_t)i;
	for (size_t i = 0; fine && i < m->g.order.n; i++) {
		uint32_t id = m->g.order.v[i], found = 0, other;
		struct cp_text group = m->group[id];
		uint64_t hash = cpi_hash(group.p, group.n);
		struct cpi_probe probe = cpi_index_find(&index, hash);

		if (!group.n || (m->open && cpi_regex_match(m->open, group)))
			continue;
		while (!found && (other = cpi_index_next(&index, &probe)))
			if (cpi_text_equal(m->group[m->g.order.v[other - 1]], group))
				found = other;
		if (found)
			m->leader[id] = m->g.order.v[found - 1];
		else
			fine = cpi_index_add(mem, &index, hash, (uint32_t)i + 1);
	}
	cpi_index_release(mem, &index);
	return fine;
}

/* Functions become members of their groups, heaviest first. */
static bool make_members(struct maker *m)
{
	struct cpi_mem *mem = &m->c->env->mem;
	size_t n = m->g.order.n;
	struct place *list = cpi_alloc_array(mem, n, sizeof *list);

	m->members = cpi_alloc_zero(mem, m->g.node.n * sizeof *m->members);
	if (!list || !m->members || !cpi_vec_reserve(mem, &m->c->member, n)) {
		cpi_free(mem, list, n * sizeof *list);
		return false;
	}
	(void)cpi_graph_sort(&m->g, CPI_GRAPH_FLAT, NULL); /* in place: nothing can fail */
	for (size_t i = 0; i < n; i++) {
		uint32_t id = m->g.order.v[i];

		list[i] = (struct place){m->leader[id], (uint32_t)i, id};
	}
	if (n)
		qsort(list, n, sizeof *list, by_group);
	for (size_t i = 0; i < n; i++) {
		const struct cpi_graph_node *node = &m->g.node.v[list[i].id];

		if (!m->members[list[i].leader].n++)
			m->members[list[i].leader].first = (uint32_t)i;
		m->c->member.v[m->c->member.n++] = (struct cp_graph_member){
			cpi_text(node->label), cpi_graph_flat(node), cpi_graph_cum(node)};
	}
	cpi_free(mem, list, n * sizeof *list);
	return true;
}

static enum cp_code make_groups(struct maker *m, struct cp_error *err)
{
	const char *open = m->c->options.open;
	enum cp_code code = CP_OK;

	if (open)
		code = cpi_regex_new(m->c->env, "open", cpi_text(open), 0, &m->open, err);
	if (!code && !(find_leaders(m) && make_members(m)))
		code = cpi_error_memory(err);
	if (!code && m->open)
		code = cpi_regex_status(m->open, err);
	return code ? code : cpi_graph_group(&m->g, m->leader, &m->trim, err);
}

static bool make_nodes(struct maker *m)
{
	struct cpi_callgraph *c = m->c;

	for (size_t i = 0; i < m->g.order.n; i++) {
		uint32_t id = m->g.order.v[i];
		const struct cpi_graph_node *n = &m->g.node.v[id];
		struct cp_graph_node node = {.name = cpi_text(n->label),
			.group = m->group[id],
			.flat = cpi_graph_flat(n),
			.cum = cpi_graph_cum(n)};
		char *copy;

		if (m->members && m->members[id].n > 1) {
			node.kind = CP_GRAPH_GROUP;
			node.name = node.group;
			node.member = c->member.v + m->members[id].first;
			node.n_members = m->members[id].n;
		}
		/* Labels are the counted graph's, which does not live on. */
		copy = cpi_arena_copy(&c->bytes, node.name.p, node.name.n);
		if (!copy || !cpi_vec_push(&c->env->mem, &c->node, node))
			return false;
		c->node.v[c->node.n - 1].name.p = copy;
		m->number[id] = (uint32_t)c->node.n;
	}
	for (size_t i = 0; i < c->member.n; i++) {
		struct cp_text *name = &c->member.v[i].name;

		name->p = cpi_arena_copy(&c->bytes, name->p, name->n);
		if (!name->p)
			return false;
	}
	return true;
}

static enum cp_code make_edges(struct maker *m, struct cp_error *err)
{
	struct cpi_mem *mem = &m->c->env->mem;
	uint32_t *list = NULL;
	size_t room = 0, n;
	enum cp_code code = CP_OK;

	for (size_t i = 0; !code && i < m->g.order.n; i++) {
		code = cpi_graph_edges(
			&m->g, m->g.order.v[i], false, &list, &room, &n, err);
		for (size_t k = 0; !code && k < n; k++) {
			const struct cpi_graph_edge *e = &m->g.edge.v[list[k]];
			struct cp_graph_edge edge = {.from = m->number[e->source] - 1,
				.to = m->number[e->target] - 1,
				.weight = e->weight,
				.residual = e->residual,
				.inlined = e->inlined};

			if (m->number[e->target] && !cpi_vec_push(mem, &m->c->edge, edge))
				code = cpi_error_memory(err);
		}
	}
	cpi_free(mem, list, room * sizeof *list);
	return code;
}

/* Arrows to labels were added behind the calls; both are by the box they come from. */
static bool sort_edges(struct cpi_callgraph *c, size_t calls)
{
	struct cpi_mem *mem = &c->env->mem;
	size_t n = c->edge.n, i = 0, k = calls;
	struct cp_graph_edge *all = cpi_alloc_array(mem, n, sizeof *all);

	if (!all)
		return false;
	for (size_t at = 0; at < n; at++)
		all[at] = k < n && (i == calls || c->edge.v[k].from < c->edge.v[i].from)
				  ? c->edge.v[k++]
				  : c->edge.v[i++];
	if (n)
		memcpy(c->edge.v, all, n * sizeof *all);
	cpi_free(mem, all, n * sizeof *all);
	return true;
}

static enum cp_code make_rows(struct maker *m, struct cp_error *err)
{
	struct cpi_callgraph *c = m->c;
	size_t functions = m->g.order.n, calls;
	double least = 0;
	enum cp_code code = CP_OK;

	m->number = cpi_alloc_zero(&c->env->mem, m->g.node.n * sizeof *m->number);
	if (!m->number || !find_groups(m))
		return cpi_error_memory(err);
	m->grouped = c->options.group == CP_GRAPH_GROUP_AUTO
			     ? functions > SINGLE
			     : c->options.group != CP_GRAPH_GROUP_NONE;
	if (m->grouped)
		code = make_groups(m, err);
	if (!code && !make_nodes(m))
		code = cpi_error_memory(err);
	if (!code)
		code = make_edges(m, err);
	for (size_t i = 0; i < c->node.n; i++) {
		int64_t value = c->node.v[i].flat ? c->node.v[i].flat : c->node.v[i].cum;

		if (value && (least == 0 || (double)llabs(value) < least))
			least = (double)llabs(value);
	}
	cpi_amount_pick(&c->amount, least);
	calls = c->edge.n;
	if (!code && !m->grouped && !c->options.no_labels)
		code = cpi_callgraph_labels(c, &m->g, m->number, m->trim.low_edge, err);
	if (!code && !sort_edges(c, calls))
		code = cpi_error_memory(err);
	c->rows.grouped = m->grouped;
	c->rows.dropped_nodes = m->trim.dropped_nodes + m->trim.original - functions;
	c->rows.dropped_edges = m->trim.dropped_edges;
	return code;
}

static void maker_release(struct maker *m)
{
	struct cpi_mem *mem = &m->c->env->mem;
	size_t n = m->g.node.n;

	cpi_free(mem, m->number, n * sizeof *m->number);
	cpi_free(mem, m->object, n * sizeof *m->object);
	cpi_free(mem, m->group, n * sizeof *m->group);
	cpi_free(mem, m->leader, n * sizeof *m->leader);
	cpi_free(mem, m->members, n * sizeof *m->members);
	cpi_regex_free(m->open);
	cpi_graph_release(&m->g);
}

/* Boxes go in, places come out. */
static enum cp_code lay_out(
	struct cpi_callgraph *c, struct cpi_layout *l, struct cp_error *err)
{
	enum cp_code code;

	for (size_t i = 0; i < c->node.n; i++)
		l->box[i] = (struct cpi_layout_box){.w = c->node.v[i].width,
			.h = c->node.v[i].height,
			.importance = llabs(c->node.v[i].cum)};
	for (size_t i = 0; i < c->edge.n; i++) {
		const struct cp_graph_edge *e = &c->edge.v[i];
		bool label = c->node.v[e->to].kind == CP_GRAPH_LABELS;

		l->arc[i] = (struct cpi_layout_arc){.from = e->from,
			.to = e->to,
			.weight =
				label ? 100
				      : 1 + cpi_amount_part(&c->amount, e->weight) / 100};
	}
	code = cpi_layout_run(l, err);
	if (!code && !cpi_vec_reserve(&c->env->mem, &c->knot, l->knot.n))
		code = cpi_error_memory(err);
	if (code)
		return code;
	for (size_t i = 0; i < l->knot.n; i++)
		c->knot.v[c->knot.n++] =
			(struct cp_graph_knot){l->knot.v[i].x, l->knot.v[i].y};
	for (size_t i = 0; i < c->node.n; i++) {
		c->node.v[i].x = l->box[i].x;
		c->node.v[i].y = l->box[i].y;
		c->node.v[i].rank = l->box[i].rank;
	}
	for (size_t i = 0; i < c->edge.n; i++) {
		c->edge.v[i].knot = c->knot.v + l->arc[i].first_knot;
		c->edge.v[i].n_knots = l->arc[i].n_knots;
	}
	c->rows.width = l->width;
	c->rows.height = l->height;
	return CP_OK;
}

static enum cp_code draw(struct cpi_callgraph *c, struct cp_error *err)
{
	struct cpi_mem *mem = &c->env->mem;
	struct cpi_layout l = {.env = c->env,
		.n_boxes = c->node.n,
		.n_arcs = c->edge.n,
		.box = cpi_alloc_array(mem, c->node.n, sizeof *l.box),
		.arc = cpi_alloc_array(mem, c->edge.n, sizeof *l.arc)};
	enum cp_code code = l.box && l.arc ? CP_OK : cpi_error_memory(err);

	if (!code)
		code = lay_out(c, &l, err);
	cpi_layout_release(&l);
	cpi_free(mem, l.box, c->node.n * sizeof *l.box);
	cpi_free(mem, l.arc, c->edge.n * sizeof *l.arc);
	return code ? code : cpi_callgraph_edge_labels(c, err);
}

static struct cp_text title_of(const struct cpi_callgraph *c)
{
	const struct cp_mapping_row *first = &c->p->mapping.v[c->p->mapping.n > 1];
	struct cp_text name = cpi_text_basename(cpi_profile_text(c->p, first->path));

	if (c->options.title)
		return cpi_text(c->options.title);
	return name.n ? name : CPI_TEXT("Call graph");
}

enum cp_code cpi_callgraph_make(struct cpi_callgraph *c, struct cpi_env *env,
	const struct cp_profile *p, const struct cp_graph_options *options,
	struct cp_error *err)
{
	struct maker m = {.c = c};
	uint32_t type;
	enum cp_code code;

	c->env = env;
	c->p = p;
	c->options = *options;
	cpi_arena_init(&c->bytes, &env->mem);
	c->title = title_of(c);
	code = cpi_amount_init(&c->amount, p, &c->report, &type, err);
	if (!code)
		code = count(&m, type, err);
	if (code)
		return code;
	code = make_rows(&m, err);
	maker_release(&m);
	if (!code)
		code = cpi_callgraph_faces(c, err);
	if (!code)
		code = draw(c, err);
	c->rows.node = c->node.v;
	c->rows.n_nodes = c->node.n;
	c->rows.edge = c->edge.v;
	c->rows.n_edges = c->edge.n;
	c->rows.type = c->amount.type;
	c->rows.unit = c->amount.from;
	c->rows.total = c->amount.total;
	return code;
}

void cpi_callgraph_release(struct cpi_callgraph *c)
{
	struct cpi_mem *mem = &c->env->mem;

	cpi_vec_release(mem, &c->node);
	cpi_vec_release(mem, &c->face);
	cpi_vec_release(mem, &c->edge);
	cpi_vec_release(mem, &c->member);
	cpi_vec_release(mem, &c->knot);
	cpi_arena_release(&c->bytes);
}

enum cp_code cpi_callgraph_write(const struct cpi_callgraph *c, const char *format,
	struct cpi_sink *sink, struct cp_error *err)
{
	static const struct {
		const char *format;
		cpi_callgraph_fn *write;
	} forms[] = {{"svg", cpi_callgraph_svg}, {"html", cpi_callgraph_html},
		{"json", cpi_callgraph_json}, {"text", cpi_callgraph_text}};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (!strcmp(forms[i].format, format))
			return forms[i].write(c, sink, err);
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"a call graph cannot be written as %.20s", format);
}
