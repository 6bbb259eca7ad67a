/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of source: the lines of each function, what was inlined there, and the text. */
#include <stdlib.h>

#include "op/graph/graph.h"
#include "view/source/source.h"

enum { MARGIN = 5, MOST_LINES = 20000 }; /* lines around; of one function */

struct builder {
	struct cpi_listing *s;
	uint32_t *child, *next; /* by node: its first child; the next of its parent */
	uint32_t *top;          /* by group: its first line */
	uint32_t *list;         /* groups that are wanted and have lines */
	size_t n;
};

static struct cp_text text_of(const struct cpi_listing *s, cp_string id)
{
	return cpi_profile_text(s->p, id);
}

/* Lines of a parent by number, then name; lists are short. */
static bool comes_first(const struct cpi_listing *s, uint32_t a, uint32_t b)
{
	const struct cpi_source_node *x = &s->node.v[a], *y = &s->node.v[b];
	int order;

	if (!x->parent)
		return x->line != y->line ? x->line < y->line : a < b;
	if (x->cum != y->cum)
		return x->cum > y->cum;
	order = cpi_text_compare(text_of(s, s->group.v[x->group].name),
		text_of(s, s->group.v[y->group].name));
	return order ? order < 0 : x->line != y->line ? x->line < y->line : a < b;
}

static int by_place(const void *a, const void *b, void *arg)
{
	const struct cpi_listing *s = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct cpi_source_node *x = &s->node.v[i], *y = &s->node.v[j];

	if (x->parent != y->parent)
		return (x->parent > y->parent) - (x->parent < y->parent);
	if (!x->parent && x->group != y->group)
		return (x->group > y->group) - (x->group < y->group);
	return comes_first(s, i, j) ? -1 : comes_first(s, j, i);
}

/* Lists of children, in order: all nodes sorted, then linked from the last. */
static bool link_nodes(struct builder *b)
{
	struct cpi_listing *s = b->s;
	size_t n = s->node.n;
	uint32_t *order = cpi_alloc_array(&s->env->mem, n, sizeof *order);

	if (!order)
		return false;
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	if (n > 1)
		qsort_r(order + 1, n - 1, sizeof *order, by_place, s);
	for (size_t i = n; i-- > 1;) {
		const struct cpi_source_node *node = &s->node.v[order[i]];
		uint32_t *head =
			node->parent ? &b->child[node->parent] : &b->top[node->group];

		b->next[order[i]] = *head;
		*head = order[i];
	}
	cpi_free(&s->env->mem, order, n * sizeof *order);
	return true;
}

static bool push_line(struct builder *b, struct cp_source_line line)
{
	return cpi_vec_push(&b->s->env->mem, &b->s->line, line);
}

/* What was inlined into a line, depth first, by an explicit stack: the way back up. */
static bool push_inlined(struct builder *b, uint32_t top)
{
	struct cpi_listing *s = b->s;
	uint32_t node = b->child[top], depth = 1;

	while (node) {
		const struct cpi_source_node *n = &s->node.v[node];
		const struct cpi_source_group *g = &s->group.v[n->group];

		if (!push_line(b, (struct cp_source_line){.line = n->line,
					  .flat = n->flat,
					  .cum = n->cum,
					  .depth = depth,
					  .name = text_of(s, g->name),
					  .file = text_of(s, g->file)}))
			return false;
		if (b->child[node]) {
			node = b->child[node];
			depth++;
			continue;
		}
		while (!b->next[node] && s->node.v[node].parent != top) {
			node = s->node.v[node].parent;
			depth--;
		}
		node = b->next[node];
	}
	return true;
}

/* The next line of a file; false at its end. */
static bool next_line(struct cp_text *rest, struct cp_text *ret_line)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	size_t n = end ? (size_t)(end - rest->p) : rest->n;

	if (!rest->n)
		return false;
	*ret_line = (struct cp_text){rest->p, n};
	if (n && rest->p[n - 1] == '\r')
		ret_line->n--;
	*rest = (struct cp_text){
		rest->p + n + (end != NULL), rest->n - n - (end != NULL)};
	return true;
}

