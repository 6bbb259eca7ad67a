/* SPDX-License-Identifier: Apache-2.0 */
/* An inventory as JSON. */
#include "codec/json.h"
#include "view/info/info.h"
#include "view/info/waits.h"

static void text(struct cpi_json *j, const char *key, struct cp_text value)
{
	cpi_json_key(j, key);
	if (value.n)
		cpi_json_text(j, value);
	else
		cpi_json_null(j);
}

static void number(struct cpi_json *j, const char *key, uint64_t value)
{
	cpi_json_key(j, key);
	cpi_json_u64(j, value);
}

static void flag(struct cpi_json *j, const char *key, bool value)
{
	cpi_json_key(j, key);
	cpi_json_bool(j, value);
}

static void events(const struct perf_info *perf, struct cpi_json *j)
{
	static const char *const mode[6] = {
		"unknown", "kernel", "user", "hypervisor", "guest_kernel", "guest_user"};
	char bits[512];

	cpi_json_key(j, "events");
	cpi_json_begin(j, '[', false);
	for (size_t i = 0; i < perf->n_events; i++) {
		const struct perf_info_event *e = &perf->event[i];

		cpi_json_begin(j, '{', true);
		text(j, "name", e->name);
		number(j, e->frequency ? "frequency" : "period", e->period);
		cpi_json_key(j, "sample_type");
		cpi_json_str(j, perf_info_sample_type(bits, sizeof bits, e->sample_type));
		flag(j, "dummy", e->dummy);
		number(j, "samples", e->samples);
		number(j, "lost", e->lost);
		for (int k = 0; k < 6; k++)
			if (e->by_cpumode[k])
				number(j, mode[k], e->by_cpumode[k]);
		cpi_json_end(j, '}');
	}
	cpi_json_end(j, ']');
	cpi_json_key(j, "records");
	cpi_json_begin(j, '[', false);
	for (size_t i = 0; i < perf->n_types; i++) {
		cpi_json_begin(j, '{', true);
		number(j, "type", perf->type[i].type);
		text(j, "name", cpi_text(perf->type[i].name ? perf->type[i].name : ""));
		number(j, "count", perf->type[i].n);
		cpi_json_end(j, '}');
	}
	cpi_json_end(j, ']');
}

static void tasks(const struct perf_info *perf, struct cpi_json *j)
{
	cpi_json_key(j, "tasks");
	cpi_json_begin(j, '[', false);
	for (size_t i = 0; i < perf->n_tasks; i++) {
		cpi_json_begin(j, '{', true);
		cpi_json_key(j, "pid");
		cpi_json_i64(j, perf->task[i].pid);
		text(j, "comm", perf->task[i].comm);
		number(j, "threads", perf->task[i].threads);
		number(j, "samples", perf->task[i].samples);
		cpi_json_end(j, '}');
	}
	cpi_json_end(j, ']');
	cpi_json_key(j, "damage");
	cpi_json_begin(j, '[', false);
	for (size_t i = 0; i < perf->n_damage; i++) {
		cpi_json_begin(j, '{', true);
		cpi_json_key(j, "offset");
		if (perf->damage[i].offset == CP_NO_OFFSET)
			cpi_json_null(j);
		else
			cpi_json_u64(j, perf->damage[i].offset);
		text(j, "text", perf->damage[i].text);
		cpi_json_end(j, '}');
	}
	cpi_json_end(j, ']');
}

static void capture(const struct perf_info *perf, struct cpi_json *j)
{
	cpi_json_key(j, "capture");
	cpi_json_begin(j, '{', false);
	number(j, "version", perf->version);
	flag(j, "big_endian", perf->big_endian);
	flag(j, "pipe", perf->pipe);
	flag(j, "compressed", perf->compressed);
	flag(j, "recorder_killed", perf->killed);
	flag(j, "cut", perf->cut);
	number(j, "parts", perf->parts);
	text(j, "host", perf->host);
	text(j, "kernel", perf->release);
	text(j, "machine", perf->arch);
	text(j, "processor", perf->cpu);
	text(j, "perf", perf->perf_version);
	text(j, "command_line", perf->command_line);
	if (perf->first_time <= perf->last_time) {
		number(j, "first_nanos", perf->first_time);
		number(j, "last_nanos", perf->last_time);
	}
	number(j, "samples", perf->samples);
	number(j, "lost_samples", perf->lost_samples);
	number(j, "lost_records", perf->lost_records);
	number(j, "dropped_by_bpf", perf->lost_bpf);
	number(j, "throttled", perf->throttled);
	number(j, "unknown_events", perf->unknown_events);
	number(j, "damaged", perf->damaged);
	events(perf, j);
	tasks(perf, j);
	cpi_json_end(j, '}');
}

