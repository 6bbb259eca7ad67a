/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of an input as rows of the merge. */
#include "op/merge/merge.h"

enum { PAGE = 4096 };

static void measure(struct cpi_merge_rows *rows, const struct cp_profile *p)
{
	for (size_t i = 1; i < p->stack_end.n; i++)
		if (p->stack_end.v[i] - p->stack_end.v[i - 1] > rows->deepest)
			rows->deepest =
				(uint32_t)(p->stack_end.v[i] - p->stack_end.v[i - 1]);
	for (size_t i = 1; i < p->labels_end.n; i++)
		if (p->labels_end.v[i] - p->labels_end.v[i - 1] > rows->most)
			rows->most =
				(uint32_t)(p->labels_end.v[i] - p->labels_end.v[i - 1]);
	for (size_t i = 1; i < p->location.n; i++)
		if (p->location.v[i].n_lines > rows->longest)
			rows->longest = p->location.v[i].n_lines;
	rows->most += (uint32_t)rows->input->n_labels;
}

bool cpi_merge_rows_init(struct cpi_merge_rows *rows, struct cp_merge *m,
	const struct cp_profile *p, const struct cp_merge_input *input)
{
	struct cpi_mem *mem = &m->env->mem;

	*rows = (struct cpi_merge_rows){.m = m, .input = input};
	if (!cpi_builder_map_init(&m->b, &rows->map, p))
		return false;
	measure(rows, p);
	rows->mapping = cpi_alloc_zero(mem, p->mapping.n * sizeof(uint32_t));
	rows->shift = cpi_alloc_zero(mem, p->mapping.n * sizeof(uint64_t));
	rows->location = cpi_alloc_zero(mem, p->location.n * sizeof(uint32_t));
	rows->stack = cpi_alloc_zero(mem, p->stack_end.n * sizeof(uint32_t));
	rows->labels = cpi_alloc_zero(mem, p->labels_end.n * sizeof(uint32_t));
	rows->frame = cpi_alloc_array(mem, rows->deepest, sizeof *rows->frame);
	rows->line = cpi_alloc_array(mem, rows->longest, sizeof *rows->line);
	rows->label = cpi_alloc_array(mem, rows->most, sizeof *rows->label);
	if (rows->mapping && rows->shift && rows->location && rows->stack &&
		rows->labels && rows->frame && rows->line && rows->label)
		return true;
	cpi_builder_fail(&m->b, CP_ERROR_MEMORY, "out of memory");
	cpi_merge_rows_release(rows);
	return false;
}

void cpi_merge_rows_release(struct cpi_merge_rows *rows)
{
	const struct cp_profile *p = rows->map.from;
	struct cpi_mem *mem = &rows->m->env->mem;

	cpi_free(mem, rows->mapping, p->mapping.n * sizeof(uint32_t));
	cpi_free(mem, rows->shift, p->mapping.n * sizeof(uint64_t));
	cpi_free(mem, rows->location, p->location.n * sizeof(uint32_t));
	cpi_free(mem, rows->stack, p->stack_end.n * sizeof(uint32_t));
	cpi_free(mem, rows->labels, p->labels_end.n * sizeof(uint32_t));
	cpi_free(mem, rows->frame, rows->deepest * sizeof *rows->frame);
	cpi_free(mem, rows->line, rows->longest * sizeof *rows->line);
	cpi_free(mem, rows->label, rows->most * sizeof *rows->label);
	cpi_builder_map_release(&rows->map);
}

/*
 * What makes two mappings one: the size in whole pages, the offset, and the build id, or
 * without one the path. Where it was loaded does not matter. Generated code belongs to
 * one process.
 */
struct mapping_key {
	uint64_t size, offset;
	uint32_t name, pid;
};

static struct mapping_key key_of(const struct cp_mapping_row *row)
{
	uint64_t size = row->limit - row->start;

	size = (size + PAGE - 1) / PAGE * PAGE;
	return (struct mapping_key){size, row->offset,
		row->build_id.i ? row->build_id.i : row->path.i, row->pid};
}

