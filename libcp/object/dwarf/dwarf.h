/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DWARF_H
#define CPI_DWARF_H

/*
 * From addresses to functions, inline chains and lines with DWARF 2–5.
 *
 * The workload: some ten thousand distinct sampled addresses of one image, sorted, asked
 * once. So there is no index: only units that own an address are decoded, each in one
 * pass over its entries and one over its line rows, on all threads, and nothing is kept
 * but what the addresses need.
 */

#include "base/env.h"
#include "base/text.h"
#include "object/elf/elf.h"

struct cpi_dwarf;
struct cpi_dwarf_result;

/*
 * Other files the debug information may point to. Files given or returned belong to the
 * caller and must live until cpi_dwarf_close. Callbacks run on the calling thread.
 */
struct cpi_dwarf_options {
	struct cpi_elf *alt; /* what .gnu_debugaltlink or .debug_sup names, or NULL */
	/*
	 * The split file (.dwo) a unit names; comp_dir
	 * may be empty. NULL when not found.
	 */
	struct cpi_elf *(*open_split)(
		void *arg, struct cp_text comp_dir, struct cp_text name);
	/* The package (.dwp) of this file; asked at most once, before any open_split. */
	struct cpi_elf *(*open_package)(void *arg);
	void *arg;
	/*
	 * Compressed .debug_info above twice this size is inflated piece by piece, so
	 * many bytes ahead, and given back as it was read. 0: 16 MB.
	 */
	size_t window;
};

/* One function as its abstract definition describes it; shared by its frames. */
struct cpi_dwarf_function {
	struct cp_text name;         /* with scopes only if linkage_name is none */
	struct cp_text linkage_name; /* mangled; n = 0: none recorded */
	struct cp_text file;         /* of the definition; n = 0: unknown */
	uint32_t line;               /* of the definition; 0: unknown */
};

struct cpi_dwarf_frame {
	const struct cpi_dwarf_function *function; /* NULL: a line without a function */
	struct cp_text file; /* directory joined; n = 0: unknown */
	uint32_t line;       /* 0: unknown */
	uint32_t column;     /* 0: unknown or none */
	bool inlined;        /* into the frame that follows */
};

/*
 * Frames of one address, innermost first; n = 0 when the debug information does not know
 * it. The outermost frame has inlined = false.
 */
struct cpi_dwarf_run {
	const struct cpi_dwarf_frame *frame;
	uint32_t n;
};

/* Borrows `elf`; a file without DWARF gives an empty cpi_dwarf. `options` may be NULL. */
enum cp_code cpi_dwarf_open(struct cpi_env *env, struct cpi_elf *elf,
	const struct cpi_dwarf_options *options, struct cpi_dwarf **ret_dw,
	struct cp_error *err);
void cpi_dwarf_close(struct cpi_dwarf *dw);
/* Whether there is anything to ask: units or line tables. */
bool cpi_dwarf_any(const struct cpi_dwarf *dw);

/*
 * Resolves n link-time addresses, ascending and distinct. For a return address ask for
 * the byte before it. In a relocatable file (a kernel module) an address is its
 * section's, as cpi_elf_section gives it, plus the place in it. Damage costs the unit it
 * is in and is reported as a diagnostic. Texts and frames live until the result is freed;
 * `dw` must outlive it. One call at a time per cpi_dwarf.
 */
enum cp_code cpi_dwarf_resolve(struct cpi_dwarf *dw, const uint64_t *address, size_t n,
	struct cpi_dwarf_result **ret_result, struct cp_error *err);
struct cpi_dwarf_run cpi_dwarf_result_get(
	const struct cpi_dwarf_result *result, size_t i);
void cpi_dwarf_result_free(struct cpi_dwarf_result *result);

#endif
