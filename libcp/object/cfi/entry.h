/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_CFI_ENTRY_H
#define CPI_CFI_ENTRY_H

/* Inside of object/cfi: entries, rows, expressions. */

#include "base/cursor.h"
#include "object/cfi/cfi.h"

struct cpi_cfi_context {
	const struct cpi_cfi_machine *machine;
	const struct cpi_cfi_section *section;
	bool swap;
};

struct cpi_cfi_cie {
	const uint8_t *code; /* initial instructions */
	size_t n;
	uint64_t code_align;
	int64_t data_align;
	uint8_t pointer; /* DW_EH_PE_… of addresses in its FDEs */
	uint8_t word;    /* bytes of an address */
	uint8_t ra;      /* return-address column */
	bool augmented;  /* 'z': FDEs carry augmentation data */
	bool signal;     /* 'S' */
};

struct cpi_cfi_fde {
	uint64_t start, limit;
	const uint8_t *code;
	size_t n;
};

/* One entry as it stands in a section. */
struct cpi_cfi_entry {
	size_t at;  /* of its length field */
	size_t cie; /* an FDE's CIE; == at for a CIE */
	struct cpi_cursor body;
};

/*
 * Reads the entry at *at, steps *at over it. False at the end of the section, or (with
 * *ret_bad) at damage that leaves no way to the next entry.
 */
bool cpi_cfi_entry_next(const struct cpi_cfi_context *context, size_t *at,
	struct cpi_cfi_entry *ret_entry, bool *ret_bad);
bool cpi_cfi_cie_read(const struct cpi_cfi_context *context, size_t at,
	struct cpi_cfi_cie *ret_cie);
bool cpi_cfi_fde_read(const struct cpi_cfi_context *context,
	const struct cpi_cfi_cie *cie, const struct cpi_cfi_entry *entry,
	struct cpi_cfi_fde *ret_fde);

/* How a register of the caller is found. The zero value is "unspecified". */
enum cpi_cfi_how {
	CPI_CFI_SAME, /* also: no rule at all */
	CPI_CFI_UNDEFINED,
	CPI_CFI_OFFSET,     /* saved at CFA + x */
	CPI_CFI_VAL_OFFSET, /* is CFA + x */
	CPI_CFI_REGISTER,   /* in register x */
	CPI_CFI_EXPR,       /* saved where the expression says */
	CPI_CFI_VAL_EXPR    /* is what the expression says */
};

struct cpi_cfi_place {
	union {
		int64_t x;
		const uint8_t *expr;
	};
	uint32_t n; /* bytes of the expression */
	uint8_t how;
};

struct cpi_cfi_row {
	const uint8_t *cfa_expr; /* NULL: register + offset */
	size_t cfa_n;
	int64_t cfa_offset;
	uint64_t cfa_reg;
	struct cpi_cfi_place reg[CPI_CFI_REGS];
};

enum { CPI_CFI_REMEMBERED = 8 };

/* A run over one entry's instructions. */
struct cpi_cfi_run {
	struct cpi_cursor c;
	const struct cpi_cfi_context *context;
	const struct cpi_cfi_cie *cie;
	const struct cpi_cfi_row *initial; /* NULL while running a CIE's own */
	struct cpi_cfi_row row;
	uint64_t from, pc, limit;
	uint64_t steps; /* instructions done, for the caller's budget */
	struct cpi_cfi_row saved[CPI_CFI_REMEMBERED];
	unsigned depth;
};

/* The row at a CIE's end of instructions. False: damaged. */
bool cpi_cfi_run_cie(const struct cpi_cfi_context *context,
	const struct cpi_cfi_cie *cie, struct cpi_cfi_run *run);
void cpi_cfi_run_start(struct cpi_cfi_run *run, const struct cpi_cfi_context *context,
	const struct cpi_cfi_cie *cie, const struct cpi_cfi_row *initial,
	const struct cpi_cfi_fde *fde);
/*
 * The next row: run->row holds for addresses [run->from, run->pc). False at the end, or
 * at damage (cpi_cursor_ok(&run->c) is false then).
 */
bool cpi_cfi_run_next(struct cpi_cfi_run *run);

/* Evaluates a DWARF expression with `first` on the stack. */
enum cpi_cfi_result cpi_cfi_expr(const struct cpi_cfi_machine *machine,
	const uint8_t *expr, size_t n, bool swap, const struct cpi_cfi_regs *regs,
	const struct cpi_cfi_stack *stack, uint64_t first, uint64_t *ret_x);

struct cpi_cfi_span {
	uint32_t start, limit; /* from cfi->low */
	uint32_t at, section;  /* the FDE */
};

struct cpi_cfi {
	const struct cpi_cfi_machine *machine;
	struct cpi_cfi_section section[4];
	unsigned n_sections;
	bool swap;
	uint64_t low;
	/* Row i holds from pc[i] to pc[i + 1]; the last one is a gap. */
	uint32_t *pc;
	cpi_cfi_rule *rule;
	size_t n_rows, cap_pc, cap_rule;
	/* All FDEs by start, without overlap. */
	struct cpi_cfi_span *span;
	size_t n_spans, cap_spans;
};

#endif
