/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a profile's tables, for the library and for programs. */
#include "model/profile.h"

#include <stdio.h>

#include <cp/filter.h>

void cp_profile_free(struct cp_profile *p)
{
	struct cpi_mem *mem;

	if (!p)
		return;
	mem = &p->env->mem;
	cpi_arena_release(&p->bytes);
	cpi_vec_release(mem, &p->string);
	cpi_vec_release(mem, &p->mapping);
	cpi_vec_release(mem, &p->function);
	cpi_vec_release(mem, &p->location);
	cpi_vec_release(mem, &p->line);
	cpi_vec_release(mem, &p->frame);
	cpi_vec_release(mem, &p->stack_end);
	cpi_vec_release(mem, &p->label);
	cpi_vec_release(mem, &p->labels_end);
	cpi_vec_release(mem, &p->sample_type);
	cpi_vec_release(mem, &p->sample_stack);
	cpi_vec_release(mem, &p->sample_labels);
	cpi_vec_release(mem, &p->value);
	cpi_vec_release(mem, &p->time);
	cpi_vec_release(mem, &p->comment);
	cpi_free(mem, p, sizeof *p);
}

struct cp_profile_counts cp_profile_counts(const struct cp_profile *p)
{
	return (struct cp_profile_counts){
		.strings = (uint32_t)p->string.n - 1,
		.mappings = (uint32_t)p->mapping.n - 1,
		.functions = (uint32_t)p->function.n - 1,
		.locations = (uint32_t)p->location.n - 1,
		.lines = (uint32_t)p->line.n,
		.stacks = (uint32_t)p->stack_end.n - 1,
		.labels = (uint32_t)p->labels_end.n - 1,
		.samples = cpi_profile_n_samples(p),
		.sample_types = (uint32_t)p->sample_type.n,
		.comments = (uint32_t)p->comment.n,
	};
}

const struct cp_profile_header *cp_profile_header(const struct cp_profile *p)
{
	return &p->header;
}

struct cp_text cp_profile_string(const struct cp_profile *p, cp_string id)
{
	return cpi_profile_text(p, id.i < p->string.n ? id : (cp_string){0});
}

const struct cp_mapping_row *cp_profile_mapping(const struct cp_profile *p, cp_mapping id)
{
	return &p->mapping.v[id.i < p->mapping.n ? id.i : 0];
}

const struct cp_function_row *cp_profile_function(
	const struct cp_profile *p, cp_function id)
{
	return &p->function.v[id.i < p->function.n ? id.i : 0];
}

const struct cp_location_row *cp_profile_location(
	const struct cp_profile *p, cp_location id)
{
	return &p->location.v[id.i < p->location.n ? id.i : 0];
}

const struct cp_line_row *cp_profile_lines(
	const struct cp_profile *p, const struct cp_location_row *location)
{
	if (!location->n_lines || location->first_line >= p->line.n ||
		location->n_lines > p->line.n - location->first_line)
		return NULL;
	return p->line.v + location->first_line;
}

const cp_location *cp_profile_stack(
	const struct cp_profile *p, cp_stack id, uint32_t *ret_n)
{
	return cpi_profile_frames(p, id.i < p->stack_end.n ? id : (cp_stack){0}, ret_n);
}

const struct cp_label *cp_profile_labels(
	const struct cp_profile *p, cp_labels id, uint32_t *ret_n)
{
	return cpi_profile_label_set(
		p, id.i < p->labels_end.n ? id : (cp_labels){0}, ret_n);
}

const struct cp_value_type *cp_profile_sample_type(
	const struct cp_profile *p, uint32_t type)
{
	static const struct cp_value_type none;

	return type < p->sample_type.n ? &p->sample_type.v[type] : &none;
}

struct cp_text cp_profile_comment(const struct cp_profile *p, uint32_t comment)
{
	return cp_profile_string(
		p, comment < p->comment.n ? p->comment.v[comment] : (cp_string){0});
}

