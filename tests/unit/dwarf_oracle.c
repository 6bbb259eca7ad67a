/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object/dwarf against libdwarf on the same files: every address of every line row has the
 * row's file, line and column, and is as deep in functions and inlined calls as the entries
 * whose ranges hold it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifdef CPI_LIBDWARF_IN_FOLDER
#include <libdwarf/dwarf.h>
#include <libdwarf/libdwarf.h>
#else
#include <dwarf.h>
#include <libdwarf.h>
#endif

#include "object/dwarf/dwarf.h"

enum { MOST = 4096 };

struct fact {
	uint64_t address;
	char file[256];
	unsigned line, column, depth;
	bool known;
};

struct oracle {
	Dwarf_Debug dbg;
	uint64_t start; /* facts[i] is of start + i */
	struct fact fact[MOST];
};

static void row(struct oracle *o, Dwarf_Line from, Dwarf_Line to)
{
	Dwarf_Addr low, high;
	Dwarf_Unsigned line, column;
	Dwarf_Bool end;
	Dwarf_Error e;
	char *file;

	assert_int_equal(dwarf_lineendsequence(from, &end, &e), DW_DLV_OK);
	if (end)
		return;
	assert_int_equal(dwarf_lineaddr(from, &low, &e), DW_DLV_OK);
	assert_int_equal(dwarf_lineaddr(to, &high, &e), DW_DLV_OK);
	assert_int_equal(dwarf_lineno(from, &line, &e), DW_DLV_OK);
	assert_int_equal(dwarf_lineoff_b(from, &column, &e), DW_DLV_OK);
	assert_int_equal(dwarf_linesrc(from, &file, &e), DW_DLV_OK);
	for (Dwarf_Addr a = low; a < high; a++) {
		struct fact *f = &o->fact[a - o->start];

		assert_true(a >= o->start && a - o->start < MOST);
		snprintf(f->file, sizeof f->file, "%s", file);
		f->line = (unsigned)line;
		f->column = (unsigned)column;
		f->known = true;
	}
	dwarf_dealloc(o->dbg, file, DW_DLA_STRING);
}

static void rows(struct oracle *o, Dwarf_Die unit)
{
	Dwarf_Line_Context context;
	Dwarf_Unsigned version;
	Dwarf_Signed n;
	Dwarf_Small tables;
	Dwarf_Line *line;
	Dwarf_Error e;

	assert_int_equal(dwarf_srclines_b(unit, &version, &tables, &context, &e), DW_DLV_OK);
	assert_int_equal(dwarf_srclines_from_linecontext(context, &line, &n, &e), DW_DLV_OK);
	for (Dwarf_Signed i = 0; i + 1 < n; i++)
		row(o, line[i], line[i + 1]);
	dwarf_srclines_dealloc_b(context);
}

static void deepen(struct oracle *o, uint64_t low, uint64_t high)
{
	for (uint64_t a = low; low && a < high; a++) {
		assert_true(a >= o->start && a - o->start < MOST);
		o->fact[a - o->start].depth++;
	}
}

/* DWARF 4 ranges only; files with DWARF 5 lists are compared by lines alone. */
static void deepen_ranges(struct oracle *o, Dwarf_Die die, Dwarf_Attribute at, uint64_t base)
{
	Dwarf_Off offset, real;
	Dwarf_Ranges *range;
	Dwarf_Signed n;
	Dwarf_Unsigned bytes;
	Dwarf_Error e;

	assert_int_equal(dwarf_global_formref(at, &offset, &e), DW_DLV_OK);
	assert_int_equal(
		dwarf_get_ranges_b(o->dbg, offset, die, &real, &range, &n, &bytes, &e), DW_DLV_OK);
	for (Dwarf_Signed i = 0; i < n && range[i].dwr_type == DW_RANGES_ENTRY; i++)
		deepen(o, base + range[i].dwr_addr1, base + range[i].dwr_addr2);
}

static void code(struct oracle *o, Dwarf_Die die, uint64_t base)
{
	Dwarf_Addr low, high;
	Dwarf_Half form, tag;
	enum Dwarf_Form_Class class;
	Dwarf_Attribute at;
	Dwarf_Error e;

	assert_int_equal(dwarf_tag(die, &tag, &e), DW_DLV_OK);
	if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
		return;
	if (dwarf_attr(die, DW_AT_ranges, &at, &e) == DW_DLV_OK) {
		deepen_ranges(o, die, at, base);
		dwarf_dealloc(o->dbg, at, DW_DLA_ATTR);
	} else if (dwarf_lowpc(die, &low, &e) == DW_DLV_OK &&
		dwarf_highpc_b(die, &high, &form, &class, &e) == DW_DLV_OK) {
		deepen(o, low, class == DW_FORM_CLASS_ADDRESS ? high : low + high);
	}
}

