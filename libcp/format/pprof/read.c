/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.proto with pprof's rules of what is valid, each violation an error with its
 * byte and message ("sample 17").
 *
 * The message is never unpacked as a tree. Samples come before the tables they refer to,
 * and strings last; so one walk over the top level notes where each kind of message lies,
 * then the kinds are decoded in the order of their dependencies, straight into the
 * builder. The workload that shaped it is 1M samples of depth 40: 40M packed ids, decoded
 * without branches on their length, and no memory but the profile's own.
 *
 * Rows with equal content but different ids become one row (pprof keeps them apart until
 * it merges). Samples are appended as they are, not summed.
 */
#include "base/text.h"
#include "base/limits.h"
#include "format/pprof/ids.h"
#include "format/pprof/pprof.h"
#include "model/builder.h"

/* The bytes in which all messages of one kind lie, and how many there are. */
struct span {
	const uint8_t *from, *to;
	uint64_t n;
};

enum { MOST_WAITING = 16 };

struct reader {
	struct cpi_env *env;
	struct cp_error *err;
	struct cpi_builder b;
	const uint8_t *start, *end;
	struct span span[PROFILE_STRING_TABLE]; /* by field number, messages only */
	uint64_t scalar[PROFILE_FIELDS];
	const uint8_t *scalar_at[PROFILE_FIELDS];
	struct pb_field period_type;   /* bytes NULL = absent */
	CPI_VEC(uint64_t) comment;     /* string indexes */
	CPI_VEC(struct cp_text) string; /* the file's table, in the input */
	uint32_t *string_id;           /* the model's; 0 = not looked up yet (or empty) */
	struct pprof_ids mapping, function, location;
	/* Functions without an id get their location's, see find_lost_ids; else NULL. */
	uint64_t *lost_id;
	uint64_t functions; /* read so far */
	uint64_t unknown;              /* fields */
	/*
	 * Samples that wait while memory brings the slots of their stacks: a table of a
	 * million stacks is in no cache. Their frames and values stand behind each other.
	 */
	struct {
		uint64_t hash;
		size_t first_frame;
		uint32_t n_frames;
		cp_labels labels;
	} waiting[MOST_WAITING];
	unsigned n_waiting;
	CPI_VEC(cp_location) frame;
	CPI_VEC(int64_t) value;

	/* One sample or location being read. */
	CPI_VEC(struct cp_label) label;
	CPI_VEC(struct cp_line_row) line;
};

#define OFFSET(r, p) ((uint64_t)((p) - (r)->start))
#define CORRUPT(r, p, ...) \
	cpi_error((r)->err, CP_ERROR_CORRUPT, OFFSET((r), (p)), __VA_ARGS__)

static enum cp_code bad_field(struct reader *r, const struct pb_field *f)
{
	return CORRUPT(
		r, f->start, "a protobuf field is damaged or longer than its message");
}

static enum cp_code wrong_type(struct reader *r, const struct pb_field *f)
{
	return CORRUPT(r, f->start, "field %llu has wire type %u",
		(unsigned long long)f->number, f->type);
}

/*
 * A message of varints only: number i goes to x[i], the last one wins. x has `n` entries
 * and starts as zeros.
 */
static enum cp_code scalars(
	struct reader *r, const struct pb_field *message, uint64_t *x, unsigned n)
{
	struct cpi_cursor c = pb_cursor(message);
	struct pb_field f;

	while (pb_next(&c, &f)) {
		if (!f.number || f.number >= n)
			r->unknown++;
		else if (f.type != PB_VARINT)
			return wrong_type(r, &f);
		else
			x[f.number] = f.value;
	}
	return cpi_cursor_ok(&c) ? CP_OK : bad_field(r, &f);
}

static enum cp_code string(
	struct reader *r, const uint8_t *at, uint64_t index, cp_string *ret_id)
{
	if (index >= r->string.n)
		return CORRUPT(r, at, "string %lld is not in the table of %zu",
			(long long)index, r->string.n);
	if (!r->string_id[index])
		r->string_id[index] = cpi_builder_string(&r->b, r->string.v[index]).i;
	ret_id->i = r->string_id[index];
	return CP_OK;
}

/* Top level: where things are. */

