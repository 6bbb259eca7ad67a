/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep.c: a whole answer is on disk already; here it is read, called idle, completed with
 * names and given pprof's name. Whatever goes wrong, the file stays.
 */
#include "fetch/keep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cp/cp.h>

#include "common/file.h"
#include "fetch/inner.h"
#include "fetch/symbols.h"

/*
 * An answer may unpack to so much. Profiles of services shrink to a tenth or so; 64 MiB
 * are free in any case.
 */
enum { MAX_INFLATED = 1 << 30, MAX_RATIO = 200 };

struct keeper {
	struct fetch_capture *c;
	const struct fetch_keep_options *o;
	struct cp_context *context;
	struct cp_profile *profile;
	char format[40];
	bool reading;     /* the answer itself, not what may name its addresses */
	char damage[400]; /* the first that was found in it */
};

/*
 * What is wrong with the answer becomes the sentence; other remarks do not name the file
 * of the answer, which has another name in the end.
 */
static void on_diagnostic(const struct cp_diagnostic *diagnostic, void *arg)
{
	struct keeper *k = arg;
	const struct cp_context_options *user = k->o->context;
	struct cp_diagnostic said = *diagnostic;
	struct cp_error first = {.offset = said.offset};

	if (k->reading && said.severity == CP_WARNING) {
		if (*k->damage)
			return;
		snprintf(first.context, sizeof first.context, "%s", said.context);
		snprintf(first.message, sizeof first.message, "%s", said.message);
		cp_error_format(&first, k->damage, sizeof k->damage);
	} else if (user && user->diagnostic) {
		if (said.source && !strcmp(said.source, k->c->store.path))
			said.source = NULL;
		user->diagnostic(&said, user->diagnostic_arg);
	}
}

static struct cp_context *new_context(struct keeper *k)
{
	struct cp_context_options options = {0};

	if (k->o->context)
		options = *k->o->context;
	options.size = sizeof options;
	options.diagnostic = on_diagnostic;
	options.diagnostic_arg = k;
	options.limits.inflated = MAX_INFLATED;
	options.limits.ratio = MAX_RATIO;
	return cp_context_new(&options);
}

/* What it is instead, in gzip or not. */
static void say_no_profile(struct fetch_capture *c)
{
	char quote[80];

	if (fetch_coding_look_inside(&c->answer) && fetch_diagnose_page(c))
		return;
	if (*fetch_quote(c, quote, sizeof quote))
		fetch_say(c, FETCH_NOT_A_PROFILE,
			"what came back is no profile: it begins \"%s\"", quote);
	else
		fetch_say(c, FETCH_NOT_A_PROFILE,
			"what came back is no profile: it begins with bytes that are no text");
}

/* The library's error, and that the answer is still there. */
static void say_unreadable(struct keeper *k, const struct cp_error *err)
{
	struct fetch_capture *c = k->c;
	char text[400];

	cp_error_format(err, text, sizeof text);
	switch (err->code) {
	case CP_ERROR_LIMIT:
		fetch_say(c, FETCH_BOMB, "the answer unpacks to more than is allowed: %s",
			text);
		break;
	case CP_ERROR_CORRUPT:
	case CP_ERROR_TRUNCATED:
		fetch_say(c, FETCH_DAMAGED, "the profile is damaged: %s", text);
		break;
	case CP_ERROR_SYSTEM:
	case CP_ERROR_MEMORY:
		fetch_say(c, FETCH_SYSTEM, "cannot read the answer: %s", text);
		break;
	case CP_ERROR_EMPTY:
		fetch_say(c, FETCH_IDLE,
			"the profile has no samples: was the program at work?");
		break;
	default:
		if (fetch_coding_is_foreign(&c->answer))
			fetch_say(c, FETCH_NOT_A_PROFILE,
				"what came back is packed as \"%.39s\" "
				"(Content-Encoding), "
				"which was not asked for and is not unpacked here",
				c->answer.encoding);
		else
			say_no_profile(c);
	}
}

/* Behind the sentence: where the answer is. */
static void say_where(struct fetch_capture *c)
{
	struct fetch_result *r = &c->result;
	size_t n = strlen(r->sentence);

	snprintf(r->sentence + n, sizeof r->sentence - n, "; kept in %s", c->store.path);
}

