/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts that a result carries in comments, so that a tree of merges sums them up: which
 * inputs were left out and why, how many stacks were summed up.
 */
#include "op/merge/merge.h"

#include <inttypes.h>
#include <stdio.h>

/* More kinds than there are reasons; others of this form stay comments. */
enum { MOST_KINDS = 64 };

static const struct cp_text known[] = {
	{"left out (", 10},
	{"stacks in (other)", 17},
};

static struct cpi_tally *find(struct cp_merge *m, struct cp_text what)
{
	for (size_t i = 0; i < m->tally.n; i++)
		if (cpi_text_equal(cpi_text(m->tally.v[i].what), what))
			return &m->tally.v[i];
	return NULL;
}

bool cpi_merge_tally_add(struct cp_merge *m, struct cp_text what, uint64_t n)
{
	struct cpi_tally *tally = find(m, what), fresh = {.n = n};

	if (tally) {
		if (__builtin_add_overflow(tally->n, n, &tally->n))
			tally->n = UINT64_MAX;
		return true;
	}
	if (m->tally.n == MOST_KINDS || what.n >= sizeof fresh.what)
		return false;
	memcpy(fresh.what, what.p, what.n);
	if (cpi_vec_push(&m->env->mem, &m->tally, fresh))
		return true;
	cpi_builder_fail(&m->b, CP_ERROR_MEMORY, "out of memory");
	return false;
}

bool cpi_merge_tally_take(struct cp_merge *m, struct cp_text comment)
{
	const struct cp_text start = CPI_TEXT("cpmerge: ");
	struct cp_text what = comment;
	size_t digits = 0;
	uint64_t n;
	bool ours = false;

	if (!cpi_text_starts(comment, start) || memchr(comment.p, 0, comment.n))
		return false;
	what.p += start.n;
	what.n -= start.n;
	while (digits < what.n && what.p[what.n - 1 - digits] >= '0' &&
		what.p[what.n - 1 - digits] <= '9')
		digits++;
	if (!digits || what.n < digits + 2 ||
		memcmp(what.p + what.n - digits - 2, ": ", 2) ||
		!cpi_text_u64((struct cp_text){what.p + what.n - digits, digits}, &n))
		return false;
	what.n -= digits + 2;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		ours |= cpi_text_starts(what, known[i]);
	return ours && cpi_merge_tally_add(m, what, n);
}

/* A handful: whichever is the smallest of those that are left comes next. */
void cpi_merge_tally_write(struct cp_merge *m)
{
	while (m->tally.n) {
		struct cpi_tally *least = m->tally.v;
		char text[128];

		for (size_t i = 1; i < m->tally.n; i++)
			if (strcmp(m->tally.v[i].what, least->what) < 0)
				least = &m->tally.v[i];
		snprintf(text, sizeof text, "cpmerge: %s: %" PRIu64, least->what,
			least->n);
		cpi_builder_comment(&m->b, cpi_text(text));
		*least = m->tally.v[--m->tally.n];
	}
}

enum cp_code cpi_merge_skip(
	struct cp_merge *m, const char *reason, uint64_t n, struct cp_error *err)
{
	char what[sizeof((struct cpi_tally *)0)->what];
	int length = snprintf(what, sizeof what, "left out (%s)", reason);

	if (length < 0 || (size_t)length >= sizeof what)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"a reason has more than %zu bytes", sizeof what - 12);
	if (m->tally.n == MOST_KINDS && !find(m, cpi_text(what)))
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"more than %d reasons", MOST_KINDS);
	return cpi_merge_tally_add(m, cpi_text(what), n) ? CP_OK : cpi_error_memory(err);
}
