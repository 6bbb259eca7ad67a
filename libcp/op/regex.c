/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "op/regex.h"

/*
 * A hopeless expression is given up after this many names that took all their steps:
 * about a second at the default of a million steps.
 */
enum { MOST_TIMEOUTS = 64, HEAP_KIB = 64 << 10 };

struct cpi_regex {
	struct cpi_env *env;
	const char *what;
	unsigned flags;
	pcre2_general_context *general;
	pcre2_code *code;
	pcre2_match_context *limits;
	pcre2_match_data *match;
	uint8_t *memo; /* by string id: 0 not asked yet, 1 no, 2 yes */
	size_t memo_n;
	unsigned timeouts;
	enum cp_code failure;
	struct cp_error error;
};

/* PCRE2 frees without a size, so blocks carry theirs. */
struct block {
	_Alignas(16) size_t size;
};

static void *block_alloc(size_t size, void *arg)
{
	struct block *block;

	if (size > SIZE_MAX - sizeof *block)
		return NULL;
	block = cpi_alloc(arg, size + sizeof *block);
	if (!block)
		return NULL;
	block->size = size + sizeof *block;
	return block + 1;
}

static void block_free(void *p, void *arg)
{
	struct block *block = p;

	if (block)
		cpi_free(arg, block - 1, block[-1].size);
}

void cpi_regex_free(struct cpi_regex *rx)
{
	struct cpi_mem *mem;

	if (!rx)
		return;
	mem = &rx->env->mem;
	pcre2_match_data_free(rx->match);
	pcre2_match_context_free(rx->limits);
	pcre2_code_free(rx->code);
	pcre2_general_context_free(rx->general);
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
	struct cpi_regex *rx, struct cp_text pattern, struct cp_error *err)
{
	uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY |
			   PCRE2_NEVER_BACKSLASH_C;
	pcre2_compile_context *context = pcre2_compile_context_create(rx->general);
	size_t at;
	int code = 0;

	if (rx->flags & CPI_REGEX_WHOLE)
		options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
	if (!context)
		return cpi_error_memory(err);
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_set_parens_nest_limit(context, 200);
	rx->code = pcre2_compile(
		(PCRE2_SPTR)pattern.p, pattern.n, options, &code, &at, context);
	pcre2_compile_context_free(context);
	if (!rx->code)
		return bad_pattern(rx, pattern, code, at, err);
	rx->limits = pcre2_match_context_create(rx->general);
	rx->match = pcre2_match_data_create(1, rx->general);
	if (!rx->limits || !rx->match)
		return cpi_error_memory(err);
	pcre2_set_match_limit(rx->limits, rx->env->limits.regex_steps);
	pcre2_set_heap_limit(rx->limits, HEAP_KIB);
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
	code = rx->general ? compile(rx, pattern, err) : cpi_error_memory(err);
	if (code)
		cpi_regex_free(rx);
	else
		*ret_regex = rx;
	return code;
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
	if (++rx->timeouts == MOST_TIMEOUTS) {
		rx->failure = cpi_error(&rx->error, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"%s: the expression needs more than %u steps on %u names",
			rx->what, rx->env->limits.regex_steps, rx->timeouts);
		return;
	}
	cpi_diag_warn(&rx->env->diag, "regex", &nowhere,
		"%s: the expression needs more than %u steps on \"%s\", taken as no "
		"match",
		rx->what, rx->env->limits.regex_steps,
		cpi_text_printable(shown, sizeof shown, text));
}

bool cpi_regex_match(struct cpi_regex *rx, struct cp_text text)
{
	int code;

	if (rx->failure)
		return false;
	if (rx->flags & CPI_REGEX_SIMPLE)
		text = cpi_regex_simple_name(text);
	code = pcre2_match(
		rx->code, (PCRE2_SPTR)text.p, text.n, 0, 0, rx->match, rx->limits);
	if (code < 0 && code != PCRE2_ERROR_NOMATCH)
		failed(rx, text, code);
	return code >= 0;
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
