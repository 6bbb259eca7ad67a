/* SPDX-License-Identifier: Apache-2.0 */
/* Call frame information compiled to a sorted table of 4-byte rules. */
#include "object/cfi/entry.h"

#include <stdlib.h>

#include "base/vec.h"

const struct cpi_cfi_machine cpi_cfi_x86_64 = {8, 7, 6, 16, false};
const struct cpi_cfi_machine cpi_cfi_i386 = {4, 4, 5, 8, false};
const struct cpi_cfi_machine cpi_cfi_aarch64 = {8, 31, 29, 30, true};

/*
 * Instructions an image may run in all: real sections have about one in three bytes, a
 * hostile CIE could be run for each of its FDEs.
 */
enum { STEPS_PER_BYTE = 16 };

/* CIEs are few and FDEs refer to the last ones; kept with their run's result. */
enum { CIES = 16 };

struct cie_slot {
	struct cpi_cfi_cie cie;
	struct cpi_cfi_row row;
	size_t at;
	bool valid, bad;
};

struct compiler {
	struct cpi_env *env;
	struct cpi_cfi *cfi;
	struct cpi_cfi_context context;
	struct cie_slot slot[CIES];
	struct cpi_cfi_run run;
	uint64_t low, high, budget;
	uint64_t dropped; /* entries */
	bool cut;         /* a section ended in damage */
};

static bool spend(struct compiler *k, uint64_t steps)
{
	bool enough = steps <= k->budget;

	k->budget -= enough ? steps : k->budget;
	return enough;
}

/* The CIE at an offset of the current section, or NULL when it cannot be used. */
static const struct cie_slot *cie_at(struct compiler *k, size_t at)
{
	struct cie_slot *slot = &k->slot[(at / 8) % CIES];

	if (slot->valid && slot->at == at)
		return slot->bad ? NULL : slot;
	slot->at = at;
	slot->valid = true;
	slot->bad = !cpi_cfi_cie_read(&k->context, at, &slot->cie) ||
		!cpi_cfi_run_cie(&k->context, &slot->cie, &k->run) ||
		!spend(k, k->run.steps);
	slot->row = k->run.row;
	return slot->bad ? NULL : slot;
}

static bool add_span(struct compiler *k, const struct cpi_cfi_fde *fde, size_t at,
	unsigned section)
{
	struct cpi_cfi *cfi = k->cfi;
	uint64_t limit = fde->limit < k->high ? fde->limit : k->high;

	if (cfi->n_spans == cfi->cap_spans &&
		!cpi_vec_grow(&k->env->mem, (void **)&cfi->span, &cfi->cap_spans,
			cfi->n_spans + 1, sizeof *cfi->span))
		return false;
	cfi->span[cfi->n_spans++] = (struct cpi_cfi_span){
		.start = (uint32_t)(fde->start - k->low),
		.limit = (uint32_t)(limit - k->low),
		.at = (uint32_t)at,
		.section = section,
	};
	return true;
}

static void use_section(struct compiler *k, unsigned i)
{
	k->context.section = &k->cfi->section[i];
	for (unsigned j = 0; j < CIES; j++)
		k->slot[j].valid = false;
}

/* Finds the FDEs of one section. False: out of memory. */
static bool list(struct compiler *k, unsigned section)
{
	struct cpi_cfi_entry entry;
	size_t at = 0;
	bool bad;

	use_section(k, section);
	while (cpi_cfi_entry_next(&k->context, &at, &entry, &bad)) {
		const struct cie_slot *slot;
		struct cpi_cfi_fde fde;

		if (entry.cie == entry.at)
			continue;
		slot = cie_at(k, entry.cie);
		if (!slot || !cpi_cfi_fde_read(&k->context, &slot->cie, &entry, &fde)) {
			k->dropped++;
			continue;
		}
		/* Of functions that the linker dropped: address 0. */
		if (fde.start < k->low || fde.start >= k->high)
			continue;
		if (!add_span(k, &fde, entry.at, section))
			return false;
	}
	k->cut |= bad;
	return true;
}

