/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FLAME_H
#define CPI_FLAME_H

/*
 * The flame graph, from a call tree to a file.
 *
 *	flame.c         options, the tree, titles; chooses the output
 *	flame/layout.c  widths, places, which frames are drawn
 *	flame/frame.c   what frames say that depends on their place
 *	flame/color.c   palettes
 *	flame/text.c    names made safe and short, values with units
 *	flame/data.c    the whole tree in a few bytes per frame
 *	flame/svg.c     the picture
 *	flame/html.c    the page
 *	flame/lanes.c   flame charts: threads on one axis of time
 *	assets/         the script and styles that both share
 */

#include <cp/flame.h>

#include "base/sink.h"
#include "op/tree/tree.h"
#include "view/draw.h"

/* What is known about the values, for showing them. */
struct cpi_flame_unit {
	enum { CPI_FLAME_COUNT, CPI_FLAME_TIME, CPI_FLAME_BYTES } kind;
	double scale; /* stored value times this is a count, seconds, or bytes */
	uint8_t decimals; /* of stored values */
	/* "samples", "cycles", …; for messages and titles; XML-safe text */
	char name[64];
};

struct cpi_flame {
	struct cpi_env *env;
	struct cp_flame_options options; /* defaults filled in */
	struct cpi_tree tree;
	char shown[12]; /* number of the sample type, where it is not the default one */
	bool started; /* the tree is there: a profile was added */
	bool diff;
	struct cpi_lanes *lanes; /* a chart of samples with times; else NULL */
	bool timed; /* siblings stand in order of time, for a page */
	bool prepared; /* the tree is finished; nothing can be added */
	/* At most so many frames ride along; 0: as many as a page holds. */
	uint32_t most;
	struct cpi_flame_unit unit;
	struct cpi_flame_unit
		first; /* of the first profile, whatever the values are called */
	/* By column: samples' worth of the values added, and time they took. */
	double effective[2], duration[2];

	enum cp_flame_scale scale;
	double scale_factor;
	char scale_asked[120];
	double before_factor; /* of the values of column 1, before */
	char scale_note[200];
	double weight[2]; /* of one sample, for sampling noise */
	/*
	 * In differential graphs, the width of every node in units of value: that of its
	 * children and its own share, the larger of before and after. Else NULL: totals.
	 */
	double *width;
	double root_width;       /* widened by options.total */
	CPI_VEC(uint32_t) drawn; /* nodes of the static picture, depth first */
	CPI_VEC(double) x;       /* where each of them starts */
	uint32_t levels;         /* of the static picture, the root's included */
	uint32_t deepest;        /* depth of the whole tree */
	uint64_t hidden; /* frames too narrow, or beyond the most that are drawn */
	uint8_t *ride;   /* by node: 1 when it is in the data block */
	uint64_t left_out; /* nodes that are not */
	uint32_t *color; /* 0xrrggbb by frame (tree.frame) */
	char about[256]; /* program and type, of the first profile; for the title */
	char title[512];
	char note[512]; /* what was cut or left out; empty when nothing was */
};

static inline double cpi_flame_width(const struct cpi_flame *flame, uint32_t node)
{
	return flame->width ? flame->width[node] : (double)flame->tree.total[0][node];
}

/* At most so many frames are real elements; the script makes more as needed. */
enum { CPI_FLAME_DRAWN = 2000 };
/*
 * At most so many frames ride along, at up to 5 bytes each, and names of so many
 * bytes.
 */
enum { CPI_FLAME_EMBEDDED = 4000000, CPI_FLAME_NAMES = 20 << 20 };
/* Of names, when the caller says how many frames: so many bytes for each. */
enum { CPI_FLAME_NAME = 16 };

/*
 * Calls `each` for every node, depth first, with its start; false stops and is
 * returned.
 */
typedef bool cpi_flame_each_fn(void *arg, uint32_t node, double x);
bool cpi_flame_each(struct cpi_flame *flame, cpi_flame_each_fn *each, void *arg);
/*
 * Marks in `keep` (zeroed, one byte a node) the `most` widest frames that are at least
 * `least` wide, of equal ones those nearer the root: a frame is never kept without its
 * parent. False when out of memory.
 */
bool cpi_flame_widest(struct cpi_flame *flame, size_t most, double least, uint8_t *keep,
	uint64_t *ret_left_out);
enum cp_code cpi_flame_layout(struct cpi_flame *flame, struct cp_error *err);

