/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/parts.h"

/*
 * Feature sections: what perf record knew about machine and events when it finished. None
 * is needed to read samples, so a damaged one is reported and left out.
 *
 * A string is a 32-bit length and that many bytes, NUL-terminated and padded with NULs.
 */

static bool read_str(struct perf_file *f, struct cpi_cursor *c, uint32_t *ret_name)
{
	uint32_t n = cpi_cursor_u32(c);
	const char *p = (const char *)cpi_cursor_bytes(c, n);

	if (!p)
		return true; /* the cursor is bad, which the caller sees */
	return perf_names_add(&f->names, (struct cp_text){p, strnlen(p, n)}, ret_name);
}

/* Decoders return false when out of memory only. */
typedef bool decode_fn(struct perf_file *f, struct cpi_cursor *c);

static bool on_hostname(struct perf_file *f, struct cpi_cursor *c)
{
	return read_str(f, c, &f->hostname);
}

static bool on_release(struct perf_file *f, struct cpi_cursor *c)
{
	return read_str(f, c, &f->release);
}

static bool on_version(struct perf_file *f, struct cpi_cursor *c)
{
	return read_str(f, c, &f->version);
}

static bool on_arch(struct perf_file *f, struct cpi_cursor *c)
{
	return read_str(f, c, &f->arch);
}

static bool on_cpudesc(struct perf_file *f, struct cpi_cursor *c)
{
	return read_str(f, c, &f->cpudesc);
}

static bool on_cpuid(struct perf_file *f, struct cpi_cursor *c)
{
	return read_str(f, c, &f->cpuid);
}

/* Documentation lists the two numbers the other way round; perf writes them so. */
static bool on_nrcpus(struct perf_file *f, struct cpi_cursor *c)
{
	f->cpus_available = cpi_cursor_u32(c);
	f->cpus_online = cpi_cursor_u32(c);
	return true;
}

static bool on_total_mem(struct perf_file *f, struct cpi_cursor *c)
{
	f->memory_kb = cpi_cursor_u64(c);
	return true;
}

static bool on_cmdline(struct perf_file *f, struct cpi_cursor *c)
{
	size_t n = cpi_cursor_claim(c, cpi_cursor_u32(c), 4);
	struct cpi_sink line;
	bool done = true;

	cpi_sink_memory(&line, &f->env->mem);
	for (size_t i = 0; i < n && cpi_cursor_ok(c) && done; i++) {
		uint32_t word = 0;

		done = read_str(f, c, &word);
		if (i)
			cpi_sink_char(&line, ' ');
		cpi_sink_bytes(&line, perf_name(f, word).p, perf_name(f, word).n);
	}
	if (cpi_cursor_ok(c) && done)
		done = !line.code &&
		       perf_names_add(&f->names,
			       (struct cp_text){(char *)line.buf, line.n}, &f->cmdline);
	cpi_sink_release(&line);
	return done;
}

static bool on_pmu_mappings(struct perf_file *f, struct cpi_cursor *c)
{
	size_t n = cpi_cursor_claim(c, cpi_cursor_u32(c), 8);

	for (size_t i = 0; i < n; i++) {
		struct perf_section row = {.offset = cpi_cursor_u32(c)};
		uint32_t name = 0;

		if (!read_str(f, c, &name))
			return false;
		row.size = name;
		if (cpi_cursor_ok(c) && f->pmu.n < PERF_PMUS &&
			!cpi_vec_push(&f->env->mem, &f->pmu, row))
			return false;
	}
	return true;
}

/* An event's name by its ids; without ids by its place. */
static bool name_event(struct perf_file *f, struct cpi_cursor *c, size_t place)
{
	uint32_t n_ids = cpi_cursor_u32(c), name = 0, event = UINT32_MAX;

	if (!read_str(f, c, &name))
		return false;
	n_ids = (uint32_t)cpi_cursor_claim(c, n_ids, 8);
	for (uint32_t i = 0; i < n_ids; i++) {
		uint64_t id = cpi_cursor_u64(c);

		if (event == UINT32_MAX)
			event = perf_id_event(f, id);
		else if (perf_id_add(f, id, event, NULL))
			return false;
	}
	if (event == UINT32_MAX)
		event = (uint32_t)place;
	if (cpi_cursor_ok(c) && event < f->event.n)
		f->event.v[event].name = name;
	return true;
}

static bool on_event_desc(struct perf_file *f, struct cpi_cursor *c)
{
	uint32_t n = cpi_cursor_u32(c), attr_size = cpi_cursor_u32(c);

	n = (uint32_t)cpi_cursor_claim(c, n, (size_t)attr_size + 8);
	for (uint32_t i = 0; i < n && cpi_cursor_ok(c); i++) {
		cpi_cursor_skip(c, attr_size);
		if (!name_event(f, c, i))
			return false;
	}
	return true;
}

