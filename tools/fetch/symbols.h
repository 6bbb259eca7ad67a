/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_SYMBOLS_H
#define FETCH_SYMBOLS_H

/* Names from the server itself, by the protocol of gperftools' /pprof/symbol. */

#include <cp/profile.h>

#include "fetch/fetch.h"

/* What the server said of the addresses of a profile. */
struct fetch_symbols {
	char *lines; /* "0xADDRESS name\n…", as libcp's symbolized profiles have them */
	size_t n, cap;
	size_t asked, named;
	int status;     /* of HTTP; 0: no answer */
	char path[256]; /* "/pprof/symbol" */
};

/*
 * Asks for the profile's locations without name, and waits (30 s at most for each few
 * thousand). False when nothing was named; status and path say what was tried.
 */
bool fetch_symbols_ask(const struct fetch_capture *capture,
	const struct cp_profile *profile, struct fetch_symbols *ret);
void fetch_symbols_release(struct fetch_symbols *symbols);

#endif
