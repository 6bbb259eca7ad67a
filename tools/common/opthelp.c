/* SPDX-License-Identifier: Apache-2.0 */
#include "common/opthelp.h"

#include <ctype.h>
#include <string.h>

enum { COLUMN = 28, WIDTH = 80 };

static bool takes_value(const struct opt *opt)
{
	return opt->kind != OPT_KIND_FLAG && opt->kind != OPT_KIND_MAYBE;
}

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

static void print_bash(FILE *to, const struct tool *tool)
{
	fprintf(to, "_%s()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS"
		    "[COMP_CWORD-1]}\n\tcase $prev in\n",
		tool->name);
	EACH_OPTION(tool, g, opt)
		if (opt->choices) {
			fprintf(to, "\t--%s)\n\t\tCOMPREPLY=($(compgen -W '", opt->name);
			for (int i = 0; opt->choices[i]; i++)
				fprintf(to, "%s%.*s", i ? " " : "",
					(int)strcspn(opt->choices[i], "|"),
					opt->choices[i]);
			fprintf(to, "' -- \"$cur\"))\n\t\treturn;;\n");
		}
	fprintf(to, "\tesac\n\tif [[ $cur == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W '");
	EACH_OPTION(tool, g, opt)
		fprintf(to, "--%s ", opt->name);
	fprintf(to,
		"' -- \"$cur\"))\n\telse\n\t\tCOMPREPLY=($(compgen -f -- "
		"\"$cur\"))\n\tfi\n"
		"}\ncomplete -o filenames -F _%s %s\n",
		tool->name, tool->name);
}

/* Help text inside single quotes; `special` characters get a backslash. */
static void quoted(FILE *to, const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'') {
			fputs("'\\''", to);
			continue;
		}
		if (strchr(special, *text))
			fputc('\\', to);
		fputc(*text, to);
	}
}

static void print_zsh(FILE *to, const struct tool *tool)
{
	fprintf(to, "#compdef %s\n_arguments \\\n", tool->name);
	EACH_OPTION(tool, g, opt) {
		fprintf(to, "\t'*--%s%s[", opt->name, takes_value(opt) ? "=" : "");
		quoted(to, opt->help, "[]:\\");
		fputc(']', to);
		if (takes_value(opt)) {
			fprintf(to, ":%s:", opt->arg);
			if (opt->choices) {
				fputc('(', to);
				for (int i = 0; opt->choices[i]; i++)
					fprintf(to, "%s%.*s", i ? " " : "",
						(int)strcspn(opt->choices[i], "|"),
						opt->choices[i]);
				fputc(')', to);
			} else {
				fputs("_files", to);
			}
		}
		fputs("' \\\n", to);
	}
	fprintf(to, "\t'*:input:_files'\n");
}

static void print_fish(FILE *to, const struct tool *tool)
{
	EACH_OPTION(tool, g, opt) {
		fprintf(to, "complete -c %s -l %s", tool->name, opt->name);
		if (opt->letter)
			fprintf(to, " -s %c", opt->letter);
		if (takes_value(opt))
			fputs(" -r", to);
		if (opt->choices) {
			fputs(" -f -a '", to);
			for (int i = 0; opt->choices[i]; i++)
				fprintf(to, "%s%.*s", i ? " " : "",
					(int)strcspn(opt->choices[i], "|"),
					opt->choices[i]);
			fputc('\'', to);
		}
		fputs(" -d '", to);
		quoted(to, opt->help, "\\");
		fputs("'\n", to);
	}
}

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
		{"bash", print_bash},
		{"zsh", print_zsh},
		{"fish", print_fish},
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
