/* SPDX-License-Identifier: Apache-2.0 */
/* note.c: a capture's own data as JSON. */
#include "fetch/note.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/ui.h"

/* Notes are shorter; a stranger's file of that name may be anything. */
enum { MAX_NOTE = 16 * 1024 };

void fetch_note_string(FILE *to, const char *text)
{
	if (!text) {
		fputs("null", to);
		return;
	}
	fputc('"', to);
	while (*text) {
		size_t n = ui_showable(text);

		if (!n) {
			fprintf(to, "\\u%04x", (unsigned char)*text);
			n = 1;
		} else {
			if (*text == '"' || *text == '\\')
				fputc('\\', to);
			fwrite(text, 1, n, to);
		}
		text += n;
	}
	fputc('"', to);
}

static void print_number(FILE *to, const char *name, double x, bool known)
{
	if (known)
		fprintf(to, "\"%s\": %.9g", name, x);
	else
		fprintf(to, "\"%s\": null", name);
}

static void print_time(FILE *to, int64_t nanos)
{
	time_t seconds = (time_t)(nanos / 1000000000);
	struct tm utc;
	char text[40];

	if (!gmtime_r(&seconds, &utc) ||
		!strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc))
		text[0] = 0;
	fprintf(to, "\"%s.%03dZ\"", text, (int)(nanos / 1000000 % 1000));
}

static const char *base(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

/* What one object says. */
struct note {
	const char *url, *host, *kind, *file, *named;
	const struct fetch_result *result;
	struct fetch_capture *const *parts; /* of a merged one */
	size_t n_parts;
};

static void print_parts(FILE *to, const struct note *n)
{
	fprintf(to, ", \"merged\": [");
	for (size_t i = 0; i < n->n_parts; i++) {
		fputs(i ? ", " : "", to);
		fetch_note_string(to, base(fetch_result(n->parts[i])->file));
	}
	fputc(']', to);
}

static void print(FILE *to, const struct note *n, const char *indent)
{
	const struct fetch_result *r = n->result;

	fprintf(to,
		"{\"schema\": \"libcp.capture\", \"version\": 1,\n%s \"url\": ", indent);
	fetch_note_string(to, n->url);
	fprintf(to, ",\n%s \"host\": ", indent);
	fetch_note_string(to, n->host);
	fprintf(to, ", \"kind\": ");
	fetch_note_string(to, strcmp(n->kind, "profile") ? n->kind : "cpu");
	fprintf(to, ",\n%s \"file\": ", indent);
	fetch_note_string(to, n->file);
	if (n->named) {
		fprintf(to, ", \"named\": ");
		fetch_note_string(to, n->named);
	}
	fprintf(to, ", \"bytes\": %" PRIu64 ",\n%s \"started\": ", r->bytes, indent);
	print_time(to, r->started);
	fprintf(to, ", ");
	print_number(to, "seconds_asked", r->asked, r->asked > 0);
	fprintf(to, ", ");
	print_number(to, "seconds_got", r->got, r->got > 0);
	fprintf(to, ",\n%s ", indent);
	print_number(to, "cpu_seconds", r->cpu, r->cpu >= 0);
	fprintf(to, ", ");
	print_number(to, "elapsed", r->elapsed, true);
	fprintf(to,
		", \"status\": %d, \"complete\": %s,\n%s \"reason\": \"%s\", "
		"\"sentence\": ",
		r->status, r->complete ? "true" : "false", indent,
		fetch_reason_code(r->reason));
	fetch_note_string(to, r->sentence);
	if (n->n_parts)
		print_parts(to, n);
	fputc('}', to);
}

void fetch_note_print(
	FILE *to, const struct fetch_capture *c, const char *file, const char *indent)
{
	const struct fetch_result *r = fetch_result(c);
	struct note note = {.url = fetch_shown(c),
		.host = fetch_host(c),
		.kind = fetch_kind(c),
		.file = file,
		.named = r->named && file && !strchr(file, '/') ? base(r->named)
								: r->named,
		.result = r};

	print(to, &note, indent);
}

/* PATH.json, with what `note` says. */
static bool write_beside(
	const char *path, const struct note *note, char *message, size_t size)
{
	char *text = NULL, *name = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);
	struct out out;
	bool ok = to && path && asprintf(&name, "%s.json", path) >= 0;

	snprintf(message, size, "out of memory");
	if (ok)
		print(to, note, "");
	if (to)
		ok = !fclose(to) && ok;
	ok = ok && out_open(&out, name, false, message, size);
	if (ok) {
		out_write(&out, text, n);
		out_write(&out, "\n", 1);
		ok = out_commit(&out, message, size);
	}
	free(name);
	free(text);
	return ok;
}

