/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: codec. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "codec/codec.h"
#include "codec/gzip.h"
#include "codec/utf16.h"

enum { N = 300000 };

struct packed {
	uint8_t *p;
	size_t n;
};

/* Text that compresses, but not to nothing. */
static void fill(uint8_t *p, size_t n)
{
	uint32_t x = 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (uint8_t)("abcdefgh"[x >> 29]);
	}
}

static struct packed pack_gzip(struct cpi_env *env, const uint8_t *p, size_t n)
{
	struct cpi_sink sink;
	struct packed out;
	uint8_t *taken;

	cpi_sink_memory(&sink, &env->mem);
	assert_int_equal(cpi_gzip_write(env, p, n, 0, &sink, NULL), CP_OK);
	taken = cpi_sink_take(&sink, &out.n);
	out.p = malloc(out.n);
	memcpy(out.p, taken, out.n);
	cpi_free(&env->mem, taken, out.n);
	cpi_sink_release(&sink);
	return out;
}

static struct packed pack_zstd(const uint8_t *p, size_t n)
{
	struct packed out = {malloc(ZSTD_compressBound(n)), 0};

	out.n = ZSTD_compress(out.p, ZSTD_compressBound(n), p, n, 3);
	assert_false(ZSTD_isError(out.n));
	return out;
}

static struct packed pack_xz(const uint8_t *p, size_t n)
{
	struct packed out = {malloc(n + 4096), 0};

	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, p, n, out.p, &out.n,
				 n + 4096),
		LZMA_OK);
	return out;
}

static struct packed twice(struct packed one)
{
	struct packed out = {malloc(one.n * 2), one.n * 2};

	memcpy(out.p, one.p, one.n);
	memcpy(out.p + one.n, one.p, one.n);
	return out;
}

/* Unwraps an exact-size copy of in[0…n); returns the length, or -code. */
static long unwrap(struct cpi_env *env, struct packed in, size_t n, const uint8_t *expect)
{
	uint8_t *exact = malloc(n ? n : 1);
	struct cpi_blob blob = {0};
	struct cp_error err;
	bool opened = false;
	enum cp_code code;
	long made;

	memcpy(exact, in.p, n);
	code = cpi_codec_unwrap(env, NULL, exact, n, NULL, &blob, &opened, &err);
	made = code ? -(long)code : opened ? (long)blob.n : 0;
	if (!code && opened)
		assert_memory_equal(blob.bytes, expect, blob.n < N ? blob.n : N);
	cpi_blob_release(env, &blob);
	free(exact);
	assert_int_equal(env->mem.used, 0);
	return made;
}

static void wrappers_open(void **state)
{
	struct cpi_env env;
	uint8_t *text = malloc(N);
	struct packed in[3], two;
	uint64_t warned;

	(void)state;
	cpi_env_init(&env, NULL);
	fill(text, N);
	in[0] = pack_gzip(&env, text, N);
	in[1] = pack_zstd(text, N);
	in[2] = pack_xz(text, N);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(unwrap(&env, in[i], in[i].n, text), N);
		two = twice(in[i]);
		assert_int_equal(unwrap(&env, two, two.n, text), 2 * N);
		free(two.p);
		/* Every kind of cut: what is there is kept, and said. */
		for (size_t n = 0; n < in[i].n; n += 997) {
			warned = env.diag.total;
			long made = unwrap(&env, in[i], n, text);

			assert_true(made < 0 || made == 0 || env.diag.total == warned + 1);
		}
		in[i].p[in[i].n / 2] ^= 0x55;
		assert_true(unwrap(&env, in[i], in[i].n / 2, text) >= 0);
		free(in[i].p);
	}
	two = pack_zstd((const uint8_t *)"plain", 5);
	assert_int_equal(unwrap(&env, (struct packed){(uint8_t *)"plain", 5}, 5, text), 0);
	free(two.p);
	free(text);
	cpi_env_release(&env);
}

static void bombs_stop_at_the_limit(void **state)
{
	struct cp_context_options options = {.size = sizeof options};
	struct cpi_env env;
	size_t n = 200 << 20;
	uint8_t *zeros = calloc(1, n);
	struct packed in[2];

	(void)state;
	options.limits.ratio = 100;
	cpi_env_init(&env, &options);
	in[0] = pack_gzip(&env, zeros, n);
	in[1] = pack_zstd(zeros, n);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(unwrap(&env, in[i], in[i].n, zeros), -CP_ERROR_LIMIT);
		free(in[i].p);
	}
	free(zeros);
	cpi_env_release(&env);
}

