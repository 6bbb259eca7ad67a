/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs: a file, a pipe, memory or the folder of a capture, unwrapped. */
#include "api/context.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/named.h"
#include "codec/codec.h"
#include "codec/utf16.h"

/* Folded text whose first line is not over yet: names may be of any length. */
static bool begins_long_line(const uint8_t *bytes, size_t n)
{
	return n && memchr(bytes, ';', n) && !memchr(bytes, '\n', n) && !memchr(bytes, 0, n);
}

static bool known(const uint8_t *bytes, size_t n)
{
	const struct cpi_source source = {
		.name = "", .part = {{bytes, n, false}}, .n_parts = 1};

	return cpi_format_detect(&source) != NULL || begins_long_line(bytes, n);
}

/* Whether a stream that begins so is worth keeping to its end. */
static bool worth_it(void *arg, const uint8_t *bytes, size_t n)
{
	return cpi_codec_look(arg, bytes, n, known);
}

static enum cp_code input_new(struct cpi_env *env, const char *name,
	struct cp_input **ret, struct cp_error *err)
{
	struct cp_input *input = cpi_alloc_zero(&env->mem, sizeof *input);

	if (!input)
		return cpi_error_memory(err);
	input->env = env;
	input->name_room = strlen(name) + 1;
	input->name = cpi_alloc(&env->mem, input->name_room);
	if (!input->name) {
		cpi_free(&env->mem, input, sizeof *input);
		return cpi_error_memory(err);
	}
	memcpy(input->name, name, input->name_room);
	cpi_arena_init(&input->names, &env->mem);
	input->source.name = input->name;
	*ret = input;
	return CP_OK;
}

void cp_input_free(struct cp_input *input)
{
	struct cpi_env *env;

	if (!input)
		return;
	env = input->env;
	for (unsigned i = 0; i < input->source.n_parts; i++)
		cpi_blob_release(env, &input->blob[i]);
	cpi_arena_release(&input->names);
	cpi_free(&env->mem, input->name, input->name_room);
	cpi_free(&env->mem, input, sizeof *input);
}

/* Makes the part UTF-8 if it is text in UTF-16; it is released when that fails. */
static enum cp_code decode_text(
	struct cp_input *input, struct cpi_blob *blob, bool *ret_text, struct cp_error *err)
{
	struct cpi_blob inner = {0};
	enum cp_code code = cpi_utf16_read(
		input->env, blob->bytes, blob->n, &inner, ret_text, err);

	if (code || *ret_text)
		cpi_blob_release(input->env, blob);
	if (*ret_text)
		*blob = inner;
	return code;
}

/* Adds a part; part 0 is unwrapped. Takes the blob in every case. */
static enum cp_code add_part(
	struct cp_input *input, struct cpi_blob *take, struct cp_error *err)
{
	unsigned i = input->source.n_parts;
	bool opened = false;
	uint64_t file_bytes = take->n, warnings = input->env->diag.total;
	const char *name = input->source.part[i].name;
	struct cpi_blob inner = {0};
	enum cp_code code;

	if (!i) {
		code = cpi_codec_unwrap(input->env, cpi_source_name(&input->source, 0),
			take->bytes, take->n, known, &inner, &opened, err);
		if (code) {
			cpi_blob_release(input->env, take);
			return code;
		}
		input->source.mtime = take->mtime;
		input->warnings = input->env->diag.total - warnings;
	}
	if (opened)
		cpi_blob_release(input->env, take);
	input->blob[i] = opened ? inner : *take;
	if (!i) {
		code = decode_text(input, &input->blob[i], &input->utf16, err);
		if (code)
			return code;
	}
	input->source.part[i] = (struct cpi_bytes){input->blob[i].bytes, input->blob[i].n,
		input->blob[i].kind == CPI_BLOB_MAPPED, name};
	input->file_bytes[i] = file_bytes;
	input->source.n_parts++;
	return CP_OK;
}

static enum cp_code add_file(
	struct cp_input *input, const char *path, struct cp_error *err)
{
	const struct cpi_look look = {worth_it, input->env};
	struct cpi_blob blob = {0};
	enum cp_code code = cpi_file_read_looking(input->env, path, &look, &blob, err);

	return code ? code : add_part(input, &blob, err);
}

