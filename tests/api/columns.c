/* SPDX-License-Identifier: Apache-2.0 */
/* Every column says what the getters say. */
#include <cp/columns.h>

#include "use.h"

static uint64_t entry(const struct cp_column *column, uint64_t i)
{
	const unsigned char *at =
		(const unsigned char *)column->data + i * column->stride;
	uint64_t x = 0;
	uint32_t word;

	if (column->width == 1)
		return *at;
	if (column->width == 4) {
		memcpy(&word, at, sizeof word);
		return word;
	}
	MUST(column->width == 8);
	memcpy(&x, at, sizeof x);
	return x;
}

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	struct cp_profile_counts n = cp_profile_counts(p);
	struct cp_column c = cp_profile_column(p, CP_SAMPLE_VALUES), end;

	MUST(c.n == n.samples && entry(&c, 0) == 3 && entry(&c, 1) == 1);
	c = cp_profile_column(p, CP_STRING_BYTES);
	end = cp_profile_column(p, CP_STRING_LENGTH);
	MUST(c.n == n.strings + 1 && c.kind == CP_COLUMN_ADDRESS);
	for (uint32_t i = 0; i <= n.strings; i++) {
		cp_string id = {i};
		struct cp_text text = cp_profile_string(p, id);

		MUST((const char *)(uintptr_t)entry(&c, i) == text.p);
		MUST(entry(&end, i) == text.n);
	}
	c = cp_profile_column(p, CP_FUNCTION_NAME);
	for (uint32_t i = 0; i <= n.functions; i++) {
		cp_function id = {i};

		MUST(entry(&c, i) == cp_profile_function(p, id)->name.i);
	}
	c = cp_profile_column(p, CP_FRAME_LOCATION);
	end = cp_profile_column(p, CP_STACK_END);
	for (uint32_t i = 1; i <= n.stacks; i++) {
		cp_stack id = {i};
		uint32_t depth;
		const cp_location *frame = cp_profile_stack(p, id, &depth);

		MUST(entry(&end, i) - entry(&end, i - 1) == depth);
		for (uint32_t k = 0; k < depth; k++)
			MUST(entry(&c, entry(&end, i - 1) + k) == frame[k].i);
	}
	for (int id = 0; id < CP_COLUMNS; id++) {
		c = cp_profile_column(p, (enum cp_column_id)id);
		MUST(cp_column_name((enum cp_column_id)id));
		MUST(c.stride >= c.width &&
			(c.width == 1 || c.width == 4 || c.width == 8));
		MUST(c.n ? c.data != NULL : c.data == NULL);
	}
	MUST(!cp_profile_column(p, CP_SAMPLE_TIME).n);
	MUST(!cp_profile_column(p, CP_COLUMNS).stride && !cp_column_name(CP_COLUMNS));
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
