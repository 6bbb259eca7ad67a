/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_PERF_BUILD_H
#define CPI_PERF_BUILD_H

/* Pass 2 of the perf.data reader: from samples to a profile. */

#include "format/perf/parts.h"
#include "object/demangle.h"

/* ---- perf_places: addresses to locations ---- */

struct perf_place {
	uint64_t address;
	uint32_t root;
	cp_location location;
};

enum { PERF_PLACES = 1 << 13 };

struct perf_places {
	struct perf_file *f;
	struct perf_tasks *tasks;
	struct cpi_builder *b;
	struct cpi_index rows; /* first map of each row */
	struct cpi_demangler demangler;
	struct perf_place *cache;
	size_t room; /* of the cache, a power of two */
};

bool perf_places_init(struct perf_places *p, struct perf_file *f,
	struct perf_tasks *tasks, struct cpi_builder *b);
void perf_places_release(struct perf_places *p);
/* The location of an address in the space `root`. */
cp_location perf_places_find(struct perf_places *p, uint32_t root, uint64_t address);

/* ---- perf_filter: which samples are wanted ---- */

struct perf_range {
	uint64_t from, to;
};

struct perf_filter {
	const struct cp_read_options *o;
	CPI_VEC(struct perf_range) cpu;
	/* Apart and in order; to is exclusive, but for UINT64_MAX. */
	CPI_VEC(struct perf_range) time;
	bool any;          /* something is filtered but events */
};

enum cp_code perf_filter_init(struct perf_filter *w, struct perf_file *f,
	const struct cp_read_options *options, struct cp_error *err);
void perf_filter_release(struct perf_filter *w, struct perf_file *f);
bool perf_filter_event(const struct perf_filter *w, const struct perf_file *f,
	const struct perf_event *e);
bool perf_filter_sample(const struct perf_filter *w, const struct perf_sample *s);
/* The same but for its time. */
bool perf_filter_task(const struct perf_filter *w, const struct perf_sample *s);
bool perf_filter_comm(const struct perf_filter *w, struct cp_text comm);
bool perf_filter_dso(const struct perf_filter *w, struct cp_text path);
/* Must pass 1 find the times of all samples? */
bool perf_filter_needs_times(const struct cp_read_options *options);

/* ---- the pass ---- */

/* A thread as it was for a while, and what follows from it. */
struct perf_sitter {
	struct perf_seat seat;
	cp_labels labels; /* of the thread alone */
	uint64_t seed;    /* of the hash of its samples' stacks */
	bool wanted;      /* by comm */
};

/*
 * All samples with one call chain, space, label set and event. Chains are told apart by
 * 128 bits of hash alone: with 2^32 of them, two would be mixed up with a probability
 * of 2^-65.
 */
struct perf_row {
	uint64_t low, high;
	uint64_t n, weight;
	cp_stack stack;
	cp_labels labels;
	uint32_t event;
	bool wanted;
};

struct perf_timed {
	uint64_t time, weight;
	uint32_t row;
};

/* A sample on its way to its row. */
struct perf_queued {
	struct perf_sample s;
	uint64_t low, high, weight, time;
	uint32_t event;
};

enum { PERF_QUEUE = 16 };

/* User frames that unwinding found. */
struct perf_unwound {
	const uint64_t *ips;
	const bool *exact;
	unsigned n;
	bool truncated; /* outer frames were not captured */
};

struct perf_batch;
struct perf_sched;

/* Sample types of waits: off-cpu twice, and wall. */
enum { PERF_OFF_TYPES = 3 };

struct perf_build {
	struct perf_file *f;
	struct cpi_env *env;
	const struct cp_read_options *o;
	struct perf_tasks tasks;
	struct cpi_builder b;
	struct perf_places places;
	struct perf_filter filter;
	uint32_t labels; /* enum cp_label_set */
	bool compat;
	int ip_register;

	CPI_VEC(struct perf_sitter) sitter;
	struct cpi_index sitters;
	uint32_t last_sitter;
	uint64_t window_from, window_to; /* times that have window_epoch */
	uint32_t window_epoch;
	uint64_t last_time;

	CPI_VEC(struct perf_row) row; /* [0] is none */
	struct cpi_index rows;
	struct perf_queued queue[PERF_QUEUE];
	unsigned queued;
	uint64_t now; /* time of the sample at hand, for looking up */
	CPI_VEC(struct perf_timed) timed;
	CPI_VEC(cp_location) frame; /* scratch */
	CPI_VEC(struct perf_counter) counter;
	struct cpi_index counters;
	cp_location truncated_root;
	uint64_t truncated;

