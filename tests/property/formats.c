/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Laws of the pprof, folded and raw formats on random profiles. protobuf-c's generated
 * code is the oracle: it reads what we write, and writes what we read.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "format/pprof/pprof.h"
#include "profile.pb-c.h"
#include "random_profile.h"

enum { TURNS = 300 };

typedef Perftools__Profiles__Profile message;

static void write_as(struct cpi_env *env, const struct cp_profile *p, const char *format,
	struct cpi_sink *sink)
{
	struct cp_write_options options = {.level = -1, .root = CP_ROOT_NONE};

	cpi_sink_memory(sink, &env->mem);
	assert_int_equal(
		cpi_format_find(format)->write(env, p, &options, sink, NULL), CP_OK);
	assert_int_equal(cpi_sink_finish(sink, NULL), CP_OK);
}

static struct cp_profile *read_as(
	struct cpi_env *env, const char *format, const void *bytes, size_t n)
{
	struct cpi_source source = {.n_parts = 1, .part[0] = {bytes, n, false}};
	struct cp_profile *p = NULL;
	struct cp_error err = {0};

	if (cpi_format_find(format)->read(env, &source, NULL, NULL, &p, &err))
		fail_msg("%s: %s", err.context, err.message);
	if (cp_profile_check(p, &err))
		fail_msg("%s", err.message);
	return p;
}

static void same_bytes(const struct cpi_sink *a, const struct cpi_sink *b)
{
	assert_int_equal(a->n, b->n);
	assert_true(!a->n || !memcmp(a->buf, b->buf, a->n));
}

/* Two profiles print the same raw text and the same message. */
static void same_profiles(
	struct cpi_env *env, const struct cp_profile *p, const struct cp_profile *q)
{
	static const char *const formats[] = {"raw", "pprof"};

	for (unsigned i = 0; i < 2; i++) {
		struct cpi_sink a, b;

		write_as(env, p, formats[i], &a);
		write_as(env, q, formats[i], &b);
		same_bytes(&a, &b);
		cpi_sink_release(&a);
		cpi_sink_release(&b);
	}
}

static void is_string(const message *m, int64_t index, struct cp_text want)
{
	assert_true(index >= 0 && (size_t)index < m->n_string_table);
	assert_int_equal(m->string_table[index].len, want.n);
	assert_true(!want.n || !memcmp(m->string_table[index].data, want.p, want.n));
}

#define IS(field, id) is_string(m, (field), cpi_profile_text(p, (id)))

static void tables_agree(const message *m, const struct cp_profile *p)
{
	assert_int_equal(m->n_mapping, p->mapping.n - 1);
	for (size_t i = 0; i < m->n_mapping; i++) {
		assert_int_equal(m->mapping[i]->id, i + 1);
		assert_int_equal(m->mapping[i]->memory_limit, p->mapping.v[i + 1].limit);
		assert_int_equal(m->mapping[i]->file_offset, p->mapping.v[i + 1].offset);
		IS(m->mapping[i]->filename, p->mapping.v[i + 1].path);
		IS(m->mapping[i]->build_id, p->mapping.v[i + 1].build_id);
		assert_int_equal(m->mapping[i]->has_functions | m->mapping[i]->has_filenames << 1 |
				m->mapping[i]->has_line_numbers << 2 |
				m->mapping[i]->has_inline_frames << 3,
			p->mapping.v[i + 1].has);
	}
	assert_int_equal(m->n_function, p->function.n - 1);
	for (size_t i = 0; i < m->n_function; i++) {
		assert_int_equal(m->function[i]->start_line, p->function.v[i + 1].start_line);
		IS(m->function[i]->name, p->function.v[i + 1].name);
		IS(m->function[i]->system_name, p->function.v[i + 1].system_name);
		IS(m->function[i]->filename, p->function.v[i + 1].file);
	}
	assert_int_equal(m->n_location, p->location.n - 1);
	for (size_t i = 0; i < m->n_location; i++) {
		const struct cp_location_row *row = &p->location.v[i + 1];

		assert_int_equal(m->location[i]->address, row->address);
		assert_int_equal(m->location[i]->mapping_id, row->mapping.i);
		assert_int_equal(m->location[i]->is_folded, row->folded);
		assert_int_equal(m->location[i]->n_line, row->n_lines);
		for (uint32_t l = 0; l < row->n_lines; l++) {
			const struct cp_line_row *line = &p->line.v[row->first_line + l];

			assert_int_equal(m->location[i]->line[l]->function_id, line->function.i);
			assert_int_equal(m->location[i]->line[l]->line, line->line);
			assert_int_equal(m->location[i]->line[l]->column, line->column);
		}
	}
}