static void profile(const struct cpi_info *info, struct cpi_json *j)
{
	struct cp_profile_counts n = cp_profile_counts(info->p);

	cpi_json_key(j, "profile");
	cpi_json_begin(j, '{', false);
	number(j, "samples", n.samples);
	number(j, "stacks", n.stacks);
	number(j, "locations", n.locations);
	number(j, "lines", n.lines);
	number(j, "functions", n.functions);
	number(j, "mappings", n.mappings);
	number(j, "label_sets", n.labels);
	number(j, "strings", n.strings);
	cpi_json_key(j, "sample_types");
	cpi_json_begin(j, '[', false);
	for (size_t i = 0; i < info->p->sample_type.n; i++) {
		const struct cp_value_type *t = &info->p->sample_type.v[i];

		cpi_json_begin(j, '{', true);
		text(j, "type", cpi_profile_text(info->p, t->type));
		text(j, "unit", cpi_profile_text(info->p, t->unit));
		cpi_json_key(j, "sum");
		cpi_json_double(j, info->sum.v[i]);
		flag(j, "default", i == cpi_profile_default_type(info->p));
		cpi_json_end(j, '}');
	}
	cpi_json_end(j, ']');
	cpi_json_key(j, "labels");
	cpi_json_begin(j, '[', false);
	for (size_t i = 0; i < info->key.n; i++) {
		cpi_json_begin(j, '{', true);
		text(j, "key", cpi_profile_text(info->p, info->key.v[i].key));
		number(j, "values", info->key.v[i].values);
		number(j, "rows", info->key.v[i].samples);
		cpi_json_end(j, '}');
	}
	cpi_json_end(j, ']');
	cpi_json_end(j, '}');
}

static void waits(const struct cp_profile *p, struct cpi_json *j)
{
	struct wait_sums sums;

	cpi_info_waits(p, &sums);
	if (!sums.n)
		return;
	cpi_json_key(j, "waits");
	cpi_json_begin(j, '{', false);
	cpi_json_key(j, "states");
	cpi_json_begin(j, '[', false);
	for (size_t i = 0; i < sums.n; i++) {
		cpi_json_begin(j, '{', true);
		text(j, "state", sums.row[i].state);
		if (sums.row[i].edge.n)
			text(j, "edge", sums.row[i].edge);
		cpi_json_key(j, "nanoseconds");
		cpi_json_double(j, sums.row[i].time);
		number(j, "waits", sums.row[i].n);
		cpi_json_end(j, '}');
	}
	cpi_json_end(j, ']');
	for (const struct wait_unknown *u = cpi_wait_unknown; u->key; u++)
		if (cpi_comment_number(p, u->key))
			number(j, u->key, cpi_comment_number(p, u->key));
	cpi_json_end(j, '}');
}

static void images(const struct cpi_info *info, struct cpi_json *j)
{
	cpi_json_key(j, "images");
	cpi_json_begin(j, '[', false);
	for (size_t i = 0; i < cp_symbol_report_count(info->report); i++) {
		const struct cp_symbol_image *image =
			cp_symbol_report_image(info->report, i);
		const struct cp_mapping_row *m = &info->p->mapping.v[image->mapping.i];

		cpi_json_begin(j, '{', true);
		text(j, "path", cpi_profile_text(info->p, m->path));
		text(j, "build_id", cpi_profile_text(info->p, m->build_id));
		cpi_json_key(j, "symbols");
		cpi_json_str(j, cpi_info_status(image->status));
		text(j, "file", cpi_text(image->file ? image->file : ""));
		flag(j, "unverified", image->unverified);
		cpi_json_key(j, "samples");
		cpi_json_i64(j, image->samples);
		number(j, "addresses", image->addresses);
		number(j, "resolved", image->resolved);
		text(j, "hint", cpi_text(image->hint ? image->hint : ""));
		cpi_json_end(j, '}');
	}
	cpi_json_end(j, ']');
}

void cpi_info_json(const struct cpi_info *info, struct cpi_sink *sink)
{
	struct cpi_json j;

	cpi_json_init(&j, sink);
	cpi_json_begin(&j, '{', false);
	text(&j, "schema", CPI_TEXT("libcp.info"));
	number(&j, "version", 1);
	text(&j, "name", cpi_text(info->name));
	text(&j, "format", cpi_text(info->format ? info->format : ""));
	number(&j, "bytes", info->bytes_in);
	number(&j, "unwrapped_bytes", info->bytes);
	flag(&j, "damaged", info->damaged);
	if (info->perf)
		capture(info->perf, &j);
	if (info->p) {
		profile(info, &j);
		waits(info->p, &j);
	}
	if (info->p && info->report)
		images(info, &j);
	if (info->unreadable)
		text(&j, "no_profile", cpi_text(info->unreadable));
	cpi_json_key(&j, "diagnosis");
	cpi_json_begin(&j, '[', false);
	for (size_t i = 0; i < info->finding.n; i++) {
		cpi_json_begin(&j, '{', true);
		text(&j, "kind", cpi_text(info->finding.v[i].kind));
		text(&j, "text", cpi_text(info->finding.v[i].text));
		text(&j, "fix", cpi_text(info->finding.v[i].fix));
		cpi_json_end(&j, '}');
	}
	cpi_json_end(&j, ']');
	cpi_json_end(&j, '}');
	cpi_json_finish(&j);
}
