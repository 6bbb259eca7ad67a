/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP's JSON to protobuf and back, by a table of messages and members. Lengths of nested messages
 * are padded to five bytes, so that each is written in its place when it is known.
 */
#include <stdio.h>

#include "codec/json.h"
#include "codec/json_read.h"
#include "format/json_shape.h"
#include "format/otlp/otlp.h"

enum { DEPTH = 64, LENGTH = 5 };

enum type { INT, FIXED64, DOUBLE, BOOL, TEXT, HEX, BASE64, MESSAGE };

struct member {
	const char *name;
	uint8_t field, type;
	bool repeated;
	uint8_t message; /* of MESSAGE */
};

enum {
	DATA, DICTIONARY, RESOURCE_PROFILES, RESOURCE, SCOPE_PROFILES, SCOPE, PROFILE, SAMPLE,
	VALUE_TYPE, MAPPING, LOCATION, LINE, FUNCTION, LINK, KEY_VALUE, KEY_VALUE_UNIT, ANY,
	ARRAY, KVLIST, STACK, MESSAGES
};

static const struct member data[] = {{"resourceProfiles", 1, MESSAGE, 1, RESOURCE_PROFILES},
	{"dictionary", 2, MESSAGE, 0, DICTIONARY}, {0}};
static const struct member dictionary[] = {{"mappingTable", 1, MESSAGE, 1, MAPPING},
	{"locationTable", 2, MESSAGE, 1, LOCATION}, {"functionTable", 3, MESSAGE, 1, FUNCTION},
	{"linkTable", 4, MESSAGE, 1, LINK}, {"stringTable", 5, TEXT, 1, 0},
	{"attributeTable", 6, MESSAGE, 1, KEY_VALUE_UNIT}, {"stackTable", 7, MESSAGE, 1, STACK},
	{0}};
static const struct member resource_profiles[] = {{"resource", 1, MESSAGE, 0, RESOURCE},
	{"scopeProfiles", 2, MESSAGE, 1, SCOPE_PROFILES}, {0}};
static const struct member resource[] = {{"attributes", 1, MESSAGE, 1, KEY_VALUE}, {0}};
static const struct member scope_profiles[] = {{"scope", 1, MESSAGE, 0, SCOPE},
	{"profiles", 2, MESSAGE, 1, PROFILE}, {0}};
static const struct member scope[] = {{"name", 1, TEXT, 0, 0}, {"version", 2, TEXT, 0, 0}, {0}};
static const struct member profile[] = {{"sampleType", 1, MESSAGE, 0, VALUE_TYPE},
	{"samples", 2, MESSAGE, 1, SAMPLE}, {"sample", 2, MESSAGE, 1, SAMPLE},
	{"timeUnixNano", 3, FIXED64, 0, 0}, {"timeNanos", 3, FIXED64, 0, 0},
	{"durationNano", 4, INT, 0, 0}, {"durationNanos", 4, INT, 0, 0},
	{"periodType", 5, MESSAGE, 0, VALUE_TYPE}, {"period", 6, INT, 0, 0},
	{"profileId", 7, BASE64, 0, 0}, {"attributeIndices", 11, INT, 1, 0}, {0}};
static const struct member sample[] = {{"stackIndex", 1, INT, 0, 0},
	{"attributeIndices", 2, INT, 1, 0}, {"linkIndex", 3, INT, 0, 0},
	{"values", 4, INT, 1, 0}, {"timestampsUnixNano", 5, FIXED64, 1, 0}, {0}};
static const struct member value_type[] = {{"typeStrindex", 1, INT, 0, 0},
	{"unitStrindex", 2, INT, 0, 0}, {0}};
static const struct member mapping[] = {{"memoryStart", 1, INT, 0, 0},
	{"memoryLimit", 2, INT, 0, 0}, {"fileOffset", 3, INT, 0, 0},
	{"filenameStrindex", 4, INT, 0, 0}, {"attributeIndices", 5, INT, 1, 0}, {0}};
static const struct member location[] = {{"mappingIndex", 1, INT, 0, 0},
	{"address", 2, INT, 0, 0}, {"lines", 3, MESSAGE, 1, LINE}, {"line", 3, MESSAGE, 1, LINE},
	{"attributeIndices", 4, INT, 1, 0}, {0}};
static const struct member line[] = {{"functionIndex", 1, INT, 0, 0}, {"line", 2, INT, 0, 0},
	{"column", 3, INT, 0, 0}, {0}};
