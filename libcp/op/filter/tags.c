/* SPDX-License-Identifier: Apache-2.0 */
/* Samples chosen by their labels. */
#include "op/filter/filter.h"

#include <cp/units.h>

/* Decisions about a label set, remembered. */
enum { UNASKED, KEPT, DROPPED };

/* A range of numbers in one unit, inclusive. */
struct range {
	double from, to;
	bool has_from, has_to;
	struct cp_text unit;
};

/* What one of tagfocus and tagignore says. */
struct test {
	const char *what;
	bool given, has_key, is_range;
	bool hit;
	struct cp_text key;
	struct range range;
	CPI_VEC(struct cpi_regex *) regex;
};

struct cpi_filter_tags {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct test focus, ignore;
	struct cpi_regex *show, *hide;
	bool show_hit, hide_hit;
	uint8_t *memo;      /* per label set */
	uint32_t *copy;     /* new id + 1 per label set; 0 = not made */
	uint32_t *key_unit; /* string id of each key's unit, by string id; ranges only */
	struct cpi_sink text;   /* scratch: "key:value" */
	struct cp_label *label; /* scratch */
	uint32_t most;          /* labels of the largest set */
};

/* [+-]?digits letters*, all of it. */
static bool number_with_unit(struct cp_text *rest, int64_t *ret_number,
	struct cp_text *ret_unit, bool *ret_overflow)
{
	size_t i = 0, digits, letters;
	bool minus = rest->n && rest->p[0] == '-';
	int64_t x = 0;

	if (rest->n && (rest->p[0] == '-' || rest->p[0] == '+'))
		i++;
	for (digits = i; i < rest->n && rest->p[i] >= '0' && rest->p[i] <= '9'; i++)
		if (__builtin_mul_overflow(x, 10, &x) ||
			__builtin_sub_overflow(x, rest->p[i] - '0', &x))
			*ret_overflow = true;
	if (i == digits)
		return false;
	if (!minus && x == INT64_MIN)
		*ret_overflow = true;
	*ret_number = minus || *ret_overflow ? x : -x;
	for (letters = i;
		i < rest->n && (rest->p[i] | 32) >= 'a' && (rest->p[i] | 32) <= 'z';)
		i++;
	*ret_unit = (struct cp_text){rest->p + letters, i - letters};
	*rest = (struct cp_text){rest->p + i, rest->n - i};
	return true;
}

static bool take_colon(struct cp_text *rest)
{
	if (!rest->n || rest->p[0] != ':')
		return false;
	*rest = (struct cp_text){rest->p + 1, rest->n - 1};
	return true;
}

/* "N", "N:", ":N" or "N:M", each number with an optional unit; false: no range. */
static bool parse_range(struct cp_text text, struct range *range, bool *ret_overflow)
{
	int64_t from, to;
	struct cp_text unit, other;

	if (take_colon(&text)) {
		if (!number_with_unit(&text, &to, &unit, ret_overflow) || text.n)
			return false;
		range->has_to = true;
		range->to = cp_unit_scale((double)to, unit, unit, &range->unit);
		return true;
	}
	if (!number_with_unit(&text, &from, &unit, ret_overflow))
		return false;
	range->has_from = true;
	range->from = cp_unit_scale((double)from, unit, unit, &range->unit);
	if (!text.n) {
		range->has_to = true;
		range->to = range->from;
		return true;
	}
	if (!take_colon(&text))
		return false;
	if (!text.n)
		return true;
	if (!number_with_unit(&text, &to, &unit, ret_overflow) || text.n)
		return false;
	range->has_to = true;
	range->to = cp_unit_scale((double)to, unit, range->unit, &other);
	return cpi_text_equal(range->unit, other);
}

