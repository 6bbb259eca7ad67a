/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_TEXT_H
#define CP_TEXT_H

#include <stddef.h>

/*
 * A borrowed run of bytes, as names in profiles are: any byte may occur, UTF-8 is usual
 * but not certain. Texts that a profile hands out also have a NUL after them.
 */
struct cp_text {
	const char *p;
	size_t n; /* bytes, without the NUL */
};

#endif
