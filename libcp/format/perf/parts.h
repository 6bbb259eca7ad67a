/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_PERF_PARTS_H
#define CPI_PERF_PARTS_H

/*
 * The perf.data reader's own header. How a capture becomes a profile:
 *
 *	perf_header    magic, byte order, sections, attrs          → struct perf_file
 *	perf_features  host, command line, event names, build ids
 *	perf_stream    records of a file, pipe or directory, inflated on the way
 *	perf_scan      pass 1: records that change state; counts; damage
 *	perf_tasks     states in order of time → who was what when, with which memory
 *	perf_space     memory maps over time
 *	perf_build     pass 2: samples, each looked up at its own time → profile
 *
 * Two passes instead of a queue that sorts events: state records are few, samples are
 * many, and only the former depend on each other's order. So pass 2 takes samples as they
 * stand in the file, keeps nothing of them, and needs no FINISHED_ROUND.
 *
 * An epoch is a point in the order of states: epoch e is after the e-th distinct time at
 * which some state changed. Captures without times use the record's number as its time.
 */

#include "base/cursor.h"
#include "base/hash.h"
#include "format/format.h"
#include "format/perf/abi.h"
#include "format/perf/trace.h"
#include "model/builder.h"

/* ---- perf_names: texts and small sets of them ---- */

/* Interned texts; id 0 is the empty one. */
struct perf_names {
	struct cpi_mem *mem;
	struct cpi_arena arena;
	struct cpi_index index;
	CPI_VEC(struct cp_text) text;
};

bool perf_names_init(struct perf_names *names, struct cpi_mem *mem);
void perf_names_release(struct perf_names *names);
/* False when out of memory. */
bool perf_names_add(struct perf_names *names, struct cp_text text, uint32_t *ret_id);

/* ---- perf_header, perf_attr: what the file says about itself and its events ---- */

struct perf_attr {
	uint32_t type, stack_user;
	uint64_t config, config1, config2;
	uint64_t period; /* or the frequency, see flags */
	uint64_t sample_type, read_format, flags;
	uint64_t branch_type, regs_user, regs_intr;
	uint32_t clock; /* with PERF_FLAG_USE_CLOCKID */
};

/* Byte offsets of a sample's fields after its header; PERF_ABSENT when it has none. */
#define PERF_ABSENT 0xffff
struct perf_layout {
	uint16_t identifier, ip, tid, time, addr, id, stream_id, cpu, period;
	uint16_t fixed; /* size of all of these */
	/* In the trailer of other records, counted from the record's end. */
	uint16_t end_tid, end_time, end_id, end_cpu, end_identifier, end_size;
};

struct perf_event {
	struct perf_attr attr;
	struct perf_layout layout;
	uint32_t name; /* in names; 0 = not told */
	bool dummy;    /* carries MMAPs and COMMs only */
	bool trailers; /* its other records end with a sample_id */
	bool clock;    /* counts nanoseconds */
	bool off_cpu;  /* of perf record --off-cpu: see perf_sample_decode */
	struct perf_trace trace; /* of a tracepoint: what it tells */
	uint64_t lost, lost_bpf;
};

/* Last counter value of a {…}:S group's member, which the next read is compared with. */
struct perf_counter {
	uint64_t id, value;
	uint32_t tid;
};

struct perf_id {
	uint64_t id;
	uint32_t event;
};

struct perf_build_id {
	uint32_t name, hex; /* in names */
	uint8_t cpumode;
};

/* One recorded mapping of memory. */
struct perf_map {
	uint64_t start, limit, pgoff;
	uint32_t name, build_id; /* in names; the id in hexadecimal digits */
	uint32_t image;          /* number of (name, build id) */
	uint32_t dso;            /* index + 1 in perf_file's dso; 0 = none */
	int32_t pid;
	uint8_t kind;   /* enum cp_mapping_kind */
	bool data;      /* not executable: no frame lies there */
	cp_mapping row; /* none until its first sample */
	uint64_t shift; /* to the row's own range */
	/* the map whose range the row has instead of this one's; 0: none */
	uint32_t around;
};

enum perf_state_kind {
	PERF_STATE_MAP,
	PERF_STATE_COMM,
	PERF_STATE_FORK,
	PERF_STATE_EXEC
};