static void say_not_renamed(struct fetch_capture *c)
{
	fetch_say(c, FETCH_STORAGE, "cannot rename %s: %s%s", c->store.path,
		strerror(c->store.error), fetch_store_advice(c->store.error));
}

/*
 * Any line with a number at its end is a folded stack; a stack that came over HTTP has
 * more than one frame somewhere.
 */
static bool is_believable(const struct keeper *k)
{
	return strcmp(k->format, "folded") || strchr(k->c->answer.head, ';');
}

static enum cp_code read_profile(struct keeper *k, struct cp_input *input,
	const struct cp_symbolize_options *symbolize, struct cp_error *err)
{
	struct cp_profile *profile;
	enum cp_code code =
		cp_profile_read(k->context, input, NULL, symbolize, &profile, err);

	if (code)
		return code;
	cp_profile_free(k->profile);
	k->profile = profile;
	return CP_OK;
}

static bool read_answer(struct keeper *k)
{
	struct cp_input *input;
	struct cp_error err;
	const char *format;
	enum cp_code code;

	k->reading = true;
	if (cp_input_open(k->context, k->c->store.path, &input, &err)) {
		k->reading = false;
		say_unreadable(k, &err);
		return false;
	}
	format = cp_input_format(input);
	snprintf(k->format, sizeof k->format, "%s", format ? format : "");
	code = read_profile(k, input, NULL, &err);
	cp_context_flush_diagnostics(k->context);
	k->reading = false;
	cp_input_free(input);
	if (!code && !is_believable(k))
		err.code = code = CP_ERROR_FORMAT;
	if (code)
		say_unreadable(k, &err);
	else if (*k->damage)
		fetch_say(k->c, FETCH_DAMAGED, "the profile is damaged: %s", k->damage);
	return !code && !*k->damage;
}

/* The share of locations without a name. */
static double nameless(const struct cp_profile *profile)
{
	uint32_t n = cp_profile_counts(profile).locations, without = 0;

	for (uint32_t i = 1; i <= n; i++)
		without += !cp_profile_location(profile, (cp_location){i})->n_lines;
	return n ? (double)without / n : 0;
}

static bool is_text(const struct cp_profile *p, cp_string id, const char *text)
{
	struct cp_text t = cp_profile_string(p, id);

	return t.n == strlen(text) && !memcmp(t.p, text, t.n);
}

/* Seconds of CPU; negative when the profile is of something else. */
static double cpu_seconds(const struct cp_profile *p)
{
	struct cp_profile_counts n = cp_profile_counts(p);
	double sum = 0;

	for (uint32_t t = 0; t < n.sample_types; t++) {
		const struct cp_value_type *type = cp_profile_sample_type(p, t);
		double unit = is_text(p, type->unit, "nanoseconds")    ? 1e-9
			      : is_text(p, type->unit, "microseconds") ? 1e-6
								       : 0;

		if (!is_text(p, type->type, "cpu") || unit == 0)
			continue;
		for (uint32_t i = 0; i < n.samples; i++)
			sum += (double)cp_profile_sample_values(p, i)[t] * unit;
		return sum;
	}
	return -1;
}

/* Less than this share of one processor is nobody's benchmark. */
#define IDLE 0.01

static void look_for_idleness(struct keeper *k)
{
	struct fetch_capture *c = k->c;
	struct fetch_result *r = &c->result;
	const struct cp_profile *p = k->profile;
	double seconds;
	char length[32];

	r->got = (double)cp_profile_header(p)->duration_nanos / 1e9;
	r->cpu = cpu_seconds(p);
	seconds = r->got > 0 ? r->got : r->elapsed;
	fetch_say_seconds(length, sizeof length, seconds);
	if (r->cpu >= 0 && r->cpu < IDLE * seconds)
		fetch_say(c, FETCH_IDLE, "%s, %.2f s of CPU: was the benchmark running?",
			length, r->cpu);
	else if (cp_profile_counts(p).samples)
		return;
	else if (!strcmp(c->target.kind, "block") || !strcmp(c->target.kind, "mutex"))
		fetch_say(c, FETCH_IDLE,
			"nothing was recorded%s: either %s, or that profile is off, "
			"which "
			"runtime.%s changes",
			c->target.seconds > 0 ? " meanwhile" : "",
			*c->target.kind == 'b' ? "no goroutine had to wait"
					       : "no lock was waited for",
			*c->target.kind == 'b' ? "SetBlockProfileRate(1)"
					       : "SetMutexProfileFraction(1)");
	else
		fetch_say(c, FETCH_IDLE,
			"the profile has no samples: was the program at work?");
}

