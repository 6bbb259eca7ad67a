/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draws flame charts: a lane has a strip that tells what its thread did, by pattern as
 * well as by colour, and below it the stacks, the root first.
 */
#include "view/flame/lanes.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	NAMES = 170, /* px, left of the lanes */
	SIDE = 10,
	STRIP = 9,
	GAP = 9, /* below a lane */
	TICKS = 10,
	LANES = 60,    /* drawn, at most */
	LEVELS = 24,   /* of each */
	FRAMES = 20000 /* in all */
};

static const struct {
	const char *words, *paint;
} kinds[LANE_KINDS] = {
	[LANE_RUNS] = {"runs", "#2e8b3d"},
	[LANE_BLOCKED] = {"blocked (S, D)", "url(#blocked)"},
	[LANE_READY] = {"waits for a CPU (R)", "url(#ready)"},
	[LANE_UNKNOWN] = {"unknown", "url(#unknown)"},
};

struct chart {
	struct cpi_lanes *lanes;
	struct cpi_sink *sink;
	double width, scale; /* px; px per nanosecond */
	double row, y;       /* height of a frame; where the next lane begins */
	double least;        /* px */
	CPI_VEC(struct lane_frame) frame; /* of the lane at hand */
	size_t drawn;
	uint64_t hidden;
	uint32_t levels;
};

/* ---- the parts of a picture ---- */

static void number(struct chart *c, const char *name, double x)
{
	cpi_sink_printf(c->sink, " %s=\"", name);
	cpi_flame_fixed(c->sink, x, 2);
	cpi_sink_char(c->sink, '"');
}

static double place(const struct chart *c, int64_t time)
{
	return SIDE + NAMES + (double)(time - c->lanes->from) * c->scale;
}

static void rect(struct chart *c, double x, double y, double width, double height)
{
	cpi_sink_str(c->sink, "<rect");
	number(c, "x", x);
	number(c, "y", y);
	number(c, "width", width);
	number(c, "height", height);
}

static void text(struct chart *c, double x, double y, const char *more, struct cp_text is)
{
	cpi_sink_str(c->sink, "<text");
	number(c, "x", x);
	number(c, "y", y);
	cpi_sink_str(c->sink, more);
	cpi_sink_char(c->sink, '>');
	cpi_draw_escape(c->sink, is);
	cpi_sink_str(c->sink, "</text>\n");
}

static void duration(struct chart *c, int64_t ns)
{
	struct cpi_flame in_ns = {.unit = {.kind = CPI_FLAME_TIME, .scale = 1e-9}};

	in_ns.options.factor = 1;
	cpi_flame_value(&in_ns, c->sink, (double)ns);
}

/* "12.3 ms from 0.123456 s on" */
static void span_words(struct chart *c, int64_t from, int64_t to)
{
	duration(c, to - from);
	cpi_sink_str(c->sink, " from ");
	cpi_flame_fixed(c->sink, (double)(from - c->lanes->from) / 1e9, 6);
	cpi_sink_str(c->sink, " s on");
}

/* ---- strips ---- */

struct strip {
	int64_t from, to;
	int64_t time[LANE_KINDS];
};

static void draw_strip(struct chart *c, const struct strip *s, double y)
{
	double x = place(c, s->from), width = (double)(s->to - s->from) * c->scale;
	unsigned most = 0;

	for (unsigned k = 1; k < LANE_KINDS; k++)
		if (s->time[k] > s->time[most])
			most = k;
	if (s->to <= s->from)
		return;
	rect(c, x, y, width < 0.3 ? 0.3 : width, STRIP);
	cpi_sink_printf(c->sink, " fill=\"%s\"><title>%s, ", kinds[most].paint,
		kinds[most].words);
	span_words(c, s->from, s->to);
	cpi_sink_str(c->sink, "</title></rect>\n");
}

