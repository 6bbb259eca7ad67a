/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sampled profile per sample type, the default one first, which is where speedscope
 * starts. Frames are functions: their lines would make several functions of one there.
 */
#include "codec/json.h"
#include "format/flat.h"
#include "format/speedscope/speedscope.h"

struct writer {
	struct cpi_flat flat;
	const struct cp_profile *p;
	struct cpi_json json;
	struct cpi_sink *sink;
	struct cpi_sink text;
};

static void frames(struct writer *w)
{
	cpi_json_key(&w->json, "shared");
	cpi_json_begin(&w->json, '{', false);
	cpi_json_key(&w->json, "frames");
	cpi_json_begin(&w->json, '[', false);
	for (uint32_t i = 0; i < w->flat.frame.n; i++) {
		const struct cpi_flat_frame *f = &w->flat.frame.v[i];

		cpi_json_begin(&w->json, '{', true);
		cpi_json_key(&w->json, "name");
		w->text.n = 0;
		cpi_flat_name(&w->text, &w->flat, i);
		cpi_json_text(&w->json,
			(struct cp_text){(const char *)w->text.buf, w->text.n});
		if (f->file.i) {
			cpi_json_key(&w->json, "file");
			cpi_json_text(&w->json, cpi_profile_text(w->p, f->file));
		}
		cpi_json_end(&w->json, '}');
	}
	cpi_json_end(&w->json, ']');
	cpi_json_end(&w->json, '}');
}

/* The unit as speedscope calls it; NULL: it has no word for it. */
static const char *unit(const struct cp_profile *p, uint32_t type)
{
	static const char *const known[][2] = {{"nanoseconds", "nanoseconds"},
		{"ns", "nanoseconds"}, {"microseconds", "microseconds"},
		{"us", "microseconds"}, {"milliseconds", "milliseconds"},
		{"ms", "milliseconds"}, {"seconds", "seconds"}, {"s", "seconds"},
		{"bytes", "bytes"}, {"count", "none"}, {"", "none"}};
	struct cp_text text = cpi_profile_text(p, p->sample_type.v[type].unit);

	for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
		if (cpi_text_equal(text, cpi_text(known[i][0])))
			return known[i][1];
	return NULL;
}

static int64_t row_value(const struct writer *w, size_t row, uint32_t type)
{
	return w->flat.value.v[row * w->p->sample_type.n + type];
}

static void stacks(struct writer *w, uint32_t type)
{
	cpi_json_key(&w->json, "samples");
	cpi_json_begin(&w->json, '[', false);
	for (size_t row = 0; row < w->flat.row.n; row++) {
		const struct cpi_flat_row *r = &w->flat.row.v[row];

		if (!row_value(w, row, type))
			continue;
		cpi_json_begin(&w->json, '[', true);
		for (uint32_t i = r->n; i-- > 0;)
			cpi_json_u64(&w->json, w->flat.sequence.v[r->at + i]);
		cpi_json_end(&w->json, ']');
	}
	cpi_json_end(&w->json, ']');
}

static void weights(struct writer *w, uint32_t type)
{
	unsigned decimals = w->p->sample_type.v[type].decimals;

	cpi_json_key(&w->json, "weights");
	cpi_json_begin(&w->json, '[', true);
	for (size_t row = 0; row < w->flat.row.n; row++)
		if (row_value(w, row, type))
			cpi_json_decimal(&w->json, row_value(w, row, type), decimals);
	cpi_json_end(&w->json, ']');
}

/* The sum of a type; false: beyond 64 bits, or a value that speedscope refuses. */
static enum cp_code total(
	const struct writer *w, uint32_t type, int64_t *ret, struct cp_error *err)
{
	*ret = 0;
	for (size_t row = 0; row < w->flat.row.n; row++) {
		int64_t x = row_value(w, row, type);

		if (x < 0)
			return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"speedscope cannot show negative values, as differences "
				"have them");
		if (__builtin_add_overflow(*ret, x, ret))
			return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
				"the sum of all values exceeds 64 bits");
	}
	return CP_OK;
}

/* "cpu", or "cycles (count)" when speedscope has no such unit. */
static void title(struct writer *w, uint32_t type)
{
	struct cp_text name = cpi_profile_text(w->p, w->p->sample_type.v[type].type);
	struct cp_text of = cpi_profile_text(w->p, w->p->sample_type.v[type].unit);

	w->text.n = 0;
	cpi_sink_bytes(&w->text, name.p, name.n);
	if (!unit(w->p, type)) {
		cpi_sink_str(&w->text, " (");
		cpi_sink_bytes(&w->text, of.p, of.n);
		cpi_sink_char(&w->text, ')');
	}
	cpi_json_text(&w->json, (struct cp_text){(const char *)w->text.buf, w->text.n});
}

static void profile(struct writer *w, uint32_t type, int64_t sum)
{
	const char *known = unit(w->p, type);

	cpi_json_begin(&w->json, '{', false);
	cpi_json_key(&w->json, "type");
	cpi_json_str(&w->json, "sampled");
	cpi_json_key(&w->json, "name");
	title(w, type);
	cpi_json_key(&w->json, "unit");
	cpi_json_str(&w->json, known ? known : "none");
	cpi_json_key(&w->json, "startValue");
	cpi_json_i64(&w->json, 0);
	cpi_json_key(&w->json, "endValue");
	cpi_json_decimal(&w->json, sum, w->p->sample_type.v[type].decimals);
	stacks(w, type);
	weights(w, type);
	cpi_json_end(&w->json, '}');
}

/* The profiles' types in order: the default one, or the wanted one alone. */
static enum cp_code profiles(struct writer *w, const char *wanted, struct cp_error *err)
{
	uint32_t first, n = (uint32_t)w->p->sample_type.n;
	enum cp_code code = CP_OK;

	cpi_json_key(&w->json, "profiles");
	cpi_json_begin(&w->json, '[', false);
	if (n)
		code = cpi_profile_find_type(w->p, wanted, &first, err);
	for (uint32_t i = 0; i < (wanted && n ? 1 : n) && !code; i++) {
		uint32_t type = i == 0 ? first : i <= first ? i - 1 : i;
		int64_t sum;

		code = total(w, type, &sum, err);
		if (!code)
			profile(w, type, sum);
	}
	cpi_json_end(&w->json, ']');
	return code;
}

static enum cp_code everything(struct writer *w, const char *wanted, struct cp_error *err)
{
	enum cp_code code;

	cpi_json_init(&w->json, w->sink);
	cpi_json_begin(&w->json, '{', false);
	cpi_json_key(&w->json, "$schema");
	cpi_json_str(&w->json, "https://www.speedscope.app/file-format-schema.json");
	cpi_json_key(&w->json, "exporter");
	cpi_json_str(&w->json, "libcp");
	cpi_json_key(&w->json, "activeProfileIndex");
	cpi_json_i64(&w->json, 0);
	frames(w);
	code = profiles(w, wanted, err);
	cpi_json_end(&w->json, '}');
	cpi_json_finish(&w->json);
	if (!code && w->text.code)
		code = cpi_error_memory(err);
	return code;
}

enum cp_code cpi_speedscope_write(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	struct writer w = {.p = profile, .sink = sink};
	enum cp_code code = cpi_flat_init(&w.flat, env, profile, false, false, err);

	cpi_sink_memory(&w.text, &env->mem);
	if (!code)
		code = everything(&w, options ? options->sample_type : NULL, err);
	cpi_sink_release(&w.text);
	cpi_flat_release(&w.flat);
	return code;
}
