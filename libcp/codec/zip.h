/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_ZIP_H
#define CPI_ZIP_H

/*
 * Files that lie in a zip archive as they are (stored), which is how Android maps
 * libraries out of an APK without unpacking it. Compressed ones are not read.
 */

#include "base/text.h"

struct cpi_zip_entry {
	struct cp_text name; /* borrowed from the archive */
	uint64_t at, n;      /* its bytes, in the archive's bounds */
};

bool cpi_zip_is(const uint8_t *bytes, size_t n);

/* True ends the walk. */
typedef bool cpi_zip_fn(void *arg, const struct cpi_zip_entry *entry);

/*
 * Stored entries in the order of the archive's directory, until `fn` says that it has
 * what it wants: then true. Entries that are damaged, encrypted, or in archives of more
 * than 4 GiB are passed over.
 */
bool cpi_zip_find(const uint8_t *bytes, size_t n, cpi_zip_fn *fn, void *arg);

#endif
