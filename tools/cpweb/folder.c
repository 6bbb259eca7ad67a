/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a folder of runs. */
#include "cpweb/folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "cpweb/web.h"

enum { MOST_RUNS = 2000 };

/* perf can write a folder instead of a file, with the first part in "data". */
static bool is_capture(const char *path)
{
	char data[4096];
	struct stat st;

	return (size_t)snprintf(data, sizeof data, "%s/data", path) < sizeof data &&
	       !stat(data, &st) && S_ISREG(st.st_mode);
}

bool folder_is(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode) && !is_capture(path);
}

static bool known(struct web *web, const char *path)
{
	bool found = false;

	pthread_mutex_lock(&web->inputs.lock);
	for (size_t i = 0; i < web->inputs.n && !found; i++)
		found = !strcmp(web->inputs.v[i]->path, path);
	pthread_mutex_unlock(&web->inputs.lock);
	return found;
}

/* FILE.json beside FILE is what cpget knows of that capture. */
static bool is_note(const char *path)
{
	size_t n = strlen(path);
	char *file = n > 5 && !strcmp(path + n - 5, ".json") ? strndup(path, n - 5) : NULL;
	bool note = file && !access(file, F_OK);

	free(file);
	return note;
}

/* Hidden files, programs, and what only looks half written are no runs. */
static bool is_run(const char *path, const char *name)
{
	static const char *const others[] = {".txt~", ".tmp", ".part", ".partial", ".svg",
		".html", ".py", ".sh", ".md", ".c", ".h", ".go", ".json~", ".answer"};
	size_t n = strlen(name);
	struct stat st;

	if (name[0] == '.' || stat(path, &st))
		return false;
	if (S_ISDIR(st.st_mode))
		return is_capture(path);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		size_t m = strlen(others[i]);

		if (n > m && !strcmp(name + n - m, others[i]))
			return false;
	}
	return S_ISREG(st.st_mode) && st.st_size && !is_note(path) && !file_is_elf(path);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order of their names, so that numbers after equal names do not depend on the disk.
 */
static size_t list(const char *path, char **names)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t n = 0;

	while (dir && n < MOST_RUNS && (entry = readdir(dir)))
		if ((names[n] = strdup(entry->d_name)))
			n++;
	if (dir)
		closedir(dir);
	qsort(names, n, sizeof *names, by_name);
	return n;
}

bool folder_scan(struct web *web, const char *path)
{
	char **names = calloc(MOST_RUNS, sizeof *names);
	size_t n = names ? list(path, names) : 0;
	bool ok = names && !access(path, R_OK | X_OK);

	for (size_t i = 0; i < n; i++) {
		char *file = NULL;

		if (asprintf(&file, "%s/%s", path, names[i]) < 0)
			ok = false;
		else if (is_run(file, names[i]) && !known(web, file))
			ok &= inputs_add(&web->inputs, file);
		free(file);
		free(names[i]);
	}
	free(names);
	return ok;
}

int folder_watch(const char *path)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 && inotify_add_watch(fd, path,
			       IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
				       IN_CREATE) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void folder_drain(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof events) > 0)
		;
}
