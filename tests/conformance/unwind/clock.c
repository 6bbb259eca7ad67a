/* SPDX-License-Identifier: Apache-2.0 */
/* Time is read in the vdso, whose tables come from the build-id cache. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static __attribute__((noinline)) long tick(unsigned n)
{
	struct timespec t;
	long sum = 0;

	while (n--) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		sum += t.tv_nsec;
	}
	return sum;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 200;
	long sum = 0;

	for (unsigned i = 0; i < rounds; i++)
		sum += tick(1000);
	printf("%ld\n", sum);
	return 0;
}
