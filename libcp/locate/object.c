/* SPDX-License-Identifier: Apache-2.0 */
/* One candidate: opened, looked at, and kept if it is what the hunt is for. */
#include <elf.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "codec/codec.h"
#include "locate/debuginfod.h"
#include "locate/hunt.h"

void cpi_object_close(struct cpi_object *object, struct cpi_env *env)
{
	cpi_elf_close(object->elf);
	cpi_blob_release(env, &object->inner);
	cpi_blob_release(env, &object->blob);
	memset(object, 0, sizeof *object);
}

/* What kinds of content the file has; a section that only reserves room is none. */
static void survey(struct cpi_object *object)
{
	const struct cpi_elf_header *header = cpi_elf_header(object->elf);

	for (uint32_t i = 1; i < header->n_sections; i++) {
		const struct cpi_elf_section *row = cpi_elf_section(object->elf, i);

		if (row->type == SHT_NOBITS || !row->file_size)
			continue;
		if (row->type == SHT_SYMTAB)
			object->symtab = true;
		if ((row->flags & SHF_EXECINSTR) && (row->flags & SHF_ALLOC))
			object->code = true;
		if (cpi_text_equal(row->name, CPI_TEXT(".debug_info")))
			object->debug = true;
	}
	for (uint32_t i = 0; i < header->n_segments && header->n_sections < 2; i++) {
		const struct cpi_elf_segment *row = cpi_elf_segment(object->elf, i);

		object->code |=
			row->type == PT_LOAD && (row->flags & PF_X) && row->file_size;
	}
}

/* Maps the file and, where it is wrapped (.ko.xz), opens that. */
static enum cp_code load(
	const struct cpi_search *search, const char *path, struct cpi_object *object)
{
	struct cpi_env *env = search->env;
	const struct cpi_blob *use = &object->blob;
	bool opened = false;
	enum cp_code code = cpi_file_read(env, path, &object->blob, NULL);

	if (!code && (use->n < SELFMAG || memcmp(use->bytes, ELFMAG, SELFMAG)))
		code = cpi_codec_unwrap(
			env, path, use->bytes, use->n, &object->inner, &opened, NULL);
	if (opened)
		use = &object->inner;
	if (!code)
		code = cpi_elf_open(env, use->bytes, use->n, &object->elf, NULL);
	return code;
}

/* A file without a build id to check must at least be older than the capture. */
static bool acceptable(struct cpi_hunt *hunt, const struct cpi_object *object, bool given,
	const char *path)
{
	struct cpi_found *found = hunt->found;
	struct cpi_build_id id = cpi_build_id_of_bytes(cpi_elf_build_id(object->elf));
	int64_t captured = hunt->search->capture_time;

	if (cpi_build_id_any(&hunt->id)
			? cpi_build_id_fits(&hunt->id, &id)
			: given || !captured || object->blob.mtime <= captured)
		return true;
	if (hunt->search->options->force_build_id)
		return true;
	if (!found->wrong.n) {
		found->wrong = cpi_found_keep(found, path);
		found->wrong_id = cpi_found_keep(found, id.hex);
	}
	return false;
}

/*
 * Paths come from strangers: no device, no pipe is ever opened. debuginfod's library
 * marks with an empty file that no server had one.
 */
static bool full_path(const struct cpi_where *where, char *path, size_t size)
{
	struct stat st;
	int n = snprintf(path, size, "%s%s", where->root, where->path);

	return n > 0 && (size_t)n < size && !stat(path, &st) && S_ISREG(st.st_mode) &&
	       (st.st_size || where->given);
}

bool cpi_object_open(
	struct cpi_hunt *hunt, const struct cpi_where *where, struct cpi_object *object)
{
	struct cpi_found *found = hunt->found;
	char path[PATH_MAX];
	enum cp_code code;

	memset(object, 0, sizeof *object);
	if (!full_path(where, path, sizeof path))
		return false;
	code = load(hunt->search, path, object);
	if (code || !acceptable(hunt, object, where->given, path)) {
		found->dropped |= code == CP_ERROR_MEMORY;
		if (code && !found->unreadable.n)
			found->unreadable = cpi_found_keep(found, path);
		cpi_object_close(object, hunt->search->env);
		return false;
	}
	object->path = cpi_found_keep(found, path);
	cpi_elf_set_name(object->elf, object->path.p);
	survey(object);
	return true;
}

/* Without equal build ids the link's checksum must vouch for the file. */
static bool crc_fits(struct cpi_hunt *hunt, const struct cpi_object *object)
{
	struct cpi_found *found = hunt->found;

	if (cpi_build_id_any(&hunt->id) ||
		libdeflate_crc32(0, object->blob.bytes, object->blob.n) == hunt->crc)
		return true;
	if (!found->wrong.n)
		found->wrong = object->path;
	return false;
}

