/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_CODEC_UTF16_H
#define CPI_CODEC_UTF16_H

#include "base/file.h"

/*
 * Turns text in UTF-16, as PowerShell's ">" writes it, into UTF-8 without a byte order
 * mark. *ret_opened false, and the blob untouched: it is no such text. Halves of pairs
 * that stand alone, and a byte behind the last unit, become U+FFFD.
 */
enum cp_code cpi_utf16_read(struct cpi_env *env, const uint8_t *bytes, size_t n,
	struct cpi_blob *ret_blob, bool *ret_opened, struct cp_error *err);

#endif
