/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_WEB_H
#define CPW_WEB_H

/*
 * The server's parts.
 *
 *	cpweb.c    options, and what happens in which order
 *	listen.c   the port
 *	capture.c  profiles that are being taken
 *	folder.c   a folder of runs
 *	store.c    notes and kept views, all that is ever written
 *	server.c   connections: libmicrohttpd's side, limits, headers
 *	request.c  what is asked, and whether it may be
 *	posts.c    what changes something
 *	guard.c    the token and the code
 *	inputs.c   files and the profiles read from them
 *	views.c    one computation for each view, kept and shared
 *	page.c     the frame that all pages have
 *	view_*.c   what stands in it
 *	assets/    the script and styles
 */

#include <pthread.h>
#include <stdatomic.h>

#include "common/main.h"
#include "cpweb/capture.h"
#include "cpweb/guard.h"
#include "cpweb/inputs.h"
#include "cpweb/listen.h"
#include "cpweb/request.h"
#include "cpweb/store.h"
#include "cpweb/views.h"

struct server;

struct web {
	struct tool *tool;
	const struct cp_read_options *read;
	const struct cp_symbolize_options *symbolize;
	bool use_symbols;
	struct opt_list allowed;             /* names in Host */
	const char *source_path, *trim_path; /* as cpreport has them; NULL: none */
	const char *folder;                  /* the folder of runs; NULL: single files */

	struct guard guard;
	struct listener listener;
	struct inputs inputs;
	struct views views;
	struct capture capture;
	struct store notes, kept;
	struct buf start; /* the address that / leads to */
	struct server *server;
	atomic_bool ending;
};

#endif
