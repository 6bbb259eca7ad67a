/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_ELF_WINDOW_H
#define CPI_ELF_WINDOW_H

/*
 * Parts of a large compressed section, at the places that they have in the whole.
 *
 * .debug_info of a large program inflates to hundreds of megabytes, and who reads it goes
 * through it once, from unit to unit. So there is address space for the whole, of which
 * blocks are filled when they are needed and given back when they are dropped. A stream
 * can only be read from its start: zlib's state is kept for every block that was reached,
 * so that a block that is needed again costs one block. zstd's cannot be copied: there it
 * costs all that is in front.
 *
 * One thread at a time fills and drops; others may read what they know to be there. All
 * address space is readable: what is not filled reads as zeros.
 */

#include "object/elf/inflate.h"

struct cpi_elf_window;

/* Borrows the section's stream. `block`: bytes filled at once, above 0. */
enum cp_code cpi_elf_window_open(struct cpi_env *env, const struct cpi_inflation *stream,
	size_t block, struct cpi_elf_window **ret_window, struct cp_error *err);
void cpi_elf_window_close(struct cpi_elf_window *window);

/* Where the section's byte 0 is, and the whole section's size. */
const uint8_t *cpi_elf_window_bytes(const struct cpi_elf_window *window, size_t *ret_n);

/* Fills [from, to), as far as the section goes. */
enum cp_code cpi_elf_window_need(
	struct cpi_elf_window *window, uint64_t from, uint64_t to, struct cp_error *err);
/* Gives back all blocks but those that hold a part of [from, to). */
void cpi_elf_window_keep(struct cpi_elf_window *window, uint64_t from, uint64_t to);

#endif
