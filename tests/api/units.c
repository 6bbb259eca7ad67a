/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units. */
#include <cp/units.h>

#include "use.h"

int main(void)
{
	struct cp_text ns = {"nanoseconds", 11}, ms = {"ms", 2}, unit;
	struct cp_text bytes = {"bytes", 5}, automatic = {"auto", 4};
	char line[40];

	MUST(cp_unit_scale(2000000, ns, ms, &unit) == 2 && unit.n);
	MUST(cp_unit_label(line, sizeof line, 2048, bytes, automatic) > 0);
	MUST(!strcmp(line, "2kB"));
	MUST(cp_unit_percent(line, sizeof line, 1, 2) > 0);
	MUST(cp_unit_for_report(1, 2000, ns).n);
	MUST(cp_unit_compatible(ns, ms) && !cp_unit_compatible(ns, bytes));
	MUST(cp_unit_ratio(ms, ns) == 1e6);
	return 0;
}
