/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_UI_H
#define CPT_UI_H

/*
 * Talk: everything a tool says besides its answer goes to stderr, through here, with
 * bytes from strangers escaped.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <cp/context.h>

enum ui_color { UI_COLOR_AUTO, UI_COLOR_ALWAYS, UI_COLOR_NEVER };

enum ui_style { UI_PLAIN, UI_BOLD, UI_FAINT, UI_RED, UI_GREEN, UI_YELLOW, UI_BLUE };

struct ui {
	const char *tool;  /* "cpconv" */
	const char *
		input; /* what is being read, for diagnostics without a source; or NULL */
	FILE *to; /* where talk goes; NULL: stderr */
	bool quiet, verbose;
	bool strict; /* warnings are errors */
	bool failed; /* one was said while strict */
	bool color; /* on stderr */
	bool line_open; /* a progress line stands there and must be wiped first */
};

/*
 * Whether to colour what goes to `stream`: the flag, else NO_COLOR, else CLICOLOR_FORCE,
 * else whether it is a terminal that can.
 */
bool ui_wants_color(enum ui_color flag, FILE *stream);
/* The escape sequence that starts a style; "" without colour. UI_PLAIN ends all. */
const char *ui_style(bool color, enum ui_style style);

/* Bytes of the first character of a text that a terminal may show; 0: it may not. */
size_t ui_showable(const char *text);
/* The text as a terminal may show it, into buf; cut with "…"; returns buf. */
char *ui_escape(char *buf, size_t size, const char *text);

/* Takes away a progress line, before something else is written to stderr. */
void ui_wipe(struct ui *ui);

/* "cpconv: trace.data: sentence". `where` may be NULL. */
void ui_error(struct ui *ui, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Not with -q; when strict, an error that the tool's status will say. */
void ui_warn(struct ui *ui, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Not with -q. */
void ui_note(struct ui *ui, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Only with -v. */
void ui_verbose(struct ui *ui, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* An error of the library, with its place. */
void ui_failure(struct ui *ui, const char *where, const struct cp_error *err);

/* Hand this to the context; arg is the struct ui. */
void ui_diagnostic(const struct cp_diagnostic *diagnostic, void *arg);

#endif
