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
static void retry(struct web *web, const struct request *request,
	struct post_answer *answer)
{
	struct input *input = inputs_find(&web->inputs, request->value[P_FILE]);

	if (!input) {
		say(answer, 404, "no file of this name is open");
		return;
	}
	inputs_again(&web->inputs, input);
	say(answer, 200, "looked again");
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
	default:
		say(answer, 404, "there is nothing to change here");
	}
}
