/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compiler at run time in small: functions that spin, laid over each other in the same
 * memory, moved, and told of in jit-PID.dump. jit_reuse FOLDER [memfd]
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { CODE = 10, ROOM = 1 << 16, ROUNDS = 5 };

static FILE *dump;
static uint64_t next_index = 1;

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static void u32(uint32_t x)
{
	fwrite(&x, 4, 1, dump);
}

static void u64(uint64_t x)
{
	fwrite(&x, 8, 1, dump);
}

static void record(uint32_t kind, uint32_t size)
{
	u32(kind);
	u32(16 + size);
	u64(now());
}

static void dump_open(const char *folder)
{
	char path[512];

	snprintf(path, sizeof path, "%s/jit-%d.dump", folder, (int)getpid());
	dump = fopen(path, "w+");
	if (!dump)
		_exit(1);
	u32(0x4a695444);
	u32(1);
	u32(40);
	u32(62);
	u32(0);
	u32((uint32_t)getpid());
	u64(now());
	u64(0);
	fflush(dump);
	/* What tells the recorder where the file is. */
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(dump), 0) == MAP_FAILED)
		_exit(1);
}

/* mov $n, %ecx; 1: dec %ecx; jnz 1b; ret */
static void load(uint8_t *at, const char *name, uint32_t line)
{
	static const char file[] = "made.up";
	uint8_t code[CODE] = {0xb9, 0x40, 0x42, 0x0f, 0, 0xff, 0xc9, 0x75, 0xfc, 0xc3};

	/* perf inject ends the lines where the last one begins: that is the ret. */
	record(2, 16 + 3 * (16 + sizeof file));
	u64((uintptr_t)at);
	u64(3);
	for (unsigned i = 0; i < 3; i++) {
		static const unsigned where[] = {0, 5, 9};

		u64((uintptr_t)at + where[i]);
		u32(line + 1000 * i);
		u32(0);
		fwrite(file, 1, sizeof file, dump);
	}
	record(0, 40 + (uint32_t)strlen(name) + 1 + CODE);
	u32((uint32_t)getpid());
	u32((uint32_t)getpid());
	u64((uintptr_t)at);
	u64((uintptr_t)at);
	u64(CODE);
	u64(next_index++);
	fwrite(name, 1, strlen(name) + 1, dump);
	fwrite(code, 1, CODE, dump);
	fflush(dump);
	memcpy(at, code, CODE);
}

static void move(uint8_t *from, uint8_t *to, uint64_t index)
{
	record(1, 48);
	u32((uint32_t)getpid());
	u32((uint32_t)getpid());
	u64((uintptr_t)to);
	u64((uintptr_t)from);
	u64((uintptr_t)to);
	u64(CODE);
	u64(index);
	fflush(dump);
	memcpy(to, from, CODE);
}

static void spin(const uint8_t *at, unsigned ms)
{
	/* Of this process's time, so that a busy machine leaves no function without samples. */
	uint64_t end = read_clock(CLOCK_PROCESS_CPUTIME_ID) + ms * 1000000ULL;
	void (*f)(void);

	memcpy(&f, &at, sizeof f);
	while (read_clock(CLOCK_PROCESS_CPUTIME_ID) < end)
		f();
}

int main(int argc, char **argv)
{
	int fd = argc > 2 ? memfd_create("code", 0) : -1;
	uint8_t *room;

	if (argc < 2 || (fd >= 0 && ftruncate(fd, ROOM)))
		return 1;
	dump_open(argv[1]);
	room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE | PROT_EXEC,
		fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
	if (room == MAP_FAILED)
		return 1;
	load(room + 4096, "stays", 1);
	for (int i = 0; i < ROUNDS; i++) {
		char name[32];

		snprintf(name, sizeof name, "round_%d", i);
		/* Not all begin where the one before did. */
		load(room + (i & 1) * 3, name, 10 + (uint32_t)i);
		spin(room + (i & 1) * 3, 40 + 20 * (unsigned)i);
		spin(room + 4096, 20);
	}
	load(room + 8192, "moved", 100);
	spin(room + 8192, 50);
	move(room + 8192, room + 12288, next_index - 1);
	load(room + 8192, "where_moved_was", 101);
	spin(room + 12288, 60);
	spin(room + 8192, 70);
	return 0;
}