/* The row in the result that this one is equal to, added when there is none. */
static cp_mapping intern_mapping(struct cp_merge *m, const struct cp_mapping_row *row)
{
	struct mapping_key key = key_of(row), have;
	uint64_t hash = cpi_hash_mix(
		cpi_hash_mix(key.size, key.offset), (uint64_t)key.pid << 32 | key.name);
	struct cpi_probe probe = cpi_index_find(&m->mapping_keys, hash);
	cp_mapping made;

	for (uint32_t id; (id = cpi_index_next(&m->mapping_keys, &probe));) {
		have = key_of(&m->b.p->mapping.v[id]);
		if (have.size == key.size && have.offset == key.offset &&
			have.name == key.name && have.pid == key.pid)
			return (cp_mapping){id};
	}
	made = cpi_builder_mapping(&m->b, row);
	if (made.i && !cpi_index_add(&m->env->mem, &m->mapping_keys, hash, made.i))
		cpi_builder_fail(&m->b, CP_ERROR_MEMORY, "out of memory");
	return made;
}

cp_mapping cpi_merge_mapping(struct cpi_merge_rows *rows, cp_mapping id)
{
	struct cpi_builder *b = &rows->m->b;
	struct cp_mapping_row row;
	cp_mapping made;

	if (!id.i || rows->mapping[id.i] || b->code)
		return (cp_mapping){rows->mapping[id.i]};
	row = rows->map.from->mapping.v[id.i];
	row.path = cpi_builder_copy_string(b, &rows->map, row.path);
	row.build_id = cpi_builder_copy_string(b, &rows->map, row.build_id);
	if (b->code)
		return (cp_mapping){0};
	made = intern_mapping(rows->m, &row);
	if (rows->m->o.canonical && made.i &&
		!cpi_merge_best_mapping(rows->m, made, &row, id.i == 1))
		cpi_builder_fail(b, CP_ERROR_MEMORY, "out of memory");
	rows->mapping[id.i] = made.i;
	rows->shift[id.i] = b->p->mapping.v[made.i].start - row.start;
	return made;
}

/* pprof's key of a location: columns count in the outermost line only. */
static uint64_t compat_hash(cp_mapping mapping, uint64_t address, bool folded,
	const struct cp_line_row *line, uint32_t n)
{
	uint64_t hash = cpi_hash_mix(address, (uint64_t)mapping.i << 1 | folded);

	for (uint32_t i = 0; i < n; i++) {
		hash = cpi_hash_mix(hash, line[i].function.i);
		hash = cpi_hash_mix(hash, (uint64_t)line[i].line);
	}
	return n ? cpi_hash_mix(hash, (uint64_t)line[n - 1].column) : hash;
}

static bool compat_equal(
	const struct cp_line_row *a, const struct cp_line_row *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (a[i].function.i != b[i].function.i || a[i].line != b[i].line)
			return false;
	return !n || a[n - 1].column == b[n - 1].column;
}

static cp_location compat_location(struct cp_merge *m, cp_mapping mapping,
	uint64_t address, bool folded, const struct cp_line_row *line, uint32_t n)
{
	uint64_t hash = compat_hash(mapping, address, folded, line, n);
	struct cpi_probe probe = cpi_index_find(&m->location_keys, hash);
	const struct cp_profile *p = m->b.p;
	cp_location made;

	for (uint32_t id; (id = cpi_index_next(&m->location_keys, &probe));) {
		const struct cp_location_row *have = &p->location.v[id];

		if (have->address == address && have->mapping.i == mapping.i &&
			have->folded == folded && have->n_lines == n &&
			compat_equal(p->line.v + have->first_line, line, n))
			return (cp_location){id};
	}
	made = cpi_builder_location(&m->b, mapping, address, folded, line, n);
	if (made.i && !cpi_index_add(&m->env->mem, &m->location_keys, hash, made.i))
		cpi_builder_fail(&m->b, CP_ERROR_MEMORY, "out of memory");
	return made;
}

