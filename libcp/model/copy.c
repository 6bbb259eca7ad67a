/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of one profile into the builder of another. */
#include "model/builder.h"

bool cpi_builder_map_init(
	struct cpi_builder *b, struct cpi_builder_map *map, const struct cp_profile *from)
{
	struct cpi_mem *mem = &b->env->mem;

	*map = (struct cpi_builder_map){.from = from, .mem = mem};
	map->string = cpi_alloc_zero(mem, from->string.n * sizeof(uint32_t));
	map->mapping = cpi_alloc_zero(mem, from->mapping.n * sizeof(uint32_t));
	map->function = cpi_alloc_zero(mem, from->function.n * sizeof(uint32_t));
	map->location = cpi_alloc_zero(mem, from->location.n * sizeof(uint32_t));
	map->stack = cpi_alloc_zero(mem, from->stack_end.n * sizeof(uint32_t));
	map->labels = cpi_alloc_zero(mem, from->labels_end.n * sizeof(uint32_t));
	if (map->string && map->mapping && map->function && map->location && map->stack &&
		map->labels)
		return true;
	cpi_builder_map_release(map);
	cpi_builder_fail(b, CP_ERROR_MEMORY, "out of memory");
	return false;
}

void cpi_builder_map_release(struct cpi_builder_map *map)
{
	const struct cp_profile *from = map->from;

	cpi_free(map->mem, map->string, from->string.n * sizeof(uint32_t));
	cpi_free(map->mem, map->mapping, from->mapping.n * sizeof(uint32_t));
	cpi_free(map->mem, map->function, from->function.n * sizeof(uint32_t));
	cpi_free(map->mem, map->location, from->location.n * sizeof(uint32_t));
	cpi_free(map->mem, map->stack, from->stack_end.n * sizeof(uint32_t));
	cpi_free(map->mem, map->labels, from->labels_end.n * sizeof(uint32_t));
	*map = (struct cpi_builder_map){.from = from, .mem = map->mem};
}

cp_string cpi_builder_copy_string(
	struct cpi_builder *b, struct cpi_builder_map *map, cp_string id)
{
	if (!map->string[id.i])
		map->string[id.i] =
			cpi_builder_string(b, cpi_profile_text(map->from, id)).i;
	return (cp_string){map->string[id.i]};
}

cp_mapping cpi_builder_copy_mapping(
	struct cpi_builder *b, struct cpi_builder_map *map, cp_mapping id)
{
	struct cp_mapping_row row;

	if (!id.i || map->mapping[id.i])
		return (cp_mapping){map->mapping[id.i]};
	row = map->from->mapping.v[id.i];
	row.path = cpi_builder_copy_string(b, map, row.path);
	row.build_id = cpi_builder_copy_string(b, map, row.build_id);
	map->mapping[id.i] = cpi_builder_mapping(b, &row).i;
	return (cp_mapping){map->mapping[id.i]};
}

cp_function cpi_builder_copy_function(
	struct cpi_builder *b, struct cpi_builder_map *map, cp_function id)
{
	struct cp_function_row row;

	if (!id.i || map->function[id.i])
		return (cp_function){map->function[id.i]};
	row = map->from->function.v[id.i];
	row.name = cpi_builder_copy_string(b, map, row.name);
	row.system_name = cpi_builder_copy_string(b, map, row.system_name);
	row.file = cpi_builder_copy_string(b, map, row.file);
	map->function[id.i] = cpi_builder_function(b, &row).i;
	return (cp_function){map->function[id.i]};
}

cp_location cpi_builder_copy_location(
	struct cpi_builder *b, struct cpi_builder_map *map, cp_location id)
{
	const struct cp_location_row *row = &map->from->location.v[id.i];
	struct cp_line_row few[16], *line = few;
	size_t bytes = row->n_lines * sizeof *line;
	cp_location copy;

