/* SPDX-License-Identifier: Apache-2.0 */
/* A flame graph: trees of profiles, their labels and title. */
#include "op/diff/name.h"
#include "view/flame/flame.h"

#include <stdio.h>

#include <cp/filter.h>

static enum cp_code argument(struct cp_error *err, const char *what, const char *value)
{
	char shown[64];

	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET, "\"%s\" is no %s",
		cpi_text_printable(shown, sizeof shown, cpi_text(value)), what);
}

static bool is_color(const char *text)
{
	return strlen(text) == 7 && text[0] == '#' &&
		strspn(text + 1, "0123456789abcdefABCDEF") == 6;
}

/* Characters that could leave the font-family declaration. */
static bool is_font(const char *text)
{
	return !text[strcspn(text, ";{}<>&\\/\"'()@:!")];
}

static bool is_background(const char *text)
{
	static const char *const names[] = {"yellow", "blue", "green", "grey"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i], text))
			return true;
	return is_color(text);
}

static enum cp_code no_palette(struct cp_error *err, const char *wanted)
{
	char list[200] = "", shown[64];
	const char *name;
	size_t n = 0;

	for (size_t i = 0; (name = cpi_flame_palette_at(i)) && n < sizeof list; i++)
		n += (size_t)snprintf(
			list + n, sizeof list - n, "%s%s", i ? ", " : "", name);
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"\"%s\" is no palette: %s",
		cpi_text_printable(shown, sizeof shown, cpi_text(wanted)), list);
}

static enum cp_code check_options(struct cp_flame_options *o, struct cp_error *err)
{
	if (!o->format)
		o->format = "svg";
	if (!o->colors)
		o->colors = "package";
	if (!o->name_type)
		o->name_type = "Function:";
	if (!o->font)
		o->font = "Verdana, DejaVu Sans, sans-serif";
	if (!(o->font_size > 0))
		o->font_size = 12;
	if (o->font_size > 100)
		o->font_size = 100;
	if (!o->frame_height)
		o->frame_height = 16;
	if (!(o->factor > 0))
		o->factor = 1;
	if (!(o->min_width > 0) && !o->min_width_percent)
		o->min_width = 0.1;
	if (!cpi_flame_palette_known(o->colors))
		return no_palette(err, o->colors);
	if (o->background && !is_background(o->background))
		return argument(err,
			"background (yellow, blue, green, grey or #rrggbb)", o->background);
	if (!is_font(o->font))
		return argument(err, "font family", o->font);
	if (o->frame_height > 200 || o->width > 100000 || (o->width && o->width < 100))
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"a width is 100 to 100000 px, a frame's height at most 200 px");
	return CP_OK;
}

static double type_total(const struct cp_profile *p, uint32_t type)
{
	double sum = 0;

	for (size_t i = type; i < p->value.n; i += p->sample_type.n)
		sum += p->value.v[i] > 0 ? (double)p->value.v[i] : 0;
	return sum;
}

/*
 * What one sample weighs in the values drawn: the period if the values are its, 1 for
 * counts, the mean weight where a column beside it counts samples.
 */
static double sample_weight(const struct cp_profile *p, uint32_t type)
{
	const struct cp_value_type *row = &p->sample_type.v[type];
	double counted;

	if (cpi_text_equal(cpi_profile_text(p, row->unit), CPI_TEXT("count")) ||
		(!row->unit.i && type == 0)) {
		double one = 1;

		for (unsigned i = 0; i < row->decimals; i++)
			one *= 10;
		if (p->header.period <= 1 || p->header.period_type.type.i != row->type.i)
			return one;
	}
	for (uint32_t t = 0; t < p->sample_type.n; t++)
		if (t != type && p->sample_type.n == 2 &&
			cpi_text_equal(cpi_profile_text(p, p->sample_type.v[t].unit),
				CPI_TEXT("count")) &&
			(counted = type_total(p, t)) > 0)
			return type_total(p, type) / counted;
	if (p->header.period > 0 && p->header.period_type.unit.i == row->unit.i)
		return (double)p->header.period;
	counted = (double)cpi_profile_n_samples(p);
	return counted > 0 ? type_total(p, type) / counted : 1;
}

