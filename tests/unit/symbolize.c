/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where symbols are looked for, what is refused, and what the report says. Each test lays
 * files of testdata/object out in a directory of its own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "model/builder.h"
#include "object/symtab/symtab.h"
#include "symbolize/symbolize.h"
#include "testfile.h"

/* Where tiny is linked; its first byte is the file's first. */
enum { BASE = 0x400000 };

struct bed {
	struct cpi_env env;
	char dir[64];
	struct cp_symbolize_options options;
	struct cp_profile *profile;
	struct cp_symbol_report *report;
};

static uint64_t outer, weak; /* addresses of two functions of tiny */
static char tiny_id[64];

static void put(const struct bed *bed, const char *from, const char *to)
{
	char path[512];
	size_t n;
	uint8_t *bytes = testfile(from, &n);
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", bed->dir, to);
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		mkdir(path, 0700);
		*p = '/';
	}
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
	free(bytes);
}

static void put_text(const struct bed *bed, const char *text, const char *to)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", bed->dir, to);
	f = fopen(path, "wb");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void bed_init(struct bed *bed)
{
	memset(bed, 0, sizeof *bed);
	cpi_env_init(&bed->env, NULL);
	strcpy(bed->dir, "/tmp/cp-symbolize-XXXXXX");
	assert_non_null(mkdtemp(bed->dir));
	/* Nothing outside the bed is looked at. */
	setenv("HOME", bed->dir, 1);
	unsetenv("DEBUGINFOD_CACHE_PATH");
	unsetenv("XDG_CACHE_HOME");
	bed->options.size = sizeof bed->options;
}

static void bed_release(struct bed *bed)
{
	char command[128];

	cp_symbol_report_free(bed->report);
	cp_profile_free(bed->profile);
	assert_int_equal(bed->env.mem.used, 0);
	cpi_env_release(&bed->env);
	snprintf(command, sizeof command, "rm -rf %s", bed->dir);
	assert_int_equal(system(command), 0);
}

/* Two samples: weak called outer (twice), and an address nothing covers. */
static void make_profile(struct bed *bed, const char *path, const char *id, uint8_t kind,
	const uint64_t *address, unsigned n)
{
	struct cpi_builder b;
	struct cp_mapping_row map = {.start = 0x7f0000000000, .limit = 0x7f0000001000};
	int64_t one = 1;

	cp_profile_free(bed->profile);
	cp_symbol_report_free(bed->report);
	bed->report = NULL;
	cpi_builder_init(&b, &bed->env);
	cpi_builder_sample_type(&b, cpi_builder_str(&b, "samples"), cpi_builder_str(&b, "count"), 0);
	map.path = cpi_builder_str(&b, path);
	map.build_id = cpi_builder_str(&b, id);
	map.kind = kind;
	if (kind == CP_MAP_KERNEL) {
		map.start = 0xffffffff81000000;
		map.limit = 0xffffffff82000000;
		map.offset = 0xffffffff81000000;
	}
	map.pid = kind == CP_MAP_JIT ? 42 : 0;
	for (unsigned i = 0; i < n; i++) {
		cp_location at = cpi_builder_location(&b, cpi_builder_mapping(&b, &map),
			map.start + address[i], false, NULL, 0);

		cpi_builder_sample_sum(&b, cpi_builder_stack(&b, &at, 1), (cp_labels){0}, &one);
	}
	cpi_builder_comment(&b, CPI_TEXT("perf: release 9.9.9-test"));
	assert_int_equal(cpi_builder_finish(&b, &bed->profile, NULL), CP_OK);
}

