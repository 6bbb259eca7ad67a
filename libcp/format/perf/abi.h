/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_PERF_ABI_H
#define CPI_PERF_ABI_H

/*
 * Numbers of the perf.data format: records of the kernel (linux/perf_event.h) and of the
 * perf tool (tools/perf/Documentation/perf.data-file-format.txt). Written down here
 * because a capture is read on machines whose headers are older than its kernel.
 */

#include <stdint.h>

enum perf_record_type {
	PERF_RECORD_MMAP = 1,
	PERF_RECORD_LOST = 2,
	PERF_RECORD_COMM = 3,
	PERF_RECORD_EXIT = 4,
	PERF_RECORD_THROTTLE = 5,
	PERF_RECORD_FORK = 7,
	PERF_RECORD_SAMPLE = 9,
	PERF_RECORD_MMAP2 = 10,
	PERF_RECORD_LOST_SAMPLES = 13,
	PERF_RECORD_SWITCH = 14,
	PERF_RECORD_SWITCH_CPU_WIDE = 15,
	PERF_RECORD_NAMESPACES = 16,
	PERF_RECORD_KSYMBOL = 17,
	PERF_RECORD_CGROUP = 19,
	PERF_RECORD_CALLCHAIN_DEFERRED = 22, /* Linux 6.19 */
	PERF_RECORD_USER_FIRST = 64,         /* from here on: the perf tool's own */
	PERF_RECORD_HEADER_ATTR = 64,
	PERF_RECORD_HEADER_EVENT_TYPE = 65,
	PERF_RECORD_HEADER_TRACING_DATA = 66,
	PERF_RECORD_HEADER_BUILD_ID = 67,
	PERF_RECORD_FINISHED_ROUND = 68,
	PERF_RECORD_ID_INDEX = 69,
	PERF_RECORD_AUXTRACE_INFO = 70,
	PERF_RECORD_AUXTRACE = 71,
	PERF_RECORD_EVENT_UPDATE = 78,
	PERF_RECORD_HEADER_FEATURE = 80,
	PERF_RECORD_COMPRESSED = 81,
	PERF_RECORD_COMPRESSED2 = 83, /* perf 6.16 */
	PERF_RECORD_TYPES = 96        /* types counted one by one */
};

/* Bits of a record header's misc. */
enum {
	PERF_MISC_CPUMODE = 7,
	PERF_MISC_MAP_TIMEOUT = 1 << 12, /* MMAPs made up from a /proc file cut short */
	PERF_MISC_MMAP_DATA = 1 << 13,
	PERF_MISC_COMM_EXEC = 1 << 13,
	PERF_MISC_FORK_EXEC = 1 << 13,
	PERF_MISC_SWITCH_OUT = 1 << 13,
	PERF_MISC_SWITCH_PREEMPT = 1 << 14,
	PERF_MISC_MMAP_BUILD_ID = 1 << 14,
	PERF_MISC_EXACT_IP = 1 << 14, /* of samples: the ip is the instruction's own */
	PERF_MISC_BUILD_ID_SIZE = 1 << 15,
	PERF_MISC_LOST_SAMPLES_BPF = 1 << 15
};

enum perf_cpumode {
	PERF_CPU_UNKNOWN,
	PERF_CPU_KERNEL,
	PERF_CPU_USER,
	PERF_CPU_HYPERVISOR,
	PERF_CPU_GUEST_KERNEL,
	PERF_CPU_GUEST_USER,
	PERF_CPU_MODES = 8
};

#define PERF_SAMPLE_IP (1ULL << 0)
#define PERF_SAMPLE_TID (1ULL << 1)
#define PERF_SAMPLE_TIME (1ULL << 2)
#define PERF_SAMPLE_ADDR (1ULL << 3)
#define PERF_SAMPLE_READ (1ULL << 4)
#define PERF_SAMPLE_CALLCHAIN (1ULL << 5)
#define PERF_SAMPLE_ID (1ULL << 6)
#define PERF_SAMPLE_CPU (1ULL << 7)
#define PERF_SAMPLE_PERIOD (1ULL << 8)
#define PERF_SAMPLE_STREAM_ID (1ULL << 9)
#define PERF_SAMPLE_RAW (1ULL << 10)
#define PERF_SAMPLE_BRANCH_STACK (1ULL << 11)
#define PERF_SAMPLE_REGS_USER (1ULL << 12)
#define PERF_SAMPLE_STACK_USER (1ULL << 13)
#define PERF_SAMPLE_WEIGHT (1ULL << 14)
#define PERF_SAMPLE_DATA_SRC (1ULL << 15)
#define PERF_SAMPLE_IDENTIFIER (1ULL << 16)
#define PERF_SAMPLE_TRANSACTION (1ULL << 17)
#define PERF_SAMPLE_REGS_INTR (1ULL << 18)
#define PERF_SAMPLE_PHYS_ADDR (1ULL << 19)
#define PERF_SAMPLE_AUX (1ULL << 20)
#define PERF_SAMPLE_CGROUP (1ULL << 21)
#define PERF_SAMPLE_DATA_PAGE_SIZE (1ULL << 22)
#define PERF_SAMPLE_CODE_PAGE_SIZE (1ULL << 23)
#define PERF_SAMPLE_WEIGHT_STRUCT (1ULL << 24)