cp_stack cp_profile_sample_stack(const struct cp_profile *p, uint32_t sample)
{
	return sample < p->sample_stack.n ? p->sample_stack.v[sample] : (cp_stack){0};
}

cp_labels cp_profile_sample_labels(const struct cp_profile *p, uint32_t sample)
{
	return sample < p->sample_labels.n ? p->sample_labels.v[sample] : (cp_labels){0};
}

const int64_t *cp_profile_sample_values(const struct cp_profile *p, uint32_t sample)
{
	return sample < p->sample_stack.n ? p->value.v + (size_t)sample * p->sample_type.n
					  : NULL;
}

int64_t cp_profile_sample_time(const struct cp_profile *p, uint32_t sample)
{
	return sample < p->time.n ? p->time.v[sample] : CP_NO_TIME;
}

uint32_t cpi_profile_default_type(const struct cp_profile *p)
{
	cp_string name = p->header.default_sample_type;

	for (size_t i = 0; name.i && i < p->sample_type.n; i++)
		if (p->sample_type.v[i].type.i == name.i)
			return (uint32_t)i;
	return p->sample_type.n ? (uint32_t)p->sample_type.n - 1 : 0;
}

static bool has_values(const struct cp_profile *p, uint32_t type)
{
	for (size_t i = type; i < p->value.n; i += p->sample_type.n)
		if (p->value.v[i])
			return true;
	return false;
}

/* Of "x:samples" the type "x", if it has values; else the type itself. */
static uint32_t without_count(const struct cp_profile *p, uint32_t type)
{
	struct cp_text name = cpi_profile_text(p, p->sample_type.v[type].type);
	struct cp_text suffix = CPI_TEXT(":samples");

	if (!cpi_text_ends(name, suffix))
		return type;
	name.n -= suffix.n;
	for (uint32_t i = 0; i < p->sample_type.n; i++)
		if (cpi_text_equal(name, cpi_profile_text(p, p->sample_type.v[i].type)) &&
			has_values(p, i))
			return i;
	return type;
}

uint32_t cpi_profile_shown_type(const struct cp_profile *p)
{
	uint32_t type = cpi_profile_default_type(p);

	if (!p->sample_type.n || has_values(p, type))
		return type;
	for (uint32_t i = 0; i < p->sample_type.n; i++)
		if (has_values(p, i))
			return without_count(p, i);
	return type;
}

uint32_t cp_profile_shown_sample_type(const struct cp_profile *p)
{
	return cpi_profile_shown_type(p);
}

uint32_t cpi_profile_show_type(struct cpi_env *env, const struct cp_profile *p)
{
	uint32_t type = cpi_profile_default_type(p), shown = cpi_profile_shown_type(p);
	char zero[64], other[64];

	if (shown == type && cpi_profile_n_samples(p) && !has_values(p, type))
		cpi_diag_note(&env->diag, "sample-type", NULL, "all values are 0");
	if (shown != type)
		cpi_diag_note(&env->diag, "sample-type", NULL,
			"all values of %s are 0: %s is shown (--sample-index=TYPE chooses)",
			cpi_text_printable(zero, sizeof zero,
				cpi_profile_text(p, p->sample_type.v[type].type)),
			cpi_text_printable(other, sizeof other,
				cpi_profile_text(p, p->sample_type.v[shown].type)));
	return shown;
}

static enum cp_code no_such_type(
	const struct cp_profile *p, struct cp_text name, struct cp_error *err)
{
	char list[160] = "", shown[48];
	size_t n = 0;

	for (size_t i = 0; i < p->sample_type.n && n < sizeof list - 64; i++) {
		int more = snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "",
			cpi_text_printable(shown, sizeof shown,
				cpi_profile_text(p, p->sample_type.v[i].type)));

		n += more > 0 ? (size_t)more : 0;
	}
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"sample_index \"%s\" is not among %s%s",
		cpi_text_printable(shown, sizeof shown, name),
		*list ? list : "no sample types",
		cpi_text_equal(name, CPI_TEXT("off-cpu")) ||
				cpi_text_equal(name, CPI_TEXT("wall"))
			? "; perf record -a -e sched:sched_switch -e cpu-clock -g records it"
			: "");
}

