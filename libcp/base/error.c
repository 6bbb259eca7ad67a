/* SPDX-License-Identifier: Apache-2.0 */
/* Filling in errors: code, place, sentence. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum cp_code cpi_error(struct cp_error *err, enum cp_code code, uint64_t offset,
	const char *format, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	err->offset = offset;
	err->record = CP_NO_RECORD;
	err->context[0] = 0;
	err->source[0] = 0;
	err->section[0] = 0;
	va_start(args, format);
	vsnprintf(err->message, sizeof err->message, format, args);
	va_end(args);
	return code;
}

void cpi_error_context(struct cp_error *err, const char *format, ...)
{
	va_list args;

	if (!err || err->context[0])
		return;
	va_start(args, format);
	vsnprintf(err->context, sizeof err->context, format, args);
	va_end(args);
}

void cpi_error_record(struct cp_error *err, uint64_t record)
{
	if (err && err->record == CP_NO_RECORD)
		err->record = record;
}

/* The end of a path tells more than its beginning. */
static void keep_end(char *buf, size_t size, const char *path)
{
	size_t n = strlen(path);

	if (n < size)
		memcpy(buf, path, n + 1);
	else
		snprintf(buf, size, "…%s", path + n - (size - sizeof "…"));
}

void cpi_error_place(struct cp_error *err, const char *source, const char *section)
{
	if (!err)
		return;
	if (source)
		keep_end(err->source, sizeof err->source, source);
	if (section)
		snprintf(err->section, sizeof err->section, "%s", section);
	if (section && !err->context[0])
		snprintf(err->context, sizeof err->context, "%s", section);
}

enum cp_code cpi_error_memory(struct cp_error *err)
{
	return cpi_error(err, CP_ERROR_MEMORY, CP_NO_OFFSET, "out of memory");
}

enum cp_code cpi_error_system(struct cp_error *err, const char *what, const char *path)
{
	int saved = errno;

	if (path)
		return cpi_error(err, CP_ERROR_SYSTEM, CP_NO_OFFSET, "cannot %s %s: %s",
			what, path, strerror(saved));
	return cpi_error(err, CP_ERROR_SYSTEM, CP_NO_OFFSET, "cannot %s: %s", what,
		strerror(saved));
}

int cp_error_format(const struct cp_error *err, char *buf, unsigned long size)
{
	char place[48] = "";

	if (err->offset != CP_NO_OFFSET)
		snprintf(place, sizeof place, "%sat byte 0x%llx",
			err->context[0] ? " " : "", (unsigned long long)err->offset);
	return snprintf(buf, size, "%s%s%s%s", err->context, place,
		err->context[0] || place[0] ? ": " : "", err->message);
}

const char *cp_code_name(enum cp_code code)
{
	static const char *const name[] = {
		[CP_OK] = "ok",
		[CP_ERROR_FORMAT] = "wrong format",
		[CP_ERROR_LIMIT] = "limit",
		[CP_ERROR_TRUNCATED] = "truncated",
		[CP_ERROR_CORRUPT] = "corrupt",
		[CP_ERROR_UNSUPPORTED] = "unsupported",
		[CP_ERROR_ARGUMENT] = "argument",
		[CP_ERROR_SYSTEM] = "system",
		[CP_ERROR_MEMORY] = "memory",
		[CP_ERROR_CANCELLED] = "cancelled",
		[CP_ERROR_EMPTY] = "empty",
		[CP_ERROR_CHANGED] = "changed",
	};

	if ((unsigned)code >= sizeof name / sizeof *name)
		return "unknown";
	return name[code];
}
