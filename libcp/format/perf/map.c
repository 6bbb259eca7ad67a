/* SPDX-License-Identifier: Apache-2.0 */
/* Records of mappings, and text that moved to huge pages. */
#include "format/perf/parts.h"

static bool starts(struct cp_text name, const char *with)
{
	return cpi_text_starts(name, cpi_text(with));
}

static enum cp_mapping_kind kernel_kind(struct cp_text name)
{
	if (starts(name, "[guest"))
		return CP_MAP_GUEST;
	if (starts(name, "[kernel.") || starts(cpi_text_basename(name), "vmlinux"))
		return CP_MAP_KERNEL;
	if (starts(name, "[") || memmem(name.p, name.n, ".ko", 3))
		return CP_MAP_MODULE;
	return CP_MAP_KERNEL;
}

/* Memory whose code no file holds: a JIT wrote it. */
static bool generated(struct cp_text name)
{
	static const char *const prefix[] = {"//anon", "[anon", "/memfd:", "/dev/zero",
		"[heap]", "[stack", "/anon_hugepage", "anon_inode:", "/SYSV"};

	for (size_t i = 0; i < sizeof prefix / sizeof *prefix; i++)
		if (starts(name, prefix[i]))
			return true;
	return !name.n;
}

enum cp_mapping_kind perf_map_kind(struct cp_text name, bool kernel)
{
	if (kernel)
		return kernel_kind(name);
	if (starts(name, "[vdso") || starts(name, "[vsyscall]") ||
		starts(name, "[vectors]"))
		return CP_MAP_VDSO;
	return generated(name) ? CP_MAP_JIT : CP_MAP_USER;
}

/* How far around a mapping its neighbours are looked for; one remap is a few records. */
enum { NEIGHBOURS = 256 };

static bool is_anonymous(struct cp_text name)
{
	return !name.n || starts(name, "//anon") || starts(name, "[anon") ||
	       starts(name, "/anon_hugepage");
}

/* `map` shows what the file behind `piece` has at that distance. */
static void belongs_to(struct perf_map *map, const struct perf_map *piece)
{
	map->name = piece->name;
	map->build_id = piece->build_id;
	map->kind = piece->kind;
	map->pgoff = piece->pgoff + (map->start - piece->start);
}

/*
 * Programs copy their text to anonymous huge pages, in the middle of the mapping of their
 * file or, where perf came later, between two pieces of it.
 */
static bool is_remapped_text(
	const struct perf_file *f, const struct perf_map *map, uint32_t *ret_piece)
{
	uint32_t at = (uint32_t)(map - f->map.v);
	uint32_t low = at > NEIGHBOURS ? at - NEIGHBOURS : 1, left = 0, right = 0;

	for (uint32_t i = at - 1; i >= low; i--) {
		const struct perf_map *m = &f->map.v[i];

		if (m->pid != map->pid || m->kind != CP_MAP_USER)
			continue;
		if (m->start < map->start && map->limit < m->limit) {
			*ret_piece = i;
			return true;
		}
	}
	for (uint32_t i = low; i < f->map.n && i < at + NEIGHBOURS; i++) {
		const struct perf_map *m = &f->map.v[i];

		if (m->pid != map->pid || m->kind != CP_MAP_USER)
			continue;
		if (m->limit == map->start)
			left = i;
		if (!right && m->start == map->limit)
			right = i;
	}
	*ret_piece = left;
	return left && right && f->map.v[left].name == f->map.v[right].name &&
	       f->map.v[left].build_id == f->map.v[right].build_id &&
	       f->map.v[right].pgoff - f->map.v[left].pgoff ==
		       f->map.v[right].start - f->map.v[left].start;
}

void perf_text_settle(struct perf_file *f)
{
	for (uint32_t i = 1; i < f->map.n; i++) {
		struct perf_map *map = &f->map.v[i];
		uint32_t piece;

		if (map->kind == CP_MAP_JIT && !map->data &&
			is_anonymous(perf_name(f, map->name)) &&
			is_remapped_text(f, map, &piece))
			belongs_to(map, &f->map.v[piece]);
	}
}

enum cp_code perf_images_settle(struct perf_file *f, struct cp_error *err)
{
	struct cpi_mem *mem = &f->env->mem;
	struct cpi_index index = {0};
	uint32_t n = 0;

	for (uint32_t i = 1; i < f->map.n; i++) {
		struct perf_map *map = &f->map.v[i];
		struct cpi_probe probe;
		uint64_t hash;

		/* What has a build id is a file: a memfd, or one that was deleted. */
		if (map->build_id && map->kind == CP_MAP_JIT)
			map->kind = CP_MAP_USER;
		hash = cpi_hash_u64((uint64_t)map->name << 32 | map->build_id);
		probe = cpi_index_find(&index, hash);
		for (uint32_t k; !map->image && (k = cpi_index_next(&index, &probe));)
			if (f->map.v[k].name == map->name &&
				f->map.v[k].build_id == map->build_id)
				map->image = f->map.v[k].image;
		if (map->image)
			continue;
		map->image = ++n;
		if (!cpi_index_add(mem, &index, hash, i)) {
			cpi_index_release(mem, &index);
			return cpi_error_memory(err);
		}
	}
	cpi_index_release(mem, &index);
	return CP_OK;
}
