/* SPDX-License-Identifier: Apache-2.0 */
/* speedscope files. */
#include "format.h"

FUZZ_FORMAT(cpi_format_speedscope)
