/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWARF expressions (DWARF 5 §2.5) as they occur in call frame information: arithmetic
 * over registers and the captured stack. Operators that need a location, a type or a
 * process are refused.
 */
#include "object/cfi/entry.h"

/* Real expressions have at most some 20 operators; branches could make loops. */
enum { DEPTH = 64, STEPS = 1000 };

struct expr {
	struct cpi_cursor c;
	const struct cpi_cfi_machine *machine;
	const struct cpi_cfi_regs *regs;
	const struct cpi_cfi_stack *stack;
	enum cpi_cfi_result result;
	uint64_t v[DEPTH];
	unsigned n;
	uint8_t op;
};

static void fail(struct expr *e, enum cpi_cfi_result result)
{
	if (e->result == CPI_CFI_OK)
		e->result = result;
	cpi_cursor_fail(&e->c);
}

static void push(struct expr *e, uint64_t x)
{
	if (e->n == DEPTH)
		fail(e, CPI_CFI_BAD);
	else
		e->v[e->n++] = e->machine->word == 4 ? (uint32_t)x : x;
}

static uint64_t pop(struct expr *e)
{
	if (!e->n) {
		fail(e, CPI_CFI_BAD);
		return 0;
	}
	return e->v[--e->n];
}

static int64_t sign(const struct expr *e, uint64_t x)
{
	return e->machine->word == 4 ? (int32_t)x : (int64_t)x;
}

static void push_reg(struct expr *e, uint64_t reg, int64_t offset)
{
	if (reg >= CPI_CFI_REGS || !(e->regs->known >> reg & 1))
		fail(e, CPI_CFI_UNKNOWN);
	else
		push(e, e->regs->v[reg] + (uint64_t)offset);
}

static void load(struct expr *e, unsigned size)
{
	uint64_t at = pop(e), x = 0;

	if (size != 4 && size != 8)
		fail(e, CPI_CFI_BAD);
	else if (!cpi_cfi_load(e->stack, at, size, &x))
		fail(e, CPI_CFI_BEYOND);
	push(e, x);
}

static void op_const(struct expr *e)
{
	switch (e->op) {
	case 0x03: /* DW_OP_addr */
		push(e, e->machine->word == 4 ? cpi_cursor_u32(&e->c)
					      : cpi_cursor_u64(&e->c));
		break;
	case 0x08:
		push(e, cpi_cursor_u8(&e->c));
		break;
	case 0x09:
		push(e, (uint64_t)(int8_t)cpi_cursor_u8(&e->c));
		break;
	case 0x0a:
		push(e, cpi_cursor_u16(&e->c));
		break;
	case 0x0b:
		push(e, (uint64_t)(int16_t)cpi_cursor_u16(&e->c));
		break;
	case 0x0c:
		push(e, cpi_cursor_u32(&e->c));
		break;
	case 0x0d:
		push(e, (uint64_t)(int32_t)cpi_cursor_u32(&e->c));
		break;
	case 0x10:
		push(e, cpi_cursor_uleb(&e->c));
		break;
	case 0x11:
		push(e, (uint64_t)cpi_cursor_sleb(&e->c));
		break;
	default: /* 0x0e, 0x0f */
		push(e, cpi_cursor_u64(&e->c));
	}
}

static void op_literal(struct expr *e)
{
	push(e, e->op - 0x30);
}

static void op_breg(struct expr *e)
{
	push_reg(e, e->op - 0x70, cpi_cursor_sleb(&e->c));
}

static void op_bregx(struct expr *e)
{
	uint64_t reg = cpi_cursor_uleb(&e->c);

	push_reg(e, reg, cpi_cursor_sleb(&e->c));
}

static void op_deref(struct expr *e)
{
	load(e, e->machine->word);
}

static void op_deref_size(struct expr *e)
{
	load(e, cpi_cursor_u8(&e->c));
}

static void pick(struct expr *e, unsigned depth)
{
	if (depth >= e->n)
		fail(e, CPI_CFI_BAD);
	else
		push(e, e->v[e->n - 1 - depth]);
}

static void op_stack(struct expr *e)
{
	uint64_t a, b, c;

	switch (e->op) {
	case 0x12:
		pick(e, 0);
		break;
	case 0x13:
		(void)pop(e);
		break;
	case 0x14:
		pick(e, 1);
		break;
	case 0x15:
		pick(e, cpi_cursor_u8(&e->c));
		break;
	case 0x16: /* swap */
		a = pop(e);
		b = pop(e);
		push(e, a);
		push(e, b);
		break;
	default: /* 0x17, rot: the top goes below the two under it */
		a = pop(e);
		b = pop(e);
		c = pop(e);
		push(e, a);
		push(e, c);
		push(e, b);
	}
}

