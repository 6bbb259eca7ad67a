/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes that somebody took responsibility for, until a day: gates pass over them. A
 * line of the file is "YYYY-MM-DD REGEX", or "YYYY-MM-DD total"; # begins a remark.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cpdiff.h"

static bool is_date(const char *s)
{
	static const char shape[] = "0000-00-00";

	for (size_t i = 0; i < sizeof shape - 1; i++)
		if (shape[i] == '0' ? s[i] < '0' || s[i] > '9' : s[i] != shape[i])
			return false;
	return s[sizeof shape - 1] == ' ';
}

/* "(?:this)|(?:that)": any of them. */
static bool add(struct cpdiff *self, const char *regex)
{
	char *more;
	int n = asprintf(&more, "%s%s(?:%s)",
		self->acknowledged ? self->acknowledged : "",
		self->acknowledged ? "|" : "", regex);

	if (n < 0)
		return false;
	free(self->acknowledged);
	self->acknowledged = more;
	return true;
}

static int take_line(struct tool *tool, struct cpdiff *self, const char *path, char *line,
	const char *today)
{
	char shown[160];
	const char *regex;

	while (*line == ' ' || *line == '\t')
		line++;
	if (!*line || *line == '#')
		return TOOL_GO;
	if (!is_date(line)) {
		ui_error(&tool->ui, path, "a line is YYYY-MM-DD REGEX, not '%s'",
			ui_escape(shown, sizeof shown, line));
		return TOOL_USAGE;
	}
	regex = line + 11 + strspn(line + 11, " ");
	if (!*regex) {
		ui_error(&tool->ui, path, "nothing is acknowledged until %.10s", line);
		return TOOL_USAGE;
	}
	if (strncmp(line, today, 10) < 0) {
		ui_warn(&tool->ui, path, "expired on %.10s: %s", line,
			ui_escape(shown, sizeof shown, regex));
		return TOOL_GO;
	}
	if (!strcmp(regex, "total"))
		self->total_acknowledged = true;
	else if (!add(self, regex))
		return TOOL_SYSTEM;
	return TOOL_GO;
}

int cpdiff_load_acknowledged(struct tool *tool, struct cpdiff *self)
{
	struct opt_list lines = {0};
	char today[16];
	time_t now = time(NULL);
	struct tm day;
	int status = tool_read_list(tool, self->acknowledged_file, '\n', &lines);

	strftime(today, sizeof today, "%Y-%m-%d", gmtime_r(&now, &day));
	for (size_t i = 0; status == TOOL_GO && i < lines.n; i++)
		status = take_line(
			tool, self, self->acknowledged_file, (char *)lines.v[i], today);
	opt_list_release(&lines);
	self->options.acknowledged = self->acknowledged;
	return status;
}
