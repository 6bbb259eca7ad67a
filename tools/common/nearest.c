/* SPDX-License-Identifier: Apache-2.0 */
/* The word that was probably meant. */
#include "common/nearest.h"

#include <string.h>

enum { WORD = 32 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits (insert, drop, change, swap two neighbours) from a to b; long words are cut. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][WORD + 1]; /* i-2, i-1, i */
	size_t n = strnlen(a, WORD), m = strnlen(b, WORD);

	for (size_t j = 0; j <= m; j++)
		row[1][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		row[2][0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned edit = row[1][j - 1] + (a[i - 1] != b[j - 1]);

			edit = least(edit, least(row[1][j], row[2][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1])
				edit = least(edit, row[0][j - 2] + 1);
			row[2][j] = edit;
		}
		memcpy(row[0], row[1], sizeof row[0]);
		memcpy(row[1], row[2], sizeof row[1]);
	}
	return row[1][m];
}

/*
 * Smaller is nearer; WORD and above is far. A name that the word begins counts as
 * near.
 */
static unsigned score(const char *typed, const char *name)
{
	size_t n = strlen(typed);
	unsigned d = distance(typed, name);

	if (n >= 3 && !strncmp(typed, name, n))
		return 1;
	if (n >= 4 && strstr(name, typed))
		return least(d, 2);
	return d <= n / 3 + (n > 3) ? d : WORD;
}

const char *opt_nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	unsigned lowest = WORD;

	for (size_t i = 0; i < n; i++) {
		unsigned s = score(word, names[i]);

		if (s < lowest) {
			lowest = s;
			best = names[i];
		}
	}
	return best;
}

const struct opt *opt_nearest_option(const struct opt_group *groups, const char *typed)
{
	const struct opt *best = NULL;
	unsigned lowest = WORD;

	for (; groups->title; groups++)
		for (const struct opt *opt = groups->rows; opt->kind; opt++) {
			unsigned s = score(typed, opt->name);

			if (s < lowest) {
				lowest = s;
				best = opt;
			}
		}
	return best;
}
