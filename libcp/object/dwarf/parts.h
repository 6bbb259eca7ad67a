/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DWARF_PARTS_H
#define CPI_DWARF_PARTS_H

/*
 * What the dwarf_*.c files share. One lookup flows dwarf.c → dwarf_unit (which units) →
 * dwarf_walk (entries: who owns an address) and dwarf_line (rows) → dwarf_name (what the
 * owners are called) → dwarf.c (frames).
 *
 * Everything is decoded from section bytes with cursors. What a file can make us do is
 * bounded by budgets that grow with its size (see struct cpi_dwarf_budget).
 */

#include <stdatomic.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "base/hash.h"
#include "base/vec.h"
#include "object/dwarf/dwarf.h"

enum cpi_dwarf_section {
	CPI_DW_INFO,
	CPI_DW_TYPES,
	CPI_DW_ABBREV,
	CPI_DW_STR,
	CPI_DW_LINE_STR,
	CPI_DW_STR_OFFSETS,
	CPI_DW_ADDR,
	CPI_DW_RANGES,
	CPI_DW_RNGLISTS,
	CPI_DW_LINE,
	CPI_DW_ARANGES,
	CPI_DW_CU_INDEX,
	CPI_DW_SECTIONS
};

#define CPI_DW_NONE UINT64_MAX

struct cpi_dwarf_bytes {
	const uint8_t *p;
	size_t n;
};

struct cpi_dwarf_unit;

/*
 * Bytes that may still be decoded where one part of a file can be pointed at from many
 * places: an honest file shares little, a hostile one could have its largest list read
 * once per entry. Atomic, because units are decoded by several threads.
 */
struct cpi_dwarf_budget {
	atomic_int_fast64_t abbrevs, ranges, rows;
	atomic_bool wants_all; /* an entry of a windowed file refers to another unit */
};

/* A range of .debug_aranges, for a unit that does not say itself where its code is. */
struct cpi_dwarf_arange {
	uint64_t low, high;
	uint32_t unit;
};

struct cpi_dwarf_listing;

struct cpi_dwarf_file {
	struct cpi_env *env;
	struct cpi_elf *elf;
	struct cpi_dwarf_bytes section[CPI_DW_SECTIONS];
	/*
	 * With a window .debug_info and .debug_line are filled where and while they are
	 * needed (dwarf/stream.c), and the list of units is made on the way.
	 */
	/* bytes of .debug_info that are worked on at once; 0: all is there */
	size_t window;
	struct cpi_elf_window *info, *lines;
	struct cpi_dwarf_listing *listing; /* not finished yet */
	uint64_t listed;                   /* where it has come to in .debug_info */
	struct cpi_arena arena;            /* units; texts that must outlive a window */
	/* where references and strings "of the other file" are */
	struct cpi_dwarf_file *alt;
	/* by offset; types units of .debug_types are apart */
	struct cpi_dwarf_unit **unit;
	uint32_t n_units, cap_units;
	CPI_VEC(struct cpi_dwarf_arange) arange;
	struct cpi_dwarf_budget own_budget, *budget;
	uint64_t code_start; /* lowest executable address of a linked file, else 0 */
	uint8_t *relocated[CPI_DW_SECTIONS]; /* our copies of sections, or NULL */
	bool swap;
	bool is64;
	bool split;   /* a .dwo or .dwp */
};

/* One attribute's value; what `u` and `text` mean is said by the kind. */
enum cpi_dwarf_kind {
	CPI_DW_ABSENT,
	CPI_DW_CONSTANT,   /* u; sign-extended for sdata and implicit_const */
	CPI_DW_ADDRESS,    /* u */
	CPI_DW_ADDRESS_AT, /* u = index into .debug_addr */
	CPI_DW_TEXT,       /* text */
	CPI_DW_TEXT_AT,    /* u = index into .debug_str_offsets */
	CPI_DW_REFERENCE,  /* u = offset in the unit's section */
	CPI_DW_ALT,        /* u = offset in the other file's .debug_info */
	CPI_DW_SIGNATURE,  /* u = a type unit's signature */
	CPI_DW_OFFSET,     /* u = offset in some section */
	CPI_DW_LIST_AT,    /* u = index into .debug_rnglists' offsets (or loclists') */
	CPI_DW_BLOCK       /* text */
};

