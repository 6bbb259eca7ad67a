/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_FLAME_H
#define CP_FLAME_H

/* Flame graphs: one profile, or two with their difference, as one self-contained file. */

#include <cp/write.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cp_flame_order {
	CP_FLAME_BY_NAME, /* siblings by the bytes of their names */
	CP_FLAME_BY_VALUE /* heaviest first */
};

/* How the values of `before` are made comparable with those of `after`. */
enum cp_flame_scale {
	CP_FLAME_SCALE_NONE,
	CP_FLAME_SCALE_TIME,  /* equal durations */
	CP_FLAME_SCALE_TOTAL, /* equal totals */
	CP_FLAME_SCALE_FACTOR /* by `scale_factor`: work done, an anchor, … */
};

/*
 * Zero-initialise and set what you need; texts may be NULL for the default. All texts are
 * data: they are escaped wherever they are shown.
 */
struct cp_flame_options {
	size_t size; /* sizeof(struct cp_flame_options) */
	/*
	 * "svg" (the default), "html", or "frames": one line per box, root first, with tabs
	 * between depth, x, width (both % of the root), value (two in a differential graph)
	 * and name.
	 */
	const char *format;
	const char *sample_type; /* name or 0-based index of the values to draw */
	enum cp_root root;
	enum cp_flame_order order;
	const char *title, *subtitle, *notes;
	const char *count_name; /* what is counted; default: the sample type with its unit */
	const char *name_type;  /* what a frame is, default "Function:" */
	const char *font;       /* font family; default a sans-serif list */
	double font_size;       /* px, default 12 */
	unsigned width;         /* px; 0 = 1200 as a picture, fluid as a page */
	unsigned frame_height;  /* px, default 16 */
	double min_width;       /* narrower frames are not drawn; default 0.1 px */
	bool min_width_percent; /* min_width is in % of the root instead of px */
	/*
	 * A palette: "package" (the default: hue by package or module), or one of
	 * flamegraph.pl's: hot mem io wakeup chain java js perl red green blue aqua yellow
	 * purple orange, and python, rust.
	 */
	const char *colors;
	const char *background; /* yellow blue green grey or #rrggbb; default plain */
	bool hash;              /* flamegraph.pl's palettes: colours by a hash of the name */
	bool reverse;           /* stacks leaf first */
	bool inverted;          /* root at the top */
	bool chart;             /* left to right is time, a lane per thread */
	double factor;          /* counts are shown multiplied by this; 0 = 1 */
	double total;           /* the root is widened to this value if it is larger */
	/* Differential graphs. */
	bool negate; /* swap the colours of more and less */
	enum cp_flame_scale scale;
	double scale_factor;
	const char *scale_note; /* how scale_factor came about, one phrase */
};

/*
 * Draws `profile`, or with `before` (may be NULL) the difference from `before` to
 * `profile`. A profile with exactly two sample types "before" and "after" (folded files
 * with two counts) is drawn as a difference, too. CP_ERROR_EMPTY when there is nothing to
 * draw. Equal profiles and options give equal bytes.
 */
enum cp_code cp_flame_write(struct cp_context *context, const struct cp_profile *profile,
	const struct cp_profile *before, const struct cp_flame_options *options,
	cp_write_fn *fn, void *arg, struct cp_error *err);

/* The i-th palette's name, or NULL after the last. */
const char *cp_flame_palette_at(size_t i);

#ifdef __cplusplus
}
#endif
#endif
