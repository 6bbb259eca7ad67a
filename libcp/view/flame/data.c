/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole tree as text that stands in an SVG or an HTML file and that assets/flame.js
 * decodes. Lines:
 *
 *	1	JSON: what the script must know
 *	2	nodes, depth first: entry, 2·self + leaf, [self before,] [levels up − 1]
 *	3	entries, most used first: name line, flags + 8 with a module
 *		+ 16 with a file + 32 with lines, [module] [file, line]
 *		[first, last − first line], colour
 *	4…	names sorted by bytes: characters shared with the line above, the rest
 *	…	modules and files, in the same way
 *
 * Numbers are base 32, least digit first, a 6th bit says that more follow; digits are the
 * 64 letters of base64url. Selfs are divided by their greatest common divisor. A node
 * costs 3 to 5 bytes: most entries have one or two digits, inner nodes have no self and
 * only leaves say how many levels go up. No < > & occurs, whatever the names hold.
 */
#include "view/flame/flame.h"

#include <stdio.h>

#include "base/radix.h"

struct data {
	struct cpi_flame *flame;
	const struct cpi_tree *tree;
	struct cpi_mem *mem;
	struct cpi_sink *sink;
	const uint8_t *keep; /* by node */
	int64_t *self[2]; /* by node: with the selfs of nodes left out below it */
	int64_t gcd[2];
	uint32_t *entry;    /* by frame: its place in line 3 */
	uint32_t *frames;   /* frames in the order of line 3 */
	uint32_t n_entries;
	uint32_t *line[2];  /* by text: its line among names, among modules and files */
	uint32_t n_lines[2];
	uint32_t *by_rank;  /* texts sorted by bytes */
	uint8_t *used;      /* by text: 1 a name, 2 a module or file */
	uint64_t *count;    /* by frame: nodes */
};

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put(struct data *d, uint64_t x)
{
	do {
		cpi_sink_char(d->sink, digits[(x & 31) | (x > 31 ? 32 : 0)]);
		x >>= 5;
	} while (x);
}

static int64_t common_divisor(int64_t a, int64_t b)
{
	while (b) {
		int64_t t = a % b;

		a = b;
		b = t;
	}
	return a;
}

/* Moves what was left out to the nearest ancestor that stays; counts entries. */
static void collect(struct data *d)
{
	const struct cpi_tree *tree = d->tree;

	for (unsigned c = 0; c < tree->columns; c++) {
		memcpy(d->self[c], tree->self[c], tree->n * sizeof *d->self[c]);
		for (uint32_t i = tree->n - 1; i; i--)
			if (!d->keep[i])
				d->self[c][tree->parent[i]] += d->self[c][i];
		for (uint32_t i = 0; i < tree->n; i++)
			if (d->keep[i])
				d->gcd[c] = common_divisor(d->gcd[c], d->self[c][i]);
		d->gcd[c] = d->gcd[c] ? d->gcd[c] : 1;
	}
	for (uint32_t i = 0; i < tree->n; i++)
		if (d->keep[i])
			d->count[tree->of[i]]++;
}

/* Orders the frames in use by number of nodes, then name, and numbers their texts. */
static bool order_entries(struct data *d)
{
	const struct cpi_tree *tree = d->tree;

	for (uint32_t i = 0; i < tree->text.n; i++)
		d->by_rank[tree->rank[i]] = i;
	for (uint32_t i = 0; i < tree->frame.n; i++)
		if (d->count[i]) {
			const struct cpi_tree_frame *frame = &tree->frame.v[i];

			d->frames[d->n_entries++] = i;
			d->used[frame->name] |= 1;
			d->used[frame->module] |= frame->module ? 2 : 0;
			d->used[frame->file] |= frame->file ? 2 : 0;
		}
	for (uint32_t i = 0; i < tree->frame.n; i++)
		d->count[i] = ~d->count[i];
	/* Frames are numbered by first use, so a stable sort is all it takes. */
	if (!cpi_radix_sort(d->mem, d->frames, d->n_entries, d->count))
		return false;
	for (uint32_t i = 0; i < d->n_entries; i++)
		d->entry[d->frames[i]] = i;
	return true;
}

