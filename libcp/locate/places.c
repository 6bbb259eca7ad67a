/* SPDX-License-Identifier: Apache-2.0 */
/* The table of places where files may be, and the hunt through it. */
#include <stdio.h>

#include "locate/archive.h"
#include "locate/hunt.h"

enum root {
	HERE,   /* this machine */
	SYMFS,  /* the capture's file system */
	CACHE,  /* perf's build-id cache */
	DEBUG,  /* each of the user's directories of debug files */
	CLIENT, /* debuginfod's cache */
	MAPS,   /* each directory of the user for generated code */
	CAPTURE, /* the input, where that is a directory */
	BESIDE, /* where the file is that points to another */
};

enum {
	GIVEN = 1, /* the user vouches for it */
	BY_ID = 2, /* only if a build id can be checked */
	/* With --symfs this machine's own file counts only if its build id proves it. */
	BY_ID_OR_HOME = 4,
	HOME = 8,  /* only without --symfs */
	LINK = 16, /* the checksum vouches for it where no build id does */
	HOST = 32, /* not for a guest's kernel */
	NAMED = 64, /* a file that the user named; what lies in his folders is, too */
};

/*
 * In templates:
 * %i build id as directory and rest "ab/cdef…", %I the same in one piece
 * %p the image's path, %d its directory, %r the kernel's release
 * %f the file that points to another, %o its directory with a slash
 * %n name that was pointed to, %N the same where it is absolute, %R where it is not,
 * %b its last part, %c directory that it is relative to
 * %P process, for a guest's kernel that of its machine, %Q the process's own number
 * A place whose template names what this hunt does not have is passed over.
 */
struct place {
	unsigned want;
	enum root root;
	const char *path;
	unsigned flags;
	bool (*fn)(struct cpi_hunt *hunt); /* instead of a path */
};

#define MAIN CPI_WANT_MAIN
#define DBG CPI_WANT_DEBUG
#define LINUX CPI_WANT_VMLINUX
#define KO CPI_WANT_MODULE
#define KO_DBG CPI_WANT_MODULE_DEBUG
#define SYMS CPI_WANT_KALLSYMS
#define ALT CPI_WANT_ALT
#define DWO CPI_WANT_SPLIT
#define DWP CPI_WANT_PACKAGE
#define DUMP CPI_WANT_JITDUMP
#define MAP CPI_WANT_PERFMAP