static bool on_sample_time(struct perf_file *f, struct cpi_cursor *c)
{
	f->first_time = cpi_cursor_u64(c);
	f->last_time = cpi_cursor_u64(c);
	return true;
}

static bool on_clock_data(struct perf_file *f, struct cpi_cursor *c)
{
	uint32_t version = cpi_cursor_u32(c);

	(void)cpi_cursor_u32(c); /* which clock */
	if (version != 1)
		return true;
	f->clock_wall = cpi_cursor_u64(c);
	f->clock_time = cpi_cursor_u64(c);
	return true;
}

static bool on_build_ids(struct perf_file *f, struct cpi_cursor *c)
{
	return perf_build_ids_decode(f, *c, NULL) != CP_ERROR_MEMORY;
}

static bool on_tracing_data(struct perf_file *f, struct cpi_cursor *c)
{
	return perf_trace_read(f, *c);
}

static const struct {
	const char *name;
	decode_fn *decode;
} features[32] = {
	[PERF_FEATURE_TRACING_DATA] = {"tracing data", on_tracing_data},
	[PERF_FEATURE_BUILD_ID] = {"build id", on_build_ids},
	[PERF_FEATURE_HOSTNAME] = {"host name", on_hostname},
	[PERF_FEATURE_OSRELEASE] = {"kernel release", on_release},
	[PERF_FEATURE_VERSION] = {"perf version", on_version},
	[PERF_FEATURE_ARCH] = {"arch", on_arch},
	[PERF_FEATURE_NRCPUS] = {"cpu count", on_nrcpus},
	[PERF_FEATURE_CPUDESC] = {"cpu description", on_cpudesc},
	[PERF_FEATURE_CPUID] = {"cpu id", on_cpuid},
	[PERF_FEATURE_TOTAL_MEM] = {"memory", on_total_mem},
	[PERF_FEATURE_CMDLINE] = {"command line", on_cmdline},
	[PERF_FEATURE_EVENT_DESC] = {"event description", on_event_desc},
	[PERF_FEATURE_PMU_MAPPINGS] = {"pmu", on_pmu_mappings},
	[PERF_FEATURE_SAMPLE_TIME] = {"sample time", on_sample_time},
	[PERF_FEATURE_CLOCK_DATA] = {"clock", on_clock_data},
};

enum cp_code perf_feature_decode(
	struct perf_file *f, unsigned feature, struct cpi_cursor c, struct cp_error *err)
{
	uint64_t offset = (uint64_t)(c.at - f->bytes);
	bool files = feature == PERF_FEATURE_SIMPLEPERF_FILE ||
		     feature == PERF_FEATURE_SIMPLEPERF_FILE2;

	if (!files && (feature >= 32 || !features[feature].decode))
		return CP_OK;
	if (offset > f->n) /* out of a compressed record */
		offset = CP_NO_OFFSET;
	if (files ? !perf_simpleperf_files(f, feature, &c)
		  : !features[feature].decode(f, &c))
		return cpi_error_memory(err);
	if (!cpi_cursor_ok(&c))
		PERF_DAMAGED_AT(f, "feature", 0, offset,
			"the %s feature ends inside a value",
			files ? "file" : features[feature].name);
	return CP_OK;
}

/* One offset and size for each bit of the bitmap, right behind the data. */
enum cp_code perf_features_read(struct perf_file *f, struct cp_error *err)
{
	uint64_t at = f->data.offset + f->data.size;
	struct cpi_cursor table = perf_cursor(f, f->bytes + at, f->n - at);

	for (unsigned bit = 0; bit < PERF_FEATURES; bit++) {
		struct perf_section s;
		enum cp_code code;

		if (!(f->feature[bit / 64] >> bit % 64 & 1))
			continue;
		s.offset = cpi_cursor_u64(&table);
		s.size = cpi_cursor_u64(&table);
		if (!cpi_cursor_ok(&table)) {
			PERF_DAMAGED_AT(f, "feature", 0, f->n,
				"the feature table ends before feature %u", bit);
			return CP_OK;
		}
		if (s.offset > f->n || s.size > f->n - s.offset) {
			PERF_DAMAGED_AT(f, "feature", 0, at,
				"feature %u lies outside the file", bit);
			continue;
		}
		code = perf_feature_decode(
			f, bit, perf_cursor(f, f->bytes + s.offset, s.size), err);
		if (code)
			return code;
	}
	return CP_OK;
}
