/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_PERF_SCHED_H
#define CPI_PERF_SCHED_H

/*
 * Where threads wait. What tells of it comes from several processors' buffers, so it is
 * put in order first:
 *
 *	perf_sched         takes records and samples as they stand in the file; a sample's
 *	                   stack becomes a row as every sample's does, and its ticket says
 *	                   which; a queue hands them on in order of time
 *	perf_sched_replay  each thread's leaving and coming back → intervals
 *	perf_sched_rows    intervals → rows by stack, labels, state, waker → samples
 *
 * Memory grows with threads, with rows, and with what perf writes between two of its
 * rounds; captures without rounds (directories, other writers) are queued whole.
 */

#include "format/perf/build.h"

enum sched_kind {
	SCHED_OUT,
	SCHED_IN,
	SCHED_SWITCH, /* tid goes, other comes */
	SCHED_WAKE,   /* tid wakes other */
	SCHED_SLEPT,  /* likewise, and says what other did */
	SCHED_WAITED, /* other has its CPU */
	SCHED_SAMPLE, /* tid runs: a sample that shares its running time */
	SCHED_ALIVE,  /* tid runs */
	SCHED_FORK,   /* other is new, of process `pid` */
	SCHED_EXIT,   /* tid will not come back */
	SCHED_LOST
};

/* The state that PERF_RECORD_SWITCH tells of who was not preempted: S or D. */
#define SCHED_BLOCKED '|'

/* Who said so: of two that tell the same, the first counts. */
enum sched_source { SCHED_NOBODY, SCHED_TRACE, SCHED_RECORD, SCHED_STAT };

struct sched_event {
	uint64_t time, amount;
	uint32_t row;   /* of build's rows; 0: none */
	uint32_t timed; /* + 1, of build's timed samples */
	int32_t pid, tid, other;
	uint32_t cpu, comm, syscall; /* names */
	uint8_t kind, source;
	char state;
	bool interrupt; /* SCHED_WAKE: the thread was only interrupted */
	bool counter;   /* by a hardware counter, whose interrupts come at any place */
};

/* How much of an interval was seen. */
enum sched_edge {
	EDGE_SEEN,
	EDGE_BEGIN,  /* it began before the capture, or in what it does not tell */
	EDGE_NEW,    /* the thread's first wait for a CPU */
	EDGE_END,    /* it went on when the capture ended */
	EDGE_LOST,   /* records were lost in between */
	EDGE_UNSEEN, /* the return was not recorded: up to the next sign of life */
	EDGE_KINDS
};

struct sched_waker {
	int32_t pid, tid;
	uint32_t comm, row; /* row: of its stack, where that is wanted */
	bool interrupt;
};

/* An event's place in the queue, by which it is put in order. */
struct sched_key {
	uint64_t time;
	uint32_t i;
};

enum sched_where { SCHED_UNKNOWN, SCHED_ON, SCHED_OFF, SCHED_GONE };

struct sched_thread {
	int32_t tid, pid; /* pid -1: not told yet */
	uint8_t where;
	uint8_t source; /* of the last change */
	char state;
	bool woken, exiting, born;
	uint32_t row, cpu, waker, syscall;
	uint64_t since, wake, birth;
	uint64_t running; /* time on CPU that no sample has yet */
	uint64_t begin;   /* EDGE_BEGIN: it came back then; 0: no such interval */
};

/* What a processor did last. */
struct sched_cpu {
	uint64_t time;
	int32_t next; /* who came; -1: not told */
};

enum { SCHED_CPUS = 1 << 16 };  /* more than any kernel has */
#define SCHED_NO_CPU UINT32_MAX /* of records that do not tell */

/* All intervals that agree in these. */
struct sched_row {
	cp_stack stack;
	cp_labels base; /* the thread's */
	cp_labels labels;
	uint32_t waker, syscall;
	char state;
	uint8_t edge;
	bool running; /* time on CPU without a sample */
	uint64_t n, time;
};

struct sched_timed {
	uint64_t time, n, length;
	uint32_t row;
};

struct perf_sched_counts {
	uint64_t intervals, edge[EDGE_KINDS];
	uint64_t cut;       /* by --time */
	uint64_t backwards; /* ended before they began */
	uint64_t in_twice;  /* came back without having left */
	uint64_t reused;    /* waited when their number was given to another thread */
	uint64_t migrated, idle, wrong;
	uint64_t no_stack; /* intervals of which nobody recorded the stack */
	uint64_t nobody;   /* of threads whose process is never told: in no row */
	uint64_t late;     /* events that came behind those of a later round */
};

