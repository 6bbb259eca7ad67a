/* SPDX-License-Identifier: Apache-2.0 */
/* x86 by Zydis. */
#include <elf.h>
#include <Zydis/Zydis.h>

#include "object/disasm/engine.h"

const bool cpi_disasm_has_zydis = true;

struct zydis {
	ZydisDecoder decoder;
	ZydisFormatter formatter;
};

static enum cpi_insn_kind kind_of(const ZydisDecodedInstruction *insn)
{
	switch (insn->meta.category) {
	case ZYDIS_CATEGORY_CALL:
		return CPI_INSN_CALL;
	case ZYDIS_CATEGORY_RET:
		return CPI_INSN_RETURN;
	case ZYDIS_CATEGORY_UNCOND_BR:
		return CPI_INSN_JUMP;
	case ZYDIS_CATEGORY_COND_BR:
		return CPI_INSN_BRANCH;
	default:
		return CPI_INSN_PLAIN;
	}
}

static bool next(struct cpi_disasm *d, const uint8_t *bytes, size_t n, uint64_t address,
	struct cpi_insn *ret)
{
	struct zydis *z = d->state;
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&z->decoder, bytes, n, &insn, operand)))
		return false;
	if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&z->formatter, &insn, operand,
		    insn.operand_count_visible, ret->text, sizeof ret->text, address,
		    ZYAN_NULL)))
		return false;
	ret->length = insn.length;
	ret->kind = kind_of(&insn);
	if (ret->kind == CPI_INSN_PLAIN || ret->kind == CPI_INSN_RETURN)
		return true;
	ret->has_target = operand[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
			  operand[0].imm.is_relative &&
			  ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(
				  &insn, &operand[0], address, &ret->target));
	return true;
}

static void close_zydis(struct cpi_disasm *d)
{
	cpi_free(&d->env->mem, d->state, sizeof(struct zydis));
}

enum cp_code cpi_disasm_zydis(struct cpi_disasm *d, uint16_t machine, bool is64,
	bool intel, struct cp_error *err)
{
	struct zydis *z = cpi_alloc_zero(&d->env->mem, sizeof *z);
	/* The x32 ABI is 64-bit code in 32-bit files. */
	bool wide = machine == EM_X86_64;

	if (!z)
		return cpi_error_memory(err);
	(void)is64;
	ZydisDecoderInit(&z->decoder,
		wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
		wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
	ZydisFormatterInit(&z->formatter,
		intel ? ZYDIS_FORMATTER_STYLE_INTEL : ZYDIS_FORMATTER_STYLE_ATT);
	ZydisFormatterSetProperty(
		&z->formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
	ZydisFormatterSetProperty(&z->formatter,
		ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
		(ZyanUPointer)ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(&z->formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING,
		(ZyanUPointer)ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(&z->formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING,
		(ZyanUPointer)ZYDIS_PADDING_DISABLED);
	d->state = z;
	d->next = next;
	d->close = close_zydis;
	return CP_OK;
}