/* As pprof has it: neither kind nor process, addresses as they were. */
static void make_dump_profile(struct bed *bed, const char *path, uint64_t layer,
	const uint64_t *address, unsigned n)
{
	struct cpi_builder b;
	struct cp_mapping_row map = {.limit = 0x30000, .offset = layer};
	int64_t one = 1;

	cp_profile_free(bed->profile);
	cp_symbol_report_free(bed->report);
	bed->report = NULL;
	cpi_builder_init(&b, &bed->env);
	cpi_builder_sample_type(&b, cpi_builder_str(&b, "samples"), cpi_builder_str(&b, "count"), 0);
	map.path = cpi_builder_str(&b, path);
	for (unsigned i = 0; i < n; i++) {
		cp_location at = cpi_builder_location(
			&b, cpi_builder_mapping(&b, &map), address[i], false, NULL, 0);

		cpi_builder_sample_sum(&b, cpi_builder_stack(&b, &at, 1), (cp_labels){0}, &one);
	}
	assert_int_equal(cpi_builder_finish(&b, &bed->profile, NULL), CP_OK);
}

static void run(struct bed *bed)
{
	assert_int_equal(cpi_symbolize(&bed->env, &bed->profile, &bed->options, &bed->report,
				 NULL),
		CP_OK);
	assert_int_equal(cp_profile_check(bed->profile, NULL), CP_OK);
}

/* The name of the location's innermost (or k-th) line; "" when it has none. */
static const char *name_of(const struct bed *bed, uint32_t location, uint32_t k)
{
	const struct cp_location_row *row =
		cp_profile_location(bed->profile, (cp_location){location});

	if (k >= row->n_lines)
		return "";
	return cp_profile_string(bed->profile,
		cp_profile_function(bed->profile,
			cp_profile_lines(bed->profile, row)[k].function)->name).p;
}

static void tiny_profile(struct bed *bed, const char *path, const char *id)
{
	uint64_t address[] = {outer - BASE, weak - BASE, 0xfff};

	make_profile(bed, path, id, CP_MAP_USER, address, 3);
}

static const struct cp_symbol_image *image(const struct bed *bed)
{
	assert_int_equal(cp_symbol_report_count(bed->report), 1);
	return cp_symbol_report_image(bed->report, 0);
}

static void expect_tiny(const struct bed *bed, enum cp_symbol_status status)
{
	assert_int_equal(image(bed)->status, status);
	assert_string_equal(name_of(bed, 1, 0), "outer");
	assert_string_equal(name_of(bed, 2, 0), "tiny_alias"); /* global: it wins */
	assert_string_equal(name_of(bed, 3, 0), "");
	assert_int_equal(image(bed)->addresses, 3);
	assert_int_equal(image(bed)->resolved, 2);
	assert_int_equal(image(bed)->samples, 3);
}

static void expect_nothing(const struct bed *bed, enum cp_symbol_status status)
{
	assert_int_equal(image(bed)->status, status);
	assert_string_equal(name_of(bed, 1, 0), "");
	assert_int_equal(image(bed)->resolved, 0);
	assert_non_null(image(bed)->hint);
}

static void at_its_path(void **state)
{
	struct bed bed;
	char path[128];

	(void)state;
	bed_init(&bed);
	put(&bed, "object/tiny", "tiny");
	snprintf(path, sizeof path, "%s/tiny", bed.dir);
	tiny_profile(&bed, path, tiny_id);
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	assert_false(image(&bed)->unverified);
	assert_int_equal(image(&bed)->doubt, CP_DOUBT_NONE);
	assert_string_equal(image(&bed)->file, path);
	assert_int_equal(cp_profile_mapping(bed.profile, (cp_mapping){1})->has & 7, 7);
	/* without lines, and deleted by name only */
	bed.options.no_inlines = true;
	strcat(path, " (deleted)");
	tiny_profile(&bed, path, tiny_id);
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_FUNCTIONS);
	bed_release(&bed);
}

static void another_build_is_refused(void **state)
{
	struct bed bed;
	char path[128];

	(void)state;
	bed_init(&bed);
	put(&bed, "object/tiny", "tiny");
	snprintf(path, sizeof path, "%s/tiny", bed.dir);
	tiny_profile(&bed, path, "00112233445566778899aabbccddeeff00112233");
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_WRONG_ID);
	assert_non_null(strstr(image(&bed)->hint, tiny_id));
	bed.options.force_build_id = true;
	tiny_profile(&bed, path, "00112233445566778899aabbccddeeff00112233");
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	bed_release(&bed);
}

