/* SPDX-License-Identifier: Apache-2.0 */
#include "common/elsewhere.h"

#include <string.h>

static const struct {
	const char *names; /* pprof's, each between blanks, '-' for '_' */
	const char *instead;
} table[] = {
	{" top tree peek traces list tags comments ", "cpreport prints that report"},
	{" base diff-base normalize ", "cpdiff compares profiles"},
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
};

/* pprof's "top10" and its like: a report and how many rows of it. */
static const char *numbered(const char *name, size_t n)
{
	static const struct {
		const char *word, *instead;
	} words[] = {
		{"top", "cpreport top -n N prints N rows"},
		{"text", "cpreport top -n N prints N rows"},
		{"tree", "cpreport tree -n N prints N rows"},
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t length = strlen(words[i].word);

		if (n > length && !memcmp(name, words[i].word, length) &&
			strspn(name + length, "0123456789") >= n - length)
			return words[i].instead;
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
