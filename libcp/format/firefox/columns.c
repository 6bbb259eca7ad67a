/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the tables of version 66: texts, libraries, functions, frames and stacks. */
#include "format/firefox/columns.h"

#include "model/name.h"

const char *const cpi_firefox_category[][2] = {{"Other", "grey"}, {"User", "yellow"},
	{"Kernel", "orange"}, {"JIT", "green"}, {"Native", "blue"}};

enum { OTHER, USER, KERNEL, JIT, NATIVE };

bool cpi_firefox_columns_init(struct firefox_columns *c, struct cpi_env *env,
	const struct cp_profile *p)
{
	struct cpi_mem *mem = &env->mem;

	memset(c, 0, sizeof *c);
	c->env = env;
	c->p = p;
	cpi_sink_memory(&c->bytes, mem);
	if (!cpi_vec_reserve(mem, &c->lib_of, p->mapping.n) ||
		!cpi_vec_reserve(mem, &c->frames_of, p->location.n))
		return false;
	memset(c->lib_of.v, 0xff, p->mapping.n * sizeof *c->lib_of.v);
	memset(c->frames_of.v, 0xff, p->location.n * sizeof *c->frames_of.v);
	c->lib_of.n = p->mapping.n;
	c->frames_of.n = p->location.n;
	return true;
}

void cpi_firefox_columns_release(struct firefox_columns *c)
{
	struct cpi_mem *mem = &c->env->mem;

	cpi_sink_release(&c->bytes);
	cpi_vec_release(mem, &c->text);
	cpi_index_release(mem, &c->texts);
	cpi_vec_release(mem, &c->lib_of);
	cpi_vec_release(mem, &c->lib);
	cpi_vec_release(mem, &c->func);
	cpi_index_release(mem, &c->funcs);
	cpi_vec_release(mem, &c->frame);
	cpi_vec_release(mem, &c->frames_of);
	cpi_vec_release(mem, &c->stack);
	cpi_index_release(mem, &c->stacks);
	cpi_vec_release(mem, &c->source);
	cpi_vec_release(mem, &c->source_of);
}

uint32_t cpi_firefox_text(struct firefox_columns *c, struct cp_text text)
{
	struct cpi_mem *mem = &c->env->mem;
	uint64_t hash = cpi_hash(text.n ? text.p : "", text.n);
	struct cpi_probe probe = cpi_index_find(&c->texts, hash);
	struct firefox_text row = {c->bytes.n, (uint32_t)text.n};

	for (uint32_t id; (id = cpi_index_next(&c->texts, &probe));)
		if (cpi_text_equal(cpi_firefox_text_at(c, id - 1), text))
			return id - 1;
	cpi_sink_bytes(&c->bytes, text.p, text.n);
	if (c->bytes.code || !cpi_vec_push(mem, &c->text, row) ||
		!cpi_vec_push(mem, &c->source_of, FIREFOX_NO_ROW) ||
		!cpi_index_add(mem, &c->texts, hash, (uint32_t)c->text.n))
		return FIREFOX_NO_ROW;
	return (uint32_t)c->text.n - 1;
}

static bool lib_of(struct firefox_columns *c, cp_mapping mapping, uint32_t *ret)
{
	uint32_t *row = &c->lib_of.v[mapping.i];

	*ret = FIREFOX_NO_ROW;
	if (!mapping.i || !c->p->mapping.v[mapping.i].path.i)
		return true;
	if (*row == FIREFOX_NO_ROW) {
		if (!cpi_vec_push(&c->env->mem, &c->lib, mapping))
			return false;
		*row = (uint32_t)c->lib.n - 1;
	}
	*ret = *row;
	return true;
}

/* Files are rows of their own table. */
static bool source(struct firefox_columns *c, uint32_t text)
{
	if (text == FIREFOX_NO_ROW || c->source_of.v[text] != FIREFOX_NO_ROW)
		return true;
	if (!cpi_vec_push(&c->env->mem, &c->source, text))
		return false;
	c->source_of.v[text] = (uint32_t)c->source.n - 1;
	return true;
}

static uint32_t func_row(struct firefox_columns *c, const struct firefox_func *func)
{
	uint64_t hash = cpi_hash_mix(cpi_hash_mix((uint64_t)func->name << 32 | func->file,
		func->lib), (uint64_t)func->start_line);
	struct cpi_probe probe = cpi_index_find(&c->funcs, hash);

	for (uint32_t id; (id = cpi_index_next(&c->funcs, &probe));) {
		const struct firefox_func *have = &c->func.v[id - 1];

		if (have->name == func->name && have->file == func->file &&
			have->lib == func->lib && have->start_line == func->start_line)
			return id - 1;
	}
	if (!cpi_vec_push(&c->env->mem, &c->func, *func) ||
		!cpi_index_add(&c->env->mem, &c->funcs, hash, (uint32_t)c->func.n))
		return FIREFOX_NO_ROW;
	return (uint32_t)c->func.n - 1;
}