static void without_build_id_age_counts(void **state)
{
	struct bed bed;
	char path[128];
	struct utimbuf old = {1000, 1000};

	(void)state;
	bed_init(&bed);
	put(&bed, "object/tiny", "tiny");
	snprintf(path, sizeof path, "%s/tiny", bed.dir);
	tiny_profile(&bed, path, "");
	bed.profile->header.time_nanos = 2000000000000;
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_WRONG_ID);
	assert_non_null(strstr(image(&bed)->hint, "newer"));
	utime(path, &old);
	tiny_profile(&bed, path, "");
	bed.profile->header.time_nanos = 2000000000000;
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	assert_true(image(&bed)->unverified);
	assert_int_equal(image(&bed)->doubt, CP_DOUBT_UNRECORDED);
	assert_non_null(strstr(image(&bed)->doubt_text, path));
	bed_release(&bed);
}

/* Neither build id nor time: a file of this machine is used only when it is given. */
static void without_anything_it_is_given_or_not_used(void **state)
{
	struct bed bed;
	char path[128];
	struct cp_binary given = {.file = path};

	(void)state;
	bed_init(&bed);
	put(&bed, "object/tiny", "tiny");
	snprintf(path, sizeof path, "%s/tiny", bed.dir);
	tiny_profile(&bed, path, "");
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_UNVOUCHED);
	assert_non_null(strstr(image(&bed)->hint, "is not used"));
	bed.options.binaries = &given;
	bed.options.n_binaries = 1;
	tiny_profile(&bed, path, "");
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	bed.options.n_binaries = 0;
	bed.options.symfs = "/";
	tiny_profile(&bed, path, "");
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	bed_release(&bed);
}

/* A zip archive with one stored entry whose bytes begin at `at`, and its directory. */
struct zip {
	uint8_t *bytes;
	size_t n;
};

static void zip_number(struct zip *zip, uint64_t x, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		zip->bytes[zip->n++] = (uint8_t)(x >> 8 * i);
}

static void zip_numbers(struct zip *zip, const char *sizes, const uint64_t *x)
{
	for (; *sizes; sizes++)
		zip_number(zip, *x++, (unsigned)(*sizes - '0'));
}

static void put_zip(const struct bed *bed, const char *to, const char *name,
	const char *from, size_t at, uint16_t method)
{
	size_t n, length = strlen(name), extra = at - 30 - length, directory;
	uint8_t *entry = testfile(from, &n);
	struct zip zip = {.bytes = calloc(1, at + n + 200)};
	char path[512];
	FILE *f;

	assert_non_null(zip.bytes);
	zip_numbers(&zip, "4222224442",
		(uint64_t[]){0x04034b50, 10, 0, method, 0, 0, 0, n, n, length});
	zip_number(&zip, extra, 2);
	memcpy(zip.bytes + zip.n, name, length);
	memcpy(zip.bytes + at, entry, n);
	zip.n = directory = at + n;
	zip_numbers(&zip, "422222244422222",
		(uint64_t[]){0x02014b50, 20, 10, 0, method, 0, 0, 0, n, n, length, 0, 0, 0, 0});
	zip_numbers(&zip, "44", (uint64_t[]){0, 0});
	memcpy(zip.bytes + zip.n, name, length);
	zip.n += length;
	zip_numbers(&zip, "42222442",
		(uint64_t[]){0x06054b50, 0, 0, 1, 1, zip.n - directory, directory, 0});
	snprintf(path, sizeof path, "%s/%s", bed->dir, to);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(zip.bytes, 1, zip.n, f), zip.n);
	fclose(f);
	free(zip.bytes);
	free(entry);
}

