/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of comma-separated tables, inert by default. */
#include "codec/csv.h"

/* Signs that open a formula, in the width of East Asian text, too. */
static bool opens_formula(struct cp_text text)
{
	uint32_t rune;

	if (!text.n)
		return false;
	(void)cpi_utf8_decode(text.p, text.n, &rune);
	return rune == '=' || rune == '+' || rune == '-' || rune == '@' || rune == '\t' ||
	       rune == '\r' || rune == '\n' || rune == 0xff1d || rune == 0xff0b ||
	       rune == 0xff0d || rune == 0xff20;
}

void cpi_csv_text(struct cpi_sink *sink, struct cp_text text)
{
	cpi_sink_char(sink, '"');
	if (!sink->csv_raw && opens_formula(text))
		cpi_sink_char(sink, '\'');
	for (size_t i = 0, from = 0; i <= text.n; i++) {
		struct cp_text piece = {text.p + from, i - from};

		if (i < text.n && text.p[i] != '"')
			continue;
		if (sink->csv_raw)
			cpi_sink_bytes(sink, piece.p, piece.n);
		else
			cpi_text_escape(sink, piece);
		if (i < text.n)
			cpi_sink_str(sink, "\"\"");
		from = i + 1;
	}
	cpi_sink_char(sink, '"');
}
