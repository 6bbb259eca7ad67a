/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_OPTHELP_H
#define CPT_OPTHELP_H

/* What the option tables look like to people, shells and man. */

#include <stdio.h>

#include "common/main.h"

void opt_print_help(FILE *to, const struct tool *tool);

/*
 * `kind` is bash, zsh, fish (completion scripts), man (the OPTIONS section in scdoc's
 * markup) or list (one line per option, for tests). False for anything else.
 */
bool opt_print_completion(FILE *to, const struct tool *tool, const char *kind);

#endif
