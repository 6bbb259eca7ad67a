/* SPDX-License-Identifier: Apache-2.0 */
/* One frame unwound by interpreting its entry, with all registers. */
#include "object/cfi/entry.h"

/*
 * Bytes of instructions that are interpreted for one frame, each at least one byte. Real
 * CIEs have some 10; the longest FDE of libLLVM has 2,388.
 */
enum { MOST_CIE = 1024, MOST_FDE = 65536 };

/* The FDE span that covers an address, or NULL. */
static const struct cpi_cfi_span *span_at(const struct cpi_cfi *cfi, uint64_t address)
{
	uint64_t pc = address - cfi->low;
	size_t from = 0, to = cfi->n_spans;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (cfi->span[mid].start <= pc)
			from = mid + 1;
		else
			to = mid;
	}
	return from && pc < cfi->span[from - 1].limit ? &cfi->span[from - 1] : NULL;
}

/* Leaves the row for the address in run->row. */
static enum cpi_cfi_result row_at(const struct cpi_cfi *cfi, uint64_t address,
	struct cpi_cfi_context *context, struct cpi_cfi_cie *cie, struct cpi_cfi_run *run,
	uint64_t *steps)
{
	const struct cpi_cfi_span *span = span_at(cfi, address);
	struct cpi_cfi_entry entry;
	struct cpi_cfi_fde fde;
	struct cpi_cfi_row initial;
	enum cpi_cfi_result result = CPI_CFI_BAD;
	size_t at;
	bool bad;

	if (!span)
		return CPI_CFI_NONE;
	*context = (struct cpi_cfi_context){
		cfi->machine, &cfi->section[span->section], cfi->swap};
	at = span->at;
	if (!cpi_cfi_entry_next(context, &at, &entry, &bad) ||
		!cpi_cfi_cie_read(context, entry.cie, cie) ||
		!cpi_cfi_fde_read(context, cie, &entry, &fde) || cie->n > MOST_CIE ||
		fde.n > MOST_FDE ||
		!cpi_cfi_run_cie(context, cie, run))
		return CPI_CFI_BAD;
	*steps += run->steps;
	initial = run->row;
	cpi_cfi_run_start(run, context, cie, &initial, &fde);
	while (result != CPI_CFI_OK && cpi_cfi_run_next(run))
		if (address < run->pc)
			result = CPI_CFI_OK;
	*steps += run->steps;
	return result;
}

struct step {
	const struct cpi_cfi *cfi;
	const struct cpi_cfi_stack *stack;
	const struct cpi_cfi_regs *old;
	struct cpi_cfi_regs regs; /* the caller's */
	uint64_t cfa;
};

static uint64_t word_mask(const struct step *s)
{
	return s->cfi->machine->word == 4 ? UINT32_MAX : UINT64_MAX;
}

static enum cpi_cfi_result find_cfa(struct step *s, const struct cpi_cfi_row *row)
{
	if (row->cfa_expr)
		return cpi_cfi_expr(s->cfi->machine, row->cfa_expr, row->cfa_n,
			s->cfi->swap, s->old, s->stack, 0, &s->cfa);
	if (row->cfa_reg >= CPI_CFI_REGS || !(s->old->known >> row->cfa_reg & 1))
		return CPI_CFI_UNKNOWN;
	s->cfa = (s->old->v[row->cfa_reg] + (uint64_t)row->cfa_offset) & word_mask(s);
	return CPI_CFI_OK;
}

static enum cpi_cfi_result saved_at(
	struct step *s, uint64_t at, unsigned reg, uint64_t *ret_x)
{
	/*
	 * Below the stack pointer: the epilogue has popped it already (compilers emit no
	 * DW_CFA_restore after a pop), so the register holds the caller's value.
	 */
	if (at < s->old->v[s->cfi->machine->sp] && !s->stack->elsewhere) {
		*ret_x = s->old->v[reg];
		return s->old->known >> reg & 1 ? CPI_CFI_OK : CPI_CFI_UNKNOWN;
	}
	return cpi_cfi_load(s->stack, at, s->cfi->machine->word, ret_x) ? CPI_CFI_OK
									: CPI_CFI_BEYOND;
}

