/* SPDX-License-Identifier: Apache-2.0 */
/* Units: what can be converted, and how amounts are said. */
#include <cp/units.h>

#include <math.h>
#include <stdio.h>

#include "base/text.h"

/*
 * The kinds of units and their spellings. The order of units within a kind does not
 * matter; `name` is what is printed and is no spelling by itself ("hrs" is read as "hr").
 */
struct unit {
	const char *name;
	double factor; /* of the kind's base unit */
	const char *spelling[4];
};

struct kind {
	const char *fallback; /* the unit for values below every unit */
	double factor;
	const struct unit *unit;
	size_t n;
};

static const struct unit memory_units[] = {
	{"B", 1, {"b", "byte"}},
	{"kB", 0x1p10, {"kb", "kbyte", "kilobyte"}},
	{"MB", 0x1p20, {"mb", "mbyte", "megabyte"}},
	{"GB", 0x1p30, {"gb", "gbyte", "gigabyte"}},
	{"TB", 0x1p40, {"tb", "tbyte", "terabyte"}},
	{"PB", 0x1p50, {"pb", "pbyte", "petabyte"}},
};

static const struct unit time_units[] = {
	{"ns", 1, {"ns", "nanosecond"}},
	/*
	 * Without their s: pprof lists the Greek one with it, so that it never
	 * matches.
	 */
	{"us", 1e3, {"us", "microsecond", "\xce\xbc", "\xc2\xb5"}},
	{"ms", 1e6, {"ms", "millisecond"}},
	{"s", 1e9, {"s", "sec", "second"}},
	{"hrs", 3600e9, {"hour", "hr"}},
};

static const struct unit gcu_units[] = {
	{"n*GCU", 1e-9, {"nanogcu"}},
	{"u*GCU", 1e-6, {"microgcu"}},
	{"m*GCU", 1e-3, {"milligcu"}},
	{"GCU", 1, {"gcu"}},
	{"k*GCU", 1e3, {"kilogcu"}},
	{"M*GCU", 1e6, {"megagcu"}},
	{"G*GCU", 1e9, {"gigagcu"}},
	{"T*GCU", 1e12, {"teragcu"}},
	{"P*GCU", 1e15, {"petagcu"}},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct kind kinds[] = {
	{"B", 1, memory_units, COUNT(memory_units)},
	{"s", 1e9, time_units, COUNT(time_units)},
	{"GCU", 1, gcu_units, COUNT(gcu_units)},
};

/* The text in lower case without its plural s; empty when it is too long for a unit. */
static struct cp_text spelled(struct cp_text text, char *buf, size_t size)
{
	if (text.n > size)
		return CPI_TEXT("");
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		buf[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
	}
	if (text.n > 2 && buf[text.n - 1] == 's')
		text.n--;
	return (struct cp_text){buf, text.n};
}

static const struct unit *find_unit(const struct kind *kind, struct cp_text text)
{
	char buf[16];
	struct cp_text key = spelled(text, buf, sizeof buf);

	for (size_t i = 0; i < kind->n; i++)
		for (size_t j = 0; j < COUNT(kind->unit[i].spelling); j++) {
			const char *spelling = kind->unit[i].spelling[j];

			if (spelling && cpi_text_equal(key, cpi_text(spelling)))
				return &kind->unit[i];
		}
	return NULL;
}

static bool is_automatic(struct cp_text to)
{
	return cpi_text_equal(to, CPI_TEXT("minimum")) ||
	       cpi_text_equal(to, CPI_TEXT("auto"));
}

static bool is_dull(struct cp_text unit)
{
	return is_automatic(unit) || cpi_text_equal(unit, CPI_TEXT("count")) ||
	       cpi_text_equal(unit, CPI_TEXT("sample")) ||
	       cpi_text_equal(unit, CPI_TEXT("unit"));
}

/* The largest unit of which `value` (in base units) holds at least one. */
static const struct unit *natural(const struct kind *kind, double value)
{
	const struct unit *best = NULL;

	for (size_t i = 0; i < kind->n; i++)
		if (value / kind->unit[i].factor >= 1 &&
			(!best || kind->unit[i].factor >= best->factor))
			best = &kind->unit[i];
	return best;
}

static double convert(const struct kind *kind, const struct unit *from, double value,
	struct cp_text to, struct cp_text *ret_unit)
{
	double base = value * from->factor;
	const struct unit *unit =
		is_automatic(to) ? natural(kind, base) : find_unit(kind, to);

	*ret_unit = cpi_text(unit ? unit->name : kind->fallback);
	return base / (unit ? unit->factor : kind->factor);
}

double cp_unit_scale(
	double value, struct cp_text from, struct cp_text to, struct cp_text *ret_unit)
{
	struct cp_text ignored;
	double sign = value < 0 ? -1 : 1;

	if (!ret_unit)
		ret_unit = &ignored;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct unit *unit = find_unit(&kinds[i], from);

		if (unit)
			return sign *
			       convert(&kinds[i], unit, sign * value, to, ret_unit);
	}
	*ret_unit = is_dull(to) ? CPI_TEXT("") : to;
	return value;
}

