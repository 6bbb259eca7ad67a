/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workload that shaped it: a million distinct lines of 800 bytes and 30 frames,
 * 20,000 different names. Sorted, a line shares most of its start with the one before:
 * that is found by comparing words, and those frames stay as they are. Shuffled, all 30
 * names are looked up, and what costs then is not work but waiting: for memory, and for
 * branches guessed wrongly. So semicolons are found 64 bytes at a time as bits of a word,
 * and a name met before is found again by a hash of three words of it in the one cache
 * line where it stands, with loads that depend on nothing but the text and so overlap
 * from frame to frame.
 *
 * Stacks are kept the way the model wants them, leaf first, by filling a buffer from its
 * end.
 */
#include "format/folded/split.h"

#include "base/limits.h"

static inline uint64_t load(const char *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof x);
	return x;
}

/* The first n < 8 of the bytes at p, of which 8 can be read. */
static inline uint64_t load_short(const char *p, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return load(p) & ((1ULL << 8 * n) - 1);
#else
	uint64_t x = 0;

	memcpy(&x, p, n);
	return x;
#endif
}

enum { BLOCK = 64 };

#ifdef __SSE2__
#include <emmintrin.h>

/* Bit i says that p[i] is ';'; reads BLOCK bytes. */
static inline uint64_t semicolons(const char *p)
{
	const __m128i want = _mm_set1_epi8(';');
	uint64_t bits = 0;

	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		uint64_t found = (uint16_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, want));

		bits |= found << i;
	}
	return bits;
}
#else
static inline uint64_t semicolons(const char *p)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < BLOCK; i++)
		bits |= (uint64_t)(p[i] == ';') << i;
	return bits;
}
#endif

void folded_split_release(struct folded_split *s)
{
	struct cpi_mem *mem = &s->b->env->mem;

	cpi_free(mem, s->quick, s->quick ? sizeof *s->quick << s->quick_bits : 0);
	cpi_free(mem, s->frame, s->room * sizeof *s->frame);
	cpi_free(mem, s->stop, s->room * sizeof *s->stop);
	cpi_vec_release(mem, &s->known);
	cpi_index_release(mem, &s->names);
}

static enum cp_code too_deep(const struct folded_split *s, struct cp_error *err)
{
	return cpi_limit_error(err, CP_NO_OFFSET, "stack-depth",
		"a stack has more than %u frames", s->b->env->limits.stack_depth);
}

/* Doubles the room; the first n entries of `stop` are in use. */
static enum cp_code grow_frames(struct folded_split *s, size_t n, struct cp_error *err)
{
	struct cpi_mem *mem = &s->b->env->mem;
	size_t room = s->room ? s->room * 2 : 256;
	cp_location *frame;
	uint64_t *stop;

	if (n > s->b->env->limits.stack_depth)
		return too_deep(s, err);
	frame = cpi_alloc_array(mem, room, sizeof *frame);
	stop = cpi_alloc_array(mem, room, sizeof *stop);
	if (!frame || !stop) {
		cpi_free(mem, frame, frame ? room * sizeof *frame : 0);
		cpi_free(mem, stop, stop ? room * sizeof *stop : 0);
		return cpi_error_memory(err);
	}
	if (s->depth)
		memcpy(frame + room - s->depth, s->frame + s->room - s->depth,
			s->depth * sizeof *frame);
	if (n)
		memcpy(stop, s->stop, n * sizeof *stop);
	cpi_free(mem, s->frame, s->room * sizeof *frame);
	cpi_free(mem, s->stop, s->room * sizeof *stop);
	s->frame = frame;
	s->stop = stop;
	s->room = room;
	return CP_OK;
}

/* Three words of a name; of one shorter than 8 bytes the first holds all of it. */
struct words {
	uint64_t head, middle, tail;
};

static inline uint64_t quick_hash(const struct words *w, size_t n)
{
	uint64_t hash = (w->head + n) * 0x9e3779b97f4a7c15ULL ^
		w->tail * 0xc2b2ae3d27d4eb4fULL ^ w->middle * 0x165667b19e3779f9ULL;

	return hash * 0x9fb21c651e98df25ULL;
}

/* Of a name that nothing can be read behind. */
static struct words words_of(struct cp_text name)
{
	struct words w = {0};

	memcpy(&w.head, name.p, name.n < 8 ? name.n : 8);
	if (name.n >= 8) {
		w.tail = load(name.p + name.n - 8);
		w.middle = load(name.p + name.n / 2 - 4);
	}
	return w;
}

