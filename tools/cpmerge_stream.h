/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPMERGE_STREAM_H
#define CPMERGE_STREAM_H

/*
 * Several profiles in one file or pipe, one in memory at a time: messages that each
 * follow their length (a varint, as protobuf's writeDelimitedTo writes it), or a tar
 * archive. gzip around either is opened.
 */

#include <cp/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stream_kind { STREAM_DELIMITED, STREAM_TAR };

/* One profile's bytes, valid until the next is asked for. */
struct stream_item {
	const char *name; /* of a tar's member; NULL */
	uint64_t number;  /* from 1 */
	uint64_t offset;  /* of what stands before it, in the stream as it is unwrapped */
	const void *bytes;
	size_t n;
};

enum stream_step {
	STREAM_ITEM,
	STREAM_END,
	STREAM_BAD /* the error says why; nothing can be read behind it */
};

/* Whether the file begins as a tar archive does, in gzip or not; takes nothing of a pipe.
 */
bool stream_is_tar(const char *path);

struct stream;

/* "-" is standard input. NULL with the error. `most` bounds the bytes of one item. */
struct stream *stream_open(
	const char *path, enum stream_kind kind, uint64_t most, struct cp_error *err);
enum stream_step stream_next(
	struct stream *stream, struct stream_item *ret, struct cp_error *err);
void stream_free(struct stream *stream);

/* Writes the length of a message as it stands before it; returns its bytes, at most 10.
 */
size_t stream_length(uint64_t n, uint8_t *to);

#endif
