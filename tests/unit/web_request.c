/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what cpweb makes of addresses, codes and names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "cpweb/guard.h"
#include "cpweb/inputs.h"
#include "cpweb/listen.h"
#include "cpweb/request.h"

static void addresses_are_split(void **state)
{
	static const struct {
		const char *text, *host;
		int port; /* -1: refused */
	} rows[] = {{"22222", "", 22222}, {":22222", "", 22222}, {":0", "", 0},
		{":", "", 0}, {"0.0.0.0:80", "0.0.0.0", 80}, {"[::1]:80", "::1", 80},
		{"localhost:", "localhost", 0}, {"host:1", "host", 1}, {"::1", "", -1},
		{":65536", "", -1}, {"host", "", -1}, {"host:x", "", -1}, {"", "", -1},
		{":-1", "", -1}, {"host:999999", "", -1}};
	char host[256];
	uint16_t port;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool ok = listener_parse(rows[i].text, host, &port);

		if (ok != (rows[i].port >= 0))
			fail_msg("%s", rows[i].text);
		if (ok) {
			assert_string_equal(host, rows[i].host);
			assert_int_equal(port, rows[i].port);
		}
	}
}

static void codes_are_tried_a_few_times(void **state)
{
	struct sockaddr_in from = {.sin_family = AF_INET}, other = from;
	const struct sockaddr *a = (struct sockaddr *)&from,
			      *b = (struct sockaddr *)&other;
	struct guard guard, second;

	(void)state;
	other.sin_addr.s_addr = htonl(1);
	assert_true(guard_init(&guard, false) && guard_init(&second, false));
	assert_int_equal(strlen(guard.token), 32);
	assert_int_equal(strlen(guard.code), 7);
	assert_string_not_equal(guard.token, second.token);
	assert_int_equal(guard_try(&guard, a, guard.code, 7, 0), GUARD_YES);
	for (int i = 0; i < 4; i++)
		assert_int_equal(guard_try(&guard, a, "zzz-zzz", 7, 1), GUARD_NO);
	assert_int_equal(guard_try(&guard, a, guard.code, 7, 2), GUARD_LATER);
	assert_int_equal(guard_try(&guard, b, guard.code, 7, 2), GUARD_YES);
	assert_int_equal(guard_try(&guard, a, guard.code, 7, 61), GUARD_YES);
	assert_int_equal(guard_try(&guard, b, "abcdefgh", 8, 61), GUARD_NO);
	assert_int_equal(guard_try(&guard, b, "", 0, 61), GUARD_NO);
	/* Many addresses have a limit together. */
	for (uint32_t i = 0; i < 100; i++) {
		other.sin_addr.s_addr = htonl(100 + i);
		guard_try(&guard, b, "zzz-zzz", 7, 200);
	}
	assert_int_equal(guard_try(&guard, a, guard.code, 7, 201), GUARD_LATER);
	guard_release(&guard);
	guard_release(&second);
}

static void names_are_data(void **state)
{
	static const char name[] = "<b>\"&'\\\n\x01\xff\xe2\x80\xae\xc3\xa9</script>";
	struct buf html = {0}, json = {0}, url = {0};

	(void)state;
	buf_html(&html, name, sizeof name - 1);
	buf_json(&json, name, sizeof name - 1);
	buf_url(&url, "a b&=\xc3\xa9", 7);
	assert_string_equal(html.p,
		"&lt;b&gt;&quot;&amp;&#39;\\\\x0a\\x01\\xff\\xe2\\x80\\xae"
		"\xc3\xa9&lt;/script&gt;");
	assert_string_equal(json.p,
		"\"\\u003cb\\u003e\\\"\\u0026'\\\\\\u000a\\\\x01\\\\xff"
		"\\\\xe2\\\\x80\\\\xae\xc3\xa9\\u003c/script\\u003e\"");
	assert_string_equal(url.p, "a%20b%26%3D%C3%A9");
	buf_release(&html);
	buf_release(&json);
	buf_release(&url);
}

static void parameters_have_one_order(void **state)
{
	struct doors doors = {.cookie = "c"};
	struct head head = {.method = "GET",
		.host = "localhost",
		.hosts = 1,
		.target = "/ui/top?si=cpu&f=a+b%2B&unknown=1&f=second&i=&g=lines"};
	struct request request;
	struct buf key = {0};

	(void)state;
	request_parse(&head, &doors, &request);
	assert_int_equal(request.status, 0);
	assert_int_equal(request.page, PAGE_TOP);
	request_canonical(&request, &key);
	assert_string_equal(key.p, "?f=a%20b%2B&si=cpu&g=lines");
	buf_release(&key);
	request_release(&request);
}

static void spans_of_time(void **state)
{
	struct cp_time_span span;

	(void)state;
	assert_true(inputs_time("1.5,3", &span));
	assert_int_equal(span.unit, CP_TIME_OFFSET);
	assert_true(span.from == 1.5e9 && span.to == 3e9);
	assert_true(inputs_time("10%,20%", &span));
	assert_int_equal(span.unit, CP_TIME_SHARE);
	assert_true(inputs_time(",2", &span) && inputs_time("2,", &span));
	for (const char *const *bad = (const char *const[]){"", "1", "x,2", "3,2",
		     "1,2,3", "-1,2", "1,nan", "1, ,", NULL};
		*bad; bad++)
		if (inputs_time(*bad, &span))
			fail_msg("%s", *bad);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_split),
		cmocka_unit_test(codes_are_tried_a_few_times),
		cmocka_unit_test(names_are_data),
		cmocka_unit_test(parameters_have_one_order),
		cmocka_unit_test(spans_of_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
