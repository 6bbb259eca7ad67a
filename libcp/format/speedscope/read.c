/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file: frames first, wherever they stand, then the profiles that are wanted. Profiles
 * that count in one kind of unit share a sample type; their names tell threads apart.
 */
#include "format/speedscope/speedscope.h"

static const struct {
	const char *unit;
	enum speedscope_kind kind;
	unsigned shift;
} units[] = {
	{"none", SPEEDSCOPE_COUNT, 0},
	{"nanoseconds", SPEEDSCOPE_TIME, 0},
	{"microseconds", SPEEDSCOPE_TIME, 3},
	{"milliseconds", SPEEDSCOPE_TIME, 6},
	{"seconds", SPEEDSCOPE_TIME, 9},
	{"bytes", SPEEDSCOPE_BYTES, 0},
};

static void unit_of(struct speedscope *s, struct speedscope_profile *p)
{
	struct cp_text text = {"", 0};
	char shown[32];

	if (!cpi_jr_absent(&p->unit))
		cpi_jr_text(&p->unit, &text);
	for (unsigned i = 0; i < sizeof units / sizeof *units; i++)
		if (cpi_text_equal(text, cpi_text(units[i].unit))) {
			p->kind = units[i].kind;
			p->shift = units[i].shift;
			return;
		}
	cpi_json_warn(&s->r, "speedscope-profile", p->offset,
		"profile %llu has the unit \"%s\", which speedscope does not know; its "
		"values are counts", (unsigned long long)p->number,
		cpi_text_printable(shown, sizeof shown, text));
}

/* Is it the one that was asked for, by number or by name? All are by default. */
static bool wanted(const struct speedscope *s, const struct speedscope_profile *p)
{
	const char *which = s->r.options->profile;
	uint64_t number;

	if (!which || cpi_text_equal(p->title, cpi_text(which)))
		return true;
	return cpi_text_u64(cpi_text(which), &number) && number == p->number;
}

static void one_profile(struct speedscope *s, struct cpi_jr *jr)
{
	struct speedscope_profile p = {
		.number = s->profiles, .offset = cpi_jr_offset(jr)};
	const struct cpi_json_member members[] = {{"type", &p.type}, {"name", &p.name},
		{"unit", &p.unit}, {"samples", &p.samples}, {"weights", &p.weights},
		{"events", &p.events}, {"startValue", &p.start}, {"endValue", &p.finish}};
	struct cp_text type = {"", 0};

	if (!cpi_json_members(&s->r, jr, members, 8)) {
		cpi_json_warn(&s->r, "speedscope-profile", cpi_jr_offset(jr),
			"profile %llu is no object", (unsigned long long)p.number);
		return;
	}
	if (!cpi_jr_absent(&p.name))
		cpi_jr_text(&p.name, &p.title);
	if (!wanted(s, &p))
		return;
	if (!cpi_jr_absent(&p.type))
		cpi_jr_text(&p.type, &type);
	p.evented = cpi_text_equal(type, CPI_TEXT("evented")) ||
		(!type.n && !cpi_jr_absent(&p.events));
	unit_of(s, &p);
	cpi_json_fine(&s->r, cpi_vec_push(&s->r.env->mem, &s->profile, p));
}

/*
 * speedscope's importer of JFR files gives two views of one recording; adding them counts
 * everything twice.
 */
static void same_twice(struct speedscope *s)
{
	bool with = false, without = false;

	for (size_t i = 0; i < s->profile.n; i++) {
		with |= cpi_text_equal(
			s->profile.v[i].title, CPI_TEXT("With native calls"));
		without |= cpi_text_equal(
			s->profile.v[i].title, CPI_TEXT("Without native calls"));
	}
	if (with && without)
		cpi_diag_note(&s->r.env->diag, "speedscope-profiles", NULL,
			"two profiles are views of one recording and are added up here; "
			"choose one of them by its name or number");
}