/* Files of a directory, which may be a stranger's: no pipes, no links that lead out. */
static enum cp_code add_file_in(struct cp_input *input, const char *dir, const char *name,
	bool *ret_any, struct cp_error *err)
{
	struct cpi_blob blob = {0};
	struct cpi_named file;
	const char *why, *copy;
	char path[4096];
	enum cp_code code;

	*ret_any = cpi_named_open(dir, name, &file, &why);
	if (!*ret_any)
		return why ? cpi_error(err, CP_ERROR_FORMAT, CP_NO_OFFSET,
				     "the directory's file %s %s", name, why)
			   : CP_OK;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	/* What is said about it names it. */
	copy = cpi_arena_copy(&input->names, path, strlen(path));
	if (!copy) {
		cpi_named_close(&file);
		return cpi_error_memory(err);
	}
	input->source.part[input->source.n_parts].name = copy;
	code = cpi_named_read(input->env, &file, path, &blob, err);
	cpi_named_close(&file);
	return code ? code : add_part(input, &blob, err);
}

/* A recording made with --threads: `data`, then data.0, data.1, … while there are any. */
static enum cp_code add_directory(
	struct cp_input *input, const char *dir, struct cp_error *err)
{
	bool any;
	enum cp_code code = add_file_in(input, dir, "data", &any, err);

	if (!code && !any)
		return cpi_error(err, CP_ERROR_FORMAT, CP_NO_OFFSET,
			"a directory without a file named \"data\" is no perf.data "
			"directory");
	for (unsigned i = 0; !code; i++) {
		char name[32];

		if (input->source.n_parts == sizeof input->blob / sizeof *input->blob)
			return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
				"more than %u files in a perf.data directory", i);
		snprintf(name, sizeof name, "data.%u", i);
		code = add_file_in(input, dir, name, &any, err);
		if (!any)
			break;
	}
	return code;
}

void cpi_input_blame(
	const struct cp_input *input, enum cp_code code, struct cp_error *err)
{
	switch (code) {
	case CP_ERROR_FORMAT:
	case CP_ERROR_LIMIT:
	case CP_ERROR_TRUNCATED:
	case CP_ERROR_CORRUPT:
	case CP_ERROR_UNSUPPORTED:
	case CP_ERROR_EMPTY:
		if (err && !err->source[0])
			cpi_error_place(err, input->name, NULL);
		break;
	default:
		break;
	}
}

/* Hands out the input, unless reading it failed. */
static enum cp_code finish(struct cp_input *input, enum cp_code code,
	struct cp_input **ret_input, struct cp_error *err)
{
	code = cpi_diag_end(&input->env->diag, code, err);
	cpi_input_blame(input, code, err);
	if (code)
		cp_input_free(input);
	else
		*ret_input = input;
	return code;
}

enum cp_code cp_input_open(struct cp_context *context, const char *path,
	struct cp_input **ret_input, struct cp_error *err)
{
	struct cp_input *input;
	struct stat st;
	enum cp_code code = cpi_context_check(context, err), shrank;

	if (!code)
		code = input_new(&context->env, path, &input, err);
	if (code)
		return code;
	input->is_dir = strcmp(path, "-") && !stat(path, &st) && S_ISDIR(st.st_mode);
	cpi_diag_begin(&context->env.diag);
	if (input->is_dir)
		code = add_directory(input, path, err);
	else
		code = add_file(input, path, err);
	shrank = cpi_guard_check(&context->env.guard, path, err);
	return finish(input, shrank ? shrank : code, ret_input, err);
}

enum cp_code cp_input_memory(struct cp_context *context, const void *bytes, size_t n,
	const char *name, struct cp_input **ret_input, struct cp_error *err)
{
	struct cp_input *input;
	struct cpi_blob blob = {.bytes = n ? bytes : "", .n = n};
	enum cp_code code = cpi_context_check(context, err);

	if (!code)
		code = input_new(&context->env, name ? name : "memory", &input, err);
	if (code)
		return code;
	cpi_diag_begin(&context->env.diag);
	code = add_part(input, &blob, err);
	return finish(input, code, ret_input, err);
}

const char *cp_input_format(const struct cp_input *input)
{
	const struct cpi_format *format = cpi_format_detect(&input->source);

	return format ? format->public.name : NULL;
}
