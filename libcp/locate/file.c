/* SPDX-License-Identifier: Apache-2.0 */
/* Programs, libraries and their debug files. */
#include "base/error.h"
#include "locate/archive.h"
#include "locate/hunt.h"

bool cpi_binary_is_named(const struct cp_binary *b, const struct cpi_sought *sought)
{
	const struct cp_text names[] = {sought->path, cpi_archive_file(sought->path)};
	struct cp_text given = cpi_text(b->path ? b->path : b->file);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct cp_text base = cpi_text_basename(names[i]);

		if (b->path && cpi_text_equal(given, names[i]))
			return true;
		if (base.n && cpi_text_equal(b->path ? given : cpi_text_basename(given), base))
			return true;
	}
	return false;
}

/* --binary: for this path, or for whatever image its build id or name fits. */
bool cpi_hunt_binaries(struct cpi_hunt *hunt)
{
	const struct cp_symbolize_options *o = hunt->search->options;

	for (size_t i = 0; i < o->n_binaries; i++) {
		const struct cp_binary *b = &o->binaries[i];
		bool named = cpi_binary_is_named(b, hunt->sought);
		struct cp_text wrong = hunt->found->wrong;

		/*
		 * Without a name the build id alone may fit; else it is another
		 * image's.
		 */
		if (!named && (b->path || !cpi_build_id_any(&hunt->id)))
			continue;
		hunt->exact = !named;
		if (cpi_hunt_try_given(hunt, b->file))
			return true;
		hunt->exact = false;
		if (!named)
			hunt->found->wrong = wrong;
	}
	return false;
}

/* What a debug link says; none: those places are passed over. */
static void follow_link(struct cpi_hunt *hunt)
{
	const struct cpi_object *main = &hunt->found->main;
	struct cp_text name;

	if (!main->elf || !cpi_elf_debuglink(main->elf, &name, &hunt->crc) ||
		memchr(name.p, '/', name.n))
		return;
	hunt->own = main;
	hunt->name = name;
}

static bool wants_debug(const struct cpi_search *search, const struct cpi_found *found)
{
	if (found->main.debug)
		return false;
	return !search->options->no_inlines || !found->main.symtab;
}

static void find_debug(struct cpi_hunt *hunt)
{
	struct cpi_found *found = hunt->found;
	struct cp_text wrong = found->wrong;

	hunt->want = CPI_WANT_DEBUG;
	hunt->into = &found->debug;
	found->wrong.n = 0;
	if (found->main.elf && !cpi_build_id_any(&hunt->id))
		hunt->id = cpi_build_id_of_bytes(cpi_elf_build_id(found->main.elf));
	follow_link(hunt);
	if (!cpi_hunt_run(hunt))
		found->wrong_debug = found->wrong;
	if (wrong.n || found->main.elf)
		found->wrong = wrong;
}

enum cp_code cpi_locate_file(const struct cpi_search *search,
	const struct cpi_sought *sought, struct cpi_found *found, struct cp_error *err)
{
	struct cpi_hunt hunt = cpi_hunt_for(search, sought, found, CPI_WANT_MAIN);
	struct cpi_object *used;

	hunt.into = &found->main;
	(void)cpi_hunt_run(&hunt);
	if (sought->kind == CPI_IMAGE_VDSO && !found->main.elf)
		(void)cpi_locate_own_vdso(search, sought, found);
	found->unverified = found->main.elf && !sought->build_id.n;
	if (wants_debug(search, found) && (cpi_build_id_any(&hunt.id) || found->main.elf))
		find_debug(&hunt);
	if (found->main.elf && !found->main.symtab && !found->debug.symtab &&
		!search->options->perf_compat)
		cpi_locate_mini(search, found);
	used = found->debug.elf ? &found->debug : &found->main;
	found->file = used->path;
	found->url = used->url;
	return found->dropped ? cpi_error_memory(err) : CP_OK;
}
