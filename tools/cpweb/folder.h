/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_FOLDER_H
#define CPW_FOLDER_H

/* A folder of runs: which files are in it, and when that changes. */

#include <stdbool.h>

struct web;

/* An operand that is a folder of captures, and no capture itself. */
bool folder_is(const char *path);
/* Adds what is new in the folder to the inputs; false when it cannot be read. */
bool folder_scan(struct web *web, const char *path);
/* A descriptor that becomes readable when files appear, change or go; -1: not to be had.
 */
int folder_watch(const char *path);
/* Takes off what the descriptor has. */
void folder_drain(int fd);

#endif
