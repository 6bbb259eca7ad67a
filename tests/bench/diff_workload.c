/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program to compare with itself: diff_workload UNITS SLOWDOWN NOISE SEED
 *
 * Twelve stages, each a function of its own, take turns; their shares of the time fall
 * from about a quarter to about a hundredth. UNITS is the length of the run (100 are
 * about a second of CPU time), SLOWDOWN multiplies the work of stage_scan (15 % of the
 * time), NOISE is by how much the work of every stage varies from run to run (0.1: a
 * factor between 0.9 and 1.1, another one for each stage and SEED).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Not inlined and alike: a stage is a row of the comparison, its weight is its size. */
#define STAGE(name, multiplier)                                                          \
	__attribute__((noinline)) static uint64_t stage_##name(                          \
		uint64_t x, unsigned rounds)                                             \
	{                                                                                \
		for (unsigned i = 0; i < rounds; i++)                                    \
			x = (x ^ x >> 29) * (multiplier) + i;                            \
		return x;                                                                \
	}

STAGE(parse, 0xbf58476d1ce4e5b9u)
STAGE(hash, 0x94d049bb133111ebu)
STAGE(scan, 0xff51afd7ed558ccdu)
STAGE(merge, 0xc4ceb9fe1a85ec53u)
STAGE(sort, 0x9e3779b97f4a7c15u)
STAGE(encode, 0xd6e8feb86659fd93u)
STAGE(copy, 0xa0761d6478bd642fu)
STAGE(check, 0xe7037ed1a0b428dbu)
STAGE(index, 0x8ebc6af09c88c6e3u)
STAGE(format, 0x589965cc75374cc3u)
STAGE(lookup, 0x1d8e4e27c47d124fu)
STAGE(flush, 0xeb44accab455d165u)

static const struct stage {
	uint64_t (*run)(uint64_t x, unsigned rounds);
	unsigned weight;
} stages[] = {
	{stage_parse, 240},
	{stage_hash, 180},
	{stage_scan, 150},
	{stage_merge, 110},
	{stage_sort, 80},
	{stage_encode, 70},
	{stage_copy, 50},
	{stage_check, 40},
	{stage_index, 30},
	{stage_format, 20},
	{stage_lookup, 20},
	{stage_flush, 10},
};

#define STAGES (sizeof(stages) / sizeof(stages[0]))
/* Loop rounds for each weight: the 100 turns of a unit are then about 10 ms. */
#define ROUNDS 68

__attribute__((noinline)) static uint64_t work(uint64_t x, const unsigned *rounds)
{
	for (unsigned s = 0; s < STAGES; s++)
		x += stages[s].run(x, rounds[s]);
	return x;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: %s UNITS SLOWDOWN NOISE SEED\n", argv[0]);
		return 2;
	}
	unsigned long turns = strtoul(argv[1], NULL, 10) * 100;
	double slowdown = strtod(argv[2], NULL), noise = strtod(argv[3], NULL);
	unsigned rounds[STAGES];
	uint64_t x = 1;

	srand48(strtol(argv[4], NULL, 10));
	for (unsigned s = 0; s < STAGES; s++) {
		double factor = 1 + noise * (2 * drand48() - 1);
		if (stages[s].run == stage_scan)
			factor *= slowdown;
		rounds[s] = (unsigned)(stages[s].weight * ROUNDS * factor);
	}
	for (unsigned long t = 0; t < turns; t++)
		x = work(x, rounds);
	printf("%llx\n", (unsigned long long)x);
	return 0;
}