static enum cp_code scale(struct cpi_flame *flame, struct cp_error *err)
{
	double a = (double)flame->tree.total[0][0], b = (double)flame->tree.total[1][0];
	const char *how = "not scaled";
	struct cpi_sink note;

	flame->before_factor = 1;
	if (flame->scale == CP_FLAME_SCALE_TIME) {
		if (flame->duration[0] <= 0 || flame->duration[1] <= 0)
			return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"scaling by time needs the durations of both sides");
		flame->before_factor = flame->duration[0] / flame->duration[1];
		how = "to equal durations";
	} else if (flame->scale == CP_FLAME_SCALE_TOTAL) {
		flame->before_factor = a > 0 && b > 0 ? a / b : 1;
		how = "to equal totals";
	} else if (flame->scale == CP_FLAME_SCALE_FACTOR) {
		flame->before_factor = flame->scale_factor > 0 ? flame->scale_factor : 1;
		how = flame->scale_asked[0] ? flame->scale_asked : "as asked";
	}
	cpi_sink_memory(&note, &flame->env->mem);
	cpi_sink_str(&note, "before: ");
	cpi_flame_value(flame, &note, b);
	if (flame->scale != CP_FLAME_SCALE_NONE) {
		cpi_sink_str(&note, " × ");
		cpi_flame_fixed(&note, flame->before_factor, 4);
	}
	cpi_sink_printf(&note, ", %s; after: ", how);
	cpi_flame_value(flame, &note, a);
	cpi_text_printable(flame->scale_note, sizeof flame->scale_note,
		(struct cp_text){(char *)note.buf, note.n});
	cpi_sink_release(&note);
	return note.code ? cpi_error_memory(err) : CP_OK;
}

/* "prog, cpu": the main program, if a mapping tells it, and what is counted. */
static void describe(struct cpi_flame *flame, const struct cp_profile *p, uint32_t type)
{
	struct cp_text path = {"", 0}, name = cpi_profile_text(p, p->sample_type.v[type].type);
	char program[96], what[96];

	if (p->mapping.n > 1)
		path = cpi_text_basename(cpi_profile_text(p, p->mapping.v[1].path));
	if (path.n && *path.p == '[')
		path.n = 0;
	cpi_text_printable(program, sizeof program, path);
	cpi_text_printable(what, sizeof what, name);
	snprintf(flame->about, sizeof flame->about, "%s%s%s", program,
		path.n && name.n ? ", " : "", what);
}

/* A folded file with two counts a line holds both sides. */
static bool both_sides(const struct cp_profile *p)
{
	return p->sample_type.n == 2 &&
		cpi_text_equal(cpi_profile_text(p, p->sample_type.v[0].type),
			CPI_TEXT("before")) &&
		cpi_text_equal(
			cpi_profile_text(p, p->sample_type.v[1].type), CPI_TEXT("after"));
}

/* The first profile decides what is drawn. */
static enum cp_code begin(struct cpi_flame *flame, const struct cp_profile *profile,
	uint32_t type, bool both, struct cp_error *err)
{
	const struct cp_flame_options *o = &flame->options;
	struct cpi_tree_options options = {.root = o->root, .reverse = o->reverse,
		.chart = o->chart, .names = o->granularity, .addresses = o->addresses, .least = o->least};

	flame->started = true;
	describe(flame, profile, type);
	flame->diff = o->diff || both;
	/* Two builds are one program, whatever their compilers call its clones. */
	if (flame->diff && !o->exact)
		options.rename = cpi_diff_name;
	/* A page orders siblings itself; by time it can only if they come that way. */
	flame->timed = !o->chart && !flame->diff && profile->time.n &&
		       !strcmp(o->format, "html");
	cpi_flame_unit(flame, profile, type);
	if (o->chart && profile->time.n && !flame->diff && strcmp(o->format, "html")) {
		enum cp_code code = cpi_lanes_init(flame, &options, err);

		if (code)
			return code;
	}
	return cpi_tree_init(
		&flame->tree, flame->env, &options, flame->diff ? 2 : 1, err);
}