static const struct member function[] = {{"nameStrindex", 1, INT, 0, 0},
	{"systemNameStrindex", 2, INT, 0, 0}, {"filenameStrindex", 3, INT, 0, 0},
	{"startLine", 4, INT, 0, 0}, {0}};
static const struct member link[] = {{"traceId", 1, HEX, 0, 0}, {"spanId", 2, HEX, 0, 0}, {0}};
static const struct member key_value[] = {{"key", 1, TEXT, 0, 0},
	{"value", 2, MESSAGE, 0, ANY}, {"keyStrindex", 3, INT, 0, 0}, {0}};
static const struct member key_value_unit[] = {{"keyStrindex", 1, INT, 0, 0},
	{"value", 2, MESSAGE, 0, ANY}, {"unitStrindex", 3, INT, 0, 0}, {0}};
static const struct member any[] = {{"stringValue", 1, TEXT, 0, 0},
	{"boolValue", 2, BOOL, 0, 0}, {"intValue", 3, INT, 0, 0},
	{"doubleValue", 4, DOUBLE, 0, 0}, {"arrayValue", 5, MESSAGE, 0, ARRAY},
	{"kvlistValue", 6, MESSAGE, 0, KVLIST}, {"bytesValue", 7, BASE64, 0, 0},
	{"stringValueStrindex", 8, INT, 0, 0}, {0}};
static const struct member array[] = {{"values", 1, MESSAGE, 1, ANY}, {0}};
static const struct member kvlist[] = {{"values", 1, MESSAGE, 1, KEY_VALUE}, {0}};
static const struct member stack[] = {{"locationIndices", 1, INT, 1, 0}, {0}};

static const struct member *const messages[MESSAGES] = {data, dictionary, resource_profiles,
	resource, scope_profiles, scope, profile, sample, value_type, mapping, location, line,
	function, link, key_value, key_value_unit, any, array, kvlist, stack};

struct level {
	const struct member *message;
	const struct member *list; /* in its array; NULL: in the message */
	size_t length;             /* where the message's length is to be written */
};

struct writer {
	struct cpi_jr jr;
	struct cpi_sink *sink;
	struct level level[DEPTH];
	unsigned depth;
};

static void varint(struct cpi_sink *sink, uint64_t x)
{
	for (; x >= 0x80; x >>= 7)
		cpi_sink_char(sink, (char)(x | 0x80));
	cpi_sink_char(sink, (char)x);
}

static void tag(struct writer *w, const struct member *m, unsigned wire)
{
	varint(w->sink, (uint64_t)m->field << 3 | wire);
}

static void fixed64(struct writer *w, const struct member *m, uint64_t x)
{
	tag(w, m, PB_FIXED64);
	for (unsigned i = 0; i < 8; i++)
		cpi_sink_char(w->sink, (char)(x >> 8 * i));
}

