/* SPDX-License-Identifier: Apache-2.0 */
#include "format.h"

FUZZ_FORMAT(cpi_format_simpleperf)
