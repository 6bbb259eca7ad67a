/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: perf. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "format/perf/perf.h"

extern const struct cpi_format cpi_format_perf;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Options that reach code which the defaults do not. */
static const struct cp_read_options options[] = {
	{.size = sizeof options[0]},
	{.size = sizeof options[0],
		.labels = CP_LABEL_PID | CP_LABEL_TID | CP_LABEL_CPU | CP_LABEL_CGROUP |
			CP_LABEL_TIMESTAMP_NS | CP_LABEL_EVENT | CP_LABEL_PROCESS_COMM,
		.keep_time = true,
		.time = {CP_TIME_SHARE, 0.1, 0.9}},
	{.size = sizeof options[0], .perf_compat = true, .labels = CP_LABEL_NONE},
};

/* Stands in for the unwinder: touches all it is given and asks for maps. */
static unsigned unwind(void *arg, unsigned worker, const struct cpi_unwind_sample *sample,
	cpi_unwind_map_fn *map_at, void *reader, uint64_t *ips, bool *ret_exact, unsigned max,
	enum cpi_unwind_end *ret_end)
{
	struct cpi_unwind_map map;
	unsigned n = 0;

	(void)arg;
	(void)worker;
	for (int i = 0; i < __builtin_popcountll(sample->regs_mask) && n < max; i++)
		if (map_at(reader, sample, sample->regs[i], &map)) {
			ips[n] = sample->regs[i];
			ret_exact[n] = !n;
			n++;
		}
	for (size_t i = 0; i < sample->stack_n; i++)
		*ret_end = sample->stack[i] & 1 ? CPI_UNWIND_TRUNCATED : CPI_UNWIND_DONE;
	return n;
}

static uint64_t leaf_caller(void *arg, const struct cpi_unwind_sample *sample,
	cpi_unwind_map_fn *map_at, void *reader, uint64_t pc, uint64_t lr)
{
	struct cpi_unwind_map map;

	(void)arg;
	return map_at(reader, sample, pc, &map) ? lr : 0;
}

/* What good-jit.data asks for; flips of the capture lay it over whatever it maps. */
static bool jitdump(void *arg, uint32_t pid, struct cp_text path, const uint8_t **ret_bytes,
	size_t *ret_n)
{
	enum { HEADER = 40, LOAD = 64 };
	static uint64_t dump[(HEADER + 3 * LOAD) / 8];
	static const uint32_t head[] = {0x4a695444, 1, HEADER}, load[] = {0, LOAD};

	(void)arg;
	(void)pid;
	(void)path;
	memcpy(dump, head, sizeof head);
	for (uint64_t i = 0; i < 3; i++) {
		uint64_t *p = &dump[(HEADER + i * LOAD) / 8];

		memcpy(p, load, sizeof load);
		p[1] = 10 + 10 * i;
		p[4] = 0x10000 + 8 * i;
		p[5] = 0x20;
	}
	*ret_bytes = (const uint8_t *)dump;
	*ret_n = sizeof dump;
	return true;
}

static void run(const struct cpi_source *source, const struct cp_read_options *o)
{
	static const struct cpi_unwinder unwinder = {.unwind = unwind, .leaf_caller = leaf_caller, .jitdump = jitdump};
	struct cp_context_options context = {
		.size = sizeof context, .limits.memory = 256 << 20, .threads = 1};
	struct cpi_env env;
	struct cp_profile *profile = NULL;
	struct cp_error err;

	cpi_env_init(&env, &context);
	if (!cpi_format_perf.read(&env, source, o, &unwinder, &profile, &err)) {
		if (cp_profile_check(profile, &err))
			abort();
		cp_profile_free(profile);
	}
	if (env.mem.used)
		abort();
	cpi_env_release(&env);
}