static uint32_t name_row(struct firefox_columns *c, struct cpi_name name)
{
	struct cpi_sink text;
	uint32_t row;

	if (!name.bracket)
		return cpi_firefox_text(c, name.text);
	cpi_sink_memory(&text, &c->env->mem);
	cpi_name_append(&text, name);
	row = text.code ? FIREFOX_NO_ROW
			: cpi_firefox_text(c, (struct cp_text){(const char *)text.buf, text.n});
	cpi_sink_release(&text);
	return row;
}

/* Where a location lies in its library; -1 when that does not fit into 32 bits. */
static int64_t address_of(const struct firefox_columns *c, const struct cp_location_row *row)
{
	const struct cp_mapping_row *m = &c->p->mapping.v[row->mapping.i];
	uint64_t address = row->address - m->start;

	if (!row->mapping.i || !m->path.i)
		return -1;
	if (!cpi_mapping_is_kernel(c->p, row->mapping))
		address += m->offset;
	return address <= UINT32_MAX ? (int64_t)address : -1;
}

static uint8_t category(const struct firefox_columns *c, cp_mapping mapping)
{
	if (!mapping.i)
		return OTHER;
	if (cpi_mapping_is_kernel(c->p, mapping))
		return KERNEL;
	return cpi_mapping_is_jit(c->p, mapping) ? JIT : USER;
}

/* The frame of one line; `depth` counts from the outermost. */
static bool add_frame(struct firefox_columns *c, cp_location location, uint32_t line,
	uint32_t depth)
{
	const struct cp_location_row *row = &c->p->location.v[location.i];
	struct firefox_frame frame = {.depth = depth, .address = address_of(c, row),
		.category = category(c, row->mapping)};
	struct firefox_func func = {.file = FIREFOX_NO_ROW};

	func.name = name_row(c, cpi_name_of(c->p, location, line));
	if (func.name == FIREFOX_NO_ROW || !lib_of(c, row->mapping, &func.lib))
		return false;
	if (row->n_lines) {
		const struct cp_line_row *l = &c->p->line.v[row->first_line + line];
		const struct cp_function_row *f = &c->p->function.v[l->function.i];

		frame.line = l->line;
		frame.column = l->column;
		func.start_line = f->start_line;
		if (f->file.i) {
			func.file = cpi_firefox_text(c, cpi_profile_text(c->p, f->file));
			if (func.file == FIREFOX_NO_ROW || !source(c, func.file))
				return false;
		}
	}
	frame.func = func_row(c, &func);
	return frame.func != FIREFOX_NO_ROW && cpi_vec_push(&c->env->mem, &c->frame, frame);
}

static bool frames_of(struct firefox_columns *c, cp_location location, uint32_t *ret_first)
{
	uint32_t n = c->p->location.v[location.i].n_lines, *first;

	first = &c->frames_of.v[location.i];
	if (*first == FIREFOX_NO_ROW) {
		uint32_t at = (uint32_t)c->frame.n;

		for (uint32_t line = n ? n : 1; line-- > 0;)
			if (!add_frame(c, location, line, (n ? n : 1) - 1 - line))
				return false;
		*first = at;
	}
	*ret_first = *first;
	return true;
}

static bool call(struct firefox_columns *c, uint32_t frame, uint32_t *stack)
{
	struct firefox_stack_row row = {frame, *stack};
	uint64_t hash = cpi_hash_u64((uint64_t)*stack << 32 | frame);
	struct cpi_probe probe = cpi_index_find(&c->stacks, hash);

	for (uint32_t id; (id = cpi_index_next(&c->stacks, &probe));)
		if (c->stack.v[id - 1].frame == frame && c->stack.v[id - 1].parent == *stack) {
			*stack = id - 1;
			return true;
		}
	if (!cpi_vec_push(&c->env->mem, &c->stack, row) ||
		!cpi_index_add(&c->env->mem, &c->stacks, hash, (uint32_t)c->stack.n))
		return false;
	*stack = (uint32_t)c->stack.n - 1;
	return true;
}

bool cpi_firefox_stack_row(struct firefox_columns *c, cp_stack stack, uint32_t *ret_row)
{
	uint32_t n, row = FIREFOX_NO_ROW;
	const cp_location *location = cpi_profile_frames(c->p, stack, &n);

	/* Firefox takes no stack for no sample: an empty one is "[unknown]", as elsewhere. */
	if (!n) {
		uint32_t unknown;

		*ret_row = row;
		return frames_of(c, (cp_location){0}, &unknown) &&
		       call(c, unknown, ret_row);
	}
	for (uint32_t i = n; i-- > 0;) {
		uint32_t lines = c->p->location.v[location[i].i].n_lines, first;

		if (!frames_of(c, location[i], &first))
			return false;
		for (uint32_t line = 0; line < (lines ? lines : 1); line++)
			if (!call(c, first + line, &row))
				return false;
	}
	*ret_row = row;
	return true;
}
