/* SPDX-License-Identifier: Apache-2.0 */
/* Getters, in range and out of it. */
#include <cp/profile.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	cp_string string = {1000};
	cp_mapping mapping = {1000};
	cp_function function = {1000};
	cp_location location = {1000};
	cp_stack stack = {1000};
	cp_labels labels = {1000};
	struct cp_location_row row;
	uint32_t n = 1;

	MUST(cp_profile_header(p)->duration_nanos == 0);
	MUST(!cp_profile_string(p, string).n && cp_profile_string(p, string).p);
	MUST(cp_profile_mapping(p, mapping)->limit == 0);
	MUST(cp_profile_function(p, function)->name.i == 0);
	MUST(cp_profile_location(p, location)->n_lines == 0);
	cp_profile_stack(p, stack, &n);
	MUST(n == 0);
	n = 1;
	cp_profile_labels(p, labels, &n);
	MUST(n == 0);
	memset(&row, 0, sizeof row);
	row.n_lines = 1000;
	MUST(!cp_profile_lines(p, &row));
	MUST(cp_profile_sample_type(p, 9)->type.i == 0);
	MUST(!cp_profile_comment(p, 9).n);
	MUST(!cp_profile_sample_stack(p, 9).i && !cp_profile_sample_labels(p, 9).i);
	MUST(!cp_profile_sample_values(p, 9));
	MUST(cp_profile_sample_time(p, 9) == CP_NO_TIME);
	MUST(cp_profile_sample_time(p, 0) == CP_NO_TIME);
	location.i = 1;
	MUST(cp_profile_lines(p, cp_profile_location(p, location))->line == 7);
	MUST(!cp_profile_check(p, NULL));
	cp_profile_free(p);
	cp_profile_free(NULL);
	cp_context_free(context);
	return 0;
}
