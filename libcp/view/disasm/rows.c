/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions: decoded, with what samples spent in each, and in basic blocks. */
#include <stdlib.h>

#include "object/disasm/disasm.h"
#include "view/disasm/disasm.h"

enum { MOST_ROWS = 2000000 };

struct counter {
	struct cpi_asm *a;
	uint32_t *row_of;   /* by location: its row plus one */
	uint32_t *function; /* by row */
	uint32_t *seen;     /* by row: last sample that counted it, plus one */
	bool overflow;
};

/* Where decoding goes on behind bytes that are none: the next place with a sample. */
static size_t next_known(const struct cpi_asm_place *place, size_t n, size_t *at,
	uint64_t address, uint64_t end)
{
	while (*at < n && place[*at].address <= address)
		++*at;
	return (size_t)((*at < n && place[*at].address < end ? place[*at].address : end) -
			address);
}

static bool push_row(struct cpi_asm *a, const struct cpi_insn *insn, const uint8_t *bytes,
	uint64_t address)
{
	struct cp_instruction row = {.address = address,
		.bytes = bytes,
		.length = insn->length,
		.kind = (enum cp_instruction_kind)insn->kind,
		.has_target = insn->has_target,
		.target = insn->target,
		.target_row = UINT32_MAX};
	size_t n = strlen(insn->text);

	row.text.n = n;
	row.text.p = cpi_arena_copy(&a->bytes, insn->text, n);
	return row.text.p && cpi_vec_push(&a->env->mem, &a->row, row);
}

static enum cp_code decode(struct cpi_asm *a, struct cpi_asm_function *f,
	struct cpi_disasm *d, struct cp_error *err)
{
	size_t n = 0, places, known = 0, end;
	const uint8_t *bytes = cpi_asm_code(a, f, &n);
	const struct cpi_asm_place *place = cpi_asm_places(a, f, &places);
	struct cpi_insn insn;

	f->first_row = a->row.n;
	if (!bytes)
		f->note = "the file holds no code there";
	for (size_t at = 0; at < n; at += insn.length) {
		cpi_disasm_next(d, bytes + at, n - at, f->start + at, &insn);
		if (a->row.n == MOST_ROWS)
			return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
				"more than %d instructions match; a narrower regex "
				"leaves less",
				MOST_ROWS);
		if (!push_row(a, &insn, bytes + at, f->start + at))
			return cpi_error_memory(err);
		if (insn.kind != CPI_INSN_UNKNOWN)
			continue;
		/* Never over a place that is known to be an instruction. */
		end = at + next_known(place, places, &known, f->start + at, f->start + n);
		if (at + insn.length > end)
			a->row.v[a->row.n - 1].length = insn.length =
				(uint32_t)(end - at);
	}
	f->n_rows = a->row.n - f->first_row;
	return CP_OK;
}

static int by_place(const void *pa, const void *pb)
{
	const struct cpi_asm_function *a = pa, *b = pb;

	if (a->image != b->image)
		return a->image < b->image ? -1 : 1;
	return (a->start > b->start) - (a->start < b->start);
}

/* Functions come by image, so that there is one decoder at a time. */
static enum cp_code decode_all(struct cpi_asm *a, struct cp_error *err)
{
	struct cpi_disasm *d = NULL;
	enum cp_code code = CP_OK;

	if (a->function.n)
		qsort(a->function.v, a->function.n, sizeof *a->function.v, by_place);
	for (size_t i = 0; !code && i < a->function.n; i++) {
		struct cpi_asm_function *f = &a->function.v[i];

		f->first_row = a->row.n;
		/* Symbols may overlap; an instruction is shown once. */
		if (i + 1 < a->function.n && f[1].image == f->image &&
			f[1].start - f->start < f->size)
			f->size = f[1].start - f->start;
		if (!f->size)
			continue;
		if (!d || f->image != a->function.v[i - 1].image) {
			cpi_disasm_close(d);
			d = NULL;
			code = cpi_asm_decoder(a, f->image, &d, err);
		}
		if (!code)
			code = decode(a, f, d, err);
	}
	cpi_disasm_close(d);
	return code;
}

/* The row that holds an address of the function, or NULL. */
static struct cp_instruction *row_at(
	struct cpi_asm *a, const struct cpi_asm_function *f, uint64_t address)
{
	size_t low = f->first_row, high = f->first_row + f->n_rows;

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct cp_instruction *row = &a->row.v[middle];