static void describe(const struct cpi_source *source)
{
	struct cp_context_options context = {
		.size = sizeof context, .limits.memory = 256 << 20, .threads = 1};
	struct perf_info *info = NULL;
	struct cpi_env env;
	struct cp_error err;

	cpi_env_init(&env, &context);
	if (!perf_info_read(&env, source, &info, &err))
		perf_info_free(info);
	if (env.mem.used)
		abort();
	cpi_env_release(&env);
}

/*
 * One way of reading for each input, which its own bytes choose: all of them for each would
 * be a fifth as many inputs, and equal inputs must go the same way.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { OPTIONS = sizeof options / sizeof *options };
	static struct cpi_source source;
	unsigned way = 0;

	for (size_t i = 0; i < size; i += 61)
		way += data[i];
	way %= OPTIONS + 2;
	source.name = "fuzz";
	source.part[0] = (struct cpi_bytes){data, size};
	source.n_parts = 1;
	if (way < OPTIONS) {
		run(&source, &options[way]);
	} else if (way == OPTIONS) {
		describe(&source);
	} else {
		/* As a directory: the second part has records only. */
		source.part[1] = (struct cpi_bytes){data + size / 2, size - size / 2};
		source.n_parts = 2;
		run(&source, &options[0]);
	}
	return 0;
}

#ifdef CP_LIBFUZZER
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

static uint64_t word(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof x);
	return x;
}

/* Where the records of a file of this machine's order are; false: nowhere that makes sense. */
static bool data_section(const uint8_t *data, size_t size, size_t *ret_from, size_t *ret_to)
{
	uint64_t from, n;

	if (size < 104 || memcmp(data, "PERFILE2", 8))
		return false;
	from = word(data + 40);
	n = word(data + 48);
	if (from > size || n > size - from || n < 8)
		return false;
	*ret_from = (size_t)from;
	*ret_to = (size_t)(from + n);
	return true;
}

/* The start of one record, by chance; its size is in the two bytes 6 behind it. */
static size_t some_record(
	const uint8_t *data, size_t from, size_t to, unsigned seed, size_t *ret_n)
{
	size_t at = from, chosen = from;
	uint16_t n = 0;

	*ret_n = 0;
	for (unsigned i = 1; to - at >= 8; i++, at += n) {
		memcpy(&n, data + at + 6, sizeof n);
		if (n < 8 || n > to - at)
			break;
		seed = seed * 1103515245 + 12345;
		if ((seed >> 16) % i == 0) {
			chosen = at;
			*ret_n = n;
		}
	}
	return chosen;
}

/*
 * Damage that leaves the rest readable: bytes inside one record, one record more or less,
 * two that change places. Blind mutation breaks the first size that it meets.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	size_t from, to, at, n, other, other_n;
	uint64_t section;

	if (seed % 4 == 0 || !data_section(data, size, &from, &to))
		return LLVMFuzzerMutate(data, size, most);
	at = some_record(data, from, to, seed, &n);
	if (!n)
		return LLVMFuzzerMutate(data, size, most);
	other = some_record(data, from, to, seed ^ 0x5bd1e995, &other_n);
	section = word(data + 48);
	switch (seed / 4 % 4) {
	case 0: /* once more, at another place */
		if (size + n > most || n > 4096)
			break;
		{
			uint8_t copy[4096];

			memcpy(copy, data + at, n);
			memmove(data + other + n, data + other, size - other);
			memcpy(data + other, copy, n);
		}
		section += n;
		memcpy(data + 48, &section, sizeof section);
		return size + n;
	case 1: /* no more */
		memmove(data + at, data + at + n, size - at - n);
		section -= n;
		memcpy(data + 48, &section, sizeof section);
		return size - n;
	case 2: /* another type */
		data[at] = (uint8_t)(seed >> 8) % 90;
		return size;
	default: /* other contents */
		if (n > 8)
			LLVMFuzzerMutate(data + at + 8, n - 8, n - 8);
		return size;
	}
	return LLVMFuzzerMutate(data, size, most);
}
#endif