static const char *suffix_of(const struct keeper *k)
{
	if (!strcmp(k->format, "pprof"))
		return fetch_is_gzip(k->c->store.path) ? ".pb.gz" : ".pb";
	if (!strcmp(k->format, "perf.data"))
		return ".data";
	if (!strcmp(k->format, "perf-script") || !strcmp(k->format, "folded"))
		return ".txt";
	return ".prof";
}

static bool give_name(struct keeper *k)
{
	struct fetch_capture *c = k->c;
	char *prefix = fetch_profile_prefix(k->profile);
	bool ok = prefix && fetch_store_name(&c->store, prefix, suffix_of(k));

	free(prefix);
	if (!ok)
		say_not_renamed(c);
	return ok;
}

/* The answer with names in front, as gperftools' scripts write it. */
static bool read_with_symbols(struct keeper *k, const struct fetch_symbols *s)
{
	static const char head[] = "--- symbol\n", between[] = "---\n--- profile\n";
	FILE *file = fopen(k->c->store.path, "re");
	size_t size = 0;
	char *text = NULL, chunk[8192];
	FILE *whole = open_memstream(&text, &size);
	struct cp_input *input;
	struct cp_error err;
	size_t n;
	bool ok = false;

	if (file && whole) {
		fputs(head, whole);
		fwrite(s->lines, 1, s->n, whole);
		fputs(between, whole);
		while ((n = fread(chunk, 1, sizeof chunk, file)))
			fwrite(chunk, 1, n, whole);
	}
	if (whole)
		ok = !fclose(whole);
	if (file)
		fclose(file);
	if (ok && file && !cp_input_memory(k->context, text, size, NULL, &input, &err)) {
		ok = !read_profile(k, input, NULL, &err);
		cp_input_free(input);
	} else {
		ok = false;
	}
	free(text);
	return ok;
}

/* libcp's own ways: --binary, and the files of this machine. */
static bool read_with_binary(struct keeper *k)
{
	struct cp_symbolize_options symbolize = {.size = sizeof symbolize};
	struct cp_input *input;
	struct cp_error err;
	bool ok;

	if (k->o->symbolize)
		symbolize = *k->o->symbolize;
	if (cp_input_open(k->context, k->c->store.path, &input, &err))
		return false;
	ok = !read_profile(k, input, &symbolize, &err);
	cp_input_free(input);
	return ok;
}

static bool write_profile(struct keeper *k, const char *path)
{
	char message[400];
	struct cp_error err;
	struct out out;

	if (!out_open(&out, path, false, message, sizeof message)) {
		fetch_say(k->c, FETCH_STORAGE, "%s", message);
		return false;
	}
	if (cp_profile_write(
		    k->context, k->profile, "pprof", NULL, out_write, &out, &err)) {
		out_discard(&out);
		cp_error_format(&err, message, sizeof message);
		fetch_say(k->c, FETCH_STORAGE, "cannot write %s: %s", path, message);
		return false;
	}
	if (out_commit(&out, message, sizeof message))
		return true;
	fetch_say(k->c, FETCH_STORAGE, "%s", message);
	return false;
}

/* What the profile is with names, beside the answer: FILE.named.pb.gz, or pprof's name.
 */
static void write_named(struct keeper *k)
{
	struct fetch_capture *c = k->c;
	char *prefix = fetch_profile_prefix(k->profile), *name = NULL;

	if (!prefix || asprintf(&name, "%s.named.pb.gz", c->store.path) < 0)
		name = NULL;
	if (name && !write_profile(k, name)) {
		say_where(c);
	} else if (name) {
		c->result.named = c->store.file ? strdup(name)
						: fetch_store_move(name, c->store.dir,
							  prefix, ".pb.gz");
		if (!c->result.named)
			fetch_say(c, FETCH_STORAGE, "cannot rename %s: %s", name,
				strerror(errno));
	}
	free(name);
	free(prefix);
}

