/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_CP_H
#define CP_CP_H

/* Everything. */

#include <cp/build.h>
#include <cp/columns.h>
#include <cp/context.h>
#include <cp/diff.h>
#include <cp/disasm.h>
#include <cp/error.h>
#include <cp/filter.h>
#include <cp/flame.h>
#include <cp/graph.h>
#include <cp/info.h>
#include <cp/merge.h>
#include <cp/profile.h>
#include <cp/read.h>
#include <cp/scale.h>
#include <cp/report.h>
#include <cp/source.h>
#include <cp/symbolize.h>
#include <cp/table.h>
#include <cp/text.h>
#include <cp/units.h>
#include <cp/write.h>

#endif
