/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of a perf.data file, in either byte order. */
#include "format/perf/parts.h"

#include <stdarg.h>
#include <stdio.h>

/*
 * The first bytes: magic, byte order, and where everything is. A header has 104 bytes
 * (72 in files older than feature sections), a pipe's has 16: magic and that size.
 */
enum {
	HEADER_SIZE = 104,
	HEADER_NO_FEATURES = 72,
	PIPE_HEADER_SIZE = 16,
	SECTION_SIZE = 16, /* offset, size */
	ATTR_SIZE_FIRST = 64
};

static const char magic_v2[8] = "PERFILE2", magic_v2_swapped[8] = "2ELIFREP";
static const char magic_v1[8] = "PERFFILE", magic_v1_swapped[8] = "ELIFFREP";

static bool host_big_endian(void)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

int perf_detect(const struct cpi_source *source)
{
	const uint8_t *p = source->part[0].data;

	if (!source->n_parts || source->part[0].n < sizeof magic_v2)
		return 0;
	return !memcmp(p, magic_v2, 8) || !memcmp(p, magic_v2_swapped, 8) ||
			       !memcmp(p, magic_v1, 8) || !memcmp(p, magic_v1_swapped, 8)
		       ? 100
		       : 0;
}

void perf_damaged(struct perf_file *f, const char *kind, struct perf_spot spot,
	const char *format, ...)
{
	struct cpi_place place = cpi_place_record(cpi_source_name(f->source, spot.part),
		spot.record, spot.number, spot.offset);
	char message[200], text[256];
	struct perf_damage row = {.offset = spot.offset};
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	cpi_diag_warn(&f->env->diag, kind, &place, "%s", message);
	if (spot.record)
		snprintf(text, sizeof text, "%s record %llu: %s", spot.record,
			(unsigned long long)spot.number, message);
	else
		snprintf(text, sizeof text, "%s", message);
	/* cpinfo lists the first ones; hostile input has millions. */
	if (f->counts.damaged++ < 1000 &&
		(!perf_names_add(&f->names, cpi_text(text), &row.text) ||
			!cpi_vec_push(&f->env->mem, &f->damage, row)))
		f->damage_unlisted = true;
}

/* Could this be the attr_size of some perf, read in the right order? */
static bool plausible_attr_size(uint64_t size)
{
	return size >= ATTR_SIZE_FIRST + SECTION_SIZE && size <= 4096 && size % 8 == 0;
}

/*
 * PERFFILE does not tell the byte order: the header's size does, and in files the size of
 * an attr.
 */
static bool guess_swap(const uint8_t *p, uint64_t n)
{
	struct cpi_cursor c = cpi_cursor_make(p + 8, n - 8, false);
	uint64_t size = cpi_cursor_u64(&c), attr_size = cpi_cursor_u64(&c);

	if (size == PIPE_HEADER_SIZE || plausible_attr_size(attr_size))
		return false;
	return size == __builtin_bswap64(PIPE_HEADER_SIZE) ||
	       plausible_attr_size(__builtin_bswap64(attr_size));
}

static enum cp_code byte_order(struct perf_file *f, struct cp_error *err)
{
	const uint8_t *p = f->bytes;

	if (f->n < 16)
		return cpi_error(err, CP_ERROR_TRUNCATED, f->n,
			"the file ends inside the perf.data header");
	f->v1 = !memcmp(p, magic_v1, 8) || !memcmp(p, magic_v1_swapped, 8);
	if (f->v1) {
		f->swap = guess_swap(p, f->n);
		f->big_endian = f->swap != host_big_endian();
		return CP_OK;
	}
	f->big_endian = !memcmp(p, magic_v2_swapped, 8);
	f->swap = f->big_endian != host_big_endian();
	if (!f->big_endian && memcmp(p, magic_v2, 8))
		return cpi_error(err, CP_ERROR_FORMAT, 0, "no perf.data magic");
	return CP_OK;
}

static bool has_feature(const struct perf_file *f, unsigned bit)
{
	return f->feature[bit / 64] >> bit % 64 & 1;
}

