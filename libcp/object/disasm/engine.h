/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DISASM_ENGINE_H
#define CPI_DISASM_ENGINE_H

#include "object/disasm/disasm.h"

/* A library behind the interface. next: false when the bytes are no instruction. */
struct cpi_disasm {
	struct cpi_env *env;
	unsigned unit; /* bytes that are skipped at least */
	void *state;
	bool (*next)(struct cpi_disasm *d, const uint8_t *bytes, size_t n,
		uint64_t address, struct cpi_insn *insn);
	void (*close)(struct cpi_disasm *d);
};

/* Whether libcp was built with them. */
extern const bool cpi_disasm_has_zydis, cpi_disasm_has_capstone;

/* Each fills state, next and close; CP_ERROR_UNSUPPORTED for machines it does not know.
 */
enum cp_code cpi_disasm_zydis(struct cpi_disasm *d, uint16_t machine, bool is64,
	bool intel, struct cp_error *err);
enum cp_code cpi_disasm_capstone(struct cpi_disasm *d, uint16_t machine, bool is64,
	bool swap, bool intel, struct cp_error *err);

#endif
