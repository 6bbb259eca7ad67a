/* SPDX-License-Identifier: Apache-2.0 */
/* A picture, and one whose options have no size. */
#include <cp/flame.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	struct cp_flame *flame;
	struct cp_error err;
	static struct text text;

	OPTIONS(cp_flame_options, options);
	options.format = "frames";
	options.root = CP_ROOT_NONE;
	MUST(!cp_flame_new(context, &options, &flame, &err));
	MUST(!cp_flame_add(flame, p, CP_FLAME_AFTER, &err));
	cp_flame_scale(flame, CP_FLAME_SCALE_NONE, 1, NULL);
	MUST(!cp_flame_write(flame, use_write, &text, &err));
	MUST(strstr(text.p, "\twork"));
	cp_flame_free(flame);
	options.size = 0;
	MUST(cp_flame_new(context, &options, &flame, &err) == CP_ERROR_ARGUMENT);
	MUST(cp_flame_palette_at(0));
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
