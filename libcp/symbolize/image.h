/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_IMAGE_H
#define CPI_IMAGE_H

/*
 * One image: all mappings of a profile that hold the same file's (or kernel's, or
 * process's generated) code, the distinct places wanted in it, and what was found.
 */

#include <cp/symbolize.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/vec.h"
#include "object/demangle.h"
#include "object/dwarf/dwarf.h"
#include "object/elf/elf.h"
#include "object/go/go.h"
#include "object/jit/jit.h"
#include "object/symtab/symtab.h"
#include "symbolize/debuginfod.h"

/* What all images of one run share. Read only while images are worked on. */
struct cpi_search {
	struct cpi_env *env;
	const struct cp_symbolize_options *options;
	int64_t capture_time; /* seconds since the epoch; 0 = unknown */
	struct cp_text release; /* of the capture's kernel; n = 0 = unknown */
	char home[1024];        /* "" = none */
	char buildid_dir[1024 + 8];
	char cache[1024 + 32]; /* debuginfod's; only read here */
	struct cpi_debuginfod *remote; /* NULL: nothing is downloaded */
};

enum cpi_image_kind { CPI_IMAGE_FILE, CPI_IMAGE_VDSO, CPI_IMAGE_KERNEL, CPI_IMAGE_MODULE,
	CPI_IMAGE_BPF, CPI_IMAGE_JIT };

/* A file in use; elf NULL: none. */
struct cpi_object {
	struct cpi_blob blob,
		inner; /* as it lies there; unwrapped when that is compressed */
	struct cpi_elf *elf;
	struct cp_text path; /* in the image's arena, NUL after it */
	struct cp_text url;  /* where it was downloaded from; n = 0: it was here */
	bool code;           /* holds instructions */
	bool symtab, debug;  /* holds .symtab; DWARF */
};

struct cpi_frame {
	struct cp_text name, system, file; /* file: of the line */
	struct cp_text function_file;
	int64_t start_line, line, column;
};

/* Where a location stands in its image. */
struct cpi_wanted_place {
	uint64_t key; /* position in the file; run-time address for kernel and JIT */
	uint32_t location;
	uint32_t slot; /* index of the distinct key */
};

struct cpi_image {
	struct cp_text path, build_id; /* as the profile has them; id in hexadecimal */
	enum cpi_image_kind kind;
	uint32_t pid;
	/* the process's own number, where a jitdump's name tells it; 0 = none */
	uint32_t inner;
	uint32_t layer; /* of that jitdump; 0 = as the memory was last */
	cp_mapping mapping;            /* the first one */
	uint64_t start, limit, offset; /* of that */
	struct cpi_arena arena;
	CPI_VEC(struct cpi_wanted_place) place;
	/* Distinct keys, ascending; the rows below go with them. */
	size_t n;
	uint64_t *key;
	/* Where each key was linked, as far as a file was found; by rank. */
	struct cpi_ranked {
		uint64_t address;
		uint32_t slot;
	} *ranked;
	size_t n_ranked;
	uint64_t *address; /* of ranked, distinct */
	uint32_t *unique;  /* by slot: index in address[] + 1; 0 = no address */
	size_t n_addresses;
	struct cpi_symbol *symbol; /* by index in address[] */
	struct cpi_dwarf *dwarf;
	struct cpi_dwarf_result *lines; /* by index in address[] */
	struct cpi_go_result go;        /* the same, n = 0: none */
	CPI_VEC(struct cpi_frame) frame;
	struct cpi_run {
		uint32_t first, n;
	} *run; /* by slot */
	struct cpi_object main, debug;
	struct cpi_object mini; /* from .gnu_debugdata: more symbols of a stripped file */
	struct cpi_object alt;  /* what dwz moved out of several debug files */
	CPI_VEC(struct cpi_object) split; /* .dwo and .dwp files */
	struct cpi_jit_line *jit_line; /* by index in address[], or NULL */
	struct cpi_blob dump;          /* jitdump */
	struct cpi_blob list; /* kallsyms, perf map: names are borrowed from it */
	bool dropped; /* no memory: nothing here can be used */

