/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph: nodes and edges as pprof counts them. */
#include "op/graph/graph.h"

#include "base/sink.h"

/* Clears what the granularity leaves out. Start lines stay: so they do in pprof. */
static void coarsen(struct cpi_graph_node *node, enum cp_granularity by)
{
	if (by == CP_BY_ADDRESS)
		return;
	node->address = 0;
	if (by != CP_BY_LINE)
		node->line = node->column = 0;
	if (by == CP_BY_FUNCTION)
		node->file.i = 0;
	if (by == CP_BY_FILE)
		node->name.i = 0;
}

struct cpi_graph_node cpi_graph_frame(const struct cp_profile *p,
	const struct cp_location_row *location, const struct cp_line_row *line,
	const struct cpi_graph_options *options)
{
	struct cpi_graph_node node = {.address = location->address};
	const struct cp_function_row *f;

	if (!line || !line->function.i) {
		node.mapping = location->mapping;
		coarsen(&node, options->granularity);
		return node;
	}
	f = &p->function.v[line->function.i];
	node.name = f->name;
	node.file = f->file;
	node.line = line->line;
	node.column = options->columns ? line->column : 0;
	coarsen(&node, options->granularity);
	/*
	 * Without a name where a function starts tells it apart, also from others of
	 * its file.
	 */
	if (options->objects || !node.name.i) {
		node.mapping = location->mapping;
		node.start_line = f->start_line;
	}
	return node;
}

/* Labels are C strings: a NUL is written out, as views do with all that cannot be shown. */
static void put(struct cpi_sink *sink, struct cp_text text)
{
	const char *nul;

	while (text.n && (nul = memchr(text.p, 0, text.n))) {
		size_t n = (size_t)(nul - text.p);

		cpi_sink_bytes(sink, text.p, n);
		cpi_sink_str(sink, "\\x00");
		text.p += n + 1;
		text.n -= n + 1;
	}
	cpi_sink_bytes(sink, text.p, text.n);
}

void cpi_graph_label(struct cpi_sink *sink, const struct cp_profile *p,
	const struct cpi_graph_node *node)
{
	struct cp_text name = cpi_profile_text(p, node->name);
	struct cp_text file = cpi_profile_text(p, node->file);
	struct cp_text object = cpi_profile_text(p, p->mapping.v[node->mapping.i].path);
	bool more = false;

	if (node->address) {
		cpi_sink_hex(sink, node->address, 16);
		more = true;
	}
	if (name.n) {
		if (more)
			cpi_sink_char(sink, ' ');
		put(sink, name);
		more = true;
	}
	if (!node->line && !file.n && name.n)
		return;
	if (more)
		cpi_sink_char(sink, ' ');
	if (node->line || file.n) {
		if (node->path.n)
			put(sink, node->path);
		else if (file.n)
			cpi_graph_clean_path(sink, file);
		if (node->line)
			cpi_sink_printf(sink, ":%lld", (long long)node->line);
		if (node->line && node->column)
			cpi_sink_printf(sink, ":%lld", (long long)node->column);
	} else if (object.n) {
		struct cp_text base = cpi_text_basename(object);

		cpi_sink_char(sink, '[');
		put(sink, base);
		cpi_sink_char(sink, ']');
	} else {
		cpi_sink_str(sink, "<unknown>");
	}
}

static bool same_node(const struct cpi_graph_node *a, const struct cpi_graph_node *b)
{
	return a->name.i == b->name.i && a->file.i == b->file.i &&
	       a->mapping.i == b->mapping.i && a->address == b->address &&
	       a->line == b->line && a->column == b->column &&
	       a->start_line == b->start_line;
}

static uint64_t node_hash(const struct cpi_graph_node *n)
{
	uint64_t h = cpi_hash_mix((uint64_t)n->name.i << 32 | n->file.i, n->address);

	h = cpi_hash_mix(h, (uint64_t)n->line ^ (uint64_t)n->column << 40);
	return cpi_hash_mix(h, (uint64_t)n->mapping.i << 32 ^ (uint64_t)n->start_line);
}

/*
 * By mapping, the first one of the same file: two mappings of a file are one object, and
 * one without a path is none. A capture of generated code has a mapping for each
 * function.
 */
static uint32_t *make_objects(const struct cp_profile *p, struct cpi_mem *mem)
{
	uint32_t *object = cpi_alloc_zero(mem, p->mapping.n * sizeof *object);
	uint32_t *first = cpi_alloc_zero(mem, p->string.n * sizeof *first);

	for (uint32_t i = 1; object && first && i < p->mapping.n; i++) {
		uint32_t path = p->mapping.v[i].path.i;

		if (path && !first[path])
			first[path] = i;
		object[i] = path ? first[path] : 0;
	}
	if (object && !first) {
		cpi_free(mem, object, p->mapping.n * sizeof *object);
		object = NULL;
	}
	cpi_free(mem, first, p->string.n * sizeof *first);
	return object;
}

