/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of profiles as cpmerge takes them apart, each input as both kinds. What comes out
 * fits into the stream, in its order, and every walk ends.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpmerge_stream.h"

/* An item of more is refused; deflate makes at most 1,032 bytes of one. */
enum { MOST = 1 << 20, RATIO = 1032 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const char *path, enum stream_kind kind, size_t size)
{
	uint64_t number = 0, behind = 0, bytes = 0;
	struct stream_item item;
	enum stream_step step;
	struct cp_error err;
	struct stream *s = stream_open(path, kind, MOST, &err);

	assert(s);
	while ((step = stream_next(s, &item, &err)) == STREAM_ITEM) {
		assert(item.number == ++number && item.n <= MOST);
		assert(item.offset >= behind && (item.name != NULL) == (kind == STREAM_TAR));
		assert(!item.name || strlen(item.name) < 4096);
		behind = item.offset + item.n;
		bytes += item.n;
	}
	assert(bytes <= (uint64_t)size * RATIO && behind <= (uint64_t)size * RATIO);
	assert(step == STREAM_END || (err.code && *err.message && *err.context));
	stream_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	char path[64];

	if (fd < 0)
		fd = memfd_create("stream", MFD_CLOEXEC);
	assert(fd >= 0);
	if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	/* Opened anew, for a position of its own. */
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	(void)stream_is_tar(path);
	walk(path, STREAM_DELIMITED, size);
	walk(path, STREAM_TAR, size);
	return 0;
}
