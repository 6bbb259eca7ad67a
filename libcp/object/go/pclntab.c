/* SPDX-License-Identifier: Apache-2.0 */
/* Go's own table of functions, lines and inlined calls. */
#include "object/go/go.h"

#include "base/cursor.h"
#include "base/error.h"
#include "object/go/memory.h"

enum version { GO_1_2, GO_1_16, GO_1_18, GO_1_20 };

/* Calls inlined into each other deeper than this are a loop in a damaged table. */
enum { MOST_INLINED = 256 };
/* Number of a table in a function's row. */
enum { PCDATA_INLINE = 2 };
/* Words of the run time's moduledata, since Go 1.18. */
enum { MODULE_TEXT = 22 };

struct table {
	struct cpi_env *env;
	struct cpi_go_memory memory;
	enum version version;
	bool swap;
	unsigned quantum, pointer; /* bytes of an instruction unit, of a pointer */
	uint64_t address;          /* of the table itself */
	uint64_t text;             /* what functions' offsets count from */
	uint64_t n_functions, n_files;
	struct cpi_go_span all, names, units, files, values, functions;
	unsigned inline_funcdata; /* number of the inline tree in a function's row */
	uint64_t inline_base;     /* address that inline trees count from; unused before
				     Go 1.18 */
	bool inlines;         /* both are known */
	struct cpi_go_result *result;
};

/* One function's row. */
struct function {
	uint64_t entry;
	struct cp_text name;
	uint32_t file_values, line_values, inline_values; /* offsets of pc-value tables */
	uint32_t unit;
	int64_t start_line;
	uint64_t inline_tree; /* address; 0 = none */
};

static struct cpi_cursor at(
	const struct table *t, struct cpi_go_span span, uint64_t offset)
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

/* Longer names are none; tables of real functions stay far below. */
enum { MOST_TEXT = 64 << 10, MOST_VALUES = 1 << 20 };

static struct cp_text text_at(
	const struct table *t, struct cpi_go_span span, uint64_t offset)
{
	struct cpi_cursor c = at(t, span, offset);
	struct cp_text text;

	if (cpi_cursor_left(&c) > MOST_TEXT)
		c.end = c.at + MOST_TEXT;
	text.p = cpi_cursor_string(&c, &text.n);
	return text.p ? text : (struct cp_text){"", 0};
}

bool cpi_gopclntab_any(struct cpi_elf *elf)
{
	/* Its section, and what relocations say, need not be known for this. */
	const struct cpi_go_memory memory = {.elf = elf,
		.swap = cpi_elf_header(elf)->swap,
		.pointer = cpi_elf_header(elf)->is64 ? 8 : 4};
	uint64_t address;

	return cpi_go_find_table(&memory, &address);
}

