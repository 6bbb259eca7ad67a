/* SPDX-License-Identifier: Apache-2.0 */
/* Files that an input names, files that shrink, and build ids. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/named.h"
#include "locate/build_id.h"
#include "locate/list_cache.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/cp-files-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

static const char *in(const char *name)
{
	static char path[2][256];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
	return path[turn];
}

static void put(const char *name, size_t n)
{
	FILE *f = fopen(in(name), "w");

	assert_non_null(f);
	for (size_t i = 0; i < n; i++)
		fputc('x', f);
	fclose(f);
}

static void clean_paths(void **state)
{
	static const char *const rows[][2] = {{"/a/./b//c", "/a/b/c"}, {"/a/../b", "/b"},
		{"/../../etc", "/etc"}, {"/a/../../..", "/"}, {"a/../../b", "b"}, {"", "."},
		{"../x", "../x"}, {"/", "/"}, {"a/..", "."}, {"/...", "/..."}};
	char clean[64];

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		cpi_named_clean(rows[i][0], clean, sizeof clean);
		/* Relative paths may climb; those below a root have it in front. */
		if (i != 4 && i != 6)
			assert_string_equal(clean, rows[i][1]);
	}
	cpi_named_clean("/proc/../proc/./kmsg", clean, sizeof clean);
	assert_string_equal(clean, "/proc/kmsg");
	/* What does not fit is cut at a component. */
	cpi_named_clean("/abc/def/ghi", clean, 9);
	assert_string_equal(clean, "/abc/def");
}

/* The tree that links are followed in, by the kernel and by hand. */
static void make_tree(void)
{
	mkdir(in("root"), 0700);
	mkdir(in("root/a"), 0700);
	mkdir(in("root/a/b"), 0700);
	put("root/a/b/file", 10);
	put("outside", 20);
	assert_int_equal(symlink("../a/b", in("root/a/near")), 0);
	assert_int_equal(symlink("/a/b/file", in("root/absolute")), 0);
	assert_int_equal(symlink("../../../outside", in("root/a/far")), 0);
	assert_int_equal(symlink(in("outside"), in("root/out")), 0);
	assert_int_equal(symlink("loop", in("root/loop")), 0);
	assert_int_equal(symlink("../../../a/near/file", in("root/a/long")), 0);
	assert_int_equal(mkfifo(in("root/fifo"), 0600), 0);
}

static uint64_t size_below(const char *path)
{
	struct cpi_named file;
	const char *why;
	uint64_t size;

	if (!cpi_named_open(in("root"), path, &file, &why))
		return 0;
	size = file.size;
	cpi_named_close(&file);
	return size;
}

static uint64_t size_by_hand(const char *path)
{
	int root = open(in("root"), O_PATH | O_DIRECTORY), fd;
	struct stat st = {0};

	fd = cpi_named_walk(root, path, O_PATH);
	if (fd >= 0)
		fstat(fd, &st);
	close(fd);
	close(root);
	return fd >= 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

static void nothing_leaves_a_root(void **state)
{
	static const struct {
		const char *path;
		unsigned size;
	} rows[] = {{"/a/b/file", 10}, {"a/near/file", 10}, {"/absolute", 10}, {"/a/long", 10},
		{"/../../a/b/file", 10}, {"/a/far", 0}, {"/out", 0}, {"/loop", 0},
		{"/../outside", 0}, {"/gone", 0}, {"/a", 0}, {"/fifo", 0}};

	(void)state;
	make_tree();
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(size_below(rows[i].path), rows[i].size);
		assert_int_equal(size_by_hand(rows[i].path), rows[i].size);
	}
}

static const char *why_not(const char *root, const char *path)
{
	struct cpi_named file;
	const char *why;

	assert_false(cpi_named_open(root, path, &file, &why));
	return why ? why : "absent";
}