static int by_start(const void *pa, const void *pb)
{
	const struct cpi_cfi_span *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* Sorts; an equal start drops the later entry, a later start cuts the one before. */
static void order(struct cpi_cfi *cfi)
{
	size_t n = 0;
	bool sorted = true;

	for (size_t i = 1; i < cfi->n_spans && sorted; i++)
		sorted = by_start(&cfi->span[i - 1], &cfi->span[i]) <= 0;
	if (!sorted)
		qsort(cfi->span, cfi->n_spans, sizeof *cfi->span, by_start);
	for (size_t i = 0; i < cfi->n_spans; i++) {
		struct cpi_cfi_span *span = &cfi->span[i];

		if (n && cfi->span[n - 1].start == span->start)
			continue;
		if (n && cfi->span[n - 1].limit > span->start)
			cfi->span[n - 1].limit = span->start;
		cfi->span[n++] = *span;
	}
	cfi->n_spans = n;
}

/*
 * The PLT's one expression: sp + w + (((pc & 15) >= N) << log2(w)). Returns N (the
 * offset of the push in a lazy-binding slot: 11, or 5 to 9 with branch tracking), or -1.
 */
static int plt_offset(const struct cpi_cfi_machine *machine, const uint8_t *e, size_t n)
{
	static const uint8_t x86_64[] = {
		0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x30, 0x2a, 0x33, 0x24, 0x22};
	static const uint8_t i386[] = {
		0x74, 4, 0x78, 0, 0x3f, 0x1a, 0x30, 0x2a, 0x32, 0x24, 0x22};
	const uint8_t *want = machine->word == 4 ? i386 : x86_64;

	if (machine->link || n != sizeof x86_64 || memcmp(e, want, 6) ||
		memcmp(e + 7, want + 7, 4) || e[6] < 0x30 || e[6] > 0x3f)
		return -1;
	return e[6] - 0x30;
}

/* A saved register's slot; -1 when it has none that fits. */
static int slot_of(const struct cpi_cfi_machine *machine,
	const struct cpi_cfi_place *place, int64_t cfa_offset)
{
	int64_t words = place->x / machine->word, slot;

	if (place->how == CPI_CFI_SAME)
		return 0;
	if (place->how != CPI_CFI_OFFSET || place->x % machine->word)
		return -1;
	slot = machine->link ? cfa_offset / machine->word + words + 1 : -words;
	return slot > 0 && slot < CPI_CFI_SLOTS ? (int)slot : -1;
}

static cpi_cfi_rule pack(const struct cpi_cfi_machine *machine,
	const struct cpi_cfi_row *row, const struct cpi_cfi_cie *cie)
{
	cpi_cfi_rule complex = cpi_cfi_rule_make(CPI_CFI_COMPLEX, false, 0, 0, 0);
	int64_t offset = row->cfa_offset;
	int fp, ra;

	if (row->reg[cie->ra].how == CPI_CFI_UNDEFINED)
		return cpi_cfi_rule_make(CPI_CFI_END, false, 0, 0, 0);
	if (cie->signal || cie->ra != machine->ra ||
		row->reg[machine->sp].how != CPI_CFI_SAME)
		return complex;
	if (row->cfa_expr) {
		int plt = plt_offset(machine, row->cfa_expr, row->cfa_n);

		return plt < 0 || row->reg[machine->fp].how != CPI_CFI_SAME
			       ? complex
			       : cpi_cfi_rule_make(
					 CPI_CFI_PLT, false, 0, 1, (unsigned)plt);
	}
	if ((row->cfa_reg != machine->sp && row->cfa_reg != machine->fp) || offset < 0 ||
		offset % machine->word || offset / machine->word >= CPI_CFI_OFFSETS)
		return complex;
	fp = slot_of(machine, &row->reg[machine->fp], offset);
	ra = slot_of(machine, &row->reg[machine->ra], offset);
	if (fp < 0 || ra < 0 || (!machine->link && ra != 1))
		return complex;
	return cpi_cfi_rule_make(row->cfa_reg == machine->sp ? CPI_CFI_SP : CPI_CFI_FP,
		machine->link, (unsigned)fp, (unsigned)ra,
		(unsigned)(offset / machine->word));
}

static bool add_row(struct compiler *k, uint32_t pc, cpi_cfi_rule rule)
{
	struct cpi_cfi *cfi = k->cfi;
	size_t n = cfi->n_rows;

	if (n && cfi->rule[n - 1] == rule)
		return true;
	if (n == cfi->cap_pc && !cpi_vec_grow(&k->env->mem, (void **)&cfi->pc,
					&cfi->cap_pc, n + 1, sizeof *cfi->pc))
		return false;
	if (n == cfi->cap_rule &&
		!cpi_vec_grow(&k->env->mem, (void **)&cfi->rule, &cfi->cap_rule, n + 1,
			sizeof *cfi->rule))
		return false;
	cfi->pc[n] = pc;
	cfi->rule[n] = rule;
	cfi->n_rows++;
	return true;
}

/* Adds one FDE's rows. False: out of memory. */
static bool rows_of(struct compiler *k, const struct cpi_cfi_span *span)
{
	struct cpi_cfi_entry entry;
	struct cpi_cfi_fde fde;
	const struct cie_slot *slot;
	size_t at = span->at;
	bool bad, ok = true;

	if (!cpi_cfi_entry_next(&k->context, &at, &entry, &bad) ||
		!(slot = cie_at(k, entry.cie)) ||
		!cpi_cfi_fde_read(&k->context, &slot->cie, &entry, &fde))
		return add_row(k, span->start, CPI_CFI_GAP);
	cpi_cfi_run_start(&k->run, &k->context, &slot->cie, &slot->row, &fde);
	while (ok && cpi_cfi_run_next(&k->run) && k->run.from - k->low < span->limit)
		ok = add_row(k, (uint32_t)(k->run.from - k->low),
			pack(k->cfi->machine, &k->run.row, &slot->cie));
	/* What follows damage in an entry is unknown. */
	if (ok && (!cpi_cursor_ok(&k->run.c) || !spend(k, k->run.steps))) {
		k->dropped++;
		if (k->run.from - k->low < span->limit)
			ok = add_row(k, (uint32_t)(k->run.from - k->low), CPI_CFI_GAP);
	}
	return ok;
}

static bool compile(struct compiler *k)
{
	struct cpi_cfi *cfi = k->cfi;
	unsigned section = UINT32_MAX;

	for (unsigned i = 0; i < cfi->n_sections; i++)
		if (!list(k, i))
			return false;
	order(cfi);
	for (size_t i = 0; i < cfi->n_spans && k->budget; i++) {
		const struct cpi_cfi_span *span = &cfi->span[i];
		bool open = i + 1 == cfi->n_spans || cfi->span[i + 1].start > span->limit;

		if (span->section != section)
			use_section(k, section = span->section);
		if (!rows_of(k, span) || (open && !add_row(k, span->limit, CPI_CFI_GAP)))
			return false;
	}
	return true;
}

static bool start(struct compiler *k, const struct cpi_cfi_section *sections, unsigned n)
{
	struct cpi_cfi *cfi = k->cfi;

	for (unsigned i = 0; i < n && i < sizeof cfi->section / sizeof *cfi->section;
		i++) {
		/* Offsets are kept in 32 bits. */
		if (sections[i].n > UINT32_MAX)
			continue;
		cfi->section[cfi->n_sections++] = sections[i];
		k->budget += sections[i].n * STEPS_PER_BYTE;
	}
	return k->high > k->low && k->high - k->low <= UINT32_MAX;
}

static void report(struct compiler *k, const char *source)
{
	struct cpi_place place = cpi_place_at(source, CP_NO_OFFSET);

	if (!k->cut && !k->dropped && k->budget)
		return;
	place.section = k->cfi->section[0].debug_frame ? ".debug_frame" : ".eh_frame";
	cpi_diag_warn(&k->env->diag, "cfi", &place,
		"call frame information is damaged: %llu entries dropped%s%s",
		(unsigned long long)k->dropped,
		k->cut ? ", the end of a section is lost" : "",
		k->budget ? "" : ", too many instructions");
}

enum cp_code cpi_cfi_compile(struct cpi_env *env, const struct cpi_cfi_machine *machine,
	const struct cpi_cfi_section *sections, unsigned n_sections, bool swap,
	uint64_t low, uint64_t high, const char *source, struct cpi_cfi **ret_cfi,
	struct cp_error *err)
{
	struct cpi_cfi *cfi = cpi_alloc_zero(&env->mem, sizeof *cfi);
	struct compiler *k = cpi_alloc_zero(&env->mem, sizeof *k);
	enum cp_code code = CP_OK;

	if (!cfi || !k) {
		code = cpi_error_memory(err);
		goto out;
	}
	*cfi = (struct cpi_cfi){.machine = machine, .swap = swap, .low = low};
	k->env = env;
	k->cfi = cfi;
	k->context = (struct cpi_cfi_context){.machine = machine, .swap = swap};
	k->low = low;
	k->high = high;
	k->budget = 1;
	if (start(k, sections, n_sections)) {
		if (compile(k))
			report(k, source);
		else
			code = cpi_error_memory(err);
	}
out:
	if (k)
		cpi_free(&env->mem, k, sizeof *k);
	if (code) {
		if (cfi)
			cpi_cfi_free(env, cfi);
		return code;
	}
	*ret_cfi = cfi;
	return CP_OK;
}

void cpi_cfi_free(struct cpi_env *env, struct cpi_cfi *cfi)
{
	if (!cfi)
		return;
	cpi_free(&env->mem, cfi->pc, cfi->cap_pc * sizeof *cfi->pc);
	cpi_free(&env->mem, cfi->rule, cfi->cap_rule * sizeof *cfi->rule);
	cpi_free(&env->mem, cfi->span, cfi->cap_spans * sizeof *cfi->span);
	cpi_free(&env->mem, cfi, sizeof *cfi);
}

size_t cpi_cfi_rows(const struct cpi_cfi *cfi)
{
	return cfi->n_rows;
}

cpi_cfi_rule cpi_cfi_find(const struct cpi_cfi *cfi, uint64_t address)
{
	uint64_t pc = address - cfi->low;
	const uint32_t *at = cfi->pc;
	size_t n = cfi->n_rows;

	if (!n || pc > UINT32_MAX || pc < at[0])
		return CPI_CFI_GAP;
	/* The last row at or below pc; halving without a branch. */
	while (n > 1) {
		size_t half = n / 2;

		at += at[half] <= pc ? half : 0;
		n -= half;
	}
	return cfi->rule[at - cfi->pc];
}
