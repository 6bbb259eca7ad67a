/* SPDX-License-Identifier: Apache-2.0 */
/* --help by the same table. */
#include "common/opthelp.h"

#include <ctype.h>
#include <string.h>

#include "common/complete.h"

enum { COLUMN = 28, WIDTH = 80 };

/* Prints text wrapped to WIDTH, continuing at COLUMN. */
static void wrapped(FILE *to, const char *text)
{
	int at = COLUMN;

	while (*text) {
		int n = (int)strcspn(text, " ");

		if (at > COLUMN && at + 1 + n > WIDTH) {
			fprintf(to, "\n%*s", COLUMN, "");
			at = COLUMN;
		}
		at += fprintf(to, "%s%.*s", at > COLUMN ? " " : "", n, text);
		text += n + (text[n] == ' ');
	}
	fputc('\n', to);
}

static void print_row(FILE *to, const struct opt *opt)
{
	int n = opt->letter ? fprintf(to, "  -%c, ", opt->letter) : fprintf(to, "      ");

	n += fprintf(to, "--%s", opt->name);
	if (opt->arg)
		n += opt->kind == OPT_KIND_MAYBE ? fprintf(to, "[=%s]", opt->arg)
						 : fprintf(to, " %s", opt->arg);
	if (n + 2 > COLUMN)
		fprintf(to, "\n%*s", COLUMN, "");
	else
		fprintf(to, "%*s", COLUMN - n, "");
	wrapped(to, opt->help);
}

void opt_print_help(FILE *to, const struct tool *tool)
{
	fprintf(to, "%s - %s\n\nExamples:\n%s\nUsage: %s %s\n", tool->name, tool->summary,
		tool->examples, tool->name, tool->usage);
	for (const struct opt_group *g = tool->groups; g->title; g++) {
		fprintf(to, "\n%s:\n", g->title);
		for (const struct opt *opt = g->rows; opt->kind; opt++)
			if (opt->help)
				print_row(to, opt);
	}
	if (tool->notes)
		fprintf(to, "\n%s", tool->notes);
	fprintf(to,
		"\nExit status: 0 done, 1 the answer is no, 2 wrong usage, 3 input "
		"unreadable or\nwithout samples, 4 system, memory or a limit. See man "
		"%s.\n",
		tool->name);
}

#define EACH_OPTION(TOOL, G, OPT) \
	for (const struct opt_group *G = (TOOL)->groups; G->title; G++) \
		for (const struct opt *OPT = G->rows; OPT->kind; OPT++) \
			if (OPT->help)

/* scdoc takes these for markup when they stand in words. */
static void scdoc(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\_*<>[]#|.~", *text))
			fputc('\\', to);
		fputc(*text, to);
	}
}

static void print_man(FILE *to, const struct tool *tool)
{
	fputs("# OPTIONS\n\n", to);
	for (const struct opt_group *g = tool->groups; g->title; g++) {
		fprintf(to, "## %s\n\n", g->title);
		for (const struct opt *opt = g->rows; opt->kind; opt++) {
			if (!opt->help)
				continue;
			if (opt->letter)
				fprintf(to, "*-%c*, ", opt->letter);
			fprintf(to, "*--%s*", opt->name);
			if (opt->arg) {
				bool maybe = opt->kind == OPT_KIND_MAYBE;

				fputs(maybe ? "\\[=" : " ", to);
				scdoc(to, opt->arg);
				fputs(maybe ? "\\]" : "", to);
			}
			fputs("\n\t", to);
			scdoc(to, opt->help);
			fputs("\n\n", to);
		}
	}
}

static void print_list(FILE *to, const struct tool *tool)
{
	EACH_OPTION(tool, g, opt)
		fprintf(to, "--%s\t%s%c\t%s\t%s\n", opt->name, opt->letter ? "-" : "",
			opt->letter ? opt->letter : ' ', opt->arg ? opt->arg : "",
			opt->aliases ? opt->aliases : "");
}

bool opt_print_completion(FILE *to, const struct tool *tool, const char *kind)
{
	static const struct {
		const char *kind;
		void (*print)(FILE *to, const struct tool *tool);
	} table[] = {
		{"bash", complete_bash},
		{"zsh", complete_zsh},
		{"fish", complete_fish},
		{"man", print_man},
		{"list", print_list},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (!strcmp(table[i].kind, kind)) {
			table[i].print(to, tool);
			return true;
		}
	return false;
}
