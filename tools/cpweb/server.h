/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_SERVER_H
#define CPW_SERVER_H

/* Connections: from bytes on a socket to a view, and back. */

#include <stdbool.h>
#include <stdint.h>

struct web;

struct server;

/* Answers on the listener's sockets from now on; they are the server's afterwards. */
struct server *server_start(struct web *web);
/* Takes no new connections. */
void server_quiet(struct server *server);
/* Waits until answers under way are done, for at most so many milliseconds. */
void server_drain(struct server *server, int milliseconds);
void server_stop(struct server *server);
/* Seconds (monotonic) of the last request. */
int64_t server_last(struct server *server);

#endif
