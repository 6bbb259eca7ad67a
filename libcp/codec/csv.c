/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/csv.h"

void cpi_csv_text(struct cpi_sink *sink, struct cp_text text)
{
	cpi_sink_char(sink, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			cpi_sink_char(sink, '"');
		cpi_sink_char(sink, text.p[i]);
	}
	cpi_sink_char(sink, '"');
}
