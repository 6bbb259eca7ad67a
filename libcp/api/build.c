/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder for programs: model/builder.h, with arguments looked at, since here they
 * are a stranger's.
 */
#include <cp/build.h>

#include "api/context.h"
#include "model/builder.h"

struct cp_builder {
	struct cpi_builder b;
	bool timed; /* the first sample has a time */
};

enum cp_code cp_builder_new(
	struct cp_context *context, struct cp_builder **ret_builder, struct cp_error *err)
{
	struct cp_builder *builder;
	enum cp_code code = cpi_context_check(context, err);

	if (code)
		return code;
	builder = cpi_alloc_zero(&context->env.mem, sizeof *builder);
	if (!builder)
		return cpi_error_memory(err);
	cpi_builder_init(&builder->b, &context->env);
	*ret_builder = builder;
	return CP_OK;
}

void cp_builder_free(struct cp_builder *builder)
{
	struct cpi_mem *mem;

	if (!builder)
		return;
	mem = &builder->b.env->mem;
	cpi_builder_release(&builder->b);
	cpi_free(mem, builder, sizeof *builder);
}

enum cp_code cp_builder_finish(
	struct cp_builder *builder, struct cp_profile **ret_profile, struct cp_error *err)
{
	struct cpi_mem *mem = &builder->b.env->mem;
	struct cp_profile *profile = NULL;
	enum cp_code code = cpi_builder_finish(&builder->b, &profile, err);

	cpi_free(mem, builder, sizeof *builder);
	if (!code)
		code = cp_profile_check(profile, err);
	if (code)
		cp_profile_free(profile);
	else
		*ret_profile = profile;
	return code;
}

/* Whether an id is one of the builder's own; fails it else. */
static bool own(struct cp_builder *builder, uint32_t id, size_t rows, const char *what)
{
	if (id < rows)
		return true;
	cpi_builder_fail(&builder->b, CP_ERROR_ARGUMENT, what);
	return false;
}

#define OWN(builder, id, vec, what)                                                      \
	(!(builder)->b.code && own(builder, (id).i, (builder)->b.p->vec.n,               \
				       "an id of a " what " is not this builder's"))

cp_string cp_builder_string(struct cp_builder *builder, struct cp_text text)
{
	return cpi_builder_string(&builder->b, text);
}

cp_string cp_builder_str(struct cp_builder *builder, const char *text)
{
	return cpi_builder_str(&builder->b, text);
}

cp_mapping cp_builder_mapping(
	struct cp_builder *builder, const struct cp_mapping_row *row)
{
	if (!OWN(builder, row->path, string, "string") ||
		!OWN(builder, row->build_id, string, "string"))
		return (cp_mapping){0};
	return cpi_builder_mapping(&builder->b, row);
}

cp_function cp_builder_function(
	struct cp_builder *builder, const struct cp_function_row *row)
{
	if (!OWN(builder, row->name, string, "string") ||
		!OWN(builder, row->system_name, string, "string") ||
		!OWN(builder, row->file, string, "string"))
		return (cp_function){0};
	return cpi_builder_function(&builder->b, row);
}

cp_location cp_builder_location(struct cp_builder *builder, cp_mapping mapping,
	uint64_t address, const struct cp_line_row *lines, uint32_t n)
{
	if (!OWN(builder, mapping, mapping, "mapping"))
		return (cp_location){0};
	for (uint32_t i = 0; i < n; i++)
		if (!OWN(builder, lines[i].function, function, "function"))
			return (cp_location){0};
	return cpi_builder_location(&builder->b, mapping, address, false, lines, n);
}

cp_stack cp_builder_stack(
	struct cp_builder *builder, const cp_location *locations, uint32_t n)
{
	if (n > builder->b.env->limits.stack_depth)
		cpi_builder_fail(&builder->b, CP_ERROR_LIMIT,
			"a stack has more frames than the limit");
	for (uint32_t i = 0; i < n; i++) {
		if (!locations[i].i)
			cpi_builder_fail(&builder->b, CP_ERROR_ARGUMENT,
				"a frame of a stack is no location");
		if (!OWN(builder, locations[i], location, "location"))
			return (cp_stack){0};
	}
	return builder->b.code ? (cp_stack){0}
			       : cpi_builder_stack(&builder->b, locations, n);
}

cp_labels cp_builder_labels(
	struct cp_builder *builder, const struct cp_label *labels, uint32_t n)
{
	struct cpi_mem *mem = &builder->b.env->mem;
	struct cp_label *copy = cpi_alloc_array(mem, n ? n : 1, sizeof *copy);
	cp_labels set = {0};
	uint32_t used = 0;

	if (!copy)
		cpi_builder_fail(&builder->b, CP_ERROR_MEMORY, "out of memory");
	for (uint32_t i = 0; i < n; i++) {
		const struct cp_label *label = &labels[i];

		if (!OWN(builder, label->key, string, "string") ||
			!OWN(builder, label->str, string, "string") ||
			!OWN(builder, label->unit, string, "string"))
			break;
		if (label->str.i || label->num || label->unit.i)
			copy[used++] = *label;
	}
	if (!builder->b.code && used)
		set = cpi_builder_labels(&builder->b, copy, used);
	cpi_free(mem, copy, (n ? n : 1) * sizeof *copy);
	return set;
}

void cp_builder_sample_type(struct cp_builder *builder, const struct cp_value_type *type)
{
	if (!OWN(builder, type->type, string, "string") ||
		!OWN(builder, type->unit, string, "string"))
		return;
	if (cpi_profile_n_samples(builder->b.p))
		cpi_builder_fail(&builder->b, CP_ERROR_ARGUMENT,
			"a sample type was added behind a sample");
	cpi_builder_sample_type(&builder->b, type->type, type->unit, type->decimals);
}

void cp_builder_comment(struct cp_builder *builder, struct cp_text text)
{
	cpi_builder_comment(&builder->b, text);
}

void cp_builder_header(struct cp_builder *builder, const struct cp_profile_header *header)
{
	if (OWN(builder, header->period_type.type, string, "string") &&
		OWN(builder, header->period_type.unit, string, "string") &&
		OWN(builder, header->default_sample_type, string, "string") &&
		OWN(builder, header->drop_frames, string, "string") &&
		OWN(builder, header->keep_frames, string, "string") &&
		OWN(builder, header->doc_url, string, "string"))
		builder->b.p->header = *header;
}

void cp_builder_sample(struct cp_builder *builder, cp_stack stack, cp_labels labels,
	const int64_t *values, uint32_t n, int64_t time)
{
	bool timed = time != CP_NO_TIME;

	if (!OWN(builder, stack, stack_end, "stack") ||
		!OWN(builder, labels, labels_end, "set of labels"))
		return;
	if (!cpi_profile_n_samples(builder->b.p))
		builder->timed = timed;
	if (n != builder->b.p->sample_type.n)
		cpi_builder_fail(&builder->b, CP_ERROR_ARGUMENT,
			"a sample has not as many values as there are sample types");
	else if (timed != builder->timed)
		cpi_builder_fail(&builder->b, CP_ERROR_ARGUMENT,
			"some samples have a time, and some have none");
	else if (timed)
		cpi_builder_sample(&builder->b, stack, labels, values, time);
	else
		cpi_builder_sample_sum(&builder->b, stack, labels, values);
}
