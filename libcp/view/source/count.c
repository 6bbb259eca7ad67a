/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values by line, and by what was inlined into it. What a location touches is found once;
 * a sample then only visits the few locations that touch anything.
 */
#include "op/regex.h"
#include "view/source/source.h"

struct counter {
	struct cpi_listing *s;
	struct cpi_index groups, nodes;
	/* Nodes by location: touch[first[i] … first[i + 1]). */
	uint32_t *first;
	CPI_VEC(uint32_t) touch;
	/* The same: nodes that a sample which ends there spends itself in. */
	uint32_t *flat_first;
	CPI_VEC(uint32_t) flat;
	bool overflow;
};

static bool find_group(
	struct counter *c, const struct cp_function_row *f, uint32_t *ret_id)
{
	struct cpi_listing *s = c->s;
	uint64_t hash = cpi_hash_u64((uint64_t)f->name.i << 32 | f->file.i);
	struct cpi_probe probe = cpi_index_find(&c->groups, hash);
	struct cpi_source_group group = {
		.name = f->name, .file = f->file, .start_line = f->start_line};

	for (uint32_t id; (id = cpi_index_next(&c->groups, &probe));) {
		struct cpi_source_group *g = &s->group.v[id];

		if (g->name.i != f->name.i || g->file.i != f->file.i)
			continue;
		if (f->start_line && (!g->start_line || f->start_line < g->start_line))
			g->start_line = f->start_line;
		*ret_id = id;
		return true;
	}
	*ret_id = (uint32_t)s->group.n;
	return cpi_vec_push(&s->env->mem, &s->group, group) &&
	       cpi_index_add(&s->env->mem, &c->groups, hash, *ret_id);
}

static enum cp_code make_groups(struct counter *c, struct cp_error *err)
{
	struct cpi_listing *s = c->s;
	const char *regex = s->report.regex ? s->report.regex : "";
	struct cpi_regex *rx = NULL;
	bool any = false;
	enum cp_code code = cpi_regex_new(s->env, "source", cpi_text(regex), 0, &rx, err);

	s->group_of =
		cpi_alloc_zero(&s->env->mem, s->p->function.n * sizeof *s->group_of);
	if (!code && (!s->group_of || !cpi_vec_push(&s->env->mem, &s->group,
					      (struct cpi_source_group){0})))
		code = cpi_error_memory(err);
	for (size_t i = 1; !code && i < s->p->function.n; i++)
		if (!find_group(c, &s->p->function.v[i], &s->group_of[i]))
			code = cpi_error_memory(err);
	for (size_t i = 1; !code && i < s->group.n; i++) {
		struct cpi_source_group *g = &s->group.v[i];

		g->wanted =
			g->name.i && cpi_regex_match(rx, cpi_profile_text(s->p, g->name));
		any |= g->wanted;
	}
	if (!code)
		code = cpi_regex_status(rx, err);
	if (!code && !any)
		code = cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
			"no function matches \"%.80s\"", regex);
	cpi_regex_free(rx);
	return code;
}

static bool find_node(struct counter *c, uint32_t parent, uint32_t group, int64_t line,
	uint32_t *ret_id)
{
	struct cpi_listing *s = c->s;
	uint64_t hash = cpi_hash_mix((uint64_t)parent << 32 | group, (uint64_t)line);
	struct cpi_probe probe = cpi_index_find(&c->nodes, hash);
	struct cpi_source_node node = {.parent = parent, .group = group, .line = line};

	for (uint32_t id; (id = cpi_index_next(&c->nodes, &probe));)
		if (s->node.v[id].parent == parent && s->node.v[id].group == group &&
			s->node.v[id].line == line) {
			*ret_id = id;
			return true;
		}
	*ret_id = (uint32_t)s->node.n;
	return cpi_vec_push(&s->env->mem, &s->node, node) &&
	       cpi_index_add(&s->env->mem, &c->nodes, hash, *ret_id);
}

