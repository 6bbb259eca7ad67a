/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns of one set of tables. Layouts of all versions are brought to one: parents as rows
 * (before 66 they are, since then as distances), files as strings (through `sources` since
 * 58), libraries by frame (through resources before 70), and null for what is not there
 * (a bit in `flags` since 71 and 75).
 */
#include "format/firefox/firefox.h"

enum { INLINED = 1, HAS_ADDRESS = 2, HAS_LINE = 16, HAS_COLUMN = 32 }; /* frames, 71 */
enum { IS_JS = 1, HAS_RESOURCE = 4, HAS_SOURCE = 8, FUNC_HAS_LINE = 16 }; /* functions, 75 */

void cpi_firefox_column(struct firefox *f, struct cpi_jr list, firefox_column *ret)
{
	struct cpi_mem *mem = &f->r.env->mem;

	ret->n = 0;
	if (cpi_jr_absent(&list) || !cpi_jr_array(&list))
		return;
	while (cpi_jr_element(&list) && !f->r.b.code) {
		int64_t x = FIREFOX_NONE;
		bool yes;

		if (cpi_jr_peek(&list) == CPI_JR_BOOL)
			x = cpi_jr_bool(&list, &yes) && yes;
		else
			cpi_jr_i64(&list, &x);
		if (!cpi_jr_ok(&list))
			break;
		cpi_json_fine(&f->r, cpi_vec_push(mem, ret, x));
	}
	cpi_json_damage(&f->r, &list);
}

static void strings(struct firefox *f, struct firefox_tables *t, struct cpi_jr list)
{
	t->string.n = 0;
	if (cpi_jr_absent(&list) || !cpi_jr_array(&list))
		return;
	while (cpi_jr_element(&list) && !f->r.b.code) {
		struct cp_text text = {"", 0};

		if (!cpi_jr_text(&list, &text) && !cpi_jr_ok(&list))
			break;
		cpi_json_fine(&f->r, cpi_vec_push(&f->r.env->mem, &t->string,
					     cpi_builder_string(&f->r.b, text)));
	}
	cpi_json_damage(&f->r, &list);
}

struct wanted {
	const char *name;
	firefox_column *column;
};

/* Some columns of a table, by name. */
static void columns(
	struct firefox *f, struct cpi_jr table, const struct wanted *wanted, size_t n)
{
	struct cpi_json_member member[8];
	struct cpi_jr value[8];

	if (cpi_jr_absent(&table))
		return;
	for (size_t i = 0; i < n; i++)
		member[i] = (struct cpi_json_member){wanted[i].name, &value[i]};
	if (!cpi_json_members(&f->r, &table, member, n))
		return;
	for (size_t i = 0; i < n; i++)
		cpi_firefox_column(f, value[i], wanted[i].column);
}

/* What a bit in `flags` says is not there becomes FIREFOX_NONE. */
static void masked(firefox_column *column, const firefox_column *flags, int64_t bit)
{
	for (size_t i = 0; i < column->n && flags->n; i++)
		if (!(cpi_firefox_at(flags, (int64_t)i) & bit))
			column->v[i] = FIREFOX_NONE;
}

static void stacks(struct firefox *f, struct firefox_tables *t, struct cpi_jr table)
{
	firefox_column distance = {0};
	const struct wanted wanted[] = {{"frame", &t->stack_frame},
		{"prefix", &t->stack_parent}, {"prefixOffset", &distance}};

	columns(f, table, wanted, 3);
	if (distance.n) {
		for (size_t i = 0; i < distance.n; i++) {
			int64_t back = distance.v[i];

			distance.v[i] = back > 0 && (uint64_t)back <= i ? (int64_t)i - back
				: back == 0 ? FIREFOX_NONE : -2;
		}
		cpi_vec_release(&f->r.env->mem, &t->stack_parent);
		t->stack_parent = distance;
	}
}

