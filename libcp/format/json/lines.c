/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line for each sample, or where samples have no time for each distinct stack of names.
 * Names are quoted once: a frame is met a thousand times.
 */
#include "format/flat.h"
#include "format/json/json.h"

struct writer {
	struct cpi_flat flat;
	const struct cp_profile *p;
	struct cpi_sink *sink;
	struct cpi_sink quoted, name; /* all frames' names in quotes; one, as it is */
	CPI_VEC(uint64_t) until;      /* of a frame's in `quoted` */
	struct cpi_sink keys;
	CPI_VEC(uint64_t) key_until;
};

static bool quote_frames(struct writer *w)
{
	for (uint32_t i = (uint32_t)w->until.n; i < w->flat.frame.n; i++) {
		w->name.n = 0;
		cpi_flat_name(&w->name, &w->flat, i);
		cpi_json_quote(
			&w->quoted, (struct cp_text){(char *)w->name.buf, w->name.n});
		if (!cpi_vec_push(&w->flat.env->mem, &w->until, w->quoted.n))
			return false;
	}
	return !w->name.code && !w->quoted.code;
}

/* "cpu", or "cpu/nanoseconds" where two types have one name. */
static bool quote_types(struct writer *w)
{
	const struct cp_profile *p = w->p;

	for (size_t i = 0; i < p->sample_type.n; i++) {
		struct cp_text type = cpi_profile_text(p, p->sample_type.v[i].type);
		struct cp_text unit = cpi_profile_text(p, p->sample_type.v[i].unit);
		unsigned same = 0;

		for (size_t k = 0; k < p->sample_type.n; k++)
			same += p->sample_type.v[k].type.i == p->sample_type.v[i].type.i;
		w->name.n = 0;
		cpi_sink_bytes(&w->name, type.p, type.n);
		if (same > 1) {
			cpi_sink_char(&w->name, '/');
			cpi_sink_bytes(&w->name, unit.p, unit.n);
		}
		cpi_json_quote(
			&w->keys, (struct cp_text){(char *)w->name.buf, w->name.n});
		if (!cpi_vec_push(&w->flat.env->mem, &w->key_until, w->keys.n))
			return false;
	}
	return !w->name.code && !w->keys.code;
}

static void frames(struct writer *w, const uint32_t *frame, uint32_t n)
{
	cpi_sink_str(w->sink, "{\"stack\":[");
	for (uint32_t i = n; i-- > 0;) {
		uint64_t from = frame[i] ? w->until.v[frame[i] - 1] : 0;

		cpi_sink_bytes(
			w->sink, w->quoted.buf + from, w->until.v[frame[i]] - from);
		if (i)
			cpi_sink_char(w->sink, ',');
	}
	cpi_sink_char(w->sink, ']');
}

static void values(struct writer *w, const int64_t *value)
{
	cpi_sink_str(w->sink, ",\"values\":{");
	for (size_t t = 0; t < w->p->sample_type.n; t++) {
		uint64_t from = t ? w->key_until.v[t - 1] : 0;

		if (t)
			cpi_sink_char(w->sink, ',');
		cpi_sink_bytes(w->sink, w->keys.buf + from, w->key_until.v[t] - from);
		cpi_sink_char(w->sink, ':');
		cpi_sink_decimal(w->sink, value[t], w->p->sample_type.v[t].decimals);
	}
	cpi_sink_char(w->sink, '}');
}

static void labels(struct writer *w, cp_labels set)
{
	struct cpi_json json;

	if (!set.i)
		return;
	cpi_sink_str(w->sink, ",\"labels\":");
	cpi_json_init(&json, w->sink);
	cpi_json_labels(&json, w->p, set);
}

static void line(struct writer *w, const uint32_t *frame, uint32_t n,
	const int64_t *value, cp_labels set, int64_t time)
{
	frames(w, frame, n);
	values(w, value);
	labels(w, set);
	if (time != CP_NO_TIME) {
		cpi_sink_str(w->sink, ",\"time\":");
		cpi_sink_i64(w->sink, time);
	}
	cpi_sink_str(w->sink, "}\n");
}

static bool with_times(struct writer *w)
{
	const struct cp_profile *p = w->p;

	for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++) {
		size_t from = w->flat.sequence.n;
		uint32_t n;

		if (!cpi_flat_stack(&w->flat, p->sample_stack.v[i], &n))
			return false;
		line(w, w->flat.sequence.v + from, n, p->value.v + i * p->sample_type.n,
			p->sample_labels.v[i], p->time.v[i]);
		w->flat.sequence.n = from;
	}
	return true;
}

static bool everything(struct writer *w)
{
	if (!quote_frames(w) || !quote_types(w))
		return false;
	if (w->p->time.n)
		return with_times(w);
	for (size_t i = 0; i < w->flat.row.n; i++) {
		const struct cpi_flat_row *row = &w->flat.row.v[i];

		line(w, w->flat.sequence.v + row->at, row->n,
			w->flat.value.v + i * w->p->sample_type.n, row->labels,
			CP_NO_TIME);
	}
	return true;
}

enum cp_code cpi_json_lines_write(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	struct writer w = {.p = profile, .sink = sink};
	enum cp_code code = cpi_flat_init(&w.flat, env, profile, false, true, err);

	(void)options;
	cpi_sink_memory(&w.quoted, &env->mem);
	cpi_sink_memory(&w.name, &env->mem);
	cpi_sink_memory(&w.keys, &env->mem);
	if (!code && !everything(&w))
		code = cpi_error_memory(err);
	cpi_sink_release(&w.quoted);
	cpi_sink_release(&w.name);
	cpi_sink_release(&w.keys);
	cpi_vec_release(&env->mem, &w.until);
	cpi_vec_release(&env->mem, &w.key_until);
	cpi_flat_release(&w.flat);
	return code;
}
