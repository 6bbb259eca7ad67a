/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader by itself: json-walk FILE steps through every value and adds up numbers. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "codec/json_read.h"

struct walk {
	uint64_t numbers, texts;
	int64_t sum;
};

static void scalar(struct cpi_jr *jr, struct walk *w)
{
	struct cp_text text;
	int64_t x;

	switch (cpi_jr_peek(jr)) {
	case CPI_JR_NUMBER:
		w->numbers++;
		if (cpi_jr_i64(jr, &x))
			w->sum = (int64_t)((uint64_t)w->sum + (uint64_t)x);
		break;
	case CPI_JR_TEXT:
		w->texts += cpi_jr_text(jr, &text);
		break;
	default:
		cpi_jr_skip(jr);
	}
}

/* Without recursion: a stack of what each container is. */
static void walk(struct cpi_jr *jr, struct walk *w)
{
	static bool object[CPI_JR_DEPTH + 1];
	unsigned depth = 0;
	struct cp_text key;

	do {
		enum cpi_jr_kind kind = cpi_jr_peek(jr);

		if (kind == CPI_JR_OBJECT || kind == CPI_JR_ARRAY) {
			object[++depth] = kind == CPI_JR_OBJECT;
			if (object[depth])
				cpi_jr_object(jr);
			else
				cpi_jr_array(jr);
		} else {
			scalar(jr, w);
		}
		while (depth && !(object[depth] ? cpi_jr_key(jr, &key) : cpi_jr_element(jr)))
			depth--;
	} while (depth && cpi_jr_ok(jr));
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	struct walk w = {0};
	struct cpi_jr jr;
	struct stat st;
	void *bytes;

	if (fd < 0 || fstat(fd, &st))
		return 2;
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return 2;
	cpi_jr_init(&jr, bytes, (size_t)st.st_size, NULL);
	walk(&jr, &w);
	printf("%llu numbers, %llu texts, sum %lld, %s\n", (unsigned long long)w.numbers,
		(unsigned long long)w.texts, (long long)w.sum, jr.why ? jr.why : "whole");
	return jr.why != NULL;
}
