/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DISASM_H
#define CPI_DISASM_H

/*
 * Instructions out of bytes, whichever library knows them: Zydis for x86, Capstone for
 * others, each only if it was there when libcp was built.
 */

#include "base/env.h"
#include "base/text.h"

enum cpi_insn_kind {
	CPI_INSN_PLAIN,
	CPI_INSN_JUMP,
	CPI_INSN_BRANCH, /* a jump on a condition */
	CPI_INSN_CALL,
	CPI_INSN_RETURN,
	CPI_INSN_UNKNOWN /* no instruction: .byte */
};

struct cpi_insn {
	uint32_t length; /* bytes, at least 1 */
	enum cpi_insn_kind kind;
	bool has_target;
	uint64_t target; /* of direct jumps and calls */
	char text[200];  /* NUL-terminated; printable ASCII */
};

struct cpi_disasm;

/*
 * `machine` is the ELF file's (EM_…). CP_ERROR_UNSUPPORTED, naming the library, when this
 * libcp was built without what knows it.
 */
enum cp_code cpi_disasm_open(struct cpi_env *env, uint16_t machine, bool is64, bool swap,
	bool intel, struct cpi_disasm **ret_disasm, struct cp_error *err);
void cpi_disasm_close(struct cpi_disasm *disasm);

/*
 * The instruction at the first of n > 0 bytes, which stand at `address`. Bytes that are
 * none give CPI_INSN_UNKNOWN, one unit long.
 */
void cpi_disasm_next(struct cpi_disasm *disasm, const uint8_t *bytes, size_t n,
	uint64_t address, struct cpi_insn *ret_insn);

/* Whether anything is known about a machine here. */
bool cpi_disasm_knows(uint16_t machine);

#endif
