/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of profiles: length-prefixed messages and tar archives, read as they come. */
#include "cpmerge_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { BLOCK = 512, START = 1 << 12, STEP = 1 << 20, WINDOW = 1 << 17 };

struct stream {
	gzFile file;
	enum stream_kind kind;
	uint64_t most, at, number;
	uint8_t *buf;
	size_t room;
	char name[4096]; /* of the next member; longer ones are cut */
	bool named;      /* a header before the member's said its name */
};

static enum stream_step bad(const struct stream *s, uint64_t offset, enum cp_code code,
	struct cp_error *err, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

static enum stream_step bad(const struct stream *s, uint64_t offset, enum cp_code code,
	struct cp_error *err, const char *format, ...)
{
	va_list args;

	*err = (struct cp_error){.code = code, .offset = offset, .record = s->number};
	snprintf(err->context, sizeof err->context, "%s %" PRIu64,
		s->kind == STREAM_TAR ? "member" : "message", s->number);
	va_start(args, format);
	vsnprintf(err->message, sizeof err->message, format, args);
	va_end(args);
	return STREAM_BAD;
}

/* What stopped a read before all was there. */
static enum stream_step cut(const struct stream *s, uint64_t offset, uint64_t have,
	uint64_t want, struct cp_error *err)
{
	int code;
	const char *text = gzerror(s->file, &code);

	if (code == Z_ERRNO)
		return bad(s, offset, CP_ERROR_SYSTEM, err, "cannot be read: %s",
			strerror(errno));
	if (code && code != Z_BUF_ERROR)
		return bad(s, offset, CP_ERROR_CORRUPT, err,
			"the gzip data around it is damaged (%s)", text);
	return bad(s, offset, CP_ERROR_TRUNCATED, err,
		"the stream ends after %" PRIu64 " of %" PRIu64 " bytes", have, want);
}

static size_t get(struct stream *s, void *to, size_t n)
{
	size_t have = 0;

	while (have < n) {
		unsigned ask = n - have < STEP ? (unsigned)(n - have) : STEP;
		int got = gzread(s->file, (uint8_t *)to + have, ask);

		if (got <= 0)
			break;
		have += (size_t)got;
	}
	s->at += have;
	return have;
}

/* The memory grows with what comes, not with what was promised. */
static enum stream_step body(
	struct stream *s, uint64_t from, uint64_t n, struct cp_error *err)
{
	uint64_t have = 0;

	/* No writer of messages can make a longer one. */
	if (s->kind == STREAM_DELIMITED && n > INT32_MAX)
		return bad(s, from, CP_ERROR_CORRUPT, err,
			"a length of %" PRIu64 " bytes, which no message has", n);
	if (n > s->most)
		return bad(s, from, CP_ERROR_LIMIT, err,
			"a length of %" PRIu64 " bytes is more than the %" PRIu64
			" that one profile may have here",
			n, s->most);
	while (have < n) {
		size_t more = n - have < STEP ? (size_t)(n - have) : STEP, got;

		if (have + more > s->room) {
			size_t room = s->room + s->room / 2;
			uint8_t *grown;

			if (room < have + more)
				room = (size_t)have + more;
			grown = realloc(s->buf, room);
			if (!grown)
				return bad(
					s, from, CP_ERROR_MEMORY, err, "out of memory");
			s->buf = grown;
			s->room = room;
		}
		got = get(s, s->buf + have, more);
		have += got;
		if (got < more)
			return cut(s, from, have, n, err);
	}
	return STREAM_ITEM;
}

size_t stream_length(uint64_t n, uint8_t *to)
{
	size_t i = 0;

	for (; n > 0x7f; n >>= 7)
		to[i++] = (uint8_t)(n | 0x80);
	to[i++] = (uint8_t)n;
	return i;
}

/* The length before a message; STREAM_END where the stream ends instead. */
static enum stream_step length(struct stream *s, uint64_t *ret, struct cp_error *err)
{
	uint64_t from = s->at, n = 0;
	int code;

	for (unsigned i = 0; i < 10; i++) {
		uint8_t byte;

		if (!get(s, &byte, 1)) {
			(void)gzerror(s->file, &code);
			if (!i && !code)
				return STREAM_END;
			return bad(s, from, CP_ERROR_TRUNCATED, err,
				"the stream ends within a length");
		}
		if (i == 9 && byte > 1)
			break;
		n |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (!(byte & 0x80)) {
			*ret = n;
			return STREAM_ITEM;
		}
	}
	return bad(s, from, CP_ERROR_CORRUPT, err, "no length stands here");
}

static enum stream_step next_message(
	struct stream *s, struct stream_item *ret, struct cp_error *err)
{
	uint64_t from = s->at, n = 0;
	enum stream_step step;

	s->number++;
	step = length(s, &n, err);
	if (step == STREAM_ITEM)
		step = body(s, from, n, err);
	if (step == STREAM_ITEM)
		*ret = (struct stream_item){NULL, s->number, from, s->buf, (size_t)n};
	return step;
}

/* A number of a tar header: octal digits, or with the first bit set a binary one. */
static bool number_of(const uint8_t *p, size_t n, uint64_t *ret)
{
	uint64_t x = 0;
	size_t i = 0;

	if (p[0] & 0x80) {
		for (x = p[0] & 0x7f, i = 1; i < n; i++) {
			if (x >> 55)
				return false;
			x = x << 8 | p[i];
		}
		*ret = x;
		return true;
	}
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		x = x << 3 | (uint64_t)(p[i] - '0');
	*ret = x;
	return i == n || p[i] == 0 || p[i] == ' ';
}

/* The checksum counts its own field as blanks; it is what tells a header from others. */
static bool is_header(const uint8_t *block)
{
	uint64_t wanted, sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : block[i];
	return block[0] && number_of(block + 148, 8, &wanted) && wanted == sum;
}

static void set_name(struct stream *s, const void *bytes, size_t n)
{
	if (n >= sizeof s->name)
		n = sizeof s->name - 1;
	memcpy(s->name, bytes, n);
	s->name[n] = 0;
}

/* "path=…" among the records "LENGTH KEY=VALUE\n" of a pax header. */
static void take_pax(struct stream *s, const uint8_t *p, size_t n)
{
	while (n) {
		size_t digits = 0, size = 0;

		while (digits < n && digits < 9 && p[digits] >= '0' && p[digits] <= '9')
			size = size * 10 + (p[digits++] - '0');
		if (!digits || size > n || size < digits + 3 || p[digits] != ' ')
			return;
		if (size > digits + 7 && !memcmp(p + digits + 1, "path=", 5)) {
			set_name(s, p + digits + 6, size - digits - 7);
			s->named = true;
		}
		p += size;
		n -= size;
	}
}

/* The name in the header itself: a prefix, which POSIX's have, and a name. */
static void take_name(struct stream *s, const uint8_t *block)
{
	const char *name = (const char *)block, *prefix = (const char *)block + 345;
	size_t n = strnlen(name, 100), before = 0;

	if (!memcmp(block + 257, "ustar\0", 6))
		before = strnlen(prefix, 155);
	if (before)
		snprintf(s->name, sizeof s->name, "%.*s/%.*s", (int)before, prefix,
			(int)n, name);
	else
		set_name(s, name, n);
}

/* The header of the next member; STREAM_END at a block of zeros or the end. */
static enum stream_step header(struct stream *s, uint8_t *block, struct cp_error *err)
{
	static const uint8_t zeros[BLOCK];
	uint64_t from = s->at;
	size_t got = get(s, block, BLOCK);
	int code = 0;

	(void)gzerror(s->file, &code);
	if (!got && !code)
		return STREAM_END;
	if (got < BLOCK)
		return cut(s, from, got, BLOCK, err);
	if (!memcmp(block, zeros, BLOCK))
		return STREAM_END;
	return is_header(block) ? STREAM_ITEM
				: bad(s, from, CP_ERROR_CORRUPT, err,
					  "no header of a tar archive stands here");
}

/* One member, of whatever kind, into s->buf; its type goes to *ret_type. */
static enum stream_step member(
	struct stream *s, uint8_t *ret_type, uint64_t *ret_n, struct cp_error *err)
{
	uint8_t block[BLOCK], rest[BLOCK];
	uint64_t from = s->at, n;
	enum stream_step step = header(s, block, err);
	size_t pad;

	if (step != STREAM_ITEM)
		return step;
	if (!number_of(block + 124, 12, &n))
		return bad(
			s, from, CP_ERROR_CORRUPT, err, "a member's size is no number");
	*ret_type = block[156];
	/* Links and folders have a size for what is not there. */
	if (strchr("123456", *ret_type) && *ret_type)
		n = 0;
	if (!s->named)
		take_name(s, block);
	step = body(s, from, n, err);
	pad = (size_t)(-n % BLOCK);
	if (step == STREAM_ITEM && get(s, rest, pad) < pad)
		step = cut(s, from, n, n + pad, err);
	*ret_n = n;
	return step;
}

static enum stream_step next_member(
	struct stream *s, struct stream_item *ret, struct cp_error *err)
{
	for (;;) {
		uint64_t from = s->at, n = 0;
		uint8_t type = 0;
		enum stream_step step;

		s->number++;
		step = member(s, &type, &n, err);
		if (step != STREAM_ITEM)
			return step;
		if (type == 'L') {
			set_name(s, s->buf, strnlen((const char *)s->buf, (size_t)n));
			s->named = true;
		} else if (type == 'x') {
			take_pax(s, s->buf, (size_t)n);
		} else if (!type || type == '0' || type == '7') {
			s->named = false;
			*ret = (struct stream_item){
				s->name, s->number, from, s->buf, (size_t)n};
			return STREAM_ITEM;
		} else if (type == 'S') {
			return bad(s, from, CP_ERROR_UNSUPPORTED, err,
				"files with holes are not read from archives");
		} else if (type != 'K' && type != 'g') {
			s->named = false;
		}
		/* What is no profile's file is not counted. */
		s->number--;
	}
}

enum stream_step stream_next(
	struct stream *s, struct stream_item *ret, struct cp_error *err)
{
	return s->kind == STREAM_TAR ? next_member(s, ret, err)
				     : next_message(s, ret, err);
}

struct stream *stream_open(
	const char *path, enum stream_kind kind, uint64_t most, struct cp_error *err)
{
	struct stream *s = calloc(1, sizeof *s);
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);

	*err = (struct cp_error){
		.code = CP_ERROR_SYSTEM, .offset = CP_NO_OFFSET, .record = CP_NO_RECORD};
	if (fd < 0)
		snprintf(err->message, sizeof err->message, "cannot be opened: %s",
			strerror(errno));
	if (s && fd >= 0 && (s->buf = malloc(START)) && (s->file = gzdopen(fd, "rb"))) {
		gzbuffer(s->file, WINDOW);
		s->room = START;
		s->kind = kind;
		s->most = most;
		return s;
	}
	if (fd >= 0) {
		close(fd);
		err->code = CP_ERROR_MEMORY;
		snprintf(err->message, sizeof err->message, "out of memory");
	}
	if (s)
		free(s->buf);
	free(s);
	return NULL;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	gzclose_r(s->file);
	free(s->buf);
	free(s);
}

