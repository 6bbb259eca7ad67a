/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of an image, with the other files its debug information points to. */
#include "base/error.h"
#include "symbolize/image.h"

struct lines {
	struct cpi_image *image;
	const struct cpi_search *search;
	struct cpi_object *object; /* that holds the debug information */
};

static struct cpi_elf *open_split(void *arg, struct cp_text comp_dir, struct cp_text name)
{
	struct lines *lines = arg;
	struct cpi_image *image = lines->image;

	return cpi_locate_split(lines->search, &image->sought, &image->found,
		lines->object, comp_dir, name);
}

static struct cpi_elf *open_package(void *arg)
{
	struct lines *lines = arg;

	return cpi_locate_package(
		lines->search, &lines->image->sought, &lines->image->found);
}

enum cp_code cpi_image_lines(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	struct lines lines = {image, search,
		image->found.main.debug ? &image->found.main : &image->found.debug};
	struct cpi_dwarf_options options = {.open_split = open_split,
		.open_package = open_package, .arg = &lines};
	struct cp_error why;
	enum cp_code code;

	if (!lines.object->debug || !image->n_addresses)
		return CP_OK;
	cpi_locate_alt(search, &image->sought, &image->found, lines.object);
	options.alt = image->found.alt.elf;
	code = cpi_dwarf_open(
		search->env, lines.object->elf, &options, &image->dwarf, &why);
	if (!code)
		code = cpi_dwarf_resolve(image->dwarf, image->address, image->n_addresses,
			&image->lines, &why);
	if (code == CP_ERROR_MEMORY)
		return cpi_error_memory(err);
	/* Damage leaves the symbols. */
	if (code)
		image->found.unreadable = lines.object->path;
	return CP_OK;
}
