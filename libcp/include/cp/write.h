/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_WRITE_H
#define CP_WRITE_H

/* From a profile to bytes. */

#include <cp/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Takes n bytes; returns 0, or an errno value that ends the write. */
typedef int cp_write_fn(void *arg, const void *bytes, size_t n);

/* The root frame of folded stacks and flame graphs. */
enum cp_root {
	CP_ROOT_AUTO, /* the comm label when there is one */
	CP_ROOT_COMM,
	CP_ROOT_PID, /* comm-pid */
	CP_ROOT_TID, /* comm-pid/tid */
	CP_ROOT_NONE
};

struct cp_write_options {
	size_t size;       /* sizeof(struct cp_write_options) */
	int level;         /* compression level; 0 = the format's default, -1 = none */
	enum cp_root root; /* folded */
	bool annotate;     /* folded: _[k] _[i] _[j] */
	bool perf_compat;  /* folded: names as stackcollapse-perf.pl leaves them */
	const char *sample_type; /* folded: name or index of the values; NULL = default */
	bool one_mapping; /* raw: a profile without mappings shows one, as `pprof -raw` does */
	/*
	 * csv: "samples" (that is NULL, too), "stacks", "locations", "lines", "functions",
	 * "mappings", "labels", "sample_types" or "comments".
	 */
	const char *table;
};

/*
 * Writes the profile in the named format ("pprof", "folded", "raw", …; see cp_format).
 * `options` may be NULL. Equal profiles give equal bytes.
 */
enum cp_code cp_profile_write(struct cp_context *context, const struct cp_profile *profile,
	const char *format, const struct cp_write_options *options, cp_write_fn *fn,
	void *arg, struct cp_error *err);

/* One supported format, for --formats and for choosing by file name. */
struct cp_format {
	const char *name;        /* "pprof" */
	const char *description; /* "profile.proto, as go tool pprof reads and writes it" */
	const char *extensions;  /* space-separated: ".pb.gz .pb .pprof .pgo" */
	const char *losses;      /* what writing it loses, or NULL */
	bool reads, writes;
	bool binary; /* not for terminals */
};

/* The i-th format, or NULL after the last. */
const struct cp_format *cp_format_at(size_t i);

#ifdef __cplusplus
}
#endif
#endif