/* In the order of the manual. */
static const struct place places[] = {
	/* What the user gave. */
	{MAIN | DBG, .fn = cpi_hunt_binaries, .flags = NAMED},
	{LINUX, .fn = cpi_hunt_vmlinux_option, .flags = NAMED},
	{KO, .fn = cpi_hunt_modules_option, .flags = NAMED},
	{SYMS, .fn = cpi_hunt_kallsyms_option, .flags = NAMED},
	{SYMS, CAPTURE, "/kcore_dir/kallsyms", HOST},
	{SYMS, CAPTURE, "/kcore_dir__%P/kallsyms"},
	{DUMP | MAP, .fn = cpi_hunt_map_dirs, .flags = NAMED},
	{DUMP, MAPS, "/jit-%P.dump"},
	{DUMP, MAPS, "/jit-%Q.dump"},
	{MAP, MAPS, "/perf-%P.map"},
	{MAP, MAPS, "/perf-%Q.map"},

	/* The capture's file system. */
	{MAIN | DBG | KO, SYMFS, "%p", GIVEN},
	{DBG, SYMFS, "/usr/lib/debug/.build-id/%i.debug", GIVEN},
	{ALT, SYMFS, "/usr/lib/debug/.build-id/%i.debug"},
	{ALT, SYMFS, "%N"},
	{DWO, SYMFS, "/%c/%R", GIVEN},
	{DWO, SYMFS, "%N", GIVEN},
	{DWP, SYMFS, "%p.dwp", GIVEN},
	{DUMP, SYMFS, "%p"},
	{DUMP, SYMFS, "/tmp/jit-%P.dump"},
	{DUMP, SYMFS, "/tmp/jit-%Q.dump"},
	{MAP, SYMFS, "/tmp/perf-%P.map"},
	{MAP, SYMFS, "/tmp/perf-%Q.map"},

	/* The build-id cache; the path alone is the layout before perf 4.12. */
	{LINUX, HERE, "%p", BY_ID},
	{MAIN | LINUX | KO_DBG, CACHE, "/.build-id/%i/elf"},
	{DBG | LINUX | KO_DBG, CACHE, "/.build-id/%i/debug"},
	{DBG, CACHE, "/.build-id/%i/elf"},
	{MAIN | DBG | LINUX | KO_DBG, CACHE, "/.build-id/%i"},
	{MAIN, CACHE, "/.build-id/%i/vdso"},
	{SYMS, CACHE, "/.build-id/%i/kallsyms"},

	/* Debug files by build id. */
	{MAIN, DEBUG, "/.build-id/%i"},
	{MAIN, HERE, "/usr/lib/debug/.build-id/%i"},
	{DBG | LINUX | KO_DBG | ALT, DEBUG, "/.build-id/%i.debug"},
	{DBG | LINUX | KO_DBG | ALT, HERE, "/usr/lib/debug/.build-id/%i.debug"},

	/* This machine, by name. */
	{MAIN | DBG, HERE, "%p", BY_ID_OR_HOME},
	{KO, HERE, "%p", BY_ID},
	{KO, .fn = cpi_hunt_modules_symfs, .flags = HOST | NAMED},
	{KO, .fn = cpi_hunt_modules_here, .flags = BY_ID | HOST},
	{SYMS, .fn = cpi_hunt_kallsyms_here, .flags = HOST},
	{DUMP, HERE, "%p", HOME},
	/* The inner number in this machine's own /tmp would be another process's. */
	{DUMP, HERE, "/tmp/jit-%P.dump", HOME},
	{DUMP, HERE, "jit-%P.dump", HOME},
	{MAP, HERE, "/tmp/perf-%P.map", HOME},

	/* Debug links; perf record keeps a copy of a file, which has no neighbours. */
	{DBG, BESIDE, "%o%n", LINK},
	{DBG, BESIDE, "%o.debug/%n", LINK},
	{DBG, SYMFS, "%d/%n", LINK},
	{DBG, SYMFS, "%d/.debug/%n", LINK},
	{DBG, HERE, "%d/%n", LINK | HOME},
	{DBG, HERE, "%d/.debug/%n", LINK | HOME},
	{DBG, DEBUG, "%d/%n", LINK},
	{DBG, HERE, "/usr/lib/debug%d/%n", LINK},
	{DBG, SYMFS, "/usr/lib/debug%d/%n", LINK},

	/* What debug information points to, by the compiler's or dwz's name for it. */
	{ALT, HERE, "%N"},
	{ALT, BESIDE, "%o%R"},
	{DWO, HERE, "%c/%R", GIVEN},
	{DWO, HERE, "%N", GIVEN},
	{DWO, BESIDE, "%o%R", GIVEN},
	{DWO, BESIDE, "%o%b", GIVEN},
	{DWP, BESIDE, "%f.dwp", GIVEN},

	/* debuginfod's cache, then the kernel's files by release, then its servers. */
	{MAIN, CLIENT, "/%I/executable"},
	{DBG | LINUX | KO_DBG | ALT, CLIENT, "/%I/debuginfo"},
	{LINUX, SYMFS, "/usr/lib/debug/boot/vmlinux-%r", BY_ID},
	{LINUX, SYMFS, "/usr/lib/debug/lib/modules/%r/vmlinux", BY_ID},
	{LINUX, SYMFS, "/boot/vmlinux-%r", BY_ID},
	{LINUX, SYMFS, "/lib/modules/%r/build/vmlinux", BY_ID},
	{LINUX, SYMFS, "/lib/modules/%r/vmlinux", BY_ID},
	{LINUX, HERE, "/usr/lib/debug/boot/vmlinux-%r", BY_ID},
	{LINUX, HERE, "/usr/lib/debug/lib/modules/%r/vmlinux", BY_ID},
	{LINUX, HERE, "/boot/vmlinux-%r", BY_ID},
	{LINUX, HERE, "/lib/modules/%r/build/vmlinux", BY_ID},
	{LINUX, HERE, "/lib/modules/%r/vmlinux", BY_ID},
	{MAIN | DBG | LINUX | KO_DBG | ALT, .fn = cpi_hunt_debuginfod, .flags = BY_ID},
};

static const struct cp_text nothing = {NULL, 0};

static struct cp_text unless_empty(struct cp_text text)
{
	return text.n && !memchr(text.p, 0, text.n) ? text : nothing;
}

static struct cp_text directory(struct cp_text path)
{
	return (struct cp_text){path.p, (size_t)(cpi_text_basename(path).p - path.p)};
}

/* The image's path without what the kernel appends, if it is a path. */
static struct cp_text plain_path(const struct cpi_sought *sought)
{
	struct cp_text path = cpi_archive_file(sought->path);
	const struct cp_text deleted = CPI_TEXT(" (deleted)");

	if (cpi_text_ends(path, deleted))
		path.n -= deleted.n;
	/* Generated code has the path of its dump. */
	if (sought->kind == CPI_IMAGE_JIT && !sought->inner)
		return nothing;
	return path.n && path.p[0] == '/' ? unless_empty(path) : nothing;
}

struct part {
	char buf[2 * 64 + 8];
};

static struct cp_text number(struct part *part, uint32_t x)
{
	snprintf(part->buf, sizeof part->buf, "%u", x);
	return x ? cpi_text(part->buf) : nothing;
}

static struct cp_text id_path(struct part *part, const struct cpi_build_id *id)
{
	if (strlen(id->hex) < 3)
		return nothing;
	snprintf(part->buf, sizeof part->buf, "%.2s/%s", id->hex, id->hex + 2);
	return cpi_text(part->buf);
}