/* Finds or adds; UINT32_MAX when out of memory. Index ids start at 1. */
static uint32_t node_of(
	struct cpi_graph *g, struct cpi_index *index, struct cpi_graph_node *node)
{
	struct cpi_probe probe;
	uint64_t hash;

	hash = node_hash(node);
	probe = cpi_index_find(index, hash);
	for (uint32_t id; (id = cpi_index_next(index, &probe));)
		if (same_node(&g->node.v[id - 1], node))
			return id - 1;
	if (!cpi_vec_push(&g->env->mem, &g->node, *node) ||
		!cpi_index_add(&g->env->mem, index, hash, (uint32_t)g->node.n))
		return UINT32_MAX;
	return (uint32_t)g->node.n - 1;
}

struct node_maker {
	struct cpi_graph *g;
	struct cpi_index index;
	struct cpi_graph_paths paths;
	uint32_t *object;
};

/* The node of a line, or of a location without any; false when out of memory. */
static bool make_node(struct node_maker *m, const struct cp_location_row *l,
	const struct cp_line_row *line, uint32_t *ret_id)
{
	struct cpi_graph *g = m->g;
	struct cpi_graph_node node = cpi_graph_frame(g->p, l, line, &g->options);
	const struct cpi_graph_path *path = &m->paths.path.v[m->paths.of[node.file.i]];

	node.file = path->file;
	node.path = path->text;
	node.mapping.i = m->object[node.mapping.i];
	*ret_id = node_of(g, &m->index, &node);
	return *ret_id != UINT32_MAX;
}

static enum cp_code make_nodes(struct cpi_graph *g, struct cp_error *err)
{
	const struct cp_profile *p = g->p;
	struct cpi_mem *mem = &g->env->mem;
	struct node_maker m = {.g = g, .object = make_objects(p, mem)};
	bool fine = cpi_graph_paths_init(g, &m.paths) && m.object;

	g->line_node = cpi_alloc_array(mem, p->line.n, sizeof *g->line_node);
	g->bare_node = cpi_alloc_array(mem, p->location.n, sizeof *g->bare_node);
	fine = fine && g->line_node && g->bare_node;
	for (uint32_t i = 1; fine && i < p->location.n; i++) {
		const struct cp_location_row *l = &p->location.v[i];

		for (uint32_t k = l->first_line; fine && k < l->first_line + l->n_lines;
			k++)
			if ((fine = make_node(&m, l, &p->line.v[k], &g->line_node[k])) &&
				k + 1 < l->first_line + l->n_lines)
				g->node.v[g->line_node[k]].inlined = true;
		if (fine && !l->n_lines)
			fine = make_node(&m, l, NULL, &g->bare_node[i]);
	}
	cpi_index_release(mem, &m.index);
	cpi_graph_paths_release(g, &m.paths);
	cpi_free(mem, m.object, p->mapping.n * sizeof *m.object);
	return fine ? CP_OK : cpi_error_memory(err);
}

static enum cp_code make_labels(struct cpi_graph *g, struct cp_error *err)
{
	struct cpi_sink text;
	bool fine = true;

	cpi_sink_memory(&text, &g->env->mem);
	for (size_t i = 0; fine && i < g->node.n; i++) {
		text.n = 0;
		cpi_graph_label(&text, g->p, &g->node.v[i]);
		g->node.v[i].label =
			text.code ? NULL : cpi_arena_copy(&g->bytes, text.buf, text.n);
		fine = g->node.v[i].label != NULL;
	}
	cpi_sink_release(&text);
	return fine ? CP_OK : cpi_error_memory(err);
}

void cpi_graph_release(struct cpi_graph *g)
{
	struct cpi_mem *mem = &g->env->mem;

	cpi_free(mem, g->line_node, g->p->line.n * sizeof *g->line_node);
	cpi_free(mem, g->bare_node, g->p->location.n * sizeof *g->bare_node);
	cpi_vec_release(mem, &g->node);
	cpi_vec_release(mem, &g->edge);
	cpi_vec_release(mem, &g->order);
	cpi_index_release(mem, &g->edges);
	cpi_arena_release(&g->bytes);
}

enum cp_code cpi_graph_make(struct cpi_graph *g, struct cpi_env *env,
	const struct cp_profile *p, const struct cpi_graph_options *options,
	struct cp_error *err)
{
	enum cp_code code;

	memset(g, 0, sizeof *g);
	g->env = env;
	g->p = p;
	g->options = *options;
	cpi_arena_init(&g->bytes, &env->mem);
	code = make_nodes(g, err);
	if (!code)
		code = make_labels(g, err);
	if (!code)
		code = cpi_graph_recount(g, options->keep, err);
	if (code)
		cpi_graph_release(g);
	return code;
}

int64_t cpi_graph_flat(const struct cpi_graph_node *node)
{
	return node->flat_div ? node->flat / node->flat_div : node->flat;
}

int64_t cpi_graph_cum(const struct cpi_graph_node *node)
{
	return node->cum_div ? node->cum / node->cum_div : node->cum;
}
