/* SPDX-License-Identifier: Apache-2.0 */
/* PCRE2 with a bound on what an expression costs, on one name and on all of them. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/limits.h"
#include "op/regex.h"

/*
 * PCRE2 limits steps but does not tell how many it took, and begins to count anew at each
 * place of a name. So a match is tried with a few steps first, which is enough for
 * everyday expressions, and not counted. Where it is not, the expression is compiled once
 * more with a callout before each of its items, and those are counted exactly: what is
 * given up does not depend on the machine.
 */
enum { QUICK = 200, HEAP_KIB = 64 << 10 };

struct cpi_regex {
	struct cpi_env *env;
	const char *what;
	unsigned flags;
	char *pattern;
	size_t pattern_n;
	pcre2_general_context *general;
	pcre2_code *code, *counted; /* counted: made when it is first needed */
	pcre2_match_context *quick, *limits;
	pcre2_match_data *match;
	uint8_t *memo; /* by string id: 0 not asked yet, 1 no, 2 yes */
	size_t memo_n;
	uint64_t steps, spent; /* of this match; of all before it */
	bool given_up;
	enum cp_code failure;
	struct cp_error error;
};

static void *block_alloc(size_t size, void *mem)
{
	return cpi_block_alloc(mem, size);
}

static void block_free(void *p, void *mem)
{
	cpi_block_free(mem, p);
}

void cpi_regex_free(struct cpi_regex *rx)
{
	struct cpi_mem *mem;

	if (!rx)
		return;
	mem = &rx->env->mem;
	pcre2_match_data_free(rx->match);
	pcre2_match_context_free(rx->quick);
	pcre2_match_context_free(rx->limits);
	pcre2_code_free(rx->code);
	pcre2_code_free(rx->counted);
	pcre2_general_context_free(rx->general);
	cpi_free(mem, rx->pattern, rx->pattern_n);
	cpi_free(mem, rx->memo, rx->memo_n);
	cpi_free(mem, rx, sizeof *rx);
}

static enum cp_code bad_pattern(const struct cpi_regex *rx, struct cp_text pattern,
	int code, size_t at, struct cp_error *err)
{
	PCRE2_UCHAR why[128];
	char shown[96];

	if (code == PCRE2_ERROR_HEAP_FAILED || code == PCRE2_ERROR_NOMEMORY)
		return cpi_error_memory(err);
	pcre2_get_error_message(code, why, sizeof why);
	return cpi_error(err,
		rx->flags & CPI_REGEX_CORRUPT ? CP_ERROR_CORRUPT : CP_ERROR_ARGUMENT,
		CP_NO_OFFSET, "%s: %s at character %zu of \"%s\"", rx->what, (char *)why,
		at, cpi_text_printable(shown, sizeof shown, pattern));
}

/*
 * Where Perl and RE2, whose expressions users of pprof write, disagree silently: `$` is
 * the very end, a line ends with \n only. Names need not be UTF-8.
 */
static enum cp_code compile(
	struct cpi_regex *rx, uint32_t more, pcre2_code **ret, struct cp_error *err)
{
	uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY |
			   PCRE2_NEVER_BACKSLASH_C | more;
	pcre2_compile_context *context = pcre2_compile_context_create(rx->general);
	size_t at;
	int code = 0;

	if (rx->flags & CPI_REGEX_WHOLE)
		options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
	if (!context)
		return cpi_error_memory(err);
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_set_parens_nest_limit(context, 200);
	*ret = pcre2_compile((PCRE2_SPTR)rx->pattern, rx->pattern_n, options, &code, &at,
		context);
	pcre2_compile_context_free(context);
	return *ret ? CP_OK
		    : bad_pattern(rx, (struct cp_text){rx->pattern, rx->pattern_n}, code,
			      at, err);
}

/* Before each item of the counted expression; not 0 ends the match. */
static int count_step(pcre2_callout_block *block, void *arg)
{
	const struct cp_limits *limits;
	struct cpi_regex *rx = arg;

	(void)block;
	limits = &rx->env->limits;
	rx->steps++;
	return rx->steps > limits->regex_steps ||
			       rx->spent + rx->steps > limits->regex_total
		       ? PCRE2_ERROR_CALLOUT
		       : 0;
}

static enum cp_code set_up(
	struct cpi_regex *rx, struct cp_text pattern, struct cp_error *err)
{
	uint32_t steps = rx->env->limits.regex_steps;
	enum cp_code code;

	rx->pattern = cpi_alloc(&rx->env->mem, pattern.n);
	if (!rx->pattern)
		return cpi_error_memory(err);
	rx->pattern_n = pattern.n;
	memcpy(rx->pattern, pattern.p, pattern.n);
	code = compile(rx, 0, &rx->code, err);
	if (code)
		return code;
	rx->quick = pcre2_match_context_create(rx->general);
	rx->limits = pcre2_match_context_create(rx->general);
	rx->match = pcre2_match_data_create(1, rx->general);
	if (!rx->quick || !rx->limits || !rx->match)
		return cpi_error_memory(err);
	pcre2_set_match_limit(rx->quick, steps < QUICK ? steps : QUICK);
	pcre2_set_heap_limit(rx->quick, HEAP_KIB);
	pcre2_set_match_limit(rx->limits, steps);
	pcre2_set_heap_limit(rx->limits, HEAP_KIB);
	pcre2_set_callout(rx->limits, count_step, rx);
	return CP_OK;
}

