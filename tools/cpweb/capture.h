/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_CAPTURE_H
#define CPW_CAPTURE_H

/*
 * Profiles that are taken while somebody looks: a thread of its own runs tools/fetch,
 * pages ask how far it is, and the files it leaves become inputs.
 */

#include <pthread.h>
#include <stdbool.h>

#include "common/opt.h"
#include "cpweb/buf.h"
#include "fetch/fetch.h"

struct web;

enum { CAPTURE_MOST = 64 };

struct capture {
	struct web *web;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	struct fetch *fetch;
	size_t n;
	struct capture_one {
		struct capture *of;
		struct fetch_capture *capture;
		struct fetch_progress progress;
		char shown[256];
	} one[CAPTURE_MOST];
	bool done, failed;
	bool told; /* a page has heard that it failed */
	char said[1600];
	int wake; /* eventfd: written to when it is done */
};

/* Opens the places and starts. TOOL_GO or the exit status, after saying why. */
int capture_start(struct capture *capture, struct web *web, const struct opt_list *urls,
	const struct fetch_settings *settings, const char *kind, double seconds);
/* Ends early; what came is kept. */
void capture_stop(struct capture *capture);
/* Waits for the thread. */
void capture_release(struct capture *capture);
/* True while there is nothing to show because of it. */
bool capture_waits(struct capture *capture);
/* {"ready":…,"said":…}: how far it is. */
void capture_state(struct capture *capture, struct buf *json);

#endif
