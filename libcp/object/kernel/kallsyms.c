/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's list of symbols. */
#include "object/kernel/kernel.h"

#include "base/error.h"
#include "base/hash.h"
#include "object/wanted.h"

/* No symbol reaches further than this: what lies beyond is another region. */
#define MOST_REACH (4u << 20)

struct line {
	uint64_t address;
	char type;
	struct cp_text name;
	struct cp_text module; /* n = 0: the kernel's own */
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

/* Cuts off what follows the name: the module, in brackets. */
static void finish_name(struct line *line)
{
	struct cp_text rest;
	size_t n = 0;

	while (n < line->name.n && !ends_name((uint8_t)line->name.p[n]))
		n++;
	rest = (struct cp_text){line->name.p + n, line->name.n - n};
	line->name.n = n;
	while (rest.n && ends_name((uint8_t)rest.p[0]))
		rest = (struct cp_text){rest.p + 1, rest.n - 1};
	while (rest.n && ends_name((uint8_t)rest.p[rest.n - 1]))
		rest.n--;
	line->module = (struct cp_text){"", 0};
	if (rest.n > 2 && rest.p[0] == '[' && rest.p[rest.n - 1] == ']')
		line->module = (struct cp_text){rest.p + 1, rest.n - 2};
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
	struct cpi_symbol *symbol, struct cp_text *module)
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
		if (module)
			module[i] = nearest->module;
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
	struct cp_text *module, struct cp_error *err)
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
		assign(best, address, n_addresses, symbol, module);
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
		if (line.module.n || line.name.n != wanted.n)
			continue;
		*ret_address = line.address;
		return line.address != 0;
	}
	return false;
}

bool cpi_kallsyms_any(const uint8_t *bytes, size_t n)
{
	const uint8_t *at = bytes, *end = bytes + n;
	struct line line;

	while (at < end)
		if (next_line(&at, end, &line) && line.address)
			return true;
	return false;
}

static uint64_t module_hash(struct cp_text name)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < name.n; i++)
		hash = cpi_hash_mix(hash, name.p[i] == '-' ? '_' : (uint64_t)name.p[i]);
	return hash;
}

/* The first row of that name, or NULL. */
static struct cpi_kallsyms_module *find_module(const struct cpi_index *index,
	struct cpi_kallsyms_module *row, struct cp_text name, uint64_t hash)
{
	struct cpi_probe probe = cpi_index_find(index, hash);

	for (uint32_t id; (id = cpi_index_next(index, &probe));)
		if (cpi_module_same(row[id - 1].name, name))
			return &row[id - 1];
	return NULL;
}

static void measure_modules(const uint8_t *bytes, size_t n, const struct cpi_index *index,
	struct cpi_kallsyms_module *row)
{
	const uint8_t *at = bytes, *end = bytes + n;
	struct cpi_kallsyms_module *found = NULL;
	struct cp_text last = {"", 0}; /* lines of a module stand together */
	struct line line;

	while (at < end) {
		if (!next_line(&at, end, &line) || !is_code(line.type) ||
			!memchr(line.name.p, '[', line.name.n))
			continue;
		finish_name(&line);
		if (!cpi_text_equal(line.module, last))
			found = find_module(
				index, row, line.module, module_hash(line.module));
		last = line.module;
		if (found && line.address < found->low)
			found->low = line.address;
		if (found && line.address > found->high)
			found->high = line.address;
	}
}

bool cpi_kallsyms_modules(struct cpi_env *env, const uint8_t *bytes, size_t n,
	struct cpi_kallsyms_module *row, size_t n_rows)
{
	struct cpi_index index = {0};
	bool fine = true;

	for (uint32_t i = 0; i < n_rows && fine; i++) {
		uint64_t hash = module_hash(row[i].name);

		row[i].low = UINT64_MAX;
		row[i].high = 0;
		if (row[i].name.n && !find_module(&index, row, row[i].name, hash))
			fine = cpi_index_add(&env->mem, &index, hash, i + 1);
	}
	if (fine)
		measure_modules(bytes, n, &index, row);
	for (size_t i = 0; i < n_rows && fine; i++) {
		const struct cpi_kallsyms_module *first =
			find_module(&index, row, row[i].name, module_hash(row[i].name));

		if (first) {
			row[i].low = first->low;
			row[i].high = first->high;
		}
	}
	cpi_index_release(&env->mem, &index);
	return fine;
}

/* "xfs 2101248 1 - Live 0xffffffffc0900000 (E)" */
static bool base_of(struct cp_text line, struct cp_text name, uint64_t *ret_base)
{
	const char *end = memchr(line.p, ' ', line.n);
	const char *at = memmem(line.p, line.n, " 0x", 3);
	struct cp_text digits;

	if (!end || !at ||
		!cpi_module_same((struct cp_text){line.p, (size_t)(end - line.p)}, name))
		return false;
	digits = (struct cp_text){at + 3, (size_t)(line.p + line.n - at - 3)};
	end = memchr(digits.p, ' ', digits.n);
	digits.n = end ? (size_t)(end - digits.p) : digits.n;
	return cpi_text_hex(digits, ret_base) && *ret_base;
}

bool cpi_modules_base(
	const uint8_t *bytes, size_t n, struct cp_text name, uint64_t *ret_base)
{
	const char *at = (const char *)bytes, *end = at + n;

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		struct cp_text line = {at, (size_t)((eol ? eol : end) - at)};

		if (base_of(line, name, ret_base))
			return true;
		at = eol ? eol + 1 : end;
	}
	return false;
}

struct cp_text cpi_module_name(struct cp_text path)
{
	struct cp_text base = cpi_text_basename(path);
	const char *end;

	if (base.n > 2 && base.p[0] == '[')
		return (struct cp_text){base.p + 1, base.n - 2};
	end = memmem(base.p, base.n, ".ko", 3);
	if (end)
		base.n = (size_t)(end - base.p);
	return base;
}

bool cpi_module_same(struct cp_text a, struct cp_text b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] != b.p[i] && !((a.p[i] == '-' || a.p[i] == '_') &&
						(b.p[i] == '-' || b.p[i] == '_')))
			return false;
	return true;
}