	/* for the report */
	enum cp_symbol_status status;
	bool unverified;
	bool asked; /* debuginfod's servers */
	bool has_lines;
	uint64_t resolved;      /* keys with a frame */
	struct cp_text file;    /* where symbols came from */
	struct cp_text url;     /* where that was downloaded from */
	struct cp_text wrong;   /* a file of another build, or newer than the capture */
	struct cp_text wrong_id;
	struct cp_text wrong_debug; /* a debug file of another build */
	struct cp_text missing;     /* a part that the debug information points to */
	size_t n_missing;
	struct cp_text unreadable; /* a file that was there, and why not */
	int64_t samples, lost;
	const char *hint;
};

void cpi_image_init(struct cpi_image *image, struct cpi_env *env);
void cpi_image_release(struct cpi_image *image, struct cpi_env *env);

/* Sorts the places and makes the distinct keys. False when out of memory. */
bool cpi_image_sort(struct cpi_image *image, struct cpi_env *env);
/*
 * Takes link-time addresses by slot; has[i] false: none. Makes ranked, address and symbol
 * rows. False when out of memory.
 */
bool cpi_image_set_addresses(struct cpi_image *image, struct cpi_env *env,
	const uint64_t *address, const bool *has);

/* Symbol tables and linkage tables of the files found so far. */
enum cp_code cpi_image_symbols(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err);
/* From positions in the file to link-time addresses by main's (or debug's) segments. */
enum cp_code cpi_image_addresses(
	struct cpi_image *image, struct cpi_env *env, struct cp_error *err);
/* From what was found to frames with their names. */
enum cp_code cpi_image_frames(struct cpi_image *image, const struct cpi_search *search,
	struct cp_error *err);

/* find.c: the files of an image. Fails on memory only; the rest is the image's status. */
enum cp_code cpi_image_find(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err);
/*
 * Opens `path` as an ELF file if its build id is `expected` (hexadecimal). With an empty
 * one any file will do that is not newer than the capture, or was `given` by the user.
 * False when it is not what is wanted, or not there.
 */
bool cpi_object_open(struct cpi_image *image, const struct cpi_search *search,
	const char *path, const char *expected, bool given, struct cpi_object *object);
/* By the path it was given for, or by its own name. */
bool cpi_binary_is_named(const struct cp_binary *binary, const struct cpi_image *image);
/* The i-th directory of debug files, or NULL after the last. */
const char *cpi_search_debug_dir(const struct cpi_search *search, size_t i);
/* Lower-case hexadecimal digits, as many as fit, and a NUL. */
void cpi_search_hex(struct cp_text bytes, char *hex, size_t size);
void cpi_object_close(struct cpi_object *object, struct cpi_env *env);
/*
 * Opens the copy that debuginfod's cache holds or, when downloads are asked for and
 * `remote` is set, that a server has. As cpi_object_open.
 */
bool cpi_object_open_debuginfod(struct cpi_image *image, const struct cpi_search *search,
	enum cpi_debuginfod_kind kind, const char *id, bool remote,
	struct cpi_object *object);
/*
 * `profile` may be NULL: neither the capture's time nor its kernel is known. Fails where
 * downloads are asked for and cannot be had.
 */
enum cp_code cpi_search_init(struct cpi_search *search, struct cpi_env *env,
	const struct cp_symbolize_options *options, const struct cp_profile *profile,
	struct cp_error *err);
void cpi_search_release(struct cpi_search *search);

/* extra.c: parts that the files point to or hold inside. */
void cpi_image_open_mini(struct cpi_image *image, const struct cpi_search *search);
/* lines.c: lines and inlined functions, where there is debug information. */
enum cp_code cpi_image_lines(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err);

/* kernel_files.c: fill main or debug; false when nothing fits. */
bool cpi_image_open_vmlinux(struct cpi_image *image, const struct cpi_search *search);
bool cpi_image_open_module(struct cpi_image *image, const struct cpi_search *search);
bool cpi_image_open_own_vdso(struct cpi_image *image, const struct cpi_search *search);

/* kernel.c: all kernel, module and BPF images at once. */
enum cp_code cpi_kernel_symbols(struct cpi_image *const *image, size_t n,
	const struct cpi_search *search, struct cp_error *err);
/* jit.c */
/* Finds the process's jitdump and keeps it as the image's. False: there is none. */
bool cpi_jit_open_dump(struct cpi_image *image, const struct cpi_search *search);
enum cp_code cpi_jit_symbols(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err);

#endif
