/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_PPROF_IDS_H
#define CPI_FORMAT_PPROF_IDS_H

/*
 * From a file's ids, any 64-bit numbers, to row numbers. Writers number rows 1, 2, 3…,
 * for which a sample's 40 million look-ups in a large profile must cost nothing: `same`
 * says that id and row agree for all ids up to `n`.
 */

#include "base/hash.h"
#include "base/vec.h"

struct pprof_id {
	uint64_t id;
	uint32_t row;
};

struct pprof_ids {
	uint32_t *dense; /* ids up to `most`; 0 = none */
	uint64_t most;
	uint64_t n;      /* ids added */
	bool same;
	CPI_VEC(struct pprof_id) far; /* the others */
	struct cpi_index index;       /* of `far`, id + 1 */
};

/* `count` messages with an id follow. */
bool cpi_pprof_ids_init(struct cpi_mem *mem, struct pprof_ids *ids, uint64_t count);
void cpi_pprof_ids_release(struct cpi_mem *mem, struct pprof_ids *ids);
/* False when out of memory. The id is not there yet. */
bool cpi_pprof_ids_add(
	struct cpi_mem *mem, struct pprof_ids *ids, uint64_t id, uint32_t row);
uint32_t cpi_pprof_ids_far(const struct pprof_ids *ids, uint64_t id);

/* The row, or 0. */
static inline uint32_t cpi_pprof_ids_find(const struct pprof_ids *ids, uint64_t id)
{
	if (ids->same && id <= ids->n)
		return (uint32_t)id;
	return id <= ids->most ? ids->dense[id] : cpi_pprof_ids_far(ids, id);
}

#endif
