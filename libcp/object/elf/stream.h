/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_ELF_STREAM_H
#define CPI_ELF_STREAM_H

/*
 * A zlib stream that can be copied where it stands, so that reading can go on from there
 * a second time. ISA-L's inflater does it where that is installed (stream_isal.c), zlib's
 * elsewhere (stream_zlib.c): half as fast, with the same bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct cpi_elf_stream;

/* At the start, or where `like` (may be NULL) stands. NULL when out of memory. */
struct cpi_elf_stream *cpi_elf_stream_new(
	struct cpi_mem *mem, const struct cpi_elf_stream *like);
void cpi_elf_stream_free(struct cpi_mem *mem, struct cpi_elf_stream *stream);

/*
 * Takes bytes of `source` from *source_at on and moves that. True when all of `to` was
 * filled; false at damage, and where the stream ends first. `n` is below 4 GiB.
 */
bool cpi_elf_stream_run(struct cpi_elf_stream *stream, const uint8_t *source,
	size_t source_n, size_t *source_at, uint8_t *to, size_t n);

#endif
