/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: elf. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <elf.h>

#include "object/elf/elf.h"
#include "object/elf/window.h"
#include "object/notes.h"
#include "testfile.h"

struct image {
	struct cpi_env env;
	uint8_t *bytes;
	size_t n;
	struct cpi_elf *elf;
};

static void open_image(struct image *image, const char *name)
{
	struct cp_error err;

	cpi_env_init(&image->env, NULL);
	image->bytes = testfile(name, &image->n);
	assert_int_equal(
		cpi_elf_open(&image->env, image->bytes, image->n, &image->elf, &err), CP_OK);
}

static void close_image(struct image *image)
{
	cpi_elf_close(image->elf);
	assert_int_equal(image->env.mem.used, 0);
	cpi_env_release(&image->env);
	free(image->bytes);
}

static void headers_are_read(void **state)
{
	struct image image;
	const struct cpi_elf_section *text;
	uint64_t address;

	(void)state;
	open_image(&image, "object/tiny");
	assert_int_equal(cpi_elf_header(image.elf)->type, ET_EXEC);
	assert_int_equal(cpi_elf_header(image.elf)->machine, EM_X86_64);
	text = cpi_elf_section(image.elf, cpi_elf_find(image.elf, ".text"));
	assert_int_equal(text->type, SHT_PROGBITS);
	assert_true(text->flags & SHF_EXECINSTR);
	assert_true(cpi_elf_address_of(image.elf, text->offset, &address));
	assert_int_equal(address, text->address);
	assert_false(cpi_elf_address_of(image.elf, image.n, &address));
	assert_int_equal(cpi_elf_find(image.elf, ".nothing"), 0);
	assert_int_equal(cpi_elf_section(image.elf, 0)->size, 0);
	assert_int_equal(cpi_elf_section(image.elf, 99999)->size, 0);
	assert_int_equal(cpi_elf_build_id(image.elf).n, 20);
	close_image(&image);
}

static void both_classes_and_orders(void **state)
{
	struct image image;

	(void)state;
	open_image(&image, "object/tiny-big64.o");
	assert_true(cpi_elf_header(image.elf)->is64);
	assert_int_equal(cpi_elf_header(image.elf)->machine, EM_PPC64);
	assert_int_not_equal(cpi_elf_find(image.elf, ".debug_info"), 0);
	close_image(&image);
	open_image(&image, "object/tiny-big32.o");
	assert_false(cpi_elf_header(image.elf)->is64);
	assert_int_equal(cpi_elf_header(image.elf)->machine, EM_MIPS);
	assert_int_not_equal(cpi_elf_find(image.elf, ".debug_line"), 0);
	close_image(&image);
}

/* Parts in any order hold what the whole does, and nothing once they were given back. */
static void windowed(struct image *packed, uint32_t section, size_t block, const uint8_t *want,
	size_t want_n)
{
	const struct cpi_inflation *stream = cpi_elf_section_stream(packed->elf, section);
	static const unsigned order[] = {0, 1, 2, 5, 3, 1, 9, 4, 0};
	struct cpi_elf_window *window;
	const uint8_t *have;
	size_t have_n;

	if (!stream)
		return;
	assert_int_equal(
		cpi_elf_window_open(&packed->env, stream, block, &window, NULL), CP_OK);
	have = cpi_elf_window_bytes(window, &have_n);
	assert_int_equal(have_n, want_n);
	for (unsigned i = 0; i < sizeof order / sizeof *order; i++) {
		size_t from = order[i] * want_n / 10, n = want_n / 10 + 3;

		if (n > want_n - from)
			n = want_n - from;
		assert_int_equal(cpi_elf_window_need(window, from, from + n, NULL), CP_OK);
		assert_memory_equal(have + from, want + from, n);
		cpi_elf_window_keep(window, from, from + 1);
		assert_int_equal(have[from], want[from]);
		for (size_t at = 0; at < want_n; at++)
			assert_true(!have[at] || at / block == from / block);
	}
	assert_int_equal(cpi_elf_window_need(window, 0, UINT64_MAX, NULL), CP_OK);
	assert_memory_equal(have, want, want_n);
	cpi_elf_window_close(window);
}

/* Every section inflates to what the uncompressed file holds, at once and by pieces. */
static void compressed(const char *name)
{
	struct image plain, packed;
	unsigned compared = 0;

	open_image(&plain, "object/tiny");
	open_image(&packed, name);
	for (uint32_t i = 1; i < cpi_elf_header(plain.elf)->n_sections; i++) {
		const struct cpi_elf_section *row = cpi_elf_section(plain.elf, i);
		const uint8_t *want, *have = NULL;
		size_t want_n, have_n = 0;
		uint32_t at;
		char section[64];

		snprintf(section, sizeof section, "%.*s", (int)row->name.n, row->name.p);
		if (strncmp(section, ".debug_", 7))
			continue;
		at = cpi_elf_find(packed.elf, section);
		assert_int_not_equal(at, 0);
		assert_int_equal(cpi_elf_section(packed.elf, at)->size, row->size);
		assert_int_equal(
			cpi_elf_section_bytes(plain.elf, i, &want, &want_n, NULL), CP_OK);
		assert_int_equal(
			cpi_elf_section_bytes(packed.elf, at, &have, &have_n, NULL), CP_OK);
		assert_int_equal(have_n, want_n);
		assert_memory_equal(have, want, want_n);
		windowed(&packed, at, 7, want, want_n);
		windowed(&packed, at, 64, want, want_n);
		windowed(&packed, at, 4096, want, want_n);
		compared++;
	}
	assert_true(compared >= 5);
	close_image(&plain);
	close_image(&packed);
}

static void compressed_sections(void **state)
{
	static const char *const name[] = {
		"object/tiny-zlib", "object/tiny-zstd", "object/tiny-zdebug"};

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		compressed(name[i]);
}

