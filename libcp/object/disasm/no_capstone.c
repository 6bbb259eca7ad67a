/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of capstone.c where Capstone is not installed. */
#include "object/disasm/engine.h"

const bool cpi_disasm_has_capstone = false;

enum cp_code cpi_disasm_capstone(struct cpi_disasm *d, uint16_t machine, bool is64,
	bool swap, bool intel, struct cp_error *err)
{
	(void)d, (void)machine, (void)is64, (void)swap, (void)intel;
	return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
		"libcp was built without Capstone");
}
