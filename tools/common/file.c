/* SPDX-License-Identifier: Apache-2.0 */
/* Output files: a temporary name, then the wanted one. */
#include "common/file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ui.h"

enum { BUFFER = 1 << 16 };

/*
 * The temporary files of a run that a signal ends: the answer's and the symbols report's.
 * The pointers are set and cleared outside the handler only.
 */
static const char *volatile unfinished[2];

static void watch(const char *temporary)
{
	unfinished[unfinished[0] != NULL] = temporary;
}

static void forget(const char *temporary)
{
	unfinished[unfinished[0] != temporary] = NULL;
}

static void clean_up(int sig)
{
	for (int i = 0; i < 2; i++)
		if (unfinished[i])
			unlink(unfinished[i]);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void watch_signals(void)
{
	static const int sigs[] = {
		SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGXCPU};

	for (size_t i = 0; i < sizeof sigs / sizeof *sigs; i++) {
		struct sigaction old;

		if (!sigaction(sigs[i], NULL, &old) && old.sa_handler == SIG_DFL)
			signal(sigs[i], clean_up);
	}
}

static bool refuse(char *message, size_t size, const char *what, const char *path)
{
	snprintf(message, size, "cannot %s %s: %s", what, path, strerror(errno));
	return false;
}

/*
 * The new file gets the old one's owner, group and mode as far as we may give them away;
 * whoever could not read the old one must not read the new one.
 */
static void keep_rights(struct out *out, const struct stat *old, mode_t mask)
{
	struct stat now;
	mode_t mode = old ? old->st_mode & 07777 : 0666 & ~mask;

	if (old && !fstat(out->fd, &now) &&
		(now.st_uid != old->st_uid || now.st_gid != old->st_gid) &&
		fchown(out->fd, old->st_uid, old->st_gid)) {
		out->owner_lost = now.st_uid != old->st_uid;
		if (now.st_gid != old->st_gid &&
			fchown(out->fd, (uid_t)-1, old->st_gid)) {
			/* Our group is not the one that these rights were for. */
			mode &= ~(mode_t)(S_IRWXG | S_ISGID);
		}
		mode &= ~(mode_t)S_ISUID;
	}
	if (fchmod(out->fd, mode)) {
		/* The file is still there, with its owner's rights only. */
	}
}

/*
 * The file that a chain of symbolic links ends at, also where it is not there yet: the
 * links stay. NULL with errno.
 */
static char *follow(const char *path)
{
	char *at = strdup(path), target[PATH_MAX], *next = NULL;

	for (int links = 0; at; links++) {
		const char *slash = strrchr(at, '/');
		ssize_t n = readlink(at, target, sizeof target - 1);

		if (n < 0)
			return at;
		target[n] = 0;
		if (links == 40) {
			free(at);
			errno = ELOOP;
			return NULL;
		}
		if (target[0] == '/' || !slash)
			next = strdup(target);
		else if (asprintf(&next, "%.*s/%s", (int)(slash - at), at, target) < 0)
			next = NULL;
		free(at);
		at = next;
	}
	return NULL;
}

/* A name in the same folder, so that the rename stays inside one file system. */
static bool open_temporary(struct out *out, const struct stat *old)
{
	mode_t mask = umask(0);

	umask(mask);
	if (asprintf(&out->temporary, "%s.cp-XXXXXX", out->path) < 0) {
		out->temporary = NULL;
		errno = ENOMEM;
		return false;
	}
	/* Before there is a file; its name appears in the same bytes. */
	watch(out->temporary);
	watch_signals();
	out->fd = mkostemp(out->temporary, O_CLOEXEC);
	if (out->fd < 0) {
		forget(out->temporary);
		free(out->temporary);
		out->temporary = NULL;
		return false;
	}
	keep_rights(out, old, mask);
	return true;
}

/*
 * The descriptor that a name such as /dev/stdout or /dev/fd/5 stands for, or -1. Opened
 * by name it could be a regular file, and would be replaced under the feet of whoever
 * else writes to it.
 */
static int descriptor_of(const char *path)
{
	static const char folder[] = "/dev/fd/";
	char *end;
	long fd;

	if (!path || !strcmp(path, "-") || !strcmp(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(path, "/dev/stderr"))
		return STDERR_FILENO;
	if (strncmp(path, folder, sizeof folder - 1))
		return -1;
	fd = strtol(path + sizeof folder - 1, &end, 10);
	return *end || end == path + sizeof folder - 1 || fd < 0 || fd > INT_MAX
		       ? -1
		       : (int)fd;
}

static bool open_file(struct out *out, const char *path)
{
	struct stat st;
	bool exists = !stat(path, &st);

	/* A symbolic link stays: the file that it names is replaced. */
	out->path = exists ? realpath(path, NULL) : follow(path);
	if (!out->path)
		return false;
	if (exists && !S_ISREG(st.st_mode)) {
		out->fd = open(path, O_WRONLY | O_CLOEXEC);
		return out->fd >= 0;
	}
	if (exists && access(path, W_OK))
		return false;
	return open_temporary(out, exists ? &st : NULL);
}

bool out_open(struct out *out, const char *path, bool binary, char *message, size_t size)
{
	*out = (struct out){.fd = descriptor_of(path)};
	out->buf = malloc(BUFFER);
	if (!out->buf) {
		snprintf(message, size, "out of memory");
		return false;
	}
	if (out->fd < 0 && !open_file(out, path)) {
		refuse(message, size, "write", path);
		out_discard(out);
		return false;
	}
	if (binary && isatty(out->fd)) {
		snprintf(message, size,
			"binary output is not written to a terminal; use -o FILE");
		out_discard(out);
		return false;
	}
	out->escape = isatty(out->fd);
	return true;
}

static int write_all(struct out *out, const char *p, size_t n)
{
	while (n && !out->error) {
		ssize_t wrote = write(out->fd, p, n);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			out->error = errno;
			break;
		}
		p += wrote;
		n -= (size_t)wrote;
	}
	return out->error;
}

static int flush(struct out *out)
{
	size_t n = out->n;

	out->n = 0;
	return write_all(out, out->buf, n);
}

static int put(struct out *out, const void *bytes, size_t n)
{
	if (out->error)
		return out->error;
	if (n > BUFFER - out->n && flush(out))
		return out->error;
	if (n >= BUFFER)
		return write_all(out, bytes, n);
	memcpy(out->buf + out->n, bytes, n);
	out->n += n;
	return 0;
}

/* Writes the character at the start of the piece, or its first byte as \xNN. */
static void put_piece(struct out *out)
{
	size_t n = ui_showable(out->piece);
	char hex[8];

	if (!n && (out->piece[0] == '\n' || out->piece[0] == '\t'))
		n = 1;
	if (n) {
		put(out, out->piece, n);
	} else {
		snprintf(hex, sizeof hex, "\\x%02x", (unsigned char)out->piece[0]);
		put(out, hex, 4);
		n = 1;
	}
	memmove(out->piece, out->piece + n, sizeof out->piece - n);
	out->n_piece -= n;
}

/* With four bytes, every character is complete; fewer wait for what follows. */
static int put_escaped(struct out *out, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		out->piece[out->n_piece++] = bytes[i];
		while (out->n_piece && (out->n_piece == 4 || !(out->piece[0] & 0x80)))
			put_piece(out);
	}
	return out->error;
}

