/* SPDX-License-Identifier: Apache-2.0 */
/* What was found for each image, and what would help. */
#include "symbolize/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/hash.h"

struct row {
	struct cp_symbol_image public;
	int64_t lost; /* samples with an unresolved frame here */
};

struct cp_symbol_report {
	struct cpi_env *env;
	struct cpi_arena text;
	struct row *row;
	size_t n, room;
};

size_t cp_symbol_report_count(const struct cp_symbol_report *report)
{
	return report->n;
}

const struct cp_symbol_image *cp_symbol_report_image(
	const struct cp_symbol_report *report, size_t i)
{
	return i < report->n ? &report->row[i].public : NULL;
}

void cp_symbol_report_free(struct cp_symbol_report *report)
{
	struct cpi_mem *mem;

	if (!report)
		return;
	mem = &report->env->mem;
	cpi_free(mem, report->row, report->room * sizeof *report->row);
	cpi_arena_release(&report->text);
	cpi_free(mem, report, sizeof *report);
}

/* The type that counts samples, or -1: then every row counts once. */
static int counting_type(const struct cp_profile *p)
{
	for (size_t i = 0; i < p->sample_type.n; i++) {
		struct cp_text type = cpi_profile_text(p, p->sample_type.v[i].type);

		if (cpi_text_equal(type, CPI_TEXT("samples")) &&
			!p->sample_type.v[i].decimals)
			return (int)i;
	}
	return -1;
}

/*
 * Layers of one jitdump are images of their own, but one row of the report, that of the
 * first. By image.
 */
struct together {
	uint32_t first;
	uint64_t addresses, resolved; /* of all, in the first's */
	bool has_lines;
	int64_t samples, lost; /* the latter with a frame here that has no name */
};

static bool same_dump(const struct cpi_image *a, const struct cpi_image *b)
{
	return a->sought.pid == b->sought.pid &&
	       cpi_text_equal(a->sought.path, b->sought.path);
}

/* NULL when out of memory. */
static struct together *put_together(struct cpi_env *env, const struct cpi_images *images)
{
	struct together *t = cpi_alloc_zero(&env->mem, (images->n + 1) * sizeof *t);
	struct cpi_index index = {0};

	for (uint32_t i = 0; t && i < images->n; i++) {
		const struct cpi_image *image = &images->v[i];
		uint64_t hash =
			cpi_hash_mix(cpi_hash(image->sought.path.p, image->sought.path.n),
				image->sought.pid);
		struct cpi_probe probe = cpi_index_find(&index, hash);

		t[i].first = i;
		for (uint32_t id;
			image->sought.inner && (id = cpi_index_next(&index, &probe));)
			if (same_dump(&images->v[id - 1], image))
				t[i].first = id - 1;
		if (image->sought.inner && t[i].first == i &&
			!cpi_index_add(&env->mem, &index, hash, i + 1)) {
			cpi_free(&env->mem, t, (images->n + 1) * sizeof *t);
			t = NULL;
		}
	}
	cpi_index_release(&env->mem, &index);
	return t;
}

struct tally {
	const struct cp_profile *p;
	const struct cpi_images *images;
	struct together *together;
	const uint32_t *image_of;
	int64_t *of_stack;   /* samples by stack */
	uint32_t *seen;      /* by image: the last stack it was in */
	uint32_t *seen_lost; /* …with a frame that has no name */
	bool *named;         /* by location */
};

static void count_stacks(struct tally *t)
{
	int type = counting_type(t->p);
	size_t types = t->p->sample_type.n;

	for (size_t i = 0; i < t->p->sample_stack.n; i++) {
		int64_t count = type < 0 ? 1 : t->p->value.v[i * types + (size_t)type];
		int64_t *sum = &t->of_stack[t->p->sample_stack.v[i].i];

		if (__builtin_add_overflow(*sum, count, sum))
			*sum = INT64_MAX;
	}
}

static void add(int64_t *sum, int64_t count)
{
	if (__builtin_add_overflow(*sum, count, sum))
		*sum = INT64_MAX;
}

