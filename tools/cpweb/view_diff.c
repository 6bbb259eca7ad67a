/* SPDX-License-Identifier: Apache-2.0 */
/* Two sides of captures, compared as cpdiff and cpflame --diff do. */
#include <cp/diff.h>
#include <cp/flame.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpweb/view.h"

/* Sides are lists of names with slashes between them, which no name has. */
enum { MOST_CAPTURES = 64 };

struct pair {
	struct job job; /* of the first capture after, which the page describes */
	struct {
		struct loaded *loaded[MOST_CAPTURES];
		struct cp_profile *own[MOST_CAPTURES];
		const char *name[MOST_CAPTURES];
		size_t n;
	} side[2]; /* before, after */
	char *text[2];
};

void diff_scale(const struct request *request, enum cp_diff_scale *scale)
{
	static const struct {
		const char *word;
		enum cp_diff_scale scale;
	} rows[] = {{"none", CP_SCALE_NONE}, {"time", CP_SCALE_TIME},
		{"total", CP_SCALE_TOTAL}, {"anchor", CP_SCALE_ANCHOR}};
	const char *given = request->value[P_SCALE];

	for (size_t i = 0; given && i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(rows[i].word, given))
			*scale = rows[i].scale;
	/* pprof's normalize: both sides have the same total. */
	if (!given && request_yes(request->value[P_NORMALIZE]))
		*scale = CP_SCALE_TOTAL;
}

/* One capture of a side, with the request's filters. */
static bool add_capture(struct pair *pair, int side, const char *name, const char *time)
{
	struct job *job = &pair->job;
	struct input *input = inputs_find(&job->web->inputs, name);
	size_t i = pair->side[side].n;
	struct cp_error err = {.code = CP_ERROR_ARGUMENT};
	bool stale;

	if (!input || i == MOST_CAPTURES) {
		snprintf(err.message, sizeof err.message,
			input ? "more than 64 captures a side"
			      : "no file of this name is open: %.80s",
			name);
		job_fail(job, &err);
		job->wrong = side ? P_AFTER : P_BEFORE;
		return false;
	}
	pair->side[side].loaded[i] =
		inputs_get(&job->web->inputs, input, time ? time : "", &stale, &err);
	if (!pair->side[side].loaded[i]) {
		job_fail(job, &err);
		return false;
	}
	pair->side[side].name[i] = input->name;
	pair->side[side].n++;
	/* The filter works on the job's profile: lend it this one. */
	job->profile = pair->side[side].loaded[i]->profile;
	job->own = NULL;
	if (!job_filter(job, CP_BY_ADDRESS, true))
		return false;
	pair->side[side].own[i] = job->own;
	job->own = NULL;
	return true;
}

static bool add_side(struct pair *pair, int side, const char *names, const char *time)
{
	char *rest, *name;
	bool ok = true;

	pair->text[side] = strdup(names);
	rest = pair->text[side];
	while (ok && rest && (name = strsep(&rest, "/")))
		ok = !*name || add_capture(pair, side, name, time);
	return ok && pair->text[side];
}

static const struct cp_profile *capture_of(const struct pair *pair, int side, size_t i)
{
	return pair->side[side].own[i] ? pair->side[side].own[i]
				       : pair->side[side].loaded[i]->profile;
}

/* Both sides named, or one file's two spans of time. */
static bool pair_begin(struct pair *pair)
{
	const char *const *v = pair->job.request->value;
	const char *name = pair->job.input->name;
	bool ok;

	if (v[P_TIME_B] && !v[P_BEFORE])
		return add_side(pair, 0, name, v[P_TIME]) &&
		       add_side(pair, 1, name, v[P_TIME_B]);
	if (!v[P_BEFORE] || !v[P_AFTER])
		return false;
	ok = add_side(pair, 0, v[P_BEFORE], v[P_TIME]) &&
	     add_side(pair, 1, v[P_AFTER], v[P_TIME_B] ? v[P_TIME_B] : v[P_TIME]);
	return ok && pair->side[0].n && pair->side[1].n;
}

