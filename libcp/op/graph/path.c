/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of files, shortened as pprof does. */
#include "op/graph/graph.h"

#include "base/sink.h"

void cpi_graph_clean_path(struct cpi_sink *sink, struct cp_text path)
{
	size_t start = sink->n, floor;
	bool rooted = path.n && path.p[0] == '/';

	if (rooted)
		cpi_sink_char(sink, '/');
	floor = sink->n;
	for (size_t i = 0; i < path.n;) {
		const char *slash = memchr(path.p + i, '/', path.n - i);
		size_t end = slash ? (size_t)(slash - path.p) : path.n;
		struct cp_text part = {path.p + i, end - i};

		i = end + 1;
		if (!part.n || cpi_text_equal(part, CPI_TEXT(".")))
			continue;
		if (cpi_text_equal(part, CPI_TEXT("..")) && sink->n > floor) {
			while (sink->n > floor && sink->buf[sink->n - 1] != '/')
				sink->n--;
			if (sink->n > floor)
				sink->n--;
			continue;
		}
		if (cpi_text_equal(part, CPI_TEXT("..")) && rooted)
			continue;
		if (sink->n > start + rooted)
			cpi_sink_char(sink, '/');
		cpi_sink_bytes(sink, part.p, part.n);
		if (cpi_text_equal(part, CPI_TEXT("..")))
			floor = sink->n;
	}
	if (sink->n == start)
		cpi_sink_char(sink, '.');
}

/*
 * The next part of a colon-separated list, without slashes at its end; false at its
 * end.
 */
static bool next_part(const char **list, struct cp_text *part)
{
	const char *colon;

	while (*list && **list == ':')
		++*list;
	if (!*list || !**list)
		return false;
	colon = strchrnul(*list, ':');
	*part = (struct cp_text){*list, (size_t)(colon - *list)};
	*list = colon;
	while (part->n && part->p[part->n - 1] == '/')
		part->n--;
	return true;
}

/*
 * What follows the folder `dir` (without its last slash) at `at`; nothing if it is not
 * there.
 */
static bool behind(
	struct cp_text path, size_t at, struct cp_text dir, struct cp_text *rest)
{
	size_t end = at + dir.n + 1;

	if (path.n < end || memcmp(path.p + at, dir.p, dir.n) || path.p[end - 1] != '/')
		return false;
	*rest = (struct cp_text){path.p + end, path.n - end};
	return true;
}

struct cp_text cpi_graph_trim_path(
	struct cp_text path, const char *trim_path, const char *source_path)
{
	const char *bazel = "/proc/self/cwd/.:/proc/self/cwd";
	struct cp_text dir, rest;

	while ((!trim_path || !*trim_path) && next_part(&source_path, &dir)) {
		dir = cpi_text_basename(dir);
		for (size_t i = 0; dir.n && i < path.n; i++)
			if (path.p[i] == '/' && behind(path, i + 1, dir, &rest))
				return rest;
	}
	while (next_part(&trim_path, &dir))
		if (behind(path, 0, dir, &rest))
			return rest;
	while (next_part(&bazel, &dir))
		if (behind(path, 0, dir, &rest))
			return rest;
	return path;
}

/* The path among those already seen, or as a new one; UINT32_MAX when out of memory. */
static uint32_t path_id(struct cpi_graph *g, struct cpi_graph_paths *paths,
	struct cpi_index *index, struct cp_text text, cp_string file)
{
	struct cpi_mem *mem = &g->env->mem;
	uint64_t hash = cpi_hash(text.p, text.n);
	struct cpi_probe probe = cpi_index_find(index, hash);
	struct cpi_graph_path path = {.file = file};
	char *copy;

	for (uint32_t id; (id = cpi_index_next(index, &probe));)
		if (cpi_text_equal(paths->path.v[id].text, text))
			return id;
	copy = cpi_arena_copy(&g->bytes, text.p, text.n);
	path.text = (struct cp_text){copy, text.n};
	if (!copy || !cpi_vec_push(mem, &paths->path, path) ||
		!cpi_index_add(mem, index, hash, (uint32_t)paths->path.n - 1))
		return UINT32_MAX;
	return (uint32_t)paths->path.n - 1;
}

bool cpi_graph_paths_init(struct cpi_graph *g, struct cpi_graph_paths *paths)
{
	const struct cp_profile *p = g->p;
	const struct cpi_graph_options *o = &g->options;
	struct cpi_mem *mem = &g->env->mem;
	struct cpi_index index = {0};
	struct cpi_sink clean;
	bool fine;

	*paths = (struct cpi_graph_paths){
		.of = cpi_alloc_zero(mem, p->string.n * sizeof(uint32_t))};
	fine = paths->of &&
	       cpi_vec_push(mem, &paths->path, (struct cpi_graph_path){.text.p = ""});
	cpi_sink_memory(&clean, mem);
	for (uint32_t i = 1; fine && i < p->function.n; i++) {
		cp_string file = p->function.v[i].file;
		struct cp_text text;

		if (!file.i || paths->of[file.i])
			continue;
		text = cpi_graph_trim_path(
			cpi_profile_text(p, file), o->trim_path, o->source_path);
		clean.n = 0;
		if (text.n)
			cpi_graph_clean_path(&clean, text);
		text = (struct cp_text){(const char *)clean.buf, clean.n};
		if (text.n)
			paths->of[file.i] = path_id(g, paths, &index, text, file);
		fine = !clean.code && paths->of[file.i] != UINT32_MAX;
	}
	cpi_sink_release(&clean);
	cpi_index_release(mem, &index);
	return fine;
}

void cpi_graph_paths_release(struct cpi_graph *g, struct cpi_graph_paths *paths)
{
	cpi_free(&g->env->mem, paths->of, g->p->string.n * sizeof(uint32_t));
	cpi_vec_release(&g->env->mem, &paths->path);
}
