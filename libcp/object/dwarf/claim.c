/* SPDX-License-Identifier: Apache-2.0 */
/* Which units say that an address is theirs. */
#include <stdlib.h>

#include "base/error.h"
#include "object/dwarf/const.h"
#include "object/dwarf/resolve.h"

bool cpi_dwarf_claims_init(
	struct cpi_dwarf_claims *c, const struct cpi_dwarf_resolution *r)
{
	struct cpi_mem *mem = &r->env->mem;
	size_t n = 0;

	memset(c, 0, sizeof *c);
	c->env = r->env;
	for (size_t i = 0; i < r->n; i++)
		n += !r->answer[i].owned;
	c->address = cpi_alloc_array(mem, n, sizeof *c->address);
	c->index = cpi_alloc_array(mem, n, sizeof *c->index);
	c->asked = cpi_alloc_array(mem, n, sizeof *c->asked);
	c->skip = cpi_alloc_array(mem, n + 1, sizeof *c->skip);
	c->n = n;
	if (!c->address || !c->index || !c->asked || !c->skip)
		return false;
	for (size_t i = n = 0; i < r->n; i++) {
		if (r->answer[i].owned)
			continue;
		c->address[n] = r->address[i];
		c->index[n] = (uint32_t)i;
		c->asked[n++] = r->answer[i].asked;
	}
	for (size_t i = 0; i <= n; i++)
		c->skip[i] = (uint32_t)i;
	return true;
}

void cpi_dwarf_claims_release(struct cpi_dwarf_claims *c)
{
	struct cpi_mem *mem = &c->env->mem;

	cpi_free(mem, c->address, c->n * sizeof *c->address);
	cpi_free(mem, c->index, c->n * sizeof *c->index);
	cpi_free(mem, c->asked, c->n * sizeof *c->asked);
	cpi_free(mem, c->skip, (c->n + 1) * sizeof *c->skip);
	cpi_vec_release(mem, &c->taken);
}

/*
 * The first address from i on that is not claimed;
 * paths are halved as they are walked.
 */
static size_t next_free(struct cpi_dwarf_claims *c, size_t i)
{
	while (c->skip[i] != i) {
		c->skip[i] = c->skip[c->skip[i]];
		i = c->skip[i];
	}
	return i;
}

static size_t first_from(const uint64_t *address, size_t n, uint64_t value)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (address[mid] < value)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * Units in order of their offsets, each taking what none took before: the linker keeps
 * the first copy of a COMDAT function, and lets the entries of the others point to it,
 * too. An address whose unit did not know it is claimed anew, by units behind the one
 * that was asked.
 */
static bool claim(struct cpi_dwarf_claims *c, uint32_t order, uint64_t low, uint64_t high)
{
	for (size_t i = next_free(c, first_from(c->address, c->n, low));
		i < c->n && c->address[i] < high; i = next_free(c, i + 1)) {
		if (c->asked[i] > order) {
			c->ranges.used++; /* in vain: paid for like bytes */
			continue;
		}
		if (!cpi_vec_push(&c->env->mem, &c->taken, (uint32_t)i))
			return false;
		c->asked[i] = order + 1;
		c->skip[i] = (uint32_t)i + 1;
	}
	return true;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Makes a job of what a unit has taken. */
static enum cp_code employ(struct cpi_dwarf_claims *c, struct cpi_dwarf_unit *unit,
	struct cpi_dwarf_batch *batch, struct cp_error *err)
{
	struct cpi_mem *mem = &c->env->mem;
	struct cpi_dwarf_job job = {.unit = unit, .n = c->taken.n};

	if (!job.n)
		return CP_OK;
	job.query = cpi_alloc_zero(mem, job.n * sizeof *job.query);
	if (!job.query)
		return cpi_error_memory(err);
	if (!cpi_vec_push(mem, &batch->job, job)) {
		cpi_free(mem, job.query, job.n * sizeof *job.query);
		return cpi_error_memory(err);
	}
	qsort(c->taken.v, c->taken.n, sizeof *c->taken.v, by_number);
	for (size_t i = 0; i < job.n; i++) {
		uint32_t k = c->taken.v[i];

		job.query[i].address = c->address[k];
		job.query[i].index = c->index[k];
		job.query[i].asked = c->asked[k];
	}
	c->taken.n = 0;
	return CP_OK;
}

static bool pay(struct cpi_dwarf_claims *c, const struct cpi_dwarf_file *file)
{
	uint64_t n = c->ranges.used;

	c->ranges.used = 0;
	return cpi_dwarf_spend(&file->budget->ranges, n);
}

enum cp_code cpi_dwarf_claim_unit(struct cpi_dwarf_claims *c, struct cpi_dwarf_unit *unit,
	struct cpi_dwarf_batch *batch, struct cp_error *err)
{
	uint64_t low, high;
	bool fine = true;

	if (unit->no_code || unit->kind == DW_UT_type ||
		!cpi_dwarf_ranges_start(
			&c->ranges, unit, &unit->low, &unit->high, &unit->ranges))
		return CP_OK;
	while (fine && cpi_dwarf_ranges_next(&c->ranges, &low, &high)) {
		if (!claim(c, unit->number, low, high))
			return cpi_error_memory(err);
		fine = pay(c, unit->file);
	}
	if (!fine || !pay(c, unit->file))
		return CPI_DWARF_UNIT_ERROR(err, CP_ERROR_LIMIT, unit, unit->start,
			"units share range lists beyond reason");
	return employ(c, unit, batch, err);
}

enum cp_code cpi_dwarf_claim_aranges(struct cpi_dwarf_claims *c,
	const struct cpi_dwarf_file *file, struct cpi_dwarf_batch *batch,
	struct cp_error *err)
{
	enum cp_code code = CP_OK;

	for (size_t i = 0; i < file->arange.n && !code; i++) {
		const struct cpi_dwarf_arange *row = &file->arange.v[i];

		/* Behind all that units say themselves. */
		if (!claim(c, file->n_units + row->unit, row->low, row->high))
			return cpi_error_memory(err);
		if (!pay(c, file))
			return cpi_dwarf_error(err, CP_ERROR_LIMIT, file, CPI_DW_ARANGES,
				CP_NO_OFFSET, "ranges of units overlap beyond reason");
		if (i + 1 == file->arange.n || row[1].unit != row->unit)
			code = employ(c, file->unit[row->unit], batch, err);
	}
	return code;
}
