/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings and notes: counted by kind, handed to the caller, and an error when strict. */
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

/* The place as people read it; lines are counted, other records have a kind, too. */
static void name_place(char *context, size_t size, const struct cpi_place *place)
{
	if (place->record && place->number != CP_NO_RECORD)
		snprintf(context, size, "%s%s %llu", place->record,
			strcmp(place->record, "line") ? " record" : "",
			(unsigned long long)place->number);
	else
		snprintf(context, size, "%s", place->section ? place->section : "");
}

static void deliver(struct cpi_diag *diag, enum cp_severity severity, const char *kind,
	const struct cpi_place *place, const char *context, const char *message)
{
	struct cp_diagnostic d = {
		.severity = severity,
		.kind = kind,
		.context = context,
		.message = message,
		.offset = place->offset,
		.source = place->source,
		.section = place->section,
		.record = place->record,
		.number = place->number,
	};

	if (diag->fn)
		diag->fn(&d, diag->arg);
}

static void keep_first(struct cpi_diag *diag, const struct cpi_place *place,
	const char *context, const char *message)
{
	struct cp_error *first = &diag->first;

	if (first->code)
		return;
	cpi_error(first, CP_ERROR_CORRUPT, place->offset, "%s", message);
	first->record = place->number;
	snprintf(first->context, sizeof first->context, "%s", context);
	cpi_error_place(first, place->source, place->section);
}

static void warn(struct cpi_diag *diag, const char *kind, const struct cpi_place *place,
	const char *context, const char *message)
{
	pthread_mutex_lock(&diag->lock);
	if (!diag->muted) {
		diag->total++;
		if (diag->strict)
			keep_first(diag, place, context, message);
		if (counted_new(diag, kind))
			deliver(diag, CP_WARNING, kind, place, context, message);
	}
	pthread_mutex_unlock(&diag->lock);
}

void cpi_diag_warn_list(struct cpi_diag *diag, const char *kind,
	const struct cpi_place *place, const char *format, va_list args)
{
	char message[256], context[64];

	vsnprintf(message, sizeof message, format, args);
	name_place(context, sizeof context, place);
	warn(diag, kind, place, context, message);
}

void cpi_diag_warn(struct cpi_diag *diag, const char *kind, const struct cpi_place *place,
	const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cpi_diag_warn_list(diag, kind, place, format, args);
	va_end(args);
}

void cpi_diag_damage(struct cpi_diag *diag, const char *kind, const struct cp_error *what)
{
	struct cpi_place place =
		cpi_place_at(what->source[0] ? what->source : NULL, what->offset);

	if (what->section[0])
		place.section = what->section;
	place.number = what->record;
	warn(diag, kind, &place, what->context, what->message);
}

void cpi_diag_note(struct cpi_diag *diag, const char *kind, const struct cpi_place *place,
	const char *format, ...)
{
	const struct cpi_place none = cpi_place_at(NULL, CP_NO_OFFSET);
	char message[256], context[64];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	place = place ? place : &none;
	name_place(context, sizeof context, place);
	pthread_mutex_lock(&diag->lock);
	if (!diag->muted && counted_new(diag, kind))
		deliver(diag, CP_NOTE, kind, place, context, message);
	pthread_mutex_unlock(&diag->lock);
}

void cpi_diag_flush(struct cpi_diag *diag)
{
	const struct cpi_place none = cpi_place_at(NULL, CP_NO_OFFSET);
	char message[96];

	pthread_mutex_lock(&diag->lock);
	for (unsigned i = 0; i < diag->n_rows; i++) {
		if (diag->row[i].n <= CPI_DIAG_SHOWN)
			continue;
		snprintf(message, sizeof message, "… and %llu more of the kind \"%s\"",
			(unsigned long long)(diag->row[i].n - CPI_DIAG_SHOWN),
			diag->row[i].kind);
		deliver(diag, CP_NOTE, diag->row[i].kind, &none, "", message);
	}
	diag->n_rows = 0;
	pthread_mutex_unlock(&diag->lock);
}

void cpi_diag_mute(struct cpi_diag *diag, bool mute)
{
	pthread_mutex_lock(&diag->lock);
	diag->muted += mute ? 1 : -1u;
	pthread_mutex_unlock(&diag->lock);
}

void cpi_diag_begin(struct cpi_diag *diag)
{
	if (!diag->depth++)
		diag->first.code = CP_OK;
}

enum cp_code cpi_diag_end(struct cpi_diag *diag, enum cp_code code, struct cp_error *err)
{
	if (--diag->depth || code || !diag->first.code)
		return code;
	if (err)
		*err = diag->first;
	return diag->first.code;
}
