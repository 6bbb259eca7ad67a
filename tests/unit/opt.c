/* SPDX-License-Identifier: Apache-2.0 */
/* tools/common: parsing options, and files that appear whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/nearest.h"
#include "common/opt.h"
#include "common/ui.h"

struct values {
	const char *string, *maybe;
	bool flag, no_inlines, seen;
	int64_t number;
	uint64_t size;
	double real;
	struct opt_list list, commas, rest;
	int choice, preset;
};

static const char *const choices[] = {"first", "second|zweite", NULL};

static const struct opt rows[] = {
	OPT_STRING(struct values, string, "diff-base", 's', "TEXT", "a string",
		.aliases = "base old-base"),
	OPT_MAYBE(struct values, maybe, "maybe", 0, "FILE", "optional value"),
	OPT_FLAG(struct values, flag, "flag", 'f', "a flag",
		.seen = offsetof(struct values, seen)),
	OPT_FLAG(struct values, no_inlines, "no-inlines", 0, "named with no"),
	OPT_INT(struct values, number, "number", 'n', "N", "a number"),
	OPT_SIZE(struct values, size, "size", 0, "SIZE", "a size"),
	OPT_REAL(struct values, real, "real", 0, "X", "a real"),
	OPT_LIST(struct values, list, "list", 'l', "X", "a list"),
	OPT_COMMAS(struct values, commas, "commas", 0, "X,Y", "a list with commas"),
	OPT_REST(struct values, rest, "after", 0, "FILE...", "takes the operands"),
	OPT_CHOICE(struct values, choice, "choice", 0, "WHICH", choices, "a choice"),
	OPT_PRESET(struct values, preset, "preset", 7),
	OPT_END,
};

struct parsed {
	struct values values;
	struct opt_list operands;
	struct opt_group groups[2];
	char message[200];
	bool ok;
};

/* Parses the words, which end with NULL. */
static struct parsed *parse(const char *first, ...)
{
	struct parsed *p = calloc(1, sizeof *p);
	char name[] = "tool", *argv[32] = {name, (char *)first};
	int argc = 2;
	va_list args;

	assert_non_null(p);
	va_start(args, first);
	while ((argv[argc] = va_arg(args, char *)))
		argc++;
	va_end(args);
	p->groups[0] = (struct opt_group){"All", rows, &p->values};
	p->ok = opt_parse(p->groups, argc, argv, &p->operands, p->message, sizeof p->message);
	return p;
}

static void parsed_free(struct parsed *p)
{
	opt_groups_release(p->groups);
	opt_list_release(&p->operands);
	free(p);
}

static void takes_every_form(void **state)
{
	struct parsed *p = parse("one", "--diff_base=x=y", "-n5", "two", "-number=6", "-fl", "a",
		"-l=b", "--size", "1.5K", "--real=-2.5", "--commas=a,,b", "--commas", "c",
		"--choice=zweite", "-preset", "--", "-f", NULL);

	(void)state;
	assert_true(p->ok);
	assert_string_equal(p->values.string, "x=y");
	assert_int_equal(p->values.number, 6);
	assert_true(p->values.flag && p->values.seen);
	assert_int_equal(p->values.size, 1536);
	assert_true(p->values.real == -2.5);
	assert_int_equal(p->values.list.n, 2);
	assert_string_equal(p->values.list.v[0], "a");
	assert_string_equal(p->values.list.v[1], "b");
	assert_int_equal(p->values.commas.n, 3);
	assert_string_equal(p->values.commas.v[2], "c");
	assert_int_equal(p->values.choice, 1);
	assert_int_equal(p->values.preset, 7);
	assert_int_equal(p->operands.n, 3);
	assert_string_equal(p->operands.v[2], "-f");
	parsed_free(p);
}

static void negates(void **state)
{
	struct parsed *p = parse("--flag", "--no-flag", "--no_inlines", NULL);

	(void)state;
	assert_true(p->ok && p->values.seen && !p->values.flag && p->values.no_inlines);
	parsed_free(p);
	p = parse("--no-inlines", "--inlines", "--flag=true", NULL);
	assert_true(p->ok && !p->values.no_inlines && p->values.flag);
	parsed_free(p);
	p = parse("--flag", "--flag=false", "--no-inlines=no", NULL);
	assert_true(p->ok && !p->values.no_inlines && !p->values.flag);
	parsed_free(p);
}

static void optional_values_need_a_sign(void **state)
{
	struct parsed *p = parse("--maybe", "operand", NULL);

	(void)state;
	assert_string_equal(p->values.maybe, "");
	assert_int_equal(p->operands.n, 1);
	parsed_free(p);
	p = parse("--maybe=file", NULL);
	assert_string_equal(p->values.maybe, "file");
	parsed_free(p);
}