		if (address < row->address)
			high = middle;
		else if (address - row->address >= row->length)
			low = middle + 1;
		else
			return row;
	}
	return NULL;
}

static void add(struct counter *c, int64_t *sum, int64_t value)
{
	c->overflow |= __builtin_add_overflow(*sum, value, sum);
}

static void count_frame(struct counter *c, uint32_t row, uint32_t number, int64_t value)
{
	struct cpi_asm_function *f = &c->a->function.v[c->function[row]];

	if (c->seen[row] != number + 1) {
		c->seen[row] = number + 1;
		add(c, &c->a->row.v[row].cum, value);
	}
	if (f->seen != number + 1) {
		f->seen = number + 1;
		add(c, &f->cum, value);
	}
}

static void count_sample(struct counter *c, uint32_t number)
{
	const struct cp_profile *p = c->a->p;
	int64_t value = p->value.v[(size_t)number * p->sample_type.n + c->a->type];
	uint32_t n, row;
	const cp_location *frame = cpi_profile_frames(p, p->sample_stack.v[number], &n);

	if (!value || !n)
		return;
	for (uint32_t i = 0; i < n; i++)
		if ((row = c->row_of[frame[i].i]))
			count_frame(c, row - 1, number, value);
	row = c->row_of[frame[0].i];
	if (!row)
		return;
	add(c, &c->a->row.v[row - 1].flat, value);
	add(c, &c->a->function.v[c->function[row - 1]].flat, value);
}

static void find_rows(struct counter *c)
{
	struct cpi_asm *a = c->a;

	for (size_t i = 0; i < a->function.n; i++) {
		const struct cpi_asm_function *f = &a->function.v[i];
		size_t n = 0;
		const struct cpi_asm_place *place =
			f->size ? cpi_asm_places(a, f, &n) : NULL;

		for (size_t k = 0; k < f->n_rows; k++)
			c->function[f->first_row + k] = (uint32_t)i;
		for (size_t k = 0; k < n; k++) {
			const struct cp_instruction *row = row_at(a, f, place[k].address);

			if (row)
				c->row_of[place[k].location] =
					(uint32_t)(row - a->row.v) + 1;
		}
	}
}

static enum cp_code count(struct cpi_asm *a, struct cp_error *err)
{
	struct cpi_mem *mem = &a->env->mem;
	size_t rows = a->row.n * sizeof(uint32_t);
	struct counter c = {.a = a,
		.row_of = cpi_alloc_zero(mem, a->p->location.n * sizeof *c.row_of),
		.function = cpi_alloc(mem, rows),
		.seen = cpi_alloc_zero(mem, rows)};
	enum cp_code code =
		c.row_of && c.function && c.seen ? CP_OK : cpi_error_memory(err);

	if (!code)
		find_rows(&c);
	for (uint32_t i = 0; !code && i < cpi_profile_n_samples(a->p); i++)
		count_sample(&c, i);
	if (!code && c.overflow)
		code = cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"a sum of sample values exceeds 64 bits");
	cpi_free(mem, c.row_of, a->p->location.n * sizeof *c.row_of);
	cpi_free(mem, c.function, rows);
	cpi_free(mem, c.seen, rows);
	return code;
}

static bool ends_block(const struct cp_instruction *row)
{
	return row->kind == CP_INSTRUCTION_JUMP || row->kind == CP_INSTRUCTION_BRANCH ||
	       row->kind == CP_INSTRUCTION_RETURN;
}

/* Targets within the function; blocks begin there and behind jumps, and sum up. */
static void make_blocks(struct cpi_asm *a, const struct cpi_asm_function *f, bool *leader)
{
	struct cp_instruction *row = a->row.v + f->first_row;
	uint32_t block = 0;

	memset(leader, 0, f->n_rows);
	for (size_t i = 0; i < f->n_rows; i++) {
		const struct cp_instruction *to;

		if (ends_block(&row[i]) && i + 1 < f->n_rows)
			leader[i + 1] = true;
		if (!row[i].has_target || row[i].kind == CP_INSTRUCTION_CALL)
			continue;
		to = row_at(a, f, row[i].target);
		if (!to || to->address != row[i].target)
			continue;
		row[i].target_row = (uint32_t)(to - row);
		leader[row[i].target_row] = true;
	}
	for (size_t i = 0, first = 0; i < f->n_rows; i++) {
		int64_t sum = row[first].block_flat;

		if (i && leader[i]) {
			block++;
			first = i;
			sum = 0;
		}
		row[i].block = block;
		/* Rows sum up to less than the function does, which did not overflow. */
		row[first].block_flat = sum + row[i].flat;
	}
	for (size_t i = 1; i < f->n_rows; i++)
		if (row[i].block == row[i - 1].block)
			row[i].block_flat = row[i - 1].block_flat;
}

