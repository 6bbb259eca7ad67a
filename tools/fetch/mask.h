/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_MASK_H
#define FETCH_MASK_H

/*
 * What of a URL may be shown and stored. Values become asterisks unless they are known to
 * be no secrets: in a query all others, in a path those behind a '=' or a word such as
 * "token", and what looks like a token by itself.
 */

#include "fetch/secrets.h"

/*
 * The text with secrets masked, which the caller frees; NULL when memory ends. They are
 * remembered when `secrets` is given.
 */
char *fetch_mask_query(const char *query, struct fetch_secrets *secrets);
char *fetch_mask_path(const char *path, struct fetch_secrets *secrets);

#endif
