/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call frame instructions (DWARF 5 §6.4.2) to rows.
 *
 * Every instruction is a small function in a table; the three that carry an operand in
 * their low six bits are told apart before it.
 */
#include "object/cfi/entry.h"

/* The rule of a register, or NULL for one that is not kept (vector registers). */
static struct cpi_cfi_place *place(struct cpi_cfi_run *run, uint64_t reg)
{
	return reg < CPI_CFI_REGS ? &run->row.reg[reg] : NULL;
}

static void set(struct cpi_cfi_run *run, uint64_t reg, enum cpi_cfi_how how, int64_t x)
{
	struct cpi_cfi_place *p = place(run, reg);

	if (p)
		*p = (struct cpi_cfi_place){.x = x, .how = how};
}

/* Products of hostile factors wrap; the result is checked where it is used. */
static int64_t scaled(int64_t x, int64_t by)
{
	return (int64_t)((uint64_t)x * (uint64_t)by);
}

static void set_scaled(
	struct cpi_cfi_run *run, uint64_t reg, enum cpi_cfi_how how, int64_t x)
{
	set(run, reg, how, scaled(x, run->cie->data_align));
}

static void set_expr(struct cpi_cfi_run *run, enum cpi_cfi_how how)
{
	struct cpi_cfi_place *p = place(run, cpi_cursor_uleb(&run->c));
	uint64_t n = cpi_cursor_uleb(&run->c);
	const uint8_t *expr =
		cpi_cursor_bytes(&run->c, n > UINT32_MAX ? SIZE_MAX : (size_t)n);

	if (p && expr)
		*p = (struct cpi_cfi_place){.expr = expr, .n = (uint32_t)n, .how = how};
}

static void restore(struct cpi_cfi_run *run, uint64_t reg)
{
	struct cpi_cfi_place *p = place(run, reg);

	if (p && run->initial)
		*p = run->initial->reg[reg];
	else if (p)
		*p = (struct cpi_cfi_place){0};
}

static void advance(struct cpi_cfi_run *run, uint64_t by)
{
	uint64_t step = by * run->cie->code_align;

	if (by && step / by != run->cie->code_align)
		step = UINT64_MAX;
	run->pc = step > run->limit - run->pc ? run->limit : run->pc + step;
}

static void op_nop(struct cpi_cfi_run *run)
{
	(void)run;
}

static void op_set_loc(struct cpi_cfi_run *run)
{
	/* Only in .debug_frame of old assemblers, with a plain address. */
	uint64_t to =
		run->cie->word == 4 ? cpi_cursor_u32(&run->c) : cpi_cursor_u64(&run->c);

	if (run->cie->pointer || to < run->pc || to > run->limit)
		cpi_cursor_fail(&run->c);
	else
		run->pc = to;
}

static void op_advance1(struct cpi_cfi_run *run)
{
	advance(run, cpi_cursor_u8(&run->c));
}

static void op_advance2(struct cpi_cfi_run *run)
{
	advance(run, cpi_cursor_u16(&run->c));
}

static void op_advance4(struct cpi_cfi_run *run)
{
	advance(run, cpi_cursor_u32(&run->c));
}

static void op_offset_extended(struct cpi_cfi_run *run)
{
	uint64_t reg = cpi_cursor_uleb(&run->c);

	set_scaled(run, reg, CPI_CFI_OFFSET, (int64_t)cpi_cursor_uleb(&run->c));
}

static void op_restore_extended(struct cpi_cfi_run *run)
{
	restore(run, cpi_cursor_uleb(&run->c));
}

static void op_undefined(struct cpi_cfi_run *run)
{
	set(run, cpi_cursor_uleb(&run->c), CPI_CFI_UNDEFINED, 0);
}

static void op_same_value(struct cpi_cfi_run *run)
{
	set(run, cpi_cursor_uleb(&run->c), CPI_CFI_SAME, 0);
}

static void op_register(struct cpi_cfi_run *run)
{
	uint64_t reg = cpi_cursor_uleb(&run->c);

	set(run, reg, CPI_CFI_REGISTER, (int64_t)cpi_cursor_uleb(&run->c));
}

static void op_remember(struct cpi_cfi_run *run)
{
	if (run->depth == CPI_CFI_REMEMBERED)
		cpi_cursor_fail(&run->c);
	else
		run->saved[run->depth++] = run->row;
}

static void op_restore_state(struct cpi_cfi_run *run)
{
	if (!run->depth)
		cpi_cursor_fail(&run->c);
	else
		run->row = run->saved[--run->depth];
}

static void def_cfa(struct cpi_cfi_run *run, uint64_t reg, int64_t offset)
{
	run->row.cfa_expr = NULL;
	run->row.cfa_reg = reg;
	run->row.cfa_offset = offset;
}

static void op_def_cfa(struct cpi_cfi_run *run)
{
	uint64_t reg = cpi_cursor_uleb(&run->c);

	def_cfa(run, reg, (int64_t)cpi_cursor_uleb(&run->c));
}

static void op_def_cfa_register(struct cpi_cfi_run *run)
{
	def_cfa(run, cpi_cursor_uleb(&run->c), run->row.cfa_offset);
}

static void op_def_cfa_offset(struct cpi_cfi_run *run)
{
	run->row.cfa_offset = (int64_t)cpi_cursor_uleb(&run->c);
}

static void op_def_cfa_expression(struct cpi_cfi_run *run)
{
	uint64_t n = cpi_cursor_uleb(&run->c);
	const uint8_t *expr =
		cpi_cursor_bytes(&run->c, n > UINT32_MAX ? SIZE_MAX : (size_t)n);

	run->row.cfa_expr = expr;
	run->row.cfa_n = (size_t)n;
}

