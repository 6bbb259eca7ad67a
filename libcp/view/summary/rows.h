/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_SUMMARY_ROWS_H
#define CPI_VIEW_SUMMARY_ROWS_H

/* What the summary says, counted. */

#include "format/flat.h"

enum {
	CPI_SUMMARY_TOP = 20,
	CPI_SUMMARY_PATHS = 5,
	CPI_SUMMARY_CALLED = 5, /* functions whose callers are told */
	CPI_SUMMARY_CALLERS = 3
};

struct cpi_summary_caller {
	uint32_t frame;
	int64_t value;
};

struct cpi_summary_row {
	uint32_t frame;
	int64_t flat, cum;
	int64_t line; /* of the leaf's lines the one that cost most; 0: none is known */
	struct cpi_summary_caller caller[CPI_SUMMARY_CALLERS];
	uint32_t n_callers;
};

struct cpi_summary {
	const struct cp_profile *p;
	struct cpi_env *env;
	struct cpi_flat flat;
	uint32_t type;
	CPI_VEC(struct cpi_summary_row) frame; /* as flat.frame */
	struct cpi_summary_row
		top[CPI_SUMMARY_TOP]; /* by size of `flat`, then of `cum` */
	uint32_t n_top;
	uint32_t path[CPI_SUMMARY_PATHS]; /* rows of `flat` */
	uint32_t n_paths;
	bool overflow;
	int64_t named; /* samples whose leaf has a name */
};

enum cp_code cpi_summary_init(struct cpi_summary *s, struct cpi_env *env,
	const struct cp_profile *p, uint32_t type, struct cp_error *err);
/* Also of one that is all zeros, or failed. */
void cpi_summary_release(struct cpi_summary *s);

static inline int64_t cpi_summary_value(const struct cpi_summary *s, size_t row)
{
	return s->flat.value.v[row * s->p->sample_type.n + s->type];
}

#endif
