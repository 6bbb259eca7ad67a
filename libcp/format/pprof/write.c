/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.proto as pprof writes it: fields in ascending number, zero scalars left out
 * except field 14, `location_id`, `value` and `comment` packed from three entries on, a
 * string table in order of first use. So a profile that pprof merged and libcp read comes
 * back byte for byte. protobuf-c cannot say "packed from three on", hence this encoder;
 * the tests decode its output with protobuf-c.
 */
#include "codec/gzip.h"
#include "format/pprof/pprof.h"

enum {
	MOST_VARINT = 10,
	/*
	 * Bytes of one gzip member. Profiles of everyday size are one member; larger ones
	 * are several in a row, which gzip, zlib, Go and Java read as one stream, so that
	 * compressing needs memory for one piece and not for the whole message.
	 */
	MEMBER = 16 << 20
};

struct writer {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cpi_sink *out;
	uint32_t *string;          /* index in the new table; 0 = not used yet */
	CPI_VEC(cp_string) order;  /* the new table */
	struct cpi_sink message;   /* body of the message being written */
	struct cpi_sink inner;     /* body of a message inside it */
	bool rounded;              /* a value lost its decimals */
};

static inline uint8_t *put_varint(uint8_t *p, uint64_t x)
{
	while (x >= 0x80) {
		*p++ = (uint8_t)x | 0x80;
		x >>= 7;
	}
	*p++ = (uint8_t)x;
	return p;
}

static void put_uint(struct cpi_sink *s, unsigned field, uint64_t x)
{
	uint8_t *p = cpi_sink_room(s, 2 * MOST_VARINT), *end;

	if (!p)
		return;
	end = put_varint(p, field << 3 | PB_VARINT);
	end = put_varint(end, x);
	cpi_sink_commit(s, (size_t)(end - p));
}

static void put_uint_opt(struct cpi_sink *s, unsigned field, uint64_t x)
{
	if (x)
		put_uint(s, field, x);
}

static void put_head(struct cpi_sink *s, unsigned field, size_t n)
{
	uint8_t *p = cpi_sink_room(s, 2 * MOST_VARINT), *end;

	if (!p)
		return;
	end = put_varint(p, field << 3 | PB_BYTES);
	end = put_varint(end, n);
	cpi_sink_commit(s, (size_t)(end - p));
}

/* The body collected in `from` as a field of `to`; a failure of `from` moves along. */
static void put_message(struct cpi_sink *to, unsigned field, struct cpi_sink *from)
{
	if (from->code && !to->code) {
		to->code = from->code;
		to->error = from->error;
	}
	put_head(to, field, from->n);
	cpi_sink_bytes(to, from->buf, from->n);
	from->n = 0;
}

static uint64_t string_index(struct writer *w, cp_string id)
{
	if (!id.i)
		return 0;
	if (!w->string[id.i]) {
		if (!cpi_vec_push(&w->env->mem, &w->order, id)) {
			w->out->code = cpi_error_memory(&w->out->error);
			return 0;
		}
		w->string[id.i] = (uint32_t)w->order.n;
	}
	return w->string[id.i];
}

static void value_type(struct writer *w, unsigned field, const struct cp_value_type *type)
{
	uint64_t type_index = string_index(w, type->type);

	put_uint_opt(&w->message, 1, type_index);
	put_uint_opt(&w->message, 2, string_index(w, type->unit));
	put_message(w->out, field, &w->message);
}

/*
 * Ids below 2^28 (all of them, in practice) without a loop: spread by 7 bits, mark,
 * store.
 */
static inline uint8_t *put_id(uint8_t *p, uint32_t id)
{
	uint32_t spread, n;

	if (id >= 1u << 28)
		return put_varint(p, id);
	spread = (id & 0x7f) | (id & 0x3f80) << 1 | (id & 0x1fc000) << 2 |
		(id & 0xfe00000) << 3;
	n = 1 + (31 - (uint32_t)__builtin_clz(spread | 1)) / 8;
	spread |= 0x80808080u & ((1u << (8 * (n - 1))) - 1);
	p[0] = (uint8_t)spread;
	p[1] = (uint8_t)(spread >> 8);
	p[2] = (uint8_t)(spread >> 16);
	p[3] = (uint8_t)(spread >> 24);
	return p + n;
}