static enum cp_code add_column(struct cpi_flame *flame, const struct cp_profile *profile,
	uint32_t type, unsigned column, struct cp_error *err)
{
	flame->effective[column] +=
		type_total(profile, type) / sample_weight(profile, type);
	flame->duration[column] += (double)profile->header.duration_nanos;
	return cpi_tree_add(&flame->tree, profile, type, column, err);
}

/* The type that this profile and the ones after it show; NULL: the default one. */
static const char *show_type(struct cpi_flame *flame, const struct cp_profile *p)
{
	uint32_t type = cpi_profile_show_type(flame->env, p);

	if (type != cpi_profile_default_type(p)) {
		snprintf(flame->shown, sizeof flame->shown, "%u", type);
		flame->options.sample_type = flame->shown;
	}
	return flame->options.sample_type;
}

/* A chart shows a thread's whole life where that is known. */
static const char *chart_type(struct cpi_flame *flame, const struct cp_profile *p)
{
	for (uint32_t i = 0; p->time.n && i < p->sample_type.n; i++)
		if (cpi_text_equal(cpi_profile_text(p, p->sample_type.v[i].type),
			    CPI_TEXT("wall")))
			return flame->options.sample_type = "wall";
	return show_type(flame, p);
}

enum cp_code cpi_flame_add(struct cpi_flame *flame, const struct cp_profile *profile,
	enum cp_flame_side side, struct cp_error *err)
{
	const char *wanted = flame->options.sample_type;
	bool both = !flame->options.diff && !wanted && both_sides(profile);
	enum cp_code code;
	uint32_t type;

	if (!profile->sample_type.n)
		return cpi_error(
			err, CP_ERROR_EMPTY, CP_NO_OFFSET, "the profile is empty");
	if (!wanted && !flame->started && !flame->options.diff && !both)
		wanted = flame->options.chart ? chart_type(flame, profile)
					      : show_type(flame, profile);
	code = cp_profile_find_sample_type(profile, wanted, &type, err);
	if (!code)
		code = flame->started ? cpi_flame_same_unit(flame, profile, type, err)
				      : begin(flame, profile, type, both, err);
	if (code)
		return code;
	if (both && flame->diff) {
		code = add_column(flame, profile, 1, 0, err);
		return code ? code : add_column(flame, profile, 0, 1, err);
	}
	return add_column(
		flame, profile, type, flame->diff && side == CP_FLAME_BEFORE, err);
}

void cpi_flame_scale(
	struct cpi_flame *flame, enum cp_flame_scale how, double factor, const char *note)
{
	flame->scale = how;
	flame->scale_factor = factor;
	if (note)
		cpi_text_printable(
			flame->scale_asked, sizeof flame->scale_asked, cpi_text(note));
}

static void name_it(struct cpi_flame *flame)
{
	const struct cp_flame_options *o = &flame->options;
	const struct cpi_tree *tree = &flame->tree;
	struct cpi_sink note;
	const char *title = o->title;
	char own[480], file[160];

	if (!title) {
		title = o->chart ? "Flame Chart"
			: flame->diff ? "Differential Flame Graph"
			: o->inverted ? "Icicle Graph" : "Flame Graph";
		cpi_text_printable(
			file, sizeof file, cpi_text(o->file ? o->file : ""));
		snprintf(own, sizeof own, "%s%s%s%s%s%s", title,
			*flame->about ? ": " : "", flame->about, *file ? " (" : "", file,
			*file ? ")" : "");
		title = own;
	}
	cpi_text_printable(flame->title, sizeof flame->title, cpi_text(title));
	flame->note[0] = 0;
	cpi_sink_memory(&note, &flame->env->mem);
	if (tree->negative)
		cpi_sink_printf(&note, "%llu samples with negative values are left out; ",
			(unsigned long long)tree->negative);
	if (tree->cut_names)
		cpi_sink_printf(&note, "%u very long names are cut; ", tree->cut_names);
	if ((uint64_t)tree->total[0][0] >= 1ULL << 53)
		cpi_sink_str(&note, "values above 2^53 are rounded; ");
	if (flame->left_out && !flame->most)
		cpi_sink_printf(&note, "of %u frames the %llu widest are here; ", tree->n,
			(unsigned long long)(tree->n - flame->left_out));
	if (note.n > 2)
		cpi_text_printable(flame->note, sizeof flame->note,
			(struct cp_text){(char *)note.buf, note.n - 2});
	cpi_sink_release(&note);
}

