/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_GOPCLNTAB_MEMORY_H
#define CPI_GOPCLNTAB_MEMORY_H

/*
 * A Go program's data as it is when loaded at its link-time addresses: in
 * position-independent programs pointers are relocations, and the file holds zeros in
 * their place.
 */

#include "base/env.h"
#include "base/vec.h"
#include "object/elf/elf.h"

struct cpi_go_span {
	const uint8_t *p;
	size_t n;
};

struct cpi_go_pointer {
	uint64_t at, value;
};

struct cpi_go_part {
	uint64_t address, size;
	uint32_t section;
};

struct cpi_go_memory {
	struct cpi_env *env;
	struct cpi_elf *elf;
	bool swap;
	unsigned pointer;                      /* bytes */
	CPI_VEC(struct cpi_go_pointer) reloc; /* relative ones, by `at` */
	CPI_VEC(struct cpi_go_part) part;     /* sections with bytes, by address */
};

/* Fails on memory only. */
enum cp_code cpi_go_memory_init(struct cpi_go_memory *memory, struct cpi_env *env,
	struct cpi_elf *elf, struct cp_error *err);
void cpi_go_memory_release(struct cpi_go_memory *memory);

/* From the address to the end of its section; n = 0: nothing of the file is there. */
struct cpi_go_span cpi_go_bytes(const struct cpi_go_memory *memory, uint64_t address);
/* A pointer; 0 where there is none. */
uint64_t cpi_go_word(const struct cpi_go_memory *memory, uint64_t address);

/* The first address of writable data that holds `value` and that `fits` takes, or 0. */
uint64_t cpi_go_find_pointer(const struct cpi_go_memory *memory, uint64_t value,
	bool (*fits)(const void *arg, uint64_t address), const void *arg);

/*
 * Where the table of functions is: in a section of its own, or, where a linker put all
 * data that is read-only after relocation together, somewhere in there. False: there is
 * none.
 */
bool cpi_go_find_table(const struct cpi_go_memory *memory, uint64_t *ret_address);

#endif
