/* SPDX-License-Identifier: Apache-2.0 */
/* From a request's bytes to a page and its parameters, past everything that is refused.
 */
#include "cpweb/request.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const param_names[P_COUNT] = {
	[P_FILE] = "file",
	[P_BEFORE] = "before",
	[P_AFTER] = "after",
	[P_FOCUS] = "f",
	[P_IGNORE] = "i",
	[P_HIDE] = "h",
	[P_SHOW] = "s",
	[P_SHOW_FROM] = "sf",
	[P_PRUNE_FROM] = "prunefrom",
	[P_TAGFOCUS] = "tf",
	[P_TAGIGNORE] = "ti",
	[P_TAGSHOW] = "ts",
	[P_TAGHIDE] = "th",
	[P_TAGROOT] = "tagroot",
	[P_TAGLEAF] = "tagleaf",
	[P_SAMPLE_INDEX] = "si",
	[P_NODE_COUNT] = "n",
	[P_NODE_FRACTION] = "nf",
	[P_EDGE_FRACTION] = "ef",
	[P_TRIM] = "trim",
	[P_GRANULARITY] = "g",
	[P_SORT] = "sort",
	[P_UNIT] = "unit",
	[P_RELATIVE] = "rel",
	[P_MEAN] = "mean",
	[P_NOINLINES] = "noinlines",
	[P_SHOWCOLUMNS] = "showcolumns",
	[P_DROP_NEGATIVE] = "dropneg",
	[P_NORMALIZE] = "norm",
	[P_TIME] = "time",
	[P_TIME_B] = "timeb",
	[P_PATTERN] = "q",
	[P_FORMAT] = "to",
	[P_SCALE] = "scale",
	[P_ROOT] = "root",
	[P_ASSEMBLY] = "intel",
	[P_CALLTREE] = "calltree",
	[P_COMPACT] = "compact",
	[P_SOURCES] = "sources",
};

struct route {
	const char *path;
	enum page page;
	bool post;
};

static const struct route routes[] = {
	{"/", PAGE_HOME, false},
	{"/flamegraph", PAGE_FLAME, false},
	{"/flamegraph.data", PAGE_FLAME_DATA, false},
	{"/top", PAGE_TOP, false},
	{"/peek", PAGE_PEEK, false},
	{"/tags", PAGE_TAGS, false},
	{"/symbols", PAGE_SYMBOLS, false},
	{"/info", PAGE_INFO, false},
	{"/diff", PAGE_DIFF, false},
	{"/diffgraph", PAGE_DIFF_FLAME, false},
	{"/diffgraph.data", PAGE_DIFF_FLAME_DATA, false},
	{"/time", PAGE_TIME, false},
	{"/runs", PAGE_RUNS, false},
	{"/run", PAGE_RUN, false},
	{"/graph", PAGE_GRAPH, false},
	{"/source", PAGE_SOURCE, false},
	{"/disasm", PAGE_DISASM, false},
	{"/views", PAGE_VIEWS, false},
	{"/save", PAGE_SAVE, false},
	{"/download", PAGE_DOWNLOAD, false},
	{"/state", PAGE_STATE, false},
	{"/code", PAGE_CODE, true},
	{"/note", PAGE_NOTE, true},
	{"/keepview", PAGE_KEEP_VIEW, true},
	{"/dropview", PAGE_DROP_VIEW, true},
	{"/retry", PAGE_RETRY, true},
	{"/stop", PAGE_STOP, true},
};

enum { N_ROUTES = sizeof routes / sizeof *routes };

const char *request_param_name(enum param param)
{
	return param_names[param];
}

const char *request_page_path(enum page page)
{
	for (size_t i = 0; i < N_ROUTES; i++)
		if (routes[i].page == page)
			return routes[i].path;
	return "/";
}

bool request_yes(const char *value)
{
	static const char *const yes[] = {"t", "true", "1", "y", "yes", "on"};

	for (size_t i = 0; value && i < sizeof yes / sizeof *yes; i++)
		if (!strcasecmp(value, yes[i]))
			return true;
	return false;
}

static void refuse(struct request *r, int status, const char *reason)
{
	r->status = status;
	r->reason = reason;
}

/* Who asks -------------------------------------------------------------------------- */

static bool same_name(const char *a, size_t n, const char *b)
{
	size_t m = strlen(b);

	if (n && a[n - 1] == '.')
		n--;
	if (m && b[m - 1] == '.')
		m--;
	return n == m && n && !strncasecmp(a, b, n);
}

static bool is_address(const char *text, size_t n, int family)
{
	unsigned char bytes[16];
	char copy[64];

	if (n >= sizeof copy)
		return false;
	memcpy(copy, text, n);
	copy[n] = 0;
	return inet_pton(family, copy, bytes) == 1;
}

/* Splits off ":PORT", which is not compared: a tunnel's other end has another one. */
static bool split_port(const char *host, size_t *ret_n)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : NULL;
	const char *colon = strchr(end ? end : host, ':');
	size_t digits;

	if (host[0] == '[' && !end)
		return false;
	*ret_n = colon ? (size_t)(colon - host) : strlen(host);
	if (end && (size_t)(end - host) + 1 != *ret_n)
		return false;
	if (!colon)
		return true;
	digits = strspn(colon + 1, "0123456789");
	return digits <= 5 && !colon[1 + digits];
}