struct perf_sched {
	struct perf_build *b;
	uint32_t
		sample_event; /* whose samples share the running time; UINT32_MAX: none */
	bool wall;            /* there is such an event */
	bool off_wake;

	CPI_VEC(struct sched_event) queue;
	CPI_VEC(struct sched_key) order, spare; /* of a round: kept for the next */
	uint64_t base; /* number of queue's first one; tickets are numbers + 1 */
	uint64_t newest, round, flushed;

	CPI_VEC(struct sched_thread) thread;
	struct cpi_index threads;
	CPI_VEC(struct sched_cpu) cpu;
	/* Switches that begin with whom the last one on that CPU ended, and others. */
	uint64_t linked, broken;
	CPI_VEC(struct sched_waker) waker; /* [0] is none */
	struct cpi_index wakers;
	CPI_VEC(struct sched_row) row;
	struct cpi_index rows;
	CPI_VEC(struct sched_timed) timed;
	CPI_VEC(uint64_t) row_wall, timed_wall; /* by build's rows and timed samples */
	bool any, in_seen;
	uint64_t first, last, last_lost; /* times */
	struct perf_sched_counts counts;
};

/* ---- perf_sched ---- */

/* Leaves b->sched NULL where the capture cannot tell of waits, or nobody asks. */
enum cp_code perf_sched_init(struct perf_build *b, struct cp_error *err);
void perf_sched_release(struct perf_build *b);
/* Does pass 2 have to look at this sample even where it is outside of --time? */
bool perf_sched_wants(const struct perf_build *b, const struct perf_event *e);
/* Takes note of a sample, and may give it a ticket. */
void perf_sched_sample(
	struct perf_build *b, struct perf_sample *s, const struct perf_sitter *sitter);
/* A record that is no sample. */
void perf_sched_record(struct perf_build *b, const struct perf_record *r);
/* The ticket's sample has this row, and this place + 1 among the timed ones. */
void perf_sched_settle(struct perf_build *b, uint64_t ticket, uint32_t row, size_t timed);
/* Once all records are there. */
void perf_sched_finish(struct perf_build *b);

/* ---- perf_sched_replay ---- */

void perf_sched_replay(struct perf_sched *s, const struct sched_event *e);
/* A thread of this process was there when the capture began. */
void perf_sched_known(struct perf_sched *s, int32_t pid, int32_t tid);
/* What still waits or runs when all is over. */
void perf_sched_end(struct perf_sched *s);

/* ---- perf_sched_rows ---- */

struct sched_span {
	uint64_t from, to;
	char state;
	uint8_t edge;
	uint32_t waker;
	bool first; /* of an interval's parts: the one that is counted */
};

/* Charges part of an interval to what the thread left with. */
void perf_sched_charge(struct perf_sched *s, const struct sched_thread *t,
	const struct sched_span *span);
/* The part of a span that --time lets through. */
uint64_t perf_sched_clip(const struct perf_sched *s, uint64_t from, uint64_t to);
/* A sample gets the time that its thread ran since its last one. */
void perf_sched_share(
	struct perf_sched *s, struct sched_thread *t, const struct sched_event *e);
/* What is left of that when the thread ends. */
void perf_sched_rest(struct perf_sched *s, struct sched_thread *t, uint64_t time);
uint32_t perf_sched_waker(struct perf_sched *s, const struct sched_event *e);

/* Of which event the samples share the running time; UINT32_MAX: of none. */
uint32_t perf_sched_running(const struct perf_build *b);
/* Decides whether perf's --off-cpu events become waits. */
void perf_sched_join(struct perf_build *b);
/* Adds the sample types of waits, of which the first has number `at`. */
void perf_sched_types(struct perf_build *b, uint32_t at);
/* What a row (or a timed sample) of an event has in these types. */
void perf_sched_values(const struct perf_build *b, uint32_t event, bool timed, size_t i,
	uint64_t n, uint64_t weight, int64_t *values);
void perf_sched_wait_values(const struct perf_build *b, const struct sched_row *row,
	uint64_t n, uint64_t length, int64_t *values);

/* ---- perf_syscall ---- */

/* The name of the system call that a SYSCALL tracepoint begins, in names; 0: none. */
uint32_t perf_syscall_name(
	struct perf_file *f, const struct perf_trace *t, const uint8_t *raw, uint32_t n);

/* ---- perf_sched_report ---- */

/* Says what the intervals lack, and keeps it as comments. */
void perf_sched_report(struct perf_build *b);
void perf_sched_comments(struct perf_build *b);

#endif
