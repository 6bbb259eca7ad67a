/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_PERF_H
#define CPI_PERF_H

/* What is in a perf.data capture, without making a profile of it: for cpinfo. */

#include "format/format.h"

struct perf_info_event {
	struct cp_text name;
	uint64_t period; /* between samples, or samples a second */
	bool frequency, clock, dummy;
	uint64_t sample_type; /* PERF_SAMPLE_… bits */
	uint64_t samples, lost;
	/* unknown, kernel, user, hypervisor, guest kernel, guest user */
	uint64_t by_cpumode[8];
};

struct perf_info_records {
	const char *name; /* "MMAP2"; NULL when the type is not known */
	uint32_t type;
	uint64_t n;
};

/* Files and other memory that were mapped, in order of appearance, each once. */
struct perf_info_image {
	struct cp_text path, build_id; /* build id: hexadecimal digits or empty */
	uint8_t kind;                  /* enum cp_mapping_kind */
};

/* Processes that samples or records name, by pid. */
struct perf_info_task {
	int32_t pid;
	struct cp_text comm; /* the main thread's last; may be empty */
	bool unnamed;        /* no record names it: comm is its parent's, or empty */
	uint32_t threads;    /* distinct tids with samples */
	uint64_t samples;
};

struct perf_info_damage {
	uint64_t offset; /* byte in the input, or CP_NO_OFFSET */
	struct cp_text text;
};

struct perf_info {
	unsigned version; /* of the file: 1 or 2 */
	bool big_endian, pipe, compressed, killed, cut;
	unsigned parts; /* files of a directory, 1 else */
	struct cp_text host, release, perf_version, arch, cpu, command_line;
	uint32_t cpus_online, cpus_available; /* 0 = not told */
	uint64_t memory_kb;
	uint64_t data_bytes, inflated_bytes, records;
	uint64_t first_time,
		last_time;  /* ns on the capture's clock; first > last: none */
	int64_t wall_nanos; /* first_time since the epoch, UTC; 0 = unknown */
	uint64_t samples, lost_records, lost_samples, lost_bpf, throttled, unknown_events;
	uint64_t damaged; /* pieces of damage; the first 1000 are listed */

	const struct perf_info_event *event;
	const struct perf_info_records *type;
	const struct perf_info_image *image;
	const struct perf_info_task *task;
	const struct perf_info_damage *damage;
	size_t n_events, n_types, n_images, n_tasks, n_damage;
};

/*
 * Reads all records once or twice. Damage that a reader could skip is in the result; an
 * error says that nothing can be read. A capture without samples is no error.
 */
enum cp_code perf_info_read(struct cpi_env *env, const struct cpi_source *source,
	struct perf_info **ret_info, struct cp_error *err);
void perf_info_free(struct perf_info *info);

/* "IP|TID|TIME" for a sample_type, into buf of `size` bytes; returns buf. */
char *perf_info_sample_type(char *buf, size_t size, uint64_t sample_type);

#endif
