/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks as a tree of callers. */
#include "base/hash.h"
#include "format/sqlite/sqlite.h"

static uint32_t step(struct cpi_paths *paths, struct cpi_mem *mem,
	struct cpi_index *index, struct cpi_path want)
{
	uint64_t hash = cpi_hash_u64((uint64_t)want.parent << 32 | want.frame);
	struct cpi_probe probe = cpi_index_find(index, hash);

	for (uint32_t id; (id = cpi_index_next(index, &probe));)
		if (paths->path.v[id].parent == want.parent &&
			paths->path.v[id].frame == want.frame)
			return id;
	if (paths->path.n > UINT32_MAX - 1 || !cpi_vec_push(mem, &paths->path, want) ||
		!cpi_index_add(mem, index, hash, (uint32_t)paths->path.n - 1))
		return 0;
	return (uint32_t)paths->path.n - 1;
}

/* From the outermost function of a location to its innermost; 0 when out of memory. */
static uint32_t walk(struct cpi_paths *paths, struct cpi_mem *mem,
	struct cpi_index *index, const struct cp_profile *p, cp_location location,
	uint32_t parent)
{
	uint32_t n = p->location.v[location.i].n_lines;

	for (uint32_t i = n ? n : 1; i--;) {
		parent = step(paths, mem, index,
			(struct cpi_path){parent, paths->first[location.i] + i});
		if (!parent)
			break;
	}
	return parent;
}

static bool add_stacks(struct cpi_paths *paths, struct cpi_mem *mem,
	struct cpi_index *index, const struct cp_profile *p)
{
	for (uint32_t id = 1; id < p->stack_end.n; id++) {
		const cp_location *frame;
		uint32_t n, at = 0;

		frame = cpi_profile_frames(p, (cp_stack){id}, &n);
		while (n--) {
			at = walk(paths, mem, index, p, frame[n], at);
			if (!at)
				return false;
		}
		paths->stack[id] = at;
	}
	return true;
}

bool cpi_paths_init(
	struct cpi_paths *paths, struct cpi_mem *mem, const struct cp_profile *p)
{
	struct cpi_index index = {0};
	uint32_t frame = 1;
	bool done;

	*paths = (struct cpi_paths){.stack = NULL};
	paths->stack = cpi_alloc_zero(mem, p->stack_end.n * sizeof *paths->stack);
	paths->first = cpi_alloc_zero(mem, p->location.n * sizeof *paths->first);
	if (!paths->stack || !paths->first ||
		!cpi_vec_push(mem, &paths->path, (struct cpi_path){0}))
		return false;
	for (size_t i = 1; i < p->location.n; i++) {
		uint32_t n = p->location.v[i].n_lines;

		paths->first[i] = frame;
		frame += n ? n : 1;
	}
	done = add_stacks(paths, mem, &index, p);
	cpi_index_release(mem, &index);
	return done;
}

void cpi_paths_release(
	struct cpi_paths *paths, struct cpi_mem *mem, const struct cp_profile *p)
{
	cpi_free(mem, paths->stack, p->stack_end.n * sizeof *paths->stack);
	cpi_free(mem, paths->first, p->location.n * sizeof *paths->first);
	cpi_vec_release(mem, &paths->path);
}
