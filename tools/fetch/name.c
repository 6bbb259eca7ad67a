/* SPDX-License-Identifier: Apache-2.0 */
/* name.c: the names of pprof's files, which scripts rely on. */
#include "fetch/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/store.h"

char *fetch_profile_prefix(const struct cp_profile *p)
{
	struct cp_profile_counts n = cp_profile_counts(p);
	char *prefix = strdup("pprof."), *longer;
	uint32_t parts = n.sample_types + 1 < 9 ? n.sample_types + 1 : 9;

	for (uint32_t i = 0; prefix && i < parts; i++) {
		struct cp_text t;
		const char *slash;
		char *word;

		if (i == 0 && n.mappings)
			t = cp_profile_string(
				p, cp_profile_mapping(p, (cp_mapping){1})->path);
		else if (i == 0)
			continue;
		else
			t = cp_profile_string(p, cp_profile_sample_type(p, i - 1)->type);
		slash = i == 0 && t.p ? memrchr(t.p, '/', t.n) : NULL;
		if (slash) {
			t.n -= (size_t)(slash + 1 - t.p);
			t.p = slash + 1;
		}
		if (!t.n)
			continue;
		word = strndup(t.p, t.n < 24 ? t.n : 24);
		longer = NULL;
		if (word) {
			char *clean = fetch_store_word(word, strlen(word));

			if (!clean || asprintf(&longer, "%s%s.", prefix, clean) < 0)
				longer = NULL;
			free(clean);
		}
		free(word);
		free(prefix);
		prefix = longer;
	}
	return prefix;
}

bool fetch_is_gzip(const char *path)
{
	FILE *file = fopen(path, "re");
	bool gzip = file && getc(file) == 0x1f && getc(file) == 0x8b;

	if (file)
		fclose(file);
	return gzip;
}
