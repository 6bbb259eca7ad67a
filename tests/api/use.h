/* SPDX-License-Identifier: Apache-2.0 */
#ifndef USE_H
#define USE_H

/*
 * What the programs of this folder share. They are compiled as C99 and as C++11, so they
 * use what both have. A program ends with 0, or says where it went wrong.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cp/build.h>
#include <cp/error.h>

#define MUST(x)                                                                          \
	do {                                                                             \
		if (!(x)) {                                                              \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);          \
			exit(1);                                                         \
		}                                                                        \
	} while (0)

/* Options of zeros but their size. */
#define OPTIONS(type, name)                                                              \
	struct type name;                                                                \
	memset(&name, 0, sizeof name);                                                   \
	name.size = sizeof name

static inline struct cp_context *use_context(void)
{
	struct cp_context *context;

	OPTIONS(cp_context_options, options);
	options.threads = 1;
	context = cp_context_new(&options);
	MUST(context);
	return context;
}

/* main calls work (3 samples) and idle (1); work was inlined at line 7. */
static inline struct cp_profile *use_profile(struct cp_context *context)
{
	static const char *const name[3] = {"main", "work", "idle"};
	struct cp_builder *b;
	struct cp_profile *p;
	struct cp_value_type type;
	cp_location location[3], stack[2];
	int64_t value;

	MUST(!cp_builder_new(context, &b, NULL));
	memset(&type, 0, sizeof type);
	type.type = cp_builder_str(b, "samples");
	type.unit = cp_builder_str(b, "count");
	cp_builder_sample_type(b, &type);
	for (int i = 0; i < 3; i++) {
		struct cp_function_row row;
		struct cp_line_row line;
		cp_mapping none = {0};

		memset(&row, 0, sizeof row);
		memset(&line, 0, sizeof line);
		row.name = cp_builder_str(b, name[i]);
		row.file = cp_builder_str(b, "prog.c");
		line.function = cp_builder_function(b, &row);
		line.line = 7;
		location[i] = cp_builder_location(b, none, 0, &line, 1);
	}
	for (int i = 1; i < 3; i++) {
		cp_labels none = {0};

		stack[0] = location[i];
		stack[1] = location[0];
		value = i == 1 ? 3 : 1;
		cp_builder_sample(
			b, cp_builder_stack(b, stack, 2), none, &value, 1, CP_NO_TIME);
	}
	MUST(!cp_builder_finish(b, &p, NULL));
	return p;
}

struct text {
	char p[65536];
	size_t n;
};

/* A cp_write_fn. */
static inline int use_write(void *arg, const void *bytes, size_t n)
{
	struct text *text = (struct text *)arg;

	MUST(n < sizeof text->p - text->n);
	memcpy(text->p + text->n, bytes, n);
	text->n += n;
	text->p[text->n] = 0;
	return 0;
}

#endif