static void put_node(struct data *d, uint32_t node, uint32_t next_depth, bool leaf)
{
	const struct cpi_tree *tree = d->tree;

	put(d, d->entry[tree->of[node]]);
	put(d, (uint64_t)(d->self[0][node] / d->gcd[0]) << 1 | leaf);
	if (tree->columns > 1)
		put(d, (uint64_t)(d->self[1][node] / d->gcd[1]));
	if (leaf)
		put(d, tree->depth[node] - next_depth);
}

static void put_nodes(struct data *d)
{
	const struct cpi_tree *tree = d->tree;
	uint32_t node = 0;

	for (uint32_t i = 1; i <= tree->n; i++) {
		if (i < tree->n && !d->keep[i])
			continue;
		/* After the last node nothing follows: as if a second root did. */
		uint32_t next_depth = i < tree->n ? tree->depth[i] : 0;

		put_node(d, node, next_depth, next_depth <= tree->depth[node]);
		node = i;
	}
	cpi_sink_char(d->sink, '\n');
}

static void put_entries(struct data *d)
{
	for (uint32_t i = 0; i < d->n_entries; i++) {
		const struct cpi_tree_frame *f = &d->tree->frame.v[d->frames[i]];
		uint32_t color = d->flame->color[d->frames[i]];
		bool lines = f->file && f->first_line;

		put(d, d->line[0][f->name]);
		put(d, (f->flags & 7) | (f->module ? 8 : 0) | (f->file ? 16 : 0) |
			(lines ? 32 : 0));
		if (f->module)
			put(d, d->line[1][f->module]);
		if (f->file) {
			put(d, d->line[1][f->file]);
			put(d, f->line);
		}
		if (lines) {
			put(d, f->first_line);
			put(d, f->last_line - f->first_line);
		}
		for (unsigned shift = 0; shift < 24; shift += 6)
			cpi_sink_char(d->sink, digits[color >> shift & 63]);
	}
	cpi_sink_char(d->sink, '\n');
}

/*
 * Bytes that two texts share, up to a character's boundary; UTF-16 units in
 * *ret_units.
 */
static size_t shared(struct cp_text a, struct cp_text b, uint32_t *ret_units)
{
	size_t n = 0;
	uint32_t rune;

	*ret_units = 0;
	while (n < a.n && n < b.n) {
		unsigned len = cpi_utf8_decode(a.p + n, a.n - n, &rune);

		if (len > b.n - n || memcmp(a.p + n, b.p + n, len))
			break;
		n += len;
		*ret_units += rune > 0xffff ? 2 : 1;
	}
	return n;
}

/* The texts used as `kind`, each without what it shares with the one before. */
static bool put_texts(struct data *d, unsigned kind)
{
	struct cpi_sink last, now;
	uint32_t units;
	bool ok;

	cpi_sink_memory(&last, d->mem);
	cpi_sink_memory(&now, d->mem);
	for (uint32_t r = 0; r < d->tree->text.n; r++) {
		struct cp_text text = d->tree->text.v[d->by_rank[r]];
		struct cpi_sink t = last;
		size_t same;

		if (!(d->used[d->by_rank[r]] & kind))
			continue;
		last = now;
		now = t;
		now.n = 0;
		cpi_flame_plain(&now, text);
		same = shared((struct cp_text){(char *)last.buf, last.n},
			(struct cp_text){(char *)now.buf, now.n}, &units);
		put(d, units);
		cpi_sink_bytes(d->sink, now.buf + same, now.n - same);
		cpi_sink_char(d->sink, '\n');
	}
	ok = !last.code && !now.code;
	cpi_sink_release(&last);
	cpi_sink_release(&now);
	return ok;
}

