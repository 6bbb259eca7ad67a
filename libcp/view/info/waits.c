/* SPDX-License-Identifier: Apache-2.0 */
/* cpinfo's section on where threads waited: by state, and what the capture cannot tell.
 */
#include "view/info/info.h"

#include <cp/units.h>

#include "model/name.h"
#include "view/info/waits.h"

static struct cp_text label_text(
	const struct cp_profile *p, uint32_t sample, const char *key)
{
	const struct cp_label *label =
		cpi_label_find(p, p->sample_labels.v[sample], cpi_text(key));

	return label && cpi_label_is_string(label) ? cpi_profile_text(p, label->str)
						   : CPI_TEXT("");
}

/* The columns of lengths and of counts; false: the profile has no waits. */
static bool columns(const struct cp_profile *p, uint32_t *ret_time, uint32_t *ret_count)
{
	unsigned found = 0;

	for (uint32_t i = 0; i < p->sample_type.n; i++) {
		const struct cp_value_type *t = &p->sample_type.v[i];
		bool count =
			cpi_text_equal(cpi_profile_text(p, t->unit), CPI_TEXT("count"));

		if (!cpi_text_equal(cpi_profile_text(p, t->type), CPI_TEXT("off-cpu")))
			continue;
		*(count ? ret_count : ret_time) = i;
		found |= count ? 1 : 2;
	}
	return found == 3;
}

static struct wait_sum *sum_of(
	struct wait_sums *sums, struct cp_text state, struct cp_text edge)
{
	for (size_t i = 0; i < sums->n; i++)
		if (cpi_text_equal(sums->row[i].state, state) &&
			cpi_text_equal(sums->row[i].edge, edge))
			return &sums->row[i];
	if (sums->n == WAIT_SUMS)
		return &sums->row[WAIT_SUMS - 1];
	sums->row[sums->n] = (struct wait_sum){.state = state, .edge = edge};
	return &sums->row[sums->n++];
}

void cpi_info_waits(const struct cp_profile *p, struct wait_sums *ret)
{
	uint32_t time = 0, count = 0;

	ret->n = 0;
	if (!columns(p, &time, &count))
		return;
	for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++) {
		const int64_t *v = p->value.v + (size_t)i * p->sample_type.n;
		struct wait_sum *sum;

		if (!v[time] && !v[count])
			continue;
		sum = sum_of(ret, label_text(p, i, "state"), label_text(p, i, "edge"));
		sum->time += (double)v[time];
		sum->n += (uint64_t)v[count];
	}
}

const struct wait_unknown cpi_wait_unknown[] = {
	{"off-cpu without stack", "of which nobody recorded the stack"},
	{"off-cpu cut by time", "cut by --time"},
	{"off-cpu returns twice", "returns without a departure"},
	{"off-cpu backwards", "that end before they begin"},
	{"off-cpu pid reused", "of numbers that another thread got meanwhile"},
	{"off-cpu wrong tasks", "switches whose task numbers contradict each other"},
	{"off-cpu of nobody", "of threads whose process is never told"},
	{"off-cpu late events", "events out of order"},
	{NULL, NULL},
};

static const char *edge_words(struct cp_text edge)
{
	static const char *const words[][2] = {
		{"begin", "began before the capture"},
		{"new", "first of a new thread"},
		{"end", "went on at the end"},
		{"lost", "records were lost meanwhile"},
		{"unseen", "return not recorded"},
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (cpi_text_equal(edge, cpi_text(words[i][0])))
			return words[i][1];
	return NULL;
}

void cpi_info_waits_text(const struct cp_profile *p, struct cpi_sink *sink)
{
	struct wait_sums sums;
	char value[48];

	cpi_info_waits(p, &sums);
	if (!sums.n)
		return;
	cpi_sink_str(sink, "waits:\n        time     waits  state\n");
	for (size_t i = 0; i < sums.n; i++) {
		const struct wait_sum *sum = &sums.row[i];
		const char *words = edge_words(sum->edge);

		cp_unit_label(value, sizeof value, sum->time, CPI_TEXT("nanoseconds"),
			CPI_TEXT("auto"));
		cpi_sink_printf(
			sink, "  %10s %9llu  ", value, (unsigned long long)sum->n);
		cpi_text_escape(sink, sum->state.n ? sum->state : CPI_TEXT("?"));
		if (words)
			cpi_sink_printf(sink, " (%s)", words);
		cpi_sink_char(sink, '\n');
	}
	for (const struct wait_unknown *u = cpi_wait_unknown; u->key; u++)
		if (cpi_comment_number(p, u->key))
			cpi_sink_printf(sink, "  %20llu  %s\n",
				(unsigned long long)cpi_comment_number(p, u->key),
				u->words);
}