/* Spans too short to be seen are brought together, and shown as what most of them are. */
static void add_span(struct chart *c, struct strip *s, enum lane_kind kind, int64_t from,
	int64_t to, double y)
{
	bool alone = (double)(to - from) * c->scale >= 1;

	if (to <= from)
		return;
	if (s->to > s->from &&
		(alone || from != s->to || (double)(s->to - s->from) * c->scale >= 1)) {
		draw_strip(c, s, y);
		*s = (struct strip){.from = from};
	}
	if (s->to <= s->from)
		*s = (struct strip){.from = from};
	s->to = to;
	s->time[kind] += to - from;
}

static void strips(struct chart *c, const struct lane *lane, double y)
{
	struct strip s = {0};
	int64_t end = 0;

	for (size_t i = lane->first; i < lane->first + lane->n; i++) {
		const struct lane_box *box = &c->lanes->box.v[i];

		if (i > lane->first && lane->waits)
			add_span(c, &s, LANE_RUNS, end, box->from, y);
		add_span(c, &s, (enum lane_kind)box->kind, box->from, box->to, y);
		end = box->to;
	}
	draw_strip(c, &s, y);
}

/* ---- frames ---- */

static bool keep_frame(void *arg, const struct lane_frame *frame)
{
	struct chart *c = arg;

	if (!frame->depth)
		return true;
	if (frame->depth > LEVELS || c->drawn >= FRAMES ||
		(double)(frame->to - frame->from) * c->scale < c->least) {
		c->hidden++;
		return true;
	}
	c->drawn++;
	if (frame->depth > c->levels)
		c->levels = frame->depth;
	return cpi_vec_push(&c->lanes->flame->env->mem, &c->frame, *frame);
}

static struct cp_text frame_name(const struct chart *c, uint32_t frame)
{
	const struct cpi_tree *tree = &c->lanes->flame->tree;

	return tree->text.v[tree->frame.v[frame].name];
}

static void label(struct chart *c, const struct lane_frame *f, double x, double y,
	double width, bool dark)
{
	const struct cp_flame_options *o = &c->lanes->flame->options;
	struct cpi_sink name;

	if (width < 2.5 * o->font_size)
		return;
	cpi_sink_memory(&name, &c->lanes->flame->env->mem);
	if (cpi_flame_label(&name, frame_name(c, f->frame), width - 6, o->font_size) &&
		!name.code) {
		cpi_sink_str(c->sink, dark ? "<text class=\"w\"" : "<text class=\"f\"");
		number(c, "x", x + 3);
		number(c, "y", y + c->row - 0.3 * o->font_size);
		cpi_sink_char(c->sink, '>');
		cpi_sink_bytes(c->sink, name.buf, name.n);
		cpi_sink_str(c->sink, "</text>");
	}
	cpi_sink_fail(c->sink, &name);
	cpi_sink_release(&name);
}

static void draw_frame(struct chart *c, const struct lane_frame *f, double top)
{
	double x = place(c, f->from), width = (double)(f->to - f->from) * c->scale;
	double y = top + (f->depth - 1) * c->row;
	uint32_t color = c->lanes->flame->color[f->frame];
	bool waits = f->ran < (f->to - f->from) / 2;

	cpi_sink_str(c->sink, "<g><title>");
	cpi_draw_escape(c->sink, cpi_flame_shown(frame_name(c, f->frame)));
	cpi_sink_str(c->sink, waits ? " (waits: " : " (");
	span_words(c, f->from, f->to);
	cpi_sink_str(c->sink, ")</title>");
	rect(c, x, y, width > 1.5 ? width - 0.5 : width, c->row - 1);
	cpi_sink_printf(c->sink, "%s fill=\"#%06x\"/>",
		waits && width >= 4 ? " class=\"off\""
		: waits             ? " class=\"thin\""
				    : "",
		color);
	label(c, f, x, y, width, !waits && cpi_flame_is_dark(color));
	cpi_sink_str(c->sink, "</g>\n");
}

/* ---- lanes ---- */

