/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_BUILD_ID_H
#define CPI_BUILD_ID_H

/*
 * A build id in lower-case hexadecimal. It comes from strangers and becomes part of paths
 * and addresses: no other character can be in one.
 */

#include "base/text.h"

struct cpi_build_id {
	char hex[2 * 64 + 1]; /* "" = none */
	bool odd; /* there was one, but it is no number; nothing is looked for by it */
};

/* As profiles write it. */
struct cpi_build_id cpi_build_id_read(struct cp_text text);
struct cpi_build_id cpi_build_id_of_bytes(struct cp_text bytes);

static inline bool cpi_build_id_any(const struct cpi_build_id *id)
{
	return *id->hex || id->odd;
}

/*
 * Is a file with the id `file` the one of which the profile knows `wanted`? perf keeps 20
 * bytes of an id, and older ones of it fill shorter ids up with zeros.
 */
bool cpi_build_id_fits(
	const struct cpi_build_id *wanted, const struct cpi_build_id *file);

#endif
