/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DWARF_RESOLVE_H
#define CPI_DWARF_RESOLVE_H

/*
 * One resolve call: claims (which unit is asked for which address), jobs (a unit and its
 * addresses) in batches, and the answers.
 */

#include "object/dwarf/split.h"

/* Units' claims on addresses. All arrays go by address, ascending. */
struct cpi_dwarf_claims {
	struct cpi_env *env;
	uint64_t *address;
	uint32_t *index; /* the caller's number of the address */
	uint32_t *asked; /* order of the last claim that was asked, + 1; 0: none */
	uint32_t *skip;  /* the next address nobody has claimed, as far as known */
	size_t n;
	CPI_VEC(uint32_t) taken; /* by the unit that is claiming */
	struct cpi_dwarf_ranges ranges;
};

/* Jobs that run side by side. */
struct cpi_dwarf_batch {
	CPI_VEC(struct cpi_dwarf_job) job;
	struct cpi_dwarf_batch *next;
};

/* The frames of one address. */
struct cpi_dwarf_answer {
	const struct cpi_dwarf_frame *frame;
	uint32_t n;
	uint32_t asked; /* as in the claims: who answered */
	bool owned;     /* a function was found, not only a line */
};

struct cpi_dwarf_resolution {
	struct cpi_env *env;
	struct cpi_dwarf_file *file;
	struct cpi_dwarf_splits *splits;
	const uint64_t *address;
	size_t n;
	struct cpi_dwarf_batch *first, *last;
	struct cpi_dwarf_answer *answer; /* by address */
	struct cpi_dwarf_worker *worker; /* the result's */
};

/* dwarf/claim.c */

/* Claims on those of r's addresses that have no owner yet; all of them at first. */
bool cpi_dwarf_claims_init(
	struct cpi_dwarf_claims *claims, const struct cpi_dwarf_resolution *r);
void cpi_dwarf_claims_release(struct cpi_dwarf_claims *claims);
/* Lets one unit claim by its own ranges, and adds its job to the batch if it got any. */
enum cp_code cpi_dwarf_claim_unit(struct cpi_dwarf_claims *claims,
	struct cpi_dwarf_unit *unit, struct cpi_dwarf_batch *batch, struct cp_error *err);
/* The same for all units, by ranges known from elsewhere. */
enum cp_code cpi_dwarf_claim_aranges(struct cpi_dwarf_claims *claims,
	const struct cpi_dwarf_file *file, struct cpi_dwarf_batch *batch,
	struct cp_error *err);

/* dwarf/batch.c */

struct cpi_dwarf_batch *cpi_dwarf_batch_add(
	struct cpi_dwarf_resolution *r, struct cp_error *err);
void cpi_dwarf_batches_release(struct cpi_dwarf_resolution *r);
/* Runs jobs [from, to) of a batch on all threads and takes their answers. */
enum cp_code cpi_dwarf_batch_run(struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_batch *batch, size_t from, size_t to, struct cp_error *err);
/* What comes before and after the jobs themselves. */
enum cp_code cpi_dwarf_batch_prepare(struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_batch *batch, size_t from, size_t to, struct cp_error *err);
void cpi_dwarf_batch_answers(struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_batch *batch, size_t from, size_t to);

/* dwarf/stream.c: windowed files */

/* Lists a windowed file's units and runs each with its addresses while it is there. */
enum cp_code cpi_dwarf_stream(struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_claims *claims, struct cp_error *err);
/* Runs a batch of listed units, a window of them at a time. */
enum cp_code cpi_dwarf_stream_batch(struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_batch *batch, struct cp_error *err);

#endif