/*
 * The bitmap was declared as unsigned long[]: a 32-bit big-endian writer's words come out
 * exchanged. Every perf has written the host name, which tells; where even that is not
 * there, only the oldest feature is believed.
 */
static void fix_bitmap(struct perf_file *f)
{
	bool any = f->feature[0] | f->feature[1] | f->feature[2] | f->feature[3];

	if (!f->swap || !any || has_feature(f, PERF_FEATURE_HOSTNAME))
		return;
	for (unsigned i = 0; i < 4; i++)
		f->feature[i] = f->feature[i] << 32 | f->feature[i] >> 32;
	if (has_feature(f, PERF_FEATURE_HOSTNAME) || has_feature(f, PERF_FEATURE_CMDLINE))
		return;
	memset(f->feature, 0, sizeof f->feature);
	f->feature[0] = 1ULL << PERF_FEATURE_BUILD_ID;
}

static bool section_inside(const struct perf_file *f, const struct perf_section *s)
{
	return s->offset <= f->n && s->size <= f->n - s->offset;
}

/* `at` is where the section is written down. */
static enum cp_code read_ids(struct perf_file *f, const struct perf_section *ids,
	uint64_t at, uint32_t event, struct cp_error *err)
{
	struct cpi_cursor c;
	enum cp_code code;

	if (!section_inside(f, ids)) {
		PERF_DAMAGED_AT(f, "attr", 0, at,
			"the ids of event %u lie outside the file", event);
		return CP_OK;
	}
	c = perf_cursor(f, f->bytes + ids->offset, ids->size);
	while (cpi_cursor_left(&c) >= 8) {
		code = perf_id_add(f, cpi_cursor_u64(&c), event, err);
		if (code)
			return code;
	}
	return CP_OK;
}

static enum cp_code read_attrs(struct perf_file *f, const struct perf_section *attrs,
	uint64_t attr_size, struct cp_error *err)
{
	struct perf_section whole = *attrs;

	if (!plausible_attr_size(attr_size))
		return cpi_error(err, CP_ERROR_CORRUPT, 16,
			"an attr size of %llu is impossible",
			(unsigned long long)attr_size);
	if (!section_inside(f, attrs)) {
		PERF_DAMAGED_AT(
			f, "attr", 0, 24, "the attr section lies outside the file");
		if (whole.offset >= f->n)
			return cpi_error(err, CP_ERROR_TRUNCATED, 24,
				"the attr section lies outside the file");
		whole.size = f->n - whole.offset;
	}
	for (uint64_t at = 0; whole.size - at >= attr_size; at += attr_size) {
		const uint8_t *p = f->bytes + whole.offset + at;
		struct cpi_cursor c =
			perf_cursor(f, p + attr_size - SECTION_SIZE, SECTION_SIZE);
		struct perf_section ids;
		struct perf_attr attr;
		uint32_t event;
		enum cp_code code;

		perf_attr_decode(f, p, attr_size - SECTION_SIZE, &attr);
		ids.offset = cpi_cursor_u64(&c);
		ids.size = cpi_cursor_u64(&c);
		code = perf_event_add(f, &attr, &event, err);
		if (!code)
			code = read_ids(f, &ids,
				whole.offset + at + attr_size - SECTION_SIZE, event, err);
		if (code)
			return code;
	}
	return CP_OK;
}

/* Where the records end when the header does not know or the file is shorter. */
static enum cp_code settle_data(struct perf_file *f, struct cp_error *err)
{
	if (f->data.offset > f->n || f->data.offset < 16)
		return cpi_error(err, CP_ERROR_TRUNCATED, 40,
			"the data section at byte 0x%llx lies outside the file of %llu "
			"bytes",
			(unsigned long long)f->data.offset, (unsigned long long)f->n);
	if (!f->data.size) {
		/* perf record writes the size last. No features follow the records. */
		f->killed = true;
		f->data.size = f->n - f->data.offset;
		memset(f->feature, 0, sizeof f->feature);
		if (f->data.size)
			PERF_DAMAGED_AT(f, "killed", 0, 48,
				"perf record was killed before it finished the file; "
				"records are read to its end");
		return CP_OK;
	}
	if (f->data.size > f->n - f->data.offset) {
		f->cut = true;
		f->data.size = f->n - f->data.offset;
		memset(f->feature, 0, sizeof f->feature);
		PERF_DAMAGED_AT(f, "truncated", 0, f->n,
			"the file is cut: its header promises more data");
	}
	return CP_OK;
}

