/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_ARCHIVE_H
#define CPI_ARCHIVE_H

/*
 * Programs that are mapped out of an archive. perf records the archive's path and
 * positions in it ("base.apk", 0x5000), simpleperf the entry's and positions in that
 * ("base.apk!/lib/arm64-v8a/libx.so", 0x1000); Android's linker writes
 * "base.apk!libx.so".
 */

#include "base/text.h"

/* Mappings of this path may be of several programs, told apart by their positions. */
bool cpi_archive_holds(struct cp_text path);
/* The part of a path that is a file: what stands before "!", or all of it. */
struct cp_text cpi_archive_file(struct cp_text path);
/* The part behind it; n = 0: there is none. */
struct cp_text cpi_archive_entry(struct cp_text path);

/*
 * The program that is stored at a whole page of the archive: by the entry that the path
 * names, else around a position. False: none is.
 */
bool cpi_archive_find(const uint8_t *bytes, size_t n, struct cp_text path,
	uint64_t position, uint64_t *ret_at, uint64_t *ret_n);

#endif
