/* SPDX-License-Identifier: Apache-2.0 */
/* cpdiff's gates for CI. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cpdiff.h"

/* "total:5%", "flat:REGEX:5%", "cum:REGEX:5%"; the regex may hold colons. */
static bool parse_gate(char *text, struct cp_gate *gate)
{
	char *last = strrchr(text, ':'), *first = strchr(text, ':');

	if (!last || !cpdiff_percent(last + 1, &gate->limit))
		return false;
	*last = 0;
	gate->regex = NULL;
	if (!strcmp(text, "total")) {
		gate->what = CP_GATE_TOTAL;
		return true;
	}
	if (first == last)
		return false;
	*first = 0;
	gate->regex = first + 1;
	if (strcmp(text, "flat") && strcmp(text, "cum"))
		return false;
	gate->what = *text == 'f' ? CP_GATE_FLAT : CP_GATE_CUM;
	return *gate->regex != 0;
}

int cpdiff_parse_gates(struct tool *tool, struct cpdiff *self)
{
	size_t bytes = 1;
	char *at;

	for (size_t i = 0; i < self->gates.n; i++)
		bytes += strlen(self->gates.v[i]) + 1;
	self->gate = calloc(self->gates.n + 1, sizeof *self->gate);
	self->text = at = malloc(bytes);
	if (!self->gate || !self->text) {
		ui_error(&tool->ui, NULL, "out of memory");
		return TOOL_SYSTEM;
	}
	for (size_t i = 0; i < self->gates.n; i++) {
		size_t n = strlen(self->gates.v[i]) + 1;

		memcpy(at, self->gates.v[i], n);
		if (!parse_gate(at, &self->gate[self->n_gate++]))
			return tool_usage(tool,
				"--fail-on takes total:5%%, flat:REGEX:5%% or "
				"cum:REGEX:5%%, not '%s'",
				self->gates.v[i]);
		at += n;
	}
	return TOOL_GO;
}

/* A gate whose function is in no capture decides nothing: it may be misspelt. */
static bool matches_nothing(const struct cp_gate *asked, const struct cp_gate_result *r)
{
	return asked->what != CP_GATE_TOTAL && !r->matched;
}

static void say(struct tool *tool, const struct cpdiff *self, const char *gate,
	 const struct cp_gate *asked,
	const struct cp_gate_result *r)
{
	char name[160] = "the total", change[48] = "new";
	const char *where = r->name.n ? ui_escape(name, sizeof name, r->name.p) : name;

	if (isfinite(r->ratio))
		snprintf(change, sizeof change, "%+.1f %%", 100 * (r->ratio - 1));
	if (asked->what == CP_GATE_TOTAL && self->total_acknowledged)
		ui_note(&tool->ui, NULL, "gate %s acknowledged: %s %s", gate, where, change);
	else if (matches_nothing(asked, r))
		ui_warn(&tool->ui, NULL, "gate %s: no function matches", gate);
	else if (asked->what != CP_GATE_TOTAL && !r->name.n)
		ui_note(&tool->ui, NULL, "gate %s passed: what it is about is acknowledged",
			gate);
	else if (r->answer == CP_GATE_FAIL)
		ui_error(&tool->ui, NULL, "gate %s FAILED: %s %s (p = %.2g)", gate, where,
			change, r->p);
	else if (r->answer == CP_GATE_UNCLEAR)
		ui_note(&tool->ui, NULL,
			"gate %s unclear: can detect %.0f %%, asked %.3g %% (%s %s); %s%.0f "
			"captures a side would",
			gate, 100 * (r->detectable - 1), 100 * asked->limit, where,
			change, self->known ? "" : "--calibration, or about ", r->captures);
	else
		ui_note(&tool->ui, NULL, "gate %s passed: %s %s", gate, where, change);
}

int cpdiff_answer_gates(
	struct tool *tool, struct cpdiff *self, const struct cp_diff *diff)
{
	struct cp_gate_result *result = calloc(self->n_gate, sizeof *result);
	struct cp_error err;
	int status = TOOL_DONE;

	if (!result) {
		ui_error(&tool->ui, NULL, "out of memory");
		return TOOL_SYSTEM;
	}
	if (cp_diff_gates(diff, self->gate, self->n_gate, result, &err)) {
		free(result);
		return tool_fail(tool, NULL, &err);
	}
	for (size_t i = 0; i < self->n_gate; i++) {
		bool unclear = result[i].answer == CP_GATE_UNCLEAR ||
			matches_nothing(&self->gate[i], &result[i]);

		say(tool, self, self->gates.v[i], &self->gate[i], &result[i]);
		if (self->gate[i].what == CP_GATE_TOTAL && self->total_acknowledged)
			continue;
		if (result[i].answer == CP_GATE_FAIL || (unclear && self->fail_unclear))
			status = TOOL_NO;
	}
	free(result);
	return status;
}