#define PERF_FORMAT_TOTAL_TIME_ENABLED (1ULL << 0)
#define PERF_FORMAT_TOTAL_TIME_RUNNING (1ULL << 1)
#define PERF_FORMAT_ID (1ULL << 2)
#define PERF_FORMAT_GROUP (1ULL << 3)
#define PERF_FORMAT_LOST (1ULL << 4)

/* perf_event_attr.flags, bit i of the declaration at bit i (writers of either order). */
#define PERF_FLAG_INHERIT (1ULL << 1)
#define PERF_FLAG_FREQ (1ULL << 10)
#define PERF_FLAG_PRECISE (3ULL << 15)
#define PERF_FLAG_SAMPLE_ID_ALL (1ULL << 18)
#define PERF_FLAG_USE_CLOCKID (1ULL << 25)
enum { PERF_CLOCK_MONOTONIC = 1 };

#define PERF_BRANCH_CALL_STACK (1ULL << 11)
#define PERF_BRANCH_HW_INDEX (1ULL << 17)
#define PERF_BRANCH_COUNTERS (1ULL << 19)

/* Entries of a call chain at or above this are not addresses but context markers. */
#define PERF_CONTEXT_FIRST ((uint64_t)-4095)
#define PERF_CONTEXT_HV ((uint64_t)-32)
#define PERF_CONTEXT_KERNEL ((uint64_t)-128)
#define PERF_CONTEXT_USER ((uint64_t)-512)
#define PERF_CONTEXT_USER_DEFERRED ((uint64_t)-640)
#define PERF_CONTEXT_GUEST ((uint64_t)-2048)
#define PERF_CONTEXT_GUEST_KERNEL ((uint64_t)-2176)
#define PERF_CONTEXT_GUEST_USER ((uint64_t)-2560)

enum perf_event_type {
	PERF_TYPE_HARDWARE,
	PERF_TYPE_SOFTWARE,
	PERF_TYPE_TRACEPOINT,
	PERF_TYPE_HW_CACHE,
	PERF_TYPE_RAW,
	PERF_TYPE_BREAKPOINT
};

/* "No time" of the samples that perf record --off-cpu makes at its end. */
#define PERF_NO_TIME (~0ULL << 32)

enum { PERF_SW_CPU_CLOCK = 0, PERF_SW_TASK_CLOCK = 1, PERF_SW_DUMMY = 9, PERF_SW_BPF_OUTPUT = 10 };

/* Sections of the file header. */
enum perf_feature {
	PERF_FEATURE_TRACING_DATA = 1,
	PERF_FEATURE_BUILD_ID = 2,
	PERF_FEATURE_HOSTNAME = 3,
	PERF_FEATURE_OSRELEASE = 4,
	PERF_FEATURE_VERSION = 5,
	PERF_FEATURE_ARCH = 6,
	PERF_FEATURE_NRCPUS = 7,
	PERF_FEATURE_CPUDESC = 8,
	PERF_FEATURE_CPUID = 9,
	PERF_FEATURE_TOTAL_MEM = 10,
	PERF_FEATURE_CMDLINE = 11,
	PERF_FEATURE_EVENT_DESC = 12,
	PERF_FEATURE_PMU_MAPPINGS = 16,
	PERF_FEATURE_STAT = 19,
	PERF_FEATURE_SAMPLE_TIME = 21,
	PERF_FEATURE_CLOCK_DATA = 29,
	PERF_FEATURE_SIMPLEPERF_FILE = 128, /* from here on: simpleperf's own */
	PERF_FEATURE_SIMPLEPERF_FILE2 = 132,
	PERF_FEATURES = 256
};

#endif
