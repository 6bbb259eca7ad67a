/* SPDX-License-Identifier: Apache-2.0 */
/* What changes something, by POST. */
#include "cpweb/posts.h"

#include <string.h>
#include <time.h>

#include "cpweb/web.h"

static void say(struct post_answer *answer, int status, const char *words)
{
	answer->status = status;
	buf_str(&answer->body, "{");
	buf_member(&answer->body, "said", words);
	buf_str(&answer->body, "}\n");
}

static void try_code(struct web *web, const struct buf *body, const struct sockaddr *from,
	struct post_answer *answer)
{
	struct buf code = {0};
	struct timespec t;
	enum guard_answer said = GUARD_NO;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (body->n && request_field(body->p, body->n, "code", &code))
		said = guard_try(&web->guard, from, code.p, code.n, t.tv_sec);
	buf_release(&code);
	answer->let_in = said == GUARD_YES;
	if (said == GUARD_YES)
		say(answer, 200, "welcome");
	else if (said == GUARD_LATER)
		say(answer, 429, "that were too many tries; wait a minute");
	else
		say(answer, 403, "this is not the code");
}

/* Looks for symbols again: the file's profile is read anew when it is next shown. */
static void retry(
	struct web *web, const struct request *request, struct post_answer *answer)
{
	struct input *input = inputs_find(&web->inputs, request->value[P_FILE]);

	if (!input) {
		say(answer, 404, "no file of this name is open");
		return;
	}
	inputs_again(&web->inputs, input);
	say(answer, 200, "looked again");
}

/* A note to a run, or a view under a name; without text it is forgotten. */
static void keep(struct store *store, const struct buf *body, bool drop,
	struct post_answer *answer)
{
	struct buf name = {0}, text = {0};
	char message[300];

	if (body->n) {
		request_field(body->p, body->n, "name", &name);
		if (!drop)
			request_field(body->p, body->n, "text", &text);
	}
	if (!name.n)
		say(answer, 400, "a name is missing");
	else if (store_set(store, name.p, text.p ? text.p : "", message, sizeof message))
		say(answer, 200, text.n ? "kept" : "forgotten");
	else
		say(answer, 409, message);
	buf_release(&name);
	buf_release(&text);
}

/* Kept addresses are ours: a path of a page and what follows it. */
static bool is_address(const struct buf *body)
{
	struct buf text = {0};
	bool ok = body->n && request_field(body->p, body->n, "text", &text) && text.n &&
		  text.p[0] != '/' && !strchr(text.p, ':');

	if (!ok && text.n)
		ok = text.p[0] != '/' && strcspn(text.p, "?#") < strcspn(text.p, ":");
	buf_release(&text);
	return ok;
}

void post_answer(struct web *web, const struct request *request, const struct buf *body,
	const struct sockaddr *from, struct post_answer *answer)
{
	switch (request->page) {
	case PAGE_CODE:
		try_code(web, body, from, answer);
		return;
	case PAGE_RETRY:
		retry(web, request, answer);
		return;
	case PAGE_NOTE:
		if (web->folder)
			keep(&web->notes, body, false, answer);
		else
			say(answer, 409, "notes are kept in a folder of runs");
		return;
	case PAGE_KEEP_VIEW:
		if (is_address(body))
			keep(&web->kept, body, false, answer);
		else
			say(answer, 400, "this is no view of these pages");
		return;
	case PAGE_DROP_VIEW:
		keep(&web->kept, body, true, answer);
		return;
	case PAGE_STOP:
		capture_stop(&web->capture);
		say(answer, 200, "stopped");
		return;
	default:
		say(answer, 404, "there is nothing to change here");
	}
}
