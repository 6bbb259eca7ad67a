/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_CSV_H
#define CPI_CSV_H

#include "base/sink.h"
#include "base/text.h"

/* A quoted field of RFC 4180: quotes doubled, other bytes as they are. */
void cpi_csv_text(struct cpi_sink *sink, struct cp_text text);

#endif