/* A stream that ends early is damage of what was asked for, not of what is in front. */
static void a_cut_stream(void **state)
{
	struct cpi_elf_window *window;
	struct cpi_inflation cut;
	struct image image;
	struct cp_error err;

	(void)state;
	open_image(&image, "object/tiny-zlib");
	cut = *cpi_elf_section_stream(image.elf, cpi_elf_find(image.elf, ".debug_info"));
	cut.source_n /= 2;
	assert_int_equal(cpi_elf_window_open(&image.env, &cut, 16, &window, NULL), CP_OK);
	assert_int_equal(cpi_elf_window_need(window, 0, 16, &err), CP_OK);
	assert_int_equal(cpi_elf_window_need(window, 0, cut.size, &err), CP_ERROR_CORRUPT);
	assert_int_equal(cpi_elf_window_need(window, 0, cut.size, &err), CP_ERROR_CORRUPT);
	assert_int_equal(cpi_elf_window_need(window, 0, 16, &err), CP_OK);
	cpi_elf_window_close(window);
	close_image(&image);
}

static void a_lying_size_is_no_allocation(void **state)
{
	struct image image;
	struct cpi_elf_window *window;
	const uint8_t *bytes;
	struct cp_error err;
	size_t n;
	uint32_t info;

	(void)state;
	open_image(&image, "object/tiny-zlib");
	info = cpi_elf_find(image.elf, ".debug_info");
	/* ch_size of Elf64_Chdr */
	memset(image.bytes + cpi_elf_section(image.elf, info)->offset + 8, 0x7f, 8);
	cpi_elf_close(image.elf);
	assert_int_equal(
		cpi_elf_open(&image.env, image.bytes, image.n, &image.elf, NULL), CP_OK);
	assert_int_equal(
		cpi_elf_section_bytes(image.elf, info, &bytes, &n, &err), CP_ERROR_LIMIT);
	assert_string_equal(err.context, "section .debug_info");
	assert_int_equal(cpi_elf_window_open(&image.env,
				 cpi_elf_section_stream(image.elf, info), 64, &window, &err),
		CP_ERROR_LIMIT);
	close_image(&image);
}

static void links(void **state)
{
	struct image image, debug;
	struct cp_text name, id;
	uint32_t crc;

	(void)state;
	open_image(&image, "object/tiny-stripped");
	assert_true(cpi_elf_debuglink(image.elf, &name, &crc));
	assert_true(cpi_text_equal(name, CPI_TEXT("tiny.debug")));
	assert_false(cpi_elf_altlink(image.elf, &name, &id));
	open_image(&debug, "object/tiny.debug");
	assert_false(cpi_elf_debuglink(debug.elf, &name, &crc));
	assert_true(cpi_text_equal(
		cpi_elf_build_id(image.elf), cpi_elf_build_id(debug.elf)));
	close_image(&debug);
	close_image(&image);
}

static void notes(void **state)
{
	static const uint8_t bytes[] = {
		4, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 'G', 'N', 'U', 0, 1, 2, 3, 4, 5, 0, 0, 0,
		3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 'G', 'o', 0, 0, 8, 9, /* padding cut off */
	};
	struct cp_text found = cpi_note_find(bytes, sizeof bytes, false, 4, "Go", 3);

	(void)state;
	assert_int_equal(found.n, 2);
	assert_memory_equal(found.p, "\x08\x09", 2);
	assert_int_equal(cpi_note_find(bytes, sizeof bytes, false, 4, "GNU", 1).n, 5);
	assert_int_equal(cpi_note_find(bytes, sizeof bytes, false, 4, "GNU", 3).n, 0);
	assert_int_equal(cpi_note_find(bytes, sizeof bytes - 1, false, 4, "Go", 3).n, 0);
}

static void not_elf(void **state)
{
	struct cpi_env env;
	struct cpi_elf *elf;
	struct cp_error err;
	static const uint8_t text[64] = "#!/bin/sh\n";

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(cpi_elf_open(&env, text, sizeof text, &elf, &err), CP_ERROR_FORMAT);
	assert_int_equal(cpi_elf_open(&env, text, 0, &elf, &err), CP_ERROR_FORMAT);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void every_allocation_may_fail(void **state)
{
	size_t n, file_n;
	uint8_t *bytes = testfile("object/tiny-zdebug", &file_n);

	(void)state;
	for (n = 1;; n++) {
		struct cpi_env env;
		struct cpi_elf *elf = NULL;
		const uint8_t *section;
		size_t section_n;
		struct cpi_elf_window *window = NULL;
		enum cp_code code;

		cpi_env_init(&env, NULL);
		env.mem.fail_at = n;
		code = cpi_elf_open(&env, bytes, file_n, &elf, NULL);
		if (!code)
			code = cpi_elf_section_bytes(elf, cpi_elf_find(elf, ".debug_line"),
				&section, &section_n, NULL);
		if (!code)
			code = cpi_elf_window_open(&env, cpi_elf_section_stream(elf,
				cpi_elf_find(elf, ".debug_info")), 32, &window, NULL);
		if (!code)
			code = cpi_elf_window_need(window, 0, 100, NULL);
		cpi_elf_window_close(window);
		cpi_elf_close(elf);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
		if (!code)
			break;
		assert_int_equal(code, CP_ERROR_MEMORY);
	}
	assert_true(n > 5);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_read),
		cmocka_unit_test(both_classes_and_orders),
		cmocka_unit_test(compressed_sections),
		cmocka_unit_test(a_cut_stream),
		cmocka_unit_test(a_lying_size_is_no_allocation),
		cmocka_unit_test(links),
		cmocka_unit_test(notes),
		cmocka_unit_test(not_elf),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
