/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c: what goes to stdout: names of files and nothing else, or JSON. */
#include "cpget/cpget.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fetch/note.h"

bool cpget_is_good(const struct taken *t)
{
	return t->capture && fetch_done(t->capture) &&
	       fetch_result(t->capture)->reason <= FETCH_NO_SYMBOLS;
}

const char *cpget_file(const struct taken *t)
{
	const struct fetch_result *r = fetch_result(t->capture);

	return r->named ? r->named : r->file;
}

static void print_json(const struct cpget *self)
{
	bool first = true;

	printf("{\"schema\": \"libcp.get\", \"version\": 1,\n \"captures\": [");
	for (size_t i = 0; i < self->n_taken; i++) {
		const struct taken *t = self->taken[i];

		printf("%s\n  ", i ? "," : "");
		fetch_note_print(
			stdout, t->capture, fetch_result(t->capture)->file, "  ");
	}
	printf("],\n \"merged\": [");
	for (size_t i = 0; i < self->n_merged; i++) {
		printf("%s\n  {\"file\": ", first ? "" : ",");
		fetch_note_string(stdout, self->merged[i].file);
		printf(", \"captures\": %zu}", self->merged[i].of);
		first = false;
	}
	printf("]}\n");
}

static bool is_merged(const struct cpget *self, size_t job)
{
	for (size_t i = 0; i < self->n_merged; i++)
		if (cpget_belongs(self, self->merged[i].job, job))
			return true;
	return false;
}

/* A merged file stands for its parts. */
static void print_names(const struct cpget *self)
{
	for (size_t i = 0; i < self->n_merged; i++)
		printf("%s\n", self->merged[i].file);
	for (size_t i = 0; i < self->n_taken; i++) {
		const struct taken *t = self->taken[i];

		if (cpget_is_good(t) && !is_merged(self, t->job))
			printf("%s\n", cpget_file(t));
	}
}

/* `-o -`, and devices and pipes: the bytes themselves. */
static int copy_to(struct cpget *self, const char *output)
{
	bool standard = !strcmp(output, "-");
	FILE *from = NULL, *to = standard ? stdout : fopen(output, "we");
	const char *kept = NULL;
	char bytes[16384];
	size_t n;
	bool ok = to;

	for (size_t i = 0; i < self->n_taken; i++) {
		if (!cpget_is_good(self->taken[i]))
			continue;
		kept = fetch_result(self->taken[i]->capture)->file;
		from = fopen(kept, "re");
		while (ok && from && (n = fread(bytes, 1, sizeof bytes, from)))
			ok = fwrite(bytes, 1, n, to) == n;
		ok = from && ok;
		if (from)
			fclose(from);
	}
	if (to)
		ok = !(standard ? fflush(to) : fclose(to)) && ok;
	if (ok)
		return TOOL_GO;
	self->streamed = false; /* the copy that there is stays */
	ui_error(&self->tool->ui, NULL, "cannot write %s: %s%s%s",
		standard ? "standard output" : output, strerror(errno),
		kept ? "; the answer is kept in " : "", kept ? kept : "");
	return TOOL_SYSTEM;
}

int cpget_answer(struct cpget *self)
{
	/* libcurl made it ignored; a closed pipe ends us quietly, as it does other tools.
	 */
	signal(SIGPIPE, SIG_DFL);
	if (self->streamed)
		return copy_to(self, self->tool->options.output);
	if (self->json)
		print_json(self);
	else
		print_names(self);
	if (!fflush(stdout) && !ferror(stdout))
		return TOOL_GO;
	ui_error(&self->tool->ui, NULL, "cannot write standard output: %s",
		strerror(errno));
	return TOOL_SYSTEM;
}
