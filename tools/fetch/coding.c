/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coding.c: what something between packed once more. We do not ask for it, and some do it
 * nevertheless; a file that is gzip inside gzip is what nobody expects.
 */
#include "fetch/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>

/* zlib's window; gzip and zlib are told apart by their first bytes. */
enum { WINDOW = 15, DETECT = 32, CHUNK = 64 * 1024 };

/* What is unpacked here may grow to the same as what is read later (keep.c). */
enum { MAX_PLAIN = 1 << 30, MAX_GROWTH = 200, FREE_GROWTH = 64 << 20 };

static bool is_known(const char *encoding)
{
	return !strcasecmp(encoding, "gzip") || !strcasecmp(encoding, "x-gzip") ||
	       !strcasecmp(encoding, "deflate");
}

bool fetch_coding_is_foreign(const struct fetch_answer *a)
{
	return *a->encoding && strcasecmp(a->encoding, "identity") &&
	       !is_known(a->encoding);
}

/* "deflate" without zlib's two bytes in front, which some servers send. */
static int window_of(const struct fetch_answer *a)
{
	unsigned first = (unsigned char)a->head[0], second = (unsigned char)a->head[1];

	if (!strcasecmp(a->encoding, "deflate") &&
		((first & 15) != 8 || (first << 8 | second) % 31))
		return -WINDOW;
	return WINDOW + DETECT;
}

/* The head's bytes become what they unpack to. False: they do not, and are as they were. */
static bool unpack_head(struct fetch_answer *a, int window)
{
	char plain[FETCH_HEAD];
	z_stream z = {.next_in = (unsigned char *)a->head,
		.avail_in = (unsigned)a->n_head,
		.next_out = (unsigned char *)plain,
		.avail_out = sizeof plain};
	int code;

	if (a->n_head < 2 || inflateInit2(&z, window) != Z_OK)
		return false;
	code = inflate(&z, Z_SYNC_FLUSH);
	inflateEnd(&z);
	if ((code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) || !z.total_out)
		return false;
	a->n_head = (size_t)z.total_out;
	memcpy(a->head, plain, a->n_head);
	a->head[a->n_head] = 0;
	return true;
}

void fetch_coding_head(struct fetch_answer *a)
{
	int window = is_known(a->encoding) ? window_of(a) : 0;

	/* It may say so and not do it. */
	a->window = window && unpack_head(a, window) ? window : 0;
}

bool fetch_coding_look_inside(struct fetch_answer *a)
{
	return a->n_head > 2 && !memcmp(a->head, "\37\213", 2) &&
	       unpack_head(a, WINDOW + DETECT);
}

/* A number of seven bits a byte; false when the head ends in it. */
static bool take_number(const char **at, const char *end, uint64_t *ret)
{
	*ret = 0;
	for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
		unsigned char byte = (unsigned char)*(*at)++;

		*ret |= (uint64_t)(byte & 127) << shift;
		if (byte < 128)
			return true;
	}
	return false;
}

/* The head is fields of a profile (fields 1 to 15) and nothing else. */
static bool is_protobuf(const struct fetch_answer *a)
{
	/* Messages and texts; the others are numbers, and comments either. */
	static const char texts[] = "\1\2\3\4\5\6\13";
	const char *at = a->head, *end = at + a->n_head;
	uint64_t tag, n;
	size_t fields = 0;

	while (at < end && take_number(&at, end, &tag)) {
		unsigned field = (unsigned)(tag >> 3), type = tag & 7;
		bool text = field && field < 16 && strchr(texts, (int)field);

		if (tag > 127 || !field ||
			(field == 13 ? type && type != 2 : type != (text ? 2 : 0)))
			return false;
		if (!take_number(&at, end, &n))
			break;
		fields++;
		if (type == 2 && n >= (uint64_t)(end - at))
			break;
		at += type == 2 ? n : 0;
	}
	return fields > 0;
}

/* Unpacks one stream after another, to the end of the file. */
static bool unpack(int from, int to, int window, uint64_t limit, uint64_t *ret_n)
{
	unsigned char *in = malloc(2 * CHUNK), *out = in ? in + CHUNK : NULL;
	z_stream z = {0};
	bool ok = in && inflateInit2(&z, window) == Z_OK, ended = false;
	ssize_t got;

	*ret_n = 0;
	while (ok && (got = read(from, in, CHUNK)) != 0) {
		z.next_in = in;
		z.avail_in = got > 0 ? (unsigned)got : 0;
		ok = got > 0;
		while (ok && (z.avail_in || !z.avail_out)) {
			int code;
			size_t n;

			if (ended)
				inflateReset(&z);
			z.next_out = out;
			z.avail_out = CHUNK;
			code = inflate(&z, Z_NO_FLUSH);
			n = CHUNK - z.avail_out;
			ended = code == Z_STREAM_END;
			*ret_n += n;
			ok = (code == Z_OK || ended || code == Z_BUF_ERROR) &&
			     *ret_n <= limit && write(to, out, n) == (ssize_t)n;
			if (code == Z_BUF_ERROR)
				break;
		}
	}
	inflateEnd(&z);
	free(in);
	return ok && ended;
}

static uint64_t limit_of(uint64_t bytes)
{
	uint64_t limit = bytes > MAX_PLAIN / MAX_GROWTH ? MAX_PLAIN : bytes * MAX_GROWTH;

	return limit < FREE_GROWTH ? FREE_GROWTH : limit;
}

bool fetch_coding_remove(struct fetch_capture *c)
{
	const char *path = c->store.path;
	char *plain = NULL;
	int from, to = -1;
	uint64_t n = 0;
	bool ok;

	if (!c->answer.window ||
		(strcasecmp(c->answer.encoding, "deflate") && is_protobuf(&c->answer)))
		return true;
	if (asprintf(&plain, "%s.part", path) < 0)
		return false;
	from = open(path, O_RDONLY | O_CLOEXEC);
	if (from >= 0)
		to = open(plain, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	ok = to >= 0 &&
	     unpack(from, to, c->answer.window, limit_of(c->store.bytes), &n) &&
	     (!fsync(to) || errno == EINVAL);
	if (from >= 0)
		close(from);
	if (to >= 0)
		ok = !close(to) && ok && !rename(plain, path);
	if (to >= 0 && !ok)
		unlink(plain);
	if (ok)
		c->store.bytes = c->result.bytes = n;
	free(plain);
	return ok;
}