/*
 * A name that finds no place nearby has none: it costs a look into the index each
 * time.
 */
enum { PROBES = 4, FIRST_BITS = 8 };

static void add_quick(struct folded_split *s, uint32_t id)
{
	struct cp_text name = s->known.v[id];
	struct words w = words_of(name);
	size_t mask = ((size_t)1 << s->quick_bits) - 1;
	size_t at = quick_hash(&w, name.n) >> (64 - s->quick_bits);

	for (unsigned i = 0; i < PROBES; i++) {
		struct folded_quick *q = &s->quick[(at + i) & mask];

		if (q->id)
			continue;
		q->id = id;
		q->n = name.n < UINT32_MAX ? (uint32_t)name.n : UINT32_MAX;
		memcpy(q->name, name.p,
			name.n < sizeof q->name ? name.n : sizeof q->name);
		return;
	}
}

/* Makes the table at least three times as large as its names. */
static bool grow_quick(struct folded_split *s)
{
	struct cpi_mem *mem = &s->b->env->mem;
	unsigned bits = s->quick ? s->quick_bits + 2 : FIRST_BITS;
	struct folded_quick *quick;

	if (bits > 22)
		return true;
	quick = cpi_alloc_zero(mem, sizeof *quick << bits);
	if (!quick)
		return false;
	cpi_free(mem, s->quick, s->quick ? sizeof *s->quick << s->quick_bits : 0);
	s->quick = quick;
	s->quick_bits = bits;
	for (size_t id = 1; id < s->known.n; id++)
		add_quick(s, (uint32_t)id);
	return true;
}

bool folded_split_init(struct folded_split *s, struct cpi_builder *b, const char *end)
{
	struct cpi_mem *mem = &b->env->mem;

	*s = (struct folded_split){.b = b, .end = end};
	if (cpi_vec_push(mem, &s->known, (struct cp_text){"", 0}) && grow_quick(s) &&
		!grow_frames(s, 0, NULL))
		return true;
	cpi_builder_fail(b, CP_ERROR_MEMORY, "out of memory");
	return false;
}

static bool add_name(struct folded_split *s, struct cp_text name, uint64_t hash)
{
	struct cpi_builder *b = s->b;
	struct cp_function_row f = {.name = cpi_builder_string(b, name)};
	struct cp_line_row line = {0};
	cp_location location;

	f.system_name = f.name;
	line.function = cpi_builder_function(b, &f);
	location = cpi_builder_location(b, (cp_mapping){0}, 0, false, &line, 1);
	if (b->code)
		return false;
	if (!cpi_vec_push(&b->env->mem, &s->known, cpi_profile_text(b->p, f.name)) ||
		!cpi_index_add(&b->env->mem, &s->names, hash, location.i) ||
		(s->known.n * 3 >> s->quick_bits && !grow_quick(s))) {
		cpi_builder_fail(b, CP_ERROR_MEMORY, "out of memory");
		return false;
	}
	add_quick(s, location.i);
	return true;
}

/* The location of a name; 0 when the builder failed. */
static uint32_t find_name(struct folded_split *s, struct cp_text name)
{
	uint64_t hash = cpi_hash(name.p, name.n);
	struct cpi_probe probe = cpi_index_find(&s->names, hash);

	for (uint32_t id; (id = cpi_index_next(&s->names, &probe));)
		if (cpi_text_equal(s->known.v[id], name))
			return id;
	return add_name(s, name, hash) ? (uint32_t)s->known.n - 1 : 0;
}

/* Whether n > 16 bytes agree, of which the first and last 8 do. */
static inline bool same_middle(const char *a, const char *b, size_t n)
{
	uint64_t differ =
		(load(a + 8) ^ load(b + 8)) | (load(a + n - 16) ^ load(b + n - 16));

	if (n > 48)
		return !memcmp(a + 8, b + 8, n - 16);
	if (n > 32)
		differ |= (load(a + 16) ^ load(b + 16)) |
			  (load(a + n - 24) ^ load(b + n - 24));
	return !differ;
}

static inline bool is_name(const struct folded_split *s, const struct folded_quick *q,
	const char *p, size_t n, const struct words *w)
{
	if (q->n != n || load(q->name) != w->head)
		return false;
	if (n <= 8)
		return q->id;
	if (n > sizeof q->name)
		return cpi_text_equal(s->known.v[q->id], (struct cp_text){p, n});
	return load(q->name + n - 8) == w->tail &&
	       (n <= 16 || same_middle(q->name, p, n));
}

