/* SPDX-License-Identifier: Apache-2.0 */
/* Totals of the values of each label key. */
#include <math.h>
#include <stdlib.h>

#include <cp/units.h>

#include <stdio.h>

#include "view/report/report.h"

/* One value of one key. Values are told apart as they are printed, as pprof does. */
struct tag {
	cp_string key;
	struct cp_text value;
	int64_t sum;
};

struct tags {
	struct cpi_arena bytes;
	struct cpi_index index;
	CPI_VEC(struct tag) tag;
	bool overflow;
};

static void tags_release(struct cpi_report *r, struct tags *t)
{
	cpi_arena_release(&t->bytes);
	cpi_index_release(&r->env->mem, &t->index);
	cpi_vec_release(&r->env->mem, &t->tag);
}

static bool add(struct cpi_report *r, struct tags *t, cp_string key, struct cp_text value,
	int64_t sum)
{
	struct cpi_mem *mem = &r->env->mem;
	uint64_t hash = cpi_hash_mix(cpi_hash(value.p, value.n), key.i);
	struct cpi_probe probe = cpi_index_find(&t->index, hash);
	struct tag tag = {key, {NULL, value.n}, sum};

	for (uint32_t id; (id = cpi_index_next(&t->index, &probe));) {
		struct tag *have = &t->tag.v[id - 1];

		if (have->key.i != key.i || !cpi_text_equal(have->value, value))
			continue;
		t->overflow |= __builtin_add_overflow(have->sum, sum, &have->sum);
		return true;
	}
	tag.value.p = cpi_arena_copy(&t->bytes, value.p, value.n);
	return tag.value.p && cpi_vec_push(mem, &t->tag, tag) &&
		cpi_index_add(mem, &t->index, hash, (uint32_t)t->tag.n);
}

struct order {
	const struct cp_profile *p;
};

static int by_key_and_sum(const void *a, const void *b, void *arg)
{
	const struct cp_profile *p = ((struct order *)arg)->p;
	const struct tag *x = a, *y = b;
	double dx = fabs((double)x->sum), dy = fabs((double)y->sum);

	if (x->key.i != y->key.i)
		return cpi_text_compare(
			cpi_profile_text(p, x->key), cpi_profile_text(p, y->key));
	if (dx != dy)
		return dx < dy ? 1 : -1;
	return cpi_text_compare(x->value, y->value);
}

/* The sum per label set first: sets are few, samples many. */
static enum cp_code collect(struct cpi_report *r, struct tags *t, struct cp_error *err)
{
	const struct cp_profile *p = r->p;
	struct cpi_mem *mem = &r->env->mem;
	int64_t *sum = cpi_alloc_zero(mem, p->labels_end.n * sizeof *sum);
	bool fine = sum != NULL;
	struct order order = {p};

	memset(t, 0, sizeof *t);
	cpi_arena_init(&t->bytes, mem);
	for (uint32_t i = 0; fine && i < cpi_profile_n_samples(p); i++)
		t->overflow |= __builtin_add_overflow(sum[p->sample_labels.v[i].i],
			p->value.v[(size_t)i * p->sample_type.n + r->type],
			&sum[p->sample_labels.v[i].i]);
	for (uint32_t set = 1; fine && set < p->labels_end.n; set++) {
		uint32_t n;
		const struct cp_label *label =
			cpi_profile_label_set(p, (cp_labels){set}, &n);

		for (uint32_t i = 0; fine && i < n; i++) {
			char number[48];
			struct cp_text value = cpi_profile_text(p, label[i].str);

			if (!cpi_label_is_string(&label[i])) {
				cp_unit_label(number, sizeof number, (double)label[i].num,
					cpi_report_label_unit(r, label[i].key), r->unit);
				value = cpi_text(number);
			}
			fine = add(r, t, label[i].key, value, sum[set]);
		}
	}
	cpi_free(mem, sum, p->labels_end.n * sizeof *sum);
	if (fine && !t->overflow) {
		if (t->tag.n)
			qsort_r(t->tag.v, t->tag.n, sizeof *t->tag.v, by_key_and_sum,
				&order);
		return CP_OK;
	}
	tags_release(r, t);
	return fine ? cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			      "a sum of sample values exceeds 64 bits")
		    : cpi_error_memory(err);
}

/* End of the tags with the key at `from`, and their total. */
static size_t group(const struct tags *t, size_t from, int64_t *ret_total)
{
	size_t i = from;

	*ret_total = 0;
	for (; i < t->tag.n && t->tag.v[i].key.i == t->tag.v[from].key.i; i++)
		*ret_total += t->tag.v[i].sum;
	return i;
}

