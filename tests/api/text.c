/* SPDX-License-Identifier: Apache-2.0 */
/* Texts have a length. */
#include <cp/text.h>

#include "use.h"

int main(void)
{
	struct cp_text text = {"a\0b", 3};
	struct cp_context *context = use_context();
	struct cp_builder *b;
	cp_string id;

	MUST(!cp_builder_new(context, &b, NULL));
	id = cp_builder_string(b, text);
	MUST(id.i && cp_builder_string(b, text).i == id.i);
	MUST(cp_builder_str(b, "a").i != id.i);
	cp_builder_free(b);
	cp_context_free(context);
	return 0;
}
