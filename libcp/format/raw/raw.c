/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of pprof's -raw, time in UTC, with columns as pprof prints them since 2023
 * (name file:line:column s=start). For people and for comparing profiles.
 */
#include <stdio.h>
#include <time.h>

#include "base/sort.h"
#include "format/format.h"

struct span {
	size_t at, n; /* in `text` */
};

struct writer {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cpi_sink *out;
	struct cpi_sink text; /* the labels of one sample */
	CPI_VEC(struct span) span;
	CPI_VEC(uint32_t) order;
	/* the profile has none, and all its locations are shown in one */
	bool one_mapping;
};

/*
 * A name cannot begin a line of its own, nor speak to a terminal; bytes that are no UTF-8
 * stay, as pprof prints them.
 */
static void put(struct cpi_sink *out, struct cp_text text)
{
	uint32_t rune;
	unsigned used;

	for (size_t i = 0; i < text.n; i += used) {
		struct cp_text piece = {text.p + i, 0};

		used = cpi_utf8_decode(piece.p, text.n - i, &rune);
		piece.n = used;
		if (rune == CPI_RUNE_BAD && used == 1)
			cpi_sink_char(out, *piece.p);
		else
			cpi_text_escape(out, piece);
	}
}

static void string(struct writer *w, cp_string id)
{
	put(w->out, cpi_profile_text(w->p, id));
}

/* As %*d; `decimals` digits of the number stand behind a point, which pprof never has. */
static void padded(struct cpi_sink *out, int64_t x, unsigned decimals, unsigned width)
{
	char digits[48];
	uint64_t abs = x < 0 ? 0 - (uint64_t)x : (uint64_t)x, unit = 1;
	int n;

	for (unsigned i = 0; i < decimals; i++)
		unit *= 10;
	n = snprintf(digits, sizeof digits, "%s%llu", x < 0 ? "-" : "",
		(unsigned long long)(abs / unit));
	if (decimals)
		n += snprintf(digits + n, sizeof digits - (size_t)n, ".%0*llu",
			(int)decimals, (unsigned long long)(abs % unit));
	if ((unsigned)n < width)
		cpi_sink_pad(out, ' ', width - (unsigned)n);
	cpi_sink_bytes(out, digits, (size_t)n);
}

/*
 * "2006-01-02 15:04:05.999999999 +0000 UTC", zeros at the end of the fraction left
 * out.
 */
static void time_line(struct cpi_sink *out, int64_t nanos)
{
	int64_t seconds = nanos / 1000000000, rest = nanos % 1000000000;
	struct tm tm;
	time_t t;

	if (rest < 0) {
		rest += 1000000000;
		seconds--;
	}
	t = (time_t)seconds;
	if (!gmtime_r(&t, &tm))
		return;
	cpi_sink_printf(out, "Time: %04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (rest) {
		int digits = 9;

		for (; rest % 10 == 0; rest /= 10)
			digits--;
		cpi_sink_printf(out, ".%0*lld", digits, (long long)rest);
	}
	cpi_sink_str(out, " +0000 UTC\n");
}

/* x / unit with its exact fraction. */
static int fraction(char *buf, size_t size, uint64_t x, uint64_t unit, const char *suffix)
{
	uint64_t whole = x / unit, rest = x % unit;
	int digits = 0;

	for (uint64_t u = unit; u > 1; u /= 10)
		digits++;
	for (; rest && rest % 10 == 0; rest /= 10)
		digits--;
	if (!rest)
		return snprintf(buf, size, "%llu%s", (unsigned long long)whole, suffix);
	return snprintf(buf, size, "%llu.%0*llu%s", (unsigned long long)whole, digits,
		(unsigned long long)rest, suffix);
}

/* A duration as Go prints it ("4h35m7.5s"), cut to four characters as pprof cuts it. */
static void duration_line(struct cpi_sink *out, int64_t nanos)
{
	char text[64];
	uint64_t x = nanos < 0 ? 0 - (uint64_t)nanos : (uint64_t)nanos;
	uint64_t minutes = x / 60000000000;
	size_t at = 0, end = 0;

	if (nanos < 0)
		text[at++] = '-';
	if (x < 1000) {
		fraction(text + at, sizeof text - at, x, 1, "ns");
	} else if (x < 1000000) {
		fraction(text + at, sizeof text - at, x, 1000, "\u00b5s");
	} else if (x < 1000000000) {
		fraction(text + at, sizeof text - at, x, 1000000, "ms");
	} else {
		if (minutes >= 60)
			at += (size_t)snprintf(text + at, sizeof text - at, "%lluh",
				(unsigned long long)(minutes / 60));
		if (minutes)
			at += (size_t)snprintf(text + at, sizeof text - at, "%llum",
				(unsigned long long)(minutes % 60));
		fraction(text + at, sizeof text - at, x % 60000000000, 1000000000, "s");
	}
	for (unsigned runes = 0; text[end] && runes < 4; runes++)
		while (text[++end] && ((uint8_t)text[end] & 0xc0) == 0x80)
			;
	cpi_sink_str(out, "Duration: ");
	cpi_sink_bytes(out, text, end);
	cpi_sink_char(out, '\n');
}

