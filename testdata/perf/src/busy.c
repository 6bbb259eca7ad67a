/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Something to record: THREADS named threads for SECONDS, each with calls of varying
 * depth, sorting, system calls and page faults; with "fork" also short-lived children, of
 * which every other runs `true`; with "jit" code written at run time, which /tmp/perf-PID.map
 * describes.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned sink;
static double end;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

__attribute__((noinline)) static unsigned leaf(unsigned x, int n)
{
	for (int i = 0; i < 40 + n; i++)
		x = x * 1664525u + 1013904223u;
	return x;
}

__attribute__((noinline)) static unsigned even(unsigned x, int depth);

__attribute__((noinline)) static unsigned odd(unsigned x, int depth)
{
	unsigned r = depth ? even(x ^ (unsigned)depth, depth - 1) : leaf(x, 3);

	sink += r;
	return r + 1;
}

__attribute__((noinline)) static unsigned even(unsigned x, int depth)
{
	unsigned r = depth ? (x & 1 ? odd(x * 3, depth - 1) : even(x * 7, depth - 1)) : leaf(x, 7);

	sink ^= r;
	return r + 3;
}

static int by_value(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static void *work(void *arg)
{
	enum { N = 4000 };
	char name[16];
	unsigned x = (unsigned)(size_t)arg;

	snprintf(name, sizeof name, "worker-%u", x);
	prctl(PR_SET_NAME, name);
	while (now() < end) {
		int *v = mmap(NULL, N * sizeof *v, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (int i = 0; i < 200; i++)
			x = even(x, 3 + (int)(x >> 8) % 14);
		for (int i = 0; i < N; i++)
			v[i] = rand_r(&x);
		qsort(v, N, sizeof *v, by_value);
		munmap(v, N * sizeof *v);
	}
	return NULL;
}

static void children(void)
{
	for (int i = 0; now() < end; i++) {
		pid_t pid = fork();

		if (!pid) {
			for (int k = 0; k < 2000; k++)
				sink += even((unsigned)k, 8);
			if (i & 1)
				execlp("true", "true", (char *)NULL);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

#if defined(__x86_64__)
/* int f(int n) { while (--n) ; return 0; } */
static const unsigned char loop[] = {0xff, 0xcf, 0x75, 0xfc, 0x31, 0xc0, 0xc3};

static void jit(void)
{
	unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[64];
	FILE *map;

	snprintf(path, sizeof path, "/tmp/perf-%d.map", getpid());
	map = fopen(path, "w");
	for (int i = 0; i < 2; i++) {
		memcpy(code + 64 * i, loop, sizeof loop);
		fprintf(map, "%lx %zx jitted_%c\n", (unsigned long)(code + 64 * i), sizeof loop,
			'a' + i);
	}
	fclose(map);
	while (now() < end)
		for (int i = 0; i < 2; i++)
			((int (*)(int))(void *)(code + 64 * i))(100000);
}
#else
static void jit(void)
{
}
#endif

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 2;
	pthread_t thread[64];

	end = now() + (argc > 2 ? atof(argv[2]) : 1);
	if (n > 64)
		return 2;
	for (size_t i = 0; i < n; i++)
		pthread_create(&thread[i], NULL, work, (void *)(i + 1));
	if (argc > 3 && !strcmp(argv[3], "fork"))
		children();
	if (argc > 3 && !strcmp(argv[3], "jit"))
		jit();
	for (size_t i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
