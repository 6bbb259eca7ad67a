/* SPDX-License-Identifier: Apache-2.0 */
#include "op/filter/filter.h"

#include <stdio.h>

#include <cp/units.h>

/*
 * group_by: what remains of a frame is the file, the function … that it lies in and the
 * thread, the command … of its sample, as in perf report --sort. The value of each key is
 * one piece of the name of a function that stands for all frames that agree in them;
 * pieces have tabs between them. Neighbours that have become equal are one frame.
 *
 * The pieces of a frame and those of a label set are joined once each (parts), and two
 * parts are joined once: a frame costs a look-up by two numbers.
 */

enum key_kind { KEY_DSO, KEY_SYMBOL, KEY_FILE, KEY_LABEL };

struct key {
	struct cp_text word; /* of a label: its key */
	enum key_kind kind;
	bool seen; /* some sample has it */
};

struct pair {
	uint32_t frame, labels; /* strings of the new profile */
	cp_location location;
};

struct groups {
	struct cpi_env *env;
	const struct cp_profile *p;
	CPI_VEC(struct key) key;
	bool by_frame, by_label; /* some key is of this kind */
	struct cpi_builder b;
	struct cpi_builder_map map;
	struct cpi_sink text;                        /* scratch: one part or name */
	uint32_t *of_line, *of_location, *of_labels; /* parts; 0 = not made yet */
	CPI_VEC(struct pair) pair;                   /* row 0 is none */
	struct cpi_index pairs;
	CPI_VEC(cp_location) frame; /* scratch: one stack */
};

static const struct {
	const char *word;
	enum key_kind kind;
} words[] = {
	{"dso", KEY_DSO},
	{"sym", KEY_SYMBOL},
	{"symbol", KEY_SYMBOL},
	{"srcfile", KEY_FILE},
	{"comm", KEY_LABEL},
	{"tid", KEY_LABEL},
	{"pid", KEY_LABEL},
};

static bool is_label_key(const struct cp_profile *p, struct cp_text word)
{
	for (size_t i = 0; i < p->label.n; i++)
		if (cpi_text_equal(cpi_profile_text(p, p->label.v[i].key), word))
			return true;
	return false;
}

static enum cp_code add_key(struct groups *g, struct cp_text word, struct cp_error *err)
{
	struct key key = {.word = word, .kind = KEY_LABEL};
	size_t i = 0, n = sizeof words / sizeof *words;
	char text[80];

	while (i < n && !cpi_text_equal(cpi_text(words[i].word), word))
		i++;
	if (i == n && !is_label_key(g->p, word))
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"nothing is grouped by '%s': dso, sym, srcfile, comm, tid, pid, "
			"or the key of a label in the profile",
			cpi_text_printable(text, sizeof text, word));
	if (i < n)
		key.kind = words[i].kind;
	*(key.kind == KEY_LABEL ? &g->by_label : &g->by_frame) = true;
	return cpi_vec_push(&g->env->mem, &g->key, key) ? CP_OK : cpi_error_memory(err);
}

static enum cp_code split_keys(struct groups *g, const char *list, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	for (size_t n; *list && !code; list += n + (list[n] != 0)) {
		n = strcspn(list, ",");
		code = add_key(g, (struct cp_text){list, n}, err);
	}
	return code;
}

/* Tabs are what pieces are told apart by. */
static void put_piece(struct groups *g, struct cp_text text)
{
	if (!text.n)
		text = CPI_TEXT("[unknown]");
	for (size_t i = 0; i < text.n; i++)
		cpi_sink_char(&g->text, text.p[i] == '\t' ? ' ' : text.p[i]);
}

static uint32_t take_text(struct groups *g)
{
	if (g->text.code)
		cpi_builder_fail(&g->b, g->text.code, "out of memory");
	return cpi_builder_string(&g->b, (struct cp_text){(char *)g->text.buf, g->text.n})
		.i;
}

static struct cp_text frame_piece(const struct groups *g, struct key *key,
	cp_mapping mapping, const struct cp_function_row *function,
	struct cp_text *ret_dso)
{
	struct cp_text text = CPI_TEXT("");

	*ret_dso = cpi_text_basename(
		cpi_profile_text(g->p, g->p->mapping.v[mapping.i].path));
	if (key->kind == KEY_DSO)
		text = *ret_dso;
	else if (function)
		text = cpi_profile_text(
			g->p, key->kind == KEY_SYMBOL ? function->name : function->file);
	key->seen |= text.n != 0;
	return text;
}

