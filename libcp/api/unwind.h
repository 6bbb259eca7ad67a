/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_API_UNWIND_H
#define CPI_API_UNWIND_H

#include <cp/symbolize.h>

#include "format/format.h"

/* An unwinder whose images are found as symbolization finds them. */
struct cpi_unwinding;

/*
 * `options` may be NULL; it is borrowed. `capture_time` in seconds since the epoch, 0 =
 * unknown: a file without build id must not be younger.
 */
enum cp_code cpi_unwinding_new(struct cpi_env *env,
	const struct cp_symbolize_options *options, int64_t capture_time,
	struct cpi_unwinding **ret_unwinding, struct cp_error *err);
const struct cpi_unwinder *cpi_unwinding_get(const struct cpi_unwinding *unwinding);
void cpi_unwinding_free(struct cpi_unwinding *unwinding);

#endif