static void pair_release(struct pair *pair)
{
	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < pair->side[side].n; i++) {
			cp_profile_free(pair->side[side].own[i]);
			inputs_put(&pair->job.web->inputs, pair->side[side].loaded[i]);
		}
		free(pair->text[side]);
	}
	pair->job.profile = pair->job.loaded ? pair->job.loaded->profile : NULL;
}

/* Each paragraph of cpdiff's text as a JSON string; lines that go on are put together. */
static void take_words(const struct buf *text, struct buf *said)
{
	const char *at = text->p, *end = text->p + text->n;

	while (at < end) {
		const char *line = at;
		struct buf words = {0};

		do {
			const char *stop = memchr(at, '\n', (size_t)(end - at));

			stop = stop ? stop : end;
			if (at > line)
				buf_char(&words, ' ');
			while (at > line && at < stop && *at == ' ')
				at++;
			buf_add(&words, at, (size_t)(stop - at));
			at = stop < end ? stop + 1 : end;
		} while (at < end && *at == ' ');
		if (words.n) {
			buf_str(said, said->n ? "," : "");
			buf_json(said, words.p, words.n);
		}
		buf_release(&words);
	}
}

/* The sentences above and below cpdiff's table: what it comes to, and by which method. */
static enum cp_code say(struct pair *pair, const struct cp_diff *diff,
	const struct cp_diff_write_options *write, struct cp_error *err)
{
	struct cp_diff_write_options brief = *write;
	struct buf text = {0};
	enum cp_code code;
	char *table, *rest;

	brief.rows = 1;
	code = cp_diff_write(
		pair->job.context, diff, "text", &brief, buf_write, &text, err);
	table = !code && text.n ? strstr(text.p, "\n\n") : NULL;
	rest = table ? strstr(table + 2, "\n\n") : NULL;
	if (rest) {
		struct buf below = {
			.p = rest + 2, .n = (size_t)(text.p + text.n - (rest + 2))};

		text.n = (size_t)(table - text.p);
		take_words(&text, &pair->job.said);
		take_words(&below, &pair->job.said);
	}
	buf_release(&text);
	return code;
}

static enum cp_code compare(struct pair *pair, struct buf *json, const char *format,
	cp_write_fn *fn, struct cp_error *err)
{
	const struct request *request = pair->job.request;
	bool mean;
	struct cp_diff_options options = {
		.size = sizeof options, .sample_type = job_sample_index(request, &mean)};
	struct cp_diff_write_options write = {.size = sizeof write,
		.before = pair->side[0].name[0],
		.after = pair->side[1].name[0]};
	struct cp_diff *diff = NULL;
	enum cp_code code;

	diff_scale(request, &options.scale);
	code = cp_diff_new(pair->job.context, &options, &diff, err);

	for (int side = 0; side < 2; side++)
		for (size_t i = 0; !code && i < pair->side[side].n; i++)
			code = cp_diff_add(diff, side ? CP_AFTER : CP_BEFORE,
				capture_of(pair, side, i), pair->side[side].name[i], err);
	if (!code)
		code = cp_diff_finish(diff, err);
	if (!code)
		code = cp_diff_write(
			pair->job.context, diff, format, &write, fn, json, err);
	if (!code && fn == buf_write_json)
		code = say(pair, diff, &write, err);
	cp_diff_free(diff);
	return code;
}

