/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_AMOUNT_H
#define CPI_VIEW_AMOUNT_H

/* How the values of one sample type are shown: in which unit, and as shares of what. */

#include <cp/report.h>

#include "model/profile.h"

struct cpi_amount {
	struct cp_text type;
	struct cp_text from, to; /* units: as recorded, as shown */
	double factor;           /* from recorded values to those in `from` */
	double ratio;            /* 1 / divide_by */
	int64_t total;
};

/* Finds the sample type, and the total unless the options give one. */
enum cp_code cpi_amount_init(struct cpi_amount *amount, const struct cp_profile *p,
	const struct cp_report_options *options, uint32_t *ret_type,
	struct cp_error *err);
/* One unit for all of a view whose smallest value is `least`, if "minimum" is asked for.
 */
void cpi_amount_pick(struct cpi_amount *amount, double least);
/* "1.20s"; returns buf. */
char *cpi_amount_text(
	const struct cpi_amount *amount, char *buf, size_t size, int64_t value);
/* "12.3%" of the total, without blanks in front. */
char *cpi_amount_share(
	const struct cpi_amount *amount, char *buf, size_t size, int64_t value);
/* 0 … 10000: a value's magnitude as a share of the total. */
uint32_t cpi_amount_part(const struct cpi_amount *amount, int64_t value);

#endif
