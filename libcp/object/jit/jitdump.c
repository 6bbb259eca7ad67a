/* SPDX-License-Identifier: Apache-2.0 */
/* Dumps of generated code. */
#include "object/jit/jit.h"

#include <stdlib.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/vec.h"
#include "object/wanted.h"

enum { CODE_LOAD, CODE_MOVE, CODE_DEBUG_INFO, CODE_CLOSE, CODE_UNWINDING_INFO, N_KINDS };

#define MAGIC 0x4a695444u /* "JiTD" */
enum { HEADER_SIZE = 40, RECORD_HEADER_SIZE = 16, FLAG_ARCH_TIMESTAMP = 1 };

/* A stretch of code and where its lines are told. */
struct code {
	uint64_t start, size, index, moved_from, time;
	uint32_t layer; /* 0 = not known */
	struct cp_text name;
	const uint8_t *lines; /* entries of a debug record, NULL = none */
	size_t lines_n;       /* bytes */
	const uint8_t *unwinding; /* its .eh_frame, NULL = none */
	size_t unwinding_n;
};

struct dump {
	struct cpi_env *env;
	bool swap, failed;
	bool other_clock; /* times are a processor's counter */
	bool all;         /* keep also what no wanted address lies in */
	struct cpi_wanted wanted;
	CPI_VEC(struct code) loaded; /* all, for moves */
	CPI_VEC(struct code) code;   /* those that hold a wanted address, or all */
	uint64_t time;               /* of the record at hand */
	struct cpi_index by_index;
	/* The debug record that waits for the function it tells of. */
	uint64_t lines_of;
	const uint8_t *lines;
	size_t lines_n;
	/* And the record of unwinding information that waits for the next function. */
	const uint8_t *unwinding;
	size_t unwinding_n;
};

static void keep(struct dump *dump, const struct code *code)
{
	size_t i = dump->all ? 0 : cpi_wanted_from(&dump->wanted, code->start);

	if (dump->all ? !code->size || code->start + code->size < code->start
		      : i == dump->wanted.n ||
				dump->wanted.address[i] - code->start >= code->size)
		return;
	if (!cpi_vec_push(&dump->env->mem, &dump->code, *code))
		dump->failed = true;
}

uint32_t cpi_jit_dump_number(struct cp_text path)
{
	struct cp_text name = cpi_text_basename(path);
	const struct cp_text prefix = CPI_TEXT("jit-"), suffix = CPI_TEXT(".dump");
	uint64_t n;

	if (!cpi_text_starts(name, prefix) || !cpi_text_ends(name, suffix) ||
		name.n <= prefix.n + suffix.n || name.p[prefix.n] == '0')
		return 0;
	name.p += prefix.n;
	name.n -= prefix.n + suffix.n;
	return cpi_text_u64(name, &n) && n <= INT32_MAX ? (uint32_t)n : 0;
}

/* An index is given once; a file that repeats one gets the first. NULL: unknown. */
static const struct code *loaded_as(const struct dump *dump, uint64_t index)
{
	struct cpi_probe probe = cpi_index_find(&dump->by_index, cpi_hash_u64(index));

	for (uint32_t id; (id = cpi_index_next(&dump->by_index, &probe));)
		if (dump->loaded.v[id - 1].index == index)
			return &dump->loaded.v[id - 1];
	return NULL;
}

static bool code_load(struct dump *dump, struct cpi_cursor *c)
{
	struct code code = {0};

	cpi_cursor_skip(c, 4 + 4 + 8); /* pid, tid, vma */
	code.start = cpi_cursor_u64(c);
	code.size = cpi_cursor_u64(c);
	code.index = cpi_cursor_u64(c);
	code.name.p = cpi_cursor_string(c, &code.name.n);
	if (!cpi_cursor_ok(c))
		return false;
	if (dump->lines && dump->lines_of == code.start) {
		code.lines = dump->lines;
		code.lines_n = dump->lines_n;
	}
	dump->lines = NULL;
	code.unwinding = dump->unwinding;
	code.unwinding_n = dump->unwinding_n;
	dump->unwinding = NULL;
	dump->unwinding_n = 0;
	code.moved_from = code.start;
	code.time = dump->time;
	keep(dump, &code);
	if (loaded_as(dump, code.index))
		return true;
	if (!cpi_vec_push(&dump->env->mem, &dump->loaded, code) ||
		!cpi_index_add(&dump->env->mem, &dump->by_index, cpi_hash_u64(code.index),
			(uint32_t)dump->loaded.n))
		dump->failed = true;
	return true;
}