void view_diff(struct web *web, const struct request *request, struct answer_body *answer)
{
	struct pair *pair = calloc(1, sizeof *pair);
	const char *to = request->value[P_FORMAT];
	struct buf data = {0};
	struct cp_error err;

	if (!pair || !job_begin(&pair->job, web, request, answer)) {
		answer->body.failed |= !pair;
		if (pair)
			job_release(&pair->job);
		free(pair);
		return;
	}
	bool file = to && (!strcmp(to, "csv") || !strcmp(to, "json"));

	if (pair_begin(pair) &&
		compare(pair, file ? &answer->body : &data, file ? to : "json",
			file ? buf_write : buf_write_json, &err)) {
		job_fail(&pair->job, &err);
		data.n = 0;
		answer->body.n = 0;
		file = false;
	}
	pair_release(pair);
	if (!file) {
		job_page(&pair->job, "diff", "what changed", NULL, &data);
	} else {
		answer->type =
			*to == 'c' ? "text/csv; charset=utf-8" : "application/json";
		answer->save_as = strdup(*to == 'c' ? "diff.csv" : "diff.json");
	}
	job_release(&pair->job);
	buf_release(&data);
	free(pair);
}

/* The picture --------------------------------------------------------------------------
 */

static enum cp_flame_scale flame_scale(const struct request *request)
{
	const char *given = request->value[P_SCALE];

	if (!given && request_yes(request->value[P_NORMALIZE]))
		return CP_FLAME_SCALE_TOTAL;
	return given && !strcmp(given, "time")    ? CP_FLAME_SCALE_TIME
	       : given && !strcmp(given, "total") ? CP_FLAME_SCALE_TOTAL
						  : CP_FLAME_SCALE_NONE;
}

static enum cp_code draw(struct pair *pair, uint32_t most, uint64_t *ret_left_out,
	struct buf *data, struct cp_error *err)
{
	struct cp_flame_options options;
	struct cp_flame *flame = NULL;
	enum cp_code code;
	size_t before = pair->side[0].n, after = pair->side[1].n;

	flame_options(pair->job.request, NULL, &options);
	options.diff = true;
	code = cp_flame_new(pair->job.context, &options, &flame, err);
	for (int side = 0; side < 2; side++)
		for (size_t i = 0; !code && i < pair->side[side].n; i++)
			code = cp_flame_add(flame, capture_of(pair, side, i),
				side ? CP_FLAME_AFTER : CP_FLAME_BEFORE, err);
	if (!code) {
		enum cp_flame_scale scale = flame_scale(pair->job.request);

		/* Sides are sums of their captures; as many of each are compared. */
		if (scale == CP_FLAME_SCALE_NONE && before != after)
			cp_flame_scale(flame, CP_FLAME_SCALE_FACTOR,
				(double)after / (double)before, "to as many captures");
		else
			cp_flame_scale(flame, scale, 0, NULL);
		code = cp_flame_write_data(
			flame, most, ret_left_out, buf_write, data, err);
	}
	cp_flame_free(flame);
	return code;
}

static void diff_flame(struct web *web, const struct request *request,
	struct answer_body *answer, bool whole)
{
	struct pair *pair = calloc(1, sizeof *pair);
	struct buf data = {0}, main = {0};
	uint64_t left_out = 0;
	struct cp_error err;

	if (pair && job_begin(&pair->job, web, request, answer)) {
		bool ok = pair_begin(pair);

		if (ok && draw(pair, whole ? 0 : 4000, &left_out, &data, &err)) {
			job_fail(&pair->job, &err);
			ok = false;
		}
		pair_release(pair);
		answer->body.failed |= data.failed;
		if (whole) {
			answer->type = "text/plain; charset=utf-8";
			buf_str(&answer->body, ok ? data.p : pair->job.message);
			answer->status = ok ? 200 : 422;
		} else {
			if (ok)
				flame_element(request, PAGE_DIFF_FLAME_DATA, left_out,
					&data, &main);
			answer->body.failed |= main.failed;
			job_page(&pair->job, "diffgraph", "difference", main.p, NULL);
		}
	}
	answer->body.failed |= !pair;
	if (pair)
		job_release(&pair->job);
	buf_release(&data);
	buf_release(&main);
	free(pair);
}

void view_diff_flame(
	struct web *web, const struct request *request, struct answer_body *answer)
{
	diff_flame(web, request, answer, false);
}

void view_diff_flame_data(
	struct web *web, const struct request *request, struct answer_body *answer)
{
	diff_flame(web, request, answer, true);
}