enum cp_code cpi_profile_find_type(const struct cp_profile *p, const char *name,
	uint32_t *ret_type, struct cp_error *err)
{
	struct cp_text want = name ? cpi_text(name) : CPI_TEXT(""), bare = want;
	uint64_t number;

	if (!p->sample_type.n)
		return cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
			"the profile has no sample types");
	if (!want.n) {
		*ret_type = cpi_profile_default_type(p);
		return CP_OK;
	}
	if (want.p[0] >= '0' && want.p[0] <= '9' && cpi_text_u64(want, &number)) {
		if (number >= p->sample_type.n)
			return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"sample_index %s is outside 0…%zu", name,
				p->sample_type.n - 1);
		*ret_type = (uint32_t)number;
		return CP_OK;
	}
	if (cpi_text_starts(want, CPI_TEXT("inuse_")))
		bare = (struct cp_text){want.p + 6, want.n - 6};
	for (uint32_t i = 0; i < p->sample_type.n; i++) {
		struct cp_text type = cpi_profile_text(p, p->sample_type.v[i].type);

		if (cpi_text_equal(type, want) || cpi_text_equal(type, bare)) {
			*ret_type = i;
			return CP_OK;
		}
	}
	return no_such_type(p, want, err);
}

enum cp_code cp_profile_find_sample_type(const struct cp_profile *p, const char *name,
	uint32_t *ret_type, struct cp_error *err)
{
	return cpi_profile_find_type(p, name, ret_type, err);
}

static bool copy_rows(struct cpi_mem *mem, void **to, size_t *n, size_t *cap,
	const void *from, size_t from_n, size_t size)
{
	if (!from_n)
		return true;
	*to = cpi_alloc_array(mem, from_n, size);
	if (!*to)
		return false;
	memcpy(*to, from, from_n * size);
	*n = *cap = from_n;
	return true;
}

#define COPY_ROWS(to, from, vec) \
	copy_rows(&(to)->env->mem, (void **)&(to)->vec.v, &(to)->vec.n, &(to)->vec.cap, \
		(from)->vec.v, (from)->vec.n, sizeof *(to)->vec.v)

static bool copy_strings(struct cp_profile *to)
{
	for (size_t i = 0; i < to->string.n; i++) {
		struct cpi_string_row *row = &to->string.v[i];

		row->p = cpi_arena_copy(&to->bytes, row->p, row->n);
		if (!row->p)
			return false;
	}
	return true;
}

struct cp_profile *cpi_profile_copy(struct cpi_env *env, const struct cp_profile *p)
{
	struct cp_profile *copy = cpi_alloc_zero(&env->mem, sizeof *copy);

	if (!copy)
		return NULL;
	copy->env = env;
	copy->header = p->header;
	cpi_arena_init(&copy->bytes, &env->mem);
	if (COPY_ROWS(copy, p, string) && copy_strings(copy) &&
		COPY_ROWS(copy, p, mapping) && COPY_ROWS(copy, p, function) &&
		COPY_ROWS(copy, p, location) && COPY_ROWS(copy, p, line) &&
		COPY_ROWS(copy, p, frame) && COPY_ROWS(copy, p, stack_end) &&
		COPY_ROWS(copy, p, label) && COPY_ROWS(copy, p, labels_end) &&
		COPY_ROWS(copy, p, sample_type) && COPY_ROWS(copy, p, sample_stack) &&
		COPY_ROWS(copy, p, sample_labels) && COPY_ROWS(copy, p, value) &&
		COPY_ROWS(copy, p, time) && COPY_ROWS(copy, p, comment))
		return copy;
	cp_profile_free(copy);
	return NULL;
}
