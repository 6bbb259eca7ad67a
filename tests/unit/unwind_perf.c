/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/perf_walk.c on the registers and stacks of testdata/unwind: perf's faults. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../unwind_replay.h"

enum { MOST = 256 };

struct fixture {
	struct cpi_env env;
	struct replay replay;
	uint8_t *bytes;
	size_t n;
	uint64_t ips[MOST];
	bool exact[MOST];
};

static void load(struct fixture *f, const char *machine)
{
	struct cp_context_options options = {.size = sizeof options, .threads = 1};
	static char folder[4096];
	char path[4200];

	memset(f, 0, sizeof *f);
	snprintf(folder, sizeof folder, "%s/unwind", getenv("TESTDATA"));
	snprintf(path, sizeof path, "%s/%s.unwind", folder, machine);
	f->bytes = replay_file(path, &f->n);
	assert_non_null(f->bytes);
	f->replay.folder = folder;
	f->replay.perf_compat = true;
	assert_true(replay_read(&f->replay, f->bytes, f->n));
	cpi_env_init(&f->env, &options);
	assert_true(replay_start(&f->replay, &f->env));
}

static void unload(struct fixture *f)
{
	replay_release(&f->replay);
	munmap(f->bytes, f->n);
	assert_int_equal(f->env.mem.used, 0);
	cpi_env_release(&f->env);
}

static unsigned frames(struct fixture *f, uint32_t i, enum cpi_unwind_end *ret_end)
{
	return replay_unwind(&f->replay, i, 0, f->ips, f->exact, MOST, ret_end);
}

/* Maps a file that exists nowhere, at the end of the sample's list. */
static void map(struct fixture *f, uint32_t i, uint64_t start, uint64_t n, uint32_t image)
{
	struct replay *r = &f->replay;
	struct replay_space *space = &r->space[r->sample[i].space];

	space->map = realloc(space->map, (space->n + 1) * sizeof *space->map);
	assert_non_null(space->map);
	space->map[space->n++] = (struct replay_map){start, start + n, 0, image};
}

static uint32_t stack_image(struct fixture *f)
{
	struct replay *r = &f->replay;

	/* replay_read leaves room for one. */
	r->image[r->n_images] =
		(struct replay_image){.path = CPI_TEXT("[stack]"), .kind = CP_MAP_JIT};
	return ++r->n_images;
}

/* The fixture's dumps end with _start's return address, the word that perf refuses. */
static void whole_stacks_are_the_same(void **state)
{
	enum cpi_unwind_end end;
	struct fixture f;

	(void)state;
	load(&f, "x86_64");
	for (uint32_t i = 0; i < 2; i++) {
		struct cpi_unwind_sample *s = &f.replay.sample[i].sample;
		uint8_t *longer = calloc(s->stack_n + 8, 1);

		assert_int_equal(frames(&f, i, &end), 8);
		memcpy(longer, s->stack, s->stack_n);
		s->stack = longer;
		s->stack_n += 8;
		assert_int_equal(frames(&f, i, &end), 9);
		for (int j = 0; j < 9; j++)
			assert_int_equal(f.exact[j], j == 0);
		free(longer);
	}
	unload(&f);
}

/* Behind the dump nothing is mapped: the stack ends before. [stack] is: one frame more. */
static void behind_the_dump_is_zero_or_nothing(void **state)
{
	enum cpi_unwind_end end;
	struct cpi_unwind_sample *s;
	struct fixture f;
	unsigned n, all;
	uint8_t *copy;

	(void)state;
	load(&f, "x86_64");
	all = frames(&f, 0, &end);
	s = &f.replay.sample[0].sample;
	copy = malloc(512);
	memcpy(copy, s->stack, 512);
	s->stack = copy;
	s->stack_n = s->stack_asked = 512;
	n = frames(&f, 0, &end);
	assert_in_range(n, 2, all - 1);
	assert_int_equal(end, CPI_UNWIND_TRUNCATED);
	assert_int_not_equal(f.ips[n - 1], UINT64_MAX);
	map(&f, 0, s->regs[7] & ~4095ULL, 1 << 20, stack_image(&f));
	assert_int_equal(frames(&f, 0, &end), n + 1);
	assert_int_equal(end, CPI_UNWIND_TRUNCATED);
	assert_true(f.ips[n] == UINT64_MAX && f.exact[n]);
	free(copy);
	unload(&f);
}

/* perf takes the lowest address, and finds no entry from there. */
static void an_inherited_mapping_hides_the_entries(void **state)
{
	enum cpi_unwind_end end;
	struct fixture f;

	(void)state;
	load(&f, "x86_64");
	map(&f, 0, 0x10000, 0x1000, 1);
	assert_in_range(frames(&f, 0, &end), 1, 7);
	assert_int_equal(end, CPI_UNWIND_BROKEN);
	unload(&f);
}

static void no_file_or_no_stack_means_no_more(void **state)
{
	enum cpi_unwind_end end;
	struct fixture f;

	(void)state;
	load(&f, "x86_64");
	f.replay.folder = "/nonexistent";
	assert_int_equal(frames(&f, 0, &end), 1);
	f.replay.sample[1].sample.stack_n = 0;
	assert_int_equal(frames(&f, 1, &end), 0);
	unload(&f);
	load(&f, "i386");
	assert_int_equal(frames(&f, 0, &end), 0);
	unload(&f);
}

/* A frame whose caller is itself: both registers must change, and 127 are printed. */
static void deep_stacks_end_where_perf_ends(void **state)
{
	enum { DEPTH = 400 };
	struct replay_sample *s;
	enum cpi_unwind_end end;
	struct fixture f;
	uint64_t *stack = calloc(2 * DEPTH, 8);

	(void)state;
	load(&f, "x86_64");
	frames(&f, 2, &end);
	s = &f.replay.sample[2];
	/* with_none's frame records, each its caller's caller. */
	s->regs[8] = f.ips[2];
	for (int i = 0; i < DEPTH; i++) {
		stack[2 * i] = s->regs[7] + 16 * (uint64_t)(i + 1);
		stack[2 * i + 1] = f.ips[2];
	}
	s->regs[6] = s->regs[7];
	s->sample.stack = (const uint8_t *)stack;
	s->sample.stack_n = s->sample.stack_asked = 16 * DEPTH;
	assert_int_equal(frames(&f, 2, &end), 127);
	unload(&f);
	free(stack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_stacks_are_the_same),
		cmocka_unit_test(behind_the_dump_is_zero_or_nothing),
		cmocka_unit_test(an_inherited_mapping_hides_the_entries),
		cmocka_unit_test(no_file_or_no_stack_means_no_more),
		cmocka_unit_test(deep_stacks_end_where_perf_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