static void odd_files_are_refused(void **state)
{
	(void)state;
	assert_string_equal(why_not("", "/proc/self/pagemap"), "is a file of the running kernel");
	assert_string_equal(why_not("", "/x/../sys/kernel/notes"),
		"is a file of the running kernel");
	assert_int_equal(symlink("/proc/self/status", in("status")), 0);
	assert_string_equal(why_not("", in("status")), "is a file of the running kernel");
	assert_string_equal(why_not("", "/dev/zero"), "is no regular file");
	assert_string_equal(why_not("", in("root/fifo")), "is no regular file");
	assert_string_equal(why_not(in("root"), "/fifo"), "is no regular file");
	assert_string_equal(why_not("", in("root/loop")), "is a link without end");
	assert_string_equal(why_not("", dir), "absent");
	assert_string_equal(why_not("", in("gone")), "absent");
	assert_string_equal(why_not(in("gone"), "/x"), "absent");
}

static struct cpi_env env;

static void on_fault(int number, siginfo_t *info, void *unused)
{
	(void)unused;
	if (!cpi_guard_fault(&env.guard, info->si_addr))
		signal(number, SIG_DFL);
}

static void guard_on(void)
{
	struct cp_context_options options = {.size = sizeof options, .map_files = true};
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	cpi_env_init(&env, &options);
	sigaction(SIGBUS, &action, NULL);
}

static void a_mapped_file_shrinks(void **state)
{
	struct cpi_blob blob;
	struct cp_error err;

	(void)state;
	guard_on();
	put("shrinks", 20000);
	assert_int_equal(cpi_file_read(&env, in("shrinks"), &blob, &err), CP_OK);
	assert_int_equal(blob.kind, CPI_BLOB_MAPPED);
	assert_int_equal(blob.bytes[19999], 'x');
	assert_int_equal(cpi_guard_check(&env.guard, NULL, &err), CP_OK);
	assert_int_equal(truncate(in("shrinks"), 5000), 0);
	assert_int_equal(blob.bytes[4999], 'x');
	assert_int_equal(blob.bytes[8192], 0);
	assert_int_equal(blob.bytes[19999], 0);
	assert_int_equal(cpi_guard_check(&env.guard, in("shrinks"), &err), CP_ERROR_CHANGED);
	assert_string_equal(err.message, "the file shrank while it was read");
	assert_int_equal(cpi_guard_check(&env.guard, NULL, &err), CP_ERROR_CHANGED);
	assert_non_null(strstr(err.message, "shrinks: the file shrank"));
	cpi_blob_release(&env, &blob);
	/* Said once more, and then no more. */
	assert_int_equal(cpi_guard_check(&env.guard, NULL, &err), CP_ERROR_CHANGED);
	assert_int_equal(cpi_guard_check(&env.guard, NULL, &err), CP_OK);
	assert_false(cpi_guard_fault(&env.guard, blob.bytes));
	cpi_env_release(&env);
}

static void a_file_shrinks_within_its_page(void **state)
{
	struct cpi_blob blob;

	(void)state;
	guard_on();
	put("small", 100);
	assert_int_equal(cpi_file_read(&env, in("small"), &blob, NULL), CP_OK);
	assert_int_equal(truncate(in("small"), 50), 0);
	assert_int_equal(cpi_guard_check(&env.guard, NULL, NULL), CP_ERROR_CHANGED);
	cpi_blob_release(&env, &blob);
	cpi_env_release(&env);
}

