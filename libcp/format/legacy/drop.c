/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

/*
 * Frames of the profiler and of what it watches, which legacy formats cannot name
 * themselves: the same functions that pprof's legacy parsers set, as expressions of ours.
 */

static const char heap_drop[] =
	"(tc_)?(calloc|cfree|malloc|free|memalign|pvalloc|valloc|realloc|posix_memalign)|"
	"do_memalign|__posix_memalign|(::)?do_malloc(_no_errno|_pages)?|"
	"tcmalloc::.*|tc_(new|newarray)(_nothrow)?|tc_delete(array)?|"
	"malloc_zone_((m|c|v|re)alloc|memalign|free)|runtime\\..*|BaseArena::.*|"
	"DoSampledAllocation|MallocedMemBlock::MallocedMemBlock|(_M_)?allocate|cpp_alloc|"
	"__builtin_(vec_)?(delete|new)|__libc_malloc|operator new(\\[\\])?|"
	"(__gnu_cxx::new_allocator|__malloc_alloc_template|simple_alloc)::allocate";

static const char heap_keep[] = "runtime\\.(panic|reflectcall|call[0-9]*)";

static const char lock_drop[] =
	"(base::)?(RecordLock|SubmitMutex|SubmitSpinLock)ProfileData.*|"
	"((base::)?Mutex::)?(AwaitCommon|Unlock|UnlockSlow|ReaderUnlock).*|"
	"((base::)?MutexLock::)?~MutexLock.*|(SpinLock::)?(Slow)?Unlock.*|"
	"(SpinLockHolder::)?~SpinLockHolder.*";

static const char cpu_drop[] =
	"ProfileData::(Add|prof_handler)|CpuProfiler::prof_handler|"
	"__pthread_sighandler|__restore";

static bool has_type(const struct cp_profile *p, const char *type)
{
	for (size_t i = 0; i < p->sample_type.n; i++)
		if (cpi_text_equal(cpi_profile_text(p, p->sample_type.v[i].type),
			    cpi_text(type)))
			return true;
	return false;
}

void cpi_legacy_drop_frames(struct legacy *l)
{
	const struct cp_profile *p = l->b.p;
	const char *drop = cpu_drop, *keep = "";
	cp_string drop_id, keep_id;

	if (l->b.code)
		return;
	/* Of heap formats, some have space only, the others inuse_space among others. */
	if (has_type(p, "space") || has_type(p, "inuse_space")) {
		drop = heap_drop;
		keep = heap_keep;
	} else if (has_type(p, "contentions")) {
		drop = lock_drop;
	}
	drop_id = cpi_builder_str(&l->b, drop);
	keep_id = cpi_builder_str(&l->b, keep);
	if (l->b.code)
		return;
	l->b.p->header.drop_frames = drop_id;
	l->b.p->header.keep_frames = keep_id;
}