/* A debug file must add something to what the main one has. */
static bool is_wanted(const struct cpi_hunt *hunt, const struct cpi_object *object)
{
	if (hunt->want == CPI_WANT_MAIN)
		return object->code;
	if (hunt->want == CPI_WANT_DEBUG)
		return object->debug || (object->symtab && !hunt->found->main.symtab);
	return true;
}

static bool keep_object(struct cpi_hunt *hunt, struct cpi_object object)
{
	struct cpi_env *env = hunt->search->env;

	if (!is_wanted(hunt, &object)) {
		cpi_object_close(&object, env);
		return false;
	}
	if (hunt->into) {
		*hunt->into = object;
		return true;
	}
	if (cpi_vec_push(&env->mem, &hunt->found->split, object))
		return true;
	cpi_object_close(&object, env);
	return false;
}

static bool try_object(struct cpi_hunt *hunt, const struct cpi_where *where)
{
	struct cpi_where at = *where;
	struct cpi_object object;

	/* An id that is checked says more than a checksum. */
	at.given |= where->link && !cpi_build_id_any(&hunt->id);
	if (!cpi_object_open(hunt, &at, &object))
		return false;
	if (where->link &&
		(cpi_text_equal(object.path, hunt->own) || !crc_fits(hunt, &object))) {
		cpi_object_close(&object, hunt->search->env);
		return false;
	}
	return keep_object(hunt, object);
}

/* Names are borrowed from lists and dumps: they stay mapped. */
static bool try_blob(struct cpi_hunt *hunt, const struct cpi_where *where)
{
	struct cpi_found *found = hunt->found;
	bool dump = hunt->want == CPI_WANT_JITDUMP;
	struct cpi_blob *blob = dump ? &found->dump : &found->list;
	char path[PATH_MAX];
	struct cp_text kept;

	if (!full_path(where, path, sizeof path))
		return false;
	kept = cpi_found_keep(found, path);
	if (!kept.n)
		return false;
	if (cpi_file_read(hunt->search->env, path, blob, NULL)) {
		found->unreadable = kept;
		return false;
	}
	if (hunt->want == CPI_WANT_KALLSYMS)
		found->list_path = kept;
	else
		found->file = kept;
	return true;
}

bool cpi_hunt_try(struct cpi_hunt *hunt, const struct cpi_where *where)
{
	const unsigned blobs = CPI_WANT_KALLSYMS | CPI_WANT_JITDUMP | CPI_WANT_PERFMAP;

	return hunt->want & blobs ? try_blob(hunt, where) : try_object(hunt, where);
}

bool cpi_hunt_try_given(struct cpi_hunt *hunt, const char *file)
{
	struct cpi_where where = {.root = "", .given = true};
	int n = snprintf(where.path, sizeof where.path, "%s", file);

	return n > 0 && (size_t)n < sizeof where.path && cpi_hunt_try(hunt, &where);
}

/* This process's own vdso is no farther than memory. */
bool cpi_hunt_debuginfod(struct cpi_hunt *hunt)
{
	bool main = hunt->want == CPI_WANT_MAIN;
	struct cpi_where where = {.root = ""};
	char url[1024] = "";

	if (!hunt->search->remote || !*hunt->id.hex ||
		(main && hunt->target->kind == CPI_IMAGE_VDSO))
		return false;
	hunt->found->asked = true;
	if (!cpi_debuginfod_find(hunt->search->remote,
		    main ? CPI_DEBUGINFOD_EXECUTABLE : CPI_DEBUGINFOD_DEBUGINFO,
		    hunt->id.hex, where.path, sizeof where.path, url, sizeof url) ||
		!try_object(hunt, &where))
		return false;
	hunt->into->url = cpi_found_keep(hunt->found, url);
	return true;
}

struct cpi_build_id cpi_locate_build_id_of(
	const struct cpi_search *search, const char *file)
{
	const struct cpi_target nothing = {.path = {"", 0}};
	struct cpi_where where = {.root = "", .given = true};
	struct cpi_build_id id = {.odd = false};
	struct cpi_object object;
	struct cpi_found found;
	struct cpi_hunt hunt;

	cpi_found_init(&found, search->env);
	hunt = cpi_hunt_for(search, &nothing, &found, CPI_WANT_MAIN);
	snprintf(where.path, sizeof where.path, "%s", file);
	if (cpi_object_open(&hunt, &where, &object)) {
		id = cpi_build_id_of_bytes(cpi_elf_build_id(object.elf));
		cpi_object_close(&object, search->env);
	}
	cpi_found_release(&found, search->env);
	return id;
}
