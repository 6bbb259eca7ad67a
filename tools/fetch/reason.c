/* SPDX-License-Identifier: Apache-2.0 */
/* reason.c: the words of the reason codes. */
#include "fetch/reason.h"

static const struct {
	const char *code, *meaning;
} table[] = {
#define FETCH_ROW(NAME, CODE, WHAT) {CODE, WHAT},
	FETCH_REASONS(FETCH_ROW)
#undef FETCH_ROW
};

const char *fetch_reason_code(enum fetch_reason reason)
{
	return table[reason].code;
}

const char *fetch_reason_meaning(enum fetch_reason reason)
{
	return reason < sizeof table / sizeof *table ? table[reason].meaning : NULL;
}