static void header(struct writer *w)
{
	const struct cp_profile_header *h = &w->p->header;

	for (size_t i = 0; i < w->p->comment.n; i++) {
		cpi_sink_str(w->out, "Comment: ");
		string(w, w->p->comment.v[i]);
		cpi_sink_char(w->out, '\n');
	}
	if (h->doc_url.i) {
		cpi_sink_str(w->out, "Doc: ");
		string(w, h->doc_url);
		cpi_sink_char(w->out, '\n');
	}
	cpi_sink_str(w->out, "PeriodType: ");
	string(w, h->period_type.type);
	cpi_sink_char(w->out, ' ');
	string(w, h->period_type.unit);
	cpi_sink_str(w->out, "\nPeriod: ");
	cpi_sink_i64(w->out, h->period);
	cpi_sink_char(w->out, '\n');
	if (h->time_nanos)
		time_line(w->out, h->time_nanos);
	if (h->duration_nanos)
		duration_line(w->out, h->duration_nanos);
}

static void types(struct writer *w)
{
	cp_string dflt = w->p->header.default_sample_type;

	cpi_sink_str(w->out, "Samples:\n");
	for (size_t i = 0; i < w->p->sample_type.n; i++) {
		const struct cp_value_type *type = &w->p->sample_type.v[i];

		if (i)
			cpi_sink_char(w->out, ' ');
		string(w, type->type);
		cpi_sink_char(w->out, '/');
		string(w, type->unit);
		if (type->type.i == dflt.i)
			cpi_sink_str(w->out, "[dflt]");
	}
	cpi_sink_char(w->out, '\n');
}

/* "key:[v v]" of n labels with one key; units only when one of them has one. */
static void label_group(struct writer *w, const struct cp_label *label, uint32_t n)
{
	struct cpi_sink *s = &w->text;
	bool units = false;

	for (uint32_t i = 0; i < n; i++)
		units |= label[i].unit.i != 0;
	put(s, cpi_profile_text(w->p, label->key));
	cpi_sink_str(s, ":[");
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			cpi_sink_char(s, ' ');
		if (cpi_label_is_string(&label[i])) {
			put(s, cpi_profile_text(w->p, label[i].str));
			continue;
		}
		cpi_sink_i64(s, label[i].num);
		if (units) {
			cpi_sink_char(s, ' ');
			put(s, cpi_profile_text(w->p, label[i].unit));
		}
	}
	cpi_sink_char(s, ']');
}

static int group_order(void *arg, uint32_t a, uint32_t b)
{
	const struct writer *w = arg;
	const char *text = (const char *)w->text.buf;

	return cpi_text_compare((struct cp_text){text + w->span.v[a].at, w->span.v[a].n},
		(struct cp_text){text + w->span.v[b].at, w->span.v[b].n});
}

/* One line of labels: the groups sorted as text, which is not always by key. */
static bool label_line(struct writer *w, const struct cp_label *label, uint32_t n)
{
	struct cpi_mem *mem = &w->env->mem;

	w->text.n = w->span.n = w->order.n = 0;
	for (uint32_t i = 0, run; i < n; i += run) {
		struct span span = {.at = w->text.n};

		for (run = 1; i + run < n && label[i + run].key.i == label[i].key.i;)
			run++;
		label_group(w, label + i, run);
		span.n = w->text.n - span.at;
		if (!cpi_vec_push(mem, &w->order, (uint32_t)w->span.n) ||
			!cpi_vec_push(mem, &w->span, span))
			return false;
	}
	if (w->text.code || !cpi_sort_rows(mem, w->order.v, w->order.n, group_order, w))
		return false;
	cpi_sink_pad(w->out, ' ', 15);
	for (size_t i = 0; i < w->order.n; i++) {
		const struct span *span = &w->span.v[w->order.v[i]];

		cpi_sink_char(w->out, ' ');
		cpi_sink_bytes(w->out, w->text.buf + span->at, span->n);
	}
	cpi_sink_char(w->out, '\n');
	return true;
}

