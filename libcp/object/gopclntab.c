/* SPDX-License-Identifier: Apache-2.0 */
#include "object/gopclntab.h"

#include <elf.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/vec.h"

enum version { GO_1_2, GO_1_16, GO_1_18, GO_1_20 };

/* Calls inlined into each other deeper than this are a loop in a damaged table. */
enum { MOST_INLINED = 256 };
/* Numbers of tables in a function's row. */
enum { PCDATA_INLINE = 2, FUNCDATA_INLINE = 3 };

struct span {
	const uint8_t *p;
	size_t n;
};

struct table {
	struct cpi_env *env;
	struct cpi_elf *elf;
	enum version version;
	bool swap;
	unsigned quantum, pointer; /* bytes of an instruction unit, of a pointer */
	uint64_t text;             /* what functions' offsets count from */
	uint64_t n_functions, n_files;
	struct span all, names, units, files, values, functions;
	uint64_t inline_base; /* address that inline trees count from, 0 = unknown */
	struct cpi_go_result *result;
};

/* One function's row. */
struct function {
	uint64_t entry;
	struct cp_text name;
	uint32_t file_values, line_values, inline_values; /* offsets of pc-value tables */
	uint32_t unit;
	int64_t start_line;
	uint32_t inline_tree; /* from inline_base */
	bool has_inlined;
};

static struct cpi_cursor at(const struct table *t, struct span span, uint64_t offset)
{
	struct cpi_cursor c = cpi_cursor_make(span.p, span.n, t->swap);

	if (offset > span.n)
		cpi_cursor_fail(&c);
	else
		cpi_cursor_skip(&c, (size_t)offset);
	return c;
}

static uint64_t word(struct cpi_cursor *c, unsigned size)
{
	return size == 8 ? cpi_cursor_u64(c) : cpi_cursor_u32(c);
}

static struct cp_text text_at(const struct table *t, struct span span, uint64_t offset)
{
	struct cpi_cursor c = at(t, span, offset);
	struct cp_text text;

	text.p = cpi_cursor_string(&c, &text.n);
	return text.p ? text : (struct cp_text){"", 0};
}

static uint32_t find_section(const struct cpi_elf *elf)
{
	uint32_t i = cpi_elf_find(elf, ".gopclntab");

	return i ? i : cpi_elf_find(elf, ".data.rel.ro.gopclntab");
}

bool cpi_gopclntab_any(const struct cpi_elf *elf)
{
	return find_section(elf) != 0;
}

static struct span part(const struct table *t, uint64_t offset)
{
	if (offset > t->all.n)
		return (struct span){t->all.p, 0};
	return (struct span){t->all.p + offset, t->all.n - (size_t)offset};
}

/* Where the text begins; position-independent programs leave it to relocation. */
static uint64_t text_start(const struct table *t, uint64_t said)
{
	const struct cpi_elf_section *row =
		cpi_elf_section(t->elf, cpi_elf_find(t->elf, ".text"));

	return said ? said : row->address;
}

static void read_offsets(struct table *t, struct cpi_cursor *c)
{
	unsigned size = t->pointer;

	t->n_functions = word(c, size);
	if (t->version == GO_1_2) {
		t->names = t->values = t->all;
		t->functions = part(t, 8 + size);
		return;
	}
	t->n_files = word(c, size);
	if (t->version >= GO_1_18)
		t->text = text_start(t, word(c, size));
	t->names = part(t, word(c, size));
	t->units = part(t, word(c, size));
	t->files = part(t, word(c, size));
	t->values = part(t, word(c, size));
	t->functions = part(t, word(c, size));
}

/* Bytes of one number in the list of functions. */
static unsigned entry_size(const struct table *t)
{
	return t->version >= GO_1_18 ? 4 : t->pointer;
}

static enum cp_code read_header(struct table *t, struct cp_error *err)
{
	static const uint32_t magic[] = {0xfffffffb, 0xfffffffa, 0xfffffff0, 0xfffffff1};
	struct cpi_cursor c = cpi_cursor_make(t->all.p, t->all.n, t->swap);
	uint32_t x = cpi_cursor_u32(&c);
	unsigned version = 0;

