/* SPDX-License-Identifier: Apache-2.0 */
/* One candidate: opened, looked at, and kept if it is what the hunt is for. */
#include <elf.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/named.h"
#include "codec/codec.h"
#include "codec/zip.h"
#include "locate/archive.h"
#include "locate/debuginfod.h"
#include "locate/hunt.h"
#include "object/kernel/kernel.h"

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

static bool is_elf(const uint8_t *bytes, size_t n)
{
	return n >= SELFMAG && !memcmp(bytes, ELFMAG, SELFMAG);
}

/* Magic numbers of ELF, and of what may be wrapped around it (.ko.xz). */
static bool may_be_elf(const uint8_t *bytes, size_t n)
{
	static const struct {
		uint8_t n;
		uint8_t bytes[6];
	} magic[] = {{4, {0x7f, 'E', 'L', 'F'}}, {2, {0x1f, 0x8b}},
		{4, {0x28, 0xb5, 0x2f, 0xfd}}, {6, {0xfd, '7', 'z', 'X', 'Z', 0}}};

	for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
		if (n >= magic[i].n && !memcmp(bytes, magic[i].bytes, magic[i].n))
			return true;
	return false;
}

/* Is a program of this image sought in an archive? */
static bool in_archive(const struct cpi_hunt *hunt)
{
	struct cp_text path = hunt->sought->path;

	return hunt->want & (CPI_WANT_MAIN | CPI_WANT_DEBUG) &&
		(cpi_archive_holds(path) || cpi_archive_entry(path).n);
}

static bool may_be_dump(const uint8_t *bytes, size_t n)
{
	return n >= 4 && (!memcmp(bytes, "JiTD", 4) || !memcmp(bytes, "DTiJ", 4));
}

/* Lists of symbols: lines that begin with an address. */
static bool may_be_list(const uint8_t *bytes, size_t n)
{
	size_t i = 0;

	while (i < n && (bytes[i] == ' ' || bytes[i] == '\n'))
		i++;
	return i < n && !memchr(bytes, 0, n) &&
	       strchr("0123456789abcdefABCDEF", bytes[i]);
}

/* The first bytes decide whether the rest is looked at. */
static bool may_be_wanted(const struct cpi_hunt *hunt, const struct cpi_named *file)
{
	enum cpi_want want = hunt->want;
	uint8_t begin[64];
	size_t n = cpi_named_begin(file, begin, sizeof begin);

	if (want == CPI_WANT_JITDUMP)
		return may_be_dump(begin, n);
	if (want == CPI_WANT_KALLSYMS || want == CPI_WANT_PERFMAP)
		return may_be_list(begin, n);
	return may_be_elf(begin, n) || (in_archive(hunt) && cpi_zip_is(begin, n));
}

static void refuse(struct cpi_found *found, const char *path, const char *why)
{
	if (found->unreadable.n)
		return;
	found->unreadable = cpi_found_keep(found, path);
	found->why = why;
}

/*
 * Paths come from strangers, but for those that the user gave, which may lead anywhere.
 * debuginfod's library marks with an empty file that no server had one.
 */
static enum cp_code open_bytes(struct cpi_hunt *hunt, const struct cpi_where *where,
	const char *path, struct cpi_blob *ret_blob)
{
	struct cpi_env *env = hunt->search->env;
	struct cpi_named file;
	const char *why;
	enum cp_code code;
	struct stat st;

	if (where->trusted)
		return stat(path, &st) || !S_ISREG(st.st_mode)
			       ? CP_ERROR_EMPTY
			       : cpi_file_read(env, path, ret_blob, NULL);
	if (!cpi_named_open(where->root, where->path, &file, &why)) {
		if (why)
			refuse(hunt->found, path, why);
		return CP_ERROR_EMPTY;
	}
	code = CP_ERROR_EMPTY;
	if (file.size) {
		code = CP_ERROR_FORMAT;
		if (may_be_wanted(hunt, &file))
			code = cpi_named_read(env, &file, path, ret_blob, NULL);
	}
	cpi_named_close(&file);
	return code;
}

static bool full_path(const struct cpi_where *where, char *path, size_t size)
{
	int n = snprintf(path, size, "%s%s%s", where->root,
		*where->root && *where->path != '/' ? "/" : "", where->path);

	return n > 0 && (size_t)n < size;
}

/* Where the file is an archive, the program in it. */
static enum cp_code open_entry(
	struct cpi_hunt *hunt, const char *path, struct cpi_object *object)
{
	const struct cpi_blob *blob = &object->blob;
	const struct cpi_sought *sought = hunt->sought;
	uint64_t at, n;
	enum cp_code code;

	if (!cpi_archive_find(
		    blob->bytes, blob->n, sought->path, sought->offset, &at, &n)) {
		refuse(hunt->found, path, "has no such program, or has it compressed");
		return CP_ERROR_EMPTY;
	}
	code = cpi_elf_open(
		hunt->search->env, blob->bytes + at, (size_t)n, &object->elf, NULL);
	/* Positions in an entry that has a name are that entry's own. */
	if (!code && !cpi_archive_entry(sought->path).n)
		cpi_elf_set_position(object->elf, at);
	return code;
}