static cp_location merge_location(struct cpi_merge_rows *rows, cp_location id)
{
	struct cp_merge *m = rows->m;
	const struct cp_profile *p = rows->map.from;
	const struct cp_location_row *row = &p->location.v[id.i];
	cp_mapping mapping = {0};
	uint64_t address = 0;
	cp_location made;

	if (!m->o.pgo || !row->n_lines) {
		mapping = cpi_merge_mapping(rows, row->mapping);
		address = row->address + rows->shift[row->mapping.i];
	}
	if (m->b.code)
		return (cp_location){0};
	for (uint32_t i = 0; i < row->n_lines; i++) {
		rows->line[i] = p->line.v[row->first_line + i];
		rows->line[i].function = cpi_builder_copy_function(
			&m->b, &rows->map, rows->line[i].function);
	}
	if (m->o.pprof_compat)
		made = compat_location(
			m, mapping, address, row->folded, rows->line, row->n_lines);
	else
		made = cpi_builder_location(
			&m->b, mapping, address, row->folded, rows->line, row->n_lines);
	rows->location[id.i] = made.i;
	return made;
}

cp_stack cpi_merge_stack(struct cpi_merge_rows *rows, cp_stack id)
{
	const cp_location *frame;
	uint32_t n;

	if (!id.i || rows->stack[id.i])
		return (cp_stack){rows->stack[id.i]};
	frame = cpi_profile_frames(rows->map.from, id, &n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t made = rows->location[frame[i].i];

		rows->frame[i].i = made ? made : merge_location(rows, frame[i]).i;
	}
	rows->stack[id.i] = cpi_builder_stack(&rows->m->b, rows->frame, n).i;
	return (cp_stack){rows->stack[id.i]};
}

cp_stack cpi_merge_other(struct cpi_builder *b)
{
	cp_string name = cpi_builder_str(b, "(other)");
	struct cp_line_row line = {
		.function = cpi_builder_function(
			b, &(struct cp_function_row){.name = name, .system_name = name})};
	cp_location location =
		cpi_builder_location(b, (cp_mapping){0}, 0, false, &line, 1);

	return cpi_builder_stack(b, &location, 1);
}

static bool replaced(const struct cpi_merge_rows *rows, struct cp_text key)
{
	for (size_t i = 0; i < rows->input->n_labels; i++)
		if (cpi_text_equal(key, cpi_text(rows->input->labels[i].key)))
			return true;
	return false;
}

/* Labels of the input that stay, and the ones the user adds. */
static cp_labels add_labels(struct cpi_merge_rows *rows, cp_labels id)
{
	struct cpi_builder *b = &rows->m->b;
	const struct cp_label *from;
	uint32_t n, made = 0;

	from = cpi_profile_label_set(rows->map.from, id, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (replaced(rows, cpi_profile_text(rows->map.from, from[i].key)))
			continue;
		rows->label[made++] = (struct cp_label){
			.key = cpi_builder_copy_string(b, &rows->map, from[i].key),
			.str = cpi_builder_copy_string(b, &rows->map, from[i].str),
			.unit = cpi_builder_copy_string(b, &rows->map, from[i].unit),
			.num = from[i].num,
		};
	}
	for (size_t i = 0; i < rows->input->n_labels; i++)
		rows->label[made++] = (struct cp_label){
			.key = cpi_builder_str(b, rows->input->labels[i].key),
			.str = cpi_builder_str(b, rows->input->labels[i].value),
		};
	return cpi_builder_labels(b, rows->label, made);
}

cp_labels cpi_merge_labels(struct cpi_merge_rows *rows, cp_labels id)
{
	if (rows->m->o.pgo)
		return (cp_labels){0};
	if (!rows->input->n_labels)
		return cpi_builder_copy_labels(&rows->m->b, &rows->map, id);
	if (!rows->labels[id.i])
		rows->labels[id.i] = add_labels(rows, id).i;
	return (cp_labels){rows->labels[id.i]};
}
