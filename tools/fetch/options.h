/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_OPTIONS_H
#define FETCH_OPTIONS_H

/* The options of whoever fetches: cpget, and cpweb when it is given a URL. */

#include "common/main.h"
#include "fetch/fetch.h"

struct fetch_options {
	struct opt_list kinds, headers;
	double seconds, timeout;
	const char *wait; /* NULL: not given; "": as long as is usual */
	const char *bearer_file, *user, *password_file, *proxy;
	const char *tls_cert, *tls_key, *tls_ca;
	bool insecure, location_trusted;
	uint64_t max_size;
	/* Made of them by fetch_options_get. */
	struct opt_list lines;
	char *bearer, *password;
	char **files;
	size_t n_files;
};

extern const struct opt fetch_rows[];
#define OPT_GROUP_FETCH(OPTIONS)                                                         \
	{                                                                                \
		"Fetching", fetch_rows, (OPTIONS)                                        \
	}

/*
 * Checks the kinds and makes a list of different ones of them: "cpu, heap" is two, and
 * "cpu,profile" one, for two of a kind are in each other's way. TOOL_GO or the exit
 * status.
 */
int fetch_options_kinds(struct tool *tool, struct fetch_options *options);
/*
 * Fills *ret, which borrows from `options` until fetch_options_release; reads the files
 * that are named, and asks for a password on the terminal. TOOL_GO or the exit status.
 */
int fetch_options_get(
	struct tool *tool, struct fetch_options *options, struct fetch_settings *ret);
void fetch_options_release(struct fetch_options *options);

/*
 * The operand is meant for a network and not for a file: http://…, unix:/SOCKET, and
 * where there is no file of that name host:port and host/debug/pprof/….
 */
bool fetch_is_url(const char *operand);

#endif
