/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: simpleperf. */
#include "format.h"

FUZZ_FORMAT(cpi_format_simpleperf)