/* Whatever the locale uses, the decimal point is a point. */
static void decimal_point(char *text)
{
	char *from = text, *to = text;

	for (; *from; from++) {
		bool number = (*from >= '0' && *from <= '9') || strchr("+-e% ", *from);

		if (number)
			*to++ = *from;
		else if (to == text || to[-1] != '.')
			*to++ = '.';
	}
	*to = 0;
}

int cp_unit_label(char *buf, unsigned long size, double value, struct cp_text from,
	struct cp_text to)
{
	char number[340];
	struct cp_text unit;
	size_t n;

	value = cp_unit_scale(value, from, to, &unit);
	if (!isfinite(value))
		value = 0;
	snprintf(number, sizeof number, "%.2f", value);
	decimal_point(number);
	n = strlen(number);
	if (n > 3 && !strcmp(number + n - 3, ".00"))
		number[n - 3] = 0;
	if (!strcmp(number, "0") || !strcmp(number, "-0"))
		return snprintf(buf, size, "0");
	return snprintf(buf, size, "%s%.*s", number, (int)unit.n, unit.p);
}

int cp_unit_percent(char *buf, unsigned long size, double value, double total)
{
	double share = total ? fabs(value / total) * 100 : 0;
	char number[340];

	if (share >= 99.95 && share <= 100.05)
		return snprintf(buf, size, "  100%%");
	snprintf(number, sizeof number, share >= 1 ? "%5.2f%%" : "%5.2g%%", share);
	decimal_point(number);
	return snprintf(buf, size, "%s", number);
}

struct cp_text cp_unit_for_report(double smallest, double total, struct cp_text from)
{
	struct cp_text least, most, unit;

	if (smallest == 0)
		smallest = total;
	cp_unit_scale(fabs(smallest), from, CPI_TEXT("minimum"), &least);
	cp_unit_scale(fabs(total), from, CPI_TEXT("minimum"), &most);
	unit = least;
	if (!cpi_text_equal(least, most) && fabs(smallest) * 100 < fabs(total))
		cp_unit_scale(100 * fabs(smallest), from, CPI_TEXT("minimum"), &unit);
	return unit.n ? unit : from;
}

bool cp_unit_compatible(struct cp_text a, struct cp_text b)
{
	return cp_unit_ratio(a, b) != 0;
}

double cp_unit_ratio(struct cp_text from, struct cp_text to)
{
	if (cpi_text_equal(from, to))
		return 1;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct unit *a = find_unit(&kinds[i], from),
				  *b = find_unit(&kinds[i], to);

		if (a && b)
			return a->factor / b->factor;
	}
	return 0;
}
