/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_CSV_H
#define CPI_CSV_H

#include "base/sink.h"
#include "base/text.h"

/*
 * A quoted field of RFC 4180. Spreadsheets run a field that begins as a formula does, in
 * quotes or not, and people open these tables there: such a field gets an apostrophe in
 * front, which they take for "this is text". Control characters and what is not UTF-8
 * become \xNN. With sink->csv_raw quotes are doubled and other bytes stay as they are.
 */
void cpi_csv_text(struct cpi_sink *sink, struct cp_text text);

#endif
