/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: u32 n, n bytes of an ELF file, then a capture file of unwind_capture.py's format
 * whose images are all that file. So ELF, call frame information, registers and stacks
 * are all hostile.
 */
#include "../unwind_replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 200 };

static struct cpi_elf *open_it(void *arg, const struct cpi_unwind_map *map, bool debug)
{
	(void)map;
	return debug ? NULL : arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct replay r;
	struct cp_context_options options = {.size = sizeof options, .threads = 1};
	struct cpi_cursor c = cpi_cursor_make(data, size, false);
	size_t n = cpi_cursor_u32(&c);
	const uint8_t *file = cpi_cursor_bytes(&c, n);
	struct cpi_elf *elf = NULL;
	struct cpi_env env;
	struct cp_error err;

	options.limits.memory = 64 << 20;
	cpi_env_init(&env, &options);
	memset(&r, 0, sizeof r);
	if (file && cpi_elf_open(&env, file, n, &elf, &err) == CP_OK &&
		replay_read(&r, c.at, cpi_cursor_left(&c)) &&
		cpi_unwind_init(&env, open_it, NULL, elf, &r.unwinder, &err) == CP_OK) {
		r.unwinder.start(r.unwinder.arg, r.machine, false, size & 1);
		for (uint32_t i = 0; i < r.n_samples; i++) {
			uint64_t ips[MOST];
			bool exact[MOST];
			enum cpi_unwind_end end;

			if (replay_unwind(&r, i, 0, ips, exact, MOST, &end) > MOST)
				abort();
		}
		(void)r.unwinder.finish(r.unwinder.arg, &err);
	}
	replay_release(&r);
	if (elf)
		cpi_elf_close(elf);
	if (env.mem.used)
		abort();
	cpi_env_release(&env);
	return 0;
}
