/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of a pprof's messages, to rows. */
#include "format/pprof/ids.h"

bool cpi_pprof_ids_init(struct cpi_mem *mem, struct pprof_ids *ids, uint64_t count)
{
	memset(ids, 0, sizeof *ids);
	ids->same = true;
	ids->most = count;
	ids->dense = cpi_alloc_zero(mem, (count + 1) * sizeof *ids->dense);
	return ids->dense != NULL;
}

void cpi_pprof_ids_release(struct cpi_mem *mem, struct pprof_ids *ids)
{
	if (ids->dense)
		cpi_free(mem, ids->dense, (ids->most + 1) * sizeof *ids->dense);
	cpi_vec_release(mem, &ids->far);
	cpi_index_release(mem, &ids->index);
	ids->dense = NULL;
}

bool cpi_pprof_ids_add(
	struct cpi_mem *mem, struct pprof_ids *ids, uint64_t id, uint32_t row)
{
	ids->n++;
	ids->same = ids->same && id == ids->n && row == id;
	if (id <= ids->most) {
		ids->dense[id] = row;
		return true;
	}
	return cpi_vec_push(mem, &ids->far, (struct pprof_id){id, row}) &&
		cpi_index_add(mem, &ids->index, cpi_hash_u64(id), (uint32_t)ids->far.n);
}

uint32_t cpi_pprof_ids_far(const struct pprof_ids *ids, uint64_t id)
{
	struct cpi_probe probe = cpi_index_find(&ids->index, cpi_hash_u64(id));

	for (uint32_t at; (at = cpi_index_next(&ids->index, &probe));)
		if (ids->far.v[at - 1].id == id)
			return ids->far.v[at - 1].row;
	return 0;
}
