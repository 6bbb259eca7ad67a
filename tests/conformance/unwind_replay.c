/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unwinds the samples of a file made by testdata/gen/unwind_capture.py and prints, a sample
 * a line: tid, time, how it ended, then the addresses, leaf first, as perf script prints
 * them: return addresses less one, from the start of the mapped file.
 */
#include <inttypes.h>

#include "../unwind_replay.h"

static void remark(const struct cp_diagnostic *d, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s: %s\n", d->kind, d->message);
}

static uint64_t in_file(struct replay *r, uint32_t i, uint64_t address)
{
	struct cpi_unwind_map map;

	if (!replay_map_at(r, &r->sample[i].sample, address, &map))
		return address;
	return address - map.start + map.offset;
}

int main(int argc, char **argv)
{
	static const char *const ends[] = {"done", "truncated", "missing", "broken"};
	static struct replay r;
	struct cp_context_options options = {
		.size = sizeof options, .threads = 1, .diagnostic = remark};
	struct cpi_env env;
	struct cp_error err;
	uint8_t *bytes = NULL;
	size_t n;

	if (argc != 2 || !(bytes = replay_file(argv[1], &n)) || !replay_read(&r, bytes, n)) {
		fprintf(stderr, "usage: unwind-replay FILE\n");
		return 2;
	}
	cpi_env_init(&env, &options);
	if (!replay_start(&r, &env))
		return 4;
	for (uint32_t i = 0; i < r.n_samples; i++) {
		static uint64_t ips[10000];
		static bool exact[10000];
		enum cpi_unwind_end end;
		unsigned frames = replay_unwind(&r, i, 0, ips, exact, 10000, &end);

		printf("%" PRIu32 " %" PRIu64 " %s", r.sample[i].sample.tid, r.sample[i].time,
			ends[end]);
		for (unsigned j = 0; j < frames; j++)
			printf(" %" PRIx64, in_file(&r, i, ips[j] - !exact[j]));
		printf("\n");
	}
	if (r.unwinder.finish(r.unwinder.arg, &err))
		fprintf(stderr, "%s\n", err.message);
	replay_release(&r);
	cpi_env_release(&env);
	munmap(bytes, n);
	return 0;
}
