/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/ on the registers and stacks of testdata/unwind (see its README). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../unwind_replay.h"

enum { MOST = 64 };

static const char *const machines[] = {"x86_64", "i386", "aarch64"};

struct fixture {
	struct cpi_env env;
	struct replay replay;
	uint8_t *bytes;
	size_t n;
	char notes[8][320];
	int n_notes;
};

static void note(const struct cp_diagnostic *d, void *arg)
{
	struct fixture *f = arg;

	if (f->n_notes < 8)
		snprintf(f->notes[f->n_notes++], sizeof f->notes[0], "%s: %s", d->kind,
			d->message);
}

static void load(struct fixture *f, const char *machine, unsigned threads)
{
	struct cp_context_options options = {.size = sizeof options, .threads = threads,
		.diagnostic = note, .diagnostic_arg = f};
	static char folder[4096];
	char path[4200];

	memset(f, 0, sizeof *f);
	snprintf(folder, sizeof folder, "%s/unwind", getenv("TESTDATA"));
	snprintf(path, sizeof path, "%s/%s.unwind", folder, machine);
	f->bytes = replay_file(path, &f->n);
	assert_non_null(f->bytes);
	f->replay.folder = folder;
	assert_true(replay_read(&f->replay, f->bytes, f->n));
	assert_int_equal(f->replay.n_samples, 4);
	cpi_env_init(&f->env, &options);
}

static void unload(struct fixture *f)
{
	replay_release(&f->replay);
	munmap(f->bytes, f->n);
	assert_int_equal(f->env.mem.used, 0);
	cpi_env_release(&f->env);
}

/* The name of the function at an address, without what follows a dot. */
static struct cp_text name_at(struct cpi_elf *elf, uint64_t address)
{
	uint32_t i = cpi_elf_find(elf, ".symtab");
	const uint8_t *bytes, *names;
	size_t n, n_names;
	bool is64 = cpi_elf_header(elf)->is64;
	struct cp_text best = CPI_TEXT("?");
	uint64_t at = 0;
	struct cp_error err;

	assert_int_equal(cpi_elf_section_bytes(elf, i, &bytes, &n, &err), CP_OK);
	assert_int_equal(cpi_elf_section_bytes(
		elf, cpi_elf_section(elf, i)->link, &names, &n_names, &err), CP_OK);
	for (size_t k = 0; k < n; k += is64 ? 24 : 16) {
		struct cpi_cursor c = cpi_cursor_make(bytes + k, n - k, false);
		uint32_t name = cpi_cursor_u32(&c);
		uint8_t info = is64 ? cpi_cursor_u8(&c) : bytes[k + 12];
		uint64_t value;

		cpi_cursor_skip(&c, is64 ? 3 : 0);
		value = is64 ? cpi_cursor_u64(&c) : cpi_cursor_u32(&c);
		/* AArch64's mapping symbols ($x) and the linker's marks are no functions.
		 */
		if ((info & 15) > STT_FUNC || value > address || value < at ||
			!names[name] || names[name] == '$' ||
			!strcmp((const char *)names + name, "call4"))
			continue;
		at = value;
		best = cpi_text((const char *)names + name);
		best.n = strcspn(best.p, ".");
	}
	return best;
}

static void names_of(struct replay *r, uint32_t i, char *text, size_t size)
{
	uint64_t ips[MOST];
	bool exact[MOST];
	enum cpi_unwind_end end;
	unsigned n = replay_unwind(r, i, 0, ips, exact, MOST, &end);
	size_t used = 0;

	assert_int_equal(end, CPI_UNWIND_DONE);
	for (unsigned j = 0; j < n; j++) {
		struct cp_text name = name_at(r->image[0].elf, ips[j] - !exact[j]);

		used += (size_t)snprintf(text + used, size - used, "%s%.*s%s",
			j ? " " : "", (int)name.n, name.p, exact[j] ? "!" : "");
		assert_true(used < size);
	}
}

/*
 * with_eh has a frame pointer rule (a variable-length array), with_debug is in
 * .debug_frame only, with_none in no table. The last one's handler interrupted a leaf;
 * the address before the signal trampoline is padding behind that leaf.
 */
