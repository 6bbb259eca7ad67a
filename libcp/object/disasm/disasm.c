/* SPDX-License-Identifier: Apache-2.0 */
/* Which library knows a machine; what is shown of bytes that are no instruction. */
#include <elf.h>
#include <stdio.h>

#include "object/disasm/engine.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

static const struct {
	uint16_t machine;
	const char *name, *library;
	unsigned unit;
} machines[] = {
	{EM_X86_64, "x86-64", "Zydis", 1},
	{EM_386, "i386", "Zydis", 1},
	{EM_AARCH64, "AArch64", "Capstone", 4},
	{EM_ARM, "ARM", "Capstone", 4},
	{EM_PPC64, "PowerPC", "Capstone", 4},
	{EM_S390, "S/390", "Capstone", 2},
	{EM_MIPS, "MIPS", "Capstone", 4},
};

static bool built_with(const char *library)
{
	return *library == 'Z' ? cpi_disasm_has_zydis : cpi_disasm_has_capstone;
}

bool cpi_disasm_knows(uint16_t machine)
{
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
		if (machines[i].machine == machine)
			return built_with(machines[i].library);
	return false;
}

static enum cp_code choose(struct cpi_disasm *d, uint16_t machine, bool is64, bool swap,
	bool intel, struct cp_error *err)
{
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		if (machines[i].machine != machine)
			continue;
		d->unit = machines[i].unit;
		if (!built_with(machines[i].library))
			return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
				"%s code is disassembled by %s, without which libcp was "
				"built",
				machines[i].name, machines[i].library);
		return !strcmp(machines[i].library, "Zydis")
			       ? cpi_disasm_zydis(d, machine, is64, intel, err)
			       : cpi_disasm_capstone(d, machine, is64, swap, intel, err);
	}
	return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
		"code of ELF machine %u is not disassembled", machine);
}

enum cp_code cpi_disasm_open(struct cpi_env *env, uint16_t machine, bool is64, bool swap,
	bool intel, struct cpi_disasm **ret_disasm, struct cp_error *err)
{
	struct cpi_disasm *d = cpi_alloc_zero(&env->mem, sizeof *d);
	enum cp_code code;

	if (!d)
		return cpi_error_memory(err);
	d->env = env;
	code = choose(d, machine, is64, swap, intel, err);
	if (code)
		cpi_free(&env->mem, d, sizeof *d);
	else
		*ret_disasm = d;
	return code;
}

void cpi_disasm_close(struct cpi_disasm *d)
{
	if (!d)
		return;
	d->close(d);
	cpi_free(&d->env->mem, d, sizeof *d);
}

static void unknown(
	const struct cpi_disasm *d, const uint8_t *bytes, size_t n, struct cpi_insn *insn)
{
	size_t used = 0, length = d->unit < n ? d->unit : n;

	*insn = (struct cpi_insn){.length = (uint32_t)length, .kind = CPI_INSN_UNKNOWN};
	for (size_t i = 0; i < length; i++)
		used += (size_t)snprintf(insn->text + used, sizeof insn->text - used,
			"%s0x%02x", i ? ", " : ".byte ", bytes[i]);
}

void cpi_disasm_next(struct cpi_disasm *d, const uint8_t *bytes, size_t n,
	uint64_t address, struct cpi_insn *ret_insn)
{
	memset(ret_insn, 0, sizeof *ret_insn);
	if (!d->next(d, bytes, n, address, ret_insn) || !ret_insn->length ||
		ret_insn->length > n)
		unknown(d, bytes, n, ret_insn);
	/* Whatever a library prints, it goes to terminals and pages as it is. */
	for (char *c = ret_insn->text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = *c == '\t' ? ' ' : '?';
}