static enum cp_code note_message(struct reader *r, const struct pb_field *f)
{
	struct span *span = &r->span[f->number];

	if (!span->n)
		span->from = f->start;
	span->to = f->bytes + f->n;
	span->n++;
	return CP_OK;
}

static enum cp_code note_string(struct reader *r, const struct pb_field *f)
{
	if (!r->string.n && f->n)
		return CORRUPT(r, f->start, "the first string of the table is not empty");
	if (!cpi_vec_push(&r->env->mem, &r->string,
		    (struct cp_text){(const char *)f->bytes, f->n}))
		return cpi_error_memory(r->err);
	return CP_OK;
}

static enum cp_code note_scalar(struct reader *r, const struct pb_field *f)
{
	if (f->number == PROFILE_TIME_NANOS && r->scalar[f->number])
		return CORRUPT(r, f->start,
			"a second time_nanos: several profiles are concatenated in this "
			"file");
	r->scalar[f->number] = f->value;
	r->scalar_at[f->number] = f->start;
	return CP_OK;
}

static enum cp_code note_period_type(struct reader *r, const struct pb_field *f)
{
	r->period_type = *f;
	return CP_OK;
}

static enum cp_code note_comment(struct reader *r, const struct pb_field *f)
{
	struct cpi_cursor c;

	if (f->type == PB_VARINT)
		return cpi_vec_push(&r->env->mem, &r->comment, f->value)
			? CP_OK : cpi_error_memory(r->err);
	c = pb_cursor(f);
	while (cpi_cursor_left(&c)) {
		uint64_t x = pb_varint(&c);

		if (!cpi_cursor_ok(&c))
			return bad_field(r, f);
		if (!cpi_vec_push(&r->env->mem, &r->comment, x))
			return cpi_error_memory(r->err);
	}
	return CP_OK;
}

enum { TAKES_VARINT = 1 << PB_VARINT, TAKES_BYTES = 1 << PB_BYTES };

static const struct {
	unsigned types;
	enum cp_code (*note)(struct reader *r, const struct pb_field *f);
} profile_field[PROFILE_FIELDS] = {
	[PROFILE_SAMPLE_TYPE] = {TAKES_BYTES, note_message},
	[PROFILE_SAMPLE] = {TAKES_BYTES, note_message},
	[PROFILE_MAPPING] = {TAKES_BYTES, note_message},
	[PROFILE_LOCATION] = {TAKES_BYTES, note_message},
	[PROFILE_FUNCTION] = {TAKES_BYTES, note_message},
	[PROFILE_STRING_TABLE] = {TAKES_BYTES, note_string},
	[PROFILE_DROP_FRAMES] = {TAKES_VARINT, note_scalar},
	[PROFILE_KEEP_FRAMES] = {TAKES_VARINT, note_scalar},
	[PROFILE_TIME_NANOS] = {TAKES_VARINT, note_scalar},
	[PROFILE_DURATION_NANOS] = {TAKES_VARINT, note_scalar},
	[PROFILE_PERIOD_TYPE] = {TAKES_BYTES, note_period_type},
	[PROFILE_PERIOD] = {TAKES_VARINT, note_scalar},
	[PROFILE_COMMENT] = {TAKES_VARINT | TAKES_BYTES, note_comment},
	[PROFILE_DEFAULT_SAMPLE_TYPE] = {TAKES_VARINT, note_scalar},
	[PROFILE_DOC_URL] = {TAKES_VARINT, note_scalar},
};

static struct cpi_cursor cursor_of(const uint8_t *from, const uint8_t *to)
{
	return cpi_cursor_make(
		from, (size_t)(to - from), __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__);
}

static enum cp_code survey(struct reader *r)
{
	struct cpi_cursor c = cursor_of(r->start, r->end);
	struct pb_field f;

	while (pb_next(&c, &f)) {
		enum cp_code code;

		if (!f.number || f.number >= PROFILE_FIELDS) {
			r->unknown++;
			continue;
		}
		if (!(profile_field[f.number].types & 1u << f.type))
			return wrong_type(r, &f);
		code = profile_field[f.number].note(r, &f);
		if (code)
			return code;
	}
	if (!cpi_cursor_ok(&c))
		return cpi_error(r->err, CP_ERROR_TRUNCATED, OFFSET(r, f.start),
			"a field of the profile is damaged or runs past the end of the "
			"input");
	if (!r->string.n)
		return CORRUPT(r, r->end, "the profile has no string table");
	r->string_id = cpi_alloc_zero(&r->env->mem, r->string.n * sizeof *r->string_id);
	return r->string_id ? CP_OK : cpi_error_memory(r->err);
}