static bool code_move(struct dump *dump, struct cpi_cursor *c)
{
	uint64_t to, size, index;
	const struct code *latest;

	cpi_cursor_skip(c, 4 + 4 + 8 + 8); /* pid, tid, vma, old address */
	to = cpi_cursor_u64(c);
	size = cpi_cursor_u64(c);
	index = cpi_cursor_u64(c);
	if (!cpi_cursor_ok(c))
		return false;
	latest = loaded_as(dump, index);
	if (latest) {
		struct code code = *latest;

		code.start = to;
		code.size = size;
		code.time = dump->time;
		keep(dump, &code);
	}
	return true;
}

static bool code_debug_info(struct dump *dump, struct cpi_cursor *c)
{
	dump->lines_of = cpi_cursor_u64(c);
	cpi_cursor_skip(c, 8); /* number of entries: the record's end says it, too */
	if (!cpi_cursor_ok(c))
		return false;
	dump->lines = c->at;
	dump->lines_n = cpi_cursor_left(c);
	return true;
}

/* .eh_frame and .eh_frame_hdr, in this order, of the function that comes next. */
static bool code_unwinding_info(struct dump *dump, struct cpi_cursor *c)
{
	uint64_t size = cpi_cursor_u64(c), header = cpi_cursor_u64(c);

	cpi_cursor_skip(c, 8); /* size in memory, if it is mapped */
	if (!cpi_cursor_ok(c) || size > cpi_cursor_left(c) || header > size)
		return false;
	dump->unwinding = c->at;
	dump->unwinding_n = (size_t)(size - header);
	return true;
}

typedef bool record_fn(struct dump *dump, struct cpi_cursor *c);

static record_fn *const record[N_KINDS] = {
	[CODE_LOAD] = code_load,
	[CODE_MOVE] = code_move,
	[CODE_DEBUG_INFO] = code_debug_info,
	[CODE_UNWINDING_INFO] = code_unwinding_info,
};

/* True while records make sense. */
static bool next_record(struct dump *dump, struct cpi_cursor *c)
{
	uint32_t kind = cpi_cursor_u32(c), size = cpi_cursor_u32(c);
	struct cpi_cursor body;

	dump->time = cpi_cursor_u64(c);
	if (size < RECORD_HEADER_SIZE)
		return false;
	body = cpi_cursor_sub(c, size - RECORD_HEADER_SIZE);
	if (!cpi_cursor_ok(&body))
		return false;
	return kind >= N_KINDS || !record[kind] || record[kind](dump, &body);
}

static bool read_header(struct dump *dump, struct cpi_cursor *c)
{
	uint32_t magic = cpi_cursor_u32(c), size;

	if (magic == __builtin_bswap32(MAGIC))
		dump->swap = c->swap = true;
	else if (magic != MAGIC)
		return false;
	cpi_cursor_skip(c, 4); /* version */
	size = cpi_cursor_u32(c);
	if (size < HEADER_SIZE)
		return false;
	cpi_cursor_skip(c, 4 + 4 + 4 + 8); /* machine, padding, pid, time */
	dump->other_clock = cpi_cursor_u64(c) & FLAG_ARCH_TIMESTAMP;
	cpi_cursor_skip(c, size - HEADER_SIZE);
	return cpi_cursor_ok(c);
}

/* The entry at or below the address; a name of "\xff" repeats the one before. */
static struct cpi_jit_line line_at(
	const struct dump *dump, const struct code *code, uint64_t at)
{
	struct cpi_cursor c = cpi_cursor_make(code->lines, code->lines_n, dump->swap);
	struct cp_text file = {"", 0};
	struct cpi_jit_line best = {{"", 0}, 0};
	uint64_t best_at = 0;

	at += code->moved_from - code->start;
	while (cpi_cursor_left(&c) >= 17) {
		uint64_t address = cpi_cursor_u64(&c);
		uint32_t line = cpi_cursor_u32(&c);
		struct cp_text name;

		cpi_cursor_skip(&c, 4); /* discriminator */
		name.p = cpi_cursor_string(&c, &name.n);
		if (!name.p)
			break;
		if (name.n != 1 || name.p[0] != '\xff')
			file = name;
		if (address <= at && address >= best_at) {
			best_at = address;
			best = (struct cpi_jit_line){file, line};
		}
	}
	return best;
}

