/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_COMPLETE_H
#define CPT_COMPLETE_H

/* Completion scripts, written from the option tables; see complete.c. */

#include <stdio.h>

#include "common/main.h"

void complete_bash(FILE *to, const struct tool *tool);
void complete_zsh(FILE *to, const struct tool *tool);
void complete_fish(FILE *to, const struct tool *tool);

#endif
