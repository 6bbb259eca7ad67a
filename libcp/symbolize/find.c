/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <libdeflate.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "codec/codec.h"
#include "model/profile.h"
#include "symbolize/image.h"

#define COMMENT_RELEASE "perf: release "

/* Which of an image's two files is looked for. */
enum role { ROLE_MAIN, ROLE_DEBUG };

struct hunt {
	struct cpi_image *image;
	const struct cpi_search *search;
	enum role role;
	char id[2 * 64 + 1]; /* the build id to look for, in hexadecimal; "" = none */
};

enum cp_code cpi_search_init(struct cpi_search *search, struct cpi_env *env,
	const struct cp_symbolize_options *options, const struct cp_profile *profile,
	struct cp_error *err)
{
	const char *home = getenv("HOME"), *cache = getenv("DEBUGINFOD_CACHE_PATH");
	const char *xdg = getenv("XDG_CACHE_HOME");
	const struct cp_text prefix = CPI_TEXT(COMMENT_RELEASE);

	memset(search, 0, sizeof *search);
	search->env = env;
	search->options = options;
	search->capture_time = profile ? profile->header.time_nanos / 1000000000 : 0;
	snprintf(search->home, sizeof search->home, "%s", home ? home : "");
	if (options->buildid_dir)
		snprintf(search->buildid_dir, sizeof search->buildid_dir, "%s",
			options->buildid_dir);
	else if (home)
		snprintf(search->buildid_dir, sizeof search->buildid_dir, "%s/.debug",
			home);
	if (cache)
		snprintf(search->cache, sizeof search->cache, "%s", cache);
	else if (xdg)
		snprintf(
			search->cache, sizeof search->cache, "%s/debuginfod_client", xdg);
	else if (home)
		snprintf(search->cache, sizeof search->cache,
			"%s/.cache/debuginfod_client", home);
	for (size_t i = 0; profile && i < profile->comment.n; i++) {
		struct cp_text text = cpi_profile_text(profile, profile->comment.v[i]);

		if (cpi_text_starts(text, prefix))
			search->release =
				(struct cp_text){text.p + prefix.n, text.n - prefix.n};
	}
	return options->debuginfod ? cpi_debuginfod_new(env, &search->remote, err)
				   : CP_OK;
}

void cpi_search_release(struct cpi_search *search)
{
	cpi_debuginfod_free(search->remote);
	search->remote = NULL;
}

void cpi_object_close(struct cpi_object *object, struct cpi_env *env)
{
	cpi_elf_close(object->elf);
	cpi_blob_release(env, &object->inner);
	cpi_blob_release(env, &object->blob);
	memset(object, 0, sizeof *object);
}

void cpi_search_hex(struct cp_text bytes, char *hex, size_t size)
{
	size_t n = bytes.n < (size - 1) / 2 ? bytes.n : (size - 1) / 2;

	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)bytes.p[i]);
	hex[2 * n] = 0;
}

static struct cp_text keep_text(struct cpi_image *image, const char *s)
{
	char *copy = cpi_arena_copy(&image->arena, s, strlen(s));

	return copy ? cpi_text(copy) : (struct cp_text){"", 0};
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
			env, use->bytes, use->n, &object->inner, &opened, NULL);
	if (opened)
		use = &object->inner;
	if (!code)
		code = cpi_elf_open(env, use->bytes, use->n, &object->elf, NULL);
	return code;
}

/* A file without a build id to check must at least be older than the capture. */
static bool acceptable(struct cpi_image *image, const struct cpi_search *search,
	const struct cpi_object *object, const char *expected, bool given,
	const char *path)
{
	struct cp_text id = cpi_elf_build_id(object->elf);
	char hex[129];

	cpi_search_hex(id, hex, sizeof hex);
	if (*expected ? !strcmp(hex, expected)
		      : given || !search->capture_time ||
				object->blob.mtime <= search->capture_time)
		return true;
	if (search->options->force_build_id)
		return true;
	if (!image->wrong.n) {
		image->wrong = keep_text(image, path);
		image->wrong_id = keep_text(image, hex);
	}
	return false;
}

