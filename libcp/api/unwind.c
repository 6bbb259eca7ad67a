/* SPDX-License-Identifier: Apache-2.0 */
/* What unwinding asks while a capture is read: which file is mapped where. */
#include "api/unwind.h"

#include "locate/locate.h"
#include "object/jit/jit.h"
#include "unwind/unwind.h"

struct row {
	struct row *next;
	struct cpi_sought sought;
	struct cpi_found found;
};

struct cpi_unwinding {
	struct cpi_env *env;
	struct cpi_unwinder unwinder;
	struct cp_symbolize_options options, with_debug;
	struct cpi_search search, debug_search;
	struct row *rows; /* files in use */
};

/*
 * Only a file of the very build may be used, as for symbols: another one's tables give
 * frames that look right. The debug file is a hunt of its own, because few images need
 * it and every hunt opens what it finds.
 */
static struct cpi_elf *open_image(void *arg, const struct cpi_unwind_map *map, bool debug)
{
	struct cpi_unwinding *u = arg;
	struct row *row = cpi_alloc_zero(&u->env->mem, sizeof *row);
	struct cp_error err;

	/* Its path names what tells of the code, not what holds it. */
	if (map->kind == CP_MAP_JIT || !row) {
		cpi_free(&u->env->mem, row, sizeof *row);
		return NULL;
	}
	cpi_found_init(&row->found, u->env);
	row->sought.path = map->path;
	row->sought.build_id = map->build_id;
	row->sought.kind = map->kind == CP_MAP_VDSO ? CPI_IMAGE_VDSO : CPI_IMAGE_FILE;
	row->sought.offset = map->offset;
	row->next = u->rows;
	u->rows = row;
	if (cpi_locate_file(debug ? &u->debug_search : &u->search, &row->sought,
		    &row->found, &err))
		return NULL;
	return debug ? row->found.debug.elf : row->found.main.elf;
}

static bool open_jitdump(void *arg, uint32_t pid, struct cp_text path,
	const uint8_t **ret_bytes, size_t *ret_n)
{
	struct cpi_unwinding *u = arg;
	struct row *row = cpi_alloc_zero(&u->env->mem, sizeof *row);

	if (!row)
		return false;
	cpi_found_init(&row->found, u->env);
	row->sought.path = path;
	row->sought.kind = CPI_IMAGE_JIT;
	row->sought.pid = pid;
	row->sought.inner = cpi_jit_dump_number(path);
	row->next = u->rows;
	u->rows = row;
	if (!cpi_locate_jitdump(&u->search, &row->sought, &row->found))
		return false;
	*ret_bytes = row->found.dump.bytes;
	*ret_n = row->found.dump.n;
	return true;
}

enum cp_code cpi_unwinding_new(struct cpi_env *env,
	const struct cp_symbolize_options *options, int64_t capture_time,
	struct cpi_unwinding **ret_unwinding, struct cp_error *err)
{
	struct cpi_unwinding *u = cpi_alloc_zero(&env->mem, sizeof *u);
	enum cp_code code;

	if (!u)
		return cpi_error_memory(err);
	u->env = env;
	if (options)
		u->options = *options;
	u->with_debug = u->options;
	u->options.no_inlines = true;
	u->with_debug.no_inlines = false;
	code = cpi_search_init(&u->search, env, &u->options, NULL, err);
	u->search.capture_time = capture_time;
	/* The same but for what counts as missing. */
	u->debug_search = u->search;
	u->debug_search.options = &u->with_debug;
	if (!code)
		code = cpi_unwind_init(
			env, open_image, open_jitdump, u, &u->unwinder, err);
	u->unwinder.jitdump = open_jitdump;
	u->unwinder.jitdump_arg = u;
	if (code) {
		cpi_search_release(&u->search);
		cpi_free(&env->mem, u, sizeof *u);
		return code;
	}
	*ret_unwinding = u;
	return CP_OK;
}

const struct cpi_unwinder *cpi_unwinding_get(const struct cpi_unwinding *u)
{
	return &u->unwinder;
}

void cpi_unwinding_free(struct cpi_unwinding *u)
{
	struct row *row, *next;

	if (!u)
		return;
	cpi_unwind_release(&u->unwinder);
	for (row = u->rows; row; row = next) {
		next = row->next;
		cpi_found_release(&row->found, u->env);
		cpi_free(&u->env->mem, row, sizeof *row);
	}
	cpi_search_release(&u->search);
	cpi_free(&u->env->mem, u, sizeof *u);
}