/* Each stack counts once for every image it passes through. */
static void walk_stacks(struct tally *t)
{
	for (uint32_t s = 1; s < t->p->stack_end.n; s++) {
		uint32_t n;
		const cp_location *frame = cpi_profile_frames(t->p, (cp_stack){s}, &n);

		for (uint32_t k = 0; k < n && t->of_stack[s]; k++) {
			uint32_t map = t->p->location.v[frame[k].i].mapping.i;
			uint32_t id = t->image_of[map];
			struct together *sums;

			if (!id)
				continue;
			id = t->together[id - 1].first + 1;
			sums = &t->together[id - 1];
			if (t->seen[id] != s) {
				t->seen[id] = s;
				add(&sums->samples, t->of_stack[s]);
			}
			if (!t->named[frame[k].i] && t->seen_lost[id] != s) {
				t->seen_lost[id] = s;
				add(&sums->lost, t->of_stack[s]);
			}
		}
	}
}

static void mark_named(struct tally *t)
{
	for (size_t i = 0; i < t->p->location.n; i++)
		t->named[i] = t->p->location.v[i].n_lines != 0;
	for (size_t i = 0; i < t->images->n; i++) {
		const struct cpi_image *image = &t->images->v[i];

		for (size_t k = 0; k < image->place.n; k++)
			if (image->run[image->place.v[k].slot].n)
				t->named[image->place.v[k].location] = true;
	}
}

static bool tally(struct cpi_env *env, const struct cp_profile *p,
	const struct cpi_images *images, struct together *together,
	const uint32_t *image_of)
{
	struct tally t = {
		.p = p, .images = images, .together = together, .image_of = image_of};
	size_t stacks = p->stack_end.n * sizeof *t.of_stack, seen = (images->n + 1) * 4;
	bool fine;

	t.of_stack = cpi_alloc_zero(&env->mem, stacks);
	t.seen = cpi_alloc_zero(&env->mem, seen);
	t.seen_lost = cpi_alloc_zero(&env->mem, seen);
	t.named = cpi_alloc_zero(&env->mem, p->location.n);
	fine = t.of_stack && t.seen && t.seen_lost && t.named;
	if (fine) {
		count_stacks(&t);
		mark_named(&t);
		walk_stacks(&t);
	}
	cpi_free(&env->mem, t.of_stack, stacks);
	cpi_free(&env->mem, t.seen, seen);
	cpi_free(&env->mem, t.seen_lost, seen);
	cpi_free(&env->mem, t.named, p->location.n);
	return fine;
}

static enum cp_symbol_status status_of(
	const struct cpi_image *image, bool has_lines, const struct row *row)
{
	if (row->public.resolved)
		return has_lines || !image->n ? CP_SYMBOLS_LINES : CP_SYMBOLS_FUNCTIONS;
	if (image->found.main.elf || image->found.debug.elf || image->found.list.n ||
		image->found.dump.n)
		return CP_SYMBOLS_NO_SYMBOLS;
	if (image->found.wrong.n)
		return image->found.undated ? CP_SYMBOLS_UNVOUCHED : CP_SYMBOLS_WRONG_ID;
	if (image->found.unreadable.n)
		return CP_SYMBOLS_UNREADABLE;
	if ((image->sought.kind == CPI_IMAGE_JIT && !image->sought.inner) ||
		!image->sought.path.n)
		return CP_SYMBOLS_NOT_A_FILE;
	return CP_SYMBOLS_NO_FILE;
}

static const char *keep(struct cp_symbol_report *report, const char *text)
{
	return cpi_arena_copy(&report->text, text, strlen(text));
}

/* A path of the input, as it may be shown. */
static const char *shown(char *buf, size_t size, struct cp_text text)
{
	return cpi_text_printable(buf, size, text);
}

/* What a download could do, where there is a build id to ask by. */
static const char *or_download(const struct cpi_image *image)
{
	if (image->found.asked)
		return "; debuginfod's servers gave none";
	return image->sought.build_id.n ? ", or try --debuginfod" : "";
}