static enum cpi_cfi_result find_reg(
	struct step *s, unsigned reg, const struct cpi_cfi_place *place, uint64_t *ret_x)
{
	enum cpi_cfi_result result;
	uint64_t x;

	switch (place->how) {
	case CPI_CFI_OFFSET:
		return saved_at(
			s, (s->cfa + (uint64_t)place->x) & word_mask(s), reg, ret_x);
	case CPI_CFI_VAL_OFFSET:
		*ret_x = (s->cfa + (uint64_t)place->x) & word_mask(s);
		return CPI_CFI_OK;
	case CPI_CFI_REGISTER:
		if ((uint64_t)place->x >= CPI_CFI_REGS ||
			!(s->old->known >> place->x & 1))
			return CPI_CFI_UNKNOWN;
		*ret_x = s->old->v[place->x];
		return CPI_CFI_OK;
	case CPI_CFI_EXPR:
	case CPI_CFI_VAL_EXPR:
		result = cpi_cfi_expr(s->cfi->machine, place->expr, place->n,
			s->cfi->swap, s->old, s->stack, s->cfa, &x);
		if (result != CPI_CFI_OK)
			return result;
		if (place->how == CPI_CFI_EXPR)
			return saved_at(s, x, reg, ret_x);
		*ret_x = x;
		return CPI_CFI_OK;
	case CPI_CFI_SAME:
		*ret_x = s->old->v[reg];
		return s->old->known >> reg & 1 ? CPI_CFI_OK : CPI_CFI_UNKNOWN;
	default:
		return CPI_CFI_UNKNOWN;
	}
}

static enum cpi_cfi_result apply(
	struct step *s, const struct cpi_cfi_row *row, unsigned ra)
{
	const struct cpi_cfi_machine *machine = s->cfi->machine;
	enum cpi_cfi_result result;

	if (row->reg[ra].how == CPI_CFI_UNDEFINED)
		return CPI_CFI_LAST;
	result = find_cfa(s, row);
	if (result != CPI_CFI_OK)
		return result;
	s->regs.known = 0;
	for (unsigned i = 0; i < CPI_CFI_REGS; i++) {
		uint64_t x = 0;

		result = find_reg(s, i, &row->reg[i], &x);
		s->regs.v[i] = x;
		s->regs.known |= (uint64_t)(result == CPI_CFI_OK) << i;
		if (i == ra && result != CPI_CFI_OK)
			return result;
	}
	if (row->reg[machine->sp].how == CPI_CFI_SAME) {
		s->regs.v[machine->sp] = s->cfa;
		s->regs.known |= 1ULL << machine->sp;
	} else if (!(s->regs.known >> machine->sp & 1)) {
		return CPI_CFI_BEYOND;
	}
	s->regs.pc = s->regs.v[ra];
	return CPI_CFI_OK;
}

enum cpi_cfi_result cpi_cfi_step(const struct cpi_cfi *cfi, uint64_t address,
	const struct cpi_cfi_stack *stack, struct cpi_cfi_regs *regs, bool *ret_signal,
	uint64_t *steps)
{
	struct step s;
	struct cpi_cfi_context context;
	struct cpi_cfi_cie cie;
	struct cpi_cfi_run run;
	enum cpi_cfi_result result = row_at(cfi, address, &context, &cie, &run, steps);

	if (result != CPI_CFI_OK)
		return result;
	s.cfi = cfi;
	s.stack = stack;
	s.old = regs;
	result = apply(&s, &run.row, cie.ra);
	if (result != CPI_CFI_OK)
		return result;
	*ret_signal = cie.signal;
	*regs = s.regs;
	/* Without a signal context the link register holds what the callee left in it. */
	if (cfi->machine->link && !cie.signal)
		regs->known &= ~(1ULL << cfi->machine->ra);
	return CPI_CFI_OK;
}