/* A record that changes what later samples mean. */
struct perf_state {
	uint64_t time;
	enum perf_state_kind kind;
	int32_t pid, tid, ppid, ptid;
	uint32_t what; /* map, or name of the command */
};

/* A file whose symbols the capture carries, and these, by start. */
struct perf_dso {
	uint32_t name; /* of the path, in names */
	uint8_t type;
	uint64_t min_address, min_offset; /* of the first segment with code */
	size_t first, n;                  /* in perf_file's symbol */
};

struct perf_symbol {
	uint64_t start, size;
	uint32_t name;
};

struct perf_cgroup {
	uint64_t id;
	uint32_t name;
};

/* A user call chain that the kernel delivered after the samples it belongs to. */
struct perf_deferred {
	uint64_t cookie, time;
	const uint8_t *ips;
	uint32_t n, tid;
};

struct perf_counts {
	uint64_t records, user_other; /* of types beyond the table */
	uint64_t type[PERF_RECORD_TYPES];
	uint64_t lost_records, lost_samples, lost_bpf, throttled;
	uint64_t damaged;
	uint64_t first_time, last_time; /* of samples; first > last: none */
	uint64_t data_bytes, inflated_bytes;
};

/* One piece of damage, for cpinfo. */
struct perf_damage {
	uint64_t offset;
	uint32_t text; /* in names */
};

struct perf_section {
	uint64_t offset, size;
};

/*
 * Tables that are searched from end to end. A large machine's captures have hundreds of
 * events and PMUs; hostile ones could make the searches quadratic.
 */
enum { PERF_EVENTS = 1 << 14, PERF_PMUS = 1 << 12, PERF_EVENT_TYPES = 1 << 12 };

struct perf_file {
	struct cpi_env *env;
	const struct cpi_source *source;
	const uint8_t *bytes; /* part 0 */
	uint64_t n;
	bool swap;       /* the writer's order is not this machine's */
	bool big_endian; /* the writer's */
	bool pipe, v1, killed, cut;
	struct perf_section data;
	uint64_t feature[PERF_FEATURES / 64];

	struct perf_names names;
	CPI_VEC(struct perf_event) event;
	CPI_VEC(struct perf_id) id;
	struct cpi_index ids;
	bool mixed_layout;   /* events' samples or trailers are laid out differently */
	bool timed;          /* some event has TIME */
	bool untimed_states; /* some event's MMAPs and COMMs have no time */
	bool scan_samples;   /* pass 1 looks into samples, too (for their times) */
	CPI_VEC(struct perf_build_id) build_id;
	CPI_VEC(struct perf_section) pmu; /* offset: type, size: name in names */

	/* From the features; ids in names. */
	uint32_t hostname, release, version, arch, cmdline, cpudesc, cpuid;
	uint32_t cpus_online, cpus_available;
	uint64_t memory_kb;
	uint64_t clock_wall, clock_time; /* the same moment on both clocks; 0 = unknown */
	uint64_t first_time, last_time;  /* SAMPLE_TIME */

	CPI_VEC(struct perf_trace) trace; /* formats of tracepoints */

	/* From simpleperf's features. */
	CPI_VEC(struct perf_dso) dso; /* by name, once settled */
	CPI_VEC(struct perf_symbol) symbol;

	/* EVENT_DESC of a pipe, which may come before the events it names. */
	const uint8_t *event_desc;
	uint32_t event_desc_n;

	/* From pass 1. */
	uint32_t aux; /* kind of AUX data, see perf_aux_name; 0 = none */
	struct perf_counts counts;
	CPI_VEC(struct perf_map) map; /* [0] is none */
	CPI_VEC(struct perf_state) state;
	CPI_VEC(struct perf_cgroup) cgroup; /* [0] is none */
	struct cpi_index cgroups;
	CPI_VEC(struct perf_deferred) deferred; /* by thread, cookie, time */
	struct cpi_arena chains; /* deferred chains out of compressed records */
	CPI_VEC(struct perf_damage) damage;
	bool damage_unlisted; /* for want of memory */
};

/* For the format table: 100 or 0. */
int perf_detect(const struct cpi_source *source);
/* Reads headers, attrs and features. On failure nothing need be released. */
enum cp_code perf_file_open(struct perf_file *f, struct cpi_env *env,
	const struct cpi_source *source, struct cp_error *err);
