/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_STORE_H
#define CPW_STORE_H

/*
 * Short texts under names, in one file: notes to the runs of a folder, and saved views.
 * Nothing else is ever written. A line is NAME, a tab, the text; what is no letter, digit
 * or mark of an address is percent-encoded, so other programs read it easily.
 */

#include <pthread.h>
#include <stdbool.h>

#include "cpweb/buf.h"

enum { STORE_TEXT = 4096, STORE_NAME = 300, STORE_LINES = 5000 };

struct store {
	pthread_mutex_t lock;
	char *path; /* NULL: nowhere to write */
};

/* Takes the path over. */
void store_init(struct store *store, char *path);
void store_release(struct store *store);
/* The file can be written, or made. */
bool store_writable(struct store *store);
/* {"NAME":"text",…} */
void store_json(struct store *store, struct buf *json);
/* Sets, or with "" removes; false and a sentence when that fails. */
bool store_set(struct store *store, const char *name, const char *text, char *message,
	size_t size);

/* $XDG_STATE_HOME/cp/views, made with its folder when something is kept; or NULL. */
char *store_views_path(void);

#endif
