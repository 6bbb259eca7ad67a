/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile program, given for a profile of bare addresses: symbol tables, DWARF, notes and
 * compressed sections on the way that cpconv takes.
 */
#include <stdio.h>
#include <unistd.h>

#include "api.h"

static const char profile_text[] =
	"heap profile: 3: 30 [3: 30] @ heapprofile\n"
	" 1: 10 [1: 10] @ 0x401000 0x401130 0x401200\n"
	" 1: 10 [1: 10] @ 0x401010 0x402000 0x400800\n"
	" 1: 10 [1: 10] @ 0x401004 0x401ffc 0x403000\n"
	"\nMAPPED_LIBRARIES:\n"
	"00400000-00800000 r-xp 00000000 00:00 1 /fuzz/prog\n";

/* One file for the whole run; its name is in memory where there is such a place. */
static const char *program(const uint8_t *data, size_t size)
{
	static char path[64];
	FILE *f;

	if (!path[0])
		snprintf(path, sizeof path, "%s/cp-fuzz-%ld",
			access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (long)getpid());
	f = fopen(path, "wb");
	if (!f || fwrite(data, 1, size, f) != size || fclose(f))
		abort();
	return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = program(data, size);
	const struct cp_binary binary = {"/fuzz/prog", path};
	const struct cp_symbolize_options options = {.size = sizeof options,
		.binaries = &binary,
		.n_binaries = 1,
		.symfs = "/nonexistent",
		.buildid_dir = "/nonexistent",
		.force_build_id = true};
	struct cp_context *context = fuzz_context();
	struct cp_profile *profile =
		fuzz_read(context, (const uint8_t *)profile_text, sizeof profile_text - 1);
	struct cp_symbol_report *report = NULL;
	struct cp_profile *named = NULL;
	struct cp_error err;

	if (!profile)
		abort();
	if (!cp_profile_symbolize(context, profile, &options, &named, &report, &err) &&
		cp_profile_check(named, &err))
		abort();
	cp_profile_free(named);
	cp_symbol_report_free(report);
	cp_profile_free(profile);
	fuzz_context_end(context);
	unlink(path);
	return 0;
}
