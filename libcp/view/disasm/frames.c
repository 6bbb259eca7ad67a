/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of instructions and the inlined calls that they came from. */
#include "object/demangle.h"
#include "object/dwarf/dwarf.h"
#include "view/disasm/disasm.h"

struct framer {
	struct cpi_asm *a;
	struct cpi_demangler demangler;
	/* Texts of the debug information live as long as it; these are copies, made once.
	 */
	struct cpi_index index;
	CPI_VEC(struct cp_text) text;
	bool fine;
};

static struct cp_text keep(struct framer *x, struct cp_text text)
{
	struct cpi_mem *mem = &x->a->env->mem;
	uint64_t hash = cpi_hash(text.p, text.n);
	struct cpi_probe probe = cpi_index_find(&x->index, hash);

	for (uint32_t id; (id = cpi_index_next(&x->index, &probe));)
		if (cpi_text_equal(x->text.v[id - 1], text))
			return x->text.v[id - 1];
	text.p = cpi_arena_copy(&x->a->bytes, text.p, text.n);
	x->fine = x->fine && text.p && cpi_vec_push(mem, &x->text, text) &&
		  cpi_index_add(mem, &x->index, hash, (uint32_t)x->text.n);
	return x->fine ? text : (struct cp_text){"", 0};
}

static void take(struct framer *x, struct cpi_dwarf_run run)
{
	for (uint32_t i = 0; i < run.n && x->fine; i++) {
		const struct cpi_dwarf_function *f = run.frame[i].function;
		struct cp_instruction_frame frame = {
			.file = keep(x, run.frame[i].file), .line = run.frame[i].line};

		if (f)
			frame.name = keep(x,
				cpi_demangle(&x->demangler,
					f->linkage_name.n ? f->linkage_name : f->name));
		x->fine = x->fine && cpi_vec_push(&x->a->env->mem, &x->a->frame, frame);
	}
}

/* Rows [first, end) are one image's; their addresses ascend. */
static enum cp_code resolve(
	struct framer *x, uint32_t image, size_t first, size_t end, struct cp_error *err)
{
	struct cpi_asm *a = x->a;
	struct cpi_mem *mem = &a->env->mem;
	size_t n = end - first, size = n * sizeof(uint64_t);
	struct cpi_elf *elf = n ? cpi_asm_debug(a, image) : NULL;
	uint64_t *address = cpi_alloc(mem, size);
	struct cpi_dwarf_result *result = NULL;
	struct cpi_dwarf *dw = NULL;
	enum cp_code code = CP_OK;

	for (size_t i = 0; address && i < n; i++)
		address[i] = a->row.v[first + i].address;
	if (!address)
		code = cpi_error_memory(err);
	else if (elf && !cpi_dwarf_open(a->env, elf, NULL, &dw, err) && cpi_dwarf_any(dw))
		code = cpi_dwarf_resolve(dw, address, n, &result, err);
	/* Damaged debug information costs the lines only. */
	if (code && code != CP_ERROR_MEMORY && code != CP_ERROR_CANCELLED)
		code = CP_OK;
	for (size_t i = 0; i < n && !code; i++) {
		if (result)
			take(x, cpi_dwarf_result_get(result, i));
		a->frame_first[first + i + 1] = (uint32_t)a->frame.n;
	}
	if (!code && !x->fine)
		code = cpi_error_memory(err);
	cpi_dwarf_result_free(result);
	cpi_dwarf_close(dw);
	cpi_free(mem, address, size);
	return code;
}

enum cp_code cpi_asm_frames(struct cpi_asm *a, struct cp_error *err)
{
	struct cpi_mem *mem = &a->env->mem;
	struct framer x = {.a = a, .fine = true};
	enum cp_code code = CP_OK;

	a->frames_room = a->row.n + 1;
	a->frame_first = cpi_alloc_zero(mem, a->frames_room * sizeof *a->frame_first);
	if (!a->frame_first)
		return cpi_error_memory(err);
	cpi_demangler_init(&x.demangler, a->env, a->symbols.demangle, false);
	for (size_t i = 0, end; !code && i < a->function.n; i = end) {
		size_t first = a->function.v[i].first_row, last = first;

		for (end = i; end < a->function.n &&
			      a->function.v[end].image == a->function.v[i].image;
			end++)
			last = a->function.v[end].first_row + a->function.v[end].n_rows;
		code = resolve(&x, a->function.v[i].image, first, last, err);
	}
	cpi_demangler_release(&x.demangler);
	cpi_index_release(mem, &x.index);
	cpi_vec_release(mem, &x.text);
	return code;
}