/* The mapping's offset is a position in `path`, which is an archive or an entry of one. */
static void archive_profile(
	struct bed *bed, const char *path, uint64_t offset, uint64_t in_archive)
{
	tiny_profile(bed, path, "");
	bed->profile->mapping.v[1].offset = offset;
	bed->profile->header.time_nanos = INT64_MAX;
	for (size_t i = 1; i < bed->profile->location.n; i++)
		bed->profile->location.v[i].address += in_archive - offset;
}

/* base.apk and a position in it, base.apk!/lib/x.so and one in that; never a guess. */
static void stored_in_an_archive(void **state)
{
	struct bed bed;
	char path[128], inner[160];
	struct cp_binary given = {.file = inner, .path = "base.apk"};

	(void)state;
	bed_init(&bed);
	put_zip(&bed, "base.apk", "lib/arm64-v8a/libx.so", "object/tiny", 0x2000, 0);
	snprintf(path, sizeof path, "%s/base.apk", bed.dir);
	archive_profile(&bed, path, 0x2000, 0x2000);
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	assert_string_equal(image(&bed)->file, path);
	for (unsigned i = 0; i < 3; i++) {
		static const char *const entry[] = {
			"!/lib/arm64-v8a/libx.so", "!libx.so", "!/lib/x86/libx.so"};

		snprintf(inner, sizeof inner, "%s%s", path, entry[i]);
		archive_profile(&bed, inner, 0, 0);
		run(&bed);
		if (i < 2)
			expect_tiny(&bed, CP_SYMBOLS_LINES);
		else
			expect_nothing(&bed, CP_SYMBOLS_UNREADABLE);
	}
	/* outside of the entry; not at a page; compressed */
	archive_profile(&bed, path, 0x1000, 0x2000);
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_UNREADABLE);
	put_zip(&bed, "base.apk", "lib/x.so", "object/tiny", 0x2004, 0);
	archive_profile(&bed, path, 0x2004, 0x2004);
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_UNREADABLE);
	put_zip(&bed, "base.apk", "lib/x.so", "object/tiny", 0x2000, 8);
	archive_profile(&bed, path, 0x2000, 0x2000);
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_UNREADABLE);
	/* the library alone: where it was in the archive is not known */
	put(&bed, "object/tiny", "libx.so");
	snprintf(inner, sizeof inner, "%s/libx.so", bed.dir);
	bed.options.binaries = &given;
	bed.options.n_binaries = 1;
	archive_profile(&bed, path, 0x2000, 0x2000);
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_UNREADABLE);
	bed_release(&bed);
}

static void moved_away(void **state)
{
	struct bed bed;
	char symfs[128], debug[128], cache[160];
	const char *dirs[1] = {debug};
	struct cp_binary binary = {NULL, NULL};

	(void)state;
	bed_init(&bed);
	tiny_profile(&bed, "/opt/nowhere/tiny", tiny_id);
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_NO_FILE);
	assert_non_null(strstr(image(&bed)->hint, "/opt/nowhere/tiny"));
	/* --symfs */
	put(&bed, "object/tiny", "root/opt/nowhere/tiny");
	snprintf(symfs, sizeof symfs, "%s/root", bed.dir);
	bed.options.symfs = symfs;
	tiny_profile(&bed, "/opt/nowhere/tiny", tiny_id);
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	bed.options.symfs = NULL;
	/* --binary, by build id, whatever its name */
	put(&bed, "object/tiny", "other-name");
	snprintf(symfs, sizeof symfs, "%s/other-name", bed.dir);
	binary.file = symfs;
	bed.options.binaries = &binary;
	bed.options.n_binaries = 1;
	tiny_profile(&bed, "/opt/nowhere/tiny", tiny_id);
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	bed.options.n_binaries = 0;
	/* a debug directory's file alone: its program headers have lost their places */
	snprintf(cache, sizeof cache, "debug/.build-id/%.2s/%s.debug", tiny_id, tiny_id + 2);
	put(&bed, "object/tiny.debug", cache);
	snprintf(debug, sizeof debug, "%s/debug", bed.dir);
	bed.options.debug_dirs = dirs;
	bed.options.n_debug_dirs = 1;
	tiny_profile(&bed, "/opt/nowhere/tiny", tiny_id);
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	bed.options.n_debug_dirs = 0;
	/* perf's build-id cache under $HOME */
	snprintf(cache, sizeof cache, ".debug/.build-id/%.2s/%s/elf", tiny_id, tiny_id + 2);
	put(&bed, "object/tiny", cache);
	tiny_profile(&bed, "/opt/nowhere/tiny", tiny_id);
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	bed_release(&bed);
}

