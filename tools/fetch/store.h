/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_STORE_H
#define FETCH_STORE_H

/*
 * Where an answer's bytes are, from the first one on. Each step leaves them under a name:
 *
 *	cpget.HOST.KIND.XXXXXXXX.part    while they come
 *	cpget.HOST.KIND.001.partial      when they break off (FILE.partial with -o FILE)
 *	cpget.HOST.KIND.001.answer       whole and synced, not looked at (FILE with -o
 *FILE) pprof.BINARY.samples.cpu.001.pb.gz
 *
 * A name that exists is never taken, but for FILE; and that is replaced by a profile
 *only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fetch_store {
	char *dir;  /* with a slash at its end */
	char *stem; /* "cpget.localhost-6060.profile" */
	char *file; /* the name that was asked for, or NULL */
	char *path; /* where the bytes are; NULL: nowhere */
	int fd;     /* -1: closed */
	int error;  /* errno of the first failure */
	uint64_t bytes;
};

/*
 * Opens the temporary file. `file` and `dir` as in struct fetch_request. False and a
 * sentence when no place can be had.
 */
bool fetch_store_open(struct fetch_store *store, const char *file, const char *dir,
	const char *host, const char *kind, char *message, size_t size);
/* False when it fails; store->error says why. */
bool fetch_store_write(struct fetch_store *store, const void *bytes, size_t n);
/* Throws away what was written, for another attempt. */
bool fetch_store_rewind(struct fetch_store *store);
/*
 * Syncs, closes, renames and syncs the folder. Without a byte nothing remains, unless
 * `complete`. False when it fails; the bytes are then still at store->path, if that is
 * not NULL.
 */
bool fetch_store_finish(struct fetch_store *store, bool complete);
/* Removes the file; for answers that are no captures. */
void fetch_store_drop(struct fetch_store *store);
/*
 * Gives the file the first free name PREFIX001SUFFIX to PREFIX9999SUFFIX in its folder,
 * or the name asked for. False when it fails; it stays where it is then.
 */
bool fetch_store_name(struct fetch_store *store, const char *prefix, const char *suffix);
/* Brings the folder to disk, too, so that the file's name survives a power cut. */
void fetch_store_settle(const struct fetch_store *store);
/* The folder, or the file asked for, as it is told to people. */
char *fetch_store_place(const struct fetch_store *store, char *buf, size_t size);
/* What helps against a failure: "; make room there, …"; "" when nothing is known to. */
const char *fetch_store_advice(int error);
void fetch_store_release(struct fetch_store *store);

/*
 * Moves `from` to DIR PREFIX NNN SUFFIX, the first that is free; the new name, which the
 * caller frees, or NULL and errno.
 */
char *fetch_store_move(
	const char *from, const char *dir, const char *prefix, const char *suffix);
/* A part of a name: what may trouble a shell or a terminal becomes '_'. At most n bytes.
 */
char *fetch_store_word(const char *text, size_t n);

#endif
