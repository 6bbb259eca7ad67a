/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The summary's text. Every part has a most number of lines, and names on them a width,
 * so that it is rarely cut short; a line that does not fit is left out, and each part
 * leaves room for the next.
 */
#include "view/summary/summary.h"

#include <stdio.h>

#include "view/amount.h"
#include "view/summary/rows.h"

enum { NAME = 64, FILE_LINE = 52, STEPS = 10, STEP = 32, COMMENT = 100, COMMENTS = 3 };

/* Bytes up to which each part may go. */
enum { FUNCTIONS_END = 5200, PATHS_END = 6800 };

struct text {
	const struct cpi_summary *s;
	struct cpi_sink *out;
	size_t n;              /* bytes written */
	struct cpi_sink *sink; /* the line that is being made */
	struct cpi_amount amount;
};

/* Ends a line, which is left out if it would reach beyond `most`. */
static void end_line(struct text *t, size_t most)
{
	cpi_sink_char(t->sink, '\n');
	if (t->sink->n <= most && t->n <= most - t->sink->n) {
		cpi_sink_bytes(t->out, t->sink->buf, t->sink->n);
		t->n += t->sink->n;
	}
	cpi_sink_fail(t->out, t->sink);
	t->sink->n = 0;
}

/*
 * Text from the profile as code: cut to a width, its end kept where it is a path. What
 * would end the code or the cell of a table is written otherwise.
 */
static void code(struct text *t, struct cp_text text, size_t width, bool end)
{
	char shown[4 * NAME + 8];
	struct cp_text part = text;
	bool cut = end && text.n > width;

	if (cut) {
		part.p += text.n - width;
		part.n = width;
		/* Not in the middle of a character. */
		while (part.n && ((uint8_t)*part.p & 0xc0) == 0x80) {
			part.p++;
			part.n--;
		}
	}
	cpi_text_printable(shown, width + 4, part);
	cpi_sink_str(t->sink, cut ? "`…" : "`");
	for (const char *p = *shown ? shown : " "; *p; p++) {
		if (*p == '|')
			cpi_sink_char(t->sink, '\\');
		cpi_sink_char(t->sink, *p == '`' ? '\'' : *p);
	}
	cpi_sink_char(t->sink, '`');
}

static void name(struct text *t, uint32_t frame, size_t width)
{
	char bracketed[NAME + 8];
	struct cpi_name n = t->s->flat.frame.v[frame].name;

	if (!n.bracket) {
		code(t, n.text, width, false);
		return;
	}
	snprintf(bracketed, sizeof bracketed, "[%.*s]",
		(int)(n.text.n < NAME ? n.text.n : NAME), n.text.p);
	code(t, cpi_text(bracketed), width, false);
}

static void value(struct text *t, int64_t x)
{
	char amount[64], share[32];

	cpi_sink_printf(t->sink, "%s (%s)",
		cpi_amount_text(&t->amount, amount, sizeof amount, x),
		cpi_amount_share(&t->amount, share, sizeof share, x));
}

static void what(struct text *t)
{
	const struct cp_profile *p = t->s->p;
	char amount[64];

	cpi_sink_str(t->sink, "# Profile\n\n- Measured: ");
	code(t, t->amount.type, NAME, false);
	cpi_sink_str(t->sink, " in ");
	code(t, t->amount.from, 24, false);
	cpi_sink_printf(t->sink, ", total %s in %u samples",
		cpi_amount_text(&t->amount, amount, sizeof amount, t->amount.total),
		cpi_profile_n_samples(p));
	end_line(t, CPI_SUMMARY_BYTES);
	if (p->sample_type.n > 1) {
		cpi_sink_printf(t->sink, "- One of %zu sample types", p->sample_type.n);
		end_line(t, CPI_SUMMARY_BYTES);
	}
	if (p->header.duration_nanos > 0) {
		cpi_sink_printf(t->sink, "- Duration: %lld.%03lld s",
			(long long)(p->header.duration_nanos / 1000000000),
			(long long)(p->header.duration_nanos / 1000000 % 1000));
		end_line(t, CPI_SUMMARY_BYTES);
	}
	cpi_sink_str(t->sink, "- With a function's name at the leaf: ");
	value(t, t->s->named);
	end_line(t, CPI_SUMMARY_BYTES);
	for (size_t i = 0; i < p->comment.n && i < COMMENTS; i++) {
		cpi_sink_str(t->sink, "- Remark: ");
		code(t, cpi_profile_text(p, p->comment.v[i]), COMMENT, false);
		end_line(t, CPI_SUMMARY_BYTES);
	}
}

