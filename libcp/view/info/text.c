/* SPDX-License-Identifier: Apache-2.0 */
/* An inventory for a terminal. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <cp/units.h>

#include "view/info/info.h"
#include "view/info/waits.h"

/* Rows of long lists that are shown; JSON has all. */
enum { MOST_ROWS = 20 };

static void field(struct cpi_sink *sink, const char *key, struct cp_text text)
{
	if (!text.n)
		return;
	cpi_sink_printf(sink, "%s: ", key);
	cpi_text_escape(sink, text);
	cpi_sink_char(sink, '\n');
}

static void more(struct cpi_sink *sink, size_t n)
{
	if (n > MOST_ROWS)
		cpi_sink_printf(sink, "  … %zu more (--json lists all)\n", n - MOST_ROWS);
}

static double seconds(const struct perf_info *perf)
{
	return perf->first_time <= perf->last_time
		? (double)(perf->last_time - perf->first_time) / 1e9
		: 0;
}

static void capture(const struct perf_info *perf, struct cpi_sink *sink)
{
	char when[48];

	cpi_sink_printf(sink, "version %u, %s endian, %s%s%s%s\n", perf->version,
		perf->big_endian ? "big" : "little",
		perf->parts > 1 ? "directory"
		: perf->pipe    ? "pipe"
				: "file",
		perf->compressed ? ", compressed" : "",
		perf->killed ? ", recorder killed" : "", perf->cut ? ", cut short" : "");
	field(sink, "host", perf->host);
	field(sink, "kernel", perf->release);
	field(sink, "machine", perf->arch);
	field(sink, "processor", perf->cpu);
	field(sink, "recorded by perf", perf->perf_version);
	field(sink, "command line", perf->command_line);
	if (seconds(perf) > 0)
		cpi_sink_printf(sink, "time: %.3f s", seconds(perf));
	if (seconds(perf) > 0 && perf->wall_nanos)
		cpi_sink_printf(sink, " from %s",
			cpi_info_time(when, sizeof when, perf->wall_nanos));
	if (seconds(perf) > 0)
		cpi_sink_char(sink, '\n');
}

static void event(const struct perf_info *perf, const struct perf_info_event *e,
	struct cpi_sink *sink)
{
	static const char *const mode[8] = {"unknown", "kernel", "user", "hypervisor",
		"guest kernel", "guest user", NULL, NULL};
	bool some = false;

	cpi_sink_printf(sink, "  %10llu %8llu  ", (unsigned long long)e->samples,
		(unsigned long long)e->lost);
	cpi_text_escape(sink, e->name);
	if (e->frequency)
		cpi_sink_printf(sink, ", %llu Hz asked", (unsigned long long)e->period);
	else if (e->period)
		cpi_sink_printf(sink, ", every %llu", (unsigned long long)e->period);
	if (e->frequency && seconds(perf) > 0 && e->samples)
		cpi_sink_printf(sink, ", %.0f a second reached",
			(double)e->samples / seconds(perf));
	for (int i = 0; i < 8; i++) {
		if (!e->by_cpumode[i] || !mode[i])
			continue;
		cpi_sink_printf(sink, "%s%s %llu", some ? ", " : " (", mode[i],
			(unsigned long long)e->by_cpumode[i]);
		some = true;
	}
	cpi_sink_str(sink, some ? ")\n" : "\n");
}

static void events(const struct perf_info *perf, struct cpi_sink *sink)
{
	cpi_sink_str(sink, "events:\n     samples     lost  event\n");
	for (size_t i = 0; i < perf->n_events; i++)
		event(perf, &perf->event[i], sink);
	cpi_sink_str(sink, "records:");
	for (size_t i = 0; i < perf->n_types; i++)
		if (perf->type[i].name)
			cpi_sink_printf(sink, " %s=%llu", perf->type[i].name,
				(unsigned long long)perf->type[i].n);
		else
			cpi_sink_printf(sink, " type-%u=%llu", perf->type[i].type,
				(unsigned long long)perf->type[i].n);
	cpi_sink_char(sink, '\n');
}

static void tasks(const struct perf_info *perf, struct cpi_sink *sink)
{
	size_t shown = 0;

	cpi_sink_str(sink, "tasks:\n     samples  threads      pid  command\n");
	for (size_t i = 0; i < perf->n_tasks && shown < MOST_ROWS; i++) {
		const struct perf_info_task *t = &perf->task[i];

		if (!t->samples)
			continue;
		shown++;
		cpi_sink_printf(sink, "  %10llu %8u %8d  ",
			(unsigned long long)t->samples, t->threads, t->pid);
		cpi_text_escape(sink, t->comm);
		cpi_sink_char(sink, '\n');
	}
	if (perf->n_tasks > shown)
		cpi_sink_printf(
			sink, "  … %zu more, --json lists all\n", perf->n_tasks - shown);
}

static void losses(const struct cpi_info *info, struct cpi_sink *sink)
{
	const struct perf_info *perf = info->perf;

	cpi_sink_printf(sink,
		"lost: %llu samples, %llu records of any kind, %llu dropped by BPF "
		"filters; throttled "
		"%llu times\n",
		(unsigned long long)perf->lost_samples,
		(unsigned long long)perf->lost_records,
		(unsigned long long)perf->lost_bpf, (unsigned long long)perf->throttled);
	if (perf->unknown_events)
		cpi_sink_printf(sink,
			"samples of events that the capture does not describe: %llu\n",
			(unsigned long long)perf->unknown_events);
	for (size_t i = 0; i < perf->n_damage && i < MOST_ROWS; i++) {
		if (!i)
			cpi_sink_str(sink, "damage:\n");
		cpi_sink_str(sink, "  ");
		if (perf->damage[i].offset != CP_NO_OFFSET)
			cpi_sink_printf(sink, "at byte 0x%llx: ",
				(unsigned long long)perf->damage[i].offset);
		cpi_text_escape(sink, perf->damage[i].text);
		cpi_sink_char(sink, '\n');
	}
	more(sink, perf->n_damage);
}

