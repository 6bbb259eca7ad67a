/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "object/dwarf/const.h"
#include "object/dwarf/parts.h"
#include "object/dwarf/skip.h"

/*
 * One pass over a unit's entries in pre-order, asking of every function and inlined call
 * which queries lie in its ranges. A stack holds the node around the current depth.
 *
 * The fast pass steps over what rarely holds code: class types, declarations and abstract
 * functions, functions no query is in. gcc does put concrete functions (of lambdas, of
 * local classes) inside those, so when a query is left without a function the unit is
 * walked once more, stepping over inlined calls without queries only: types are not
 * repeated in them. Measured on 380 MB of C++: a tenth of the units need that, and the
 * two passes take half the time of one that never skips. A pass ends behind the function
 * that owns the last query.
 */

/* Real nesting stays below 200; each level of a hostile file costs it a byte or two. */
enum { DEEPEST = 4096 };

#define DEAD UINT32_MAX /* a node no query ever has */

struct walk {
	const struct cpi_dwarf_unit *unit;
	const struct cpi_dwarf_abbrevs *table;
	struct cpi_dwarf_query *query;
	size_t n;
	cpi_dwarf_nodes *nodes;
	struct cpi_mem *mem;
	struct cpi_dwarf_ranges ranges;
	uint64_t visits, most_visits; /* queries looked at */
	size_t left; /* queries no function owns */
	size_t near; /* the first query not below the last range */
	bool thorough;
	enum cp_code code;
	struct cp_error *err;
	uint32_t stack[DEEPEST];
};

