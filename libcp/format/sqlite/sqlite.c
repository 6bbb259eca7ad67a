/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the database. It is made in memory and handed on whole, so that a failure leaves
 * nothing half written wherever it goes.
 */
#include "format/sqlite/sqlite.h"

#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/library.h"
#include "model/name.h"

/* What is called of SQLite, under the names without sqlite3_. */
#define CALLED(X)                                                                        \
	X(open_v2)                                                                       \
	X(close)                                                                         \
	X(exec)                                                                          \
	X(prepare_v2)                                                                    \
	X(bind_int64)                                                                    \
	X(bind_null)                                                                     \
	X(bind_text)                                                                     \
	X(step)                                                                          \
	X(reset)                                                                         \
	X(finalize)                                                                      \
	X(errcode)                                                                       \
	X(errmsg)                                                                        \
	X(errstr)                                                                        \
	X(serialize)                                                                     \
	X(free)

static struct {
#define X(name) __typeof__(sqlite3_##name) *name;
	CALLED(X)
#undef X
	bool there;
} sqlite;

static void load(void)
{
#ifdef CPI_LINKED_WHOLE
#define X(name) sqlite.name = sqlite3_##name;
	CALLED(X)
	sqlite.there = true;
#else
#define X(name) {"sqlite3_" #name, &sqlite.name},
	const struct cpi_library_function functions[] = {CALLED(X)};

	sqlite.there = cpi_library_open(
		"libsqlite3.so.0", functions, sizeof functions / sizeof *functions);
#endif
#undef X
}

static bool loaded(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	return !pthread_once(&once, load) && sqlite.there;
}

/*
 * The schema, as every database says it, too: SQLite keeps remarks inside of statements.
 * Addresses beyond 2^63 are negative, as SQLite's numbers are; printf('%x', …) shows
 * them.
 */
static const char schema[] =
	"CREATE TABLE meta (-- what stands once: schema, period, time, duration, "
	"comments\n"
	"  key TEXT NOT NULL, value);\n"
	"CREATE TABLE sample_types (-- the columns value_ID of samples\n"
	"  id INTEGER PRIMARY KEY, type TEXT, unit TEXT,\n"
	"  decimals INTEGER, -- values are whole numbers of 10^-decimals\n"
	"  is_default INTEGER);\n"
	"CREATE TABLE mappings (-- files, as they stood in memory\n"
	"  id INTEGER PRIMARY KEY, path TEXT, build_id TEXT,\n"
	"  start INTEGER, \"limit\" INTEGER, file_offset INTEGER,\n"
	"  kind TEXT); -- user, kernel, module, vdso, jit, bpf, guest; NULL: not known\n"
	"CREATE TABLE functions (\n"
	"  id INTEGER PRIMARY KEY, name TEXT, system_name TEXT, file TEXT,\n"
	"  start_line INTEGER);\n"
	"CREATE TABLE frames (-- a place in the code: a line, or an address without one\n"
	"  id INTEGER PRIMARY KEY, function INTEGER, line INTEGER, \"column\" INTEGER,\n"
	"  mapping INTEGER, address INTEGER,\n"
	"  inlined INTEGER); -- 1: its caller is at the same address\n"
	"CREATE TABLE stacks (-- a frame and the stack that called it: a tree\n"
	"  id INTEGER PRIMARY KEY, parent INTEGER, -- NULL: a root\n"
	"  frame INTEGER NOT NULL);\n"
	"CREATE TABLE labels (-- all rows of one id are one set\n"
	"  id INTEGER, key TEXT, text TEXT, number INTEGER, unit TEXT);\n";

