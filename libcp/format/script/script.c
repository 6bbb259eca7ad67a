/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of `perf script`, of any age and with most of its -F fields.
 *
 * The workload: half a gigabyte, ten million frame lines of which some ten thousand
 * differ. So a frame line is looked up as it stands, and parsed only when it is new.
 *
 * Where stackcollapse-perf.pl goes wrong, this does not: samples on one line and a last
 * sample without a blank line count, command names with numbers stay whole, so do symbols
 * with parentheses, files named "x (deleted)" and tasks with negative ids.
 */
#include "base/arena.h"
#include "base/limits.h"
#include "format/format.h"
#include "format/script/line.h"
#include "format/script/rows.h"

enum { BEHIND = 16 << 20 };

/* One known frame line. */
struct known {
	struct cp_text line;
	cp_location location;
	cp_function inlined; /* not none: a function inlined into the next frame */
	uint64_t address;
	cp_mapping mapping;
};

struct reader {
	struct cpi_env *env;
	const struct cpi_source *source;
	struct cp_error *err;
	struct script_rows rows;     /* holds the builder */
	struct cpi_arena text;       /* of the known lines */
	CPI_VEC(struct known) known; /* 0 is none */
	struct cpi_index lines;
	/* The sample being read. */
	bool open;
	struct script_head head;
	CPI_VEC(cp_location) frame;
	CPI_VEC(struct cp_line_row) inlined; /* waiting for the frame they are in */
	uint64_t line;                       /* number of the current one, from 1 */
};

static enum cp_code builder_code(struct reader *r)
{
	if (r->rows.b.code && r->err)
		*r->err = r->rows.b.error;
	return r->rows.b.code;
}

static uint8_t image_kind(struct cp_text image)
{
	static const struct {
		struct cp_text start;
		uint8_t kind;
	} table[] = {
		{CPI_TEXT("[kernel.kallsyms]"), CP_MAP_KERNEL},
		{CPI_TEXT("[guest.kernel"), CP_MAP_GUEST},
		{CPI_TEXT("[vdso"), CP_MAP_VDSO},
		{CPI_TEXT("[vsyscall"), CP_MAP_VDSO},
		{CPI_TEXT("[bpf"), CP_MAP_BPF},
		{CPI_TEXT("bpf_prog_"), CP_MAP_BPF},
		{CPI_TEXT("[heap]"), CP_MAP_JIT},
		{CPI_TEXT("[stack]"), CP_MAP_JIT},
		{CPI_TEXT("[anon"), CP_MAP_JIT},
		{CPI_TEXT("//anon"), CP_MAP_JIT},
		{CPI_TEXT("[unknown"), CP_MAP_UNKNOWN},
		{CPI_TEXT("["), CP_MAP_MODULE},
		{CPI_TEXT("/tmp/perf-"), CP_MAP_JIT},
	};
	struct cp_text base = cpi_text_basename(image);

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (cpi_text_starts(image, table[i].start))
			return table[i].kind;
	if (cpi_text_starts(base, CPI_TEXT("vmlinux")))
		return CP_MAP_KERNEL;
	return base.n && memmem(base.p, base.n, ".ko", 3) ? CP_MAP_MODULE : CP_MAP_USER;
}

/* The process of "/tmp/perf-PID.map", or 0. */
static uint32_t map_pid(struct cp_text image)
{
	struct cp_text start = CPI_TEXT("/tmp/perf-"), end = CPI_TEXT(".map");
	uint64_t pid;

	if (!cpi_text_starts(image, start) || !cpi_text_ends(image, end) ||
		image.n <= start.n + end.n)
		return 0;
	image.p += start.n;
	image.n -= start.n + end.n;
	return cpi_text_u64(image, &pid) && pid <= UINT32_MAX ? (uint32_t)pid : 0;
}

