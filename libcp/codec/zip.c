/* SPDX-License-Identifier: Apache-2.0 */
/* What is stored in a zip archive; APPNOTE.TXT 4.3 names the fields. */
#include "codec/zip.h"

#include "base/cursor.h"

enum {
	LOCAL = 0x04034b50,
	DIRECTORY = 0x02014b50,
	END = 0x06054b50,
	END_SIZE = 22,   /* without its comment */
	LOCAL_SIZE = 30, /* without name and extra field */
	MOST_COMMENT = 65535,
};

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
enum { SWAP = true };
#else
enum { SWAP = false };
#endif

bool cpi_zip_is(const uint8_t *bytes, size_t n)
{
	return n >= 4 && !memcmp(bytes, "PK\3\4", 4);
}

static struct cpi_cursor cursor_at(const uint8_t *bytes, size_t n, uint64_t at)
{
	size_t from = at < n ? (size_t)at : n;

	return cpi_cursor_make(bytes + from, n - from, SWAP);
}

/* The last record, behind which only its comment may stand; false: there is none. */
static bool find_end(
	const uint8_t *bytes, size_t n, uint16_t *ret_entries, uint32_t *ret_at)
{
	for (size_t back = END_SIZE; back <= n && back <= END_SIZE + MOST_COMMENT;
		back++) {
		struct cpi_cursor c = cursor_at(bytes, n, n - back);

		if (cpi_cursor_u32(&c) != END)
			continue;
		cpi_cursor_skip(&c, 6); /* disks, entries on this one */
		*ret_entries = cpi_cursor_u16(&c);
		cpi_cursor_skip(&c, 4); /* size of the directory */
		*ret_at = cpi_cursor_u32(&c);
		if (cpi_cursor_u16(&c) <= back - END_SIZE && cpi_cursor_ok(&c))
			return true;
	}
	return false;
}

/* The entry's bytes begin behind its local header, whose extra field is its own. */
static bool find_bytes(
	const uint8_t *bytes, size_t n, uint32_t header, struct cpi_zip_entry *entry)
{
	struct cpi_cursor c = cursor_at(bytes, n, header);
	uint32_t name, extra;

	if (cpi_cursor_u32(&c) != LOCAL)
		return false;
	cpi_cursor_skip(&c, 22);
	name = cpi_cursor_u16(&c);
	extra = cpi_cursor_u16(&c);
	entry->at = (uint64_t)header + LOCAL_SIZE + name + extra;
	return cpi_cursor_ok(&c) && entry->at <= n && entry->n <= n - entry->at;
}

/* One entry of the directory; false: it is not stored, or cannot be read. */
static bool next_entry(const uint8_t *bytes, size_t n, struct cpi_cursor *c,
	struct cpi_zip_entry *ret_entry)
{
	uint16_t flags, method, name, extra, comment;
	uint32_t packed, header;

	if (cpi_cursor_u32(c) != DIRECTORY)
		cpi_cursor_fail(c);
	cpi_cursor_skip(c, 4); /* versions */
	flags = cpi_cursor_u16(c);
	method = cpi_cursor_u16(c);
	cpi_cursor_skip(c, 8); /* time, checksum */
	packed = cpi_cursor_u32(c);
	ret_entry->n = cpi_cursor_u32(c);
	name = cpi_cursor_u16(c);
	extra = cpi_cursor_u16(c);
	comment = cpi_cursor_u16(c);
	cpi_cursor_skip(c, 8); /* disk, attributes */
	header = cpi_cursor_u32(c);
	ret_entry->name = (struct cp_text){(const char *)cpi_cursor_bytes(c, name), name};
	cpi_cursor_skip(c, (size_t)extra + comment);
	return cpi_cursor_ok(c) && !method && !(flags & 1) && packed == ret_entry->n &&
	       find_bytes(bytes, n, header, ret_entry);
}

bool cpi_zip_find(const uint8_t *bytes, size_t n, cpi_zip_fn *fn, void *arg)
{
	uint16_t entries;
	uint32_t at;
	struct cpi_cursor c;

	if (!cpi_zip_is(bytes, n) || !find_end(bytes, n, &entries, &at))
		return false;
	c = cursor_at(bytes, n, at);
	for (uint16_t i = 0; i < entries && cpi_cursor_ok(&c); i++) {
		struct cpi_zip_entry entry;

		if (next_entry(bytes, n, &c, &entry) && fn(arg, &entry))
			return true;
	}
	return false;
}
