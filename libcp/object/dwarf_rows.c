/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "object/dwarf_const.h"
#include "object/dwarf_parts.h"

/*
 * The line-number program (DWARF 5 section 6.2) run once against sorted queries. Rows are
 * never stored: addresses only rise within a sequence, so each row that moves the address
 * settles the queries it passed over, with the row before it. Millions of rows run through
 * here for some thousand queries; a row no query is near costs one comparison.
 */
struct machine {
	const struct cpi_dwarf_lines *lines;
	struct cpi_cursor c;
	struct cpi_dwarf_query *query;
	size_t n, next; /* next: first query not below the address */
	/* the state machine's registers */
	uint64_t address;
	uint32_t file, line, column, op;
	/* the last row of this sequence */
	uint64_t at;
	uint32_t at_file, at_line, at_column;
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

static void reset(struct machine *m)
{
	m->address = 0;
	m->op = 0;
	m->file = 1;
	m->line = 1;
	m->column = 0;
	m->in_sequence = false;
	m->dead = false;
}

/* Gives the last row to queries in [its address, this one); out of line: it is rare. */
static void __attribute__((noinline)) settle(struct machine *m)
{
	for (; m->next < m->n && m->query[m->next].address < m->address; m->next++) {
		struct cpi_dwarf_row *row = &m->query[m->next].row;

		if (row->known)
			continue; /* an earlier sequence has it */
		*row = (struct cpi_dwarf_row){m->at_file, m->at_line, m->at_column, true};
	}
}

/* A sequence's first row, or one that goes back, which the standard forbids. */
static void __attribute__((noinline)) seek(struct machine *m)
{
	if (!m->in_sequence)
		m->first = m->address;
	m->in_sequence = true;
	m->dead = m->address < m->lines->unit->linked->code_start ||
		m->address >= (m->lines->address_size == 4 ? UINT32_MAX : UINT64_MAX) - 1;
	m->next = m->dead ? m->n : first_from(m->query, m->n, m->address);
}

static inline void emit(struct machine *m)
{
	if (!m->in_sequence || m->address < m->at)
		seek(m);
	else if (m->next < m->n && m->query[m->next].address < m->address)
		settle(m);
	m->at = m->address;
	m->at_file = m->file;
	m->at_line = m->line;
	m->at_column = m->column;
}

static inline void advance(struct machine *m, uint64_t ops)
{
	if (m->lines->max_ops == 1) {
		m->address += ops * m->lines->min_length;
		return;
	}
	m->address += m->lines->min_length * ((m->op + ops) / m->lines->max_ops);
	m->op = (uint32_t)((m->op + ops) % m->lines->max_ops);
}

static void extended(struct machine *m)
{
	uint64_t n = cpi_cursor_uleb(&m->c);
	struct cpi_cursor c = cpi_cursor_sub(
		&m->c, n > cpi_cursor_left(&m->c) ? SIZE_MAX : (size_t)n);

	switch (n ? cpi_cursor_u8(&c) : 0) {
	case DW_LNE_end_sequence:
		if (m->in_sequence && m->address >= m->at)
			settle(m);
		if (m->span && m->in_sequence && !m->dead && m->address > m->first)
			m->span(m->arg, m->first, m->address);
		reset(m);
		break;
	case DW_LNE_set_address:
		m->address = cpi_dwarf_word(&c, (unsigned)cpi_cursor_left(&c));
		m->op = 0;
		break;
	default: /* files defined here stand behind the header's and nobody writes them */
		break;
	}
}

static void standard(struct machine *m, uint8_t opcode)
{
	switch (opcode) {
	case DW_LNS_copy:
		emit(m);
		break;
	case DW_LNS_advance_pc:
		advance(m, cpi_cursor_uleb(&m->c));
		break;
	case DW_LNS_advance_line:
		m->line += (uint32_t)cpi_cursor_sleb(&m->c);
		break;
	case DW_LNS_set_file:
		m->file = (uint32_t)cpi_cursor_uleb(&m->c);
		break;
	case DW_LNS_set_column:
		m->column = (uint32_t)cpi_cursor_uleb(&m->c);
		break;
	case DW_LNS_const_add_pc:
		advance(m, m->special[255].advance);
		break;
	case DW_LNS_fixed_advance_pc:
		m->address += cpi_cursor_u16(&m->c);
		m->op = 0;
		break;
	case DW_LNS_negate_stmt:
	case DW_LNS_set_basic_block:
	case DW_LNS_set_prologue_end:
	case DW_LNS_set_epilogue_begin:
		break;
	default: /* set_isa, and opcodes of the future: the header says what follows */
		for (unsigned i = 0; i < m->lines->lengths[opcode]; i++)
			(void)cpi_cursor_uleb(&m->c);
		break;
	}
}

static void prepare(struct machine *m)
{
	const struct cpi_dwarf_lines *lines = m->lines;

	for (unsigned i = lines->opcode_base; i < 256; i++) {
		m->special[i].advance = (uint8_t)((i - lines->opcode_base) / lines->line_range);
		m->special[i].line = (uint8_t)((i - lines->opcode_base) % lines->line_range);
	}
}

static enum cp_code run(struct machine *m, struct cp_error *err)
{
	const struct cpi_dwarf_lines *lines = m->lines;
	uint8_t base = lines->opcode_base;

	if (!cpi_dwarf_spend(&lines->unit->file->budget->rows, cpi_cursor_left(&m->c)))
		return cpi_error(err, CP_ERROR_LIMIT, lines->offset,
			"units share line tables beyond reason");
	prepare(m);
	reset(m);
	while (cpi_cursor_left(&m->c)) {
		uint8_t opcode = cpi_cursor_u8(&m->c);

		if (opcode >= base) {
			advance(m, m->special[opcode].advance);
			m->line += (uint32_t)(lines->line_base + m->special[opcode].line);
			emit(m);
		} else if (opcode) {
			standard(m, opcode);
		} else {
			extended(m);
		}
	}
	if (!cpi_cursor_ok(&m->c))
		return cpi_error(err, CP_ERROR_CORRUPT, lines->offset, "a line table is cut off");
	return CP_OK;
}

enum cp_code cpi_dwarf_rows(const struct cpi_dwarf_lines *lines,
	struct cpi_dwarf_query *query, size_t n, struct cp_error *err)
{
	struct machine m = {.lines = lines, .c = lines->program, .query = query, .n = n};

	return run(&m, err);
}

enum cp_code cpi_dwarf_rows_spans(const struct cpi_dwarf_lines *lines,
	cpi_dwarf_span_fn *span, void *arg, struct cp_error *err)
{
	struct machine m = {.lines = lines, .c = lines->program, .span = span, .arg = arg};

	return run(&m, err);
}
