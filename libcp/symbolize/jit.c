/* SPDX-License-Identifier: Apache-2.0 */
/* Code made at run time: names from the files its compiler left. */
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "object/jit/jit.h"
#include "symbolize/image.h"

/*
 * Files are named by the process's own number, which in a container is another one than
 * perf's; `inner` is that, where the capture tells it.
 */
struct hunt {
	struct cpi_image *image;
	const struct cpi_search *search;
	bool dump; /* a jitdump, or else a perf map */
	struct cpi_blob *blob;
};

/* Maps the file; names are borrowed from it. */
static bool take_file(struct hunt *hunt, const char *path)
{
	struct stat st;
	char *copy;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	copy = cpi_arena_copy(&hunt->image->arena, path, strlen(path));
	if (!copy)
		return false;
	if (cpi_file_read(hunt->search->env, path, hunt->blob, NULL)) {
		hunt->image->unreadable = cpi_text(copy);
		return false;
	}
	hunt->image->file = cpi_text(copy);
	return true;
}

static bool take_path(struct hunt *hunt, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool take_path(struct hunt *hunt, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, sizeof path, format, args);
	va_end(args);
	return n > 0 && (size_t)n < sizeof path && take_file(hunt, path);
}

static bool in_dir(struct hunt *hunt, const char *root, const char *dir, uint32_t pid)
{
	if (hunt->dump)
		return pid && take_path(hunt, "%s%s/jit-%u.dump", root, dir, pid);
	return pid && take_path(hunt, "%s%s/perf-%u.map", root, dir, pid);
}

static bool has_magic(const struct cpi_blob *blob)
{
	return blob->n >= 4 &&
		(!memcmp(blob->bytes, "JiTD", 4) || !memcmp(blob->bytes, "DTiJ", 4));
}

/* The one perf map of a directory that is said to be this process's. */
static bool only_map(struct hunt *hunt, const char *dir)
{
	struct dirent *entry;
	char name[sizeof entry->d_name] = "";
	unsigned n = 0;
	DIR *d = hunt->dump ? NULL : opendir(dir);

	while (d && (entry = readdir(d))) {
		struct cp_text text = cpi_text(entry->d_name);

		if (!cpi_text_starts(text, CPI_TEXT("perf-")) ||
			!cpi_text_ends(text, CPI_TEXT(".map")))
			continue;
		snprintf(name, sizeof name, "%s", entry->d_name);
		n++;
	}
	if (d)
		closedir(d);
	return n == 1 && take_path(hunt, "%s/%s", dir, name);
}

static bool is_numbered(const char *given)
{
	char *end;

	(void)strtoul(given, &end, 10);
	return end != given && *end == '=';
}

/* "PID=FILE" or "PID=DIR", for this process alone. */
static bool by_number(struct hunt *hunt, const char *given)
{
	struct cp_text file = hunt->image->file;
	char *path;
	unsigned long pid = strtoul(given, &path, 10);
	struct stat st;

	if (!is_numbered(given) || pid != hunt->image->pid || stat(++path, &st))
		return false;
	if (S_ISDIR(st.st_mode))
		return in_dir(hunt, "", path, hunt->image->pid) ||
		       in_dir(hunt, "", path, hunt->image->inner) || only_map(hunt, path);
	if (!take_file(hunt, path))
		return false;
	if (has_magic(hunt->blob) == hunt->dump)
		return true;
	cpi_blob_release(hunt->search->env, hunt->blob);
	memset(hunt->blob, 0, sizeof *hunt->blob);
	hunt->image->file = file;
	return false;
}

static bool in_map_dirs(struct hunt *hunt)
{
	const struct cp_symbolize_options *o = hunt->search->options;

	for (size_t i = 0; i < o->n_map_dirs; i++)
		if (by_number(hunt, o->map_dirs[i]))
			return true;
	for (size_t i = 0; i < o->n_map_dirs; i++)
		if (!is_numbered(o->map_dirs[i]) &&
			(in_dir(hunt, "", o->map_dirs[i], hunt->image->pid) ||
				in_dir(hunt, "", o->map_dirs[i], hunt->image->inner)))
			return true;
	return false;
}

/* Where the capture says that the dump was. */
static bool at_path(struct hunt *hunt, const char *root)
{
	struct cp_text path = hunt->image->path;

	return hunt->dump && hunt->image->inner && path.p[0] == '/' &&
		!memchr(path.p, 0, path.n) &&
		take_path(hunt, "%s%.*s", root, (int)path.n, path.p);
}

/* The user's directories, then where compilers put such files. */
static bool find_file(struct hunt *hunt)
{
	const char *symfs = hunt->search->options->symfs;
	uint32_t pid = hunt->image->pid, inner = hunt->image->inner;

	if (in_map_dirs(hunt))
		return true;
	if (symfs)
		return at_path(hunt, symfs) || in_dir(hunt, symfs, "/tmp", pid) ||
			in_dir(hunt, symfs, "/tmp", inner);
	/* The inner number in this machine's own /tmp would be another process's. */
	return at_path(hunt, "") || in_dir(hunt, "", "/tmp", pid) ||
		(hunt->dump && in_dir(hunt, "", ".", pid));
}

bool cpi_jit_open_dump(struct cpi_image *image, const struct cpi_search *search)
{
	struct hunt hunt = {image, search, true, &image->dump};

	if (!image->inner)
		image->inner = cpi_jit_dump_number(image->path);
	return find_file(&hunt);
}

/* Says more than a map: it comes first. */
static enum cp_code from_dump(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	struct cpi_env *env = search->env;
	uint64_t bad;
	enum cp_code code;

	if (!cpi_jit_open_dump(image, search))
		return CP_OK;
	image->jit_line =
		cpi_alloc_zero(&env->mem, image->n_ranked * sizeof *image->jit_line);
	if (!image->jit_line)
		return cpi_error_memory(err);
	code = cpi_jitdump_resolve(env, image->dump.bytes, image->dump.n, image->layer,
		image->address, image->n_addresses, image->symbol, image->jit_line, &bad,
		NULL);
	if (code == CP_ERROR_MEMORY)
		return cpi_error_memory(err);
	if (code)
		image->unreadable = image->file;
	else if (bad != CP_NO_OFFSET)
		cpi_diag_note(&env->diag, "jitdump",
			"%s: the record at byte 0x%llx is damaged", image->file.p,
			(unsigned long long)bad);
	return CP_OK;
}

static enum cp_code from_map(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	struct hunt hunt = {image, search, false, &image->list};
	size_t bad;

	if (!find_file(&hunt))
		return CP_OK;
	if (cpi_perfmap_resolve(search->env, image->list.bytes, image->list.n,
		    image->address, image->n_addresses, image->symbol, &bad, err))
		return CP_ERROR_MEMORY;
	if (bad)
		cpi_diag_note(&search->env->diag, "perf-map",
			"%s: %zu lines are of another form", image->file.p, bad);
	return CP_OK;
}

enum cp_code cpi_jit_symbols(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	bool *has = cpi_alloc_array(&search->env->mem, image->n, sizeof *has);
	enum cp_code code = CP_OK;

	if (has)
		memset(has, true, image->n);
	if (!has || !cpi_image_set_addresses(image, search->env, image->key, has))
		code = cpi_error_memory(err);
	cpi_free(&search->env->mem, has, image->n * sizeof *has);
	if (!image->pid && !image->inner)
		return code;
	if (!code)
		code = from_dump(image, search, err);
	if (!code)
		code = from_map(image, search, err);
	/* Neither says which run of which process it belongs to. */
	image->unverified = true;
	return code;
}
