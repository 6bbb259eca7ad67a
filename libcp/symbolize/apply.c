/* SPDX-License-Identifier: Apache-2.0 */
/* Functions and lines into the profile, on one thread and in order. */
#include "symbolize/apply.h"

#include "base/error.h"
#include "model/builder.h"

/* Where a location's new lines come from; image 0: it keeps what it has. */
struct source {
	uint32_t image, slot;
};

struct apply {
	struct cpi_builder builder;
	const struct cpi_images *images;
	struct source *source; /* by location */
	uint8_t *flags;        /* by mapping: what is known of it now */
	struct cp_line_row *line;
	size_t n_lines, used;
};

static const struct cpi_run *run_of(const struct apply *a, size_t location)
{
	const struct source *from = &a->source[location];

	return from->image ? &a->images->v[from->image - 1].run[from->slot] : NULL;
}

/* Who has new lines, and how many lines there will be in all. */
static void plan(struct apply *a, const struct cp_profile *p)
{
	for (uint32_t i = 0; i < a->images->n; i++) {
		const struct cpi_image *image = &a->images->v[i];

		for (size_t k = 0; k < image->place.n; k++) {
			const struct cpi_wanted_place *place = &image->place.v[k];

			if (image->run[place->slot].n)
				a->source[place->location] =
					(struct source){i + 1, place->slot};
		}
	}
	for (size_t i = 0; i < p->location.n; i++) {
		const struct cpi_run *run = run_of(a, i);

		a->n_lines += run ? run->n : p->location.v[i].n_lines;
	}
}

/*
 * A line's file is its function's, as pprof has it. Where code of a function stands in
 * another file (a generated table that is included, a macro of an assembler), the
 * function gets one more row for that file; where it begins belongs to the first.
 */
static struct cp_line_row line_row(struct cpi_builder *b, const struct cpi_frame *frame)
{
	bool elsewhere = frame->line && frame->file.n && frame->function_file.n &&
		!cpi_text_equal(frame->file, frame->function_file);
	struct cp_function_row function = {
		.name = cpi_builder_string(b, frame->name),
		.system_name = cpi_builder_string(b, frame->system),
		.file = cpi_builder_string(b, elsewhere || !frame->function_file.n
				? frame->file : frame->function_file),
		.start_line = elsewhere ? 0 : frame->start_line,
	};

	return (struct cp_line_row){
		cpi_builder_function(b, &function), frame->line, frame->column};
}

static void fill(struct apply *a, struct cp_profile *p)
{
	for (size_t i = 0; i < p->location.n; i++) {
		const struct cpi_run *run = run_of(a, i);
		const struct cp_location_row *row = &p->location.v[i];

		if (!run && row->n_lines)
			memcpy(a->line + a->used, p->line.v + row->first_line,
				row->n_lines * sizeof *a->line);
		for (uint32_t k = 0; run && k < run->n; k++)
			a->line[a->used + k] = line_row(
				&a->builder, &a->images->v[a->source[i].image - 1]
						      .frame.v[run->first + k]);
		a->used += run ? run->n : row->n_lines;
	}
}

static uint8_t flags_of(const struct cpi_image *image)
{
	if (!image->resolved)
		return 0;
	if (!image->has_lines)
		return CP_HAS_FUNCTIONS;
	return CP_HAS_FUNCTIONS | CP_HAS_FILENAMES | CP_HAS_LINE_NUMBERS |
	       CP_HAS_INLINE_FRAMES;
}

static bool equal_but_flags(
	const struct cp_mapping_row *a, const struct cp_mapping_row *b)
{
	return a->start == b->start && a->limit == b->limit && a->offset == b->offset &&
		a->path.i == b->path.i && a->build_id.i == b->build_id.i &&
		a->kind == b->kind && a->pid == b->pid;
}

/*
 * Rows that differ in their flags only (a merge of profiles, some symbolized before, has
 * such pairs) stay as they are: new flags could make them equal, and no two rows may be.
 */
static bool may_flag(const struct cp_profile *p, uint32_t row)
{
	const struct cp_mapping_row *mapping = p->mapping.v;

	for (size_t i = 1; i < p->mapping.n; i++)
		if (i != row && equal_but_flags(&mapping[i], &mapping[row]))
			return false;
	return true;
}

/* Profiles seldom have flags before; only then may there be such pairs. */
static bool has_flags(const struct cp_profile *p)
{
	for (size_t i = 1; i < p->mapping.n; i++)
		if (p->mapping.v[i].has)
			return true;
	return false;
}

