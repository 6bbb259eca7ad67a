/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over its corpus without libFuzzer: each file whole, every prefix of
 * small files (sampled on large ones), and single-byte flips, from exact-size heap
 * buffers, so that a sanitizer sees a read of one byte too many.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs per file and kind of damage; keeps the whole suite in minutes. */
enum { MOST_RUNS = 600 };

static size_t runs;

static void run(const uint8_t *bytes, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);

	if (!exact)
		abort();
	memcpy(exact, bytes, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	runs++;
}

static void damage(uint8_t *bytes, size_t n)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff};
	size_t step = n / MOST_RUNS + 1;

	run(bytes, n);
	for (size_t i = 0; i < n; i += step)
		run(bytes, i);
	for (size_t i = 0; i < n; i += step) {
		uint8_t mask = masks[i / step % sizeof masks];

		bytes[i] ^= mask;
		run(bytes, n);
		bytes[i] ^= mask;
	}
}

static int file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes;
	long n;

	if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0) {
		perror(path);
		return 1;
	}
	rewind(f);
	bytes = malloc((size_t)n + 1);
	if (!bytes || fread(bytes, 1, (size_t)n, f) != (size_t)n) {
		perror(path);
		return 1;
	}
	fclose(f);
	damage(bytes, (size_t)n);
	free(bytes);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent **entry;
	int n, bad = 0, files = 0;

	if (argc != 2 || (n = scandir(argv[1], &entry, NULL, alphasort)) < 0) {
		fprintf(stderr, "usage: %s CORPUS-DIR\n", argv[0]);
		return 2;
	}
	for (int i = 0; i < n; i++) {
		char path[4096];

		if (entry[i]->d_name[0] != '.') {
			snprintf(path, sizeof path, "%s/%s", argv[1], entry[i]->d_name);
			bad |= file(path);
			files++;
		}
		free(entry[i]);
	}
	free(entry);
	printf("%d files, %zu runs\n", files, runs);
	return bad || !files;
}
