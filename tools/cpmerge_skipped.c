/* SPDX-License-Identifier: Apache-2.0 */
/* The account of what a merge left out. */
#include "cpmerge_skipped.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"

void skipped_add(struct skipped *s, const char *input, const char *member,
	uint64_t message, const char *reason, const char *text)
{
	struct skipped_row *row;

	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 16;

		row = realloc(s->row, room * sizeof *row);
		if (!row) {
			s->no_memory = true;
			return;
		}
		s->row = row;
		s->room = room;
	}
	row = &s->row[s->n++];
	*row = (struct skipped_row){strdup(input), member ? strdup(member) : NULL,
		message, strdup(reason), strdup(text)};
	if (!row->input || (member && !row->member) || !row->reason || !row->text)
		s->no_memory = true;
}

void skipped_release(struct skipped *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->row[i].input);
		free(s->row[i].member);
		free(s->row[i].reason);
		free(s->row[i].text);
	}
	free(s->row);
	*s = (struct skipped){.n = 0};
}

static int no_memory(struct tool *tool)
{
	ui_error(&tool->ui, NULL, "out of memory");
	return TOOL_SYSTEM;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The reasons, in order of name, equal ones beside each other; NULL: out of memory. */
static const char **reasons(const struct skipped *s)
{
	const char **v = malloc((s->n + 1) * sizeof *v);

	if (!v || s->no_memory) {
		free(v);
		return NULL;
	}
	for (size_t i = 0; i < s->n; i++)
		v[i] = s->row[i].reason;
	qsort(v, s->n, sizeof *v, by_name);
	return v;
}

/* How many of the reasons from v[i] on are the same. */
static size_t run(const char **v, size_t i, size_t n)
{
	size_t k = i + 1;

	while (k < n && !strcmp(v[k], v[i]))
		k++;
	return k - i;
}

int skipped_tell(struct tool *tool, const struct skipped *s, struct cp_merge *merge)
{
	const char **v = reasons(s);
	struct cp_error err;
	int status = TOOL_GO;

	if (!v)
		return no_memory(tool);
	for (size_t i = 0, n; i < s->n && status == TOOL_GO; i += n) {
		n = run(v, i, s->n);
		if (cp_merge_skip(merge, v[i], n, &err))
			status = tool_fail(tool, NULL, &err);
	}
	free(v);
	return status;
}

static void write_row(struct out *out, const struct skipped_row *row)
{
	out_printf(out, "\n    {\"input\": ");
	out_json_text(out, tool_input_name(row->input));
	if (row->member) {
		out_printf(out, ", \"member\": ");
		out_json_text(out, row->member);
	}
	if (row->message)
		out_printf(out, ", \"number\": %" PRIu64, row->message);
	out_printf(out, ", \"reason\": ");
	out_json_text(out, row->reason);
	out_printf(out, ", \"message\": ");
	out_json_text(out, row->text);
	out_printf(out, "}");
}

static void write_all(struct out *out, const struct skipped *s, const char **v)
{
	out_printf(out,
		"{\n  \"schema\": \"libcp.skipped\",\n  \"version\": 1,\n  \"inputs\": "
		"%" PRIu64 ",\n  \"skipped\": %zu,\n  \"reasons\": {",
		s->inputs, s->n);
	for (size_t i = 0, n; i < s->n; i += n) {
		n = run(v, i, s->n);
		out_printf(out, "%s", i ? ", " : "");
		out_json_text(out, v[i]);
		out_printf(out, ": %zu", n);
	}
	out_printf(out, "},\n  \"list\": [");
	for (size_t i = 0; i < s->n; i++) {
		out_printf(out, "%s", i ? "," : "");
		write_row(out, &s->row[i]);
	}
	out_printf(out, "%s]\n}\n", s->n ? "\n  " : "");
}

int skipped_write(struct tool *tool, const struct skipped *s, const char *path)
{
	const char **v = reasons(s);
	char message[512];
	struct out out;

	if (!v)
		return no_memory(tool);
	if (!out_open(&out, path, false, message, sizeof message)) {
		free(v);
		ui_error(&tool->ui, NULL, "%s", message);
		return TOOL_SYSTEM;
	}
	write_all(&out, s, v);
	free(v);
	if (out_commit(&out, message, sizeof message))
		return TOOL_GO;
	ui_error(&tool->ui, NULL, "%s", message);
	return TOOL_SYSTEM;
}

bool most_bad_parse(const char *text, struct most_bad *ret)
{
	char *end;
	double x = strtod(text, &end);
	bool share = *end == '%';

	if (end == text || !(x >= 0) || !isfinite(x) || end[share] ||
		(share ? x > 100 : x != floor(x)))
		return false;
	*ret = (struct most_bad){true, share, x};
	return true;
}

int skipped_judge(struct tool *tool, const struct skipped *s, const struct most_bad *most)
{
	double allowed = most->share ? most->x / 100 * (double)s->inputs : most->x;
	uint64_t bad = s->n - s->duplicates;

	if (!most->given || (double)bad <= allowed)
		return TOOL_GO;
	ui_error(&tool->ui, NULL,
		"%" PRIu64 " of %" PRIu64 " inputs are bad, --max-bad allows %g%s", bad,
		s->inputs, most->x, most->share ? "%" : "");
	return TOOL_UNREADABLE;
}
