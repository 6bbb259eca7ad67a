/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON. */
#include "codec/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void cpi_json_init(struct cpi_json *json, struct cpi_sink *sink)
{
	memset(json, 0, sizeof *json);
	json->sink = sink;
}

void cpi_json_finish(struct cpi_json *json)
{
	cpi_sink_char(json->sink, '\n');
}

static void new_line(struct cpi_json *json)
{
	if (json->inline_[json->depth])
		return;
	cpi_sink_char(json->sink, '\n');
	cpi_sink_pad(json->sink, ' ', 2 * (size_t)json->depth);
}

/* What stands between this value and what is before it. */
static void before_value(struct cpi_json *json)
{
	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (!json->depth)
		return;
	if (json->some[json->depth])
		cpi_sink_str(json->sink, json->inline_[json->depth] ? ", " : ",");
	json->some[json->depth] = true;
	new_line(json);
}

void cpi_json_begin(struct cpi_json *json, char c, bool on_one_line)
{
	before_value(json);
	cpi_sink_char(json->sink, c);
	if (json->depth + 1 < CPI_JSON_DEPTH)
		json->depth++;
	json->some[json->depth] = false;
	json->inline_[json->depth] = on_one_line || json->inline_[json->depth - 1];
}

void cpi_json_end(struct cpi_json *json, char c)
{
	bool some = json->some[json->depth], one_line = json->inline_[json->depth];

	json->depth--;
	if (some && !one_line) {
		cpi_sink_char(json->sink, '\n');
		cpi_sink_pad(json->sink, ' ', 2 * (size_t)json->depth);
	}
	cpi_sink_char(json->sink, c);
}

void cpi_json_key_text(struct cpi_json *json, struct cp_text key)
{
	before_value(json);
	cpi_json_quote(json->sink, key);
	cpi_sink_str(json->sink, ": ");
	json->after_key = true;
}

void cpi_json_key(struct cpi_json *json, const char *key)
{
	cpi_json_key_text(json, cpi_text(key));
}

void cpi_json_quote(struct cpi_sink *sink, struct cp_text text)
{
	uint32_t rune;
	unsigned used;

	cpi_sink_char(sink, '"');
	for (size_t i = 0; i < text.n; i += used) {
		used = cpi_utf8_decode(text.p + i, text.n - i, &rune);
		if (rune == CPI_RUNE_BAD && used == 1)
			cpi_sink_printf(sink, "\\\\x%02x", (unsigned char)text.p[i]);
		else if (rune == '"' || rune == '\\')
			cpi_sink_printf(sink, "\\%c", (char)rune);
		else if (rune == '\n')
			cpi_sink_str(sink, "\\n");
		else if (rune == '\t')
			cpi_sink_str(sink, "\\t");
		else if (rune < 0x20 || rune == '<' || rune == 0x7f || rune == 0x2028 ||
			 rune == 0x2029)
			cpi_sink_printf(sink, "\\u%04x", (unsigned)rune);
		else
			cpi_sink_bytes(sink, text.p + i, used);
	}
	cpi_sink_char(sink, '"');
}

void cpi_json_text(struct cpi_json *json, struct cp_text text)
{
	before_value(json);
	cpi_json_quote(json->sink, text);
}

void cpi_json_str(struct cpi_json *json, const char *text)
{
	cpi_json_text(json, cpi_text(text));
}

void cpi_json_i64(struct cpi_json *json, int64_t x)
{
	before_value(json);
	cpi_sink_i64(json->sink, x);
}

void cpi_json_u64(struct cpi_json *json, uint64_t x)
{
	before_value(json);
	cpi_sink_u64(json->sink, x);
}

void cpi_json_decimal(struct cpi_json *json, int64_t x, unsigned decimals)
{
	before_value(json);
	cpi_sink_decimal(json->sink, x, decimals);
}

void cpi_json_double(struct cpi_json *json, double x)
{
	char digits[32];
	int precision = 6;

	if (!isfinite(x)) {
		cpi_json_null(json);
		return;
	}
	before_value(json);
	if (x == floor(x) && fabs(x) < 1e15) {
		cpi_sink_i64(json->sink, (int64_t)x);
		return;
	}
	/* The locale's decimal point must not get in: put a '.' where it stood. */
	do
		snprintf(digits, sizeof digits, "%.*g", precision, x);
	while (strtod(digits, NULL) != x && ++precision <= 17);
	for (char *p = digits; *p; p++)
		if (*p == ',')
			*p = '.';
	cpi_sink_str(json->sink, digits);
}

void cpi_json_bool(struct cpi_json *json, bool x)
{
	before_value(json);
	cpi_sink_str(json->sink, x ? "true" : "false");
}

void cpi_json_null(struct cpi_json *json)
{
	before_value(json);
	cpi_sink_str(json->sink, "null");
}
