/* SPDX-License-Identifier: Apache-2.0 */
/* Names as both builds have them. */
#include "op/diff/name.h"

#include <ctype.h>

static const char *const suffixes[] = {".constprop", ".isra", ".part", ".cold", ".llvm",
	".lto_priv", ".clone", ".__uniq", ".localalias", ".ipa_ra"};

/* Takes ".word" or ".word.123" off the end; false when there is none. */
static bool drop_suffix(struct cp_text *name)
{
	size_t n = name->n;

	while (n && isdigit((unsigned char)name->p[n - 1]))
		n--;
	if (n < name->n && n && name->p[n - 1] == '.')
		n--;
	else
		n = name->n;
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		struct cp_text suffix = cpi_text(suffixes[i]);

		if (n > suffix.n && cpi_text_ends((struct cp_text){name->p, n}, suffix)) {
			name->n = n - suffix.n;
			return true;
		}
	}
	return false;
}

/* " [clone .x]", as demanglers print clones. */
static bool drop_clone(struct cp_text *name)
{
	static const char mark[] = " [clone ";
	const char *at;

	if (!name->p || !name->n || name->p[name->n - 1] != ']')
		return false;
	at = memmem(name->p, name->n, mark, sizeof mark - 1);
	if (!at || at == name->p)
		return false;
	name->n = (size_t)(at - name->p);
	return true;
}

/* "::h" and 16 hexadecimal digits. */
static bool drop_hash(struct cp_text *name)
{
	const char *p = name->p + name->n - 19;

	if (name->n <= 19 || memcmp(p, "::h", 3))
		return false;
	for (int i = 3; i < 19; i++)
		if (!isxdigit((unsigned char)p[i]) || isupper((unsigned char)p[i]))
			return false;
	name->n -= 19;
	return true;
}

/* Marks after which a number only counts siblings. */
static const char *const numbered[] = {"'lambda", "{lambda#", "{closure#",
	"{unnamed type#", "{block#", "{constant#", ".func", "$_"};

/* Length of a counted mark at the start of text, or 0. */
static size_t mark_length(struct cp_text text)
{
	for (size_t i = 0; i < sizeof numbered / sizeof *numbered; i++)
		if (cpi_text_starts(text, cpi_text(numbered[i])))
			return strlen(numbered[i]);
	/* "{lambda(int)#2}": the number follows the parameters. */
	return cpi_text_starts(text, CPI_TEXT(")#")) ? 2 : 0;
}

void cpi_diff_name(struct cpi_sink *sink, struct cp_text name)
{
	while (drop_suffix(&name) || drop_clone(&name) || drop_hash(&name))
		;
	for (size_t i = 0; i < name.n;) {
		struct cp_text rest = {name.p + i, name.n - i};
		size_t mark = mark_length(rest);

		cpi_sink_bytes(sink, rest.p, mark ? mark : 1);
		i += mark ? mark : 1;
		while (mark && i < name.n && isdigit((unsigned char)name.p[i]))
			i++;
	}
}