static void number_lines(struct data *d, unsigned kind)
{
	for (uint32_t r = 0; r < d->tree->text.n; r++)
		if (d->used[d->by_rank[r]] & kind)
			d->line[kind - 1][d->by_rank[r]] = d->n_lines[kind - 1]++;
}

static void put_number(struct cpi_sink *sink, double x)
{
	char text[40];

	snprintf(text, sizeof text, "%.17g", x);
	for (char *p = text; *p; p++)
		if (!strchr("0123456789+-e", *p)) /* the locale's decimal point */
			*p = '.';
	cpi_sink_str(sink, text);
}

static void member(struct cpi_sink *sink, const char *name, double x)
{
	cpi_sink_printf(sink, ",\"%s\":", name);
	put_number(sink, x);
}

static void text_member(struct cpi_sink *sink, const char *name, const char *text)
{
	cpi_sink_printf(sink, ",\"%s\":\"", name);
	cpi_flame_json(sink, cpi_text(text ? text : ""));
	cpi_sink_char(sink, '"');
}

static void put_config(struct data *d)
{
	const struct cpi_flame *flame = d->flame;
	const struct cp_flame_options *o = &flame->options;
	struct cpi_sink *sink = d->sink;
	char top[8], bottom[8];

	cpi_flame_background(flame, top, bottom);
	cpi_sink_str(sink, "{\"version\":1");
	text_member(sink, "title", flame->title);
	text_member(sink, "subtitle", o->subtitle);
	text_member(sink, "nametype", o->name_type);
	text_member(sink, "unit", flame->unit.name);
	member(sink, "kind", flame->unit.kind);
	member(sink, "scale", flame->unit.scale * o->factor);
	member(sink, "nodes", d->tree->n - d->flame->left_out);
	member(sink, "leftOut", d->flame->left_out);
	member(sink, "part", flame->most && (flame->left_out || d->tree->pruned));
	member(sink, "entries", d->n_entries);
	member(sink, "names", d->n_lines[0]);
	member(sink, "texts", d->n_lines[1]);
	member(sink, "width", flame->root_width);
	member(sink, "gcd", (double)d->gcd[0]);
	if (flame->diff) {
		member(sink, "diff", 1);
		member(sink, "gcdBefore", (double)d->gcd[1]);
		member(sink, "before", flame->before_factor);
		member(sink, "weight", flame->weight[0]);
		member(sink, "weightBefore", flame->weight[1]);
		member(sink, "negate", o->negate);
		text_member(sink, "scaled", flame->scale_note);
	}
	member(sink, "inverted", o->inverted);
	member(sink, "chart", o->chart);
	member(sink, "timed", flame->timed);
	member(sink, "row", o->frame_height);
	member(sink, "fixed", o->width);
	text_member(sink, "font", o->font);
	member(sink, "fontSize", o->font_size);
	text_member(sink, "top", top);
	text_member(sink, "bottom", bottom);
	text_member(sink, "note", flame->note);
	cpi_sink_str(sink, "}\n");
}

static bool make(struct data *d)
{
	const struct cpi_tree *tree = d->tree;

	for (unsigned c = 0; c < tree->columns; c++)
		if (!(d->self[c] = cpi_alloc_array(d->mem, tree->n, sizeof *d->self[c])))
			return false;
	d->entry = cpi_alloc_array(d->mem, tree->frame.n, sizeof *d->entry);
	d->frames = cpi_alloc_array(d->mem, tree->frame.n, sizeof *d->frames);
	d->count = cpi_alloc_zero(d->mem, tree->frame.n * sizeof *d->count);
	d->line[0] = cpi_alloc_zero(d->mem, tree->text.n * sizeof **d->line);
	d->line[1] = cpi_alloc_zero(d->mem, tree->text.n * sizeof **d->line);
	d->by_rank = cpi_alloc_array(d->mem, tree->text.n, sizeof *d->by_rank);
	d->used = cpi_alloc_zero(d->mem, tree->text.n);
	if (!d->entry || !d->frames || !d->count || !d->line[0] ||
		!d->line[1] || !d->by_rank || !d->used)
		return false;
	collect(d);
	if (!order_entries(d))
		return false;
	number_lines(d, 1);
	number_lines(d, 2);
	put_config(d);
	put_nodes(d);
	put_entries(d);
	return put_texts(d, 1) && put_texts(d, 2);
}

