/* SPDX-License-Identifier: Apache-2.0 */
/* CIEs and FDEs of .eh_frame and .debug_frame. */
#include "object/cfi/entry.h"

/* DW_EH_PE_…: format in the low four bits, what it is relative to in the next three. */
enum {
	PE_ABSPTR = 0x00,
	PE_ULEB = 0x01,
	PE_UDATA2 = 0x02,
	PE_UDATA4 = 0x03,
	PE_UDATA8 = 0x04,
	PE_SIGNED = 0x08,
	PE_SLEB = 0x09,
	PE_SDATA2 = 0x0a,
	PE_SDATA4 = 0x0b,
	PE_SDATA8 = 0x0c,
	PE_PCREL = 0x10,
	PE_APPLICATION = 0x70,
	PE_INDIRECT = 0x80,
	PE_OMIT = 0xff
};

static uint64_t address_mask(uint8_t word)
{
	return word == 4 ? UINT32_MAX : UINT64_MAX;
}

static uint64_t pointer_value(struct cpi_cursor *c, uint8_t format, uint8_t word)
{
	switch (format) {
	case PE_ABSPTR:
		return word == 4 ? cpi_cursor_u32(c) : cpi_cursor_u64(c);
	case PE_SIGNED:
		return word == 4 ? (uint64_t)(int32_t)cpi_cursor_u32(c)
				 : cpi_cursor_u64(c);
	case PE_ULEB:
		return cpi_cursor_uleb(c);
	case PE_SLEB:
		return (uint64_t)cpi_cursor_sleb(c);
	case PE_UDATA2:
		return cpi_cursor_u16(c);
	case PE_SDATA2:
		return (uint64_t)(int16_t)cpi_cursor_u16(c);
	case PE_UDATA4:
		return cpi_cursor_u32(c);
	case PE_SDATA4:
		return (uint64_t)(int32_t)cpi_cursor_u32(c);
	case PE_UDATA8:
	case PE_SDATA8:
		return cpi_cursor_u64(c);
	default:
		cpi_cursor_fail(c);
		return 0;
	}
}

/*
 * Reads an encoded address. Only absolute and pc-relative ones occur in linked x86 and
 * AArch64 files; text-, data- and function-relative ones fail, and so do indirect ones,
 * which would need the image's data.
 */
static uint64_t pointer_read(struct cpi_cursor *c, const struct cpi_cfi_context *context,
	uint8_t encoding, uint8_t word)
{
	uint64_t here =
		context->section->address + (uint64_t)(c->at - context->section->bytes);
	uint64_t x;

	if (encoding & PE_INDIRECT) {
		cpi_cursor_fail(c);
		return 0;
	}
	x = pointer_value(c, encoding & 0x0f, word);
	switch (encoding & PE_APPLICATION) {
	case 0:
		break;
	case PE_PCREL:
		x += here;
		break;
	default:
		cpi_cursor_fail(c);
		return 0;
	}
	return x & address_mask(word);
}

/* Steps over an encoded pointer that nobody needs, whatever it is relative to. */
static void pointer_skip(struct cpi_cursor *c, uint8_t encoding, uint8_t word)
{
	if (encoding != PE_OMIT)
		(void)pointer_value(c, encoding & 0x0f, word);
}

bool cpi_cfi_entry_next(const struct cpi_cfi_context *context, size_t *at,
	struct cpi_cfi_entry *ret_entry, bool *ret_bad)
{
	const struct cpi_cfi_section *section = context->section;

	*ret_bad = false;
	while (section->n - *at >= 4) {
		struct cpi_cursor c = cpi_cursor_make(
			section->bytes + *at, section->n - *at, context->swap);
		uint64_t length = cpi_cursor_u32(&c), id, all = UINT32_MAX;
		size_t id_at;
		bool is64 = length == UINT32_MAX;

		/* crtend.o's terminator; static linking leaves some in the middle. */
		if (!length) {
			*at += 4;
			continue;
		}
		if (is64) {
			length = cpi_cursor_u64(&c);
			all = UINT64_MAX;
		}
		ret_entry->at = *at;
		if (length > cpi_cursor_left(&c)) {
			*ret_bad = true;
			return false;
		}
		ret_entry->body = cpi_cursor_sub(&c, (size_t)length);
		*at = (size_t)(ret_entry->body.end - section->bytes);
		id_at = (size_t)(ret_entry->body.at - section->bytes);
		/* .eh_frame's id field has four bytes in either format. */
		id = is64 && section->debug_frame ? cpi_cursor_u64(&ret_entry->body)
						  : cpi_cursor_u32(&ret_entry->body);
		if (!cpi_cursor_ok(&ret_entry->body))
			continue;
		if (section->debug_frame ? id == all || id == UINT32_MAX : !id)
			ret_entry->cie = ret_entry->at;
		else
			ret_entry->cie = (size_t)(section->debug_frame ? id : id_at - id);
		return true;
	}
	return false;
}

