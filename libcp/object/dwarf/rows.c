/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of line tables: which line an address has. */
#include "base/error.h"
#include "object/dwarf/const.h"
#include "object/dwarf/parts.h"

/*
 * The line-number program (DWARF 5 section 6.2) run once against sorted queries. Rows are
 * never stored: addresses only rise within a sequence, so each row that moves the address
 * settles the queries it passed over, with the row before it. Millions of rows run
 * through here for some thousand queries; a row no query is near costs one comparison.
 */
struct machine {
	const struct cpi_dwarf_lines *lines;
	struct cpi_dwarf_query *query;
	size_t n, next; /* next: first query not below the last row */
	bool in_sequence, dead;
	/* instead of settling queries: told of each sequence's extent */
	cpi_dwarf_span_fn *span;
	void *arg;
	uint64_t first;
	/* special opcodes, divided beforehand */
	struct {
		uint8_t advance, line;
	} special[256];
};

/* What nearly every opcode changes: a local of run(), whose parts stay in registers. */
struct registers {
	uint64_t address;
	uint32_t file, line, column, op;
	/* the last row; `at` is the largest number outside of a sequence */
	uint64_t at;
	uint32_t at_file, at_line, at_column;
	uint64_t bound; /* rows up to here pass over no query */
};

static size_t first_from(const struct cpi_dwarf_query *query, size_t n, uint64_t address)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (query[mid].address < address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static inline void reset(struct machine *m, struct registers *r)
{
	r->address = 0;
	r->op = 0;
	r->file = 1;
	r->line = 1;
	r->column = 0;
	r->at = UINT64_MAX;
	r->bound = 0;
	m->in_sequence = false;
	m->dead = false;
}

static uint64_t bound(const struct machine *m)
{
	return m->next < m->n ? m->query[m->next].address : UINT64_MAX;
}

/* Gives the last row to queries in [its address, this one); out of line: it is rare. */
static uint64_t __attribute__((noinline)) settle(
	struct machine *m, uint64_t address, struct cpi_dwarf_row last)
{
	for (; m->next < m->n && m->query[m->next].address < address; m->next++) {
		struct cpi_dwarf_row *row = &m->query[m->next].row;

		if (!row->known) /* else an earlier sequence has it */
			*row = last;
	}
	return bound(m);
}

/* A sequence's first row, or one that goes back, which the standard forbids. */
static uint64_t __attribute__((noinline)) seek(struct machine *m, uint64_t address)
{
	if (!m->in_sequence)
		m->first = address;
	m->in_sequence = true;
	m->dead = address < m->lines->unit->linked->code_start ||
		address >= (m->lines->address_size == 4 ? UINT32_MAX : UINT64_MAX) - 1;
	m->next = m->dead ? m->n : first_from(m->query, m->n, address);
	return bound(m);
}

static inline struct cpi_dwarf_row last_row(const struct registers *r)
{
	return (struct cpi_dwarf_row){r->at_file, r->at_line, r->at_column, true};
}

static inline void emit(struct machine *m, struct registers *r)
{
	if (r->address < r->at)
		r->bound = seek(m, r->address);
	else if (r->address > r->bound)
		r->bound = settle(m, r->address, last_row(r));
	r->at = r->address;
	r->at_file = r->file;
	r->at_line = r->line;
	r->at_column = r->column;
}

static inline void advance(struct machine *m, struct registers *r, uint64_t ops)
{
	if (m->lines->max_ops == 1) {
		r->address += ops * m->lines->min_length;
		return;
	}
	r->address += m->lines->min_length * ((r->op + ops) / m->lines->max_ops);
	r->op = (uint32_t)((r->op + ops) % m->lines->max_ops);
}

static inline void extended(
	struct machine *m, struct registers *r, struct cpi_cursor *all)
{
	uint64_t n = cpi_cursor_uleb(all);
	struct cpi_cursor c = cpi_cursor_sub(
		all, n > cpi_cursor_left(all) ? SIZE_MAX : (size_t)n);

	switch (n ? cpi_cursor_u8(&c) : 0) {
	case DW_LNE_end_sequence:
		if (m->in_sequence && r->address >= r->at)
			settle(m, r->address, last_row(r));
		if (m->span && m->in_sequence && !m->dead && r->address > m->first)
			m->span(m->arg, m->first, r->address);
		reset(m, r);
		break;
	case DW_LNE_set_address:
		r->address = cpi_dwarf_word(&c, (unsigned)cpi_cursor_left(&c));
		r->op = 0;
		break;
	default: /* files that are defined here: dwarf/define.c */
		break;
	}
}

static inline void standard(
	struct machine *m, struct registers *r, struct cpi_cursor *c, uint8_t opcode)
{
	switch (opcode) {
	case DW_LNS_copy:
		emit(m, r);
		break;
	case DW_LNS_advance_pc:
		advance(m, r, cpi_cursor_uleb(c));
		break;
	case DW_LNS_advance_line:
		r->line += (uint32_t)cpi_cursor_sleb(c);
		break;
	case DW_LNS_set_file:
		r->file = (uint32_t)cpi_cursor_uleb(c);
		break;
	case DW_LNS_set_column:
		r->column = (uint32_t)cpi_cursor_uleb(c);
		break;
	case DW_LNS_const_add_pc:
		advance(m, r, m->special[255].advance);
		break;
	case DW_LNS_fixed_advance_pc:
		r->address += cpi_cursor_u16(c);
		r->op = 0;
		break;
	case DW_LNS_negate_stmt:
	case DW_LNS_set_basic_block:
	case DW_LNS_set_prologue_end:
	case DW_LNS_set_epilogue_begin:
		break;
	default: /* set_isa, and opcodes of the future: the header says what follows */
		for (unsigned i = 0; i < m->lines->lengths[opcode]; i++)
			(void)cpi_cursor_uleb(c);
		break;
	}
}

static void prepare(struct machine *m)
{
	const struct cpi_dwarf_lines *lines = m->lines;

	for (unsigned i = lines->opcode_base; i < 256; i++) {
		m->special[i].advance =
			(uint8_t)((i - lines->opcode_base) / lines->line_range);
		m->special[i].line =
			(uint8_t)((i - lines->opcode_base) % lines->line_range);
	}
}

/* Flat, because what has its address taken is not kept in registers. */
static enum cp_code __attribute__((flatten)) run(struct machine *m, struct cp_error *err)
{
	const struct cpi_dwarf_lines *lines = m->lines;
	struct cpi_cursor c = lines->program;
	uint8_t base = lines->opcode_base;
	struct registers r = {0};

	if (!cpi_dwarf_spend(&lines->unit->file->budget->rows, cpi_cursor_left(&c)))
		return cpi_dwarf_error(err, CP_ERROR_LIMIT, lines->unit->linked,
			CPI_DW_LINE, lines->offset,
			"units share line tables beyond reason");
	prepare(m);
	reset(m, &r);
	while (cpi_cursor_left(&c)) {
		uint8_t opcode = cpi_cursor_u8(&c);

		if (opcode >= base) {
			advance(m, &r, m->special[opcode].advance);
			r.line += (uint32_t)(lines->line_base + m->special[opcode].line);
			emit(m, &r);
		} else if (opcode) {
			standard(m, &r, &c, opcode);
		} else {
			extended(m, &r, &c);
		}
	}
	if (!cpi_cursor_ok(&c))
		return cpi_dwarf_error(err, CP_ERROR_CORRUPT, lines->unit->linked,
			CPI_DW_LINE, lines->offset, "a line table is cut off");
	return CP_OK;
}

enum cp_code cpi_dwarf_rows(const struct cpi_dwarf_lines *lines,
	struct cpi_dwarf_query *query, size_t n, struct cp_error *err)
{
	struct machine m = {.lines = lines, .query = query, .n = n};

	return run(&m, err);
}

enum cp_code cpi_dwarf_rows_spans(const struct cpi_dwarf_lines *lines,
	cpi_dwarf_span_fn *span, void *arg, struct cp_error *err)
{
	struct machine m = {.lines = lines, .span = span, .arg = arg};

	return run(&m, err);
}