static void op_unary(struct expr *e)
{
	uint64_t x = pop(e);

	switch (e->op) {
	case 0x19:
		push(e, sign(e, x) < 0 ? 0 - x : x);
		break;
	case 0x1f:
		push(e, 0 - x);
		break;
	case 0x20:
		push(e, ~x);
		break;
	default: /* 0x23 */
		push(e, x + cpi_cursor_uleb(&e->c));
	}
}

static void op_divide(struct expr *e)
{
	uint64_t by = pop(e), x = pop(e);

	if (!by)
		fail(e, CPI_CFI_BAD);
	else if (e->op == 0x1d)
		push(e, x % by);
	else if (sign(e, by) == -1) /* the least number divided by -1 traps */
		push(e, 0 - x);
	else
		push(e, (uint64_t)(sign(e, x) / sign(e, by)));
}

static void op_shift(struct expr *e)
{
	uint64_t by = pop(e), x = pop(e);
	unsigned bits = e->machine->word * 8u;

	if (e->op == 0x24)
		push(e, by < bits ? x << by : 0);
	else if (e->op == 0x25)
		push(e, by < bits ? x >> by : 0);
	else
		push(e, (uint64_t)(sign(e, x) >> (by < bits ? by : bits - 1)));
}

static void op_binary(struct expr *e)
{
	uint64_t b = pop(e), a = pop(e);

	switch (e->op) {
	case 0x1a:
		push(e, a & b);
		break;
	case 0x1c:
		push(e, a - b);
		break;
	case 0x1e:
		push(e, a * b);
		break;
	case 0x21:
		push(e, a | b);
		break;
	case 0x22:
		push(e, a + b);
		break;
	default: /* 0x27 */
		push(e, a ^ b);
	}
}

static void op_compare(struct expr *e)
{
	int64_t b = sign(e, pop(e)), a = sign(e, pop(e));
	/* eq, ge, gt, le, lt, ne */
	bool is[] = {a == b, a >= b, a > b, a <= b, a < b, a != b};

	push(e, is[e->op - 0x29]);
}

static void op_jump(struct expr *e)
{
	int16_t by = (int16_t)cpi_cursor_u16(&e->c);
	bool taken = e->op == 0x2f || pop(e);

	if (!cpi_cursor_ok(&e->c) || !taken)
		return;
	if (by > e->c.end - e->c.at || by < e->c.start - e->c.at)
		fail(e, CPI_CFI_BAD);
	else
		e->c.at += by;
}

static void op_nop(struct expr *e)
{
	(void)e;
}

typedef void op_fn(struct expr *e);

static op_fn *const ops[256] = {
	[0x03] = op_const,
	[0x06] = op_deref,
	[0x08 ... 0x11] = op_const,
	[0x12 ... 0x17] = op_stack,
	[0x19] = op_unary,
	[0x1a] = op_binary,
	[0x1b] = op_divide,
	[0x1c] = op_binary,
	[0x1d] = op_divide,
	[0x1e] = op_binary,
	[0x1f ... 0x20] = op_unary,
	[0x21 ... 0x22] = op_binary,
	[0x23] = op_unary,
	[0x24 ... 0x26] = op_shift,
	[0x27] = op_binary,
	[0x28] = op_jump,
	[0x29 ... 0x2e] = op_compare,
	[0x2f] = op_jump,
	[0x30 ... 0x4f] = op_literal,
	[0x70 ... 0x8f] = op_breg,
	[0x92] = op_bregx,
	[0x94] = op_deref_size,
	[0x96] = op_nop,
};

enum cpi_cfi_result cpi_cfi_expr(const struct cpi_cfi_machine *machine,
	const uint8_t *expr, size_t n, bool swap, const struct cpi_cfi_regs *regs,
	const struct cpi_cfi_stack *stack, uint64_t first, uint64_t *ret_x)
{
	struct expr e;

	/* Not the 512 bytes of values: this runs for each frame of a signal handler. */
	e.c = cpi_cursor_make(expr, n, swap);
	e.machine = machine;
	e.regs = regs;
	e.stack = stack;
	e.result = CPI_CFI_OK;
	e.n = 0;
	push(&e, first);
	for (unsigned step = 0; cpi_cursor_left(&e.c); step++) {
		e.op = cpi_cursor_u8(&e.c);
		if (step == STEPS || !ops[e.op])
			fail(&e, CPI_CFI_BAD);
		else
			ops[e.op](&e);
	}
	if (!cpi_cursor_ok(&e.c) || !e.n)
		return e.result == CPI_CFI_OK ? CPI_CFI_BAD : e.result;
	*ret_x = e.v[e.n - 1];
	return CPI_CFI_OK;
}
