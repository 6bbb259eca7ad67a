/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_COLUMNS_H
#define CP_COLUMNS_H

/*
 * A profile's tables as columns of memory, for programs that read them whole: foreign
 * languages, data frames. Nothing is copied; a column lives as long as its profile.
 */

#include <cp/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the entries of a column are; they are in this machine's byte order. */
enum cp_column_kind {
	CP_COLUMN_UNSIGNED, /* a number of 1, 4 or 8 bytes */
	CP_COLUMN_SIGNED,   /* a number of 8 bytes */
	CP_COLUMN_ID,       /* 4 bytes: a row of another table; 0 = none */
	CP_COLUMN_ADDRESS   /* a pointer to the bytes of a string */
};

/*
 * The columns, by table. Tables whose ids begin at 1 have their "none" row, too: entry i
 * is that of id i. What the entries mean is said at the row structs of cp/profile.h.
 */
enum cp_column_id {
	CP_STRING_BYTES, /* CP_COLUMN_ADDRESS */
	CP_STRING_LENGTH,
	CP_MAPPING_START,
	CP_MAPPING_LIMIT,
	CP_MAPPING_OFFSET,
	CP_MAPPING_PATH,
	CP_MAPPING_BUILD_ID,
	CP_MAPPING_KIND,
	CP_MAPPING_HAS,
	CP_MAPPING_PID,
	CP_FUNCTION_NAME,
	CP_FUNCTION_SYSTEM_NAME,
	CP_FUNCTION_FILE,
	CP_FUNCTION_START_LINE,
	CP_LOCATION_ADDRESS,
	CP_LOCATION_MAPPING,
	CP_LOCATION_FIRST_LINE, /* its rows of the line table, which has no "none" row */
	CP_LOCATION_N_LINES,
	CP_LOCATION_FOLDED,
	CP_LINE_FUNCTION,
	CP_LINE_LINE,
	CP_LINE_COLUMN,
	/* Stack i is the frames from entry i - 1 of this column to entry i, exclusive. */
	CP_STACK_END,
	CP_FRAME_LOCATION,
	/* Label set i is the labels from entry i - 1 of this column to entry i, exclusive. */
	CP_LABELS_END,
	CP_LABEL_KEY,
	CP_LABEL_STR,
	CP_LABEL_UNIT,
	CP_LABEL_NUM,
	CP_SAMPLE_TYPE_TYPE, /* this table and all below begin with row 0 */
	CP_SAMPLE_TYPE_UNIT,
	CP_SAMPLE_TYPE_DECIMALS,
	CP_SAMPLE_STACK,
	CP_SAMPLE_LABELS,
	CP_SAMPLE_VALUES, /* sample 0's value of each type, sample 1's, … */
	CP_SAMPLE_TIME,   /* no entries when samples have no times */
	CP_COMMENT_TEXT,
	CP_COLUMNS /* how many there are */
};

/* One column: entry i is `width` bytes at data + i * stride. This struct never grows. */
struct cp_column {
	const void *data; /* NULL when n is 0 */
	uint64_t n;
	uint32_t stride; /* bytes from one entry to the next, at least `width` */
	uint32_t width;
	enum cp_column_kind kind;
};

/* An id out of range gives a column without entries. Cannot fail. */
struct cp_column cp_profile_column(
	const struct cp_profile *profile, enum cp_column_id id);
/* The column's name, "mapping.start", or NULL out of range. */
const char *cp_column_name(enum cp_column_id id);

#ifdef __cplusplus
}
#endif
#endif