static void hint_no_file(const struct cpi_image *image, char *hint, size_t size)
{
	char path[512];

	shown(path, sizeof path, image->sought.path);
	if (image->sought.guest) {
		snprintf(hint, size,
			"code of a virtual machine's kernel: give its list of symbols "
			"(--guestkallsyms FILE) or its vmlinux (--guestvmlinux FILE)");
		return;
	}
	switch (image->sought.kind) {
	case CPI_IMAGE_KERNEL:
		snprintf(hint, size,
			"give the captured kernel's list of symbols (--kallsyms FILE) or "
			"its "
			"vmlinux (--vmlinux FILE, build id %.*s)%s",
			(int)image->sought.build_id.n, image->sought.build_id.p,
			or_download(image));
		break;
	case CPI_IMAGE_MODULE:
		snprintf(hint, size,
			"give --kallsyms FILE, or --modules DIR that holds %s", path);
		break;
	case CPI_IMAGE_BPF:
		snprintf(hint, size, "give --kallsyms FILE");
		break;
	case CPI_IMAGE_VDSO:
		snprintf(hint, size,
			"the build-id cache of the machine it was captured on has it "
			"(--buildid-dir DIR)");
		break;
	default:
		snprintf(hint, size,
			"give --binary FILE or --symfs DIR with %s%s%.*s%s%s", path,
			image->sought.build_id.n ? " (build id " : "",
			(int)image->sought.build_id.n, image->sought.build_id.p,
			image->sought.build_id.n ? ")" : "", or_download(image));
	}
}

static void hint_wrong(const struct cpi_image *image, char *hint, size_t size)
{
	char path[512];

	shown(path, sizeof path, image->found.wrong);
	if (image->sought.build_id.n)
		snprintf(hint, size,
			"%s is another build (%s%.*s, wanted %.*s): give the right "
			"one with --binary or --symfs",
			path, image->found.wrong_id.n ? "" : "no id",
			(int)image->found.wrong_id.n, image->found.wrong_id.p,
			(int)image->sought.build_id.n, image->sought.build_id.p);
	else
		snprintf(hint, size,
			"%s is newer than the capture, which has no build id to "
			"check: give the right one with --binary or --symfs",
			path);
}

/* Symbols are there, or none at all: what about the debug file? */
static void hint_debug(const struct cpi_image *image, enum cp_symbol_status status,
	char *hint, size_t size)
{
	char path[512], debug[512];

	shown(path, sizeof path, image->found.file);
	shown(debug, sizeof debug, image->found.wrong_debug);
	if (status == CP_SYMBOLS_NO_SYMBOLS && image->found.wrong_debug.n)
		snprintf(hint, size,
			"%s has no symbols for these addresses, and %s is of another "
			"build: give the right debug file with --debug-dir%s",
			path, debug, or_download(image));
	else if (status == CP_SYMBOLS_NO_SYMBOLS)
		snprintf(hint, size,
			"%s has no symbols for these addresses: install its "
			"debug file, or give it with --debug-dir%s",
			path, or_download(image));
	else if (image->found.wrong_debug.n)
		snprintf(hint, size, "no lines: %s is of another build", debug);
}

/* Parts that lie in files of their own: .dwo files, and what dwz made common. */
static void hint_missing(const struct cpi_image *image, char *hint, size_t size)
{
	char path[512], more[48] = "";

	if (!image->found.missing.n)
		return;
	if (image->found.n_missing > 1)
		snprintf(more, sizeof more, " and %zu more like it",
			image->found.n_missing - 1);
	snprintf(hint, size,
		"some inlined functions and lines are lost: %s%s is missing; put it "
		"there, beside the program, or below --symfs",
		shown(path, sizeof path, image->found.missing), more);
}

