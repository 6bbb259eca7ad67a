/* SPDX-License-Identifier: Apache-2.0 */
/* How stacks ended, and what would help. */
#include "unwind/report.h"

#include <stdio.h>
#include <stdlib.h>

/* What perf record accepts: less than 64 KiB, a multiple of 8. */
enum { LARGEST_DUMP = 65528 };

enum { AREA_SHIFT = 23 };

unsigned cpi_unwind_no_memory(struct cpi_unwind *u)
{
	pthread_mutex_lock(&u->images.lock);
	if (!u->images.code)
		u->images.code = cpi_error_memory(&u->images.error);
	pthread_mutex_unlock(&u->images.lock);
	return 0;
}

struct cpi_unwind_thread *cpi_unwind_thread_of(struct cpi_mem *mem,
	struct cpi_unwind_threads *threads, uint32_t pid, uint32_t tid, uint64_t sp)
{
	struct cpi_unwind_thread new = {
		.pid = pid, .tid = tid, .area = sp >> AREA_SHIFT, .bottom = UINT64_MAX};
	uint64_t hash = cpi_hash_mix(new.area, (uint64_t)pid << 32 | tid);
	struct cpi_probe probe = cpi_index_find(&threads->index, hash);
	uint32_t id;

	while ((id = cpi_index_next(&threads->index, &probe))) {
		struct cpi_unwind_thread *row = &threads->row.v[id - 1];

		if (row->pid == pid && row->tid == tid && row->area == new.area)
			return row;
	}
	if (!cpi_vec_push(mem, &threads->row, new))
		return NULL;
	id = (uint32_t)threads->row.n;
	if (!cpi_index_add(mem, &threads->index, hash, id)) {
		threads->row.n--;
		return NULL;
	}
	return &threads->row.v[id - 1];
}

struct sums {
	uint64_t samples, frames, truncated, missing, broken, unsupported, asked;
	uint64_t generated, guessed;
	uint64_t need;   /* bytes of the largest truncated stack */
	bool need_known; /* else the least it can be */
};

static void add_threads(struct cpi_mem *mem, struct cpi_unwind_threads *to,
	const struct cpi_unwind_threads *from)
{
	for (size_t i = 0; i < from->row.n; i++) {
		const struct cpi_unwind_thread *f = &from->row.v[i];
		struct cpi_unwind_thread *t = cpi_unwind_thread_of(
			mem, to, f->pid, f->tid, f->area << AREA_SHIFT);

		if (!t)
			return;
		t->top = f->top > t->top ? f->top : t->top;
		t->bottom = f->bottom < t->bottom ? f->bottom : t->bottom;
		t->beyond = f->beyond > t->beyond ? f->beyond : t->beyond;
	}
}

/* The dump that would have held every truncated stack. */
static void find_need(const struct cpi_unwind_threads *threads, struct sums *sums)
{
	sums->need_known = true;
	for (size_t i = 0; i < threads->row.n; i++) {
		const struct cpi_unwind_thread *t = &threads->row.v[i];
		bool whole = t->top > t->bottom;
		uint64_t need = whole ? t->top - t->bottom : t->beyond;

		if (t->bottom == UINT64_MAX)
			continue;
		sums->need_known &= whole;
		sums->need = need > sums->need ? need : sums->need;
	}
	sums->need = (sums->need + 7) & ~7ULL;
}

static void add_pointers(struct cpi_unwind *u, const struct cpi_unwind_worker *w)
{
	for (size_t i = 0; i < w->by_pointer.n && i < u->images.row.n; i++)
		if (u->images.row.v[i]) {
			u->images.row.v[i]->frames += w->by_pointer.v[i].frames;
			u->images.row.v[i]->gaps += w->by_pointer.v[i].gaps;
		}
}

static struct sums sum(struct cpi_unwind *u)
{
	struct cpi_unwind_threads all = {0};
	struct sums sums = {0};

	for (unsigned i = 0; i < u->n_workers; i++) {
		const struct cpi_unwind_worker *w = u->worker[i];

		if (!w)
			continue;
		sums.samples += w->samples;
		sums.frames += w->frames;
		sums.truncated += w->truncated;
		sums.missing += w->missing;
		sums.broken += w->broken;
		sums.generated += w->generated;
		sums.guessed += w->guessed;
		sums.unsupported += w->unsupported;
		sums.asked = w->asked > sums.asked ? w->asked : sums.asked;
		add_threads(&u->env->mem, &all, &w->threads);
		add_pointers(u, w);
	}
	find_need(&all, &sums);
	cpi_index_release(&u->env->mem, &all.index);
	cpi_vec_release(&u->env->mem, &all.row);
	return sums;
}

