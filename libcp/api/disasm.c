/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions with what each cost, for programs. */
#include "api/context.h"
#include "view/disasm/disasm.h"

struct cp_disasm {
	struct cpi_asm view;
};

enum cp_code cp_disasm_new(struct cp_context *context, const struct cp_profile *profile,
	const struct cp_disasm_options *options, struct cp_disasm **ret_disasm,
	struct cp_error *err)
{
	struct cp_disasm_options full;
	struct cp_report_options report;
	struct cp_symbolize_options symbols;
	struct cp_disasm *disasm;
	struct cpi_asm *a;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	if (!code)
		code = cpi_options_copy(&report, sizeof report, full.report, err);
	if (!code)
		code = cpi_options_copy(&symbols, sizeof symbols, full.symbols, err);
	if (code)
		return code;
	disasm = cpi_alloc_zero(&context->env.mem, sizeof *disasm);
	if (!disasm)
		return cpi_error_memory(err);
	a = &disasm->view;
	a->env = &context->env;
	a->p = profile;
	cpi_arena_init(&a->bytes, &context->env.mem);
	a->options = full;
	a->report = report;
	a->symbols = symbols;
	code = cpi_asm_make(a, err);
	if (code)
		cp_disasm_free(disasm);
	else
		*ret_disasm = disasm;
	return code;
}

const struct cp_disasm_rows *cp_disasm_rows(const struct cp_disasm *disasm)
{
	return &disasm->view.rows;
}

enum cp_code cp_disasm_write(const struct cp_disasm *disasm, const char *format,
	cp_write_fn *fn, void *arg, struct cp_error *err)
{
	struct cpi_target target = {fn, arg};
	struct cpi_sink sink;
	enum cp_code code;

	cpi_target_sink(&sink, disasm->view.env, &target, NULL);
	code = cpi_asm_write(&disasm->view, format, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	return code;
}

void cp_disasm_free(struct cp_disasm *disasm)
{
	struct cpi_mem *mem;

	if (!disasm)
		return;
	mem = &disasm->view.env->mem;
	cpi_asm_release(&disasm->view);
	cpi_free(mem, disasm, sizeof *disasm);
}
