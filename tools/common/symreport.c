/* SPDX-License-Identifier: Apache-2.0 */
#include "common/symreport.h"

#include <inttypes.h>
#include <stdlib.h>

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
	};

	return (unsigned)status < sizeof words / sizeof *words ? words[status] : "unknown";
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

		out_printf(out, "%10" PRId64 " %10" PRIu64 " %10" PRIu64 "  %-19s  %s%s\n",
			image->samples, image->addresses, image->resolved,
			status_words(image->status), image_name(text, sizeof text, profile, image),
			image->unverified ? " (unverified: no build id)" : "");
		if (image->file)
			out_printf(out, "%*sfrom %s\n", 55, "",
				ui_escape(text, sizeof text, image->file));
		if (image->hint)
			out_printf(out, "%*s%s\n", 55, "",
				ui_escape(text, sizeof text, image->hint));
	}
}

/* Share of all samples' frames whose location has no function. */
static double nameless_share(const struct cp_profile *profile)
{
	struct cp_profile_counts counts = cp_profile_counts(profile);
	unsigned char *named = malloc((size_t)counts.locations + 1);
	uint64_t frames = 0, nameless = 0;

	if (!named)
		return 0;
	for (uint32_t i = 0; i <= counts.locations; i++)
		named[i] = cp_profile_location(profile, (cp_location){i})->n_lines > 0;
	for (uint32_t i = 0; i < counts.samples; i++) {
		uint32_t n;
		const cp_location *at =
			cp_profile_stack(profile, cp_profile_sample_stack(profile, i), &n);

		frames += n;
		for (uint32_t k = 0; k < n; k++)
			nameless += !named[at[k].i];
	}
	free(named);
	return frames ? (double)nameless / (double)frames : 0;
}

void symreport_warn(struct tool *tool, const struct cp_profile *profile,
	const struct cp_symbol_report *report)
{
	const struct cp_symbol_image *worst = NULL;
	double share;
	char name[512];

	if (tool->ui.quiet)
		return;
	share = nameless_share(profile);
	if (share <= worth_a_line)
		return;
	for (size_t i = 0; report && !worst && i < cp_symbol_report_count(report); i++)
		if (cp_symbol_report_image(report, i)->resolved <
			cp_symbol_report_image(report, i)->addresses)
			worst = cp_symbol_report_image(report, i);
	if (worst)
		ui_warn(&tool->ui, NULL,
			"%.0f %% of the frames have no symbol; most: %s (%s); see "
			"--symbols-report",
			share * 100, image_name(name, sizeof name, profile, worst),
			status_words(worst->status));
	else
		ui_warn(&tool->ui, NULL, "%.0f %% of the frames have no symbol", share * 100);
}