/* Each mapping once: `flags` by row is filled first, then written. */
static void set_flags(struct cp_profile *p, const uint8_t *flags)
{
	bool check = has_flags(p);

	for (uint32_t i = 1; i < p->mapping.n; i++)
		if ((flags[i] & ~p->mapping.v[i].has) &&
			(!check || (p->mapping.n < 4096 && may_flag(p, i))))
			p->mapping.v[i].has |= flags[i];
}

/*
 * Replaced symbols leave functions behind that no line has any more: those that stay are
 * numbered by first use, as in a profile that never had the others. `number` is by
 * function and zeroed.
 */
static void drop_unused(struct cp_profile *p, uint32_t *number)
{
	struct cp_function_row *row = p->function.v;
	uint32_t n = 0, next = 0;

	for (size_t i = 0; i < p->line.n; i++) {
		uint32_t *to = &number[p->line.v[i].function.i];

		if (p->line.v[i].function.i && !*to)
			*to = ++n;
		p->line.v[i].function.i = *to;
	}
	/*
	 * Rows of one cycle after another change places; what is unused has its turn
	 * last.
	 */
	for (uint32_t i = 1; i < p->function.n; i++)
		if (!number[i])
			number[i] = n + ++next;
	for (uint32_t i = 1; i < p->function.n; i++)
		while (number[i] != i) {
			uint32_t to = number[i];
			struct cp_function_row moved = row[to];

			row[to] = row[i];
			row[i] = moved;
			number[i] = number[to];
			number[to] = to;
		}
	p->function.n = n + 1;
}

/* From here on nothing can fail. */
static void commit(struct apply *a, struct cp_profile *p)
{
	size_t used = 0;

	for (size_t i = 0; i < p->location.n; i++) {
		const struct cpi_run *run = run_of(a, i);
		struct cp_location_row *row = &p->location.v[i];

		row->first_line = (uint32_t)used;
		row->n_lines = run ? run->n : row->n_lines;
		used += row->n_lines;
	}
	for (size_t i = 0; i < a->images->n; i++) {
		const struct cpi_image *image = &a->images->v[i];
		uint8_t flags = flags_of(image);

		for (size_t k = 0; flags && k < image->place.n; k++)
			a->flags[p->location.v[image->place.v[k].location].mapping.i] |=
				flags;
	}
	set_flags(p, a->flags);
	cpi_vec_release(&p->env->mem, &p->line);
	p->line.v = a->line;
	p->line.n = p->line.cap = a->n_lines;
	a->line = NULL;
}

enum cp_code cpi_apply(struct cpi_env *env, struct cp_profile *p,
	const struct cpi_images *images, bool replace, struct cp_error *err)
{
	uint32_t *number = NULL;
	size_t numbers = 0;
	struct apply a = {.images = images};
	size_t strings = p->string.n, functions = p->function.n;
	enum cp_code code = CP_OK;

	a.source = cpi_alloc_zero(&env->mem, p->location.n * sizeof *a.source);
	a.flags = cpi_alloc_zero(&env->mem, p->mapping.n);
	if (!a.source || !a.flags) {
		cpi_free(&env->mem, a.source, p->location.n * sizeof *a.source);
		cpi_free(&env->mem, a.flags, p->mapping.n);
		return cpi_error_memory(err);
	}
	plan(&a, p);
	a.line = cpi_alloc_array(&env->mem, a.n_lines, sizeof *a.line);
	cpi_builder_reopen(&a.builder, p);
	if (!a.line)
		code = cpi_error_memory(err);
	else if (a.n_lines >= UINT32_MAX)
		code = cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"a table would exceed 2^32 rows");
	else
		fill(&a, p);
	if (!code && a.builder.code) {
		code = a.builder.code;
		if (err)
			*err = a.builder.error;
	}
	if (!code && replace) {
		numbers = p->function.n;
		number = cpi_alloc_zero(&env->mem, numbers * sizeof *number);
		if (!number)
			code = cpi_error_memory(err);
	}
	if (code) {
		p->string.n = strings;
		p->function.n = functions;
	} else {
		commit(&a, p);
		if (number)
			drop_unused(p, number);
	}
	cpi_free(&env->mem, number, numbers * sizeof *number);
	/* The profile stays its owner's. */
	a.builder.p = NULL;
	cpi_builder_release(&a.builder);
	if (a.line)
		cpi_free(&env->mem, a.line, a.n_lines * sizeof *a.line);
	cpi_free(&env->mem, a.source, p->location.n * sizeof *a.source);
	cpi_free(&env->mem, a.flags, p->mapping.n);
	return code;
}
