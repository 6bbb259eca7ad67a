/* SPDX-License-Identifier: Apache-2.0 */
/* The frame that all pages have: head, policy, description, script. */
#include "cpweb/page.h"

#include <string.h>

#include <cp/flame.h>
#include <cp/graph.h>

#include "cpweb/view.h"

view_fn *page_function(enum page page)
{
	static view_fn *const functions[PAGE_COUNT] = {
		[PAGE_FLAME] = view_flame,
		[PAGE_FLAME_DATA] = view_flame_data,
		[PAGE_TOP] = view_top,
		[PAGE_PEEK] = view_peek,
		[PAGE_TAGS] = view_tags,
		[PAGE_SYMBOLS] = view_symbols,
		[PAGE_INFO] = view_info,
		[PAGE_DOWNLOAD] = view_download,
		[PAGE_DIFF] = view_diff,
		[PAGE_DIFF_FLAME] = view_diff_flame,
		[PAGE_DIFF_FLAME_DATA] = view_diff_flame_data,
		[PAGE_TIME] = view_time,
		[PAGE_GRAPH] = view_graph,
		[PAGE_SOURCE] = view_source,
		[PAGE_DISASM] = view_disasm,
		[PAGE_RUNS] = view_runs,
		[PAGE_RUN] = view_run,
		[PAGE_SAVE] = view_save,
	};

	return functions[page] ? functions[page] : view_nothing;
}

/*
 * Nothing runs and nothing is fetched but what is named here. Every script and style
 * stands in its page, so names of hashes are enough.
 */
void page_policy_init(struct buf *policy)
{
	const char *script, *style, *graph_script, *graph_style;

	cp_flame_asset(CP_FLAME_SCRIPT, &script);
	cp_flame_asset(CP_FLAME_STYLE, &style);
	cp_graph_asset(CP_GRAPH_SCRIPT, &graph_script);
	cp_graph_asset(CP_GRAPH_STYLE, &graph_style);
	buf_printf(policy,
		"default-src 'none'; script-src '%s' '%s' '%s' '%s' '%s'; "
		"style-src '%s' '%s' '%s'; "
		"connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'",
		script, graph_script, asset_app.hash, asset_door.hash, asset_wait.hash,
		style, graph_style, asset_style.hash);
}

void page_begin(struct buf *buf, const char *title)
{
	struct cp_text style = cp_flame_asset(CP_FLAME_STYLE, NULL);

	buf_str(buf,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, "
		"initial-scale=1\">\n"
		"<title>");
	buf_html(buf, title, strlen(title));
	buf_str(buf, "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>");
	buf_add(buf, style.p, style.n);
	buf_str(buf, "</style>\n<style>");
	buf_add(buf, asset_style.bytes, asset_style.n);
	buf_str(buf, "</style>\n</head>\n<body>\n"
		     "<noscript>These pages are drawn by their own script; cpreport and "
		     "cpflame "
		     "show the same without one.</noscript>\n");
}

void page_end(struct buf *buf, const char *config, const struct asset *script)
{
	if (config) {
		buf_str(buf, "<script type=\"application/json\" id=\"cp-page\">");
		buf_str(buf, config);
		buf_str(buf, "</script>\n");
	}
	if (script) {
		buf_str(buf, "<script>");
		buf_add(buf, script->bytes, script->n);
		buf_str(buf, "</script>\n");
	}
	buf_str(buf, "</body>\n</html>\n");
}

static const char *status_words(int status)
{
	switch (status) {
	case 400:
		return "This request makes no sense";
	case 401:
		return "Who is there?";
	case 403:
	case 421:
		return "Refused";
	case 404:
		return "Not here";
	case 405:
		return "Not this way";
	case 413:
	case 414:
	case 431:
		return "Too long";
	case 429:
	case 503:
		return "Busy";
	default:
		return "This did not work";
	}
}

void page_sentence(struct buf *buf, int status, const char *sentence, const char *hint)
{
	page_begin(buf, status_words(status));
	buf_printf(
		buf, "<main class=\"sentence\"><h1>%s</h1>\n<p>", status_words(status));
	buf_html(buf, sentence, strlen(sentence));
	buf_str(buf, "</p>\n");
	if (hint) {
		buf_str(buf, "<p>");
		buf_html(buf, hint, strlen(hint));
		buf_str(buf, "</p>\n");
	}
	buf_str(buf, "<p><a href=\"/\">To the start</a></p></main>\n");
	page_end(buf, NULL, NULL);
}

void page_wait(struct buf *buf)
{
	page_begin(buf, "Taking a profile…");
	buf_str(buf,
		"<main class=\"sentence\"><h1>Taking a profile</h1>\n"
		"<ul id=\"wait-list\"></ul>\n"
		"<p><button type=\"button\" id=\"wait-stop\">Stop, and keep what came"
		"</button></p>\n<p id=\"wait-said\" class=\"wrong\" role=\"alert\"></p>\n"
		"<p class=\"dim\">The picture comes here by itself; the file stays on "
		"the "
		"machine that takes it.</p></main>\n");
	page_end(buf, NULL, &asset_wait);
}

void page_door(struct buf *buf)
{
	page_begin(buf, "cpweb");
	buf_str(buf, "<main class=\"sentence\"><h1>Who is there?</h1>\n"
		     "<p>The terminal in which cpweb was started shows a link, and a "
		     "short code. "
		     "The link needs no code.</p>\n"
		     "<form id=\"door\"><label>Code <input id=\"code\" name=\"code\" "
		     "autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\" "
		     "placeholder=\"abc-def\" required autofocus></label> "
		     "<button type=\"submit\">Let me in</button></form>\n"
		     "<p id=\"said\" role=\"alert\"></p></main>\n");
	page_end(buf, NULL, &asset_door);
}
