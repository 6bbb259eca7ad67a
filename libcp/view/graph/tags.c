/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boxes for the labels of samples, below the function in which these ended: pprof's tag
 * boxes. Left out are labels that tell nothing: those that all samples have alike, and
 * what perf says of every sample (pid, tid, comm).
 */
#include <stdio.h>
#include <stdlib.h>

#include <cp/units.h>

#include "view/graph/graph.h"

enum { MOST = 4 }; /* boxes of one function, the heaviest */

struct tally {
	uint32_t node, set; /* a row, a label set of its own */
	int64_t value;
};

struct tags {
	struct cpi_callgraph *c;
	const struct cpi_graph *g;
	const uint32_t *number;
	/* By string: the first value of a label of that key, how often it was there. */
	struct key {
		cp_string value;
		uint32_t sets;
		bool differs;
	} * key;
	uint32_t *set_of;     /* by label set: the first set of the same text */
	struct cp_text *text; /* by label set */
	uint32_t sets;
	struct cpi_index index, texts;
	CPI_VEC(struct tally) tally;
};

static bool perfs_own(struct cp_text key)
{
	return cpi_text_equal(key, CPI_TEXT("pid")) ||
	       cpi_text_equal(key, CPI_TEXT("tid")) ||
	       cpi_text_equal(key, CPI_TEXT("comm"));
}

/* Numbers are for -tags, but for the sizes of allocations. */
static bool counts(const struct tags *t, const struct cp_label *label)
{
	struct cp_text key = cpi_profile_text(t->c->p, label->key);

	return cpi_label_is_string(label) ? !perfs_own(key)
					  : cpi_text_equal(key, CPI_TEXT("bytes"));
}

/* Which keys have more than one value; a set that lacks one counts, too. */
static void survey(struct tags *t)
{
	const struct cp_profile *p = t->c->p;

	for (uint32_t i = 0; i < p->labels_end.n; i++) {
		uint32_t n;
		const struct cp_label *l = cpi_profile_label_set(p, (cp_labels){i}, &n);

		for (uint32_t k = 0; k < n; k++) {
			struct key *key = &t->key[l[k].key.i];
			cp_string value =
				cpi_label_is_string(&l[k]) ? l[k].str : l[k].unit;

			if (!key->sets)
				key->value = value;
			key->differs |= key->value.i != value.i || !l[k].str.i;
			if (!k || l[k].key.i != l[k - 1].key.i)
				key->sets++;
		}
	}
	/* Set 0 is "no labels": does any sample have it? */
	t->sets = (uint32_t)p->labels_end.n - 1;
	for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++)
		if (!p->sample_labels.v[i].i) {
			t->sets++;
			break;
		}
}

/* "key:value", a line for each; empty: no box. */
static struct cp_text make_text(struct tags *t, uint32_t set)
{
	const struct cp_profile *p = t->c->p;
	struct cpi_sink sink;
	uint32_t n;
	const struct cp_label *l = cpi_profile_label_set(p, (cp_labels){set}, &n);
	struct cp_text text = {"", 0};
	char number[48];

	cpi_sink_memory(&sink, &t->c->env->mem);
	for (uint32_t k = 0; k < n; k++) {
		const struct key *key = &t->key[l[k].key.i];
		struct cp_text name = cpi_profile_text(p, l[k].key);
		struct cp_text value = cpi_profile_text(p, l[k].str);

		if (!counts(t, &l[k]) || (!key->differs && key->sets == t->sets))
			continue;
		if (!cpi_label_is_string(&l[k])) {
			struct cp_text unit = cpi_profile_text(p, l[k].unit);

			cp_unit_label(number, sizeof number, (double)l[k].num,
				unit.n ? unit : name, CPI_TEXT("auto"));
			value = cpi_text(number);
		}
		if (sink.n)
			cpi_sink_char(&sink, '\n');
		cpi_sink_bytes(&sink, name.p, name.n);
		cpi_sink_char(&sink, ':');
		cpi_sink_bytes(&sink, value.p, value.n);
	}
	text.n = sink.n;
	text.p = sink.code ? NULL : cpi_arena_copy(&t->c->bytes, sink.buf, sink.n);
	cpi_sink_release(&sink);
	return text;
}

/* The first label set that reads the same; false when out of memory. */
static bool find_set(struct tags *t, uint32_t set, uint32_t *ret_set)
{
	uint64_t hash;
	struct cpi_probe probe;

	if (t->set_of[set]) {
		*ret_set = t->set_of[set];
		return true;
	}
	t->text[set] = make_text(t, set);
	if (!t->text[set].p)
		return false;
	hash = cpi_hash(t->text[set].p, t->text[set].n);
	probe = cpi_index_find(&t->texts, hash);
	for (uint32_t id; (id = cpi_index_next(&t->texts, &probe));)
		if (cpi_text_equal(t->text[id], t->text[set])) {
			*ret_set = t->set_of[set] = id;
			return true;
		}
	*ret_set = t->set_of[set] = set;
	return cpi_index_add(&t->c->env->mem, &t->texts, hash, set);
}

