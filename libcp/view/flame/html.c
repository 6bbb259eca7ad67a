/* SPDX-License-Identifier: Apache-2.0 */
/* A flame graph as a page. */
#include "view/flame/flame.h"

/*
 * The page: data, styles, script, nothing else. Its policy names the hashes of the
 * embedded script and styles, so nothing in a name could run even if it got out.
 */
enum cp_code cpi_flame_html(
	struct cpi_flame *flame, struct cpi_sink *sink, struct cp_error *err)
{
	enum cp_code code;

	cpi_sink_str(sink,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		"'none'; "
		"base-uri 'none'; form-action 'none'; script-src '");
	cpi_sink_str(sink, cpi_asset_page.hash);
	cpi_sink_str(sink, "'; style-src '");
	cpi_sink_str(sink, cpi_asset_style.hash);
	cpi_sink_str(sink, "'\">\n<meta name=\"viewport\" content=\"width=device-width, "
		"initial-scale=1\">\n<title>");
	cpi_draw_escape(sink, cpi_text(flame->title));
	cpi_sink_str(sink, "</title>\n<style>");
	cpi_sink_bytes(sink, cpi_asset_style.bytes, cpi_asset_style.n);
	cpi_sink_str(sink, "</style>\n</head>\n<body>\n<noscript>This page draws ");
	cpi_draw_escape(sink, cpi_text(flame->title));
	cpi_sink_str(sink,
		" with its own script; the SVG form works without one.</noscript>\n"
		"<script type=\"text/plain\" id=\"cp-flame\">");
	code = cpi_flame_data(flame, sink, err);
	cpi_sink_str(sink, "</script>\n<script>");
	cpi_sink_bytes(sink, cpi_asset_page.bytes, cpi_asset_page.n);
	cpi_sink_str(sink, "</script>\n</body>\n</html>\n");
	return code;
}