/* Without a handler nothing is mapped that could fault. */
static void files_are_read(void **state)
{
	struct cpi_blob blob;

	(void)state;
	cpi_env_init(&env, NULL);
	put("read", 70000);
	assert_int_equal(cpi_file_read(&env, in("read"), &blob, NULL), CP_OK);
	assert_int_equal(truncate(in("read"), 0), 0);
	assert_int_equal(blob.n, 70000);
	assert_int_equal(blob.bytes[69999], 'x');
	assert_int_equal(cpi_guard_check(&env.guard, NULL, NULL), CP_OK);
	cpi_blob_release(&env, &blob);
	put("large", 65 << 20);
	assert_int_equal(cpi_file_read(&env, in("large"), &blob, NULL), CP_OK);
	assert_int_equal(truncate(in("large"), 0), 0);
	assert_int_equal(blob.n, 65 << 20);
	assert_int_equal(blob.bytes[blob.n - 1], 'x');
	cpi_blob_release(&env, &blob);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static bool fits(const char *wanted, const char *file)
{
	struct cpi_build_id a = cpi_build_id_read(cpi_text(wanted));
	struct cpi_build_id b = cpi_build_id_read(cpi_text(file));

	return cpi_build_id_fits(&a, &b);
}

static void build_ids(void **state)
{
	static const char id20[] = "00112233445566778899aabbccddeeff00112233",
			  id32[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	struct cpi_build_id id;

	(void)state;
	id = cpi_build_id_read(cpi_text("00AAff"));
	assert_string_equal(id.hex, "00aaff");
	for (const char *const *bad = (const char *const[]){"../x", "ab/cd", "abg", "%s", " ", NULL};
		*bad; bad++) {
		id = cpi_build_id_read(cpi_text(*bad));
		assert_true(id.odd);
		assert_string_equal(id.hex, "");
		assert_false(fits(*bad, *bad));
	}
	assert_true(fits(id20, id20));
	/* perf keeps 20 bytes… */
	assert_true(fits(id20, id32));
	/* …but of shorter ids all, and nothing else is cut. */
	assert_false(fits("0011223344556677", id20));
	assert_false(fits(id32, id20));
	assert_true(fits("0011223344556677000000000000000000000000", "0011223344556677"));
	assert_false(fits("0011223344556677000000000000000000000001", "0011223344556677"));
	assert_false(fits("", ""));
	id = cpi_build_id_of_bytes((struct cp_text){"\x01\xfe", 2});
	assert_string_equal(id.hex, "01fe");
}

/* The kernel's list is kept per boot, by its user alone, and older ones go. */
static void kernel_list_is_kept(void **state)
{
	static const uint8_t text[] = "ffffffff81000000 T _text\n";
	struct cpi_list_cache cache;
	struct cpi_blob blob;
	char path[PATH_MAX];

	(void)state;
	cpi_env_init(&env, NULL);
	setenv("XDG_CACHE_HOME", in("cache"), 1);
	assert_true(cpi_list_cache_init(&cache, &env));
	assert_false(cpi_list_cache_find(&cache, path, sizeof path));
	strcpy(cache.name, "kallsyms-older");
	cpi_list_cache_keep(&cache, text, 5);
	assert_true(cpi_list_cache_init(&cache, &env));
	cpi_list_cache_keep(&cache, text, sizeof text - 1);
	assert_int_equal(access(in("cache/libcp/kallsyms-older"), F_OK), -1);
	assert_true(cpi_list_cache_find(&cache, path, sizeof path));
	assert_int_equal(cpi_file_read(&env, path, &blob, NULL), CP_OK);
	assert_int_equal(blob.n, sizeof text - 1);
	assert_memory_equal(blob.bytes, text, blob.n);
	cpi_blob_release(&env, &blob);

	assert_int_equal(chmod(path, 0622), 0); /* others could have written it */
	assert_false(cpi_list_cache_find(&cache, path, sizeof path));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/proc/kallsyms", path), 0);
	assert_false(cpi_list_cache_find(&cache, path, sizeof path));
	setenv("XDG_CACHE_HOME", "/proc/no/folder", 1); /* nothing can be kept: no harm */
	assert_true(cpi_list_cache_init(&cache, &env));
	cpi_list_cache_keep(&cache, text, sizeof text - 1);
	assert_false(cpi_list_cache_find(&cache, path, sizeof path));
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_paths),
		cmocka_unit_test(nothing_leaves_a_root),
		cmocka_unit_test(odd_files_are_refused),
		cmocka_unit_test(a_mapped_file_shrinks),
		cmocka_unit_test(a_file_shrinks_within_its_page),
		cmocka_unit_test(files_are_read),
		cmocka_unit_test(build_ids),
		cmocka_unit_test(kernel_list_is_kept),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
