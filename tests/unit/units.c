/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: units. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <cp/units.h>

#include "base/text.h"

static const char *label(double value, const char *from, const char *to)
{
	static char buf[64];

	cp_unit_label(buf, sizeof buf, value, cpi_text(from), cpi_text(to));
	return buf;
}

static void labels(void **state)
{
	(void)state;
	assert_string_equal(label(0, "ns", "auto"), "0");
	assert_string_equal(label(-0.0, "ns", "auto"), "0");
	assert_string_equal(label(1500, "nanoseconds", "auto"), "1.50us");
	assert_string_equal(label(-1500, "nanoseconds", "minimum"), "-1.50us");
	assert_string_equal(label(3000000, "Nanoseconds", "s"), "0");
	assert_string_equal(label(12500000, "ns", "ms"), "12.50ms");
	assert_string_equal(label(7200, "s", "auto"), "2hrs");
	assert_string_equal(label(7200, "sec", "minutes"), "7200s");
	assert_string_equal(label(1536, "bytes", "auto"), "1.50kB");
	assert_string_equal(label(1, "MB", "kilobytes"), "1024kB");
	assert_string_equal(label(12, "count", "auto"), "12");
	assert_string_equal(label(12, "", ""), "12");
	assert_string_equal(label(12, "widgets", "widgets"), "12widgets");
	assert_string_equal(label(12, "widgets", "auto"), "12");
	assert_string_equal(label(2500, "milligcu", "auto"), "2.50GCU");
	assert_string_equal(label(5, "\xce\xbcs", "ns"), "5000ns");
	assert_string_equal(label(1, "hrs", "s"), "3600s");
}

static const char *percent(double value, double total)
{
	static char buf[64];

	cp_unit_percent(buf, sizeof buf, value, total);
	return buf;
}

static void percentages(void **state)
{
	(void)state;
	assert_string_equal(percent(1, 0), "    0%");
	assert_string_equal(percent(99950, 100000), "  100%");
	assert_string_equal(percent(100050, 100000), "  100%");
	assert_string_equal(percent(1, 100), " 1.00%");
	assert_string_equal(percent(-123456, 1000000), "12.35%");
	assert_string_equal(percent(5, 1000), "  0.5%");
	assert_string_equal(percent(1, 10000000), "1e-05%");
	assert_string_equal(percent(300, 100), "300.00%");
}

static void report_units(void **state)
{
	(void)state;
	/* 6500us beside 3000us, not 6.5ms; but one unit for ms and s that are far apart. */
	assert_string_equal(cp_unit_for_report(900e3, 6.5e6, CPI_TEXT("ns")).p, "us");
	assert_string_equal(cp_unit_for_report(10e6, 100e9, CPI_TEXT("ns")).p, "s");
	assert_string_equal(cp_unit_for_report(1, 5, CPI_TEXT("count")).p, "count");
	assert_string_equal(cp_unit_for_report(0, 5e9, CPI_TEXT("ns")).p, "s");
}

static void ratios(void **state)
{
	(void)state;
	assert_true(cp_unit_ratio(CPI_TEXT("ms"), CPI_TEXT("nanoseconds")) == 1e6);
	assert_true(cp_unit_ratio(CPI_TEXT("ms"), CPI_TEXT("bytes")) == 0);
	assert_true(cp_unit_ratio(CPI_TEXT("foo"), CPI_TEXT("foo")) == 1);
	assert_true(cp_unit_ratio(CPI_TEXT("foo"), CPI_TEXT("bar")) == 0);
	assert_true(cp_unit_compatible(CPI_TEXT("Byte"), CPI_TEXT("kb")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels),
		cmocka_unit_test(percentages),
		cmocka_unit_test(report_units),
		cmocka_unit_test(ratios),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
