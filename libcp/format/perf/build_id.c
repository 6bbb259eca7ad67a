/* SPDX-License-Identifier: Apache-2.0 */
/* Build ids that a capture tells of its files. */
#include "format/perf/parts.h"

/*
 * Build ids: the table of feature 2, whose entries also travel as records of pipes, and
 * the ids inside MMAP2 records. An entry: record header, i32 pid, 20 bytes of id, one
 * byte of its size with three of padding, path.
 */
enum { HEADER = 8, ID_BYTES = 20 };

static uint32_t hex_name(
	struct perf_file *f, const uint8_t *id, unsigned n, bool *ret_done)
{
	static const char digit[] = "0123456789abcdef";
	char hex[2 * ID_BYTES];
	uint32_t name = 0;

	for (unsigned i = 0; i < n; i++) {
		hex[2 * i] = digit[id[i] >> 4];
		hex[2 * i + 1] = digit[id[i] & 15];
	}
	*ret_done = perf_names_add(&f->names, (struct cp_text){hex, 2 * n}, &name);
	return name;
}

/*
 * perf before 5.10 does not say how long an id is and pads with zeros: groups of four are
 * taken off. Files that perf inject made of JIT code end in four zeros rightly.
 */
static unsigned id_length(const uint8_t *id, struct cp_text path)
{
	struct cp_text base = cpi_text_basename(path);
	unsigned n = ID_BYTES;

	if (cpi_text_starts(base, CPI_TEXT("jitted-")))
		return n;
	while (n && !(id[n - 1] | id[n - 2] | id[n - 3] | id[n - 4]))
		n -= 4;
	return n;
}

bool perf_build_id_name(
	struct perf_file *f, const uint8_t *id, unsigned n, uint32_t *ret_name)
{
	bool done, any = false;

	for (unsigned i = 0; i < n; i++)
		any |= id[i] != 0;
	*ret_name = 0;
	if (!any || n > ID_BYTES)
		return true;
	*ret_name = hex_name(f, id, n, &done);
	return done;
}

/* The part of an entry after its header. */
bool perf_build_id_add(
	struct perf_file *f, uint16_t misc, struct cpi_cursor c, bool no_pid)
{
	struct perf_build_id row = {.cpumode = misc & PERF_MISC_CPUMODE};
	const uint8_t *id;
	struct cp_text path;
	unsigned n;

	if (!no_pid)
		cpi_cursor_skip(&c, 4);
	id = cpi_cursor_bytes(&c, 24);
	if (!id)
		return true;
	path.p = (const char *)c.at;
	path.n = strnlen(path.p, cpi_cursor_left(&c));
	n = misc & PERF_MISC_BUILD_ID_SIZE ? id[ID_BYTES] : id_length(id, path);
	if (n > ID_BYTES)
		n = ID_BYTES;
	if (!path.n || !n)
		return true;
	return perf_names_add(&f->names, path, &row.name) &&
	       perf_build_id_name(f, id, n, &row.hex) &&
	       cpi_vec_push(&f->env->mem, &f->build_id, row);
}

/*
 * The first perfs wrote no pid. Read with one, the first path, always the kernel's,
 * begins four bytes late: "[kernel.kallsyms]" reads as "nel.kallsyms]".
 */
static bool lacks_pid(struct cpi_cursor c)
{
	cpi_cursor_skip(&c, HEADER + 4 + 24);
	return cpi_text_starts((struct cp_text){(const char *)c.at, cpi_cursor_left(&c)},
		CPI_TEXT("nel.kallsyms]"));
}

enum cp_code perf_build_ids_decode(
	struct perf_file *f, struct cpi_cursor c, struct cp_error *err)
{
	bool no_pid = lacks_pid(c);

	while (cpi_cursor_left(&c) >= HEADER) {
		struct cpi_cursor entry = c;
		uint16_t misc, size;

		(void)cpi_cursor_u32(&entry);
		misc = cpi_cursor_u16(&entry);
		size = cpi_cursor_u16(&entry);
		/*
		 * Some sections end with zeros, others inside an entry: what is read
		 * stays.
		 */
		if (size < HEADER || size > cpi_cursor_left(&c))
			break;
		entry = cpi_cursor_sub(&c, size);
		cpi_cursor_skip(&entry, HEADER);
		if (!perf_build_id_add(f, misc, entry, no_pid))
			return cpi_error_memory(err);
	}
	return CP_OK;
}

static bool is_module(struct cp_text path)
{
	return memmem(path.p, path.n, ".ko", 3) != NULL ||
	       (path.n && path.p[0] == '[' &&
		       !cpi_text_starts(path, CPI_TEXT("[kernel.")) &&
		       !cpi_text_starts(path, CPI_TEXT("[guest.")));
}

/*
 * The kernel has many names ("[kernel.kallsyms]_text", "[kernel.vmlinux]", a path of
 * vmlinux), but only one build id.
 */
static uint32_t kernel_id(const struct perf_file *f)
{
	for (size_t i = 0; i < f->build_id.n; i++)
		if (f->build_id.v[i].cpumode == PERF_CPU_KERNEL &&
			!is_module(perf_name(f, f->build_id.v[i].name)))
			return f->build_id.v[i].hex;
	return 0;
}

enum cp_code perf_build_ids_settle(struct perf_file *f, struct cp_error *err)
{
	uint32_t kernel = kernel_id(f), vdso = 0, vdso32 = 0;
	uint32_t *by_name;
	size_t n;

	if (!f->build_id.n)
		return CP_OK;
	if (!perf_names_add(&f->names, CPI_TEXT("[vdso]"), &vdso) ||
		!perf_names_add(&f->names, CPI_TEXT("[vdso32]"), &vdso32))
		return cpi_error_memory(err);
	n = f->names.text.n;
	by_name = cpi_alloc_zero(&f->env->mem, n * sizeof *by_name);
	if (!by_name)
		return cpi_error_memory(err);
	for (size_t i = 0; i < f->build_id.n; i++)
		if (!by_name[f->build_id.v[i].name])
			by_name[f->build_id.v[i].name] = f->build_id.v[i].hex;
	for (size_t i = 1; i < f->map.n; i++) {
		struct perf_map *map = &f->map.v[i];

		/* A 32-bit task's vdso has a name of its own only in the table. */
		bool is32 = map->name == vdso && map->limit <= UINT32_MAX;

		if (!map->build_id)
			map->build_id = by_name[is32 ? vdso32 : map->name];
		if (!map->build_id && map->kind == CP_MAP_KERNEL)
			map->build_id = kernel;
	}
	cpi_free(&f->env->mem, by_name, n * sizeof *by_name);
	return CP_OK;
}
