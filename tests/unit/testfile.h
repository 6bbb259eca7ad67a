/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTFILE_H
#define TESTFILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A file of testdata in an exact-size heap buffer (free with free); fails the test. */
static inline uint8_t *testfile(const char *name, size_t *ret_n)
{
	const char *dir = getenv("TESTDATA");
	char path[4096];
	uint8_t *bytes;
	FILE *f;
	long n;

	snprintf(path, sizeof path, "%s/%s", dir ? dir : "testdata", name);
	f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0) {
		perror(path);
		abort();
	}
	rewind(f);
	bytes = malloc((size_t)n ? (size_t)n : 1);
	if (!bytes || fread(bytes, 1, (size_t)n, f) != (size_t)n)
		abort();
	fclose(f);
	*ret_n = (size_t)n;
	return bytes;
}

#endif