static void say_truncated(struct cpi_diag *diag, const struct sums *sums)
{
	char hint[128] = "";

	if (!sums->truncated)
		return;
	if (sums->asked >= LARGEST_DUMP)
		snprintf(hint, sizeof hint, "which is the most that perf can record");
	else if (sums->need > LARGEST_DUMP)
		snprintf(hint, sizeof hint,
			"they need %llu, the most perf can record is %u",
			(unsigned long long)sums->need, LARGEST_DUMP);
	else
		snprintf(hint, sizeof hint, "perf record --call-graph dwarf,%llu %s",
			(unsigned long long)sums->need,
			sums->need_known ? "would have sufficed"
					 : "is the least they need");
	cpi_diag_note(diag, "truncated-stack", NULL,
		"%llu of %llu user stacks are larger than the dump of %llu bytes: %s",
		(unsigned long long)sums->truncated, (unsigned long long)sums->samples,
		(unsigned long long)sums->asked, hint);
}

static int by_frames(const void *pa, const void *pb)
{
	const struct cpi_unwind_image *a = *(struct cpi_unwind_image *const *)pa;
	const struct cpi_unwind_image *b = *(struct cpi_unwind_image *const *)pb;

	if (a->frames + a->gaps != b->frames + b->gaps)
		return a->frames + a->gaps > b->frames + b->gaps ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void say_image(struct cpi_diag *diag, const struct cpi_unwind_image *image)
{
	if (image->frames)
		cpi_diag_note(diag, "frame-pointer", NULL,
			"%s: %s; %llu frames were unwound by frame pointer", image->name,
			image->why ? image->why : "it is of another machine",
			(unsigned long long)image->frames);
	else
		cpi_diag_note(diag, "frame-pointer", NULL,
			"%s: its call frame information leaves functions out; %llu "
			"frames were unwound by frame pointer",
			image->name, (unsigned long long)image->gaps);
}

/*
 * Says which images had to be unwound by frame pointer, most frames first. Every program
 * has a few bytes of start-up code without entries: only what is 1 % of all is said.
 */
static void say_pointers(struct cpi_unwind *u, const struct sums *sums)
{
	size_t n = 0, size = u->images.row.n * sizeof(struct cpi_unwind_image *);
	struct cpi_unwind_image **list = cpi_alloc(&u->env->mem, size);

	if (!list)
		return;
	for (size_t i = 0; i < u->images.row.n; i++) {
		struct cpi_unwind_image *image = u->images.row.v[i];

		if (image && (image->frames || image->gaps > sums->frames / 100))
			list[n++] = image;
	}
	qsort(list, n, sizeof *list, by_frames);
	for (size_t i = 0; i < n; i++)
		say_image(&u->env->diag, list[i]);
	cpi_free(&u->env->mem, list, size);
}

enum cp_code cpi_unwind_finish(void *arg, struct cp_error *err)
{
	struct cpi_unwind *u = arg;
	struct cpi_diag *diag = &u->env->diag;
	struct sums sums = sum(u);

	say_truncated(diag, &sums);
	if (sums.missing)
		cpi_diag_note(diag, "missing-stack", NULL,
			"%llu of %llu user stacks go on in memory that was not captured: "
			"not there at the time, or another stack",
			(unsigned long long)sums.missing,
			(unsigned long long)sums.samples);
	if (sums.generated)
		cpi_diag_note(diag, "generated-stack", NULL,
			"%llu of %llu user stacks end in generated code of which there is no "
			"call frame information: its compiler can write it to a jitdump "
			"(python -X perf_jit, node --perf-prof --perf-prof-unwinding-info), "
			"or keep frame pointers",
			(unsigned long long)sums.generated,
			(unsigned long long)sums.samples);
	if (sums.guessed)
		cpi_diag_note(diag, "guessed-stack", NULL,
			"%llu of %llu user stacks end early: code in them has no call frame "
			"information here, and its frame pointers lead nowhere",
			(unsigned long long)sums.guessed,
			(unsigned long long)sums.samples);
	if (sums.broken)
		cpi_diag_note(diag, "broken-stack", NULL,
			"%llu of %llu user stacks could not be unwound to their "
			"outermost frame",
			(unsigned long long)sums.broken,
			(unsigned long long)sums.samples);
	if (sums.unsupported && !u->arch.n)
		cpi_diag_note(diag, "unwind", NULL,
			"%llu user stacks were left alone: the capture does not say "
			"which machine they are of",
			(unsigned long long)sums.unsupported);
	else if (sums.unsupported)
		cpi_diag_note(diag, "unwind", NULL,
			"%llu user stacks of machine '%.*s' were left alone: it is not "
			"supported",
			(unsigned long long)sums.unsupported, (int)u->arch.n, u->arch.p);
	say_pointers(u, &sums);
	if (u->images.code && err)
		*err = u->images.error;
	return u->images.code;
}
