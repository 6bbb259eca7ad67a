/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a merge: what cancelled goes, the largest stacks stay, counts are written.
 */
#include "op/merge/merge.h"

#include "base/sort.h"

static bool is_type(const struct cp_profile *p, const struct cp_value_type *row,
	struct cp_text type, struct cp_text unit)
{
	return cpi_text_equal(cpi_profile_text(p, row->type), type) &&
	       cpi_text_equal(cpi_profile_text(p, row->unit), unit);
}

/*
 * What cmd/internal/pgo of Go asks of a profile: one of two sample types, and a function
 * that says where it starts, for lines are counted from there.
 */
static void check_pgo(struct cp_merge *m, const struct cp_profile *p)
{
	bool typed = false, started = false;

	for (size_t i = 0; i < p->sample_type.n; i++)
		typed |= is_type(p, &p->sample_type.v[i], CPI_TEXT("samples"),
				 CPI_TEXT("count")) ||
			 is_type(p, &p->sample_type.v[i], CPI_TEXT("cpu"),
				 CPI_TEXT("nanoseconds"));
	for (size_t i = 1; i < p->function.n; i++)
		started |= p->function.v[i].start_line != 0;
	if (!typed)
		cpi_diag_note(&m->env->diag, "pgo-type", NULL,
			"go build -pgo will refuse this profile: it has no sample type "
			"samples/count or cpu/nanoseconds");
	if (!started)
		cpi_diag_note(&m->env->diag, "pgo-start-line", NULL,
			"go build -pgo will refuse this profile: no function has a start "
			"line (programs built by Go 1.20 and later tell it)");
}

/* The sample's sums came to nothing. */
static bool cancelled(const struct cp_profile *p, size_t i)
{
	size_t types = p->sample_type.n, k = 0;

	while (k < types && !p->value.v[i * types + k])
		k++;
	return k == types;
}

static enum cp_code drop_cancelled(struct cp_merge *m, struct cp_error *err)
{
	for (size_t i = 0; i < m->b.p->sample_stack.n; i++)
		if (cancelled(m->b.p, i))
			return cpi_merge_again(m, NULL, err);
	return CP_OK;
}

/* Sums of the default type by stack, for the choice of the largest. */
struct weights {
	double *of;
	const uint32_t *place; /* of each stack in the order of samples: ties */
};

static int by_weight(void *arg, uint32_t a, uint32_t b)
{
	const struct weights *w = arg;

	if (w->of[a] != w->of[b])
		return w->of[a] > w->of[b] ? -1 : 1;
	return w->place[a] < w->place[b] ? -1 : 1;
}

/* One function called "(other)" and no address: what an earlier merge summed up. */
static bool is_other(const struct cp_profile *p, cp_stack id)
{
	const struct cp_location_row *row;
	const struct cp_line_row *line;
	const cp_location *frame;
	uint32_t n;

	frame = cpi_profile_frames(p, id, &n);
	if (n != 1)
		return false;
	row = &p->location.v[frame[0].i];
	if (row->mapping.i || row->address || row->n_lines != 1)
		return false;
	line = &p->line.v[row->first_line];
	return !line->line && !p->function.v[line->function.i].file.i &&
	       cpi_text_equal(cpi_profile_text(p, p->function.v[line->function.i].name),
		       CPI_TEXT("(other)"));
}

/*
 * Marks the stacks to keep and returns how many go. Magnitudes are summed as real
 * numbers, which cannot overflow; samples come in a fixed order, so all machines agree.
 */
static uint32_t choose(const struct cp_profile *p, const uint32_t *order, uint32_t most,
	struct weights *w, uint32_t *place, uint32_t *stack, bool *keep)
{
	uint32_t type = cpi_profile_default_type(p), n = cpi_profile_n_samples(p),
		 found = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = order ? order[i] : i, id = p->sample_stack.v[at].i;
		double x = (double)p->value.v[(size_t)at * p->sample_type.n + type];