/* A line of a function that is wanted, and the chain of calls inlined there. */
static bool touch_chain(struct counter *c, const struct cp_line_row *line, uint32_t k)
{
	struct cpi_listing *s = c->s;
	struct cpi_mem *mem = &s->env->mem;
	uint32_t node = 0;

	for (uint32_t j = k + 1; j--;) {
		if (!find_node(c, node, s->group_of[line[j].function.i], line[j].line,
			    &node) ||
			!cpi_vec_push(mem, &c->touch, node))
			return false;
		/* The line's own cost is that of the line alone; see cp/source.h. */
		if (!j && !cpi_vec_push(mem, &c->flat, node))
			return false;
	}
	return true;
}

static bool make_nodes(struct counter *c)
{
	struct cpi_listing *s = c->s;
	const struct cp_profile *p = s->p;
	size_t size = (p->location.n + 1) * sizeof *c->first;

	c->first = cpi_alloc_zero(&s->env->mem, size);
	c->flat_first = cpi_alloc_zero(&s->env->mem, size);
	if (!c->first || !c->flat_first ||
		!cpi_vec_push(&s->env->mem, &s->node, (struct cpi_source_node){0}))
		return false;
	for (size_t i = 0; i < p->location.n; i++) {
		const struct cp_location_row *l = &p->location.v[i];
		const struct cp_line_row *line = p->line.v + l->first_line;

		for (uint32_t k = 0; i && k < l->n_lines; k++)
			if (s->group.v[s->group_of[line[k].function.i]].wanted &&
				!touch_chain(c, line, k))
				return false;
		c->first[i + 1] = (uint32_t)c->touch.n;
		c->flat_first[i + 1] = (uint32_t)c->flat.n;
	}
	return true;
}

static void add(struct counter *c, int64_t *sum, int64_t value)
{
	c->overflow |= __builtin_add_overflow(*sum, value, sum);
}

static void count_sample(struct counter *c, uint32_t number)
{
	struct cpi_listing *s = c->s;
	const struct cp_profile *p = s->p;
	int64_t value = p->value.v[(size_t)number * p->sample_type.n + s->type];
	uint32_t n;
	const cp_location *frame = cpi_profile_frames(p, p->sample_stack.v[number], &n);

	for (uint32_t i = 0; value && i < n; i++)
		for (uint32_t k = c->first[frame[i].i]; k < c->first[frame[i].i + 1];
			k++) {
			struct cpi_source_node *node = &s->node.v[c->touch.v[k]];
			struct cpi_source_group *g = &s->group.v[node->group];

			if (node->seen == number + 1)
				continue;
			node->seen = number + 1;
			add(c, &node->cum, value);
			if (node->parent)
				continue;
			/* pprof adds up lines, so a function that recurs counts for each.
			 */
			add(c, &g->cum, value);
		}
	for (uint32_t k = n && value ? c->flat_first[frame[0].i] : 0,
		      end = n && value ? c->flat_first[frame[0].i + 1] : 0;
		k < end; k++) {
		struct cpi_source_node *node = &s->node.v[c->flat.v[k]];

		add(c, &node->flat, value);
		if (!node->parent)
			add(c, &s->group.v[node->group].flat, value);
	}
}

enum cp_code cpi_source_count(struct cpi_listing *s, struct cp_error *err)
{
	struct cpi_mem *mem = &s->env->mem;
	struct counter c = {.s = s};
	size_t size = (s->p->location.n + 1) * sizeof *c.first;
	enum cp_code code = make_groups(&c, err);

	if (!code && !make_nodes(&c))
		code = cpi_error_memory(err);
	for (uint32_t i = 0; !code && i < cpi_profile_n_samples(s->p); i++)
		count_sample(&c, i);
	if (!code && c.overflow)
		code = cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"a sum of sample values exceeds 64 bits");
	cpi_index_release(mem, &c.groups);
	cpi_index_release(mem, &c.nodes);
	cpi_free(mem, c.first, size);
	cpi_free(mem, c.flat_first, size);
	cpi_vec_release(mem, &c.touch);
	cpi_vec_release(mem, &c.flat);
	return code;
}
