/* SPDX-License-Identifier: Apache-2.0 */
/* What a capture could not tell of waits. */
#include "format/perf/sched.h"

/*
 * What the capture could not tell of waits: said once while it is read, and kept among
 * the profile's comments:
 *
 *	perf: off-cpu intervals N       all of them, whatever --time leaves
 *	perf: off-cpu open at begin N   threads that came back and were not seen leaving
 *	perf: off-cpu open at end N     threads that still waited at the capture's end
 *	perf: off-cpu return unseen N   ended by the thread's next sign of life
 *	perf: off-cpu with losses N     records were lost in between
 *	perf: off-cpu cut by time N     of which --time leaves a part or nothing
 *	perf: off-cpu without stack N   no stack was recorded where they left
 *	perf: off-cpu returns twice N   came back without having left
 *	perf: off-cpu backwards N       ended before they began
 *	perf: off-cpu pid reused N      the number went to another thread meanwhile
 *	perf: off-cpu migrations N      came back on another CPU
 *	perf: off-cpu idle switches N   of the idle task, which is no thread
 *	perf: off-cpu wrong tasks N     switches whose task numbers contradict each other
 *	perf: off-cpu of nobody N       of threads whose process is never told: in no row
 *	perf: off-cpu late events N     out of order beyond what perf promises
 */
static const char advice[] = "perf record -a -e sched:sched_switch -e sched:sched_waking "
			     "-e cpu-clock -g";

void perf_sched_comments(struct perf_build *b)
{
	const struct perf_sched_counts *c;

	if (!b->sched)
		return;
	c = &b->sched->counts;
	perf_comment_count(b, "off-cpu intervals", c->intervals);
	perf_comment_count(b, "off-cpu open at begin", c->edge[EDGE_BEGIN]);
	perf_comment_count(b, "off-cpu open at end", c->edge[EDGE_END]);
	perf_comment_count(b, "off-cpu return unseen", c->edge[EDGE_UNSEEN]);
	perf_comment_count(b, "off-cpu with losses", c->edge[EDGE_LOST]);
	perf_comment_count(b, "off-cpu cut by time", c->cut);
	perf_comment_count(b, "off-cpu without stack", c->no_stack);
	perf_comment_count(b, "off-cpu returns twice", c->in_twice);
	perf_comment_count(b, "off-cpu backwards", c->backwards);
	perf_comment_count(b, "off-cpu pid reused", c->reused);
	perf_comment_count(b, "off-cpu migrations", c->migrated);
	perf_comment_count(b, "off-cpu idle switches", c->idle);
	perf_comment_count(b, "off-cpu wrong tasks", c->wrong);
	perf_comment_count(b, "off-cpu of nobody", c->nobody);
	perf_comment_count(b, "off-cpu late events", c->late);
}

/* Formats that the capture should have and has not. */
static bool lacks_format(const struct perf_build *b)
{
	for (size_t i = 0; i < b->f->event.n; i++)
		if (b->event_wanted[i] && b->f->event.v[i].trace.kind &&
			!b->f->event.v[i].trace.known)
			return true;
	return false;
}

void perf_sched_report(struct perf_build *b)
{
	struct cpi_diag *diag = &b->env->diag;
	struct cpi_place place = cpi_place_at(b->f->source->name, CP_NO_OFFSET);
	const struct perf_sched_counts *c;

	if (!b->sched)
		return;
	c = &b->sched->counts;
	if (lacks_format(b))
		cpi_diag_note(diag, "off-cpu", &place,
			"the capture has no format of its tracepoints: who comes next, "
			"why a thread leaves, and who wakes it are unknown");
	if (c->edge[EDGE_UNSEEN])
		cpi_diag_note(diag, "off-cpu", &place,
			"the return of %llu of %llu waits was not recorded: they last up "
			"to the thread's next sign of life, and have the label "
			"edge=unseen; %s tells all, or --switch-events",
			(unsigned long long)c->edge[EDGE_UNSEEN],
			(unsigned long long)c->intervals, advice);
	if (c->no_stack && c->no_stack == c->intervals)
		cpi_diag_note(diag, "off-cpu", &place,
			"it was recorded how long threads waited, not where: %s tells",
			advice);
	if (c->edge[EDGE_LOST])
		cpi_diag_note(diag, "off-cpu", &place,
			"records were lost during %llu of %llu waits, which have the "
			"label edge=lost",
			(unsigned long long)c->edge[EDGE_LOST],
			(unsigned long long)c->intervals);
	if (c->wrong || c->backwards || c->in_twice || c->reused)
		cpi_diag_note(diag, "off-cpu", &place,
			"%llu switches contradict others (%llu without a departure, %llu "
			"end before they begin, %llu of reused numbers, %llu wrong "
			"numbers) and are left out",
			(unsigned long long)(c->in_twice + c->backwards + c->reused +
					     c->wrong),
			(unsigned long long)c->in_twice, (unsigned long long)c->backwards,
			(unsigned long long)c->reused, (unsigned long long)c->wrong);
}