/* One letter of the augmentation after 'z'; false: unknown, the rest cannot be read. */
static bool augmentation(struct cpi_cursor *c, char letter, struct cpi_cfi_cie *cie)
{
	switch (letter) {
	case 'R':
		cie->pointer = cpi_cursor_u8(c);
		return true;
	case 'P': {
		uint8_t encoding = cpi_cursor_u8(c);

		pointer_skip(c, encoding, cie->word);
		return true;
	}
	case 'L':
		cpi_cursor_skip(c, 1);
		return true;
	case 'S':
		cie->signal = true;
		return true;
	case 'B': /* AArch64: the other authentication key */
	case 'G': /* AArch64: tagged stack */
		return true;
	default:
		return false;
	}
}

static void augmentations(
	struct cpi_cursor *c, const char *letters, size_t n, struct cpi_cfi_cie *cie)
{
	struct cpi_cursor data;
	uint64_t size;

	if (!n)
		return;
	if (n == 2 && !memcmp(letters, "eh", 2)) {
		cpi_cursor_skip(c, cie->word);
		return;
	}
	if (letters[0] != 'z') {
		cpi_cursor_fail(c);
		return;
	}
	cie->augmented = true;
	size = cpi_cursor_uleb(c);
	data = cpi_cursor_sub(c, size > SIZE_MAX ? SIZE_MAX : (size_t)size);
	for (size_t i = 1; i < n && augmentation(&data, letters[i], cie); i++)
		;
	if (!cpi_cursor_ok(&data))
		cpi_cursor_fail(c);
}

bool cpi_cfi_cie_read(
	const struct cpi_cfi_context *context, size_t at, struct cpi_cfi_cie *ret_cie)
{
	struct cpi_cfi_cie cie = {.word = context->machine->word};
	struct cpi_cfi_entry entry;
	struct cpi_cursor c;
	const char *letters;
	uint64_t ra;
	uint8_t version;
	size_t n, next = at;
	bool bad;

	if (at >= context->section->n ||
		!cpi_cfi_entry_next(context, &next, &entry, &bad) || entry.at != at ||
		entry.cie != at)
		return false;
	c = entry.body;
	version = cpi_cursor_u8(&c);
	letters = cpi_cursor_string(&c, &n);
	if (!letters || (version != 1 && version != 3 && version != 4))
		return false;
	/* Old gcc: the pointer of "eh" stands before the alignments. */
	if (version >= 4) {
		cie.word = cpi_cursor_u8(&c);
		if (cpi_cursor_u8(&c) || (cie.word != 4 && cie.word != 8))
			return false;
	}
	if (n == 2 && !memcmp(letters, "eh", 2))
		augmentations(&c, letters, n, &cie);
	cie.code_align = cpi_cursor_uleb(&c);
	cie.data_align = cpi_cursor_sleb(&c);
	ra = version == 1 ? cpi_cursor_u8(&c) : cpi_cursor_uleb(&c);
	if (letters[0] != 'e')
		augmentations(&c, letters, n, &cie);
	cie.code = c.at;
	cie.n = cpi_cursor_left(&c);
	if (!cpi_cursor_ok(&c) || ra >= CPI_CFI_REGS)
		return false;
	cie.ra = (uint8_t)ra;
	*ret_cie = cie;
	return true;
}

bool cpi_cfi_fde_read(const struct cpi_cfi_context *context,
	const struct cpi_cfi_cie *cie, const struct cpi_cfi_entry *entry,
	struct cpi_cfi_fde *ret_fde)
{
	struct cpi_cursor c = entry->body;
	struct cpi_cfi_fde fde;
	uint64_t length;

	fde.start = pointer_read(&c, context, cie->pointer, cie->word);
	/* The length has the format of the address, and is relative to nothing. */
	length = pointer_value(&c, cie->pointer & 0x07, cie->word) &
		 address_mask(cie->word);
	if (cie->augmented) {
		uint64_t n = cpi_cursor_uleb(&c);

		cpi_cursor_skip(&c, n > SIZE_MAX ? SIZE_MAX : (size_t)n);
	}
	if (!cpi_cursor_ok(&c) || !length || length > UINT64_MAX - fde.start)
		return false;
	fde.limit = fde.start + length;
	fde.code = c.at;
	fde.n = cpi_cursor_left(&c);
	*ret_fde = fde;
	return true;
}
