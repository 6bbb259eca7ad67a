/* SPDX-License-Identifier: Apache-2.0 */
/* What cpinfo shows, gathered. */
#include "view/info/info.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/hash.h"

const char *cpi_info_status(enum cp_symbol_status status)
{
	static const char *const name[] = {
		[CP_SYMBOLS_LINES] = "lines",
		[CP_SYMBOLS_FUNCTIONS] = "functions only",
		[CP_SYMBOLS_NO_FILE] = "none (no file)",
		[CP_SYMBOLS_NO_SYMBOLS] = "none (stripped)",
		[CP_SYMBOLS_WRONG_ID] = "none (wrong build id)",
		[CP_SYMBOLS_UNREADABLE] = "none (unreadable)",
		[CP_SYMBOLS_NOT_A_FILE] = "none (not a file)",
		[CP_SYMBOLS_UNVOUCHED] = "none (unverified, not used)",
	};

	return (unsigned)status < sizeof name / sizeof *name && name[status]
		       ? name[status]
		       : "none";
}

char *cpi_info_time(char *buf, size_t size, int64_t nanos)
{
	time_t seconds = (time_t)(nanos / 1000000000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
		!strftime(buf, size, "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(buf, size, "?");
	return buf;
}

static void keep_finding(const struct cp_finding *f, void *arg)
{
	struct cpi_info *info = arg;
	struct cpi_finding copy = {
		cpi_arena_copy(&info->arena, f->kind, strlen(f->kind)),
		cpi_arena_copy(&info->arena, f->text, strlen(f->text)),
		cpi_arena_copy(&info->arena, f->fix, strlen(f->fix)),
	};

	if (!copy.kind || !copy.text || !copy.fix ||
		!cpi_vec_push(&info->env->mem, &info->finding, copy))
		info->no_memory = true;
}

/* Whether one of the labels in the index has the same key and value. */
static bool seen_before(const struct cp_profile *p, const struct cpi_index *seen,
	struct cpi_probe *probe, const struct cp_label *label)
{
	for (uint32_t id; (id = cpi_index_next(seen, probe));) {
		const struct cp_label *have = &p->label.v[id - 1];

		if (have->key.i == label->key.i && have->str.i == label->str.i &&
			have->num == label->num)
			return true;
	}
	return false;
}

/* Rows per label key and its distinct values. */
static bool count_keys(struct cpi_info *info)
{
	const struct cp_profile *p = info->p;
	struct cpi_mem *mem = &info->env->mem;
	size_t sets = p->labels_end.n;
	uint64_t *rows = cpi_alloc_zero(mem, sets * sizeof *rows);
	uint32_t *place = cpi_alloc_zero(mem, p->string.n * sizeof *place);
	struct cpi_index seen = {0};
	bool fine = rows && place;

	for (uint32_t i = 0; fine && i < cpi_profile_n_samples(p); i++)
		rows[p->sample_labels.v[i].i]++;
	for (uint32_t set = 1; fine && set < sets; set++) {
		uint32_t n, last = 0;
		const struct cp_label *label =
			cpi_profile_label_set(p, (cp_labels){set}, &n);

		for (uint32_t i = 0; fine && i < n; i++) {
			uint64_t hash = cpi_hash_mix(
				(uint64_t)label[i].key.i << 32 | label[i].str.i,
				(uint64_t)label[i].num);
			struct cpi_probe probe = cpi_index_find(&seen, hash);
			uint32_t key = label[i].key.i;

			if (!place[key]) {
				fine = cpi_vec_push(mem, &info->key,
					(struct cpi_label_key){label[i].key, 0, 0});
				place[key] = (uint32_t)info->key.n;
			}
			if (!fine)
				break;
			if (key != last)
				info->key.v[place[key] - 1].samples += rows[set];
			last = key;
			if (!seen_before(p, &seen, &probe, &label[i])) {
				fine = cpi_index_add(mem, &seen, hash,
					(uint32_t)(label + i - p->label.v) + 1);
				info->key.v[place[key] - 1].values++;
			}
		}
	}
	cpi_index_release(mem, &seen);
	cpi_free(mem, rows, sets * sizeof *rows);
	cpi_free(mem, place, p->string.n * sizeof *place);
	return fine;
}

static bool sum_values(struct cpi_info *info)
{
	const struct cp_profile *p = info->p;
	size_t types = p->sample_type.n;

	if (!cpi_vec_reserve(&info->env->mem, &info->sum, types))
		return false;
	for (size_t k = 0; k < types; k++) {
		double sum = 0;

		for (size_t i = k; i < p->value.n; i += types)
			sum += (double)p->value.v[i];
		info->sum.v[info->sum.n++] =
			sum * pow(10, -(double)p->sample_type.v[k].decimals);
	}
	return true;
}

enum cp_code cpi_info_init(struct cpi_info *info, struct cp_error *err)
{
	cpi_arena_init(&info->arena, &info->env->mem);
	if (!info->p)
		return CP_OK;
	if (!count_keys(info) || !sum_values(info)) {
		cpi_info_release(info);
		return cpi_error_memory(err);
	}
	cpi_diagnose(info->p, info->report, keep_finding, info);
	if (!info->no_memory)
		return CP_OK;
	cpi_info_release(info);
	return cpi_error_memory(err);
}

void cpi_info_release(struct cpi_info *info)
{
	cpi_arena_release(&info->arena);
	cpi_vec_release(&info->env->mem, &info->finding);
	cpi_vec_release(&info->env->mem, &info->key);
	cpi_vec_release(&info->env->mem, &info->sum);
}