static void samples_agree(const message *m, const struct cp_profile *p)
{
	assert_int_equal(m->n_sample, p->sample_stack.n);
	for (size_t i = 0; i < m->n_sample; i++) {
		const Perftools__Profiles__Sample *s = m->sample[i];
		uint32_t n;
		const cp_location *frame = cpi_profile_frames(p, p->sample_stack.v[i], &n);
		const struct cp_label *label;

		assert_int_equal(s->n_location_id, n);
		for (uint32_t f = 0; f < n; f++)
			assert_int_equal(s->location_id[f], frame[f].i);
		assert_int_equal(s->n_value, p->sample_type.n);
		for (size_t v = 0; v < s->n_value; v++)
			assert_int_equal(s->value[v], p->value.v[i * p->sample_type.n + v]);
		label = cpi_profile_label_set(p, p->sample_labels.v[i], &n);
		assert_int_equal(s->n_label, n);
		for (uint32_t l = 0; l < n; l++) {
			IS(s->label[l]->key, label[l].key);
			IS(s->label[l]->str, label[l].str);
			IS(s->label[l]->num_unit, label[l].unit);
			assert_int_equal(s->label[l]->num, label[l].num);
		}
	}
}

static void headers_agree(const message *m, const struct cp_profile *p)
{
	const struct cp_profile_header *h = &p->header;

	assert_int_equal(m->n_sample_type, p->sample_type.n);
	for (size_t i = 0; i < m->n_sample_type; i++) {
		IS(m->sample_type[i]->type, p->sample_type.v[i].type);
		IS(m->sample_type[i]->unit, p->sample_type.v[i].unit);
	}
	assert_int_equal(m->n_comment, p->comment.n);
	for (size_t i = 0; i < m->n_comment; i++)
		IS(m->comment[i], p->comment.v[i]);
	IS(m->period_type ? m->period_type->type : 0, h->period_type.type);
	IS(m->period_type ? m->period_type->unit : 0, h->period_type.unit);
	IS(m->default_sample_type, h->default_sample_type);
	IS(m->drop_frames, h->drop_frames);
	IS(m->keep_frames, h->keep_frames);
	IS(m->doc_url, h->doc_url);
	assert_int_equal(m->period, h->period);
	assert_int_equal(m->time_nanos, h->time_nanos);
	assert_int_equal(m->duration_nanos, h->duration_nanos);
}