static void stacks_have_their_frames(void **state)
{
	static const char *const want[] = {
		"snapshot! with_eh with_eh with_eh down down down run _start",
		"snapshot! with_debug with_debug with_debug down down down run _start",
		"snapshot! with_none with_none with_none down down down run _start",
		"snapshot! with_debug with_debug with_debug down down on_trap leaf_trap "
		"leaf_trap! "
		"catch_trap run _start",
	};

	(void)state;
	for (int m = 0; m < 3; m++) {
		struct fixture f;

		load(&f, machines[m], 1);
		assert_true(replay_start(&f.replay, &f.env));
		/* Twice: from the tables, then from the cache. */
		for (uint32_t i = 0; i < 8; i++) {
			char text[512];

			names_of(&f.replay, i % 4, text, sizeof text);
			assert_string_equal(text, want[i % 4]);
		}
		unload(&f);
	}
}

static void a_cut_stack_gives_the_inner_frames(void **state)
{
	(void)state;
	for (int m = 0; m < 3; m++) {
		uint64_t whole[MOST], ips[MOST];
		bool exact[MOST];
		struct fixture f;
		enum cpi_unwind_end end;

		load(&f, machines[m], 1);
		assert_true(replay_start(&f.replay, &f.env));
		for (uint32_t i = 0; i < 4; i++) {
			struct cpi_unwind_sample *s = &f.replay.sample[i].sample;
			const uint8_t *stack = s->stack;
			size_t size = s->stack_n;
			unsigned n,
				all = replay_unwind(
					&f.replay, i, 0, whole, exact, MOST, &end),
				cuts = 0;

			for (size_t cut = 0; cut < size; cut += 24) {
				/* Of exact size, so that a sanitizer sees a read outside.
				 */
				uint8_t *copy = malloc(cut + 1);

				memcpy(copy, stack, cut);
				s->stack = copy;
				s->stack_n = s->stack_asked = cut;
				n = replay_unwind(
					&f.replay, i, 0, ips, exact, MOST, &end);
				assert_true(n <= all);
				assert_memory_equal(ips, whole, n * sizeof *ips);
				if (n < all)
					assert_int_equal(end, CPI_UNWIND_TRUNCATED);
				else
					assert_int_equal(end, CPI_UNWIND_DONE);
				cuts += n < all;
				free(copy);
			}
			assert_true(cuts > 20);
		}
		unload(&f);
	}
}

static void the_dump_that_would_do_is_named(void **state)
{
	uint64_t ips[MOST];
	bool exact[MOST];
	enum cpi_unwind_end end;
	struct fixture f;
	struct cp_error err;
	struct cpi_unwind_sample *s;
	char want[200];
	size_t size;

	(void)state;
	load(&f, "x86_64", 1);
	assert_true(replay_start(&f.replay, &f.env));
	replay_unwind(&f.replay, 0, 0, ips, exact, MOST, &end);
	s = &f.replay.sample[0].sample;
	size = s->stack_n;
	s->stack_n = s->stack_asked = 512;
	replay_unwind(&f.replay, 0, 0, ips, exact, MOST, &end);
	assert_int_equal(end, CPI_UNWIND_TRUNCATED);
	assert_int_equal(f.replay.unwinder.finish(f.replay.unwinder.arg, &err), CP_OK);
	/* run's frame ends where _start left the stack pointer, less alignment. */
	snprintf(want, sizeof want,
		"truncated-stack: 1 of 2 user stacks are larger than the dump of 65528 "
		"bytes: ");
	assert_int_equal(f.n_notes, 1);
	assert_memory_equal(f.notes[0], want, strlen(want));
	s->stack_n = size;
	unload(&f);

	load(&f, "x86_64", 1);
	assert_true(replay_start(&f.replay, &f.env));
	for (uint32_t i = 0; i < 4; i++)
		f.replay.sample[i].sample.stack_asked = f.replay.sample[i].sample.stack_n;
	replay_unwind(&f.replay, 0, 0, ips, exact, MOST, &end);
	f.replay.sample[0].sample.stack_n = f.replay.sample[0].sample.stack_asked = 512;
	replay_unwind(&f.replay, 0, 0, ips, exact, MOST, &end);
	f.replay.unwinder.finish(f.replay.unwinder.arg, &err);
	size = (size_t)strtoul(strstr(f.notes[0], "dwarf,") + 6, NULL, 10);
	/* That dump holds the stack, and none that is a word smaller. */
	f.replay.sample[0].sample.stack_n = f.replay.sample[0].sample.stack_asked = size;
	replay_unwind(&f.replay, 0, 0, ips, exact, MOST, &end);
	assert_int_equal(end, CPI_UNWIND_DONE);
	f.replay.sample[0].sample.stack_n = f.replay.sample[0].sample.stack_asked =
		size - 8;
	replay_unwind(&f.replay, 0, 0, ips, exact, MOST, &end);
	assert_int_equal(end, CPI_UNWIND_TRUNCATED);
	unload(&f);
}