enum cp_code cpi_regex_new(struct cpi_env *env, const char *what, struct cp_text pattern,
	unsigned flags, struct cpi_regex **ret_regex, struct cp_error *err)
{
	struct cpi_regex *rx;
	enum cp_code code;

	if (!pattern.n) {
		*ret_regex = NULL;
		return CP_OK;
	}
	rx = cpi_alloc_zero(&env->mem, sizeof *rx);
	if (!rx)
		return cpi_error_memory(err);
	rx->env = env;
	rx->what = what;
	rx->flags = flags;
	rx->general = pcre2_general_context_create(block_alloc, block_free, &env->mem);
	code = rx->general ? set_up(rx, pattern, err) : cpi_error_memory(err);
	if (code)
		cpi_regex_free(rx);
	else
		*ret_regex = rx;
	return code;
}

/* All steps are spent: an error of the user's expression, the end of an input's own. */
static void give_up(struct cpi_regex *rx)
{
	const struct cpi_place nowhere = cpi_place_at(NULL, CP_NO_OFFSET);
	unsigned long long total = rx->env->limits.regex_total;

	rx->given_up = true;
	if (rx->flags & CPI_REGEX_CORRUPT)
		cpi_diag_warn(&rx->env->diag, rx->what, &nowhere,
			"the input's own %s expression needs more than %llu steps; it is "
			"not applied (limit regex-total)",
			rx->what, total);
	else
		rx->failure = cpi_limit_error(&rx->error, CP_NO_OFFSET, "regex-total",
			"the %s expression needs more than %llu steps", rx->what, total);
}

/* A match that ended neither in yes nor in no. */
static void failed(struct cpi_regex *rx, struct cp_text text, int code)
{
	const struct cpi_place nowhere = cpi_place_at(NULL, CP_NO_OFFSET);
	char shown[96];

	if (code == PCRE2_ERROR_NOMEMORY) {
		rx->failure = cpi_error_memory(&rx->error);
		return;
	}
	if (rx->spent >= rx->env->limits.regex_total) {
		give_up(rx);
		return;
	}
	cpi_diag_warn(&rx->env->diag, "regex", &nowhere,
		"the %s expression needs more than %u steps on \"%s\", taken as no match "
		"(limit regex-steps)",
		rx->what, rx->env->limits.regex_steps,
		cpi_text_printable(shown, sizeof shown, text));
}

/* Once more, counting. */
static int match_counted(struct cpi_regex *rx, struct cp_text text)
{
	int code = PCRE2_ERROR_NOMEMORY;

	if (!rx->counted && compile(rx, PCRE2_AUTO_CALLOUT, &rx->counted, NULL))
		return code;
	rx->steps = 0;
	code = pcre2_match(rx->counted, (PCRE2_SPTR)text.p, text.n, 0, 0, rx->match,
		rx->limits);
	rx->spent += rx->steps;
	return code;
}

bool cpi_regex_match(struct cpi_regex *rx, struct cp_text text)
{
	int code;

	if (rx->failure || rx->given_up)
		return false;
	if (rx->flags & CPI_REGEX_SIMPLE)
		text = cpi_regex_simple_name(text);
	code = pcre2_match(
		rx->code, (PCRE2_SPTR)text.p, text.n, 0, 0, rx->match, rx->quick);
	if (code == PCRE2_ERROR_MATCHLIMIT || code == PCRE2_ERROR_HEAPLIMIT)
		code = match_counted(rx, text);
	if (code < 0 && code != PCRE2_ERROR_NOMATCH)
		failed(rx, text, code);
	return code >= 0;
}

bool cpi_regex_given_up(const struct cpi_regex *rx)
{
	return rx && rx->given_up;
}

bool cpi_regex_match_string(
	struct cpi_regex *rx, const struct cp_profile *p, cp_string string)
{
	bool yes;

	if (!rx->memo) {
		rx->memo = cpi_alloc_zero(&rx->env->mem, p->string.n);
		if (!rx->memo) {
			rx->failure = cpi_error_memory(&rx->error);
			return false;
		}
		rx->memo_n = p->string.n;
	}
	if (rx->memo[string.i])
		return rx->memo[string.i] == 2;
	yes = cpi_regex_match(rx, cpi_profile_text(p, string));
	rx->memo[string.i] = yes ? 2 : 1;
	return yes;
}

enum cp_code cpi_regex_status(const struct cpi_regex *rx, struct cp_error *err)
{
	if (!rx || !rx->failure)
		return CP_OK;
	if (err)
		*err = rx->error;
	return rx->failure;
}

struct cp_text cpi_regex_simple_name(struct cp_text name)
{
	static const struct cp_text whole[] = {
		{"(anonymous namespace)", 21},
		{"operator()", 10},
	};

	if (name.n && name.p[0] == '.')
		name = (struct cp_text){name.p + 1, name.n - 1};
	for (size_t i = 0; i < name.n;) {
		struct cp_text rest = {name.p + i, name.n - i};

		if (cpi_text_starts(rest, whole[0]))
			i += whole[0].n;
		else if (cpi_text_starts(rest, whole[1]))
			i += whole[1].n;
		else if (rest.p[0] == '(')
			return (struct cp_text){name.p, i};
		else
			i++;
	}
	return name;
}
