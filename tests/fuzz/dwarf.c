/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ELF file in every role: as the linked file, as its own alternate file, its own .dwo
 * and its own package. Addresses are spread over its code.
 */
#include <elf.h>

#include "object/dwarf/dwarf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ADDRESSES = 200 };

static struct cpi_elf *itself(void *arg, struct cp_text comp_dir, struct cp_text name)
{
	(void)comp_dir;
	(void)name;
	return arg;
}

static struct cpi_elf *its_package(void *arg)
{
	return cpi_elf_find(arg, ".debug_cu_index") ? arg : NULL;
}

static void spread(const struct cpi_elf *elf, uint64_t *address)
{
	uint64_t start = 0, size = 2 * ADDRESSES;

	for (uint32_t i = 0; i < cpi_elf_header(elf)->n_segments; i++) {
		const struct cpi_elf_segment *s = cpi_elf_segment(elf, i);

		if (s->type == PT_LOAD && (s->flags & PF_X)) {
			start = s->address;
			size = s->memory_size < 4096 ? s->memory_size : 4096;
		}
	}
	size = size < ADDRESSES ? ADDRESSES : size;
	for (unsigned i = 0; i < ADDRESSES; i++)
		address[i] = (start & 0xffffffffffff) + i * (size / ADDRESSES);
}

/* Every byte of every text is looked at, so that a sanitizer sees a wrong one. */
static unsigned look(const struct cpi_dwarf_result *result)
{
	unsigned sum = 0;

	for (size_t i = 0; i < ADDRESSES; i++) {
		struct cpi_dwarf_run run = cpi_dwarf_result_get(result, i);

		for (uint32_t k = 0; k < run.n; k++) {
			const struct cpi_dwarf_frame *f = &run.frame[k];

			for (size_t at = 0; at < f->file.n; at++)
				sum += (uint8_t)f->file.p[at];
			for (size_t at = 0; f->function && at < f->function->name.n; at++)
				sum += (uint8_t)f->function->name.p[at];
			for (size_t at = 0; f->function && at < f->function->linkage_name.n; at++)
				sum += (uint8_t)f->function->linkage_name.p[at];
		}
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cp_context_options options = {
		.size = sizeof options, .threads = 1, .limits.memory = 64u << 20};
	struct cpi_dwarf_options files = {NULL, itself, its_package, NULL, size % 2 ? 64 : 0};
	struct cpi_dwarf_result *result = NULL;
	struct cpi_dwarf *dw = NULL;
	struct cpi_env env;
	struct cpi_elf *elf;
	uint64_t address[ADDRESSES];

	cpi_env_init(&env, &options);
	if (!cpi_elf_open(&env, data, size, &elf, NULL)) {
		files.alt = files.arg = elf;
		spread(elf, address);
		if (!cpi_dwarf_open(&env, elf, &files, &dw, NULL) &&
			!cpi_dwarf_resolve(dw, address, ADDRESSES, &result, NULL)) {
			unsigned sum = look(result);

			*(volatile unsigned *)&sum = sum;
		}
		cpi_dwarf_result_free(result);
		cpi_dwarf_close(dw);
		cpi_elf_close(elf);
	}
	if (env.mem.used)
		__builtin_trap();
	cpi_env_release(&env);
	return 0;
}