bool cpi_object_open(struct cpi_image *image, const struct cpi_search *search,
	const char *path, const char *expected, bool given, struct cpi_object *object)
{
	struct stat st;
	enum cp_code code;

	memset(object, 0, sizeof *object);
	/* Paths come from strangers: no device, no pipe is ever opened. */
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	code = load(search, path, object);
	if (code || !acceptable(image, search, object, expected, given, path)) {
		image->dropped |= code == CP_ERROR_MEMORY;
		if (code && !image->unreadable.n)
			image->unreadable = keep_text(image, path);
		cpi_object_close(object, search->env);
		return false;
	}
	object->path = keep_text(image, path);
	survey(object);
	return true;
}

/* The library marks with an empty file that no server had one. */
static bool cached_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && st.st_size;
}

/* Build ids come from strangers, and become parts of paths and addresses. */
static bool is_hex(const char *id)
{
	return *id && !id[strspn(id, "0123456789abcdef")];
}

bool cpi_object_open_debuginfod(struct cpi_image *image, const struct cpi_search *search,
	enum cpi_debuginfod_kind kind, const char *id, bool remote,
	struct cpi_object *object)
{
	const char *leaf = kind == CPI_DEBUGINFOD_DEBUGINFO ? "debuginfo" : "executable";
	char path[PATH_MAX], url[1024] = "";

	if (!is_hex(id))
		return false;
	if (*search->cache && !remote) {
		snprintf(path, sizeof path, "%s/%s/%s", search->cache, id, leaf);
		return cached_file(path) &&
			cpi_object_open(image, search, path, id, false, object);
	}
	if (!remote || !search->remote)
		return false;
	image->asked = true;
	if (!cpi_debuginfod_find(
			search->remote, kind, id, path, sizeof path, url, sizeof url) ||
		!cpi_object_open(image, search, path, id, false, object))
		return false;
	object->url = keep_text(image, url);
	return true;
}

/* Is the file what this hunt is for? Then the image keeps it. */
static bool take(struct hunt *hunt, struct cpi_object object)
{
	bool main = hunt->role == ROLE_MAIN;
	struct cpi_object *place;

	place = main ? &hunt->image->main : &hunt->image->debug;
	/* A debug file must add something to what the main one has. */
	if (main ? !object.code
		 : !object.debug && (!object.symtab || hunt->image->main.symtab)) {
		cpi_object_close(&object, hunt->search->env);
		return false;
	}
	*place = object;
	return true;
}

static bool try_file(struct hunt *hunt, bool given, const char *path)
{
	struct cpi_object object;

	return cpi_object_open(
		       hunt->image, hunt->search, path, hunt->id, given, &object) &&
	       take(hunt, object);
}

static bool try_path(struct hunt *hunt, bool given, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool try_path(struct hunt *hunt, bool given, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, sizeof path, format, args);
	va_end(args);
	return n > 0 && (size_t)n < sizeof path && try_file(hunt, given, path);
}

/* The image's path without what the kernel appends, if it is a path. */
static bool plain_path(const struct cpi_image *image, char *path, size_t size)
{
	struct cp_text text = image->path;
	const struct cp_text deleted = CPI_TEXT(" (deleted)");

	if (cpi_text_ends(text, deleted))
		text.n -= deleted.n;
	if (!text.n || text.p[0] != '/' || text.n >= size || memchr(text.p, 0, text.n))
		return false;
	memcpy(path, text.p, text.n);
	path[text.n] = 0;
	return true;
}

bool cpi_binary_is_named(const struct cp_binary *b, const struct cpi_image *image)
{
	struct cp_text base = cpi_text_basename(image->path);

	if (b->path)
		return cpi_text_equal(cpi_text(b->path), image->path) ||
			cpi_text_equal(cpi_text(b->path), base);
	return base.n && cpi_text_equal(cpi_text_basename(cpi_text(b->file)), base);
}

