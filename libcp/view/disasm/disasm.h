/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_DISASM_H
#define CPI_VIEW_DISASM_H

/*
 * Instructions with costs: images.c finds code and native functions, rows.c decodes and
 * counts, frames.c tells which inlined calls instructions came from.
 */

#include <cp/disasm.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/sink.h"
#include "base/vec.h"
#include "model/profile.h"
#include "view/amount.h"

struct cpi_asm_image;

/* A native function that is shown. */
struct cpi_asm_function {
	uint32_t image; /* in images */
	struct cp_text name;
	uint64_t start, size;
	size_t first_row, n_rows;
	const char *note;
	int64_t flat, cum;
	uint32_t seen;
};

/* A sampled place of an image, as linked. */
struct cpi_asm_place {
	uint64_t address;
	uint32_t location;
};

struct cpi_asm {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cp_disasm_options options;
	struct cp_report_options report;
	struct cp_symbolize_options symbols;
	struct cpi_amount amount;
	uint32_t type;
	struct cpi_arena bytes;
	struct cpi_asm_image *image;
	size_t n_images;
	uint32_t *image_of; /* by mapping: number of its image plus one, 0 = not wanted */
	CPI_VEC(struct cpi_asm_function) function;
	CPI_VEC(struct cp_instruction) row;
	CPI_VEC(struct cp_instruction_frame) frame;
	uint32_t *frame_first; /* by row, into frame, and one more */
	size_t frames_room;
	CPI_VEC(struct cp_disasm_function) shown;
	struct cp_disasm_rows rows;
};

enum cp_code cpi_asm_make(struct cpi_asm *a, struct cp_error *err);
void cpi_asm_release(struct cpi_asm *a);
enum cp_code cpi_asm_write(const struct cpi_asm *a, const char *format,
	struct cpi_sink *sink, struct cp_error *err);

/* images.c: images with wanted places, their code, functions; text of a note or NULL. */
enum cp_code cpi_asm_find(struct cpi_asm *a, struct cp_error *err);
void cpi_asm_images_release(struct cpi_asm *a);
/* The function's bytes, fewer than its size where the file ends; NULL: none. */
const uint8_t *cpi_asm_code(
	struct cpi_asm *a, const struct cpi_asm_function *f, size_t *ret_n);
/* Places of its image within the function, by address. */
const struct cpi_asm_place *cpi_asm_places(
	const struct cpi_asm *a, const struct cpi_asm_function *f, size_t *ret_n);
const char *cpi_asm_file(const struct cpi_asm *a, uint32_t image);
struct cp_text cpi_asm_path(const struct cpi_asm *a, uint32_t image);
struct cpi_disasm;
enum cp_code cpi_asm_decoder(
	struct cpi_asm *a, uint32_t image, struct cpi_disasm **ret, struct cp_error *err);

/* frames.c: lines and inlined calls of all rows of an image, where DWARF tells. */
enum cp_code cpi_asm_frames(struct cpi_asm *a, struct cp_error *err);
struct cpi_elf;
struct cpi_elf *cpi_asm_debug(const struct cpi_asm *a, uint32_t image);

typedef void cpi_asm_fn(const struct cpi_asm *a, struct cpi_sink *sink);
cpi_asm_fn cpi_asm_text, cpi_asm_html, cpi_asm_json;

#endif
