/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_SYMBOLS_H
#define FETCH_SYMBOLS_H

/* Names from the server itself, by the protocol of gperftools' /pprof/symbol. */

#include <cp/profile.h>

#include "fetch/fetch.h"

enum fetch_symbols_end {
	FETCH_SYMBOLS_ANSWERED, /* in some way, or not at all */
	FETCH_SYMBOLS_CANCELLED,
	FETCH_SYMBOLS_TIME
};

/* What the server said of the addresses of a profile. */
struct fetch_symbols {
	char *lines; /* "0xADDRESS name\n…", as libcp's symbolized profiles have them */
	size_t n, cap;
	size_t asked, named;
	int status;     /* of HTTP; 0: no answer */
	enum fetch_symbols_end end;
	double patience; /* seconds that it may take in all */
	int64_t until;   /* of the clock that always goes forward */
	char path[256]; /* "/pprof/symbol" */
};

/*
 * Asks for the profile's locations without name, and waits: for what is left of the
 * settings' timeout, else 30 s at most, while the loop's other captures go on. False when
 * nothing was named; status, end and path say what was tried.
 */
bool fetch_symbols_ask(const struct fetch_capture *capture,
	const struct cp_profile *profile, struct fetch_symbols *ret);
void fetch_symbols_release(struct fetch_symbols *symbols);

#endif