static const char views[] =
	"CREATE VIEW names (-- what a frame is called\n"
	"  frame, name) AS SELECT frames.id, coalesce(functions.name,\n"
	"  printf('[%s+0x%x]', coalesce(mappings.path, ''), frames.address))\n"
	"  FROM frames LEFT JOIN functions ON functions.id = frames.function\n"
	"  LEFT JOIN mappings ON mappings.id = frames.mapping;\n"
	"CREATE VIEW self (-- by function that was running; values of the default type\n"
	"  name, value) AS SELECT names.name, sum(weights.value) FROM weights\n"
	"  JOIN stacks ON stacks.id = weights.stack\n"
	"  JOIN names ON names.frame = stacks.frame\n"
	"  GROUP BY names.name ORDER BY 2 DESC, 1;\n"
	"CREATE VIEW total (-- by function that was on the stack, once a sample\n"
	"  name, value) AS WITH RECURSIVE up(leaf, stack) AS (\n"
	"  SELECT stack, stack FROM weights UNION ALL\n"
	"  SELECT up.leaf, stacks.parent FROM up JOIN stacks ON stacks.id = up.stack\n"
	"  WHERE stacks.parent IS NOT NULL),\n"
	"  once AS (SELECT DISTINCT up.leaf, names.name FROM up\n"
	"  JOIN stacks ON stacks.id = up.stack JOIN names ON names.frame = "
	"stacks.frame)\n"
	"  SELECT once.name, sum(weights.value) FROM once\n"
	"  JOIN weights ON weights.stack = once.leaf\n"
	"  GROUP BY once.name ORDER BY 2 DESC, 1;\n"
	"CREATE VIEW callers (-- who called whom, once a sample\n"
	"  name, caller, value) AS WITH RECURSIVE up(leaf, stack, parent) AS (\n"
	"  SELECT weights.stack, stacks.id, stacks.parent FROM weights\n"
	"  JOIN stacks ON stacks.id = weights.stack UNION ALL\n"
	"  SELECT up.leaf, stacks.id, stacks.parent FROM up\n"
	"  JOIN stacks ON stacks.id = up.parent),\n"
	"  once AS (SELECT DISTINCT up.leaf, a.name AS name, b.name AS caller FROM up\n"
	"  JOIN stacks s ON s.id = up.stack JOIN names a ON a.frame = s.frame\n"
	"  JOIN stacks t ON t.id = up.parent JOIN names b ON b.frame = t.frame)\n"
	"  SELECT once.name, once.caller, sum(weights.value) FROM once\n"
	"  JOIN weights ON weights.stack = once.leaf\n"
	"  GROUP BY once.name, once.caller ORDER BY 3 DESC, 1, 2;\n";

struct writer {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cpi_paths paths;
	struct cpi_sink text; /* one name, as it can be shown */
	sqlite3 *db;
	sqlite3_stmt *row;
	int code; /* SQLite's; the first failure stays */
};

static void run(struct writer *w, const char *sql)
{
	if (!w->code)
		w->code = sqlite.exec(w->db, sql, NULL, NULL, NULL);
}

/* Rows of one table come from now on. */
static void begin(struct writer *w, const char *insert)
{
	sqlite.finalize(w->row);
	w->row = NULL;
	if (!w->code)
		w->code = sqlite.prepare_v2(w->db, insert, -1, &w->row, NULL);
}

static void number(struct writer *w, int at, int64_t x)
{
	if (!w->code)
		w->code = sqlite.bind_int64(w->row, at, x);
}

/* A row of another table; NULL where there is none. */
static void id(struct writer *w, int at, uint32_t x)
{
	if (!w->code)
		w->code = x ? sqlite.bind_int64(w->row, at, x)
			    : sqlite.bind_null(w->row, at);
}

/* Text of SQLite is text; other bytes are shown as everywhere. */
static void text(struct writer *w, int at, struct cp_text bytes)
{
	w->text.n = 0;
	cpi_text_escape(&w->text, bytes);
	if (w->code)
		return;
	if (w->text.code)
		w->code = SQLITE_NOMEM;
	else
		w->code = sqlite.bind_text(w->row, at,
			w->text.n ? (const char *)w->text.buf : "", (int)w->text.n,
			SQLITE_TRANSIENT);
}

/* The same of a string of the profile; NULL where there is none. */
static void string(struct writer *w, int at, cp_string s)
{
	if (s.i)
		text(w, at, cpi_profile_text(w->p, s));
	else
		id(w, at, 0);
}

static void end(struct writer *w)
{
	if (!w->code && sqlite.step(w->row) != SQLITE_DONE)
		w->code = sqlite.errcode(w->db);
	if (!w->code)
		w->code = sqlite.reset(w->row);
}

static void meta_number(struct writer *w, const char *key, int64_t x)
{
	text(w, 1, cpi_text(key));
	number(w, 2, x);
	end(w);
}

static void meta_text(struct writer *w, const char *key, struct cp_text value)
{
	text(w, 1, cpi_text(key));
	text(w, 2, value);
	end(w);
}

