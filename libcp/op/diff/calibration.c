/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What captures of one program say of its noise: made from a diff of the program with
 * itself, kept as lines of text that a repository can hold.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "op/diff/defaults.h"
#include "op/diff/diff.h"

static const char magic[] = "cpdiff calibration 1";

/* Names of a file are limited: a row of a profile that matters has 0.5 % of it. */
enum { MOST_NAMES = 100000 };

void cpi_diff_calibration_find(const struct cp_diff_calibration *known,
	struct cp_text name, struct cpi_noise *ret_flat, struct cpi_noise *ret_cum)
{
	struct cpi_probe probe = cpi_index_find(&known->index, cpi_hash(name.p, name.n));

	for (uint32_t id; (id = cpi_index_next(&known->index, &probe));)
		if (cpi_text_equal(known->name.v[id - 1], name)) {
			*ret_flat = known->own.v[2 * (id - 1)];
			*ret_cum = known->own.v[2 * (id - 1) + 1];
			return;
		}
}

static struct cp_diff_calibration *empty(struct cpi_env *env)
{
	struct cp_diff_calibration *known = cpi_alloc_zero(&env->mem, sizeof *known);

	if (!known)
		return NULL;
	known->env = env;
	cpi_arena_init(&known->bytes, &env->mem);
	return known;
}

void cp_diff_calibration_free(struct cp_diff_calibration *known)
{
	struct cpi_mem *mem;

	if (!known)
		return;
	mem = &known->env->mem;
	cpi_vec_release(mem, &known->name);
	cpi_vec_release(mem, &known->own);
	cpi_index_release(mem, &known->index);
	cpi_arena_release(&known->bytes);
	cpi_free(mem, known, sizeof *known);
}

static bool text_copy(
	struct cp_diff_calibration *known, struct cp_text from, struct cp_text *ret)
{
	char *copy = cpi_arena_copy(&known->bytes, from.p, from.n);

	*ret = (struct cp_text){copy, from.n};
	return copy != NULL;
}

static bool add(struct cp_diff_calibration *known, struct cp_text name,
	struct cpi_noise flat, struct cpi_noise cum)
{
	struct cpi_mem *mem = &known->env->mem;
	struct cp_text copy;

	return text_copy(known, name, &copy) && cpi_vec_push(mem, &known->name, copy) &&
	       cpi_vec_push(mem, &known->own, flat) &&
	       cpi_vec_push(mem, &known->own, cum) &&
	       cpi_index_add(mem, &known->index, cpi_hash(name.p, name.n),
		       (uint32_t)known->name.n);
}

/*
 * What a row varies from capture to capture beyond sampling: the variance of its ratio's
 * logarithm, divided by what as many captures make of one's.
 */
static struct cpi_noise noise_of(
	const struct cp_diff_summary *s, const struct cp_diff_value *v)
{
	double d = (double)(s->n_before + s->n_after) - 2;
	double runs = 1 / (double)s->n_before + 1 / (double)s->n_after, beyond;

	if (!(v->samples_before > 0) || !(v->samples_after > 0))
		return (struct cpi_noise){0};
	beyond = v->error * v->error - 1 / v->samples_before - 1 / v->samples_after;
	return (struct cpi_noise){
		sqrt(fmax(0, beyond) / runs), 0, fmin(v->freedom, 4 * d), 0};
}

/* What is assumed of totals counts until there are captures enough, as for functions. */
static struct cpi_noise total_noise_of(const struct cp_diff_summary *s)
{
	double d = (double)(s->n_before + s->n_after) - 2, before = 16 / (d * d);
	struct cpi_noise found = noise_of(s, &s->total), assumed = CPI_DIFF_TOTAL_PRIOR;

	found.sigma = sqrt(
		(d * found.sigma * found.sigma + before * assumed.sigma * assumed.sigma) /
		(d + before));
	found.df = d + before;
	return found;
}

enum cp_code cpi_diff_calibration_make(const struct cp_diff *diff,
	struct cp_diff_calibration **ret_known, struct cp_error *err)
{
	const struct cp_diff_summary *s = &diff->summary;
	struct cp_diff_calibration *known;
	bool fine;

	if (s->n_before < 2 || s->n_after < 2 || s->census)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"a calibration is made of at least four captures of samples");
	known = empty(diff->env);
	if (!known)
		return cpi_error_memory(err);
	known->captures = (double)(s->n_before + s->n_after);
	known->samples = (s->samples_before + s->samples_after) / known->captures;
	known->functions = diff->noise;
	known->total = total_noise_of(s);
	fine = text_copy(known, s->type, &known->type) &&
	       text_copy(known, s->unit, &known->unit);
	for (size_t i = 0; fine && i < diff->row.n; i++) {
		const struct cp_diff_row *row = &diff->row.v[i];
		bool flat = row->flat.verdict != CP_VERDICT_UNTESTED;
		bool cum = row->cum.verdict != CP_VERDICT_UNTESTED;
		struct cpi_noise none = {0};

		if (flat || cum)
			fine = add(known, row->name,
				flat ? noise_of(s, &row->flat) : none,
				cum ? noise_of(s, &row->cum) : none);
	}
	if (!fine) {
		cp_diff_calibration_free(known);
		return cpi_error_memory(err);
	}
	*ret_known = known;
	return CP_OK;
}

static void put_noise(struct cpi_sink *sink, struct cpi_noise noise)
{
	cpi_sink_printf(sink, " %.4g %.4g", noise.sigma, isinf(noise.df) ? 0 : noise.df);
}

