/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the stack table to stacks. Frames of one address that were inlined into each other
 * are one location with several lines, as they are in a capture.
 */
#include "format/firefox/firefox.h"

/* The thread's own table, or the shared one where it has none. */
#define TABLE(f, column) ((f)->own.column.n ? &(f)->own.column : &(f)->shared.column)

static cp_string string(const struct firefox *f, int64_t row)
{
	const struct firefox_tables *t = f->own.string.n ? &f->own : &f->shared;

	return row >= 0 && (uint64_t)row < t->string.n ? t->string.v[row] : (cp_string){0};
}

static int64_t known(int64_t x)
{
	return x > 0 ? x : 0;
}

/* The library of a frame: -1 for code that lies in none. */
static int64_t lib_of(const struct firefox *f, int64_t frame, int64_t func)
{
	int64_t lib = cpi_firefox_at(TABLE(f, frame_lib), frame);

	if (cpi_firefox_at(TABLE(f, func_js), func) == 1)
		return -1;
	if (lib == FIREFOX_NONE && !TABLE(f, frame_lib)->n)
		lib = cpi_firefox_at(TABLE(f, resource_lib),
			cpi_firefox_at(TABLE(f, func_resource), func));
	return lib >= 0 && (uint64_t)lib < f->lib.n ? lib : -1;
}

struct place {
	int64_t func, lib, address;
	bool inlined;
};

static bool place_of(const struct firefox *f, int64_t stack, struct place *ret)
{
	int64_t frame = cpi_firefox_at(TABLE(f, stack_frame), stack);
	int64_t func = cpi_firefox_at(TABLE(f, frame_func), frame), depth;

	if (frame < 0 || func < 0 || (uint64_t)func >= TABLE(f, func_name)->n)
		return false;
	depth = cpi_firefox_at(TABLE(f, frame_depth), frame);
	*ret = (struct place){func, lib_of(f, frame, func),
		cpi_firefox_at(TABLE(f, frame_address), frame), depth > 0};
	if (ret->address < 0)
		ret->address = -1;
	return true;
}

/* "0x1234" is what is shown where there is no name. */
static bool is_address(struct cp_text name)
{
	uint64_t x;

	return cpi_text_starts(name, CPI_TEXT("0x")) &&
		cpi_text_hex((struct cp_text){name.p + 2, name.n - 2}, &x);
}

/* Appends the line of a frame, unless it has an address and no name. */
static bool add_line(struct firefox *f, int64_t stack, const struct place *at)
{
	int64_t frame = cpi_firefox_at(TABLE(f, stack_frame), stack);
	struct cp_function_row row = {
		.name = string(f, cpi_firefox_at(TABLE(f, func_name), at->func)),
		.file = string(f, cpi_firefox_at(TABLE(f, func_file), at->func)),
		.start_line = known(cpi_firefox_at(TABLE(f, func_line), at->func))};
	struct cp_line_row line = {
		.line = known(cpi_firefox_at(TABLE(f, frame_line), frame)),
		.column = known(cpi_firefox_at(TABLE(f, frame_column), frame))};

	if (at->address >= 0 && at->lib >= 0 && !row.file.i &&
		is_address(cpi_profile_text(f->r.b.p, row.name)))
		return true;
	row.system_name = row.name;
	line.function = cpi_builder_function(&f->r.b, &row);
	return cpi_json_fine(&f->r, cpi_vec_push(&f->r.env->mem, &f->line, line));
}

static bool add_location(struct firefox *f, const struct place *at)
{
	cp_mapping mapping = at->lib < 0 ? (cp_mapping){0} : f->lib.v[at->lib].mapping;
	cp_location location = cpi_builder_location(&f->r.b, mapping,
		at->address < 0 ? 0 : (uint64_t)at->address, false, f->line.v,
		(uint32_t)f->line.n);

	return cpi_json_fine(&f->r, cpi_vec_push(&f->r.env->mem, &f->path, location));
}

/* Walks to the root. Parents stand before their children, so a walk gets nowhere twice. */
static bool walk(struct firefox *f, int64_t row)
{
	uint32_t most = f->r.env->limits.stack_depth;
	struct place at, up;

	f->path.n = f->line.n = 0;
	while (row != FIREFOX_NONE) {
		int64_t parent = cpi_firefox_at(TABLE(f, stack_parent), row);

		if ((parent != FIREFOX_NONE && (parent < 0 || parent >= row)) ||
			!place_of(f, row, &at) || !add_line(f, row, &at))
			return false;
		if (at.inlined && at.address >= 0 && parent != FIREFOX_NONE &&
			place_of(f, parent, &up) && up.address == at.address &&
			up.lib == at.lib && f->line.n < most) {
			row = parent;
			continue;
		}
		if (!add_location(f, &at))
			return false;
		if (f->path.n > most) {
			cpi_builder_fail(
				&f->r.b, CP_ERROR_LIMIT, "a stack has too many frames");
			return false;
		}
		f->line.n = 0;
		row = parent;
	}
	return true;
}

bool cpi_firefox_stack(struct firefox *f, int64_t row, cp_stack *ret)
{
	struct firefox_tables *t = f->own.stack_frame.n ? &f->own : &f->shared;

	if (row < 0 || (uint64_t)row >= t->made.n)
		return false;
	/* Rows of the shared table mean the same in every thread if all tables are shared. */
	if (!t->made.v[row] || (t == &f->shared && f->own.func_name.n)) {
		t->made.v[row] = 2;
		if (walk(f, row)) {
			t->stack.v[row] = cpi_builder_stack(
				&f->r.b, f->path.v, (uint32_t)f->path.n);
			t->made.v[row] = 1;
		}
	}
	*ret = t->stack.v[row];
	return t->made.v[row] == 1;
}