static cp_mapping mapping_of(struct reader *r, struct cp_text image)
{
	struct cp_mapping_row row = {.kind = image_kind(image),
		.pid = map_pid(image),
		.has = CP_HAS_FUNCTIONS};

	if (!image.n || cpi_text_equal(image, CPI_TEXT("[unknown]")) ||
		cpi_text_equal(image, CPI_TEXT("inlined")))
		return (cp_mapping){0};
	row.path = cpi_builder_string(&r->rows.b, image);
	return cpi_builder_mapping(&r->rows.b, &row);
}

static cp_function function_of(struct reader *r, struct cp_text name)
{
	struct cp_function_row row = {.name = cpi_builder_string(&r->rows.b, name)};

	row.system_name = row.name;
	return cpi_builder_function(&r->rows.b, &row);
}

static bool add_line(struct reader *r, cp_function f)
{
	if (cpi_vec_push(&r->env->mem, &r->inlined, (struct cp_line_row){.function = f}))
		return true;
	cpi_builder_fail(&r->rows.b, CP_ERROR_MEMORY, "out of memory");
	return false;
}

/*
 * A frame's own lines. Java's perf-map agent writes "outer->inlined" as one symbol; only
 * there is "->" no part of a name. With perf_compat the writer splits, by other rules.
 */
static bool add_symbol(struct reader *r, const struct script_frame *frame)
{
	struct cp_text rest = frame->symbol, end = CPI_TEXT(".map");

	while (cpi_text_ends(frame->image, end) && !r->rows.options->perf_compat) {
		const char *arrow = NULL;

		for (size_t i = rest.n; i-- > 1 && !arrow;)
			if (rest.p[i] == '>' && rest.p[i - 1] == '-')
				arrow = rest.p + i;
		if (!arrow || arrow + 1 == rest.p + rest.n || arrow - 1 == rest.p)
			break;
		if (!add_line(r, function_of(r,
					 (struct cp_text){arrow + 1,
						 (size_t)(rest.p + rest.n - arrow - 1)})))
			return false;
		rest.n = (size_t)(arrow - 1 - rest.p);
	}
	return add_line(r, function_of(r, rest));
}

static bool is_known(struct cp_text symbol)
{
	return symbol.n && !cpi_text_equal(symbol, CPI_TEXT("[unknown]"));
}

/* Makes the location of a frame out of `inlined` and its own symbol. */
static cp_location make_location(struct reader *r, const struct script_frame *frame)
{
	cp_location location;

	if (is_known(frame->symbol) && !add_symbol(r, frame))
		return (cp_location){0};
	location = cpi_builder_location(&r->rows.b, mapping_of(r, frame->image),
		frame->address, false, r->inlined.v, (uint32_t)r->inlined.n);
	r->inlined.n = 0;
	return location;
}

static enum cp_code push_frame(struct reader *r, cp_location location)
{
	if (r->rows.b.code)
		return builder_code(r);
	if (r->frame.n >= r->env->limits.stack_depth)
		return cpi_limit_error(r->err, CP_NO_OFFSET, "stack-depth",
			"a stack has more than %u frames", r->env->limits.stack_depth);
	return cpi_vec_push(&r->env->mem, &r->frame, location) ? CP_OK
							       : cpi_error_memory(r->err);
}

/* Remembers a line; false when out of memory. */
static bool remember(struct reader *r, const struct known *row, uint64_t hash)
{
	struct known copy = *row;

	copy.line.p = cpi_arena_copy(&r->text, row->line.p, row->line.n);
	return copy.line.p && cpi_vec_push(&r->env->mem, &r->known, copy) &&
	       cpi_index_add(&r->env->mem, &r->lines, hash, (uint32_t)r->known.n - 1);
}

static enum cp_code new_frame(struct reader *r, const struct script_frame *frame,
	struct cp_text line, uint64_t hash)
{
	struct known row = {.line = line, .address = frame->address};
	bool plain = !r->inlined.n;

