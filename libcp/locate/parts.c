/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of debug information that lie in other files, or compressed inside this one. */
#include <elf.h>
#include <stdio.h>

#include "codec/codec.h"
#include "locate/hunt.h"

/*
 * MiniDebugInfo: a small ELF file with the symbols that stripping took away, compressed
 * into a section of the stripped one.
 */
void cpi_locate_mini(const struct cpi_search *search, struct cpi_found *found)
{
	struct cpi_elf *elf = found->main.elf;
	uint32_t section = cpi_elf_find(elf, ".gnu_debugdata");
	struct cpi_object *mini = &found->mini;
	struct cpi_layer layer;
	const uint8_t *bytes;
	size_t n;

	if (!section || cpi_elf_section_bytes(elf, section, &bytes, &n, NULL))
		return;
	layer = (struct cpi_layer){.env = search->env,
		.source = found->main.path.p,
		.bytes = bytes,
		.n = n};
	if (cpi_xz_read(&layer, &mini->inner, NULL) ||
		cpi_elf_open(search->env, mini->inner.bytes, mini->inner.n, &mini->elf,
			NULL)) {
		cpi_object_close(mini, search->env);
		found->unreadable = found->main.path;
		return;
	}
	cpi_elf_set_name(mini->elf, found->main.path.p);
	mini->root = found->main.root;
	mini->path = found->main.path;
	mini->symtab = true;
}

static void note_missing(struct cpi_found *found, struct cp_text dir, struct cp_text name)
{
	char path[PATH_MAX];
	int n;

	if (found->n_missing++ || !name.n)
		return;
	n = snprintf(path, sizeof path, "%.*s%s%.*s", (int)dir.n, dir.p, dir.n ? "/" : "",
		(int)name.n, name.p);
	if (n > 0 && (size_t)n < sizeof path)
		found->missing = cpi_found_keep(found, path);
}

static bool usable(struct cp_text path)
{
	return path.n && path.n < PATH_MAX && !memchr(path.p, 0, path.n);
}

/* Which unit a split file belongs to is checked by its id, when it is read. */
static struct cpi_elf *hunt_split(struct cpi_hunt *hunt)
{
	struct cpi_found *found = hunt->found;
	struct cp_text wrong = found->wrong, unreadable = found->unreadable;
	bool any;

	hunt->id = (struct cpi_build_id){.odd = false};
	any = cpi_hunt_run(hunt);
	found->wrong = wrong;
	found->unreadable = unreadable;
	return any ? found->split.v[found->split.n - 1].elf : NULL;
}

/* Where the compiler left it, in the capture's tree, or beside the binary. */
struct cpi_elf *cpi_locate_split(const struct cpi_search *search,
	const struct cpi_sought *sought, struct cpi_found *found,
	const struct cpi_object *from, struct cp_text comp_dir, struct cp_text name)
{
	struct cpi_hunt hunt = cpi_hunt_for(search, sought, found, CPI_WANT_SPLIT);
	struct cpi_elf *elf;

	if (!usable(name))
		return NULL;
	if (!usable(comp_dir) || name.p[0] == '/')
		comp_dir.n = 0;
	hunt.own = from;
	hunt.name = name;
	hunt.comp_dir = comp_dir;
	elf = hunt_split(&hunt);
	if (!elf)
		note_missing(found, comp_dir, name);
	return elf;
}

/* BINARY.dwp beside the binary, its debug file, or where the capture had it. */
struct cpi_elf *cpi_locate_package(const struct cpi_search *search,
	const struct cpi_sought *sought, struct cpi_found *found)
{
	struct cpi_hunt hunt = cpi_hunt_for(search, sought, found, CPI_WANT_PACKAGE);
	struct cpi_elf *elf;

	hunt.own = found->main.elf ? &found->main : NULL;
	elf = hunt_split(&hunt);
	if (elf || !found->debug.elf)
		return elf;
	hunt.own = &found->debug;
	return hunt_split(&hunt);
}

void cpi_locate_alt(const struct cpi_search *search, const struct cpi_sought *sought,
	struct cpi_found *found, const struct cpi_object *from)
{
	struct cpi_hunt hunt = cpi_hunt_for(search, sought, found, CPI_WANT_ALT);
	struct cp_text id;

	if (!cpi_elf_altlink(from->elf, &hunt.name, &id) || !usable(hunt.name) ||
		id.n < 2)
		return;
	hunt.id = cpi_build_id_of_bytes(id);
	hunt.own = from;
	hunt.into = &found->alt;
	if (!cpi_hunt_run(&hunt))
		note_missing(found, (struct cp_text){"", 0}, hunt.name);
}
