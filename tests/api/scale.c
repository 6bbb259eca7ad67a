/* SPDX-License-Identifier: Apache-2.0 */
/* Other values. */
#include <cp/scale.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context), *q = NULL;
	struct cp_error err;
	double twice = 2;

	MUST(!cp_profile_scale(context, p, &twice, 1, false, &q, &err));
	MUST(cp_profile_sample_values(q, 0)[0] == 6);
	cp_profile_free(q);
	MUST(!cp_profile_normalize(context, p, p, false, &q, &err));
	cp_profile_free(q);
	MUST(cp_profile_scale(NULL, p, &twice, 1, false, &q, &err) == CP_ERROR_ARGUMENT);
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
