/* SPDX-License-Identifier: Apache-2.0 */
/* Maps of generated code, perf-PID.map. */
#include "object/jit/jit.h"

#include "base/error.h"
#include "base/vec.h"
#include "object/wanted.h"

struct entry {
	uint64_t start, size;
	struct cp_text name;
};

struct scan {
	struct cpi_env *env;
	struct cpi_wanted wanted;
	CPI_VEC(struct entry) entry; /* those that hold a wanted address */
	size_t bad;
};

static bool hex_field(struct cp_text *line, uint64_t *ret_x)
{
	struct cp_text field = *line;
	size_t n = 0;

	while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t')
		n++;
	field.n = n;
	while (n < line->n && (line->p[n] == ' ' || line->p[n] == '\t'))
		n++;
	line->p += n;
	line->n -= n;
	if (cpi_text_starts(field, CPI_TEXT("0x"))) /* some writers have it */
		field = (struct cp_text){field.p + 2, field.n - 2};
	return cpi_text_hex(field, ret_x);
}

static bool consider(struct scan *scan, struct cp_text line)
{
	struct entry e = {0};
	size_t i;

	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (!line.n)
		return true;
	if (!hex_field(&line, &e.start) || !hex_field(&line, &e.size) || !line.n) {
		scan->bad++;
		return true;
	}
	e.name = line;
	i = cpi_wanted_from(&scan->wanted, e.start);
	if (i == scan->wanted.n || scan->wanted.address[i] - e.start >= e.size)
		return true;
	return cpi_vec_push(&scan->env->mem, &scan->entry, e);
}

/*
 * From the last line to the first, each fills what is still free. `skip` leads over rows
 * that are taken, or a hostile file of lines that all cover everything would cost their
 * product.
 */
static void assign(const struct scan *scan, struct cpi_symbol *symbol, uint32_t *skip)
{
	const struct cpi_wanted *w = &scan->wanted;

	for (size_t i = 0; i <= w->n; i++)
		skip[i] = (uint32_t)i;
	for (size_t k = scan->entry.n; k--;) {
		const struct entry *e = &scan->entry.v[k];
		size_t i = cpi_wanted_from(w, e->start);

		for (;;) {
			while (skip[i] != i) {
				skip[i] = skip[skip[i]];
				i = skip[i];
			}
			if (i == w->n || w->address[i] - e->start >= e->size)
				break;
			if (!symbol[i].name.p)
				symbol[i] =
					(struct cpi_symbol){e->name, e->start, e->size};
			skip[i] = (uint32_t)i + 1;
		}
	}
}

enum cp_code cpi_perfmap_resolve(struct cpi_env *env, const uint8_t *bytes, size_t n,
	const uint64_t *address, size_t n_addresses, struct cpi_symbol *symbol,
	size_t *ret_bad, struct cp_error *err)
{
	struct scan scan = {.env = env};
	const char *at = (const char *)bytes, *end = at + n;
	uint32_t *skip;
	bool fine;

	*ret_bad = 0;
	if (!n_addresses)
		return CP_OK;
	skip = cpi_alloc_array(&env->mem, n_addresses + 1, sizeof *skip);
	fine = cpi_wanted_init(env, &scan.wanted, address, n_addresses) && skip;
	while (fine && at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((eol ? eol : end) - at);

		fine = consider(&scan, (struct cp_text){at, length});
		at = eol ? eol + 1 : end;
	}
	if (fine)
		assign(&scan, symbol, skip);
	*ret_bad = scan.bad;
	cpi_free(&env->mem, skip, (n_addresses + 1) * sizeof *skip);
	cpi_wanted_release(env, &scan.wanted);
	cpi_vec_release(&env->mem, &scan.entry);
	return fine ? CP_OK : cpi_error_memory(err);
}