static bool add(struct tags *t, uint32_t node, uint32_t set, int64_t value)
{
	uint64_t hash = cpi_hash_u64((uint64_t)node << 32 | set);
	struct cpi_probe probe = cpi_index_find(&t->index, hash);
	struct cpi_mem *mem = &t->c->env->mem;

	for (uint32_t id; (id = cpi_index_next(&t->index, &probe));) {
		struct tally *tally = &t->tally.v[id - 1];

		if (tally->node != node || tally->set != set)
			continue;
		if (__builtin_add_overflow(tally->value, value, &tally->value))
			tally->value = INT64_MAX;
		return true;
	}
	return cpi_vec_push(mem, &t->tally, (struct tally){node, set, value}) &&
	       cpi_index_add(mem, &t->index, hash, (uint32_t)t->tally.n);
}

/* Every sample under the function in which it ended, if that is shown. */
static bool count(struct tags *t)
{
	const struct cp_profile *p = t->c->p;

	for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++) {
		uint32_t n, set, row;
		const cp_location *frame =
			cpi_profile_frames(p, p->sample_stack.v[i], &n);
		const struct cp_location_row *l;
		int64_t value =
			p->value.v[(size_t)i * p->sample_type.n + t->g->options.type];

		if (!n || !value || !p->sample_labels.v[i].i)
			continue;
		l = &p->location.v[frame[0].i];
		row = t->number[l->n_lines ? t->g->line_node[l->first_line]
					   : t->g->bare_node[frame[0].i]];
		if (!row)
			continue;
		if (!find_set(t, p->sample_labels.v[i].i, &set))
			return false;
		if (t->text[set].n && !add(t, row - 1, set, value))
			return false;
	}
	return true;
}

static int by_value(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;
	uint64_t m = (uint64_t)llabs(x->value), n = (uint64_t)llabs(y->value);

	if (x->node != y->node)
		return (x->node > y->node) - (x->node < y->node);
	return m != n ? (m < n) - (m > n) : (x->set > y->set) - (x->set < y->set);
}

static bool boxes(struct tags *t, uint64_t least)
{
	struct cpi_callgraph *c = t->c;
	unsigned some = 0;

	if (t->tally.n)
		qsort(t->tally.v, t->tally.n, sizeof *t->tally.v, by_value);
	for (size_t i = 0; i < t->tally.n; i++) {
		const struct tally *tally = &t->tally.v[i];
		struct cp_graph_node node = {.kind = CP_GRAPH_LABELS,
			.name = t->text[tally->set],
			.flat = tally->value,
			.cum = tally->value};
		struct cp_graph_edge edge = {.from = tally->node,
			.to = (uint32_t)c->node.n,
			.weight = tally->value};

		some = i && tally->node == t->tally.v[i - 1].node ? some + 1 : 0;
		if (some >= MOST || (uint64_t)llabs(tally->value) < least)
			continue;
		if (!cpi_vec_push(&c->env->mem, &c->node, node) ||
			!cpi_vec_push(&c->env->mem, &c->edge, edge))
			return false;
	}
	return true;
}

enum cp_code cpi_callgraph_labels(struct cpi_callgraph *c, const struct cpi_graph *g,
	const uint32_t *number, uint64_t least, struct cp_error *err)
{
	struct cpi_mem *mem = &c->env->mem;
	const struct cp_profile *p = c->p;
	size_t sets = p->labels_end.n;
	struct tags t = {.c = c,
		.g = g,
		.number = number,
		.key = cpi_alloc_zero(mem, p->string.n * sizeof *t.key),
		.set_of = cpi_alloc_zero(mem, sets * sizeof *t.set_of),
		.text = cpi_alloc_zero(mem, sets * sizeof *t.text)};
	bool fine = t.key && t.set_of && t.text;

	if (fine) {
		survey(&t);
		fine = count(&t) && boxes(&t, least);
	}
	cpi_free(mem, t.key, p->string.n * sizeof *t.key);
	cpi_free(mem, t.set_of, sets * sizeof *t.set_of);
	cpi_free(mem, t.text, sets * sizeof *t.text);
	cpi_index_release(mem, &t.index);
	cpi_index_release(mem, &t.texts);
	cpi_vec_release(mem, &t.tally);
	return fine ? CP_OK : cpi_error_memory(err);
}