bool request_host_ok(const char *host, const char *const *names, size_t n)
{
	size_t len;

	if (!host || !split_port(host, &len) || !len)
		return false;
	if (host[0] == '[')
		return is_address(host + 1, len - 2, AF_INET6);
	if (is_address(host, len, AF_INET) || same_name(host, len, "localhost"))
		return true;
	for (size_t i = 0; i < n; i++)
		if (same_name(host, len, names[i]))
			return true;
	return false;
}

const char *request_cookie(const char *field, const char *name, size_t *ret_n)
{
	size_t n = strlen(name);

	while (field && *field) {
		field += strspn(field, "; ");
		if (!strncmp(field, name, n) && field[n] == '=') {
			*ret_n = strcspn(field + n + 1, "; ");
			return field + n + 1;
		}
		field = strchr(field, ';');
	}
	return NULL;
}

bool request_same_secret(const char *secret, const char *given, size_t n)
{
	size_t len = strlen(secret);
	unsigned differ = len != n;

	for (size_t i = 0; i < n; i++)
		differ |= (unsigned char)given[i] ^
			  (unsigned char)secret[len ? i % len : 0];
	return !differ && len;
}

static bool origin_is_ours(const char *origin, const char *host)
{
	const char *rest = !strncasecmp(origin, "http://", 7)    ? origin + 7
			   : !strncasecmp(origin, "https://", 8) ? origin + 8
								 : NULL;

	return rest && !strcasecmp(rest, host);
}

/*
 * Another site's page may lead here, and nothing else. What browsers say about it cannot
 * be made up by a page; programs other than browsers say nothing.
 */
static bool site_ok(const struct head *head, const struct request *r)
{
	bool elsewhere = head->site && strcasecmp(head->site, "same-origin") &&
			 strcasecmp(head->site, "none");
	bool navigation =
		r->verb == VERB_GET && head->mode &&
		!strcasecmp(head->mode, "navigate") &&
		(!head->destination || !strcasecmp(head->destination, "document"));

	if (head->origin && !origin_is_ours(head->origin, head->host))
		return false;
	if (elsewhere)
		return navigation;
	/* What changes something must say where it comes from. */
	return r->verb != VERB_POST || head->origin ||
	       (head->site && !strcasecmp(head->site, "same-origin"));
}

/* What is asked --------------------------------------------------------------------- */

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Decodes n bytes in place and ends them with NUL; false for what no browser sends. */
static bool decode(char *text, size_t n, bool plus)
{
	size_t to = 0;

	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (c == '%') {
			if (n - i < 3 || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0)
				return false;
			c = (char)(hex(text[i + 1]) << 4 | hex(text[i + 2]));
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (!c)
			return false;
		text[to++] = c;
	}
	text[to] = 0;
	return true;
}

static bool take_pair(struct request *r, char *pair, size_t n, const char **ret_token)
{
	char *equals = memchr(pair, '=', n);
	size_t name = equals ? (size_t)(equals - pair) : n;
	char *value = pair + (equals ? name + 1 : n);

	if (equals && !decode(value, n - name - 1, true))
		return false;
	if (!equals)
		*value = 0;
	pair[name] = 0;
	if (!strcmp(pair, "token") && !*ret_token)
		*ret_token = value;
	for (enum param p = 0; p < P_COUNT; p++)
		if (!strcmp(param_names[p], pair) && !r->value[p] && *value)
			r->value[p] = value;
	return true;
}

static bool take_query(struct request *r, char *query, const char **ret_token)
{
	while (query && *query) {
		size_t n = strcspn(query, "&");
		char *next = query[n] ? query + n + 1 : NULL;

		/* The byte behind it is overwritten by its NUL. */
		query[n] = 0;
		if (!take_pair(r, query, n, ret_token))
			return false;
		query = next;
	}
	return true;
}

/* The same address without the token. */
static void go_on_without(struct request *r, const char *path, const char *target)
{
	const char *query = strchr(target, '?');
	char mark = '?';

	r->redirect = true;
	buf_str(&r->location, path);
	while (query && *query) {
		size_t n = strcspn(++query, "&");

		if (n && strncmp(query, "token=", 6)) {
			buf_char(&r->location, mark);
			buf_add(&r->location, query, n);
			mark = '&';
		}
		query += n;
	}
}

/* pprof keeps its pages below /ui/, and its links are to work here. */
static const char *without_ui(const char *path)
{
	if (!strcmp(path, "/ui"))
		return "/";
	return strncmp(path, "/ui/", 4) ? path : path + 3;
}

static const struct route *find_route(const char *path)
{
	path = without_ui(path);
	for (size_t i = 0; i < N_ROUTES; i++)
		if (!strcmp(routes[i].path, path))
			return &routes[i];
	return NULL;
}

