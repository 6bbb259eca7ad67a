/* SPDX-License-Identifier: Apache-2.0 */
/* A flame graph as a picture. */
#include "view/flame/flame.h"

/* Tall pictures show this much of the frames, from the root on; pages show all. */
enum { MOST_HEIGHT = 960, SIDE = 10 };

struct svg {
	struct cpi_flame *flame;
	struct cpi_sink *sink;
	double width, scale;    /* of the frames, px; px per unit of value */
	double top, height, bottom; /* header, frames, footer */
	double row;
};

static void number(struct svg *s, const char *name, double x, unsigned decimals)
{
	cpi_sink_printf(s->sink, " %s=\"", name);
	cpi_flame_fixed(s->sink, x, decimals);
	cpi_sink_char(s->sink, '"');
}

static void measure(struct svg *s)
{
	const struct cp_flame_options *o = &s->flame->options;
	double frames;

	s->row = o->frame_height;
	s->width = (o->width ? o->width : 1200) - 2 * SIDE;
	s->scale = s->flame->root_width > 0 ? s->width / s->flame->root_width : 0;
	s->top = 3 * o->font_size + (o->subtitle ? 2 * o->font_size : 0) +
		(s->flame->diff ? 2 * o->font_size : 0);
	s->bottom = 2 * o->font_size + 10;
	frames = s->flame->levels * s->row;
	s->height = frames < MOST_HEIGHT ? frames
					 : MOST_HEIGHT - MOST_HEIGHT % o->frame_height;
}

static void open_tag(struct svg *s)
{
	struct cpi_sink *sink = s->sink;
	double height = s->top + s->height + s->bottom, width = s->width + 2 * SIDE;

	cpi_sink_str(sink,
		"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\""
		" xmlns:fg=\"http://github.com/jonhoo/inferno\" version=\"1.1\"");
	number(s, "width", width, 0);
	number(s, "height", height, 0);
	cpi_sink_str(sink, " viewBox=\"0 0 ");
	cpi_flame_fixed(sink, width, 0);
	cpi_sink_char(sink, ' ');
	cpi_flame_fixed(sink, height, 0);
	cpi_sink_str(sink, "\" role=\"img\" aria-labelledby=\"t d\">\n<title id=\"t\">");
	cpi_draw_escape(sink, cpi_text(s->flame->title));
	cpi_sink_str(sink, "</title>\n<desc id=\"d\">");
	cpi_sink_u64(sink, s->flame->tree.n);
	cpi_sink_str(sink, " frames, ");
	cpi_flame_value(s->flame, sink, (double)s->flame->tree.total[0][0]);
	cpi_sink_str(sink,
		" in all. Width is the share of the whole; a frame stands on its "
		"caller.");
	if (s->flame->options.notes) {
		cpi_sink_char(sink, ' ');
		cpi_draw_escape(sink, cpi_text(s->flame->options.notes));
	}
	cpi_sink_str(sink, "</desc>\n");
}

static void background(struct svg *s)
{
	char top[8], bottom[8];

	cpi_flame_background(s->flame, top, bottom);
	if (top[0])
		cpi_sink_printf(s->sink,
			"<defs><linearGradient id=\"bgg\" x2=\"0\" y2=\"1\"><stop "
			"stop-color=\"%s\" "
			"offset=\"5%%\"/><stop stop-color=\"%s\" "
			"offset=\"95%%\"/></linearGradient>"
			"</defs>\n",
			top, bottom);
	cpi_sink_printf(s->sink,
		"<rect id=\"bg\" class=\"%s\" width=\"100%%\" height=\"100%%\" "
		"fill=\"%s\"/>\n",
		top[0] ? "g" : "p", top[0] ? "url(#bgg)" : "#fff");
}

static void style(struct svg *s)
{
	cpi_sink_str(s->sink, "<style>\nsvg{font-family:");
	cpi_draw_escape(s->sink, cpi_text(s->flame->options.font));
	cpi_sink_str(s->sink, ";font-size:");
	cpi_flame_fixed(s->sink, s->flame->options.font_size, 1);
	cpi_sink_str(s->sink, "px}\n");
	cpi_sink_bytes(s->sink, cpi_asset_picture.bytes, cpi_asset_picture.n);
	cpi_sink_bytes(s->sink, cpi_asset_style.bytes, cpi_asset_style.n);
	cpi_sink_str(s->sink, "</style>\n");
}

static void line(struct svg *s, double x, double y, const char *more, const char *text)
{
	cpi_sink_str(s->sink, "<text class=\"u\"");
	number(s, "x", x, 1);
	number(s, "y", y, 1);
	cpi_sink_str(s->sink, more);
	cpi_sink_char(s->sink, '>');
	cpi_draw_escape(s->sink, cpi_text(text));
	cpi_sink_str(s->sink, "</text>\n");
}