		if (is_other(p, (cp_stack){id}) || cancelled(p, at))
			continue;
		if (!place[id]) {
			stack[found++] = id;
			place[id] = found;
		}
		w->of[id] += x < 0 ? -x : x;
	}
	if (!cpi_sort_rows(&p->env->mem, stack, found, by_weight, w))
		return UINT32_MAX;
	for (uint32_t i = 0; i < found && i < most; i++)
		keep[stack[i]] = true;
	return found > most ? found - most : 0;
}

/* Keeps the largest stacks, in the order given; counts what goes. */
static enum cp_code keep_largest(struct cp_merge *m, struct cpi_merge_choice *choice,
	bool *keep, struct cp_error *err)
{
	const struct cp_profile *p = m->b.p;
	struct cpi_mem *mem = &m->env->mem;
	size_t n = p->stack_end.n;
	double *of = cpi_alloc_zero(mem, n * sizeof *of);
	uint32_t *place = cpi_alloc_zero(mem, n * sizeof *place);
	uint32_t *stack = cpi_alloc_zero(mem, n * sizeof *stack);
	struct weights w = {of, place};
	uint32_t gone = UINT32_MAX;

	if (of && place && stack && p->sample_type.n)
		gone = choose(p, choice->order, m->o.max_stacks, &w, place, stack, keep);
	else if (!p->sample_type.n)
		gone = 0;
	cpi_free(mem, of, n * sizeof *of);
	cpi_free(mem, place, n * sizeof *place);
	cpi_free(mem, stack, n * sizeof *stack);
	if (gone == UINT32_MAX)
		return cpi_error_memory(err);
	if (!gone)
		return CP_OK;
	choice->keep = keep;
	return cpi_merge_tally_add(m, CPI_TEXT("stacks in (other)"), gone)
		       ? CP_OK
		       : cpi_error_memory(err);
}

/* The order and the choice of rows that the options ask for. */
static enum cp_code arrange(struct cp_merge *m, struct cp_error *err)
{
	struct cpi_mem *mem = &m->env->mem;
	size_t n = cpi_profile_n_samples(m->b.p), stacks = m->b.p->stack_end.n;
	uint32_t *order = cpi_alloc_array(mem, n, sizeof *order);
	bool *keep = cpi_alloc_zero(mem, stacks * sizeof *keep);
	struct cpi_merge_choice choice = {.order = NULL};
	enum cp_code code = order && keep ? CP_OK : cpi_error_memory(err);

	if (!code && m->o.canonical) {
		code = cpi_merge_canonical(m, order, &choice.first, err);
		choice.order = order;
	}
	if (!code && m->o.max_stacks)
		code = keep_largest(m, &choice, keep, err);
	if (!code && (choice.order || choice.keep))
		code = cpi_merge_again(m, &choice, err);
	cpi_free(mem, order, n * sizeof *order);
	cpi_free(mem, keep, stacks * sizeof *keep);
	return code;
}

static enum cp_code ready(const struct cp_merge *m, struct cp_error *err)
{
	if (m->failed)
		return cpi_error(
			err, m->failed, CP_NO_OFFSET, "the merge has failed before");
	if (!m->n_inputs)
		return cpi_error(
			err, CP_ERROR_ARGUMENT, CP_NO_OFFSET, "nothing to merge");
	return CP_OK;
}

enum cp_code cpi_merge_finish(
	struct cp_merge *m, struct cp_profile **ret_profile, struct cp_error *err)
{
	enum cp_code code = ready(m, err);

	if (!code && (m->o.canonical || m->o.max_stacks))
		code = arrange(m, err);
	if (!code)
		code = drop_cancelled(m, err);
	if (!code && m->o.pgo)
		check_pgo(m, m->b.p);
	if (!code) {
		cpi_merge_tally_write(m);
		code = cpi_builder_finish(&m->b, ret_profile, err);
	}
	cp_merge_free(m);
	return code;
}
