/* SPDX-License-Identifier: Apache-2.0 */
/* Options that other tools have, for those who try them here. */
#include "common/elsewhere.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *names; /* pprof's, each between blanks, '-' for '_' */
	const char *instead;
} table[] = {
	{" help ", "--help lists what there is"},
	{" top text tree peek traces list tags comments ", "cpreport prints that report"},
	{" base diff-base normalize diff ", "cpdiff compares profiles"},
	{" http no-browser ", "cpweb shows profiles in the browser"},
	{" web eog evince gv ",
		"nothing is opened; cpflame writes a picture or a page, cpweb serves pages"},
	{" gif pdf png ps ",
		"cpreport graph and cpflame draw SVG, cpconv --to dot feeds Graphviz"},
	{" kcachegrind ", "cpconv --to callgrind writes what KCachegrind opens"},
	{" weblist ", "cpreport source shows lines with their cost"},
	{" disasm intel-syntax ", "cpreport disasm shows instructions with their cost"},
	{" call-tree ", "cpflame draws call trees"},
	{" topproto ", "cpconv --to pprof writes profiles"},
	{" add-comment ", "cpmerge --label KEY=VALUE labels samples"},
	{" buildid ", "--force-build-id uses a file whose build id differs"},
	{" seconds timeout tls-ca tls-cert tls-key ",
		"cpget takes profiles from services, and prints the name of the file"},
	{" tools ", "no other programs are run"},
	{" interactive ",
		"commands are words of cpreport (cpreport top FILE, cpreport peek REGEX "
		"FILE); cpweb serves pages"},
	{" annotate ", "cpreport list REGEX FILE shows source with its cost"},
	{" report ", "cpreport FILE prints what perf report does"},
	{" script ", "cpconv FILE --to folded prints stacks, --to raw all of a profile"},
	{" record stat ", "perf records, and cpdiff record by turns; these tools read captures"},
	{" sched timehist ", "cpreport waits FILE shows who waited, and for whom"},
	{" buildid-list evlist ", "cpinfo FILE shows events, and images with their build ids"},
	{" flame flamegraph flame-graph ", "cpflame FILE -o flame.svg draws it"},
	{" svg graph ", "cpreport graph FILE -o graph.svg draws calls, cpflame flame graphs"},
	{" dot ", "cpconv FILE --to dot writes it"},
	{" proto ", "cpconv FILE --to pprof -o FILE.pb.gz writes it"},
	{" raw ", "cpreport raw FILE prints it"},
	{" callgrind ", "cpconv FILE --to callgrind writes it"},
	{" merge ", "cpmerge FILE... merges"},
	{" stdio stdio2 tui gtk browser ", "cpreport prints text, cpweb serves pages"},
	{" children no-children ",
		"cpreport shows both columns, --cum sorts by a function with what it calls"},
	{" call-graph ", "cpreport tree FILE and peek REGEX FILE print callers and callees"},
	{" fields ", "cpreport --sort KEY,... groups"},
	{" options ", "--help lists them"},
	{" quit exit ", "each command is a run of its own"},
};

/* pprof's "top10" and its like: a report and how many rows of it. */
static const char *numbered(const char *name, size_t n)
{
	static const char *const words[][2] = {
		{"top", "top"}, {"text", "top"}, {"tree", "tree"}, {"peek", "peek REGEX"}};
	static char text[64];

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t length = strlen(words[i][0]), digits = n - length;

		if (n <= length || digits > 9 || memcmp(name, words[i][0], length) ||
			strspn(name + length, "0123456789") < digits)
			continue;
		snprintf(text, sizeof text, "cpreport %s -n %.*s FILE prints that",
			words[i][1], (int)digits, name + length);
		return text;
	}
	return NULL;
}

const char *opt_elsewhere(const char *name, size_t n)
{
	char word[32] = " ";

	if (!n || n > sizeof word - 3)
		return NULL;
	for (size_t i = 0; i < n; i++)
		word[1 + i] = name[i] == '_' ? '-' : name[i];
	word[1 + n] = ' ';
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strstr(table[i].names, word))
			return table[i].instead;
	return numbered(name, n);
}