/* Lines [from, to] of the file with their values; without a file those with a value. */
static bool push_lines(struct builder *b, uint32_t group, struct cp_text rest, bool file)
{
	struct cpi_listing *s = b->s;
	const struct cpi_source_group *g = &s->group.v[group];
	uint32_t node = b->top[group];
	int64_t from = s->node.v[node].line - MARGIN, to = 0, number = 1;
	struct cp_text text;

	if (g->start_line && g->start_line < from + MARGIN)
		from = g->start_line;
	for (uint32_t i = node; i; i = b->next[i])
		to = s->node.v[i].line + MARGIN;
	if (to - from > MOST_LINES)
		from = to - MOST_LINES;
	for (; file && number <= to && next_line(&rest, &text); number++) {
		struct cp_source_line line = {.line = number, .text = text};
		uint32_t at;

		/* Lines that stand before what is shown: the first ones of a huge range.
		 */
		while (node && s->node.v[node].line < number && number >= from) {
			at = node;
			node = b->next[node];
			line = (struct cp_source_line){.line = s->node.v[at].line,
				.flat = s->node.v[at].flat,
				.cum = s->node.v[at].cum};
			if (!push_line(b, line) || !push_inlined(b, at))
				return false;
			line = (struct cp_source_line){.line = number, .text = text};
		}
		if (number < from)
			continue;
		at = node && s->node.v[node].line == number ? node : 0;
		if (at) {
			line.flat = s->node.v[at].flat;
			line.cum = s->node.v[at].cum;
			node = b->next[node];
		}
		if (!push_line(b, line) || (at && !push_inlined(b, at)))
			return false;
	}
	/* Behind the end of the file, or there is none. */
	for (; node; node = b->next[node])
		if (!push_line(b, (struct cp_source_line){.line = s->node.v[node].line,
					  .flat = s->node.v[node].flat,
					  .cum = s->node.v[node].cum}) ||
			!push_inlined(b, node))
			return false;
	return true;
}

/* "./a/../b.c" is b.c, as in all reports. */
static bool clean(struct cpi_listing *s, struct cp_text *path)
{
	struct cpi_sink sink;

	cpi_sink_memory(&sink, &s->env->mem);
	cpi_graph_clean_path(&sink, *path);
	path->n = sink.n;
	path->p = sink.code ? NULL : cpi_arena_copy(&s->bytes, sink.buf, sink.n);
	cpi_sink_release(&sink);
	return path->p != NULL;
}

static enum cp_code make_function(struct builder *b, uint32_t group, struct cp_error *err)
{
	struct cpi_listing *s = b->s;
	const struct cpi_source_group *g = &s->group.v[group];
	struct cp_source_function f = {.name = text_of(s, g->name),
		.file = text_of(s, g->file),
		.flat = g->flat,
		.cum = g->cum};
	struct cpi_blob blob = {0};
	size_t first = s->line.n;
	enum cp_code code = CP_OK;

	if (f.file.n) {
		if (!clean(s, &f.file))
			return cpi_error_memory(err);
		code = cpi_source_find(s, &f, &blob, err);
	} else {
		f.status = CP_SOURCE_NO_FILE_NAME;
		f.note = "no source: the profile names no file of this function; "
			 "programs built "
			 "with debug information (-g) do";
	}
	if (!code && blob.bytes && !cpi_vec_push(&s->env->mem, &s->file, blob)) {
		cpi_blob_release(s->env, &blob);
		code = cpi_error_memory(err);
	}
	if (!code &&
		!push_lines(b, group, (struct cp_text){(const char *)blob.bytes, blob.n},
			blob.bytes != NULL))
		code = cpi_error_memory(err);
	f.n_lines = s->line.n - first;
	if (!code && !cpi_vec_push(&s->env->mem, &s->function, f))
		code = cpi_error_memory(err);
	return code;
}

static int by_cum(const void *a, const void *b, void *arg)
{
	const struct cpi_listing *s = arg;
	const struct cpi_source_group *x = &s->group.v[*(const uint32_t *)a];
	const struct cpi_source_group *y = &s->group.v[*(const uint32_t *)b];
	uint64_t m = (uint64_t)llabs(x->cum), n = (uint64_t)llabs(y->cum);
	int order;

	if (m != n)
		return (m < n) - (m > n);
	order = cpi_text_compare(text_of(s, x->name), text_of(s, y->name));
	if (!order)
		order = cpi_text_compare(text_of(s, x->file), text_of(s, y->file));
	return order ? order : (x > y) - (x < y);
}