/* Messages of one kind, in the order of the file. */
typedef enum cp_code read_fn(struct reader *r, const struct pb_field *f);

static enum cp_code each(
	struct reader *r, unsigned number, const char *what, read_fn *read)
{
	const struct span *span = &r->span[number];
	struct cpi_cursor c = cursor_of(span->from, span->to);
	struct pb_field f;

	for (uint64_t i = 0; i < span->n && pb_next(&c, &f);) {
		enum cp_code code;

		if (f.number != number)
			continue;
		code = read(r, &f);
		if (code) {
			cpi_error_context(r->err, "%s %llu", what, (unsigned long long)i);
			cpi_error_record(r->err, i);
			return code;
		}
		i++;
		if (!(i & 0xffff)) {
			code = cpi_env_progress(r->env,
				(double)(f.start - r->start) /
					(double)(r->end - r->start),
				r->err);
			if (code)
				return code;
		}
	}
	if (r->b.code && r->err)
		*r->err = r->b.error;
	return r->b.code;
}

static enum cp_code value_type(
	struct reader *r, const struct pb_field *f, struct cp_value_type *ret_type)
{
	uint64_t x[3] = {0};
	enum cp_code code = scalars(r, f, x, 3);

	if (!code)
		code = string(r, f->start, x[1], &ret_type->type);
	return code ? code : string(r, f->start, x[2], &ret_type->unit);
}

static enum cp_code read_sample_type(struct reader *r, const struct pb_field *f)
{
	struct cp_value_type type = {0};
	enum cp_code code = value_type(r, f, &type);

	if (!code)
		cpi_builder_sample_type(&r->b, type.type, type.unit, 0);
	return code;
}

/* An id may be anything but zero or one that was there. */
static enum cp_code add_id(struct reader *r, const struct pb_field *f,
	struct pprof_ids *ids, uint64_t id, uint32_t row)
{
	if (r->b.code) {
		if (r->err)
			*r->err = r->b.error;
		return r->b.code;
	}
	if (!id)
		return CORRUPT(r, f->start, "its id is 0");
	if (cpi_pprof_ids_find(ids, id))
		return CORRUPT(
			r, f->start, "its id %llu occurs twice", (unsigned long long)id);
	return cpi_pprof_ids_add(&r->env->mem, ids, id, row) ? CP_OK
							     : cpi_error_memory(r->err);
}

static enum cp_code read_mapping(struct reader *r, const struct pb_field *f)
{
	uint64_t x[11] = {0};
	struct cp_mapping_row row = {0};
	enum cp_code code = scalars(r, f, x, 11);

	if (!code)
		code = string(r, f->start, x[5], &row.path);
	if (!code)
		code = string(r, f->start, x[6], &row.build_id);
	if (code)
		return code;
	row.start = x[2];
	row.limit = x[3];
	row.offset = x[4];
	row.has = (x[7] ? CP_HAS_FUNCTIONS : 0) | (x[8] ? CP_HAS_FILENAMES : 0) |
		(x[9] ? CP_HAS_LINE_NUMBERS : 0) | (x[10] ? CP_HAS_INLINE_FRAMES : 0);
	return add_id(r, f, &r->mapping, x[1], cpi_builder_mapping(&r->b, &row).i);
}

/* The id of the message that the field holds; 0 when it has none. */
static uint64_t id_of(const struct pb_field *message)
{
	struct cpi_cursor c = pb_cursor(message);
	struct pb_field f;
	uint64_t id = 0;

	while (pb_next(&c, &f))
		if (f.number == 1 && f.type == PB_VARINT)
			id = f.value;
	return id;
}

