/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/pool.h"
#include "object/dwarf/resolve.h"
#include "object/elf/window.h"

/*
 * Resolving against a large compressed .debug_info, of which never more than two windows
 * are there: one whose units are being walked, and the next, which one of the threads
 * inflates meanwhile, listing its units and what they claim. What is behind is given
 * back.
 *
 * That works as long as units are read on their own. A reference to another unit (of link
 * time optimization, of dwz) raises budget->wants_all, and then all is inflated and done
 * as for any other file.
 */

/* The most of a unit's own entry that is looked at while units are listed. */
enum { ENTRY_BYTES = 1 << 20 };

struct span {
	uint64_t from, to;
};

struct stream {
	struct cpi_dwarf_resolution *r;
	struct cpi_dwarf_claims *claims;
	struct cpi_dwarf_batch *batch; /* that is run while the next is made */
	struct cpi_dwarf_batch *next;
	struct span info, lines;       /* what the next batch needs */
	bool end;
	enum cp_code code;             /* of making it */
	struct cp_error what;
};

static enum cp_code need(
	struct cpi_elf_window *window, uint64_t from, uint64_t to, struct cp_error *err)
{
	return window ? cpi_elf_window_need(window, from, to, err) : CP_OK;
}

static void widen(struct span *span, uint64_t from, uint64_t to)
{
	if (span->from == span->to)
		*span = (struct span){from, from};
	if (from < span->from)
		span->from = from;
	if (to > span->to)
		span->to = to;
}

enum cp_code cpi_dwarf_hold_lines(const struct cpi_dwarf_file *file,
	const struct cpi_dwarf_unit *unit, uint64_t *ret_end, struct cp_error *err)
{
	struct cpi_cursor c = cpi_dwarf_cursor(file, CPI_DW_LINE, unit->line);
	enum cp_code code;
	uint64_t length;

	*ret_end = unit->line;
	if (!file->lines || unit->line == CPI_DW_NONE || !cpi_cursor_ok(&c))
		return CP_OK;
	code = need(file->lines, unit->line, unit->line + 12, err);
	if (code)
		return code;
	length = cpi_cursor_u32(&c);
	if (length == 0xffffffff)
		length = cpi_cursor_u64(&c);
	if (length > cpi_cursor_left(&c))
		length = cpi_cursor_left(&c);
	*ret_end = cpi_cursor_offset(&c) + length;
	return need(file->lines, unit->line, *ret_end, err);
}

/* Fills what a unit's job reads. */
static enum cp_code hold(const struct cpi_dwarf_file *file,
	const struct cpi_dwarf_unit *unit, struct span *info, struct span *lines,
	struct cp_error *err)
{
	enum cp_code code = need(file->info, unit->start, unit->end, err);
	uint64_t end;

	if (code)
		return code;
	widen(info, unit->start, unit->end);
	code = cpi_dwarf_hold_lines(file, unit, &end, err);
	if (!code && end > unit->line)
		widen(lines, unit->line, end);
	return code;
}

static void keep(const struct cpi_dwarf_file *file, const struct span *info,
	const struct span *lines)
{
	cpi_elf_window_keep(file->info, info->from, info->to);
	if (file->lines)
		cpi_elf_window_keep(file->lines, lines->from, lines->to);
}

/* Lists the next unit, and its job if it claims anything. */
static enum cp_code list_unit(struct stream *s, struct cp_error *err)
{
	struct cpi_dwarf_file *file = s->r->file;
	uint32_t before = file->n_units;
	enum cp_code code =
		need(file->info, file->listed, file->listed + ENTRY_BYTES, err);
	size_t jobs = s->next->job.n;

	if (!code)
		code = cpi_dwarf_listing_add(file, err);
	if (code)
		return code;
	if (file->n_units > before)
		code = cpi_dwarf_claim_unit(
			s->claims, file->unit[before], s->next, err);
	if (!code && s->next->job.n > jobs)
		code = hold(file, file->unit[before], &s->info, &s->lines, err);
	s->end = file->listed == file->section[CPI_DW_INFO].n;
	return code;
}

/* Lists units up to a window's size; where the stream is damaged, the list ends. */
static void make_batch(struct stream *s)
{
	struct cpi_dwarf_file *file = s->r->file;
	uint64_t from = file->listed;

	s->info = s->lines = (struct span){0, 0};
	while (!s->end && !s->code && file->listed - from < file->window)
		s->code = list_unit(s, &s->what);
	widen(&s->info, file->listed, file->listed + 1);
}

/* Job 0 of a pool's makes the next batch, the others are those of this one. */
static void run_one(void *arg, size_t i, unsigned worker)
{
	struct stream *s = arg;

	if (i)
		cpi_dwarf_job_run(
			s->r->env, &s->batch->job.v[i - 1], &s->r->worker[worker]);
	else
		make_batch(s);
}

static bool wants_all(const struct cpi_dwarf_resolution *r)
{
	return atomic_load(&r->file->budget->wants_all);
}

/* What ends the list: the call, or damage, which is said. */
static enum cp_code ending(struct stream *s, struct cp_error *err)
{
	if (s->code != CP_ERROR_CORRUPT) {
		if (s->code && err)
			*err = s->what;
		return s->code;
	}
	s->end = true;
	s->code = CP_OK;
	cpi_error_place(&s->what, cpi_elf_name(s->r->file->elf), ".debug_info");
	cpi_diag_damage(&s->r->env->diag, "dwarf", &s->what);
	return CP_OK;
}

enum cp_code cpi_dwarf_stream(struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_claims *claims, struct cp_error *err)
{
	struct stream s = {.r = r, .claims = claims};
	enum cp_code code = CP_OK;

	while (!code && (!s.end || s.batch) && !wants_all(r)) {
		size_t n = s.batch ? s.batch->job.n : 0;

		s.next = s.end ? NULL : cpi_dwarf_batch_add(r, err);
		if (!s.end && !s.next)
			return cpi_error_memory(err);
		if (n)
			code = cpi_dwarf_batch_prepare(r, s.batch, 0, n, err);
		if (code)
			break;
		cpi_pool_run(r->env, n + 1, run_one, &s);
		if (n)
			cpi_dwarf_batch_answers(r, s.batch, 0, n);
		code = ending(&s, err);
		if (!wants_all(r))
			keep(r->file, &s.info, &s.lines);
		s.batch = s.next;
	}
	return code;
}

enum cp_code cpi_dwarf_stream_batch(struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_batch *batch, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	for (size_t from = 0, to; from < batch->job.n && !code && !wants_all(r);
		from = to) {
		uint64_t bytes = 0;
		struct span info = {0, 0}, lines = {0, 0};

		keep(r->file, &info, &lines);
		for (to = from; to < batch->job.n && bytes < r->file->window && !code;
			to++) {
			const struct cpi_dwarf_unit *unit = batch->job.v[to].unit;

			bytes += unit->end - unit->start;
			code = hold(r->file, unit, &info, &lines, err);
		}
		if (!code)
			code = cpi_dwarf_batch_run(r, batch, from, to, err);
	}
	return code;
}
