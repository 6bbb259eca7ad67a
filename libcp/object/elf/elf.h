/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_ELF_H
#define CPI_ELF_H

/*
 * One ELF file over borrowed bytes: headers, sections and segments, with compressed
 * sections inflated on demand. Damage is an error of this image only. After cpi_elf_open
 * everything but cpi_elf_section_bytes may be called from several threads at once;
 * cpi_elf_section_bytes locks inside.
 */

#include "base/env.h"
#include "base/text.h"

struct cpi_elf;
struct cpi_inflation;

struct cpi_elf_section {
	struct cp_text name; /* ".zdebug_x" is given as ".debug_x" */
	uint32_t type;       /* SHT_… */
	uint64_t flags;      /* SHF_… */
	/*
	 * As linked. Relocatable files have none: their executable sections get the ones
	 * that the kernel's module loader gives them, counted from the module's base.
	 */
	uint64_t address;
	uint64_t offset;    /* in the file */
	uint64_t file_size; /* bytes in the file */
	uint64_t size;      /* bytes when inflated */
	uint32_t link, info;
	uint64_t align, entry_size;
};

struct cpi_elf_segment {
	uint32_t type, flags; /* PT_…, PF_… */
	uint64_t offset, address, file_size, memory_size;
};

struct cpi_elf_header {
	uint16_t type, machine; /* ET_…, EM_… */
	bool is64, swap;        /* swap: in the other byte order than this machine's */
	uint32_t n_sections, n_segments;
};

/* Borrows the bytes until cpi_elf_close. Not ELF: CP_ERROR_FORMAT. */
enum cp_code cpi_elf_open(struct cpi_env *env, const uint8_t *bytes, size_t n,
	struct cpi_elf **ret_elf, struct cp_error *err);
void cpi_elf_close(struct cpi_elf *elf);
/* The file's path, which what is said about the file names. Borrowed; NULL: none given.
 */
void cpi_elf_set_name(struct cpi_elf *elf, const char *name);
const char *cpi_elf_name(const struct cpi_elf *elf);

const struct cpi_elf_header *cpi_elf_header(const struct cpi_elf *elf);
/* Section 0 and indexes out of range give an empty section. */
const struct cpi_elf_section *cpi_elf_section(const struct cpi_elf *elf, uint32_t i);
const struct cpi_elf_segment *cpi_elf_segment(const struct cpi_elf *elf, uint32_t i);
/* Index of the first section of that name, or 0. */
uint32_t cpi_elf_find(const struct cpi_elf *elf, const char *name);

/* The section's bytes, inflated; SHT_NOBITS gives none. They live until cpi_elf_close. */
enum cp_code cpi_elf_section_bytes(struct cpi_elf *elf, uint32_t i,
	const uint8_t **ret_bytes, size_t *ret_n, struct cp_error *err);
/* A compressed section's stream, for elf/window.h; NULL when it is not compressed. */
const struct cpi_inflation *cpi_elf_section_stream(const struct cpi_elf *elf, uint32_t i);

/* The whole file. */
const uint8_t *cpi_elf_bytes(const struct cpi_elf *elf, size_t *ret_n);

/* The file's build id as raw bytes; n = 0 when it has none. */
struct cp_text cpi_elf_build_id(const struct cpi_elf *elf);
/* .gnu_debuglink: file name and CRC; false when there is none. */
bool cpi_elf_debuglink(
	const struct cpi_elf *elf, struct cp_text *ret_name, uint32_t *ret_crc);
/* .gnu_debugaltlink: file name and the raw build id; false when there is none. */
bool cpi_elf_altlink(const struct cpi_elf *elf, struct cp_text *ret_name,
	struct cp_text *ret_build_id);

/* It lies there in a larger file, of which cpi_elf_address_of is asked. */
void cpi_elf_set_position(struct cpi_elf *elf, uint64_t position);
/*
 * From a position in the file to the link-time address by the PT_LOAD that holds it
 * (never "address - map start"); false when no segment does.
 */
bool cpi_elf_address_of(
	const struct cpi_elf *elf, uint64_t file_offset, uint64_t *ret_address);

#endif