static void hint_jit(const struct cpi_image *image, char *hint, size_t size)
{
	if (image->sought.inner)
		snprintf(hint, size,
			"generated code: give --map-dir DIR with jit-%u.dump or "
			"perf-%u.map",
			image->sought.inner, image->sought.inner);
	else if (image->sought.pid)
		snprintf(hint, size,
			"generated code: give --map-dir DIR with perf-%u.map or "
			"jit-%u.dump, or --map-dir %u=FILE",
			image->sought.pid, image->sought.pid, image->sought.pid);
	else
		snprintf(hint, size, "no file is mapped there");
}

static bool describe(
	struct cp_symbol_report *report, const struct cpi_image *image, struct row *row)
{
	char hint[2048] = "", path[512];

	switch (row->public.status) {
	case CP_SYMBOLS_LINES:
		hint_missing(image, hint, sizeof hint);
		break;
	case CP_SYMBOLS_FUNCTIONS:
		hint_missing(image, hint, sizeof hint);
		if (!*hint)
			hint_debug(image, row->public.status, hint, sizeof hint);
		break;
	case CP_SYMBOLS_NO_FILE:
		if (image->sought.kind == CPI_IMAGE_JIT)
			hint_jit(image, hint, sizeof hint);
		else
			hint_no_file(image, hint, sizeof hint);
		break;
	case CP_SYMBOLS_NO_SYMBOLS:
		hint_debug(image, row->public.status, hint, sizeof hint);
		break;
	case CP_SYMBOLS_UNVOUCHED:
		snprintf(hint, sizeof hint,
			"%s of this machine is not used: the profile has neither a build id "
			"nor a time to tell if it is the captured one; --binary or --symfs "
			"says so",
			shown(path, sizeof path, image->found.wrong));
		break;
	case CP_SYMBOLS_WRONG_ID:
		hint_wrong(image, hint, sizeof hint);
		break;
	case CP_SYMBOLS_UNREADABLE:
		snprintf(hint, sizeof hint, "%s %s",
			shown(path, sizeof path, image->found.unreadable),
			image->found.why ? image->found.why
					 : "is damaged, or may not be read");
		break;
	case CP_SYMBOLS_NOT_A_FILE:
		hint_jit(image, hint, sizeof hint);
		break;
	}
	if (*hint && !(row->public.hint = keep(report, hint)))
		return false;
	if (image->found.file.n)
		row->public.file = cpi_arena_copy(
			&report->text, image->found.file.p, image->found.file.n);
	if (image->found.url.n)
		row->public.url = cpi_arena_copy(
			&report->text, image->found.url.p, image->found.url.n);
	return (!image->found.file.n || row->public.file) &&
	       (!image->found.url.n || row->public.url);
}

static bool has_id(const struct cpi_object *object)
{
	struct cp_text id = object->elf ? cpi_elf_build_id(object->elf)
					: (struct cp_text){NULL, 0};

	return id.n;
}

static enum cp_symbol_doubt doubt_of(const struct cpi_image *image)
{
	const struct cpi_found *found = &image->found;

	if (found->given)
		return CP_DOUBT_GIVEN;
	if (image->sought.kind == CPI_IMAGE_JIT)
		return CP_DOUBT_RUN;
	/* Without a program it is the running kernel's list, and that kernel has an id. */
	if ((!found->main.elf && !found->debug.elf) || has_id(&found->main) ||
		has_id(&found->debug))
		return CP_DOUBT_UNRECORDED;
	return CP_DOUBT_NO_ID;
}

/* Says where names came from that nothing vouches for. */
static bool doubt(struct cp_symbol_report *report, const struct cpi_image *image,
	struct row *row)
{
	static const char *const why[] = {
		[CP_DOUBT_GIVEN] = "which was given: there is no build id to compare",
		[CP_DOUBT_UNRECORDED] = "which may be another build: the profile has no "
					"build id of it to compare",
		[CP_DOUBT_NO_ID] = "which may be another build: it has no build id to compare",
		[CP_DOUBT_RUN] = "which may be another run's: it does not say whose it is",
	};
	struct cp_text file = image->found.main.elf ? image->found.main.path
						    : image->found.file;
	char path[512], text[700];

