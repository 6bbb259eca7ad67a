/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: elf. */
#include "object/elf/elf.h"
#include "object/elf/window.h"

/* Parts of a compressed section, there and back. */
static void look_through(struct cpi_env *env, const struct cpi_inflation *stream)
{
	struct cpi_elf_window *window;
	size_t n;

	if (!stream || cpi_elf_window_open(env, stream, 1000, &window, NULL))
		return;
	(void)cpi_elf_window_bytes(window, &n);
	(void)cpi_elf_window_need(window, n / 2, n / 2 + 5000, NULL);
	cpi_elf_window_keep(window, n / 2, n / 2 + 1);
	(void)cpi_elf_window_need(window, 0, 5000, NULL);
	(void)cpi_elf_window_need(window, n / 3, n / 3 + 5000, NULL);
	cpi_elf_window_close(window);
}

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

		if (!cpi_elf_section_bytes(elf, i, &bytes, &n, &err))
			for (size_t at = 0; at < n; at++)
				sum ^= bytes[at];
		look_through(&env, cpi_elf_section_stream(elf, i));
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