static void op_expression(struct cpi_cfi_run *run)
{
	set_expr(run, CPI_CFI_EXPR);
}

static void op_offset_extended_sf(struct cpi_cfi_run *run)
{
	uint64_t reg = cpi_cursor_uleb(&run->c);

	set_scaled(run, reg, CPI_CFI_OFFSET, cpi_cursor_sleb(&run->c));
}

static void op_def_cfa_sf(struct cpi_cfi_run *run)
{
	uint64_t reg = cpi_cursor_uleb(&run->c);

	def_cfa(run, reg, scaled(cpi_cursor_sleb(&run->c), run->cie->data_align));
}

static void op_def_cfa_offset_sf(struct cpi_cfi_run *run)
{
	run->row.cfa_offset = scaled(cpi_cursor_sleb(&run->c), run->cie->data_align);
}

static void op_val_offset(struct cpi_cfi_run *run)
{
	uint64_t reg = cpi_cursor_uleb(&run->c);

	set_scaled(run, reg, CPI_CFI_VAL_OFFSET, (int64_t)cpi_cursor_uleb(&run->c));
}

static void op_val_offset_sf(struct cpi_cfi_run *run)
{
	uint64_t reg = cpi_cursor_uleb(&run->c);

	set_scaled(run, reg, CPI_CFI_VAL_OFFSET, cpi_cursor_sleb(&run->c));
}

static void op_val_expression(struct cpi_cfi_run *run)
{
	set_expr(run, CPI_CFI_VAL_EXPR);
}

static void op_args_size(struct cpi_cfi_run *run)
{
	(void)cpi_cursor_uleb(&run->c);
}

static void op_negative_offset(struct cpi_cfi_run *run)
{
	uint64_t reg = cpi_cursor_uleb(&run->c);
	uint64_t x = cpi_cursor_uleb(&run->c);

	set_scaled(run, reg, CPI_CFI_OFFSET, (int64_t)(0 - x));
}

typedef void op_fn(struct cpi_cfi_run *run);

static op_fn *const ops[64] = {
	[0x00] = op_nop,
	[0x01] = op_set_loc,
	[0x02] = op_advance1,
	[0x03] = op_advance2,
	[0x04] = op_advance4,
	[0x05] = op_offset_extended,
	[0x06] = op_restore_extended,
	[0x07] = op_undefined,
	[0x08] = op_same_value,
	[0x09] = op_register,
	[0x0a] = op_remember,
	[0x0b] = op_restore_state,
	[0x0c] = op_def_cfa,
	[0x0d] = op_def_cfa_register,
	[0x0e] = op_def_cfa_offset,
	[0x0f] = op_def_cfa_expression,
	[0x10] = op_expression,
	[0x11] = op_offset_extended_sf,
	[0x12] = op_def_cfa_sf,
	[0x13] = op_def_cfa_offset_sf,
	[0x14] = op_val_offset,
	[0x15] = op_val_offset_sf,
	[0x16] = op_val_expression,
	/* DW_CFA_AARCH64_negate_ra_state: return addresses are stripped in any case. */
	[0x2d] = op_nop,
	[0x2e] = op_args_size, /* DW_CFA_GNU_args_size */
	[0x2f] = op_negative_offset, /* DW_CFA_GNU_negative_offset_extended */
};

static void one(struct cpi_cfi_run *run)
{
	uint8_t op = cpi_cursor_u8(&run->c), low = op & 0x3f;

	run->steps++;
	switch (op >> 6) {
	case 1:
		advance(run, low);
		break;
	case 2:
		set_scaled(run, low, CPI_CFI_OFFSET, (int64_t)cpi_cursor_uleb(&run->c));
		break;
	case 3:
		restore(run, low);
		break;
	default:
		if (ops[low])
			ops[low](run);
		else
			cpi_cursor_fail(&run->c);
	}
}

bool cpi_cfi_run_cie(const struct cpi_cfi_context *context,
	const struct cpi_cfi_cie *cie, struct cpi_cfi_run *run)
{
	run->c = cpi_cursor_make(cie->code, cie->n, context->swap);
	run->context = context;
	run->cie = cie;
	run->initial = NULL;
	run->row = (struct cpi_cfi_row){0};
	run->from = run->pc = run->limit = 0;
	run->steps = 0;
	run->depth = 0;
	while (cpi_cursor_left(&run->c))
		one(run);
	return cpi_cursor_ok(&run->c);
}

void cpi_cfi_run_start(struct cpi_cfi_run *run, const struct cpi_cfi_context *context,
	const struct cpi_cfi_cie *cie, const struct cpi_cfi_row *initial,
	const struct cpi_cfi_fde *fde)
{
	run->c = cpi_cursor_make(fde->code, fde->n, context->swap);
	run->context = context;
	run->cie = cie;
	run->initial = initial;
	run->row = *initial;
	run->from = run->pc = fde->start;
	run->limit = fde->limit;
	run->steps = 0;
	run->depth = 0;
}

bool cpi_cfi_run_next(struct cpi_cfi_run *run)
{
	run->from = run->pc;
	if (run->from == run->limit)
		return false;
	while (run->pc == run->from && cpi_cursor_left(&run->c))
		one(run);
	if (!cpi_cursor_ok(&run->c))
		return false;
	if (run->pc == run->from)
		run->pc = run->limit;
	return true;
}
