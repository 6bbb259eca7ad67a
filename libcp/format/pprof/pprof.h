/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_PPROF_H
#define CPI_FORMAT_PPROF_H

/*
 * The parts of the pprof format: pprof.c (row of the table), pprof/read.c,
 * pprof/write.c.
 */

#include "codec/protobuf.h"
#include "format/format.h"

/* Field numbers of profile.proto; names as in proto/profile.proto. */
enum {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE,
	PROFILE_MAPPING,
	PROFILE_LOCATION,
	PROFILE_FUNCTION,
	PROFILE_STRING_TABLE,
	PROFILE_DROP_FRAMES,
	PROFILE_KEEP_FRAMES,
	PROFILE_TIME_NANOS,
	PROFILE_DURATION_NANOS,
	PROFILE_PERIOD_TYPE,
	PROFILE_PERIOD,
	PROFILE_COMMENT,
	PROFILE_DEFAULT_SAMPLE_TYPE,
	PROFILE_DOC_URL,
	PROFILE_FIELDS
};

int cpi_pprof_detect(const struct cpi_source *source);
enum cp_code cpi_pprof_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err);

/* The message without a wrapper, into any sink. */
enum cp_code cpi_pprof_encode(struct cpi_env *env, const struct cp_profile *p,
	struct cpi_sink *sink, struct cp_error *err);
/* The same in gzip, at options->level (-1: without a wrapper). */
enum cp_code cpi_pprof_write(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err);

#endif
