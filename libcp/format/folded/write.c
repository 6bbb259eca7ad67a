/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folded text: equal lines summed and sorted by bytes.
 *
 * Profiles have several times more stacks than lines: stacks differ in addresses, lines
 * in names. So each name is spelled once, each location becomes a short list of name ids
 * once, and a line is a sequence of ids until it is printed; hashing, comparing and
 * sorting it never touches text but at the first difference.
 */
#include "base/hash.h"
#include "base/sort.h"
#include "format/folded/folded.h"
#include "format/folded/line.h"
#include "format/folded/name.h"
#include "model/name.h"

struct name {
	size_t at; /* in `text` */
	uint32_t n;
};

struct line {
	uint64_t at; /* in `ids` */
	uint32_t n;
	int64_t value;
};

enum { ROOT_UNKNOWN, ROOT_NONE = UINT32_MAX, ROOT_DROP = UINT32_MAX - 1 };

struct writer {
	struct cpi_env *env;
	const struct cp_profile *p;
	const struct cp_write_options *options;
	uint32_t type;            /* which value */
	struct cpi_sink text;     /* spelled names */
	struct cpi_sink scratch;  /* the name being spelled */
	CPI_VEC(struct name) name; /* 0 is none */
	struct cpi_index names;
	/*
	 * For location l: frame[2 * l + java], index + 1 in `list` of its count and
	 * ids.
	 */
	uint32_t *frame;
	CPI_VEC(uint32_t) list;
	uint32_t *root; /* by label set: name id or one of the above */
	CPI_VEC(uint32_t) ids;
	CPI_VEC(struct line) line;
	struct cpi_index lines;
	uint32_t *order; /* lines, sorted */
};

/* Interns what was spelled in `scratch` since byte `from`; 0 when out of memory. */
static uint32_t intern(struct writer *w, size_t from)
{
	struct cp_text key = {(const char *)w->scratch.buf + from, w->scratch.n - from};
	uint64_t hash = cpi_hash(key.n ? key.p : "", key.n);
	struct cpi_probe probe = cpi_index_find(&w->names, hash);
	struct name row = {w->text.n, (uint32_t)key.n};

	if (w->scratch.code)
		return 0;
	for (uint32_t id; (id = cpi_index_next(&w->names, &probe));)
		if (w->name.v[id].n == key.n &&
			!(key.n && memcmp(w->text.buf + w->name.v[id].at, key.p, key.n)))
			return id;
	cpi_sink_bytes(&w->text, key.p, key.n);
	if (w->text.code || !cpi_vec_push(&w->env->mem, &w->name, row) ||
		!cpi_index_add(&w->env->mem, &w->names, hash, (uint32_t)w->name.n - 1))
		return 0;
	return (uint32_t)w->name.n - 1;
}

static struct cp_text name_text(const struct writer *w, uint32_t id)
{
	return (struct cp_text){
		(const char *)w->text.buf + w->name.v[id].at, w->name.v[id].n};
}

static void suffix(struct cpi_sink *s, const char *mark)
{
	struct cp_text have = {(const char *)s->buf, s->n};

	if (!cpi_text_ends(have, cpi_text(mark)))
		cpi_sink_str(s, mark);
}

/* Spells one line of a location into `scratch`. */
static void spell(struct writer *w, cp_location location, uint32_t line)
{
	const struct cp_location_row *row = &w->p->location.v[location.i];
	struct cpi_name name = cpi_name_of(w->p, location, line);

	w->scratch.n = 0;
	if (name.bracket)
		cpi_sink_char(&w->scratch, '[');
	cpi_folded_escape(&w->scratch, name.text);
	if (name.bracket)
		cpi_sink_char(&w->scratch, ']');
	if (!w->options->annotate)
		return;
	if (row->n_lines && line + 1 < row->n_lines)
		suffix(&w->scratch, "_[i]");
	else if (cpi_mapping_is_kernel(w->p, row->mapping))
		suffix(&w->scratch, "_[k]");
	else if (cpi_mapping_is_jit(w->p, row->mapping))
		suffix(&w->scratch, "_[j]");
}

