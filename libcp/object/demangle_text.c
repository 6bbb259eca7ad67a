/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shorter forms of demangled names. libiberty leaves out the parameters of a function
 * itself; those of enclosing functions ("f(int)::{lambda()#1}::operator()") and template
 * arguments are cut here, in one pass over the text with a stack of open brackets.
 */
#include "object/demangle.h"

enum { MOST_OPEN = 256 };

struct open_bracket {
	char kind;
	bool droppable; /* what it holds belongs to the name before it */
	size_t out_n;   /* length of the output in front of it */
};

struct pass {
	struct cp_text text;
	size_t at;
	size_t behind; /* where the last operator's name ended: what opens there is its
			  own */
	bool templates;
	struct cpi_sink *out;
	unsigned n_open;
	struct open_bracket open[MOST_OPEN];
};

/* Longest first, so that a prefix does not hide a longer one. */
static const char *const operators[] = {"<=>", "<<=", ">>=", "->*", "<<", ">>",
	"<=", ">=", "==", "!=", "&&", "||", "++", "--",
	"+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=", "->", "()", "[]", "<", ">", "=",
	"!", "~", "+", "-", "*", "/", "%", "^", "&", "|", ","};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '$' || (c & 0x80);
}

static bool next_is(const struct pass *p, size_t at, struct cp_text what)
{
	return cpi_text_starts((struct cp_text){p->text.p + at, p->text.n - at}, what);
}

/* Copies "operator<<" whole, so that its brackets are not taken for brackets. */
static bool copy_operator(struct pass *p)
{
	const struct cp_text word = CPI_TEXT("operator");
	size_t at = p->at;

	if (!next_is(p, at, word) || (at && is_word(p->text.p[at - 1])))
		return false;
	at += word.n;
	for (unsigned i = 0; i < sizeof operators / sizeof *operators; i++) {
		struct cp_text op = cpi_text(operators[i]);

		if (!next_is(p, at, op))
			continue;
		at += op.n;
		/* "operator< <int>": the space keeps the two apart. */
		if (next_is(p, at, CPI_TEXT(" <")))
			at++;
		break;
	}
	cpi_sink_bytes(p->out, p->text.p + p->at, at - p->at);
	p->at = p->behind = at;
	return true;
}

static bool open_bracket(struct pass *p, char c)
{
	char before = p->at ? p->text.p[p->at - 1] : 0;
	bool named = is_word(before) || before == ']' || before == '}' || before == '>';
	struct open_bracket *open;

	/* "operator< <int>", and "f::<u8>" as Rust has it. */
	if (c == '<' && p->at >= 2 && (before == ' ' || before == ':'))
		named = before == ':' || !is_word(p->text.p[p->at - 2]);
	if ((p->behind && p->at == p->behind) ||
		(c == '(' && before == ')')) /* operator()(int), <int> */
		named = true;
	if (p->n_open == MOST_OPEN)
		return false;
	open = &p->open[p->n_open++];
	*open = (struct open_bracket){c, named, p->out->n};
	return true;
}

/* Steps over " const", " volatile", "&" after a parameter list; false: no such list. */
static bool ends_function(const struct pass *p, size_t *ret_at)
{
	static const struct cp_text qualifier[] = {{" const", 6}, {" volatile", 9},
		{" &&", 3}, {" &", 2}, {"&&", 2}, {"&", 1}, {" noexcept", 9}};
	size_t at = p->at + 1;

	for (unsigned i = 0; i < sizeof qualifier / sizeof *qualifier; i++)
		if (next_is(p, at, qualifier[i])) {
			at += qualifier[i].n;
			i = (unsigned)-1;
		}
	*ret_at = at;
	return at == p->text.n || next_is(p, at, CPI_TEXT("::"));
}

/* Cuts the output back to where the bracket opened. */
static void drop(struct pass *p, const struct open_bracket *open)
{
	const char *out = (const char *)p->out->buf;

	p->out->n = open->out_n;
	if (open->kind != '<' || !p->out->n)
		return;
	if (out[p->out->n - 1] == ' ')
		p->out->n--;
	else if (p->out->n > 2 && !memcmp(out + p->out->n - 2, "::", 2))
		p->out->n -= 2;
}

static bool close_bracket(struct pass *p, char c)
{
	struct open_bracket *open = p->n_open ? &p->open[p->n_open - 1] : NULL;
	size_t after = p->at + 1;
	bool dropped;

	/* Inside parentheses '>' compares; "->" points. */
	if (c == '>' &&
		(!open || open->kind != '<' || (p->at && p->text.p[p->at - 1] == '-'))) {
		cpi_sink_char(p->out, c);
		p->at++;
		return true;
	}
	if (!open || (c == ')') != (open->kind == '('))
		return false;
	p->n_open--;
	if (c == '>')
		dropped = p->templates && open->droppable;
	else
		dropped = open->droppable && ends_function(p, &after);
	if (dropped) {
		drop(p, open);
		p->at = after;
	} else {
		cpi_sink_char(p->out, c);
		p->at++;
	}
	return true;
}

/* Characters at which anything but copying happens; 'o' may begin "operator". */
static const bool stops[256] = {
	['o'] = true, ['<'] = true, ['>'] = true, ['('] = true, [')'] = true};

static void copy_plain(struct pass *p)
{
	size_t n = 1;

	while (p->at + n < p->text.n && !stops[(uint8_t)p->text.p[p->at + n]])
		n++;
	cpi_sink_bytes(p->out, p->text.p + p->at, n);
	p->at += n;
}

bool cpi_demangle_simplify(struct cp_text text, bool templates, struct cpi_sink *out)
{
	struct pass p = {.text = text, .templates = templates, .out = out};

	while (p.at < text.n) {
		char c = text.p[p.at];
		bool compares =
			c == '<' && p.at && p.at != p.behind && text.p[p.at - 1] == ')';

		if (c == 'o' && copy_operator(&p))
			continue;
		if (c == '>' || c == ')') {
			if (!close_bracket(&p, c))
				return false;
			continue;
		}
		if ((c == '(' || (c == '<' && !compares)) && !open_bracket(&p, c))
			return false;
		copy_plain(&p);
	}
	return !p.n_open && !out->code;
}