static void without_a_file_frame_pointers_are_followed(void **state)
{
	uint64_t ips[MOST];
	bool exact[MOST];
	enum cpi_unwind_end end;
	struct fixture f;
	struct cp_error err;

	(void)state;
	load(&f, "x86_64", 1);
	f.replay.folder = "/nonexistent";
	assert_true(replay_start(&f.replay, &f.env));
	/* snapshot has no frame: its return address is guessed; then two of with_none. */
	assert_true(replay_unwind(&f.replay, 2, 0, ips, exact, MOST, &end) >= 3);
	assert_int_equal(f.replay.unwinder.finish(f.replay.unwinder.arg, &err), CP_OK);
	assert_non_null(strstr(f.notes[f.n_notes - 1],
		"frame-pointer: tiny-x86_64: no file of its build was found; "));
	unload(&f);

	/* A short dump is not what such a stack ends for: no larger one would help. */
	load(&f, "x86_64", 1);
	f.replay.folder = "/nonexistent";
	assert_true(replay_start(&f.replay, &f.env));
	f.replay.sample[2].sample.stack_n = f.replay.sample[2].sample.stack_asked = 64;
	replay_unwind(&f.replay, 2, 0, ips, exact, MOST, &end);
	assert_true(end == CPI_UNWIND_MISSING || end == CPI_UNWIND_BROKEN);
	assert_int_equal(f.replay.unwinder.finish(f.replay.unwinder.arg, &err), CP_OK);
	assert_int_equal(f.n_notes, 2);
	assert_non_null(strstr(f.notes[0], "guessed-stack: 1 of 1 user stacks end early"));
	unload(&f);
}

/* Opens the program with its .debug_frame under another name. */
static void hide_debug_frame(struct fixture *f)
{
	struct replay_image *image = &f->replay.image[0];
	char path[4200];
	uint8_t *bytes, *name;
	size_t n = 0;
	struct cp_error err;

	f->replay.env = &f->env;
	replay_path(&f->replay, image, path, sizeof path);
	bytes = replay_file(path, &n);
	assert_non_null(bytes);
	assert_int_equal(mprotect(bytes, n, PROT_READ | PROT_WRITE), 0);
	name = memmem(bytes, n, ".debug_frame", 12);
	assert_non_null(name);
	name[1] = 'x';
	f->replay.opened[f->replay.n_opened][0] = (uint64_t)(uintptr_t)bytes;
	f->replay.opened[f->replay.n_opened++][1] = n;
	assert_int_equal(cpi_elf_open(&f->env, bytes, n, &image->elf, &err), CP_OK);
}

static void the_debug_file_fills_gaps(void **state)
{
	struct fixture f;
	struct cpi_unwind_map map = {.image = 1};
	struct cpi_elf *hidden;
	struct cp_error err;
	char text[512];

	(void)state;
	load(&f, "x86_64", 1);
	hide_debug_frame(&f);
	hidden = f.replay.image[0].elf;
	f.replay.image[0].elf = NULL;
	f.replay.image[0].debug = replay_open(&f.replay, &map, false);
	f.replay.image[0].elf = hidden;
	assert_true(replay_start(&f.replay, &f.env));
	names_of(&f.replay, 1, text, sizeof text);
	assert_string_equal(text,
		"snapshot! with_debug with_debug with_debug down down down run _start");
	assert_int_equal(f.replay.unwinder.finish(f.replay.unwinder.arg, &err), CP_OK);
	assert_int_equal(f.n_notes, 0);
	unload(&f);
}

