/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEXT_PROFILE_H
#define TEXT_PROFILE_H

/*
 * Profiles as text, so that a test shows what goes in and what comes out:
 *
 *	main@m.c!/bin/x;run+inlined@r.c:7|comm=sh,size=8:bytes 3 30
 *
 * is a sample with the values 3 and 30 and two labels; frames from the root, a `;` between
 * locations, a `+` before a function inlined into the one before; `@file`, `:line` and
 * `!mapping` (of the location) may be left out; a frame `?` has no line; `#HEX` is its address.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "model/builder.h"

static inline struct cp_text text_until(const char **at, const char *stops)
{
	size_t n = strcspn(*at, stops);
	struct cp_text text = {*at, n};

	*at += n;
	return text;
}

static inline cp_location text_location(struct cpi_builder *b, const char **at)
{
	struct cp_line_row line[16], inner_first[16];
	struct cp_mapping_row map = {.start = 0x1000, .limit = 0x9000};
	uint64_t address = 0;
	uint32_t n = 0;

	do {
		struct cp_function_row f = {.start_line = 0};
		struct cp_text name;

		if (**at == '+')
			(*at)++;
		line[n] = (struct cp_line_row){.line = 0};
		name = text_until(at, "@:!#+;| ");
		f.name = cpi_builder_string(b, name);
		if (**at == '@') {
			(*at)++;
			f.file = cpi_builder_string(b, text_until(at, ":!#+;| "));
		}
		if (**at == ':')
			line[n].line = (int64_t)strtol(*at + 1, (char **)at, 10);
		if (name.n == 1 && name.p[0] == '?')
			continue;
		line[n].function = cpi_builder_function(b, &f);
		n++;
	} while (**at == '+');
	if (**at == '#')
		address = strtoull(*at + 1, (char **)at, 16);
	if (**at == '!') {
		(*at)++;
		map.path = cpi_builder_string(b, text_until(at, "#;| "));
	}
	for (uint32_t i = 0; i < n; i++)
		inner_first[i] = line[n - 1 - i];
	return cpi_builder_location(b,
		map.path.i ? cpi_builder_mapping(b, &map) : (cp_mapping){0}, address, false,
		inner_first, n);
}

static inline cp_labels text_labels(struct cpi_builder *b, const char **at)
{
	struct cp_label label[16] = {0};
	uint32_t n = 0;

	while (**at == '|' || **at == ',') {
		struct cp_text value;
		char *end;

		(*at)++;
		label[n].key = cpi_builder_string(b, text_until(at, "="));
		(*at)++;
		value = text_until(at, ", ");
		label[n].num = strtoll(value.p, &end, 10);
		if (end == value.p) {
			label[n].num = 0;
			label[n].str = cpi_builder_string(b, value);
		} else if (*end == ':') {
			label[n].unit = cpi_builder_string(b,
				(struct cp_text){end + 1, (size_t)(value.p + value.n - end - 1)});
		}
		n++;
	}
	return cpi_builder_labels(b, label, n);
}

/* `types`: "samples/count cpu/nanoseconds". Fails only for lack of memory. */
static inline enum cp_code text_profile(struct cpi_env *env, const char *types,
	const char *const *lines, struct cp_profile **ret, struct cp_error *err)
{
	struct cpi_builder b;

	cpi_builder_init(&b, env);
	while (*types) {
		cp_string type = cpi_builder_string(&b, text_until(&types, "/"));

		types++;
		cpi_builder_sample_type(
			&b, type, cpi_builder_string(&b, text_until(&types, " ")), 0);
		types += *types == ' ';
	}
	for (; *lines && !b.code; lines++) {
		const char *at = *lines;
		cp_location frame[64], leaf_first[64];
		int64_t value[8] = {0};
		cp_labels labels;
		uint32_t n = 0;

		while (*at != ' ' && *at != '|') {
			frame[n++] = text_location(&b, &at);
			at += *at == ';';
		}
		labels = text_labels(&b, &at);
		for (int i = 0; *at && i < 8; i++)
			value[i] = strtoll(at, (char **)&at, 10);
		for (uint32_t i = 0; i < n; i++)
			leaf_first[i] = frame[n - 1 - i];
		cpi_builder_sample(
			&b, cpi_builder_stack(&b, leaf_first, n), labels, value, CP_NO_TIME);
	}
	return cpi_builder_finish(&b, ret, err);
}

static inline void dump_text(struct cpi_sink *out, struct cp_text text)
{
	cpi_sink_bytes(out, text.p, text.n);
}

static inline void dump_location(
	struct cpi_sink *out, const struct cp_profile *p, cp_location id)
{
	const struct cp_location_row *row = cp_profile_location(p, id);
	const struct cp_line_row *line = cp_profile_lines(p, row);
	cp_string path = cp_profile_mapping(p, row->mapping)->path;

	if (!row->n_lines)
		cpi_sink_char(out, '?');
	for (uint32_t i = row->n_lines; i-- > 0;) {
		const struct cp_function_row *f = cp_profile_function(p, line[i].function);

		dump_text(out, cp_profile_string(p, f->name));
		if (f->file.i) {
			cpi_sink_char(out, '@');
			dump_text(out, cp_profile_string(p, f->file));
		}
		if (line[i].line)
			cpi_sink_printf(out, ":%d", (int)line[i].line);
		if (i)
			cpi_sink_char(out, '+');
	}
	if (row->address)
		cpi_sink_printf(out, "#%llx", (unsigned long long)row->address);
	if (path.i) {
		cpi_sink_char(out, '!');
		dump_text(out, cp_profile_string(p, path));
	}
}

static inline void dump_sample(
	struct cpi_sink *out, const struct cp_profile *p, uint32_t sample)
{
	uint32_t n;
	const cp_location *frame = cp_profile_stack(p, cp_profile_sample_stack(p, sample), &n);
	const struct cp_label *label;

	for (uint32_t i = n; i-- > 0;) {
		dump_location(out, p, frame[i]);
		if (i)
			cpi_sink_char(out, ';');
	}
	label = cp_profile_labels(p, cp_profile_sample_labels(p, sample), &n);
	for (uint32_t i = 0; i < n; i++) {
		cpi_sink_char(out, i ? ',' : '|');
		dump_text(out, cp_profile_string(p, label[i].key));
		cpi_sink_char(out, '=');
		if (label[i].str.i)
			dump_text(out, cp_profile_string(p, label[i].str));
		else
			cpi_sink_i64(out, label[i].num);
		if (label[i].unit.i) {
			cpi_sink_char(out, ':');
			dump_text(out, cp_profile_string(p, label[i].unit));
		}
	}
	for (uint32_t i = 0; i < cp_profile_counts(p).sample_types; i++)
		cpi_sink_printf(out, " %lld", (long long)cp_profile_sample_values(p, sample)[i]);
}

/* All samples, each with a newline; NUL-terminated; of `room` bytes at most. */
static inline const char *dump_profile(const struct cp_profile *p, char *buf, size_t room)
{
	struct cpi_mem mem;
	struct cpi_sink out;

	cpi_mem_init(&mem, 0);
	cpi_sink_memory(&out, &mem);
	for (uint32_t i = 0; i < cp_profile_counts(p).samples; i++) {
		dump_sample(&out, p, i);
		cpi_sink_char(&out, '\n');
	}
	snprintf(buf, room, "%.*s", (int)out.n, out.n ? (char *)out.buf : "");
	cpi_sink_release(&out);
	return buf;
}

#endif