/* Below its root. */
static struct cp_text own_path(const struct cpi_hunt *hunt)
{
	struct cp_text path = hunt->own ? hunt->own->path : nothing;
	size_t root = path.n ? strlen(hunt->own->root) : 0;

	return path.n ? (struct cp_text){path.p + root, path.n - root} : nothing;
}

static struct cp_text value_of(
	const struct cpi_hunt *hunt, char letter, struct part *part)
{
	struct cp_text path = plain_path(hunt->sought), name = unless_empty(hunt->name);
	bool absolute = name.n && name.p[0] == '/';

	switch (letter) {
	case 'i':
		return id_path(part, &hunt->id);
	case 'I':
		return unless_empty(cpi_text(hunt->id.hex));
	case 'p':
		return path;
	case 'd':
		path = directory(path);
		return path.n ? (struct cp_text){path.p, path.n - 1} : nothing;
	case 'r':
		return memchr(hunt->search->release.p, '/', hunt->search->release.n)
			       ? nothing
			       : unless_empty(hunt->search->release);
	case 'o':
		return own_path(hunt).n ? directory(own_path(hunt)) : nothing;
	case 'f':
		return unless_empty(own_path(hunt));
	case 'c':
		return unless_empty(hunt->comp_dir);
	case 'n':
		return name;
	case 'N':
		return absolute ? name : nothing;
	case 'R':
		return absolute ? nothing : name;
	case 'b':
		return unless_empty(cpi_text_basename(name));
	case 'P':
		return number(part, hunt->sought->pid);
	case 'Q':
		return number(part, hunt->sought->inner);
	}
	return nothing;
}

static bool add(struct cpi_where *where, size_t *n, struct cp_text text)
{
	if (!text.p || text.n >= sizeof where->path - *n)
		return false;
	memcpy(where->path + *n, text.p, text.n);
	*n += text.n;
	where->path[*n] = 0;
	return true;
}

/* False when the template names what this hunt does not have. */
static bool expand(
	const struct cpi_hunt *hunt, const char *template, struct cpi_where *where)
{
	size_t n = 0;
	bool fine = true;

	for (const char *t = template; *t && fine; t++) {
		struct part part;

		if (*t == '%')
			fine = add(where, &n, value_of(hunt, *++t, &part));
		else
			fine = add(where, &n, (struct cp_text){t, 1});
	}
	return fine;
}

/* The i-th directory that stands for a root, or NULL. */
static const char *root_dir(const struct cpi_hunt *hunt, enum root root, size_t i)
{
	const struct cpi_search *search = hunt->search;
	const struct cp_symbolize_options *o = search->options;

	switch (root) {
	case HERE:
		return i ? NULL : "";
	case SYMFS:
		return i ? NULL : o->symfs;
	case CACHE:
		return i || !*search->buildid_dir ? NULL : search->buildid_dir;
	case CLIENT:
		return i || !*search->cache ? NULL : search->cache;
	case DEBUG:
		return i < o->n_debug_dirs ? o->debug_dirs[i] : NULL;
	case MAPS:
		return i < o->n_map_dirs ? o->map_dirs[i] : NULL;
	case CAPTURE:
		return i ? NULL : o->capture_dir;
	case BESIDE:
		return i || !hunt->own ? NULL : hunt->own->root;
	}
	return NULL;
}

static bool allowed(const struct cpi_hunt *hunt, unsigned flags)
{
	bool id = cpi_build_id_any(&hunt->id), symfs = hunt->search->options->symfs;

	if ((flags & BY_ID && !id) || (flags & HOME && symfs) ||
		(flags & HOST && hunt->sought->guest))
		return false;
	return !(flags & BY_ID_OR_HOME) || id || !symfs;
}

static bool try_place(struct cpi_hunt *hunt, const struct place *place)
{
	struct cpi_where where = {
		.given = place->flags & GIVEN, .link = place->flags & LINK};

	if (!allowed(hunt, place->flags))
		return false;
	if (place->fn)
		return place->fn(hunt);
	if (!expand(hunt, place->path, &where))
		return false;
	for (size_t i = 0; (where.root = root_dir(hunt, place->root, i)); i++)
		if (cpi_hunt_try(hunt, &where))
			return true;
	return false;
}

static bool is_users(const struct place *place)
{
	return place->flags & NAMED || (!place->fn && (place->root == SYMFS ||
		place->root == DEBUG || place->root == MAPS));
}

/* What names came from: other files only add to it. */
static const unsigned main_files = MAIN | LINUX | KO | SYMS | DUMP | MAP;

bool cpi_hunt_run(struct cpi_hunt *hunt)
{
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (!(places[i].want & hunt->want) || !try_place(hunt, &places[i]))
			continue;
		if (hunt->want & main_files)
			hunt->found->given = is_users(&places[i]);
		return true;
	}
	return false;
}
