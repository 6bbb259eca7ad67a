/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_PERF_TRACE_H
#define CPI_PERF_TRACE_H

/* What a tracepoint's record holds, by the formats that the capture carries. */

#include "base/cursor.h"

struct perf_file;

/* A field of a tracepoint's RAW bytes; size 0: it has none of this name. */
struct perf_field {
	uint16_t offset, size;
	bool is_signed;
};

/* What a tracepoint tells about threads. */
enum perf_trace_kind {
	PERF_TRACE_NONE,
	PERF_TRACE_SWITCH,   /* sched_switch */
	PERF_TRACE_WAKE,     /* sched_waking, sched_wakeup, sched_wakeup_new */
	PERF_TRACE_SLEPT,    /* sched_stat_sleep, _blocked, _iowait: a wait is over */
	PERF_TRACE_WAITED,   /* sched_stat_wait: it has its CPU */
	PERF_TRACE_SYSCALL,  /* a system call begins */
	PERF_TRACE_SYSCALLED /* and ends */
};

enum { PERF_TRACE_LETTERS = 16 };

struct perf_trace {
	uint8_t kind;            /* enum perf_trace_kind */
	char state;              /* of SLEPT: what it was */
	bool known;              /* the capture has its format */
	uint32_t id, name;       /* name: "sched:sched_switch", in names */
	struct perf_field flags; /* common_flags: hard and soft interrupts */
	struct perf_field tid;   /* whom it is about */
	struct perf_field other; /* SWITCH: who comes next */
	/* SWITCH: why; SLEPT, WAITED: for how long; SYSCALL: which */
	struct perf_field value;
	char letter[PERF_TRACE_LETTERS]; /* SWITCH: of each bit of the state */
};

/* Bits of common_flags. */
enum { PERF_TRACE_HARDIRQ = 1 << 3, PERF_TRACE_SOFTIRQ = 1 << 4 };

/*
 * Reads the tracing data of a feature or of a pipe's record: the text formats, as the
 * kernel that was recorded wrote them. Damage ends it, and leaves what came before.
 * False: out of memory.
 */
bool perf_trace_read(struct perf_file *f, struct cpi_cursor c);
/* Once all events are named as far as the file names them: what each tracepoint is. */
void perf_trace_settle(struct perf_file *f);
/* The field's value; 0 where the record ends before it or it has no usable size. */
int64_t perf_trace_value(
	struct perf_field field, const uint8_t *raw, uint32_t n, bool swap);
/* The letter of a state: of its lowest bit that has one, or R where none is set. */
char perf_trace_state(const struct perf_trace *t, int64_t state);

#endif