/* Ids of all messages of a kind; NULL when out of memory. */
static uint64_t *ids_of(struct reader *r, unsigned number, bool *ret_any)
{
	const struct span *span = &r->span[number];
	struct cpi_cursor c = cursor_of(span->from, span->to);
	uint64_t *id = cpi_alloc_zero(&r->env->mem, span->n * sizeof *id);
	struct pb_field f;

	*ret_any = false;
	for (uint64_t i = 0; id && i < span->n && pb_next(&c, &f);) {
		if (f.number != number)
			continue;
		id[i] = id_of(&f);
		*ret_any |= id[i] != 0;
		i++;
	}
	return id;
}

/*
 * Pyroscope's profiler of .NET wrote no ids of functions, while its lines name functions
 * by the number of their location. As Pyroscope repairs it: where no function has an id
 * and there are as many as locations, each has its location's.
 */
static enum cp_code find_lost_ids(struct reader *r)
{
	uint64_t n = r->span[PROFILE_FUNCTION].n, *id;
	bool any;

	if (!n || n != r->span[PROFILE_LOCATION].n)
		return CP_OK;
	id = ids_of(r, PROFILE_FUNCTION, &any);
	if (id && !any) {
		cpi_free(&r->env->mem, id, n * sizeof *id);
		id = ids_of(r, PROFILE_LOCATION, &any);
		r->lost_id = id;
		return id ? CP_OK : cpi_error_memory(r->err);
	}
	if (!id)
		return cpi_error_memory(r->err);
	cpi_free(&r->env->mem, id, n * sizeof *id);
	return CP_OK;
}

static enum cp_code read_function(struct reader *r, const struct pb_field *f)
{
	uint64_t x[6] = {0};
	struct cp_function_row row = {0};
	enum cp_code code = scalars(r, f, x, 6);

	if (!code)
		code = string(r, f->start, x[2], &row.name);
	if (!code)
		code = string(r, f->start, x[3], &row.system_name);
	if (!code)
		code = string(r, f->start, x[4], &row.file);
	if (code)
		return code;
	row.start_line = (int64_t)x[5];
	if (r->lost_id)
		x[1] = r->lost_id[r->functions++];
	return add_id(r, f, &r->function, x[1], cpi_builder_function(&r->b, &row).i);
}

static enum cp_code read_line(struct reader *r, const struct pb_field *f)
{
	uint64_t x[4] = {0};
	enum cp_code code = scalars(r, f, x, 4);
	struct cp_line_row row = {.line = (int64_t)x[2], .column = (int64_t)x[3]};

	if (code)
		return code;
	row.function.i = cpi_pprof_ids_find(&r->function, x[1]);
	if (!x[1] || !row.function.i)
		return CORRUPT(r, f->start,
			"a line's function %llu is not in the profile",
			(unsigned long long)x[1]);
	return cpi_vec_push(&r->env->mem, &r->line, row) ? CP_OK
							 : cpi_error_memory(r->err);
}

static enum cp_code read_location(struct reader *r, const struct pb_field *message)
{
	struct cpi_cursor c = pb_cursor(message);
	uint64_t x[6] = {0};
	struct pb_field f;
	cp_mapping mapping = {0};

	r->line.n = 0;
	while (pb_next(&c, &f)) {
		enum cp_code code = CP_OK;

		if (!f.number || f.number > 5)
			r->unknown++;
		else if (f.type != (f.number == 4 ? PB_BYTES : PB_VARINT))
			code = wrong_type(r, &f);
		else if (f.number == 4)
			code = read_line(r, &f);
		else
			x[f.number] = f.value;
		if (code)
			return code;
	}
	if (!cpi_cursor_ok(&c))
		return bad_field(r, &f);
	/* As pprof has it, an unknown mapping is none. */
	if (x[2])
		mapping.i = cpi_pprof_ids_find(&r->mapping, x[2]);
	return add_id(r, message, &r->location, x[1],
		cpi_builder_location(&r->b, mapping, x[3], x[5] != 0, r->line.v,
			(uint32_t)r->line.n).i);
}

/* Samples. */

static enum cp_code no_location(struct reader *r, const uint8_t *at, uint64_t id)
{
	return CORRUPT(
		r, at, "location %llu is not in the profile", (unsigned long long)id);
}

static enum cp_code one_id(struct reader *r, const struct pb_field *f)
{
	uint32_t row = f->value ? cpi_pprof_ids_find(&r->location, f->value) : 0;