static void place(struct text *t, const struct cpi_summary_row *row)
{
	struct cp_text file =
		cpi_profile_text(t->s->p, t->s->flat.frame.v[row->frame].file);
	char line[32];

	if (!file.n)
		return;
	code(t, file, FILE_LINE, true);
	if (row->line > 0) {
		snprintf(line, sizeof line, ":%lld", (long long)row->line);
		cpi_sink_str(t->sink, line);
	}
}

static void functions(struct text *t)
{
	cpi_sink_str(t->sink, "\n## Functions by self cost\n\n"
			      "| self | with callees | function | hottest line |\n"
			      "|---|---|---|---|");
	end_line(t, CPI_SUMMARY_BYTES);
	for (uint32_t i = 0; i < t->s->n_top; i++) {
		const struct cpi_summary_row *row = &t->s->top[i];

		cpi_sink_str(t->sink, "| ");
		value(t, row->flat);
		cpi_sink_str(t->sink, " | ");
		value(t, row->cum);
		cpi_sink_str(t->sink, " | ");
		name(t, row->frame, NAME);
		cpi_sink_str(t->sink, " | ");
		place(t, row);
		cpi_sink_str(t->sink, " |");
		end_line(t, FUNCTIONS_END);
	}
}

/* Of a long path the middle is left out. */
static void path(struct text *t, const struct cpi_flat_row *row)
{
	const uint32_t *frame = t->s->flat.sequence.v + row->at;
	uint32_t skip = row->n > STEPS ? row->n - STEPS : 0;

	for (uint32_t i = row->n; i-- > 0;) {
		uint32_t from_root = row->n - 1 - i;

		if (skip && from_root == STEPS / 2) {
			cpi_sink_printf(t->sink, " → … %u more", skip);
			i -= skip - 1;
			continue;
		}
		if (from_root)
			cpi_sink_str(t->sink, " → ");
		name(t, frame[i], STEP);
	}
}

static void paths(struct text *t)
{
	cpi_sink_str(t->sink, "\n## Heaviest paths\n");
	end_line(t, CPI_SUMMARY_BYTES);
	for (uint32_t i = 0; i < t->s->n_paths; i++) {
		uint32_t row = t->s->path[i];

		cpi_sink_str(t->sink, "- ");
		value(t, cpi_summary_value(t->s, row));
		cpi_sink_str(t->sink, ": ");
		path(t, &t->s->flat.row.v[row]);
		end_line(t, PATHS_END);
	}
}

static void callers(struct text *t)
{
	cpi_sink_str(t->sink, "\n## Callers\n");
	end_line(t, CPI_SUMMARY_BYTES);
	for (uint32_t i = 0; i < t->s->n_top && i < CPI_SUMMARY_CALLED; i++) {
		const struct cpi_summary_row *row = &t->s->top[i];

		cpi_sink_str(t->sink, "- ");
		name(t, row->frame, STEP);
		cpi_sink_str(t->sink, row->n_callers ? " from " : " is a root");
		for (uint32_t k = 0; k < row->n_callers; k++) {
			cpi_sink_str(t->sink, k ? ", " : "");
			name(t, row->caller[k].frame, STEP);
			cpi_sink_str(t->sink, " ");
			value(t, row->caller[k].value);
		}
		end_line(t, CPI_SUMMARY_BYTES);
	}
}

enum cp_code cpi_summary_write(struct cpi_env *env, const struct cp_profile *p,
	const char *sample_type, struct cpi_sink *sink, struct cp_error *err)
{
	struct cp_report_options options = {
		.size = sizeof options, .sample_type = sample_type};
	struct cpi_summary s = {0};
	struct cpi_sink line;
	struct text t = {.s = &s, .out = sink, .sink = &line};
	uint32_t type;
	enum cp_code code = cpi_amount_init(&t.amount, p, &options, &type, err);

	cpi_sink_memory(&line, &env->mem);
	if (!code)
		code = cpi_summary_init(&s, env, p, type, err);
	if (!code) {
		what(&t);
		functions(&t);
		paths(&t);
		callers(&t);
	}
	cpi_sink_release(&line);
	cpi_summary_release(&s);
	return code;
}