static void operands_follow_a_list(void **state)
{
	struct parsed *p = parse("x", "--after", "a", "b", "-n", "3", "c", NULL);

	(void)state;
	assert_int_equal(p->operands.n, 1);
	assert_int_equal(p->values.rest.n, 3);
	assert_string_equal(p->values.rest.v[2], "c");
	parsed_free(p);
}

static void says(const char *words, struct parsed *p)
{
	assert_false(p->ok);
	assert_non_null(strstr(p->message, words));
	parsed_free(p);
}

static void refuses(void **state)
{
	(void)state;
	says("did you mean '--diff-base'?", parse("--difbase=x", NULL));
	says("did you mean '--commas'?", parse("--comams", NULL));
	says("unknown option '--xyzzyx'", parse("--xyzzyx", NULL));
	says("unknown option '-fx'", parse("-fx", NULL));
	says("--number needs a value", parse("--number", NULL));
	says("'5x' is not a whole number", parse("-n", "5x", NULL));
	says("is not a whole number", parse("-n", "99999999999999999999", NULL));
	says("'inf' is not a number", parse("--real=inf", NULL));
	says("is not a size", parse("--size=-1", NULL));
	says("is not a size", parse("--size=1Kx", NULL));
	says("one of first, second", parse("--choice=third", NULL));
	says("not true or false", parse("--flag=maybe", NULL));
}

static void nothing_near_is_suggested_for_nothing(void **state)
{
	static const char *const names[] = {"pprof", "folded", "raw"};

	(void)state;
	assert_string_equal(opt_nearest("ppr", names, 3), "pprof");
	assert_string_equal(opt_nearest("flodde", names, 3), "folded");
	assert_null(opt_nearest("svg", names, 3));
	assert_null(opt_nearest("", names, 3));
}

static void escapes(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(ui_escape(buf, sizeof buf, "gr\u00fc\u00dfe"), "gr\u00fc\u00dfe");
	assert_string_equal(
		ui_escape(buf, sizeof buf, "\033[31m\x80\xff"), "\\x1b[31m\\x80\\xff");
	assert_string_equal(
		ui_escape(buf, sizeof buf, "a\u202eb\xc2\x9b" "c"), "a\\xe2\\x80\\xaeb\\xc2\\x9bc");
	assert_string_equal(ui_escape(buf, 8, "0123456789"), "0123…");
}

static int exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

static void files_appear_whole(void **state)
{
	struct out out;
	char message[200], content[16] = "";
	FILE *f;

	(void)state;
	assert_true(out_open(&out, "answer", true, message, sizeof message));
	out_printf(&out, "%s", "first");
	assert_false(exists("answer"));
	assert_true(out_commit(&out, message, sizeof message));
	assert_true(out_open(&out, "answer", true, message, sizeof message));
	out_printf(&out, "second");
	out_discard(&out);
	f = fopen("answer", "r");
	assert_non_null(f);
	assert_non_null(fgets(content, sizeof content, f));
	fclose(f);
	assert_string_equal(content, "first");
	unlink("answer");
	assert_false(out_open(&out, "no/such/folder", true, message, sizeof message));
	assert_non_null(strstr(message, "No such file"));
	/* That no temporary file is left shows when leave() removes the folder. */
}

static void links_stay_links(void **state)
{
	struct out out;
	char message[200];
	struct stat st;

	(void)state;
	fclose(fopen("real", "w"));
	chmod("real", 0640);
	assert_int_equal(symlink("real", "link"), 0);
	assert_true(out_open(&out, "link", true, message, sizeof message));
	out_printf(&out, "text");
	assert_true(out_commit(&out, message, sizeof message));
	assert_true(!lstat("link", &st) && S_ISLNK(st.st_mode));
	assert_true(!lstat("real", &st) && st.st_size == 4 && (st.st_mode & 0777) == 0640);
	assert_true(file_same("real", "link"));
	unlink("link");
	unlink("real");
}

static void full_devices_fail(void **state)
{
	struct out out;
	char message[200];

	(void)state;
	if (access("/dev/full", W_OK))
		skip();
	assert_true(out_open(&out, "/dev/full", true, message, sizeof message));
	out_printf(&out, "text");
	assert_false(out_commit(&out, message, sizeof message));
	assert_non_null(strstr(message, "No space left"));
}

static char folder[] = "/tmp/unit-opt-XXXXXX";

static int enter(void **state)
{
	(void)state;
	return !mkdtemp(folder) || chdir(folder);
}

static int leave(void **state)
{
	(void)state;
	return chdir("/") || rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_every_form),
		cmocka_unit_test(negates),
		cmocka_unit_test(optional_values_need_a_sign),
		cmocka_unit_test(operands_follow_a_list),
		cmocka_unit_test(refuses),
		cmocka_unit_test(nothing_near_is_suggested_for_nothing),
		cmocka_unit_test(escapes),
		cmocka_unit_test(files_appear_whole),
		cmocka_unit_test(links_stay_links),
		cmocka_unit_test(full_devices_fail),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
