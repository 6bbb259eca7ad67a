/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row in the table of formats, and the chunks. The file is passed over twice: which
 * events there are decides the sample types.
 */
#include "format/jfr/jfr.h"

#include <stdarg.h>
#include <stdio.h>

bool cpi_jfr_fine(struct jfr *j, bool memory)
{
	if (!memory)
		cpi_builder_fail(&j->b, CP_ERROR_MEMORY, "out of memory");
	return !j->b.code;
}

void cpi_jfr_warn(struct jfr *j, const char *kind, uint64_t at, const char *format, ...)
{
	struct cpi_place place =
		cpi_place_at(cpi_source_name(j->source, 0), j->chunk.offset + at);
	va_list args;

	if (!j->final) /* met again in the second pass */
		return;
	va_start(args, format);
	cpi_diag_warn_list(&j->env->diag, kind, &place, format, args);
	va_end(args);
}

static void chunk_release(struct jfr *j)
{
	struct jfr_chunk *c = &j->chunk;
	struct cpi_mem *mem = &j->env->mem;

	cpi_arena_release(&c->arena);
	cpi_vec_release(mem, &c->string);
	cpi_vec_release(mem, &c->type);
	cpi_index_release(mem, &c->types);
	cpi_vec_release(mem, &c->field);
	cpi_vec_release(mem, &c->constant);
	cpi_index_release(mem, &c->constants);
}

/* Reads the header at `offset`; false: none, or of a chunk that was never closed. */
static bool header(struct jfr *j, uint64_t offset)
{
	const struct cpi_bytes *bytes = &j->source->part[0];
	struct cpi_cursor c = cpi_cursor_make(bytes->data + offset, bytes->n - offset,
		__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
	uint32_t magic = cpi_cursor_u32(&c), flags;
	unsigned major = cpi_cursor_u16(&c);
	uint64_t size;
	struct jfr_chunk *k = &j->chunk;

	(void)cpi_cursor_u16(&c);
	size = cpi_cursor_u64(&c);
	memset(k, 0, sizeof *k);
	cpi_arena_init(&k->arena, &j->env->mem);
	k->bytes = bytes->data + offset;
	k->offset = offset;
	k->n = size <= bytes->n - offset ? size : bytes->n - offset;
	k->checkpoint = (int64_t)cpi_cursor_u64(&c);
	k->meta = (int64_t)cpi_cursor_u64(&c);
	k->start_nanos = (int64_t)cpi_cursor_u64(&c);
	k->nanos = (int64_t)cpi_cursor_u64(&c);
	k->start_ticks = (int64_t)cpi_cursor_u64(&c);
	k->ticks_per_second = (int64_t)cpi_cursor_u64(&c);
	flags = cpi_cursor_u32(&c);
	if (!cpi_cursor_ok(&c) || magic != 0x464c5200) {
		k->n = 0;
		cpi_jfr_warn(j, "jfr-chunk", 0, "here is no chunk");
		return false;
	}
	if (major == 2 && flags & 1 && size >= JFR_HEADER && k->meta >= JFR_HEADER)
		return true;
	if (major != 2)
		cpi_jfr_warn(j, "jfr-chunk", 0, "the chunk's version is %u, not 2", major);
	else
		cpi_jfr_warn(j, "jfr-chunk", 0, "the chunk was never closed, or its numbers are "
			"not compressed; it is left out");
	if (size < JFR_HEADER)
		k->n = 0;
	return false;
}

static void one_chunk(struct jfr *j)
{
	if (!cpi_jfr_types(j)) {
		if (!j->b.code)
			cpi_jfr_warn(j, "jfr-chunk", 0,
				"the chunk's description of its types cannot be read");
		return;
	}
	/* Settings may name their texts in a pool. */
	cpi_jfr_pools(j);
	if (!j->b.code)
		cpi_jfr_events(j);
}

static void chunks(struct jfr *j, bool final)
{
	uint64_t n = j->source->part[0].n, offset = 0;

	j->final = final;
	while (offset < n && !j->b.code) {
		bool fine = header(j, offset);
		uint64_t size = j->chunk.n;

		if (final && offset == 0 && !j->b.code)
			j->b.p->header.time_nanos = j->chunk.start_nanos;
		if (final && fine && !j->b.code &&
			__builtin_add_overflow(j->b.p->header.duration_nanos,
				j->chunk.nanos, &j->b.p->header.duration_nanos))
			j->b.p->header.duration_nanos = 0;
		if (fine)
			one_chunk(j);
		chunk_release(j);
		if (!size)
			return;
		offset += size;
		if (final)
			cpi_source_behind(j->source, 0, offset - size, offset);
	}
}

static void comments(struct jfr *j)
{
	char text[80];

	if (j->truncated) {
		snprintf(text, sizeof text, "jfr: truncated stacks %llu",
			(unsigned long long)j->truncated);
		cpi_builder_comment(&j->b, cpi_text(text));
	}
	if (j->without_stack) {
		snprintf(text, sizeof text, "jfr: samples without a stack %llu",
			(unsigned long long)j->without_stack);
		cpi_builder_comment(&j->b, cpi_text(text));
	}
}

static enum cp_code read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	static const struct cp_read_options none;
	struct jfr j = {.env = env, .source = source, .options = options ? options : &none};

	(void)unwinder;
	cpi_builder_init(&j.b, env);
	if (!j.b.code)
		chunks(&j, false);
	if (!j.b.code)
		cpi_jfr_columns(&j);
	if (!j.b.code)
		chunks(&j, true);
	if (!j.b.code)
		comments(&j);
	cpi_vec_release(&env->mem, &j.path);
	if (j.b.code || j.samples)
		return cpi_builder_finish(&j.b, ret_profile, err);
	cpi_builder_release(&j.b);
	return cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
		"the recording holds no event that is a sample");
}

static int detect(const struct cpi_source *source)
{
	const struct cpi_bytes *bytes = &source->part[0];

	return bytes->n >= 8 && !memcmp(bytes->data, "FLR\0", 4) ? 100 : 0;
}

const struct cpi_format cpi_format_jfr = {
	.public =
		{
			.name = "jfr",
			.description = "Java Flight Recorder, by the JDK or async-profiler",
			.extensions = ".jfr",
			.reads = true,
		},
	.detect = detect,
	.read = read,
};
