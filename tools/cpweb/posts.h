/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_POSTS_H
#define CPW_POSTS_H

/* What changes something: the code, notes, saved views, another look for symbols. */

#include "cpweb/request.h"

struct sockaddr;
struct web;

struct post_answer {
	int status;
	struct buf body; /* JSON */
	bool let_in;     /* give the cookie */
};

/* The request was looked at (same origin, token) already. */
void post_answer(struct web *web, const struct request *request, const struct buf *body,
	const struct sockaddr *from, struct post_answer *answer);

#endif