struct cpi_dwarf_value {
	enum cpi_dwarf_kind kind;
	uint64_t u;
	struct cp_text text;
};

struct cpi_dwarf_unit {
	const struct cpi_dwarf_file *file;   /* entries, abbreviations, strings */
	/* addresses and lines: for a split unit another */
	const struct cpi_dwarf_file *linked;
	struct cpi_dwarf_unit *split;        /* of a skeleton: where its entries are */
	uint32_t number;                     /* its index in file->unit */
	uint64_t start, dies, end;           /* header, first entry, end in the section */
	uint64_t abbrev;                     /* offset in .debug_abbrev */
	uint64_t id;                         /* of a type (signature) or a split unit */
	uint64_t type_die;                   /* type units: the type's entry */
	uint16_t version, language;
	uint8_t address_size, offset_size, kind; /* DW_UT_… */
	uint8_t section;                         /* CPI_DW_INFO or CPI_DW_TYPES */
	bool no_code;                            /* the unit's entry could not be read */
	bool split_asked;                        /* for its split file */
	/* from the unit's own entry */
	struct cpi_dwarf_value low, high, ranges;
	uint64_t base;         /* low_pc's value, or 0 */
	uint64_t line;         /* offset in .debug_line, or CPI_DW_NONE */
	uint64_t str_offsets;  /* offset of index 0 in each of these sections */
	uint64_t addr;
	uint64_t rnglists;
	/* GNU: added to a split unit's offsets into .debug_ranges */
	uint64_t ranges_base;
	struct cp_text name, comp_dir, split_name;
};

/* dwarf/abbrev.c */

struct cpi_dwarf_attr {
	uint16_t name, form;
	int64_t implicit; /* DW_FORM_implicit_const's value */
};

/* What the walk does with an entry of this abbreviation. */
enum cpi_dwarf_role {
	CPI_DW_PLAIN,      /* look inside */
	CPI_DW_LEAF,       /* nothing of interest inside */
	CPI_DW_TYPE,       /* class and kin: rarely code inside */
	CPI_DW_ABSTRACT,   /* subprogram without code: rarely code of others inside */
	CPI_DW_FUNCTION,   /* subprogram with code */
	CPI_DW_INLINED     /* inlined_subroutine with code */
};

struct cpi_dwarf_abbrev {
	uint16_t tag; /* 0: no such code */
	uint8_t role; /* enum cpi_dwarf_role */
	bool children;
	bool bad;            /* a form we do not know: cannot be stepped over */
	uint8_t high_size;   /* width of high_pc at high_at */
	/*
	 * Where these are when all before is of fixed size and they are plain: an
	 * address, a constant, an offset of a range list, a 4-byte reference. Else -1.
	 */
	int16_t low_at, high_at, ranges_at, sibling_at;
	int32_t size;        /* bytes of all attributes when fixed, else -1 */
	uint32_t op;         /* first step of the skip program */
	uint32_t attr;       /* first attribute */
	uint32_t n_attrs;
};

struct cpi_dwarf_abbrevs {
	struct cpi_dwarf_abbrev *slot; /* by code */
	size_t n_slots;
	CPI_VEC(struct cpi_dwarf_attr) attr;
	CPI_VEC(uint32_t) op;
	/* what it was made for */
	const struct cpi_dwarf_file *file;
	uint64_t offset;
	uint8_t address_size, offset_size;
	bool version2;
};

/* Per worker: tables once parsed are kept until there are too many. */
struct cpi_dwarf_abbrev_cache {
	CPI_VEC(struct cpi_dwarf_abbrevs *) table;
	struct cpi_index index;
	size_t bytes;
	CPI_VEC(struct cpi_dwarf_attr) one; /* what cpi_dwarf_abbrev_one has read */
};

enum cp_code cpi_dwarf_abbrevs_get(struct cpi_dwarf_abbrev_cache *cache,
	const struct cpi_dwarf_unit *unit, const struct cpi_dwarf_abbrevs **ret_table,
	struct cp_error *err);
/*
 * The attributes of a single abbreviation, valid
 * until the next call, without the table.
 */
