/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNWIND_REPLAY_H
#define UNWIND_REPLAY_H

/*
 * Reads the files that testdata/gen/unwind_capture.py makes and hands their samples to an
 * unwinder. Shared by the unit test, the benchmark and the conformance test.
 */

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/pool.h"
#include "unwind/unwind.h"

struct replay_map {
	uint64_t start, limit, offset;
	uint32_t image; /* from 1 */
};

struct replay_space {
	struct replay_map *map;
	uint32_t n;
};

struct replay_image {
	struct cp_text path, build_id;
	uint32_t kind;
	struct cpi_elf *elf, *debug;
};

struct replay_sample {
	uint32_t space;
	uint64_t time;
	struct cpi_unwind_sample sample;
	uint64_t regs[64];
};

struct replay {
	struct cpi_env *env;
	const char *folder; /* where relative image names are; NULL: as they stand */
	struct cp_text machine;
	bool perf_compat;
	struct replay_image *image;
	uint32_t n_images;
	struct replay_space space[4096];
	struct replay_sample *sample;
	uint32_t n_samples;
	struct cpi_unwinder unwinder;
	uint8_t *bytes;
	size_t n_bytes;
	uint64_t (*opened)[2]; /* address and size of the mapped images */
	uint32_t n_opened;
};

static inline struct cp_text replay_text(struct cpi_cursor *c)
{
	size_t n = cpi_cursor_u32(c);
	const uint8_t *p = cpi_cursor_bytes(c, n);

	return (struct cp_text){p ? (const char *)p : "", p ? n : 0};
}

static inline void *replay_file(const char *path, size_t *ret_n)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *p = MAP_FAILED;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0) {
		*ret_n = (size_t)st.st_size;
		p = mmap(NULL, *ret_n, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	if (fd >= 0)
		close(fd);
	return p == MAP_FAILED ? NULL : p;
}

/* The file of an image: in the folder, or where the capture saw it; the vdso from
 * ~/.debug. With ".debug" behind it: its debug file. */
static inline void replay_path(
	const struct replay *r, const struct replay_image *image, char *path, size_t size)
{
	if (image->kind == CP_MAP_VDSO)
		snprintf(path, size, "%s/.debug/.build-id/%.2s/%.*s/vdso", getenv("HOME"),
			image->build_id.p,
			image->build_id.n > 2 ? (int)image->build_id.n - 2 : 0,
			image->build_id.p + 2);
	else
		snprintf(path, size, "%s%s%.*s", r->folder ? r->folder : "",
			r->folder ? "/" : "", (int)image->path.n, image->path.p);
}

static inline struct cpi_elf *replay_open(
	void *arg, const struct cpi_unwind_map *map, bool debug)
{
	struct replay *r = arg;
	struct replay_image *image = &r->image[map->image - 1];
	struct cpi_elf **elf = debug ? &image->debug : &image->elf;
	struct cp_error err;
	char path[4096 + 8];
	size_t n;
	void *bytes;

	if (*elf)
		return *elf;
	replay_path(r, image, path, sizeof path - 8);
	if (debug)
		strcat(path, ".debug");
	bytes = replay_file(path, &n);
	if (!bytes)
		return NULL;
	r->opened[r->n_opened][0] = (uint64_t)(uintptr_t)bytes;
	r->opened[r->n_opened++][1] = n;
	if (cpi_elf_open(r->env, bytes, n, elf, &err))
		*elf = NULL;
	return *elf;
}

/* Where the image's lowest mapping begins. */
static inline uint64_t replay_first(const struct replay_space *space, uint32_t image)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t i = 0; i < space->n; i++)
		if (space->map[i].image == image && space->map[i].start < first)
			first = space->map[i].start;
	return first;
}

static inline bool replay_map_at(void *arg, const struct cpi_unwind_sample *sample,
	uint64_t address, struct cpi_unwind_map *ret_map)
{
	const struct replay *r = arg;
	const struct replay_space *space = &r->space[sample->epoch];

	for (uint32_t i = 0; i < space->n; i++) {
		const struct replay_map *m = &space->map[i];
		const struct replay_image *image;

		if (address < m->start || address >= m->limit)
			continue;
		image = &r->image[m->image - 1];
		*ret_map = (struct cpi_unwind_map){m->start, m->limit, m->offset,
			m->image, image->path, image->build_id, (uint8_t)image->kind,
			replay_first(space, m->image)};
		return true;
	}
	return false;
}

