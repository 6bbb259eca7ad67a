/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_SYMBOLIZE_H
#define CP_SYMBOLIZE_H

/* From addresses to functions and lines. */

#include <cp/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cp_demangle {
	CP_DEMANGLE_TEMPLATES, /* the default: parameters dropped, template arguments kept */
	CP_DEMANGLE_NONE,
	CP_DEMANGLE_FULL,
	CP_DEMANGLE_SIMPLE /* template arguments dropped, too */
};

struct cp_symbol_report;

/* A file given by the user; path NULL: for the image whose build id or name fits. */
struct cp_binary {
	const char *path; /* as the profile names it, or NULL */
	const char *file;
};

/* Where to look for symbols. Zero-initialise; lists may be empty. */
struct cp_symbolize_options {
	size_t size; /* sizeof(struct cp_symbolize_options) */
	const struct cp_binary *binaries;
	size_t n_binaries;
	const char *symfs;             /* root that paths of the capture are relative to */
	const char *const *debug_dirs; /* looked at before /usr/lib/debug */
	size_t n_debug_dirs;
	const char *buildid_dir; /* NULL: ~/.debug */
	const char *kallsyms;    /* a copy of the captured kernel's /proc/kallsyms */
	const char *vmlinux;
	const char *modules; /* root of the kernel's modules */
	/*
	 * Where perf-PID.map and jit-PID.dump are, before /tmp: "DIR", or for one process of the
	 * capture "PID=DIR" or "PID=FILE", whatever number is in the file's name.
	 */
	const char *const *map_dirs;
	size_t n_map_dirs;
	enum cp_demangle demangle;
	bool no_inlines;     /* functions from symbol tables only, no DWARF */
	bool force_build_id; /* use files whose build id differs */
	bool resymbolize;    /* replace symbols the profile already has */
	bool perf_compat;    /* names as perf prints them */
	/*
	 * Where cp_profile_read puts the report of its symbolization, which the caller
	 * frees; NULL: it is dropped. Left alone when nothing was symbolized.
	 */
	struct cp_symbol_report **ret_report;
	/*
	 * Download what is not here from the servers that the variable DEBUGINFOD_URLS names,
	 * last of all, through elfutils' libdebuginfod into its cache. Without it the library
	 * opens no connection, and writes nothing.
	 */
	bool debuginfod;
	/*
	 * A perf.data directory, whose kcore_dir/kallsyms names the kernel; NULL:
	 * cp_profile_read takes its input's.
	 */
	const char *capture_dir;
	/*
	 * With force_build_id: for the image of this path or name only. Without it, only
	 * files given as `binaries` are used so, if there are any, else all.
	 */
	const char *force_path;
	/*
	 * Of the kernel of a virtual machine that the capture looked into: its list of
	 * symbols, its vmlinux, and its modules: a directory as `modules`, or a copy of
	 * its /proc/modules, by which a list of another boot is noticed.
	 */
	const char *guest_kallsyms, *guest_vmlinux, *guest_modules;
};

/* Why an image's addresses stayed without a name. */
enum cp_symbol_status {
	CP_SYMBOLS_LINES,     /* functions and lines */
	CP_SYMBOLS_FUNCTIONS, /* a symbol table only */
	CP_SYMBOLS_NO_FILE,
	CP_SYMBOLS_NO_SYMBOLS, /* file found, stripped */
	CP_SYMBOLS_WRONG_ID,   /* a file was there, of another build */
	CP_SYMBOLS_UNREADABLE, /* a file was there, damaged or forbidden */
	CP_SYMBOLS_NOT_A_FILE, /* [heap], anonymous memory, … without a map file */
	/*
	 * A file was there, but the profile has neither a build id nor a time by which it
	 * could be the captured one; it is used when it is given.
	 */
	CP_SYMBOLS_UNVOUCHED
};

/* Why names that were used may be of another build, where no build id could be compared. */
enum cp_symbol_doubt {
	CP_DOUBT_NONE,
	CP_DOUBT_GIVEN,      /* the user named the file or its folder */
	CP_DOUBT_UNRECORDED, /* the file has a build id, the profile has none of this image */
	CP_DOUBT_NO_ID,      /* the file has none */
	CP_DOUBT_RUN         /* lists of generated code do not say which run they are of */
};

/* One image of a profile and how its addresses fared, for --symbols-report and cpinfo. */
struct cp_symbol_image {
	cp_mapping mapping; /* the first one of this image */
	enum cp_symbol_status status;
	bool unverified;     /* no build id to check */
	int64_t samples;     /* samples with a frame here */
	uint64_t addresses;  /* distinct ones */
	uint64_t resolved;   /* of them with a function */
	const char *file;    /* where symbols came from; NULL when nowhere */
	const char *hint;    /* what would help, one sentence; NULL when all is well */
	const char *url;     /* where `file` was downloaded from just now; NULL: nowhere */
	enum cp_symbol_doubt doubt; /* CP_DOUBT_NONE where not `unverified` */
	const char *doubt_text;     /* the same as a sentence; NULL with CP_DOUBT_NONE */
};

/* Images by samples lost, largest first. Owned by the report. */
struct cp_symbol_report;
size_t cp_symbol_report_count(const struct cp_symbol_report *report);
const struct cp_symbol_image *cp_symbol_report_image(
	const struct cp_symbol_report *report, size_t i);
void cp_symbol_report_free(struct cp_symbol_report *report);

/*
 * A new profile: this one with functions and lines. Images that cannot be resolved are no
 * failure: they are in the report, which the caller frees. `ret_report` may be NULL;
 * options->ret_report is not looked at here.
 */
enum cp_code cp_profile_symbolize(struct cp_context *context,
	const struct cp_profile *profile, const struct cp_symbolize_options *options,
	struct cp_profile **ret_profile, struct cp_symbol_report **ret_report,
	struct cp_error *err);

#ifdef __cplusplus
}
#endif
#endif
