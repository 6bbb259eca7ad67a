/* SPDX-License-Identifier: Apache-2.0 */
/* How values are shown: pprof's units and rounding. */
#include <math.h>
#include <string.h>

#include <cp/units.h>

#include "view/amount.h"

enum cp_code cpi_amount_init(struct cpi_amount *a, const struct cp_profile *p,
	const struct cp_report_options *o, uint32_t *ret_type, struct cp_error *err)
{
	enum cp_code code = cp_profile_find_sample_type(p, o->sample_type, ret_type, err);

	if (!code && !p->sample_type.n)
		code = cpi_error(
			err, CP_ERROR_EMPTY, CP_NO_OFFSET, "the profile has no samples");
	*a = (struct cpi_amount){.total = o->total};
	if (!code && !o->total_given)
		code = cp_report_total(p, o->sample_type, o->mean, &a->total, err);
	if (code)
		return code;
	a->type = cpi_profile_text(p, p->sample_type.v[*ret_type].type);
	a->from = cpi_profile_text(p, p->sample_type.v[*ret_type].unit);
	a->to = cpi_text(o->unit && *o->unit ? o->unit : "minimum");
	a->factor = pow(10, -(double)p->sample_type.v[*ret_type].decimals);
	a->ratio = o->divide_by > 0 ? 1 / o->divide_by : 1;
	return CP_OK;
}

void cpi_amount_pick(struct cpi_amount *a, double least)
{
	double most = fabs((double)a->total);

	if (!cpi_text_equal(a->to, CPI_TEXT("minimum")))
		return;
	if (least == 0)
		least = most;
	/* Divided down to nothing, the smallest value has the kind's default unit. */
	if (least > 0 && trunc(least * a->ratio) == 0)
		cp_unit_scale(0, a->from, CPI_TEXT("minimum"), &a->to);
	else
		a->to = cp_unit_for_report(
			trunc(least * a->ratio), trunc(most * a->ratio), a->from);
	if (!a->to.n)
		a->to = a->from;
}

char *cpi_amount_text(const struct cpi_amount *a, char *buf, size_t size, int64_t value)
{
	double x = a->ratio == 1 ? (double)value : trunc((double)value * a->ratio);

	cp_unit_label(buf, size, x * a->factor, a->from, a->to);
	return buf;
}

char *cpi_amount_share(const struct cpi_amount *a, char *buf, size_t size, int64_t value)
{
	size_t blanks;

	cp_unit_percent(buf, size, (double)value, (double)a->total);
	blanks = strspn(buf, " ");
	memmove(buf, buf + blanks, strlen(buf + blanks) + 1);
	return buf;
}

uint32_t cpi_amount_part(const struct cpi_amount *a, int64_t value)
{
	uint64_t total = a->total < 0 ? 0 - (uint64_t)a->total : (uint64_t)a->total;
	uint64_t x = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	return !total       ? 0
	       : x >= total ? 10000
			    : (uint32_t)((unsigned __int128)x * 10000 / total);
}