static enum cp_code compile_list(struct cpi_filter_tags *t, struct test *test,
	struct cp_text list, struct cp_error *err)
{
	for (;;) {
		const char *comma = list.n ? memchr(list.p, ',', list.n) : NULL;
		struct cp_text one = {list.p, comma ? (size_t)(comma - list.p) : list.n};
		struct cpi_regex *rx;
		enum cp_code code;

		/* An empty expression matches every value there is. */
		code = cpi_regex_new(
			t->env, test->what, one.n ? one : CPI_TEXT("()"), 0, &rx, err);
		if (code)
			return code;
		if (!cpi_vec_push(&t->env->mem, &test->regex, rx)) {
			cpi_regex_free(rx);
			return cpi_error_memory(err);
		}
		if (!comma)
			return CP_OK;
		list = (struct cp_text){comma + 1, list.n - one.n - 1};
	}
}

static enum cp_code compile_test(struct cpi_filter_tags *t, struct test *test,
	const char *what, const char *option, struct cp_error *err)
{
	struct cp_text text = option ? cpi_text(option) : CPI_TEXT("");
	const char *equals = text.n ? memchr(text.p, '=', text.n) : NULL;
	bool overflow = false;
	char shown[64];

	test->what = what;
	test->given = text.n;
	if (!text.n)
		return CP_OK;
	if (equals) {
		test->has_key = true;
		test->key = (struct cp_text){text.p, (size_t)(equals - text.p)};
		text = (struct cp_text){equals + 1, text.n - test->key.n - 1};
	}
	test->is_range = parse_range(text, &test->range, &overflow);
	if (!test->is_range)
		return compile_list(t, test, text, err);
	if (overflow)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"%s: a number of \"%s\" exceeds 64 bits", what,
			cpi_text_printable(shown, sizeof shown, text));
	cpi_diag_note(&t->env->diag, "filter", NULL,
		"%s: \"%s\" is taken as a range of numbers", what,
		cpi_text_printable(shown, sizeof shown, text));
	return CP_OK;
}

static bool all_zero(const struct cp_profile *p, uint32_t sample)
{
	const int64_t *value = p->value.v + (size_t)sample * p->sample_type.n;

	for (size_t i = 0; i < p->sample_type.n; i++)
		if (value[i])
			return false;
	return true;
}

/*
 * The first unit that any label of a key has. Samples that are all zero have no say:
 * pprof merges before it looks, which drops them.
 */
static bool make_key_units(struct cpi_filter_tags *t)
{
	const struct cp_profile *p = t->p;
	struct cpi_mem *mem = &t->env->mem;
	uint8_t *seen;

	if (!t->focus.is_range && !t->ignore.is_range)
		return true;
	seen = cpi_alloc_zero(mem, p->labels_end.n);
	t->key_unit = cpi_alloc_zero(mem, p->string.n * sizeof *t->key_unit);
	for (uint32_t i = 0; seen && t->key_unit && i < cpi_profile_n_samples(p); i++) {
		cp_labels set = p->sample_labels.v[i];
		const struct cp_label *label;
		uint32_t n;

		if (seen[set.i] || all_zero(p, i))
			continue;
		seen[set.i] = 1;
		label = cpi_profile_label_set(p, set, &n);
		for (uint32_t k = 0; k < n; k++)
			if (!cpi_label_is_string(&label[k]) &&
				!t->key_unit[label[k].key.i])
				t->key_unit[label[k].key.i] = label[k].unit.i;
	}
	cpi_free(mem, seen, p->labels_end.n);
	return seen && t->key_unit;
}

/* … for keys without one a guess. */
static struct cp_text unit_of(const struct cpi_filter_tags *t, cp_string key)
{
	struct cp_text name = cpi_profile_text(t->p, key);

	if (t->key_unit[key.i])
		return cpi_profile_text(t->p, (cp_string){t->key_unit[key.i]});
	if (cpi_text_equal(name, CPI_TEXT("alignment")) ||
		cpi_text_equal(name, CPI_TEXT("request")))
		return CPI_TEXT("bytes");
	return name;
}

enum cp_code cpi_filter_tags_new(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_filter_options *o, struct cpi_filter_tags **ret_tags,
	struct cp_error *err)
{
	struct cpi_filter_tags *t = cpi_alloc_zero(&env->mem, sizeof *t);
	enum cp_code code;

