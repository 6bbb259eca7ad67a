/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_FLAME_H
#define CP_FLAME_H

/* Flame graphs: one profile, or two with their difference, as one self-contained file. */

#include <cp/filter.h>
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
	CP_FLAME_SCALE_FACTOR /* by a factor: work done, an anchor, … */
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
	 * flamegraph.pl's: hot mem io wakeup chain waits java js perl red green blue aqua yellow
	 * purple orange, and python, rust.
	 */
	const char *colors;
	const char *background; /* yellow blue green grey or #rrggbb; default plain */
	bool hash;              /* flamegraph.pl's palettes: colours by a hash of the name */
	bool reverse;           /* stacks leaf first */
	bool inverted;          /* root at the top */
	/*
	 * Left to right is time, a lane per thread. Samples with times: threads stand below
	 * each other on one axis, as "svg" and "frames"; else, and as "html", beside each other.
	 */
	bool chart;
	double factor;          /* counts are shown multiplied by this; 0 = 1 */
	double total;           /* the root is widened to this value if it is larger */
	/* Differential graphs. */
	bool diff;
	bool exact; /* diff: frames as they are, not brought together across builds */
	bool negate; /* swap the colours of more and less */
	/*
	 * What names carry beside the function: with CP_BY_FILEFUNCTION the file, with
	 * CP_BY_LINE file and line; with CP_BY_FILE the file alone. Frames of one name are one.
	 */
	enum cp_granularity granularity;
	bool addresses; /* names begin with the address */
	/*
	 * Frames with less than this share of the profile count as their caller's own, and
	 * so does what they call; 0: none. For a first look at a large profile, of which the
	 * most part is then never made: with cp_flame_write_data's `most`, one profile, and
	 * no flame chart.
	 */
	double least;
	const char *file; /* name of the input, for a title of our own; or NULL */
};

/* A flame graph being made: profiles go in, one file comes out. */
struct cp_flame;

enum cp_flame_side { CP_FLAME_AFTER, CP_FLAME_BEFORE };

/* `options` may be NULL; the texts in it must live until cp_flame_free. */
enum cp_code cp_flame_new(struct cp_context *context, const struct cp_flame_options *options,
	struct cp_flame **ret_flame, struct cp_error *err);
/*
 * Adds a profile's samples, to one side when the graph is differential (`side` is ignored
 * otherwise). Several profiles add up. The profile is only looked at and may be freed
 * afterwards. A first profile with exactly the sample types "before" and "after" (folded
 * text with two counts) makes the graph differential and fills both sides.
 * CP_ERROR_UNSUPPORTED when the values are in another unit than the first profile's.
 */
enum cp_code cp_flame_add(struct cp_flame *flame, const struct cp_profile *profile,
	enum cp_flame_side side, struct cp_error *err);
/*
 * Scales the side before; without this it is drawn as it is. `factor` and `note` (one
 * phrase, copied; may be NULL) are for CP_FLAME_SCALE_FACTOR.
 */
void cp_flame_scale(
	struct cp_flame *flame, enum cp_flame_scale scale, double factor, const char *note);
/*
 * Draws and writes; once. CP_ERROR_EMPTY when there is nothing to draw. Equal profiles and
 * options give equal bytes.
 */
enum cp_code cp_flame_write(
	struct cp_flame *flame, cp_write_fn *fn, void *arg, struct cp_error *err);
/*
 * Writes the data block alone that the page's script draws from, for a page of one's own:
 * it stands there in a <script type="text/plain" id="cp-flame">, the page's script (see
 * cp_flame_asset) behind it, and the graph comes into the element cp-flame-here. Needs
 * the format "html". Of the frames at most `most` ride along, the widest, 0: all that a
 * page holds. A block with `most` says to the script that it is a part: the script fetches
 * the whole from the address that the element's attribute data-rest gives, once somebody
 * turns to the graph. *ret_left_out (may be NULL) is 0 when every frame is in
 * the block. May be called several times, instead of cp_flame_write.
 */
enum cp_code cp_flame_write_data(struct cp_flame *flame, uint32_t most,
	uint64_t *ret_left_out, cp_write_fn *fn, void *arg, struct cp_error *err);
/* NULL is fine. */
void cp_flame_free(struct cp_flame *flame);

enum cp_flame_asset { CP_FLAME_SCRIPT, CP_FLAME_STYLE };
/*
 * The page's script or its styles, constant; *ret_hash (may be NULL) is "sha256-…" of
 * their bytes, as a content security policy names them.
 */
struct cp_text cp_flame_asset(enum cp_flame_asset which, const char **ret_hash);

/* The i-th palette's name, or NULL after the last. */
const char *cp_flame_palette_at(size_t i);

#ifdef __cplusplus
}
#endif
#endif
