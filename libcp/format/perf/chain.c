/* SPDX-License-Identifier: Apache-2.0 */
/* Call chains of samples, and the marks in them. */
#include "format/perf/build.h"

/*
 * From a call chain to a stack. A chain is a list of addresses in which markers say whose
 * code the next ones are. The first address after a marker is where the CPU was; all
 * others are return addresses, which belong to the call before them: minus one.
 */
struct walk {
	struct perf_build *b;
	const struct perf_sample *s;
	const struct perf_seat *seat;
	enum perf_cpumode mode;
	bool exact; /* the next address is no return address */
};

static enum perf_cpumode marker_mode(uint64_t marker)
{
	switch (marker) {
	case PERF_CONTEXT_HV:
		return PERF_CPU_HYPERVISOR;
	case PERF_CONTEXT_KERNEL:
		return PERF_CPU_KERNEL;
	case PERF_CONTEXT_USER:
	case PERF_CONTEXT_USER_DEFERRED:
		return PERF_CPU_USER;
	case PERF_CONTEXT_GUEST:
	case PERF_CONTEXT_GUEST_KERNEL:
		return PERF_CPU_GUEST_KERNEL;
	case PERF_CONTEXT_GUEST_USER:
		return PERF_CPU_GUEST_USER;
	default:
		return PERF_CPU_UNKNOWN;
	}
}

/* In execve, after the kernel has thrown the caller's memory away, or anywhere else. */
static uint32_t user_root(const struct walk *w, uint64_t address)
{
	const struct perf_spaces *spaces = &w->b->tasks.spaces;

	if (w->seat->before_exec && w->s->cpumode == PERF_CPU_KERNEL &&
		!perf_space_at(spaces, w->seat->root, address))
		return w->seat->before_exec;
	return w->seat->root;
}

/* Never by the address: on arm64, s390 and sparc user and kernel ranges overlap. */
static cp_location locate(const struct walk *w, uint64_t address)
{
	struct perf_places *places = &w->b->places;

	switch (w->mode) {
	case PERF_CPU_KERNEL:
		return perf_places_find(places, w->seat->kernel, address);
	case PERF_CPU_USER:
		return perf_places_find(places, user_root(w, address), address);
	case PERF_CPU_UNKNOWN:
		if (perf_space_at(&w->b->tasks.spaces, w->seat->root, address))
			return perf_places_find(places, w->seat->root, address);
		return perf_places_find(places, w->seat->kernel, address);
	case PERF_CPU_GUEST_KERNEL:
		w->b->guest_unmapped += !w->seat->guest;
		return perf_places_find(places, w->seat->guest, address);
	case PERF_CPU_GUEST_USER:
		w->b->guest_user++;
		return perf_places_find(places, 0, address);
	default:
		return perf_places_find(places, 0, address);
	}
}

static void push(struct perf_build *b, cp_location location)
{
	if (!cpi_vec_push(&b->env->mem, &b->frame, location))
		cpi_builder_fail(&b->b, CP_ERROR_MEMORY, "out of memory");
}

static void push_ip(struct walk *w, uint64_t ip, bool exact)
{
	push(w->b, locate(w, ip - (!exact && ip)));
}

/*
 * Skid-free sampling (PEBS, IBS) puts the exact instruction into the sample's ip, while
 * the chain begins where the interrupt came, a little later.
 */
static uint64_t leaf_ip(const struct walk *w, uint64_t ip)
{
	const struct perf_event *e = &w->b->f->event.v[w->s->event];

	if (w->b->frame.n || w->b->compat ||
		!(w->s->exact_ip || e->attr.flags & PERF_FLAG_PRECISE) ||
		w->mode != (enum perf_cpumode)w->s->cpumode || !w->s->ip)
		return ip;
	return w->s->ip;
}

static void push_ips(struct walk *w, const uint8_t *ips, uint32_t n)
{
	bool swap = w->b->f->swap;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t ip = perf_u64(ips + 8 * (size_t)i, swap);

		if (ip >= PERF_CONTEXT_FIRST) {
			w->exact = true;
			continue;
		}
		push_ip(w, ip, w->exact || w->b->compat);
		w->exact = false;
	}
}

/*
 * An LBR call stack: the hardware kept the user's open calls, latest first, as pairs of
 * where from and where to. `from` are the calls themselves. The hardware never cleared
 * what it did not use: zeros at the end.
 */
static void push_branches(struct walk *w, uint64_t user_ip)
{
	const struct perf_sample *s = w->s;
	bool swap = w->b->f->swap;
	uint32_t n = s->n_branch;

	while (n && !perf_u64(s->branch + 24 * (size_t)(n - 1), swap) &&
		!perf_u64(s->branch + 24 * (size_t)(n - 1) + 8, swap))
		n--;
	/* perf shows the entry of the running function; where it was is better. */
	if (w->b->compat || !user_ip)
		user_ip = n ? perf_u64(s->branch + 8, swap) : 0;
	if (user_ip)
		push_ip(w, user_ip, true);
	for (uint32_t i = 0; i < n; i++)
		push_ip(w, perf_u64(s->branch + 24 * (size_t)i, swap), true);
}

static void push_unwound(struct walk *w, const struct perf_unwound *user)
{
	w->mode = PERF_CPU_USER;
	for (unsigned i = 0; i < user->n; i++)
		push_ip(w, user->ips[i], user->exact[i]);
	if (user->truncated)
		push(w->b, w->b->truncated_root);
}

/*
 * The name stands behind the samples: a recorder that was killed never wrote it. What
 * perf record --call-graph dwarf asks of an x86-64 kernel is no other machine's.
 */
