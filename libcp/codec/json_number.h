/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_JSON_NUMBER_H
#define CPI_JSON_NUMBER_H

/* JSON's numbers from their digits, exact where the caller can use it. */

#include <stdbool.h>
#include <stdint.h>

struct cpi_json_number {
	const uint8_t *text; /* from the sign on */
	unsigned n;          /* bytes of it; at most CPI_JR_DIGITS */
	bool negative;
	bool whole;       /* nothing was cut off `mantissa` */
	uint64_t mantissa; /* as many digits as 64 bits hold, 19 or 20 */
	int64_t exponent; /* the number is mantissa * 10^exponent, when whole */
};

/* Reads one at *at and steps behind it; false, *at untouched, when there is none. */
bool cpi_json_number(const uint8_t **at, const uint8_t *end, struct cpi_json_number *ret);

/* False when it is no whole number, or one that does not fit. */
bool cpi_json_number_i64(const struct cpi_json_number *x, int64_t *ret);
bool cpi_json_number_u64(const struct cpi_json_number *x, uint64_t *ret);
/* x * 10^decimals, half to even; false beyond 63 bits. */
bool cpi_json_number_decimal(
	const struct cpi_json_number *x, unsigned decimals, int64_t *ret, bool *ret_exact);
unsigned cpi_json_number_decimals(const struct cpi_json_number *x);
double cpi_json_number_double(const struct cpi_json_number *x);

#endif
