/* SPDX-License-Identifier: Apache-2.0 */
/* From the entries that own an address to its frames. */
#include <stdlib.h>

#include "base/error.h"
#include "object/dwarf/const.h"
#include "object/dwarf/parts.h"

/*
 * Frames a unit may have beyond 64 an address, which
 * is ten times what real units have.
 */
enum { MOST_DEEP_FRAMES = 1 << 16 };

/* What is known of one node, made when the first frame needs it. */
struct node_facts {
	struct cpi_dwarf_function *function;
	uint64_t call_file;
	uint32_t call_line, call_column;
	bool done;
};

/* The line tables a unit's frames take paths from: its own, and those of its origins. */
struct table {
	const struct cpi_dwarf_unit *unit;
	struct cpi_dwarf_lines lines;
	bool bad;
	struct cp_text *path; /* by file number; p = NULL: not made yet */
	size_t n_paths;
};

struct known_function {
	struct cpi_dwarf_place place;
	struct cpi_dwarf_function *function;
};

struct run {
	struct cpi_env *env;
	struct cpi_dwarf_job *job;
	struct cpi_dwarf_worker *worker;
	/* with the entries: the split one if there is one */
	const struct cpi_dwarf_unit *unit;
	cpi_dwarf_nodes nodes;
	struct node_facts *facts;
	CPI_VEC(struct table *) tables;
	struct cpi_index table_index;
	CPI_VEC(struct known_function) known;
	struct cpi_index known_index;
};

/* Damage stays with the unit; the rest of it is used. Other failures end the call. */
static void note_failure(struct run *r, enum cp_code code, const struct cp_error *what)
{
	if (code == CP_ERROR_MEMORY) {
		r->job->code = code;
	} else if (code && !r->job->damage) {
		r->job->damage = cpi_arena_new(&r->worker->arena, struct cp_error, 1);
		if (r->job->damage)
			*r->job->damage = *what;
		else
			r->job->code = CP_ERROR_MEMORY;
	}
}

static struct table *new_table(struct run *r, const struct cpi_dwarf_unit *unit)
{
	struct cpi_mem *mem = &r->env->mem;
	struct table *table = cpi_alloc_zero(mem, sizeof *table);
	struct cp_error what;
	enum cp_code code;

	if (!table)
		return NULL;
	table->unit = unit;
	table->bad = true;
	if (unit->line != CPI_DW_NONE) {
		code = cpi_dwarf_lines_open(&table->lines, unit, &what);
		table->bad = code != CP_OK;
		note_failure(r, code, &what);
	}
	if (!cpi_vec_push(mem, &r->tables, table)) {
		cpi_free(mem, table, sizeof *table);
		return NULL;
	}
	if (!cpi_index_add(mem, &r->table_index, cpi_hash_u64((uintptr_t)unit),
			(uint32_t)r->tables.n))
		return NULL;
	return table;
}

/* NULL only when out of memory. */
static struct table *find_table(struct run *r, const struct cpi_dwarf_unit *unit)
{
	struct cpi_probe probe =
		cpi_index_find(&r->table_index, cpi_hash_u64((uintptr_t)unit));
	struct table *table;

	for (uint32_t id; (id = cpi_index_next(&r->table_index, &probe));)
		if (r->tables.v[id - 1]->unit == unit)
			return r->tables.v[id - 1];
	table = new_table(r, unit);
	if (!table)
		r->job->code = CP_ERROR_MEMORY;
	return table;
}

static bool grow_paths(struct run *r, struct table *table, size_t need)
{
	size_t want = need + need / 2 + 16;
	struct cp_text *path = cpi_resize(&r->env->mem, table->path,
		table->n_paths * sizeof *path, want * sizeof *path);

	if (!path)
		return false;
	memset(path + table->n_paths, 0, (want - table->n_paths) * sizeof *path);
	table->path = path;
	table->n_paths = want;
	return true;
}

static struct cp_text path_of(
	struct run *r, const struct cpi_dwarf_unit *unit, uint64_t number)
{
	struct table *table = find_table(r, unit);
	struct cp_text none = {"", 0};

	if (!table || table->bad)
		return none;
	if (!cpi_dwarf_lines_names(&table->lines)) {
		r->job->code = CP_ERROR_MEMORY;
		return none;
	}
	if (number >= table->lines.file.n)
		return none;
	if (number >= table->n_paths && !grow_paths(r, table, (size_t)number)) {
		r->job->code = CP_ERROR_MEMORY;
		return none;
	}
	if (!table->path[number].p)
		table->path[number] =
			cpi_dwarf_lines_path(&table->lines, number, &r->worker->arena);
	if (!table->path[number].p) {
		r->job->code = CP_ERROR_MEMORY;
		return none;
	}
	return table->path[number];
}