static void stack_ids(struct writer *w, const cp_location *frame, uint32_t n)
{
	uint8_t *p, *end;

	if (n <= 2) {
		for (uint32_t i = 0; i < n; i++)
			put_uint(&w->message, 1, frame[i].i);
		return;
	}
	end = p = cpi_sink_room(&w->inner, (size_t)n * 5);
	if (p) {
		for (uint32_t i = 0; i < n; i++)
			end = put_id(end, frame[i].i);
		cpi_sink_commit(&w->inner, (size_t)(end - p));
	}
	put_message(&w->message, 1, &w->inner);
}

/* pprof's values are whole numbers: halves go away from zero. */
static int64_t whole(struct writer *w, int64_t x, uint8_t decimals)
{
	int64_t unit = 1, rest;

	if (!decimals)
		return x;
	if (decimals > 18)
		return 0;
	for (unsigned i = 0; i < decimals; i++)
		unit *= 10;
	rest = x % unit;
	x /= unit;
	w->rounded |= rest != 0;
	if (rest >= unit - unit / 2)
		x++;
	else if (rest <= unit / 2 - unit)
		x--;
	return x;
}

static void sample_values(struct writer *w, const int64_t *value)
{
	size_t n = w->p->sample_type.n;
	uint8_t *p, *end;

	for (size_t i = 0; i < n && n <= 2; i++)
		put_uint(&w->message, 2,
			(uint64_t)whole(w, value[i], w->p->sample_type.v[i].decimals));
	if (n <= 2)
		return;
	end = p = cpi_sink_room(&w->inner, n * MOST_VARINT);
	for (size_t i = 0; i < n && p; i++)
		end = put_varint(end,
			(uint64_t)whole(w, value[i], w->p->sample_type.v[i].decimals));
	if (p)
		cpi_sink_commit(&w->inner, (size_t)(end - p));
	put_message(&w->message, 2, &w->inner);
}

static void sample_labels(struct writer *w, cp_labels id)
{
	uint32_t n;
	const struct cp_label *label = cpi_profile_label_set(w->p, id, &n);

	for (uint32_t i = 0; i < n; i++) {
		put_uint_opt(&w->inner, 1, string_index(w, label[i].key));
		put_uint_opt(&w->inner, 2, string_index(w, label[i].str));
		if (!cpi_label_is_string(&label[i])) {
			put_uint_opt(&w->inner, 3, (uint64_t)label[i].num);
			put_uint_opt(&w->inner, 4, string_index(w, label[i].unit));
		}
		put_message(&w->message, 3, &w->inner);
	}
}

static enum cp_code samples(struct writer *w, struct cp_error *err)
{
	const struct cp_profile *p = w->p;

	for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++) {
		uint32_t n;
		const cp_location *frame =
			cpi_profile_frames(p, p->sample_stack.v[i], &n);

		stack_ids(w, frame, n);
		sample_values(w, p->value.v + (size_t)i * p->sample_type.n);
		sample_labels(w, p->sample_labels.v[i]);
		put_message(w->out, PROFILE_SAMPLE, &w->message);
		if (!(i & 0xffff)) {
			enum cp_code code = cpi_env_progress(w->env,
				(double)i / cpi_profile_n_samples(p), err);

			if (code)
				return code;
		}
	}
	return CP_OK;
}