	while (version < 4 && magic[version] != x)
		version++;
	t->version = (enum version)version;
	cpi_cursor_skip(&c, 2);
	t->quantum = cpi_cursor_u8(&c);
	t->pointer = cpi_cursor_u8(&c);
	if (!cpi_cursor_ok(&c) || version == 4)
		return cpi_error(err, CP_ERROR_UNSUPPORTED, 0,
			"the Go table of functions is of an unknown layout (0x%08x)", x);
	if (!t->quantum || t->quantum > 4 || (t->pointer != 4 && t->pointer != 8))
		return cpi_error(err, CP_ERROR_CORRUPT, 6,
			"the Go table has instructions of %u and pointers of %u bytes",
			t->quantum, t->pointer);
	read_offsets(t, &c);
	if (!cpi_cursor_ok(&c) || !t->n_functions ||
		t->n_functions > t->functions.n / (2 * entry_size(t)))
		return cpi_error(err, CP_ERROR_CORRUPT, 8,
			"the Go table cannot hold %llu functions",
			(unsigned long long)t->n_functions);
	if (t->version == GO_1_2) {
		/* The end of the last function, then where the list of files is. */
		uint64_t size = (2 * t->n_functions + 1) * t->pointer;
		struct cpi_cursor tail = at(t, t->functions, size);

		t->files = part(t, cpi_cursor_u32(&tail));
	}
	return CP_OK;
}

/* The i-th function's first address and the place of its row. */
static uint64_t entry_of(const struct table *t, uint64_t i, uint64_t *ret_row)
{
	unsigned size = entry_size(t);
	struct cpi_cursor c = at(t, t->functions, i * 2 * size);
	uint64_t entry = word(&c, size);

	*ret_row = word(&c, size);
	return t->version >= GO_1_18 ? t->text + entry : entry;
}

