/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing the command line by a table. */
#include "common/opt.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/elsewhere.h"
#include "common/nearest.h"

/* Longest option name that is looked at; the tables hold nothing near it. */
enum { NAME_MAX_LENGTH = 64 };

struct parser {
	const struct opt_group *groups;
	struct opt_list *operands;
	char **argv;
	int argc, i;
	char *message;
	size_t size;
};

/* An option found, and what it was found as. */
struct found {
	const struct opt *opt;
	void *values;
	bool negated; /* through --no-NAME, or NAME where the option is no-NAME */
};

static void *grown(void *p, size_t n, size_t size)
{
	void *bigger = reallocarray(p, n, size);

	if (!bigger) {
		fprintf(stderr, "out of memory\n");
		exit(4);
	}
	return bigger;
}

void opt_list_add(struct opt_list *list, const char *value)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 8;
		list->v = grown(list->v, list->cap, sizeof *list->v);
	}
	list->v[list->n++] = value;
}

static char *list_copy(struct opt_list *list, const char *value)
{
	size_t n = strlen(value) + 1;
	char *copy = memcpy(grown(NULL, n, 1), value, n);

	list->owned = grown(list->owned, list->n_owned + 1, sizeof *list->owned);
	list->owned[list->n_owned++] = copy;
	return copy;
}

void opt_list_add_copy(struct opt_list *list, const char *value)
{
	opt_list_add(list, list_copy(list, value));
}

static void list_add_commas(struct opt_list *list, const char *value)
{
	char *rest = list_copy(list, value), *word;

	while ((word = strsep(&rest, ",")))
		if (*word)
			opt_list_add(list, word);
}

void opt_list_release(struct opt_list *list)
{
	for (size_t i = 0; i < list->n_owned; i++)
		free(list->owned[i]);
	free(list->owned);
	free(list->v);
	*list = (struct opt_list){0};
}

void opt_groups_release(const struct opt_group *groups)
{
	for (; groups->title; groups++)
		for (const struct opt *opt = groups->rows; opt->kind; opt++)
			if (opt->kind == OPT_KIND_LIST || opt->kind == OPT_KIND_COMMAS ||
				opt->kind == OPT_KIND_REST)
				opt_list_release(
					(void *)((char *)groups->values + opt->at));
}

/* Compares a table name with n bytes that a user typed: '_' equals '-'. */
static bool same_name(const char *name, const char *typed, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!name[i] || name[i] != (typed[i] == '_' ? '-' : typed[i]))
			return false;
	return !name[n];
}

static bool has_name(const struct opt *opt, const char *typed, size_t n)
{
	const char *alias = opt->aliases;

	if (same_name(opt->name, typed, n))
		return true;
	while (alias && *alias) {
		char word[NAME_MAX_LENGTH];
		size_t length = strcspn(alias, " ");

		snprintf(word, sizeof word, "%.*s", (int)length, alias);
		if (same_name(word, typed, n))
			return true;
		alias += length + strspn(alias + length, " ");
	}
	return false;
}

static bool find_exact(
	const struct parser *p, const char *typed, size_t n, struct found *ret)
{
	for (const struct opt_group *g = p->groups; g->title; g++)
		for (const struct opt *opt = g->rows; opt->kind; opt++)
			if (has_name(opt, typed, n)) {
				*ret = (struct found){opt, g->values, false};
				return true;
			}
	return false;
}

static bool find_long(
	const struct parser *p, const char *typed, size_t n, struct found *ret)
{
	char other[NAME_MAX_LENGTH];

	if (!n || n + 4 > sizeof other)
		return false;
	if (find_exact(p, typed, n, ret))
		return true;
	if (n > 3 && !memcmp(typed, "no", 2) && (typed[2] == '-' || typed[2] == '_'))
		snprintf(other, sizeof other, "%.*s", (int)n - 3, typed + 3);
	else
		snprintf(other, sizeof other, "no-%.*s", (int)n, typed);
	if (!find_exact(p, other, strlen(other), ret) || ret->opt->kind != OPT_KIND_FLAG)
		return false;
	ret->negated = true;
	return true;
}

