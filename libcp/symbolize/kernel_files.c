/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files of the kernel (vmlinux), its modules, and the code it maps into processes. */
#include <dirent.h>
#include <elf.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "symbolize/image.h"

/* A search of a directory tree for one module stops here. */
enum { MOST_DEPTH = 12, MOST_ENTRIES = 200000 };

struct place {
	struct cpi_image *image;
	const struct cpi_search *search;
	struct cpi_object *object; /* to be filled */
	char id[129];
	unsigned entries; /* looked at by a search so far */
};

static bool try_path(struct place *place, bool given, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool try_path(struct place *place, bool given, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, sizeof path, format, args);
	va_end(args);
	return n > 0 && (size_t)n < sizeof path &&
	       cpi_object_open(place->image, place->search, path, place->id, given,
		       place->object);
}

static struct place place_for(struct cpi_image *image, const struct cpi_search *search,
	struct cpi_object *object)
{
	struct place place = {.image = image, .search = search, .object = object};

	snprintf(place.id, sizeof place.id, "%.*s", (int)image->build_id.n,
		image->build_id.p);
	return place;
}

static bool at_debuginfod(struct place *place, bool remote)
{
	return cpi_object_open_debuginfod(place->image, place->search,
		CPI_DEBUGINFOD_DEBUGINFO, place->id, remote, place->object);
}

/* Places that go by build id alone. */
static bool by_id(struct place *place)
{
	const struct cpi_search *search = place->search;
	const char *id = place->id, *dir;

	if (strlen(id) < 3)
		return false;
	if (*search->buildid_dir &&
		(try_path(place, false, "%s/.build-id/%.2s/%s/elf", search->buildid_dir,
			 id, id + 2) ||
			try_path(place, false, "%s/.build-id/%.2s/%s/debug",
				search->buildid_dir, id, id + 2) ||
			try_path(place, false, "%s/.build-id/%.2s/%s",
				search->buildid_dir, id, id + 2)))
		return true;
	for (size_t i = 0; (dir = cpi_search_debug_dir(search, i)); i++)
		if (try_path(place, false, "%s/.build-id/%.2s/%s.debug", dir, id, id + 2))
			return true;
	return at_debuginfod(place, false);
}

bool cpi_image_open_vmlinux(struct cpi_image *image, const struct cpi_search *search)
{
	static const char *const where[] = {"%s/usr/lib/debug/boot/vmlinux-%.*s",
		"%s/usr/lib/debug/lib/modules/%.*s/vmlinux", "%s/boot/vmlinux-%.*s",
		"%s/lib/modules/%.*s/build/vmlinux", "%s/lib/modules/%.*s/vmlinux"};
	struct place place = place_for(image, search, &image->debug);
	struct cp_text release = search->release;
	const char *vmlinux = search->options->vmlinux, *root = search->options->symfs;

	if (vmlinux && try_path(&place, true, "%s", vmlinux))
		return true;
	if (image->path.n && image->path.p[0] == '/' && *place.id &&
		try_path(&place, false, "%.*s", (int)image->path.n, image->path.p))
		return true;
	if (by_id(&place))
		return true;
	for (unsigned turn = 0; turn < 2; turn++)
		for (unsigned i = 0; i < sizeof where / sizeof *where; i++) {
			char path[PATH_MAX];
			const char *base = turn ? "" : root;

			if (!base || !release.n || !*place.id ||
				memchr(release.p, '/', release.n))
				continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(path, sizeof path, where[i], base, (int)release.n,
				release.p);
#pragma GCC diagnostic pop
			if (try_path(&place, false, "%s", path))
				return true;
		}
	return at_debuginfod(&place, true);
}

/* "nf_tables" of "[nf_tables]" and of "…/nf-tables.ko.xz"; the kernel equals - and _. */
static struct cp_text module_name(struct cp_text path)
{
	struct cp_text base = cpi_text_basename(path);
	const char *end;

	if (base.n > 2 && base.p[0] == '[')
		return (struct cp_text){base.p + 1, base.n - 2};
	end = memmem(base.p, base.n, ".ko", 3);
	if (end)
		base.n = (size_t)(end - base.p);
	return base;
}

static bool same_module(struct cp_text a, struct cp_text b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] != b.p[i] && !((a.p[i] == '-' || a.p[i] == '_') &&
						(b.p[i] == '-' || b.p[i] == '_')))
			return false;
	return true;
}

