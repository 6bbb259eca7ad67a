/* SPDX-License-Identifier: Apache-2.0 */
/* The program of another project that install.py makes with what was installed. */
#include <cp/cp.h>
#include <stdio.h>

int main(void)
{
	const struct cp_limit *limit = cp_limit_at(0);

	if (limit)
		puts(limit->name);
	return !limit;
}
