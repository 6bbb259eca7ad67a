/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

#include <math.h>

#include "model/name.h"

/*
 * While samples are read, locations are addresses only; mappings are known at the end of
 * the file and decided then, for locations in the order in which samples use them, as
 * pprof numbers them.
 */

void cpi_legacy_init(struct legacy *l, struct cpi_env *env)
{
	memset(l, 0, sizeof *l);
	l->env = env;
	cpi_arena_init(&l->text, &env->mem);
	cpi_builder_init(&l->b, env);
	if (!cpi_vec_push(&env->mem, &l->location, (struct legacy_location){0}))
		cpi_legacy_no_memory(l);
}

void cpi_legacy_release(struct legacy *l)
{
	struct cpi_mem *mem = &l->env->mem;

	cpi_builder_release(&l->b);
	cpi_index_release(mem, &l->by_address);
	cpi_vec_release(mem, &l->location);
	cpi_vec_release(mem, &l->frame);
	cpi_vec_release(mem, &l->sample);
	cpi_vec_release(mem, &l->value);
	cpi_vec_release(mem, &l->mapping);
	cpi_vec_release(mem, &l->line);
	cpi_arena_release(&l->text);
}

void cpi_legacy_no_memory(struct legacy *l)
{
	cpi_builder_fail(&l->b, CP_ERROR_MEMORY, "out of memory");
}

void cpi_legacy_type(struct legacy *l, const char *type, const char *unit)
{
	cpi_builder_sample_type(
		&l->b, cpi_builder_str(&l->b, type), cpi_builder_str(&l->b, unit), 0);
	l->n_types++;
}

void cpi_legacy_period(
	struct legacy *l, const char *type, const char *unit, int64_t period)
{
	struct cp_value_type row = {
		cpi_builder_str(&l->b, type), cpi_builder_str(&l->b, unit), 0};

	if (!l->b.code) {
		l->b.p->header.period_type = row;
		l->b.p->header.period = period;
	}
}

static uint32_t find(struct legacy *l, uint64_t address)
{
	struct cpi_probe probe = cpi_index_find(&l->by_address, cpi_hash_u64(address));
	uint32_t id;

	while ((id = cpi_index_next(&l->by_address, &probe)))
		if (l->location.v[id].address == address)
			break;
	return id;
}

struct legacy_location *cpi_legacy_find(struct legacy *l, uint64_t address)
{
	uint32_t id = find(l, address);

	return id ? &l->location.v[id] : NULL;
}

void cpi_legacy_frame(struct legacy *l, uint64_t address)
{
	struct cpi_mem *mem = &l->env->mem;
	uint32_t id = find(l, address);

	if (l->b.code)
		return;
	if (!id) {
		id = (uint32_t)l->location.n;
		if (!cpi_vec_push(mem, &l->location,
			    (struct legacy_location){.address = address}) ||
			!cpi_index_add(mem, &l->by_address, cpi_hash_u64(address), id)) {
			cpi_legacy_no_memory(l);
			return;
		}
	}
	if (!cpi_vec_push(mem, &l->frame, id))
		cpi_legacy_no_memory(l);
}

void cpi_legacy_discard(struct legacy *l)
{
	l->frame.n = l->open;
}

struct legacy_sample *cpi_legacy_sample(struct legacy *l, const int64_t *values)
{
	struct cpi_mem *mem = &l->env->mem;
	struct legacy_sample row = {
		.first = l->open, .n = (uint32_t)(l->frame.n - l->open)};

	l->open = l->frame.n;
	for (uint32_t i = 0; i < l->n_types; i++)
		if (!cpi_vec_push(mem, &l->value, values[i])) {
			cpi_legacy_no_memory(l);
			return NULL;
		}
	if (l->b.code || !cpi_vec_push(mem, &l->sample, row)) {
		cpi_legacy_no_memory(l);
		return NULL;
	}
	return &l->sample.v[l->sample.n - 1];
}

