/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AArch64, ARM, PowerPC, S/390 and MIPS by Capstone. The library has 77,000 relocations,
 * two thirds of the time that a tool takes to start: it is opened by the first run that
 * needs it, unless everything is linked statically.
 */
#include <capstone/capstone.h>
#include <elf.h>
#include <pthread.h>
#include <stdio.h>

#include "base/library.h"
#include "object/disasm/engine.h"

const bool cpi_disasm_has_capstone = true;

/* What is called of it, under the names without cs_. */
#define CALLED(X)                                                                        \
	X(open) X(close) X(option) X(malloc) X(free) X(disasm_iter) X(insn_group)

static struct {
#define X(name) __typeof__(cs_##name) *name;
	CALLED(X)
#undef X
	bool there;
} cs;

#ifdef CPI_LINKED_WHOLE
static void load(void)
{
#define X(name) cs.name = cs_##name;
	CALLED(X)
#undef X
	cs.there = true;
}
#else
#define TEXT(x) #x
#define SONAME(major) "libcapstone.so." TEXT(major)

/* The version whose header this is built with: structs differ between them. */
static void load(void)
{
#define X(name) {"cs_" #name, &cs.name},
	const struct cpi_library_function functions[] = {CALLED(X)};
#undef X

	cs.there = cpi_library_open(
		SONAME(CS_API_MAJOR), functions, sizeof functions / sizeof *functions);
}
#endif

static bool loaded(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	return !pthread_once(&once, load) && cs.there;
}

struct capstone {
	csh handle;
	cs_insn *insn;
	uint16_t machine;
};

static bool group(const struct capstone *c, unsigned which)
{
	return cs.insn_group(c->handle, c->insn, which);
}

/* The last immediate operand is where jumps and calls go. */
static bool target_of(const struct capstone *c, uint64_t *ret)
{
	const cs_detail *detail = c->insn->detail;
	bool found = false;

	switch (c->machine) {
	case EM_AARCH64:
		for (uint8_t i = 0; i < detail->arm64.op_count; i++)
			if (detail->arm64.operands[i].type == ARM64_OP_IMM) {
				*ret = (uint64_t)detail->arm64.operands[i].imm;
				found = true;
			}
		return found;
	case EM_ARM:
		for (uint8_t i = 0; i < detail->arm.op_count; i++)
			if (detail->arm.operands[i].type == ARM_OP_IMM) {
				*ret = (uint32_t)detail->arm.operands[i].imm;
				found = true;
			}
		return found;
	case EM_PPC64:
		for (uint8_t i = 0; i < detail->ppc.op_count; i++)
			if (detail->ppc.operands[i].type == PPC_OP_IMM) {
				*ret = (uint64_t)detail->ppc.operands[i].imm;
				found = true;
			}
		return found;
	case EM_S390:
		for (uint8_t i = 0; i < detail->sysz.op_count; i++)
			if (detail->sysz.operands[i].type == SYSZ_OP_IMM) {
				*ret = (uint64_t)detail->sysz.operands[i].imm;
				found = true;
			}
		return found;
	default:
		return false;
	}
}

/* Capstone 4 knows no difference between jumps: by the name, for the machine that
 * matters. */
static bool conditional(const struct capstone *c)
{
	const char *name = c->insn->mnemonic;

	if (c->machine == EM_AARCH64)
		return !strncmp(name, "b.", 2) || !strncmp(name, "cb", 2) ||
		       !strncmp(name, "tb", 2);
	if (c->machine == EM_ARM)
		return c->insn->detail->arm.cc != ARM_CC_AL;
	return strcmp(name, "b") != 0 && strcmp(name, "j") != 0;
}

static enum cpi_insn_kind kind_of(const struct capstone *c)
{
	const char *name = c->insn->mnemonic;

