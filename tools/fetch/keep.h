/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_KEEP_H
#define FETCH_KEEP_H

/* What follows a whole answer: it is looked at, and named after what is in it. */

#include <cp/profile.h>
#include <cp/symbolize.h>

#include "fetch/fetch.h"

/* Zero-initialise. */
struct fetch_keep_options {
	/* Threads, memory, diagnostics; NULL: defaults. What an answer may unpack to is
	 * ours. */
	const struct cp_context_options *context;
	/* Where names are looked for that the answer lacks; NULL: libcp's usual places.
	 */
	const struct cp_symbolize_options *symbolize;
	bool binary_given;  /* the user named files with symbols */
	bool trace_welcome; /* an execution trace is what was wanted */
	bool no_symbols;    /* do not ask for names, nor look for them */
};

/*
 * Reads the capture's file and completes its result: reason, sentence, file (now under
 * pprof's name), named, got, cpu. Does nothing to a capture that failed. An answer that
 * cannot be read stays, and the sentence names its file.
 *
 * Where addresses have no name, and the server may have a symbol endpoint beside the
 * profile's, it is asked; else --binary is looked at. The names go into a pprof file
 * beside the answer (`named`).
 */
void fetch_keep(struct fetch_capture *capture, const struct fetch_keep_options *options);

/*
 * "pprof.BINARY.samples.cpu.", how pprof begins the name of a profile's file; the caller
 * frees it. NULL when memory ends.
 */
char *fetch_profile_prefix(const struct cp_profile *profile);
/* A file that cannot be read is none. */
bool fetch_is_gzip(const char *path);

#endif
