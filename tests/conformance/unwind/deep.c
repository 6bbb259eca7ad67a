/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recursion as interpreters and parsers have it, but with the smallest frames there are:
 * of 16 bytes, so that a dump of 64 KB holds more than 4,000 of them.
 */
#include <stdio.h>
#include <stdlib.h>

static volatile unsigned long sink;

static __attribute__((noinline)) unsigned long leaf(unsigned n)
{
	unsigned long x = n;

	for (unsigned i = 0; i < 20000; i++)
		x = x * 6364136223846793005UL + n;
	return x;
}

static __attribute__((noinline)) unsigned long down(unsigned n)
{
	unsigned long x = n ? down(n - 1) : leaf(n);

	/* Nothing that a compiler could carry along in a loop. */
	return x ^ x >> 3 ^ n;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 200;

	for (unsigned i = 0; i < rounds; i++)
		sink += down(i % 8 < 4 ? 3900 : i % 4096);
	printf("%lu\n", sink);
	return 0;
}