/* A wrapper (.ko.xz) is inflated only if its first bytes are a program's. */
static enum cp_code open_wrapped(
	struct cpi_hunt *hunt, const char *path, struct cpi_object *object)
{
	struct cpi_env *env = hunt->search->env;
	const struct cpi_blob *use = &object->blob;
	bool opened = false;
	enum cp_code code = CP_OK;

	if (!is_elf(use->bytes, use->n))
		code = cpi_codec_unwrap(env, path, use->bytes, use->n, is_elf,
			&object->inner, &opened, NULL);
	if (opened)
		use = &object->inner;
	return code ? code : cpi_elf_open(env, use->bytes, use->n, &object->elf, NULL);
}

static enum cp_code load(struct cpi_hunt *hunt, const struct cpi_where *where,
	const char *path, struct cpi_object *object)
{
	const struct cpi_blob *blob = &object->blob;
	enum cp_code code = open_bytes(hunt, where, path, &object->blob);
	bool zip;

	if (code)
		return code;
	zip = cpi_zip_is(blob->bytes, blob->n);
	if (in_archive(hunt) && zip)
		return open_entry(hunt, path, object);
	/* Where in the archive a program lies that was given apart from it is not known. */
	if (where->given && where->trusted && cpi_archive_holds(hunt->sought->path) &&
		hunt->sought->offset) {
		refuse(hunt->found, path, "is not the archive that was captured");
		return CP_ERROR_EMPTY;
	}
	return open_wrapped(hunt, path, object);
}

/* Other builds are used for the images that the user means, not for all of them. */
static bool is_forced(const struct cpi_hunt *hunt, bool given)
{
	const struct cp_symbolize_options *o = hunt->search->options;
	struct cp_text path = hunt->sought->path;

	if (!o->force_build_id || hunt->exact)
		return false;
	if (o->force_path)
		return cpi_text_equal(cpi_text(o->force_path), path) ||
			cpi_text_equal(cpi_text(o->force_path), cpi_text_basename(path));
	return given || !o->n_binaries;
}

/*
 * Whether a file that no build id vouches for may be the captured one: it is no younger.
 * What perf reads from a pipe, or compressed, or what was cut has no time; then it must
 * not come from another kernel. Of others nothing but the user's word tells.
 */
static bool may_be_it(const struct cpi_search *search, const struct cpi_object *object)
{
	if (search->capture_time)
		return object->blob.mtime <= search->capture_time;
	return search->by_perf &&
	       (!search->release.n || cpi_running_release_is(search->release));
}

static bool acceptable(struct cpi_hunt *hunt, const struct cpi_object *object, bool given,
	const char *path)
{
	struct cpi_found *found = hunt->found;
	struct cpi_build_id id = cpi_build_id_of_bytes(cpi_elf_build_id(object->elf));

	if (cpi_build_id_any(&hunt->id) ? cpi_build_id_fits(&hunt->id, &id)
					: given || may_be_it(hunt->search, object))
		return true;
	if (is_forced(hunt, given))
		return true;
	if (!found->wrong.n) {
		found->undated = !hunt->search->capture_time &&
			!cpi_build_id_any(&hunt->id);
		found->wrong = cpi_found_keep(found, path);
		found->wrong_id = cpi_found_keep(found, id.hex);
	}
	return false;
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
	code = load(hunt, where, path, object);
	if (code || !acceptable(hunt, object, where->given, path)) {
		found->dropped |= code == CP_ERROR_MEMORY;
		if (code && code != CP_ERROR_EMPTY)
			refuse(found, path, "is damaged, or may not be read");
		cpi_object_close(object, hunt->search->env);
		return false;
	}
	object->root = where->root;
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
	if (where->link && (cpi_text_equal(object.path, hunt->found->main.path) ||
				   !crc_fits(hunt, &object))) {
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
	enum cp_code code;

	if (!full_path(where, path, sizeof path))
		return false;
	code = open_bytes(hunt, where, path, blob);
	if (code && code != CP_ERROR_EMPTY)
		refuse(found, path, "is damaged, or may not be read");
	/* What kptr_restrict hid is no list; the next place may have one. */
	if (!code && hunt->want == CPI_WANT_KALLSYMS &&
		!cpi_kallsyms_any(blob->bytes, blob->n)) {
		refuse(found, path, "has only addresses of 0 (kernel.kptr_restrict)");
		code = CP_ERROR_EMPTY;
	}
	kept = cpi_found_keep(found, code ? "" : path);
	if (!kept.n) {
		cpi_blob_release(hunt->search->env, blob);
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
	struct cpi_where where = {.root = "", .given = true, .trusted = true};
	int n = snprintf(where.path, sizeof where.path, "%s", file);

	return n > 0 && (size_t)n < sizeof where.path && cpi_hunt_try(hunt, &where);
}

/* This process's own vdso is no farther than memory. */
bool cpi_hunt_debuginfod(struct cpi_hunt *hunt)
{
	bool main = hunt->want == CPI_WANT_MAIN;
	struct cpi_where where = {.root = "", .trusted = true};
	char url[1024] = "";

	if (!hunt->search->remote || !*hunt->id.hex ||
		(main && hunt->sought->kind == CPI_IMAGE_VDSO))
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
	const struct cpi_sought nothing = {.path = {"", 0}};
	struct cpi_where where = {.root = "", .given = true, .trusted = true};
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