int out_write(void *arg, const void *bytes, size_t n)
{
	struct out *out = arg;

	if (out->dropped && *out->dropped)
		return 0;
	return out->escape ? put_escaped(out, bytes, n) : put(out, bytes, n);
}

void out_printf(struct out *out, const char *format, ...)
{
	char *text;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		out->error = ENOMEM;
		return;
	}
	out_write(out, text, (size_t)n);
	free(text);
}

void out_json_text(struct out *out, const char *text)
{
	out_write(out, "\"", 1);
	for (size_t n; *text; text += n ? n : 1) {
		n = ui_showable(text);
		if (!n)
			out_printf(out, "\\\\x%02x", (unsigned char)*text);
		else if (*text == '"' || *text == '\\')
			out_printf(out, "\\%c", *text);
		else
			out_write(out, text, n);
	}
	out_write(out, "\"", 1);
}

bool out_commit(struct out *out, char *message, size_t size)
{
	const char *name = out->path ? out->path
		: out->fd == STDERR_FILENO ? "standard error"
					   : "standard output";

	while (out->n_piece)
		put_piece(out);
	flush(out);
	if (!out->error && out->path) {
		if (close(out->fd))
			out->error = errno;
		out->fd = -1;
	}
	if (!out->error && out->temporary && rename(out->temporary, out->path))
		out->error = errno;
	if (out->error) {
		errno = out->error;
		refuse(message, size, "write", name);
		out_discard(out);
		return false;
	}
	if (out->temporary)
		forget(out->temporary);
	free(out->temporary);
	out->temporary = NULL;
	out_discard(out);
	return true;
}

void out_discard(struct out *out)
{
	if (out->fd >= 0 && out->path)
		close(out->fd);
	out->fd = -1;
	if (out->temporary) {
		unlink(out->temporary);
		forget(out->temporary);
	}
	free(out->temporary);
	free(out->path);
	free(out->buf);
	*out = (struct out){.fd = -1};
}

void file_open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static bool status_of(const char *path, struct stat *st)
{
	return !(strcmp(path, "-") ? stat(path, st) : fstat(STDIN_FILENO, st));
}

bool file_same(const char *a, const char *b)
{
	struct stat x, y;

	return status_of(a, &x) && status_of(b, &y) && S_ISREG(x.st_mode) &&
		x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The first bytes of a regular file; what is not there is 0. */
static void read_head(const char *path, unsigned char *head, size_t n)
{
	struct stat st;
	int fd;

	memset(head, 0, n);
	/*
	 * A pipe that is opened and closed again would end the program that writes to
	 * it.
	 */
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, head, n) < 0)
		memset(head, 0, n);
	close(fd);
}

bool file_is_elf(const char *path)
{
	unsigned char head[EI_NIDENT];

	read_head(path, head, sizeof head);
	return !memcmp(head, ELFMAG, SELFMAG);
}

bool file_is_program(const char *path)
{
	unsigned char head[EI_NIDENT + 2]; /* e_type stands behind the identification */
	bool big;

	read_head(path, head, sizeof head);
	big = head[EI_DATA] == ELFDATA2MSB;
	return !memcmp(head, ELFMAG, SELFMAG) &&
	       (head[EI_NIDENT + big] | head[EI_NIDENT + !big] << 8) != ET_CORE;
}

bool file_stdin_offers(void)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st))
		return false;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ||
		(S_ISREG(st.st_mode) && st.st_size > 0);
}
