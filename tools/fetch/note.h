/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_NOTE_H
#define FETCH_NOTE_H

/*
 * What is known of a capture besides its bytes, as a JSON object: in --json, and in a
 * file beside each capture of a folder of runs, named FILE.json:
 *
 *	{"schema": "libcp.capture", "version": 1,
 *	 "url": "http://localhost:6060/debug/pprof/profile?seconds=30&token=***",
 *	 "host": "localhost:6060", "kind": "cpu",
 *	 "file": "pprof.srv.samples.cpu.001.pb.gz", "bytes": 1234,
 *	 "started": "2026-11-30T18:00:00.123Z",
 *	 "seconds_asked": 30, "seconds_got": 30.1, "cpu_seconds": 27.4, "elapsed": 30.2,
 *	 "status": 200, "complete": true, "reason": "ok", "sentence": ""}
 *
 * What is not known is null: seconds_asked when the server was left to decide,
 * seconds_got when the profile does not say, cpu_seconds when it is of something else. No
 * credential, and of the query only values that are known to be none, are in it.
 */

#include <stdio.h>

#include "fetch/fetch.h"

/* `file` as it shall stand there; `indent` goes before each line but the first. */
void fetch_note_print(FILE *to, const struct fetch_capture *capture, const char *file,
	const char *indent);
/* Writes FILE.json beside the capture's file. False and a sentence when that fails. */
bool fetch_note_write(const struct fetch_capture *capture, char *message, size_t size);
/*
 * The same for what n (at least 1) captures were merged into: sums, the hosts with commas
 * between, null for the URL when there are several, and the captures' files as "merged".
 */
bool fetch_note_write_merged(const char *file, struct fetch_capture *const *parts,
	size_t n, char *message, size_t size);
/*
 * The text that the note beside `file` has under `name` ("host", "url"). False when there
 * is no note, or none of ours, or it does not say.
 */
bool fetch_note_read(const char *file, const char *name, char *buf, size_t size);
/* A JSON string, quotes included; bytes that are no UTF-8 as those of Latin-1. */
void fetch_note_string(FILE *to, const char *text);

#endif
