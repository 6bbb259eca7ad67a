/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_NAME_H
#define CPI_NAME_H

/*
 * What a frame is called, in the one place that says so: folded text, views and reports
 * show the same name for the same frame.
 */

#include <cp/write.h>

#include "base/sink.h"
#include "model/profile.h"

/*
 * Stands in for frames that a text hides, when all that is known is that they are of Go's
 * package runtime; symbolization replaces it.
 */
#define CPI_NAME_HIDDEN "runtime.[hidden]"

/* A name, and whether it stands in for one that is not known: shown in brackets then. */
struct cpi_name {
	struct cp_text text; /* borrowed from the profile, or constant */
	bool bracket;
};

/*
 * The name of the line-th line (0 = innermost) of a location; for a location without
 * lines, `line` is ignored. In this order: the function's name, its system name, the base
 * name of the mapping's file in brackets ("[libc.so.6]", "[kernel.kallsyms]", never
 * "[[vdso]]"; a trailing " (deleted)" is left out), "[unknown]". Never an address: two
 * addresses without a symbol in one file are one frame. Views that show addresses print
 * them beside the name.
 */
struct cpi_name cpi_name_of(
	const struct cp_profile *p, cp_location location, uint32_t line);
/* The bracketed stand-in alone, for frames of a mapping. */
struct cpi_name cpi_name_of_mapping(const struct cp_profile *p, cp_mapping mapping);

/* Appends the name, brackets included, bytes as they are. */
void cpi_name_append(struct cpi_sink *sink, struct cpi_name name);

/*
 * What kind of code a mapping is, by its kind or, where the format kept none, its
 * path.
 */
bool cpi_mapping_is_kernel(const struct cp_profile *p, cp_mapping mapping);
bool cpi_mapping_is_jit(const struct cp_profile *p, cp_mapping mapping);
/* "user", "kernel", …, as tables of mappings name it; NULL: the format kept none. */
const char *cpi_mapping_kind_name(uint8_t kind);

/* The first label with this key, or NULL. */
const struct cp_label *cpi_label_find(
	const struct cp_profile *p, cp_labels labels, struct cp_text key);

/*
 * Appends the root frame of a sample as `root` asks, from its labels comm, pid and tid;
 * nothing when there is none to show. PID gives "comm-pid", TID "comm-pid/tid", with "?"
 * for what the labels do not say.
 */
void cpi_name_root(struct cpi_sink *sink, const struct cp_profile *p, cp_labels labels,
	enum cp_root root);

#endif
