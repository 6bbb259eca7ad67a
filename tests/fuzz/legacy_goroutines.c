/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: legacy goroutines. */
#include "legacy.h"

FUZZ_LEGACY(cpi_format_legacy_goroutines)
