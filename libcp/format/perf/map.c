/* SPDX-License-Identifier: Apache-2.0 */
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

enum cp_code perf_images_settle(struct perf_file *f, struct cp_error *err)
{
	struct cpi_mem *mem = &f->env->mem;
	struct cpi_index index = {0};
	uint32_t n = 0;

	for (uint32_t i = 1; i < f->map.n; i++) {
		struct perf_map *map = &f->map.v[i];
		uint64_t hash = cpi_hash_u64((uint64_t)map->name << 32 | map->build_id);
		struct cpi_probe probe = cpi_index_find(&index, hash);

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