static void debuginfod_cache(void **state)
{
	struct bed bed;
	char place[160];

	(void)state;
	bed_init(&bed);
	snprintf(place, sizeof place, ".cache/debuginfod_client/%s/debuginfo", tiny_id);
	put(&bed, "object/tiny.debug", place);
	tiny_profile(&bed, "/opt/nowhere/tiny", tiny_id);
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	bed_release(&bed);
}

/* A download that cannot be had is an error, and the profile stays as it was. */
static void debuginfod_refused(void **state)
{
	struct bed bed;
	struct cp_error err;

	(void)state;
	bed_init(&bed);
	bed.options.debuginfod = true;
	unsetenv("DEBUGINFOD_URLS");
	tiny_profile(&bed, "/opt/nowhere/tiny", tiny_id);
	assert_int_equal(
		cpi_symbolize(&bed.env, &bed.profile, &bed.options, &bed.report, &err),
		CP_ERROR_ARGUMENT);
	assert_non_null(strstr(err.message, "DEBUGINFOD_URLS"));
	assert_null(bed.report);
	assert_int_equal(cp_profile_check(bed.profile, NULL), CP_OK);
	bed_release(&bed);
}

/* The mark that no server had a file is no damaged file. */
static void debuginfod_miss(void **state)
{
	struct bed bed;
	char place[160];

	(void)state;
	bed_init(&bed);
	snprintf(place, sizeof place, ".cache/debuginfod_client/%s/debuginfo", tiny_id);
	put(&bed, "object/tiny.debug", place);
	put_text(&bed, "", place);
	tiny_profile(&bed, "/opt/nowhere/tiny", tiny_id);
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_NO_FILE);
	bed_release(&bed);
}

static void debug_link(void **state)
{
	struct bed bed;
	char path[128];

	(void)state;
	bed_init(&bed);
	put(&bed, "object/tiny-stripped", "tiny");
	snprintf(path, sizeof path, "%s/tiny", bed.dir);
	tiny_profile(&bed, path, tiny_id);
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_NO_SYMBOLS);
	put(&bed, "object/tiny.debug", ".debug/tiny.debug");
	tiny_profile(&bed, path, tiny_id);
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	bed_release(&bed);
}

static void damaged_file(void **state)
{
	struct bed bed;
	char path[128];

	(void)state;
	bed_init(&bed);
	put(&bed, "object/tiny", "tiny");
	snprintf(path, sizeof path, "%s/tiny", bed.dir);
	assert_int_equal(truncate(path, 600), 0);
	tiny_profile(&bed, path, tiny_id);
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_UNREADABLE);
	bed_release(&bed);
}

static void symbols_stay_unless_asked(void **state)
{
	struct bed bed;
	char path[128];
	uint32_t before, after;

	(void)state;
	bed_init(&bed);
	put(&bed, "object/tiny", "tiny");
	snprintf(path, sizeof path, "%s/tiny", bed.dir);
	bed.options.no_inlines = true;
	tiny_profile(&bed, path, tiny_id);
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_FUNCTIONS);
	before = cp_profile_counts(bed.profile).functions;
	cp_symbol_report_free(bed.report);
	bed.options.no_inlines = false;
	run(&bed);
	assert_int_equal(cp_profile_lines(bed.profile,
				 cp_profile_location(bed.profile, (cp_location){1}))->line, 0);
	assert_int_equal(image(&bed)->resolved, 2);
	cp_symbol_report_free(bed.report);
	bed.options.resymbolize = true;
	run(&bed);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	assert_int_not_equal(cp_profile_lines(bed.profile,
				     cp_profile_location(bed.profile, (cp_location){1}))->line, 0);
	/* Functions without file and line are another's rows; the old ones are gone. */
	after = cp_profile_counts(bed.profile).functions;
	tiny_profile(&bed, path, tiny_id);
	run(&bed);
	assert_int_equal(after, cp_profile_counts(bed.profile).functions);
	assert_true(after >= before);
	bed_release(&bed);
}