/* Ids in the order in which samples use locations; their number goes to *ret_n. */
static uint32_t *ranked(struct legacy *l, uint32_t *ret_n)
{
	uint32_t *order = cpi_alloc_array(&l->env->mem, l->location.n, sizeof *order),
		 n = 0;

	for (size_t i = 0; order && i < l->sample.n; i++)
		for (uint32_t k = 0; k < l->sample.v[i].n; k++) {
			uint32_t id = l->frame.v[l->sample.v[i].first + k];

			if (l->location.v[id].rank)
				continue;
			order[n++] = id;
			l->location.v[id].rank = n;
		}
	*ret_n = n;
	return order;
}

static cp_mapping make_mapping(struct legacy *l, const struct legacy_mapping *m)
{
	struct cp_mapping_row row = {.start = m->start,
		.limit = m->limit,
		.offset = m->offset,
		.has = l->mapping_has};

	row.path = cpi_builder_string(&l->b, m->path);
	row.build_id = cpi_builder_string(&l->b, m->build_id);
	return cpi_builder_mapping(&l->b, &row);
}

/* "spin<0000000000001139>": a function that shares its name. */
static struct cp_text without_address(struct cp_text name)
{
	size_t n = name.n;

	if (n < 19 || name.p[n - 1] != '>' || name.p[n - 18] != '<')
		return name;
	for (size_t i = n - 17; i < n - 1; i++)
		if (!strchr("0123456789abcdef", name.p[i]) || !name.p[i])
			return name;
	return (struct cp_text){name.p, n - 18};
}

/* Lines of "inner--caller--outermost"; at most `most`. */
static uint32_t chain_lines(struct legacy *l, const struct legacy_location *location,
	struct cp_line_row *line, uint32_t most)
{
	struct cp_text rest = {location->chain, location->chain_n};
	uint32_t n = 0;

	while (rest.n && n < most) {
		const char *sign = memmem(rest.p, rest.n, "--", 2);
		struct cp_text name = {rest.p, sign ? (size_t)(sign - rest.p) : rest.n};
		struct cp_function_row function = {
			.name = cpi_builder_string(&l->b, without_address(name))};

		function.system_name = function.name;
		line[n++] = (struct cp_line_row){
			.function = cpi_builder_function(&l->b, &function)};
		rest = sign ? (struct cp_text){sign + 2, rest.n - name.n - 2}
			    : (struct cp_text){0};
	}
	return n;
}

/* What is known of a frame that a text has and its remarks leave out. */
static cp_function hidden_function(struct legacy *l, uint8_t hidden)
{
	struct cp_function_row row = {.name = cpi_builder_str(&l->b,
			hidden == LEGACY_GOEXIT ? "runtime.goexit" : CPI_NAME_HIDDEN)};

	row.system_name = row.name;
	return cpi_builder_function(&l->b, &row);
}

/* Equal mappings become one row: `mapping`, a number in `l`, is looked up by content. */
static void make_location(
	struct legacy *l, struct legacy_location *location, uint32_t mapping)
{
	struct cp_line_row own[64], *line = own;
	uint64_t address = l->no_addresses ? 0 : location->address;
	cp_mapping row = {0};
	uint32_t n = 0;

	if (location->chain_n)
		n = chain_lines(l, location, line, 64);
	else if (location->function.i)
		line[n++] = (struct cp_line_row){
			.function = location->function, .line = location->line};
	else if (location->n_lines) {
		line = l->line.v + location->first_line;
		n = location->n_lines;
	} else if (location->hidden) {
		line[n++].function = hidden_function(l, location->hidden);
		line[0].line = line[0].column = 0;
	}
	if (mapping)
		row = make_mapping(l, &l->mapping.v[mapping - 1]);
	location->made = cpi_builder_location(&l->b, row, address, false, line, n);
}