struct cp_text perf_machine(const struct perf_file *f)
{
	enum { DWARF_REGS_X86_64 = 0xff0fff };
	struct cp_text name = perf_name(f, f->arch);

	for (size_t i = 0; i < f->event.n && !name.n; i++)
		if (f->event.v[i].attr.regs_user == DWARF_REGS_X86_64)
			name = CPI_TEXT("x86_64");
	return name;
}

int perf_ip_register(struct cp_text arch)
{
	static const struct {
		const char *arch;
		int bit;
	} ip[] = {
		{"x86", 8},
		{"i386", 8},
		{"i486", 8},
		{"i586", 8},
		{"i686", 8},
		{"aarch64", 32},
		{"arm64", 32},
		{"arm", 15},
		{"riscv", 0},
		{"ppc", 32},
		{"s390", 33},
		{"loongarch", 0},
	};

	for (size_t i = 0; i < sizeof ip / sizeof *ip; i++)
		if (cpi_text_starts(arch, cpi_text(ip[i].arch)))
			return ip[i].bit;
	return -1;
}

uint64_t perf_user_ip(const struct perf_build *b, const struct perf_sample *s)
{
	uint64_t mask = b->f->event.v[s->event].attr.regs_user;
	int bit = b->ip_register;

	if (!s->regs || bit < 0 || !(mask >> bit & 1))
		return 0;
	return perf_u64(s->regs + 8 * __builtin_popcountll(mask & ((1ULL << bit) - 1)),
		b->f->swap);
}

/* Captured registers without an unwinder: at least where the user code was. */
static void push_user_ip(struct walk *w)
{
	uint64_t ip = perf_user_ip(w->b, w->s);

	if (!ip || w->mode == PERF_CPU_USER)
		return;
	w->mode = PERF_CPU_USER;
	push_ip(w, ip, true);
}

static bool is_call_stack(const struct walk *w)
{
	return w->s->n_branch &&
	       w->b->f->event.v[w->s->event].attr.branch_type & PERF_BRANCH_CALL_STACK;
}

const struct perf_deferred *perf_deferred_find(
	const struct perf_file *f, const struct perf_sample *s)
{
	struct perf_deferred key = {.tid = (uint32_t)s->tid, .time = s->time};
	size_t lo = 0, hi = f->deferred.n;
	const struct perf_deferred *d;

	if (s->n_chain < 2 || perf_u64(s->chain + 8 * (size_t)(s->n_chain - 2),
				      f->swap) != PERF_CONTEXT_USER_DEFERRED)
		return NULL;
	key.cookie = perf_u64(s->chain + 8 * (size_t)(s->n_chain - 1), f->swap);
	/* A cookie comes again only after its chain: the first one after the sample. */
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (perf_deferred_order(&f->deferred.v[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == f->deferred.n)
		return NULL;
	d = &f->deferred.v[lo];
	return d->tid == key.tid && d->cookie == key.cookie ? d : NULL;
}

/* Handles a marker at entry i; false ends the chain. */
static bool on_marker(
	struct walk *w, uint64_t marker, uint32_t i, const struct perf_unwound *user)
{
	const struct perf_sample *s = w->s;
	uint64_t next = i + 1 < s->n_chain
				? perf_u64(s->chain + 8 * (size_t)(i + 1), w->b->f->swap)
				: 0;
	const struct perf_deferred *d;

	w->mode = marker_mode(marker);
	w->exact = true;
	if (w->mode == PERF_CPU_UNKNOWN)
		return false;
	if (w->mode == PERF_CPU_USER && user)
		return false;
	if (marker == PERF_CONTEXT_USER_DEFERRED) {
		d = perf_deferred_find(w->b->f, s);
		if (d)
			push_ips(w, d->ips, d->n);
		return false;
	}
	if (w->mode == PERF_CPU_USER && is_call_stack(w)) {
		push_branches(w, next < PERF_CONTEXT_FIRST ? next : 0);
		return false;
	}
	return true;
}

static void push_leaf_caller(struct walk *w)
{
	uint64_t ip = perf_leaf_caller(w->b, w->s, w->seat);

	if (ip)
		push_ip(w, ip, w->b->compat);
}

void perf_chain_resolve(struct perf_build *b, const struct perf_sample *s,
	const struct perf_seat *seat, const struct perf_unwound *user)
{
	struct walk w = {b, s, seat, (enum perf_cpumode)s->cpumode, true};
	bool swap = b->f->swap;

	b->frame.n = 0;
	for (uint32_t i = 0; i < s->n_chain; i++) {
		uint64_t ip = perf_u64(s->chain + 8 * (size_t)i, swap);

		if (ip >= PERF_CONTEXT_FIRST) {
			if (!on_marker(&w, ip, i, user))
				break;
			continue;
		}
		push_ip(&w, leaf_ip(&w, ip), w.exact || b->compat);
		if (w.exact && w.mode == PERF_CPU_USER && b->leaf_callers)
			push_leaf_caller(&w);
		w.exact = false;
	}
	if (!b->frame.n && s->cpumode == PERF_CPU_KERNEL && (user || s->regs) && s->ip) {
		w.mode = PERF_CPU_KERNEL;
		push_ip(&w, s->ip, true);
	}
	if (user)
		push_unwound(&w, user);
	else if (s->regs)
		push_user_ip(&w);
	/* Where perf's unwinder finds nothing, perf prints nothing. */
	if (!b->frame.n && b->f->event.v[s->event].layout.ip != PERF_ABSENT &&
		!(b->compat && user)) {
		w.mode = s->cpumode;
		push_ip(&w, s->ip, true);
	}
}
