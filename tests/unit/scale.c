/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: scale. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "op/scale.h"
#include "text_profile.h"

static char out[1024];

static const char *scaled(const char *const *lines, double a, double b, bool compat)
{
	struct cpi_env env;
	struct cp_profile *p, *q;
	struct cp_error err;
	double ratio[2] = {a, b};

	cpi_env_init(&env, NULL);
	assert_int_equal(text_profile(&env, "n/count cpu/ns", lines, &p, NULL), CP_OK);
	if (cpi_scale(&env, p, ratio, 2, compat, &q, &err)) {
		snprintf(out, sizeof out, "%s", err.message);
	} else {
		dump_profile(q, out, sizeof out);
		cp_profile_free(q);
	}
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
	return out;
}

static void values_are_scaled(void **state)
{
	static const char *const lines[] = {"f|a=b 1 10", "g 0 0", "h 5 -5", NULL};
	static const char *const large[] = {"f 1 9223372036854775807", NULL};

	(void)state;
	assert_string_equal(scaled(lines, 1, 1, false), "f|a=b 1 10\ng 0 0\nh 5 -5\n");
	assert_string_equal(scaled(lines, 1, 0.5, false), "f|a=b 1 5\nh 5 -3\n");
	assert_string_equal(scaled(lines, 1, 0, false), "f|a=b 1 0\nh 5 0\n");
	assert_string_equal(scaled(lines, 1, 0, true), "");
	assert_string_equal(scaled(lines, -1, 2, true), "f|a=b -1 20\nh -5 -10\n");
	assert_string_equal(scaled(large, 1, 2, false), "a scaled value exceeds 64 bits");
	assert_string_equal(scaled(large, 2, 1, false), "f 2 9223372036854775807\n");
}

static void sums_are_made_equal(void **state)
{
	static const char *const lines[] = {"f 1 10", "g 3 10", NULL};
	static const char *const base[] = {"h 8 10", NULL};
	struct cpi_env env;
	struct cp_profile *p, *q, *other, *r;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(text_profile(&env, "n/count cpu/ns", lines, &p, NULL), CP_OK);
	assert_int_equal(text_profile(&env, "n/count cpu/ns", base, &q, NULL), CP_OK);
	assert_int_equal(text_profile(&env, "n/count cpu/ms", base, &other, NULL), CP_OK);
	assert_int_equal(cpi_normalize(&env, p, q, false, &r, NULL), CP_OK);
	assert_string_equal(dump_profile(r, out, sizeof out), "f 2 5\ng 6 5\n");
	cp_profile_free(r);
	assert_int_equal(cpi_normalize(&env, p, other, false, &r, NULL), CP_ERROR_ARGUMENT);
	for (env.mem.fail_at = 1;; env.mem.fail_at++) {
		env.mem.ops = 0;
		if (!cpi_normalize(&env, p, q, false, &r, NULL))
			break;
	}
	assert_true(env.mem.fail_at > 10);
	cp_profile_free(r);
	cp_profile_free(p);
	cp_profile_free(q);
	cp_profile_free(other);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_scaled),
		cmocka_unit_test(sums_are_made_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
