/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/build.h"

/*
 * Addresses to locations. A map's addresses are moved into the range of the first map of
 * the same file part, so that address-space randomisation does not multiply locations.
 * Generated code and memory without a file are never moved: what a JIT wrote down about
 * itself (perf-PID.map) goes by absolute addresses.
 */

/* A small capture has few addresses, and clearing the cache would be most of its time. */
static size_t cache_room(const struct cpi_source *source)
{
	uint64_t bytes = 0;
	size_t room = 64;

	for (unsigned i = 0; i < source->n_parts; i++)
		bytes += source->part[i].n;
	while (room < PERF_PLACES && room * 64 < bytes)
		room *= 2;
	return room;
}

bool perf_places_init(struct perf_places *p, struct perf_file *f,
	struct perf_tasks *tasks, struct cpi_builder *b)
{
	memset(p, 0, sizeof *p);
	p->f = f;
	p->tasks = tasks;
	p->b = b;
	cpi_demangler_init(&p->demangler, f->env, CP_DEMANGLE_TEMPLATES, false);
	p->room = cache_room(f->source);
	p->cache = cpi_alloc_zero(&f->env->mem, p->room * sizeof *p->cache);
	return p->cache != NULL;
}

void perf_places_release(struct perf_places *p)
{
	if (p->cache)
		cpi_free(&p->f->env->mem, p->cache, p->room * sizeof *p->cache);
	if (p->f) {
		cpi_demangler_release(&p->demangler);
		cpi_index_release(&p->f->env->mem, &p->rows);
	}
}

static bool stays(const struct perf_map *map)
{
	return map->kind != CP_MAP_USER && map->kind != CP_MAP_VDSO;
}

/* The map that has the range of this one's row. */
static const struct perf_map *ranged(
	const struct perf_file *f, const struct perf_map *map)
{
	return map->around ? &f->map.v[map->around] : map;
}

static bool same_part(
	const struct perf_file *f, const struct perf_map *a, const struct perf_map *b)
{
	bool same = a->image == b->image && a->pgoff == b->pgoff && a->kind == b->kind;
	bool here = !stays(a) || a->pid == b->pid;

	a = ranged(f, a);
	b = ranged(f, b);
	return same && here && a->limit - a->start == b->limit - b->start &&
		(!stays(a) || a->start == b->start);
}

static uint64_t part_hash(const struct perf_file *f, const struct perf_map *map)
{
	const struct perf_map *range = ranged(f, map);
	uint64_t h = cpi_hash_mix(map->pgoff, (uint64_t)map->image << 8 | map->kind);

	h = cpi_hash_mix(h, range->limit - range->start);
	return stays(map) ? cpi_hash_mix(h, range->start) : h;
}

static cp_mapping add_row(struct perf_places *p, const struct perf_map *map)
{
	const struct perf_map *range = ranged(p->f, map);
	struct cp_mapping_row row = {
		.start = range->start,
		.limit = range->limit,
		.offset = map->pgoff,
		.path = cpi_builder_string(p->b, perf_name(p->f, map->name)),
		.build_id = cpi_builder_string(p->b, perf_name(p->f, map->build_id)),
		.kind = map->kind,
		.has = map->kind == CP_MAP_BPF ? CP_HAS_FUNCTIONS : 0,
		/* perf has no perf-PID.map for memory that cannot be executed. */
		.pid = map->kind == CP_MAP_JIT && !map->data ? (uint32_t)map->pid : 0,
	};

	return cpi_builder_mapping(p->b, &row);
}

static cp_mapping place_row(struct perf_places *p, uint32_t id)
{
	struct perf_map *map = &p->f->map.v[id];
	uint64_t hash;
	struct cpi_probe probe;

	if (map->row.i)
		return map->row;
	hash = part_hash(p->f, map);
	probe = cpi_index_find(&p->rows, hash);
	for (uint32_t i; (i = cpi_index_next(&p->rows, &probe));) {
		const struct perf_map *first = &p->f->map.v[i];

		if (same_part(p->f, first, map)) {
			map->row = first->row;
			map->shift =
				ranged(p->f, first)->start - ranged(p->f, map)->start;
			return map->row;
		}
	}
	map->row = add_row(p, map);
	if (!cpi_index_add(&p->f->env->mem, &p->rows, hash, id))
		cpi_builder_fail(p->b, CP_ERROR_MEMORY, "out of memory");
	return map->row;
}

static cp_location named_location(struct perf_places *p, const struct perf_map *map,
	uint64_t address, struct cp_text symbol)
{
	struct cp_function_row function = {
		.name = cpi_builder_string(p->b, cpi_demangle(&p->demangler, symbol)),
		.system_name = cpi_builder_string(p->b, symbol)};
	struct cp_line_row line = {.function = cpi_builder_function(p->b, &function)};

	return cpi_builder_location(
		p->b, map->row, address + map->shift, false, &line, 1);
}

/*
 * BPF programs are nowhere on disk: the record's symbol is all there will ever be. The
 * files of simpleperf's captures are on another machine.
 */
static uint32_t known_symbol(
	const struct perf_places *p, const struct perf_map *map, uint64_t address)
{
	if (map->kind == CP_MAP_BPF)
		return map->name;
	return map->dso && !p->f->source->bare
		? perf_simpleperf_symbol(p->f, map, address) : 0;
}

cp_location perf_places_find(struct perf_places *p, uint32_t root, uint64_t address)
{
	struct perf_place *place =
		&p->cache[cpi_hash_mix(address, root) & (p->room - 1)];
	uint32_t id;

	if (place->location.i && place->address == address && place->root == root)
		return place->location;
	place->address = address;
	place->root = root;
	id = perf_space_at(&p->tasks->spaces, root, address);
	if (!id) {
		place->location = cpi_builder_location(
			p->b, (cp_mapping){0}, address, false, NULL, 0);
	} else {
		struct perf_map *map = &p->f->map.v[id];
		uint32_t symbol = known_symbol(p, map, address);

		(void)place_row(p, id);
		place->location = symbol
			? named_location(p, map, address, perf_name(p->f, symbol))
			: cpi_builder_location(
				  p->b, map->row, address + map->shift, false, NULL, 0);
	}
	return place->location;
}