static struct cpi_go_span part(const struct table *t, uint64_t offset)
{
	if (offset > t->all.n)
		return (struct cpi_go_span){t->all.p, 0};
	return (struct cpi_go_span){t->all.p + offset, t->all.n - (size_t)offset};
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
	if (t->version >= GO_1_18) {
		t->text = cpi_go_word(&t->memory, t->address + 8 + 2 * size);
		cpi_cursor_skip(c, size);
	}
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

/*
 * An address in the table: an offset, or before Go 1.18 a pointer, which may be
 * relocated.
 */
static uint64_t pc_at(const struct table *t, struct cpi_go_span span, uint64_t offset)
{
	struct cpi_cursor c = at(t, span, offset);
	uint64_t pc = word(&c, entry_size(t));

	if (t->version >= GO_1_18)
		return cpi_cursor_ok(&c) ? t->text + pc : UINT64_MAX;
	if (!pc && cpi_cursor_ok(&c))
		pc = cpi_go_word(
			&t->memory, t->address + (uint64_t)(span.p - t->all.p) + offset);
	return pc;
}

/* The i-th function's first address and the place of its row. */
static uint64_t entry_of(const struct table *t, uint64_t i, uint64_t *ret_row)
{
	unsigned size = entry_size(t);
	struct cpi_cursor c = at(t, t->functions, (i * 2 + 1) * size);

	*ret_row = word(&c, size);
	return pc_at(t, t->functions, i * 2 * size);
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
	if (lo == t->n_functions &&
		address >= pc_at(t, t->functions, t->n_functions * 2 * entry_size(t)))
		return false;
	(void)entry_of(t, lo - 1, ret_row);
	return true;
}

/*
 * The function's tree of inlined calls; the cursor stands behind the fixed part of its
 * row.
 */
static uint64_t inline_tree(
	const struct table *t, struct cpi_cursor *c, uint32_t n_pcdata)
{
	uint64_t skip = (uint64_t)(n_pcdata - PCDATA_INLINE - 1) * 4, here;
	uint32_t offset;

	if (t->version >= GO_1_18) {
		cpi_cursor_skip(c, (size_t)skip + t->inline_funcdata * 4);
		offset = cpi_cursor_u32(c);
		return cpi_cursor_ok(c) && offset != UINT32_MAX ? t->inline_base + offset
								: 0;
	}
	/* Pointers, aligned where they lie in memory. */
	cpi_cursor_skip(c, (size_t)skip);
	if (!cpi_cursor_ok(c))
		return 0;
	here = t->address + (uint64_t)(c->at - t->all.p);
	here = (here + t->pointer - 1) / t->pointer * t->pointer;
	return cpi_go_word(&t->memory, here + t->inline_funcdata * t->pointer);
}

static bool read_function(const struct table *t, uint64_t row, struct function *f)
{
	struct cpi_go_span from = t->version == GO_1_2 ? t->all : t->functions;
	struct cpi_cursor c = at(t, from, row);
	uint32_t n_pcdata;
	uint8_t n_funcdata;

	memset(f, 0, sizeof *f);
	f->entry = pc_at(t, from, row);
	cpi_cursor_skip(&c, entry_size(t));
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
	if (!cpi_cursor_ok(&c))
		return false;
	if (n_pcdata <= PCDATA_INLINE || n_funcdata <= t->inline_funcdata || !t->inlines)
		return true;
	cpi_cursor_skip(&c, PCDATA_INLINE * 4);
	f->inline_values = cpi_cursor_u32(&c);
	if (f->inline_values && cpi_cursor_ok(&c))
		f->inline_tree = inline_tree(t, &c, n_pcdata);
	return true;
}

/* Steps through a pc-value table: zig-zag deltas of the value, deltas of the address. */
static int32_t value_at(
	const struct table *t, uint32_t table, uint64_t entry, uint64_t address)
{
	struct cpi_cursor c = at(t, t->values, table);
	uint32_t value = UINT32_MAX;
	uint64_t pc = entry;
	bool first = true;

	if (!table)
		return -1;
	if (cpi_cursor_left(&c) > MOST_VALUES)
		c.end = c.at + MOST_VALUES;
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

static struct cp_text file_of(
	const struct table *t, const struct function *f, int32_t number)
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

struct inlined {
	struct cp_text name;
	uint32_t parent;
	int64_t start_line;
};

/* A row of the function's inline tree; false when it is not there. */
static bool read_inlined(const struct table *t, const struct function *f, int32_t index,
	struct inlined *ret)
{
	unsigned size = t->version >= GO_1_20 ? 16 : 20;
	struct cpi_go_span tree = cpi_go_bytes(&t->memory, f->inline_tree);
	struct cpi_cursor c = at(t, tree, (uint64_t)(uint32_t)index * size);

	ret->start_line = 0;
	cpi_cursor_skip(
		&c, t->version >= GO_1_20 ? 4 : 12); /* kind; file and line of the call */
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
		index = f.inline_tree && depth < MOST_INLINED
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
 * The run time's moduledata, which nothing names in a stripped file: it is the place in
 * the data that begins with the address of this table and repeats its parts.
 */
static bool is_module(const void *arg, uint64_t address)
{
	const struct table *t = arg;
	uint64_t names = t->address + (uint64_t)(t->names.p - t->all.p);
	uint64_t units = t->address + (uint64_t)(t->units.p - t->all.p);

	return cpi_go_word(&t->memory, address + t->pointer) == names &&
		cpi_go_word(&t->memory, address + 4 * t->pointer) == units;
}

static bool is_name(struct cp_text name)
{
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < ' ' || name.p[i] == 0x7f)
			return false;
	return name.n && name.n < 4096;
}

/*
 * Do the trees that functions point to now make sense? Where they are told differs
 * between releases that share one layout, so some are read: garbage shows at once.
 */
static bool trees_make_sense(struct table *t)
{
	enum { ENOUGH = 32, MOST_LOOKED_AT = 20000 };
	unsigned good = 0, bad = 0;

	t->inlines = true;
	for (uint64_t i = 0;
		i < t->n_functions && i < MOST_LOOKED_AT && good + bad < ENOUGH; i++) {
		struct function f;
		struct inlined call;
		uint64_t row;

		(void)entry_of(t, i, &row);
		if (!read_function(t, row, &f) || !f.inline_tree)
			continue;
		if (read_inlined(t, &f, 0, &call) && is_name(call.name) &&
			call.parent < 1u << 28)
			good++;
		else
			bad++;
	}
	t->inlines = good > 9 * bad;
	return t->inlines;
}

/* Since Go 1.18 trees count from a word of moduledata, gofunc, that moved in 1.20. */
static void find_inline_base(struct table *t, uint64_t module)
{
	static const uint8_t words[] = {38, 40, 39, 41, 42, 43, 44, 37, 36};

	t->inline_funcdata = 3;
	for (unsigned i = 0; module && i < sizeof words; i++) {
		t->inline_base = cpi_go_word(&t->memory, module + words[i] * t->pointer);
		if (t->inline_base && trees_make_sense(t))
			return;
	}
}

/* Before, functions point to them; 1.17 took one of the tables in front away. */
static void find_inline_number(struct table *t)
{
	static const uint8_t numbers[] = {3, 4, 2};

	for (unsigned i = 0; i < sizeof numbers; i++) {
		t->inline_funcdata = numbers[i];
		if (trees_make_sense(t))
			return;
	}
}

static void find_trees(struct table *t)
{
	uint64_t module = 0;

	if (t->version < GO_1_18) {
		find_inline_number(t);
		return;
	}
	module = cpi_go_find_pointer(&t->memory, t->address, is_module, t);
	if (!t->text && module)
		t->text = cpi_go_word(&t->memory, module + MODULE_TEXT * t->pointer);
	if (!t->text)
		t->text = cpi_elf_section(
			t->memory.elf, cpi_elf_find(t->memory.elf, ".text"))
				  ->address;
	find_inline_base(t, module);
}

static enum cp_code resolve_all(
	struct table *t, const uint64_t *address, size_t n, struct cp_error *err)
{
	struct cpi_go_result *result = t->result;
	enum cp_code code;

	t->all = cpi_go_bytes(&t->memory, t->address);
	code = read_header(t, err);
	if (code)
		return code;
	find_trees(t);
	result->run = cpi_alloc_zero(&t->env->mem, n * sizeof *result->run);
	if (!result->run)
		return cpi_error_memory(err);
	result->n = n;
	for (size_t i = 0; i < n; i++)
		if (!resolve_one(t, address[i], &result->run[i]))
			return cpi_error_memory(err);
	return CP_OK;
}

enum cp_code cpi_gopclntab_resolve(struct cpi_env *env, struct cpi_elf *elf,
	const uint64_t *address, size_t n, struct cpi_go_result *ret_result,
	struct cp_error *err)
{
	struct table t = {
		.env = env, .swap = cpi_elf_header(elf)->swap, .result = ret_result};
	enum cp_code code;

	memset(ret_result, 0, sizeof *ret_result);
	ret_result->env = env;
	code = cpi_go_memory_init(&t.memory, env, elf, err);
	if (code)
		return code;
	if (cpi_go_find_table(&t.memory, &t.address))
		code = resolve_all(&t, address, n, err);
	else
		code = cpi_error(err, CP_ERROR_FORMAT, CP_NO_OFFSET, "no Go program");
	cpi_go_memory_release(&t.memory);
	if (code)
		cpi_go_result_release(ret_result);
	return code;
}

void cpi_go_result_release(struct cpi_go_result *result)
{
	if (!result->env)
		return;
	cpi_free(&result->env->mem, result->frame,
		result->frames_room * sizeof *result->frame);
	cpi_free(&result->env->mem, result->run, result->n * sizeof *result->run);
	memset(result, 0, sizeof *result);
}
