/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_V8_H
#define CPI_V8_H

/*
 * What V8 writes: CPU profiles (the DevTools protocol's Profiler.Profile, Node's
 * --cpu-prof), heap profiles (HeapProfiler.SamplingHeapProfile, --heap-prof), and CPU
 * profiles in pieces among trace events. All are trees of calls; a sample names a node.
 *
 *	v8.c       rows of the table
 *	nodes.c    the tree: nodes to locations and stacks
 *	samples.c  what a node's samples cost
 *	profile.c  .cpuprofile, both forms, and .heapprofile
 *	trace.c    events, and the profiles among them
 *	frames.c   stackFrames and samples of older traces, as Hermes writes them
 *	write.c    .cpuprofile
 */

#include "format/json_reader.h"

struct v8_node {
	int64_t id;
	uint32_t parent; /* row of v8_nodes; 0: none, or not known yet */
	struct cp_text name, url;
	int64_t line, column; /* from 1; 0: unknown */
	int64_t hits, self_size;
	cp_location location;
	cp_stack stack;
	bool counted; /* hits were given */
	bool stacked; /* `stack` is made */
};

struct v8_nodes {
	struct cpi_json_reader *r;
	CPI_VEC(struct v8_node) node; /* from 1 */
	struct cpi_index ids;
	/* Calls as parents name them, until all nodes are there. */
	CPI_VEC(int64_t) child;
	CPI_VEC(uint32_t) child_of;
	CPI_VEC(cp_location) path; /* scratch */
	CPI_VEC(uint32_t) way;     /* scratch */
};

void cpi_v8_nodes_init(struct v8_nodes *nodes, struct cpi_json_reader *r);
void cpi_v8_nodes_release(struct v8_nodes *nodes);
/* Reads the array `nodes` of a CPU profile, or of a piece of one: adds to what is there. */
void cpi_v8_nodes_add(struct v8_nodes *nodes, struct cpi_jr list);
/* Connects calls that parents named; before samples are looked at. */
void cpi_v8_nodes_connect(struct v8_nodes *nodes);
/* Reads a tree of nodes within nodes, as heap profiles and old CPU profiles have it. */
void cpi_v8_nodes_tree(struct v8_nodes *nodes, struct cpi_jr head);
/* The row of an id, or 0. */
uint32_t cpi_v8_node(const struct v8_nodes *nodes, int64_t id);
/*
 * The stack of a row, without V8's "(root)"; with `line` from 1 the leaf is at that line.
 */
cp_stack cpi_v8_stack(struct v8_nodes *nodes, uint32_t row, int64_t line);

/* samples.c: sample types samples/count and time/nanoseconds. */
void cpi_v8_types(struct cpi_json_reader *r, bool time);

struct v8_samples {
	struct v8_nodes *nodes;
	cp_labels labels;
	bool keep_time;
	int64_t start, now; /* nanoseconds */
	bool some;          /* a sample waits for the time of the next one */
	uint32_t row;
	int64_t line, at;
	uint64_t unknown, number;
};

void cpi_v8_samples_begin(struct v8_samples *s, struct v8_nodes *nodes, cp_labels labels,
	int64_t start);
/* The next sample, `delta` nanoseconds behind the one before; `offset` for remarks. */
void cpi_v8_sample(
	struct v8_samples *s, int64_t node, int64_t delta, int64_t line, size_t offset);
/* The last one lasts until `end` (nanoseconds), if that is later. */
void cpi_v8_samples_end(struct v8_samples *s, int64_t end);

/* A number of microseconds, which may be a string, in nanoseconds. */
bool cpi_v8_micros(struct cpi_jr value, int64_t *ret);
/* A number that may be a string. */
bool cpi_v8_number(struct cpi_jr value, int64_t *ret);

/* profile.c */
enum cp_code cpi_v8_read_cpu(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err);
enum cp_code cpi_v8_read_heap(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err);
/* The samples of a Profiler.Profile with these labels. */
void cpi_v8_cpu_profile(struct cpi_json_reader *r, struct cpi_jr profile, cp_labels labels);

/* trace.c */
enum cp_code cpi_v8_read_trace(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err);

/* Names of processes and threads among the events. */
struct v8_task {
	int64_t pid, tid; /* tid INT64_MIN: a process */
	struct cp_text name;
};

struct v8_tasks {
	struct cpi_json_reader *r;
	CPI_VEC(struct v8_task) task;
};

/* Labels pid, tid, thread and process. */
cp_labels cpi_v8_labels(struct v8_tasks *tasks, int64_t pid, int64_t tid);

/* frames.c */
void cpi_v8_frames(struct v8_tasks *tasks, struct cpi_jr frames, struct cpi_jr samples);

/* write.c */
enum cp_code cpi_v8_write_cpu(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err);

#endif
