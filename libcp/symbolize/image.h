/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_IMAGE_H
#define CPI_IMAGE_H

/*
 * One image: all mappings of a profile that hold the same file's (or kernel's, or
 * process's generated) code, the distinct places wanted in it, and what was found.
 */

#include "locate/locate.h"
#include "object/demangle.h"
#include "object/dwarf/dwarf.h"
#include "object/go/go.h"
#include "object/jit/jit.h"
#include "object/symtab/symtab.h"

struct cpi_frame {
	struct cp_text name, system, file; /* file: of the line */
	struct cp_text function_file;
	int64_t start_line, line, column;
};

/* Where a location stands in its image. */
struct cpi_wanted_place {
	uint64_t key; /* position in the file; run-time address for kernel and JIT */
	uint32_t location;
	uint32_t slot; /* index of the distinct key */
};

/* What a mapping shows of its file. */
struct cpi_span {
	uint64_t offset, size;
};

struct cpi_image {
	struct cpi_sought sought;
	uint32_t layer; /* of that jitdump; 0 = as the memory was last */
	cp_mapping mapping;            /* the first one */
	uint64_t start, limit, offset; /* of that */
	CPI_VEC(struct cpi_span) span; /* of all its mappings, a few of each kind */
	CPI_VEC(struct cpi_wanted_place) place;
	/* Distinct keys, ascending; the rows below go with them. */
	size_t n;
	uint64_t *key;
	/* Where each key was linked, as far as a file was found; by rank. */
	struct cpi_ranked {
		uint64_t address;
		uint32_t slot;
	} *ranked;
	size_t n_ranked;
	uint64_t *address; /* of ranked, distinct */
	uint32_t *unique;  /* by slot: index in address[] + 1; 0 = no address */
	size_t n_addresses;
	struct cpi_symbol *symbol; /* by index in address[] */
	struct cpi_dwarf *dwarf;
	struct cpi_dwarf_result *lines; /* by index in address[] */
	struct cpi_go_result go;        /* the same, n = 0: none */
	struct cpi_jit_line *jit_line;  /* the same, or NULL */
	CPI_VEC(struct cpi_frame) frame;
	struct cpi_run {
		uint32_t first, n;
	} *run; /* by slot */
	uint64_t resolved; /* keys with a frame */
	bool has_lines;
	struct cpi_found found; /* names are borrowed from it, or live in its arena */
};

void cpi_image_init(struct cpi_image *image, struct cpi_env *env);
void cpi_image_release(struct cpi_image *image, struct cpi_env *env);

/* Notes what one of its mappings shows. False when out of memory. */
bool cpi_image_add_span(
	struct cpi_image *image, struct cpi_env *env, uint64_t offset, uint64_t size);
/* Sorts the places and makes the distinct keys. False when out of memory. */
bool cpi_image_sort(struct cpi_image *image, struct cpi_env *env);
/*
 * Takes link-time addresses by slot; has[i] false: none. Makes ranked, address and symbol
 * rows. False when out of memory.
 */
bool cpi_image_set_addresses(struct cpi_image *image, struct cpi_env *env,
	const uint64_t *address, const bool *has);

/* Symbol tables and linkage tables of the files found so far. */
enum cp_code cpi_image_symbols(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err);
/* From positions in the file to link-time addresses by main's (or debug's) segments. */
enum cp_code cpi_image_addresses(
	struct cpi_image *image, struct cpi_env *env, struct cp_error *err);
/* From what was found to frames with their names. */
enum cp_code cpi_image_frames(struct cpi_image *image, const struct cpi_search *search,
	struct cp_error *err);

/* lines.c: lines and inlined functions, where there is debug information. */
enum cp_code cpi_image_lines(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err);

/* kernel.c: all kernel, module and BPF images at once. */
enum cp_code cpi_kernel_symbols(struct cpi_image *const *image, size_t n,
	const struct cpi_search *search, struct cp_error *err);
/* jit.c */
enum cp_code cpi_jit_symbols(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err);

#endif
