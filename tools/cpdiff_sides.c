/* SPDX-License-Identifier: Apache-2.0 */
/* Which captures are before and which after. */
#include <stdio.h>
#include <string.h>

#include <cp/filter.h>
#include <cp/units.h>

#include "cpdiff.h"

enum { EVENT, RATE, HOST, KERNEL, CPU, FACTS };

static const char *const fact_name[FACTS] = {
	[EVENT] = "event",
	[RATE] = "sampling rate",
	[HOST] = "host",
	[KERNEL] = "kernel",
	[CPU] = "processor",
};

/* The rest of the first comment that starts with `key`, or "". */
static struct cp_text comment(const struct cp_profile *p, const char *key)
{
	size_t n = strlen(key);

	for (uint32_t i = 0; i < cp_profile_counts(p).comments; i++) {
		struct cp_text text = cp_profile_comment(p, i);

		if (text.n > n && !memcmp(text.p, key, n))
			return (struct cp_text){text.p + n, text.n - n};
	}
	return (struct cp_text){"", 0};
}

/* What must agree for a comparison to make sense; "" where a capture does not say. */
static void facts(
	const struct cpdiff *self, const struct cp_profile *p, char what[FACTS][160])
{
	const struct cp_profile_header *h = cp_profile_header(p);
	static const char *const key[FACTS] = {[HOST] = "perf: host ",
		[KERNEL] = "perf: release ",
		[CPU] = "perf: cpu "};
	uint32_t type = 0;

	cp_profile_find_sample_type(p, self->filters.sample_index, &type, NULL);
	snprintf(what[EVENT], 160, "%.70s/%.70s",
		cp_profile_string(p, cp_profile_sample_type(p, type)->type).p,
		cp_profile_string(p, cp_profile_sample_type(p, type)->unit).p);
	what[RATE][0] = 0;
	if (h->period > 0)
		snprintf(what[RATE], 160, "one sample per %lld %.70s",
			(long long)h->period,
			cp_profile_string(p, h->period_type.unit).p);
	for (int i = HOST; i < FACTS; i++) {
		struct cp_text text = comment(p, key[i]);

		snprintf(
			what[i], 160, "%.*s", (int)(text.n < 100 ? text.n : 100), text.p);
	}
}

/* "cpu/milliseconds" and "cpu/nanoseconds" are: values are converted. */
static bool same_event(const char *a, const char *b)
{
	const char *x = strrchr(a, '/'), *y = strrchr(b, '/');

	return x && y && x - a == y - b && !memcmp(a, b, (size_t)(x - a)) &&
	       cp_unit_compatible((struct cp_text){x + 1, strlen(x + 1)},
		       (struct cp_text){y + 1, strlen(y + 1)});
}

static void note_type(struct cpdiff *self, const struct cp_profile *p)
{
	uint32_t shown = cp_profile_shown_sample_type(p), type = 0;

	if (self->types.other[0] || !cp_profile_counts(p).samples)
		return;
	cp_profile_find_sample_type(p, NULL, &type, NULL);
	if (shown == type) {
		self->types.valued = true;
		return;
	}
	snprintf(self->types.zero, sizeof self->types.zero, "%s",
		cp_profile_string(p, cp_profile_sample_type(p, type)->type).p);
	snprintf(self->types.other, sizeof self->types.other, "%s",
		cp_profile_string(p, cp_profile_sample_type(p, shown)->type).p);
}

bool cpdiff_take_other_type(struct tool *tool, struct cpdiff *self)
{
	const char *given = self->filters.sample_index;
	bool once = false; /* what was read from a pipe cannot be read again */

	if ((given && *given) || self->types.valued || !self->types.other[0])
		return false;
	for (int side = CP_BEFORE; side <= CP_AFTER; side++)
		for (size_t i = 0; i < self->side[side].n; i++)
			once |= !strcmp(self->side[side].v[i], "-");
	if (once) {
		ui_note(&tool->ui, NULL,
			"all values of %s are 0: --sample-index=%s compares others",
			self->types.zero, self->types.other);
		return false;
	}
	ui_note(&tool->ui, NULL,
		"all values of %s are 0: %s is compared (--sample-index=TYPE chooses)",
		self->types.zero, self->types.other);
	self->filters.sample_index = self->types.other;
	self->options.sample_type = self->types.other;
	self->first.known = false;
	return true;
}

void cpdiff_compare_captures(struct tool *tool, struct cpdiff *self, const char *path,
	const struct cp_profile *profile)
{
	char what[FACTS][160];

	note_type(self, profile);
	facts(self, profile, what);
	if (!self->first.known) {
		memcpy(self->first.what, what, sizeof what);
		self->first.known = true;
		return;
	}
	for (int i = 0; i < FACTS; i++)
		if (*what[i] && *self->first.what[i] &&
			strcmp(what[i], self->first.what[i]) &&
			!(i == EVENT && same_event(what[i], self->first.what[i])))
			ui_warn(&tool->ui, tool_input_name(path),
				"the captures differ in their %s: %s here, %s before",
				fact_name[i], what[i], self->first.what[i]);
}

const char *cpdiff_side_name(const struct cpdiff *self, enum cp_diff_side side)
{
	const struct opt_list *list = &self->side[side];
	const char *slash;

	if (list->n != 1)
		return side == CP_BEFORE ? "before" : "after";
	slash = strrchr(list->v[0], '/');
	/* Base names when they tell the sides apart. */
	if (slash && slash[1] && self->side[!side].n == 1) {
		const char *other = strrchr(self->side[!side].v[0], '/');

		other = other ? other + 1 : self->side[!side].v[0];
		if (strcmp(slash + 1, other))
			return slash + 1;
	}
	return list->v[0];
}
