/* SPDX-License-Identifier: Apache-2.0 */
/* cpget: takes profiles from running services, and keeps them. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/main.h"
#include "fetch/fetch.h"
#include "fetch/keep.h"
#include "fetch/options.h"

struct cpget {
	struct fetch_options fetch;
	const char *dir;
};

static const struct opt rows[] = {
	OPT_STRING(struct cpget, dir, "dir", 0, "FOLDER", "keep captures in FOLDER"),
	OPT_END,
};

static const char examples[] =
	"  cpget localhost:6060          30 s of CPU, saved under pprof's name\n";

static int run(struct tool *tool, struct cpget *self)
{
	struct fetch_settings settings;
	struct fetch_request request = {
		.url = tool->options.inputs.v[0],
		.seconds = self->fetch.seconds,
		.kind = self->fetch.kinds.n ? self->fetch.kinds.v[0] : NULL,
		.file = tool->options.output,
		.dir = self->dir,
	};
	char message[400];
	struct fetch *fetch;
	struct fetch_capture *capture;
	const struct fetch_result *r;
	int status = fetch_options_get(tool, &self->fetch, &settings);

	if (status != TOOL_GO)
		return status;
	fetch = fetch_new(&settings, message, sizeof message);
	if (!fetch)
		return tool_usage(tool, "%s", message);
	capture = fetch_start(fetch, &request, message, sizeof message, NULL);
	if (!capture) {
		fetch_free(fetch);
		return tool_usage(tool, "%s", message);
	}
	while (fetch_step(fetch, 1000))
		;
	fetch_keep(capture, NULL);
	r = fetch_result(capture);
	if (*r->sentence)
		ui_error(&tool->ui, fetch_shown(capture), "%s [%s]", r->sentence,
			fetch_reason_code(r->reason));
	status = r->reason <= FETCH_NO_SYMBOLS ? TOOL_DONE : TOOL_UNREADABLE;
	if (status == TOOL_DONE)
		printf("%s\n", r->named ? r->named : r->file);
	fetch_free(fetch);
	return status;
}

int main(int argc, char **argv)
{
	struct cpget self = {0};
	struct tool tool = {
		.name = "cpget",
		.summary = "take a profile from a running service and keep it",
		.examples = examples,
		.usage = "[OPTION...] URL...",
	};
	const struct opt_group groups[] = {
		{"Keeping", rows, &self},
		OPT_GROUP_FETCH(&self.fetch),
		OPT_GROUP_COMMON(&tool),
		{0},
	};
	int status;

	tool.groups = groups;
	status = tool_begin(&tool, argc, argv);
	if (status == TOOL_GO)
		status = tool.options.inputs.n ? run(&tool, &self)
					       : tool_usage(&tool, "no URL");
	fetch_options_release(&self.fetch);
	return tool_end(&tool, status);
}