static enum cp_code blocks(struct cpi_asm *a, struct cp_error *err)
{
	bool *leader = cpi_alloc(&a->env->mem, a->row.n);

	if (!leader)
		return cpi_error_memory(err);
	for (size_t i = 0; i < a->function.n; i++)
		if (a->function.v[i].n_rows)
			make_blocks(a, &a->function.v[i], leader);
	cpi_free(&a->env->mem, leader, a->row.n);
	return CP_OK;
}

static int by_flat(const void *pa, const void *pb)
{
	const struct cp_disasm_function *a = pa, *b = pb;
	uint64_t x = (uint64_t)llabs(a->flat), y = (uint64_t)llabs(b->flat);
	int order;

	if (x != y)
		return (x < y) - (x > y);
	x = (uint64_t)llabs(a->cum);
	y = (uint64_t)llabs(b->cum);
	if (x != y)
		return (x < y) - (x > y);
	order = cpi_text_compare(a->name, b->name);
	return order ? order : (a->address > b->address) - (a->address < b->address);
}

static enum cp_code show(struct cpi_asm *a, struct cp_error *err)
{
	double least = 0;

	for (size_t i = 0; i < a->row.n; i++) {
		int64_t value = a->row.v[i].flat ? a->row.v[i].flat : a->row.v[i].cum;

		if (a->frame_first) {
			a->row.v[i].frame = a->frame.v + a->frame_first[i];
			a->row.v[i].n_frames = a->frame_first[i + 1] - a->frame_first[i];
		}
		if (value && (least == 0 || (double)llabs(value) < least))
			least = (double)llabs(value);
	}
	cpi_amount_pick(&a->amount, least);
	for (size_t i = 0; i < a->function.n; i++) {
		const struct cpi_asm_function *f = &a->function.v[i];
		struct cp_disasm_function shown = {.name = f->name,
			.image = cpi_asm_path(a, f->image),
			.file = cpi_asm_file(a, f->image),
			.note = f->note,
			.address = f->start,
			.bytes = f->size,
			.flat = f->flat,
			.cum = f->cum,
			.row = a->row.v + f->first_row,
			.n_rows = f->n_rows};

		if (!cpi_vec_push(&a->env->mem, &a->shown, shown))
			return cpi_error_memory(err);
	}
	if (a->shown.n)
		qsort(a->shown.v, a->shown.n, sizeof *a->shown.v, by_flat);
	a->rows = (struct cp_disasm_rows){.function = a->shown.v,
		.n_functions = a->shown.n,
		.type = a->amount.type,
		.unit = a->amount.from,
		.total = a->amount.total};
	return CP_OK;
}

enum cp_code cpi_asm_make(struct cpi_asm *a, struct cp_error *err)
{
	enum cp_code code = cpi_amount_init(&a->amount, a->p, &a->report, &a->type, err);

	if (!code)
		code = cpi_asm_find(a, err);
	if (!code)
		code = decode_all(a, err);
	if (!code)
		code = count(a, err);
	if (!code)
		code = blocks(a, err);
	if (!code)
		code = cpi_asm_frames(a, err);
	return code ? code : show(a, err);
}

void cpi_asm_release(struct cpi_asm *a)
{
	struct cpi_mem *mem = &a->env->mem;

	cpi_asm_images_release(a);
	cpi_free(mem, a->frame_first, a->frames_room * sizeof *a->frame_first);
	cpi_vec_release(mem, &a->function);
	cpi_vec_release(mem, &a->row);
	cpi_vec_release(mem, &a->frame);
	cpi_vec_release(mem, &a->shown);
	cpi_arena_release(&a->bytes);
}

enum cp_code cpi_asm_write(const struct cpi_asm *a, const char *format,
	struct cpi_sink *sink, struct cp_error *err)
{
	static const struct {
		const char *format;
		cpi_asm_fn *write;
	} forms[] = {
		{"text", cpi_asm_text}, {"html", cpi_asm_html}, {"json", cpi_asm_json}};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (!strcmp(forms[i].format, format)) {
			forms[i].write(a, sink);
			return CP_OK;
		}
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"instructions cannot be written as %.20s", format);
}