static void types(const struct cpi_info *info, struct cpi_sink *sink)
{
	const struct cp_profile *p = info->p;
	uint32_t shown = cpi_profile_default_type(p);
	char sum[48];

	cpi_sink_str(sink, "sample types:\n");
	for (size_t i = 0; i < p->sample_type.n; i++) {
		const struct cp_value_type *t = &p->sample_type.v[i];

		cp_unit_label(sum, sizeof sum, info->sum.v[i],
			cpi_profile_text(p, t->unit), CPI_TEXT("auto"));
		cpi_sink_printf(sink, "  %12s  ", sum);
		cpi_text_escape(sink, cpi_profile_text(p, t->type));
		cpi_sink_char(sink, '/');
		cpi_text_escape(sink, cpi_profile_text(p, t->unit));
		cpi_sink_str(sink, i == shown ? " (default)\n" : "\n");
	}
}

static void tables(const struct cpi_info *info, struct cpi_sink *sink)
{
	const struct cp_profile *p = info->p;
	struct cp_profile_counts n = cp_profile_counts(p);
	char when[48];

	cpi_sink_printf(sink,
		"profile: %u samples, %u stacks, %u locations, %u lines, %u functions, "
		"%u mappings, "
		"%u label sets, %u strings\n",
		n.samples, n.stacks, n.locations, n.lines, n.functions, n.mappings,
		n.labels, n.strings);
	types(info, sink);
	if (!info->perf && p->header.time_nanos)
		cpi_sink_printf(sink, "time: %s\n",
			cpi_info_time(when, sizeof when, p->header.time_nanos));
	if (!info->perf && p->header.duration_nanos)
		cpi_sink_printf(sink, "duration: %.3f s\n",
			(double)p->header.duration_nanos / 1e9);
	if (info->key.n)
		cpi_sink_str(sink, "labels:\n        rows    values  key\n");
	for (size_t i = 0; i < info->key.n && i < MOST_ROWS; i++) {
		cpi_sink_printf(sink, "  %10llu %9llu  ",
			(unsigned long long)info->key.v[i].samples,
			(unsigned long long)info->key.v[i].values);
		cpi_text_escape(sink, cpi_profile_text(p, info->key.v[i].key));
		cpi_sink_char(sink, '\n');
	}
	more(sink, info->key.n);
	for (size_t i = 0; !info->perf && i < p->comment.n; i++)
		field(sink, "comment", cpi_profile_text(p, p->comment.v[i]));
}

static void images(const struct cpi_info *info, struct cpi_sink *sink)
{
	size_t n = info->report ? cp_symbol_report_count(info->report) : 0;

	if (n)
		cpi_sink_str(sink,
			"images:\n     samples  resolved  symbols found here     file\n");
	for (size_t i = 0; i < n && i < MOST_ROWS; i++) {
		const struct cp_symbol_image *image =
			cp_symbol_report_image(info->report, i);
		const struct cp_mapping_row *m = &info->p->mapping.v[image->mapping.i];
		struct cp_text path = cpi_profile_text(info->p, m->path);
		struct cp_text id = cpi_profile_text(info->p, m->build_id);

		cpi_sink_printf(sink, "  %10lld %8.0f%%  %-21s  ",
			(long long)image->samples,
			image->addresses ? 100.0 * (double)image->resolved /
						   (double)image->addresses
					 : 0,
			cpi_info_status(image->status));
		cpi_text_escape(sink, path.n ? path : CPI_TEXT("[unknown]"));
		if (id.n) {
			cpi_sink_char(sink, ' ');
			cpi_text_escape(
				sink, (struct cp_text){id.p, id.n < 12 ? id.n : 12});
		}
		cpi_sink_str(sink, image->unverified ? " (unverified)\n" : "\n");
	}
	more(sink, n);
}

void cpi_info_text(const struct cpi_info *info, struct cpi_sink *sink)
{
	cpi_text_escape(sink, cpi_text(info->name));
	cpi_sink_printf(sink, ": %s, %llu bytes",
		info->format ? info->format : "unknown format",
		(unsigned long long)info->bytes_in);
	if (info->bytes != info->bytes_in)
		cpi_sink_printf(
			sink, " (%llu unwrapped)", (unsigned long long)info->bytes);
	cpi_sink_char(sink, '\n');
	if (info->perf) {
		capture(info->perf, sink);
		events(info->perf, sink);
		tasks(info->perf, sink);
		losses(info, sink);
	}
	if (info->p) {
		tables(info, sink);
		cpi_info_waits_text(info->p, sink);
		images(info, sink);
	}
	if (info->unreadable)
		field(sink, "no profile", cpi_text(info->unreadable));
	if (!info->damaged)
		cpi_sink_str(sink, "damage: none\n");
	else if (!info->perf || !info->perf->n_damage)
		cpi_sink_str(sink, "damage: yes\n");
	for (size_t i = 0; i < info->finding.n; i++)
		cpi_sink_printf(sink, "%s- %s\n  next time: %s\n",
			i ? "" : "diagnosis:\n", info->finding.v[i].text,
			info->finding.v[i].fix);
}