static uint32_t frame_part(
	struct groups *g, cp_mapping mapping, const struct cp_function_row *function)
{
	g->text.n = 0;
	for (size_t i = 0; i < g->key.n; i++) {
		struct key *key = &g->key.v[i];
		struct cp_text dso, text;

		if (key->kind == KEY_LABEL)
			continue;
		text = frame_piece(g, key, mapping, function, &dso);
		if (g->text.n)
			cpi_sink_char(&g->text, '\t');
		/* A function without a name is one of its file's, as in other reports. */
		if (key->kind == KEY_SYMBOL && !text.n && dso.n && *dso.p != '[')
			cpi_sink_printf(&g->text, "[%.*s]", (int)dso.n, dso.p);
		else
			put_piece(g, text.n || key->kind != KEY_SYMBOL ? text : dso);
	}
	return take_text(g);
}

/* The numbers of tasks and processors are names: they have no unit. */
static void put_label(struct groups *g, const struct cp_label *label, bool number)
{
	char text[400];

	if (cpi_label_is_string(label)) {
		put_piece(g, cpi_profile_text(g->p, label->str));
		return;
	}
	if (number)
		snprintf(text, sizeof text, "%lld", (long long)label->num);
	else
		cp_unit_label(text, sizeof text, (double)label->num,
			cpi_profile_text(g->p, label->unit), CPI_TEXT("minimum"));
	cpi_sink_str(&g->text, text);
}

static void label_piece(struct groups *g, struct key *key, cp_labels labels)
{
	uint32_t n;
	const struct cp_label *label = cpi_profile_label_set(g->p, labels, &n);
	bool number = cpi_text_equal(key->word, CPI_TEXT("tid")) ||
		      cpi_text_equal(key->word, CPI_TEXT("pid")) ||
		      cpi_text_equal(key->word, CPI_TEXT("cpu"));
	size_t before = g->text.n;

	for (uint32_t i = 0; i < n; i++) {
		if (!cpi_text_equal(cpi_profile_text(g->p, label[i].key), key->word))
			continue;
		key->seen = true;
		if (g->text.n > before)
			cpi_sink_char(&g->text, ',');
		put_label(g, &label[i], number);
	}
	if (g->text.n == before)
		put_piece(g, CPI_TEXT(""));
}

static uint32_t label_part(struct groups *g, cp_labels labels)
{
	bool first = true;

	if (g->of_labels[labels.i])
		return g->of_labels[labels.i];
	g->text.n = 0;
	for (size_t i = 0; i < g->key.n; i++) {
		if (g->key.v[i].kind != KEY_LABEL)
			continue;
		if (!first)
			cpi_sink_char(&g->text, '\t');
		first = false;
		label_piece(g, &g->key.v[i], labels);
	}
	return g->of_labels[labels.i] = take_text(g);
}

/* Moves the next piece of a part to the name. */
static void next_piece(struct groups *g, struct cp_text *rest)
{
	const char *tab = memchr(rest->p, '\t', rest->n);
	size_t n = tab ? (size_t)(tab - rest->p) : rest->n;

	cpi_sink_bytes(&g->text, rest->p, n);
	rest->p += n + (tab != NULL);
	rest->n -= n + (tab != NULL);
}

static cp_location make_location(struct groups *g, uint32_t frame, uint32_t labels)
{
	struct cp_text of_frame = cpi_profile_text(g->b.p, (cp_string){frame});
	struct cp_text of_labels = cpi_profile_text(g->b.p, (cp_string){labels});
	struct cp_function_row function = {.start_line = 0};
	struct cp_line_row line = {.line = 0};

	g->text.n = 0;
	for (size_t i = 0; i < g->key.n; i++) {
		if (i)
			cpi_sink_char(&g->text, '\t');
		next_piece(g, g->key.v[i].kind == KEY_LABEL ? &of_labels : &of_frame);
	}
	function.name.i = take_text(g);
	line.function = cpi_builder_function(&g->b, &function);
	return cpi_builder_location(&g->b, (cp_mapping){0}, 0, false, &line, 1);
}

static cp_location location_of(struct groups *g, uint32_t frame, uint32_t labels)
{
	uint64_t hash = cpi_hash_mix(cpi_hash_u64(frame), labels);
	struct cpi_probe probe = cpi_index_find(&g->pairs, hash);
	struct pair pair = {.frame = frame, .labels = labels};

	if (g->b.code)
		return (cp_location){0};
	for (uint32_t id; (id = cpi_index_next(&g->pairs, &probe));)
		if (g->pair.v[id].frame == frame && g->pair.v[id].labels == labels)
			return g->pair.v[id].location;
	pair.location = make_location(g, frame, labels);
	if (!cpi_vec_push(&g->env->mem, &g->pair, pair) ||
		!cpi_index_add(&g->env->mem, &g->pairs, hash, (uint32_t)g->pair.n - 1))
		cpi_builder_fail(&g->b, CP_ERROR_MEMORY, "out of memory");
	return pair.location;
}