static void bytes(struct writer *w, const struct member *m, const void *p, size_t n)
{
	tag(w, m, PB_BYTES);
	varint(w->sink, n);
	cpi_sink_bytes(w->sink, p, n);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void hex(struct writer *w, const struct member *m, struct cp_text text)
{
	uint8_t out[32];
	size_t n = 0;

	for (; 2 * n + 1 < text.n && n < sizeof out; n++) {
		int high = digit(text.p[2 * n]), low = digit(text.p[2 * n + 1]);

		if (high < 0 || low < 0)
			return;
		out[n] = (uint8_t)(high << 4 | low);
	}
	bytes(w, m, out, n);
}

static void scalar(struct writer *w, const struct member *m)
{
	struct cp_text text;
	uint64_t x, bits;
	double d;
	bool yes;

	switch (m->type) {
	case INT:
		if (cpi_jr_u64_or_text(&w->jr, &x)) {
			tag(w, m, PB_VARINT);
			varint(w->sink, x);
		}
		break;
	case FIXED64:
		if (cpi_jr_u64_or_text(&w->jr, &x))
			fixed64(w, m, x);
		break;
	case DOUBLE:
		if (cpi_jr_double(&w->jr, &d)) {
			memcpy(&bits, &d, sizeof bits);
			fixed64(w, m, bits);
		}
		break;
	case BOOL:
		if (cpi_jr_bool(&w->jr, &yes)) {
			tag(w, m, PB_VARINT);
			varint(w->sink, yes);
		}
		break;
	case TEXT:
		if (cpi_jr_text(&w->jr, &text))
			bytes(w, m, text.p, text.n);
		break;
	case HEX:
		if (cpi_jr_text(&w->jr, &text))
			hex(w, m, text);
		break;
	default: /* bytes that nobody asks for */
		cpi_jr_skip(&w->jr);
	}
}

/* A message of the member begins here; false: it is none, or too deep. */
static bool enter(struct writer *w, const struct member *m)
{
	if (w->depth == DEPTH) {
		cpi_jr_skip(&w->jr);
		return false;
	}
	if (!cpi_jr_object(&w->jr))
		return false;
	tag(w, m, PB_BYTES);
	w->level[w->depth++] = (struct level){messages[m->message], NULL, w->sink->n};
	cpi_sink_bytes(w->sink, "\x80\x80\x80\x80\0", LENGTH);
	return true;
}

static void leave(struct writer *w)
{
	const struct level *l = &w->level[--w->depth];
	size_t n = w->sink->n - l->length - LENGTH;

	/* The outermost message has no length. */
	if (!w->depth || w->sink->code)
		return;
	for (unsigned i = 0; i < LENGTH; i++, n >>= 7)
		w->sink->buf[l->length + i] =
			(uint8_t)((n & 0x7f) | (i + 1 < LENGTH ? 0x80 : 0));
}

/* One value of a member, entered if it is a message. */
static void value(struct writer *w, const struct member *m)
{
	if (m->type == MESSAGE)
		enter(w, m);
	else
		scalar(w, m);
}

static const struct member *find(const struct member *m, struct cp_text key)
{
	for (; m->name; m++)
		if (cpi_text_equal(key, cpi_text(m->name)))
			return m;
	return NULL;
}

/* "resource_profiles" is "resourceProfiles". */
static struct cp_text camel(struct cp_text key, char *buf, size_t room)
{
	size_t n = 0;
	bool up = false;

	for (size_t i = 0; i < key.n && n < room; i++) {
		if (key.p[i] == '_') {
			up = true;
			continue;
		}
		buf[n++] = up && key.p[i] >= 'a' && key.p[i] <= 'z' ? (char)(key.p[i] - 32)
								    : key.p[i];
		up = false;
	}
	return (struct cp_text){buf, n};
}

static void step(struct writer *w)
{
	struct level *l = &w->level[w->depth - 1];
	const struct member *m;
	struct cp_text key;
	char buf[64];

	if (l->list) {
		if (cpi_jr_element(&w->jr))
			value(w, l->list);
		else
			l->list = NULL;
		return;
	}
	if (!cpi_jr_key(&w->jr, &key)) {
		leave(w);
		return;
	}
	m = find(l->message, camel(key, buf, sizeof buf));
	if (!m)
		cpi_jr_skip(&w->jr);
	else if (!m->repeated)
		value(w, m);
	else if (cpi_jr_array(&w->jr))
		l->list = m;
}

enum cp_code cpi_otlp_from_json(struct cpi_env *env, const struct cpi_source *source,
	struct cpi_sink *sink, struct cp_error *err)
{
	struct writer w = {.sink = sink};
	struct cpi_arena arena;
	bool memory;

	cpi_arena_init(&arena, &env->mem);
	cpi_jr_init(&w.jr, source->part[0].data, source->part[0].n, &arena);
	if (cpi_jr_object(&w.jr))
		w.level[w.depth++] = (struct level){messages[DATA], NULL, 0};
	while (w.depth && cpi_jr_ok(&w.jr) && !sink->code)
		step(&w);
	/* What is cut off ends here, and counts. */
	while (w.depth)
		leave(&w);
	memory = w.jr.memory || sink->code;
	cpi_arena_release(&arena);
	if (memory)
		return cpi_error_memory(err);
	if (!cpi_jr_ok(&w.jr)) {
		struct cpi_place place =
			cpi_place_at(cpi_source_name(source, 0), w.jr.offset);

		cpi_diag_warn(&env->diag, w.jr.cut ? "truncated" : "json", &place, "%s",
			w.jr.why);
	}
	return CP_OK;
}

/*
 * From here on the other way: protobuf that write.c made as JSON. It has no doubles and no
 * truth values.
 */

struct printer {
	struct cpi_json json;
	struct {
		struct cpi_cursor c;
		const struct member *message;
		const struct member *list; /* whose array is open; NULL: none is */
	} level[DEPTH];
	unsigned depth;
};

/* Numbers of 64 bits are texts, as protobuf's JSON has them; places in tables are not. */
static bool is_index(const struct member *m)
{
	return strstr(m->name, "ndex") || strstr(m->name, "ndices");
}

static bool is_unsigned(const struct member *m)
{
	return m->type == FIXED64 || !strcmp(m->name, "address") ||
	       !strncmp(m->name, "memory", 6) || !strcmp(m->name, "fileOffset");
}

static void print_number(struct printer *w, const struct member *m, uint64_t x)
{
	char digits[32];

	if (is_index(m)) {
		cpi_json_u64(&w->json, x);
		return;
	}
	if (is_unsigned(m))
		snprintf(digits, sizeof digits, "%llu", (unsigned long long)x);
	else
		snprintf(digits, sizeof digits, "%lld", (long long)x);
	cpi_json_str(&w->json, digits);
}

static void print_base64(struct printer *w, const struct pb_field *f)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char out[64];
	size_t n = 0;

	for (size_t i = 0; i < f->n && n + 4 < sizeof out; i += 3) {
		uint32_t x = (uint32_t)f->bytes[i] << 16;

		x |= i + 1 < f->n ? (uint32_t)f->bytes[i + 1] << 8 : 0;
		x |= i + 2 < f->n ? f->bytes[i + 2] : 0;
		out[n++] = digits[x >> 18];
		out[n++] = digits[x >> 12 & 63];
		out[n++] = i + 1 < f->n ? digits[x >> 6 & 63] : '=';
		out[n++] = i + 2 < f->n ? digits[x & 63] : '=';
	}
	cpi_json_text(&w->json, (struct cp_text){out, n});
}