static void write_meta(struct writer *w)
{
	const struct cp_profile_header *h = &w->p->header;

	begin(w, "INSERT INTO meta VALUES (?, ?)");
	meta_text(w, "schema", CPI_TEXT("libcp.profile"));
	meta_number(w, "version", 1);
	meta_number(w, "period", h->period);
	meta_text(w, "period_type", cpi_profile_text(w->p, h->period_type.type));
	meta_text(w, "period_unit", cpi_profile_text(w->p, h->period_type.unit));
	meta_number(w, "time_nanos", h->time_nanos);
	meta_number(w, "duration_nanos", h->duration_nanos);
	for (size_t i = 0; i < w->p->comment.n; i++)
		meta_text(w, "comment", cpi_profile_text(w->p, w->p->comment.v[i]));
	begin(w, "INSERT INTO sample_types VALUES (?, ?, ?, ?, ?)");
	for (size_t i = 0; i < w->p->sample_type.n; i++) {
		number(w, 1, (int64_t)i);
		string(w, 2, w->p->sample_type.v[i].type);
		string(w, 3, w->p->sample_type.v[i].unit);
		number(w, 4, w->p->sample_type.v[i].decimals);
		number(w, 5, i == cpi_profile_default_type(w->p));
		end(w);
	}
}

static void write_mappings(struct writer *w)
{
	begin(w, "INSERT INTO mappings VALUES (?, ?, ?, ?, ?, ?, ?)");
	for (uint32_t i = 1; i < w->p->mapping.n; i++) {
		const struct cp_mapping_row *row = &w->p->mapping.v[i];
		const char *kind = cpi_mapping_kind_name(row->kind);

		id(w, 1, i);
		string(w, 2, row->path);
		string(w, 3, row->build_id);
		number(w, 4, (int64_t)row->start);
		number(w, 5, (int64_t)row->limit);
		number(w, 6, (int64_t)row->offset);
		if (kind)
			text(w, 7, cpi_text(kind));
		else
			id(w, 7, 0);
		end(w);
	}
}

static void write_functions(struct writer *w)
{
	begin(w, "INSERT INTO functions VALUES (?, ?, ?, ?, ?)");
	for (uint32_t i = 1; i < w->p->function.n; i++) {
		const struct cp_function_row *row = &w->p->function.v[i];

		id(w, 1, i);
		string(w, 2, row->name);
		string(w, 3, row->system_name);
		string(w, 4, row->file);
		number(w, 5, row->start_line);
		end(w);
	}
}

static void write_frame(struct writer *w, uint32_t location, uint32_t i)
{
	const struct cp_location_row *row = &w->p->location.v[location];
	struct cp_line_row line = {.line = 0};

	if (i < row->n_lines)
		line = w->p->line.v[row->first_line + i];
	id(w, 1, w->paths.first[location] + i);
	id(w, 2, line.function.i);
	number(w, 3, line.line);
	number(w, 4, line.column);
	id(w, 5, row->mapping.i);
	number(w, 6, (int64_t)row->address);
	number(w, 7, i + 1 < row->n_lines);
	end(w);
}

static void write_stacks(struct writer *w)
{
	begin(w, "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?)");
	for (uint32_t i = 1; i < w->p->location.n; i++) {
		uint32_t n = w->p->location.v[i].n_lines;

		for (uint32_t k = 0; k < (n ? n : 1); k++)
			write_frame(w, i, k);
	}
	begin(w, "INSERT INTO stacks VALUES (?, ?, ?)");
	for (uint32_t i = 1; i < w->paths.path.n && !w->code; i++) {
		id(w, 1, i);
		id(w, 2, w->paths.path.v[i].parent);
		id(w, 3, w->paths.path.v[i].frame);
		end(w);
	}
}

static void write_labels(struct writer *w)
{
	begin(w, "INSERT INTO labels VALUES (?, ?, ?, ?, ?)");
	for (uint32_t i = 1; i < w->p->labels_end.n && !w->code; i++) {
		const struct cp_label *label;
		uint32_t n;

		label = cpi_profile_label_set(w->p, (cp_labels){i}, &n);
		for (uint32_t k = 0; k < n; k++) {
			id(w, 1, i);
			string(w, 2, label[k].key);
			string(w, 3, label[k].str);
			if (label[k].str.i)
				id(w, 4, 0);
			else
				number(w, 4, label[k].num);
			string(w, 5, label[k].unit);
			end(w);
		}
	}
}