	if (!row->public.unverified || !file.n)
		return true;
	row->public.doubt = doubt_of(image);
	snprintf(text, sizeof text, "names are from %s, %s", shown(path, sizeof path, file),
		why[row->public.doubt]);
	row->public.doubt_text = keep(report, text);
	return row->public.doubt_text;
}

static bool fill_row(struct cp_symbol_report *report, const struct cpi_image *image,
	const struct together *sums, struct row *row)
{
	row->public.mapping = image->mapping;
	row->public.samples = sums->samples;
	row->public.addresses = sums->addresses;
	row->public.resolved = sums->resolved;
	row->public.unverified = image->found.unverified && image->resolved;
	row->lost = sums->lost;
	row->public.status = status_of(image, sums->has_lines, row);
	return doubt(report, image, row) && describe(report, image, row);
}

static int by_loss(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;

	if (a->lost != b->lost)
		return a->lost > b->lost ? -1 : 1;
	if (a->public.samples != b->public.samples)
		return a->public.samples > b->public.samples ? -1 : 1;
	return a->public.mapping.i < b->public.mapping.i ? -1 : 1;
}

/* By image: locations that carried names and were not asked for. */
static uint64_t *count_before(struct cpi_env *env, const struct cp_profile *p,
	const struct cpi_images *images, const uint32_t *image_of)
{
	uint64_t *before = cpi_alloc_zero(&env->mem, (images->n + 1) * sizeof *before);

	for (size_t i = 1; before && i < p->location.n; i++)
		before[image_of[p->location.v[i].mapping.i]]++;
	for (size_t i = 0; before && i < images->n; i++)
		before[i + 1] -= images->v[i].place.n;
	return before;
}

/* Locations that had names before count as resolved. */
static void add_up(
	const struct cpi_images *images, const uint64_t *before, struct together *t)
{
	for (size_t i = 0; i < images->n; i++) {
		struct together *first = &t[t[i].first];

		first->addresses += images->v[i].n + before[i + 1];
		first->resolved += images->v[i].resolved + before[i + 1];
		first->has_lines |= images->v[i].has_lines;
	}
}

static enum cp_code fill_rows(struct cp_symbol_report *report, const struct cp_profile *p,
	const struct cpi_images *images, const uint32_t *image_of, struct cp_error *err)
{
	struct cpi_env *env = report->env;
	uint64_t *before = count_before(env, p, images, image_of);
	struct together *together = put_together(env, images);
	bool fine = before && together && tally(env, p, images, together, image_of);

	if (fine)
		add_up(images, before, together);
	for (size_t i = 0; i < images->n && fine; i++)
		if (together[i].first == i)
			fine = fill_row(report, &images->v[i], &together[i],
				&report->row[report->n++]);
	if (fine && report->n > 1)
		qsort(report->row, report->n, sizeof *report->row, by_loss);
	cpi_free(&env->mem, before, (images->n + 1) * sizeof *before);
	cpi_free(&env->mem, together, (images->n + 1) * sizeof *together);
	return fine ? CP_OK : cpi_error_memory(err);
}

enum cp_code cpi_report_new(struct cpi_env *env, const struct cp_profile *p,
	const struct cpi_images *images, const uint32_t *image_of,
	struct cp_symbol_report **ret_report, struct cp_error *err)
{
	struct cp_symbol_report *report = cpi_alloc_zero(&env->mem, sizeof *report);
	enum cp_code code;

	if (!report)
		return cpi_error_memory(err);
	report->env = env;
	cpi_arena_init(&report->text, &env->mem);
	report->row = cpi_alloc_zero(&env->mem, images->n * sizeof *report->row);
	report->room = report->row ? images->n : 0;
	code = report->row ? fill_rows(report, p, images, image_of, err)
			   : cpi_error_memory(err);
	if (code)
		cp_symbol_report_free(report);
	else
		*ret_report = report;
	return code;
}