	/* For stackcollapse-perf.pl these are frames like others. */
	if (cpi_text_equal(frame->image, CPI_TEXT("inlined")) &&
		!r->rows.options->perf_compat) {
		row.inlined = function_of(r, frame->symbol);
		if (r->rows.b.code || !add_line(r, row.inlined))
			return builder_code(r);
		return remember(r, &row, hash) ? CP_OK : cpi_error_memory(r->err);
	}
	row.location = make_location(r, frame);
	if (r->rows.b.code)
		return builder_code(r);
	/* With functions inlined into it, the line alone does not tell the location. */
	if (plain && !remember(r, &row, hash))
		return cpi_error_memory(r->err);
	return push_frame(r, row.location);
}

/*
 * Below a header, perf script prints frames without their image where that was not asked
 * for, as it does for tracepoints of a pipe. stackcollapse-perf.pl reads none of them.
 */
static bool is_frame(
	const struct reader *r, struct cp_text line, bool below, struct script_frame *ret)
{
	return cpi_script_frame(line, ret) || (below && !r->rows.options->perf_compat &&
						      cpi_script_bare_frame(line, ret));
}

/* *ret_is false: the line is no frame. */
static enum cp_code frame_line(
	struct reader *r, struct cp_text line, bool below, bool *ret_is)
{
	uint64_t hash = cpi_hash(line.p, line.n);
	struct cpi_probe probe = cpi_index_find(&r->lines, hash);
	struct script_frame frame;

	*ret_is = true;
	for (uint32_t id; (id = cpi_index_next(&r->lines, &probe));) {
		const struct known *row = &r->known.v[id];

		if (!cpi_text_equal(row->line, line))
			continue;
		if (row->inlined.i)
			return add_line(r, row->inlined) ? CP_OK : builder_code(r);
		if (!r->inlined.n)
			return push_frame(r, row->location);
		break;
	}
	*ret_is = is_frame(r, line, below, &frame);
	return *ret_is ? new_frame(r, &frame, line, hash) : CP_OK;
}

static enum cp_code end_sample(struct reader *r)
{
	if (!r->open)
		return CP_OK;
	r->open = false;
	/* Inlined functions whose frame never came. */
	if (r->inlined.n) {
		struct script_frame none = {0};
		enum cp_code code = push_frame(r, make_location(r, &none));

		if (code)
			return code;
	}
	return cpi_script_rows_add(
		&r->rows, &r->head, r->frame.v, (uint32_t)r->frame.n, r->err);
}

static enum cp_code head_line(struct reader *r, const struct script_head *head)
{
	enum cp_code code = end_sample(r);
	bool frame;

	if (code)
		return code;
	r->open = true;
	r->head = *head;
	r->frame.n = r->inlined.n = 0;
	/*
	 * Without call chains the frame stands behind the event; a tracepoint's text
	 * may.
	 */
	return head->rest.n ? frame_line(r, head->rest, false, &frame) : CP_OK;
}

static bool is_blank_line(struct cp_text line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r')
			return false;
	return true;
}

static void bad_line(struct reader *r, uint64_t offset, const char *what)
{
	struct cpi_place place =
		cpi_place_record(r->source->name, "line", r->line, offset);

	cpi_diag_warn(&r->env->diag, "perf-script-line", &place, "it is %s", what);
}

/* A line inside a sample, which perf indents. */
static enum cp_code inner_line(struct reader *r, struct cp_text line, uint64_t offset)
{
	bool is = true;
	enum cp_code code = CP_OK;

	if (r->open)
		code = frame_line(r, line, true, &is);
	else
		/* Its sample's header was not understood, which has been said. */
		is = is_frame(r, line, true, &(struct script_frame){0});
	if (!code && !is && !cpi_script_source(line))
		bad_line(r, offset, "no frame");
	return code;
}

/* A frame that has lost its indentation, as text does on its way through editors. */
static bool is_unindented(const struct reader *r, struct cp_text line)
{
	struct script_frame frame;
	size_t n = 0;

	while (n < line.n && memchr("0123456789abcdef", line.p[n], 16))
		n++;
	return r->open && (cpi_script_frame(line, &frame) ||
				  (n >= 8 && is_frame(r, line, true, &frame)));
}