static void mappings(struct writer *w)
{
	for (size_t i = 1; i < w->p->mapping.n; i++) {
		const struct cp_mapping_row *row = &w->p->mapping.v[i];

		put_uint(&w->message, 1, i);
		put_uint_opt(&w->message, 2, row->start);
		put_uint_opt(&w->message, 3, row->limit);
		put_uint_opt(&w->message, 4, row->offset);
		put_uint_opt(&w->message, 5, string_index(w, row->path));
		put_uint_opt(&w->message, 6, string_index(w, row->build_id));
		put_uint_opt(&w->message, 7, !!(row->has & CP_HAS_FUNCTIONS));
		put_uint_opt(&w->message, 8, !!(row->has & CP_HAS_FILENAMES));
		put_uint_opt(&w->message, 9, !!(row->has & CP_HAS_LINE_NUMBERS));
		put_uint_opt(&w->message, 10, !!(row->has & CP_HAS_INLINE_FRAMES));
		put_message(w->out, PROFILE_MAPPING, &w->message);
	}
}

static void locations(struct writer *w)
{
	for (size_t i = 1; i < w->p->location.n; i++) {
		const struct cp_location_row *row = &w->p->location.v[i];

		put_uint(&w->message, 1, i);
		put_uint_opt(&w->message, 2, row->mapping.i);
		put_uint_opt(&w->message, 3, row->address);
		for (uint32_t at = 0; at < row->n_lines; at++) {
			const struct cp_line_row *line =
				&w->p->line.v[row->first_line + at];

			/* pprof refuses a line without a function. */
			if (!line->function.i)
				continue;
			put_uint(&w->inner, 1, line->function.i);
			put_uint_opt(&w->inner, 2, (uint64_t)line->line);
			put_uint_opt(&w->inner, 3, (uint64_t)line->column);
			put_message(&w->message, 4, &w->inner);
		}
		put_uint_opt(&w->message, 5, row->folded);
		put_message(w->out, PROFILE_LOCATION, &w->message);
	}
}

static void functions(struct writer *w)
{
	for (size_t i = 1; i < w->p->function.n; i++) {
		const struct cp_function_row *row = &w->p->function.v[i];

		put_uint(&w->message, 1, i);
		put_uint_opt(&w->message, 2, string_index(w, row->name));
		put_uint_opt(&w->message, 3, string_index(w, row->system_name));
		put_uint_opt(&w->message, 4, string_index(w, row->file));
		put_uint_opt(&w->message, 5, (uint64_t)row->start_line);
		put_message(w->out, PROFILE_FUNCTION, &w->message);
	}
}

/* Everything behind the tables; its strings come last in the string table, before it. */
struct tail {
	uint64_t drop_frames, keep_frames, period_type, period_unit, default_type,
		doc_url;
};

static void tail_strings(struct writer *w, struct tail *tail)
{
	const struct cp_profile_header *h = &w->p->header;

	tail->drop_frames = string_index(w, h->drop_frames);
	tail->keep_frames = string_index(w, h->keep_frames);
	tail->period_type = string_index(w, h->period_type.type);
	tail->period_unit = string_index(w, h->period_type.unit);
	for (size_t i = 0; i < w->p->comment.n; i++)
		(void)string_index(w, w->p->comment.v[i]);
	tail->default_type = string_index(w, h->default_sample_type);
	tail->doc_url = string_index(w, h->doc_url);
}

static void string_table(struct writer *w)
{
	put_head(w->out, PROFILE_STRING_TABLE, 0);
	for (size_t i = 0; i < w->order.n; i++) {
		struct cp_text text = cpi_profile_text(w->p, w->order.v[i]);

		put_head(w->out, PROFILE_STRING_TABLE, text.n);
		cpi_sink_bytes(w->out, text.p, text.n);
	}
}

static void comments(struct writer *w)
{
	size_t n = w->p->comment.n;

	for (size_t i = 0; i < n; i++) {
		uint64_t index = string_index(w, w->p->comment.v[i]);
		uint8_t *p;

		if (n <= 2) {
			put_uint(w->out, PROFILE_COMMENT, index);
			continue;
		}
		p = cpi_sink_room(&w->message, MOST_VARINT);
		if (p)
			cpi_sink_commit(&w->message, (size_t)(put_varint(p, index) - p));
	}
	if (n > 2)
		put_message(w->out, PROFILE_COMMENT, &w->message);
}

