/* SPDX-License-Identifier: Apache-2.0 */
/* A part of a large compressed section, inflated as far as it is needed. */
#include "object/elf/window.h"

#include "base/error.h"
#include "codec/zstd.h"
#include "object/elf/stream.h"

/* A stream that has come to the start of a block. */
struct stop {
	void *stream; /* struct cpi_elf_stream or ZSTD_DStream; NULL: none kept */
	size_t source_at;
};

struct cpi_elf_window {
	struct cpi_env *env;
	const struct cpi_inflation *from;
	uint8_t *out;
	size_t size, block, n_blocks;
	bool *filled;          /* by block */
	struct stop *stop;     /* by block; one more for the end */
	struct stop run;       /* the stream that is under way */
	struct cpi_zstd zstd;  /* what run.stream is of, if it is zstd's */
	bool no_memory;        /* for the decoder's window */
	size_t at;             /* the block it comes to next */
};

static void end_stream(struct cpi_elf_window *w, struct stop *stop)
{
	if (!stop->stream)
		return;
	if (w->from->kind == CPI_INFLATE_ZLIB) {
		cpi_elf_stream_free(&w->env->mem, stop->stream);
	} else {
		cpi_zstd_free(&w->zstd);
	}
	stop->stream = NULL;
}

/* A new stream of deflate, at the start of the section or where `like` is. */
static bool start_zlib(
	struct cpi_elf_window *w, struct stop *stop, const struct stop *like)
{
	stop->stream = cpi_elf_stream_new(&w->env->mem, like ? like->stream : NULL);
	stop->source_at = like ? like->source_at : 0;
	return stop->stream;
}

static bool start_zstd(struct cpi_elf_window *w, struct stop *stop)
{
	if (!cpi_zstd_new(&w->env->mem, &w->zstd))
		return false;
	stop->stream = w->zstd.stream;
	stop->source_at = 0;
	return true;
}

/*
 * Sets the running stream to the last place at or
 * before a block that it can start from.
 */
static bool seek(struct cpi_elf_window *w, size_t block)
{
	size_t at = block;

	if (w->run.stream && w->at == block)
		return true;
	while (at && !w->stop[at].stream)
		at--;
	if (w->run.stream && w->at <= block && w->at >= at)
		return true;
	end_stream(w, &w->run);
	w->at = at;
	if (w->from->kind != CPI_INFLATE_ZLIB)
		return start_zstd(w, &w->run);
	return start_zlib(w, &w->run, at ? &w->stop[at] : NULL);
}

/* Both give true when all of `to` was filled. Counts have 32 bits; blocks are smaller. */
static bool run_zlib(struct cpi_elf_window *w, uint8_t *to, size_t n)
{
	return cpi_elf_stream_run(w->run.stream, w->from->source, w->from->source_n,
		&w->run.source_at, to, n);
}

static bool run_zstd(struct cpi_elf_window *w, uint8_t *to, size_t n)
{
	ZSTD_inBuffer in = {w->from->source, w->from->source_n, w->run.source_at};
	ZSTD_outBuffer out = {to, n, 0};

	while (out.pos < n) {
		size_t before_in = in.pos, before_out = out.pos;
		size_t result = ZSTD_decompressStream(w->run.stream, &out, &in);

		w->no_memory = cpi_zstd_refused(&w->zstd, result) ||
			       !cpi_zstd_charge(&w->zstd);
		if (ZSTD_isError(result) || w->no_memory ||
			(in.pos == before_in && out.pos == before_out))
			break;
	}
	w->run.source_at = in.pos;
	return out.pos == n;
}

static bool run(struct cpi_elf_window *w, uint8_t *to, size_t n)
{
	return w->from->kind == CPI_INFLATE_ZLIB ? run_zlib(w, to, n)
						 : run_zstd(w, to, n);
}

/* Past what is filled, and perhaps being read. */
static bool run_past(struct cpi_elf_window *w, size_t n)
{
	uint8_t scratch[1 << 14];
	bool good = true;

	for (size_t piece; good && n; n -= piece) {
		piece = n < sizeof scratch ? n : sizeof scratch;
		good = run(w, scratch, piece);
	}
	return good;
}