static size_t lower_bound(const struct cpi_dwarf_query *query, size_t n, uint64_t address)
{
	size_t low = 0;

	while (n) {
		size_t half = n / 2;

		if (query[low + half].address < address) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return low;
}

static uint32_t add_node(struct walk *w, uint64_t die, uint32_t parent, bool inlined)
{
	struct cpi_dwarf_node node = {die, parent, inlined};

	if (w->nodes->n >= DEAD || !cpi_vec_push(w->mem, w->nodes, node)) {
		w->code = cpi_error_memory(w->err);
		return DEAD;
	}
	return (uint32_t)(w->nodes->n - 1);
}

/*
 * Gives the queries in [low, high) that are owned by `around` so far to the entry's node,
 * which is made when there is a first one. Only those: of overlapping siblings the first
 * wins. Returns the node, or `node`.
 */
static uint32_t claim(struct walk *w, uint64_t low, uint64_t high, uint64_t die,
	uint32_t around, uint32_t node, bool inlined)
{
	size_t i = w->near;

	/* Entries mostly stand in the order of their code: the place is the last one. */
	if ((i && w->query[i - 1].address >= low) ||
		(i < w->n && w->query[i].address < low))
		w->near = i = lower_bound(w->query, w->n, low);
	for (; i < w->n && w->query[i].address < high; i++) {
		w->visits++;
		if (w->query[i].node != around)
			continue;
		if (node == DEAD && (node = add_node(w, die, around, inlined)) == DEAD)
			return DEAD;
		w->left -= !around;
		w->query[i].node = node;
	}
	return node;
}

/* The usual shape: an address and a length at known places. */
static bool plain_range(const struct cpi_dwarf_abbrev *a, struct cpi_cursor c,
	const struct cpi_dwarf_unit *unit, uint64_t *ret_low, uint64_t *ret_high)
{
	struct cpi_cursor h = c;

	if (a->low_at < 0 || a->high_at < 0)
		return false;
	cpi_cursor_skip(&c, (size_t)a->low_at);
	cpi_cursor_skip(&h, (size_t)a->high_at);
	*ret_low = unit->address_size == 8 ? cpi_cursor_u64(&c) : cpi_cursor_u32(&c);
	*ret_high =
		*ret_low + (a->high_size == 8 ? cpi_cursor_u64(&h) : cpi_cursor_u32(&h));
	return true;
}

static void read_code(struct walk *w, const struct cpi_dwarf_abbrev *a,
	struct cpi_cursor c, struct cpi_dwarf_value value[3])
{
	memset(value, 0, 3 * sizeof *value);
	if (a->ranges_at >= 0) {
		cpi_cursor_skip(&c, (size_t)a->ranges_at);
		value[2].kind = CPI_DW_OFFSET;
		value[2].u = cpi_dwarf_word(&c, w->unit->offset_size);
		return;
	}
	for (uint32_t i = 0; i < a->n_attrs; i++) {
		const struct cpi_dwarf_attr *attr = &w->table->attr.v[a->attr + i];

		if (attr->name == DW_AT_low_pc)
			cpi_dwarf_form_read(&c, attr, w->unit, &value[0]);
		else if (attr->name == DW_AT_high_pc)
			cpi_dwarf_form_read(&c, attr, w->unit, &value[1]);
		else if (attr->name == DW_AT_ranges)
			cpi_dwarf_form_read(&c, attr, w->unit, &value[2]);
		else
			cpi_dwarf_form_skip(&c, attr->form, w->unit);
	}
}

/* Looks for queries of one function or inlined call; DEAD when it has none. */
static uint32_t visit(struct walk *w, const struct cpi_dwarf_abbrev *a,
	struct cpi_cursor c, uint64_t die, uint32_t around)
{
	bool inlined = a->role == CPI_DW_INLINED;
	uint32_t node = DEAD;
	struct cpi_dwarf_value value[3];
	uint64_t low, high;

	if (!inlined)
		around = 0;
	if (plain_range(a, c, w->unit, &low, &high)) {
		if (low < w->unit->linked->code_start)
			return DEAD;
		return claim(w, low, high, die, around, DEAD, inlined);
	}
	read_code(w, a, c, value);
	if (!cpi_dwarf_ranges_start(&w->ranges, w->unit, &value[0], &value[1], &value[2]))
		return DEAD;
	while (cpi_dwarf_ranges_next(&w->ranges, &low, &high))
		node = claim(w, low, high, die, around, node, inlined);
	return node;
}

/* Whether this work is out of proportion to the file and its queries. */
static bool exhausted(struct walk *w)
{
	if (w->visits > w->most_visits) {
		w->code = CPI_DWARF_UNIT_ERROR(w->err, CP_ERROR_LIMIT, w->unit,
			w->unit->start, "the unit's ranges overlap beyond reason");
		return true;
	}
	if (w->ranges.used > 1 << 16) {
		if (!cpi_dwarf_spend(&w->unit->file->budget->ranges, w->ranges.used))
			w->code = CPI_DWARF_UNIT_ERROR(w->err, CP_ERROR_LIMIT, w->unit,
				w->unit->start,
				"entries share range lists beyond reason");
		w->ranges.used = 0;
	}
	return w->code != CP_OK;
}

static bool steps_over(
	const struct walk *w, const struct cpi_dwarf_abbrev *a, uint32_t node)
{
	switch (a->role) {
	case CPI_DW_PLAIN:
		return false;
	case CPI_DW_LEAF:
		return true;
	case CPI_DW_TYPE:
	case CPI_DW_ABSTRACT:
		return !w->thorough;
	case CPI_DW_FUNCTION:
		return node == DEAD && !w->thorough;
	default:
		return node == DEAD;
	}
}

/*
 * Moves to a sibling when that goes forward inside the unit; else the entry is read
 * through.
 */
static bool jump(
	struct cpi_cursor *c, const struct cpi_dwarf_unit *unit, uint32_t sibling)
{
	uint64_t to = unit->start + sibling;

	if (to <= cpi_cursor_offset(c) || to > unit->end)
		return false;
	c->at = c->start + to;
	return true;
}

static enum cp_code pass(struct walk *w)
{
	const struct cpi_dwarf_unit *unit = w->unit;
	const uint32_t *ops = w->table->op.v;
	struct cpi_cursor c = cpi_dwarf_cursor(
		unit->file, (enum cpi_dwarf_section)unit->section, unit->dies);
	uint32_t depth = 0, around = 0;
	/* Depth at which a subtree without a sibling is being read through, 0 = none. */
	uint32_t over = 0;

	c.end = c.start + unit->end;
	while (cpi_cursor_left(&c)) {
		uint64_t die = cpi_cursor_offset(&c), code = cpi_cursor_uleb(&c);
		const struct cpi_dwarf_abbrev *a;
		struct cpi_cursor attrs = c;
		uint32_t sibling = 0, node = around;

		if (!code) {
			if (depth <= 1)
				break;
			if (--depth < over)
				over = 0;
			around = w->stack[depth];
			if (!around && !w->left)
				break;
			continue;
		}
		a = cpi_dwarf_abbrev_find(w->table, code);
		if (!a)
			return CPI_DWARF_UNIT_ERROR(w->err, CP_ERROR_CORRUPT, w->unit,
				die, "an entry has no known abbreviation");
		if (a->size >= 0) {
			if (a->sibling_at >= 0) {
				struct cpi_cursor s = c;

				cpi_cursor_skip(&s, (size_t)a->sibling_at);
				sibling = cpi_cursor_u32(&s);
			}
			cpi_cursor_skip(&c, (size_t)a->size);
		} else {
			sibling = cpi_dwarf_skip(&c, ops + a->op, unit);
		}
		if (!cpi_cursor_ok(&c))
			return CPI_DWARF_UNIT_ERROR(w->err, CP_ERROR_CORRUPT, w->unit,
				die, "an entry is cut off");
		if (a->role >= CPI_DW_FUNCTION && !over) {
			node = visit(w, a, attrs, die, around);
			if (exhausted(w))
				return w->code;
		}
		if (!a->children)
			continue;
		if (!over && steps_over(w, a, node)) {
			if (sibling && jump(&c, unit, sibling))
				continue;
			over = depth + 1;
		}
		if (++depth >= DEEPEST)
			return CPI_DWARF_UNIT_ERROR(w->err, CP_ERROR_LIMIT, w->unit, die,
				"entries are nested deeper than %u", DEEPEST);
		w->stack[depth] = around = node;
	}
	return CP_OK;
}

enum cp_code cpi_dwarf_walk(const struct cpi_dwarf_unit *unit,
	const struct cpi_dwarf_abbrevs *table, struct cpi_dwarf_query *query, size_t n,
	cpi_dwarf_nodes *nodes, struct cp_error *err)
{
	struct cpi_mem *mem = &unit->file->env->mem;
	struct walk *w = cpi_alloc(mem, sizeof *w);
	enum cp_code code;

	if (!w)
		return cpi_error_memory(err);
	memset(w, 0, offsetof(struct walk, stack));
	w->unit = unit;
	w->table = table;
	w->query = query;
	w->n = w->left = n;
	w->nodes = nodes;
	w->mem = mem;
	w->err = err;
	/*
	 * Each level of inlining looks at a query once;
	 * a thousand levels are not real.
	 */
	w->most_visits = (uint64_t)n * 2048 + (1 << 20);
	code = pass(w);
	if (!code && w->left) {
		w->thorough = true;
		code = pass(w);
	}
	cpi_free(mem, w, sizeof *w);
	return code;
}
