/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of a flame graph as a list. */
#include "view/flame/flame.h"

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

struct frames {
	struct cpi_flame *flame;
	struct cpi_sink *sink;
};

static bool line(void *arg, uint32_t node, double x)
{
	struct frames *f = arg;
	const struct cpi_flame *flame = f->flame;
	const struct cpi_tree *tree = &flame->tree;
	struct cpi_sink *sink = f->sink;

	cpi_sink_u64(sink, tree->depth[node]);
	cpi_sink_char(sink, '\t');
	percent(sink, x, flame->root_width);
	percent(sink, cpi_flame_width(flame, node), flame->root_width);
	for (unsigned c = tree->columns; c--;) {
		exact(sink, tree->total[c][node], flame->unit.decimals);
		cpi_sink_char(sink, '\t');
	}
	if (node)
		cpi_text_escape(sink, cpi_tree_name(tree, node));
	else
		cpi_sink_str(sink, "all");
	cpi_sink_char(sink, '\n');
	return true;
}

enum cp_code cpi_flame_frames(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err)
{
	struct frames frames = {flame, sink};

	return cpi_flame_each(flame, line, &frames) ? CP_OK : cpi_error_memory(err);
}
