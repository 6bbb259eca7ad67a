/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source with costs: which files are opened and which never, whatever a profile names;
 * what is said then; inlined calls below their line. Values are compared with pprof's in
 * tests/conformance.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "model/builder.h"
#include "view/source/source.h"

static char place[] = "/tmp/cp-source-XXXXXX";

static const char *in_place(const char *name)
{
	static char path[4][256];
	static unsigned at;

	at = (at + 1) % 4;
	snprintf(path[at], sizeof path[at], "%s/%s", place, name);
	return path[at];
}

static void put(const char *name, const void *bytes, size_t n)
{
	FILE *f = fopen(in_place(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static int set_up(void **state)
{
	int fd;

	(void)state;
	if (!mkdtemp(place))
		return -1;
	mkdir(in_place("src"), 0755);
	mkdir(in_place("src/sub"), 0755);
	put_text("src/sub/a.c", "one\n\ttwo\r\nthree\nfour\nfive\nsix");
	put_text("secret", "secret\n");
	put("src/binary.c", "a\0b\n", 4);
	mkfifo(in_place("src/fifo.c"), 0644);
	symlink("loop.c", in_place("src/loop.c"));
	symlink("../..", in_place("src/sub/up"));
	symlink("sub/a.c", in_place("src/link.c"));
	mkdir(in_place("src/folder.c"), 0755);
	fd = open(in_place("src/huge.c"), O_WRONLY | O_CREAT, 0644);
	return fd < 0 || ftruncate(fd, 20 << 20) || close(fd);
}

static int tear_down(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", place);
	return system(command);
}

/* outer (line 3 of `file`) with inner:7 inlined, which has deep:9 inlined. */
static struct cp_profile *profile(struct cpi_env *env, const char *file, int64_t time)
{
	static const char *const names[] = {"deep", "inner", "outer"};
	static const int64_t numbers[] = {9, 7, 3};
	struct cpi_builder b;
	struct cp_profile *p;
	int64_t value = 5;

	cpi_builder_init(&b, env);
	cpi_builder_sample_type(
		&b, cpi_builder_str(&b, "n"), cpi_builder_str(&b, "count"), 0);
	for (uint32_t deep = 0; deep < 3; deep++, value *= 10) {
		struct cp_line_row lines[3];
		cp_location frame;

		for (uint32_t k = deep; k < 3; k++) {
			struct cp_function_row f = {.name = cpi_builder_str(&b, names[k]),
				.file = cpi_builder_str(&b, k == 2 ? file : "inner.h")};

			lines[k - deep] = (struct cp_line_row){
				.function = cpi_builder_function(&b, &f),
				.line = numbers[k]};
		}
		frame = cpi_builder_location(
			&b, (cp_mapping){0}, 100 + deep, false, lines, 3 - deep);
		cpi_builder_sample(&b, cpi_builder_stack(&b, &frame, 1), (cp_labels){0},
			&value, CP_NO_TIME);
	}
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	p->header.time_nanos = time;
	return p;
}

struct look {
	struct cpi_env env;
	struct cp_profile *p;
	struct cpi_listing s;
	const struct cp_source_function *f;
};

static void look(struct look *l, const char *file, bool recorded, const char *roots)
{
	memset(l, 0, sizeof *l);
	cpi_env_init(&l->env, NULL);
	l->p = profile(&l->env, file, 0);
	l->s.env = &l->env;
	l->s.options.recorded_paths = recorded;
	l->s.report.regex = "^outer$";
	l->s.report.source_path = roots;
	cpi_arena_init(&l->s.bytes, &l->env.mem);
	assert_int_equal(cpi_source_make(&l->s, &l->env, l->p, NULL), CP_OK);
	assert_int_equal(l->s.rows.n_functions, 1);
	l->f = &l->s.rows.function[0];
}

static void done(struct look *l)
{
	cpi_source_release(&l->s);
	cp_profile_free(l->p);
	assert_int_equal(l->env.mem.used, 0);
	cpi_env_release(&l->env);
}

static void rows(void **state)
{
	struct look l;
	const struct cp_source_line *line;

	(void)state;
	look(&l, in_place("src/sub/a.c"), true, NULL);
	assert_int_equal(l.f->status, CP_SOURCE_SHOWN);
	assert_int_equal(l.f->n_lines, 6 + 2);
	assert_int_equal(l.f->flat, 500);
	assert_int_equal(l.f->cum, 555);
	line = &l.f->line[1];
	assert_memory_equal(line->text.p, "\ttwo", 4);
	assert_int_equal(line->text.n, 4);
	line = &l.f->line[2];
	assert_int_equal(line->line, 3);
	assert_int_equal(line->flat, 500);
	assert_int_equal(line->cum, 555);
	assert_int_equal(line[1].depth, 1);
	assert_int_equal(line[1].line, 7);
	assert_int_equal(line[1].flat, 50);
	assert_int_equal(line[1].cum, 55);
	assert_memory_equal(line[1].name.p, "inner", 5);
	assert_int_equal(line[2].depth, 2);
	assert_int_equal(line[2].flat, 5);
	assert_int_equal(line[3].line, 4);
	done(&l);
}

static void found(const char *file, bool recorded, const char *roots, const char *path)
{
	struct look l;

	look(&l, file, recorded, roots);
	assert_int_equal(l.f->status, CP_SOURCE_SHOWN);
	assert_string_equal(l.f->path, path);
	done(&l);
}

static void refused(const char *file, bool recorded, const char *roots,
	enum cp_source_status status, const char *words)
{
	struct look l;

	look(&l, file, recorded, roots);
	assert_int_equal(l.f->status, status);
	assert_null(l.f->path);
	assert_non_null(l.f->note);
	if (!strstr(l.f->note, words))
		fail_msg("\"%s\" lacks \"%s\"", l.f->note, words);
	/* The lines that cost something are there all the same. */
	assert_int_equal(l.f->n_lines, 3);
	assert_int_equal(l.f->line[0].text.n, 0);
	done(&l);
}

static void files(void **state)
{
	char src[256], roots[600];

	(void)state;
	snprintf(src, sizeof src, "%s", in_place("src"));
	snprintf(roots, sizeof roots, "/nowhere:%s", src);
	found("/build/x/sub/a.c", false, roots, in_place("src/sub/a.c"));
	found("sub/a.c", false, roots, in_place("src/sub/a.c"));
	found("/build/link.c", false, roots, in_place("src/link.c"));
	refused("/build/none.c", true, roots, CP_SOURCE_NOT_FOUND, "--source-path");
	refused("/build/none.c", true, roots, CP_SOURCE_NOT_FOUND, "/nowhere, ");
	/* A profile alone must not name files. */
	refused(in_place("secret"), false, src, CP_SOURCE_REFUSED, "not opened here");
	refused("../secret", false, src, CP_SOURCE_NOT_FOUND, "");
	refused("x/../../secret", false, src, CP_SOURCE_NOT_FOUND, "");
	/* Not waited for, not read to the end of all days. */
	refused("fifo.c", false, src, CP_SOURCE_REFUSED, "no regular file");
	refused("/dev/zero", true, src, CP_SOURCE_REFUSED, "no regular file");
	refused("folder.c", false, src, CP_SOURCE_REFUSED, "no regular file");
	refused("huge.c", false, src, CP_SOURCE_REFUSED, "16 MiB");
	refused("binary.c", false, src, CP_SOURCE_REFUSED, "no text");
	refused("loop.c", false, src, CP_SOURCE_REFUSED, "symbolic links");
}

static bool yes(void *arg, struct cp_text path)
{
	return path.n == strlen(arg) && !memcmp(path.p, arg, path.n);
}

static void trusted(void **state)
{
	struct look l;
	char file[256];

	(void)state;
	snprintf(file, sizeof file, "%s", in_place("secret"));
	memset(&l, 0, sizeof l);
	cpi_env_init(&l.env, NULL);
	l.p = profile(&l.env, file, 1000000000);
	l.s.env = &l.env;
	l.s.options.trusted = yes;
	l.s.options.trusted_arg = file;
	l.s.report.regex = "outer";
	cpi_arena_init(&l.s.bytes, &l.env.mem);
	assert_int_equal(cpi_source_make(&l.s, &l.env, l.p, NULL), CP_OK);
	l.f = &l.s.rows.function[0];
	assert_int_equal(l.f->status, CP_SOURCE_SHOWN);
	/* Of today, and the profile of 1970. */
	assert_true(l.f->newer);
	/* Line 3 is behind the end of the file. */
	assert_int_equal(l.f->line[l.f->n_lines - 3].line, 3);
	done(&l);
}

static void failing(void **state)
{
	static const char *const formats[] = {"text", "html", "json"};
	bool finished = false;

	(void)state;
	for (uint64_t at = 1; !finished; at++) {
		struct cpi_listing s = {.rows = {.n_functions = 0}};
		struct cpi_env env;
		struct cp_profile *p;
		struct cpi_sink sink;
		enum cp_code code;

		cpi_env_init(&env, NULL);
		p = profile(&env, in_place("src/sub/a.c"), 0);
		s.env = &env;
		s.options.recorded_paths = true;
		s.report.regex = ".";
		cpi_arena_init(&s.bytes, &env.mem);
		env.mem.fail_at = env.mem.ops + at;
		code = cpi_source_make(&s, &env, p, NULL);
		assert_true(!code || code == CP_ERROR_MEMORY);
		finished = env.mem.ops < env.mem.fail_at;
		for (size_t i = 0; !code && i < 3; i++) {
			cpi_sink_memory(&sink, &env.mem);
			assert_int_equal(
				cpi_source_write(&s, formats[i], &sink, NULL), CP_OK);
			assert_true(sink.code || sink.n > 100);
			cpi_sink_release(&sink);
		}
		cpi_source_release(&s);
		env.mem.fail_at = 0;
		cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(files),
		cmocka_unit_test(trusted),
		cmocka_unit_test(failing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
