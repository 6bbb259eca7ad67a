/* SPDX-License-Identifier: Apache-2.0 */
/* Files with their symbols, threads and events, which the samples before them name by id.
 */
#include "format/simpleperf/report.h"

static struct cp_text text_of(const struct pb_field *f)
{
	return f->type == PB_BYTES ? (struct cp_text){(const char *)f->bytes, f->n}
				   : (struct cp_text){"", 0};
}

static void symbols(
	struct simpleperf *s, struct simpleperf_file *file, struct cpi_cursor c)
{
	struct pb_field f;
	uint32_t mangled = 0;

	file->first = (uint32_t)s->symbol.n;
	for (struct cpi_cursor again = c; pb_next(&again, &f) && !s->b.code;) {
		struct simpleperf_symbol row = {.name = text_of(&f)};

		if (f.number == 3)
			cpi_simpleperf_fine(
				s, cpi_vec_push(&s->env->mem, &s->symbol, row));
	}
	file->n = (uint32_t)s->symbol.n - file->first;
	while (pb_next(&c, &f) && mangled < file->n)
		if (f.number == 4)
			s->symbol.v[file->first + mangled++].mangled = text_of(&f);
}

/* A second row of one id is left out. */
void cpi_simpleperf_file(struct simpleperf *s, const struct pb_field *record)
{
	struct cpi_mem *mem = &s->env->mem;
	struct simpleperf_file row = {.low = UINT64_MAX};
	struct cpi_cursor c = pb_cursor(record);
	struct pb_field f;

	while (pb_next(&c, &f))
		if (f.number == 1)
			row.id = f.value;
		else if (f.number == 2)
			row.path = text_of(&f);
	if (!cpi_cursor_ok(&c))
		cpi_simpleperf_warn(s, "simpleperf-file", record->start,
			"a file's description is damaged; what stands before that "
			"counts");
	if (cpi_simpleperf_find_file(s, row.id))
		return;
	symbols(s, &row, pb_cursor(record));
	cpi_simpleperf_fine(s, cpi_vec_push(mem, &s->file, row) &&
				       cpi_index_add(mem, &s->files, cpi_hash_u64(row.id),
					       (uint32_t)s->file.n));
}

struct simpleperf_file *cpi_simpleperf_find_file(struct simpleperf *s, uint64_t id)
{
	struct cpi_probe probe = cpi_index_find(&s->files, cpi_hash_u64(id));

	/* Ids are 0, 1, 2, … wherever nobody has been at them. */
	if (id < s->file.n && s->file.v[id].id == id)
		return &s->file.v[id];
	for (uint32_t i; (i = cpi_index_next(&s->files, &probe));)
		if (s->file.v[i - 1].id == id)
			return &s->file.v[i - 1];
	return NULL;
}

static struct cp_label number(struct simpleperf *s, const char *key, uint64_t x)
{
	return (struct cp_label){.key = cpi_builder_str(&s->b, key),
		.unit = cpi_builder_str(&s->b, key),
		.num = (int64_t)x};
}

static struct simpleperf_thread *find_thread(struct simpleperf *s, uint64_t id)
{
	struct cpi_probe probe = cpi_index_find(&s->threads, cpi_hash_u64(id));

	for (uint32_t i; (i = cpi_index_next(&s->threads, &probe));)
		if (s->thread.v[i - 1].id == id)
			return &s->thread.v[i - 1];
	return NULL;
}

static void add_thread(
	struct simpleperf *s, uint64_t id, const uint64_t *pid, struct cp_text name)
{
	struct cpi_mem *mem = &s->env->mem;
	struct simpleperf_thread row = {.id = id};
	struct cp_label label[3];
	uint32_t n = 0;

	if (find_thread(s, id))
		return;
	if (name.n)
		label[n++] = (struct cp_label){.key = cpi_builder_str(&s->b, "thread"),
			.str = cpi_builder_string(&s->b, name)};
	if (pid)
		label[n++] = number(s, "pid", *pid);
	label[n++] = number(s, "tid", id);
	row.labels = cpi_builder_labels(&s->b, label, n);
	cpi_simpleperf_fine(s, cpi_vec_push(mem, &s->thread, row) &&
				       cpi_index_add(mem, &s->threads, cpi_hash_u64(id),
					       (uint32_t)s->thread.n));
}

void cpi_simpleperf_thread(struct simpleperf *s, const struct pb_field *record)
{
	struct cpi_cursor c = pb_cursor(record);
	struct cp_text name = {"", 0};
	uint64_t id = 0, pid = 0;
	bool has_pid = false;
	struct pb_field f;

	while (pb_next(&c, &f))
		if (f.number == 1) {
			id = f.value;
		} else if (f.number == 2) {
			pid = f.value;
			has_pid = true;
		} else if (f.number == 3) {
			name = text_of(&f);
		}
	add_thread(s, id, has_pid ? &pid : NULL, name);
}

cp_labels cpi_simpleperf_labels(struct simpleperf *s, uint64_t thread)
{
	struct simpleperf_thread *row = find_thread(s, thread);

	if (!row) {
		add_thread(s, thread, NULL, (struct cp_text){"", 0});
		row = s->b.code ? NULL : find_thread(s, thread);
	}
	return row ? row->labels : (cp_labels){0};
}

