/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the compiled call frame table of an ELF file, one row a line, for cfi_readelf.py. */
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "object/cfi/cfi.h"
#include "object/cfi/entry.h"
#include "object/elf/elf.h"

static void print(cpi_cfi_rule rule, const struct cpi_cfi_machine *machine)
{
	static const char *const names[] = {"gap", "sp", "fp", "plt", "complex", "end"};
	enum cpi_cfi_kind kind = cpi_cfi_rule_kind(rule);
	long offset = (long)cpi_cfi_rule_offset(rule) * machine->word;
	unsigned slot[] = {cpi_cfi_rule_fp(rule), cpi_cfi_rule_ra(rule)};

	if (kind != CPI_CFI_SP && kind != CPI_CFI_FP) {
		printf("%s\n", names[kind]);
		return;
	}
	printf("%s+%ld", names[kind], offset);
	for (int i = 0; i < 2; i++) {
		long at = cpi_cfi_rule_upward(rule)
			? ((long)slot[i] - 1) * machine->word - offset
			: -(long)slot[i] * machine->word;

		if (slot[i])
			printf(" c%+ld", at);
		else
			printf(" u");
	}
	printf("\n");
}

static int rows(struct cpi_env *env, struct cpi_elf *elf, const char *name)
{
	static const char *const names[] = {".eh_frame", ".debug_frame"};
	const struct cpi_elf_header *header = cpi_elf_header(elf);
	const struct cpi_cfi_machine *machine = header->machine == EM_386 ? &cpi_cfi_i386
		: header->machine == EM_AARCH64 ? &cpi_cfi_aarch64 : &cpi_cfi_x86_64;
	struct cpi_cfi_section section[2] = {{0}};
	uint64_t low = UINT64_MAX, high = 0;
	struct cpi_cfi *cfi;
	struct cp_error err;
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++) {
		uint32_t at = cpi_elf_find(elf, names[i]);

		if (!at || cpi_elf_section_bytes(elf, at, &section[n].bytes, &section[n].n, &err))
			continue;
		section[n].address = cpi_elf_section(elf, at)->address;
		section[n++].debug_frame = i;
	}
	for (uint32_t i = 0; i < header->n_segments; i++) {
		const struct cpi_elf_segment *s = cpi_elf_segment(elf, i);

		if (s->type != PT_LOAD || !(s->flags & PF_X))
			continue;
		low = s->address < low ? s->address : low;
		high = s->address + s->memory_size > high ? s->address + s->memory_size : high;
	}
	if (cpi_cfi_compile(env, machine, section, n, header->swap, low, high, name, &cfi, &err)) {
		fprintf(stderr, "%s: %s\n", name, err.message);
		return 1;
	}
	for (size_t i = 0; i < cfi->n_rows; i++) {
		printf("%" PRIx64 " ", cfi->low + cfi->pc[i]);
		print(cfi->rule[i], machine);
	}
	cpi_cfi_free(env, cfi);
	return 0;
}

int main(int argc, char **argv)
{
	struct cpi_env env;
	struct cpi_elf *elf;
	struct cp_error err;
	struct stat st;
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1, status;
	void *bytes;

	if (fd < 0 || fstat(fd, &st)) {
		fprintf(stderr, "usage: cfi-rows FILE\n");
		return 2;
	}
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	cpi_env_init(&env, NULL);
	if (bytes == MAP_FAILED || cpi_elf_open(&env, bytes, (size_t)st.st_size, &elf, &err)) {
		fprintf(stderr, "%s: not an ELF file\n", argv[1]);
		return 1;
	}
	status = rows(&env, elf, argv[1]);
	cpi_elf_close(elf);
	cpi_env_release(&env);
	return status;
}
