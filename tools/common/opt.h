/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_OPT_H
#define CPT_OPT_H

/*
 * The option tables. One row per option drives parsing, --help, completion and the
 * OPTIONS section of the man page, so that these cannot disagree.
 *
 * A row names the place of its value as an offset into a struct; a group joins rows with
 * the struct they fill. So groups can be shared by tools (options.h) without globals:
 *
 *	static const struct opt rows[] = {
 *		OPT_STRING(struct cpconv, to, "to", 0, "FORMAT", "write this format"),
 *		OPT_END,
 *	};
 *	struct opt_group groups[] = {{"Output", rows, &cpconv}, {0}};
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_kind {
	OPT_KIND_END,
	OPT_KIND_FLAG,   /* bool; --no-NAME clears it, --NAME=false too */
	OPT_KIND_STRING, /* const char * */
	/* const char *; the value can only be given as --NAME=VALUE, else "" */
	OPT_KIND_MAYBE,
	OPT_KIND_INT,   /* int64_t */
	OPT_KIND_SIZE,  /* uint64_t; K, M, G, T are powers of 1024 */
	OPT_KIND_REAL,  /* double */
	OPT_KIND_LIST,  /* struct opt_list; one more value each time it is given */
	OPT_KIND_COMMAS, /* struct opt_list; values also separated by commas */
	OPT_KIND_REST,   /* struct opt_list; operands go there from now on */
	OPT_KIND_CHOICE, /* int: index in `choices` */
	OPT_KIND_PRESET, /* int: set to `preset`; not shown in --help */
	OPT_KIND_WORD    /* const char *: set to `arg`; not shown in --help */
};

/* Borrows strings of argv, or of blocks the list owns. */
struct opt_list {
	const char **v;
	size_t n, cap;
	char **owned;
	size_t n_owned;
};

struct opt {
	const char *name;    /* long name, with dashes */
	const char *aliases; /* further long names, space-separated, not shown; or NULL */
	char letter;
	enum opt_kind kind;
	size_t at;   /* offset of the value in the group's struct */
	size_t seen; /* offset of a bool that is set when the option is given; 0 = none */
	const char *arg;
	const char *help; /* NULL: hidden */
	const char *const *choices; /* ends with NULL; "a|b": b is another name of a */
	int preset;
};

struct opt_group {
	const char *title;
	const struct opt *rows;
	void *values;
};

#define OPT_END {.kind = OPT_KIND_END}
#define OPT_ROW(KIND, T, FIELD, NAME, LETTER, ARG, HELP, ...)                            \
	{                                                                                \
		.name = NAME, .letter = LETTER, .kind = OPT_KIND_##KIND,                 \
		.at = offsetof(T, FIELD), .arg = ARG, .help = HELP, ##__VA_ARGS__        \
	}
#define OPT_FLAG(T, FIELD, NAME, LETTER, HELP, ...) \
	OPT_ROW(FLAG, T, FIELD, NAME, LETTER, NULL, HELP, ##__VA_ARGS__)
#define OPT_STRING(T, FIELD, NAME, LETTER, ARG, HELP, ...) \
	OPT_ROW(STRING, T, FIELD, NAME, LETTER, ARG, HELP, ##__VA_ARGS__)
#define OPT_MAYBE(T, FIELD, NAME, LETTER, ARG, HELP, ...) \
	OPT_ROW(MAYBE, T, FIELD, NAME, LETTER, ARG, HELP, ##__VA_ARGS__)
#define OPT_INT(T, FIELD, NAME, LETTER, ARG, HELP, ...) \
	OPT_ROW(INT, T, FIELD, NAME, LETTER, ARG, HELP, ##__VA_ARGS__)
#define OPT_SIZE(T, FIELD, NAME, LETTER, ARG, HELP, ...) \
	OPT_ROW(SIZE, T, FIELD, NAME, LETTER, ARG, HELP, ##__VA_ARGS__)
#define OPT_REAL(T, FIELD, NAME, LETTER, ARG, HELP, ...) \
	OPT_ROW(REAL, T, FIELD, NAME, LETTER, ARG, HELP, ##__VA_ARGS__)
#define OPT_LIST(T, FIELD, NAME, LETTER, ARG, HELP, ...) \
	OPT_ROW(LIST, T, FIELD, NAME, LETTER, ARG, HELP, ##__VA_ARGS__)
#define OPT_COMMAS(T, FIELD, NAME, LETTER, ARG, HELP, ...) \
	OPT_ROW(COMMAS, T, FIELD, NAME, LETTER, ARG, HELP, ##__VA_ARGS__)
#define OPT_REST(T, FIELD, NAME, LETTER, ARG, HELP, ...) \
	OPT_ROW(REST, T, FIELD, NAME, LETTER, ARG, HELP, ##__VA_ARGS__)
#define OPT_CHOICE(T, FIELD, NAME, LETTER, ARG, CHOICES, HELP, ...)                      \
	OPT_ROW(CHOICE, T, FIELD, NAME, LETTER, ARG, HELP, .choices = CHOICES,           \
		##__VA_ARGS__)
#define OPT_PRESET(T, FIELD, NAME, VALUE) \
	OPT_ROW(PRESET, T, FIELD, NAME, 0, NULL, NULL, .preset = VALUE)
#define OPT_WORD(T, FIELD, NAME, VALUE) OPT_ROW(WORD, T, FIELD, NAME, 0, VALUE, NULL)

/* Appends a borrowed string; exits with a message when memory ends. */
void opt_list_add(struct opt_list *list, const char *value);
/* The same for a value that will not stay where it is. */
void opt_list_add_copy(struct opt_list *list, const char *value);
void opt_list_release(struct opt_list *list);

/*
 * Parses argv against the groups (ended by one without title). What is no option goes to
 * `operands` in order; a file given with -i as well. Returns false and one sentence in
 * `message` when something is wrong. opt_groups_release frees the lists of all rows.
 */
bool opt_parse(const struct opt_group *groups, int argc, char **argv,
	struct opt_list *operands, char *message, size_t size);
void opt_groups_release(const struct opt_group *groups);

/* Reads "64", "64K", "1.5GiB"; false when it is not a size. */
bool opt_size(const char *text, uint64_t *ret_size);
/* The value's index in choices, or -1. */
int opt_choice(const char *const *choices, const char *value);
#endif