enum cp_code cpi_dwarf_abbrev_one(struct cpi_dwarf_abbrev_cache *cache,
	const struct cpi_dwarf_unit *unit, uint64_t number,
	const struct cpi_dwarf_attr **ret_attr, size_t *ret_n, struct cp_error *err);
/* Between units only: forgets all tables when they have become many. */
void cpi_dwarf_abbrevs_trim(struct cpi_mem *mem, struct cpi_dwarf_abbrev_cache *cache);
void cpi_dwarf_abbrevs_release(struct cpi_mem *mem, struct cpi_dwarf_abbrev_cache *cache);

static inline const struct cpi_dwarf_abbrev *cpi_dwarf_abbrev_find(
	const struct cpi_dwarf_abbrevs *table, uint64_t code)
{
	const struct cpi_dwarf_abbrev *a =
		code < table->n_slots ? &table->slot[code] : NULL;

	return a && a->tag && !a->bad ? a : NULL;
}

/* dwarf/form.c */

/* Bytes of a form, or -1 when they vary, or -2 for an unknown form. */
int cpi_dwarf_form_size(
	uint16_t form, uint8_t address_size, uint8_t offset_size, bool version2);
/* Steps over a value whose size varies. */
void cpi_dwarf_form_skip(
	struct cpi_cursor *c, uint16_t form, const struct cpi_dwarf_unit *unit);
/* Reads one value; the cursor stands in unit->section, whose start is c->start. */
void cpi_dwarf_form_read(struct cpi_cursor *c, const struct cpi_dwarf_attr *attr,
	const struct cpi_dwarf_unit *unit, struct cpi_dwarf_value *value);
uint64_t cpi_dwarf_word(struct cpi_cursor *c, unsigned size);
/* The text of a value, resolving indexes; n = 0 when it is none. */
struct cp_text cpi_dwarf_text(
	const struct cpi_dwarf_unit *unit, const struct cpi_dwarf_value *value);
/* The address of a value; false when it is none. */
bool cpi_dwarf_address(const struct cpi_dwarf_unit *unit,
	const struct cpi_dwarf_value *value, uint64_t *ret_address);
/* A NUL-terminated string at an offset of a section; n = 0 when there is none. */
struct cp_text cpi_dwarf_string_at(const struct cpi_dwarf_file *file,
	enum cpi_dwarf_section section, uint64_t offset);
/* A cursor at an offset of a section, counting offsets from the section's start. */
struct cpi_cursor cpi_dwarf_cursor(const struct cpi_dwarf_file *file,
	enum cpi_dwarf_section section, uint64_t offset);

/* dwarf/range.c */

struct cpi_dwarf_ranges {
	const struct cpi_dwarf_unit *unit;
	struct cpi_cursor c;
	uint64_t base, most;
	uint64_t low, high; /* a single range, given first */
	bool single, lists;
	uint64_t used; /* bytes of lists read through this iterator, ever */
};

/* Starts on an entry's low_pc/high_pc or ranges; false when it has neither. */
bool cpi_dwarf_ranges_start(struct cpi_dwarf_ranges *r, const struct cpi_dwarf_unit *unit,
	const struct cpi_dwarf_value *low, const struct cpi_dwarf_value *high,
	const struct cpi_dwarf_value *ranges);
/* The next range that is not empty and not of discarded code; false at the end. */
bool cpi_dwarf_ranges_next(
	struct cpi_dwarf_ranges *r, uint64_t *ret_low, uint64_t *ret_high);

/* dwarf/file.c */

