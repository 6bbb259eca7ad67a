/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_LISTEN_H
#define CPW_LISTEN_H

/* The port: bound before anything is read or fetched, and told truly. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpweb/buf.h"

enum { LISTEN_MOST = 2 };

struct listener {
	char host[256]; /* as given; "localhost" when empty */
	uint16_t port;
	bool loopback, all;  /* of this machine only; every interface */
	int fd[LISTEN_MOST]; /* -1: none */
	size_t n;
};

/*
 * Binds "[HOST]:PORT", ":PORT", or "PORT"; no port or 0 is a free one. `any` lets a port
 * that is taken be replaced by a free one. On failure a sentence is in `message`.
 */
bool listener_open(struct listener *listener, const char *address, bool any,
	char *message, size_t size);
void listener_close(struct listener *listener);

/* Splits an address; false when it is none. An empty host stays empty. */
bool listener_parse(const char *address, char host[256], uint16_t *ret_port);
/*
 * What to print: the addresses under which this server is reached, a line each, then
 * what they mean. `query` ("?token=…" or "") follows each address.
 */
void listener_tell(const struct listener *listener, const char *query, const char *code,
	const char *ssh_connection, struct buf *urls, struct buf *words);

#endif
