/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/build.h"

#include <stdlib.h>

/*
 * Android's simpleperf writes perf.data with features of its own, from 128 on; those of
 * files (FILE, and FILE2 since 2022) carry the symbols that samples met, for they are
 * symbolized on another machine than the one that has the files.
 *
 *	FILE    u32 size, then: path, u32 type, u64 min_vaddr, u32 n,
 *	        n × (u64 start, u32 length, name), and for ELF files u64 file offset of
 *	        min_vaddr; texts end with a NUL
 *	FILE2   u32 size, then a protobuf message of the same fields
 *
 * Addresses of symbols are those of the file, min_vaddr is that of its first segment with
 * code; kernels, and memory without a file, have addresses as they ran.
 */

enum dso_type { DSO_KERNEL, DSO_MODULE, DSO_ELF, DSO_DEX, DSO_SYMBOL_MAP, DSO_UNKNOWN };

enum { MOST_DSOS = 1 << 16, MOST_SYMBOLS = 1 << 24 };

struct field {
	uint64_t number, value;
	struct cpi_cursor body;
};

/* The next field of a protobuf message; false at its end, or in what is none. */
static bool next_field(struct cpi_cursor *c, struct field *ret)
{
	uint64_t tag;

	if (!cpi_cursor_left(c))
		return false;
	tag = cpi_cursor_uleb(c);
	ret->number = tag >> 3;
	ret->value = 0;
	switch (tag & 7) {
	case 0:
		ret->value = cpi_cursor_uleb(c);
		break;
	case 1:
		ret->value = cpi_cursor_u64(c);
		break;
	case 2:
		ret->body = cpi_cursor_sub(c, cpi_cursor_uleb(c));
		break;
	case 5:
		ret->value = cpi_cursor_u32(c);
		break;
	default:
		cpi_cursor_fail(c);
	}
	return cpi_cursor_ok(c);
}

static struct cp_text text_of(const struct cpi_cursor *body)
{
	return (struct cp_text){(const char *)body->at, cpi_cursor_left(body)};
}

/* False: out of memory. */
static bool add_symbol(
	struct perf_file *f, uint64_t start, uint64_t size, struct cp_text name)
{
	struct perf_symbol row = {.start = start, .size = size};

	if (!name.n || !size || f->symbol.n >= MOST_SYMBOLS)
		return true;
	return perf_names_add(&f->names, name, &row.name) &&
	       cpi_vec_push(&f->env->mem, &f->symbol, row);
}

static bool read_symbol(struct perf_file *f, struct cpi_cursor c)
{
	struct cp_text name = {"", 0};
	uint64_t start = 0, size = 0;
	struct field field;

	while (next_field(&c, &field)) {
		if (field.number == 1)
			start = field.value;
		else if (field.number == 2)
			size = field.value;
		else if (field.number == 3)
			name = text_of(&field.body);
	}
	return add_symbol(f, start, size, name);
}

/* The one number of a message. */
static uint64_t first_number(struct cpi_cursor c)
{
	struct field field;

	return next_field(&c, &field) && field.number == 1 ? field.value : 0;
}

static bool read_message(struct perf_file *f, struct cpi_cursor *c, struct perf_dso *dso)
{
	struct field field;

	while (next_field(c, &field)) {
		bool fine = true;

		if (field.number == 1)
			fine = perf_names_add(
				&f->names, text_of(&field.body), &dso->name);
		else if (field.number == 2)
			dso->type = (uint8_t)field.value;
		else if (field.number == 3)
			dso->min_address = field.value;
		else if (field.number == 4)
			fine = read_symbol(f, field.body);
		else if (field.number == 6)
			dso->min_offset = first_number(field.body);
		if (!fine)
			return false;
	}
	return true;
}

static bool read_struct(struct perf_file *f, struct cpi_cursor *c, struct perf_dso *dso)
{
	struct cp_text name;
	uint32_t n;

	name.p = cpi_cursor_string(c, &name.n);
	if (!name.p)
		return true;
	if (!perf_names_add(&f->names, name, &dso->name))
		return false;
	dso->type = (uint8_t)cpi_cursor_u32(c);
	dso->min_address = cpi_cursor_u64(c);
	n = (uint32_t)cpi_cursor_claim(c, cpi_cursor_u32(c), 13);
	for (uint32_t i = 0; i < n && cpi_cursor_ok(c); i++) {
		uint64_t start = cpi_cursor_u64(c), size = cpi_cursor_u32(c);

		name.p = cpi_cursor_string(c, &name.n);
		if (name.p && !add_symbol(f, start, size, name))
			return false;
	}
	if (dso->type == DSO_ELF && cpi_cursor_left(c) >= 8)
		dso->min_offset = cpi_cursor_u64(c);
	return true;
}

bool perf_simpleperf_files(struct perf_file *f, unsigned feature, struct cpi_cursor *c)
{
	while (cpi_cursor_left(c) && f->dso.n < MOST_DSOS) {
		struct cpi_cursor body = cpi_cursor_sub(c, cpi_cursor_u32(c));
		struct perf_dso dso = {.first = f->symbol.n};
		bool fine = feature == PERF_FEATURE_SIMPLEPERF_FILE
				    ? read_struct(f, &body, &dso)
				    : read_message(f, &body, &dso);

		if (!cpi_cursor_ok(&body))
			cpi_cursor_fail(c);
		dso.n = f->symbol.n - dso.first;
		if (!fine || (dso.n && !cpi_vec_push(&f->env->mem, &f->dso, dso)))
			return false;
	}
	return true;
}

static int by_start(const void *pa, const void *pb)
{
	const struct perf_symbol *a = pa, *b = pb;

	return (a->start > b->start) - (a->start < b->start);
}

static int by_name(const void *pa, const void *pb)
{
	const struct perf_dso *a = pa, *b = pb;

	return (a->name > b->name) - (a->name < b->name);
}

void perf_simpleperf_settle(struct perf_file *f)
{
	for (size_t i = 0; i < f->dso.n; i++)
		if (f->dso.v[i].n > 1)
			qsort(f->symbol.v + f->dso.v[i].first, f->dso.v[i].n,
				sizeof *f->symbol.v, by_start);
	if (f->dso.n > 1)
		qsort(f->dso.v, f->dso.n, sizeof *f->dso.v, by_name);
	for (size_t i = 1; f->dso.n && i < f->map.n; i++) {
		struct perf_dso key = {.name = f->map.v[i].name};
		struct perf_dso *dso = bsearch(
			&key, f->dso.v, f->dso.n, sizeof *f->dso.v, by_name);

		f->map.v[i].dso = dso ? (uint32_t)(dso - f->dso.v) + 1 : 0;
	}
}

uint32_t perf_simpleperf_symbol(
	const struct perf_file *f, const struct perf_map *map, uint64_t address)
{
	const struct perf_dso *dso = &f->dso.v[map->dso - 1];
	const struct perf_symbol *v = f->symbol.v + dso->first;
	size_t lo = 0, hi = dso->n;

	if (dso->type == DSO_ELF)
		address += map->pgoff - map->start + dso->min_address - dso->min_offset;
	else if (dso->type == DSO_DEX || dso->type == DSO_MODULE)
		address += map->pgoff - map->start;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].start <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && address - v[lo - 1].start < v[lo - 1].size ? v[lo - 1].name : 0;
}
