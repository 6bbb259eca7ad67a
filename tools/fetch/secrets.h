/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_SECRETS_H
#define FETCH_SECRETS_H

/*
 * What must not be shown: a server may send back what it was sent, and libcurl's messages
 * name what it was told.
 */

#include <stddef.h>

struct fetch_secrets {
	char **v;
	size_t n;
};

/* Remembers a word, in each form it may come back in. False when memory ends. */
_Bool fetch_secrets_add(struct fetch_secrets *secrets, const char *word);
/* Also what basic authentication makes of both. */
_Bool fetch_secrets_add_login(
	struct fetch_secrets *secrets, const char *user, const char *password);
/* What base64 stands for, up to its first other sign; the caller frees it. */
char *fetch_secrets_decode(const char *coded);
/* Every secret in `text` becomes asterisks, in place; of n bytes, NULs may be among them.
 */
void fetch_secrets_hide(const struct fetch_secrets *secrets, char *text, size_t n);
void fetch_secrets_release(struct fetch_secrets *secrets);

#endif
