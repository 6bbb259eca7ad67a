/* SPDX-License-Identifier: Apache-2.0 */
/* The token, the short code, and how often it may be tried. */
#include "cpweb/guard.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "cpweb/request.h"

/* Without what is easily taken for something else; 31^6 codes against 30 tries a minute.
 */
static const char letters[] = "23456789abcdefghjkmnpqrstuvwxyz";

enum { TRIES = 5, TRIES_OF_ALL = 30 };

/* Bytes above a multiple of the number of letters would make some letters likelier. */
static bool random_code(char code[8])
{
	size_t n = sizeof letters - 1, at = 0;
	unsigned char byte;

	while (at < 7) {
		if (at == 3) {
			code[at++] = '-';
			continue;
		}
		if (getrandom(&byte, 1, 0) != 1)
			return false;
		if (byte < 256 / n * n)
			code[at++] = letters[byte % n];
	}
	code[at] = 0;
	return true;
}

bool guard_init(struct guard *guard, bool open)
{
	unsigned char bytes[20];

	memset(guard, 0, sizeof *guard);
	guard->open = open;
	pthread_mutex_init(&guard->lock, NULL);
	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes ||
		!random_code(guard->code))
		return false;
	for (size_t i = 0; i < 16; i++)
		snprintf(guard->token + 2 * i, 3, "%02x", bytes[i]);
	snprintf(guard->cookie, sizeof guard->cookie, "cpweb-%02x%02x%02x%02x", bytes[16],
		bytes[17], bytes[18], bytes[19]);
	return true;
}

void guard_release(struct guard *guard)
{
	pthread_mutex_destroy(&guard->lock);
}

void guard_address(const struct sockaddr *from, unsigned char ret[16])
{
	memset(ret, 0, 16);
	if (from && from->sa_family == AF_INET6) {
		memcpy(ret, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
	} else if (from && from->sa_family == AF_INET) {
		ret[10] = ret[11] = 0xff;
		memcpy(ret + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
	}
}

/* Counts a try; false when there were too many. A full table counts for all. */
static bool may_try(struct guard *guard, const unsigned char address[16], int64_t minute)
{
	size_t i = 0;

	if (guard->minute != minute) {
		guard->minute = minute;
		guard->all = 0;
		memset(guard->seat, 0, sizeof guard->seat);
	}
	while (i < GUARD_SEATS - 1 && guard->seat[i].n &&
		memcmp(guard->seat[i].address, address, 16))
		i++;
	memcpy(guard->seat[i].address, address, 16);
	return ++guard->all <= TRIES_OF_ALL && ++guard->seat[i].n <= TRIES;
}

enum guard_answer guard_try(struct guard *guard, const struct sockaddr *from,
	const char *given, size_t n, int64_t now)
{
	unsigned char address[16];
	char clean[8];
	size_t at = 0;
	bool may;

	guard_address(from, address);
	pthread_mutex_lock(&guard->lock);
	may = may_try(guard, address, now / 60);
	pthread_mutex_unlock(&guard->lock);
	if (!may)
		return GUARD_LATER;
	for (size_t i = 0; i < n; i++) {
		if (given[i] == '-' || given[i] == ' ')
			continue;
		if (at == 3)
			clean[at++] = '-';
		if (at == 7)
			return GUARD_NO;
		clean[at++] = (char)(given[i] >= 'A' && given[i] <= 'Z' ? given[i] | 32
									: given[i]);
	}
	return request_same_secret(guard->code, clean, at) ? GUARD_YES : GUARD_NO;
}