/* As find_name, at a place that 8 bytes can be read from. */
static inline uint32_t find_quickly(struct folded_split *s, const char *p, size_t n)
{
	size_t mask = ((size_t)1 << s->quick_bits) - 1, at;
	struct words w = {0};

	if (n >= 8) {
		w.head = load(p);
		w.tail = load(p + n - 8);
		w.middle = load(p + n / 2 - 4);
	} else {
		w.head = load_short(p, n);
	}
	at = quick_hash(&w, n) >> (64 - s->quick_bits);
	for (unsigned i = 0; i < PROBES; i++) {
		const struct folded_quick *q = &s->quick[(at + i) & mask];

		if (is_name(s, q, p, n, &w))
			return q->id;
		if (!q->id)
			break;
	}
	return find_name(s, (struct cp_text){p, n});
}

static inline size_t common(struct cp_text a, struct cp_text b)
{
	size_t n = a.n < b.n ? a.n : b.n, i = 0;

	for (; n - i >= 32; i += 32) {
		uint64_t x[4], y[4];

		memcpy(x, a.p + i, sizeof x);
		memcpy(y, b.p + i, sizeof y);
		if ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]))
			break;
	}
	while (i < n && a.p[i] == b.p[i])
		i++;
	return i;
}

/* Finds where the frames from byte `from` on end: entries depth … n - 1 of `stop`. */
static enum cp_code find_stops(struct folded_split *s, struct cp_text body, size_t from,
	size_t *ret_n, struct cp_error *err)
{
	size_t n = s->depth;
	enum cp_code code;

	for (size_t at = from; at < body.n; at += BLOCK) {
		uint64_t bits = semicolons(body.p + at);

		if (body.n - at < BLOCK)
			bits &= (1ULL << (body.n - at)) - 1;
		/* A block's, and the last. */
		if (__builtin_expect(s->room - n <= BLOCK, 0) &&
			(code = grow_frames(s, n, err)))
			return code;
		for (; bits; bits &= bits - 1)
			s->stop[n++] = at + (size_t)__builtin_ctzll(bits);
	}
	if (from < body.n)
		s->stop[n++] = body.n;
	*ret_n = n;
	return n > s->b->env->limits.stack_depth ? too_deep(s, err) : CP_OK;
}

/* The same for the input's last bytes, where blocks would read beyond its end. */
static enum cp_code find_stops_slowly(struct folded_split *s, struct cp_text body,
	size_t from, size_t *ret_n, struct cp_error *err)
{
	size_t n = s->depth;
	enum cp_code code;

	while (from < body.n) {
		const char *stop = memchr(body.p + from, ';', body.n - from);
		size_t to = stop ? (size_t)(stop - body.p) : body.n;

		if (n == s->room && (code = grow_frames(s, n, err)))
			return code;
		s->stop[n++] = to;
		from = to + 1;
	}
	*ret_n = n;
	return n > s->b->env->limits.stack_depth ? too_deep(s, err) : CP_OK;
}

static enum cp_code look_up(struct folded_split *s, const char *line, size_t from,
	size_t n, bool quickly, struct cp_error *err)
{
	cp_location *frame = s->frame + s->room - 1;

	for (size_t i = s->depth; i < n; i++) {
		size_t length = s->stop[i] - from;
		uint32_t id =
			quickly ? find_quickly(s, line + from, length)
				: find_name(s, (struct cp_text){line + from, length});

		if (!id) {
			if (err)
				*err = s->b->error;
			return s->b->code;
		}
		frame[-(ptrdiff_t)i].i = id;
		from = s->stop[i] + 1;
	}
	s->depth = n;
	return CP_OK;
}

enum cp_code folded_split_line(
	struct folded_split *s, struct cp_text body, struct cp_error *err)
{
	size_t same = common(s->last, body), from, n = 0;
	enum cp_code code;
	bool quickly;

	/* A trailing ';' ends the last frame and starts none. */
	while (body.n && body.p[body.n - 1] == ';')
		body.n--;
	if (same > body.n)
		same = body.n;
	while (s->depth && s->stop[s->depth - 1] >= same)
		s->depth--;
	s->last = body;
	from = s->depth ? s->stop[s->depth - 1] + 1 : 0;
	quickly = s->end - (body.p + body.n) >= BLOCK;
	code = quickly ? find_stops(s, body, from, &n, err)
		       : find_stops_slowly(s, body, from, &n, err);
	return code ? code : look_up(s, body.p, from, n, quickly, err);
}
