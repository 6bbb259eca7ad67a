/* SPDX-License-Identifier: Apache-2.0 */
/* The program given for a profile that does not say of which files it is. */
#include "api/adopt.h"

#include <elf.h>

#include "base/file.h"
#include "model/builder.h"
#include "object/elf/elf.h"

/* The one mapping, of everything and no file; NULL: there are others. */
static const struct cp_mapping_row *fake(const struct cp_profile *p)
{
	const struct cp_mapping_row *row = &p->mapping.v[1];

	return p->mapping.n == 2 && !row->path.i && !row->build_id.i && !row->start &&
			       row->limit == UINT64_MAX
		       ? row : NULL;
}

static bool is_met(const struct cp_profile *p, const struct cpi_elf_segment *s)
{
	for (size_t i = 1; i < p->location.n; i++)
		if (p->location.v[i].mapping.i &&
			p->location.v[i].address - s->address < s->memory_size)
			return true;
	return false;
}

/* The segment with the profile's code of a program that runs where it was linked to. */
static bool find_segment(
	const struct cp_profile *p, const struct cpi_elf *elf, struct cpi_elf_segment *ret)
{
	const struct cpi_elf_header *header = cpi_elf_header(elf);

	for (uint32_t i = 0; header->type == ET_EXEC && i < header->n_segments; i++) {
		*ret = *cpi_elf_segment(elf, i);
		if (ret->type == PT_LOAD && ret->flags & PF_X && is_met(p, ret))
			return true;
	}
	return false;
}

/*
 * Addresses outside of the segment keep no mapping's range: the profile's own covers them
 * no more, so they go without.
 */
static enum cp_code take(struct cpi_env *env, struct cp_profile **profile,
	const char *file, const struct cpi_elf_segment *s, struct cp_error *err)
{
	struct cpi_builder b = {.env = env};
	struct cp_mapping_row *row;
	cp_string path;

	cpi_builder_reopen(&b, *profile);
	*profile = NULL;
	path = cpi_builder_str(&b, file);
	if (!b.code) {
		row = &b.p->mapping.v[1];
		row->path = path;
		row->start = s->address;
		row->limit = s->address + s->memory_size;
		row->offset = s->offset;
		for (size_t i = 1; i < b.p->location.n; i++)
			if (b.p->location.v[i].address - s->address >= s->memory_size)
				b.p->location.v[i].mapping.i = 0;
	}
	return cpi_builder_finish(&b, profile, err);
}

enum cp_code cpi_adopt_program(struct cpi_env *env, struct cp_profile **profile,
	const struct cp_symbolize_options *options, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	for (size_t i = 0; !code && i < options->n_binaries && fake(*profile); i++) {
		struct cpi_blob blob = {0};
		struct cpi_elf_segment segment;
		struct cpi_elf *elf = NULL;

		if (options->binaries[i].path ||
			cpi_file_read(env, options->binaries[i].file, &blob, NULL))
			continue;
		if (!cpi_elf_open(env, blob.bytes, blob.n, &elf, NULL) &&
			find_segment(*profile, elf, &segment))
			code = take(env, profile, options->binaries[i].file, &segment, err);
		if (elf)
			cpi_elf_close(elf);
		cpi_blob_release(env, &blob);
	}
	return code;
}
