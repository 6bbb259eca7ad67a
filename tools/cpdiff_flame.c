/* SPDX-License-Identifier: Apache-2.0 */
/* The difference as a flame graph, under the same scale as the table. */
#include <stdio.h>

#include <cp/flame.h>

#include "cpdiff.h"

/* Anchors and units of work become the factor that the table would use. */
static int factor_of(struct tool *tool, struct cpdiff *self,
	struct cp_profile *const side[2], double *ret_factor)
{
	struct cp_diff *diff;
	struct cp_error err;
	enum cp_code code;

	if (cp_diff_new(tool->context, &self->options, &diff, &err))
		return tool_fail(tool, NULL, &err);
	code = cp_diff_add(diff, CP_BEFORE, side[CP_BEFORE], NULL, &err);
	if (!code)
		code = cp_diff_add(diff, CP_AFTER, side[CP_AFTER], NULL, &err);
	if (!code)
		code = cp_diff_finish(diff, &err);
	if (!code)
		*ret_factor = cp_diff_summary(diff)->factor;
	cp_diff_free(diff);
	return code ? tool_fail(tool, NULL, &err) : TOOL_GO;
}

/* Sides are sums of their captures; as many of each are compared. */
static void scale_captures(const struct cpdiff *self, struct cp_flame *flame)
{
	size_t before = self->side[CP_BEFORE].n, after = self->side[CP_AFTER].n;

	if (before != after)
		cp_flame_scale(flame, CP_FLAME_SCALE_FACTOR,
			(double)after / (double)before, "to as many captures");
}

static int scale(struct tool *tool, struct cpdiff *self, struct cp_profile *const side[2],
	struct cp_flame *flame)
{
	double factor = 1;
	int status;

	switch (self->options.scale) {
	case CP_SCALE_AUTO:
	case CP_SCALE_NONE:
		scale_captures(self, flame);
		return TOOL_GO;
	case CP_SCALE_TIME:
		cp_flame_scale(flame, CP_FLAME_SCALE_TIME, 0, NULL);
		return TOOL_GO;
	case CP_SCALE_TOTAL:
		cp_flame_scale(flame, CP_FLAME_SCALE_TOTAL, 0, NULL);
		return TOOL_GO;
	default:
		status = factor_of(tool, self, side, &factor);
		if (status == TOOL_GO)
			cp_flame_scale(flame, CP_FLAME_SCALE_FACTOR, 1 / factor,
				self->options.scale == CP_SCALE_WORK ? "by units of work"
								     : "by anchor");
		return status;
	}
}

int cpdiff_write_flame(struct tool *tool, struct cpdiff *self, const char *format,
	struct cp_profile *const side[2])
{
	struct cp_flame_options options = {.size = sizeof options,
		.format = format,
		.diff = true,
		.sample_type = self->filters.sample_index};
	struct cp_flame *flame = NULL;
	struct cp_error err;
	enum cp_code code;
	char title[320];
	int status;

	snprintf(title, sizeof title, "%.150s → %.150s",
		cpdiff_side_name(self, CP_BEFORE), cpdiff_side_name(self, CP_AFTER));
	options.title = title;
	if (cp_flame_new(tool->context, &options, &flame, &err))
		return tool_fail(tool, NULL, &err);
	if (cp_flame_add(flame, side[CP_BEFORE], CP_FLAME_BEFORE, &err))
		status = tool_fail_input(tool, self->side[CP_BEFORE].v[0], &err);
	else if (cp_flame_add(flame, side[CP_AFTER], CP_FLAME_AFTER, &err))
		status = tool_fail_input(tool, self->side[CP_AFTER].v[0], &err);
	else
		status = scale(tool, self, side, flame);
	if (status == TOOL_GO) {
		code = cp_flame_write(flame, out_write, &tool->out, &err);
		status = code ? tool_fail(tool, NULL, &err) : tool_commit_output(tool);
	}
	cp_flame_free(flame);
	return status;
}