/* The first bytes of a pipe that is open already, which stay in it. */
static size_t peek_pipe(int fd, uint8_t *to, size_t n)
{
	int copy[2];
	ssize_t got = 0;

	if (pipe2(copy, O_CLOEXEC))
		return 0;
	if (tee(fd, copy[1], n, 0) > 0)
		got = read(copy[0], to, n);
	close(copy[0]);
	close(copy[1]);
	return got > 0 ? (size_t)got : 0;
}

/*
 * A pipe by name is opened once, by who reads it; only those that are open may be looked
 * at before.
 */
static size_t peek(const char *path, uint8_t *to, size_t n)
{
	bool is_stdin = !strcmp(path, "-");
	bool open_already = is_stdin || !strncmp(path, "/dev/fd/", 8);
	struct stat st;
	ssize_t got = 0;
	int fd;

	if ((is_stdin ? fstat(STDIN_FILENO, &st) : stat(path, &st)) ||
		!(S_ISREG(st.st_mode) || (S_ISFIFO(st.st_mode) && open_already)))
		return 0;
	fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (S_ISFIFO(st.st_mode))
		got = (ssize_t)peek_pipe(fd, to, n);
	else
		got = pread(fd, to, n, is_stdin ? lseek(fd, 0, SEEK_CUR) : 0);
	close(fd);
	return got > 0 ? (size_t)got : 0;
}

bool stream_is_tar(const char *path)
{
	uint8_t have[2 * BLOCK], block[BLOCK];
	size_t n = peek(path, have, sizeof have);
	z_stream z = {.next_in = have,
		.avail_in = (unsigned)n,
		.next_out = block,
		.avail_out = BLOCK};

	if (n < 2 || have[0] != 0x1f || have[1] != 0x8b)
		return n >= BLOCK && is_header(have);
	if (inflateInit2(&z, 31) != Z_OK)
		return false;
	(void)inflate(&z, Z_SYNC_FLUSH);
	inflateEnd(&z);
	return !z.avail_out && is_header(block);
}
