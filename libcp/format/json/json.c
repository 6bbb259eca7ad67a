/* SPDX-License-Identifier: Apache-2.0 */
/* The two forms of JSON in the table of formats, and what they share. */
#include "format/json/json.h"

static void label(
	struct cpi_json *json, const struct cp_profile *p, const struct cp_label *l)
{
	if (cpi_label_is_string(l)) {
		cpi_json_text(json, cpi_profile_text(p, l->str));
	} else if (!l->unit.i) {
		cpi_json_i64(json, l->num);
	} else {
		cpi_json_begin(json, '{', true);
		cpi_json_key(json, "value");
		cpi_json_i64(json, l->num);
		cpi_json_key(json, "unit");
		cpi_json_text(json, cpi_profile_text(p, l->unit));
		cpi_json_end(json, '}');
	}
}

/* All labels from `at` on that have its key. */
static uint32_t run_of(const struct cp_label *l, uint32_t at, uint32_t end)
{
	uint32_t n = at < end;

	while (at + n < end && l[at + n].key.i == l[at].key.i)
		n++;
	return n;
}

/* Strings stand before numbers, each sorted by key, and a key may have both. */
void cpi_json_labels(struct cpi_json *json, const struct cp_profile *p, cp_labels labels)
{
	uint32_t n, strings = 0, i = 0, k;
	const struct cp_label *l = cpi_profile_label_set(p, labels, &n);

	while (strings < n && cpi_label_is_string(&l[strings]))
		strings++;
	k = strings;
	cpi_json_begin(json, '{', true);
	while (i < strings || k < n) {
		int order = i == strings ? 1
			    : k == n     ? -1
					 : cpi_text_compare(cpi_profile_text(p, l[i].key),
						   cpi_profile_text(p, l[k].key));
		uint32_t a = order <= 0 ? run_of(l, i, strings) : 0;
		uint32_t b = order >= 0 ? run_of(l, k, n) : 0;

		cpi_json_key_text(json, cpi_profile_text(p, l[a ? i : k].key));
		if (a + b > 1)
			cpi_json_begin(json, '[', true);
		for (uint32_t to = i + a; i < to; i++)
			label(json, p, &l[i]);
		for (uint32_t to = k + b; k < to; k++)
			label(json, p, &l[k]);
		if (a + b > 1)
			cpi_json_end(json, ']');
	}
	cpi_json_end(json, '}');
}

const struct cpi_format cpi_format_json = {
	.public =
		{
			.name = "json",
			.description =
				"the tables of a profile as one JSON object, for scripts "
				"(schema libcp.profile, version 1: see cpconv(1))",
			.extensions = "",
			.losses = "bytes of names that are not UTF-8 (\\xNN stands for "
				  "them)",
			.writes = true,
		},
	.write = cpi_json_tables_write,
};

const struct cpi_format cpi_format_ndjson = {
	.public =
		{
			.name = "ndjson",
			.description =
				"a line of JSON for each sample: names of frames, root "
				"first, values and labels",
			.extensions = ".ndjson .jsonl",
			.losses = "addresses, files, lines, comments",
			.writes = true,
		},
	.write = cpi_json_lines_write,
};
