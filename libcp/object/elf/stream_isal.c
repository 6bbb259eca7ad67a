/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that can be copied, by ISA-L; see stream_zlib.c for where there is none. */
#include "object/elf/stream.h"

#include <string.h>
#include <isa-l/igzip_lib.h>

struct cpi_elf_stream {
	struct inflate_state state;
};

/* The state, with 64 KiB of history, has no pointers but to what each call is given. */
struct cpi_elf_stream *cpi_elf_stream_new(
	struct cpi_mem *mem, const struct cpi_elf_stream *like)
{
	struct cpi_elf_stream *s = cpi_alloc_array(mem, 1, sizeof *s);

	if (!s)
		return NULL;
	if (like) {
		memcpy(s, like, sizeof *s);
	} else {
		isal_inflate_init(&s->state);
		s->state.crc_flag = ISAL_ZLIB;
	}
	return s;
}

void cpi_elf_stream_free(struct cpi_mem *mem, struct cpi_elf_stream *stream)
{
	if (stream)
		cpi_free(mem, stream, sizeof *stream);
}

bool cpi_elf_stream_run(struct cpi_elf_stream *stream, const uint8_t *source,
	size_t source_n, size_t *source_at, uint8_t *to, size_t n)
{
	struct inflate_state *state = &stream->state;
	bool moves = true;

	state->next_out = to;
	state->avail_out = (uint32_t)n;
	while (state->avail_out && moves) {
		size_t left = source_n - *source_at;
		uint32_t room = state->avail_out;

		state->next_in = (uint8_t *)(uintptr_t)(source + *source_at);
		state->avail_in = left < 1 << 30 ? (uint32_t)left : 1 << 30;
		left = state->avail_in;
		/* It decodes ahead, so an error may belong to what comes later. */
		if (isal_inflate(state) != ISAL_DECOMP_OK)
			return false;
		*source_at += left - state->avail_in;
		moves = left > state->avail_in || room > state->avail_out;
	}
	return !state->avail_out;
}
