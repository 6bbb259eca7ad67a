/* SPDX-License-Identifier: Apache-2.0 */
/* OTLP's rows in the table of formats, and what tells it from pprof. */
#include "format/otlp/otlp.h"

#include "format/json_shape.h"

/*
 * Both begin with field 1. Here it holds messages and texts (a resource, scopes, an
 * address); pprof's holds two numbers. Traces of Perfetto have numbers at other places.
 */
static bool is_resource(const struct pb_field *f)
{
	struct cpi_cursor c = pb_cursor(f);
	struct pb_field part;
	bool scopes = false;

	while (pb_next(&c, &part)) {
		if (part.number < 1 || part.number > 3 || part.type != PB_BYTES)
			return false;
		scopes |= part.number == 2;
	}
	/* What is cut off in the middle still counts by what came. */
	return scopes || (cpi_cursor_ok(&c) && !f->n);
}

static bool is_dictionary(const struct pb_field *f)
{
	struct cpi_cursor c = pb_cursor(f);
	struct pb_field part;

	while (pb_next(&c, &part))
		if (part.number < 1 || part.number > 7 || part.type != PB_BYTES)
			return false;
	return true;
}

static int detect(const struct cpi_source *source)
{
	const struct cpi_bytes *bytes = &source->part[0];
	struct cpi_cursor c = cpi_cursor_make(bytes->data, bytes->n, false);
	bool resource = false, dictionary = false;
	struct pb_field f;

	for (unsigned i = 0; i < 64 && pb_next(&c, &f); i++) {
		if (f.type != PB_BYTES || f.number < 1 || f.number > 2)
			return 0;
		if (f.number == 1 ? !is_resource(&f) : !is_dictionary(&f))
			return 0;
		resource |= f.number == 1;
		dictionary |= f.number == 2;
	}
	return resource && dictionary ? 92 : 0;
}

static enum cp_code read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	(void)unwinder;
	return cpi_otlp_read(env, source, options, source->part[0].data, source->part[0].n,
		false, ret_profile, err);
}

static int detect_json(const struct cpi_source *source)
{
	return cpi_json_shape(source) == CPI_JSON_OTLP ? 90 : 0;
}

static enum cp_code read_json(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	struct cpi_sink sink;
	enum cp_code code;

	(void)unwinder;
	cpi_sink_memory(&sink, &env->mem);
	code = cpi_otlp_from_json(env, source, &sink, err);
	if (!code)
		code = cpi_otlp_read(
			env, source, options, sink.buf, sink.n, true, ret_profile, err);
	cpi_sink_release(&sink);
	return code;
}

const struct cpi_format cpi_format_otlp = {
	.public =
		{
			.name = "otlp",
			.description = "OpenTelemetry profiles, protobuf, since 1.8",
			.extensions = ".otlp",
			.losses = "decimals, comments, expressions of frames to drop, and "
				  "which locations are folded",
			.reads = true,
			.writes = true,
			.binary = true,
		},
	.detect = detect,
	.read = read,
	.write = cpi_otlp_write,
};

const struct cpi_format cpi_format_otlp_json = {
	.public =
		{
			.name = "otlp-json",
			.description = "OpenTelemetry profiles as JSON, since 1.8",
			.extensions = ".otlp.json",
			.losses = "as otlp; bytes of names that are not UTF-8",
			.reads = true,
			.writes = true,
		},
	.detect = detect_json,
	.read = read_json,
	.write = cpi_otlp_write_json,
};
