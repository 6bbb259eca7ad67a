/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants to rows of the profile: a method becomes a function, a trace a stack, each once
 * per chunk. Frames stand leaf first. async-profiler puts native code among them, with its
 * library where Java has a class.
 */
#include "format/jfr/jfr.h"

enum { LINE_UNKNOWN = 65535 }; /* -1 in 16 bits, as async-profiler writes it */

/* The fields of a constant; false: it is not there. */
static bool constant(struct jfr *j, uint32_t type, int64_t key, struct jfr_wanted *wanted,
	size_t n)
{
	uint32_t row = cpi_jfr_constant(&j->chunk, type, key);
	struct cpi_cursor at;

	if (!row)
		return false;
	at = cpi_jfr_cursor(&j->chunk, j->chunk.constant.v[row].at, j->chunk.n);
	cpi_jfr_fields(j, &at, type, wanted, n);
	return cpi_cursor_ok(&at);
}

struct cp_text cpi_jfr_named(struct jfr *j, uint32_t type, int64_t key, const char *field)
{
	struct jfr_wanted text = {.name = field};

	if (!constant(j, type, key, &text, 1))
		return (struct cp_text){"", 0};
	return text.text.n ? text.text : (struct cp_text){"", 0};
}

/* The text behind a field that is a symbol of the pool, or a text itself. */
static struct cp_text symbol(struct jfr *j, const struct jfr_wanted *w)
{
	if (w->text.n || !w->found)
		return w->text.n ? w->text : (struct cp_text){"", 0};
	return cpi_jfr_named(j, w->type, w->number, "string");
}

/* With dots for slashes, in the chunk's arena. */
static struct cp_text dotted(struct jfr *j, struct cp_text text)
{
	char *copy;

	if (!text.n || !memchr(text.p, '/', text.n))
		return text;
	copy = cpi_arena_copy(&j->chunk.arena, text.p, text.n);
	if (!cpi_jfr_fine(j, copy))
		return (struct cp_text){"", 0};
	for (size_t i = 0; i < text.n; i++)
		if (copy[i] == '/')
			copy[i] = '.';
	return (struct cp_text){copy, text.n};
}

static struct cp_text raw_class(struct jfr *j, uint32_t type, int64_t key)
{
	struct jfr_wanted name = {.name = "name"};

	if (!constant(j, type, key, &name, 1))
		return (struct cp_text){"", 0};
	return symbol(j, &name);
}

struct cp_text cpi_jfr_class(struct jfr *j, uint32_t type, int64_t key)
{
	return dotted(j, raw_class(j, type, key));
}

/* A library, or nothing: no Java class is called so. */
static bool is_native(struct cp_text class, struct cp_text frame_type)
{
	bool native = cpi_text_equal(frame_type, CPI_TEXT("Native")) ||
		cpi_text_equal(frame_type, CPI_TEXT("C++")) ||
		cpi_text_equal(frame_type, CPI_TEXT("Kernel"));

	if (!native)
		return false;
	for (size_t i = 0; i + 3 <= class.n; i++)
		if (!memcmp(class.p + i, ".so", 3))
			return true;
	return !class.n || *class.p == '/' || *class.p == '[';
}

static cp_mapping library(struct jfr *j, struct cp_text path, bool kernel)
{
	struct cp_mapping_row row = {.kind = kernel ? CP_MAP_KERNEL : CP_MAP_USER,
		.has = CP_HAS_FUNCTIONS};

	if (!path.n && !kernel)
		return (cp_mapping){0};
	row.path = cpi_builder_string(&j->b, path.n ? path : CPI_TEXT("[kernel.kallsyms]"));
	return cpi_builder_mapping(&j->b, &row);
}

/* "java.lang.String.length"; the descriptor is not shown. */
static cp_string java_name(struct jfr *j, struct cp_text class, struct cp_text method)
{
	struct cpi_sink text;
	cp_string name = {0};

	cpi_sink_memory(&text, &j->env->mem);
	class = dotted(j, class);
	cpi_sink_bytes(&text, class.p, class.n);
	if (class.n && method.n)
		cpi_sink_char(&text, '.');
	cpi_sink_bytes(&text, method.p, method.n);
	if (cpi_jfr_fine(j, !text.code))
		name = cpi_builder_string(
			&j->b, (struct cp_text){(const char *)text.buf, text.n});
	cpi_sink_release(&text);
	return name;
}

/* Function and mapping of a method; in the constant they are `made` and `extra`. */
static bool method(struct jfr *j, uint32_t type, int64_t key, struct cp_text frame_type,
	cp_function *ret_function, cp_mapping *ret_mapping)
{
	uint32_t row = cpi_jfr_constant(&j->chunk, type, key);
	struct jfr_constant *c = &j->chunk.constant.v[row];
	struct jfr_wanted w[] = {{.name = "type"}, {.name = "name"}};
	struct cp_text class, name;
	struct cp_function_row function = {0};

	if (!row || c->as == JFR_MADE_STACK)
		return false;
	if (!c->made) {
		if (!constant(j, type, key, w, 2))
			return false;
		class = raw_class(j, w[0].type, w[0].number);
		name = symbol(j, &w[1]);
		if (is_native(class, frame_type)) {
			function.name = cpi_builder_string(&j->b, name);
			c->extra = library(j, class,
				cpi_text_equal(frame_type, CPI_TEXT("Kernel"))).i;
		} else {
			function.name = java_name(j, class, name);
		}
		function.system_name = function.name;
		c->made = cpi_builder_function(&j->b, &function).i;
		c->as = JFR_MADE_FUNCTION;
	}
	*ret_function = (cp_function){c->made};
	*ret_mapping = (cp_mapping){c->extra};
	return c->made != 0;
}