static void generated_code(void **state)
{
	static const uint64_t address[] = {0x10, 0x900};
	struct bed bed;
	const char *dirs[1];

	(void)state;
	bed_init(&bed);
	put_text(&bed, "7f0000000000 100 LazyCompile:hot x.js:1\n", "perf-42.map");
	dirs[0] = bed.dir;
	make_profile(&bed, "/memfd:code (deleted)", "", CP_MAP_JIT, address, 2);
	run(&bed);
	assert_int_equal(image(&bed)->status, CP_SYMBOLS_NOT_A_FILE);
	assert_non_null(strstr(image(&bed)->hint, "perf-42.map"));
	bed.options.map_dirs = dirs;
	bed.options.n_map_dirs = 1;
	make_profile(&bed, "/memfd:code (deleted)", "", CP_MAP_JIT, address, 2);
	run(&bed);
	assert_string_equal(name_of(&bed, 1, 0), "LazyCompile:hot x.js:1");
	assert_string_equal(name_of(&bed, 2, 0), "");
	assert_int_equal(image(&bed)->status, CP_SYMBOLS_FUNCTIONS);
	bed_release(&bed);
}

/* The list is of another boot: the kernel was 0x1000000 higher when it was captured. */
static void kernel_list(void **state)
{
	static const uint64_t address[] = {0x110, 0x250};
	struct bed bed;
	char path[128];

	(void)state;
	bed_init(&bed);
	make_profile(&bed, "[kernel.kallsyms]", "aabbccdd", CP_MAP_KERNEL, address, 2);
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_NO_FILE);
	put_text(&bed, "ffffffff80000000 T _stext\nffffffff80000000 T _text\n"
		"ffffffff80000100 T do_it\nffffffff80000200 T do_more\n", "kallsyms");
	snprintf(path, sizeof path, "%s/kallsyms", bed.dir);
	bed.options.kallsyms = path;
	make_profile(&bed, "[kernel.kallsyms]", "aabbccdd", CP_MAP_KERNEL, address, 2);
	run(&bed);
	assert_string_equal(name_of(&bed, 1, 0), "do_it");
	assert_string_equal(name_of(&bed, 2, 0), "do_more");
	assert_true(image(&bed)->unverified);
	assert_int_equal(image(&bed)->doubt, CP_DOUBT_GIVEN);
	/* in the build-id cache it is known to be the right one */
	bed.options.kallsyms = NULL;
	put(&bed, "object/tiny", ".debug/.build-id/aa/bbccdd/x");
	put_text(&bed, "ffffffff81000000 T _text\nffffffff81000100 T cached\n",
		".debug/.build-id/aa/bbccdd/kallsyms");
	make_profile(&bed, "[kernel.kallsyms]", "aabbccdd", CP_MAP_KERNEL, address, 1);
	run(&bed);
	assert_string_equal(name_of(&bed, 1, 0), "cached");
	assert_false(image(&bed)->unverified);
	bed_release(&bed);
}

