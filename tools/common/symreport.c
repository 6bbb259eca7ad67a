/* SPDX-License-Identifier: Apache-2.0 */
/* What symbolization found, as text. */
#include "common/symreport.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cp/filter.h>

#include "common/main.h"

/* Share of nameless frames that is worth a line without being asked. */
static const double worth_a_line = 0.05;

static const char *status_words(enum cp_symbol_status status)
{
	static const char *const words[] = {
		[CP_SYMBOLS_LINES] = "functions and lines",
		[CP_SYMBOLS_FUNCTIONS] = "functions only",
		[CP_SYMBOLS_NO_FILE] = "no file",
		[CP_SYMBOLS_NO_SYMBOLS] = "no symbols",
		[CP_SYMBOLS_WRONG_ID] = "wrong build id",
		[CP_SYMBOLS_UNREADABLE] = "unreadable",
		[CP_SYMBOLS_NOT_A_FILE] = "not a file",
		[CP_SYMBOLS_UNVOUCHED] = "not used",
	};

	return (unsigned)status < sizeof words / sizeof *words ? words[status]
							       : "unknown";
}

static const char *image_name(char *buf, size_t size, const struct cp_profile *profile,
	const struct cp_symbol_image *image)
{
	struct cp_text path = cp_profile_string(
		profile, cp_profile_mapping(profile, image->mapping)->path);

	return path.n ? ui_escape(buf, size, path.p) : "[unknown]";
}

void symreport_print(struct out *out, const struct cp_profile *profile,
	const struct cp_symbol_report *report)
{
	char text[1024];

	out_printf(out, "%10s %10s %10s  %-19s  %s\n", "samples", "addresses", "resolved",
		"symbols", "image");
	for (size_t i = 0; i < cp_symbol_report_count(report); i++) {
		const struct cp_symbol_image *image = cp_symbol_report_image(report, i);

		out_printf(out,
			"%10" PRId64 " %10" PRIu64 " %10" PRIu64 "  %-19s  %s%s\n",
			image->samples, image->addresses, image->resolved,
			status_words(image->status),
			image_name(text, sizeof text, profile, image),
			image->unverified ? " (unverified: no build id)" : "");
		if (image->file)
			out_printf(out, "%*sfrom %s\n", 55, "",
				ui_escape(text, sizeof text, image->file));
		if (image->url)
			out_printf(out, "%*sdownloaded from %s\n", 55, "",
				ui_escape(text, sizeof text, image->url));
		if (image->doubt)
			out_printf(out, "%*s%s\n", 55, "",
				ui_escape(text, sizeof text, image->doubt_text));
		if (image->hint)
			out_printf(out, "%*s%s\n", 55, "",
				ui_escape(text, sizeof text, image->hint));
	}
}

/* Frames of all samples, and those whose location has no function. */
struct nameless {
	uint64_t frames, nameless;
	uint64_t *by_mapping; /* nameless ones; [0]: in no mapping */
	uint32_t worst;       /* mapping with the most */
};

static void count_frames(struct nameless *ret, const struct cp_profile *profile)
{
	uint32_t n_samples = cp_profile_counts(profile).samples;

	for (uint32_t i = 0; i < n_samples; i++) {
		uint32_t n;
		const cp_location *at = cp_profile_stack(
			profile, cp_profile_sample_stack(profile, i), &n);

		ret->frames += n;
		for (uint32_t k = 0; k < n; k++) {
			const struct cp_location_row *row =
				cp_profile_location(profile, at[k]);

			if (row->n_lines)
				continue;
			ret->nameless++;
			if (++ret->by_mapping[row->mapping.i] >
				ret->by_mapping[ret->worst])
				ret->worst = row->mapping.i;
		}
	}
}

static const struct cp_symbol_image *find_image(const struct cp_profile *profile,
	const struct cp_symbol_report *report, uint32_t mapping)
{
	cp_mapping id = {mapping};
	uint32_t path = cp_profile_mapping(profile, id)->path.i;

	for (size_t i = 0; report && i < cp_symbol_report_count(report); i++) {
		const struct cp_symbol_image *image = cp_symbol_report_image(report, i);

		if (cp_profile_mapping(profile, image->mapping)->path.i == path)
			return image;
	}
	return NULL;
}

/* What a share of samples is of: they count themselves, or every row is one. */
static double count_samples(const struct cp_profile *profile)
{
	uint32_t n_samples = cp_profile_counts(profile).samples, type;
	struct cp_error err;
	double sum = 0;

	if (cp_profile_find_sample_type(profile, "samples", &type, &err) ||
		cp_profile_sample_type(profile, type)->decimals)
		return n_samples;
	for (uint32_t i = 0; i < n_samples; i++)
		sum += (double)cp_profile_sample_values(profile, i)[type];
	return sum;
}