/* A name on one line: what is no printable ASCII, and the backslash, as \xNN. */
static void put_name(struct cpi_sink *sink, struct cp_text name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c < 0x20 || c == 0x7f || c == '\\')
			cpi_sink_printf(sink, "\\x%02x", c);
		else
			cpi_sink_char(sink, (char)c);
	}
}

void cpi_diff_calibration_write(
	const struct cp_diff_calibration *known, struct cpi_sink *sink)
{
	cpi_sink_printf(sink,
		"%s\n# variation from run to run beyond sampling (0.05 = 5 %%), and its "
		"degrees of freedom (0 = many)\n",
		magic);
	cpi_sink_str(sink, "type ");
	put_name(sink, known->type);
	cpi_sink_char(sink, '/');
	put_name(sink, known->unit);
	cpi_sink_printf(sink, "\nmeasured on %.0f captures of about %.0f samples\n",
		known->captures, known->samples);
	cpi_sink_str(sink, "functions");
	put_noise(sink, known->functions);
	cpi_sink_str(sink, "\ntotal");
	put_noise(sink, known->total);
	cpi_sink_str(sink, "\n# flat, cumulative, function\n");
	for (size_t i = 0; i < known->name.n; i++) {
		cpi_sink_str(sink, "own");
		put_noise(sink, known->own.v[2 * i]);
		put_noise(sink, known->own.v[2 * i + 1]);
		cpi_sink_char(sink, ' ');
		put_name(sink, known->name.v[i]);
		cpi_sink_char(sink, '\n');
	}
}

/* A line of the file that is being read. */
struct reading {
	struct cp_diff_calibration *known;
	const char *at, *end;
	unsigned line;
};

static bool number(struct reading *r, double *ret)
{
	char buf[32];
	size_t n = 0;
	char *end;

	while (r->at < r->end && *r->at == ' ')
		r->at++;
	while (r->at < r->end && *r->at != ' ' && n + 1 < sizeof buf)
		buf[n++] = *r->at++;
	buf[n] = 0;
	*ret = strtod(buf, &end);
	return n && !*end && *ret >= 0 && *ret < 1e6;
}

static bool noise(struct reading *r, bool common, struct cpi_noise *ret)
{
	if (!number(r, &ret->sigma) || !number(r, &ret->df))
		return false;
	/* A function's 0 means that nothing is known, the common ones' that all are
	 * alike. */
	if (common && ret->df == 0)
		ret->df = INFINITY;
	return true;
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* The rest of the line without its escapes. */
static bool name(struct reading *r, struct cpi_sink *sink)
{
	if (r->at < r->end && *r->at == ' ')
		r->at++;
	for (; r->at < r->end; r->at++) {
		if (*r->at != '\\') {
			cpi_sink_char(sink, *r->at);
			continue;
		}
		if (r->end - r->at < 4 || r->at[1] != 'x' ||
			!isxdigit((unsigned char)r->at[2]) ||
			!isxdigit((unsigned char)r->at[3]))
			return false;
		cpi_sink_char(
			sink, (char)(hex_digit(r->at[2]) << 4 | hex_digit(r->at[3])));
		r->at += 3;
	}
	return !sink->code;
}

static bool word(struct reading *r, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n))
		return false;
	r->at += n;
	return true;
}

static bool own_line(struct reading *r)
{
	struct cpi_noise flat = {0}, cum = {0};
	struct cpi_sink sink;
	bool fine;

	if (r->known->name.n >= MOST_NAMES || !noise(r, false, &flat) ||
		!noise(r, false, &cum))
		return false;
	cpi_sink_memory(&sink, &r->known->env->mem);
	fine = name(r, &sink) &&
	       add(r->known, (struct cp_text){(char *)sink.buf, sink.n}, flat, cum);
	cpi_sink_release(&sink);
	return fine;
}

static bool type_line(struct reading *r)
{
	const char *slash = memrchr(r->at, '/', (size_t)(r->end - r->at));

	return slash &&
	       text_copy(r->known, (struct cp_text){r->at, (size_t)(slash - r->at)},
		       &r->known->type) &&
	       text_copy(r->known,
		       (struct cp_text){slash + 1, (size_t)(r->end - slash - 1)},
		       &r->known->unit);
}

static bool line(struct reading *r)
{
	if (r->line == 1)
		return word(r, magic) && r->at == r->end;
	if (r->at == r->end || *r->at == '#')
		return true;
	if (word(r, "own "))
		return own_line(r);
	if (word(r, "functions "))
		return noise(r, true, &r->known->functions);
	if (word(r, "total "))
		return noise(r, true, &r->known->total);
	if (word(r, "type "))
		return type_line(r);
	return word(r, "measured on ") && number(r, &r->known->captures) &&
	       word(r, " captures of about ") && number(r, &r->known->samples);
}

enum cp_code cpi_diff_calibration_read(struct cpi_env *env, struct cp_text text,
	struct cp_diff_calibration **ret_known, struct cp_error *err)
{
	struct reading r = {.known = empty(env)};
	const char *at = text.p, *end = text.p + text.n;

	if (!r.known)
		return cpi_error_memory(err);
	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));

		r.line++;
		r.at = at;
		r.end = eol ? eol : end;
		if (!line(&r)) {
			cp_diff_calibration_free(r.known);
			return cpi_error(err, CP_ERROR_FORMAT, (uint64_t)(at - text.p),
				"line %u is none of a calibration that cpdiff wrote",
				r.line);
		}
		at = r.end + 1;
	}
	if (!(r.known->captures >= 4)) {
		cp_diff_calibration_free(r.known);
		return cpi_error(err, CP_ERROR_FORMAT, text.n,
			"the calibration ends before it says what it was measured on");
	}
	*ret_known = r.known;
	return CP_OK;
}
