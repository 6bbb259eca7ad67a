/* SPDX-License-Identifier: Apache-2.0 */
/* In which form an answer is given: --to, or the ending of -o. */
#include "common/answer.h"

#include <stdio.h>
#include <string.h>

#include "common/nearest.h"

const struct cp_format *tool_find_format(const char *name)
{
	const struct cp_format *format;

	for (size_t i = 0; (format = cp_format_at(i)); i++)
		if (!strcmp(format->name, name))
			return format;
	return NULL;
}

/* Length of the longest ending in `endings` (space-separated) that `name` has, or 0. */
static size_t ending(const char *name, const char *endings)
{
	size_t n = strlen(name), longest = 0;

	while (endings && *endings) {
		size_t length = strcspn(endings, " ");

		if (length < n && length > longest &&
			!memcmp(name + n - length, endings, length))
			longest = length;
		endings += length + strspn(endings + length, " ");
	}
	return longest;
}

/* Callgrind's own name for its files, "callgrind.out.PID", ends in a number. */
static bool is_callgrind(const char *path)
{
	static const char start[] = "callgrind.out";
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return !strncmp(name, start, sizeof start - 1) &&
	       (!name[sizeof start - 1] || name[sizeof start - 1] == '.');
}

static const struct cp_format *format_by_ending(const char *path)
{
	const struct cp_format *format, *best = NULL;
	size_t longest = 0;

	if (is_callgrind(path))
		return tool_find_format("callgrind");

	for (size_t i = 0; (format = cp_format_at(i)); i++) {
		size_t n = format->writes ? ending(path, format->extensions) : 0;

		if (n > longest) {
			longest = n;
			best = format;
		}
	}
	return best;
}

/* The tool that writes a format, for those who ask another one. */
static const char *who_writes(const char *name)
{
	static const char *const words[][2] = {{"svg", "cpflame"}, {"html", "cpflame"},
		{"frames", "cpflame"}, {"text", "cpreport"}, {"json", "cpreport"},
		{"csv", "cpreport"}, {"markdown", "cpconv"}};
	const struct cp_format *format = tool_find_format(name);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i][0], name))
			return words[i][1];
	return format && format->writes ? "cpconv" : NULL;
}

/* The format whose files end in ".WORD". */
static const char *named_by_ending(const char *word)
{
	char path[40];
	const struct cp_format *format;

	if ((size_t)snprintf(path, sizeof path, "x.%s", word) >= sizeof path)
		return NULL;
	format = format_by_ending(path);
	return format ? format->name : NULL;
}

static void say_formats(struct tool *tool, const char *wanted)
{
	const char *names[64], *nearest;
	const struct cp_format *format;
	char list[400] = "";
	size_t n = 0;

	for (size_t i = 0; n < 64 && (format = cp_format_at(i)); i++)
		if (format->writes) {
			size_t used = strlen(list);

			snprintf(list + used, sizeof list - used, "%s%s", n ? ", " : "",
				format->name);
			names[n++] = format->name;
		}
	nearest = who_writes(wanted);
	if (nearest) {
		tool_usage(tool, "cannot write format '%s' (%s does; here: %s)", wanted,
			nearest, list);
		return;
	}
	nearest = named_by_ending(wanted);
	if (!nearest)
		nearest = opt_nearest(wanted, names, n);
	tool_usage(tool, "cannot write format '%s'%s%s%s (formats: %s)", wanted,
		nearest ? "; did you mean '" : "", nearest ? nearest : "",
		nearest ? "'?" : "", list);
}

const struct cp_format *tool_output_format(struct tool *tool, const char *fallback)
{
	const char *to = tool->options.to, *path = tool->options.output;
	const struct cp_format *format;

	if (!to && path && strcmp(path, "-")) {
		format = format_by_ending(path);
		if (!format)
			tool_usage(tool,
				"the ending of %s names no format: say --to FORMAT",
				path);
		return format;
	}
	format = tool_find_format(to ? to : fallback);
	if (format && format->writes)
		return format;
	say_formats(tool, to ? to : fallback);
	return NULL;
}

/* "text, json or csv" */
static char *list_answers(const struct answer *answers, char *buf, size_t size)
{
	size_t n = 0;

	for (const struct answer *a = answers; a->name && n < size; a++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s",
			a == answers ? "" : a[1].name ? ", " : " or ", a->name);
	return buf;
}

static const char *answer_by_name(
	struct tool *tool, const struct answer *answers, const char *to)
{
	const char *who = who_writes(to);
	char list[200];

	for (const struct answer *a = answers; a->name; a++)
		if (!strcmp(a->name, to))
			return a->name;
	if (who && !strcmp(who, tool->name))
		who = NULL;
	tool_usage(tool, "--to is %s, not '%s'%s%s%s",
		list_answers(answers, list, sizeof list), to, who ? "; " : "",
		who ? who : "", who ? " writes that" : "");
	return NULL;
}

static bool has_ending(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return *name && strchr(name + 1, '.');
}

const char *tool_answer(struct tool *tool, const struct answer *answers)
{
	const char *path = tool->options.output;
	const struct answer *best = NULL;
	size_t longest = 0;
	char list[200];

	if (tool->options.to)
		return answer_by_name(tool, answers, tool->options.to);
	if (!path || !has_ending(path))
		return answers->name;
	for (const struct answer *a = answers; a->name; a++) {
		size_t n = ending(path, a->endings);

		if (n > longest) {
			longest = n;
			best = a;
		}
	}
	if (best)
		return best->name;
	tool_usage(tool, "the ending of %s names no format: say --to %s", path,
		list_answers(answers, list, sizeof list));
	return NULL;
}
