/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_LIBRARY_H
#define CPI_LIBRARY_H

/*
 * Libraries that few runs need: they are opened by the first that does, since loading and
 * relocating them would cost every run.
 */

#include <stdbool.h>
#include <stddef.h>

/* A function of a library, and where the pointer to it goes. */
struct cpi_library_function {
	const char *name;
	void *to;
};

/*
 * Loads a shared library for good and fills all pointers. False: it is not installed, or
 * lacks one of them.
 */
bool cpi_library_open(
	const char *soname, const struct cpi_library_function *functions, size_t n);

#endif