static void frames(struct firefox *f, struct firefox_tables *t, struct cpi_jr table)
{
	firefox_column flags = {0};
	const struct wanted wanted[] = {{"func", &t->frame_func},
		{"address", &t->frame_address}, {"lib", &t->frame_lib},
		{"line", &t->frame_line}, {"column", &t->frame_column},
		{"inlineDepth", &t->frame_depth}, {"flags", &flags}};

	columns(f, table, wanted, 7);
	masked(&t->frame_address, &flags, HAS_ADDRESS);
	masked(&t->frame_lib, &flags, HAS_ADDRESS);
	masked(&t->frame_line, &flags, HAS_LINE);
	masked(&t->frame_column, &flags, HAS_COLUMN);
	if (flags.n && !t->frame_depth.n) {
		for (size_t i = 0; i < flags.n; i++)
			flags.v[i] = flags.v[i] != FIREFOX_NONE && flags.v[i] & INLINED;
		cpi_vec_release(&f->r.env->mem, &t->frame_depth);
		t->frame_depth = flags;
	} else {
		cpi_vec_release(&f->r.env->mem, &flags);
	}
}

static void functions(struct firefox *f, struct firefox_tables *t, struct cpi_jr table,
	const firefox_column *source_file)
{
	firefox_column flags = {0}, source = {0};
	const struct wanted wanted[] = {{"name", &t->func_name}, {"fileName", &t->func_file},
		{"source", &source}, {"lineNumber", &t->func_line},
		{"resource", &t->func_resource}, {"isJS", &t->func_js}, {"flags", &flags}};

	columns(f, table, wanted, 7);
	masked(&source, &flags, HAS_SOURCE);
	masked(&t->func_line, &flags, FUNC_HAS_LINE);
	masked(&t->func_resource, &flags, HAS_RESOURCE);
	if (source.n) {
		for (size_t i = 0; i < source.n; i++)
			source.v[i] = cpi_firefox_at(source_file, source.v[i]);
		cpi_vec_release(&f->r.env->mem, &t->func_file);
		t->func_file = source;
	}
	if (flags.n && !t->func_js.n) {
		for (size_t i = 0; i < flags.n; i++)
			flags.v[i] = flags.v[i] != FIREFOX_NONE && flags.v[i] & IS_JS;
		cpi_vec_release(&f->r.env->mem, &t->func_js);
		t->func_js = flags;
	} else {
		cpi_vec_release(&f->r.env->mem, &flags);
	}
}

void cpi_firefox_tables(struct firefox *f, struct firefox_tables *t, struct cpi_jr object)
{
	struct cpi_jr string, stack, frame, func, resource, source;
	firefox_column file = {0};
	const struct cpi_json_member members[] = {{"stringArray", &string},
		{"stackTable", &stack}, {"frameTable", &frame}, {"funcTable", &func},
		{"resourceTable", &resource}, {"sources", &source}};
	const struct wanted filename = {"filename", &file}, lib = {"lib", &t->resource_lib};

	if (cpi_jr_absent(&object) || !cpi_json_members(&f->r, &object, members, 6))
		return;
	strings(f, t, string);
	stacks(f, t, stack);
	frames(f, t, frame);
	columns(f, source, &filename, 1);
	functions(f, t, func, &file);
	columns(f, resource, &lib, 1);
	cpi_vec_release(&f->r.env->mem, &file);
	t->made.n = t->stack.n = 0;
	if (!f->r.b.code &&
		cpi_json_fine(&f->r,
			cpi_vec_reserve(&f->r.env->mem, &t->made, t->stack_frame.n) &&
				cpi_vec_reserve(
					&f->r.env->mem, &t->stack, t->stack_frame.n))) {
		if (t->stack_frame.n)
			memset(t->made.v, 0, t->stack_frame.n);
		t->made.n = t->stack.n = t->stack_frame.n;
	}
}

void cpi_firefox_tables_release(struct firefox *f, struct firefox_tables *t)
{
	struct cpi_mem *mem = &f->r.env->mem;
	firefox_column *const all[] = {&t->stack_frame, &t->stack_parent, &t->frame_func,
		&t->frame_address, &t->frame_lib, &t->frame_line, &t->frame_column,
		&t->frame_depth, &t->func_name, &t->func_file, &t->func_line,
		&t->func_resource, &t->func_js, &t->resource_lib};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		cpi_vec_release(mem, all[i]);
	cpi_vec_release(mem, &t->string);
	cpi_vec_release(mem, &t->stack);
	cpi_vec_release(mem, &t->made);
}
