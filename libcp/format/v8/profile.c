/* SPDX-License-Identifier: Apache-2.0 */
/* .cpuprofile in both its forms, and .heapprofile. */
#include "format/v8/v8.h"

struct parts {
	struct cpi_jr nodes, head, start, end, samples, deltas, stamps;
};

static void parts_of(struct cpi_json_reader *r, struct cpi_jr profile, struct parts *parts)
{
	const struct cpi_json_member members[] = {{"nodes", &parts->nodes},
		{"head", &parts->head}, {"startTime", &parts->start},
		{"endTime", &parts->end}, {"samples", &parts->samples},
		{"timeDeltas", &parts->deltas}, {"timestamps", &parts->stamps}};

	cpi_json_members(r, &profile, members, 7);
}

/* Files without samples: how often each node was met. */
static void by_hits(struct v8_nodes *nodes, cp_labels labels)
{
	struct cpi_json_reader *r = nodes->r;

	for (uint32_t row = 1; row < nodes->node.n && !r->b.code; row++) {
		const int64_t values[2] = {nodes->node.v[row].hits, 0};

		if (values[0] <= 0)
			continue;
		cpi_builder_sample_sum(
			&r->b, cpi_v8_stack(nodes, row, 0), labels, values);
		r->samples++;
	}
}

/* The next of the times: a distance, or, in the old form, a time of the clock. */
static bool next_delta(struct v8_samples *s, struct cpi_jr *times, bool absolute, int64_t *ret)
{
	struct cpi_jr value;
	int64_t x;

	if (!cpi_jr_element(times))
		return false;
	value = cpi_jr_value(times);
	if (!cpi_v8_micros(value, &x))
		x = absolute ? s->now : 0;
	return !__builtin_sub_overflow(x, absolute ? s->now : 0, ret);
}

static void by_samples(struct v8_nodes *nodes, const struct parts *parts, cp_labels labels)
{
	struct cpi_json_reader *r = nodes->r;
	struct cpi_jr ids = parts->samples;
	bool absolute = cpi_jr_absent(&parts->deltas), timed = true;
	struct cpi_jr times = absolute ? parts->stamps : parts->deltas;
	int64_t start = 0, end = 0, first;
	struct v8_samples s;

	cpi_v8_micros(parts->start, &start);
	timed = !cpi_jr_absent(&times) && cpi_jr_array(&times);
	if (absolute && timed) {
		/* The old form's startTime is in seconds of another clock. */
		struct cpi_jr peek = times;

		start = cpi_jr_element(&peek) && cpi_v8_micros(cpi_jr_value(&peek), &first)
			? first : 0;
	}
	cpi_v8_samples_begin(&s, nodes, labels, start);
	if (!cpi_jr_array(&ids))
		return;
	while (cpi_jr_element(&ids) && !r->b.code) {
		size_t offset = cpi_jr_offset(&ids);
		int64_t id = INT64_MIN, delta = 0;

		if (!cpi_jr_i64(&ids, &id) && !cpi_jr_ok(&ids))
			break;
		if (timed && !next_delta(&s, &times, absolute, &delta)) {
			cpi_json_warn(r, "v8-sample", offset,
				"sample %llu and those behind it have no time",
				(unsigned long long)s.number);
			timed = false;
		}
		cpi_v8_sample(&s, id, delta, 0, offset);
	}
	cpi_json_damage(r, &ids);
	if (!absolute)
		cpi_v8_micros(parts->end, &end);
	cpi_v8_samples_end(&s, end);
	if (!r->b.code && s.now > start)
		r->b.p->header.duration_nanos = (end > s.now ? end : s.now) - start;
}

void cpi_v8_cpu_profile(struct cpi_json_reader *r, struct cpi_jr profile, cp_labels labels)
{
	struct v8_nodes nodes;
	struct parts parts;

	parts_of(r, profile, &parts);
	cpi_v8_nodes_init(&nodes, r);
	if (!cpi_jr_absent(&parts.nodes))
		cpi_v8_nodes_add(&nodes, parts.nodes);
	else
		cpi_v8_nodes_tree(&nodes, parts.head);
	cpi_v8_nodes_connect(&nodes);
	if (!r->b.code && !cpi_jr_absent(&parts.samples))
		by_samples(&nodes, &parts, labels);
	else if (!r->b.code)
		by_hits(&nodes, labels);
	cpi_v8_nodes_release(&nodes);
}

enum cp_code cpi_v8_read_cpu(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	struct cpi_json_reader r;
	struct parts parts;

	(void)unwinder;
	cpi_json_reader_init(&r, env, source, options);
	if (!r.b.code) {
		parts_of(&r, cpi_json_reader_top(&r), &parts);
		cpi_v8_types(&r, !cpi_jr_absent(&parts.samples));
		cpi_v8_cpu_profile(&r, cpi_json_reader_top(&r), (cp_labels){0});
	}
	return cpi_json_reader_finish(&r, ret_profile, err);
}

static void heap(struct cpi_json_reader *r)
{
	struct v8_nodes nodes;
	struct parts parts;

	parts_of(r, cpi_json_reader_top(r), &parts);
	cpi_builder_sample_type(&r->b, cpi_builder_str(&r->b, "inuse_space"),
		cpi_builder_str(&r->b, "bytes"), 0);
	cpi_v8_nodes_init(&nodes, r);
	cpi_v8_nodes_tree(&nodes, parts.head);
	for (uint32_t row = 1; row < nodes.node.n && !r->b.code; row++) {
		int64_t size = nodes.node.v[row].self_size;

		if (!size)
			continue;
		cpi_builder_sample_sum(
			&r->b, cpi_v8_stack(&nodes, row, 0), (cp_labels){0}, &size);
		r->samples++;
	}
	cpi_v8_nodes_release(&nodes);
}

enum cp_code cpi_v8_read_heap(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	struct cpi_json_reader r;

	(void)unwinder;
	cpi_json_reader_init(&r, env, source, options);
	if (!r.b.code)
		heap(&r);
	return cpi_json_reader_finish(&r, ret_profile, err);
}
