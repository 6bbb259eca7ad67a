/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DEMANGLE_H
#define CPI_DEMANGLE_H

/*
 * From linker names to names for people: C++ (Itanium ABI) and Rust (legacy and v0).
 * Other languages' names stay as they are. One demangler serves one thread; its buffers
 * are reused from name to name. Call it once per unique name: it costs a microsecond.
 */

#include <cp/symbolize.h>

#include "base/env.h"
#include "base/sink.h"
#include "base/text.h"

/*
 * Longer names stay mangled. So do names with longer results, which only hostile ones
 * have: a limit that grows with the name keeps a table of them from taking minutes, and
 * does not depend on the order in which they are met.
 */
enum {
	CPI_DEMANGLE_MOST_IN = 8 << 10,
	CPI_DEMANGLE_MOST_OUT = 128 << 10,
	CPI_DEMANGLE_FREE = 4 << 10,
	CPI_DEMANGLE_RATIO = 64
};

struct cpi_demangler {
	enum cp_demangle mode;
	/*
	 * As perf prints: no parameters of the function itself, versions of symbols
	 * kept.
	 */
	bool perf_compat;
	uint32_t most; /* the caller's limit on a result; 0: the default */
	struct cpi_sink raw, text, input;
};

void cpi_demangler_init(struct cpi_demangler *d, struct cpi_env *env,
	enum cp_demangle mode, bool perf_compat);
void cpi_demangler_release(struct cpi_demangler *d);

/*
 * The name for people; `name` itself where there is nothing to do. Borrowed from `name`
 * or from the demangler until its next call. When memory runs out the name stays as it
 * is.
 */
struct cp_text cpi_demangle(struct cpi_demangler *d, struct cp_text name);

/*
 * The same for a name that a compiler wrote out, scopes and all, as debug information has
 * it where there is no mangled one: "ns::f(int)::<lambda(int)>" is "ns::f::{lambda(int)}".
 * Its first scope may be the mangled name of a function: "_ZN2ns1fEi::T::g". Names without
 * scopes, and languages that have none, stay.
 */
struct cp_text cpi_demangle_written(struct cpi_demangler *d, struct cp_text name);

/*
 * The passes behind the modes, over demangled text; false when the brackets make no sense
 * (`out` is then of no use). `templates`: drop template arguments, too.
 */
bool cpi_demangle_simplify(struct cp_text text, bool templates, struct cpi_sink *out);

#endif
