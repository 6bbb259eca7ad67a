/* SPDX-License-Identifier: Apache-2.0 */
/* Burns processor time and keeps memory, three functions deep; see ../README.md. */
#include <stdlib.h>

static volatile unsigned long sink;

__attribute__((noinline)) static void spin(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		sink += i * i;
}

__attribute__((noinline)) static void *keep(size_t size)
{
	void **p = malloc(size);

	if (p)
		*p = (void *)sink;
	return p;
}

__attribute__((noinline)) static void small(unsigned turn)
{
	sink += (unsigned long)keep(100 + turn % 3);
	spin(300000);
}

__attribute__((noinline)) static void large(unsigned turn)
{
	sink += (unsigned long)keep(20000 + turn);
	spin(900000);
}

int main(void)
{
	for (unsigned turn = 0; turn < 400; turn++) {
		small(turn);
		if (turn % 2)
			large(turn);
	}
	return 0;
}