static void pick_unit(struct cpi_listing *s)
{
	double least = 0;

	for (size_t i = 1; i < s->node.n; i++) {
		int64_t value = s->node.v[i].flat ? s->node.v[i].flat : s->node.v[i].cum;

		if (value && (least == 0 || (double)llabs(value) < least))
			least = (double)llabs(value);
	}
	cpi_amount_pick(&s->amount, least);
}

static enum cp_code make_rows(struct builder *b, struct cp_error *err)
{
	struct cpi_listing *s = b->s;
	enum cp_code code = CP_OK;

	if (!link_nodes(b))
		return cpi_error_memory(err);
	for (uint32_t i = 1; i < s->group.n; i++)
		if (s->group.v[i].wanted && b->top[i])
			b->list[b->n++] = i;
	if (b->n)
		qsort_r(b->list, b->n, sizeof *b->list, by_cum, s);
	for (size_t i = 0; !code && i < b->n; i++)
		code = make_function(b, b->list[i], err);
	/* The vector has moved while it grew. */
	for (size_t i = 0, at = 0; i < s->function.n; i++) {
		s->function.v[i].line = s->line.v + at;
		at += s->function.v[i].n_lines;
	}
	return code;
}

enum cp_code cpi_source_make(struct cpi_listing *s, struct cpi_env *env,
	const struct cp_profile *p, struct cp_error *err)
{
	struct cpi_mem *mem = &env->mem;
	struct builder b = {.s = s};
	enum cp_code code;

	s->p = p;
	code = cpi_amount_init(&s->amount, p, &s->report, &s->type, err);
	if (!code)
		code = cpi_source_count(s, err);
	if (code)
		return code;
	pick_unit(s);
	b.child = cpi_alloc_zero(mem, s->node.n * sizeof *b.child);
	b.next = cpi_alloc_zero(mem, s->node.n * sizeof *b.next);
	b.top = cpi_alloc_zero(mem, s->group.n * sizeof *b.top);
	b.list = cpi_alloc_zero(mem, s->group.n * sizeof *b.list);
	code = b.child && b.next && b.top && b.list ? make_rows(&b, err)
						    : cpi_error_memory(err);
	cpi_free(mem, b.child, s->node.n * sizeof *b.child);
	cpi_free(mem, b.next, s->node.n * sizeof *b.next);
	cpi_free(mem, b.top, s->group.n * sizeof *b.top);
	cpi_free(mem, b.list, s->group.n * sizeof *b.list);
	s->rows = (struct cp_source_rows){.function = s->function.v,
		.n_functions = s->function.n,
		.type = s->amount.type,
		.unit = s->amount.from,
		.total = s->amount.total};
	return code;
}

void cpi_source_release(struct cpi_listing *s)
{
	struct cpi_mem *mem = &s->env->mem;

	for (size_t i = 0; i < s->file.n; i++)
		cpi_blob_release(s->env, &s->file.v[i]);
	cpi_vec_release(mem, &s->file);
	cpi_vec_release(mem, &s->group);
	cpi_vec_release(mem, &s->node);
	cpi_vec_release(mem, &s->function);
	cpi_vec_release(mem, &s->line);
	if (s->group_of)
		cpi_free(mem, s->group_of, s->p->function.n * sizeof *s->group_of);
	cpi_arena_release(&s->bytes);
}

enum cp_code cpi_source_write(const struct cpi_listing *s, const char *format,
	struct cpi_sink *sink, struct cp_error *err)
{
	static const struct {
		const char *format;
		cpi_source_fn *write;
	} forms[] = {{"text", cpi_source_text}, {"html", cpi_source_html},
		{"json", cpi_source_json}};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (!strcmp(forms[i].format, format)) {
			forms[i].write(s, sink);
			return CP_OK;
		}
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"source cannot be written as %.20s", format);
}