/* Bytes that the names of the nodes that ride take, each without what it shares. */
static size_t names_size(
	const struct cpi_flame *flame, const uint32_t *by_rank, uint8_t *used)
{
	const struct cpi_tree *tree = &flame->tree;
	struct cp_text last = {"", 0};
	size_t size = 0;
	uint32_t units;

	memset(used, 0, tree->text.n);
	for (uint32_t i = 0; i < tree->n; i++)
		if (flame->ride[i])
			used[tree->frame.v[tree->of[i]].name] = 1;
	for (uint32_t r = 0; r < tree->text.n; r++)
		if (used[by_rank[r]]) {
			struct cp_text text = tree->text.v[by_rank[r]];

			size += text.n - shared(last, text, &units) + 2;
			last = text;
		}
	return size;
}

/*
 * Names are of any length, so what they come to is only known once nodes are chosen: half
 * as many are, until it fits.
 */
enum cp_code cpi_flame_choose(struct cpi_flame *flame, struct cp_error *err)
{
	const struct cpi_tree *tree = &flame->tree;
	struct cpi_mem *mem = &flame->env->mem;
	uint32_t *by_rank = cpi_alloc_array(mem, tree->text.n, sizeof *by_rank);
	uint8_t *used = cpi_alloc(mem, tree->text.n);
	size_t most = flame->most ? flame->most : CPI_FLAME_EMBEDDED;
	size_t names = flame->most ? most * CPI_FLAME_NAME : CPI_FLAME_NAMES;
	size_t least = flame->most ? 64 : 2000;
	bool ok;

	flame->ride = cpi_alloc(mem, tree->n);
	ok = by_rank && used && flame->ride;
	for (uint32_t i = 0; ok && i < tree->text.n; i++)
		by_rank[tree->rank[i]] = i;
	for (; ok; most /= 2) {
		memset(flame->ride, 0, tree->n);
		ok = cpi_flame_widest(flame, most, 0, flame->ride, &flame->left_out);
		if (!ok || tree->bytes.bytes < names || most < least ||
			names_size(flame, by_rank, used) <= names)
			break;
		most = most < tree->n ? most : tree->n;
	}
	cpi_free(mem, by_rank, tree->text.n * sizeof *by_rank);
	cpi_free(mem, used, tree->text.n);
	return ok ? CP_OK : cpi_error_memory(err);
}

enum cp_code cpi_flame_data(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err)
{
	struct data d = {.flame = flame, .tree = &flame->tree, .mem = &flame->env->mem,
		.sink = sink, .keep = flame->ride};
	const struct cpi_tree *tree = d.tree;
	bool ok = make(&d);

	cpi_free(d.mem, d.self[0], tree->n * sizeof *d.self[0]);
	cpi_free(d.mem, d.self[1], tree->n * sizeof *d.self[1]);
	cpi_free(d.mem, d.entry, tree->frame.n * sizeof *d.entry);
	cpi_free(d.mem, d.frames, tree->frame.n * sizeof *d.frames);
	cpi_free(d.mem, d.count, tree->frame.n * sizeof *d.count);
	cpi_free(d.mem, d.line[0], tree->text.n * sizeof **d.line);
	cpi_free(d.mem, d.line[1], tree->text.n * sizeof **d.line);
	cpi_free(d.mem, d.by_rank, tree->text.n * sizeof *d.by_rank);
	cpi_free(d.mem, d.used, tree->text.n);
	return ok ? CP_OK : cpi_error_memory(err);
}
