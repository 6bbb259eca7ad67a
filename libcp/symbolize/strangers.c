/* SPDX-License-Identifier: Apache-2.0 */
/* Files that the user gave and that belong to nothing: a slip worth a word. */
#include <stdio.h>

#include "symbolize/apply.h"

enum { MOST_NAMED = 3 };

static bool is_file(const struct cpi_image *image)
{
	return image->sought.kind == CPI_IMAGE_FILE ||
	       image->sought.kind == CPI_IMAGE_VDSO;
}

static bool fits(const struct cp_binary *b, const struct cpi_build_id *id,
	const struct cpi_image *image)
{
	struct cpi_build_id wanted = cpi_build_id_read(image->sought.build_id);

	return is_file(image) && (cpi_binary_is_named(b, &image->sought) ||
					 (!b->path && cpi_build_id_fits(&wanted, id)));
}

static bool any_fits(const struct cp_binary *b, const struct cpi_build_id *id,
	const struct cpi_images *images)
{
	for (size_t i = 0; i < images->n; i++)
		if (fits(b, id, &images->v[i]))
			return true;
	return false;
}

/* "/bin/a, /lib/b.so and 3 more" */
static void list_images(const struct cpi_images *images, char *text, size_t size)
{
	size_t named = 0, n = 0, used = 0;

	snprintf(text, size, "no image of a file");
	for (size_t i = 0; i < images->n; i++)
		n += is_file(&images->v[i]);
	for (size_t i = 0; i < images->n && named < MOST_NAMED; i++) {
		char name[64];

		if (!is_file(&images->v[i]) || used >= size)
			continue;
		cpi_text_printable(name, sizeof name, images->v[i].sought.path);
		used += (size_t)snprintf(
			text + used, size - used, "%s%s", named++ ? ", " : "", name);
	}
	if (n > named && used < size)
		snprintf(text + used, size - used, " and %zu more", n - named);
}

static void say(const struct cpi_search *search, const struct cpi_images *images,
	const struct cp_binary *b, const char *id)
{
	char file[80], list[3 * 64 + 32];

	cpi_text_printable(file, sizeof file, cpi_text(b->file));
	list_images(images, list, sizeof list);
	if (b->path)
		cpi_diag_note(&search->env->diag, "binary", NULL,
			"no image has the path given for %s; there is %s", file, list);
	else
		cpi_diag_note(&search->env->diag, "binary", NULL,
			"%s (%s%.12s) belongs to no image, by name or build id; there is "
			"%s",
			file, *id ? "build id " : "no build id", id, list);
}

void cpi_images_note_strangers(
	const struct cpi_search *search, const struct cpi_images *images)
{
	for (size_t i = 0; i < search->options->n_binaries; i++) {
		const struct cp_binary *b = &search->options->binaries[i];
		struct cpi_build_id id = {.odd = false};

		if (any_fits(b, &id, images))
			continue;
		if (!b->path)
			id = cpi_locate_build_id_of(search, b->file);
		if (!*id.hex || !any_fits(b, &id, images))
			say(search, images, b, id.hex);
	}
}
