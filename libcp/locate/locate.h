/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_LOCATE_H
#define CPI_LOCATE_H

/*
 * Where files are. Given what a capture says of an image (its path, its build id), finds
 * the program, its debug information, the kernel's lists and what compilers of generated
 * code left, in the order of the manual, and keeps what was found, what was refused, and
 * why. Unwinding, symbolizing and reports share that.
 */

#include <cp/symbolize.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/file.h"
#include "base/vec.h"
#include "locate/build_id.h"
#include "object/elf/elf.h"

struct cpi_debuginfod;
struct cp_profile;

/* What all images of one run share. Read only while images are worked on. */
struct cpi_search {
	struct cpi_env *env;
	const struct cp_symbolize_options *options;
	int64_t capture_time; /* seconds since the epoch; 0 = unknown */
	struct cp_text release; /* of the capture's kernel; n = 0 = unknown */
	bool by_perf; /* the paths are a kernel's, and where they lead may be looked at */
	char buildid_dir[1024 + 8]; /* "" = none */
	char cache[1024 + 32]; /* debuginfod's; only read here */
	struct cpi_debuginfod *remote; /* NULL: nothing is downloaded */
};

/*
 * `profile` may be NULL while a capture of perf's is read: neither its time nor its kernel
 * is known yet. Fails where downloads are asked for and cannot be had.
 */
enum cp_code cpi_search_init(struct cpi_search *search, struct cpi_env *env,
	const struct cp_symbolize_options *options, const struct cp_profile *profile,
	struct cp_error *err);
void cpi_search_release(struct cpi_search *search);

enum cpi_image_kind { CPI_IMAGE_FILE, CPI_IMAGE_VDSO, CPI_IMAGE_KERNEL, CPI_IMAGE_MODULE,
	CPI_IMAGE_BPF, CPI_IMAGE_JIT };

/* What files are looked for; its texts are borrowed. */
struct cpi_sought {
	struct cp_text path, build_id; /* as the profile has them */
	enum cpi_image_kind kind;
	bool guest;   /* of a virtual machine's kernel */
	uint32_t pid; /* of generated code, and of a guest's machine; else 0 */
	uint64_t offset; /* of a mapping: which program of an archive (locate/archive.h) */
	/* the process's own number, where a jitdump's name tells it; 0 = none */
	uint32_t inner;
};

/* A file in use; elf NULL: none. */
struct cpi_object {
	struct cpi_blob blob,
		inner; /* as it lies there; unwrapped when that is compressed */
	struct cpi_elf *elf;
	const char *root;    /* the directory that it was found below; "" = none */
	struct cp_text path; /* root included; NUL after it */
	struct cp_text url;  /* where it was downloaded from; n = 0: it was here */
	bool code;           /* holds instructions */
	bool symtab, debug;  /* holds .symtab; DWARF */
};

/* What was found for one image; texts live in the arena. */
struct cpi_found {
	struct cpi_arena arena;
	struct cpi_object main, debug;
	struct cpi_object mini; /* from .gnu_debugdata: more symbols of a stripped file */
	struct cpi_object alt;  /* what dwz moved out of several debug files */
	CPI_VEC(struct cpi_object) split; /* .dwo and .dwp files */
	struct cpi_blob dump;             /* jitdump */
	struct cpi_blob list;             /* kallsyms, perf map */
	struct cp_text list_path;         /* of kallsyms */
	struct cp_text file;              /* where symbols came from */
	struct cp_text url;               /* where that was downloaded from */
	bool unverified;                  /* nothing vouches for it */
	bool given;                       /* the user named it, or the folder it is in */

	/* What was refused. */
	struct cp_text wrong; /* a file of another build, or newer than the capture */
	bool undated;         /* neither: nothing says that it is the captured one */
	struct cp_text wrong_id;
	struct cp_text wrong_debug; /* a debug file of another build */
	struct cp_text missing;     /* a part that the debug information points to */
	size_t n_missing;
	struct cp_text unreadable; /* a file that was there, and why it was not read */
	const char *why;
	bool asked;                /* debuginfod's servers */
	bool dropped;              /* no memory: nothing here can be used */
};

void cpi_found_init(struct cpi_found *found, struct cpi_env *env);
void cpi_found_release(struct cpi_found *found, struct cpi_env *env);

/*
 * The program or library and, where that lacks what is wanted, its debug file: main,
 * debug and mini. Fails on memory only.
 */
enum cp_code cpi_locate_file(const struct cpi_search *search,
	const struct cpi_sought *sought, struct cpi_found *found, struct cp_error *err);

/* False when nothing fits: vmlinux is found->debug, a module main or debug or both. */
bool cpi_locate_vmlinux(const struct cpi_search *search, const struct cpi_sought *sought,
	struct cpi_found *found);
bool cpi_locate_module(const struct cpi_search *search, const struct cpi_sought *sought,
	struct cpi_found *found);
/*
 * Fills found->list with the captured kernel's kallsyms. *ret_verified says whether a
 * build id vouches for it.
 */
bool cpi_locate_kallsyms(const struct cpi_search *search, const struct cpi_sought *kernel,
	struct cpi_found *found, bool *ret_verified);

/* The user's copy of the guest's /proc/modules; to be released. */
bool cpi_locate_guest_modules(const struct cpi_search *search, struct cpi_blob *ret_blob);

/* Fill found->dump and found->list; found->file is the one found last. */
bool cpi_locate_jitdump(const struct cpi_search *search, const struct cpi_sought *sought,
	struct cpi_found *found);
bool cpi_locate_perfmap(const struct cpi_search *search, const struct cpi_sought *sought,
	struct cpi_found *found);

/*
 * Parts of an image's debug information that lie in other files: what dwz moved out
 * (found->alt), a .dwo file by the names that its unit gives, the .dwp package. `from` is
 * the object that points to them. NULL: there is none, which is noted.
 */
void cpi_locate_alt(const struct cpi_search *search, const struct cpi_sought *sought,
	struct cpi_found *found, const struct cpi_object *from);
struct cpi_elf *cpi_locate_split(const struct cpi_search *search,
	const struct cpi_sought *sought, struct cpi_found *found,
	const struct cpi_object *from, struct cp_text comp_dir, struct cp_text name);
struct cpi_elf *cpi_locate_package(const struct cpi_search *search,
	const struct cpi_sought *sought, struct cpi_found *found);

/* By the path it was given for, or by its own name. */
bool cpi_binary_is_named(const struct cp_binary *binary, const struct cpi_sought *sought);
/* The id of a file that the user gave; empty when it has none or is no ELF file. */
struct cpi_build_id cpi_locate_build_id_of(
	const struct cpi_search *search, const char *file);

#endif
