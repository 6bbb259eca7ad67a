/* SPDX-License-Identifier: Apache-2.0 */
/* Where each column of a profile's tables lies in memory. */
#include <cp/columns.h>

#include <string.h>

#include "model/profile.h"

/* What all vectors begin with. */
struct vector {
	const uint8_t *v;
	size_t n, cap;
};

static const struct place {
	const char *name;
	size_t vector; /* in struct cp_profile */
	uint32_t stride, at, width;
	enum cp_column_kind kind;
} places[CP_COLUMNS] = {
#define WHOLE(id, name, vec, kind)                                                       \
	[id] = {name, offsetof(struct cp_profile, vec),                                  \
		sizeof *((struct cp_profile *)NULL)->vec.v, 0,                           \
		sizeof *((struct cp_profile *)NULL)->vec.v, kind}
#define MEMBER(id, name, vec, member, kind)                                              \
	[id] = {name, offsetof(struct cp_profile, vec),                                  \
		sizeof *((struct cp_profile *)NULL)->vec.v,                              \
		offsetof(__typeof__(*((struct cp_profile *)NULL)->vec.v), member),       \
		sizeof((struct cp_profile *)NULL)->vec.v->member, kind}
	MEMBER(CP_STRING_BYTES, "string.bytes", string, p, CP_COLUMN_ADDRESS),
	MEMBER(CP_STRING_LENGTH, "string.length", string, n, CP_COLUMN_UNSIGNED),
	MEMBER(CP_MAPPING_START, "mapping.start", mapping, start, CP_COLUMN_UNSIGNED),
	MEMBER(CP_MAPPING_LIMIT, "mapping.limit", mapping, limit, CP_COLUMN_UNSIGNED),
	MEMBER(CP_MAPPING_OFFSET, "mapping.offset", mapping, offset, CP_COLUMN_UNSIGNED),
	MEMBER(CP_MAPPING_PATH, "mapping.path", mapping, path, CP_COLUMN_ID),
	MEMBER(CP_MAPPING_BUILD_ID, "mapping.build_id", mapping, build_id, CP_COLUMN_ID),
	MEMBER(CP_MAPPING_KIND, "mapping.kind", mapping, kind, CP_COLUMN_UNSIGNED),
	MEMBER(CP_MAPPING_HAS, "mapping.has", mapping, has, CP_COLUMN_UNSIGNED),
	MEMBER(CP_MAPPING_PID, "mapping.pid", mapping, pid, CP_COLUMN_UNSIGNED),
	MEMBER(CP_FUNCTION_NAME, "function.name", function, name, CP_COLUMN_ID),
	MEMBER(CP_FUNCTION_SYSTEM_NAME, "function.system_name", function, system_name,
		CP_COLUMN_ID),
	MEMBER(CP_FUNCTION_FILE, "function.file", function, file, CP_COLUMN_ID),
	MEMBER(CP_FUNCTION_START_LINE, "function.start_line", function, start_line,
		CP_COLUMN_SIGNED),
	MEMBER(CP_LOCATION_ADDRESS, "location.address", location, address,
		CP_COLUMN_UNSIGNED),
	MEMBER(CP_LOCATION_MAPPING, "location.mapping", location, mapping, CP_COLUMN_ID),
	MEMBER(CP_LOCATION_FIRST_LINE, "location.first_line", location, first_line,
		CP_COLUMN_UNSIGNED),
	MEMBER(CP_LOCATION_N_LINES, "location.n_lines", location, n_lines,
		CP_COLUMN_UNSIGNED),
	MEMBER(CP_LOCATION_FOLDED, "location.folded", location, folded,
		CP_COLUMN_UNSIGNED),
	MEMBER(CP_LINE_FUNCTION, "line.function", line, function, CP_COLUMN_ID),
	MEMBER(CP_LINE_LINE, "line.line", line, line, CP_COLUMN_SIGNED),
	MEMBER(CP_LINE_COLUMN, "line.column", line, column, CP_COLUMN_SIGNED),
	WHOLE(CP_STACK_END, "stack.end", stack_end, CP_COLUMN_UNSIGNED),
	WHOLE(CP_FRAME_LOCATION, "frame.location", frame, CP_COLUMN_ID),
	WHOLE(CP_LABELS_END, "labels.end", labels_end, CP_COLUMN_UNSIGNED),
	MEMBER(CP_LABEL_KEY, "label.key", label, key, CP_COLUMN_ID),
	MEMBER(CP_LABEL_STR, "label.str", label, str, CP_COLUMN_ID),
	MEMBER(CP_LABEL_UNIT, "label.unit", label, unit, CP_COLUMN_ID),
	MEMBER(CP_LABEL_NUM, "label.num", label, num, CP_COLUMN_SIGNED),
	MEMBER(CP_SAMPLE_TYPE_TYPE, "sample_type.type", sample_type, type, CP_COLUMN_ID),
	MEMBER(CP_SAMPLE_TYPE_UNIT, "sample_type.unit", sample_type, unit, CP_COLUMN_ID),
	MEMBER(CP_SAMPLE_TYPE_DECIMALS, "sample_type.decimals", sample_type, decimals,
		CP_COLUMN_UNSIGNED),
	WHOLE(CP_SAMPLE_STACK, "sample.stack", sample_stack, CP_COLUMN_ID),
	WHOLE(CP_SAMPLE_LABELS, "sample.labels", sample_labels, CP_COLUMN_ID),
	WHOLE(CP_SAMPLE_VALUES, "sample.values", value, CP_COLUMN_SIGNED),
	WHOLE(CP_SAMPLE_TIME, "sample.time", time, CP_COLUMN_SIGNED),
	WHOLE(CP_COMMENT_TEXT, "comment.text", comment, CP_COLUMN_ID),
#undef WHOLE
#undef MEMBER
};

struct cp_column cp_profile_column(const struct cp_profile *p, enum cp_column_id id)
{
	const struct place *place = &places[id];
	struct cp_column column = {0};
	struct vector vector;

	if ((unsigned)id >= CP_COLUMNS)
		return column;
	memcpy(&vector, (const uint8_t *)p + place->vector, sizeof vector);
	column.n = vector.n;
	column.stride = place->stride;
	column.width = place->width;
	column.kind = place->kind;
	if (vector.n)
		column.data = vector.v + place->at;
	return column;
}

const char *cp_column_name(enum cp_column_id id)
{
	return (unsigned)id < CP_COLUMNS ? places[id].name : NULL;
}
