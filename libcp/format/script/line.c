/* SPDX-License-Identifier: Apache-2.0 */
/* One line of perf script's output. */
#include "format/script/line.h"

#include <cp/profile.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct cp_text trim(struct cp_text text)
{
	while (text.n && is_blank(text.p[0])) {
		text.p++;
		text.n--;
	}
	while (text.n && is_blank(text.p[text.n - 1]))
		text.n--;
	return text;
}

/* Takes the next word from *text; false when there is none. */
static bool take_word(struct cp_text *text, struct cp_text *ret_word)
{
	size_t n = 0;

	while (text->n && is_blank(text->p[0])) {
		text->p++;
		text->n--;
	}
	while (n < text->n && !is_blank(text->p[n]))
		n++;
	*ret_word = (struct cp_text){text->p, n};
	text->p += n;
	text->n -= n;
	return n > 0;
}

/* Takes digits with an optional sign from *text. */
static bool take_number(struct cp_text *text, int64_t *ret)
{
	bool minus = text->n && text->p[0] == '-';
	size_t i = minus;
	int64_t x = 0;

	for (; i < text->n && is_digit(text->p[i]); i++)
		if (__builtin_mul_overflow(x, 10, &x) ||
			__builtin_add_overflow(x, text->p[i] - '0', &x))
			return false;
	if (i == (size_t)minus)
		return false;
	*ret = minus ? -x : x;
	text->p += i;
	text->n -= i;
	return true;
}

static bool whole_number(struct cp_text word, int64_t *ret)
{
	return take_number(&word, ret) && !word.n;
}

/* "TID" or "PID/TID". */
static bool task(struct cp_text word, struct script_head *head)
{
	head->has_pid = false;
	if (!take_number(&word, &head->tid))
		return false;
	if (!word.n)
		return true;
	head->pid = head->tid;
	head->has_pid = true;
	if (word.p[0] != '/')
		return false;
	word.p++;
	word.n--;
	return whole_number(word, &head->tid);
}

/* "[007]" */
static bool cpu(struct cp_text word, int64_t *ret)
{
	if (word.n < 3 || word.p[0] != '[' || word.p[word.n - 1] != ']')
		return false;
	return whole_number((struct cp_text){word.p + 1, word.n - 2}, ret) && *ret >= 0;
}

/* "1410597.984841:", six digits or nine, as nanoseconds. */
static bool time_stamp(struct cp_text word, int64_t *ret)
{
	int64_t seconds, rest = 0;
	unsigned digits = 0;

	if (!take_number(&word, &seconds) || seconds < 0 || word.n < 3 ||
		word.p[0] != '.' || word.p[word.n - 1] != ':')
		return false;
	for (size_t i = 1; i + 1 < word.n; i++, digits++) {
		if (!is_digit(word.p[i]) || digits == 9)
			return false;
		rest = rest * 10 + word.p[i] - '0';
	}
	for (; digits < 9; digits++)
		rest *= 10;
	return !__builtin_mul_overflow(seconds, 1000000000, ret) &&
		!__builtin_add_overflow(*ret, rest, ret);
}

/* A word that ends in ':' and has a letter. */
static bool event(struct cp_text word, struct cp_text *ret)
{
	bool letter = false;

	if (word.n < 2 || word.p[word.n - 1] != ':')
		return false;
	for (size_t i = 0; i < word.n; i++) {
		uint8_t lower = (uint8_t)word.p[i] | 0x20;

		letter |= lower >= 'a' && lower <= 'z';
	}
	*ret = (struct cp_text){word.p, word.n - 1};
	return letter;
}

/* What follows the task. */
static bool tail(struct cp_text text, struct script_head *head)
{
	struct cp_text word;

	head->cpu = -1;
	head->time = CP_NO_TIME;
	head->period = 0;
	if (!take_word(&text, &word))
		return false;
	if (cpu(word, &head->cpu) && !take_word(&text, &word))
		return false;
	if (time_stamp(word, &head->time) && !take_word(&text, &word))
		return false;
	if (whole_number(word, &head->period) && !take_word(&text, &word))
		return false;
	head->rest = trim(text);
	return event(word, &head->event) && head->period >= 0;
}

/*
 * Command names may hold blanks and numbers ("worker 1"): the task is the first number
 * that a CPU or a time follows, else the first that an event follows.
 */
bool cpi_script_head(struct cp_text line, struct script_head *ret_head)
{
	struct cp_text text = line, word;
	bool found = false;

	if (!take_word(&text, &word))
		return false;
	line.n -= (size_t)(word.p - line.p);
	line.p = word.p;
	while (take_word(&text, &word)) {
		struct script_head head;

		if (!task(word, &head) || !tail(text, &head))
			continue;
		head.comm = trim((struct cp_text){line.p, (size_t)(word.p - line.p)});
		if (!found)
			*ret_head = head;
		found = true;
		if (head.cpu >= 0 || head.time != CP_NO_TIME) {
			*ret_head = head;
			break;
		}
	}
	return found;
}

/*
 * Where the bracketed image at the end of the text begins: at the " (" that balances, or,
 * in a name with brackets of its own, the last one.
 */
static size_t image_at(struct cp_text text)
{
	size_t depth = 0, last = text.n;
	bool balanced = false;

	for (size_t i = text.n; i-- > 1;) {
		bool begins = text.p[i] == '(' && text.p[i - 1] == ' ';

		if (begins && last == text.n)
			last = i;
		if (balanced && last < text.n)
			return last;
		if (text.p[i] == ')')
			depth++;
		if (text.p[i] != '(' || balanced || --depth)
			continue;
		if (begins)
			return i;
		balanced = true;
	}
	return last;
}

static struct cp_text without_offset(struct cp_text symbol)
{
	size_t n = symbol.n;

	while (n && ((symbol.p[n - 1] >= '0' && symbol.p[n - 1] <= '9') ||
			    (symbol.p[n - 1] >= 'a' && symbol.p[n - 1] <= 'f')))
		n--;
	if (n < symbol.n && n > 3 && !memcmp(symbol.p + n - 3, "+0x", 3))
		symbol.n = n - 3;
	return symbol;
}

bool cpi_script_frame(struct cp_text line, struct script_frame *ret_frame)
{
	struct cp_text text = trim(line), word;
	struct script_frame frame;
	size_t at;

	if (!take_word(&text, &word) || !cpi_text_hex(word, &frame.address))
		return false;
	if (!text.n || text.p[text.n - 1] != ')')
		return false;
	at = image_at(text);
	if (at == text.n)
		return false;
	frame.image = (struct cp_text){text.p + at + 1, text.n - at - 2};
	frame.symbol = without_offset(trim((struct cp_text){text.p, at}));
	*ret_frame = frame;
	return true;
}

bool cpi_script_bare_frame(struct cp_text line, struct script_frame *ret_frame)
{
	struct cp_text text = trim(line), word;
	struct script_frame frame = {0};

	if (!take_word(&text, &word) || !cpi_text_hex(word, &frame.address))
		return false;
	frame.symbol = without_offset(trim(text));
	*ret_frame = frame;
	return frame.symbol.n > 0;
}

bool cpi_script_source(struct cp_text line)
{
	struct cp_text text = trim(line);
	size_t n = text.n;

	if (n && text.p[0] == '[')
		return text.p[n - 1] == ']';
	while (n && is_digit(text.p[n - 1]))
		n--;
	return n > 1 && n < text.n && text.p[n - 1] == ':';
}