static enum cp_code open_file(
	struct perf_file *f, uint64_t header_size, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(f, f->bytes, f->n);
	struct perf_section attrs;
	uint64_t attr_size;
	enum cp_code code;

	cpi_cursor_skip(&c, 16);
	attr_size = cpi_cursor_u64(&c);
	attrs.offset = cpi_cursor_u64(&c);
	attrs.size = cpi_cursor_u64(&c);
	f->data.offset = cpi_cursor_u64(&c);
	f->data.size = cpi_cursor_u64(&c);
	cpi_cursor_skip(&c, SECTION_SIZE); /* event types, unused since Linux 3.x */
	if (header_size >= HEADER_SIZE)
		for (unsigned i = 0; i < 4; i++)
			f->feature[i] = cpi_cursor_u64(&c);
	if (!cpi_cursor_ok(&c))
		return cpi_error(err, CP_ERROR_TRUNCATED, f->n,
			"the file ends inside the perf.data header");
	fix_bitmap(f);
	code = read_attrs(f, &attrs, attr_size, err);
	if (!code)
		code = settle_data(f, err);
	if (!code && !f->killed && !f->cut)
		code = perf_features_read(f, err);
	return code;
}

static enum cp_code open_any(struct perf_file *f, struct cp_error *err)
{
	struct cpi_cursor c;
	uint64_t header_size;
	enum cp_code code = byte_order(f, err);

	if (code)
		return code;
	c = perf_cursor(f, f->bytes + 8, f->n - 8);
	header_size = cpi_cursor_u64(&c);
	if (header_size == PIPE_HEADER_SIZE) {
		f->pipe = true;
		f->data =
			(struct perf_section){PIPE_HEADER_SIZE, f->n - PIPE_HEADER_SIZE};
		return CP_OK;
	}
	if (header_size < HEADER_NO_FEATURES || header_size > 65536)
		return cpi_error(err, CP_ERROR_CORRUPT, 8,
			"a header size of %llu is impossible",
			(unsigned long long)header_size);
	return open_file(f, header_size, err);
}

enum cp_code perf_file_open(struct perf_file *f, struct cpi_env *env,
	const struct cpi_source *source, struct cp_error *err)
{
	enum cp_code code;

	memset(f, 0, sizeof *f);
	f->env = env;
	f->source = source;
	f->bytes = source->part[0].data;
	f->n = source->part[0].n;
	f->counts.first_time = UINT64_MAX;
	cpi_arena_init(&f->chains, &env->mem);
	if (!perf_names_init(&f->names, &env->mem) ||
		!cpi_vec_push(&env->mem, &f->map, (struct perf_map){0}) ||
		!cpi_vec_push(&env->mem, &f->cgroup, (struct perf_cgroup){0}))
		code = cpi_error_memory(err);
	else
		code = open_any(f, err);
	if (code)
		perf_file_release(f);
	return code;
}

void perf_file_release(struct perf_file *f)
{
	struct cpi_mem *mem = &f->env->mem;

	perf_names_release(&f->names);
	cpi_vec_release(mem, &f->event);
	cpi_vec_release(mem, &f->id);
	cpi_index_release(mem, &f->ids);
	cpi_vec_release(mem, &f->build_id);
	cpi_vec_release(mem, &f->pmu);
	cpi_vec_release(mem, &f->map);
	cpi_vec_release(mem, &f->trace);
	cpi_vec_release(mem, &f->dso);
	cpi_vec_release(mem, &f->symbol);
	cpi_vec_release(mem, &f->state);
	cpi_vec_release(mem, &f->cgroup);
	cpi_index_release(mem, &f->cgroups);
	cpi_vec_release(mem, &f->deferred);
	cpi_vec_release(mem, &f->damage);
	cpi_arena_release(&f->chains);
}
