/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_GO_H
#define CPI_GO_H

/*
 * Go's own table of functions, lines and inlined calls (.gopclntab), which its run time
 * needs for tracebacks and which therefore survives every stripping. Layouts of Go 1.2,
 * 1.16, 1.18 and 1.20 (runtime/symtab.go, debug/gosym/pclntab.go there).
 */

#include "base/env.h"
#include "base/text.h"
#include "object/elf/elf.h"

struct cpi_go_frame {
	struct cp_text function, file; /* n = 0: unknown */
	int64_t line, start_line;      /* 0: unknown */
};

/* Frames of one address, innermost first; the last is the real function. n = 0: none. */
struct cpi_go_run {
	uint32_t first, n;
};

struct cpi_go_result {
	struct cpi_env *env;
	struct cpi_go_frame *frame;
	size_t n_frames, frames_room;
	struct cpi_go_run *run; /* by address */
	size_t n;
};

/* Is there such a table at all? */
bool cpi_gopclntab_any(struct cpi_elf *elf);

/*
 * Resolves n strictly increasing link-time addresses. Texts are borrowed from the ELF
 * bytes. Damage is CP_ERROR_CORRUPT where nothing can be read, else rows stay empty.
 */
enum cp_code cpi_gopclntab_resolve(struct cpi_env *env, struct cpi_elf *elf,
	const uint64_t *address, size_t n, struct cpi_go_result *ret_result,
	struct cp_error *err);
void cpi_go_result_release(struct cpi_go_result *result);

#endif
