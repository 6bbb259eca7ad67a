/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints hold the pools of constants; each names the one before it, and the header the
 * last. A pool is in pieces over all of them. Only where a constant lies is kept: most are
 * never asked for.
 */
#include "format/jfr/jfr.h"

enum { CHECKPOINT = 1 };

static uint64_t hash_of(uint32_t type, int64_t key)
{
	return cpi_hash_mix(cpi_hash_u64((uint64_t)key), type);
}

uint32_t cpi_jfr_constant(const struct jfr_chunk *c, uint32_t type, int64_t key)
{
	struct cpi_probe probe = cpi_index_find(&c->constants, hash_of(type, key));

	for (uint32_t row; (row = cpi_index_next(&c->constants, &probe));)
		if (c->constant.v[row].key == key && c->constant.v[row].type == type)
			return row;
	return 0;
}

static void add(struct jfr *j, uint32_t type, int64_t key, uint64_t at)
{
	struct jfr_chunk *c = &j->chunk;
	struct jfr_constant constant = {.key = key, .type = type, .at = at};

	if (c->constant.n >= UINT32_MAX - 1 || cpi_jfr_constant(c, type, key))
		return;
	cpi_jfr_fine(j, cpi_vec_push(&j->env->mem, &c->constant, constant) &&
				cpi_index_add(&j->env->mem, &c->constants,
					hash_of(type, key), (uint32_t)c->constant.n - 1));
}

/* One pool of a checkpoint: a class, and its constants by key. */
static bool pool(struct jfr *j, struct cpi_cursor *c)
{
	uint32_t type = cpi_jfr_type(&j->chunk, cpi_jfr_leb(c));
	uint64_t n = cpi_cursor_claim(c, (uint64_t)cpi_jfr_leb(c), 1);

	/* What has no description has no length. */
	if (n && !type)
		return false;
	for (; n && cpi_cursor_ok(c) && !j->b.code; n--) {
		int64_t key = cpi_jfr_leb(c);

		add(j, type, key, (uint64_t)(c->at - j->chunk.bytes));
		cpi_jfr_skip(j, c, type);
	}
	return cpi_cursor_ok(c);
}

/* The checkpoint at `at`; how far before it the previous one is goes to *ret_delta. */
static void checkpoint(struct jfr *j, uint64_t at, int64_t *ret_delta)
{
	struct jfr_chunk *k = &j->chunk;
	struct cpi_cursor c = cpi_jfr_cursor(k, at, k->n);
	uint64_t size = (uint64_t)cpi_jfr_leb(&c), pools;

	*ret_delta = 0;
	if (!cpi_cursor_ok(&c) || size > k->n - at) {
		cpi_jfr_warn(j, "jfr-pool", at, "a checkpoint reaches beyond its chunk");
		return;
	}
	c = cpi_jfr_cursor(k, at, at + size);
	(void)cpi_jfr_leb(&c);
	if (cpi_jfr_leb(&c) != CHECKPOINT) {
		cpi_jfr_warn(j, "jfr-pool", at, "here is no checkpoint");
		return;
	}
	(void)cpi_jfr_leb(&c); /* start */
	(void)cpi_jfr_leb(&c); /* duration */
	*ret_delta = cpi_jfr_leb(&c);
	(void)cpi_cursor_u8(&c); /* flush */
	pools = cpi_cursor_claim(&c, (uint64_t)cpi_jfr_leb(&c), 2);
	while (pools && !j->b.code && pool(j, &c))
		pools--;
	if (pools && !j->b.code)
		cpi_jfr_warn(j, "jfr-pool", at,
			"a checkpoint is damaged, and %llu of its pools are lost",
			(unsigned long long)pools);
}

void cpi_jfr_pools(struct jfr *j)
{
	struct jfr_chunk *c = &j->chunk;
	int64_t at = c->checkpoint, delta;

	cpi_jfr_fine(
		j, cpi_vec_push(&j->env->mem, &c->constant, (struct jfr_constant){0}));
	/* Each lies before the one that names it, so the chain ends. */
	while (at >= JFR_HEADER && (uint64_t)at < c->n && !j->b.code) {
		checkpoint(j, (uint64_t)at, &delta);
		if (!delta)
			return;
		if (delta > 0 || delta < -at) {
			cpi_jfr_warn(j, "jfr-pool", (uint64_t)at,
				"a checkpoint names one before it that is not there");
			return;
		}
		at += delta;
	}
}