	if (!row)
		return no_location(r, f->start, f->value);
	return cpi_vec_push(&r->env->mem, &r->frame, (cp_location){row})
		? CP_OK : cpi_error_memory(r->err);
}

/*
 * Eight bytes at once: the first byte without its top bit ends the id. Ids of up to four
 * bytes, below 2^28, are put together without a branch; *ret_id is one the caller has to
 * look at when this returns 0.
 */
static inline unsigned short_id(const uint8_t *p, uint64_t *ret_id)
{
	uint64_t x, ends;

	memcpy(&x, p, sizeof x);
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		x = __builtin_bswap64(x);
	ends = ~x & 0x80808080;
	if (!ends)
		return 0;
	x &= ends ^ (ends - 1);
	*ret_id = (x & 0x7f) | (x >> 1 & 0x3f80) | (x >> 2 & 0x1fc000) |
		  (x >> 3 & 0xfe00000);
	return (unsigned)__builtin_ctzll(ends) / 8 + 1;
}

static enum cp_code packed_ids(struct reader *r, const struct pb_field *f)
{
	uint32_t most = r->env->limits.stack_depth;
	const uint8_t *p = f->bytes, *end = p + f->n;
	size_t room = f->n < most ? f->n : most, n = r->frame.n;
	cp_location *frame;

	if (!cpi_vec_reserve(&r->env->mem, &r->frame, room))
		return cpi_error_memory(r->err);
	frame = r->frame.v;
	while (p < end) {
		uint64_t id = 0;
		unsigned length = end - p >= 8 ? short_id(p, &id) : 0;

		if (!length) {
			struct cpi_cursor c = cursor_of(p, end);

			id = pb_varint(&c);
			if (!cpi_cursor_ok(&c))
				return bad_field(r, f);
			length = (unsigned)(c.at - p);
		}
		if (n - r->frame.n == room)
			return cpi_limit_error(r->err, OFFSET(r, p), "stack-depth",
				"a stack has more than %u frames", most);
		frame[n].i = id ? cpi_pprof_ids_find(&r->location, id) : 0;
		if (!frame[n].i)
			return no_location(r, p, id);
		n++;
		p += length;
	}
	r->frame.n = n;
	return CP_OK;
}

static enum cp_code sample_ids(struct reader *r, const struct pb_field *f)
{
	return f->type == PB_BYTES ? packed_ids(r, f) : one_id(r, f);
}

static enum cp_code sample_value(struct reader *r, const struct pb_field *f)
{
	struct cpi_cursor c;

	if (f->type == PB_VARINT)
		return cpi_vec_push(&r->env->mem, &r->value, (int64_t)f->value)
			? CP_OK : cpi_error_memory(r->err);
	c = pb_cursor(f);
	while (cpi_cursor_left(&c)) {
		uint64_t x = pb_varint(&c);

		if (!cpi_cursor_ok(&c))
			return bad_field(r, f);
		if (!cpi_vec_push(&r->env->mem, &r->value, (int64_t)x))
			return cpi_error_memory(r->err);
	}
	return CP_OK;
}

/*
 * A label is a string when it has one, a number when that or its unit is not zero, and
 * nothing otherwise. In a list of numbers with one key, those without a unit have the
 * unit "", which is what the model keeps.
 */
static enum cp_code sample_label(struct reader *r, const struct pb_field *f)
{
	uint64_t x[5] = {0};
	struct cp_label label = {0};
	enum cp_code code = scalars(r, f, x, 5);

	if (!code)
		code = string(r, f->start, x[1], &label.key);
	if (code)
		return code;
	if (x[2]) {
		code = string(r, f->start, x[2], &label.str);
	} else {
		label.num = (int64_t)x[3];
		code = string(r, f->start, x[4], &label.unit);
	}
	if (code || (!label.str.i && !label.num && !label.unit.i))
		return code;
	return cpi_vec_push(&r->env->mem, &r->label, label) ? CP_OK
							    : cpi_error_memory(r->err);
}

static const struct {
	unsigned types;
	read_fn *read;
} sample_field[4] = {
	[1] = {TAKES_VARINT | TAKES_BYTES, sample_ids},
	[2] = {TAKES_VARINT | TAKES_BYTES, sample_value},
	[3] = {TAKES_BYTES, sample_label},
};