/* In C the unit is the only scope. */
static bool has_scopes(const struct cpi_dwarf_unit *unit)
{
	switch (unit->language) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_C17:
	case DW_LANG_Mips_Assembler:
		return false;
	default:
		return true;
	}
}

static struct cpi_dwarf_function *make_function(
	struct run *r, struct cpi_dwarf_place place)
{
	struct cpi_dwarf_function *function =
		cpi_arena_new(&r->worker->arena, struct cpi_dwarf_function, 1);
	struct cpi_dwarf_naming naming;
	struct cp_error what;
	enum cp_code code;

	if (!function) {
		r->job->code = CP_ERROR_MEMORY;
		return NULL;
	}
	memset(function, 0, sizeof *function);
	code = cpi_dwarf_function_name(&r->worker->cache, place, &naming, &what);
	note_failure(r, code, &what);
	function->name = cpi_dwarf_lasting(r->unit->file, &r->worker->arena, naming.name);
	function->linkage_name =
		cpi_dwarf_lasting(r->unit->file, &r->worker->arena, naming.linkage_name);
	function->line = naming.decl_line > UINT32_MAX ? 0 : (uint32_t)naming.decl_line;
	if (naming.file_unit)
		function->file = path_of(r, naming.file_unit, naming.decl_file);
	if (function->name.n && !function->linkage_name.n &&
		has_scopes(naming.declared.unit)) {
		struct cpi_dwarf_scope scope = {naming.declared, function};

		if (!cpi_vec_push(&r->env->mem, &r->job->scope, scope))
			r->job->code = CP_ERROR_MEMORY;
	}
	return function;
}

/* One function per place; inlined calls of a function share it. */
static struct cpi_dwarf_function *find_function(
	struct run *r, struct cpi_dwarf_place place)
{
	uint64_t hash = cpi_hash_mix(cpi_hash_u64(place.die), (uintptr_t)place.unit);
	struct cpi_probe probe = cpi_index_find(&r->known_index, hash);
	struct known_function known = {place, NULL};

	for (uint32_t id; (id = cpi_index_next(&r->known_index, &probe));) {
		const struct known_function *k = &r->known.v[id - 1];

		if (k->place.die == place.die && k->place.unit == place.unit)
			return k->function;
	}
	known.function = make_function(r, place);
	if (known.function && (!cpi_vec_push(&r->env->mem, &r->known, known) ||
			!cpi_index_add(&r->env->mem, &r->known_index, hash,
				(uint32_t)r->known.n)))
		r->job->code = CP_ERROR_MEMORY;
	return known.function;
}

static const struct node_facts *facts_of(struct run *r, uint32_t node)
{
	struct node_facts *facts = &r->facts[node];
	struct cpi_dwarf_place place = {r->unit, r->nodes.v[node].die};
	struct cpi_dwarf_entry entry;
	struct cp_error what;
	enum cp_code code;

	if (facts->done)
		return facts;
	facts->done = true;
	code = cpi_dwarf_entry_read(r->unit, &r->worker->cache, place.die, &entry, &what);
	note_failure(r, code, &what);
	if (code)
		return facts;
	facts->call_file = entry.call_file;
	facts->call_line = entry.call_line > UINT32_MAX ? 0 : (uint32_t)entry.call_line;
	facts->call_column =
		entry.call_column > UINT32_MAX ? 0 : (uint32_t)entry.call_column;
	/* An instance that adds nothing to its origin shares the origin's function. */
	if (!entry.linkage_name.n && !entry.name.n && !entry.has_decl_file &&
		!entry.decl_line)
		(void)cpi_dwarf_origin(r->unit, &entry.origin, &place);
	if (place.unit)
		facts->function = find_function(r, place);
	return facts;
}

/* False when the unit has more frames than any real one: thousands deep everywhere. */
static bool push_frame(struct run *r, const struct cpi_dwarf_frame *frame)
{
	struct cp_error what;

	if (r->job->frame.n >= r->job->n * 64 + MOST_DEEP_FRAMES) {
		note_failure(r,
			CPI_DWARF_UNIT_ERROR(&what, CP_ERROR_LIMIT, r->unit,
				r->unit->start, "inlined calls are nested beyond reason"),
			&what);
		return false;
	}
	if (!cpi_vec_push(&r->env->mem, &r->job->frame, *frame))
		r->job->code = CP_ERROR_MEMORY;
	return !r->job->code;
}