static cp_location named(struct jfr *j, const char *name)
{
	struct cp_function_row function = {.name = cpi_builder_str(&j->b, name)};
	struct cp_line_row line = {0};

	line.function = cpi_builder_function(&j->b, &function);
	return cpi_builder_location(&j->b, (cp_mapping){0}, 0, false, &line, 1);
}

/* One frame at the cursor: appended to j->path. */
static void frame(struct jfr *j, struct cpi_cursor *c, uint32_t type)
{
	struct jfr_wanted w[] = {{.name = "method"}, {.name = "lineNumber"}, {.name = "type"}};
	struct cp_text kind = {"", 0};
	struct cp_line_row line = {0};
	cp_mapping mapping = {0};
	cp_location location;

	cpi_jfr_fields(j, c, type, w, 3);
	if (!cpi_cursor_ok(c))
		return;
	if (w[2].found)
		kind = w[2].text.n ? w[2].text
				   : cpi_jfr_named(j, w[2].type, w[2].number, "description");
	if (w[1].number > 0 && w[1].number < LINE_UNKNOWN)
		line.line = w[1].number;
	if (w[0].found && method(j, w[0].type, w[0].number, kind, &line.function, &mapping))
		location = cpi_builder_location(&j->b, mapping, 0, false, &line, 1);
	else
		location = named(j, "[unknown method]");
	if (j->path.n > j->env->limits.stack_depth)
		cpi_builder_fail(&j->b, CP_ERROR_LIMIT, "a stack has too many frames");
	else
		cpi_jfr_fine(j, cpi_vec_push(&j->env->mem, &j->path, location));
}

/* The array of frames that begins at byte `at`. */
static bool frames(struct jfr *j, uint64_t at, uint32_t type)
{
	struct cpi_cursor c = cpi_jfr_cursor(&j->chunk, at, j->chunk.n);
	uint64_t n = cpi_cursor_claim(&c, (uint64_t)cpi_jfr_leb(&c), 1);

	for (; n && cpi_cursor_ok(&c) && !j->b.code; n--)
		frame(j, &c, type);
	return cpi_cursor_ok(&c) && !j->b.code;
}

cp_stack cpi_jfr_stack(struct jfr *j, uint32_t type, int64_t key)
{
	uint32_t row = key ? cpi_jfr_constant(&j->chunk, type, key) : 0;
	struct jfr_wanted w[] = {{.name = "truncated"}, {.name = "frames"}};
	struct jfr_constant *s = row ? &j->chunk.constant.v[row] : NULL;
	cp_location unknown;

	if (s && s->as == JFR_MADE_STACK) {
		j->without_stack += s->made == j->no_stack;
		return (cp_stack){s->made};
	}
	if (s && s->as == JFR_MADE_FUNCTION)
		s = NULL;
	j->path.n = 0;
	if (s && constant(j, type, key, w, 2) && w[1].found &&
		frames(j, w[1].at, w[1].type) && j->path.n) {
		if (w[0].number) {
			j->truncated++;
			cpi_jfr_fine(j, cpi_vec_push(&j->env->mem, &j->path,
						named(j, "[truncated stack]")));
		}
		s->made = cpi_builder_stack(&j->b, j->path.v, (uint32_t)j->path.n).i;
		s->as = JFR_MADE_STACK;
		return (cp_stack){s->made};
	}
	j->without_stack++;
	unknown = named(j, "[unknown stack]");
	j->no_stack = cpi_builder_stack(&j->b, &unknown, 1).i;
	/* Looked at once, also where it is bad: many events may ask for one that is long. */
	if (s && s->as == JFR_MADE_NOTHING) {
		s->made = j->no_stack;
		s->as = JFR_MADE_STACK;
	}
	return (cp_stack){j->no_stack};
}

void cpi_jfr_thread(
	struct jfr *j, uint32_t type, int64_t key, struct cp_label *label, uint32_t *n)
{
	struct jfr_wanted w[] = {
		{.name = "osName"}, {.name = "osThreadId"}, {.name = "javaName"}};
	struct cp_text name;

	if (!constant(j, type, key, w, 3))
		return;
	name = w[2].text.n ? w[2].text : w[0].text;
	if (name.n)
		label[(*n)++] = (struct cp_label){.key = cpi_builder_str(&j->b, "thread"),
			.str = cpi_builder_string(&j->b, name)};
	if (w[1].found)
		label[(*n)++] = (struct cp_label){.key = cpi_builder_str(&j->b, "tid"),
			.unit = cpi_builder_str(&j->b, "tid"), .num = w[1].number};
}