static enum cp_code one_line(struct reader *r, struct cp_text line, uint64_t offset)
{
	struct script_head head;

	if (is_blank_line(line))
		return end_sample(r);
	if (line.p[0] == '#')
		return CP_OK;
	/*
	 * Names are set right in lines of their own, so a blank may begin a header,
	 * too.
	 */
	if (line.p[0] == '\t')
		return inner_line(r, line, offset);
	if (cpi_script_head(line, &head))
		return head_line(r, &head);
	if (line.p[0] == ' ' || is_unindented(r, line))
		return inner_line(r, line, offset);
	bad_line(r, offset, "no sample");
	return CP_OK;
}

static enum cp_code each_line(struct reader *r)
{
	const char *start = (const char *)r->source->part[0].data, *p = start,
		   *behind = p;
	const char *end = p + r->source->part[0].n;
	enum cp_code code = CP_OK;

	while (p < end && !code) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		struct cp_text line = {p, (size_t)((stop ? stop : end) - p)};

		r->line++;
		if (p - behind >= BEHIND) {
			cpi_source_behind(r->source, 0, (uint64_t)(behind - start),
				(uint64_t)(p - start));
			behind = p;
			code = cpi_env_progress(r->env,
				(double)(p - start) / (double)(end - start), r->err);
		}
		if (!code)
			code = one_line(r, line, (uint64_t)(p - start));
		if (code && r->err) {
			if (r->err->offset == CP_NO_OFFSET)
				r->err->offset = (uint64_t)(p - start);
			cpi_error_context(
				r->err, "line %llu", (unsigned long long)r->line);
		}
		p = stop ? stop + 1 : end;
	}
	return code ? code : end_sample(r);
}

static void release(struct reader *r)
{
	struct cpi_mem *mem = &r->env->mem;

	cpi_vec_release(mem, &r->inlined);
	cpi_vec_release(mem, &r->frame);
	cpi_vec_release(mem, &r->known);
	cpi_index_release(mem, &r->lines);
	cpi_arena_release(&r->text);
}

static enum cp_code script_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	static const struct cp_read_options none;
	struct reader r = {.env = env, .source = source, .err = err};
	enum cp_code code;

	(void)unwinder;
	cpi_arena_init(&r.text, &env->mem);
	code = cpi_script_rows_init(&r.rows, env, options ? options : &none, err);
	if (!code && !cpi_vec_push(&env->mem, &r.known, (struct known){0}))
		code = cpi_error_memory(err);
	if (!code)
		code = each_line(&r);
	release(&r);
	return cpi_script_rows_finish(&r.rows, code, ret_profile, err);
}

/* A header with a frame below or behind it, early in the text. */
static int script_detect(const struct cpi_source *source)
{
	const char *p = (const char *)source->part[0].data, *end = p + source->part[0].n;
	unsigned heads = 0, frames = 0, others = 0;

	for (unsigned i = 0; i < 200 && p < end; i++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		struct cp_text line = {p, (size_t)((stop ? stop : end) - p)};
		struct script_head head;
		struct script_frame frame;

		p = stop ? stop + 1 : end;
		if (is_blank_line(line) || line.p[0] == '#')
			continue;
		if (line.p[0] != '\t' && cpi_script_head(line, &head)) {
			heads++;
			frames += head.rest.n && cpi_script_frame(head.rest, &frame);
		} else if (heads && cpi_script_frame(line, &frame)) {
			frames++;
		} else {
			others++;
		}
		if (others > 8 && others > heads + frames)
			return 0;
	}
	if (!heads || others > heads + frames)
		return 0;
	return frames ? 70 : 30;
}

const struct cpi_format cpi_format_perf_script = {
	.public =
		{
			.name = "perf-script",
			.description = "text printed by perf script",
			.extensions = "",
			.reads = true,
		},
	.detect = script_detect,
	.read = script_read,
};