static inline void replay_read_space(struct replay *r, struct cpi_cursor *c)
{
	uint32_t id = cpi_cursor_u32(c);
	uint32_t n = (uint32_t)cpi_cursor_claim(c, cpi_cursor_u32(c), 28);
	struct replay_space *space = &r->space[id % 4096];

	free(space->map);
	space->map = calloc(n + 1, sizeof *space->map);
	space->n = n;
	for (uint32_t i = 0; i < n; i++) {
		space->map[i].start = cpi_cursor_u64(c);
		space->map[i].limit = cpi_cursor_u64(c);
		space->map[i].offset = cpi_cursor_u64(c);
		space->map[i].image = cpi_cursor_u32(c);
		if (!space->map[i].image || space->map[i].image > r->n_images)
			space->map[i] = (struct replay_map){0, 0, 0, 1};
	}
}

static inline void replay_read_sample(struct replay *r, struct cpi_cursor *c)
{
	struct replay_sample *s;
	uint32_t n;

	r->sample = realloc(r->sample, (r->n_samples + 1) * sizeof *r->sample);
	s = &r->sample[r->n_samples];
	memset(s, 0, sizeof *s);
	s->space = cpi_cursor_u32(c) % 4096;
	s->sample.epoch = s->space;
	s->sample.pid = cpi_cursor_u32(c);
	s->sample.tid = cpi_cursor_u32(c);
	s->time = cpi_cursor_u64(c);
	s->sample.abi = cpi_cursor_u64(c);
	s->sample.regs_mask = cpi_cursor_u64(c);
	n = cpi_cursor_u32(c);
	if (n > 64 || n != (uint32_t)__builtin_popcountll(s->sample.regs_mask))
		cpi_cursor_fail(c);
	for (uint32_t i = 0; i < n && cpi_cursor_ok(c); i++)
		s->regs[i] = cpi_cursor_u64(c);
	s->sample.stack_asked = (size_t)cpi_cursor_u64(c);
	s->sample.stack_n = cpi_cursor_u32(c);
	s->sample.stack = cpi_cursor_bytes(c, s->sample.stack_n);
	r->n_samples += cpi_cursor_ok(c);
}

/* False when the bytes are not such a file; what was read before damage is there. */
static inline bool replay_read(struct replay *r, const uint8_t *bytes, size_t n)
{
	struct cpi_cursor c =
		cpi_cursor_make(bytes, n, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	const uint8_t *magic = cpi_cursor_bytes(&c, 8);

	if (!magic || memcmp(magic, "cpunwnd1", 8))
		return false;
	r->machine = replay_text(&c);
	r->n_images = (uint32_t)cpi_cursor_claim(&c, cpi_cursor_u32(&c), 12);
	r->image = calloc(r->n_images + 1, sizeof *r->image);
	r->opened = calloc(2 * r->n_images + 2, sizeof *r->opened);
	for (uint32_t i = 0; i < r->n_images; i++) {
		r->image[i].path = replay_text(&c);
		r->image[i].build_id = replay_text(&c);
		r->image[i].kind = cpi_cursor_u32(&c);
	}
	while (cpi_cursor_left(&c)) {
		uint8_t kind = cpi_cursor_u8(&c);

		if (kind == 'M')
			replay_read_space(r, &c);
		else if (kind == 'S')
			replay_read_sample(r, &c);
		else
			cpi_cursor_fail(&c);
	}
	/* The vector has stopped moving. */
	for (uint32_t i = 0; i < r->n_samples; i++)
		r->sample[i].sample.regs = r->sample[i].regs;
	return true;
}

static inline bool replay_start(struct replay *r, struct cpi_env *env)
{
	struct cp_error err;

	r->env = env;
	if (cpi_unwind_init(env, replay_open, NULL, r, &r->unwinder, &err))
		return false;
	r->unwinder.start(r->unwinder.arg, r->machine, false, r->perf_compat);
	return true;
}

static inline unsigned replay_unwind(struct replay *r, uint32_t i, unsigned worker,
	uint64_t *ips, bool *exact, unsigned max, enum cpi_unwind_end *ret_end)
{
	return r->unwinder.unwind(r->unwinder.arg, worker, &r->sample[i].sample,
		replay_map_at, r, ips, exact, max, ret_end);
}

static inline void replay_release(struct replay *r)
{
	if (r->unwinder.arg)
		cpi_unwind_release(&r->unwinder);
	for (uint32_t i = 0; i < r->n_images; i++) {
		if (r->image[i].elf)
			cpi_elf_close(r->image[i].elf);
		if (r->image[i].debug)
			cpi_elf_close(r->image[i].debug);
	}
	for (uint32_t i = 0; i < r->n_opened; i++)
		munmap((void *)(uintptr_t)r->opened[i][0], (size_t)r->opened[i][1]);
	for (uint32_t i = 0; i < 4096; i++)
		free(r->space[i].map);
	free(r->image);
	free(r->opened);
	free(r->sample);
}

#endif