static void types(struct speedscope *s)
{
	static const char *const names[][2] = {
		{"samples", "count"}, {"time", "nanoseconds"}, {"space", "bytes"}};

	for (unsigned kind = 0; kind < SPEEDSCOPE_KINDS; kind++)
		s->column[kind] = -1;
	s->times = s->r.options->keep_time;
	for (size_t i = 0; i < s->profile.n; i++) {
		const struct speedscope_profile *p = &s->profile.v[i];
		unsigned need = cpi_speedscope_decimals(s, p);

		s->times &= p->evented && p->kind == SPEEDSCOPE_TIME;
		if (p->kind != SPEEDSCOPE_TIME && need > s->decimals[p->kind])
			s->decimals[p->kind] = need;
		if (s->column[p->kind] < 0)
			s->column[p->kind] = (int)s->columns++;
	}
	for (uint32_t at = 0; at < s->columns; at++)
		for (unsigned kind = 0; kind < SPEEDSCOPE_KINDS; kind++) {
			if (s->column[kind] != (int)at)
				continue;
			if (s->decimals[kind] > 9) {
				s->decimals[kind] = 9;
				cpi_json_warn(&s->r, "speedscope-value", 0,
					"values are rounded to 9 decimals");
			}
			cpi_builder_sample_type(&s->r.b,
				cpi_builder_str(&s->r.b, names[kind][0]),
				cpi_builder_str(&s->r.b, names[kind][1]),
				(uint8_t)s->decimals[kind]);
		}
}

static void default_type(struct speedscope *s, struct cpi_jr active)
{
	int64_t i = 0;

	if (!cpi_jr_absent(&active))
		cpi_jr_i64(&active, &i);
	for (size_t at = 0; at < s->profile.n && !s->r.b.code; at++)
		if (at == 0 || s->profile.v[at].number == (uint64_t)i)
			s->r.b.p->header.default_sample_type =
				s->r.b.p->sample_type
					.v[s->column[s->profile.v[at].kind]].type;
}

static void comment(struct speedscope *s, const char *what, struct cpi_jr value)
{
	struct cp_text text;
	struct cpi_sink line;

	if (cpi_jr_absent(&value) || !cpi_jr_text(&value, &text) || !text.n)
		return;
	cpi_sink_memory(&line, &s->r.env->mem);
	cpi_sink_printf(&line, "%s: ", what);
	cpi_sink_bytes(&line, text.p, text.n);
	if (cpi_json_fine(&s->r, !line.code))
		cpi_builder_comment(
			&s->r.b, (struct cp_text){(const char *)line.buf, line.n});
	cpi_sink_release(&line);
}

static void everything(struct speedscope *s)
{
	struct cpi_jr top = cpi_json_reader_top(&s->r);
	struct cpi_jr shared, profiles, name, exporter, active, frames;
	const struct cpi_json_member members[] = {{"shared", &shared},
		{"profiles", &profiles}, {"name", &name}, {"exporter", &exporter},
		{"activeProfileIndex", &active}};
	const struct cpi_json_member in_shared = {"frames", &frames};

	cpi_json_members(&s->r, &top, members, 5);
	if (!cpi_jr_absent(&profiles) && cpi_jr_array(&profiles))
		for (; cpi_jr_element(&profiles) && !s->r.b.code; s->profiles++)
			one_profile(s, &profiles);
	cpi_json_damage(&s->r, &profiles);
	if (!s->profile.n && s->profiles && s->r.options->profile)
		cpi_builder_fail(&s->r.b, CP_ERROR_ARGUMENT,
			"the file has no profile of this name or number");
	if (!s->profile.n || s->r.b.code)
		return;
	same_twice(s);
	types(s);
	comment(s, "speedscope: name", name);
	comment(s, "speedscope: exporter", exporter);
	if (!cpi_jr_absent(&shared) &&
		cpi_json_members(&s->r, &shared, &in_shared, 1))
		cpi_speedscope_frames(s, frames);
	for (size_t i = 0; i < s->profile.n && !s->r.b.code; i++)
		cpi_speedscope_samples(s, &s->profile.v[i]);
	default_type(s, active);
}

enum cp_code cpi_speedscope_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	struct speedscope s = {0};

	(void)unwinder;
	cpi_json_reader_init(&s.r, env, source, options);
	if (!s.r.b.code)
		everything(&s);
	cpi_vec_release(&env->mem, &s.frame);
	cpi_vec_release(&env->mem, &s.profile);
	cpi_vec_release(&env->mem, &s.stack);
	cpi_vec_release(&env->mem, &s.leaf_first);
	return cpi_json_reader_finish(&s.r, ret_profile, err);
}
