/* SPDX-License-Identifier: Apache-2.0 */
#include "object/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cp_context_options options = {
		.size = sizeof options, .limits.memory = 64u << 20};
	struct cpi_env env;
	struct cpi_elf *elf;
	struct cp_error err;
	struct cp_text name, id;
	uint64_t address;
	uint32_t crc;

	cpi_env_init(&env, &options);
	if (cpi_elf_open(&env, data, size, &elf, &err)) {
		cpi_env_release(&env);
		return 0;
	}
	for (uint32_t i = 0; i < cpi_elf_header(elf)->n_sections; i++) {
		const uint8_t *bytes;
		uint8_t sum = 0;
		size_t n = 0;

		/* A prefix first, so that the streaming way is taken, too. */
		for (int turn = 0; turn < 2; turn++)
			if (!cpi_elf_section_bytes(elf, i, turn ? 0 : 5, &bytes, &n, &err))
				for (size_t at = 0; at < n; at++)
					sum ^= bytes[at];
		(void)cpi_elf_find(elf, ".debug_info");
		*(volatile uint8_t *)&sum = sum;
	}
	(void)cpi_elf_build_id(elf);
	(void)cpi_elf_debuglink(elf, &name, &crc);
	(void)cpi_elf_altlink(elf, &name, &id);
	(void)cpi_elf_address_of(elf, size / 2, &address);
	cpi_elf_close(elf);
	if (env.mem.used)
		__builtin_trap();
	cpi_env_release(&env);
	return 0;
}