static void tail_fields(struct writer *w, const struct tail *tail)
{
	const struct cp_profile_header *h = &w->p->header;

	put_uint_opt(w->out, PROFILE_DROP_FRAMES, tail->drop_frames);
	put_uint_opt(w->out, PROFILE_KEEP_FRAMES, tail->keep_frames);
	put_uint_opt(w->out, PROFILE_TIME_NANOS, (uint64_t)h->time_nanos);
	put_uint_opt(w->out, PROFILE_DURATION_NANOS, (uint64_t)h->duration_nanos);
	if (tail->period_type || tail->period_unit) {
		put_uint_opt(&w->message, 1, tail->period_type);
		put_uint_opt(&w->message, 2, tail->period_unit);
		put_message(w->out, PROFILE_PERIOD_TYPE, &w->message);
	}
	put_uint_opt(w->out, PROFILE_PERIOD, (uint64_t)h->period);
	comments(w);
	put_uint(w->out, PROFILE_DEFAULT_SAMPLE_TYPE, tail->default_type);
	put_uint_opt(w->out, PROFILE_DOC_URL, tail->doc_url);
}

static enum cp_code encode(struct writer *w, struct cp_error *err)
{
	struct tail tail;
	enum cp_code code;

	for (size_t i = 0; i < w->p->sample_type.n; i++)
		value_type(w, PROFILE_SAMPLE_TYPE, &w->p->sample_type.v[i]);
	code = samples(w, err);
	if (code)
		return code;
	mappings(w);
	locations(w);
	functions(w);
	tail_strings(w, &tail);
	string_table(w);
	tail_fields(w, &tail);
	if (w->rounded)
		cpi_diag_note(&w->env->diag, "decimals", NULL,
			"pprof holds whole numbers only: values were rounded");
	if (w->out->code && err)
		*err = w->out->error;
	return w->out->code;
}

enum cp_code cpi_pprof_encode(struct cpi_env *env, const struct cp_profile *p,
	struct cpi_sink *sink, struct cp_error *err)
{
	size_t bytes = p->string.n * sizeof(uint32_t);
	struct writer w = {.env = env, .p = p, .out = sink};
	enum cp_code code;

	w.string = cpi_alloc_zero(&env->mem, bytes);
	if (!w.string)
		return cpi_error_memory(err);
	cpi_sink_memory(&w.message, &env->mem);
	cpi_sink_memory(&w.inner, &env->mem);
	code = encode(&w, err);
	cpi_sink_release(&w.inner);
	cpi_sink_release(&w.message);
	cpi_vec_release(&env->mem, &w.order);
	cpi_free(&env->mem, w.string, bytes);
	return code;
}

struct gzip {
	struct cpi_env *env;
	struct cpi_sink *out;
	struct cpi_sink piece; /* the member being filled */
	int level;
};

static enum cp_code write_member(struct gzip *z, struct cp_error *err)
{
	enum cp_code code = cpi_gzip_write(
		z->env, z->piece.buf, z->piece.n, z->level, z->out, err);

	z->piece.n = 0;
	return code;
}

static enum cp_code collect(void *arg, const void *bytes, size_t n, struct cp_error *err)
{
	struct gzip *z = arg;
	enum cp_code code = CP_OK;

	if (z->piece.n + n > MEMBER && z->piece.n)
		code = write_member(z, err);
	cpi_sink_bytes(&z->piece, bytes, n);
	return code ? code : cpi_sink_finish(&z->piece, err);
}

enum cp_code cpi_pprof_write(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	struct gzip z = {.env = env, .out = sink, .level = options ? options->level : 0};
	struct cpi_sink raw;
	enum cp_code code;

	if (z.level < 0)
		return cpi_pprof_encode(env, p, sink, err);
	cpi_sink_memory(&z.piece, &env->mem);
	cpi_sink_callback(&raw, &env->mem, collect, &z);
	code = cpi_pprof_encode(env, p, &raw, err);
	if (!code)
		code = cpi_sink_finish(&raw, err);
	cpi_sink_release(&raw);
	if (!code)
		code = write_member(&z, err);
	cpi_sink_release(&z.piece);
	return code;
}