/* As cpi_error, of a place in one of the file's debug sections. */
enum cp_code cpi_dwarf_error(struct cp_error *err, enum cp_code code,
	const struct cpi_dwarf_file *file, enum cpi_dwarf_section section,
	uint64_t offset, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The same of a place among a unit's entries. */
#define CPI_DWARF_UNIT_ERROR(err, code, unit, ...)                                       \
	cpi_dwarf_error(err, code, (unit)->file,                                         \
		(enum cpi_dwarf_section)(unit)->section, __VA_ARGS__)

/* dwarf/unit.c */

/*
 * Reads the unit header at an offset. unit->end tells where the next one is also when the
 * unit is of a kind that is not read (CP_ERROR_UNSUPPORTED).
 */
enum cp_code cpi_dwarf_unit_header(const struct cpi_dwarf_file *file, uint8_t section,
	uint64_t offset, struct cpi_dwarf_unit *unit, struct cp_error *err);
/* Fills in what the unit's own entry says. */
enum cp_code cpi_dwarf_unit_entry(struct cpi_dwarf_unit *unit,
	struct cpi_dwarf_abbrev_cache *cache, struct cp_error *err);
bool cpi_dwarf_unit_push(struct cpi_dwarf_file *file, const struct cpi_dwarf_unit *unit);
/* Lists a file's units: all that are left, or one after the other. */
enum cp_code cpi_dwarf_units_read(struct cpi_dwarf_file *file, struct cp_error *err);
enum cp_code cpi_dwarf_listing_start(struct cpi_dwarf_file *file, struct cp_error *err);
/* Adds the next unit unless it is damaged, and moves file->listed, at last to the end. */
enum cp_code cpi_dwarf_listing_add(struct cpi_dwarf_file *file, struct cp_error *err);
/* Finds code that units do not tell of. */
enum cp_code cpi_dwarf_listing_finish(struct cpi_dwarf_file *file, struct cp_error *err);
void cpi_dwarf_listing_free(struct cpi_dwarf_file *file);
/*
 * The text, or a copy when it lies in a window; n = 0 also when there is no memory for
 * it.
 */
struct cp_text cpi_dwarf_lasting(
	const struct cpi_dwarf_file *file, struct cpi_arena *arena, struct cp_text text);
/* The unit that holds an offset of .debug_info, or NULL; not while units are listed. */
const struct cpi_dwarf_unit *cpi_dwarf_unit_at(
	const struct cpi_dwarf_file *file, uint64_t offset);

/* dwarf/line.c */

struct cpi_dwarf_row {
	uint32_t file, line, column;
	bool known;
};

struct cpi_dwarf_line_file {
	struct cp_text name;
	uint64_t directory;
};

/* A line table's header, and where its program is. */
struct cpi_dwarf_lines {
	const struct cpi_dwarf_unit *unit;
	struct cpi_cursor program;
	uint64_t offset, end;
	uint16_t version;
	uint8_t address_size, offset_size;
	uint8_t min_length, max_ops, opcode_base, line_range;
	int8_t line_base;
	uint8_t lengths[256];
	bool named; /* directories and files were read */
	CPI_VEC(struct cp_text) directory;
	CPI_VEC(struct cpi_dwarf_line_file) file;
	struct cpi_cursor tables;
};

enum cp_code cpi_dwarf_lines_open(struct cpi_dwarf_lines *lines,
	const struct cpi_dwarf_unit *unit, struct cp_error *err);
void cpi_dwarf_lines_release(struct cpi_mem *mem, struct cpi_dwarf_lines *lines);
/* Reads the names of directories and files, once; false when out of memory. */
bool cpi_dwarf_lines_names(struct cpi_dwarf_lines *lines);
/*
 * dwarf/define.c: adds the files that the program
 * itself names; false when out of memory.
 */
bool cpi_dwarf_lines_defined(struct cpi_dwarf_lines *lines, struct cpi_mem *mem);
/*
 * A file number's path, joined with its directories;
 * n = 0: unknown, p = NULL: no memory.
 */
struct cp_text cpi_dwarf_lines_path(
	struct cpi_dwarf_lines *lines, uint64_t number, struct cpi_arena *arena);

/* Extents [low, high) of a line table's sequences. */
typedef void cpi_dwarf_span_fn(void *arg, uint64_t low, uint64_t high);
enum cp_code cpi_dwarf_rows_spans(const struct cpi_dwarf_lines *lines,
	cpi_dwarf_span_fn *span, void *arg, struct cp_error *err);

/* dwarf/walk.c */

struct cpi_dwarf_query {
	uint64_t address;
	uint32_t index; /* into the caller's addresses */
	uint32_t node;  /* innermost owner, an index of nodes; 0 = none yet */
	uint32_t asked; /* the claim's order + 1 */
	struct cpi_dwarf_row row;
};

/* A function or inlined call that owns an address. */
struct cpi_dwarf_node {
	uint64_t die;    /* offset in the unit's section */
	uint32_t parent; /* node, 0 = outermost */
	bool inlined;
};

typedef CPI_VEC(struct cpi_dwarf_node) cpi_dwarf_nodes;

/* Finds the owners of sorted queries of one unit. nodes->v[0] is a dummy. */
enum cp_code cpi_dwarf_walk(const struct cpi_dwarf_unit *unit,
	const struct cpi_dwarf_abbrevs *table, struct cpi_dwarf_query *query, size_t n,
	cpi_dwarf_nodes *nodes, struct cp_error *err);
/* Runs the line program against sorted queries. */
enum cp_code cpi_dwarf_rows(const struct cpi_dwarf_lines *lines,
	struct cpi_dwarf_query *query, size_t n, struct cp_error *err);

/* dwarf/name.c */

/* An entry's attributes that name it or say where it was called. */
struct cpi_dwarf_entry {
	uint16_t tag;
	bool children;
	struct cp_text name, linkage_name;
	struct cpi_dwarf_value origin; /* abstract_origin, else specification */
	struct cpi_dwarf_value signature;
	uint64_t decl_file, decl_line;
	uint64_t call_file, call_line, call_column;
	bool has_decl_file;
};

enum cp_code cpi_dwarf_entry_read(const struct cpi_dwarf_unit *unit,
	struct cpi_dwarf_abbrev_cache *cache, uint64_t die, struct cpi_dwarf_entry *entry,
	struct cp_error *err);

/* A function's entry found in some unit. */
struct cpi_dwarf_place {
	const struct cpi_dwarf_unit *unit;
	uint64_t die;
};

/* Where an entry's origin is; false when it has none or it cannot be found. */
bool cpi_dwarf_origin(const struct cpi_dwarf_unit *unit,
	const struct cpi_dwarf_value *origin, struct cpi_dwarf_place *ret_place);

/* An entry whose name must be completed with its scopes. */
struct cpi_dwarf_scope {
	struct cpi_dwarf_place place;
	struct cpi_dwarf_function *function;
};

/* What a chain of origins says about a function. Paths are the caller's business. */
struct cpi_dwarf_naming {
	struct cp_text name, linkage_name;
	/* the chain's end, whose parents are its scopes */
	struct cpi_dwarf_place declared;
	const struct cpi_dwarf_unit *file_unit; /* whose line table decl_file refers to */
	uint64_t decl_file, decl_line;
};

enum cp_code cpi_dwarf_function_name(struct cpi_dwarf_abbrev_cache *cache,
	struct cpi_dwarf_place place, struct cpi_dwarf_naming *naming,
	struct cp_error *err);
/* By place, for qsort. */
int cpi_dwarf_scope_compare(const void *a, const void *b);
/* Completes the names of n functions declared in one unit; sorted by place. */
enum cp_code cpi_dwarf_scopes(struct cpi_dwarf_abbrev_cache *cache,
	const struct cpi_dwarf_scope *scope, size_t n, struct cpi_arena *arena,
	struct cp_error *err);

/* dwarf/frame.c */

/* Per worker; strings and functions live in the result. */
struct cpi_dwarf_worker {
	struct cpi_dwarf_abbrev_cache cache;
	struct cpi_arena arena;
};

/* One unit's share of a resolve call. */
struct cpi_dwarf_job {
	struct cpi_dwarf_unit *unit; /* the linked file's */
	struct cpi_dwarf_query *query;
	size_t n;
	CPI_VEC(struct cpi_dwarf_frame) frame;
	CPI_VEC(struct cpi_dwarf_scope) scope; /* names to complete */
	struct cp_error *damage; /* the unit's first, in a worker's arena; or NULL */
	enum cp_code code;                     /* what ends the whole call */
};

/*
 * Sets query[i].node to the number of the job's first frame of it, and the row's line to
 * the number of frames.
 */
void cpi_dwarf_job_run(
	struct cpi_env *env, struct cpi_dwarf_job *job, struct cpi_dwarf_worker *worker);

/* Takes from a budget; false when it is used up. */
static inline bool cpi_dwarf_spend(atomic_int_fast64_t *budget, uint64_t n)
{
	return atomic_fetch_sub_explicit(budget, (int64_t)n, memory_order_relaxed) >=
	       (int64_t)n;
}

#endif
