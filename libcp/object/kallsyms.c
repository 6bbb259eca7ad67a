/* SPDX-License-Identifier: Apache-2.0 */
#include "object/kallsyms.h"

#include "base/error.h"
#include "object/wanted.h"

/* No symbol reaches further than this: what lies beyond is another region. */
#define MOST_REACH (4u << 20)

struct line {
	uint64_t address;
	char type;
	struct cp_text name;
	bool module;
};

static unsigned hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 16;
}

/*
 * The line at *at, which moves behind it. False for a line of another form; written by
 * hand because it runs over ten megabytes of text.
 */
static bool next_line(const uint8_t **at, const uint8_t *end, struct line *line)
{
	const uint8_t *p = *at, *eol = memchr(p, '\n', (size_t)(end - p)), *name;
	unsigned digits = 0, x;

	if (!eol)
		eol = end;
	*at = eol < end ? eol + 1 : end;
	line->address = 0;
	for (; p < eol && (x = hex_digit(*p)) < 16; p++, digits++)
		line->address = line->address << 4 | x;
	if (!digits || digits > 16 || eol - p < 4 || p[0] != ' ' || p[2] != ' ')
		return false;
	line->type = (char)p[1];
	name = p += 3;
	while (p < eol && *p != '\t' && *p != ' ' && *p != '\r')
		p++;
	line->name = (struct cp_text){(const char *)name, (size_t)(p - name)};
	line->module = p < eol && *p == '\t';
	return p > name;
}

static bool is_code(char type)
{
	return type == 'T' || type == 't' || type == 'W' || type == 'w';
}

/* Data of the kernel ends symbols, but names nothing: line->type says so. */
static void consider(struct line *best, const struct cpi_wanted *w, const struct line *line)
{
	size_t i = cpi_wanted_from(w, line->address);
	struct line *slot;

	if (i == w->n)
		return;
	slot = &best[i];
	/*
	 * Of several names of one address the last line counts: so perf has it, whose rules
	 * for ELF symbols see all but the last as symbols of no size here.
	 */
	if (!slot->name.p || line->address > slot->address ||
		(line->address == slot->address &&
			is_code(line->type) >= is_code(slot->type)))
		*slot = *line;
}

/* best[i] names the nearest symbol after address[i - 1]; an empty one inherits. */
static void assign(const struct line *best, const uint64_t *address, size_t n,
	struct cpi_symbol *symbol)
{
	const struct line *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		if (best[i].name.p)
			nearest = &best[i];
		if (!nearest || symbol[i].name.p || !is_code(nearest->type) ||
			address[i] - nearest->address > MOST_REACH)
			continue;
		symbol[i] = (struct cpi_symbol){nearest->name, nearest->address, 0};
	}
}

static enum cp_code scan(const uint8_t *bytes, size_t n, const struct cpi_wanted *w,
	struct line *best, struct cp_error *err)
{
	const uint8_t *at = bytes, *end = bytes + n;
	struct line line;
	size_t good = 0, bad = 0;

	while (at < end) {
		if (!next_line(&at, end, &line)) {
			if (++bad > 16 && bad > good)
				break;
			continue;
		}
		good++;
		if (line.address)
			consider(best, w, &line);
	}
	if (bad > good)
		return cpi_error(err, CP_ERROR_FORMAT, (uint64_t)(at - bytes),
			"not a list of kernel symbols");
	return CP_OK;
}

enum cp_code cpi_kallsyms_resolve(struct cpi_env *env, const uint8_t *bytes, size_t n,
	const uint64_t *address, size_t n_addresses, struct cpi_symbol *symbol,
	struct cp_error *err)
{
	struct cpi_wanted wanted;
	struct line *best;
	enum cp_code code;

	if (!n_addresses)
		return CP_OK;
	best = cpi_alloc_zero(&env->mem, n_addresses * sizeof *best);
	if (!cpi_wanted_init(env, &wanted, address, n_addresses) || !best)
		code = cpi_error_memory(err);
	else
		code = scan(bytes, n, &wanted, best, err);
	if (!code)
		assign(best, address, n_addresses, symbol);
	cpi_wanted_release(env, &wanted);
	cpi_free(&env->mem, best, n_addresses * sizeof *best);
	return code;
}

bool cpi_kallsyms_value(
	const uint8_t *bytes, size_t n, const char *name, uint64_t *ret_address)
{
	const uint8_t *at = bytes, *end = bytes + n;
	struct cp_text wanted = cpi_text(name);
	struct line line;

	while (at < end)
		if (next_line(&at, end, &line) && !line.module &&
			cpi_text_equal(line.name, wanted)) {
			*ret_address = line.address;
			return line.address != 0;
		}
	return false;
}