/* A program that is not here, with a frame in a fifth of all samples or more. */
static void say_missing(struct tool *tool, const char *input,
	const struct cp_profile *profile, const struct cp_symbol_report *report)
{
	const struct cp_symbol_image *most = NULL;
	double share, samples = count_samples(profile);
	char name[512];
	const char *slash;

	for (size_t i = 0; report && i < cp_symbol_report_count(report); i++) {
		const struct cp_symbol_image *image = cp_symbol_report_image(report, i);
		const struct cp_mapping_row *row =
			cp_profile_mapping(profile, image->mapping);
		struct cp_text path = cp_profile_string(profile, row->path);

		if (image->status == CP_SYMBOLS_NO_FILE && !image->resolved &&
			image->samples > (most ? most->samples : 0) && path.n &&
			*path.p == '/' &&
			(row->kind == CP_MAP_USER || row->kind == CP_MAP_UNKNOWN))
			most = image;
	}
	share = most && samples > 0 ? 100 * (double)most->samples / samples : 0;
	if (share < 20)
		return;
	image_name(name, sizeof name, profile, most);
	slash = strrchr(name, '/');
	ui_note(&tool->ui, input,
		"%s, %.0f %% of the samples, was not found: give its path first",
		slash[1] ? slash + 1 : name, share > 100 ? 100 : share);
}

static void say(struct tool *tool, const struct nameless *count,
	const struct cp_profile *profile, const struct cp_symbol_report *report)
{
	double share = 100 * (double)count->nameless / (double)count->frames;
	const struct cp_symbol_image *image;
	char name[512];

	if (!count->worst) {
		ui_note(&tool->ui, NULL,
			"%.0f %% of the frames have no symbol; most lie in no mapped "
			"file, as "
			"frame-pointer chains through code without frame pointers do",
			share);
		return;
	}
	image = find_image(profile, report, count->worst);
	if (image)
		ui_note(&tool->ui, NULL,
			"%.0f %% of the frames have no symbol; most: %s (%s); see "
			"--symbols-report",
			share, image_name(name, sizeof name, profile, image),
			status_words(image->status));
	else
		ui_note(&tool->ui, NULL, "%.0f %% of the frames have no symbol", share);
}

void symreport_warn(struct tool *tool, const struct cp_profile *profile,
	const struct cp_symbol_report *report)
{
	struct nameless count = {0};

	if (tool->ui.quiet)
		return;
	count.by_mapping = calloc((size_t)cp_profile_counts(profile).mappings + 1,
		sizeof *count.by_mapping);
	if (!count.by_mapping)
		return;
	count_frames(&count, profile);
	if ((double)count.nameless > worth_a_line * (double)count.frames)
		say(tool, &count, profile, report);
	free(count.by_mapping);
}

void symreport_verbose(struct tool *tool, const struct cp_profile *profile,
	const struct cp_symbol_report *report)
{
	char name[512];

	for (size_t i = 0; report && i < cp_symbol_report_count(report); i++) {
		const struct cp_symbol_image *image = cp_symbol_report_image(report, i);

		ui_verbose(&tool->ui, image_name(name, sizeof name, profile, image),
			"%s%s%s, %" PRIu64 " of %" PRIu64 " addresses",
			status_words(image->status), image->file ? " from " : "",
			image->file ? image->file : "", image->resolved,
			image->addresses);
	}
}

/* What would settle it; nothing where the user's word was taken already. */
static const char *which_is_right(
	const struct cp_profile *profile, const struct cp_symbol_image *image)
{
	switch (cp_profile_mapping(profile, image->mapping)->kind) {
	case CP_MAP_KERNEL:
	case CP_MAP_MODULE:
	case CP_MAP_BPF:
		return "; --kallsyms FILE says which is right, --no-symbolize uses none";
	case CP_MAP_JIT:
		return "; --map-dir PID=FILE says which is right, --no-symbolize uses none";
	default:
		return "; --binary FILE says which is right, --no-symbolize uses none";
	}
}

void symreport_doubts(struct tool *tool, const char *input,
	const struct cp_profile *profile, const struct cp_symbol_report *report)
{
	const struct cp_symbol_image *unsure = NULL, *other = NULL;
	size_t n_unsure = 0, n_other = 0;

	for (size_t i = 0; i < cp_symbol_report_count(report); i++) {
		const struct cp_symbol_image *image = cp_symbol_report_image(report, i);

		if (image->doubt) {
			/* What was found by name comes first: there something can be done. */
			if (!unsure || (unsure->doubt == CP_DOUBT_GIVEN &&
					       image->doubt != CP_DOUBT_GIVEN))
				unsure = image;
			n_unsure++;
		}
		if (image->status == CP_SYMBOLS_WRONG_ID ||
			image->status == CP_SYMBOLS_UNVOUCHED) {
			other = other ? other : image;
			n_other++;
		}
	}
	say_missing(tool, input, profile, report);
	if (unsure)
		ui_note(&tool->ui, input, "%s%s%s", unsure->doubt_text,
			n_unsure > 1 ? "; so it is with others" : "",
			unsure->doubt == CP_DOUBT_GIVEN ? "" : which_is_right(profile, unsure));
	if (other)
		ui_note(&tool->ui, input, "%s%s",
			other->hint ? other->hint
				    : "a file of the right name is another build, and is "
				      "not used",
			n_other > 1 ? "; so it is with others" : "");
}
