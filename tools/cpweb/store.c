/* SPDX-License-Identifier: Apache-2.0 */
/* Notes and saved views: one file of names and texts, replaced as a whole. */
#include "cpweb/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cpweb/request.h"

void store_init(struct store *store, char *path)
{
	pthread_mutex_init(&store->lock, NULL);
	store->path = path;
}

void store_release(struct store *store)
{
	pthread_mutex_destroy(&store->lock);
	free(store->path);
}

char *store_views_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = NULL;

	if (state && *state == '/') {
		if (asprintf(&path, "%s/cp/views", state) < 0)
			return NULL;
	} else if (home && *home == '/') {
		if (asprintf(&path, "%s/.local/state/cp/views", home) < 0)
			return NULL;
	}
	return path;
}

/* Every folder above the file, private. */
static void make_folders(const char *path)
{
	char *copy = strdup(path);

	for (char *p = copy ? copy + 1 : NULL; p && (p = strchr(p, '/')); p++) {
		*p = 0;
		if (mkdir(copy, 0700) && errno != EEXIST)
			break;
		*p = '/';
	}
	free(copy);
}

bool store_writable(struct store *store)
{
	char *folder, *slash;
	bool ok;

	if (!store->path || !(folder = strdup(store->path)))
		return false;
	ok = !access(folder, W_OK);
	if (!ok && errno == ENOENT) {
		/* The nearest folder that is there decides. */
		while ((slash = strrchr(folder, '/')) && slash != folder) {
			*slash = 0;
			ok = !access(folder, W_OK | X_OK);
			if (ok || errno != ENOENT)
				break;
		}
	}
	free(folder);
	return ok;
}

/* Reads the file, as far as it is one of ours; what is too long or broken is left out. */
static void read_all(struct store *store, struct buf *text)
{
	int fd = store->path ? open(store->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	char part[4096];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size < 32 << 20)
		while ((n = read(fd, part, sizeof part)) > 0)
			buf_add(text, part, (size_t)n);
	close(fd);
}

typedef void line_fn(void *arg, const struct buf *name, const struct buf *value);

static bool decoded(const char *text, size_t n, struct buf *ret)
{
	struct buf form = {0};
	bool ok;

	buf_str(&form, "x=");
	buf_add(&form, text, n);
	ok = !form.failed && request_field(form.p, form.n, "x", ret);
	buf_release(&form);
	return ok && ret->n;
}

static void each_line(const struct buf *text, line_fn *fn, void *arg)
{
	const char *p = text->p, *end = p + text->n;
	unsigned lines = 0;

	while (p < end && lines++ < STORE_LINES) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		const char *tab = memchr(p, '\t', (size_t)((stop ? stop : end) - p));
		struct buf name = {0}, value = {0};

		stop = stop ? stop : end;
		if (tab && stop - p < 4 * (STORE_TEXT + STORE_NAME) &&
			decoded(p, (size_t)(tab - p), &name) &&
			decoded(tab + 1, (size_t)(stop - tab - 1), &value))
			fn(arg, &name, &value);
		buf_release(&name);
		buf_release(&value);
		p = stop + 1;
	}
}

static void add_member(void *arg, const struct buf *name, const struct buf *value)
{
	struct buf *json = arg;

	if (json->p[json->n - 1] != '{')
		buf_char(json, ',');
	buf_json(json, name->p, name->n);
	buf_char(json, ':');
	buf_json(json, value->p, value->n);
}

void store_json(struct store *store, struct buf *json)
{
	struct buf text = {0};

	pthread_mutex_lock(&store->lock);
	read_all(store, &text);
	pthread_mutex_unlock(&store->lock);
	buf_char(json, '{');
	if (text.n && !text.failed && !json->failed)
		each_line(&text, add_member, json);
	buf_char(json, '}');
	buf_release(&text);
}

struct rewriting {
	struct buf out;
	const char *name;
};

static void put_line(
	struct buf *out, const char *name, size_t n, const char *value, size_t m)
{
	buf_url(out, name, n);
	buf_char(out, '\t');
	buf_url(out, value, m);
	buf_char(out, '\n');
}

static void keep_others(void *arg, const struct buf *name, const struct buf *value)
{
	struct rewriting *r = arg;

	if (strcmp(name->p, r->name))
		put_line(&r->out, name->p, name->n, value->p, value->n);
}

/* A new file takes the old one's place, so no reader sees half of it. */
static bool replace(const char *path, const struct buf *out)
{
	char *temporary = NULL;
	bool ok;
	int fd;

	make_folders(path);
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return false;
	fd = mkostemp(temporary, O_CLOEXEC);
	ok = fd >= 0;
	if (ok && out->n)
		ok = write(fd, out->p, out->n) == (ssize_t)out->n;
	ok = ok && !fsync(fd);
	if (fd >= 0 && close(fd))
		ok = false;
	ok = ok && !rename(temporary, path);
	if (!ok && fd >= 0)
		unlink(temporary);
	free(temporary);
	return ok;
}

bool store_set(struct store *store, const char *name, const char *text, char *message,
	size_t size)
{
	struct rewriting r = {.name = name};
	struct buf old = {0};
	bool ok;

	if (!store->path || !*name || strlen(name) > STORE_NAME ||
		strlen(text) > STORE_TEXT) {
		snprintf(message, size, "%s",
			store->path ? "this is too long"
				    : "there is no place to keep it");
		return false;
	}
	pthread_mutex_lock(&store->lock);
	read_all(store, &old);
	if (old.n)
		each_line(&old, keep_others, &r);
	if (*text)
		put_line(&r.out, name, strlen(name), text, strlen(text));
	ok = !r.out.failed && !old.failed && replace(store->path, &r.out);
	if (!ok)
		snprintf(message, size, "cannot write %s: %s", store->path,
			strerror(errno));
	pthread_mutex_unlock(&store->lock);
	buf_release(&old);
	buf_release(&r.out);
	return ok;
}