static void entries(struct oracle *o, Dwarf_Die die, uint64_t base)
{
	Dwarf_Die child, next;
	Dwarf_Error e;

	code(o, die, base);
	for (int res = dwarf_child(die, &child, &e); res == DW_DLV_OK; child = next) {
		entries(o, child, base);
		res = dwarf_siblingof_b(o->dbg, child, 1, &next, &e);
		dwarf_dealloc(o->dbg, child, DW_DLA_DIE);
	}
}

static void units(struct oracle *o, bool depths)
{
	Dwarf_Unsigned length, next, type;
	Dwarf_Half version, address_size, offset_size, extension, kind;
	Dwarf_Off abbrev;
	Dwarf_Sig8 signature;
	Dwarf_Error e;

	while (dwarf_next_cu_header_d(o->dbg, 1, &length, &version, &abbrev, &address_size,
		       &offset_size, &extension, &signature, &type, &next, &kind,
		       &e) == DW_DLV_OK) {
		Dwarf_Addr base = 0;
		Dwarf_Die unit;

		assert_int_equal(dwarf_siblingof_b(o->dbg, NULL, 1, &unit, &e), DW_DLV_OK);
		(void)dwarf_lowpc(unit, &base, &e);
		rows(o, unit);
		if (depths)
			entries(o, unit, base);
		dwarf_dealloc(o->dbg, unit, DW_DLA_DIE);
	}
}

static void ask_libdwarf(struct oracle *o, const char *path, bool depths)
{
	Dwarf_Error e;

#ifndef DW_LIBDWARF_VERSION_MAJOR
	assert_int_equal(dwarf_init_path(path, NULL, 0, DW_DLC_READ, DW_GROUPNUMBER_ANY, NULL,
				 NULL, &o->dbg, NULL, 0, NULL, &e), DW_DLV_OK);
	units(o, depths);
	dwarf_finish(o->dbg, &e);
#else
	assert_int_equal(dwarf_init_path(path, NULL, 0, DW_GROUPNUMBER_ANY, NULL, NULL, &o->dbg,
				 &e), DW_DLV_OK);
	units(o, depths);
	dwarf_finish(o->dbg);
#endif
}

static void check(const struct fact *f, struct cpi_dwarf_run run, bool depths)
{
	assert_true(run.n > 0);
	assert_int_equal(run.frame[0].line, f->line);
	assert_int_equal(run.frame[0].column, f->column);
	assert_int_equal(run.frame[0].file.n, strlen(f->file));
	assert_memory_equal(run.frame[0].file.p, f->file, run.frame[0].file.n);
	if (depths)
		assert_int_equal(run.n, f->depth ? f->depth : 1);
}

static uint8_t *read_whole(const char *path, size_t *ret_n)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	*ret_n = (size_t)ftell(f);
	rewind(f);
	bytes = malloc(*ret_n);
	assert_int_equal(fread(bytes, 1, *ret_n, f), *ret_n);
	fclose(f);
	return bytes;
}

static void compare(const char *name, bool depths)
{
	struct oracle *o = calloc(1, sizeof *o);
	uint64_t *address = calloc(MOST, sizeof *address);
	struct cpi_dwarf_result *result;
	struct cpi_dwarf *dw;
	struct cpi_elf *elf;
	struct cpi_env env;
	unsigned checked = 0;
	char path[1024];
	uint8_t *bytes;
	size_t n;

	snprintf(path, sizeof path, "%s/dwarf/good/%s", getenv("TESTDATA"), name);
	o->start = 0x400000;
	ask_libdwarf(o, path, depths);
	bytes = read_whole(path, &n);
	cpi_env_init(&env, NULL);
	for (unsigned i = 0; i < MOST; i++)
		address[i] = o->start + i;
	assert_int_equal(cpi_elf_open(&env, bytes, n, &elf, NULL), CP_OK);
	assert_int_equal(cpi_dwarf_open(&env, elf, NULL, &dw, NULL), CP_OK);
	assert_int_equal(cpi_dwarf_resolve(dw, address, MOST, &result, NULL), CP_OK);
	for (unsigned i = 0; i < MOST; i++) {
		if (!o->fact[i].known)
			continue;
		check(&o->fact[i], cpi_dwarf_result_get(result, i), depths);
		checked++;
	}
	assert_true(checked > 150);
	cpi_dwarf_result_free(result);
	cpi_dwarf_close(dw);
	cpi_elf_close(elf);
	cpi_env_release(&env);
	free(bytes);
	free(address);
	free(o);
}

static void dwarf4(void **state)
{
	(void)state;
	compare("gcc4", true);
	compare("clang4", true);
	compare("types4", true);
}

static void dwarf5(void **state)
{
	(void)state;
	compare("gcc5", false);
	compare("clang5", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dwarf4),
		cmocka_unit_test(dwarf5),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