/* The ids of a location's lines, outermost first, behind their count in `list`. */
static bool make_lines(struct writer *w, cp_location location)
{
	uint32_t n = w->p->location.v[location.i].n_lines;

	if (!cpi_vec_push(&w->env->mem, &w->list, n ? n : 1))
		return false;
	for (uint32_t i = n ? n : 1; i-- > 0;) {
		uint32_t id;

		spell(w, location, i);
		id = intern(w, 0);
		if (!id || !cpi_vec_push(&w->env->mem, &w->list, id))
			return false;
	}
	return true;
}

/* The same for what stackcollapse-perf.pl prints. */
static bool make_perf_frames(struct writer *w, cp_location location, bool java)
{
	size_t count = w->list.n, from = 0;
	bool any;

	if (!cpi_vec_push(&w->env->mem, &w->list, 0))
		return false;
	w->scratch.n = 0;
	cpi_folded_perf_frame(&w->scratch, w->p, location, java, w->options->annotate);
	any = w->scratch.n > 0;
	while (any && !w->scratch.code) {
		size_t all = w->scratch.n;
		uint8_t *end = memchr(w->scratch.buf + from, ';', all - from);
		uint32_t id;

		w->scratch.n = end ? (size_t)(end - w->scratch.buf) : all;
		id = intern(w, from);
		if (!id || !cpi_vec_push(&w->env->mem, &w->list, id))
			return false;
		w->list.v[count]++;
		from = w->scratch.n + 1;
		w->scratch.n = all;
		any = end != NULL;
	}
	return !w->scratch.code;
}

static const uint32_t *frame_ids(struct writer *w, cp_location location, bool java)
{
	uint32_t *slot = &w->frame[2 * (size_t)location.i + java];
	size_t at = w->list.n;

	if (*slot)
		return w->list.v + *slot - 1;
	if (at >= UINT32_MAX - 1 ||
		!(w->options->perf_compat ? make_perf_frames(w, location, java)
					  : make_lines(w, location)))
		return NULL;
	*slot = (uint32_t)at + 1;
	return w->list.v + at;
}

static bool spell_root(struct writer *w, cp_labels labels)
{
	struct cpi_sink plain;
	bool keep = true;

	cpi_sink_memory(&plain, &w->env->mem);
	cpi_name_root(&plain, w->p, labels, w->options->root);
	w->scratch.n = 0;
	if (w->options->perf_compat && plain.n)
		keep = cpi_folded_perf_comm(
			&w->scratch, (struct cp_text){(const char *)plain.buf, plain.n});
	else
		cpi_folded_escape(
			&w->scratch, (struct cp_text){(const char *)plain.buf, plain.n});
	if (plain.code)
		w->scratch.code = plain.code;
	cpi_sink_release(&plain);
	return keep;
}

/* Name id of the root frame, ROOT_NONE or ROOT_DROP; 0 when out of memory. */
static uint32_t root_id(struct writer *w, cp_labels labels)
{
	uint32_t *slot = &w->root[labels.i];

	if (*slot)
		return *slot;
	if (!spell_root(w, labels))
		*slot = ROOT_DROP;
	else if (!w->scratch.n && !w->scratch.code)
		*slot = ROOT_NONE;
	else
		*slot = intern(w, 0);
	return *slot;
}

static bool add_ids(struct writer *w, const uint32_t *counted)
{
	uint32_t n = counted[0];

	if (!cpi_vec_reserve(&w->env->mem, &w->ids, n))
		return false;
	for (uint32_t i = 1; i <= n; i++)
		w->ids.v[w->ids.n++] = counted[i];
	return true;
}

/* Appends the ids of one sample's line, root first. */
static bool sequence(struct writer *w, cp_stack stack, uint32_t root)
{
	uint32_t n;
	const cp_location *frame = cpi_profile_frames(w->p, stack, &n);
	bool java = w->options->perf_compat && root != ROOT_NONE &&
		cpi_text_starts(name_text(w, root), CPI_TEXT("java"));
	size_t from = w->ids.n;

	if (root != ROOT_NONE && !cpi_vec_push(&w->env->mem, &w->ids, root))
		return false;
	while (n-- > 0) {
		const uint32_t *counted = frame_ids(w, frame[n], java);

		if (!counted || !add_ids(w, counted))
			return false;
	}
	if (w->ids.n == from) {
		uint32_t id;

		w->scratch.n = 0;
		cpi_sink_str(&w->scratch, "[unknown]");
		id = intern(w, 0);
		return id && cpi_vec_push(&w->env->mem, &w->ids, id);
	}
	return true;
}