/* What the colours of a differential graph mean: five patches and words. */
static void legend(struct svg *s, double y)
{
	static const struct {
		const char *color, *words;
	} rows[] = {
		{"#5b9bea", "less"},
		{"#d6e6fa", ""},
		{"#dadada", "within sampling noise"},
		{"#fbe3c8", ""},
		{"#ee7b1c", "more"},
	};
	bool negate = s->flame->options.negate;
	double size = s->flame->options.font_size, x = SIDE;

	cpi_sink_str(s->sink, "<g id=\"legend\">\n");
	for (unsigned i = 0; i < 5; i++) {
		cpi_sink_str(s->sink, "<rect");
		number(s, "x", x, 1);
		number(s, "y", y - size, 1);
		cpi_sink_printf(s->sink, " width=\"14\" height=\"14\" fill=\"%s\"/>",
			rows[negate ? 4 - i : i].color);
		x += 18;
		if (*rows[i].words) {
			line(s, x, y, "", rows[i].words);
			x += (double)cpi_draw_advance(cpi_text(rows[i].words)) / 100 *
					size +
				12;
		}
	}
	line(s, x, y, "", "▲▼ its own cost changed");
	x += (double)cpi_draw_advance(CPI_TEXT("▲▼ its own cost changed")) / 100 *
			size +
		20;
	line(s, x, y, "", s->flame->scale_note);
	cpi_sink_str(s->sink, "</g>\n");
}

static void header(struct svg *s)
{
	const struct cp_flame_options *o = &s->flame->options;
	double y = 2 * o->font_size, middle = s->width / 2 + SIDE;

	cpi_sink_str(s->sink, "<g id=\"head\">\n");
	line(s, middle, y, " text-anchor=\"middle\" font-size=\"1.4em\"",
		s->flame->title);
	if (o->subtitle) {
		y += 2 * o->font_size;
		line(s, middle, y, " text-anchor=\"middle\"", o->subtitle);
	}
	if (s->flame->diff)
		legend(s, y + 1.8 * o->font_size);
	cpi_sink_str(s->sink, "</g>\n");
}

static void footer(struct svg *s)
{
	const struct cpi_flame *flame = s->flame;
	uint32_t shown = (uint32_t)(s->height / s->row);
	struct cpi_sink text;

	cpi_sink_memory(&text, &flame->env->mem);
	if (flame->note[0])
		cpi_sink_printf(&text, "%s. ", flame->note);
	if (flame->deepest >= shown)
		cpi_sink_printf(&text, "%u more levels: open this file in a browser. ",
			flame->deepest + 1 - shown);
	if (flame->hidden)
		cpi_sink_printf(&text,
			"%llu frames are too small to draw here; zooming and "
			"searching finds them.",
			(unsigned long long)flame->hidden);
	cpi_sink_char(&text, 0);
	cpi_sink_fail(s->sink, &text);
	line(s, SIDE, s->top + s->height + 1.5 * flame->options.font_size, " id=\"note\"",
		text.buf ? (const char *)text.buf : "");
	cpi_sink_release(&text);
}

static void title(struct svg *s, uint32_t node)
{
	const struct cpi_flame *flame = s->flame;
	const struct cpi_tree *tree = &flame->tree;
	double after = (double)tree->total[0][node];

	cpi_sink_str(s->sink, "<title>");
	if (node)
		cpi_draw_escape(s->sink, cpi_flame_shown(cpi_tree_name(tree, node)));
	else
		cpi_sink_str(s->sink, "all");
	cpi_sink_str(s->sink, " (");
	cpi_flame_value(flame, s->sink, after);
	cpi_sink_str(s->sink, ", ");
	cpi_flame_percent(s->sink, after, (double)tree->total[0][0]);
	if (flame->diff) {
		double before = (double)tree->total[1][node];
		double change = after - before * flame->before_factor;

		cpi_sink_str(s->sink, "; before ");
		cpi_flame_value(flame, s->sink, before);
		cpi_sink_str(s->sink, change < 0 ? ", " : ", +");
		cpi_flame_value(flame, s->sink, change);
	}
	cpi_sink_str(s->sink, ")</title>");
}

/* Outlines would fill narrow boxes. */
static const char *classes(const struct cpi_flame *flame, uint32_t node, double width)
{
	static const char *const by_flags[] = {"", " class=\"k\"", " class=\"i\"",
		" class=\"k i\"", " class=\"j\"", " class=\"k j\"", " class=\"i j\"",
		" class=\"k i j\""};
	const struct cpi_tree *tree = &flame->tree;

	if (width < 4)
		return "";
	if (flame->diff && !tree->total[0][node])
		return " class=\"gone\"";
	if (flame->diff && !tree->total[1][node])
		return " class=\"new\"";
	return by_flags[tree->frame.v[tree->of[node]].flags & 7];
}