/* Nothing is added to the null pointer that no frames leave. */
static const cp_location *frames_at(const struct reader *r, size_t first)
{
	return r->frame.n ? r->frame.v + first : r->frame.v;
}

/* Makes rows of what waits, in order. */
static enum cp_code take_waiting(struct reader *r)
{
	const int64_t *value = r->value.v;

	for (unsigned i = 0; i < r->n_waiting; i++, value += r->b.p->sample_type.n) {
		cp_stack stack = cpi_builder_stack_hashed(&r->b,
			frames_at(r, r->waiting[i].first_frame), r->waiting[i].n_frames,
			r->waiting[i].hash);

		cpi_builder_sample(&r->b, stack, r->waiting[i].labels, value, CP_NO_TIME);
	}
	r->n_waiting = 0;
	r->frame.n = r->value.n = 0;
	if (r->b.code && r->err)
		*r->err = r->b.error;
	return r->b.code;
}

static enum cp_code queue_sample(struct reader *r, size_t first_frame)
{
	uint32_t n = (uint32_t)(r->frame.n - first_frame);
	unsigned i = r->n_waiting++;

	r->waiting[i].first_frame = first_frame;
	r->waiting[i].n_frames = n;
	r->waiting[i].hash = cpi_builder_stack_hint(&r->b, frames_at(r, first_frame), n);
	r->waiting[i].labels =
		cpi_builder_labels(&r->b, r->label.v, (uint32_t)r->label.n);
	/* What is wrong with this one is said of this one. */
	if (r->n_waiting < MOST_WAITING && n <= r->env->limits.stack_depth && !r->b.code)
		return CP_OK;
	return take_waiting(r);
}

static enum cp_code read_sample(struct reader *r, const struct pb_field *message)
{
	struct cpi_cursor c = pb_cursor(message);
	size_t types = r->b.p->sample_type.n;
	size_t first_frame = r->frame.n, first_value = r->value.n;
	struct pb_field f;

	r->label.n = 0;
	while (pb_next(&c, &f)) {
		enum cp_code code;

		if (!f.number || f.number > 3) {
			r->unknown++;
			continue;
		}
		if (!(sample_field[f.number].types & 1u << f.type))
			return wrong_type(r, &f);
		code = sample_field[f.number].read(r, &f);
		if (code)
			return code;
	}
	if (!cpi_cursor_ok(&c))
		return bad_field(r, &f);
	if (!types)
		return CORRUPT(
			r, message->start, "the profile has samples but no sample type");
	if (r->value.n - first_value != types)
		return CORRUPT(r, message->start,
			"it has %zu values for %zu sample types",
			r->value.n - first_value, types);
	return queue_sample(r, first_frame);
}

static enum cp_code read_header(struct reader *r)
{
	static const uint8_t of[] = {PROFILE_DROP_FRAMES, PROFILE_KEEP_FRAMES,
		PROFILE_DEFAULT_SAMPLE_TYPE, PROFILE_DOC_URL};
	struct cp_profile_header h = {0};
	cp_string *const to[] = {
		&h.drop_frames, &h.keep_frames, &h.default_sample_type, &h.doc_url};
	enum cp_code code = CP_OK;

	h.time_nanos = (int64_t)r->scalar[PROFILE_TIME_NANOS];
	h.duration_nanos = (int64_t)r->scalar[PROFILE_DURATION_NANOS];
	h.period = (int64_t)r->scalar[PROFILE_PERIOD];
	if (r->period_type.bytes)
		code = value_type(r, &r->period_type, &h.period_type);
	for (unsigned i = 0; i < sizeof of && !code; i++)
		code = string(r, r->scalar_at[of[i]], r->scalar[of[i]], to[i]);
	for (size_t i = 0; i < r->comment.n && !code; i++) {
		if (r->comment.v[i] >= r->string.n)
			code = CORRUPT(
				r, r->end, "comment %zu is not in the string table", i);
		else
			cpi_builder_comment(&r->b, r->string.v[r->comment.v[i]]);
	}
	if (!code && r->b.p)
		r->b.p->header = h;
	return code;
}

static enum cp_code read_all(struct reader *r)
{
	struct cpi_mem *mem = &r->env->mem;
	enum cp_code code = survey(r);

