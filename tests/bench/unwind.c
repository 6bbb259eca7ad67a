/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nanoseconds of CPU time a frame: unwinds the samples of files made by
 * testdata/gen/unwind_capture.py, with the tables built anew (cold) and then on (warm).
 */
#include <inttypes.h>
#include <time.h>

#include "../unwind_replay.h"

enum { MOST = 4096 };

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t pass(struct replay *r)
{
	static uint64_t ips[MOST];
	static bool exact[MOST];
	enum cpi_unwind_end end;
	uint64_t frames = 0;

	for (uint32_t i = 0; i < r->n_samples; i++)
		frames += replay_unwind(r, i, 0, ips, exact, MOST, &end);
	return frames;
}

static int bench(const char *path)
{
	static struct replay r;
	struct cpi_env env;
	size_t n;
	uint8_t *bytes = replay_file(path, &n);
	double t0, t1, t2;
	uint64_t cold, warm = 0;

	memset(&r, 0, sizeof r);
	if (!bytes || !replay_read(&r, bytes, n))
		return 2;
	cpi_env_init(&env, NULL);
	if (!replay_start(&r, &env))
		return 4;
	t0 = cpu();
	cold = pass(&r);
	t1 = cpu();
	for (int i = 0; i < 5; i++)
		warm += pass(&r);
	t2 = cpu();
	printf("%s: %" PRIu32 " samples, %" PRIu64 " frames, cold %.0f ns a frame (%.1f ms in all), "
	       "warm %.0f ns\n",
		path, r.n_samples, cold, 1e9 * (t1 - t0) / (double)(cold ? cold : 1),
		1e3 * (t1 - t0), 1e9 * (t2 - t1) / (double)(warm ? warm : 1));
	replay_release(&r);
	cpi_env_release(&env);
	munmap(bytes, n);
	return 0;
}

int main(int argc, char **argv)
{
	int status = argc < 2 ? 2 : 0;

	for (int i = 1; i < argc && !status; i++)
		status = bench(argv[i]);
	return status;
}