/*
 * A triangle in the right corner of a frame whose own cost changed; true if there is
 * one.
 */
static bool self_mark(struct svg *s, uint32_t node, double right, double y, double width)
{
	const struct cpi_tree *tree = &s->flame->tree;
	double change = width < 14 || !s->flame->diff ? 0
		: cpi_flame_change(s->flame, tree->self[0][node], tree->self[1][node]);
	double base = y + (change > 0 ? s->row - 4 : 3);
	double point[3][2] = {{right - 10, base}, {right - 3, base},
		{right - 6.5, change > 0 ? base - 6 : base + 6}};

	if (!(change > 0) && !(change < 0))
		return false;
	cpi_sink_str(s->sink, "<path d=\"");
	for (unsigned i = 0; i < 3; i++) {
		cpi_sink_char(s->sink, i ? 'L' : 'M');
		cpi_flame_fixed(s->sink, point[i][0], 1);
		cpi_sink_char(s->sink, ' ');
		cpi_flame_fixed(s->sink, point[i][1], 1);
	}
	cpi_sink_str(s->sink, "Z\"/>");
	return true;
}

static void label(
	struct svg *s, uint32_t node, double x, double y, double width, bool dark)
{
	const struct cp_flame_options *o = &s->flame->options;
	struct cp_text name =
		node ? cpi_tree_name(&s->flame->tree, node) : CPI_TEXT("all");
	struct cpi_sink text;

	if (width < 2.5 * o->font_size)
		return;
	cpi_sink_memory(&text, &s->flame->env->mem);
	if (cpi_flame_label(&text, name, width - 6, o->font_size) && !text.code) {
		cpi_sink_str(s->sink, dark ? "<text class=\"w\"" : "<text");
		number(s, "x", x + 3, 1);
		number(s, "y", y + s->row - (s->row - 0.75 * o->font_size) / 2 - 0.5, 1);
		cpi_sink_char(s->sink, '>');
		cpi_sink_bytes(s->sink, text.buf, text.n);
		cpi_sink_str(s->sink, "</text>");
	}
	cpi_sink_fail(s->sink, &text);
	cpi_sink_release(&text);
}

static void frame(struct svg *s, uint32_t node, double start)
{
	struct cpi_flame *flame = s->flame;
	const struct cpi_tree *tree = &flame->tree;
	double x = start * s->scale, width = cpi_flame_width(flame, node) * s->scale;
	double y = tree->depth[node] * s->row;
	uint32_t color = flame->diff ? cpi_flame_diff_color(flame, node)
				     : flame->color[tree->of[node]];

	if (!flame->options.inverted)
		y = s->height - s->row - y;
	cpi_sink_str(s->sink, "<g>");
	title(s, node);
	cpi_sink_str(s->sink, "<rect");
	number(s, "x", x, 2);
	number(s, "y", y, 1);
	number(s, "width", width > 1.5 ? width - 0.5 : width, 2);
	number(s, "height", s->row - 1, 0);
	cpi_sink_printf(s->sink, "%s fill=\"rgb(%u,%u,%u)\"", classes(flame, node, width),
		color >> 16,
		color >> 8 & 255, color & 255);
	number(s, "fg:x", start, 0);
	number(s, "fg:w", cpi_flame_width(flame, node), 0);
	cpi_sink_str(s->sink, "/>");
	label(s, node, x, y, self_mark(s, node, x + width, y, width) ? width - 10 : width,
		cpi_flame_is_dark(color));
	cpi_sink_str(s->sink, "</g>\n");
}

static void frames(struct svg *s)
{
	cpi_sink_str(s->sink, "<svg id=\"frames\"");
	number(s, "x", SIDE, 0);
	number(s, "y", s->top, 1);
	number(s, "width", s->width, 0);
	number(s, "height", s->height, 1);
	cpi_sink_printf(s->sink, " total_samples=\"%lld\">\n",
		(long long)s->flame->tree.total[0][0]);
	for (size_t i = 0; i < s->flame->drawn.n; i++)
		frame(s, s->flame->drawn.v[i], s->flame->x.v[i]);
	cpi_sink_str(s->sink, "</svg>\n");
}

enum cp_code cpi_flame_svg(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err)
{
	struct svg s = {.flame = flame, .sink = sink};
	enum cp_code code;

	measure(&s);
	open_tag(&s);
	style(&s);
	background(&s);
	header(&s);
	frames(&s);
	footer(&s);
	cpi_sink_str(sink, "<metadata id=\"cp-flame\">");
	code = cpi_flame_data(flame, sink, err);
	cpi_sink_str(sink, "</metadata>\n<script><![CDATA[\n");
	cpi_sink_bytes(sink, cpi_asset_script.bytes, cpi_asset_script.n);
	cpi_sink_str(sink, "]]></script>\n</svg>\n");
	return code;
}
