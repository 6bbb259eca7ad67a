/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated code: the dumps and maps that its compilers left. They are named by the
 * process's own number, which in a container is another one than perf's; a sought's
 * `inner` is that, where the capture tells it.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "locate/hunt.h"

static bool has_magic(const struct cpi_blob *blob)
{
	return blob->n >= 4 &&
	       (!memcmp(blob->bytes, "JiTD", 4) || !memcmp(blob->bytes, "DTiJ", 4));
}

static bool try_in(struct cpi_hunt *hunt, const char *dir, const char *name)
{
	struct cpi_where where = {.root = dir};
	int n = snprintf(where.path, sizeof where.path, "/%s", name);

	return n > 0 && (size_t)n < sizeof where.path && cpi_hunt_try(hunt, &where);
}

static bool in_dir(struct cpi_hunt *hunt, const char *dir, uint32_t pid)
{
	char name[64];

	snprintf(name, sizeof name,
		hunt->want == CPI_WANT_JITDUMP ? "jit-%u.dump" : "perf-%u.map", pid);
	return pid && try_in(hunt, dir, name);
}

/* The one perf map of a directory that is said to be this process's. */
static bool only_map(struct cpi_hunt *hunt, const char *dir)
{
	struct dirent *entry;
	char name[sizeof entry->d_name] = "";
	unsigned n = 0;
	DIR *d = hunt->want == CPI_WANT_JITDUMP ? NULL : opendir(dir);

	while (d && (entry = readdir(d))) {
		struct cp_text text = cpi_text(entry->d_name);

		if (!cpi_text_starts(text, CPI_TEXT("perf-")) ||
			!cpi_text_ends(text, CPI_TEXT(".map")))
			continue;
		snprintf(name, sizeof name, "%s", entry->d_name);
		n++;
	}
	if (d)
		closedir(d);
	return n == 1 && try_in(hunt, dir, name);
}

/* The number in front of "PID=FILE", and what follows it; NULL: there is none. */
static const char *behind_number(const char *given, unsigned long *ret_pid)
{
	char *end;

	*ret_pid = strtoul(given, &end, 10);
	return end != given && *end == '=' ? end + 1 : NULL;
}

/* "PID=FILE" or "PID=DIR", for this process alone. */
static bool by_number(struct cpi_hunt *hunt, const char *given)
{
	const struct cpi_sought *sought = hunt->sought;
	struct cpi_found *found = hunt->found;
	struct cp_text file = found->file;
	bool dump = hunt->want == CPI_WANT_JITDUMP;
	struct cpi_blob *blob = dump ? &found->dump : &found->list;
	unsigned long pid;
	const char *path = behind_number(given, &pid);
	struct stat st;

	if (!path || pid != sought->pid || stat(path, &st))
		return false;
	if (S_ISDIR(st.st_mode))
		return in_dir(hunt, path, sought->pid) ||
		       in_dir(hunt, path, sought->inner) || only_map(hunt, path);
	if (!cpi_hunt_try_given(hunt, path))
		return false;
	if (has_magic(blob) == dump)
		return true;
	cpi_blob_release(hunt->search->env, blob);
	found->file = file;
	return false;
}

/* Those of one process come first; directories for all are in the table. */
bool cpi_hunt_map_dirs(struct cpi_hunt *hunt)
{
	const struct cp_symbolize_options *o = hunt->search->options;

	for (size_t i = 0; i < o->n_map_dirs; i++)
		if (by_number(hunt, o->map_dirs[i]))
			return true;
	return false;
}

bool cpi_locate_jitdump(const struct cpi_search *search, const struct cpi_sought *sought,
	struct cpi_found *found)
{
	struct cpi_hunt hunt = cpi_hunt_for(search, sought, found, CPI_WANT_JITDUMP);

	return cpi_hunt_run(&hunt);
}

bool cpi_locate_perfmap(const struct cpi_search *search, const struct cpi_sought *sought,
	struct cpi_found *found)
{
	struct cpi_hunt hunt = cpi_hunt_for(search, sought, found, CPI_WANT_PERFMAP);

	return cpi_hunt_run(&hunt);
}