static bool find_letter(const struct parser *p, char letter, struct found *ret)
{
	for (const struct opt_group *g = p->groups; g->title; g++)
		for (const struct opt *opt = g->rows; opt->kind; opt++)
			if (opt->letter == letter) {
				*ret = (struct found){opt, g->values, false};
				return true;
			}
	return false;
}

bool opt_size(const char *text, uint64_t *ret_size)
{
	static const char units[] = "kmgt";
	char *end;
	double x;
	const char *unit;

	errno = 0;
	x = strtod(text, &end);
	if (end == text || errno || !(x >= 0))
		return false;
	unit = *end ? strchr(units, *end | 32) : NULL;
	if (unit) {
		x *= ldexp(1, 10 * (int)(unit - units + 1));
		end++;
		if (*end == 'i')
			end++;
	}
	if (*end == 'B')
		end++;
	if (*end || x >= 0x1p63)
		return false;
	*ret_size = (uint64_t)x;
	return true;
}

int opt_choice(const char *const *choices, const char *value)
{
	size_t n = strlen(value);

	for (int i = 0; choices[i]; i++)
		for (const char *name = choices[i];;) {
			size_t length = strcspn(name, "|");

			if (length == n && !memcmp(name, value, n))
				return i;
			if (!name[length])
				break;
			name += length + 1;
		}
	return -1;
}

static bool truth(const char *value, bool *ret)
{
	static const char *const words[] = {
		"false|f|0|no|off|n", "true|t|1|yes|on|y", NULL};
	int i = opt_choice(words, value);

	if (i >= 0)
		*ret = i;
	return i >= 0;
}

static bool wrong(
	struct parser *p, const struct opt *opt, const char *value, const char *what)
{
	snprintf(p->message, p->size, "--%s: '%s' is not %s", opt->name, value, what);
	return false;
}

static bool set_choice(
	struct parser *p, const struct opt *opt, int *at, const char *value)
{
	char list[256] = "one of ";
	int i = opt_choice(opt->choices, value);

	if (i >= 0) {
		*at = i;
		return true;
	}
	for (i = 0; opt->choices[i]; i++) {
		size_t n = strlen(list);

		snprintf(list + n, sizeof list - n, "%s%.*s", i ? ", " : "",
			(int)strcspn(opt->choices[i], "|"), opt->choices[i]);
	}
	return wrong(p, opt, value, list);
}

static bool set_number(
	struct parser *p, const struct opt *opt, void *at, const char *value)
{
	char *end;

	errno = 0;
	if (opt->kind == OPT_KIND_INT) {
		int64_t x = strtoll(value, &end, 10);

		if (!*value || *end || errno)
			return wrong(p, opt, value, "a whole number");
		*(int64_t *)at = x;
	} else {
		double x = strtod(value, &end);

		if (!*value || *end || !isfinite(x))
			return wrong(p, opt, value, "a number");
		*(double *)at = x;
	}
	return true;
}

/* `value` is NULL for flags given without one. */
static bool set(struct parser *p, const struct found *f, const char *value)
{
	const struct opt *opt = f->opt;
	void *at = (char *)f->values + opt->at;
	bool on = true;

	if (opt->seen)
		*(bool *)((char *)f->values + opt->seen) = true;
	switch (opt->kind) {
	case OPT_KIND_FLAG:
		if (value && !truth(value, &on))
			return wrong(p, opt, value, "true or false");
		*(bool *)at = on != f->negated;
		return true;
	case OPT_KIND_STRING:
	case OPT_KIND_MAYBE:
		*(const char **)at = value ? value : "";
		return true;
	case OPT_KIND_SIZE:
		if (!opt_size(value, at))
			return wrong(p, opt, value, "a size such as 64M");
		return true;
	case OPT_KIND_LIST:
		opt_list_add(at, value);
		return true;
	case OPT_KIND_REST:
		p->operands = at;
		if (value)
			opt_list_add(at, value);
		return true;
	case OPT_KIND_COMMAS:
		list_add_commas(at, value);
		return true;
	case OPT_KIND_PRESET:
		if (value && !truth(value, &on))
			return wrong(p, opt, value, "true or false");
		if (on)
			*(int *)at = opt->preset;
		return true;
	case OPT_KIND_WORD:
		if (value && !truth(value, &on))
			return wrong(p, opt, value, "true or false");
		if (on)
			*(const char **)at = opt->arg;
		return true;
	case OPT_KIND_CHOICE:
		return set_choice(p, opt, at, value);
	default:
		return set_number(p, opt, at, value);
	}
}