	if (!id.i || map->location[id.i])
		return (cp_location){map->location[id.i]};
	if (row->n_lines > 16)
		line = cpi_alloc(map->mem, bytes);
	if (!line) {
		cpi_builder_fail(b, CP_ERROR_MEMORY, "out of memory");
		return (cp_location){0};
	}
	for (uint32_t i = 0; i < row->n_lines; i++) {
		line[i] = map->from->line.v[row->first_line + i];
		line[i].function = cpi_builder_copy_function(b, map, line[i].function);
	}
	copy = cpi_builder_location(b, cpi_builder_copy_mapping(b, map, row->mapping),
		row->address, row->folded, line, row->n_lines);
	if (line != few)
		cpi_free(map->mem, line, bytes);
	map->location[id.i] = copy.i;
	return copy;
}

cp_stack cpi_builder_copy_stack(
	struct cpi_builder *b, struct cpi_builder_map *map, cp_stack id)
{
	cp_location few[128] = {{0}}, *frame = few;
	const cp_location *from;
	uint32_t n;

	if (!id.i || map->stack[id.i])
		return (cp_stack){map->stack[id.i]};
	from = cpi_profile_frames(map->from, id, &n);
	if (n > 128)
		frame = cpi_alloc_array(map->mem, n, sizeof *frame);
	if (!frame) {
		cpi_builder_fail(b, CP_ERROR_MEMORY, "out of memory");
		return (cp_stack){0};
	}
	for (uint32_t i = 0; i < n; i++)
		frame[i] = cpi_builder_copy_location(b, map, from[i]);
	map->stack[id.i] = cpi_builder_stack(b, frame, n).i;
	if (frame != few)
		cpi_free(map->mem, frame, n * sizeof *frame);
	return (cp_stack){map->stack[id.i]};
}

cp_labels cpi_builder_copy_labels(
	struct cpi_builder *b, struct cpi_builder_map *map, cp_labels id)
{
	struct cp_label few[16] = {0}, *label = few;
	const struct cp_label *from;
	uint32_t n;

	if (!id.i || map->labels[id.i])
		return (cp_labels){map->labels[id.i]};
	from = cpi_profile_label_set(map->from, id, &n);
	if (n > 16)
		label = cpi_alloc_array(map->mem, n, sizeof *label);
	if (!label) {
		cpi_builder_fail(b, CP_ERROR_MEMORY, "out of memory");
		return (cp_labels){0};
	}
	for (uint32_t i = 0; i < n; i++)
		label[i] = (struct cp_label){
			.key = cpi_builder_copy_string(b, map, from[i].key),
			.str = cpi_builder_copy_string(b, map, from[i].str),
			.unit = cpi_builder_copy_string(b, map, from[i].unit),
			.num = from[i].num,
		};
	map->labels[id.i] = cpi_builder_labels(b, label, n).i;
	if (label != few)
		cpi_free(map->mem, label, n * sizeof *label);
	return (cp_labels){map->labels[id.i]};
}

void cpi_builder_copy_header(struct cpi_builder *b, struct cpi_builder_map *map)
{
	const struct cp_profile *from = map->from;
	struct cp_profile_header h = from->header;

	for (size_t i = 0; i < from->sample_type.n; i++) {
		const struct cp_value_type *type = &from->sample_type.v[i];

		cpi_builder_sample_type(b, cpi_builder_copy_string(b, map, type->type),
			cpi_builder_copy_string(b, map, type->unit), type->decimals);
	}
	for (size_t i = 0; i < from->comment.n; i++)
		cpi_builder_comment(b, cpi_profile_text(from, from->comment.v[i]));
	h.period_type.type = cpi_builder_copy_string(b, map, h.period_type.type);
	h.period_type.unit = cpi_builder_copy_string(b, map, h.period_type.unit);
	h.default_sample_type = cpi_builder_copy_string(b, map, h.default_sample_type);
	h.drop_frames = cpi_builder_copy_string(b, map, h.drop_frames);
	h.keep_frames = cpi_builder_copy_string(b, map, h.keep_frames);
	h.doc_url = cpi_builder_copy_string(b, map, h.doc_url);
	if (b->p)
		b->p->header = h;
}
