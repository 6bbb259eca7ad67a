/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_HUNT_H
#define CPI_HUNT_H

/* One hunt: what is wanted for one image, tried at one place after the other. */

#include <limits.h>

#include "locate/locate.h"

/* Bits: what a hunt is for, and what a place may hold. */
enum cpi_want {
	CPI_WANT_MAIN = 1 << 0,  /* a file with instructions */
	CPI_WANT_DEBUG = 1 << 1, /* one that says more than main */
	CPI_WANT_VMLINUX = 1 << 2,
	CPI_WANT_MODULE = 1 << 3,
	CPI_WANT_MODULE_DEBUG = 1 << 4,
	CPI_WANT_KALLSYMS = 1 << 5,
	CPI_WANT_ALT = 1 << 6,
	CPI_WANT_SPLIT = 1 << 7,
	CPI_WANT_PACKAGE = 1 << 8,
	CPI_WANT_JITDUMP = 1 << 9,
	CPI_WANT_PERFMAP = 1 << 10,
};

struct cpi_hunt {
	const struct cpi_search *search;
	const struct cpi_sought *sought;
	struct cpi_found *found;
	enum cpi_want want;
	struct cpi_object *into; /* where an ELF file goes */
	struct cpi_build_id id; /* to look for, and to be checked */
	const struct cpi_object *own; /* the file that points to what is wanted */
	struct cp_text name;    /* of what is wanted, where something gives one */
	struct cp_text comp_dir; /* what a relative name is relative to */
	uint32_t crc;            /* of a debug link */
	bool exact;              /* no build but the wanted one, whatever is forced */
	unsigned entries;        /* of directories, looked at so far */
};

struct cpi_hunt cpi_hunt_for(const struct cpi_search *search,
	const struct cpi_sought *sought, struct cpi_found *found, enum cpi_want want);

/*
 * A file that was named in two parts: `path` is below `root`, which it does not leave. ""
 * stands for this machine.
 */
struct cpi_where {
	const char *root;
	char path[PATH_MAX];
	bool trusted; /* named by the user: links and procfs are his business */
	bool given; /* the user vouches for it where no build id does */
	bool link;  /* a debug link, whose checksum may have to vouch for it */
};

/* Tries the places of the table for what is wanted, in order. False: it is nowhere. */
bool cpi_hunt_run(struct cpi_hunt *hunt);
/* Tries one file, and keeps it where it belongs. */
bool cpi_hunt_try(struct cpi_hunt *hunt, const struct cpi_where *where);
/* …that the user named. */
bool cpi_hunt_try_given(struct cpi_hunt *hunt, const char *file);

/*
 * Opens it as an ELF file if it has the hunt's build id. Where there is none any file
 * will do that is given or not newer than the capture.
 */
bool cpi_object_open(struct cpi_hunt *hunt, const struct cpi_where *where,
	struct cpi_object *object);
void cpi_object_close(struct cpi_object *object, struct cpi_env *env);
/* In found's arena; empty when out of memory. */
struct cp_text cpi_found_keep(struct cpi_found *found, const char *text);

/* Places of the table that are more than a path. */
bool cpi_hunt_binaries(struct cpi_hunt *hunt);
bool cpi_hunt_vmlinux_option(struct cpi_hunt *hunt);
bool cpi_hunt_modules_option(struct cpi_hunt *hunt);
bool cpi_hunt_modules_symfs(struct cpi_hunt *hunt);
bool cpi_hunt_modules_here(struct cpi_hunt *hunt);
bool cpi_hunt_kallsyms_option(struct cpi_hunt *hunt);
bool cpi_hunt_kallsyms_here(struct cpi_hunt *hunt);
/* Whether this program runs on a kernel of that release. */
bool cpi_running_release_is(struct cp_text release);
bool cpi_hunt_map_dirs(struct cpi_hunt *hunt);
bool cpi_hunt_debuginfod(struct cpi_hunt *hunt);

/*
 * kernel.c: the vdso of this very process, where it is the one that was captured: the
 * same build id, or the same kernel release when the capture has none.
 */
bool cpi_locate_own_vdso(const struct cpi_search *search, const struct cpi_sought *sought,
	struct cpi_found *found);
/* parts.c: symbols that stripping took away and that lie inside the file, compressed. */
void cpi_locate_mini(const struct cpi_search *search, struct cpi_found *found);

#endif
