/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_LISTEN_H
#define FETCH_LISTEN_H

/* What listens on this machine, from the kernel's tables: no packet is sent. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct fetch_listener {
	uint16_t port;
	bool any, loopback; /* the address it is bound to; neither: another one */
	uint64_t inode;
	char program[16]; /* as far as it may be seen; else "" */
};

/*
 * The listening TCP sockets by port, each port once, with the programs that hold them. At
 * most `max`; their number.
 */
size_t fetch_listeners(struct fetch_listener *list, size_t max);

/* One that may be the service that was meant; NULL: none stands out. */
const struct fetch_listener *fetch_listener_guess(
	const struct fetch_listener *list, size_t n);

/* The address is one of this machine's. */
bool fetch_address_is_local(const struct sockaddr *address);

#endif