/* What we write, protobuf-c reads; what it writes, packed in its own way, we read. */
static void pprof_and_its_oracle(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < TURNS; seed++) {
		struct cpi_env env;
		struct cpi_sink sink;
		struct cp_profile *p, *q;
		message *m;
		uint8_t *bytes;
		size_t n;

		cpi_env_init(&env, NULL);
		p = random_profile(&env, seed);
		assert_non_null(p);
		assert_int_equal(cp_profile_check(p, NULL), CP_OK);
		write_as(&env, p, "pprof", &sink);
		q = read_as(&env, "pprof", sink.buf, sink.n);
		same_profiles(&env, p, q);
		cp_profile_free(q);
		m = perftools__profiles__profile__unpack(NULL, sink.n, sink.buf);
		assert_non_null(m);
		headers_agree(m, p);
		tables_agree(m, p);
		samples_agree(m, p);
		n = perftools__profiles__profile__get_packed_size(m);
		bytes = cpi_alloc(&env.mem, n);
		assert_non_null(bytes);
		perftools__profiles__profile__pack(m, bytes);
		q = read_as(&env, "pprof", bytes, n);
		same_profiles(&env, p, q);
		cp_profile_free(q);
		cpi_free(&env.mem, bytes, n);
		perftools__profiles__profile__free_unpacked(m, NULL);
		cpi_sink_release(&sink);
		cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

/* Folded text says everything it holds: written, read and written it is the same. */
static void folded_is_a_fixed_point(void **state)
{
	unsigned compared = 0;

	(void)state;
	for (uint64_t seed = 0; seed < TURNS; seed++) {
		struct cpi_env env;
		struct cpi_sink one, two;
		struct cp_profile *p, *q;

		cpi_env_init(&env, NULL);
		p = random_profile(&env, seed);
		for (size_t i = 0; i < p->value.n; i++)
			if (p->value.v[i] < 0)
				p->value.v[i] = 1; /* no reader takes negative counts */
		write_as(&env, p, "folded", &one);
		if (one.n) {
			q = read_as(&env, "folded", one.buf, one.n);
			if (q->sample_type.n == 1) {
				write_as(&env, q, "folded", &two);
				same_bytes(&one, &two);
				cpi_sink_release(&two);
				compared++;
			}
			cp_profile_free(q);
		}
		cpi_sink_release(&one);
		cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
	assert_true(compared > TURNS * 3 / 4);
}

/* ---- formats of other profilers ---- */

/*
 * What all of them keep: the stacks of names, and what each weighs, of one sample type.
 * Folded text is just that.
 */
static void stacks_of(struct cpi_env *env, const struct cp_profile *p, struct cp_text type,
	struct cpi_sink *sink)
{
	char name[64];
	struct cp_write_options options = {.root = CP_ROOT_NONE, .sample_type = name};

	snprintf(name, sizeof name, "%.*s", (int)type.n, type.p);
	cpi_sink_memory(sink, &env->mem);
	assert_int_equal(
		cpi_format_find("folded")->write(env, p, &options, sink, NULL), CP_OK);
	assert_int_equal(cpi_sink_finish(sink, NULL), CP_OK);
}

static struct cp_text type_name(const struct cp_profile *p, size_t i)
{
	return cpi_profile_text(p, p->sample_type.v[i].type);
}

/* Names of types can be equal, and then nobody can say which is meant. */
static bool only_one(const struct cp_profile *p, struct cp_text name)
{
	unsigned n = 0;

	for (size_t i = 0; i < p->sample_type.n; i++)
		n += cpi_text_equal(name, type_name(p, i));
	return n == 1;
}

/* Of `read`, the type that `format` makes of the type `name`. */
static struct cp_text type_there(const char *format, struct cp_text name)
{
	if (!strcmp(format, "cpuprofile"))
		return CPI_TEXT("time");
	return strcmp(format, "firefox") && strcmp(format, "speedscope")
		? name : CPI_TEXT("samples");
}

static int64_t sum_of(const struct cp_profile *p, size_t type)
{
	int64_t sum = 0;

	for (size_t i = 0; i < p->sample_stack.n; i++)
		sum += p->value.v[i * p->sample_type.n + type];
	return sum;
}

static void written_as(struct cpi_env *env, const struct cp_profile *p, const char *format,
	const char *type, struct cpi_sink *sink)
{
	struct cp_write_options options = {.root = CP_ROOT_NONE, .sample_type = type};

	cpi_sink_memory(sink, &env->mem);
	assert_int_equal(
		cpi_format_find(format)->write(env, p, &options, sink, NULL), CP_OK);
	assert_int_equal(cpi_sink_finish(sink, NULL), CP_OK);
}

/* What is no time counts as microseconds in a .cpuprofile, which come back as nanoseconds. */
static void scale(struct cp_profile *p, const char *format, bool back)
{
	for (size_t i = 0; i < p->value.n && !strcmp(format, "cpuprofile"); i++)
		p->value.v[i] = back ? p->value.v[i] / 1000 : p->value.v[i] * 1000;
}

/* One type of a profile there and back; true when it was one that can be told. */
static bool comes_back(
	struct cpi_env *env, struct cp_profile *p, const char *format, size_t type)
{
	struct cp_text name = type_name(p, type), there = type_there(format, name);
	char chosen[64];
	struct cpi_sink bytes, want, have;
	struct cp_profile *q;

	if (!only_one(p, name) || !sum_of(p, type))
		return false;
	snprintf(chosen, sizeof chosen, "%.*s", (int)name.n, name.p);
	written_as(env, p, format, chosen, &bytes);
	q = read_as(env, format, bytes.buf, bytes.n);
	scale(p, format, false);
	stacks_of(env, p, name, &want);
	scale(p, format, true);
	stacks_of(env, q, there, &have);
	if (want.n != have.n || memcmp(want.buf, have.buf, want.n))
	{
		printf("%s, type %s:\n%.*s\n---- is\n%.*s[  ERROR", format, chosen, (int)want.n,
			(char *)want.buf, (int)have.n, (char *)have.buf);
		fail_msg("%s: other stacks come back", format);
	}
	cpi_sink_release(&bytes);
	cpi_sink_release(&want);
	cpi_sink_release(&have);
	cp_profile_free(q);
	return true;
}

static void every_writer_with_a_reader(void **state)
{
	static const char *const formats[] = {
		"speedscope", "firefox", "cpuprofile", "otlp", "otlp-json"};
	unsigned compared[5] = {0};

	(void)state;
	for (uint64_t seed = 0; seed < TURNS / 3; seed++)
		for (unsigned f = 0; f < 5; f++) {
			struct cpi_env env;
			struct cp_profile *p;

			cpi_env_init(&env, NULL);
			p = random_plain_profile(&env, seed);
			for (size_t type = 0; type < p->sample_type.n; type++)
				compared[f] += comes_back(&env, p, formats[f], type);
			cp_profile_free(p);
			assert_int_equal(env.mem.used, 0);
			cpi_env_release(&env);
		}
	for (unsigned f = 0; f < 5; f++)
		assert_true(compared[f] > TURNS / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pprof_and_its_oracle),
		cmocka_unit_test(folded_is_a_fixed_point),
		cmocka_unit_test(every_writer_with_a_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