static size_t block_bytes(const struct cpi_elf_window *w, size_t block)
{
	size_t from = block * w->block;

	return w->size - from < w->block ? w->size - from : w->block;
}

static void drop(struct cpi_elf_window *w, size_t block)
{
	if (!w->filled[block])
		return;
	cpi_mem_discard(&w->env->mem, w->out + block * w->block, block_bytes(w, block));
	w->filled[block] = false;
}

static enum cp_code failure(const struct cpi_elf_window *w, struct cp_error *err)
{
	return w->no_memory ? cpi_error_memory(err) : cpi_inflation_corrupt(w->from, err);
}

/* Takes the stream over the block it is at: into its place, or past it. */
static enum cp_code step(struct cpi_elf_window *w, bool past, struct cp_error *err)
{
	size_t n = block_bytes(w, w->at);

	if (past)
		return run_past(w, n) ? CP_OK : failure(w, err);
	if (!cpi_mem_charge(&w->env->mem, n))
		return cpi_error_memory(err);
	w->filled[w->at] = true;
	if (run(w, w->out + w->at * w->block, n))
		return CP_OK;
	drop(w, w->at);
	return failure(w, err);
}

static enum cp_code fill(struct cpi_elf_window *w, size_t block, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	if (!seek(w, block))
		return cpi_error_memory(err);
	while (w->at <= block) {
		code = step(w, w->at < block, err);
		if (code) {
			end_stream(w, &w->run);
			return code;
		}
		w->at++;
		/* Without it the block is only dearer to come back to. */
		if (w->from->kind == CPI_INFLATE_ZLIB && w->at < w->n_blocks &&
			!w->stop[w->at].stream)
			(void)start_zlib(w, &w->stop[w->at], &w->run);
	}
	return CP_OK;
}

enum cp_code cpi_elf_window_need(
	struct cpi_elf_window *w, uint64_t from, uint64_t to, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	if (to > w->size)
		to = w->size;
	for (uint64_t i = from / w->block; !code && i * w->block < to; i++)
		if (!w->filled[i])
			code = fill(w, (size_t)i, err);
	return code;
}

void cpi_elf_window_keep(struct cpi_elf_window *w, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < w->n_blocks; i++)
		if ((i + 1) * w->block <= from || i * w->block >= to)
			drop(w, i);
}

const uint8_t *cpi_elf_window_bytes(const struct cpi_elf_window *w, size_t *ret_n)
{
	*ret_n = w->size;
	return w->out;
}

enum cp_code cpi_elf_window_open(struct cpi_env *env, const struct cpi_inflation *stream,
	size_t block, struct cpi_elf_window **ret_window, struct cp_error *err)
{
	enum cp_code code = cpi_inflation_check(env, stream, err);
	struct cpi_mem *mem = &env->mem;
	struct cpi_elf_window *w;

	if (code)
		return code;
	w = cpi_alloc_zero(mem, sizeof *w);
	if (!w)
		return cpi_error_memory(err);
	w->env = env;
	w->from = stream;
	w->size = (size_t)stream->size;
	w->block = block;
	w->n_blocks = (w->size + block - 1) / block;
	w->out = cpi_mem_reserve(mem, w->size);
	w->filled = cpi_alloc_zero(mem, w->n_blocks * sizeof *w->filled);
	w->stop = cpi_alloc_zero(mem, (w->n_blocks + 1) * sizeof *w->stop);
	if (w->out && w->filled && w->stop) {
		*ret_window = w;
		return CP_OK;
	}
	cpi_elf_window_close(w);
	return cpi_error_memory(err);
}

void cpi_elf_window_close(struct cpi_elf_window *w)
{
	struct cpi_mem *mem;

	if (!w)
		return;
	mem = &w->env->mem;
	end_stream(w, &w->run);
	for (size_t i = 0; w->stop && i < w->n_blocks; i++)
		end_stream(w, &w->stop[i]);
	for (size_t i = 0; w->filled && i < w->n_blocks; i++)
		drop(w, i);
	cpi_free(mem, w->stop, (w->n_blocks + 1) * sizeof *w->stop);
	cpi_free(mem, w->filled, w->n_blocks * sizeof *w->filled);
	cpi_mem_unreserve(w->out, w->size);
	cpi_free(mem, w, sizeof *w);
}
