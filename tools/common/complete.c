/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion scripts for bash, zsh and fish. What may follow an option is seen in its
 * row: its choices, or files, folders or nothing by the word for its value. File names
 * are always left to the shell's own completion, which alone quotes blanks rightly.
 */
#include "common/complete.h"

#include <string.h>

enum value { VALUE_NONE, VALUE_WORDS, VALUE_FILE, VALUE_FOLDER, VALUE_ANY };

#define EACH_OPTION(TOOL, G, OPT)                                                        \
	for (const struct opt_group *G = (TOOL)->groups; G->title; G++)                  \
		for (const struct opt *OPT = G->rows; OPT->kind; OPT++)                  \
			if (OPT->help)

static bool is_to(const struct opt *opt)
{
	return !strcmp(opt->name, "to");
}

/* What has to follow; VALUE_ANY is free text, with which no shell can help. */
static enum value value_of(const struct opt *opt)
{
	if (opt->kind == OPT_KIND_FLAG || opt->kind == OPT_KIND_REST || !opt->arg)
		return VALUE_NONE;
	if (opt->choices || is_to(opt))
		return VALUE_WORDS;
	if (strstr(opt->arg, "DIR") || strstr(opt->arg, "FOLDER"))
		return VALUE_FOLDER;
	if (strstr(opt->arg, "FILE") || strstr(opt->arg, "PATH"))
		return VALUE_FILE;
	return VALUE_ANY;
}

/* --NAME=VALUE, or no value at all: the next word is something else. */
static bool is_optional(const struct opt *opt)
{
	return opt->kind == OPT_KIND_MAYBE;
}

static void print_formats(FILE *to, const struct tool *tool)
{
	const struct cp_format *format;
	const char *gap = "";

	if (tool->formats) {
		fputs(tool->formats, to);
		return;
	}
	for (size_t i = 0; (format = cp_format_at(i)); i++)
		if (format->writes) {
			fprintf(to, "%s%s", gap, format->name);
			gap = " ";
		}
}

/* The first of each choice's names, with blanks between them. */
static void print_words(FILE *to, const struct tool *tool, const struct opt *opt)
{
	if (!opt->choices) {
		print_formats(to, tool);
		return;
	}
	for (int i = 0; opt->choices[i]; i++)
		fprintf(to, "%s%.*s", i ? " " : "", (int)strcspn(opt->choices[i], "|"),
			opt->choices[i]);
}

/*
 * After `complete -o default` an empty answer means file names; compopt turns that into
 * folders, or nothing. Words end the search when one fits.
 */
static void bash_value(FILE *to, const struct tool *tool, const struct opt *opt)
{
	enum value value = value_of(opt);

	if (value == VALUE_NONE)
		return;
	/* Of an optional value only what stands behind '=' is one. */
	fprintf(to, "\t=--%s", opt->name);
	if (!is_optional(opt))
		fprintf(to, "|--%s", opt->name);
	if (opt->letter)
		fprintf(to, "|-%c", opt->letter);
	fputs(")\n", to);
	if (value == VALUE_WORDS) {
		fputs("\t\tcompopt +o default\n\t\tCOMPREPLY=($(compgen -P \"$before\" "
		      "-W '",
			to);
		print_words(to, tool, opt);
		fputs("' -- \"$cur\"))\n", to);
	} else if (value == VALUE_FOLDER) {
		fputs("\t\tcompopt +o default -o dirnames\n", to);
	} else if (value == VALUE_ANY) {
		fputs("\t\tcompopt +o default\n", to);
	}
	fputs("\t\treturn;;\n", to);
}

/*
 * In readline '=' stands between words: --to=svg is three of them. Where a user made it
 * an ordinary letter, it is one.
 */
static const char bash_head[] =
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} before=\n"
	"\tlocal IFS=$' \\t\\n'\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $cur == = ]]; then\n"
	"\t\tprev==$prev cur=\n"
	"\telif [[ $prev == = && $COMP_CWORD -gt 2 ]]; then\n"
	"\t\tprev==${COMP_WORDS[COMP_CWORD-2]}\n"
	"\telif [[ $cur == --*=* ]]; then\n"
	"\t\tprev==${cur%%=*} before=${cur%%=*}= cur=${cur#*=}\n"
	"\tfi\n"
	"\tcase $prev in\n";

