/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_PROGRESS_H
#define CPT_PROGRESS_H

/* One line on stderr that shows how far the work is, once it has taken a second. */

#include <stdbool.h>
#include <stdint.h>

struct ui;

enum progress_when { PROGRESS_AUTO, PROGRESS_ON, PROGRESS_OFF };

struct progress {
	struct ui *ui;
	bool on;
	const char *what; /* "reading" */
	int64_t started, shown; /* milliseconds, monotonic */
};

void progress_init(struct progress *progress, struct ui *ui, enum progress_when when);
/* Starts a new phase. */
void progress_start(struct progress *progress, const char *what);
/* Hand this to the context; arg is the struct progress. Never cancels. */
bool progress_update(double done, void *arg);
/* Wipes the line. */
void progress_end(struct progress *progress);

#endif
