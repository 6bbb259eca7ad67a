/* SPDX-License-Identifier: Apache-2.0 */
/* Names of records, sample fields and events. */
#include "format/perf/parts.h"

bool perf_names_init(struct perf_names *names, struct cpi_mem *mem)
{
	memset(names, 0, sizeof *names);
	names->mem = mem;
	cpi_arena_init(&names->arena, mem);
	return cpi_vec_push(mem, &names->text, CPI_TEXT(""));
}

void perf_names_release(struct perf_names *names)
{
	if (!names->mem)
		return;
	cpi_vec_release(names->mem, &names->text);
	cpi_index_release(names->mem, &names->index);
	cpi_arena_release(&names->arena);
}

bool perf_names_add(struct perf_names *names, struct cp_text text, uint32_t *ret_id)
{
	uint64_t hash = cpi_hash(text.p, text.n);
	struct cpi_probe probe = cpi_index_find(&names->index, hash);
	char *copy;

	if (!text.n) {
		*ret_id = 0;
		return true;
	}
	for (uint32_t id; (id = cpi_index_next(&names->index, &probe));) {
		if (cpi_text_equal(names->text.v[id], text)) {
			*ret_id = id;
			return true;
		}
	}
	copy = cpi_arena_copy(&names->arena, text.p, text.n);
	if (!copy ||
		!cpi_vec_push(names->mem, &names->text, (struct cp_text){copy, text.n}) ||
		!cpi_index_add(
			names->mem, &names->index, hash, (uint32_t)names->text.n - 1))
		return false;
	*ret_id = (uint32_t)names->text.n - 1;
	return true;
}