bool fetch_note_write(const struct fetch_capture *c, char *message, size_t size)
{
	const struct fetch_result *r = fetch_result(c);
	struct note note = {.url = fetch_shown(c),
		.host = fetch_host(c),
		.kind = fetch_kind(c),
		.file = base(r->file),
		.named = base(r->named),
		.result = r};

	return write_beside(r->file, &note, message, size);
}

/* The captures' hosts, each once; the caller frees it. */
static char *list_hosts(struct fetch_capture *const *parts, size_t n)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	for (size_t i = 0; to && i < n; i++) {
		size_t k = 0;

		while (k < i && strcmp(fetch_host(parts[k]), fetch_host(parts[i])))
			k++;
		if (k == i)
			fprintf(to, "%s%s", i ? ", " : "", fetch_host(parts[i]));
	}
	if (to && fclose(to)) {
		free(text);
		text = NULL;
	}
	return text;
}

/* The sum of what the captures are; NULL as URL when they are of several. */
static void add_up(struct fetch_capture *const *parts, size_t n, struct note *note,
	struct fetch_result *sum)
{
	int64_t end = 0;

	*sum = *fetch_result(parts[0]);
	sum->asked = sum->got = sum->cpu = 0;
	sum->reason = FETCH_OK;
	sum->sentence[0] = 0;
	for (size_t i = 0; i < n; i++) {
		const struct fetch_result *r = fetch_result(parts[i]);
		int64_t ended = r->started + (int64_t)(r->elapsed * 1e9);

		sum->asked += r->asked;
		sum->got += r->got;
		sum->cpu = r->cpu < 0 || sum->cpu < 0 ? -1 : sum->cpu + r->cpu;
		sum->started = r->started < sum->started ? r->started : sum->started;
		end = ended > end ? ended : end;
		if (note->url && strcmp(fetch_shown(parts[i]), note->url))
			note->url = NULL;
	}
	sum->elapsed = (double)(end - sum->started) / 1e9;
}

bool fetch_note_write_merged(const char *file, struct fetch_capture *const *parts,
	size_t n, char *message, size_t size)
{
	struct note note = {.url = fetch_shown(parts[0]),
		.kind = fetch_kind(parts[0]),
		.file = base(file),
		.parts = parts,
		.n_parts = n};
	struct fetch_result sum;
	char *hosts = list_hosts(parts, n);
	struct stat st;
	bool ok;

	add_up(parts, n, &note, &sum);
	sum.bytes = stat(file, &st) ? 0 : (uint64_t)st.st_size;
	note.host = hosts;
	note.result = &sum;
	snprintf(message, size, "out of memory");
	ok = hosts && write_beside(file, &note, message, size);
	free(hosts);
	return ok;
}

/* A pipe of that name would make us wait for ever. */
static FILE *open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *file = NULL;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		file = fdopen(fd, "r");
	if (fd >= 0 && !file)
		close(fd);
	return file;
}

/* The start of FILE.json, when it is one of ours; the caller frees it. */
static char *read_note(const char *file)
{
	static const char first[] = "{\"schema\": \"libcp.capture\"";
	char *name = NULL, *text = calloc(1, MAX_NOTE + 1);
	FILE *from = NULL;
	size_t n = 0;

	if (text && asprintf(&name, "%s.json", file) >= 0)
		from = open_regular(name);
	if (from) {
		n = fread(text, 1, MAX_NOTE, from);
		fclose(from);
	}
	free(name);
	if (n > sizeof first && !memcmp(text, first, sizeof first - 1))
		return text;
	free(text);
	return NULL;
}

bool fetch_note_read(const char *file, const char *name, char *buf, size_t size)
{
	char *text = read_note(file), key[40];
	const char *at;
	size_t n = 0;

	snprintf(key, sizeof key, "\"%s\": \"", name);
	at = text ? strstr(text, key) : NULL;
	if (at)
		at += strlen(key);
	for (; at && *at && *at != '"' && n + 1 < size; at++) {
		unsigned byte;

		if (*at == '\\' && sscanf(at, "\\u%4x", &byte) == 1) {
			buf[n++] = (char)byte;
			at += 5;
		} else {
			at += *at == '\\' && at[1];
			buf[n++] = *at;
		}
	}
	if (size)
		buf[n] = 0;
	free(text);
	return n;
}
