/* SPDX-License-Identifier: Apache-2.0 */
#include "tiny.h"

unsigned long with_none(unsigned depth, unsigned long x)
{
	volatile unsigned long keep = x;

	if (!depth)
		snapshot();
	else
		keep += indirect(depth - 1, x * 5);
	return keep + 1;
}
