/* SPDX-License-Identifier: Apache-2.0 */
/* What all hunts of one run share, and what a hunt finds: made and released. */
#include <stdio.h>
#include <stdlib.h>

#include "locate/debuginfod.h"
#include "locate/hunt.h"
#include "model/profile.h"

#define COMMENT "perf: "
#define COMMENT_RELEASE COMMENT "release "

static void set_directories(
	struct cpi_search *search, const struct cp_symbolize_options *options)
{
	const char *home = getenv("HOME"), *cache = getenv("DEBUGINFOD_CACHE_PATH");
	const char *xdg = getenv("XDG_CACHE_HOME");

	if (options->buildid_dir)
		snprintf(search->buildid_dir, sizeof search->buildid_dir, "%s",
			options->buildid_dir);
	else if (home)
		snprintf(search->buildid_dir, sizeof search->buildid_dir, "%s/.debug",
			home);
	if (cache)
		snprintf(search->cache, sizeof search->cache, "%s", cache);
	else if (xdg)
		snprintf(
			search->cache, sizeof search->cache, "%s/debuginfod_client", xdg);
	else if (home)
		snprintf(search->cache, sizeof search->cache,
			"%s/.cache/debuginfod_client", home);
}

enum cp_code cpi_search_init(struct cpi_search *search, struct cpi_env *env,
	const struct cp_symbolize_options *options, const struct cp_profile *profile,
	struct cp_error *err)
{
	const struct cp_text prefix = CPI_TEXT(COMMENT_RELEASE);
	const struct cp_text perf = CPI_TEXT(COMMENT);

	memset(search, 0, sizeof *search);
	search->env = env;
	search->options = options;
	search->capture_time = profile ? profile->header.time_nanos / 1000000000 : 0;
	search->by_perf = !profile;
	set_directories(search, options);
	for (size_t i = 0; profile && i < profile->comment.n; i++) {
		struct cp_text text = cpi_profile_text(profile, profile->comment.v[i]);

		search->by_perf = search->by_perf || cpi_text_starts(text, perf);
		if (cpi_text_starts(text, prefix))
			search->release =
				(struct cp_text){text.p + prefix.n, text.n - prefix.n};
	}
	return options->debuginfod ? cpi_debuginfod_new(env, &search->remote, err)
				   : CP_OK;
}

void cpi_search_release(struct cpi_search *search)
{
	cpi_debuginfod_free(search->remote);
	search->remote = NULL;
}

void cpi_found_init(struct cpi_found *found, struct cpi_env *env)
{
	memset(found, 0, sizeof *found);
	cpi_arena_init(&found->arena, &env->mem);
}

void cpi_found_release(struct cpi_found *found, struct cpi_env *env)
{
	for (size_t i = 0; i < found->split.n; i++)
		cpi_object_close(&found->split.v[i], env);
	cpi_vec_release(&env->mem, &found->split);
	cpi_object_close(&found->mini, env);
	cpi_object_close(&found->alt, env);
	cpi_object_close(&found->debug, env);
	cpi_object_close(&found->main, env);
	cpi_blob_release(env, &found->list);
	cpi_blob_release(env, &found->dump);
	cpi_arena_release(&found->arena);
}

struct cp_text cpi_found_keep(struct cpi_found *found, const char *text)
{
	char *copy = cpi_arena_copy(&found->arena, text, strlen(text));

	found->dropped |= !copy;
	return copy ? cpi_text(copy) : (struct cp_text){"", 0};
}

struct cpi_hunt cpi_hunt_for(const struct cpi_search *search,
	const struct cpi_sought *sought, struct cpi_found *found, enum cpi_want want)
{
	return (struct cpi_hunt){.search = search,
		.sought = sought,
		.found = found,
		.want = want,
		.id = cpi_build_id_read(sought->build_id)};
}