/* Sums the line at the end of `ids` into an equal one, or makes it a line of its own. */
static enum cp_code sum(
	struct writer *w, size_t from, int64_t value, struct cp_error *err)
{
	uint32_t n = (uint32_t)(w->ids.n - from);
	const uint32_t *ids = w->ids.v + from;
	uint64_t hash = cpi_hash(ids, n * sizeof *ids);
	struct cpi_probe probe = cpi_index_find(&w->lines, hash);
	struct line row = {from, n, value};

	for (uint32_t id; (id = cpi_index_next(&w->lines, &probe));) {
		struct line *have = &w->line.v[id - 1];

		if (have->n != n || memcmp(w->ids.v + have->at, ids, n * sizeof *ids))
			continue;
		w->ids.n = from;
		if (__builtin_add_overflow(have->value, value, &have->value))
			return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
				"the sum of a stack exceeds 64 bits");
		return CP_OK;
	}
	if (w->line.n >= UINT32_MAX - 1)
		return cpi_error(
			err, CP_ERROR_LIMIT, CP_NO_OFFSET, "more than 2^32 lines");
	if (!cpi_vec_push(&w->env->mem, &w->line, row) ||
		!cpi_index_add(&w->env->mem, &w->lines, hash, (uint32_t)w->line.n))
		return cpi_error_memory(err);
	return CP_OK;
}

static enum cp_code collect(struct writer *w, struct cp_error *err)
{
	const struct cp_profile *p = w->p;

	for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++) {
		int64_t value = p->value.v[(size_t)i * p->sample_type.n + w->type];
		size_t from = w->ids.n;
		enum cp_code code = CP_OK;
		uint32_t root;

		if (!value)
			continue;
		root = root_id(w, p->sample_labels.v[i]);
		if (root == ROOT_DROP)
			continue;
		if (!root || !sequence(w, p->sample_stack.v[i], root))
			return cpi_error_memory(err);
		code = sum(w, from, value, err);
		if (!code && !(i & 0xffff))
			code = cpi_env_progress(
				w->env, (double)i / cpi_profile_n_samples(p), err);
		if (code)
			return code;
	}
	return CP_OK;
}

/*
 * Order of the printed lines without their counts. At the first differing name, each goes
 * on with the ';' that follows it unless it is the last.
 */
static int compare(void *arg, uint32_t a, uint32_t b)
{
	const struct writer *w = arg;
	const struct line *x = &w->line.v[a], *y = &w->line.v[b];
	const uint32_t *xi = w->ids.v + x->at, *yi = w->ids.v + y->at;
	uint32_t at = 0, n = x->n < y->n ? x->n : y->n;
	struct cp_text xt, yt;
	size_t common;
	int r, xc, yc;

	while (at < n && xi[at] == yi[at])
		at++;
	if (at == n)
		return x->n < y->n ? -1 : x->n > y->n;
	xt = name_text(w, xi[at]);
	yt = name_text(w, yi[at]);
	common = xt.n < yt.n ? xt.n : yt.n;
	r = common ? memcmp(xt.p, yt.p, common) : 0;
	if (r)
		return r;
	xc = xt.n > common ? (uint8_t)xt.p[common] : at + 1 < x->n ? ';' : -1;
	yc = yt.n > common ? (uint8_t)yt.p[common] : at + 1 < y->n ? ';' : -1;
	return xc - yc;
}

static enum cp_code sort(struct writer *w, struct cp_error *err)
{
	w->order = cpi_alloc_array(&w->env->mem, w->line.n, sizeof *w->order);
	if (!w->order)
		return cpi_error_memory(err);
	for (size_t i = 0; i < w->line.n; i++)
		w->order[i] = (uint32_t)i;
	if (!cpi_sort_rows(&w->env->mem, w->order, w->line.n, compare, w))
		return cpi_error_memory(err);
	return CP_OK;
}

