/* SPDX-License-Identifier: Apache-2.0 */
/* One table of what an input may cost; everything that lists limits walks it. */
#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"

static const struct row {
	struct cp_limit public;
	size_t at;
	bool wide;         /* 64 bits */
	uint64_t standard; /* 0: decided elsewhere */
} rows[] = {
#define WIDE(FIELD) offsetof(struct cp_limits, FIELD), true
#define NARROW(FIELD) offsetof(struct cp_limits, FIELD), false
	{{"memory", "bytes", "allocated at once", "3/4 of what there is"}, WIDE(memory), 0},
	{{"inflated", "bytes", "that all layers of one input may grow to", "64G"},
		WIDE(inflated), 64ULL << 30},
	{{"ratio", "times", "inflated to compressed, beyond the first 32 MiB", "1000"},
		NARROW(ratio), 1000},
	{{"stack-depth", "frames", "of one stack", "1M"}, NARROW(stack_depth), 1u << 20},
	{{"string-length", "bytes", "of one name", "16M"}, NARROW(string_length),
		16u << 20},
	{{"regex-steps", "steps", "of one expression on one name", "1000000"},
		NARROW(regex_steps), 1000000},
	{{"regex-total", "steps", "of one expression on all names", "20000000"},
		WIDE(regex_total), 20000000},
	{{"frames", "frames", "of all samples together", "grows with the profile"},
		WIDE(frames), 0},
	{{"output", "bytes", "written", "grows with the profile"}, WIDE(output), 0},
	{{"stream", "bytes", "taken from a pipe", "64G"}, WIDE(stream), 64ULL << 30},
	{{"demangled", "bytes", "of one demangled name", "grows with the name"},
		NARROW(demangled), 0},
	{{"seconds", "seconds", "from the start", "none"}, NARROW(seconds), 0},
};

enum { ROWS = sizeof rows / sizeof *rows };

const struct cp_limit *cp_limit_at(size_t i)
{
	return i < ROWS ? &rows[i].public : NULL;
}

static bool put(struct cp_limits *limits, const struct row *row, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;
	void *to = (char *)limits + row->at;

	if (!row->wide && value != narrow)
		return false;
	memcpy(to, row->wide ? (void *)&value : (void *)&narrow, row->wide ? 8 : 4);
	return true;
}

static bool is_set(const struct cp_limits *limits, const struct row *row)
{
	static const uint64_t zero;

	return memcmp((const char *)limits + row->at, &zero, row->wide ? 8 : 4) != 0;
}

enum cp_code cp_limits_set(
	struct cp_limits *limits, const char *name, uint64_t value, struct cp_error *err)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].public.name, name))
			continue;
		if (value && put(limits, &rows[i], value))
			return CP_OK;
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"the limit %s is from 1 to %s", name,
			rows[i].wide ? "2^64-1" : "2^32-1");
	}
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"there is no limit \"%.40s\" (--limit help lists them)", name);
}

uint64_t cpi_limits_machine(void)
{
	static const int kinds[] = {RLIMIT_AS, RLIMIT_DATA};
	uint64_t most = UINT64_MAX;
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	struct rlimit limit;

	if (pages > 0 && page > 0)
		most = (uint64_t)pages * (uint64_t)page;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!getrlimit(kinds[i], &limit) && limit.rlim_cur != RLIM_INFINITY &&
			limit.rlim_cur < most)
			most = limit.rlim_cur;
	return most / 4 * 3;
}

void cpi_limits_fill(struct cp_limits *limits)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].standard && !is_set(limits, &rows[i]))
			(void)put(limits, &rows[i], rows[i].standard);
	if (!limits->memory)
		limits->memory = cpi_limits_machine();
}

enum cp_code cpi_limit_error(struct cp_error *err, uint64_t offset, const char *name,
	const char *format, ...)
{
	char sentence[200];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof sentence, format, args);
	va_end(args);
	return cpi_error(
		err, CP_ERROR_LIMIT, offset, "%s (limit %s)", sentence, name);
}
