/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_GUARD_H
#define CPW_GUARD_H

/*
 * Who is let in: a token that only links and cookies carry, and a short code for whoever
 * types the plain address, tried a few times a minute and no more.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

enum { GUARD_SEATS = 64 };

struct guard {
	bool open;       /* --no-token */
	char token[33];  /* 128 bits, hexadecimal */
	char code[8];    /* "4kd-9mp" */
	char cookie[24]; /* its name: servers on one host share cookies, not names */

	pthread_mutex_t lock;
	int64_t minute; /* which one the counts are of */
	unsigned all;
	struct {
		unsigned char address[16];
		unsigned n;
	} seat[GUARD_SEATS];
};

/* False when the system has no random numbers. */
bool guard_init(struct guard *guard, bool open);
void guard_release(struct guard *guard);

enum guard_answer { GUARD_YES, GUARD_NO, GUARD_LATER };
/* Was this the code? Capitals, blanks and dashes do not matter. */
enum guard_answer guard_try(struct guard *guard, const struct sockaddr *from,
	const char *given, size_t n, int64_t now_seconds);

/* The 16 bytes of an address, IPv4 as IPv6 writes it. */
void guard_address(const struct sockaddr *from, unsigned char ret[16]);

#endif
