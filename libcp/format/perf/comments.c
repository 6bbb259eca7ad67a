/* SPDX-License-Identifier: Apache-2.0 */
/* What perf and the kernel said and lost, as comments of the profile. */
#include "format/perf/sched.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * What a capture says about itself goes into comments of one fixed form, "perf: KEY
 * VALUE", in this order; a key without a value in the capture, or with 0, is left out:
 *
 *	perf: host NAME                 perf: release KERNEL
 *	perf: arch UNAME-M              perf: version PERF
 *	perf: cpu DESCRIPTION           perf: command line WORDS
 *	perf: samples N                 sample records of the capture, before filters
 *	perf: lost records N            of any kind, as the kernel counted them
 *	perf: lost samples N
 *	perf: lost samples EVENT N      where it is known
 *	perf: dropped by BPF N          samples that a BPF filter wanted dropped
 *	perf: throttled N               times
 *	perf: unknown events N          samples whose event the capture does not describe
 *	perf: damaged records N
 *	perf: truncated stacks N        samples whose stack dump was too small
 *	perf: off-cpu …                 see perf_sched_comments
 *	perf: recorder killed           the file was never finished
 *	perf: cut                       the file ends before its data does
 */
static void text(struct perf_build *b, const char *key, struct cp_text value)
{
	struct cpi_sink s;

	if (!value.n)
		return;
	cpi_sink_memory(&s, &b->env->mem);
	cpi_sink_printf(&s, "perf: %s ", key);
	cpi_sink_bytes(&s, value.p, value.n);
	if (s.code)
		cpi_builder_fail(&b->b, CP_ERROR_MEMORY, "out of memory");
	else
		cpi_builder_comment(&b->b, (struct cp_text){(char *)s.buf, s.n});
	cpi_sink_release(&s);
}

static void name(struct perf_build *b, const char *key, uint32_t id)
{
	text(b, key, perf_name(b->f, id));
}

void perf_comment_count(struct perf_build *b, const char *key, uint64_t n)
{
	char buf[24];

	if (!n)
		return;
	snprintf(buf, sizeof buf, "%" PRIu64, n);
	text(b, key, cpi_text(buf));
}

static void lost_by_event(struct perf_build *b)
{
	for (size_t i = 0; i < b->f->event.n && b->f->event.n > 1; i++) {
		const struct perf_event *e = &b->f->event.v[i];
		struct cp_text event = perf_name(b->f, e->name);
		char key[160];

		if (!e->lost || b->f->event.n > 64)
			continue;
		snprintf(key, sizeof key, "lost samples %.*s",
			(int)(event.n < 120 ? event.n : 120), event.p);
		perf_comment_count(b, key, e->lost);
	}
}

void perf_comments_add(struct perf_build *b)
{
	const struct perf_file *f = b->f;

	name(b, "host", f->hostname);
	name(b, "release", f->release);
	name(b, "arch", f->arch);
	name(b, "version", f->version);
	name(b, "cpu", f->cpudesc);
	name(b, "command line", f->cmdline);
	perf_comment_count(b, "samples", f->counts.type[PERF_RECORD_SAMPLE]);
	perf_comment_count(b, "lost records", f->counts.lost_records);
	perf_comment_count(b, "lost samples", f->counts.lost_samples);
	lost_by_event(b);
	perf_comment_count(b, "dropped by BPF", f->counts.lost_bpf);
	perf_comment_count(b, "throttled", f->counts.throttled);
	perf_comment_count(b, "unknown events", b->unknown);
	perf_comment_count(b, "damaged records", f->counts.damaged);
	perf_comment_count(b, "truncated stacks", b->truncated);
	perf_sched_comments(b);
	if (f->killed)
		cpi_builder_comment(&b->b, CPI_TEXT("perf: recorder killed"));
	if (f->cut)
		cpi_builder_comment(&b->b, CPI_TEXT("perf: cut"));
}
