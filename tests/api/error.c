/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as text. */
#include <cp/error.h>

#include "use.h"

int main(void)
{
	struct cp_error err;
	char line[100], little[8];

	memset(&err, 0, sizeof err);
	err.offset = 64;
	strcpy(err.context, "MMAP2 record 3");
	strcpy(err.message, "it is short");
	MUST(cp_error_format(&err, line, sizeof line) == (int)strlen(line));
	MUST(!strcmp(line, "MMAP2 record 3 at byte 0x40: it is short"));
	MUST(cp_error_format(&err, little, sizeof little) == (int)strlen(line));
	MUST(!strcmp(little, "MMAP2 r"));
	MUST(!strcmp(cp_code_name(CP_ERROR_LIMIT), "limit"));
	MUST(cp_code_name((enum cp_code)1000));
	return 0;
}