static void lane_name(struct chart *c, const struct lane *lane, double y)
{
	const struct cp_flame_options *o = &c->lanes->flame->options;
	char thread[32];
	struct cp_text name = frame_name(c, lane->name);
	struct cpi_sink words;

	if (!lane->name) {
		snprintf(thread, sizeof thread, "thread %lld", (long long)lane->tid);
		name = lane->tid < 0 ? CPI_TEXT("all") : cpi_text(thread);
	}
	cpi_sink_memory(&words, &c->lanes->flame->env->mem);
	if (cpi_flame_label(&words, name, NAMES - 10, o->font_size) && !words.code) {
		cpi_sink_str(c->sink, "<text class=\"u\"");
		cpi_sink_printf(c->sink, " x=\"%d\"", SIDE);
		cpi_sink_str(c->sink, " y=\"");
		cpi_flame_fixed(c->sink, y + STRIP, 2);
		cpi_sink_str(c->sink, "\">");
		cpi_sink_bytes(c->sink, words.buf, words.n);
		cpi_sink_str(c->sink, "</text>\n");
	}
	cpi_sink_fail(c->sink, &words);
	cpi_sink_release(&words);
}

static bool draw_lane(struct chart *c, const struct lane *lane)
{
	c->frame.n = 0;
	c->levels = 0;
	if (!cpi_lanes_each(c->lanes, lane, keep_frame, c))
		return false;
	lane_name(c, lane, c->y);
	strips(c, lane, c->y);
	for (size_t i = 0; i < c->frame.n; i++)
		draw_frame(c, &c->frame.v[i], c->y + STRIP + 1);
	c->y += STRIP + 1 + c->levels * c->row + GAP;
	return true;
}

/* ---- around them ---- */

static const char style[] =
	"text.w{fill:#fff}\n"
	"rect.off{fill-opacity:.3;stroke:#1d3f77;stroke-width:.8px;stroke-dasharray:3 "
	"2}\n"
	"rect.thin{fill-opacity:.5}\n"
	".grid{stroke:#000;stroke-opacity:.15}\n"
	"g:hover>rect{stroke:#000;stroke-width:1px;stroke-dasharray:none}\n"
	"@media screen and (prefers-color-scheme:dark){#bg{fill:#1d1f23}"
	".u{fill:#e8e8e8}.grid{stroke:#fff;stroke-opacity:.25}"
	"rect.off+text,rect.thin+text{fill:#fff}rect.off{stroke:#9dbcf0}}\n";

static const char patterns[] =
	"<defs>\n"
	"<pattern id=\"blocked\" width=\"5\" height=\"5\" "
	"patternUnits=\"userSpaceOnUse\">"
	"<rect width=\"5\" height=\"5\" fill=\"#dce7f8\"/>"
	"<path d=\"M-1 1L1 -1M0 5L5 0M4 6L6 4\" stroke=\"#2a5db0\"/></pattern>\n"
	"<pattern id=\"ready\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\">"
	"<rect width=\"4\" height=\"4\" fill=\"#f2a03d\"/>"
	"<path d=\"M1 0V4\" stroke=\"#5a2d00\"/></pattern>\n"
	"<pattern id=\"unknown\" width=\"6\" height=\"6\" "
	"patternUnits=\"userSpaceOnUse\">"
	"<rect width=\"6\" height=\"6\" fill=\"#e4e4e4\"/>"
	"<circle cx=\"3\" cy=\"3\" r=\".8\" fill=\"#777\"/></pattern>\n"
	"</defs>\n";

/* What the strips' patterns mean. */
static void legend(struct chart *c, double y)
{
	double size = c->lanes->flame->options.font_size, x = SIDE + NAMES;

	for (unsigned k = 0; k < LANE_KINDS; k++) {
		struct cp_text words = cpi_text(kinds[k].words);

		if (k && !c->lanes->waits)
			break;
		rect(c, x, y - STRIP, 24, STRIP);
		cpi_sink_printf(c->sink, " fill=\"%s\"/>", kinds[k].paint);
		text(c, x + 30, y, " class=\"u\"", words);
		x += 30 + (double)cpi_draw_advance(words) / 100 * size + 18;
	}
}

/* 1, 2 or 5 times a power of ten seconds, for at most TICKS of them. */
static double tick_step(double span)
{
	static const double steps[] = {1, 2, 5};
	double unit = 1e-9;

	for (unsigned i = 0;; i++) {
		double step = unit * steps[i % 3];

		if (span <= step * TICKS || unit > 1e9)
			return step;
		if (i % 3 == 2)
			unit *= 10;
	}
}