	if (!code && (!cpi_pprof_ids_init(mem, &r->mapping, r->span[PROFILE_MAPPING].n) ||
		!cpi_pprof_ids_init(mem, &r->function, r->span[PROFILE_FUNCTION].n) ||
		!cpi_pprof_ids_init(mem, &r->location, r->span[PROFILE_LOCATION].n)))
		code = cpi_error_memory(r->err);
	if (!code)
		code = each(r, PROFILE_SAMPLE_TYPE, "sample type", read_sample_type);
	if (!code)
		code = each(r, PROFILE_MAPPING, "mapping", read_mapping);
	if (!code)
		code = find_lost_ids(r);
	if (!code)
		code = each(r, PROFILE_FUNCTION, "function", read_function);
	if (!code)
		code = each(r, PROFILE_LOCATION, "location", read_location);
	if (!code)
		code = each(r, PROFILE_SAMPLE, "sample", read_sample);
	if (!code)
		code = take_waiting(r);
	return code ? code : read_header(r);
}

static void release(struct reader *r)
{
	struct cpi_mem *mem = &r->env->mem;

	if (r->string_id)
		cpi_free(mem, r->string_id, r->string.n * sizeof *r->string_id);
	if (r->lost_id)
		cpi_free(mem, r->lost_id,
			r->span[PROFILE_FUNCTION].n * sizeof *r->lost_id);
	cpi_vec_release(mem, &r->string);
	cpi_vec_release(mem, &r->comment);
	cpi_pprof_ids_release(mem, &r->mapping);
	cpi_pprof_ids_release(mem, &r->function);
	cpi_pprof_ids_release(mem, &r->location);
	cpi_vec_release(mem, &r->frame);
	cpi_vec_release(mem, &r->value);
	cpi_vec_release(mem, &r->label);
	cpi_vec_release(mem, &r->line);
}

enum cp_code cpi_pprof_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	struct reader r = {.env = env, .err = err, .start = source->part[0].data};
	enum cp_code code;

	(void)options;
	(void)unwinder;
	r.end = r.start + source->part[0].n;
	cpi_builder_init(&r.b, env);
	if (r.b.code)
		return cpi_builder_finish(&r.b, ret_profile, err);
	code = read_all(&r);
	release(&r);
	if (code) {
		cpi_builder_release(&r.b);
		return code;
	}
	if (r.unknown)
		cpi_diag_note(&env->diag, "unknown-field", NULL,
			"%llu protobuf fields are unknown and left out",
			(unsigned long long)r.unknown);
	return cpi_builder_finish(&r.b, ret_profile, err);
}

/* The tags and lengths that a profile begins with are control characters. */
static bool is_text(const struct cpi_bytes *bytes)
{
	for (size_t i = 0; i < bytes->n && i < 64; i++)
		if (bytes->data[i] < 0x20 && !memchr("\t\n\r", bytes->data[i], 3))
			return false;
	return true;
}

/*
 * There is no magic number: what is asked is how many of the first fields make sense. A
 * damaged profile should still be taken for one, so that its damage is reported by this
 * reader.
 */
/* Numbers; other messages that begin with their field 1 have messages in it. */
static bool is_value_type(const struct pb_field *f)
{
	struct cpi_cursor c = pb_cursor(f);
	struct pb_field part;

	while (pb_next(&c, &part))
		if (part.type != PB_VARINT || part.number >= 8)
			return false;
	return true;
}

int cpi_pprof_detect(const struct cpi_source *source)
{
	struct cpi_cursor c = cursor_of(
		source->part[0].data, source->part[0].data + source->part[0].n);
	struct pb_field f;
	int good = 0;

	if (is_text(&source->part[0]))
		return 0;
	while (good < 200 && pb_next(&c, &f)) {
		if (!f.number || f.number >= PROFILE_FIELDS ||
			!(profile_field[f.number].types & 1u << f.type))
			break;
		if (!good && f.number == PROFILE_STRING_TABLE && f.n)
			break;
		if (f.number == PROFILE_SAMPLE_TYPE && !is_value_type(&f))
			return 0;
		good++;
	}
	if (!cpi_cursor_left(&c) && cpi_cursor_ok(&c) && good)
		return 80;
	return good >= 3 ? 60 : good * 2;
}
