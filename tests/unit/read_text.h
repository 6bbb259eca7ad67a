/* SPDX-License-Identifier: Apache-2.0 */
#ifndef READ_TEXT_H
#define READ_TEXT_H

/* A reader's answer as text: bytes in, types, samples and remarks out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/format.h"
#include "text_profile.h"

struct read_text {
	char out[1 << 16];     /* "types: …", the samples, "error: …" */
	char remarks[1 << 14]; /* a line each: "0xOFFSET MESSAGE" */
	uint64_t warnings;
};

static inline void read_text_remark(const struct cp_diagnostic *d, void *arg)
{
	struct read_text *r = arg;
	size_t n = strlen(r->remarks);

	if (d->offset == CP_NO_OFFSET)
		snprintf(r->remarks + n, sizeof r->remarks - n, "%s\n", d->message);
	else
		snprintf(r->remarks + n, sizeof r->remarks - n, "0x%llx %s\n",
			(unsigned long long)d->offset, d->message);
}

static inline void read_text_types(const struct cp_profile *p, char *buf, size_t room)
{
	size_t n = 0;

	for (uint32_t i = 0; i < cp_profile_counts(p).sample_types && n < room; i++) {
		const struct cp_value_type *t = cp_profile_sample_type(p, i);
		struct cp_text type = cp_profile_string(p, t->type);
		struct cp_text unit = cp_profile_string(p, t->unit);

		n += (size_t)snprintf(buf + n, room - n, "%s%.*s/%.*s", i ? " " : "", (int)type.n,
			type.p, (int)unit.n, unit.p);
		if (t->decimals && n < room)
			n += (size_t)snprintf(buf + n, room - n, "(%u)", t->decimals);
	}
	if (n < room)
		snprintf(buf + n, room - n, "\n");
}

/* Reads exact-size bytes, with leaks and the model's rules looked at. */
static inline void read_text(struct read_text *r, const char *format, const void *bytes,
	size_t n, const struct cp_read_options *options)
{
	struct cp_context_options with = {.size = sizeof with,
		.diagnostic = read_text_remark, .diagnostic_arg = r};
	uint8_t *exact = malloc(n ? n : 1);
	struct cpi_source source = {.name = "test", .n_parts = 1};
	struct cpi_env env;
	struct cp_profile *p;
	struct cp_error err = {0};
	size_t types;

	memset(r, 0, sizeof *r);
	memcpy(exact, bytes, n);
	source.part[0] = (struct cpi_bytes){exact, n, false};
	cpi_env_init(&env, &with);
	if (cpi_format_find(format)->read(&env, &source, options, NULL, &p, &err)) {
		snprintf(r->out, sizeof r->out, "error: %s\n", err.message);
	} else {
		if (cp_profile_check(p, &err))
			fail_msg("%s", err.message);
		read_text_types(p, r->out, sizeof r->out);
		types = strlen(r->out);
		dump_profile(p, r->out + types, sizeof r->out - types);
		cp_profile_free(p);
	}
	r->warnings = env.diag.total;
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
	free(exact);
}

static inline void reads_as(
	const char *format, const char *input, const char *want, const char *remarks)
{
	static struct read_text r;

	read_text(&r, format, input, strlen(input), NULL);
	assert_string_equal(r.out, want);
	assert_string_equal(r.remarks, remarks);
}

/* Failing at every allocation in turn gives an error or the whole answer, never a leak. */
static inline void survives_failing_memory(const char *format, const void *bytes, size_t n)
{
	struct cpi_source source = {.name = "test", .n_parts = 1};
	bool failed = true;

	source.part[0] = (struct cpi_bytes){bytes, n, false};
	for (uint64_t at = 1; failed; at++) {
		struct cpi_env env;
		struct cp_profile *p;
		struct cp_error err = {0};

		cpi_env_init(&env, NULL);
		env.mem.fail_at = at;
		env.mem.fail_on = true;
		failed = cpi_format_find(format)->read(&env, &source, NULL, NULL, &p, &err);
		if (failed)
			assert_int_equal(err.code, CP_ERROR_MEMORY);
		else
			cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
		assert_true(at < 100000);
	}
}

#endif
