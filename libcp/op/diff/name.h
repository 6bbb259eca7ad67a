/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DIFF_NAME_H
#define CPI_DIFF_NAME_H

#include "base/sink.h"
#include "base/text.h"

/*
 * Appends a function's name without what changes from build to build: clone suffixes
 * (.constprop.0, .isra.0, .part.1, .cold, .llvm.123, [clone …]), Rust's hash (::h0123…),
 * the numbers of lambdas, closures and unnamed types. Equal canonical names in two builds
 * most likely mean the same source.
 */
void cpi_diff_name(struct cpi_sink *sink, struct cp_text name);

#endif