static void add_frame(struct groups *g, uint32_t frame, uint32_t labels)
{
	cp_location location = location_of(g, frame, labels);

	if (g->frame.n && g->frame.v[g->frame.n - 1].i == location.i)
		return;
	if (!cpi_vec_push(&g->env->mem, &g->frame, location))
		cpi_builder_fail(&g->b, CP_ERROR_MEMORY, "out of memory");
}

static void add_frames(struct groups *g, cp_location id, uint32_t labels)
{
	const struct cp_location_row *row = &g->p->location.v[id.i];

	if (!row->n_lines) {
		if (!g->of_location[id.i])
			g->of_location[id.i] = frame_part(g, row->mapping, NULL);
		add_frame(g, g->of_location[id.i], labels);
	}
	for (uint32_t i = row->first_line; i < row->first_line + row->n_lines; i++) {
		const struct cp_line_row *line = &g->p->line.v[i];

		if (!g->of_line[i])
			g->of_line[i] = frame_part(
				g, row->mapping, &g->p->function.v[line->function.i]);
		add_frame(g, g->of_line[i], labels);
	}
}

static void copy_sample(struct groups *g, uint32_t sample)
{
	const struct cp_profile *p = g->p;
	cp_labels labels = p->sample_labels.v[sample];
	uint32_t part = g->by_label ? label_part(g, labels) : 0, n;
	const cp_location *frame = cpi_profile_frames(p, p->sample_stack.v[sample], &n);

	g->frame.n = 0;
	for (uint32_t i = 0; i < n && g->by_frame && !g->b.code; i++)
		add_frames(g, frame[i], part);
	if (!g->frame.n)
		add_frame(
			g, g->by_frame ? frame_part(g, (cp_mapping){0}, NULL) : 0, part);
	cpi_builder_sample_sum(&g->b,
		cpi_builder_stack(&g->b, g->frame.v, (uint32_t)g->frame.n),
		cpi_builder_copy_labels(&g->b, &g->map, labels),
		p->value.v + (size_t)sample * p->sample_type.n);
}

static bool make_tables(struct groups *g)
{
	struct cpi_mem *mem = &g->env->mem;
	const struct cp_profile *p = g->p;

	g->of_line = cpi_alloc_zero(mem, p->line.n * sizeof(uint32_t));
	g->of_location = cpi_alloc_zero(mem, p->location.n * sizeof(uint32_t));
	g->of_labels = cpi_alloc_zero(mem, p->labels_end.n * sizeof(uint32_t));
	return g->of_line && g->of_location && g->of_labels &&
	       cpi_vec_push(mem, &g->pair, (struct pair){.frame = 0});
}

static void release(struct groups *g)
{
	struct cpi_mem *mem = &g->env->mem;

	cpi_free(mem, g->of_line, g->p->line.n * sizeof(uint32_t));
	cpi_free(mem, g->of_location, g->p->location.n * sizeof(uint32_t));
	cpi_free(mem, g->of_labels, g->p->labels_end.n * sizeof(uint32_t));
	cpi_vec_release(mem, &g->key);
	cpi_vec_release(mem, &g->pair);
	cpi_vec_release(mem, &g->frame);
	cpi_index_release(mem, &g->pairs);
	cpi_sink_release(&g->text);
}

static void copy_samples(struct groups *g)
{
	cpi_builder_copy_header(&g->b, &g->map);
	for (uint32_t i = 0; i < cpi_profile_n_samples(g->p) && !g->b.code; i++)
		copy_sample(g, i);
	for (size_t i = 0; i < g->key.n && cpi_profile_n_samples(g->p); i++) {
		char text[80];

		if (!g->key.v[i].seen)
			cpi_diag_note(&g->env->diag, "group", NULL, "no sample has a %s",
				cpi_text_printable(text, sizeof text, g->key.v[i].word));
	}
}

enum cp_code cpi_filter_groups(struct cpi_env *env, const struct cp_profile *p,
	const char *keys, struct cp_profile **ret_profile, struct cp_error *err)
{
	struct groups g = {.env = env, .p = p};
	enum cp_code code;

	cpi_sink_memory(&g.text, &env->mem);
	code = split_keys(&g, keys, err);
	if (code) {
		release(&g);
		return code;
	}
	cpi_builder_init(&g.b, env);
	if (!make_tables(&g))
		cpi_builder_fail(&g.b, CP_ERROR_MEMORY, "out of memory");
	else if (cpi_builder_map_init(&g.b, &g.map, p)) {
		copy_samples(&g);
		cpi_builder_map_release(&g.map);
	}
	code = cpi_builder_finish(&g.b, ret_profile, err);
	release(&g);
	return code;
}
