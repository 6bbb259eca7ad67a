/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files with source. A profile can name any path, so a file is opened without waiting
 * (a pipe would never answer), must be regular, text, and of a size that source has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "op/graph/graph.h"
#include "view/source/source.h"

enum { MOST = 16 << 20, PATH = 4096 };

struct finder {
	struct cpi_listing *s;
	struct cp_source_function *f;
	struct cpi_blob *blob;
	char path[PATH];
	struct cpi_sink looked; /* "a, b": where it was not */
	unsigned n_looked;
	char refused[PATH + 200]; /* the first file that was there, and why not */
	bool no_memory;
};

static void refuse(struct finder *x, const char *why)
{
	if (!x->refused[0])
		snprintf(x->refused, sizeof x->refused, "%.3900s is not shown: %s",
			x->path, why);
}

/* All of a regular file, or why not. */
static const char *read_text(struct finder *x, int fd, const struct stat *st)
{
	struct cpi_mem *mem = &x->s->env->mem;
	size_t room = (size_t)st->st_size, n = 0;
	uint8_t *bytes;
	ssize_t got = 1;

	if (!S_ISREG(st->st_mode))
		return "it is no regular file";
	if (st->st_size > MOST)
		return "it is larger than 16 MiB";
	bytes = cpi_alloc(mem, room);
	if (!bytes) {
		x->no_memory = true;
		return "no memory";
	}
	while (n < room && (got = read(fd, bytes + n, room - n)) > 0)
		n += (size_t)got;
	if (got < 0 || memchr(bytes, 0, n)) {
		cpi_free(mem, bytes, room);
		return got < 0 ? "it cannot be read" : "it is no text";
	}
	*x->blob = (struct cpi_blob){.bytes = bytes,
		.n = n,
		.kind = CPI_BLOB_HEAP,
		.room = room,
		.mtime = st->st_mtime};
	return NULL;
}

/* Opens x->path; false when it is not there or not to be shown. */
static bool open_path(struct finder *x)
{
	struct stat st;
	const char *why;
	int fd = open(x->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			refuse(x, strerror(errno));
		return false;
	}
	why = fstat(fd, &st) ? "it cannot be read" : read_text(x, fd, &st);
	close(fd);
	if (why)
		refuse(x, why);
	return !why;
}

static bool try_path(struct finder *x, struct cp_text dir, struct cp_text rest)
{
	int n;

	/* Below a folder means below it. */
	if (dir.n && (memmem(rest.p, rest.n, "/../", 4) ||
			     cpi_text_starts(rest, CPI_TEXT("../"))))
		return false;
	n = snprintf(x->path, sizeof x->path, "%.*s%s%.*s", (int)dir.n, dir.p,
		dir.n ? "/" : "", (int)rest.n, rest.p);
	return n > 0 && (size_t)n < sizeof x->path && !memchr(rest.p, 0, rest.n) &&
	       open_path(x);
}

static void looked_in(struct finder *x, struct cp_text dir)
{
	if (x->n_looked++)
		cpi_sink_str(&x->looked, ", ");
	cpi_text_escape(&x->looked, dir);
}

static struct cp_text no_slash(struct cp_text t)
{
	while (t.n && *t.p == '/')
		t = (struct cp_text){t.p + 1, t.n - 1};
	return t;
}

/* Below the folder, with ever more of the leading folders cut, but for the last `keep`.
 */
static bool below(
	struct finder *x, struct cp_text dir, struct cp_text file, bool suffixes)
{
	struct cp_text tail = no_slash(file);

	looked_in(x, dir);
	while (tail.n) {
		const char *slash;

		if (try_path(x, dir, tail))
			return true;
		slash = suffixes ? memchr(tail.p, '/', tail.n) : NULL;
		if (!slash)
			return false;
		tail = no_slash(
			(struct cp_text){slash, tail.n - (size_t)(slash - tail.p)});
	}
	return false;
}

static bool each_root(struct finder *x, const char *list, struct cp_text file)
{
	while (*list) {
		const char *colon = strchrnul(list, ':');
		struct cp_text dir = {list, (size_t)(colon - list)};

		if (dir.n && below(x, dir, file, true))
			return true;
		list = colon + (*colon == ':');
	}
	return false;
}

/* Behind the last "/go/src/" or "/pkg/mod/"; else as it is. */
static struct cp_text behind(struct cp_text file, const char *words)
{
	size_t n = strlen(words);