	if (!t)
		return cpi_error_memory(err);
	t->env = env;
	t->p = p;
	cpi_sink_memory(&t->text, &env->mem);
	for (size_t i = 1; i < p->labels_end.n; i++)
		if (p->labels_end.v[i] - p->labels_end.v[i - 1] > t->most)
			t->most = (uint32_t)(p->labels_end.v[i] - p->labels_end.v[i - 1]);
	code = compile_test(t, &t->focus, "tagfocus", o->tagfocus, err);
	if (!code)
		code = compile_test(t, &t->ignore, "tagignore", o->tagignore, err);
	if (!code)
		code = cpi_regex_new(env, "tagshow",
			o->tagshow ? cpi_text(o->tagshow) : CPI_TEXT(""), 0, &t->show,
			err);
	if (!code)
		code = cpi_regex_new(env, "taghide",
			o->taghide ? cpi_text(o->taghide) : CPI_TEXT(""), 0, &t->hide,
			err);
	if (!code) {
		t->memo = cpi_alloc_zero(&env->mem, p->labels_end.n);
		t->copy = cpi_alloc_zero(&env->mem, p->labels_end.n * sizeof *t->copy);
		t->label = cpi_alloc_array(&env->mem, t->most, sizeof *t->label);
		if (!t->memo || !t->copy || !t->label || !make_key_units(t))
			code = cpi_error_memory(err);
	}
	if (code)
		cpi_filter_tags_free(t);
	else
		*ret_tags = t;
	return code;
}

static void release_test(struct cpi_filter_tags *t, struct test *test)
{
	for (size_t i = 0; i < test->regex.n; i++)
		cpi_regex_free(test->regex.v[i]);
	cpi_vec_release(&t->env->mem, &test->regex);
}

void cpi_filter_tags_free(struct cpi_filter_tags *t)
{
	struct cpi_mem *mem;

	if (!t)
		return;
	mem = &t->env->mem;
	release_test(t, &t->focus);
	release_test(t, &t->ignore);
	cpi_regex_free(t->show);
	cpi_regex_free(t->hide);
	cpi_sink_release(&t->text);
	cpi_free(mem, t->memo, t->p->labels_end.n);
	cpi_free(mem, t->copy, t->p->labels_end.n * sizeof *t->copy);
	cpi_free(mem, t->key_unit, t->p->string.n * sizeof *t->key_unit);
	cpi_free(mem, t->label, t->most * sizeof *t->label);
	cpi_free(mem, t, sizeof *t);
}

static bool in_range(const struct cpi_filter_tags *t, const struct range *range,
	const struct cp_label *label)
{
	struct cp_text unit;
	double x = cp_unit_scale(
		(double)label->num, unit_of(t, label->key), range->unit, &unit);

	return cpi_text_equal(unit, range->unit) &&
	       (!range->has_from || x >= range->from) &&
	       (!range->has_to || x <= range->to);
}

static bool key_fits(const struct cpi_filter_tags *t, const struct test *test,
	const struct cp_label *label)
{
	return !test->has_key ||
	       cpi_text_equal(test->key, cpi_profile_text(t->p, label->key));
}

static bool label_matches(struct cpi_filter_tags *t, const struct test *test,
	struct cpi_regex *rx, const struct cp_label *label)
{
	struct cp_text key = cpi_profile_text(t->p, label->key);
	struct cp_text value = cpi_profile_text(t->p, label->str);

	if (test->has_key)
		return cpi_regex_match(rx, value);
	t->text.n = 0;
	cpi_sink_bytes(&t->text, key.p, key.n);
	cpi_sink_char(&t->text, ':');
	cpi_sink_bytes(&t->text, value.p, value.n);
	return cpi_regex_match(rx, (struct cp_text){(char *)t->text.buf, t->text.n});
}