/* modules.dep names every module's file: "kernel/fs/xfs/xfs.ko.xz: …". */
static bool in_modules_dep(struct place *place, const char *dir, struct cp_text wanted)
{
	struct cpi_env *env = place->search->env;
	struct cpi_blob blob;
	char path[PATH_MAX];
	struct stat st;
	const char *at, *end;
	bool found = false;

	if ((size_t)snprintf(path, sizeof path, "%s/modules.dep", dir) >= sizeof path ||
		stat(path, &st) || !S_ISREG(st.st_mode) ||
		cpi_file_read(env, path, &blob, NULL))
		return false;
	at = (const char *)blob.bytes;
	for (end = at + blob.n; at < end && !found;) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		const char *stop = eol ? eol : end,
			   *colon = memchr(at, ':', (size_t)(stop - at));
		struct cp_text file = {at, (size_t)((colon ? colon : stop) - at)};

		if (colon && same_module(module_name(file), wanted))
			found = try_path(place, true, "%s%s%.*s",
				file.p[0] == '/' ? "" : dir, file.p[0] == '/' ? "" : "/",
				(int)file.n, file.p);
		at = eol ? eol + 1 : end;
	}
	cpi_blob_release(env, &blob);
	return found;
}

/* A tree without an index; its depth and size bound the walk, not a stranger's input. */
static bool in_tree(
	struct place *place, const char *dir, struct cp_text wanted, unsigned depth)
{
	DIR *d = depth < MOST_DEPTH ? opendir(dir) : NULL;
	struct dirent *entry;
	bool found = false;

	while (d && !found && place->entries++ < MOST_ENTRIES && (entry = readdir(d))) {
		struct cp_text name = cpi_text(entry->d_name);
		char path[PATH_MAX];

		if (entry->d_name[0] == '.' ||
			(size_t)snprintf(path, sizeof path, "%s/%s", dir,
				entry->d_name) >= sizeof path)
			continue;
		if (entry->d_type == DT_DIR)
			found = in_tree(place, path, wanted, depth + 1);
		else if (memmem(name.p, name.n, ".ko", 3) &&
			same_module(module_name(name), wanted))
			found = try_path(place, true, "%s", path);
	}
	if (d)
		closedir(d);
	return found;
}

static bool in_root(struct place *place, const char *root, struct cp_text wanted)
{
	struct cp_text release = place->search->release;
	char dir[PATH_MAX];

	if (!release.n || memchr(release.p, '/', release.n))
		return false;
	snprintf(dir, sizeof dir, "%s/lib/modules/%.*s", root, (int)release.n, release.p);
	return in_modules_dep(place, dir, wanted);
}

static bool find_module(struct place *place)
{
	const struct cp_symbolize_options *o = place->search->options;
	struct cp_text path = place->image->path, wanted = module_name(path);

	if (o->modules && (in_root(place, o->modules, wanted) ||
				  in_modules_dep(place, o->modules, wanted) ||
				  in_tree(place, o->modules, wanted, 0)))
		return true;
	if (path.n && path.p[0] == '/') {
		if (o->symfs &&
			try_path(place, true, "%s%.*s", o->symfs, (int)path.n, path.p))
			return true;
		if (*place->id && try_path(place, false, "%.*s", (int)path.n, path.p))
			return true;
	}
	if (o->symfs && in_root(place, o->symfs, wanted))
		return true;
	return *place->id && in_root(place, "", wanted);
}

bool cpi_image_open_module(struct cpi_image *image, const struct cpi_search *search)
{
	struct place main = place_for(image, search, &image->main);
	struct place debug = place_for(image, search, &image->debug);

	/* A file that is not vouched for by a build id is not taken unasked. */
	if (!find_module(&main) && search->options->no_inlines)
		(void)by_id(&main);
	if (!image->main.debug && !search->options->no_inlines && !by_id(&debug))
		(void)at_debuginfod(&debug, true);
	image->unverified = image->main.elf && !image->build_id.n;
	return image->main.elf || image->debug.elf;
}

static bool same_release(struct cp_text release)
{
	struct utsname name;

	return !uname(&name) && cpi_text_equal(cpi_text(name.release), release);
}

/*
 * The vdso of this very process, where it is the one that was captured: the same build
 * id, or the same kernel release when the capture has none.
 */
bool cpi_image_open_own_vdso(struct cpi_image *image, const struct cpi_search *search)
{
	const uint8_t *bytes = (const uint8_t *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct cpi_object *object = &image->main;
	Elf64_Ehdr header;
	char hex[129];
	size_t n;

	if (!bytes || sizeof(void *) != 8)
		return false;
	memcpy(&header, bytes, sizeof header);
	n = header.e_shoff + (size_t)header.e_shnum * header.e_shentsize;
	if (cpi_elf_open(search->env, bytes, n, &object->elf, NULL))
		return false;
	cpi_search_hex(cpi_elf_build_id(object->elf), hex, sizeof hex);
	if (image->build_id.n ? !cpi_text_equal(cpi_text(hex), image->build_id)
			      : !same_release(search->release)) {
		cpi_object_close(object, search->env);
		return false;
	}
	object->code = true;
	object->path = CPI_TEXT("[vdso]");
	return true;
}
