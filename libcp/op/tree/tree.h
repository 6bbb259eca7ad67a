/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_TREE_H
#define CPI_TREE_H

/*
 * The call tree of one profile, or of two side by side.
 *
 * A node is a parent plus a name: all stacks that share a prefix of names share nodes,
 * whatever order they come in. (Merging neighbours in sorted text, as collapsed-stack
 * tools do, draws `foo` twice when `foo-bar` sorts between.) After cpi_tree_finish nodes
 * stand in depth-first order, so that node i's subtree is [i, end[i]) and a parent always
 * comes before its children; node 0 is the root above all stacks.
 *
 * The workload: 1M stacks of 30–40 frames in any order, or sorted, when they mostly
 * repeat the previous stack's outer frames; see tree/walk.c.
 */

#include <cp/filter.h>
#include <cp/write.h>

#include "base/hash.h"
#include "base/sink.h"
#include "model/profile.h"

enum cpi_frame_flag {
	CPI_FRAME_KERNEL = 1,
	CPI_FRAME_INLINED = 2,
	CPI_FRAME_JIT = 4,
	CPI_FRAME_WAKER = 8 /* below "--": the stack that woke this one */
};

/* What a node shows. A node keeps the first frame of its name that it was made for. */
struct cpi_tree_frame {
	uint32_t name;   /* index of tree->text */
	uint32_t module; /* index of tree->text: the mapping's path; 0 = unknown */
	uint32_t file;   /* index of tree->text; 0 = unknown */
	uint32_t line;   /* where the function starts; 0 = unknown */
	/* Lines of the samples, lowest and highest; 0 = unknown. Views fill them in. */
	uint32_t first_line, last_line;
	uint8_t flags;   /* set of enum cpi_frame_flag */
};

enum cpi_tree_order {
	CPI_TREE_BY_NAME, /* bytes of the name */
	CPI_TREE_BY_VALUE, /* heaviest first, then by name */
	CPI_TREE_BY_INPUT /* as they came: time, in flame charts */
};

enum { CPI_TREE_COLUMNS = 2, CPI_TREE_NAME_MAX = 4096 };

struct cpi_tree_options {
	enum cp_root root; /* the frame below the root: task names */
	bool reverse;      /* leaf first: callers stand above what they call */
	/*
	 * A flame chart: samples in order of time, one lane (a frame below the root) per
	 * thread; only neighbours share nodes.
	 */
	bool chart;
	/*
	 * What names carry: with CP_BY_FILEFUNCTION the file, with CP_BY_LINE file and
	 * line, with CP_BY_FILE only the file; else the function.
	 */
	enum cp_granularity names;
	bool addresses; /* names begin with the address */
	/*
	 * Above 0: nodes with less than this share of the profile added count as their
	 * parent's own, and are made no further. Not in flame charts.
	 */
	double least;
	/*
	 * A profile of more samples is represented by about so many: every so much of its
	 * value adds as much to the stack where it is reached. 0 = all samples.
	 */
	uint32_t most;
	/* Appends what a name is told apart by: equal ones are one. NULL = the name. */
	void (*rename)(struct cpi_sink *sink, struct cp_text name);
	/*
	 * Flame charts: told of each sample where it is, lane after lane, each in order of
	 * time; `row` is its node of tree->row. False: out of memory. NULL = nobody asks.
	 */
	bool (*placed)(void *arg, const struct cp_profile *p, uint32_t sample,
		uint32_t type, uint32_t row);
	void *placed_arg;
};

struct cpi_tree_lines {
	uint32_t first, last; /* 0 = unknown */
};

/*
 * A node while stacks are added. Most nodes have one child, which their row names; only
 * further children are in the index, so that walking down a chain of frames that was met
 * before reads rows side by side and hashes nothing.
 */
struct cpi_tree_row {
	uint32_t parent;
	uint32_t name; /* that of its frame */
	uint32_t frame;
	uint32_t first; /* child; 0 = none */
};

struct cpi_tree {
	struct cpi_env *env;
	struct cpi_tree_options options;
	struct cpi_arena bytes;
	CPI_VEC(struct cp_text) text; /* 0 is "" */
	CPI_VEC(struct cpi_tree_frame) frame; /* 0 is the root's */
	unsigned columns;
	uint64_t negative; /* samples left out because their value is below zero */
	bool pruned; /* something was below options.least */
	uint32_t cut_names; /* names longer than CPI_TREE_NAME_MAX */
	uint64_t samples[CPI_TREE_COLUMNS]; /* samples added */
	size_t aligned; /* frames dropped, renamed or moved by cpi_tree_align */

	/* Only while stacks are added. */
	struct cpi_index texts, frames, nodes;
	CPI_VEC(struct cpi_tree_row) row;
	CPI_VEC(int64_t) value[CPI_TREE_COLUMNS]; /* by row: its self */
	CPI_VEC(struct cpi_tree_lines) met; /* by row, as far as lines are known */

	/* The nodes by column, made by cpi_tree_finish. */
	uint32_t n;
	uint32_t *parent, *of /* frame */, *depth, *end;
	int64_t *self[CPI_TREE_COLUMNS], *total[CPI_TREE_COLUMNS];
	struct cpi_tree_lines *lines; /* where its samples were; NULL: nowhere known */
	uint32_t *rank; /* of texts by bytes */
};

/*
 * `columns` is 1, or 2 for a tree of two profiles. Nothing is to be released on
 * failure.
 */
enum cp_code cpi_tree_init(struct cpi_tree *tree, struct cpi_env *env,
	const struct cpi_tree_options *options, unsigned columns, struct cp_error *err);
/* Harmless on a zeroed or released tree. */
void cpi_tree_release(struct cpi_tree *tree);

/* Adds all samples, with their values of sample type `type`, to one column. */
enum cp_code cpi_tree_add(struct cpi_tree *tree, const struct cp_profile *profile,
	uint32_t type, unsigned column, struct cp_error *err);

/*
 * Brings together, in a tree of two columns whose samples are all added, what is one
 * thing on both sides: frames that were inlined or outlined, functions with another name,
 * with `moves` also calls that went elsewhere. Counts them in tree->aligned.
 */
enum cp_code cpi_tree_align(struct cpi_tree *tree, bool moves, struct cp_error *err);

/* Sorts siblings, renumbers nodes depth first, sums totals. */
enum cp_code cpi_tree_finish(
	struct cpi_tree *tree, enum cpi_tree_order order, struct cp_error *err);

static inline struct cp_text cpi_tree_name(const struct cpi_tree *tree, uint32_t node)
{
	return tree->text.v[tree->frame.v[tree->of[node]].name];
}

#endif
