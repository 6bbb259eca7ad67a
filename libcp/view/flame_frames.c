/* SPDX-License-Identifier: Apache-2.0 */
#include "view/flame.h"

/* The stored value with its decimal point: exact. */
static void exact(struct cpi_sink *sink, int64_t value, unsigned decimals)
{
	uint64_t one = 1;

	for (unsigned i = 0; i < decimals; i++)
		one *= 10;
	cpi_sink_i64(sink, value / (int64_t)one);
	if (decimals)
		cpi_sink_printf(sink, ".%0*llu", (int)decimals,
			(unsigned long long)((uint64_t)value % one));
}

static void percent(struct cpi_sink *sink, double part, double whole)
{
	cpi_flame_fixed(sink, whole > 0 ? 100 * part / whole : 0, 4);
	cpi_sink_char(sink, '\t');
}

enum cp_code cpi_flame_frames(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err)
{
	const struct cpi_tree *tree = &flame->tree;

	(void)err;
	for (uint32_t i = 0; i < tree->n; i++) {
		cpi_sink_u64(sink, tree->depth[i]);
		cpi_sink_char(sink, '\t');
		percent(sink, flame->x[i], flame->root_width);
		percent(sink, flame->width[i], flame->root_width);
		for (unsigned c = tree->columns; c--;) {
			exact(sink, tree->total[c][i], flame->unit.decimals);
			cpi_sink_char(sink, '\t');
		}
		if (i)
			cpi_text_escape(sink, cpi_tree_name(tree, i));
		else
			cpi_sink_str(sink, "all");
		cpi_sink_char(sink, '\n');
	}
	return CP_OK;
}