static void make_frames(struct run *r, struct cpi_dwarf_query *query)
{
	struct cpi_dwarf_frame frame = {0};
	const struct cpi_dwarf_row row = query->row;
	size_t first = r->job->frame.n;

	frame.file = (struct cp_text){"", 0};
	if (row.known) {
		frame.file = path_of(r, r->job->unit, row.file);
		frame.line = row.line;
		frame.column = row.column;
	}
	for (uint32_t node = query->node; node;) {
		const struct node_facts *facts = facts_of(r, node);

		frame.function = facts->function;
		frame.inlined = r->nodes.v[node].inlined && r->nodes.v[node].parent;
		if (!push_frame(r, &frame))
			break;
		frame.file = path_of(r, r->unit, facts->call_file);
		frame.line = facts->call_line;
		frame.column = facts->call_column;
		node = r->nodes.v[node].parent;
	}
	if (!query->node && row.known && frame.file.n)
		(void)push_frame(r, &frame);
	query->node = (uint32_t)first;
	query->row.line = (uint32_t)(r->job->frame.n - first);
}

static void find_owners(struct run *r)
{
	struct cpi_dwarf_job *job = r->job;
	const struct cpi_dwarf_abbrevs *table = NULL;
	struct cp_error what;
	enum cp_code code;

	if (r->unit->dies == r->unit->end)
		return; /* a line table alone */
	code = cpi_dwarf_abbrevs_get(&r->worker->cache, r->unit, &table, &what);
	if (!code)
		code = cpi_dwarf_walk(
			r->unit, table, job->query, job->n, &r->nodes, &what);
	note_failure(r, code, &what);
}

/*
 * Completes the names that are declared in the unit itself, the usual case, while its
 * entries are near; a job's other scopes stay for the end of the call.
 */
static void name_own_scopes(struct run *r)
{
	size_t own = 0, n = r->job->scope.n;
	struct cpi_dwarf_scope *scope = r->job->scope.v;
	enum cp_code code;

	for (size_t i = 0; i < n; i++) {
		struct cpi_dwarf_scope at = scope[i];

		if (at.place.unit != r->unit)
			continue;
		scope[i] = scope[own];
		scope[own++] = at;
	}
	if (!own)
		return;
	qsort(scope, own, sizeof *scope, cpi_dwarf_scope_compare);
	/* Damage here was met, and noted, when the entries were read before. */
	code = cpi_dwarf_scopes(&r->worker->cache, scope, own, &r->worker->arena, NULL);
	if (code == CP_ERROR_MEMORY)
		r->job->code = code;
	memmove(scope, scope + own, (n - own) * sizeof *scope);
	r->job->scope.n = n - own;
}

static void find_rows(struct run *r)
{
	struct cpi_dwarf_job *job = r->job;
	struct table *table = find_table(r, job->unit);
	struct cp_error what;

	if (table && !table->bad)
		note_failure(r,
			cpi_dwarf_rows(&table->lines, job->query, job->n, &what), &what);
}

static void release(struct run *r)
{
	struct cpi_mem *mem = &r->env->mem;

	for (size_t i = 0; i < r->tables.n; i++) {
		struct table *table = r->tables.v[i];

		cpi_dwarf_lines_release(mem, &table->lines);
		cpi_free(mem, table->path, table->n_paths * sizeof *table->path);
		cpi_free(mem, table, sizeof *table);
	}
	cpi_vec_release(mem, &r->tables);
	cpi_index_release(mem, &r->table_index);
	cpi_vec_release(mem, &r->known);
	cpi_index_release(mem, &r->known_index);
	if (r->facts)
		cpi_free(mem, r->facts, r->nodes.n * sizeof *r->facts);
	cpi_vec_release(mem, &r->nodes);
	cpi_dwarf_abbrevs_trim(mem, &r->worker->cache);
}

void cpi_dwarf_job_run(
	struct cpi_env *env, struct cpi_dwarf_job *job, struct cpi_dwarf_worker *worker)
{
	struct run r = {.env = env, .job = job, .worker = worker};
	struct cpi_dwarf_node dummy = {0};

	r.unit = job->unit->split ? job->unit->split : job->unit;
	if (!cpi_vec_push(&env->mem, &r.nodes, dummy)) {
		job->code = CP_ERROR_MEMORY;
		return;
	}
	find_owners(&r);
	if (!job->code)
		find_rows(&r);
	if (!job->code) {
		r.facts = cpi_alloc_zero(&env->mem, r.nodes.n * sizeof *r.facts);
		if (!r.facts)
			job->code = CP_ERROR_MEMORY;
	}
	for (size_t i = 0; i < job->n && !job->code; i++)
		make_frames(&r, &job->query[i]);
	if (!job->code)
		name_own_scopes(&r);
	release(&r);
}
