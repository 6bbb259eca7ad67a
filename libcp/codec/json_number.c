/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of JSON. Nearly all are short whole ones, so digits go into 64 bits first; what
 * does not fit there exactly is looked at again as text.
 */
#include "codec/json_number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json_read.h"

enum { MOST_POWER = 19 }; /* 10^19 fits into 64 bits */

static const uint64_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000,
	100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000,
	100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
	1000000000000000000, 10000000000000000000U};

struct digits {
	struct cpi_json_number *x;
	bool full; /* the mantissa takes no more */
};

static inline bool is_digit(const uint8_t *p, const uint8_t *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

/* A digit before (`point` 0) or behind (1) the point. */
static inline void digit(struct digits *d, unsigned value, int point)
{
	struct cpi_json_number *x = d->x;

	if (!d->full && x->mantissa <= (UINT64_MAX - value) / 10) {
		x->mantissa = x->mantissa * 10 + value;
		x->exponent -= point;
		return;
	}
	d->full = true;
	if (value)
		x->whole = false;
	x->exponent += !point;
}

/* "e+12" at p, if it is there. Beyond any number of interest it is cut. */
static const uint8_t *exponent(const uint8_t *p, const uint8_t *end, int64_t *ret)
{
	const uint8_t *from = p;
	int64_t x = 0;
	bool negative;

	if (p == end || (*p | 0x20) != 'e')
		return p;
	p++;
	negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (!is_digit(p, end))
		return from;
	for (; is_digit(p, end); p++)
		if (x < 100000)
			x = x * 10 + (*p - '0');
	*ret += negative ? -x : x;
	return p;
}

bool cpi_json_number(const uint8_t **at, const uint8_t *end, struct cpi_json_number *ret)
{
	const uint8_t *p = *at;
	struct digits d = {ret, false};

	*ret = (struct cpi_json_number){.text = p, .whole = true};
	if (p < end && *p == '-') {
		ret->negative = true;
		p++;
	}
	if (!is_digit(p, end) || (*p == '0' && is_digit(p + 1, end)))
		return false;
	for (; is_digit(p, end); p++)
		digit(&d, *p - '0', 0);
	if (p < end && *p == '.' && is_digit(p + 1, end))
		for (p++; is_digit(p, end); p++)
			digit(&d, *p - '0', 1);
	p = exponent(p, end, &ret->exponent);
	if (p - *at > CPI_JR_DIGITS)
		return false;
	ret->n = (unsigned)(p - *at);
	*at = p;
	return true;
}

/* The number without sign as a whole one. */
static bool magnitude(const struct cpi_json_number *x, uint64_t *ret)
{
	if (!x->whole)
		return false;
	if (x->exponent < 0) {
		uint64_t by;

		if (!x->mantissa)
			return *ret = 0, true;
		if (x->exponent < -MOST_POWER)
			return false;
		by = tens[-x->exponent];
		*ret = x->mantissa / by;
		return x->mantissa % by == 0;
	}
	if (!x->mantissa)
		return *ret = 0, true;
	return x->exponent <= MOST_POWER &&
		!__builtin_mul_overflow(x->mantissa, tens[x->exponent], ret);
}

static bool with_sign(uint64_t abs, bool negative, int64_t *ret)
{
	if (abs > (uint64_t)INT64_MAX + negative)
		return false;
	*ret = negative ? (int64_t)(0 - abs) : (int64_t)abs;
	return true;
}

bool cpi_json_number_i64(const struct cpi_json_number *x, int64_t *ret)
{
	uint64_t abs;

	return magnitude(x, &abs) && with_sign(abs, x->negative, ret);
}

bool cpi_json_number_u64(const struct cpi_json_number *x, uint64_t *ret)
{
	uint64_t abs;

	if (!magnitude(x, &abs) || (x->negative && abs))
		return false;
	*ret = abs;
	return true;
}

bool cpi_json_number_decimal(
	const struct cpi_json_number *x, unsigned decimals, int64_t *ret, bool *ret_exact)
{
	struct cpi_json_number scaled = *x;
	uint64_t abs, by, rest;

	scaled.exponent += decimals;
	*ret_exact = true;
	if (magnitude(&scaled, &abs))
		return with_sign(abs, x->negative, ret);
	*ret_exact = false;
	if (scaled.exponent > 0) /* 20 digits or more before the point */
		return false;
	if (!scaled.exponent)
		return with_sign(scaled.mantissa, x->negative, ret);
	if (scaled.exponent < -MOST_POWER)
		return *ret = 0, true;
	by = tens[-scaled.exponent];
	abs = scaled.mantissa / by;
	rest = scaled.mantissa % by;
	/* What was cut off the mantissa makes the rest larger, so half is more than half. */
	if (rest > by / 2 || (rest == by / 2 && by > 1 && (abs & 1 || !x->whole)))
		abs++;
	return with_sign(abs, x->negative, ret);
}

unsigned cpi_json_number_decimals(const struct cpi_json_number *x)
{
	uint64_t mantissa = x->mantissa;
	int64_t exponent = x->exponent;

	while (exponent < 0 && mantissa % 10 == 0 && mantissa) {
		mantissa /= 10;
		exponent++;
	}
	if (exponent >= 0 || !mantissa)
		return 0;
	return exponent < -18 ? 18 : (unsigned)-exponent;
}

/*
 * Up to 2^53 and 10^22 a double holds both factors, and one rounding is the right one
 * (W. D. Clinger, "How to read floating point numbers accurately", 1990). The rest is for
 * strtod, in the C locale's spelling whatever the locale's decimal point is.
 */
double cpi_json_number_double(const struct cpi_json_number *x)
{
	static const double exact[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
		1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
		1e22};
	char text[64 + CPI_JR_DIGITS];
	const uint8_t *end = x->text + x->n, *p = x->text, *point;
	int64_t power = 0;
	unsigned n = 0;
	double d;

	if (x->whole && x->mantissa <= 1ULL << 53 && x->exponent >= -22 &&
		x->exponent <= 22) {
		d = (double)x->mantissa;
		d = x->exponent < 0 ? d / exact[-x->exponent] : d * exact[x->exponent];
		return x->negative ? -d : d;
	}
	/* The digits without a point, which a locale could spell otherwise. */
	for (; p < end && (*p | 0x20) != 'e'; p++)
		if (*p != '.')
			text[n++] = (char)*p;
	point = memchr(x->text, '.', x->n);
	if (point)
		power = point + 1 - p;
	(void)exponent(p, end, &power);
	snprintf(text + n, sizeof text - n, "e%lld", (long long)power);
	return strtod(text, NULL);
}
