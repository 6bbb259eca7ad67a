/* SPDX-License-Identifier: Apache-2.0 */
/* Programs in archives: which paths are of one, and where in it they lie. */
#include "locate/archive.h"

#include "codec/zip.h"

enum { PAGE = 4096 };

static bool is_archive(struct cp_text path)
{
	static const char *const endings[] = {".apk", ".apex", ".aar", ".jar", ".zip"};

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (cpi_text_ends(path, cpi_text(endings[i])))
			return true;
	return false;
}

bool cpi_archive_holds(struct cp_text path)
{
	return is_archive(path);
}

/* The sign behind an archive's ending, or NULL. */
static const char *sign_of(struct cp_text path)
{
	const char *end = path.p + path.n, *sign = path.p;

	while (path.n && (sign = memchr(sign, '!', (size_t)(end - sign)))) {
		if (is_archive((struct cp_text){path.p, (size_t)(sign - path.p)}))
			return sign;
		sign++;
	}
	return NULL;
}

struct cp_text cpi_archive_file(struct cp_text path)
{
	const char *sign = sign_of(path);

	return sign ? (struct cp_text){path.p, (size_t)(sign - path.p)} : path;
}

struct cp_text cpi_archive_entry(struct cp_text path)
{
	const char *sign = sign_of(path);

	if (!sign)
		return CPI_TEXT("");
	sign += sign[1] == '/' && sign + 1 < path.p + path.n ? 2 : 1;
	return (struct cp_text){sign, (size_t)(path.p + path.n - sign)};
}

struct wanted {
	const uint8_t *bytes;
	struct cp_text name; /* n = 0: by position */
	uint64_t position;
	uint64_t at, n; /* what was found */
};

static bool is_it(void *arg, const struct cpi_zip_entry *entry)
{
	struct wanted *w = arg;
	bool slash = w->name.n && memchr(w->name.p, '/', w->name.n);
	bool fits = w->name.n ? cpi_text_equal(slash ? entry->name
						     : cpi_text_basename(entry->name),
					w->name)
			      : w->position >= entry->at &&
					w->position - entry->at < entry->n;

	/* What does not begin with a page cannot have been mapped as a program. */
	if (!fits || entry->at % PAGE || entry->n < 4 ||
		memcmp(w->bytes + entry->at, "\177ELF", 4))
		return false;
	w->at = entry->at;
	w->n = entry->n;
	return true;
}

bool cpi_archive_find(const uint8_t *bytes, size_t n, struct cp_text path,
	uint64_t position, uint64_t *ret_at, uint64_t *ret_n)
{
	struct wanted w = {
		.bytes = bytes, .name = cpi_archive_entry(path), .position = position};

	if (!cpi_zip_find(bytes, n, is_it, &w))
		return false;
	*ret_at = w.at;
	*ret_n = w.n;
	return true;
}
