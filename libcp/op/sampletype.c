/* SPDX-License-Identifier: Apache-2.0 */
#include <cp/filter.h>

#include <stdio.h>

#include "base/text.h"
#include "model/profile.h"

static enum cp_code no_such_type(
	const struct cp_profile *p, struct cp_text name, struct cp_error *err)
{
	char list[160] = "", shown[48];
	size_t n = 0;

	for (size_t i = 0; i < p->sample_type.n && n < sizeof list - 64; i++) {
		int more = snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "",
			cpi_text_printable(shown, sizeof shown,
				cpi_profile_text(p, p->sample_type.v[i].type)));

		n += more > 0 ? (size_t)more : 0;
	}
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"sample_index \"%s\" is not among %s",
		cpi_text_printable(shown, sizeof shown, name),
		*list ? list : "no sample types");
}

enum cp_code cp_profile_find_sample_type(const struct cp_profile *p, const char *name,
	uint32_t *ret_type, struct cp_error *err)
{
	struct cp_text want = name ? cpi_text(name) : CPI_TEXT(""), bare = want;
	uint64_t number;

	if (!p->sample_type.n)
		return cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
			"the profile has no sample types");
	if (!want.n) {
		*ret_type = cpi_profile_default_type(p);
		return CP_OK;
	}
	if (want.p[0] >= '0' && want.p[0] <= '9' && cpi_text_u64(want, &number)) {
		if (number >= p->sample_type.n)
			return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"sample_index %s is outside 0…%zu", name,
				p->sample_type.n - 1);
		*ret_type = (uint32_t)number;
		return CP_OK;
	}
	if (cpi_text_starts(want, CPI_TEXT("inuse_")))
		bare = (struct cp_text){want.p + 6, want.n - 6};
	for (uint32_t i = 0; i < p->sample_type.n; i++) {
		struct cp_text type = cpi_profile_text(p, p->sample_type.v[i].type);

		if (cpi_text_equal(type, want) || cpi_text_equal(type, bare)) {
			*ret_type = i;
			return CP_OK;
		}
	}
	return no_such_type(p, want, err);
}
