/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_SPEEDSCOPE_H
#define CPI_SPEEDSCOPE_H

/*
 * speedscope's files (its file-format-spec.ts): frames shared by all profiles of a file,
 * and profiles that are "sampled" (stacks with weights) or "evented" (frames that open and
 * close at a value).
 *
 *	speedscope.c  row of the table
 *	read.c        the file, its profiles and which of them are wanted
 *	frames.c      frames to locations
 *	samples.c     one profile's samples
 *	write.c       one sampled profile per sample type
 */

#include "format/json_reader.h"

/* What the values of a profile are; profiles with one kind share a sample type. */
enum speedscope_kind {
	SPEEDSCOPE_COUNT, /* unit "none" */
	SPEEDSCOPE_TIME,  /* nanoseconds, whatever the file counts in */
	SPEEDSCOPE_BYTES,
	SPEEDSCOPE_KINDS
};

struct speedscope_profile {
	struct cpi_jr type, name, unit, samples, weights, events, start, finish;
	struct cp_text title;
	enum speedscope_kind kind;
	unsigned shift; /* the file's unit is 10^shift of ours */
	bool evented;
	uint64_t number; /* in the file, from 0 */
	size_t offset;   /* of its first byte */
};

struct speedscope {
	struct cpi_json_reader r;
	CPI_VEC(cp_location) frame;
	CPI_VEC(struct speedscope_profile) profile; /* the wanted ones */
	uint64_t profiles;                          /* in the file */
	unsigned decimals[SPEEDSCOPE_KINDS];
	int column[SPEEDSCOPE_KINDS]; /* of the sample's values; -1: no such type */
	uint32_t columns;
	bool times; /* samples get one each */
	CPI_VEC(cp_location) stack; /* root first, then turned */
	CPI_VEC(cp_location) leaf_first;
};

enum cp_code cpi_speedscope_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err);
enum cp_code cpi_speedscope_write(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err);

/* frames.c: fills s->frame. */
void cpi_speedscope_frames(struct speedscope *s, struct cpi_jr frames);

/* samples.c */
/* How many decimals the profile's values need. */
unsigned cpi_speedscope_decimals(struct speedscope *s, const struct speedscope_profile *p);
void cpi_speedscope_samples(struct speedscope *s, const struct speedscope_profile *p);

#endif
