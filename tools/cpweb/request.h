/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_REQUEST_H
#define CPW_REQUEST_H

/*
 * What a request asks for, and whether it may. Knows no socket: everything here is a
 * function of the bytes that came, and the fuzz target calls it with any.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpweb/buf.h"

enum { REQUEST_URL = 8 << 10, REQUEST_BODY = 64 << 10 };

enum page {
	PAGE_NONE,
	PAGE_HOME,
	PAGE_FLAME,
	PAGE_FLAME_DATA,
	PAGE_TOP,
	PAGE_PEEK,
	PAGE_TAGS,
	PAGE_SYMBOLS,
	PAGE_INFO,
	PAGE_DIFF,
	PAGE_DIFF_FLAME,
	PAGE_DIFF_FLAME_DATA,
	PAGE_TIME,
	PAGE_RUNS,
	PAGE_GRAPH,
	PAGE_SOURCE,
	PAGE_DISASM,
	PAGE_RUN,   /* one row of them */
	PAGE_VIEWS, /* the kept views */
	PAGE_SAVE,
	PAGE_DOWNLOAD,
	PAGE_STATE,
	/* What changes something, by POST. */
	PAGE_CODE,
	PAGE_NOTE,
	PAGE_KEEP_VIEW,
	PAGE_DROP_VIEW,
	PAGE_RETRY,
	PAGE_STOP,
	PAGE_COUNT
};

/* Parameters of a view; pprof's names where it has one (table in request.c). */
enum param {
	P_FILE,   /* which of the open files, by name */
	P_BEFORE, /* diff: the files of the side before */
	P_AFTER,
	P_FOCUS,
	P_IGNORE,
	P_HIDE,
	P_SHOW,
	P_SHOW_FROM,
	P_PRUNE_FROM,
	P_TAGFOCUS,
	P_TAGIGNORE,
	P_TAGSHOW,
	P_TAGHIDE,
	P_TAGROOT,
	P_TAGLEAF,
	P_SAMPLE_INDEX,
	P_NODE_COUNT,
	P_NODE_FRACTION,
	P_EDGE_FRACTION,
	P_TRIM,
	P_GRANULARITY,
	P_SORT,
	P_UNIT,
	P_RELATIVE,
	P_MEAN,
	P_NOINLINES,
	P_SHOWCOLUMNS,
	P_DROP_NEGATIVE,
	P_NORMALIZE,
	P_TIME,     /* "FROM,TO", as --time */
	P_TIME_B,   /* a second span, compared with the first */
	P_PATTERN,  /* peek: of which functions */
	P_FORMAT,   /* of what is saved: html svg csv json pprof */
	P_SCALE,    /* diff */
	P_ROOT,     /* flame graph: auto comm pid tid none */
	P_ASSEMBLY, /* Intel's syntax */
	P_CALLTREE, /* pprof: of the graph; ours draws call trees as flame graphs */
	P_COMPACT,  /* pprof: no lines about the profile */
	P_SOURCES,  /* of what is saved: with source */
	P_COUNT
};

enum verb { VERB_OTHER, VERB_GET, VERB_HEAD, VERB_POST };

/* The parts of a request that are looked at; NULL: not there. */
struct head {
	const char *method, *target;
	const char *host, *origin, *site, *mode, *destination, *cookie;
	unsigned hosts; /* Host fields; more than one is a trick */
};

/* Who is let in; borrowed. */
struct doors {
	const char *const *names; /* --allow-host */
	size_t n_names;
	const char *cookie; /* name of the cookie with the token */
	const char *token;  /* NULL: everybody */
};

struct request {
	enum verb verb;
	enum page page;
	const char *value[P_COUNT]; /* in `text`; NULL: not given */
	char *text;
	int status;         /* 0: go on; else the answer's */
	const char *reason; /* a sentence */
	enum param wrong;   /* whose value is wrong; P_COUNT: none */
	bool trusted;       /* has the token, or none is asked for */
	bool redirect;      /* to `location`, after taking the token off the address */
	struct buf location;
};

/*
 * Fills *request. What is wrong is in status and reason: the path, the method, the host,
 * another site's page, a value. Only a trusted request goes on to a page.
 */
void request_parse(
	const struct head *head, const struct doors *doors, struct request *request);
void request_release(struct request *request);

/* Whether a Host field names this server (see web.md E3): localhost, an address, or one
 * of the names. */
bool request_host_ok(const char *host, const char *const *names, size_t n);
/* The value of a cookie: its start in the field and its length; NULL: not there. */
const char *request_cookie(const char *field, const char *name, size_t *ret_n);
/* Compares without telling by its time where texts differ. */
bool request_same_secret(const char *secret, const char *given, size_t n);

/* The parameter's name in addresses. */
const char *request_param_name(enum param param);
/* "/top" */
const char *request_page_path(enum page page);
/* Whether the value means yes, as pprof reads it. */
bool request_yes(const char *value);
/* Appends the view's parameters in their fixed order, without what is empty: the cache's
 * key. */
void request_canonical(const struct request *request, struct buf *buf);
/* The value of a field in a form's body (application/x-www-form-urlencoded), decoded. */
bool request_field(const char *body, size_t n, const char *name, struct buf *ret);

#endif