static bool may_have_endpoint(const struct keeper *k)
{
	static const char *const formats[] = {
		"gperftools-cpu", "heap-text", "contention", "jemalloc"};

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (!strcmp(k->format, formats[i]))
			return true;
	return false;
}

/* Whether a file with names is to be written. */
static bool find_names(struct keeper *k)
{
	struct fetch_capture *c = k->c;
	struct fetch_symbols symbols = {0};
	bool asked = may_have_endpoint(k), named;
	char what[60] = "no answer", length[32];

	if (asked && fetch_symbols_ask(c, k->profile, &symbols)) {
		named = read_with_symbols(k, &symbols);
		fetch_symbols_release(&symbols);
		if (named && nameless(k->profile) < 0.5)
			return true;
	}
	fetch_symbols_release(&symbols);
	if (symbols.end == FETCH_SYMBOLS_CANCELLED) {
		fetch_say(c, FETCH_STOPPED, "stopped while %s was asked for names",
			symbols.path);
		say_where(c);
		return false;
	}
	if (read_with_binary(k) && nameless(k->profile) < 0.5)
		return k->o->binary_given;
	if (c->result.reason != FETCH_OK)
		return false;
	if (symbols.end == FETCH_SYMBOLS_TIME && c->fetch->settings.timeout > 0) {
		fetch_say(c, FETCH_TIMEOUT,
			"the %s of --timeout ended while %s was asked for names: "
			"--timeout N waits longer, --no-symbolize does not ask",
			fetch_say_seconds(
				length, sizeof length, c->fetch->settings.timeout),
			symbols.path);
		say_where(c);
		return false;
	}
	if (symbols.end == FETCH_SYMBOLS_TIME)
		snprintf(what, sizeof what, "no answer within %s",
			fetch_say_seconds(length, sizeof length, symbols.patience));
	else if (symbols.status)
		snprintf(what, sizeof what, "%d%s", symbols.status,
			symbols.status == 200 ? ", without names" : "");
	if (asked)
		fetch_say(c, FETCH_NO_SYMBOLS,
			"symbols: asked %s: %s; give the program: cpget … --binary "
			"./PROGRAM",
			symbols.path, what);
	else
		fetch_say(c, FETCH_NO_SYMBOLS,
			"the profile has addresses without names; give the program: "
			"cpget … "
			"--binary ./PROGRAM");
	return false;
}

static void keep_trace(struct fetch_capture *c)
{
	char *prefix;

	c->result.reason = FETCH_OK;
	c->result.sentence[0] = 0;
	if (asprintf(&prefix, "trace%s.", strchr(c->store.stem, '.')) < 0)
		return;
	if (!fetch_store_name(&c->store, prefix, ".out"))
		say_not_renamed(c);
	free(prefix);
}

static void keep(struct keeper *k)
{
	struct fetch_capture *c = k->c;

	/* What cannot be unpacked is read as it came. */
	fetch_coding_remove(c);
	if (fetch_diagnose_page(c)) {
		if (c->result.reason == FETCH_TRACE && k->o->trace_welcome)
			keep_trace(c);
		else
			say_where(c);
		return;
	}
	if (!read_answer(k)) {
		say_where(c);
		return;
	}
	if (!give_name(k))
		return;
	look_for_idleness(k);
	if (!k->o->no_symbols && nameless(k->profile) > 0.5 && find_names(k))
		write_named(k);
}

void fetch_keep(struct fetch_capture *c, const struct fetch_keep_options *options)
{
	static const struct fetch_keep_options none;
	struct keeper k = {.c = c, .o = options ? options : &none};

	if (c->result.reason != FETCH_OK || !c->result.complete)
		return;
	k.context = new_context(&k);
	if (k.context) {
		keep(&k);
		cp_profile_free(k.profile);
		cp_context_flush_diagnostics(k.context);
		cp_context_free(k.context);
	} else {
		fetch_say(c, FETCH_SYSTEM, "out of memory");
	}
	fetch_store_settle(&c->store);
	free(c->result.file);
	c->result.file = strdup(c->store.path);
}