static void gaps_are_said(void **state)
{
	uint64_t ips[MOST];
	bool exact[MOST];
	enum cpi_unwind_end end;
	struct fixture f;
	struct cp_error err;

	(void)state;
	load(&f, "x86_64", 1);
	assert_true(replay_start(&f.replay, &f.env));
	replay_unwind(&f.replay, 2, 0, ips, exact, MOST, &end);
	assert_int_equal(f.replay.unwinder.finish(f.replay.unwinder.arg, &err), CP_OK);
	assert_non_null(strstr(f.notes[f.n_notes - 1],
		"frame-pointer: tiny-x86_64: its call frame information leaves functions "
		"out; "));
	unload(&f);
}

/* Go's systemstack: the record is on this stack, the caller's frame on another. */
static void another_stack_is_missing(void **state)
{
	uint64_t ips[MOST], elsewhere = 8;
	bool exact[MOST];
	enum cpi_unwind_end end;
	struct fixture f;
	struct cpi_unwind_sample *s;
	uint8_t *copy;

	(void)state;
	load(&f, "x86_64", 1);
	assert_true(replay_start(&f.replay, &f.env));
	s = &f.replay.sample[2].sample;
	copy = malloc(s->stack_n);
	memcpy(copy, s->stack, s->stack_n);
	/* perf's registers 6 and 7 are BP and SP. */
	memcpy(copy + (s->regs[6] - s->regs[7]), &elsewhere, 8);
	s->stack = copy;
	assert_int_equal(replay_unwind(&f.replay, 2, 0, ips, exact, MOST, &end), 3);
	assert_int_equal(end, CPI_UNWIND_MISSING);
	unload(&f);
	free(copy);
}

/* In execve the memory is gone: the leaf is all there is. */
static void no_stack_is_missing(void **state)
{
	uint64_t ips[MOST];
	bool exact[MOST];
	enum cpi_unwind_end end;
	struct fixture f;

	(void)state;
	for (int m = 0; m < 2; m++) {
		load(&f, machines[m], 1);
		assert_true(replay_start(&f.replay, &f.env));
		f.replay.sample[0].sample.stack_n = 0;
		assert_int_equal(
			replay_unwind(&f.replay, 0, 0, ips, exact, MOST, &end), 1);
		assert_int_equal(end, CPI_UNWIND_MISSING);
		unload(&f);
	}
}

/* For chains by frame pointer: LR is the caller where the leaf's table says so. */
static void a_leaf_names_its_caller(void **state)
{
	uint64_t ips[MOST];
	bool exact[MOST];
	enum cpi_unwind_end end;
	struct fixture f;
	struct cpi_unwinder *u = &f.replay.unwinder;
	const struct cpi_unwind_sample *s;
	unsigned n;

	(void)state;
	load(&f, "aarch64", 1);
	assert_true(replay_start(&f.replay, &f.env));
	s = &f.replay.sample[3].sample;
	n = replay_unwind(&f.replay, 3, 0, ips, exact, MOST, &end);
	/* From the end: leaf_trap, interrupted; catch_trap, run, _start. */
	assert_true(exact[n - 4]);
	assert_int_equal(u->leaf_caller(u->arg, s, replay_map_at, &f.replay, ips[n - 4],
				 ips[n - 3] | 1ULL << 55),
		ips[n - 3]);
	/* run has saved its own; 8 is no code. */
	assert_int_equal(u->leaf_caller(u->arg, s, replay_map_at, &f.replay, ips[n - 2],
				 ips[n - 1]), 0);
	assert_int_equal(
		u->leaf_caller(u->arg, s, replay_map_at, &f.replay, ips[n - 4], 8), 0);
	assert_int_equal(
		u->leaf_caller(u->arg, s, replay_map_at, &f.replay, 8, ips[n - 3]), 0);
	unload(&f);
	load(&f, "x86_64", 1);
	assert_true(replay_start(&f.replay, &f.env));
	assert_int_equal(u->leaf_caller(u->arg, &f.replay.sample[0].sample, replay_map_at,
				 &f.replay, 0x400100, 0x400100), 0);
	unload(&f);
}

