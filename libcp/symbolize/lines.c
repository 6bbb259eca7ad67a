/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of an image, with the other files its debug information points to. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "symbolize/image.h"

struct lines {
	struct cpi_image *image;
	const struct cpi_search *search;
	struct cpi_object *object; /* that holds the debug information */
};

/* The directory part of a path with its slash, or "". */
static struct cp_text directory(struct cp_text path)
{
	return (struct cp_text){path.p, (size_t)(cpi_text_basename(path).p - path.p)};
}

/* Which unit a split file belongs to is checked by its id, when it is read. */
static struct cpi_elf *try_split(struct lines *lines, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static struct cpi_elf *try_split(struct lines *lines, const char *format, ...)
{
	struct cpi_image *image = lines->image;
	struct cpi_object object;
	struct cp_text wrong = image->wrong, unreadable = image->unreadable;
	char path[PATH_MAX];
	va_list args;
	int n;
	bool opened;

	va_start(args, format);
	n = vsnprintf(path, sizeof path, format, args);
	va_end(args);
	if (n <= 0 || (size_t)n >= sizeof path)
		return NULL;
	opened = cpi_object_open(image, lines->search, path, "", true, &object);
	image->wrong = wrong;
	image->unreadable = unreadable;
	if (!opened)
		return NULL;
	if (!cpi_vec_push(&lines->search->env->mem, &image->split, object)) {
		cpi_object_close(&object, lines->search->env);
		return NULL;
	}
	return object.elf;
}

static bool usable(struct cp_text path)
{
	return path.n && path.n < PATH_MAX && !memchr(path.p, 0, path.n);
}

static void note_missing(struct lines *lines, struct cp_text dir, struct cp_text name)
{
	struct cpi_image *image = lines->image;
	char path[PATH_MAX];
	int n;

	if (image->n_missing++ || !usable(name))
		return;
	n = snprintf(path, sizeof path, "%.*s%s%.*s", (int)dir.n, dir.p, dir.n ? "/" : "",
		(int)name.n, name.p);
	if (n <= 0 || (size_t)n >= sizeof path)
		return;
	image->missing.p = cpi_arena_copy(&image->arena, path, (size_t)n);
	image->missing.n = image->missing.p ? (size_t)n : 0;
}

/* Where the compiler left it, in the capture's tree, or beside the binary. */
static struct cpi_elf *open_split(void *arg, struct cp_text comp_dir, struct cp_text name)
{
	struct lines *lines = arg;
	const char *symfs = lines->search->options->symfs, *dir = "", *slash = "";
	struct cp_text own = directory(lines->object->path),
		       base = cpi_text_basename(name);
	struct cpi_elf *elf = NULL;
	int dir_n = 0;

	if (!usable(name))
		return NULL;
	if (name.p[0] != '/' && usable(comp_dir)) {
		dir = comp_dir.p;
		dir_n = (int)comp_dir.n;
		slash = "/";
	}
	if (symfs)
		elf = try_split(lines, "%s/%.*s%s%.*s", symfs, dir_n, dir, slash,
			(int)name.n, name.p);
	if (!elf && (dir_n || name.p[0] == '/'))
		elf = try_split(
			lines, "%.*s%s%.*s", dir_n, dir, slash, (int)name.n, name.p);
	if (!elf && name.p[0] != '/')
		elf = try_split(
			lines, "%.*s%.*s", (int)own.n, own.p, (int)name.n, name.p);
	if (!elf)
		elf = try_split(
			lines, "%.*s%.*s", (int)own.n, own.p, (int)base.n, base.p);
	if (!elf)
		note_missing(lines, (struct cp_text){dir, (size_t)dir_n}, name);
	return elf;
}

/* BINARY.dwp beside the binary, its debug file, or where the capture had it. */
static struct cpi_elf *open_package(void *arg)
{
	struct lines *lines = arg;
	struct cpi_image *image = lines->image;
	const char *symfs = lines->search->options->symfs;
	struct cp_text path = image->path;
	struct cpi_elf *elf = NULL;

	if (symfs && usable(path))
		elf = try_split(lines, "%s%.*s.dwp", symfs, (int)path.n, path.p);
	if (!elf && image->main.path.n)
		elf = try_split(lines, "%s.dwp", image->main.path.p);
	if (!elf && image->debug.path.n)
		elf = try_split(lines, "%s.dwp", image->debug.path.p);
	return elf;
}

static bool try_alt(struct lines *lines, const char *id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool try_alt(struct lines *lines, const char *id, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, sizeof path, format, args);
	va_end(args);
	return n > 0 && (size_t)n < sizeof path &&
		cpi_object_open(
			lines->image, lines->search, path, id, false, &lines->image->alt);
}

/* What dwz shares between debug files: by its build id, or by its name. */
static void open_alt(struct lines *lines)
{
	const struct cpi_search *search = lines->search;
	const char *symfs = search->options->symfs, *dir;
	struct cp_text name, id, own = directory(lines->object->path);
	char hex[129];

	if (!cpi_elf_altlink(lines->object->elf, &name, &id) || !usable(name))
		return;
	cpi_search_hex(id, hex, sizeof hex);
	if (strlen(hex) < 3)
		return;
	if (symfs && try_alt(lines, hex, "%s/usr/lib/debug/.build-id/%.2s/%s.debug",
			     symfs, hex, hex + 2))
		return;
	if (symfs && name.p[0] == '/' &&
		try_alt(lines, hex, "%s%.*s", symfs, (int)name.n, name.p))
		return;
	for (size_t i = 0; (dir = cpi_search_debug_dir(search, i)); i++)
		if (try_alt(lines, hex, "%s/.build-id/%.2s/%s.debug", dir, hex, hex + 2))
			return;
	if (name.p[0] == '/' ? try_alt(lines, hex, "%.*s", (int)name.n, name.p)
			     : try_alt(lines, hex, "%.*s%.*s", (int)own.n, own.p,
				       (int)name.n, name.p))
		return;
	for (unsigned remote = 0; remote < 2 && !lines->image->alt.elf; remote++)
		(void)cpi_object_open_debuginfod(lines->image, search,
			CPI_DEBUGINFOD_DEBUGINFO, hex, remote, &lines->image->alt);
	if (!lines->image->alt.elf)
		note_missing(lines, (struct cp_text){"", 0}, name);
}

enum cp_code cpi_image_lines(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	struct lines lines = {
		image, search, image->main.debug ? &image->main : &image->debug};
	struct cpi_dwarf_options options = {.open_split = open_split,
		.open_package = open_package, .arg = &lines};
	struct cp_error why;
	enum cp_code code;

	if (!lines.object->debug || !image->n_addresses)
		return CP_OK;
	open_alt(&lines);
	options.alt = image->alt.elf;
	code = cpi_dwarf_open(
		search->env, lines.object->elf, &options, &image->dwarf, &why);
	if (!code)
		code = cpi_dwarf_resolve(image->dwarf, image->address, image->n_addresses,
			&image->lines, &why);
	if (code == CP_ERROR_MEMORY)
		return cpi_error_memory(err);
	/* Damage leaves the symbols. */
	if (code)
		image->unreadable = lines.object->path;
	return CP_OK;
}
