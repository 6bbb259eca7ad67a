/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_PAGE_H
#define CPW_PAGE_H

/* The frame that all pages have, and which function makes which page. */

#include "cpweb/views.h"

/* Files embedded at build time, see assets/embed.py. */
struct asset {
	const char *bytes;
	size_t n;
	const char *hash; /* "sha256-…" */
};
extern const struct asset asset_app, asset_door, asset_wait, asset_style;

view_fn *page_function(enum page page);

/* The content security policy of every answer; constant after page_policy_init. */
void page_policy_init(struct buf *policy);

/*
 * A page: head and styles, then `main` (HTML, may be NULL), the description that the
 * script reads (JSON), and the script.
 */
void page_begin(struct buf *buf, const char *title);
void page_end(struct buf *buf, const char *config, const struct asset *script);

/* A page of one sentence. */
void page_sentence(struct buf *buf, int status, const char *sentence, const char *hint);
/* The page that shows how far captures are, until there is something else. */
void page_wait(struct buf *buf);
/* The page that asks for the code; names nothing of what is shown. */
void page_door(struct buf *buf);

#endif
