/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_OP_FILTER_H
#define CPI_OP_FILTER_H

/*
 * <cp/filter.h>, taken apart:
 *
 *	filter.c         the order of things; samples
 *	filter/frames.c  what the expressions mean for each location
 *	filter/stack.c   one stack, from those decisions
 *	filter/tags.c    samples and labels by label
 *	filter/tagframes.c  labels as frames
 *	filter/groups.c  frames as what they have in common
 *
 * Everything that looks at names is decided once per location or label set, and a stack
 * is rewritten once however many samples it has: a profile of 40 million frames costs a
 * table look-up for each.
 */

#include <cp/filter.h>

#include "base/sink.h"
#include "model/builder.h"
#include "op/regex.h"

/* What is decided about a location. */
enum {
	FILTER_DROP_WHOLE = 1, /* its outermost function is one to drop */
	FILTER_DROP_INNER = 2, /* some function is, the functions inside it are cut */
	FILTER_IGNORED = 4,
	FILTER_FOCUSED = 8,
	FILTER_HIDDEN = 16,
	FILTER_SHOW_FROM = 32,
	FILTER_PRUNE_FROM = 64
};

struct cpi_filter_tags;

struct cpi_filter {
	struct cpi_env *env;
	const struct cp_profile *p;
	const struct cp_filter_options *o;
	struct cpi_regex *focus, *ignore, *hide, *show, *show_from, *prune_from, *drop,
		*keep;
	struct cpi_filter_tags *tags;
	uint8_t *location; /* set of FILTER_…, per location */
	uint8_t *gone;     /* per line row: 1 = not shown */
	uint8_t any;       /* union of `location` */
	bool by_name;      /* one of focus, ignore, hide, show is given */
	/* New rows, 0 = not made yet. */
	uint32_t *new_location, *new_function, *new_mapping;
	uint32_t *new_stack; /* 1 + new id; 1 is the empty stack */
	cp_location *frame;  /* scratch for the deepest stack */
	uint32_t deepest;
	struct cp_line_row *line; /* scratch for the longest inline chain */
	uint32_t longest;
	struct cpi_builder b;
	struct cpi_builder_map map; /* strings, label sets, header */
};

#define FILTER_GONE UINT32_MAX /* in new_stack: samples with this stack are dropped */

/* Fills `location` and `gone`. */
enum cp_code cpi_filter_frames(struct cpi_filter *f, struct cp_error *err);
/* The stack as it is now, in new_stack's terms. */
uint32_t cpi_filter_stack(struct cpi_filter *f, cp_stack id);
cp_mapping cpi_filter_mapping(struct cpi_filter *f, cp_mapping id);
/* The new row of one surviving location. */
cp_location cpi_filter_location(struct cpi_filter *f, cp_location id);

enum cp_code cpi_filter_tags_new(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_filter_options *o, struct cpi_filter_tags **ret_tags,
	struct cp_error *err);
void cpi_filter_tags_free(struct cpi_filter_tags *tags);
/* False: samples with this label set are dropped. */
bool cpi_filter_tags_keep(struct cpi_filter_tags *tags, cp_labels id);
/* The label set with the keys that are to be shown. */
cp_labels cpi_filter_tags_copy(struct cpi_filter_tags *tags, struct cpi_builder *b,
	struct cpi_builder_map *map, cp_labels id);
/* Failures of matches so far; notes on options that matched nothing. */
enum cp_code cpi_filter_tags_finish(struct cpi_filter_tags *tags, struct cp_error *err);

/* A new profile with the labels of tagroot and tagleaf as frames. */
enum cp_code cpi_filter_tagframes(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_filter_options *o, struct cp_profile **ret_profile,
	struct cp_error *err);

/* A new profile of which each frame is a group; `keys` are group_by's. */
enum cp_code cpi_filter_groups(struct cpi_env *env, const struct cp_profile *p,
	const char *keys, struct cp_profile **ret_profile, struct cp_error *err);

/* All of it; `o` is complete (cpi_options_copy). */
enum cp_code cpi_filter(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_filter_options *o, struct cp_profile **ret_profile,
	struct cp_error *err);

#endif