static void axis(struct chart *c, double top, double bottom)
{
	double span = (double)(c->lanes->to - c->lanes->from) / 1e9;
	double step = tick_step(span);
	unsigned decimals = 0;

	for (double unit = 1; step < unit * 0.999 && decimals < 6; unit /= 10)
		decimals++;
	for (unsigned i = 0; i * step <= span * 1.0001; i++) {
		double x = SIDE + NAMES + i * step * 1e9 * c->scale;

		cpi_sink_str(c->sink, "<path class=\"grid\" d=\"M");
		cpi_flame_fixed(c->sink, x, 2);
		cpi_sink_char(c->sink, ' ');
		cpi_flame_fixed(c->sink, top, 1);
		cpi_sink_char(c->sink, 'V');
		cpi_flame_fixed(c->sink, bottom, 1);
		cpi_sink_str(c->sink, "\"/><text class=\"u\" font-size=\".85em\"");
		number(c, "x", x + 2);
		number(c, "y", top + 10);
		cpi_sink_char(c->sink, '>');
		cpi_flame_fixed(c->sink, i * step, decimals);
		cpi_sink_str(c->sink, " s</text>\n");
	}
}

static void head(struct chart *c, double height)
{
	const struct cpi_flame *flame = c->lanes->flame;
	double width = c->width + NAMES + 2 * SIDE;

	cpi_sink_str(c->sink,
		"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\"");
	number(c, "width", width);
	number(c, "height", height);
	cpi_sink_str(c->sink, " viewBox=\"0 0 ");
	cpi_flame_fixed(c->sink, width, 2);
	cpi_sink_char(c->sink, ' ');
	cpi_flame_fixed(c->sink, height, 2);
	cpi_sink_str(
		c->sink, "\" role=\"img\" aria-labelledby=\"t d\">\n<title id=\"t\">");
	cpi_draw_escape(c->sink, cpi_text(flame->title));
	cpi_sink_printf(c->sink,
		"</title>\n<desc id=\"d\">%zu threads on one axis of time; a frame "
		"stands below its caller.",
		c->lanes->lane.n);
	if (flame->options.notes) {
		cpi_sink_char(c->sink, ' ');
		cpi_draw_escape(c->sink, cpi_text(flame->options.notes));
	}
	cpi_sink_str(c->sink, "</desc>\n<style>\nsvg{font-family:");
	cpi_draw_escape(c->sink, cpi_text(flame->options.font));
	cpi_sink_str(c->sink, ";font-size:");
	cpi_flame_fixed(c->sink, flame->options.font_size, 1);
	cpi_sink_printf(c->sink,
		"px}\n%s</style>\n%s<rect id=\"bg\" width=\"100%%\" height=\"100%%\" "
		"fill=\"#fff\"/>\n",
		style, patterns);
}

static void foot(struct chart *c, double y)
{
	char note[800];
	size_t n = c->lanes->shown.n;

	snprintf(note, sizeof note,
		"%s%s%s%llu frames are too narrow or too deep to draw "
		"here; --time=FROM,TO draws a part of the capture.",
		c->lanes->flame->note, c->lanes->flame->note[0] ? ". " : "",
		n > LANES ? "Of the threads those that ran longest are here. " : "",
		(unsigned long long)c->hidden);
	if (c->hidden || n > LANES || c->lanes->flame->note[0])
		text(c, SIDE, y, " class=\"u\" id=\"note\"", cpi_text(note));
}

static bool lanes(struct chart *c)
{
	for (size_t i = 0; i < c->lanes->shown.n && i < LANES; i++)
		if (!draw_lane(c, &c->lanes->lane.v[c->lanes->shown.v[i]]))
			return false;
	return true;
}

static void measure(struct chart *c)
{
	const struct cp_flame_options *o = &c->lanes->flame->options;
	double span = (double)c->lanes->to - (double)c->lanes->from;

	c->width = (o->width ? o->width : 1200) - 2 * SIDE - NAMES;
	if (c->width < 100)
		c->width = 100;
	c->scale = span > 0 ? c->width / span : 0;
	c->row = o->frame_height;
	c->least = o->min_width_percent ? c->width * o->min_width / 100 : o->min_width;
	if (c->least < 0.3)
		c->least = 0.3;
}

