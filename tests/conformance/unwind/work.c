/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C as profilers meet it: the library calling back (qsort), recursion, tail calls, signal
 * handlers on the same stack and on one of their own, variable-length frames.
 */
#include <alloca.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static volatile unsigned long sink;

static __attribute__((noinline)) unsigned long spin(unsigned n)
{
	unsigned long x = n;

	while (n--)
		x = x * 6364136223846793005UL + 1442695040888963407UL;
	return x;
}

static int compare(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	sink += spin(5);
	return x < y ? -1 : x > y;
}

static __attribute__((noinline)) void sorts(unsigned seed)
{
	unsigned long v[256];

	for (unsigned i = 0; i < 256; i++)
		v[i] = (i * 2654435761u + seed) % 1000;
	qsort(v, 256, sizeof *v, compare);
	sink += v[7];
}

static __attribute__((noinline)) unsigned long fib(unsigned n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static __attribute__((noinline)) unsigned long dynamic(unsigned n)
{
	char *p = alloca(n * 16 + 16);

	memset(p, (int)n, n * 16 + 16);
	sink += p[3];
	return n ? dynamic(n - 1) + spin(50) : spin(500);
}

static __attribute__((noinline)) unsigned long large(unsigned n)
{
	char text[3000];

	snprintf(text, sizeof text, "%u %s", n, "text");
	sink += strlen(text);
	return spin(2000) + text[0];
}

static void on_signal(int number)
{
	(void)number;
	sink += spin(20000) + fib(12);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 200;
	struct itimerval every = {{0, 2000}, {0, 2000}};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	stack_t own = {.ss_sp = malloc(65536), .ss_size = 65536};

	sigaction(SIGALRM, &action, NULL);
	sigaltstack(&own, NULL);
	action.sa_flags |= SA_ONSTACK;
	sigaction(SIGUSR1, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (unsigned i = 0; i < rounds; i++) {
		sorts(i);
		sink += fib(15) + dynamic(30) + large(i);
		if (i % 8 == 0)
			raise(SIGUSR1);
	}
	return 0;
}
