/* SPDX-License-Identifier: Apache-2.0 */
/* Callgrind's files as a format: how they are known, and the way through the parts. */
#include "format/callgrind/callgrind.h"

enum { LOOKED_AT = 1 << 16, MAGIC = 100, LIKELY = 85 };

static bool line_starts(struct cp_text text, const char *with)
{
	size_t n = strlen(with);

	for (const char *p = text.p, *end = p + text.n; p && (size_t)(end - p) >= n;
		p++) {
		if (!memcmp(p, with, n))
			return true;
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			break;
	}
	return false;
}

/* A remark, nothing, or "word: …", as all lines before the first cost are. */
static bool of_header(struct cp_text line)
{
	size_t n = 0;

	while (n < line.n && ((line.p[n] | 32) >= 'a' && (line.p[n] | 32) <= 'z'))
		n++;
	return !line.n || *line.p == '#' || (n && n < line.n && line.p[n] == ':');
}

/* The header says what is counted, with nothing else before it. */
static bool header_has_events(struct cp_text text)
{
	while (text.n) {
		const char *stop = memchr(text.p, '\n', text.n);
		struct cp_text line = {text.p, stop ? (size_t)(stop - text.p) : text.n};

		if (cpi_text_starts(line, CPI_TEXT("events:")))
			return true;
		if (!of_header(line))
			return false;
		text.p += line.n + (stop != NULL);
		text.n -= line.n + (stop != NULL);
	}
	return false;
}

static int detect(const struct cpi_source *source)
{
	struct cp_text text = {(const char *)source->part[0].data, source->part[0].n};

	if (text.n > LOOKED_AT)
		text.n = LOOKED_AT;
	if (cpi_text_starts(text, CPI_TEXT("# callgrind format")))
		return MAGIC;
	return header_has_events(text) &&
			       (line_starts(text, "fn=") || line_starts(text, "fl="))
		       ? LIKELY
		       : 0;
}

/* "Time_(10ns)" and "Memory_(bytes)", as xdebug has them, say their unit. */
static void unit_of(struct callgrind_event *event)
{
	static const struct {
		const char *word, *unit;
		uint64_t factor;
	} units[] = {
		{"ns)", "nanoseconds", 1},
		{"us)", "nanoseconds", 1000},
		{"\xc2\xb5s)", "nanoseconds", 1000},
		{"ms)", "nanoseconds", 1000000},
		{"bytes)", "bytes", 1},
	};
	const char *open =
		event->name.n ? memmem(event->name.p, event->name.n, "_(", 2) : NULL;
	struct cp_text rest;
	uint64_t factor = 0;
	bool digits = false;

	event->factor = 1;
	event->unit = "count";
	if (!open || open == event->name.p)
		return;
	rest = (struct cp_text){
		open + 2, (size_t)(event->name.p + event->name.n - open) - 2};
	for (; rest.n && *rest.p >= '0' && *rest.p <= '9' && factor < 1000000;
		rest.p++, rest.n--) {
		factor = factor * 10 + (uint64_t)(*rest.p - '0');
		digits = true;
	}
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (cpi_text_equal(rest, cpi_text(units[i].word)) &&
			(factor || !digits)) {
			event->factor = (digits ? factor : 1) * units[i].factor;
			event->unit = units[i].unit;
			event->name.n = (size_t)(open - event->name.p);
		}
}

static void types(struct callgrind *c)
{
	for (uint32_t e = 0; e < c->n_events; e++) {
		cp_string name, unit;

		unit_of(&c->event[e]);
		name = cpi_builder_string(&c->b, c->event[e].name);
		unit = cpi_builder_str(&c->b, c->event[e].unit);
		cpi_builder_sample_type(&c->b, name, unit, 0);
		if (!e && !c->b.code)
			c->b.p->header.default_sample_type = name;
	}
}

/* What everybody must know who looks at the profile, now and when it was converted. */
static void estimated(struct callgrind *c)
{
	static const char text[] =
		"stacks are estimated: the file says who called whom and "
		"what that cost, not which calls were in which";

	cpi_builder_comment(&c->b, CPI_TEXT("callgrind: stacks are estimated"));
	cpi_diag_note(&c->env->diag, "callgrind-stacks", NULL, "%s", text);
}

static void everything(struct callgrind *c)
{
	struct cpi_mem *mem = &c->env->mem;

	if (!cpi_callgrind_fine(c,
		    cpi_vec_push(mem, &c->name, (struct cp_text){"", 0}) &&
			    cpi_vec_push(mem, &c->number, (struct callgrind_number){0}) &&
			    cpi_vec_push(
				    mem, &c->function, (struct callgrind_function){0}) &&
			    cpi_vec_push(mem, &c->row, (struct callgrind_row){0})))
		return;
	cpi_callgrind_lines(c);
	types(c);
	cpi_callgrind_graph(c);
	if (c->calls && !c->b.code)
		estimated(c);
	cpi_callgrind_estimate(c);
}

static void release(struct callgrind *c)
{
	struct cpi_mem *mem = &c->env->mem;

	cpi_vec_release(mem, &c->name);
	cpi_index_release(mem, &c->names);
	cpi_vec_release(mem, &c->number);
	cpi_index_release(mem, &c->numbers);
	cpi_vec_release(mem, &c->function);
	cpi_index_release(mem, &c->functions);
	cpi_vec_release(mem, &c->row);
	cpi_index_release(mem, &c->rows);
	cpi_vec_release(mem, &c->cost);
	cpi_vec_release(mem, &c->by_function);
	cpi_vec_release(mem, &c->member);
	cpi_vec_release(mem, &c->component);
	cpi_vec_release(mem, &c->cycle);
}

static enum cp_code read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	struct callgrind *c = cpi_alloc(&env->mem, sizeof *c);
	enum cp_code code;

	(void)options;
	(void)unwinder;
	if (!c)
		return cpi_error_memory(err);
	*c = (struct callgrind){.env = env, .source = source};
	cpi_builder_init(&c->b, env);
	everything(c);
	if (c->b.code || cpi_profile_n_samples(c->b.p)) {
		code = cpi_builder_finish(&c->b, ret_profile, err);
	} else {
		cpi_builder_release(&c->b);
		code = cpi_error(
			err, CP_ERROR_EMPTY, CP_NO_OFFSET, "the file holds no costs");
	}
	release(c);
	cpi_free(&env->mem, c, sizeof *c);
	return code;
}

const struct cpi_format cpi_format_callgrind = {
	.public =
		{
			.name = "callgrind",
			.description =
				"Callgrind's costs, as callgrind, cachegrind and xdebug "
				"write them; read back, stacks are estimated",
			.extensions = ".callgrind .cg",
			.losses =
				"stacks (calls remain), labels, all sample types but one",
			.reads = true,
			.writes = true, /* by view/report */
		},
	.detect = detect,
	.read = read,
};