	if (group(c, CS_GRP_RET) ||
		(c->machine == EM_AARCH64 && !strncmp(name, "ret", 3)))
		return CPI_INSN_RETURN;
	/* Capstone 4 counts neither bl nor blr as a call. */
	if (group(c, CS_GRP_CALL) ||
		(c->machine == EM_AARCH64 && !strncmp(name, "bl", 2)))
		return CPI_INSN_CALL;
	if (group(c, CS_GRP_JUMP))
		return conditional(c) ? CPI_INSN_BRANCH : CPI_INSN_JUMP;
	return CPI_INSN_PLAIN;
}

static bool next(struct cpi_disasm *d, const uint8_t *bytes, size_t n, uint64_t address,
	struct cpi_insn *ret)
{
	struct capstone *c = d->state;

	if (!cs.disasm_iter(c->handle, &bytes, &n, &address, c->insn))
		return false;
	ret->length = c->insn->size;
	snprintf(ret->text, sizeof ret->text, "%s%s%s", c->insn->mnemonic,
		*c->insn->op_str ? " " : "", c->insn->op_str);
	ret->kind = kind_of(c);
	if (ret->kind != CPI_INSN_PLAIN && ret->kind != CPI_INSN_RETURN)
		ret->has_target = target_of(c, &ret->target);
	return true;
}

static void close_capstone(struct cpi_disasm *d)
{
	struct capstone *c = d->state;

	cs.free(c->insn, 1);
	cs.close(&c->handle);
	cpi_free(&d->env->mem, c, sizeof *c);
}

/* PowerPC of 64 bits and AArch64 data may be of either order; AArch64 code is always
 * little. */
static bool arch_of(uint16_t machine, bool is64, bool big, cs_arch *arch, int *mode)
{
	*mode = big ? (int)CS_MODE_BIG_ENDIAN : CS_MODE_LITTLE_ENDIAN;
	switch (machine) {
	case EM_AARCH64:
		*arch = CS_ARCH_ARM64;
		*mode = CS_MODE_LITTLE_ENDIAN;
		return true;
	case EM_ARM:
		*arch = CS_ARCH_ARM;
		return true;
	case EM_PPC64:
		*arch = CS_ARCH_PPC;
		*mode |= CS_MODE_64;
		return true;
	case EM_S390:
		*arch = CS_ARCH_SYSZ;
		*mode = (int)CS_MODE_BIG_ENDIAN;
		return true;
	case EM_MIPS:
		*arch = CS_ARCH_MIPS;
		*mode |= is64 ? CS_MODE_MIPS64 : CS_MODE_MIPS32;
		return true;
	default:
		return false;
	}
}

enum cp_code cpi_disasm_capstone(struct cpi_disasm *d, uint16_t machine, bool is64,
	bool swap, bool intel, struct cp_error *err)
{
	struct capstone *c = cpi_alloc_zero(&d->env->mem, sizeof *c);
	bool big = swap == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
	cs_arch arch;
	int mode;

	(void)intel; /* a matter of x86 */
	if (!loaded()) {
		cpi_free(&d->env->mem, c, sizeof *c);
		return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
			"the library that decodes this machine's code, Capstone %d, is "
			"not installed",
			CS_API_MAJOR);
	}
	if (!c)
		return cpi_error_memory(err);
	c->machine = machine;
	if (!arch_of(machine, is64, big, &arch, &mode) ||
		cs.open(arch, (cs_mode)mode, &c->handle) != CS_ERR_OK) {
		cpi_free(&d->env->mem, c, sizeof *c);
		return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
			"this Capstone does not know code of ELF machine %u", machine);
	}
	cs.option(c->handle, CS_OPT_DETAIL, CS_OPT_ON);
	c->insn = cs.malloc(c->handle);
	if (!c->insn) {
		cs.close(&c->handle);
		cpi_free(&d->env->mem, c, sizeof *c);
		return cpi_error_memory(err);
	}
	d->state = c;
	d->next = next;
	d->close = close_capstone;
	return CP_OK;
}
