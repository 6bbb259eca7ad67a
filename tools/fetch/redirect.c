/* SPDX-License-Identifier: Apache-2.0 */
/* redirect.c: where an answer sends us, and whether we go. */
#include "fetch/inner.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Same scheme, host and port; http that becomes https on their usual ports is the same.
 */
static bool same_place(const char *a, const char *b)
{
	static const CURLUPart parts[] = {
		CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
	CURLU *u = curl_url(), *v = curl_url();
	char *x[3] = {0}, *y[3] = {0};
	bool same = u && v && !curl_url_set(u, CURLUPART_URL, a, 0) &&
		    !curl_url_set(v, CURLUPART_URL, b, 0);

	for (int i = 0; same && i < 3; i++)
		same = !curl_url_get(u, parts[i], &x[i], CURLU_DEFAULT_PORT) &&
		       !curl_url_get(v, parts[i], &y[i], CURLU_DEFAULT_PORT);
	if (same) {
		bool port = !strcmp(x[2], y[2]) ||
			    (!strcmp(x[2], "80") && !strcmp(y[2], "443"));

		/* What was asked in secret is not asked again in the open. */
		same = port && !strcasecmp(x[1], y[1]) &&
		       (!strcmp(x[0], y[0]) || !strcmp(y[0], "https"));
	}
	for (int i = 0; i < 3; i++) {
		curl_free(x[i]);
		curl_free(y[i]);
	}
	curl_url_cleanup(u);
	curl_url_cleanup(v);
	return same;
}

char *fetch_redirect_target(const struct fetch_capture *c)
{
	CURLU *u = curl_url();
	char *text = NULL, *out = NULL;

	if (u && !curl_url_set(u, CURLUPART_URL, c->url, 0) &&
		!curl_url_set(u, CURLUPART_URL, c->answer.to,
			CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME) &&
		!curl_url_get(u, CURLUPART_URL, &text, 0))
		out = strdup(text);
	curl_free(text);
	curl_url_cleanup(u);
	return out;
}

bool fetch_redirect_follow(struct fetch_capture *c)
{
	const char *to = c->answer.location;
	bool same = same_place(c->target.url, to);
	bool web = !strncasecmp(to, "http://", 7) || !strncasecmp(to, "https://", 8);
	char *url;

	if (!same && (!c->fetch->settings.location_trusted || !web || c->target.socket ||
			     (c->target.tls && strncasecmp(to, "https://", 8))))
		return false;
	if (c->redirects >= FETCH_MAX_REDIRECTS)
		return false;
	url = strdup(to);
	if (!url)
		return false;
	c->redirects++;
	free(c->url);
	c->url = url;
	c->elsewhere = !same;
	return true;
}