/* Entries of a record that many addresses share are read once per address: bound it. */
#define MOST_LINE_BYTES (256ULL << 20)

/* From the last function to the first, each fills what is still free; see perfmap.c. */
static void assign(const struct dump *dump, uint32_t layer, struct cpi_symbol *symbol,
	struct cpi_jit_line *line, uint32_t *skip)
{
	const struct cpi_wanted *w = &dump->wanted;
	uint64_t budget = MOST_LINE_BYTES;

	for (size_t i = 0; i <= w->n; i++)
		skip[i] = (uint32_t)i;
	for (size_t k = dump->code.n; k--;) {
		const struct code *code = &dump->code.v[k];
		size_t i = cpi_wanted_from(w, code->start);

		if (code->layer != layer)
			continue;
		for (;;) {
			while (skip[i] != i) {
				skip[i] = skip[skip[i]];
				i = skip[i];
			}
			if (i == w->n || w->address[i] - code->start >= code->size)
				break;
			if (!symbol[i].name.p) {
				symbol[i] = (struct cpi_symbol){
					code->name, code->start, code->size};
				if (code->lines && budget > code->lines_n) {
					budget -= code->lines_n;
					line[i] = line_at(dump, code, w->address[i]);
				}
			}
			skip[i] = (uint32_t)i + 1;
		}
	}
}

/* Every record into `code` (and `loaded`); false when out of memory. */
static bool read_records(struct dump *dump, struct cpi_cursor *c, uint64_t *ret_bad)
{
	while (!dump->failed && cpi_cursor_left(c)) {
		uint64_t at = cpi_cursor_offset(c);

		if (!next_record(dump, c)) {
			*ret_bad = at;
			break;
		}
	}
	return !dump->failed;
}

static void dump_release(struct dump *dump)
{
	struct cpi_env *env = dump->env;

	cpi_wanted_release(env, &dump->wanted);
	cpi_vec_release(&env->mem, &dump->loaded);
	cpi_vec_release(&env->mem, &dump->code);
	cpi_index_release(&env->mem, &dump->by_index);
}

/* ---- layers ---- */