/* Where the first operand may be a report's name, file names stand beside those. */
static void bash_operands(FILE *to, const struct tool *tool)
{
	if (!tool->reports)
		return;
	fprintf(to,
		"\telif [[ $COMP_CWORD -eq 1 && $cur != *[\\\\\\'\\\"~\\$]* ]]; then\n"
		"\t\tcompopt -o filenames\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\"; "
		"compgen -f -- \"$cur\")\n",
		tool->reports);
}

void complete_bash(FILE *to, const struct tool *tool)
{
	fprintf(to, "_%s()\n%s", tool->name, bash_head);
	EACH_OPTION (tool, g, opt)
		bash_value(to, tool, opt);
	fputs("\tesac\n\tif [[ $cur == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W '", to);
	EACH_OPTION (tool, g, opt)
		fprintf(to, "--%s ", opt->name);
	fputs("' -- \"$cur\"))\n", to);
	bash_operands(to, tool);
	fprintf(to, "\tfi\n}\ncomplete -o default -F _%s %s\n", tool->name, tool->name);
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

/* "[help]:ARG:action" and the end of the quoted specification. */
static void zsh_rest(FILE *to, const struct tool *tool, const struct opt *opt)
{
	enum value value = value_of(opt);

	fputc('[', to);
	quoted(to, opt->help, "[]:\\");
	fputc(']', to);
	if (value != VALUE_NONE) {
		fputs(is_optional(opt) ? "::" : ":", to);
		quoted(to, opt->arg, "[]:\\");
		fputc(':', to);
	}
	if (value == VALUE_WORDS) {
		fputc('(', to);
		print_words(to, tool, opt);
		fputc(')', to);
	} else if (value == VALUE_FILE) {
		fputs("_files", to);
	} else if (value == VALUE_FOLDER) {
		fputs("_path_files -/", to);
	} else if (value == VALUE_ANY) {
		fputc(' ', to);
	}
	fputs("' \\\n", to);
}

void complete_zsh(FILE *to, const struct tool *tool)
{
	fprintf(to, "#compdef %s\n", tool->name);
	if (tool->reports)
		fprintf(to,
			"_%s_first()\n{\n\t_alternative 'reports:report:(%s)' "
			"'inputs:input:_files'\n}\n",
			tool->name, tool->reports);
	fputs("_arguments \\\n", to);
	EACH_OPTION (tool, g, opt) {
		bool takes = value_of(opt) != VALUE_NONE;

		if (opt->letter) {
			fprintf(to, "\t'*-%c%s", opt->letter, takes ? "+" : "");
			zsh_rest(to, tool, opt);
		}
		/* "=-": the value stands behind '=' or not at all. */
		fprintf(to, "\t'*--%s%s", opt->name,
			!takes             ? ""
			: is_optional(opt) ? "=-"
					   : "=");
		zsh_rest(to, tool, opt);
	}
	if (tool->reports)
		fprintf(to, "\t'1:report or input:_%s_first' \\\n", tool->name);
	fputs("\t'*:input:_files'\n", to);
}

static void fish_value(FILE *to, const struct tool *tool, const struct opt *opt)
{
	enum value value = value_of(opt);

	/* fish has no optional values that only follow '='. */
	if (value == VALUE_NONE || is_optional(opt))
		return;
	if (value == VALUE_FILE) {
		fputs(" -r -F", to);
		return;
	}
	fputs(" -x", to);
	if (value == VALUE_FOLDER) {
		fputs(" -a '(__fish_complete_directories (commandline -ct) \"\")'", to);
	} else if (value == VALUE_WORDS) {
		fputs(" -a '", to);
		print_words(to, tool, opt);
		fputc('\'', to);
	}
}

void complete_fish(FILE *to, const struct tool *tool)
{
	if (tool->reports)
		fprintf(to, "complete -c %s -n __fish_is_first_token -a '%s' -d report\n",
			tool->name, tool->reports);
	EACH_OPTION (tool, g, opt) {
		fprintf(to, "complete -c %s -l %s", tool->name, opt->name);
		if (opt->letter)
			fprintf(to, " -s %c", opt->letter);
		fish_value(to, tool, opt);
		fputs(" -d '", to);
		quoted(to, opt->help, "\\");
		fputs("'\n", to);
	}
}