/* Each location gets its mapping; then mappings and locations become rows. */
static void place_locations(struct legacy *l, const uint32_t *order, uint32_t n)
{
	uint32_t *mapping = cpi_alloc_zero(&l->env->mem, n * sizeof *mapping);
	uint64_t steps = 0;

	if (!mapping) {
		cpi_legacy_no_memory(l);
		return;
	}
	for (uint32_t i = 0; i < n && !l->b.code; i++) {
		const struct legacy_location *location = &l->location.v[order[i]];
		bool named = location->function.i && l->no_addresses;

		if (location->address && !named)
			mapping[i] = cpi_legacy_place(l, location->address, &steps);
	}
	for (size_t i = 0; i < l->mapping.n && !l->b.code; i++)
		(void)make_mapping(l, &l->mapping.v[i]);
	for (uint32_t i = 0; i < n && !l->b.code; i++)
		make_location(l, &l->location.v[order[i]], mapping[i]);
	cpi_free(&l->env->mem, mapping, n * sizeof *mapping);
}

static void make_sample(struct legacy *l, size_t i, cp_location *frame)
{
	const struct legacy_sample *sample = &l->sample.v[i];
	const uint32_t *id = l->frame.v + sample->first;
	struct cp_label label = {.num = sample->bytes};
	cp_labels labels = sample->labels;
	uint32_t n = 0;

	for (uint32_t k = 0; k < sample->n; k++) {
		const struct legacy_location *location = &l->location.v[id[k]];

		if (k == 1 && l->drop_double_leaf &&
			l->location.v[id[0]].address == location->address + 1)
			continue;
		frame[n++] = location->made;
	}
	if (sample->has_bytes && sample->bytes) {
		label.key = cpi_builder_str(&l->b, "bytes");
		labels = cpi_builder_labels(&l->b, &label, 1);
	}
	cpi_builder_sample(&l->b, cpi_builder_stack(&l->b, frame, n), labels,
		l->value.v + i * l->n_types, CP_NO_TIME);
}

static void make_samples(struct legacy *l)
{
	cp_location *frame;
	uint32_t deepest = 0;

	for (size_t i = 0; i < l->sample.n; i++)
		if (l->sample.v[i].n > deepest)
			deepest = l->sample.v[i].n;
	frame = cpi_alloc_array(&l->env->mem, deepest, sizeof *frame);
	if (!frame) {
		cpi_legacy_no_memory(l);
		return;
	}
	for (size_t i = 0; i < l->sample.n && !l->b.code; i++)
		make_sample(l, i, frame);
	cpi_free(&l->env->mem, frame, deepest * sizeof *frame);
}

enum cp_code cpi_legacy_finish(
	struct legacy *l, struct cp_profile **ret_profile, struct cp_error *err)
{
	uint32_t n, *order;
	enum cp_code code;

	order = ranked(l, &n);
	if (order) {
		cpi_legacy_massage(l);
		place_locations(l, order, n);
		cpi_free(&l->env->mem, order, l->location.n * sizeof *order);
		if (!l->b.code)
			make_samples(l);
		cpi_legacy_drop_frames(l);
	} else {
		cpi_legacy_no_memory(l);
	}
	code = cpi_builder_finish(&l->b, ret_profile, err);
	cpi_legacy_release(l);
	return code;
}

enum cp_code cpi_legacy_read(struct cpi_env *env, const struct cpi_source *source,
	cpi_legacy_body_fn *body, struct cp_profile **ret_profile, struct cp_error *err)
{
	struct legacy l;
	enum cp_code code;

	cpi_legacy_init(&l, env);
	l.source = source->name;
	l.bare = source->bare;
	code = l.b.code ? CP_OK
			: body(&l, source->part[0].data, source->part[0].n, 0, err);
	if (!code)
		return cpi_legacy_finish(&l, ret_profile, err);
	cpi_legacy_release(&l);
	return code;
}

void cpi_legacy_unsample(int64_t *count, int64_t *size, int64_t rate)
{
	double scale;

	if (!*count || !*size) {
		*count = *size = 0;
		return;
	}
	if (rate <= 1)
		return;
	scale = 1 / (1 - exp(-((double)*size / (double)*count) / (double)rate));
	if (!(fabs((double)*count * scale) < 0x1p63) ||
		!(fabs((double)*size * scale) < 0x1p63))
		return;
	*count = (int64_t)((double)*count * scale);
	*size = (int64_t)((double)*size * scale);
}
