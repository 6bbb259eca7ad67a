/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPMERGE_DUPLICATES_H
#define CPMERGE_DUPLICATES_H

/*
 * Inputs that are the same, byte for byte: what a task that ran twice leaves. Files are
 * read for it only where another has the same size.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/opt.h"

struct duplicates;

/* `inputs` are all files to come. NULL when out of memory. */
struct duplicates *duplicates_new(const struct opt_list *inputs);
void duplicates_free(struct duplicates *duplicates);
/* The number, given by the caller, of an input with the same bytes; UINT64_MAX: none. */
uint64_t duplicates_file(
	struct duplicates *duplicates, const char *path, uint64_t number);
uint64_t duplicates_bytes(
	struct duplicates *duplicates, const void *bytes, size_t n, uint64_t number);

#endif
