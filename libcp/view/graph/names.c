/* SPDX-License-Identifier: Apache-2.0 */
/* Names of functions in parts: which package they belong to, and what is left. */
#include "view/graph/graph.h"

/*
 * Calls stop at the separators outside of all brackets. Go: the last '/' and the first
 * '.' behind it; C++ and Rust: "::".
 */
static bool opens(char c)
{
	return c == '<' || c == '(' || c == '[' || c == '{';
}

static bool closes(struct cp_text t, size_t i)
{
	char c = t.p[i];

	return (c == '>' && i && t.p[i - 1] != '-') || c == ')' || c == ']' || c == '}';
}

/* "operator<" and the like end the search: what follows is the name. */
static bool is_operator(struct cp_text t, size_t i)
{
	return cpi_text_starts(
		       (struct cp_text){t.p + i, t.n - i}, CPI_TEXT("operator")) &&
	       (!i || t.p[i - 1] == ':');
}

/* Behind the last top-level "::", or 0; the first one's place goes to *ret_first. */
static size_t last_scope(struct cp_text t, size_t *ret_first)
{
	size_t last = 0;
	int depth = 0;

	for (size_t i = 0; i < t.n && !is_operator(t, i); i++) {
		if (opens(t.p[i]))
			depth++;
		else if (closes(t, i) && depth)
			depth--;
		else if (!depth && t.p[i] == ':' && i + 1 < t.n && t.p[i + 1] == ':') {
			if (!last)
				*ret_first = i;
			last = i + 2;
			i++;
		}
	}
	return last;
}

/* The first '.' behind the last '/' in front of any bracket but Go's "(*T)". */
static size_t go_dot(struct cp_text t)
{
	size_t slash = 0, end = 0;
	const char *dot;

	while (end < t.n && !strchr("([{< ", t.p[end])) {
		if (t.p[end] == '/')
			slash = end + 1;
		end++;
	}
	if (end < t.n && (t.p[end] == ' ' || !end))
		return 0;
	dot = end > slash ? memchr(t.p + slash, '.', end - slash) : NULL;
	return dot && dot > t.p ? (size_t)(dot - t.p) : 0;
}

/* "<alloc::vec::Vec<T> as core::ops::Drop>::drop" belongs to alloc. */
static struct cp_text inner(struct cp_text t)
{
	while (t.n && (*t.p == '<' || *t.p == '&' || *t.p == '*'))
		t = (struct cp_text){t.p + 1, t.n - 1};
	return t;
}

struct cp_text cpi_callgraph_package(struct cp_text name)
{
	struct cp_text t = inner(name);
	size_t first = 0, dot;

	if (last_scope(t, &first) && first)
		return (struct cp_text){t.p, first};
	if (t.p != name.p && t.n) {
		const char *scope = memmem(t.p, t.n, "::", 2);

		return (struct cp_text){t.p, scope ? (size_t)(scope - t.p) : 0};
	}
	dot = go_dot(name);
	return (struct cp_text){name.p, dot};
}

struct cp_text cpi_callgraph_base(struct cp_text name)
{
	size_t first, at = last_scope(name, &first);

	if (!at && (at = go_dot(name)))
		at++;
	return at && at < name.n ? (struct cp_text){name.p + at, name.n - at} : name;
}
