/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the JSON formats apart by their top-level members. */
#include "format/json_shape.h"

#include "codec/json_read.h"

/* The named member of the object that starts here; absent when there is none. */
static struct cpi_jr member(struct cpi_jr jr, const char *name)
{
	struct cpi_jr none = jr;
	struct cp_text key;

	none.at = none.end;
	if (cpi_jr_peek(&jr) != CPI_JR_OBJECT || !cpi_jr_object(&jr))
		return none;
	while (cpi_jr_key(&jr, &key)) {
		if (cpi_text_equal(key, cpi_text(name)))
			return jr;
		cpi_jr_skip(&jr);
	}
	return none;
}

static bool has(struct cpi_jr jr, const char *name)
{
	struct cpi_jr value = member(jr, name);

	return !cpi_jr_absent(&value);
}

/* The first element of an array. */
static struct cpi_jr first(struct cpi_jr jr)
{
	if (cpi_jr_peek(&jr) == CPI_JR_ARRAY && cpi_jr_array(&jr) && cpi_jr_element(&jr))
		return jr;
	jr.at = jr.end;
	return jr;
}

static enum cpi_json_shape by_schema(struct cpi_jr value)
{
	struct cp_text text;

	if (cpi_jr_peek(&value) == CPI_JR_TEXT && cpi_jr_text(&value, &text) &&
		cpi_text_starts(text, CPI_TEXT("https://www.speedscope.app/")))
		return CPI_JSON_SPEEDSCOPE;
	return CPI_JSON_OTHER;
}

static enum cpi_json_shape by_shared(struct cpi_jr value)
{
	if (has(value, "frames"))
		return CPI_JSON_SPEEDSCOPE;
	return has(value, "stringArray") ? CPI_JSON_FIREFOX : CPI_JSON_OTHER;
}

static enum cpi_json_shape by_profiles(struct cpi_jr value)
{
	struct cpi_jr one = first(value);

	return has(one, "unit") && (has(one, "samples") || has(one, "events"))
		? CPI_JSON_SPEEDSCOPE : CPI_JSON_OTHER;
}

static enum cpi_json_shape by_meta(struct cpi_jr value)
{
	return has(value, "preprocessedProfileVersion") ? CPI_JSON_FIREFOX
							: CPI_JSON_OTHER;
}

static enum cpi_json_shape by_threads(struct cpi_jr value)
{
	struct cpi_jr one = first(value);

	if (has(member(one, "samples"), "schema"))
		return CPI_JSON_GECKO;
	return has(one, "stringArray") ? CPI_JSON_FIREFOX : CPI_JSON_OTHER;
}

/* Gecko keeps the profiles of other processes whole. */
static enum cpi_json_shape by_processes(struct cpi_jr value)
{
	struct cpi_jr one = first(value);

	return has(one, "meta") && has(one, "threads") ? CPI_JSON_GECKO : CPI_JSON_OTHER;
}

static enum cpi_json_shape by_nodes(struct cpi_jr value)
{
	return has(first(value), "callFrame") ? CPI_JSON_CPUPROFILE : CPI_JSON_OTHER;
}

static enum cpi_json_shape by_head(struct cpi_jr value)
{
	if (has(value, "selfSize"))
		return CPI_JSON_HEAPPROFILE;
	return has(value, "functionName") ? CPI_JSON_CPUPROFILE_OLD : CPI_JSON_OTHER;
}

static enum cpi_json_shape by_recording(struct cpi_jr value)
{
	return has(value, "sampleStackTraces") ? CPI_JSON_SAFARI : CPI_JSON_OTHER;
}

static const struct {
	const char *key;
	enum cpi_json_shape shape;                  /* the key alone tells */
	enum cpi_json_shape (*look)(struct cpi_jr); /* …or its value does */
} tells[] = {
	{"$schema", CPI_JSON_NONE, by_schema},
	{"shared", CPI_JSON_NONE, by_shared},
	{"profiles", CPI_JSON_NONE, by_profiles},
	{"meta", CPI_JSON_NONE, by_meta},
	{"threads", CPI_JSON_NONE, by_threads},
	{"processes", CPI_JSON_NONE, by_processes},
	{"nodes", CPI_JSON_NONE, by_nodes},
	{"head", CPI_JSON_NONE, by_head},
	{"recording", CPI_JSON_NONE, by_recording},
	{"traceEvents", CPI_JSON_TRACE, NULL},
	{"resourceProfiles", CPI_JSON_OTLP, NULL},
	{"resource_profiles", CPI_JSON_OTLP, NULL},
	{"SampleType", CPI_JSON_PPROFUTILS, NULL},
	{"dhatFileVersion", CPI_JSON_DHAT, NULL},
	{"rts_arguments", CPI_JSON_GHC, NULL},
	{"ticks", CPI_JSON_V8_LOG, NULL},
	{"raw_timestamp_deltas", CPI_JSON_STACKPROF, NULL},
	{"raw_sample_timestamps", CPI_JSON_STACKPROF, NULL},
};