/* A section per function: they follow each other as the kernel's loader lays them out. */
static void kernel_module(void **state)
{
	static const char *const file[] = {"tiny-module.ko", "tiny-module.ko.xz"};
	static const uint64_t address[] = {0x2, 0x11000, 0x30};
	struct bed bed;
	char from[64], to[64], dir[128];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		bed_init(&bed);
		make_profile(&bed, "[tiny_module]", "", CP_MAP_MODULE, address, 3);
		run(&bed);
		expect_nothing(&bed, CP_SYMBOLS_NO_FILE);
		assert_non_null(strstr(image(&bed)->hint, "--modules"));
		snprintf(from, sizeof from, "object/%s", file[i]);
		snprintf(to, sizeof to, "mod/kernel/fs/%s", file[i]);
		put(&bed, from, to);
		snprintf(dir, sizeof dir, "%s/mod", bed.dir);
		bed.options.modules = dir;
		make_profile(&bed, "[tiny_module]", "", CP_MAP_MODULE, address, 3);
		run(&bed);
		assert_string_equal(name_of(&bed, 1, 0), "outer");
		assert_string_equal(name_of(&bed, 2, 0), "");
		assert_string_equal(name_of(&bed, 3, 0), "_start");
		assert_int_equal(image(&bed)->status, CP_SYMBOLS_LINES);
		assert_true(image(&bed)->unverified);
		assert_int_equal(cp_profile_lines(bed.profile,
			cp_profile_location(bed.profile, (cp_location){1}))->line, 11);
		bed_release(&bed);
	}
}

/* perf's build-id cache has modules, too. */
static void module_in_the_cache(void **state)
{
	static const uint64_t address[] = {0x2};
	struct bed bed;
	static const char id[] = "0f622c193d8de94b85324add30a1824255859469";
	char cache[160];

	(void)state;
	bed_init(&bed);
	snprintf(cache, sizeof cache, ".debug/.build-id/%.2s/%s/elf", id, id + 2);
	put(&bed, "object/tiny-module-id.ko", cache);
	for (unsigned i = 0; i < 2; i++) {
		bed.options.no_inlines = i;
		make_profile(&bed, "[tiny_module]", id, CP_MAP_MODULE, address, 1);
		run(&bed);
		assert_string_equal(name_of(&bed, 1, 0), "outer");
		assert_false(image(&bed)->unverified);
	}
	bed_release(&bed);
}

/* Files named by another number than the capture's, as a container's are. */
static void generated_code_of_a_container(void **state)
{
	static const uint64_t address[] = {0x10, 0x900};
	const char *dirs[1];
	char dir[128];
	struct bed bed;

	(void)state;
	bed_init(&bed);
	bed.options.map_dirs = dirs;
	bed.options.n_map_dirs = 1;
	put_text(&bed, "7f0000000000 100 hot\n", "perf-1.map");
	/* Nobody said whose it is. */
	dirs[0] = bed.dir;
	make_profile(&bed, "//anon", "", CP_MAP_JIT, address, 2);
	run(&bed);
	expect_nothing(&bed, CP_SYMBOLS_NOT_A_FILE);
	assert_non_null(strstr(image(&bed)->hint, "--map-dir 42=FILE"));
	dirs[0] = dir;
	for (unsigned i = 0; i < 4; i++) {
		static const char *const given[] = {"42=%s", "42=%s/perf-1.map", "43=%s", "42=%s"};
		static const char *const name[] = {"hot", "hot", "", ""};

		if (i == 3) /* two of them: it could be either */
			put_text(&bed, "7f0000000000 100 other\n", "perf-2.map");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(dir, sizeof dir, given[i], bed.dir);
#pragma GCC diagnostic pop
		make_profile(&bed, "//anon", "", CP_MAP_JIT, address, 2);
		run(&bed);
		assert_string_equal(name_of(&bed, 1, 0), name[i]);
		assert_string_equal(name_of(&bed, 2, 0), "");
	}
	bed_release(&bed);
}