	for (size_t i = file.n; i-- > 0;)
		if (file.n - i >= n && !memcmp(file.p + i, words, n))
			return (struct cp_text){file.p + i + n, file.n - i - n};
	return file;
}

/* The module cache, where upper-case letters are written "!x"; and Go's own sources. */
static bool go_places(struct finder *x, struct cp_text file)
{
	static const char *const roots[] = {
		"/usr/local/go/src", "/usr/lib/go/src", "/usr/share/go/src"};
	const char *cache = getenv("GOMODCACHE"), *path = getenv("GOPATH");
	const char *home = getenv("HOME"), *root = getenv("GOROOT");
	struct cp_text module = behind(file, "/pkg/mod/"), own = behind(file, "/go/src/");
	char dir[PATH];

	if (!cpi_text_ends(file, CPI_TEXT(".go")) && !cpi_text_ends(file, CPI_TEXT(".s")))
		return false;
	if (cache && *cache)
		snprintf(dir, sizeof dir, "%s", cache);
	else if (path && *path)
		snprintf(dir, sizeof dir, "%.*s/pkg/mod", (int)strcspn(path, ":"), path);
	else
		snprintf(dir, sizeof dir, "%s/go/pkg/mod", home ? home : "");
	if (memchr(module.p, '@', module.n) && below(x, cpi_text(dir), module, false))
		return true;
	if (root && *root) {
		snprintf(dir, sizeof dir, "%s/src", root);
		if (below(x, cpi_text(dir), own, false))
			return true;
	}
	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
		if (below(x, cpi_text(roots[i]), own, false))
			return true;
	return false;
}

static bool may_open(const struct cpi_listing *s, struct cp_text path)
{
	const struct cp_source_options *o = &s->options;

	return o->recorded_paths || (o->trusted && o->trusted(o->trusted_arg, path));
}

static bool search(struct finder *x, struct cp_text file)
{
	const struct cp_report_options *o = &x->s->report;
	struct cp_text rest = cpi_graph_trim_path(file, o->trim_path, NULL);

	if (rest.n == file.n && rest.n && *rest.p == '/') {
		if (may_open(x->s, file)) {
			if (try_path(x, (struct cp_text){"", 0}, rest))
				return true;
		} else if (!x->refused[0]) {
			snprintf(x->refused, sizeof x->refused,
				"paths that a profile names are not opened here");
		}
	}
	return each_root(x, o->source_path ? o->source_path : ".", rest) ||
	       go_places(x, rest) || below(x, CPI_TEXT("/usr/src/debug"), rest, true);
}

/* "recorded as …; looked below …; …". */
static const char *explain(struct finder *x, struct cp_text file)
{
	struct cpi_sink note;
	char *text;

	cpi_sink_memory(&note, &x->s->env->mem);
	cpi_sink_str(&note, "no source: recorded as ");
	cpi_text_escape(&note, file);
	if (x->refused[0]) {
		cpi_sink_str(&note, "; ");
		cpi_text_escape(&note, cpi_text(x->refused));
	}
	cpi_sink_str(&note, "; looked below ");
	cpi_sink_bytes(&note, x->looked.buf, x->looked.n);
	cpi_sink_str(&note, "; --source-path DIR says where it is");
	text = note.code || x->looked.code
		       ? NULL
		       : cpi_arena_copy(&x->s->bytes, note.buf, note.n);
	cpi_sink_release(&note);
	return text;
}

enum cp_code cpi_source_find(struct cpi_listing *s, struct cp_source_function *f,
	struct cpi_blob *ret_blob, struct cp_error *err)
{
	struct finder x = {.s = s, .f = f, .blob = ret_blob};
	enum cp_code code = CP_OK;

	cpi_sink_memory(&x.looked, &s->env->mem);
	if (search(&x, f->file)) {
		f->path = cpi_arena_copy(&s->bytes, x.path, strlen(x.path));
		f->newer = s->p->header.time_nanos &&
			   ret_blob->mtime > s->p->header.time_nanos / 1000000000;
		if (!f->path)
			code = cpi_error_memory(err);
	} else {
		f->status = x.refused[0] ? CP_SOURCE_REFUSED : CP_SOURCE_NOT_FOUND;
		f->note = explain(&x, f->file);
		if (x.no_memory || !f->note)
			code = cpi_error_memory(err);
	}
	cpi_sink_release(&x.looked);
	return code;
}
