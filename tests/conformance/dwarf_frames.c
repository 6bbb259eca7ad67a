/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what object/dwarf says of addresses, in llvm-symbolizer's output form, so that
 * scripts can compare the two: dwarf_frames FILE [ALT] < ADDRESSES (hexadecimal, a line
 * each). CP_THREADS sets the number of threads.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "object/dwarf/dwarf.h"

struct opened {
	struct cpi_elf *elf;
	void *bytes;
	size_t n;
	struct opened *next;
};

struct finder {
	struct cpi_env env;
	const char *path;
	struct opened *list;
};

static struct cpi_elf *open_elf(struct finder *f, const char *path)
{
	int fd = open(path, O_RDONLY);
	struct opened *o;
	struct stat st;

	if (fd < 0)
		return NULL;
	o = calloc(1, sizeof *o);
	if (!o || fstat(fd, &st) || !st.st_size)
		abort();
	o->n = (size_t)st.st_size;
	o->bytes = mmap(NULL, o->n, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (o->bytes == MAP_FAILED ||
		cpi_elf_open(&f->env, o->bytes, o->n, &o->elf, NULL)) {
		free(o);
		return NULL;
	}
	o->next = f->list;
	f->list = o;
	return o->elf;
}

static struct cpi_elf *open_split(void *arg, struct cp_text comp_dir, struct cp_text name)
{
	char path[4096];

	if (name.n && name.p[0] == '/')
		comp_dir.n = 0;
	snprintf(path, sizeof path, "%.*s%s%.*s", (int)comp_dir.n, comp_dir.p,
		comp_dir.n ? "/" : "", (int)name.n, name.p);
	return open_elf(arg, path);
}

static struct cpi_elf *open_package(void *arg)
{
	struct finder *f = arg;
	char path[4096];

	snprintf(path, sizeof path, "%s.dwp", f->path);
	return open_elf(f, path);
}

static void print_run(uint64_t address, struct cpi_dwarf_run run)
{
	printf("0x%llx\n", (unsigned long long)address);
	for (uint32_t i = 0; i < run.n; i++) {
		const struct cpi_dwarf_frame *f = &run.frame[i];
		struct cp_text name = {"", 0};

		if (f->function)
			name = f->function->linkage_name.n ? f->function->linkage_name
							   : f->function->name;
		printf("%.*s\n%.*s:%u:%u\n", name.n ? (int)name.n : 2, name.n ? name.p : "??",
			f->file.n ? (int)f->file.n : 2, f->file.n ? f->file.p : "??", f->line,
			f->column);
	}
	putchar('\n');
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t *read_addresses(size_t *ret_n)
{
	uint64_t *address = NULL;
	size_t n = 0, cap = 0, unique = 0;
	char line[256];

	while (fgets(line, sizeof line, stdin)) {
		if (n == cap) {
			cap = cap ? 2 * cap : 1024;
			address = realloc(address, cap * sizeof *address);
			if (!address)
				abort();
		}
		address[n++] = strtoull(line, NULL, 16);
	}
	if (n)
		qsort(address, n, sizeof *address, compare);
	for (size_t i = 0; i < n; i++)
		if (!i || address[i] != address[i - 1])
			address[unique++] = address[i];
	*ret_n = unique;
	return address;
}

static void say(const struct cp_diagnostic *d, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s at 0x%llx: %s\n", d->kind, (unsigned long long)d->offset, d->message);
}

int main(int argc, char **argv)
{
	struct cp_context_options context = {.size = sizeof context, .diagnostic = say};
	struct finder f = {0};
	struct cpi_dwarf_options options = {NULL, open_split, open_package, &f};
	struct cpi_dwarf_result *result;
	struct cpi_dwarf *dw;
	struct cpi_elf *elf;
	struct cp_error err;
	uint64_t *address;
	size_t n;

	if (argc < 2)
		return 2;
	if (getenv("CP_THREADS"))
		context.threads = (unsigned)atoi(getenv("CP_THREADS"));
	cpi_env_init(&f.env, &context);
	f.path = argv[1];
	elf = open_elf(&f, argv[1]);
	if (argc > 2)
		options.alt = open_elf(&f, argv[2]);
	address = read_addresses(&n);
	if (!elf || (argc > 2 && !options.alt) ||
		cpi_dwarf_open(&f.env, elf, &options, &dw, &err) ||
		cpi_dwarf_resolve(dw, address, n, &result, &err)) {
		fprintf(stderr, "failed: %s\n", elf ? err.message : "not ELF");
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		print_run(address[i], cpi_dwarf_result_get(result, i));
	fprintf(stderr, "peak %zu bytes\n", (size_t)f.env.mem.peak);
	cpi_dwarf_result_free(result);
	cpi_dwarf_close(dw);
	while (f.list) {
		struct opened *next = f.list->next;

		cpi_elf_close(f.list->elf);
		munmap(f.list->bytes, f.list->n);
		free(f.list);
		f.list = next;
	}
	free(address);
	cpi_env_release(&f.env);
	return 0;
}
