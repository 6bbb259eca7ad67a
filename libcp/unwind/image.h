/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_UNWIND_IMAGE_H
#define CPI_UNWIND_IMAGE_H

/* The images of a capture and their unwind tables, shared by all workers. */

#include <pthread.h>

#include "base/arena.h"
#include "base/vec.h"
#include "object/cfi/cfi.h"
#include "unwind/unwind.h"

struct cpi_unwind_image {
	struct cpi_elf *elf; /* NULL: no file */
	struct cpi_cfi *cfi; /* NULL: no table */
	/* Of .debug_frame in the debug file; looked for when cfi has no answer. */
	struct cpi_cfi *more;
	bool more_tried;
	uint16_t machine;    /* EM_… */
	bool is64;
	bool indexed;  /* perf can find entries: by .eh_frame_hdr, or in .debug_frame */
	uint64_t base; /* link-time address of the first segment's page */
	const char *name;        /* printable */
	const char *why;         /* there is no table; NULL: there is one */
	/* By frame pointer for want of a table, or of an entry; set at the end. */
	uint64_t frames, gaps;
};

struct cpi_unwind_jit;

struct cpi_unwind_images {
	struct cpi_env *env;
	cpi_unwind_open_fn *open;
	void *arg;
	pthread_mutex_t lock;
	struct cpi_arena arena; /* rows and names */
	CPI_VEC(struct cpi_unwind_image *) row; /* by number; entries may be NULL */
	cpi_unwind_jitdump_fn *jitdump; /* may be NULL */
	CPI_VEC(struct cpi_unwind_jit *) jit; /* by process and path */
	enum cp_code code; /* the first failure */
	struct cp_error error;
};

void cpi_unwind_images_init(struct cpi_unwind_images *images, struct cpi_env *env,
	cpi_unwind_open_fn *open, void *arg);
void cpi_unwind_images_release(struct cpi_unwind_images *images);

/*
 * The image a map shows, opened and compiled when it is new; NULL when memory ran out.
 * May be called from several threads.
 */
struct cpi_unwind_image *cpi_unwind_image_of(
	struct cpi_unwind_images *images, const struct cpi_unwind_map *map);

/*
 * The table of the generated function at a run-time address of a map, by the dump that its
 * process `pid` wrote to the map's path; NULL: there is none. Its addresses are run-time
 * ones. May be called from several threads.
 */
const struct cpi_cfi *cpi_unwind_jit_table(struct cpi_unwind_images *images,
	const struct cpi_cfi_machine *machine, bool swap,
	const struct cpi_unwind_map *map, uint32_t pid, uint64_t address);
void cpi_unwind_jit_release(struct cpi_unwind_images *images);

/*
 * The table of the image's debug file, or NULL. Few images need one and every hunt opens
 * files, so it is asked for only where image->cfi has a gap. May be called from several
 * threads.
 */
const struct cpi_cfi *cpi_unwind_image_more(struct cpi_unwind_images *images,
	struct cpi_unwind_image *image, const struct cpi_unwind_map *map);

#endif
