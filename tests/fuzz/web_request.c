/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as cpweb takes it apart: the first lines of the input are the method, the
 * target and the fields that are looked at, the rest is a form's body.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cpweb/guard.h"
#include "cpweb/listen.h"
#include "cpweb/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char token[] = "0123456789abcdef0123456789abcdef";

/* The next line, ended by NUL in place; an empty one is a field that is not there. */
static char *line(char **at)
{
	char *start = *at;
	size_t n = strcspn(start, "\n");

	*at = start + n + (start[n] == '\n');
	start[n] = 0;
	return n ? start : NULL;
}

static void check(const struct head *head, const struct request *r)
{
	(void)head; /* where assertions are compiled out */
	/* Whoever is let in knows the token, and the host is ours. */
	if (!r->status && r->page != PAGE_CODE)
		assert(r->trusted);
	if (r->trusted)
		assert((head->cookie && strstr(head->cookie, token)) ||
			strstr(head->target, "token="));
	if (!r->status)
		assert(request_host_ok(head->host, NULL, 0));
	/* A redirect stays here. */
	if (r->redirect) {
		assert(r->location.p[0] == '/' && r->location.p[1] != '/');
		assert(!strstr(r->location.p, token));
	}
	for (enum param p = 0; p < P_COUNT; p++)
		assert(!r->value[p] || *r->value[p]);
}

/* What was made of a request is asked for again, and is the same. */
static void again(
	const struct head *head, const struct doors *doors, const struct request *r)
{
	struct buf first = {0}, second = {0};
	struct head other = *head;
	struct request copy;

	buf_str(&first, request_page_path(r->page));
	request_canonical(r, &first);
	other.target = first.p;
	if (first.n <= REQUEST_URL) {
		request_parse(&other, doors, &copy);
		assert(!copy.status && copy.page == r->page);
		buf_str(&second, request_page_path(copy.page));
		request_canonical(&copy, &second);
		assert(first.n == second.n && !memcmp(first.p, second.p, first.n));
		request_release(&copy);
	}
	buf_release(&first);
	buf_release(&second);
}

static void escapes(const char *text, size_t n)
{
	struct buf html = {0}, json = {0}, field = {0};

	buf_html(&html, text, n);
	buf_json(&json, text, n);
	for (size_t i = 0; i < html.n; i++)
		assert(!strchr("<>\"'", html.p[i]) && html.p[i] != '\0');
	for (size_t i = 0; i < json.n; i++)
		assert(json.p[i] != '<' && json.p[i] != '\n' && json.p[i] != '\0');
	request_field(text, n, "code", &field);
	buf_release(&html);
	buf_release(&json);
	buf_release(&field);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct doors doors = {.cookie = "cpweb-x", .token = token};
	char *text = malloc(size + 1), *at = text, host[256];
	struct head head = {.hosts = 1};
	struct request request;
	uint16_t port;
	const char *method;

	memcpy(text, data, size);
	text[size] = 0;
	method = line(&at);
	head.method = method ? method : "GET";
	head.target = line(&at);
	head.target = head.target ? head.target : "/";
	head.host = line(&at);
	head.origin = line(&at);
	head.site = line(&at);
	head.mode = line(&at);
	head.destination = line(&at);
	head.cookie = line(&at);
	request_parse(&head, &doors, &request);
	check(&head, &request);
	if (!request.status && !request.redirect && request.verb != VERB_POST)
		again(&head, &doors, &request);
	request_release(&request);
	escapes((const char *)data, size);
	if (head.host)
		listener_parse(head.host, host, &port);
	(void)at;
	free(text);
	return 0;
}
