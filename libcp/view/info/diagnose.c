/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a profile less than it could be. */
#include "view/info/info.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "model/name.h"

struct diagnosis {
	const struct cp_profile *p;
	const struct cp_symbol_report *report;
	cp_finding_fn *fn;
	void *arg;
	bool perf;          /* made from a perf capture */
	double samples;     /* by the first sample type when it counts, else rows */
	double user;        /* with a user frame */
	double single_user; /* … of which there is one */
	cp_string single;   /* the file that most of these are in, if one has more than half */
	double lead;        /* … while they are counted: what it is ahead of all others */
	double deep;        /* with more than one frame */
};

static void say(const struct diagnosis *d, const char *kind, const char *fix,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

static void say(const struct diagnosis *d, const char *kind, const char *fix,
	const char *format, ...)
{
	char text[1400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	d->fn(&(struct cp_finding){kind, text, fix}, d->arg);
}

uint64_t cpi_comment_number(const struct cp_profile *p, const char *key)
{
	size_t n = strlen(key);
	uint64_t x = 0;

	for (size_t i = 0; i < p->comment.n; i++) {
		struct cp_text text = cpi_profile_text(p, p->comment.v[i]);

		if (text.n > n + 7 && cpi_text_starts(text, CPI_TEXT("perf: ")) &&
			!memcmp(text.p + 6, key, n) && text.p[6 + n] == ' ' &&
			cpi_text_u64(
				(struct cp_text){text.p + 7 + n, text.n - 7 - n}, &x))
			return x;
	}
	return 0;
}

static double weight(const struct cp_profile *p, bool perf, uint32_t sample)
{
	const struct cp_value_type *type = p->sample_type.v;

	if (!p->sample_type.n || type->decimals ||
		!cpi_text_equal(cpi_profile_text(p, type->unit), CPI_TEXT("count")))
		return 1;
	/* Objects, as heap profiles count them, are no samples. */
	if (!perf && !cpi_text_equal(cpi_profile_text(p, type->type), CPI_TEXT("samples")))
		return 1;
	return fabs((double)p->value.v[(size_t)sample * p->sample_type.n]);
}

static bool is_user(const struct cp_profile *p, cp_location location)
{
	const struct cp_location_row *row = &p->location.v[location.i];
	uint8_t kind = p->mapping.v[row->mapping.i].kind;

	/* Unmapped addresses in the lower half are what broken chains lead to. */
	if (!row->mapping.i)
		return row->address && row->address < 1ULL << 63;
	if (kind == CP_MAP_UNKNOWN)
		return !cpi_mapping_is_kernel(p, row->mapping);
	return kind == CP_MAP_USER || kind == CP_MAP_JIT || kind == CP_MAP_VDSO;
}

/* How many user frames a sample has, of two and more 2; the file of the last one seen. */
static uint32_t user_frames(
	const struct cp_profile *p, uint32_t sample, uint32_t *ret_n, cp_string *ret_file)
{
	const cp_location *frame = cpi_profile_frames(p, p->sample_stack.v[sample], ret_n);
	uint32_t user = 0;

	for (uint32_t k = *ret_n; k-- && user < 2;)
		if (is_user(p, frame[k])) {
			cp_mapping mapping = p->location.v[frame[k].i].mapping;

			*ret_file = p->mapping.v[mapping.i].path;
			user++;
		}
	return user;
}

/* Boyer and Moore's vote: whoever has more than half of all stands at the end. */
static void vote(struct diagnosis *d, cp_string file, double w)
{
	if (d->lead <= 0)
		d->single = file;
	d->lead += d->single.i == file.i ? w : -w;
	if (d->lead < 0) {
		d->single = file;
		d->lead = -d->lead;
	}
}

static void measure(struct diagnosis *d)
{
	for (uint32_t i = 0; i < cpi_profile_n_samples(d->p); i++) {
		double w = weight(d->p, d->perf, i);
		cp_string file = {0};
		uint32_t n, user = user_frames(d->p, i, &n, &file);

		d->samples += w;
		d->user += user ? w : 0;
		d->deep += n > 1 ? w : 0;
		if (user == 1) {
			d->single_user += w;
			vote(d, file, w);
		}
	}
}

/* Whether the vote's winner does have more than half: where none has, anybody wins. */
static bool is_most(const struct diagnosis *d)
{
	double sum = 0;

	for (uint32_t i = 0; d->single.i && i < cpi_profile_n_samples(d->p); i++) {
		cp_string file = {0};
		uint32_t n;

		if (user_frames(d->p, i, &n, &file) == 1 && file.i == d->single.i)
			sum += weight(d->p, d->perf, i);
	}
	return sum > d->single_user / 2;
}

static void truncated(const struct diagnosis *d)
{
	double n = (double)cpi_comment_number(d->p, "truncated stacks");

	if (n > 0)
		say(d, "truncated-stacks", "perf record --call-graph dwarf,SIZE, with a larger SIZE (65528 at most)",
			"%.0f stacks (%.1f %%) are longer than their dump and end in "
			"[truncated stack]",
			n, d->samples > 0 ? 100 * n / d->samples : 0);
}

/* The captured file that is not here and that most samples have a frame in, or NULL. */
static const struct cp_symbol_image *missing(const struct diagnosis *d)
{
	const struct cp_symbol_image *most = NULL;

	for (size_t i = 0; d->report && i < cp_symbol_report_count(d->report); i++) {
		const struct cp_symbol_image *image =
			cp_symbol_report_image(d->report, i);
		const struct cp_mapping_row *row = &d->p->mapping.v[image->mapping.i];

		if ((row->kind == CP_MAP_USER || row->kind == CP_MAP_UNKNOWN) &&
			image->status == CP_SYMBOLS_NO_FILE && !image->resolved &&
			cpi_text_starts(cpi_profile_text(d->p, row->path), CPI_TEXT("/")) &&
			(!most || image->samples > most->samples))
			most = image;
	}
	return most && d->samples > 0 && (double)most->samples >= d->samples / 5 ? most
										 : NULL;
}

/*
 * Without its file a program has neither names nor, where stacks were captured, tables to
 * unwind them by: what else is wrong with the stacks shows when it is there.
 */
static bool says_missing(const struct diagnosis *d)
{
	const struct cp_symbol_image *image = missing(d);
	struct cp_text name;
	char shown[96];

	if (!image)
		return false;
	name = cpi_text_basename(
		cpi_profile_text(d->p, d->p->mapping.v[image->mapping.i].path));
	say(d, "missing-file",
		d->perf ? "keep the program, or take perf archive along; --symfs DIR for "
			  "many files"
			: "keep the program; --symfs DIR for many files",
		"%s, %.0f %% of the samples, was not found: give its path first",
		cpi_text_printable(shown, sizeof shown, name),
		fmin(100, 100 * (double)image->samples / d->samples));
	return true;
}

static void single_frames(const struct diagnosis *d, double share)
{
	char file[96], who[160] = ": the programs were";

	if (is_most(d))
		snprintf(who, sizeof who, ", most of them in %s, which was",
			cpi_text_printable(file, sizeof file,
				cpi_text_basename(cpi_profile_text(d->p, d->single))));
	say(d, "frame-pointers",
		"compile with -fno-omit-frame-pointer, or perf record --call-graph dwarf",
		"%.0f %% of the user stacks are a single frame%s built without frame "
		"pointers",
		100 * share, who);
}

static void chains(const struct diagnosis *d, bool without_files)
{
	double share = d->user > 0 ? d->single_user / d->user : 0;

	if (!d->perf || d->samples <= 0)
		return;
	if (d->deep <= 0)
		say(d, "no-call-chains", "perf record -g (or --call-graph dwarf)",
			"the capture has no call chains, only the functions that ran");
	else if (share > 0.2 && !without_files)
		single_frames(d, share);
}

static bool is_kernel(const struct cp_profile *p, const struct cp_symbol_image *image)
{
	uint8_t kind = p->mapping.v[image->mapping.i].kind;

	return kind == CP_MAP_KERNEL || kind == CP_MAP_MODULE;
}

/* What is said of a file that was there and not used; without the ids, which are long. */
static const char *refusal(const struct diagnosis *d, const struct cp_symbol_image *image,
	char *text, size_t size)
{
	char name[512];

	if (image->status == CP_SYMBOLS_UNVOUCHED)
		return image->hint;
	cpi_text_printable(name, sizeof name,
		cpi_profile_text(d->p, d->p->mapping.v[image->mapping.i].path));
	snprintf(text, size,
		"the file found here for %s is of another build than the one captured, and "
		"was not used",
		name);
	return text;
}

static void images(const struct diagnosis *d)
{
	const struct cp_symbol_image *wrong = NULL; /* the first */
	double kernel = 0, zeros = 0;
	char text[1024];
	size_t n_wrong = 0;

	for (size_t i = 0; d->report && i < cp_symbol_report_count(d->report); i++) {
		const struct cp_symbol_image *image =
			cp_symbol_report_image(d->report, i);

		if (is_kernel(d->p, image) && !image->resolved) {
			kernel += (double)image->samples;
			/* A list that is there is left alone for its zeros only. */
			zeros += image->status == CP_SYMBOLS_UNREADABLE;
		}
		if ((image->status == CP_SYMBOLS_WRONG_ID ||
			    image->status == CP_SYMBOLS_UNVOUCHED) &&
			!n_wrong++)
			wrong = image;
	}
	if (kernel > 0)
		say(d, "kernel-symbols",
			zeros > 0 ? "sysctl kernel.kptr_restrict=0 before recording as "
				    "root, or --kallsyms COPY"
				  : "--kallsyms with a copy of that machine's "
				    "/proc/kallsyms, made by root, or --vmlinux",
			"%.0f sample%s kernel frames without a name", kernel,
			kernel == 1 ? " has" : "s have");
	if (wrong)
		say(d, "build-ids",
			d->perf ? "--symfs or --debug-dir with the captured machine's "
				  "files, or perf buildid-cache"
				: "keep the programs, and give them with --binary or --symfs",
			n_wrong > 1 ? "%s; so it is with %zu more" : "%s",
			refusal(d, wrong, text, sizeof text), n_wrong - 1);
}

/* What would let the build be compared the next time. */
static const char *settles(const struct diagnosis *d, const struct cp_symbol_image *image)
{
	if (image->doubt == CP_DOUBT_RUN)
		return "keep the list with the capture, and give --map-dir DIR";
	if (image->doubt == CP_DOUBT_NO_ID)
		return "link with --build-id";
	if (image->doubt == CP_DOUBT_GIVEN && is_kernel(d->p, image))
		return "a vmlinux has a build id (--vmlinux FILE), lists of symbols have none";
	return d->perf ? "perf record --buildid-mmap keeps build ids"
		       : "a profile with build ids can be checked";
}

/* Names of files that nothing vouches for. */
static void doubts(const struct diagnosis *d)
{
	const struct cp_symbol_image *first = NULL;
	size_t n = 0;

	for (size_t i = 0; d->report && i < cp_symbol_report_count(d->report); i++) {
		const struct cp_symbol_image *image =
			cp_symbol_report_image(d->report, i);

		if (!image->doubt)
			continue;
		/* Where the user's word was taken nothing is left to be done. */
		if (!first || (first->doubt == CP_DOUBT_GIVEN) > (image->doubt == CP_DOUBT_GIVEN))
			first = image;
		n++;
	}
	if (n)
		say(d, "unverified", settles(d, first),
			n > 1 ? "%s; so it is with %zu more" : "%s", first->doubt_text,
			n - 1);
}

static void losses(const struct diagnosis *d)
{
	double lost = (double)cpi_comment_number(d->p, "lost samples");
	double records = (double)cpi_comment_number(d->p, "lost records");
	double throttled = (double)cpi_comment_number(d->p, "throttled");

	lost = lost > 0 ? lost : records;
	if (lost > 0)
		say(d, "lost", "perf record -m 16M, or a lower -F",
			"%.0f samples were lost (%.1f %%)", lost,
			100 * lost / (lost + d->samples));
	if (throttled > 0 && throttled > d->samples / 1000)
		say(d, "throttled",
			"a lower -F, or sysctl kernel.perf_cpu_time_max_percent=0 while "
			"recording",
			"the kernel throttled sampling %.0f times", throttled);
}

/*
 * The relative standard error of a function with a tenth of the samples; 95 % intervals
 * are twice that.
 */
static void too_few(const struct diagnosis *d)
{
	double n = d->samples / 10;

	if (d->samples <= 0 || d->samples >= 500 || !d->p->sample_type.n ||
		!cpi_text_equal(cpi_profile_text(d->p, d->p->sample_type.v[0].unit),
			CPI_TEXT("count")))
		return;
	say(d, "few-samples", "record longer, or perf record -F 999",
		"%.0f samples: a function with 10 %% of them is known to about ±%.0f %%",
		d->samples, 100 * 2 / sqrt(n > 1 ? n : 1));
}

static bool from_perf(const struct cp_profile *p)
{
	for (size_t i = 0; i < p->comment.n; i++)
		if (cpi_text_starts(
			    cpi_profile_text(p, p->comment.v[i]), CPI_TEXT("perf: ")))
			return true;
	return false;
}

void cpi_diagnose(const struct cp_profile *p, const struct cp_symbol_report *report,
	cp_finding_fn *fn, void *arg)
{
	struct diagnosis d = {.p = p, .report = report, .fn = fn, .arg = arg};

	d.perf = from_perf(p);
	measure(&d);
	truncated(&d);
	chains(&d, says_missing(&d));
	images(&d);
	doubts(&d);
	losses(&d);
	if (d.perf)
		too_few(&d);
}