/* A column for each sample type. */
static void create_samples(struct writer *w, struct cpi_sink *sql)
{
	size_t types = w->p->sample_type.n;

	cpi_sink_str(sql,
		"CREATE TABLE samples (-- time: nanoseconds of the capture's clock\n"
		"  id INTEGER PRIMARY KEY, stack INTEGER, labels INTEGER, time INTEGER");
	for (size_t i = 0; i < types; i++)
		cpi_sink_printf(sql, ",\n  value_%zu INTEGER", i);
	cpi_sink_str(sql, ");\nCREATE VIEW weights (-- the default type, by stack\n"
			  "  stack, value) AS SELECT stack, sum(");
	if (types)
		cpi_sink_printf(sql, "value_%u", cpi_profile_default_type(w->p));
	else
		cpi_sink_char(sql, '0');
	cpi_sink_str(sql, ") FROM samples GROUP BY stack;\n");
	cpi_sink_char(sql, 0);
	run(w, sql->code ? "" : (const char *)sql->buf);
	sql->n = 0;
	cpi_sink_str(sql, "INSERT INTO samples VALUES (?, ?, ?, ?");
	for (size_t i = 0; i < types; i++)
		cpi_sink_str(sql, ", ?");
	cpi_sink_str(sql, ")");
	cpi_sink_char(sql, 0);
	if (sql->code)
		w->code = SQLITE_NOMEM;
	begin(w, w->code ? "" : (const char *)sql->buf);
}

static void write_samples(struct writer *w)
{
	const struct cp_profile *p = w->p;
	size_t types = p->sample_type.n;
	struct cpi_sink sql;

	cpi_sink_memory(&sql, &w->env->mem);
	create_samples(w, &sql);
	for (uint32_t i = 0; i < cpi_profile_n_samples(p) && !w->code; i++) {
		id(w, 1, i + 1);
		id(w, 2, w->paths.stack[p->sample_stack.v[i].i]);
		id(w, 3, p->sample_labels.v[i].i);
		if (p->time.n)
			number(w, 4, p->time.v[i]);
		else
			id(w, 4, 0);
		for (size_t k = 0; k < types; k++)
			number(w, 5 + (int)k, p->value.v[i * types + k]);
		end(w);
	}
	begin(w, "SELECT 1");
	cpi_sink_release(&sql);
}

static void write_all(struct writer *w)
{
	run(w, "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; BEGIN;");
	run(w, schema);
	write_meta(w);
	write_mappings(w);
	write_functions(w);
	write_stacks(w);
	write_labels(w);
	write_samples(w);
	run(w, views);
	run(w, "COMMIT");
}

/* Which SQLite wrote it is no part of a profile: the same bytes on all machines. */
static void forget_version(unsigned char *bytes, sqlite3_int64 n)
{
	static const unsigned char version[4] = {0, 0x2e, 0x44, 0x28}; /* 3.32.0 */

	if (n >= 100)
		memcpy(bytes + 96, version, sizeof version);
}

static enum cp_code fail(const struct writer *w, struct cp_error *err)
{
	if (w->code == SQLITE_NOMEM)
		return cpi_error_memory(err);
	if (w->code == SQLITE_FULL || w->code == SQLITE_TOOBIG)
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"the database gets too large (limit output)");
	return cpi_error(err, CP_ERROR_SYSTEM, CP_NO_OFFSET, "SQLite: %s",
		w->db ? sqlite.errmsg(w->db) : sqlite.errstr(w->code));
}

static enum cp_code hand_on(struct writer *w, struct cpi_sink *sink, struct cp_error *err)
{
	sqlite3_int64 n = 0;
	unsigned char *bytes = w->code ? NULL : sqlite.serialize(w->db, "main", &n, 0);

	if (!w->code && !bytes)
		w->code = SQLITE_NOMEM;
	if (w->code)
		return fail(w, err);
	forget_version(bytes, n);
	cpi_sink_bytes(sink, bytes, (size_t)n);
	sqlite.free(bytes);
	return CP_OK;
}

static enum cp_code write_sqlite(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	struct writer w = {.env = env, .p = profile};
	enum cp_code code = CP_OK;
	char limit[64];

	(void)options;
	if (!loaded())
		return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
			"SQLite is not installed (Debian: libsqlite3-0)");
	cpi_sink_memory(&w.text, &env->mem);
	w.code = sqlite.open_v2(":memory:", &w.db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (sink->most) {
		snprintf(limit, sizeof limit, "PRAGMA max_page_count = %" PRIu64,
			sink->most / 4096 + 1);
		run(&w, limit);
	}
	if (!cpi_paths_init(&w.paths, &env->mem, profile))
		code = cpi_error_memory(err);
	else
		write_all(&w);
	sqlite.finalize(w.row);
	if (!code)
		code = hand_on(&w, sink, err);
	sqlite.close(w.db);
	cpi_paths_release(&w.paths, &env->mem, profile);
	cpi_sink_release(&w.text);
	return code;
}

const struct cpi_format cpi_format_sqlite = {
	.public = CPI_SQLITE_FORMAT, .write = write_sqlite};