void cpi_simpleperf_about(struct simpleperf *s, const struct pb_field *record)
{
	/* Each sample has two values for each event: two bytes of a file may not ask for much. */
	enum { MOST_EVENTS = 100 };
	struct cpi_cursor c = pb_cursor(record);
	struct pb_field f;

	while (pb_next(&c, &f) && !s->b.code)
		if (f.number == 1 && s->event.n == MOST_EVENTS)
			cpi_builder_fail(&s->b, CP_ERROR_LIMIT,
				"the report counts more than 100 events");
		else if (f.number == 1)
			cpi_simpleperf_fine(
				s, cpi_vec_push(&s->env->mem, &s->event, text_of(&f)));
		else if (f.number == 2)
			s->package = text_of(&f);
}

/* Those of software clocks count nanoseconds. */
static bool is_clock(struct cp_text event)
{
	return cpi_text_starts(event, CPI_TEXT("cpu-clock")) ||
	       cpi_text_starts(event, CPI_TEXT("task-clock"));
}

/* As a perf.data's: "EVENT:samples" where there are several events. */
static cp_string counted(struct simpleperf *s, struct cp_text event)
{
	struct cpi_sink text;
	cp_string id;

	if (s->event.n == 1)
		return cpi_builder_str(&s->b, "samples");
	cpi_sink_memory(&text, &s->env->mem);
	cpi_sink_bytes(&text, event.p, event.n);
	cpi_sink_str(&text, ":samples");
	cpi_simpleperf_fine(s, !text.code);
	id = cpi_builder_string(&s->b, (struct cp_text){(char *)text.buf, text.n});
	cpi_sink_release(&text);
	return id;
}

void cpi_simpleperf_types(struct simpleperf *s)
{
	struct cp_profile_header *h = &s->b.p->header;

	/* Old writers do not say what was counted. */
	if (!s->event.n && !cpi_simpleperf_fine(s, cpi_vec_push(&s->env->mem, &s->event,
							   CPI_TEXT("events"))))
		return;
	for (size_t i = 0; i < s->event.n && !s->b.code; i++) {
		struct cp_text event = s->event.v[i];
		cp_string type = cpi_builder_string(&s->b, event);
		cp_string unit =
			cpi_builder_str(&s->b, is_clock(event) ? "nanoseconds" : "count");

		cpi_builder_sample_type(
			&s->b, counted(s, event), cpi_builder_str(&s->b, "count"), 0);
		cpi_builder_sample_type(&s->b, type, unit, 0);
		if (!i) {
			h->default_sample_type = h->period_type.type = type;
			h->period_type.unit = unit;
		}
	}
	if (cpi_simpleperf_fine(
		    s, cpi_vec_reserve(&s->env->mem, &s->value, 2 * s->event.n)))
		s->value.n = 2 * s->event.n;
}

static enum cp_mapping_kind kind_of(struct cp_text path)
{
	if (cpi_text_starts(path, CPI_TEXT("[kernel")))
		return CP_MAP_KERNEL;
	if (cpi_text_ends(path, CPI_TEXT(".ko")))
		return CP_MAP_MODULE;
	if (cpi_text_starts(path, CPI_TEXT("[vdso")))
		return CP_MAP_VDSO;
	if (cpi_text_starts(path, CPI_TEXT("[JIT")) ||
		cpi_text_starts(path, CPI_TEXT("[anon")))
		return CP_MAP_JIT;
	return CP_MAP_USER;
}

/* Addresses are those of the file, which begins at 0; the kernel's are as it ran. */
void cpi_simpleperf_mappings(struct simpleperf *s)
{
	for (size_t i = 0; i < s->file.n && !s->b.code; i++) {
		struct simpleperf_file *file = &s->file.v[i];
		struct cp_mapping_row row = {.kind = (uint8_t)kind_of(file->path),
			.path = cpi_builder_string(&s->b, file->path),
			.has = file->n ? CP_HAS_FUNCTIONS : 0};

		if (file->low > file->high)
			continue;
		if (file->low >> 63)
			row.start = file->low;
		row.limit = file->high == UINT64_MAX ? file->high : file->high + 1;
		file->mapping = cpi_builder_mapping(&s->b, &row);
	}
}

cp_function cpi_simpleperf_function(
	struct simpleperf *s, const struct simpleperf_file *file, int64_t symbol)
{
	struct simpleperf_symbol *row;
	struct cp_function_row function = {0};

	if (symbol < 0 || (uint64_t)symbol >= file->n)
		return (cp_function){0};
	row = &s->symbol.v[file->first + symbol];
	if (row->function.i || !row->name.n)
		return row->function;
	function.name = cpi_builder_string(&s->b, row->name);
	function.system_name =
		row->mangled.n ? cpi_builder_string(&s->b, row->mangled) : function.name;
	row->function = cpi_builder_function(&s->b, &function);
	return row->function;
}

void cpi_simpleperf_release(struct simpleperf *s)
{
	struct cpi_mem *mem = &s->env->mem;

	cpi_vec_release(mem, &s->file);
	cpi_vec_release(mem, &s->symbol);
	cpi_vec_release(mem, &s->thread);
	cpi_vec_release(mem, &s->event);
	cpi_vec_release(mem, &s->path);
	cpi_vec_release(mem, &s->value);
	cpi_index_release(mem, &s->files);
	cpi_index_release(mem, &s->threads);
}
