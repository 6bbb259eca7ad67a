/* SPDX-License-Identifier: Apache-2.0 */
/* Colour, width, and words on standard error. */
#include "common/ui.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool ui_wants_color(enum ui_color flag, FILE *stream)
{
	const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");
	const char *term = getenv("TERM");

	if (flag != UI_COLOR_AUTO)
		return flag == UI_COLOR_ALWAYS;
	if (no && *no)
		return false;
	if (force && *force && strcmp(force, "0"))
		return true;
	return isatty(fileno(stream)) && term && *term && strcmp(term, "dumb");
}

const char *ui_style(bool color, enum ui_style style)
{
	static const char *const sequence[] = {
		[UI_PLAIN] = "\033[0m",
		[UI_BOLD] = "\033[1m",
		[UI_FAINT] = "\033[2m",
		[UI_RED] = "\033[31m",
		[UI_GREEN] = "\033[32m",
		[UI_YELLOW] = "\033[33m",
		[UI_BLUE] = "\033[34m",
	};

	return color ? sequence[style] : "";
}

/*
 * Complete UTF-8, no control character, and none of the marks that turn the direction of
 * text or cannot be seen: the same that the library escapes.
 */
size_t ui_showable(const char *text)
{
	static const unsigned long unseen[][2] = {{0x61c, 0x61c}, {0x200b, 0x200f},
		{0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
		{0xfffe, 0xffff}, {0xe0000, 0xe007f}};
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
		: s[0] >= 0xe0 && s[0] < 0xf0                    ? 3
		: s[0] >= 0xf0 && s[0] < 0xf5                    ? 4
								 : 0;
	unsigned long rune = n == 1 ? s[0] : s[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		rune = rune << 6 | (s[i] & 0x3f);
	}
	if (rune < 0x20 || (rune >= 0x7f && rune < 0xa0) || (n == 3 && rune < 0x800) ||
		(rune >= 0xd800 && rune < 0xe000) || (n == 4 && rune < 0x10000) ||
		rune > 0x10ffff)
		return 0;
	for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
		if (rune >= unseen[i][0] && rune <= unseen[i][1])
			return 0;
	return n;
}

char *ui_escape(char *buf, size_t size, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t at = 0;

	while (*s) {
		size_t n = ui_showable((const char *)s), need = n ? n : 4;

		if (at + need + sizeof "…" > size) {
			memcpy(buf + at, "…", sizeof "…");
			return buf;
		}
		if (n)
			memcpy(buf + at, s, n);
		else
			snprintf(buf + at, size - at, "\\x%02x", *s);
		at += need;
		s += n ? n : 1;
	}
	buf[at] = 0;
	return buf;
}

void ui_wipe(struct ui *ui)
{
	if (ui->line_open)
		fputs("\r\033[K", stderr);
	ui->line_open = false;
}

static void say(
	struct ui *ui, enum ui_style style, const char *where, const char *message)
{
	FILE *to = ui->to ? ui->to : stderr;
	char place[256];

	ui_wipe(ui);
	fprintf(to, "%s%s:%s ", ui_style(ui->color, style), ui->tool,
		ui_style(ui->color, UI_PLAIN));
	if (where)
		fprintf(to, "%s: ", ui_escape(place, sizeof place, where));
	fprintf(to, "%s\n", message);
}

/* Formats and escapes: names that users typed or files hold are among the arguments. */
static void talk(struct ui *ui, enum ui_style style, const char *where,
	const char *format, va_list args)
{
	char raw[1024], message[2048];

	vsnprintf(raw, sizeof raw, format, args);
	say(ui, style, where, ui_escape(message, sizeof message, raw));
}

#define TALK(NAME, STYLE, WHEN) \
	void NAME(struct ui *ui, const char *where, const char *format, ...) \
	{ \
		va_list args; \
\
		if (!(WHEN)) \
			return; \
		va_start(args, format); \
		talk(ui, STYLE, where, format, args); \
		va_end(args); \
	}

TALK(ui_error, UI_RED, true)
TALK(ui_note, UI_BOLD, !ui->quiet)
TALK(ui_verbose, UI_FAINT, ui->verbose)

void ui_warn(struct ui *ui, const char *where, const char *format, ...)
{
	va_list args;

	ui->failed |= ui->strict;
	if (ui->quiet && !ui->strict)
		return;
	va_start(args, format);
	talk(ui, ui->strict ? UI_RED : UI_YELLOW, where, format, args);
	va_end(args);
}

/* "… (limit frames)" becomes "… (limit frames; --limit frames=N changes it)". */
static void format_error(const struct cp_error *err, char *text, size_t size)
{
	size_t n = (size_t)cp_error_format(err, text, size);
	const char *at = n < size ? strrchr(text, '(') : NULL;
	char name[40];

	if (!at || strncmp(at, "(limit ", 7) || text[n - 1] != ')' ||
		text + n - 1 - (at + 7) >= (ptrdiff_t)sizeof name)
		return;
	snprintf(name, sizeof name, "%.*s", (int)(text + n - 1 - (at + 7)), at + 7);
	snprintf(text + n - 1, size - n + 1, "; --limit %s=N changes it)", name);
}

void ui_failure(struct ui *ui, const char *where, const struct cp_error *err)
{
	char text[512];

	format_error(err, text, sizeof text);
	ui_error(ui, where, "%s", text);
}

void ui_diagnostic(const struct cp_diagnostic *diagnostic, void *arg)
{
	struct ui *ui = arg;
	const char *where = diagnostic->source ? diagnostic->source : ui->input;
	struct cp_error place = {.offset = diagnostic->offset};
	char text[512];

	if (where && !strcmp(where, "-"))
		where = "standard input";
	snprintf(place.context, sizeof place.context, "%s", diagnostic->context);
	snprintf(place.message, sizeof place.message, "%s", diagnostic->message);
	format_error(&place, text, sizeof text);
	if (diagnostic->severity == CP_WARNING)
		ui_warn(ui, where, "%s", text);
	else
		ui_note(ui, where, "%s", text);
}
