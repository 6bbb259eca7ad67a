/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that wait in known ways and measure it themselves: waits KIND SECONDS. A line
 * for each thread: tid, name, and for how many nanoseconds it was inside calls that wait.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 16 };

static double seconds;
static uint64_t deadline;
static int ab[2], ba[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static int turn;

struct worker {
	const char *name;
	void (*run)(struct worker *w);
	int index;
	uint64_t waited, born, died;
	long tid;
};

static uint64_t clock_of(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t now(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

static void burn(uint64_t ns)
{
	uint64_t end = now() + ns;

	while (now() < end)
		;
}

__attribute__((noinline)) static void wait_sleeping(struct worker *w, long ns)
{
	struct timespec t = {0, ns};
	uint64_t start = now();

	nanosleep(&t, NULL);
	w->waited += now() - start;
}

static void sleeper(struct worker *w)
{
	while (now() < deadline) {
		wait_sleeping(w, 20000000 + 5000000 * w->index);
		burn(2000000);
	}
}

__attribute__((noinline)) static void wait_for_turn(struct worker *w)
{
	uint64_t start = now();

	while (turn != w->index)
		pthread_cond_wait(&turn_changed, &lock);
	w->waited += now() - start;
}

static void ping(struct worker *w)
{
	while (now() < deadline) {
		pthread_mutex_lock(&lock);
		wait_for_turn(w);
		pthread_mutex_unlock(&lock);
		burn(3000000);
		pthread_mutex_lock(&lock);
		turn = 1 - w->index;
		pthread_cond_broadcast(&turn_changed);
		pthread_mutex_unlock(&lock);
	}
	pthread_mutex_lock(&lock);
	turn = 1 - w->index;
	pthread_cond_broadcast(&turn_changed);
	pthread_mutex_unlock(&lock);
}

__attribute__((noinline)) static ssize_t wait_for_byte(struct worker *w, int fd, char *c)
{
	uint64_t start = now();
	ssize_t n = read(fd, c, 1);

	w->waited += now() - start;
	return n;
}

static void writer(struct worker *w)
{
	while (now() < deadline) {
		wait_sleeping(w, 8000000);
		if (write(ab[1], "x", 1) != 1)
			abort();
	}
	close(ab[1]);
}

static void reader(struct worker *w)
{
	char c;

	while (wait_for_byte(w, ab[0], &c) == 1)
		burn(1000000);
}

static void server(struct worker *w)
{
	int fd = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN}, got;
	char c;

	epoll_ctl(fd, EPOLL_CTL_ADD, ab[0], &event);
	for (;;) {
		uint64_t start = now();

		(void)epoll_wait(fd, &got, 1, -1);
		w->waited += now() - start;
		if (read(ab[0], &c, 1) != 1)
			break;
		burn(500000);
	}
	close(fd);
}

static void busy(struct worker *w)
{
	(void)w;
	while (now() < deadline)
		;
}

/* What works as well as it waits: the call's time, less that on a CPU. */
static uint64_t idle(void)
{
	return now() - clock_of(CLOCK_THREAD_CPUTIME_ID);
}

static void disk(struct worker *w)
{
	char path[] = "/var/tmp/waits-XXXXXX";
	uint64_t start = idle();
	int fd = mkstemp(path);
	static char block[1 << 20];

	unlink(path);
	w->waited += idle() - start;
	while (fd >= 0 && now() < deadline) {
		start = idle();
		if (write(fd, block, sizeof block) < 0)
			break;
		(void)fsync(fd);
		w->waited += idle() - start;
		wait_sleeping(w, 10000000);
	}
	/* Of a file without a name: its pages are given back. */
	start = idle();
	close(fd);
	w->waited += idle() - start;
}

static void *start(void *arg)
{
	struct worker *w = arg;

	pthread_setname_np(pthread_self(), w->name);
	w->tid = syscall(SYS_gettid);
	w->born = now();
	w->run(w);
	w->died = now();
	return NULL;
}

static const struct {
	const char *kind;
	int n;
	struct worker worker[2];
} kinds[] = {
	{"sleep", 3, {{"sleeper", sleeper, 0, 0, 0, 0, 0}}},
	{"mutex", 2, {{"ping", ping, 0, 0, 0, 0, 0}}},
	{"pipe", 2,
		{{"writer", writer, 0, 0, 0, 0, 0}, {"reader", reader, 0, 0, 0, 0, 0}}},
	{"epoll", 2,
		{{"writer", writer, 0, 0, 0, 0, 0}, {"server", server, 0, 0, 0, 0, 0}}},
	{"disk", 1, {{"disk", disk, 0, 0, 0, 0, 0}}},
	{"many", 16,
		{{"busy", busy, 0, 0, 0, 0, 0}, {"sleeper", sleeper, 0, 0, 0, 0, 0}}},
	{"busy", 3, {{"busy", busy, 0, 0, 0, 0, 0}}},
};

int main(int argc, char **argv)
{
	struct worker worker[MAX];
	pthread_t thread[MAX];
	int n = 0;

	seconds = argc > 2 ? strtod(argv[2], NULL) : 1;
	deadline = now() + (uint64_t)(seconds * 1e9);
	if (argc < 2 || pipe(ab) || pipe(ba))
		return 2;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(argv[1], kinds[i].kind))
			continue;
		for (n = 0; n < kinds[i].n; n++) {
			int second = kinds[i].worker[1].name && n % 2;

			worker[n] = kinds[i].worker[second];
			worker[n].index = n;
		}
	}
	for (int i = 0; i < n; i++)
		if (pthread_create(&thread[i], NULL, start, &worker[i]))
			return 2;
	for (int i = 0; i < n; i++) {
		pthread_join(thread[i], NULL);
		printf("%ld %s %llu %llu\n", worker[i].tid, worker[i].name,
			(unsigned long long)worker[i].waited,
			(unsigned long long)(worker[i].died - worker[i].born));
	}
	return n ? 0 : 2;
}