/* --binary: for this path, or for whatever image its build id or name fits. */
static bool in_binaries(struct hunt *hunt)
{
	const struct cp_symbolize_options *o = hunt->search->options;

	for (size_t i = 0; i < o->n_binaries; i++) {
		const struct cp_binary *b = &o->binaries[i];
		bool named = cpi_binary_is_named(b, hunt->image);
		struct cp_text wrong = hunt->image->wrong;

		/*
		 * Without a name the build id alone may fit; else it is another
		 * image's.
		 */
		if (!named && (b->path || !*hunt->id))
			continue;
		if (try_path(hunt, true, "%s", b->file))
			return true;
		if (!named)
			hunt->image->wrong = wrong;
	}
	return false;
}

static bool in_symfs(struct hunt *hunt)
{
	const char *root = hunt->search->options->symfs;
	char path[PATH_MAX];

	if (!root)
		return false;
	if (plain_path(hunt->image, path, sizeof path) &&
		try_path(hunt, true, "%s%s", root, path))
		return true;
	if (hunt->role == ROLE_DEBUG && *hunt->id)
		return try_path(hunt, true, "%s/usr/lib/debug/.build-id/%.2s/%s.debug",
			root, hunt->id, hunt->id + 2);
	return false;
}

static bool in_buildid_cache(struct hunt *hunt)
{
	static const char *const leaf[2][3] = {
		{"/elf", "", "/vdso"}, /* "" is the layout before perf 4.12 */
		{"/debug", "/elf", ""}};
	const char *dir = hunt->search->buildid_dir;

	for (unsigned i = 0; i < 3 && *dir && *hunt->id; i++)
		if (try_path(hunt, false, "%s/.build-id/%.2s/%s%s", dir, hunt->id,
			    hunt->id + 2, leaf[hunt->role][i]))
			return true;
	return false;
}

const char *cpi_search_debug_dir(const struct cpi_search *search, size_t i)
{
	const struct cp_symbolize_options *o = search->options;

	if (i < o->n_debug_dirs)
		return o->debug_dirs[i];
	return i == o->n_debug_dirs ? "/usr/lib/debug" : NULL;
}

static bool in_debug_dirs(struct hunt *hunt)
{
	const char *dir, *suffix = hunt->role == ROLE_DEBUG ? ".debug" : "";

	for (size_t i = 0; *hunt->id && (dir = cpi_search_debug_dir(hunt->search, i));
		i++)
		if (try_path(hunt, false, "%s/.build-id/%.2s/%s%s", dir, hunt->id,
			    hunt->id + 2, suffix))
			return true;
	return false;
}

static bool at_path(struct hunt *hunt)
{
	char path[PATH_MAX];

	/* With --symfs this machine's own file counts only if its build id proves it. */
	if (!plain_path(hunt->image, path, sizeof path) ||
		(hunt->search->options->symfs && !*hunt->id))
		return false;
	return try_path(hunt, false, "%s", path);
}

static bool try_debuginfod(struct hunt *hunt, bool remote)
{
	enum cpi_debuginfod_kind kind = hunt->role == ROLE_DEBUG
						? CPI_DEBUGINFOD_DEBUGINFO
						: CPI_DEBUGINFOD_EXECUTABLE;
	struct cpi_object object;

	return cpi_object_open_debuginfod(
		       hunt->image, hunt->search, kind, hunt->id, remote, &object) &&
		take(hunt, object);
}

static bool in_debuginfod_cache(struct hunt *hunt)
{
	return try_debuginfod(hunt, false);
}

/*
 * Only for callers who asked for it; this process's own vdso is no farther than
 * memory.
 */
static bool at_debuginfod(struct hunt *hunt)
{
	if (hunt->image->kind == CPI_IMAGE_VDSO && hunt->role == ROLE_MAIN)
		return false;
	return try_debuginfod(hunt, true);
}

/* Without equal build ids the link's checksum must vouch for the file. */
static bool crc_fits(const struct cpi_object *object, uint32_t crc)
{
	return libdeflate_crc32(0, object->blob.bytes, object->blob.n) == crc;
}

static bool try_link(struct hunt *hunt, uint32_t crc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool try_link(struct hunt *hunt, uint32_t crc, const char *format, ...)
{
	char path[PATH_MAX];
	struct cpi_object *debug = &hunt->image->debug;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, sizeof path, format, args);
	va_end(args);
	if (n <= 0 || (size_t)n >= sizeof path ||
		cpi_text_equal(cpi_text(path), hunt->image->main.path))
		return false;
	if (!try_file(hunt, !*hunt->id, path))
		return false;
	if (*hunt->id || crc_fits(debug, crc))
		return true;
	if (!hunt->image->wrong.n)
		hunt->image->wrong = keep_text(hunt->image, path);
	cpi_object_close(debug, hunt->search->env);
	return false;
}

