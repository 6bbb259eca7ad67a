/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: otlp json. */
#include "format.h"

FUZZ_FORMAT(cpi_format_otlp_json)
