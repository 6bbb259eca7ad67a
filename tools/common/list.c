/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of files in files: --files-from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/main.h"

int tool_read_list(
	struct tool *tool, const char *path, int end, struct opt_list *list)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "r") : stdin;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (!f) {
		ui_error(&tool->ui, path, "cannot be opened");
		return TOOL_UNREADABLE;
	}
	while ((n = getdelim(&line, &room, end, f)) > 0) {
		while (n && (line[n - 1] == end || (end && line[n - 1] == '\r')))
			line[--n] = 0;
		if (n)
			opt_list_add_copy(list, line);
	}
	free(line);
	if (f != stdin)
		fclose(f);
	return TOOL_GO;
}
