/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_FILE_H
#define CPT_FILE_H

/*
 * Where a tool's answer goes. A named file is written under a temporary name beside it
 * and renamed when all is well, so a failed run leaves nothing and a reader never sees
 * half a file; of two writers the later one wins. Only SIGKILL leaves the temporary file,
 * NAME.cp-XXXXXX. A file that is replaced keeps its mode and owner, and a symbolic link
 * stays one. Devices, pipes and stdout are written directly.
 */

#include <stdbool.h>
#include <stddef.h>

struct out {
	int fd;
	char *path;      /* final name; NULL for a descriptor that was open before */
	char *temporary; /* NULL when written directly */
	bool owner_lost; /* the file that was there was another user's, and now is ours */
	char *buf;
	size_t n;
	int error; /* errno of the first failure */
	const bool *dropped; /* once true, what is written goes nowhere; may be NULL */

	/*
	 * It goes to a terminal, and whoever writes does not look after control
	 * characters; they are written as \xNN then. A character may come in pieces.
	 */
	bool escape;
	char piece[8];
	size_t n_piece;
};

/*
 * Opens `path` ("-" or NULL: stdout). Returns false and a sentence in `message` when that
 * fails. `binary` answers are refused when the place is a terminal.
 */
bool out_open(struct out *out, const char *path, bool binary, char *message, size_t size);
/* A cp_write_fn. */
int out_write(void *out, const void *bytes, size_t n);
void out_printf(struct out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A string of JSON, which is UTF-8 whatever `text` holds: the rest as \\xNN. */
void out_json_text(struct out *out, const char *text);
/* Makes the file real; false and a sentence when that fails, and then nothing is left. */
bool out_commit(struct out *out, char *message, size_t size);
/* Throws away what was written, if it went to a file; harmless after out_commit. */
void out_discard(struct out *out);

/* Descriptors 0 to 2 that were closed fail as before, but no file is opened as one. */
void file_open_standard(void);

/* True when both names are the same file (device and inode) and it is a regular one. */
bool file_same(const char *a, const char *b);
/* The file begins as an ELF file does. */
bool file_is_elf(const char *path);
/* … and no core dump. */
bool file_is_program(const char *path);
/* stdin holds something to read: a pipe, a socket or a regular file that is not empty. */
bool file_stdin_offers(void);

#endif
