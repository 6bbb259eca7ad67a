/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_ERROR_H
#define CP_ERROR_H

/*
 * How libcp reports failure.
 *
 * Every function that can fail returns an enum cp_code (CP_OK is 0) and takes a
 * struct cp_error as its last parameter. The struct lives on the caller's stack, is
 * written on failure only, owns nothing, and may be NULL when the code is enough.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong, in terms of what a caller can do about it. */
enum cp_code {
	CP_OK = 0,
	CP_ERROR_FORMAT,      /* not the format it was taken for; try another reader */
	CP_ERROR_LIMIT,       /* a limit the caller set (or its default) was reached */
	CP_ERROR_TRUNCATED,   /* the input ends too early and nothing of it is usable */
	CP_ERROR_CORRUPT,     /* the input contradicts itself */
	CP_ERROR_UNSUPPORTED, /* well-formed, but of a kind libcp does not read */
	CP_ERROR_ARGUMENT,    /* the caller asked for something impossible */
	CP_ERROR_SYSTEM,      /* the operating system refused; message holds errno's text */
	CP_ERROR_MEMORY,      /* out of memory, or over the context's memory limit */
	CP_ERROR_CANCELLED,   /* the caller's callback asked to stop */
	CP_ERROR_EMPTY,       /* readable, but no sample survives */
	CP_ERROR_CHANGED      /* a file shrank while it was read; it may be tried again */
};

#define CP_NO_OFFSET UINT64_MAX
#define CP_NO_RECORD UINT64_MAX

/*
 * One failure. `message` is one sentence without a final period or newline and can be
 * shown as it is: bytes that came from an input are escaped in it.
 */
struct cp_error {
	enum cp_code code;
	uint64_t offset;  /* byte in the decompressed input or section, or CP_NO_OFFSET */
	uint64_t record;  /* number of the record as its format counts, or CP_NO_RECORD */
	char context[64]; /* the place in the format's terms: "MMAP2 record 3121", or ""
			   */
	char message[256]; /* what is wrong there */
	/*
	 * The file it is about when that is known: an input, a program, a file with debug
	 * information. "" else. Of a longer path the end, after "…".
	 */
	char source[256];
	char section[32]; /* of that file, that `offset` counts in: ".debug_info", or ""
			   */
};

/*
 * Formats `err` as "CONTEXT at byte 0xOFFSET: MESSAGE" (the parts that are known) into
 * `buf` of `size` bytes, always NUL-terminated. Returns the untruncated length.
 */
int cp_error_format(const struct cp_error *err, char *buf, unsigned long size);

/* The code's short name ("corrupt", "limit", …); never NULL. */
const char *cp_code_name(enum cp_code code);

#ifdef __cplusplus
}
#endif
#endif