/*
 * Readers take two counts a line for a difference when every line has them: "worker 1 5",
 * say. One ';' in the first line tells them that it is a name.
 */
static bool all_end_in_numbers(const struct writer *w)
{
	bool all = false;

	for (size_t i = 0; i < w->line.n; i++) {
		const struct line *line = &w->line.v[i];

		if (!line->value)
			continue;
		all = cpi_folded_ends_in_number(
			name_text(w, w->ids.v[line->at + line->n - 1]));
		if (!all)
			break;
	}
	return all;
}

static void print(const struct writer *w, struct cpi_sink *sink)
{
	const struct cp_text mark = CPI_TEXT("\xef\xbb\xbf");
	unsigned decimals = w->p->sample_type.v[w->type].decimals;
	bool faithful = !w->options->perf_compat, first = true;
	bool end_first = faithful && all_end_in_numbers(w);

	for (size_t i = 0; i < w->line.n; i++) {
		const struct line *line = &w->line.v[w->order[i]];

		if (!line->value)
			continue;
		for (uint32_t at = 0; at < line->n; at++) {
			struct cp_text name = name_text(w, w->ids.v[line->at + at]);

			if (at)
				cpi_sink_char(sink, ';');
			/* Readers skip one mark at the start of a file. */
			if (first && faithful && cpi_text_starts(name, mark))
				cpi_sink_bytes(sink, mark.p, mark.n);
			first = false;
			cpi_sink_bytes(sink, name.p, name.n);
			/* Readers take a '#' for a comment unless they see a ';'. */
			if (line->n == 1 && name.n && name.p[0] == '#')
				cpi_sink_char(sink, ';');
		}
		if (end_first)
			cpi_sink_char(sink, ';');
		end_first = false;
		cpi_sink_char(sink, ' ');
		cpi_sink_decimal(sink, line->value, decimals);
		cpi_sink_char(sink, '\n');
	}
}

static bool prepare(struct writer *w)
{
	struct cpi_mem *mem = &w->env->mem;

	cpi_sink_memory(&w->text, mem);
	cpi_sink_memory(&w->scratch, mem);
	w->frame = cpi_alloc_zero(mem, 2 * w->p->location.n * sizeof *w->frame);
	w->root = cpi_alloc_zero(mem, w->p->labels_end.n * sizeof *w->root);
	return w->frame && w->root && cpi_vec_push(mem, &w->name, (struct name){0});
}

static void release(struct writer *w)
{
	struct cpi_mem *mem = &w->env->mem;

	cpi_free(mem, w->order, w->order ? w->line.n * sizeof *w->order : 0);
	cpi_index_release(mem, &w->lines);
	cpi_index_release(mem, &w->names);
	cpi_vec_release(mem, &w->line);
	cpi_vec_release(mem, &w->ids);
	cpi_vec_release(mem, &w->list);
	cpi_vec_release(mem, &w->name);
	if (w->root)
		cpi_free(mem, w->root, w->p->labels_end.n * sizeof *w->root);
	if (w->frame)
		cpi_free(mem, w->frame, 2 * w->p->location.n * sizeof *w->frame);
	cpi_sink_release(&w->scratch);
	cpi_sink_release(&w->text);
}

enum cp_code cpi_folded_write(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	static const struct cp_write_options none;
	struct writer w = {.env = env, .p = p, .options = options ? options : &none};
	enum cp_code code = CP_OK;

	if (!p->sample_type.n)
		return CP_OK;
	if (!w.options->sample_type || !*w.options->sample_type)
		w.type = cpi_profile_show_type(env, p);
	else if ((code = cpi_profile_find_type(p, w.options->sample_type, &w.type, err)))
		return code;
	code = prepare(&w) ? collect(&w, err) : cpi_error_memory(err);
	if (!code)
		code = sort(&w, err);
	if (!code)
		print(&w, sink);
	if (!code && sink->code)
		code = cpi_sink_finish(sink, err);
	release(&w);
	return code;
}
