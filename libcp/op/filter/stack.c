/* SPDX-License-Identifier: Apache-2.0 */
/* One stack, cut and translated. */
#include "op/filter/filter.h"

/* The frames [from, to) of a stack, leaf first. */
struct part {
	const cp_location *frame;
	uint32_t from, to;
};

/*
 * From the root: nothing is dropped before a frame that no expression wants dropped was
 * seen, else a stack inside an allocator would vanish.
 */
static void drop_frames(const struct cpi_filter *f, struct part *part)
{
	bool user = false;

	for (uint32_t i = part->to; i-- > part->from;) {
		uint8_t bits = f->location[part->frame[i].i];

		if (!(bits & (FILTER_DROP_WHOLE | FILTER_DROP_INNER))) {
			user = true;
		} else if (user) {
			part->from = bits & FILTER_DROP_WHOLE ? i + 1 : i;
			return;
		}
	}
}

static bool wanted(const struct cpi_filter *f, const struct part *part)
{
	uint8_t seen = 0;

	for (uint32_t i = part->from; i < part->to; i++)
		seen |= f->location[part->frame[i].i];
	return (seen & FILTER_FOCUSED) && !(seen & FILTER_IGNORED);
}

/* Cuts toward the root; false when nothing matches. Hidden frames are out already. */
static bool show_from(const struct cpi_filter *f, struct part *part)
{
	for (uint32_t i = part->to; i-- > part->from;) {
		uint8_t bits = f->location[part->frame[i].i];

		if ((bits & FILTER_SHOW_FROM) && !(bits & FILTER_HIDDEN)) {
			part->to = i + 1;
			return true;
		}
	}
	return false;
}

static void prune_from(const struct cpi_filter *f, struct part *part)
{
	for (uint32_t i = part->from; i < part->to; i++) {
		uint8_t bits = f->location[part->frame[i].i];

		if ((bits & FILTER_PRUNE_FROM) && !(bits & FILTER_HIDDEN)) {
			part->from = i;
			return;
		}
	}
}

/* Rows of what is left, in f->frame; their number. */
static uint32_t copy_frames(struct cpi_filter *f, const struct part *part)
{
	uint32_t n = 0;

	for (uint32_t i = part->from; i < part->to; i++) {
		cp_location id = part->frame[i];
		uint32_t row = f->new_location[id.i];

		if (f->location[id.i] & FILTER_HIDDEN)
			continue;
		if (!row)
			row = cpi_filter_location(f, id).i;
		f->frame[n++].i = row;
	}
	return n;
}

uint32_t cpi_filter_stack(struct cpi_filter *f, cp_stack id)
{
	struct part part = {.from = 0};
	uint32_t n;

	part.frame = cpi_profile_frames(f->p, id, &part.to);
	if (f->any & (FILTER_DROP_WHOLE | FILTER_DROP_INNER))
		drop_frames(f, &part);
	if (f->by_name && !wanted(f, &part))
		return FILTER_GONE;
	if (f->show_from && !show_from(f, &part))
		return FILTER_GONE;
	if (f->any & FILTER_PRUNE_FROM)
		prune_from(f, &part);
	n = copy_frames(f, &part);
	if (!n && (f->any & FILTER_HIDDEN))
		return FILTER_GONE;
	return 1 + cpi_builder_stack(&f->b, f->frame, n).i;
}

static uint8_t mapping_has(const struct cp_filter_options *o)
{
	static const uint8_t kept[] = {
		[CP_BY_ADDRESS] =
			CP_HAS_FUNCTIONS | CP_HAS_FILENAMES | CP_HAS_LINE_NUMBERS,
		[CP_BY_FUNCTION] = CP_HAS_FUNCTIONS,
		[CP_BY_FILEFUNCTION] = CP_HAS_FUNCTIONS | CP_HAS_FILENAMES,
		[CP_BY_FILE] = CP_HAS_FILENAMES,
		[CP_BY_LINE] = CP_HAS_FUNCTIONS | CP_HAS_FILENAMES | CP_HAS_LINE_NUMBERS,
	};

	return kept[o->granularity] | (o->noinlines ? 0 : CP_HAS_INLINE_FRAMES);
}

cp_mapping cpi_filter_mapping(struct cpi_filter *f, cp_mapping id)
{
	struct cp_mapping_row row;

	if (!id.i || f->new_mapping[id.i])
		return (cp_mapping){f->new_mapping[id.i]};
	row = f->p->mapping.v[id.i];
	row.path = cpi_builder_copy_string(&f->b, &f->map, row.path);
	row.build_id = cpi_builder_copy_string(&f->b, &f->map, row.build_id);
	row.has &= mapping_has(f->o);
	f->new_mapping[id.i] = cpi_builder_mapping(&f->b, &row).i;
	return (cp_mapping){f->new_mapping[id.i]};
}

static cp_function new_function(struct cpi_filter *f, cp_function id)
{
	enum cp_granularity by = f->o->granularity;
	bool names = by != CP_BY_FILE, files = by != CP_BY_FUNCTION;
	const struct cp_function_row *from = &f->p->function.v[id.i];
	struct cp_function_row row = {.start_line = 0};

	if (!id.i || f->new_function[id.i])
		return (cp_function){f->new_function[id.i]};
	if (names) {
		row.name = cpi_builder_copy_string(&f->b, &f->map, from->name);
		/*
		 * Linker names differ for equal names (clones); only whole rows keep
		 * them.
		 */
		if (by == CP_BY_ADDRESS || by == CP_BY_LINE)
			row.system_name = cpi_builder_copy_string(
				&f->b, &f->map, from->system_name);
	}
	if (files)
		row.file = cpi_builder_copy_string(&f->b, &f->map, from->file);
	if (by == CP_BY_ADDRESS || by == CP_BY_LINE)
		row.start_line = from->start_line;
	f->new_function[id.i] = cpi_builder_function(&f->b, &row).i;
	return (cp_function){f->new_function[id.i]};
}

cp_location cpi_filter_location(struct cpi_filter *f, cp_location id)
{
	enum cp_granularity by = f->o->granularity;
	const struct cp_location_row *row = &f->p->location.v[id.i];
	uint64_t address = by == CP_BY_ADDRESS ? row->address : 0;
	uint32_t n = 0;
	cp_location made;

	for (uint32_t i = 0; i < row->n_lines; i++) {
		const struct cp_line_row *from = &f->p->line.v[row->first_line + i];

		if (f->gone[row->first_line + i])
			continue;
		if (f->o->noinlines)
			n = 0;
		f->line[n] = (struct cp_line_row){.function = from->function};
		if (by == CP_BY_ADDRESS || by == CP_BY_LINE)
			f->line[n].line = from->line;
		if (by == CP_BY_ADDRESS || (by == CP_BY_LINE && f->o->showcolumns))
			f->line[n].column = from->column;
		n++;
	}
	for (uint32_t i = 0; i < n; i++)
		f->line[i].function = new_function(f, f->line[i].function);
	made = cpi_builder_location(&f->b, cpi_filter_mapping(f, row->mapping), address,
		row->folded, f->line, n);
	f->new_location[id.i] = made.i;
	return made;
}
