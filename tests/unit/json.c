/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: json. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "codec/json.h"

static void documents_are_well_formed(void **state)
{
	static const char expect[] = "{\n"
				     "  \"a\": [\n"
				     "    1,\n"
				     "    -2,\n"
				     "    0.1,\n"
				     "    null,\n"
				     "    1.5e+300\n"
				     "  ],\n"
				     "  \"b\": {\"x\": true, \"y\": []},\n"
				     "  \"c\": {},\n"
				     "  \"d\": \"q\\\"\\\\\\u0001\\\\xff\\u003cé\\n\"\n"
				     "}\n";
	struct cpi_mem mem;
	struct cpi_sink sink;
	struct cpi_json j;

	(void)state;
	cpi_mem_init(&mem, 0);
	cpi_sink_memory(&sink, &mem);
	cpi_json_init(&j, &sink);
	cpi_json_begin(&j, '{', false);
	cpi_json_key(&j, "a");
	cpi_json_begin(&j, '[', false);
	cpi_json_u64(&j, 1);
	cpi_json_i64(&j, -2);
	cpi_json_double(&j, 0.1);
	cpi_json_double(&j, NAN);
	cpi_json_double(&j, 1.5e300);
	cpi_json_end(&j, ']');
	cpi_json_key(&j, "b");
	cpi_json_begin(&j, '{', true);
	cpi_json_key(&j, "x");
	cpi_json_bool(&j, true);
	cpi_json_key(&j, "y");
	cpi_json_begin(&j, '[', false);
	cpi_json_end(&j, ']');
	cpi_json_end(&j, '}');
	cpi_json_key(&j, "c");
	cpi_json_begin(&j, '{', false);
	cpi_json_end(&j, '}');
	cpi_json_key(&j, "d");
	cpi_json_str(&j, "q\"\\\x01\xff<é\n");
	cpi_json_end(&j, '}');
	cpi_json_finish(&j);
	assert_int_equal(sink.n, sizeof expect - 1);
	assert_memory_equal(sink.buf, expect, sink.n);
	cpi_sink_release(&sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