/* The path of a mapping says which dump, its offset which layer of it. */
static void jitdump_by_path(void **state)
{
	static const uint64_t address[] = {0x10010, 0x10038};
	static const char *const name[4][2] = {
		{"second", "unmapped"}, {"first", "first"}, {"second", ""}, {"third", "unmapped"}};
	struct bed bed;
	char path[128];

	(void)state;
	for (unsigned layer = 0; layer < 4; layer++) {
		bed_init(&bed);
		snprintf(path, sizeof path, "%s/jit-7.dump", bed.dir);
		make_dump_profile(&bed, path, layer, address, 2);
		run(&bed);
		expect_nothing(&bed, CP_SYMBOLS_NO_FILE);
		assert_non_null(strstr(image(&bed)->hint, "jit-7.dump"));
		put(&bed, "object/jit-times.dump", "jit-7.dump");
		make_dump_profile(&bed, path, layer, address, 2);
		run(&bed);
		assert_string_equal(name_of(&bed, 1, 0), name[layer][0]);
		assert_string_equal(name_of(&bed, 2, 0), name[layer][1]);
		bed_release(&bed);
	}
}

static void failed_allocations_change_nothing(void **state)
{
	struct bed bed;
	char path[128];
	uint64_t fail_at;

	(void)state;
	bed_init(&bed);
	bed.env.threads = 1;
	put(&bed, "object/tiny", "tiny");
	snprintf(path, sizeof path, "%s/tiny", bed.dir);
	tiny_profile(&bed, path, tiny_id);
	for (fail_at = 1;; fail_at++) {
		uint64_t before = bed.env.mem.ops;
		enum cp_code code;

		bed.env.mem.fail_at = before + fail_at;
		code = cpi_symbolize(
			&bed.env, &bed.profile, &bed.options, &bed.report, NULL);
		bed.env.mem.fail_at = 0;
		if (bed.env.mem.ops - before < fail_at)
			break;
		if (code) {
			assert_int_equal(code, CP_ERROR_MEMORY);
			assert_string_equal(name_of(&bed, 1, 0), "");
			assert_int_equal(cp_profile_check(bed.profile, NULL), CP_OK);
		}
		/* A few are survived: a unit's lines are lost, or a thread is not started. */
		tiny_profile(&bed, path, tiny_id);
	}
	assert_true(fail_at > 30);
	expect_tiny(&bed, CP_SYMBOLS_LINES);
	bed_release(&bed);
}

static int read_tiny(void **state)
{
	struct cpi_env env;
	struct cpi_elf *elf;
	struct cp_text id;
	size_t n;
	uint8_t *bytes = testfile("object/tiny", &n);

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(cpi_elf_open(&env, bytes, n, &elf, NULL), CP_OK);
	id = cpi_elf_build_id(elf);
	for (size_t i = 0; i < id.n; i++)
		sprintf(tiny_id + 2 * i, "%02x", (unsigned char)id.p[i]);
	assert_true(cpi_symtab_value(elf, "outer", &outer));
	assert_true(cpi_symtab_value(elf, "tiny_weak", &weak));
	cpi_elf_close(elf);
	cpi_env_release(&env);
	free(bytes);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_its_path),
		cmocka_unit_test(another_build_is_refused),
		cmocka_unit_test(without_build_id_age_counts),
		cmocka_unit_test(without_anything_it_is_given_or_not_used),
		cmocka_unit_test(stored_in_an_archive),
		cmocka_unit_test(moved_away),
		cmocka_unit_test(debuginfod_cache),
		cmocka_unit_test(debuginfod_refused),
		cmocka_unit_test(debuginfod_miss),
		cmocka_unit_test(debug_link),
		cmocka_unit_test(damaged_file),
		cmocka_unit_test(symbols_stay_unless_asked),
		cmocka_unit_test(generated_code),
		cmocka_unit_test(generated_code_of_a_container),
		cmocka_unit_test(module_in_the_cache),
		cmocka_unit_test(jitdump_by_path),
		cmocka_unit_test(kernel_list),
		cmocka_unit_test(kernel_module),
		cmocka_unit_test(failed_allocations_change_nothing),
	};

	return cmocka_run_group_tests(tests, read_tiny, NULL);
}