static bool sample(struct writer *w, uint32_t i)
{
	const struct cp_profile *p = w->p;
	uint32_t n, strings = 0;
	const cp_location *frame = cpi_profile_frames(p, p->sample_stack.v[i], &n);
	const struct cp_label *label;

	for (size_t v = 0; v < p->sample_type.n; v++) {
		cpi_sink_char(w->out, ' ');
		padded(w->out, p->value.v[(size_t)i * p->sample_type.n + v],
			p->sample_type.v[v].decimals, 10);
	}
	cpi_sink_str(w->out, ": ");
	for (uint32_t f = 0; f < n; f++) {
		cpi_sink_u64(w->out, frame[f].i);
		cpi_sink_char(w->out, ' ');
	}
	cpi_sink_char(w->out, '\n');
	label = cpi_profile_label_set(p, p->sample_labels.v[i], &n);
	while (strings < n && cpi_label_is_string(&label[strings]))
		strings++;
	return (!strings || label_line(w, label, strings)) &&
		(strings == n || label_line(w, label + strings, n - strings));
}

static void line(struct writer *w, const struct cp_line_row *row)
{
	const struct cp_function_row *f = &w->p->function.v[row->function.i];

	if (!row->function.i) {
		cpi_sink_str(w->out, "??\n");
		return;
	}
	string(w, f->name);
	cpi_sink_char(w->out, ' ');
	string(w, f->file);
	cpi_sink_printf(w->out, ":%lld:%lld s=%lld", (long long)row->line,
		(long long)row->column, (long long)f->start_line);
	if (f->system_name.i != f->name.i) {
		cpi_sink_char(w->out, '(');
		string(w, f->system_name);
		cpi_sink_char(w->out, ')');
	}
	cpi_sink_char(w->out, '\n');
}

static void locations(struct writer *w)
{
	cpi_sink_str(w->out, "Locations\n");
	for (size_t i = 1; i < w->p->location.n; i++) {
		const struct cp_location_row *row = &w->p->location.v[i];

		padded(w->out, (int64_t)i, 0, 6);
		cpi_sink_str(w->out, ": 0x");
		cpi_sink_hex(w->out, row->address, 1);
		cpi_sink_char(w->out, ' ');
		if (row->mapping.i || w->one_mapping)
			cpi_sink_printf(
				w->out, "M=%u ", w->one_mapping ? 1 : row->mapping.i);
		if (row->folded)
			cpi_sink_str(w->out, "[F] ");
		if (!row->n_lines)
			cpi_sink_char(w->out, '\n');
		for (uint32_t at = 0; at < row->n_lines; at++) {
			if (at)
				cpi_sink_pad(w->out, ' ', 13);
			line(w, &w->p->line.v[row->first_line + at]);
		}
	}
}

static void mappings(struct writer *w)
{
	static const char *const has[] = {"[FN]", "[FL]", "[LN]", "[IN]"};

	cpi_sink_str(w->out, "Mappings\n");
	if (w->one_mapping)
		cpi_sink_str(w->out, "1: 0x0/0x0/0x0   \n");
	for (size_t i = 1; i < w->p->mapping.n; i++) {
		const struct cp_mapping_row *row = &w->p->mapping.v[i];

		cpi_sink_printf(w->out, "%zu: 0x%llx/0x%llx/0x%llx ", i,
			(unsigned long long)row->start, (unsigned long long)row->limit,
			(unsigned long long)row->offset);
		string(w, row->path);
		cpi_sink_char(w->out, ' ');
		string(w, row->build_id);
		cpi_sink_char(w->out, ' ');
		for (unsigned bit = 0; bit < 4; bit++)
			if (row->has & 1 << bit)
				cpi_sink_str(w->out, has[bit]);
		cpi_sink_char(w->out, '\n');
	}
}

static enum cp_code raw_write(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	struct writer w = {.env = env, .p = p, .out = sink,
		.one_mapping = options && options->one_mapping && p->mapping.n == 1};
	bool fine = true;

	cpi_sink_memory(&w.text, &env->mem);
	header(&w);
	types(&w);
	for (uint32_t i = 0; i < cpi_profile_n_samples(p) && fine; i++)
		fine = sample(&w, i);
	locations(&w);
	mappings(&w);
	cpi_vec_release(&env->mem, &w.order);
	cpi_vec_release(&env->mem, &w.span);
	cpi_sink_release(&w.text);
	if (!fine)
		return cpi_error_memory(err);
	if (sink->code && err)
		*err = sink->error;
	return sink->code;
}

const struct cpi_format cpi_format_raw = {
	.public = {
		.name = "raw",
		.description = "the text of pprof -raw, in UTC",
		.extensions = ".raw",
		.losses = "not meant to be read back",
		.writes = true,
	},
	.write = raw_write,
};
