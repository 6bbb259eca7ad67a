/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit_unwind FOLDER [bare]: burns time below a generated function that keeps no frame
 * pointer, and writes FOLDER/jit-PID.dump with its call frame information, or without.
 * x86-64 only.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* push rbx; sub $256,rsp; call *rdi; add $256,rsp; pop rbx; ret */
static const uint8_t code[19] = {0x53, 0x48, 0x81, 0xec, 0, 1, 0, 0, 0xff, 0xd7, 0x48, 0x81,
	0xc4, 0, 1, 0, 0, 0x5b, 0xc3};

/* .eh_frame, which lies at 24 behind the code's start, and .eh_frame_hdr. */
static const uint8_t unwinding[80] = {
	/* CIE: "zR", pc-relative; CFA rsp+8, return address at CFA-8 */
	20, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1, 0, 0,
	/* FDE: begins at -56 from there, 19 bytes; the steps above */
	28, 0, 0, 0, 28, 0, 0, 0, 0xc8, 0xff, 0xff, 0xff, 19, 0, 0, 0, 0, 0x41, 0x0e, 16, 0x83, 2,
	0x47, 0x0e, 0x90, 2, 0x49, 0x0e, 16, 0x41, 0x0e, 8,
	0, 0, 0, 0,
	1, 0x1b, 3, 0x3b, 0xc0, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xac, 0xff, 0xff, 0xff,
	0xdc, 0xff, 0xff, 0xff};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static volatile uint64_t sum;

/* Its caller's frame pointer is lost: the register holds a number. */
static __attribute__((noinline, optimize("O2", "omit-frame-pointer"))) void spin(void)
{
	uint64_t end = now() + 400000000;

	while (now() < end)
		for (int i = 0; i < 10000; i++)
			sum += (uint64_t)i * i;
}

static void put(FILE *f, uint64_t x, int bytes)
{
	fwrite(&x, (size_t)bytes, 1, f);
}

static void write_dump(FILE *f, uint64_t start, int bare)
{
	static const char name[] = "generated";

	put(f, 0x4a695444, 4);
	put(f, 1, 4);
	put(f, 40, 4);
	put(f, 62, 4);
	put(f, 0, 4);
	put(f, (uint64_t)getpid(), 4);
	put(f, now(), 8);
	put(f, 0, 8);
	if (!bare) {
		put(f, 4, 4);
		put(f, 16 + 24 + sizeof unwinding, 4);
		put(f, now(), 8);
		put(f, sizeof unwinding, 8);
		put(f, 20, 8);
		/* As if it were in memory: perf reads none of it else. */
		put(f, sizeof unwinding, 8);
		fwrite(unwinding, sizeof unwinding, 1, f);
	}
	put(f, 0, 4);
	put(f, 16 + 40 + sizeof name + sizeof code, 4);
	put(f, now(), 8);
	put(f, (uint64_t)getpid(), 4);
	put(f, (uint64_t)getpid(), 4);
	put(f, start, 8);
	put(f, start, 8);
	put(f, sizeof code, 8);
	put(f, 1, 8);
	fwrite(name, sizeof name, 1, f);
	fwrite(code, sizeof code, 1, f);
	fflush(f);
}

static __attribute__((noinline, optimize("O2", "omit-frame-pointer"))) void outermost(
	uint8_t *memory)
{
	((void (*)(void (*)(void)))(uintptr_t)memory)(spin);
	sum++;
}

int main(int argc, char **argv)
{
	char path[4096];
	uint8_t *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FILE *f;

	if (argc < 2 || memory == MAP_FAILED)
		return 2;
	snprintf(path, sizeof path, "%s/jit-%d.dump", argv[1], (int)getpid());
	f = fopen(path, "w+");
	/* perf learns of the dump by this mapping. */
	if (!f || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(f), 0) == MAP_FAILED)
		return 1;
	memcpy(memory, code, sizeof code);
	write_dump(f, (uint64_t)(uintptr_t)memory, argc > 2);
	outermost(memory);
	return fclose(f);
}