static int by_time(const void *pa, const void *pb, void *arg)
{
	const struct code *code = ((const struct dump *)arg)->code.v;
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	if (code[a].time != code[b].time)
		return code[a].time < code[b].time ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int by_address(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

	return a < b ? -1 : a > b;
}

/*
 * Over the sorted borders of all code: what layer lies on top. A node's `all` counts for
 * everything below it; layers only grow, so nothing has to be handed down.
 */
struct cover {
	const uint64_t *border;
	struct {
		uint16_t all, most;
	} *node;
	uint64_t start, limit;
	uint16_t layer; /* 0: find the highest */
	uint16_t found;
};

/* Recursion halves the number of borders: 32 levels at most. */
static void cover(struct cover *c, size_t at, size_t lo, size_t hi)
{
	size_t mid = lo + (hi - lo) / 2;

	if (c->border[hi] <= c->start || c->border[lo] >= c->limit)
		return;
	if (c->start <= c->border[lo] && c->border[hi] <= c->limit) {
		if (c->layer)
			c->node[at].all = c->layer;
		c->found = c->node[at].most > c->found ? c->node[at].most : c->found;
	} else {
		c->found = c->node[at].all > c->found ? c->node[at].all : c->found;
		cover(c, 2 * at, lo, mid);
		cover(c, 2 * at + 1, mid, hi);
	}
	if (c->layer > c->node[at].most)
		c->node[at].most = c->layer;
}

static void set_layers(
	struct dump *dump, const uint32_t *order, struct cover *c, size_t borders)
{
	for (size_t i = 0; i < dump->code.n; i++) {
		struct code *code = &dump->code.v[order[i]];

		c->start = code->start;
		c->limit = code->start + code->size;
		c->layer = c->found = 0;
		cover(c, 1, 0, borders - 1);
		code->layer = c->found < CPI_JIT_LAYERS ? c->found + 1 : CPI_JIT_LAYERS;
		c->layer = (uint16_t)code->layer;
		cover(c, 1, 0, borders - 1);
	}
}

/* Brings `code` into the order of time and gives each its layer. False: out of memory. */
static bool make_layers(struct dump *dump)
{
	struct cpi_mem *mem = &dump->env->mem;
	size_t n = dump->code.n, borders = 0;
	uint64_t *border = cpi_alloc_array(mem, 2 * n, sizeof *border);
	uint32_t *order = cpi_alloc_array(mem, n, sizeof *order);
	struct code *sorted = cpi_alloc_array(mem, n, sizeof *sorted);
	struct cover c = {.border = border};
	bool fine;

	c.node = cpi_alloc_zero(mem, 8 * (n + 1) * sizeof *c.node);
	fine = border && order && sorted && c.node && n < UINT32_MAX;
	for (size_t i = 0; fine && i < n; i++) {
		border[2 * i] = dump->code.v[i].start;
		border[2 * i + 1] = dump->code.v[i].start + dump->code.v[i].size;
		order[i] = (uint32_t)i;
	}
	if (fine && n) {
		qsort(border, 2 * n, sizeof *border, by_address);
		for (size_t i = 0; i < 2 * n; i++)
			if (!borders || border[borders - 1] != border[i])
				border[borders++] = border[i];
		qsort_r(order, n, sizeof *order, by_time, dump);
		set_layers(dump, order, &c, borders);
		for (size_t i = 0; i < n; i++)
			sorted[i] = dump->code.v[order[i]];
		memcpy(dump->code.v, sorted, n * sizeof *sorted);
	}
	cpi_free(mem, border, 2 * n * sizeof *border);
	cpi_free(mem, order, n * sizeof *order);
	cpi_free(mem, sorted, n * sizeof *sorted);
	cpi_free(mem, c.node, 8 * (n + 1) * sizeof *c.node);
	return fine;
}

enum cp_code cpi_jitdump_codes(struct cpi_env *env, const uint8_t *bytes, size_t n,
	struct cpi_jit_codes *ret_codes, struct cp_error *err)
{
	struct dump dump = {.env = env, .all = true};
	struct cpi_cursor c = cpi_cursor_make(bytes, n, false);
	struct cpi_jit_codes codes = {0};
	uint64_t bad;

	if (!read_header(&dump, &c))
		return cpi_error(err, CP_ERROR_FORMAT, 0, "not a jitdump file");
	codes.other_clock = dump.other_clock;
	dump.failed = !read_records(&dump, &c, &bad) || !make_layers(&dump);
	if (!dump.failed && dump.code.n) {
		codes.v = cpi_alloc_array(&env->mem, dump.code.n, sizeof *codes.v);
		codes.n = codes.v ? dump.code.n : 0;
		dump.failed = !codes.v;
	}
	for (size_t i = 0; i < codes.n; i++)
		codes.v[i] = (struct cpi_jit_code){dump.code.v[i].start,
			dump.code.v[i].size, dump.code.v[i].time, dump.code.v[i].layer,
			dump.code.v[i].unwinding, dump.code.v[i].unwinding_n};
	dump_release(&dump);
	if (dump.failed)
		return cpi_error_memory(err);
	*ret_codes = codes;
	return CP_OK;
}

void cpi_jit_codes_release(struct cpi_env *env, struct cpi_jit_codes *codes)
{
	if (codes->v)
		cpi_free(&env->mem, codes->v, codes->n * sizeof *codes->v);
	codes->v = NULL;
	codes->n = 0;
}

enum cp_code cpi_jitdump_resolve(struct cpi_env *env, const uint8_t *bytes, size_t n,
	uint32_t layer, const uint64_t *address, size_t n_addresses,
	struct cpi_symbol *symbol, struct cpi_jit_line *line, uint64_t *ret_bad,
	struct cp_error *err)
{
	struct dump dump = {.env = env, .all = layer};
	struct cpi_cursor c = cpi_cursor_make(bytes, n, false);
	uint32_t *skip;

	*ret_bad = CP_NO_OFFSET;
	if (!read_header(&dump, &c))
		return cpi_error(err, CP_ERROR_FORMAT, 0, "not a jitdump file");
	if (!n_addresses)
		return CP_OK;
	skip = cpi_alloc_array(&env->mem, n_addresses + 1, sizeof *skip);
	dump.failed = !cpi_wanted_init(env, &dump.wanted, address, n_addresses) ||
		      !skip || !read_records(&dump, &c, ret_bad) ||
		      (layer && !make_layers(&dump));
	if (!dump.failed)
		assign(&dump, layer, symbol, line, skip);
	cpi_free(&env->mem, skip, (n_addresses + 1) * sizeof *skip);
	dump_release(&dump);
	return dump.failed ? cpi_error_memory(err) : CP_OK;
}