static bool is_number(const char *text)
{
	char *end;

	if (!text)
		return true;
	strtod(text, &end);
	return end != text && !*end && strlen(text) < 32;
}

static void check_values(struct request *r)
{
	static const enum param numbers[] = {
		P_NODE_COUNT, P_NODE_FRACTION, P_EDGE_FRACTION};
	static const char *const granularities[] = {
		"functions", "filefunctions", "files", "lines", "addresses"};
	bool known = !r->value[P_GRANULARITY];

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (!is_number(r->value[numbers[i]])) {
			refuse(r, 400, "this is no number");
			r->wrong = numbers[i];
		}
	for (size_t i = 0; !known && i < sizeof granularities / sizeof *granularities;
		i++)
		known = !strcmp(r->value[P_GRANULARITY], granularities[i]);
	if (!known) {
		refuse(r, 400, "functions, filefunctions, files, lines or addresses");
		r->wrong = P_GRANULARITY;
	}
}

static void check_method(struct request *r, const struct route *route)
{
	if (!route)
		refuse(r, 404, "there is no such page");
	else if (r->verb == VERB_OTHER || (r->verb == VERB_POST) != route->post)
		refuse(r, 405,
			route->post ? "this page takes POST" : "this page takes GET");
	else
		r->page = route->page;
}

static void check_token(const struct head *head, const struct doors *doors,
	const char *token, const char *path, struct request *r)
{
	const char *cookie;
	size_t n = 0;

	if (!doors->token) {
		r->trusted = true;
		return;
	}
	cookie = request_cookie(head->cookie, doors->cookie, &n);
	r->trusted = cookie && request_same_secret(doors->token, cookie, n);
	if (token && request_same_secret(doors->token, token, strlen(token))) {
		r->trusted = true;
		if (r->verb == VERB_GET)
			go_on_without(r, path, head->target);
	}
}

static enum verb find_verb(const char *method)
{
	return !strcmp(method, "GET")    ? VERB_GET
	       : !strcmp(method, "HEAD") ? VERB_HEAD
	       : !strcmp(method, "POST") ? VERB_POST
					 : VERB_OTHER;
}

/* Path and query, decoded; *ret_path stays as it came. */
static bool take_target(const struct head *head, struct request *r,
	const struct route **ret_route, const char **ret_token)
{
	char *query;

	r->text = strdup(head->target);
	if (!r->text || r->text[0] != '/')
		return false;
	query = strchr(r->text, '?');
	if (query)
		*query++ = 0;
	if (!decode(r->text, strlen(r->text), false))
		return false;
	*ret_route = find_route(r->text);
	return take_query(r, query, ret_token);
}

void request_parse(const struct head *head, const struct doors *doors, struct request *r)
{
	const struct route *route = NULL;
	const char *token = NULL;

	*r = (struct request){.verb = find_verb(head->method), .wrong = P_COUNT};
	if (strlen(head->target) > REQUEST_URL)
		refuse(r, 414, "the address is longer than 8 KB");
	else if (head->hosts != 1 || !head->host)
		refuse(r, 400, "one Host field is needed");
	else if (!request_host_ok(head->host, doors->names, doors->n_names))
		refuse(r, 421, "this name is not mine; --allow-host NAME lets it in");
	else if (!site_ok(head, r))
		refuse(r, 403, "another site's page asked for this");
	else if (!take_target(head, r, &route, &token))
		refuse(r, 400, "the address is not well-formed");
	if (r->status)
		return;
	check_method(r, route);
	check_token(head, doors, token, route ? route->path : "/", r);
	/* pprof's pages of one function have its name as their focus. */
	if (!r->value[P_PATTERN] && (r->page == PAGE_PEEK || r->page == PAGE_SOURCE ||
					    r->page == PAGE_DISASM))
		r->value[P_PATTERN] = r->value[P_FOCUS];
	if (!r->trusted && r->page != PAGE_CODE)
		refuse(r, 401, "the code that the terminal shows is needed");
	if (!r->status && !r->redirect)
		check_values(r);
}

void request_release(struct request *r)
{
	free(r->text);
	buf_release(&r->location);
	r->text = NULL;
}

void request_canonical(const struct request *r, struct buf *buf)
{
	char mark = '?';

	for (enum param p = 0; p < P_COUNT; p++) {
		if (!r->value[p])
			continue;
		buf_printf(buf, "%c%s=", mark, param_names[p]);
		buf_url(buf, r->value[p], strlen(r->value[p]));
		mark = '&';
	}
}

bool request_field(const char *body, size_t n, const char *name, struct buf *ret)
{
	size_t len = strlen(name);

	while (n) {
		const char *amp = memchr(body, '&', n);
		size_t part = amp ? (size_t)(amp - body) : n;

		if (part > len && !memcmp(body, name, len) && body[len] == '=') {
			buf_add(ret, body + len + 1, part - len - 1);
			if (ret->failed || !decode(ret->p, ret->n, true))
				return false;
			ret->n = strlen(ret->p);
			return true;
		}
		body += part + (amp ? 1 : 0);
		n -= part + (amp ? 1 : 0);
	}
	return false;
}
