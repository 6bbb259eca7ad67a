/* SPDX-License-Identifier: Apache-2.0 */
/* Costs of callgrind, cachegrind and xdebug. */
#include "format.h"

FUZZ_FORMAT(cpi_format_callgrind)
