/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

void cpi_diag_init(struct cpi_diag *diag, cp_diagnostic_fn *fn, void *arg, bool strict)
{
	memset(diag, 0, sizeof *diag);
	diag->fn = fn;
	diag->arg = arg;
	diag->strict = strict;
	pthread_mutex_init(&diag->lock, NULL);
}

void cpi_diag_release(struct cpi_diag *diag)
{
	pthread_mutex_destroy(&diag->lock);
}

/* Counts one report; true when it is among the first of its kind. */
static bool counted_new(struct cpi_diag *diag, const char *kind)
{
	unsigned i;

	for (i = 0; i < diag->n_rows; i++)
		if (!strcmp(diag->row[i].kind, kind))
			return ++diag->row[i].n <= CPI_DIAG_SHOWN;
	if (i == CPI_DIAG_KINDS)
		return true;
	snprintf(diag->row[i].kind, sizeof diag->row[i].kind, "%s", kind);
	diag->row[i].n = 1;
	diag->n_rows++;
	return true;
}

static void deliver(struct cpi_diag *diag, enum cp_severity severity, const char *kind,
	const char *context, uint64_t offset, const char *message)
{
	struct cp_diagnostic d = {
		.severity = severity,
		.kind = kind,
		.context = context,
		.message = message,
		.offset = offset,
	};

	if (diag->fn)
		diag->fn(&d, diag->arg);
}

/* Cuts "NAME record NUMBER" off a message; returns what follows it. */
static const char *split_context(char *message, char *context, size_t size)
{
	size_t n = strcspn(message, " "), digits;

	context[0] = 0;
	if (!n || strncmp(message + n, " record ", 8))
		return message;
	n += 8;
	digits = strspn(message + n, "0123456789");
	n += digits;
	if (!digits || strncmp(message + n, ": ", 2) || n >= size)
		return message;
	memcpy(context, message, n);
	context[n] = 0;
	return message + n + 2;
}

enum cp_code cpi_diag_warn(struct cpi_diag *diag, struct cp_error *err, const char *kind,
	uint64_t offset, const char *format, ...)
{
	char message[256], context[sizeof err->context];
	const char *sentence;
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	sentence = split_context(message, context, sizeof context);
	if (diag->strict) {
		enum cp_code code =
			cpi_error(err, CP_ERROR_CORRUPT, offset, "%s", sentence);

		if (context[0])
			cpi_error_context(err, "%s", context);
		return code;
	}
	pthread_mutex_lock(&diag->lock);
	diag->total++;
	if (counted_new(diag, kind))
		deliver(diag, CP_WARNING, kind, context, offset, sentence);
	pthread_mutex_unlock(&diag->lock);
	return CP_OK;
}

void cpi_diag_note(struct cpi_diag *diag, const char *kind, const char *format, ...)
{
	char message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	pthread_mutex_lock(&diag->lock);
	if (counted_new(diag, kind))
		deliver(diag, CP_NOTE, kind, "", CP_NO_OFFSET, message);
	pthread_mutex_unlock(&diag->lock);
}

void cpi_diag_flush(struct cpi_diag *diag)
{
	char message[96];

	pthread_mutex_lock(&diag->lock);
	for (unsigned i = 0; i < diag->n_rows; i++) {
		if (diag->row[i].n <= CPI_DIAG_SHOWN)
			continue;
		snprintf(message, sizeof message, "… and %llu more of the kind \"%s\"",
			(unsigned long long)(diag->row[i].n - CPI_DIAG_SHOWN),
			diag->row[i].kind);
		deliver(diag, CP_NOTE, diag->row[i].kind, "", CP_NO_OFFSET, message);
	}
	diag->n_rows = 0;
	pthread_mutex_unlock(&diag->lock);
}
