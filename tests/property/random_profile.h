/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_RANDOM_PROFILE_H
#define TEST_RANDOM_PROFILE_H

/*
 * Random profiles, small but with everything in them: rows nobody refers to, equal names,
 * bytes that are no text, empty stacks, deep inline chains, label lists, negative values.
 */

#include <stdio.h>

#include "model/builder.h"

struct dice {
	uint64_t state;
	bool plain; /* names that formats for text keep, amounts that all of them hold */
};

static inline uint64_t roll(struct dice *d, uint64_t n)
{
	d->state = cpi_hash_u64(d->state + 0x9e3779b97f4a7c15ULL);
	return d->state % n;
}

static inline cp_string random_name(struct cpi_builder *b, struct dice *d)
{
	static const char *const odd[] = {"", "a;b", "std::f<int (char)>", "\n", "\xff\xfe",
		"#x", " lead", "x 12", "(anonymous namespace)::g", "L/a/b;", "na\xc3\xafve", "\x1b["};
	char text[32];

	if (d->plain && !roll(d, 4)) {
		static const char *const text_only[] = {"std::f<int (char)>", "na\xc3\xafve",
			"\"quoted\" \\ name", "(anonymous namespace)::g", "\xf0\x9f\x98\x80"};

		return cpi_builder_str(b, text_only[roll(d, 5)]);
	}
	if (!d->plain && !roll(d, 4))
		return cpi_builder_str(b, odd[roll(d, sizeof odd / sizeof *odd)]);
	snprintf(text, sizeof text, "name%u", (unsigned)roll(d, 40));
	return cpi_builder_str(b, text);
}

static inline int64_t random_number(struct dice *d)
{
	if (d->plain)
		return (int64_t)roll(d, 1 << 20);
	switch (roll(d, 6)) {
	case 0:
		return 0;
	case 1:
		return -(int64_t)roll(d, 1000);
	case 2:
		return (int64_t)(roll(d, UINT64_MAX) >> 8);
	case 3:
		return (int64_t)1 << roll(d, 40);
	default:
		return (int64_t)roll(d, 200);
	}
}

static inline cp_location random_location(struct cpi_builder *b, struct dice *d)
{
	struct cp_line_row line[40];
	uint32_t n = roll(d, 20) ? (uint32_t)roll(d, 4) : (uint32_t)roll(d, 40);
	cp_mapping mapping = {0};

	if (roll(d, 5)) {
		struct cp_mapping_row row = {.start = roll(d, 5) << 12, .limit = roll(d, 9) << 20,
			.offset = roll(d, 3) << 12, .path = random_name(b, d),
			.has = (uint8_t)roll(d, 16)};

		if (!roll(d, 3))
			row.build_id = cpi_builder_str(b, "0123456789abcdef");
		mapping = cpi_builder_mapping(b, &row);
	}
	for (uint32_t i = 0; i < n; i++) {
		struct cp_function_row f = {.name = random_name(b, d), .file = random_name(b, d),
			.start_line = random_number(d)};

		f.system_name = roll(d, 2) ? f.name : random_name(b, d);
		line[i] = (struct cp_line_row){cpi_builder_function(b, &f), random_number(d),
			roll(d, 3) ? 0 : random_number(d)};
	}
	return cpi_builder_location(b, mapping, roll(d, 300), !roll(d, 9), line, n);
}

static inline cp_labels random_labels(struct cpi_builder *b, struct dice *d)
{
	struct cp_label label[40];
	uint32_t n = 0, want = roll(d, 3) ? (uint32_t)roll(d, 4) : (uint32_t)roll(d, 40);

	while (n < want) {
		struct cp_label x = {.key = random_name(b, d)};

		if (roll(d, 2)) {
			x.str = random_name(b, d);
		} else {
			x.num = random_number(d);
			if (roll(d, 2))
				x.unit = cpi_builder_str(b, roll(d, 2) ? "bytes" : "u");
		}
		/* What pprof cannot hold is left out. */
		if (x.str.i || x.num || x.unit.i)
			label[n++] = x;
		else
			want--;
	}
	return cpi_builder_labels(b, label, n);
}

static inline void random_samples(struct cpi_builder *b, struct dice *d)
{
	uint32_t n = (uint32_t)roll(d, 60);
	size_t types = b->p->sample_type.n;

	for (uint32_t i = 0; i < n; i++) {
		cp_location frame[300];
		int64_t value[8];
		uint32_t depth = roll(d, 30) ? (uint32_t)roll(d, 8) : (uint32_t)roll(d, 300);

		for (uint32_t f = 0; f < depth; f++)
			frame[f] = random_location(b, d);
		for (size_t v = 0; v < types; v++)
			value[v] = random_number(d) / 64;
		cpi_builder_sample(b, cpi_builder_stack(b, frame, depth), random_labels(b, d),
			value, CP_NO_TIME);
	}
}

static inline struct cp_profile *roll_profile(struct cpi_env *env, struct dice d)
{
	struct cpi_builder b;
	struct cp_profile *p = NULL;
	struct cp_profile_header *h;
	uint64_t types = 1 + roll(&d, 5);

	cpi_builder_init(&b, env);
	for (uint64_t i = 0; i < types; i++)
		cpi_builder_sample_type(&b, random_name(&b, &d), random_name(&b, &d), 0);
	for (uint64_t i = roll(&d, 3); i > 0; i--)
		(void)random_location(&b, &d);
	random_samples(&b, &d);
	for (uint64_t i = roll(&d, 5); i > 0; i--)
		cpi_builder_comment(&b, cpi_profile_text(b.p, random_name(&b, &d)));
	h = &b.p->header;
	h->period_type.type = random_name(&b, &d);
	h->period_type.unit = random_name(&b, &d);
	h->period = random_number(&d);
	h->time_nanos = roll(&d, 2) ? 1500000000123456000 : 0;
	h->duration_nanos = random_number(&d);
	h->default_sample_type = random_name(&b, &d);
	h->drop_frames = random_name(&b, &d);
	h->keep_frames = random_name(&b, &d);
	h->doc_url = random_name(&b, &d);
	(void)cpi_builder_finish(&b, &p, NULL);
	return p;
}

static inline struct cp_profile *random_profile(struct cpi_env *env, uint64_t seed)
{
	return roll_profile(env, (struct dice){.state = seed});
}

static inline struct cp_profile *random_plain_profile(struct cpi_env *env, uint64_t seed)
{
	return roll_profile(env, (struct dice){.state = seed, .plain = true});
}

#endif