static bool some_label_matches(struct cpi_filter_tags *t, const struct test *test,
	struct cpi_regex *rx, const struct cp_label *label, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (cpi_label_is_string(&label[i]) && key_fits(t, test, &label[i]) &&
			label_matches(t, test, rx, &label[i]))
			return true;
	return false;
}

/* With a key one expression must match, without one all of them must. */
static bool set_matches(struct cpi_filter_tags *t, const struct test *test,
	const struct cp_label *label, uint32_t n)
{
	if (test->is_range) {
		for (uint32_t i = 0; i < n; i++)
			if (!cpi_label_is_string(&label[i]) &&
				key_fits(t, test, &label[i]) &&
				in_range(t, &test->range, &label[i]))
				return true;
		return false;
	}
	for (size_t i = 0; i < test->regex.n; i++)
		if (some_label_matches(t, test, test->regex.v[i], label, n) ==
			test->has_key)
			return test->has_key;
	return !test->has_key;
}

bool cpi_filter_tags_keep(struct cpi_filter_tags *t, cp_labels id)
{
	const struct cp_label *label;
	uint32_t n;
	bool keep = true;

	if (!t->focus.given && !t->ignore.given)
		return true;
	if (t->memo[id.i])
		return t->memo[id.i] == KEPT;
	label = cpi_profile_label_set(t->p, id, &n);
	if (t->focus.given) {
		keep = set_matches(t, &t->focus, label, n);
		t->focus.hit |= keep;
	}
	if (t->ignore.given && set_matches(t, &t->ignore, label, n)) {
		keep = false;
		t->ignore.hit = true;
	}
	t->memo[id.i] = keep ? KEPT : DROPPED;
	return keep;
}

static bool key_shown(struct cpi_filter_tags *t, cp_string key)
{
	bool show = !t->show || cpi_regex_match_string(t->show, t->p, key);
	bool hide = t->hide && cpi_regex_match_string(t->hide, t->p, key);

	t->show_hit |= show;
	t->hide_hit |= hide;
	return show && !hide;
}

cp_labels cpi_filter_tags_copy(struct cpi_filter_tags *t, struct cpi_builder *b,
	struct cpi_builder_map *map, cp_labels id)
{
	const struct cp_label *label;
	uint32_t n, kept = 0;

	if (!t->show && !t->hide)
		return cpi_builder_copy_labels(b, map, id);
	if (t->copy[id.i])
		return (cp_labels){t->copy[id.i] - 1};
	label = cpi_profile_label_set(t->p, id, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (!key_shown(t, label[i].key))
			continue;
		t->label[kept] = label[i];
		t->label[kept].key = cpi_builder_copy_string(b, map, label[i].key);
		t->label[kept].str = cpi_builder_copy_string(b, map, label[i].str);
		t->label[kept].unit = cpi_builder_copy_string(b, map, label[i].unit);
		kept++;
	}
	t->copy[id.i] = 1 + cpi_builder_labels(b, t->label, kept).i;
	return (cp_labels){t->copy[id.i] - 1};
}

static void note(struct cpi_filter_tags *t, bool given, bool hit, const char *what)
{
	if (given && !hit)
		cpi_diag_note(&t->env->diag, "filter", NULL,
			"%s expression matched no samples", what);
}

enum cp_code cpi_filter_tags_finish(struct cpi_filter_tags *t, struct cp_error *err)
{
	enum cp_code code = cpi_regex_status(t->show, err);

	if (!code)
		code = cpi_regex_status(t->hide, err);
	for (size_t i = 0; i < t->focus.regex.n && !code; i++)
		code = cpi_regex_status(t->focus.regex.v[i], err);
	for (size_t i = 0; i < t->ignore.regex.n && !code; i++)
		code = cpi_regex_status(t->ignore.regex.v[i], err);
	if (!code && t->text.code)
		code = cpi_error_memory(err);
	note(t, t->focus.given, t->focus.hit, "tagfocus");
	note(t, t->ignore.given, t->ignore.hit, "tagignore");
	note(t, t->show, t->show_hit, "tagshow");
	note(t, t->hide, t->hide_hit, "taghide");
	return code;
}