static void layers_are_bounded(void **state)
{
	struct cpi_env env;
	struct packed in = {malloc(1), 1}, next;

	(void)state;
	cpi_env_init(&env, NULL);
	in.p[0] = 'x';
	for (int i = 0; i < 5; i++) {
		assert_int_equal(unwrap(&env, in, in.n, (const uint8_t *)"x"), i > 0);
		next = pack_gzip(&env, in.p, in.n);
		free(in.p);
		in = next;
	}
	assert_int_equal(unwrap(&env, in, in.n, in.p), -CP_ERROR_LIMIT);
	free(in.p);
	cpi_env_release(&env);
}

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static const struct {
	const uint8_t *in;
	size_t n;
	const char *out; /* NULL: it is no text in UTF-16 */
} texts[] = {
	{BYTES("\xff\xfe" "a\0;\0b\0 \0001\0\r\0\n\0"), "a;b 1\r\n"},
	{BYTES("\xfe\xff\0a\0;\0b"), "a;b"},
	{BYTES("\xff\xfe"), ""},
	{BYTES("m\0a\0i\0n\0;\0f\0 \0001\0"), "main;f 1"},
	{BYTES("\0m\0a\0i\0n\0;\0f\0 \0001"), "main;f 1"},
	/* Two, three and four bytes; a pair; halves of one; an odd byte at the end. */
	{BYTES("\xff\xfe\xe9\0\xac\x20\x3d\xd8\0\xde"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
	{BYTES("\xff\xfe\x3d\xd8" "a\0\0\xde" "b\0c"),
		"\xef\xbf\xbd" "a\xef\xbf\xbd" "b\xef\xbf\xbd"},
	{BYTES("\xff\xfe\x3d\xd8"), "\xef\xbf\xbd"},
	/* Too short, one character only, numbers, bytes. */
	{BYTES("m\0a\0i\0n\0;\0f\0"), NULL},
	{BYTES("2\0002\0002\0002\0002\0002\0002\0002\0002\0"), NULL},
	{BYTES("\1\0\2\0\3\0\4\0\5\0\6\0\7\0\10\0"), NULL},
	{BYTES("main;f 1 main;f 2 main;f 3"), NULL},
	{BYTES(""), NULL},
};

static void text_in_utf16(void **state)
{
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct cpi_blob blob = {0};
		bool opened = true;

		assert_int_equal(
			cpi_utf16_read(&env, texts[i].in, texts[i].n, &blob, &opened, NULL), CP_OK);
		assert_int_equal(opened, texts[i].out != NULL);
		if (!opened)
			continue;
		assert_int_equal(blob.n, strlen(texts[i].out));
		if (blob.n)
			assert_memory_equal(blob.bytes, texts[i].out, blob.n);
		cpi_blob_release(&env, &blob);
	}
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

/* Larger than a piece of the decoder, and with memory that runs out. */
static void long_text_in_utf16(void **state)
{
	enum { UNITS = 50000 };
	uint8_t *in = malloc(2 + 2 * UNITS);
	struct cpi_blob blob = {0};
	struct cpi_env env;
	bool opened;

	(void)state;
	in[0] = 0xff;
	in[1] = 0xfe;
	for (size_t i = 0; i < UNITS; i++) {
		in[2 + 2 * i] = 0xac;
		in[3 + 2 * i] = 0x20;
	}
	cpi_env_init(&env, NULL);
	assert_int_equal(cpi_utf16_read(&env, in, 2 + 2 * UNITS, &blob, &opened, NULL), CP_OK);
	assert_int_equal(blob.n, 3 * UNITS);
	for (size_t i = 0; i < UNITS; i++)
		assert_memory_equal(blob.bytes + 3 * i, "\xe2\x82\xac", 3);
	cpi_blob_release(&env, &blob);
	assert_int_equal(env.mem.used, 0);
	env.mem.fail_at = env.mem.ops + 1;
	assert_int_equal(cpi_utf16_read(&env, in, 2 + 2 * UNITS, &blob, &opened, NULL),
		CP_ERROR_MEMORY);
	assert_false(opened);
	cpi_env_release(&env);
	free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrappers_open),
		cmocka_unit_test(bombs_stop_at_the_limit),
		cmocka_unit_test(layers_are_bounded),
		cmocka_unit_test(text_in_utf16),
		cmocka_unit_test(long_text_in_utf16),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
