/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>

#include "base/error.h"
#include "codec/codec.h"
#include "symbolize/image.h"

/*
 * MiniDebugInfo: a small ELF file with the symbols that stripping took away, compressed
 * into a section of the stripped one.
 */
void cpi_image_open_mini(struct cpi_image *image, const struct cpi_search *search)
{
	struct cpi_elf *elf = image->main.elf;
	uint32_t section = cpi_elf_find(elf, ".gnu_debugdata");
	struct cpi_object *mini = &image->mini;
	const uint8_t *bytes;
	size_t n;

	if (!section || cpi_elf_section_bytes(elf, section, &bytes, &n, NULL))
		return;
	if (cpi_xz_read(search->env, bytes, n, &mini->inner, NULL) ||
		cpi_elf_open(search->env, mini->inner.bytes, mini->inner.n, &mini->elf,
			NULL)) {
		cpi_object_close(mini, search->env);
		image->unreadable = image->main.path;
		return;
	}
	mini->path = image->main.path;
	mini->symtab = true;
}
