/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_UNITS_H
#define CP_UNITS_H

/*
 * How values with units are scaled and printed: pprof's rules, so that numbers read the
 * same in both. Known units, with their usual aliases and without regard to case or a
 * plural s: B kB MB GB TB PB (powers of 1024), ns us ms s hrs, n*GCU … P*GCU. Numbers
 * print with a decimal point whatever the locale.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cp/text.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Converts `value` from one unit to another and names the unit reached. `to` may be
 * "minimum" or "auto": the largest unit of which there is at least one. An unknown `to`
 * means the kind's default (B, s, GCU). When `from` is unknown the value stays, under the
 * unit `to`, or none when that is uninteresting (count, sample, unit, minimum, auto).
 * *ret_unit (may be NULL) borrows `to` or is constant.
 */
double cp_unit_scale(
	double value, struct cp_text from, struct cp_text to, struct cp_text *ret_unit);

/*
 * The value scaled and written as "12.50MB": two decimals, ".00" left out, zero as "0".
 * Writes at most `size` bytes with a NUL; returns the untruncated length.
 */
int cp_unit_label(char *buf, unsigned long size, double value, struct cp_text from,
	struct cp_text to);

/* "12.34%", " 5.6%", "  100%": the absolute share of a total, as pprof's columns show it. */
int cp_unit_percent(char *buf, unsigned long size, double value, double total);

/*
 * The unit for a whole report of values in `from` when the user asked for "minimum": that
 * of the smallest value shown, or of 100 times it when the total is larger than that.
 */
struct cp_text cp_unit_for_report(double smallest, double total, struct cp_text from);

/* True when both are known and of one kind, or the same bytes. */
bool cp_unit_compatible(struct cp_text a, struct cp_text b);

/* How many `to` one `from` is; 0 when they are not of one kind. Equal texts give 1. */
double cp_unit_ratio(struct cp_text from, struct cp_text to);

#ifdef __cplusplus
}
#endif
#endif
