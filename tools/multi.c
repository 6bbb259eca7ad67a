/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All tools in one program, for static builds: what eight of them have in common, nearly
 * all of it, is there once. The tool is what the program is called as, or, under any
 * other name, its first argument.
 */
#include "multi.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} table[] = {
	{"cpconv", cpconv_main},
	{"cpdiff", cpdiff_main},
	{"cpmerge", cpmerge_main},
	{"cpflame", cpflame_main},
	{"cpinfo", cpinfo_main},
	{"cpreport", cpreport_main},
};

enum { N = sizeof table / sizeof *table };

static size_t find(const char *name)
{
	const char *slash = strrchr(name, '/');
	size_t i = 0;

	while (i < N && strcmp(table[i].name, slash ? slash + 1 : name) != 0)
		i++;
	return i;
}

int main(int argc, char **argv)
{
	size_t i = argc ? find(argv[0]) : N;

	if (i == N && argc > 1) {
		i = find(argv[1]);
		argc--;
		argv++;
	}
	if (i < N)
		return table[i].main(argc, argv);
	fprintf(stderr, "cp-tools: the tool is missing; one of");
	for (i = 0; i < N; i++)
		fprintf(stderr, " %s", table[i].name);
	fprintf(stderr, "\n");
	return 2;
}