static void other_machines_are_left_alone(void **state)
{
	uint64_t ips[MOST];
	bool exact[MOST];
	enum cpi_unwind_end end;
	struct fixture f;
	struct cp_error err;

	(void)state;
	load(&f, "x86_64", 1);
	f.replay.machine = CPI_TEXT("riscv64");
	assert_true(replay_start(&f.replay, &f.env));
	assert_int_equal(replay_unwind(&f.replay, 0, 0, ips, exact, MOST, &end), 0);
	assert_int_equal(end, CPI_UNWIND_BROKEN);
	f.replay.unwinder.finish(f.replay.unwinder.arg, &err);
	assert_non_null(strstr(f.notes[0], "riscv64"));
	unload(&f);
}

static void at_most_the_frames_asked_for(void **state)
{
	uint64_t ips[MOST];
	bool exact[MOST];
	enum cpi_unwind_end end;
	struct fixture f;

	(void)state;
	load(&f, "aarch64", 1);
	assert_true(replay_start(&f.replay, &f.env));
	ips[5] = 0x1234;
	assert_int_equal(replay_unwind(&f.replay, 0, 0, ips, exact, 5, &end), 5);
	assert_int_equal(ips[5], 0x1234);
	assert_int_equal(end, CPI_UNWIND_BROKEN);
	unload(&f);
}

struct job {
	struct replay *replay;
	uint64_t ips[64][MOST];
	unsigned n[64];
};

static void unwind_job(void *arg, size_t i, unsigned worker)
{
	struct job *job = arg;
	bool exact[MOST];
	enum cpi_unwind_end end;

	job->n[i] = replay_unwind(
		job->replay, (uint32_t)(i % 4), worker, job->ips[i], exact, MOST, &end);
}

static void threads_agree(void **state)
{
	static struct job job;
	struct fixture f;

	(void)state;
	load(&f, "aarch64", 4);
	assert_true(replay_start(&f.replay, &f.env));
	job.replay = &f.replay;
	cpi_pool_run(&f.env, 64, unwind_job, &job);
	for (int i = 4; i < 64; i++) {
		assert_int_equal(job.n[i], job.n[i % 4]);
		assert_memory_equal(
			job.ips[i], job.ips[i % 4], job.n[i] * sizeof(uint64_t));
	}
	unload(&f);
}

static void every_allocation_may_fail(void **state)
{
	bool done = false;

	(void)state;
	for (unsigned at = 1; !done; at++) {
		uint64_t ips[MOST];
		bool exact[MOST];
		enum cpi_unwind_end end;
		struct fixture f;
		struct cp_error err;

		load(&f, "x86_64", 1);
		f.env.mem.fail_at = at;
		f.env.mem.fail_on = true;
		if (replay_start(&f.replay, &f.env)) {
			for (uint32_t i = 0; i < 4; i++)
				replay_unwind(&f.replay, i, 0, ips, exact, MOST, &end);
			done = f.replay.unwinder.finish(f.replay.unwinder.arg, &err) ==
				       CP_OK &&
			       f.env.mem.ops < at;
		}
		unload(&f);
		assert_true(at < 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_have_their_frames),
		cmocka_unit_test(a_cut_stack_gives_the_inner_frames),
		cmocka_unit_test(the_dump_that_would_do_is_named),
		cmocka_unit_test(without_a_file_frame_pointers_are_followed),
		cmocka_unit_test(the_debug_file_fills_gaps),
		cmocka_unit_test(gaps_are_said),
		cmocka_unit_test(another_stack_is_missing),
		cmocka_unit_test(no_stack_is_missing),
		cmocka_unit_test(a_leaf_names_its_caller),
		cmocka_unit_test(other_machines_are_left_alone),
		cmocka_unit_test(at_most_the_frames_asked_for),
		cmocka_unit_test(threads_agree),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