static bool at_debuglink(struct hunt *hunt)
{
	struct cpi_image *image = hunt->image;
	char own[PATH_MAX], path[PATH_MAX];
	const char *dir, *root;
	struct cp_text name;
	size_t own_n;
	uint32_t crc;
	int n;

	if (!image->main.elf || !cpi_elf_debuglink(image->main.elf, &name, &crc) ||
		memchr(name.p, '/', name.n))
		return false;
	n = (int)name.n;
	own_n = (size_t)(cpi_text_basename(image->main.path).p - image->main.path.p);
	snprintf(own, sizeof own, "%.*s", (int)own_n, image->main.path.p);
	if (try_link(hunt, crc, "%s%.*s", own, n, name.p) ||
		try_link(hunt, crc, "%s.debug/%.*s", own, n, name.p))
		return true;
	if (!plain_path(image, path, sizeof path))
		return false;
	*strrchr(path, '/') = 0;
	/* perf record keeps a copy of what it saw, which has no neighbours. */
	root = hunt->search->options->symfs ? hunt->search->options->symfs : "";
	if (try_link(hunt, crc, "%s%s/%.*s", root, path, n, name.p) ||
		try_link(hunt, crc, "%s%s/.debug/%.*s", root, path, n, name.p))
		return true;
	for (size_t i = 0; (dir = cpi_search_debug_dir(hunt->search, i)); i++)
		if (try_link(hunt, crc, "%s%s/%.*s", dir, path, n, name.p))
			return true;
	return hunt->search->options->symfs &&
	       try_link(hunt, crc, "%s/usr/lib/debug%s/%.*s",
		       hunt->search->options->symfs, path, n, name.p);
}

typedef bool place_fn(struct hunt *hunt);

/* In the order of the manual. */
static place_fn *const places[] = {
	in_binaries,
	in_symfs,
	in_buildid_cache,
	in_debug_dirs,
	at_path,
	at_debuglink,
	in_debuginfod_cache,
	at_debuginfod,
};

static void hunt_for(struct hunt *hunt, enum role role)
{
	hunt->role = role;
	for (unsigned i = 0; i < sizeof places / sizeof *places; i++)
		if ((role == ROLE_DEBUG || places[i] != at_debuglink) && places[i](hunt))
			return;
}

static bool wants_debug(const struct cpi_image *image, const struct cpi_search *search)
{
	if (image->main.debug)
		return false;
	return !search->options->no_inlines || !image->main.symtab;
}

enum cp_code cpi_image_find(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	struct hunt hunt = {.image = image, .search = search};
	struct cpi_object *used;

	snprintf(hunt.id, sizeof hunt.id, "%.*s", (int)image->build_id.n,
		image->build_id.p);
	hunt_for(&hunt, ROLE_MAIN);
	if (image->kind == CPI_IMAGE_VDSO && !image->main.elf)
		(void)cpi_image_open_own_vdso(image, search);
	image->unverified = image->main.elf && !image->build_id.n;
	if (image->main.elf && !*hunt.id)
		cpi_search_hex(
			cpi_elf_build_id(image->main.elf), hunt.id, sizeof hunt.id);
	if (wants_debug(image, search) && (*hunt.id || image->main.elf)) {
		struct cp_text wrong = image->wrong;

		image->wrong.n = 0;
		hunt_for(&hunt, ROLE_DEBUG);
		if (!image->debug.elf)
			image->wrong_debug = image->wrong;
		if (wrong.n || image->main.elf)
			image->wrong = wrong;
	}
	if (image->main.elf && !image->main.symtab && !image->debug.symtab &&
		!search->options->perf_compat)
		cpi_image_open_mini(image, search);
	used = image->debug.elf ? &image->debug : &image->main;
	image->file = used->path;
	image->url = used->url;
	return image->dropped ? cpi_error_memory(err) : CP_OK;
}
