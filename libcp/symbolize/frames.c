/* SPDX-License-Identifier: Apache-2.0 */
/* From symbols and lines of an image to frames with names for people. */
#include "base/error.h"
#include "base/hash.h"
#include "symbolize/image.h"

/*
 * Names come from tables that live as long as the image, so that equal names are mostly
 * equal pointers: each is demangled once.
 */
struct memo {
	const char *p;
	size_t n;
	struct cp_text name;
};

struct namer {
	struct cpi_image *image;
	struct cpi_env *env;
	struct cpi_demangler demangler;
	struct cpi_index index;
	CPI_VEC(struct memo) memo;
	bool perf, failed;
};

/*
 * `written`: by a compiler into debug information, for a function without a mangled name.
 */
static struct cp_text name_of(struct namer *namer, struct cp_text system, bool written)
{
	uint64_t hash = cpi_hash_u64((uint64_t)(uintptr_t)system.p);
	struct cpi_probe probe = cpi_index_find(&namer->index, hash);
	struct cp_text name;
	char *copy;

	/* Go's linker marks which calling convention a function of assembly has. */
	if (!namer->perf && cpi_text_ends(system, CPI_TEXT(".abi0")))
		return (struct cp_text){system.p, system.n - 5};
	if (namer->perf && cpi_text_starts(system, CPI_TEXT("*ABS*")))
		return CPI_TEXT("@plt");
	/* No mangling starts otherwise, but versions are still cut. */
	if (!system.n ||
		(!written && system.p[0] != '_' && !memchr(system.p, '@', system.n)))
		return system;
	for (uint32_t id; (id = cpi_index_next(&namer->index, &probe));)
		if (namer->memo.v[id - 1].p == system.p &&
			namer->memo.v[id - 1].n == system.n)
			return namer->memo.v[id - 1].name;
	name = written ? cpi_demangle_written(&namer->demangler, system)
		       : cpi_demangle(&namer->demangler, system);
	if (name.p != system.p) {
		copy = cpi_arena_copy(&namer->image->found.arena, name.p, name.n);
		namer->failed |= !copy;
		name = (struct cp_text){copy, copy ? name.n : 0};
	}
	namer->failed |= !cpi_vec_push(
		&namer->env->mem, &namer->memo, (struct memo){system.p, system.n, name});
	if (!namer->failed && !cpi_index_add(&namer->env->mem, &namer->index, hash,
				      (uint32_t)namer->memo.n))
		namer->failed = true;
	return name;
}

static void push(struct namer *namer, struct cpi_run *run, const struct cpi_frame *frame)
{
	if (cpi_vec_push(&namer->env->mem, &namer->image->frame, *frame))
		run->n++;
	else
		namer->failed = true;
}

static void add_line_frames(struct namer *namer, struct cpi_run *run,
	struct cpi_dwarf_run lines, struct cp_text symbol)
{
	for (uint32_t i = 0; i < lines.n && !namer->failed; i++) {
		const struct cpi_dwarf_frame *from = &lines.frame[i];
		const struct cpi_dwarf_function *function = from->function;
		struct cpi_frame frame = {
			.file = from->file, .line = from->line, .column = from->column};
		bool written = false;

		if (function) {
			frame.system = function->linkage_name.n ? function->linkage_name
								: function->name;
			written = !function->linkage_name.n;
			frame.function_file = function->file;
			frame.start_line = function->line;
		}
		/* The linker's name tells clones and static functions apart. */
		if (!from->inlined && symbol.n) {
			frame.system = symbol;
			written = false;
		}
		frame.name = name_of(namer, frame.system, written);
		if (frame.system.n || frame.line)
			push(namer, run, &frame);
	}
}

static void add_go_frames(struct namer *namer, struct cpi_run *run, struct cpi_go_run go,
	struct cp_text symbol)
{
	for (uint32_t i = 0; i < go.n && !namer->failed; i++) {
		const struct cpi_go_frame *from = &namer->image->go.frame[go.first + i];
		struct cp_text name = i + 1 == go.n && symbol.n ? symbol : from->function;
		struct cpi_frame frame = {.system = name,
			.name = name_of(namer, name, false),
			.file = from->file,
			.start_line = from->start_line,
			.line = from->line};

		push(namer, run, &frame);
	}
}

static void add_frames(struct namer *namer, struct cpi_run *run, uint32_t at)
{
	struct cpi_image *image = namer->image;
	struct cp_text symbol = image->symbol[at].name;
	struct cpi_dwarf_run lines = {NULL, 0};

	if (image->lines)
		lines = cpi_dwarf_result_get(image->lines, at);
	if (lines.n) {
		image->has_lines = true;
		add_line_frames(namer, run, lines, symbol);
	} else if (image->go.n && image->go.run[at].n) {
		image->has_lines = true;
		add_go_frames(namer, run, image->go.run[at], symbol);
	} else if (symbol.n) {
		struct cpi_frame frame = {
			.system = symbol, .name = name_of(namer, symbol, false)};

		if (image->jit_line && image->jit_line[at].line) {
			image->has_lines = true;
			frame.file = image->jit_line[at].file;
			frame.line = image->jit_line[at].line;
		}
		push(namer, run, &frame);
	}
}

enum cp_code cpi_image_frames(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	struct namer namer = {
		.image = image, .env = search->env, .perf = search->options->perf_compat};
	struct cpi_mem *mem = &search->env->mem;

	cpi_demangler_init(&namer.demangler, search->env, search->options->demangle,
		search->options->perf_compat);
	for (size_t i = 0; i < image->n && image->unique && !namer.failed; i++) {
		uint32_t at = image->unique[i];

		image->run[i].first = (uint32_t)image->frame.n;
		if (at)
			add_frames(&namer, &image->run[i], at - 1);
		image->resolved += image->run[i].n != 0;
	}
	cpi_demangler_release(&namer.demangler);
	cpi_index_release(mem, &namer.index);
	cpi_vec_release(mem, &namer.memo);
	return namer.failed ? cpi_error_memory(err) : CP_OK;
}