static enum cpi_json_shape of_member(struct cp_text key, const struct cpi_jr *value)
{
	for (size_t i = 0; i < sizeof tells / sizeof *tells; i++)
		if (cpi_text_equal(key, cpi_text(tells[i].key)))
			return tells[i].look ? tells[i].look(*value) : tells[i].shape;
	return CPI_JSON_OTHER;
}

static enum cpi_json_shape of_object(struct cpi_jr *jr)
{
	struct cp_text key;
	bool some = false;

	if (!cpi_jr_object(jr))
		return CPI_JSON_OTHER;
	while (cpi_jr_key(jr, &key)) {
		enum cpi_json_shape shape = of_member(key, jr);

		if (shape != CPI_JSON_OTHER)
			return shape;
		cpi_jr_skip(jr);
		some = true;
	}
	/* Text that only begins with a bracket has no first member. */
	return some || cpi_jr_ok(jr) ? CPI_JSON_OTHER : CPI_JSON_NONE;
}

/* Trace events may stand in an array by themselves; some of the first have a phase. */
static enum cpi_json_shape of_array(struct cpi_jr *jr)
{
	bool some = false;

	if (!cpi_jr_array(jr))
		return CPI_JSON_OTHER;
	for (unsigned i = 0; i < 64 && cpi_jr_element(jr); i++) {
		if (has(*jr, "ph"))
			return CPI_JSON_TRACE;
		cpi_jr_skip(jr);
		some |= cpi_jr_ok(jr);
	}
	return some || cpi_jr_ok(jr) ? CPI_JSON_OTHER : CPI_JSON_NONE;
}

enum cpi_json_shape cpi_json_shape(const struct cpi_source *source)
{
	struct cpi_jr jr;

	cpi_jr_init(&jr, source->part[0].data, source->part[0].n, NULL);
	switch (cpi_jr_peek(&jr)) {
	case CPI_JR_OBJECT:
		return of_object(&jr);
	case CPI_JR_ARRAY:
		return of_array(&jr);
	default:
		return CPI_JSON_NONE;
	}
}

const char *cpi_json_shape_name(enum cpi_json_shape shape)
{
	static const char *const names[] = {
		[CPI_JSON_NONE] = "not JSON",
		[CPI_JSON_OTHER] = "JSON, but no profile that is known here",
		[CPI_JSON_SPEEDSCOPE] = "a speedscope file",
		[CPI_JSON_FIREFOX] = "a Firefox profiler file",
		[CPI_JSON_CPUPROFILE] = "a V8 CPU profile",
		[CPI_JSON_CPUPROFILE_OLD] = "a V8 CPU profile of the old form",
		[CPI_JSON_HEAPPROFILE] = "a V8 heap profile",
		[CPI_JSON_TRACE] = "a file of trace events",
		[CPI_JSON_OTLP] = "OTLP profiles as JSON",
		[CPI_JSON_GECKO] = "a raw profile of Gecko; open it in profiler.firefox.com and "
				   "save it there",
		[CPI_JSON_PPROFUTILS] = "a pprof profile as pprofutils' JSON; use the pprof "
					"file it came from",
		[CPI_JSON_SAFARI] = "a recording of Safari's timeline; speedscope opens it, and "
				    "what it exports is read",
		[CPI_JSON_STACKPROF] = "a stackprof profile; `stackprof --stackcollapse` "
				       "makes folded text of it",
		[CPI_JSON_DHAT] = "a DHAT profile; profiler.firefox.com opens it, and what it "
				  "saves is read",
		[CPI_JSON_GHC] = "a GHC profile; ghc-prof-flamegraph makes folded text of it",
		[CPI_JSON_V8_LOG] = "a V8 log, preprocessed; speedscope opens it, and what it "
				    "exports is read",
	};

	return names[shape];
}