enum cp_code cpi_lanes_svg(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err)
{
	const struct cp_flame_options *o = &flame->options;
	struct cpi_sink body;
	struct chart c = {.lanes = flame->lanes, .sink = &body};
	double size = o->font_size, top = 3 * size + (o->subtitle ? 2 * size : 0);
	bool ok;

	/* How tall it is shows when the lanes are there. */
	cpi_sink_memory(&body, &flame->env->mem);
	measure(&c);
	c.y = top + 2 * size + 22;
	ok = lanes(&c);
	c.sink = sink;
	head(&c, c.y + 2 * size + 4);
	text(&c, SIDE + (c.width + NAMES) / 2, 2 * size,
		" class=\"u\" text-anchor=\"middle\" font-size=\"1.4em\"",
		cpi_text(flame->title));
	if (o->subtitle)
		text(&c, SIDE + (c.width + NAMES) / 2, 4 * size,
			" class=\"u\" text-anchor=\"middle\"", cpi_text(o->subtitle));
	legend(&c, top + 1.3 * size);
	axis(&c, top + 1.8 * size, c.y);
	if (!body.code && body.n)
		cpi_sink_bytes(sink, body.buf, body.n);
	foot(&c, c.y + size);
	cpi_sink_str(sink, "</svg>\n");
	cpi_sink_fail(sink, &body);
	cpi_sink_release(&body);
	cpi_vec_release(&flame->env->mem, &c.frame);
	return ok ? CP_OK : cpi_error_memory(err);
}

/* ---- as text ---- */

static void columns(struct chart *c, uint32_t depth, int64_t from, int64_t to)
{
	double span = (double)c->lanes->to - (double)c->lanes->from;

	cpi_sink_u64(c->sink, depth);
	cpi_sink_char(c->sink, '\t');
	cpi_flame_fixed(
		c->sink, span > 0 ? 100 * (double)(from - c->lanes->from) / span : 0, 4);
	cpi_sink_char(c->sink, '\t');
	cpi_flame_fixed(c->sink, span > 0 ? 100 * (double)(to - from) / span : 0, 4);
	cpi_sink_char(c->sink, '\t');
}

static bool text_frame(void *arg, const struct lane_frame *f)
{
	struct chart *c = arg;

	return cpi_vec_push(&c->lanes->flame->env->mem, &c->frame, *f);
}

static int before(const void *x, const void *y)
{
	const struct lane_frame *a = x, *b = y;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	return (a->to > b->to) - (a->to < b->to);
}

static bool text_lane(struct chart *c, const struct lane *lane)
{
	c->frame.n = 0;
	if (!cpi_lanes_each(c->lanes, lane, text_frame, c))
		return false;
	if (c->frame.n)
		qsort(c->frame.v, c->frame.n, sizeof *c->frame.v, before);
	for (size_t i = 0; i < c->frame.n; i++) {
		const struct lane_frame *f = &c->frame.v[i];

		columns(c, f->depth + 1, f->from, f->to);
		cpi_sink_printf(c->sink, "%lld\t", (long long)f->value);
		if (f->frame)
			cpi_text_escape(c->sink, frame_name(c, f->frame));
		else
			cpi_sink_printf(c->sink, "thread %lld", (long long)lane->tid);
		cpi_sink_char(c->sink, '\n');
	}
	return true;
}

enum cp_code cpi_lanes_frames(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err)
{
	struct chart c = {.lanes = flame->lanes, .sink = sink};
	bool ok = true;

	columns(&c, 0, flame->lanes->from, flame->lanes->to);
	cpi_sink_printf(sink, "%lld\tall\n", (long long)flame->tree.total[0][0]);
	for (size_t i = 0; ok && i < flame->lanes->shown.n; i++)
		ok = text_lane(&c, &flame->lanes->lane.v[flame->lanes->shown.v[i]]);
	cpi_vec_release(&flame->env->mem, &c.frame);
	return ok ? CP_OK : cpi_error_memory(err);
}