/* One decimal and the unit: "24.4MB"; into buf. */
static char *amount(const struct cpi_report *r, char *buf, size_t size, int64_t value)
{
	struct cp_text unit;
	double x = cp_unit_scale((double)value, r->sample_unit, r->unit, &unit);

	snprintf(buf, size, "%.1f%.*s", x, (int)unit.n, unit.p);
	return buf;
}

static void share(const struct cpi_report *r, char *buf, size_t size,
	const struct tag *tag, int64_t total)
{
	char value[64], percent[32];

	amount(r, value, sizeof value, tag->sum);
	if (total > 0)
		snprintf(buf, size, "%s (%s)", value,
			cpi_report_percent(percent, sizeof percent, tag->sum, total));
	else
		snprintf(buf, size, "%s", value);
}

/* Columns are right-aligned per key, with one blank between them. */
static void key_block(struct cpi_report *r, const struct tags *t, size_t from, size_t to,
	int64_t total)
{
	struct cp_text key = cpi_profile_text(r->p, t->tag.v[from].key);
	char buf[112];
	size_t width = 0, left = cpi_text_width(key) + 2;

	for (size_t i = from; i < to; i++) {
		share(r, buf, sizeof buf, &t->tag.v[i], total);
		width = strlen(buf) > width ? strlen(buf) : width;
	}
	cpi_sink_char(r->sink, ' ');
	cpi_text_escape(r->sink, key);
	cpi_sink_printf(r->sink, ": Total %s\n", amount(r, buf, sizeof buf, total));
	for (size_t i = from; i < to; i++) {
		share(r, buf, sizeof buf, &t->tag.v[i], total);
		cpi_sink_pad(r->sink, ' ', left + width + 1 - strlen(buf));
		cpi_sink_printf(r->sink, "%s: ", buf);
		cpi_text_escape(r->sink, t->tag.v[i].value);
		cpi_sink_char(r->sink, '\n');
	}
	cpi_sink_char(r->sink, '\n');
}

enum cp_code cpi_report_tags(struct cpi_report *r, struct cp_error *err)
{
	struct tags t;
	enum cp_code code = collect(r, &t, err);
	int64_t total;

	if (code)
		return code;
	for (size_t i = 0, end; i < t.tag.n; i = end) {
		end = group(&t, i, &total);
		key_block(r, &t, i, end, total);
	}
	tags_release(r, &t);
	return CP_OK;
}

enum cp_code cpi_report_tags_rows(
	struct cpi_report *r, struct cp_table *table, struct cp_error *err)
{
	const struct cp_text none = CPI_TEXT("");
	struct tags t;
	int64_t total;
	uint32_t keys, values;
	enum cp_code code = collect(r, &t, err);

	if (code)
		return code;
	cpi_report_facts(r, table, "tags");
	keys = cpi_table_list(table, 0, "keys", CP_LIST_ROWS, 0);
	cpi_table_column(table, keys, CPI_TEXT("key"), CP_CELL_TEXT, none, 0);
	cpi_table_column(table, keys, CPI_TEXT("total"), CP_CELL_WHOLE, r->sample_unit,
		CPI_TABLE_NO_CSV);
	values = cpi_table_list(table, keys, "values", CP_LIST_ROWS,
		CPI_TABLE_MAIN | CPI_TABLE_ONE_LINE);
	cpi_table_column(table, values, CPI_TEXT("value"), CP_CELL_TEXT, none, 0);
	cpi_table_column(table, values, CPI_TEXT("sum"), CP_CELL_WHOLE, r->sample_unit, 0);
	cpi_table_column(
		table, values, CPI_TEXT("unit"), CP_CELL_TEXT, none, CPI_TABLE_NO_JSON);
	for (size_t i = 0, end; i < t.tag.n; i = end) {
		end = group(&t, i, &total);
		cpi_table_row(table, keys);
		cpi_put_text(table, keys, cpi_profile_text(r->p, t.tag.v[i].key));
		cpi_put_whole(table, keys, total);
		for (size_t k = i; k < end; k++) {
			cpi_table_row(table, values);
			cpi_put_text(table, values, t.tag.v[k].value);
			cpi_put_whole(table, values, t.tag.v[k].sum);
			cpi_put_text(table, values, r->sample_unit);
		}
	}
	tags_release(r, &t);
	return CP_OK;
}