/* The function that holds the address; the last entry is an end only. */
static bool find_row(const struct table *t, uint64_t address, uint64_t *ret_row)
{
	uint64_t lo = 0, hi = t->n_functions, row;

	while (lo < hi) {
		uint64_t mid = (lo + hi) / 2;

		if (entry_of(t, mid, &row) <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return false;
	/* Behind the last function an end stands in the row of its own. */
	if (lo == t->n_functions) {
		unsigned size = entry_size(t);
		struct cpi_cursor c = at(t, t->functions, t->n_functions * 2 * size);
		uint64_t end = word(&c, size);

		if (!cpi_cursor_ok(&c) ||
			address >= (t->version >= GO_1_18 ? t->text + end : end))
			return false;
	}
	(void)entry_of(t, lo - 1, ret_row);
	return true;
}

static bool read_function(const struct table *t, uint64_t row, struct function *f)
{
	struct span from = t->version == GO_1_2 ? t->all : t->functions;
	struct cpi_cursor c = at(t, from, row);
	uint32_t n_pcdata, i;
	uint8_t n_funcdata;

	memset(f, 0, sizeof *f);
	f->entry = t->version >= GO_1_18 ? t->text + cpi_cursor_u32(&c) : word(&c, t->pointer);
	f->name = text_at(t, t->names, cpi_cursor_u32(&c));
	cpi_cursor_skip(&c, 4 + 4 + 4); /* args, deferreturn, pcsp */
	f->file_values = cpi_cursor_u32(&c);
	f->line_values = cpi_cursor_u32(&c);
	n_pcdata = cpi_cursor_u32(&c);
	if (t->version >= GO_1_16)
		f->unit = cpi_cursor_u32(&c);
	if (t->version >= GO_1_20)
		f->start_line = (int32_t)cpi_cursor_u32(&c);
	cpi_cursor_skip(&c, 3); /* kind, flags, padding */
	n_funcdata = cpi_cursor_u8(&c);
	if (!cpi_cursor_ok(&c) || t->version < GO_1_18)
		return cpi_cursor_ok(&c) || t->version < GO_1_18;
	if (n_pcdata <= PCDATA_INLINE || n_funcdata <= FUNCDATA_INLINE)
		return true;
	for (i = 0; i <= PCDATA_INLINE; i++)
		f->inline_values = cpi_cursor_u32(&c);
	cpi_cursor_skip(&c, (size_t)(n_pcdata - i) * 4 + FUNCDATA_INLINE * 4);
	f->inline_tree = cpi_cursor_u32(&c);
	f->has_inlined = cpi_cursor_ok(&c) && f->inline_tree != UINT32_MAX && f->inline_values;
	return true;
}

/* Steps through a pc-value table: zig-zag deltas of the value, deltas of the address. */
static int32_t value_at(const struct table *t, uint32_t table, uint64_t entry, uint64_t address)
{
	struct cpi_cursor c = at(t, t->values, table);
	uint32_t value = UINT32_MAX;
	uint64_t pc = entry;
	bool first = true;

	if (!table)
		return -1;
	while (cpi_cursor_ok(&c)) {
		uint64_t delta = cpi_cursor_uleb(&c);

		if (!delta && !first)
			break;
		first = false;
		value += (uint32_t)(delta >> 1) ^ -(uint32_t)(delta & 1);
		pc += cpi_cursor_uleb(&c) * t->quantum;
		if (cpi_cursor_ok(&c) && address < pc)
			return (int32_t)value;
	}
	return -1;
}

static struct cp_text file_of(const struct table *t, const struct function *f, int32_t number)
{
	struct cpi_cursor c;
	uint32_t offset;

	if (number < 0)
		return (struct cp_text){"", 0};
	if (t->version == GO_1_2) {
		c = at(t, t->files, 4ULL * (uint32_t)number);
		offset = cpi_cursor_u32(&c);
		return text_at(t, t->all, cpi_cursor_ok(&c) ? offset : UINT64_MAX);
	}
	c = at(t, t->units, 4ULL * ((uint64_t)f->unit + (uint32_t)number));
	offset = cpi_cursor_u32(&c);
	return text_at(t, t->files, cpi_cursor_ok(&c) ? offset : UINT64_MAX);
}

static bool add_frame(struct table *t, const struct cpi_go_frame *frame)
{
	struct cpi_go_result *r = t->result;

	if (r->n_frames == r->frames_room) {
		size_t room = r->frames_room ? r->frames_room * 2 : 256;
		struct cpi_go_frame *more = cpi_resize(&t->env->mem, r->frame,
			r->frames_room * sizeof *more, room * sizeof *more);

		if (!more)
			return false;
		r->frame = more;
		r->frames_room = room;
	}
	r->frame[r->n_frames++] = *frame;
	return true;
}

/* Bytes of the file from a link-time address on. */
static struct span memory_at(const struct table *t, uint64_t address)
{
	for (uint32_t i = 1; i < cpi_elf_header(t->elf)->n_sections; i++) {
		const struct cpi_elf_section *row = cpi_elf_section(t->elf, i);
		struct span span;

		if (!(row->flags & SHF_ALLOC) || row->type == SHT_NOBITS ||
			address < row->address || address - row->address >= row->size)
			continue;
		if (cpi_elf_section_bytes(t->elf, i, &span.p, &span.n, NULL) ||
			address - row->address >= span.n)
			break;
		span.p += address - row->address;
		span.n -= (size_t)(address - row->address);
		return span;
	}
	return (struct span){t->all.p, 0};
}

struct inlined {
	struct cp_text name;
	uint32_t parent;
	int64_t start_line;
};

/* A row of the function's inline tree; false when it is not there. */
static bool read_inlined(
	const struct table *t, const struct function *f, int32_t index, struct inlined *ret)
{
	unsigned size = t->version >= GO_1_20 ? 16 : 20;
	struct span tree = memory_at(t, t->inline_base + f->inline_tree);
	struct cpi_cursor c = at(t, tree, (uint64_t)(uint32_t)index * size);

	ret->start_line = 0;
	cpi_cursor_skip(&c, t->version >= GO_1_20 ? 4 : 12); /* kind; file and line of the call */
	ret->name = text_at(t, t->names, cpi_cursor_u32(&c));
	ret->parent = cpi_cursor_u32(&c);
	if (t->version >= GO_1_20)
		ret->start_line = (int32_t)cpi_cursor_u32(&c);
	return cpi_cursor_ok(&c) && ret->name.n;
}

static bool resolve_one(struct table *t, uint64_t address, struct cpi_go_run *run)
{
	struct cpi_go_frame frame = {0};
	struct function f;
	struct inlined call;
	uint64_t row, pc = address;
	int32_t index;

	run->first = (uint32_t)t->result->n_frames;
	if (!find_row(t, address, &row) || !read_function(t, row, &f) || !f.name.n)
		return true;
	for (unsigned depth = 0;; depth++) {
		int32_t line = value_at(t, f.line_values, f.entry, pc);

		frame.file = file_of(t, &f, value_at(t, f.file_values, f.entry, pc));
		frame.line = line > 0 ? line : 0;
		index = f.has_inlined && t->inline_base && depth < MOST_INLINED
			? value_at(t, f.inline_values, f.entry, pc) : -1;
		if (index < 0 || !read_inlined(t, &f, index, &call))
			break;
		frame.function = call.name;
		frame.start_line = call.start_line;
		if (!add_frame(t, &frame))
			return false;
		run->n++;
		pc = f.entry + call.parent;
	}
	frame.function = f.name;
	frame.start_line = f.start_line;
	run->n++;
	return add_frame(t, &frame);
}

/*
 * Inline trees are found through the run time's moduledata, which nothing names in a
 * stripped file: it is the place in the data that begins with the address of this table
 * and repeats its parts.
 */
static uint64_t module_word(const struct table *t, struct span data, size_t i)
{
	struct cpi_cursor c = at(t, data, (uint64_t)i * t->pointer);

	return word(&c, t->pointer);
}

static bool is_module(const struct table *t, struct span data, uint64_t address)
{
	uint64_t names = address + (uint64_t)(t->names.p - t->all.p);
	uint64_t units = address + (uint64_t)(t->units.p - t->all.p);

	return module_word(t, data, 0) == address && module_word(t, data, 1) == names &&
		module_word(t, data, 4) == units;
}

static void find_inline_base(struct table *t, uint64_t address)
{
	/* gofunc is the 39th word; Go 1.20 put two more in front. */
	size_t word_of_base = t->version >= GO_1_20 ? 40 : 38;

	if (t->version < GO_1_18)
		return;
	for (uint32_t i = 1; i < cpi_elf_header(t->elf)->n_sections; i++) {
		const struct cpi_elf_section *row = cpi_elf_section(t->elf, i);
		struct span data;

		if (row->type != SHT_PROGBITS || !(row->flags & SHF_WRITE) ||
			cpi_elf_section_bytes(t->elf, i, &data.p, &data.n, NULL))
			continue;
		for (; data.n >= 48u * t->pointer; data.p += t->pointer, data.n -= t->pointer)
			if (is_module(t, data, address)) {
				t->inline_base = module_word(t, data, word_of_base);
				return;
			}
	}
}

enum cp_code cpi_gopclntab_resolve(struct cpi_env *env, struct cpi_elf *elf,
	const uint64_t *address, size_t n, struct cpi_go_result *ret_result,
	struct cp_error *err)
{
	struct table t = {.env = env, .elf = elf, .swap = cpi_elf_header(elf)->swap,
		.result = ret_result};
	uint32_t section = find_section(elf);
	enum cp_code code;

	memset(ret_result, 0, sizeof *ret_result);
	ret_result->env = env;
	code = cpi_elf_section_bytes(elf, section, &t.all.p, &t.all.n, err);
	if (!code)
		code = read_header(&t, err);
	if (code)
		return code;
	find_inline_base(&t, cpi_elf_section(elf, section)->address);
	ret_result->run = cpi_alloc_zero(&env->mem, n * sizeof *ret_result->run);
	ret_result->n = ret_result->run ? n : 0;
	for (size_t i = 0; i < ret_result->n && !code; i++)
		if (!resolve_one(&t, address[i], &ret_result->run[i]))
			code = cpi_error_memory(err);
	if (!ret_result->run)
		code = cpi_error_memory(err);
	if (code)
		cpi_go_result_release(ret_result);
	return code;
}

void cpi_go_result_release(struct cpi_go_result *result)
{
	if (!result->env)
		return;
	cpi_free(&result->env->mem, result->frame, result->frames_room * sizeof *result->frame);
	cpi_free(&result->env->mem, result->run, result->n * sizeof *result->run);
	memset(result, 0, sizeof *result);
}
