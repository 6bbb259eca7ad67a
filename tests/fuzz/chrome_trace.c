/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: chrome trace. */
#include "format.h"

FUZZ_FORMAT(cpi_format_chrome_trace)
