/* SPDX-License-Identifier: Apache-2.0 */
#include "op/graph.h"

#include "base/sink.h"

struct cpi_graph_node cpi_graph_frame(const struct cp_profile *p,
	const struct cp_location_row *location, const struct cp_line_row *line, bool objects,
	bool columns)
{
	struct cpi_graph_node node = {.address = location->address};
	const struct cp_function_row *f;

	if (!line || !line->function.i) {
		node.mapping = location->mapping;
		return node;
	}
	f = &p->function.v[line->function.i];
	node.name = f->name;
	node.file = f->file;
	node.line = line->line;
	node.column = columns ? line->column : 0;
	if (objects) {
		node.mapping = location->mapping;
		node.start_line = f->start_line;
	} else if (!f->name.i) {
		node.mapping = location->mapping;
	}
	return node;
}

void cpi_graph_clean_path(struct cpi_sink *sink, struct cp_text path)
{
	size_t start = sink->n, floor;
	bool rooted = path.n && path.p[0] == '/';

	if (rooted)
		cpi_sink_char(sink, '/');
	floor = sink->n;
	for (size_t i = 0; i < path.n;) {
		const char *slash = memchr(path.p + i, '/', path.n - i);
		size_t end = slash ? (size_t)(slash - path.p) : path.n;
		struct cp_text part = {path.p + i, end - i};

		i = end + 1;
		if (!part.n || cpi_text_equal(part, CPI_TEXT(".")))
			continue;
		if (cpi_text_equal(part, CPI_TEXT("..")) && sink->n > floor) {
			while (sink->n > floor && sink->buf[sink->n - 1] != '/')
				sink->n--;
			if (sink->n > floor)
				sink->n--;
			continue;
		}
		if (cpi_text_equal(part, CPI_TEXT("..")) && rooted)
			continue;
		if (sink->n > floor)
			cpi_sink_char(sink, '/');
		cpi_sink_bytes(sink, part.p, part.n);
		if (cpi_text_equal(part, CPI_TEXT("..")))
			floor = sink->n;
	}
	if (sink->n == start)
		cpi_sink_char(sink, '.');
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
		cpi_sink_bytes(sink, name.p, name.n);
		more = true;
	}
	if (!node->line && !file.n && name.n)
		return;
	if (more)
		cpi_sink_char(sink, ' ');
	if (node->line || file.n) {
		if (file.n)
			cpi_graph_clean_path(sink, file);
		if (node->line)
			cpi_sink_printf(sink, ":%lld", (long long)node->line);
		if (node->line && node->column)
			cpi_sink_printf(sink, ":%lld", (long long)node->column);
	} else if (object.n) {
		struct cp_text base = cpi_text_basename(object);

		cpi_sink_char(sink, '[');
		cpi_sink_bytes(sink, base.p, base.n);
		cpi_sink_char(sink, ']');
	} else {
		cpi_sink_str(sink, "<unknown>");
	}
}

static bool same_node(const struct cpi_graph_node *a, const struct cpi_graph_node *b)
{
	return a->name.i == b->name.i && a->file.i == b->file.i &&
		a->mapping.i == b->mapping.i && a->address == b->address && a->line == b->line &&
		a->column == b->column && a->start_line == b->start_line;
}

static uint64_t node_hash(const struct cpi_graph_node *n)
{
	uint64_t h = cpi_hash_mix((uint64_t)n->name.i << 32 | n->file.i, n->address);

	h = cpi_hash_mix(h, (uint64_t)n->line ^ (uint64_t)n->column << 40);
	return cpi_hash_mix(h, (uint64_t)n->mapping.i << 32 ^ (uint64_t)n->start_line);
}

/*
 * By mapping, the first one of the same file: two mappings of a file are one object, and one
 * without a path is none. A capture of generated code has a mapping for each function.
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

/* What cp_profile_filter's granularity "functions" leaves of a frame. */
static void only_function(struct cpi_graph_node *node, cp_mapping mapping)
{
	node->address = 0;
	node->file.i = 0;
	node->line = node->column = node->start_line = 0;
	node->mapping = node->name.i ? (cp_mapping){0} : mapping;
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

static enum cp_code make_nodes(struct cpi_graph *g, struct cp_error *err)
{
	const struct cp_profile *p = g->p;
	struct cpi_mem *mem = &g->env->mem;
	struct cpi_index index = {0};
	uint32_t *object = make_objects(p, mem);
	bool fine;

	g->line_node = cpi_alloc_array(mem, p->line.n, sizeof *g->line_node);
	g->bare_node = cpi_alloc_array(mem, p->location.n, sizeof *g->bare_node);
	fine = g->line_node && g->bare_node && object;
	for (uint32_t i = 1; fine && i < p->location.n; i++) {
		const struct cp_location_row *l = &p->location.v[i];
		struct cpi_graph_node node;

		for (uint32_t k = 0; fine && k < l->n_lines; k++) {
			node = cpi_graph_frame(p, l, &p->line.v[l->first_line + k],
				g->options.objects, g->options.columns);
			if (g->options.functions)
				only_function(&node, l->mapping);
			node.mapping.i = object[node.mapping.i];
			g->line_node[l->first_line + k] = node_of(g, &index, &node);
			fine = g->line_node[l->first_line + k] != UINT32_MAX;
		}
		if (fine && !l->n_lines) {
			node = cpi_graph_frame(p, l, NULL, g->options.objects, false);
			if (g->options.functions)
				only_function(&node, l->mapping);
			node.mapping.i = object[node.mapping.i];
			g->bare_node[i] = node_of(g, &index, &node);
			fine = g->bare_node[i] != UINT32_MAX;
		}
	}
	cpi_index_release(mem, &index);
	cpi_free(mem, object, p->mapping.n * sizeof *object);
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
		g->node.v[i].label = text.code ? NULL : cpi_arena_copy(&g->bytes, text.buf, text.n);
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