void cpi_flame_release(struct cpi_flame *flame)
{
	struct cpi_mem *mem = &flame->env->mem;

	cpi_free(mem, flame->ride, flame->tree.n);
	cpi_free(mem, flame->width, flame->tree.n * sizeof *flame->width);
	cpi_free(mem, flame->color, flame->tree.frame.n * sizeof *flame->color);
	cpi_lanes_release(flame);
	cpi_vec_release(mem, &flame->drawn);
	cpi_vec_release(mem, &flame->x);
	cpi_tree_release(&flame->tree);
}

typedef enum cp_code output_fn(struct cpi_flame *, struct cpi_sink *, struct cp_error *);

static output_fn *find_output(const char *name)
{
	static const struct {
		const char *name;
		output_fn *fn;
	} rows[] = {
		{"svg", cpi_flame_svg},
		{"html", cpi_flame_html},
		{"frames", cpi_flame_frames},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(rows[i].name, name))
			return rows[i].fn;
	return NULL;
}

enum cp_code cpi_flame_init(struct cpi_flame *flame, struct cpi_env *env,
	const struct cp_flame_options *options, struct cp_error *err)
{
	enum cp_code code;

	memset(flame, 0, sizeof *flame);
	flame->env = env;
	flame->options = *options;
	code = check_options(&flame->options, err);
	if (!code && !find_output(flame->options.format))
		return argument(err, "flame graph format (svg, html, frames)",
			flame->options.format);
	return code;
}

/* From the finished tree to all that the outputs draw from. */
static enum cp_code prepare(struct cpi_flame *flame, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	for (unsigned c = 0; c < flame->tree.columns; c++)
		flame->weight[c] = flame->effective[c] > 0
			? (double)flame->tree.total[c][0] / flame->effective[c] : 1;
	if (flame->diff)
		code = scale(flame, err);
	if (!code)
		code = cpi_flame_layout(flame, err);
	if (!code && strcmp(flame->options.format, "frames"))
		code = cpi_flame_choose(flame, err);
	if (!code)
		code = cpi_flame_split_frames(flame, err);
	if (!code)
		code = cpi_flame_colors(flame, err);
	if (!code)
		name_it(flame);
	return code;
}

/* Everything up to the choice of frames; once. */
static enum cp_code finish(struct cpi_flame *flame, struct cp_error *err)
{
	const struct cp_flame_options *o = &flame->options;
	enum cp_code code = CP_OK;
	enum cpi_tree_order order = o->chart || flame->timed ? CPI_TREE_BY_INPUT
		: o->order == CP_FLAME_BY_VALUE ? CPI_TREE_BY_VALUE : CPI_TREE_BY_NAME;

	if (flame->started && flame->diff && !o->chart && !o->exact)
		code = cpi_tree_align(&flame->tree, true, err);
	if (flame->lanes)
		code = cpi_lanes_close(flame, err);
	if (flame->started && !code)
		code = cpi_tree_finish(&flame->tree, order, err);
	if (!code && (!flame->started ||
			     (!flame->tree.total[0][0] &&
				     !(flame->diff && flame->tree.total[1][0]))))
		code = cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
			"there is no sample to draw");
	if (!code)
		code = prepare(flame, err);
	flame->prepared = !code;
	return code;
}

enum cp_code cpi_flame_write(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err)
{
	enum cp_code code = finish(flame, err);

	if (!code && flame->lanes)
		return strcmp(flame->options.format, "frames")
			       ? cpi_lanes_svg(flame, sink, err)
			       : cpi_lanes_frames(flame, sink, err);
	return code ? code : find_output(flame->options.format)(flame, sink, err);
}

enum cp_code cpi_flame_write_data(struct cpi_flame *flame, uint32_t most,
	struct cpi_sink *sink, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	flame->most = most;
	if (!flame->prepared) {
		code = finish(flame, err);
	} else {
		cpi_free(&flame->env->mem, flame->ride, flame->tree.n);
		code = cpi_flame_choose(flame, err);
		name_it(flame);
	}
	return code ? code : cpi_flame_data(flame, sink, err);
}
