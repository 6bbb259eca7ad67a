/* SPDX-License-Identifier: Apache-2.0 */
/* What readers of JSON profiles share. */
#include "format/json_reader.h"

#include <stdarg.h>
#include <stdio.h>

void cpi_json_reader_init(struct cpi_json_reader *r, struct cpi_env *env,
	const struct cpi_source *source, const struct cp_read_options *options)
{
	static const struct cp_read_options none;

	memset(r, 0, sizeof *r);
	r->env = env;
	r->source = source;
	r->options = options ? options : &none;
	cpi_arena_init(&r->arena, &env->mem);
	cpi_builder_init(&r->b, env);
}

enum cp_code cpi_json_reader_finish(
	struct cpi_json_reader *r, struct cp_profile **ret_profile, struct cp_error *err)
{
	cpi_arena_release(&r->arena);
	if (r->b.code || r->samples)
		return cpi_builder_finish(&r->b, ret_profile, err);
	cpi_builder_release(&r->b);
	return cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET, "the file holds no sample");
}

struct cpi_jr cpi_json_reader_top(struct cpi_json_reader *r)
{
	struct cpi_jr jr;

	cpi_jr_init(&jr, r->source->part[0].data, r->source->part[0].n, &r->arena);
	return jr;
}

bool cpi_json_fine(struct cpi_json_reader *r, bool memory)
{
	if (!memory)
		cpi_builder_fail(&r->b, CP_ERROR_MEMORY, "out of memory");
	return !r->b.code;
}

void cpi_json_warn(struct cpi_json_reader *r, const char *kind, size_t offset,
	const char *format, ...)
{
	struct cpi_place place = cpi_place_at(r->source->name, offset);
	va_list args;

	va_start(args, format);
	cpi_diag_warn_list(&r->env->diag, kind, &place, format, args);
	va_end(args);
}

void cpi_json_damage(struct cpi_json_reader *r, const struct cpi_jr *jr)
{
	if (jr->memory)
		cpi_json_fine(r, false);
	else if (jr->why && jr->offset + 1 != r->damage) {
		/* Who reads a member meets again what was met when it was stepped over. */
		r->damage = jr->offset + 1;
		cpi_json_warn(r, jr->cut ? "truncated" : "json", jr->offset, "%s", jr->why);
	}
}

bool cpi_json_members(struct cpi_json_reader *r, struct cpi_jr *jr,
	const struct cpi_json_member *member, size_t n)
{
	struct cp_text key;

	for (size_t i = 0; i < n; i++) {
		*member[i].value = *jr;
		member[i].value->at = member[i].value->end;
	}
	if (!cpi_jr_object(jr))
		return false;
	while (cpi_jr_key(jr, &key)) {
		size_t i = 0;

		while (i < n && !cpi_text_equal(key, cpi_text(member[i].name)))
			i++;
		if (i < n)
			*member[i].value = *jr;
		cpi_jr_skip(jr);
		/* A value that ends too early is read as far as it goes. */
		if (i < n && cpi_jr_ok(jr))
			member[i].value->end = jr->at;
		if (i < n)
			member[i].value->first = false;
	}
	cpi_json_damage(r, jr);
	return true;
}

cp_location cpi_json_location(struct cpi_json_reader *r, struct cp_text name,
	struct cp_text file, int64_t start_line, int64_t line, int64_t column)
{
	struct cp_function_row function = {
		.name = cpi_builder_string(&r->b, name),
		.file = cpi_builder_string(&r->b, file),
		.start_line = start_line,
	};
	struct cp_line_row row = {.line = line, .column = column};

	function.system_name = function.name;
	row.function = cpi_builder_function(&r->b, &function);
	return cpi_builder_location(&r->b, (cp_mapping){0}, 0, false, &row, 1);
}
