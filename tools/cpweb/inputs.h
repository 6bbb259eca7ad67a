/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_INPUTS_H
#define CPW_INPUTS_H

/*
 * The files that are shown, and the profiles read from them. A file may change, vanish,
 * or be half written while it is looked at: each look compares its stamp, a new
 * generation is read anew, and one that cannot be read leaves the last good one on the
 * pages, with a word about it.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include <cp/read.h>
#include <cp/symbolize.h>

#include "cpweb/buf.h"

struct web;

/* What tells that a file is another one than before. */
struct stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};

struct input {
	char *path; /* "-": standard input */
	char *name; /* in addresses and on pages; no two inputs share one */
	struct stamp stamp;
	unsigned generation; /* grows when the file changes or symbols are looked for
				again */
	bool gone;           /* not there at the last look */
	bool program;        /* an ELF file of the folder: no run */
};

/* A profile in memory. Shared by the views that use it; the last one to go frees it. */
struct loaded {
	struct loaded *next;
	char *path, *time; /* time: which part of the capture, "": all */
	unsigned generation;
	unsigned users;
	bool busy;     /* being read */
	uint64_t used; /* when last, by counting */
	uint64_t bytes;

	struct cp_context *context;
	struct cp_profile *profile;
	char format[32];
	struct buf remarks; /* JSON strings, each with a comma before it */
	enum cp_code code;
	struct cp_error error;
};

struct inputs {
	struct web *web;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct input **v; /* pointers stay when the list grows */
	size_t n, cap;
	struct loaded *loaded;
	uint64_t clock;
	unsigned listing; /* grows when the list does */
};

void inputs_init(struct inputs *inputs, struct web *web);
void inputs_release(struct inputs *inputs);
/* Adds a file under a name of its own; false when out of memory. */
bool inputs_add(struct inputs *inputs, const char *path);
/* By name, NULL: the first. NULL when there is none. */
struct input *inputs_find(struct inputs *inputs, const char *name);
/* Looks whether the file is another one now; returns its generation. */
unsigned inputs_look(struct inputs *inputs, struct input *input);
/* Everything of this input is read anew when it is next asked for. */
void inputs_again(struct inputs *inputs, struct input *input);

/*
 * The input's profile, read by the first who asks while the others wait. With `time` only
 * that part of the capture. NULL: why is in err. `stale` says that it is an older one,
 * since the file as it is now cannot be read. Give it back with inputs_put.
 */
struct loaded *inputs_get(struct inputs *inputs, struct input *input, const char *time,
	bool *ret_stale, struct cp_error *err);
void inputs_put(struct inputs *inputs, struct loaded *loaded);

/* A context for one job: diagnostics go to `remarks` (may be NULL). */
struct cp_context *inputs_context(struct web *web, struct buf *remarks);

/*
 * Makes a mapped file that shrinks while it is read read as zeros from there on instead
 * of ending the process.
 */
void inputs_survive_truncation(void);

/* "FROM,TO" in seconds, or N%,M% of the capture; false when it is none. */
bool inputs_time(const char *text, struct cp_time_span *ret_span);

#endif