/* A packed list stands in one field. */
static void print_packed(struct printer *w, const struct member *m, const struct pb_field *f)
{
	struct cpi_cursor c = pb_cursor(f);

	while (cpi_cursor_left(&c))
		print_number(w, m, m->type == FIXED64 ? cpi_cursor_u64(&c) : pb_varint(&c));
}

static void print_hex(struct printer *w, const struct pb_field *f)
{
	static const char digits[] = "0123456789abcdef";
	char out[64];
	size_t n = 0;

	for (size_t i = 0; i < f->n && n + 1 < sizeof out; i++) {
		out[n++] = digits[f->bytes[i] >> 4];
		out[n++] = digits[f->bytes[i] & 15];
	}
	cpi_json_text(&w->json, (struct cp_text){out, n});
}

static void print_enter(struct printer *w, unsigned message, struct cpi_cursor c)
{
	w->level[w->depth].c = c;
	w->level[w->depth].message = messages[message];
	w->level[w->depth++].list = NULL;
	cpi_json_begin(&w->json, '{', message == RESOURCE || message >= SAMPLE);
}

static void print_value(struct printer *w, const struct member *m, const struct pb_field *f)
{
	if (m->type == MESSAGE && w->depth < DEPTH)
		print_enter(w, m->message, pb_cursor(f));
	else if (m->type == TEXT)
		cpi_json_text(&w->json, (struct cp_text){(const char *)f->bytes, f->n});
	else if (m->type == BASE64)
		print_base64(w, f);
	else if (m->type == HEX)
		print_hex(w, f);
	else if (f->type == PB_BYTES)
		print_packed(w, m, f);
	else
		print_number(w, m, f->value);
}

static void print_end_list(struct printer *w)
{
	if (w->level[w->depth - 1].list)
		cpi_json_end(&w->json, ']');
	w->level[w->depth - 1].list = NULL;
}

static void print_step(struct printer *w)
{
	unsigned at = w->depth - 1;
	const struct member *m = w->level[at].message;
	struct pb_field f = {0};

	if (!pb_next(&w->level[at].c, &f)) {
		print_end_list(w);
		cpi_json_end(&w->json, '}');
		w->depth--;
		return;
	}
	while (m->name && m->field != f.number)
		m++;
	if (!m->name)
		return;
	if (w->level[at].list != m) {
		print_end_list(w);
		cpi_json_key(&w->json, m->name);
		if (m->repeated) {
			cpi_json_begin(&w->json, '[', m->type == INT || m->type == FIXED64);
			w->level[at].list = m;
		}
	}
	print_value(w, m, &f);
}

enum cp_code cpi_otlp_write_json(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	struct cpi_sink bytes_of;
	struct printer w = {0};
	enum cp_code code;

	cpi_sink_memory(&bytes_of, &env->mem);
	code = cpi_otlp_write(env, p, options, &bytes_of, err);
	if (!code)
		code = cpi_sink_finish(&bytes_of, err);
	if (!code) {
		cpi_json_init(&w.json, sink);
		print_enter(&w, DATA,
			cpi_cursor_make(bytes_of.buf, bytes_of.n,
				__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__));
		while (w.depth)
			print_step(&w);
		cpi_json_finish(&w.json);
	}
	cpi_sink_release(&bytes_of);
	return code;
}