	uint64_t samples; /* records */
	uint64_t kept;    /* of them, and of group members, through the filters */
	uint64_t unknown, damaged;
	uint64_t guest_unmapped; /* frames of guests of which no mapping is known */
	uint64_t guest_user;     /* frames of programs in guests, of which none is ever */
	uint64_t first_time; /* of non-dummy samples; and the event of that sample */
	uint32_t first_event;
	bool *event_wanted;
	const struct cpi_unwinder *unwinder;
	struct perf_batch *batch;
	bool leaf_callers; /* there may be some: see perf_leaf */
	struct perf_sched *sched; /* NULL: the capture does not tell of waits */
	uint32_t off_at, off_types; /* sample types of waits: the first, how many */
	uint32_t off_running; /* event whose samples have wall time, or UINT32_MAX */
	bool off_joined; /* perf's --off-cpu events are the waits */
};

/* ---- perf_labels ---- */

/* The sample's thread at its time; NULL when out of memory (the builder is failed). */
const struct perf_sitter *perf_sitter_find(
	struct perf_build *b, const struct perf_sample *s, uint64_t time);
/* The thread's labels with those of the sample itself (CPU, time, …). */
cp_labels perf_sample_labels(struct perf_build *b, const struct perf_sitter *sitter,
	const struct perf_sample *s, uint32_t event);
/* What of these labels the sample itself decides, as a hash. */
uint64_t perf_sample_labels_key(const struct perf_build *b, const struct perf_sample *s);

/* ---- perf_chain ---- */

/* Fills b->frame, leaf first. `user` may be NULL. */
void perf_chain_resolve(struct perf_build *b, const struct perf_sample *s,
	const struct perf_seat *seat, const struct perf_unwound *user);
/* The capture's `uname -m`, said or told from its registers; n = 0: unknown. */
struct cp_text perf_machine(const struct perf_file *f);
/* Where the instruction pointer is among perf's registers, or -1. */
int perf_ip_register(struct cp_text arch);
/* The captured registers' instruction pointer, or 0. */
uint64_t perf_user_ip(const struct perf_build *b, const struct perf_sample *s);
/* A deferred user chain for a sample whose chain ends with its cookie, or NULL. */
const struct perf_deferred *perf_deferred_find(
	const struct perf_file *f, const struct perf_sample *s);

/* ---- perf_rows ---- */

/* Counts one sample with its stack. */
void perf_row_count(struct perf_build *b, const struct perf_sample *s,
	const struct perf_sitter *sitter, uint32_t event, uint64_t weight,
	const struct perf_unwound *user);
/*
 * The same for a sample that was decoded into the next place of the queue, whose bytes
 * stay. It is counted when the queue is full, or flushed.
 */
void perf_row_queue(struct perf_build *b, const struct perf_sitter *sitter,
	uint32_t event, uint64_t weight);
void perf_rows_flush(struct perf_build *b);
/* Adds sample types and samples to the builder. */
void perf_rows_finish(struct perf_build *b);

/* ---- perf_weight ---- */

/* What one sample stands for when its record does not say. */
uint64_t perf_event_weight(const struct perf_event *e);
/* As perf script prints it. */
/* Is this event's line one that stackcollapse-perf.pl cannot read to the end? */
bool perf_event_unread(const struct perf_event *e);
/*
 * Calls perf_build_count once for the sample, or for each member of its group whose
 * counter moved, with the weight.
 */
void perf_weigh(
	struct perf_build *b, struct perf_sample *s, const struct perf_sitter *sitter);
void perf_build_count(struct perf_build *b, struct perf_sample *s,
	const struct perf_sitter *sitter, uint32_t event, uint64_t weight);

/* ---- perf_batch: captured stacks, unwound many at a time ---- */

enum cp_code perf_batch_init(struct perf_build *b, struct cp_error *err);
void perf_batch_release(struct perf_build *b);
/* Takes the sample; its bytes are copied when they do not stay (`inflated`). */
void perf_batch_add(struct perf_build *b, const struct perf_sample *s,
	const struct perf_sitter *sitter, uint32_t event, uint64_t weight);
void perf_batch_flush(struct perf_build *b);
/* Does this sample have a captured stack that will be unwound? */
bool perf_batch_wants(const struct perf_build *b, const struct perf_sample *s);
/* A cpi_unwind_map_fn whose reader is the struct perf_build. */
bool perf_batch_map_at(void *reader, const struct cpi_unwind_sample *sample,
	uint64_t address, struct cpi_unwind_map *ret_map);

/* ---- perf_leaf: the frame that arm64's call chains lack ---- */

void perf_leaf_init(struct perf_build *b);
/* The return address of the user part's leaf where the chain lacks it, else 0. */
uint64_t perf_leaf_caller(
	struct perf_build *b, const struct perf_sample *s, const struct perf_seat *seat);

/* ---- perf_comments ---- */

void perf_comments_add(struct perf_build *b);
/* "perf: KEY N", unless n is 0. */
void perf_comment_count(struct perf_build *b, const char *key, uint64_t n);

#endif