void perf_file_release(struct perf_file *f);
static inline struct cp_text perf_name(const struct perf_file *f, uint32_t id)
{
	return f->names.text.v[id];
}
/* A place in the capture: a byte of a part, and which record it belongs to. */
struct perf_spot {
	unsigned part;
	const char *record; /* its kind, or NULL when it is in no record */
	uint64_t number, offset;
};

/* Reports damage that can be skipped, and keeps it for cpinfo. */
void perf_damaged(struct perf_file *f, const char *kind, struct perf_spot spot,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same of a place that belongs to no record. */
#define PERF_DAMAGED_AT(f, kind, part, offset, ...)                                      \
	perf_damaged(f, kind, (struct perf_spot){part, NULL, CP_NO_RECORD, offset},      \
		__VA_ARGS__)

static inline struct cpi_cursor perf_cursor(
	const struct perf_file *f, const void *bytes, uint64_t n)
{
	return cpi_cursor_make(bytes, n, f->swap);
}

/* `bytes` are an attr as written, of the size it has in the file. */
void perf_attr_decode(const struct perf_file *f, const uint8_t *bytes, size_t n,
	struct perf_attr *attr);
enum cp_code perf_event_add(struct perf_file *f, const struct perf_attr *attr,
	uint32_t *ret_event, struct cp_error *err);
enum cp_code perf_id_add(
	struct perf_file *f, uint64_t id, uint32_t event, struct cp_error *err);
/* UINT32_MAX when the id is unknown. */
uint32_t perf_id_event(const struct perf_file *f, uint64_t id);
/* Once all events are there: names of events that were not told. */
enum cp_code perf_events_settle(struct perf_file *f, struct cp_error *err);
/* The event's name with or without its modifiers (":u") equals text. */
bool perf_event_called(
	const struct perf_file *f, const struct perf_event *e, struct cp_text text);

/* Reads a feature with the symbols of files. False: out of memory. */
bool perf_simpleperf_files(struct perf_file *f, unsigned feature, struct cpi_cursor *c);
/* Once all maps are there. */
void perf_simpleperf_settle(struct perf_file *f);
/* The name of the function at an address in a map that has a dso, or 0. */
uint32_t perf_simpleperf_symbol(
	const struct perf_file *f, const struct perf_map *map, uint64_t address);
enum cp_code perf_features_read(struct perf_file *f, struct cp_error *err);
enum cp_code perf_feature_decode(
	struct perf_file *f, unsigned feature, struct cpi_cursor c, struct cp_error *err);
enum cp_code perf_build_ids_decode(
	struct perf_file *f, struct cpi_cursor c, struct cp_error *err);
/* An entry after its header; the first perfs wrote no pid. False: out of memory. */
bool perf_build_id_add(
	struct perf_file *f, uint16_t misc, struct cpi_cursor c, bool no_pid);
/* n bytes of id as hexadecimal digits in names; 0 when all are zero. */
bool perf_build_id_name(
	struct perf_file *f, const uint8_t *id, unsigned n, uint32_t *ret_name);
/* Gives every map that did not bring its build id the one of the table. */
enum cp_code perf_build_ids_settle(struct perf_file *f, struct cp_error *err);

/* The order of f->deferred. */
static inline int perf_deferred_order(
	const struct perf_deferred *a, const struct perf_deferred *b)
{
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	if (a->cookie != b->cookie)
		return a->cookie < b->cookie ? -1 : 1;
	return a->time < b->time ? -1 : a->time > b->time;
}

/* ---- perf_stream: records ---- */

struct perf_record {
	const uint8_t *body; /* after the header; until the next record is asked for */
	uint32_t n;          /* bytes of it */
	uint32_t type;
	uint16_t misc;
	bool inflated;
	unsigned part;   /* of the input */
	uint64_t offset; /* in the part; of the compressed record around it, if any */
	uint64_t number; /* over all parts, from 1 */
};

static inline struct perf_spot perf_spot_of(const struct perf_record *r, const char *name)
{
	return (struct perf_spot){r->part, name, r->number, r->offset};
}

struct perf_inflate;

struct perf_stream {
	struct perf_file *f;
	const uint8_t *start, *at, *end; /* of the part */
	const uint8_t *behind;           /* the pages before are given back */
	uint64_t base;                   /* offset of `start` in the input */
	unsigned part;
	uint64_t number;
	uint64_t done, total; /* bytes, for progress */
	struct perf_inflate *inflate;
	uint64_t outer; /* offset of the compressed record being read */
	bool waiting;   /* inflated records may be there */
	bool dead;      /* the part's zstd stream is damaged */
	bool report;    /* damage is told and counted: only the first pass does */
	enum cp_code code;
};

void perf_stream_init(struct perf_stream *s, struct perf_file *f, bool report);
void perf_stream_release(struct perf_stream *s);
/* False at the end, or after a failure, which s->code tells and err describes. */
bool perf_stream_next(struct perf_stream *s, struct perf_record *r, struct cp_error *err);
/* How much of the input is done, 0 to 1. */
double perf_stream_share(const struct perf_stream *s);

/* ---- perf_inflate: records out of COMPRESSED records ---- */

/* One part's zstd stream. NULL when out of memory. */
struct perf_inflate *perf_inflate_new(struct cpi_env *env);
void perf_inflate_free(struct perf_inflate *z);
void perf_inflate_reset(struct perf_inflate *z);
/* Gives it the bytes of one more record, when all earlier ones are used up. */
void perf_inflate_feed(struct perf_inflate *z, const uint8_t *bytes, size_t n);
/*
 * Makes at least `need` bytes available at *ret_bytes (valid until the next call) and
 * says how many there are; fewer when the input so far does not hold them. Takes nothing.
 */
enum cp_code perf_inflate_peek(struct perf_inflate *z, size_t need,
	const uint8_t **ret_bytes, size_t *ret_n, struct cp_error *err);
void perf_inflate_take(struct perf_inflate *z, size_t n);
uint64_t perf_inflate_total(const struct perf_inflate *z);
/* Bytes of a record whose rest never came. */
size_t perf_inflate_left(const struct perf_inflate *z);

/* ---- perf_scan: pass 1 ---- */

enum cp_code perf_scan(struct perf_file *f, struct cp_error *err);
/* Index of f->cgroup, or 0. */
uint32_t perf_cgroup_find(const struct perf_file *f, uint64_t id);
/* "MMAP2", or NULL for a type that is not known. */
const char *perf_record_name(uint32_t type);
/* "Intel PT" for a kind of AUX data. */
const char *perf_aux_name(uint32_t kind);
/* The event a record belongs to; UINT32_MAX: unknown. */
uint32_t perf_record_event(const struct perf_file *f, const struct perf_record *r);

/* ---- perf_space: memory over time ---- */

/*
 * What is mapped where is a tree over the sorted borders of all mappings; a reference to
 * its root *is* an address space at a moment. Mapping makes a new root that shares all
 * but a path with the old one, so a fork costs nothing, nothing is ever cut, and no
 * sequence of mappings makes a look-up slower than one descent (logarithmic).
 */
struct perf_space_node {
	uint32_t left, right; /* references */
	uint32_t owner;       /* who may still change it in place */
};

struct perf_spaces {
	struct cpi_mem *mem;
	CPI_VEC(uint64_t) border;
	CPI_VEC(struct perf_space_node) node; /* [0] unused */
};

/* 0 is the empty space. */
bool perf_spaces_init(struct perf_spaces *s, struct perf_file *f);
void perf_spaces_release(struct perf_spaces *s);
/*
 * The space `root` with the map laid over it. Nodes made with the same `owner` number
 * are changed in place: a new number keeps all roots so far as they are. Returns false
 * when out of memory.
 */
bool perf_space_map(struct perf_spaces *s, uint32_t *root, const struct perf_map *map,
	uint32_t map_id, uint32_t owner);
/*
 * The lowest address at which something of the image is mapped, or 0. Looks at some
 * thousand spans at most.
 */
uint64_t perf_space_first(const struct perf_spaces *s, const struct perf_map *maps,
	uint32_t root, uint32_t image);
/* The map at an address, or 0. */
uint32_t perf_space_at(const struct perf_spaces *s, uint32_t root, uint64_t address);

/* ---- perf_tasks: threads and processes over time ---- */

struct perf_change {
	uint32_t owner, epoch, value;
};

/* Values of many owners over epochs. */
struct perf_timeline {
	CPI_VEC(struct perf_change) change;
	CPI_VEC(uint32_t)
	first; /* of the owner's changes, once frozen; n_owners + 1 entries */
};

struct perf_task {
	int32_t id;
	uint32_t now;   /* replay: current value; a process's root, a thread's command */
	uint32_t owner; /* replay: of the space */
};

struct perf_task_table {
	CPI_VEC(struct perf_task) task;
	struct cpi_index index;
	struct perf_timeline time;
};

struct perf_tasks {
	struct perf_file *f;
	struct perf_spaces spaces;
	CPI_VEC(uint64_t) epoch_time; /* of epoch i + 1 */
	struct perf_task_table processes, threads;
	struct perf_timeline before_exec; /* roots of processes before their last exec */
	bool keep_on_exec;                /* as perf does */
};

/*
 * Stands for the process whose memory is a guest's kernel: of the machine that runs in
 * process `pid`, or of any.
 */
static inline int32_t perf_guest(int32_t pid)
{
	return pid > 0 && pid < INT32_MAX ? -2 - pid : -2;
}

/* All that a sample's thread was at its time; constant over [from, to). */
struct perf_seat {
	int32_t pid, tid;
	uint32_t from, to; /* epochs */
	uint32_t root, kernel, guest;
	uint32_t before_exec;        /* root; the execve call itself came from there */
	uint32_t comm, process_comm; /* in names; 0 = never told */
};

enum cp_code perf_tasks_build(struct perf_tasks *t, struct perf_file *f,
	bool keep_on_exec, struct cp_error *err);
void perf_tasks_release(struct perf_tasks *t);
uint32_t perf_tasks_epoch(const struct perf_tasks *t, uint64_t time);
void perf_tasks_seat(const struct perf_tasks *t, int32_t pid, int32_t tid, uint32_t epoch,
	struct perf_seat *seat);

/* ---- perf_sample ---- */

struct perf_sample {
	uint32_t event;
	uint8_t cpumode;
	int32_t pid, tid;
	uint32_t cpu;
	uint64_t time, ip, period, cgroup;
	const uint8_t *read; /* up to the end of the record */
	uint32_t read_n;
	const uint8_t *chain; /* n_chain 8-byte entries, writer's order */
	uint32_t n_chain;
	const uint8_t *branch; /* n_branch entries of 24 bytes */
	uint32_t n_branch;
	uint64_t abi;
	const uint8_t *regs; /* one per bit of the attr's regs_user */
	const uint8_t *stack;
	uint64_t stack_n, stack_asked;
	bool inflated; /* the bytes are gone with the next record */
	bool exact_ip; /* ip is where the event happened, not where the interrupt came */
	const uint8_t *raw; /* of a tracepoint that tells of threads */
	uint32_t raw_n;
	uint64_t ticket; /* who waits for its row: see perf_sched; 0: nobody */
	bool uncounted;  /* only its row is wanted */
};

static inline uint64_t perf_u64(const uint8_t *p, bool swap)
{
	uint64_t x;

	memcpy(&x, p, sizeof x);
	return swap ? __builtin_bswap64(x) : x;
}

static inline uint32_t perf_u32(const uint8_t *p, bool swap)
{
	uint32_t x;

	memcpy(&x, p, sizeof x);
	return swap ? __builtin_bswap32(x) : x;
}

/* False when the record is too short for what its event says is in it. */
bool perf_sample_decode(const struct perf_file *f, const struct perf_record *r,
	uint32_t event, struct perf_sample *s);
/* Reports such a record as damage. */
void perf_sample_short(struct perf_file *f, const struct perf_record *r);
/*
 * Calls `each` for the members of the sample's read value: id, value, in order. False
 * when they do not fit. A single value without id has id 0.
 */
typedef bool perf_read_fn(void *arg, uint64_t id, uint64_t value);
bool perf_read_values(const struct perf_file *f, const struct perf_sample *s,
	perf_read_fn *each, void *arg);

/* ---- perf_map: what a mapping is, by its name ---- */

enum cp_mapping_kind perf_map_kind(struct cp_text name, bool kernel);
/* Gives text that programs copied to huge pages back to its file. */
void perf_text_settle(struct perf_file *f);
/* Numbers the images: maps with the same name and build id have the same number. */
enum cp_code perf_images_settle(struct perf_file *f, struct cp_error *err);
/*
 * perf_jit: names generated code by the jitdump that tells of it, and splits it by
 * time.
 */
enum cp_code perf_jit_add(
	struct perf_file *f, const struct cpi_unwinder *reader, struct cp_error *err);

#endif
