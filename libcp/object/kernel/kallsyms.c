/* SPDX-License-Identifier: Apache-2.0 */
#include "object/kernel/kernel.h"

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

enum { BAD = 0x80 };

#define SAME(X) X, X, X, X, X, X, X, X
#define BADS SAME(BAD)
/* The digit's value; a row of 16 stands for the characters from 0x00, 0x10, … */
static const uint8_t digit[256] = {
	BADS, BADS, BADS, BADS, BADS, BADS,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, 10, 11, 12, 13, 14, 15, BAD, BADS, BADS, BADS,
	BAD, 10, 11, 12, 13, 14, 15, BAD, BADS, BADS, BADS,
	SAME(BADS), SAME(BADS)};

/* The usual 16 digits, without a branch for each. */
static bool full_address(const uint8_t *p, uint64_t *ret)
{
	uint64_t address = 0;
	unsigned all = 0;

	for (int i = 0; i < 16; i++) {
		unsigned x = digit[p[i]];

		all |= x;
		address = address << 4 | x;
	}
	*ret = address;
	return all < BAD;
}

static const uint8_t *short_address(const uint8_t *p, const uint8_t *eol, uint64_t *ret)
{
	const uint8_t *start = p;

	*ret = 0;
	while (p < eol && p - start < 17 && digit[*p] < BAD)
		*ret = *ret << 4 | digit[*p++];
	return p == start || p - start > 16 ? eol : p;
}

static bool ends_name(uint8_t c)
{
	return c == '\t' || c == ' ' || c == '\r';
}

/*
 * The line at *at, which moves behind it; its name reaches to the line's end for now.
 * False for a line of another form. Written by hand because it runs over ten megabytes of
 * text.
 */
static bool next_line(const uint8_t **at, const uint8_t *end, struct line *line)
{
	const uint8_t *p = *at, *eol = memchr(p, '\n', (size_t)(end - p));

	if (!eol)
		eol = end;
	*at = eol < end ? eol + 1 : end;
	if (eol - p > 16 && p[16] == ' ' && full_address(p, &line->address))
		p += 16;
	else
		p = short_address(p, eol, &line->address);
	if (eol - p < 4 || p[0] != ' ' || p[2] != ' ' || ends_name(p[3]))
		return false;
	line->type = (char)p[1];
	line->name = (struct cp_text){(const char *)p + 3, (size_t)(eol - p - 3)};
	return true;
}

/* Cuts off what follows the name: the module. */
static void finish_name(struct line *line)
{
	size_t n = 0;

	while (n < line->name.n && !ends_name((uint8_t)line->name.p[n]))
		n++;
	line->module = n < line->name.n && line->name.p[n] == '\t';
	line->name.n = n;
}

static bool is_code(char type)
{
	return type == 'T' || type == 't' || type == 'W' || type == 'w';
}

/* Data of the kernel ends symbols, but names nothing: line->type says so. */
static void consider(
	struct line *best, const struct cpi_wanted *w, const struct line *line)
{
	size_t i = cpi_wanted_from(w, line->address);
	struct line *slot;

	if (i == w->n)
		return;
	slot = &best[i];
	/*
	 * Of several names of one address the last line counts: so perf has it, whose
	 * rules for ELF symbols see all but the last as symbols of no size here.
	 */
	if (!slot->name.p || line->address > slot->address ||
		(line->address == slot->address &&
			is_code(line->type) >= is_code(slot->type)))
		*slot = *line;
}

/* best[i] names the nearest symbol after address[i - 1]; an empty one inherits. */
static void assign(struct line *best, const uint64_t *address, size_t n,
	struct cpi_symbol *symbol)
{
	struct line *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		if (best[i].name.p)
			nearest = &best[i];
		if (!nearest || symbol[i].name.p || !is_code(nearest->type) ||
			address[i] - nearest->address > MOST_REACH)
			continue;
		finish_name(nearest);
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

	while (at < end) {
		if (!next_line(&at, end, &line) || !cpi_text_starts(line.name, wanted))
			continue;
		finish_name(&line);
		if (line.module || line.name.n != wanted.n)
			continue;
		*ret_address = line.address;
		return line.address != 0;
	}
	return false;
}
