/* SPDX-License-Identifier: Apache-2.0 */
/* The stages of the layout, one after the other. */
#include "view/graph/parts.h"

static void sketch_release(struct cpi_sketch *s)
{
	struct cpi_layout *l = s->layout;

	cpi_vec_release(s->mem, &s->link);
	cpi_free(s->mem, s->link_of, l->n_arcs * sizeof *s->link_of);
	cpi_free(s->mem, s->upwards, l->n_arcs);
	cpi_free(s->mem, s->order, s->cell.n * sizeof *s->order);
	cpi_free(s->mem, s->rank_first, (s->n_ranks + 1) * sizeof *s->rank_first);
	cpi_vec_release(s->mem, &s->cell);
	cpi_vec_release(s->mem, &s->near);
}

enum cp_code cpi_layout_run(struct cpi_layout *l, struct cp_error *err)
{
	struct cpi_sketch s = {.layout = l, .mem = &l->env->mem};
	enum cp_code code = CP_OK;

	if (l->n_boxes > CPI_LAYOUT_BOXES || l->n_arcs > CPI_LAYOUT_ARCS)
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"%zu functions with %zu calls are too many for a picture (%d, "
			"%d); --nodecount, --nodefraction or --focus leave less",
			l->n_boxes, l->n_arcs, CPI_LAYOUT_BOXES, CPI_LAYOUT_ARCS);
	s.link_of = cpi_alloc_array(s.mem, l->n_arcs, sizeof *s.link_of);
	s.upwards = cpi_alloc_zero(s.mem, l->n_arcs);
	if (!s.link_of || !s.upwards)
		code = cpi_error_memory(err);
	if (!code)
		code = cpi_layout_links(&s, err);
	if (!code)
		code = cpi_layout_ranks(&s, err);
	if (!code)
		code = cpi_layout_cells(&s, err);
	if (!code)
		code = cpi_layout_order(&s, err);
	if (!code)
		code = cpi_layout_place(&s, err);
	if (!code)
		code = cpi_layout_route(&s, err);
	l->n_ranks = s.n_ranks;
	sketch_release(&s);
	return code;
}

void cpi_layout_release(struct cpi_layout *l)
{
	cpi_vec_release(&l->env->mem, &l->knot);
}
