/* SPDX-License-Identifier: Apache-2.0 */
/* The caller of a leaf that AArch64 chains lack. */
#include "format/perf/build.h"

/*
 * On arm64 a function that calls nothing makes no frame record, so a call chain by frame
 * pointer begins with the leaf and its caller's caller. perf record --call-graph fp (5.17
 * and later) samples the link register for that: where the leaf's table says that its
 * return address is still there, it is the missing frame.
 */
enum { LR = 30 };

static bool has_lr(const struct perf_attr *attr)
{
	return attr->sample_type & PERF_SAMPLE_REGS_USER &&
		attr->sample_type & PERF_SAMPLE_CALLCHAIN &&
		!(attr->sample_type & PERF_SAMPLE_STACK_USER) &&
		attr->regs_user >> LR & 1;
}

void perf_leaf_init(struct perf_build *b)
{
	struct cp_text arch = perf_machine(b->f);
	bool sampled = false;

	if (!b->unwinder || !b->unwinder->leaf_caller ||
		(!cpi_text_equal(arch, CPI_TEXT("aarch64")) &&
			!cpi_text_equal(arch, CPI_TEXT("arm64"))))
		return;
	for (size_t i = 0; i < b->f->event.n; i++)
		sampled |= has_lr(&b->f->event.v[i].attr);
	if (!sampled)
		return;
	b->leaf_callers = true;
	if (!b->batch && b->unwinder->start)
		b->unwinder->start(
			b->unwinder->arg, arch, b->f->big_endian, b->compat);
}

uint64_t perf_leaf_caller(
	struct perf_build *b, const struct perf_sample *s, const struct perf_seat *seat)
{
	const struct perf_attr *attr = &b->f->event.v[s->event].attr;
	struct cpi_unwind_sample in = {
		.abi = s->abi,
		.pid = (uint32_t)s->pid,
		.tid = (uint32_t)s->tid,
		.epoch = seat->root,
	};
	bool swap = b->f->swap;
	uint64_t lr;

	if (!b->leaf_callers || !s->regs || !has_lr(attr))
		return 0;
	lr = perf_u64(s->regs +
			8 * __builtin_popcountll(attr->regs_user & ((1ULL << LR) - 1)),
		swap);
	for (uint32_t i = 0; i + 1 < s->n_chain; i++)
		if (perf_u64(s->chain + 8 * (size_t)i, swap) == PERF_CONTEXT_USER)
			return b->unwinder->leaf_caller(b->unwinder->arg, &in,
				perf_batch_map_at, b,
				perf_u64(s->chain + 8 * (size_t)(i + 1), swap), lr);
	return 0;
}