static bool takes_value(const struct opt *opt)
{
	return opt->kind != OPT_KIND_FLAG && opt->kind != OPT_KIND_MAYBE &&
		opt->kind != OPT_KIND_REST && opt->kind != OPT_KIND_PRESET &&
		opt->kind != OPT_KIND_WORD;
}

static bool set_with(struct parser *p, const struct found *f, const char *value)
{
	if (!value && takes_value(f->opt)) {
		if (p->i + 1 >= p->argc) {
			snprintf(p->message, p->size, "--%s needs a value: --%s=%s",
				f->opt->name, f->opt->name, f->opt->arg);
			return false;
		}
		value = p->argv[++p->i];
	}
	return set(p, f, value);
}

static bool unknown(struct parser *p, const char *arg)
{
	char typed[NAME_MAX_LENGTH];
	const char *bare = arg + strspn(arg, "-");
	int n = strcspn(arg, "=") < 80 ? (int)strcspn(arg, "=") : 80;
	const char *instead = opt_elsewhere(bare, strcspn(bare, "="));
	const struct opt *best;

	if (instead) {
		snprintf(p->message, p->size, "no option '%.*s' here: %s", n, arg,
			instead);
		return false;
	}
	snprintf(typed, sizeof typed, "%.*s", (int)strcspn(bare, "="), bare);
	best = opt_nearest_option(p->groups, typed);
	snprintf(p->message, p->size, "unknown option '%.*s'%s%s%s", n, arg,
		best ? "; did you mean '--" : "", best ? best->name : "",
		best ? "'?" : "");
	return false;
}

/* A run of one-letter options; the last may take a value, attached or not. */
static bool letters(struct parser *p, const char *arg)
{
	struct found f;

	for (const char *at = arg + 1; *at; at++) {
		if (!find_letter(p, *at, &f))
			return unknown(p, arg);
		if (!takes_value(f.opt)) {
			if (!set(p, &f, NULL))
				return false;
			continue;
		}
		if (at[1] == '=')
			at++;
		return set_with(p, &f, at[1] ? at + 1 : NULL);
	}
	return true;
}

/*
 * Whether what stands behind one dash was meant as a long name, though there is none: one
 * of pprof's, or a word where the letter it starts with takes a number.
 */
static bool is_word(const struct parser *p, const char *name, size_t n)
{
	struct found f;

	if (opt_elsewhere(name, n))
		return true;
	if (n < 2 || !find_letter(p, name[0], &f))
		return false;
	return (f.opt->kind == OPT_KIND_INT || f.opt->kind == OPT_KIND_REAL) &&
		!strchr("+-.0123456789", name[1]);
}

/*
 * One argument that starts with '-'. A name after a single dash is tried as a long one
 * first, as pprof's users write them (-focus=main, -diff_base=old.pb.gz).
 */
static bool option(struct parser *p, const char *arg)
{
	bool two = arg[1] == '-';
	const char *name = arg + 1 + two;
	size_t n = strcspn(name, "=");
	struct found f;

	if ((two || n > 1) && find_long(p, name, n, &f))
		return set_with(p, &f, name[n] ? name + n + 1 : NULL);
	return two || is_word(p, name, n) ? unknown(p, arg) : letters(p, arg);
}

bool opt_parse(const struct opt_group *groups, int argc, char **argv,
	struct opt_list *operands, char *message, size_t size)
{
	struct parser p = {groups, operands, argv, argc, 1, message, size};
	bool ended = false;

	for (; p.i < argc; p.i++) {
		const char *arg = argv[p.i];

		if (ended || arg[0] != '-' || !arg[1])
			opt_list_add(p.operands, arg);
		else if (!strcmp(arg, "--"))
			ended = true;
		else if (!option(&p, arg))
			return false;
	}
	return true;
}
