/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_TARGET_H
#define FETCH_TARGET_H

/*
 * What a user typed, as what is asked: scheme, path and seconds completed, credentials
 * taken out.
 *
 *	6060, :6060, host:6060, host      http://…/debug/pprof/profile
 *	host/path?query                   http://…
 *	https+insecure://host             https, certificate not checked
 *	unix:/run/x.sock[:/path]          HTTP over that socket
 *
 * A kind takes the place of a last part that is a kind, too, and is put behind
 * /debug/pprof/ otherwise.
 */

#include <stdbool.h>
#include <stddef.h>

#include "fetch/secrets.h"

struct fetch_target {
	char *url;    /* for libcurl: without credentials */
	char *shown;  /* for people and files: secrets in the query masked, too */
	char *host;   /* "localhost:6060"; the path of a socket */
	char *name;   /* "localhost"; also for sockets */
	char *path;   /* "/debug/pprof/profile" */
	char *socket; /* or NULL */
	char *kind;   /* last part of the path, "profile" */
	char *user, *password; /* of the URL, decoded; or NULL */
	int port;
	bool tls, insecure;
	double seconds; /* that the query asks for; 0: none */
};

/* False and a sentence, which shows no credential, when that is no URL of a profile. */
bool fetch_target_parse(struct fetch_target *target, const char *typed, const char *kind,
	double seconds, struct fetch_secrets *secrets, char *message, size_t size);
void fetch_target_release(struct fetch_target *target);

/* The path of a kind ("cpu" is "profile"); NULL for other words. */
const char *fetch_kind_path(const char *kind);
/* The kind that is meant, in capitals or between blanks, too; NULL for other words. */
const char *fetch_kind_known(const char *typed);
/* A URL from elsewhere (a redirect) as it may be shown; the caller frees it; or NULL. */
char *fetch_url_shown(const char *url);

/* How long the server takes when it is not told, in seconds; 0: at once, or unknown. */
double fetch_target_default(const struct fetch_target *target);

#endif