/* Gives nodes frames with their lines and, for the palette "chain", their wakers. */
enum cp_code cpi_flame_split_frames(struct cpi_flame *flame, struct cp_error *err);

/* False when there is no palette of that name. */
bool cpi_flame_palette_known(const char *name);
const char *cpi_flame_palette_at(size_t i);
enum cp_code cpi_flame_colors(struct cpi_flame *flame, struct cp_error *err);
/* Whether white words are easier to read on this colour than black ones. */
bool cpi_flame_is_dark(uint32_t color);
/* after − scaled before, or 0 within sampling noise. */
double cpi_flame_change(const struct cpi_flame *flame, int64_t after, int64_t before);
/* A node's colour in a differential graph, by its inclusive change. */
uint32_t cpi_flame_diff_color(const struct cpi_flame *flame, uint32_t node);
/* Two colours of the background's gradient, top and bottom; 0 both: plain. */
void cpi_flame_background(const struct cpi_flame *flame, char top[8], char bottom[8]);

/* As JSON string contents that stand safely inside XML and HTML script elements. */
void cpi_flame_json(struct cpi_sink *sink, struct cp_text text);
/* Without < > & at all (\l \g \a) and one line: for the data block. */
void cpi_flame_plain(struct cpi_sink *sink, struct cp_text text);
/* A name without its _[k] ending. */
struct cp_text cpi_flame_shown(struct cp_text name);
/* Writes the longest form of the name that fits, escaped; false when none does. */
bool cpi_flame_label(
	struct cpi_sink *sink, struct cp_text name, double width, double size);

/* The number with `decimals` digits, always with a point. */
void cpi_flame_fixed(struct cpi_sink *sink, double x, unsigned decimals);
/* "1.23 s", "12,345 samples". */
void cpi_flame_value(const struct cpi_flame *flame, struct cpi_sink *sink, double value);
/* "12.34%"; tiny shares keep two digits. */
void cpi_flame_percent(struct cpi_sink *sink, double part, double whole);
void cpi_flame_unit(struct cpi_flame *flame, const struct cp_profile *p, uint32_t type);
/* Do this profile's values add up with the first one's? */
enum cp_code cpi_flame_same_unit(const struct cpi_flame *flame,
	const struct cp_profile *p, uint32_t type, struct cp_error *err);

/* Chooses the nodes that ride along: flame->ride, flame->left_out. */
enum cp_code cpi_flame_choose(struct cpi_flame *flame, struct cp_error *err);
/* Appends the data block that the script reads; see flame/data.c. */
enum cp_code cpi_flame_data(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err);

enum cp_code cpi_flame_svg(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err);
enum cp_code cpi_flame_html(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err);
enum cp_code cpi_flame_frames(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err);

/* Starts collecting; the tree gets what tells of samples. */
enum cp_code cpi_lanes_init(struct cpi_flame *flame, struct cpi_tree_options *options,
	struct cp_error *err);
/* Once all samples are there, and while the tree still has its rows. */
enum cp_code cpi_lanes_close(struct cpi_flame *flame, struct cp_error *err);
enum cp_code cpi_lanes_svg(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err);
enum cp_code cpi_lanes_frames(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err);
void cpi_lanes_release(struct cpi_flame *flame);

/* Options are complete (their size was checked). */
enum cp_code cpi_flame_init(struct cpi_flame *flame, struct cpi_env *env,
	const struct cp_flame_options *options, struct cp_error *err);
enum cp_code cpi_flame_add(struct cpi_flame *flame, const struct cp_profile *profile,
	enum cp_flame_side side, struct cp_error *err);
void cpi_flame_scale(struct cpi_flame *flame, enum cp_flame_scale scale, double factor,
	const char *note);
enum cp_code cpi_flame_write(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err);
/* The data block alone, with at most so many frames (0: all); may be repeated. */
enum cp_code cpi_flame_write_data(struct cpi_flame *flame, uint32_t most,
	struct cpi_sink *sink, struct cp_error *err);
void cpi_flame_release(struct cpi_flame *flame);

/* Files embedded at build time, see view/flame/assets/embed.py. */
struct cpi_asset {
	const char *bytes;
	size_t n;
	const char *hash; /* "sha256-…" of the bytes, for a content security policy */
};
extern const struct cpi_asset cpi_asset_script, cpi_asset_page, cpi_asset_style,
	cpi_asset_picture;

#endif
