/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change broken down by a label: the same captures as a table whose rows are the label's
 * values instead of functions. It is a diff of its own (cp_diff_by), measured against what
 * the functions were measured against, for a few threads or routes make no anchor.
 */
#include "op/diff/diff.h"

enum { MOST_NAMES = 3 };

/* What a label is called, in order: a thread is told by its name, if no label says so. */
static size_t keys_of(const struct cp_diff *by, struct cp_text key[MOST_NAMES])
{
	key[0] = by->label;
	if (!cpi_text_equal(by->label, CPI_TEXT("thread")))
		return 1;
	key[1] = CPI_TEXT("comm");
	key[2] = CPI_TEXT("tid");
	return MOST_NAMES;
}

/* Numbers as they are, with their unit unless that only repeats the key. */
static void append_value(
	struct cpi_sink *sink, const struct cp_profile *p, const struct cp_label *label)
{
	struct cp_text text = cpi_profile_text(p, label->str);
	struct cp_text unit = cpi_profile_text(p, label->unit);

	if (sink->n)
		cpi_sink_char(sink, ',');
	if (cpi_label_is_string(label)) {
		cpi_sink_bytes(sink, text.p, text.n);
		return;
	}
	cpi_sink_printf(sink, "%lld", (long long)label->num);
	if (unit.n && label->unit.i != label->key.i) {
		cpi_sink_char(sink, ' ');
		cpi_sink_bytes(sink, unit.p, unit.n);
	}
}

/* The name of a label set's row: all values of the key, or that there are none. */
static void append_values(struct cpi_sink *sink, struct cp_diff *by,
	const struct cp_profile *p, cp_labels set)
{
	struct cp_text key[MOST_NAMES];
	size_t n_keys = keys_of(by, key);
	uint32_t n;
	const struct cp_label *label = cpi_profile_label_set(p, set, &n);

	for (size_t k = 0; k < n_keys && !sink->n; k++)
		for (uint32_t i = 0; i < n; i++)
			if (cpi_text_equal(cpi_profile_text(p, label[i].key), key[k])) {
				by->label_met = true;
				append_value(sink, p, &label[i]);
			}
	if (!sink->n)
		cpi_sink_str(sink, "(none)");
}

enum cp_code cpi_diff_label_cells(struct cp_diff *by, const struct cp_profile *p,
	struct cpi_diff_run *run, uint32_t *ret_cell, struct cp_error *err)
{
	struct cpi_mem *mem = &by->env->mem;
	size_t sets = p->labels_end.n, most = by->name.n + sets;
	uint32_t *cell_of = cpi_alloc_array(mem, most, sizeof *cell_of);
	struct cpi_sink text;
	bool fine = cell_of != NULL;

	if (fine)
		memset(cell_of, 0xff, most * sizeof *cell_of);
	cpi_sink_memory(&text, mem);
	for (uint32_t i = 0; fine && i < sets; i++) {
		uint32_t row;

		text.n = 0;
		append_values(&text, by, p, (cp_labels){i});
		row = text.code ? UINT32_MAX
				: cpi_diff_name_row(by,
					  (struct cp_text){(char *)text.buf, text.n});
		fine = row != UINT32_MAX;
		if (fine && cell_of[row] == UINT32_MAX) {
			cell_of[row] = (uint32_t)run->cell.n;
			fine = cpi_vec_push(mem, &run->cell,
				((struct cpi_diff_cell){
					.row = row, .caller = UINT32_MAX}));
		}
		if (fine)
			ret_cell[i] = cell_of[row];
	}
	cpi_sink_release(&text);
	cpi_free(mem, cell_of, most * sizeof *cell_of);
	return fine ? CP_OK : cpi_error_memory(err);
}

enum cp_code cpi_diff_label_finish(struct cp_diff *diff, struct cp_error *err)
{
	struct cp_diff *by = diff->by;
	struct cp_diff_summary own;
	char key[48];
	size_t n_rows;
	enum cp_code code;

	if (!by->label_met)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"no sample has a label \"%s\"",
			cpi_text_printable(key, sizeof key, by->label));
	by->finished = true;
	by->summary = diff->summary;
	by->census = diff->census;
	by->erratic = diff->erratic;
	code = cpi_diff_match(by, &n_rows, err);
	if (!code)
		code = cpi_diff_test(by, n_rows, err);
	if (code)
		return code;
	own = by->summary;
	by->summary = diff->summary;
	by->summary.by_cum = false;
	by->summary.n_path = 0;
	by->summary.noise = by->summary.noise_cum = own.noise;
	by->summary.noise_small = own.noise_small;
	by->summary.tested = own.tested;
	return cpi_diff_order(by, err);
}
