/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a profile's locations to native functions: images that hold a wanted place are
 * looked for as for symbols, places become addresses as linked, and symbols give ranges.
 */
#include <elf.h>
#include <stdlib.h>

#include "locate/locate.h"
#include "object/demangle.h"
#include "object/disasm/disasm.h"
#include "object/symtab/symtab.h"
#include "op/regex.h"
#include "view/disasm/disasm.h"

enum { MOST_SIZE = 1 << 20, UNSIZED = 4096 }; /* bytes of a function that are shown */

struct cpi_asm_image {
	cp_mapping mapping; /* the first one */
	struct cpi_found found;
	bool opened; /* found is to be released */
	struct cpi_elf *code;
	CPI_VEC(struct cpi_asm_place) place;
	CPI_VEC(uint64_t) wanted; /* addresses as linked, of what matches */
};

struct finder {
	struct cpi_asm *a;
	struct cpi_search search;
	bool *wanted;     /* by location */
	uint64_t address; /* what was asked for, if that is an address */
	bool by_address;
	struct cpi_demangler demangler;
};

/* The image of every mapping: files of one path and build id are one. */
static bool number_images(struct finder *x)
{
	struct cpi_asm *a = x->a;
	const struct cp_profile *p = a->p;
	struct cpi_mem *mem = &a->env->mem;
	struct cpi_index index = {0};
	bool fine = true;

	a->image_of = cpi_alloc_zero(mem, p->mapping.n * sizeof *a->image_of);
	a->image = cpi_alloc_zero(mem, p->mapping.n * sizeof *a->image);
	if (!a->image_of || !a->image)
		return false;
	for (uint32_t i = 1; fine && i < p->mapping.n; i++) {
		const struct cp_mapping_row *m = &p->mapping.v[i];
		uint64_t hash = cpi_hash_u64((uint64_t)m->path.i << 32 | m->build_id.i);
		struct cpi_probe probe = cpi_index_find(&index, hash);
		uint32_t id;

		while ((id = cpi_index_next(&index, &probe))) {
			const struct cp_mapping_row *other =
				&p->mapping.v[a->image[id - 1].mapping.i];

			if (other->path.i == m->path.i &&
				other->build_id.i == m->build_id.i &&
				other->kind == m->kind)
				break;
		}
		if (!id) {
			a->image[a->n_images++].mapping.i = i;
			id = (uint32_t)a->n_images;
			fine = cpi_index_add(mem, &index, hash, id);
		}
		a->image_of[i] = id;
	}
	cpi_index_release(mem, &index);
	return fine;
}

static bool location_matches(
	const struct cp_profile *p, const struct cp_location_row *l, struct cpi_regex *rx)
{
	for (uint32_t k = l->first_line; k < l->first_line + l->n_lines; k++) {
		const struct cp_function_row *f = &p->function.v[p->line.v[k].function.i];

		if (f->name.i && cpi_regex_match(rx, cpi_profile_text(p, f->name)))
			return true;
	}
	return false;
}

static enum cp_code match(struct finder *x, struct cp_error *err)
{
	struct cpi_asm *a = x->a;
	const char *regex = a->report.regex ? a->report.regex : "";
	struct cpi_regex *rx = NULL;
	bool any = false;
	enum cp_code code = CP_OK;

	x->by_address =
		!strncmp(regex, "0x", 2) && cpi_text_u64(cpi_text(regex), &x->address);
	if (!x->by_address)
		code = cpi_regex_new(a->env, "disasm", cpi_text(regex), 0, &rx, err);
	for (uint32_t i = 1; !code && i < a->p->location.n; i++) {
		const struct cp_location_row *l = &a->p->location.v[i];
		const struct cp_mapping_row *m = &a->p->mapping.v[l->mapping.i];

		if (!l->mapping.i)
			continue;
		/* Of an address all places of its mapping are: the symbol decides below.
		 */
		x->wanted[i] = x->by_address
				       ? m->start <= x->address && x->address < m->limit
				       : location_matches(a->p, l, rx);
		any |= x->wanted[i];
	}
	if (!code && rx)
		code = cpi_regex_status(rx, err);
	cpi_regex_free(rx);
	if (!code && !any)
		code = cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
			x->by_address ? "no mapping with samples holds %.80s"
				      : "no function with an address matches \"%.80s\"",
			regex);
	return code;
}

static enum cpi_image_kind kind_of(const struct cp_mapping_row *m)
{
	switch (m->kind) {
	case CP_MAP_KERNEL:
		return CPI_IMAGE_KERNEL;
	case CP_MAP_MODULE:
		return CPI_IMAGE_MODULE;
	case CP_MAP_VDSO:
		return CPI_IMAGE_VDSO;
	case CP_MAP_JIT:
		return CPI_IMAGE_JIT;
	case CP_MAP_BPF:
		return CPI_IMAGE_BPF;
	default:
		return CPI_IMAGE_FILE;
	}
}

/* Finds the file; only one of the recorded build is taken. */
static enum cp_code open_image(
	struct finder *x, struct cpi_asm_image *image, struct cp_error *err)
{
	struct cpi_asm *a = x->a;
	const struct cp_mapping_row *m = &a->p->mapping.v[image->mapping.i];
	struct cpi_sought target = {.path = cpi_profile_text(a->p, m->path),
		.build_id = cpi_profile_text(a->p, m->build_id),
		.kind = kind_of(m),
		.pid = m->pid,
		.offset = m->offset};
	enum cp_code code = CP_OK;

	cpi_found_init(&image->found, a->env);
	image->opened = true;
	if (target.kind == CPI_IMAGE_FILE || target.kind == CPI_IMAGE_VDSO)
		code = cpi_locate_file(&x->search, &target, &image->found, err);
	else if (target.kind == CPI_IMAGE_KERNEL)
		(void)cpi_locate_vmlinux(&x->search, &target, &image->found);
	if (!code && image->found.dropped)
		code = cpi_error_memory(err);
	image->code = image->found.main.elf;
	if (target.kind == CPI_IMAGE_KERNEL)
		image->code = image->found.debug.elf;
	return code;
}

/* As linked: by the file's segments, or for the kernel by where its text was. */
static bool link_address(const struct cpi_asm *a, const struct cpi_asm_image *image,
	cp_mapping mapping, uint64_t address, uint64_t *ret)
{
	const struct cp_mapping_row *m = &a->p->mapping.v[mapping.i];
	uint64_t linked = 0;

	if (!image->code)
		return false;
	if (m->kind != CP_MAP_KERNEL)
		return cpi_elf_address_of(
			image->code, address - m->start + m->offset, ret);
	if (!cpi_symtab_value(image->code, "_text", &linked))
		(void)cpi_symtab_value(image->code, "_stext", &linked);
	*ret = address - (linked ? (m->offset ? m->offset : m->start) - linked : 0);
	return true;
}

static int by_address(const void *pa, const void *pb)
{
	const struct cpi_asm_place *a = pa, *b = pb;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (a->location > b->location) - (a->location < b->location);
}

static int by_value(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

	return (a > b) - (a < b);
}

static enum cp_code make_places(struct finder *x, struct cp_error *err)
{
	struct cpi_asm *a = x->a;
	struct cpi_mem *mem = &a->env->mem;

	for (uint32_t i = 1; i < a->p->location.n; i++) {
		const struct cp_location_row *l = &a->p->location.v[i];
		struct cpi_asm_image *image;
		struct cpi_asm_place place = {.location = i};

		if (!l->mapping.i || !a->image_of[l->mapping.i])
			continue;
		image = &a->image[a->image_of[l->mapping.i] - 1];
		if (!image->opened ||
			!link_address(a, image, l->mapping, l->address, &place.address))
			continue;
		if (!cpi_vec_push(mem, &image->place, place) ||
			(x->wanted[i] && !x->by_address &&
				!cpi_vec_push(mem, &image->wanted, place.address)))
			return cpi_error_memory(err);
	}
	for (uint32_t i = 1; x->by_address && i < a->p->mapping.n; i++) {
		const struct cp_mapping_row *m = &a->p->mapping.v[i];
		struct cpi_asm_image *image = &a->image[a->image_of[i] - 1];
		uint64_t address;

		if (image->opened && m->start <= x->address && x->address < m->limit &&
			link_address(a, image, (cp_mapping){i}, x->address, &address) &&
			!cpi_vec_push(mem, &image->wanted, address))
			return cpi_error_memory(err);
	}
	return CP_OK;
}

/* How far a symbol without a size reaches, within its section. */
static uint64_t section_end(struct cpi_elf *elf, uint64_t address)
{
	for (uint32_t i = 1; i < cpi_elf_header(elf)->n_sections; i++) {
		const struct cpi_elf_section *s = cpi_elf_section(elf, i);

		if (s->address <= address && address - s->address < s->size &&
			(s->flags & SHF_EXECINSTR))
			return s->address + s->size;
	}
	return address;
}

static const char *note(struct cpi_asm *a, const char *format, struct cp_text word)
{
	struct cpi_sink sink;
	const char *at = strstr(format, "%s");
	char *text;

	cpi_sink_memory(&sink, &a->env->mem);
	cpi_sink_bytes(&sink, format, at ? (size_t)(at - format) : strlen(format));
	if (at) {
		cpi_text_escape(&sink, word);
		cpi_sink_str(&sink, at + 2);
	}
	text = sink.code ? NULL : cpi_arena_copy(&a->bytes, sink.buf, sink.n);
	cpi_sink_release(&sink);
	return text;
}

/* Why there is no code: of which image, what was seen, what would help. */
static const char *why_not(struct cpi_asm *a, const struct cpi_asm_image *image)
{
	const struct cp_mapping_row *m = &a->p->mapping.v[image->mapping.i];
	const struct cpi_found *f = &image->found;

	if (kind_of(m) == CPI_IMAGE_JIT || kind_of(m) == CPI_IMAGE_BPF)
		return note(a, "generated code is in no file", (struct cp_text){0});
	if (kind_of(m) == CPI_IMAGE_MODULE)
		return note(a,
			"code of kernel modules is moved when they are loaded; it is not "
			"shown",
			(struct cp_text){0});
	if (kind_of(m) == CPI_IMAGE_KERNEL)
		return note(a,
			"no vmlinux of this kernel was found; --vmlinux FILE names it",
			(struct cp_text){0});
	if (f->wrong.n && f->undated)
		return note(a,
			"nothing says that %s is the captured one; --binary FILE does",
			f->wrong);
	if (f->wrong.n)
		return note(a,
			"%s is of another build; --binary FILE names the right one",
			f->wrong);
	if (f->unreadable.n)
		return note(a, "%s cannot be read", f->unreadable);
	return note(a, "%s is not here; --binary FILE or --symfs DIR says where it is",
		cpi_profile_text(a->p, m->path));
}

static bool add_function(
	struct finder *x, uint32_t image, const struct cpi_symbol *symbol)
{
	struct cpi_asm *a = x->a;
	struct cp_text name = cpi_demangle(&x->demangler, symbol->name);
	struct cpi_asm_function f = {
		.image = image, .start = symbol->start, .size = symbol->size};
	uint64_t end = section_end(a->image[image].code, f.start);

	if (!f.size || f.size > end - f.start)
		f.size = !f.size && end - f.start > UNSIZED ? UNSIZED : end - f.start;
	if (f.size > MOST_SIZE) {
		f.size = MOST_SIZE;
		f.note = "only the first MiB is shown";
	}
	f.name.n = name.n;
	f.name.p = cpi_arena_copy(&a->bytes, name.p, name.n);
	return f.name.p && cpi_vec_push(&a->env->mem, &a->function, f);
}

/* Ranges of the wanted addresses, by the symbol tables there are; each once. */
static enum cp_code make_functions(
	struct finder *x, uint32_t number, struct cp_error *err)
{
	struct cpi_asm *a = x->a;
	struct cpi_asm_image *image = &a->image[number];
	struct cpi_mem *mem = &a->env->mem;
	struct cpi_elf *tables[] = {
		image->found.main.elf, image->found.debug.elf, image->found.mini.elf};
	size_t n = 0;
	struct cpi_symbol *symbol;
	enum cp_code code = CP_OK;

	qsort(image->wanted.v, image->wanted.n, sizeof *image->wanted.v, by_value);
	for (size_t i = 0; i < image->wanted.n; i++)
		if (!n || image->wanted.v[i] != image->wanted.v[n - 1])
			image->wanted.v[n++] = image->wanted.v[i];
	symbol = cpi_alloc_zero(mem, n * sizeof *symbol);
	if (!symbol)
		return cpi_error_memory(err);
	/* A damaged table costs its names only. */
	for (size_t i = 0; !code && i < 3; i++)
		if (tables[i] && cpi_symtab_resolve(a->env, tables[i], image->wanted.v, n,
					 symbol, err) == CP_ERROR_MEMORY)
			code = CP_ERROR_MEMORY;
	for (size_t i = 0; !code && i < n; i++)
		if (symbol[i].name.p &&
			(!i || symbol[i].start != symbol[i - 1].start ||
				!symbol[i - 1].name.p) &&
			!add_function(x, number, &symbol[i]))
			code = cpi_error_memory(err);
	cpi_free(mem, symbol, n * sizeof *symbol);
	return code;
}

/* An image without code is one row that says why. */
static enum cp_code add_missing(struct cpi_asm *a, uint32_t number, struct cp_error *err)
{
	struct cpi_asm_function f = {
		.image = number, .note = why_not(a, &a->image[number])};

	return f.note && cpi_vec_push(&a->env->mem, &a->function, f)
		       ? CP_OK
		       : cpi_error_memory(err);
}

static enum cp_code find(struct finder *x, struct cp_error *err)
{
	struct cpi_asm *a = x->a;
	enum cp_code code = match(x, err);

	for (uint32_t i = 1; !code && i < a->p->location.n; i++) {
		struct cpi_asm_image *image;

		if (!x->wanted[i])
			continue;
		image = &a->image[a->image_of[a->p->location.v[i].mapping.i] - 1];
		if (!image->opened)
			code = open_image(x, image, err);
	}
	if (!code)
		code = make_places(x, err);
	for (uint32_t i = 0; !code && i < a->n_images; i++) {
		struct cpi_asm_image *image = &a->image[i];

		if (!image->opened)
			continue;
		if (image->place.n)
			qsort(image->place.v, image->place.n, sizeof *image->place.v,
				by_address);
		if (!image->code)
			code = add_missing(a, i, err);
		else if (image->wanted.n)
			code = make_functions(x, i, err);
	}
	if (!code && !a->function.n)
		code = cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
			"no symbol covers what matches \"%.80s\"",
			a->report.regex ? a->report.regex : "");
	return code;
}

enum cp_code cpi_asm_find(struct cpi_asm *a, struct cp_error *err)
{
	struct cpi_mem *mem = &a->env->mem;
	struct finder x = {.a = a, .wanted = cpi_alloc_zero(mem, a->p->location.n)};
	enum cp_code code = cpi_search_init(&x.search, a->env, &a->symbols, a->p, err);

	cpi_demangler_init(&x.demangler, a->env, a->symbols.demangle, false);
	if (!code && (!x.wanted || !number_images(&x)))
		code = cpi_error_memory(err);
	if (!code)
		code = find(&x, err);
	cpi_demangler_release(&x.demangler);
	cpi_search_release(&x.search);
	cpi_free(mem, x.wanted, a->p->location.n);
	return code;
}

void cpi_asm_images_release(struct cpi_asm *a)
{
	struct cpi_mem *mem = &a->env->mem;

	for (size_t i = 0; i < a->n_images; i++) {
		cpi_vec_release(mem, &a->image[i].place);
		cpi_vec_release(mem, &a->image[i].wanted);
		if (a->image[i].opened)
			cpi_found_release(&a->image[i].found, a->env);
	}
	cpi_free(mem, a->image, a->image ? a->p->mapping.n * sizeof *a->image : 0);
	cpi_free(mem, a->image_of,
		a->image_of ? a->p->mapping.n * sizeof *a->image_of : 0);
}

const uint8_t *cpi_asm_code(
	struct cpi_asm *a, const struct cpi_asm_function *f, size_t *ret_n)
{
	struct cpi_elf *elf = a->image[f->image].code;

	for (uint32_t i = 1; elf && i < cpi_elf_header(elf)->n_sections; i++) {
		const struct cpi_elf_section *s = cpi_elf_section(elf, i);
		const uint8_t *bytes;
		uint64_t at = f->start - s->address;
		struct cp_error err;
		size_t n;

		if (!(s->flags & SHF_EXECINSTR) || f->start < s->address ||
			at >= s->size ||
			cpi_elf_section_bytes(elf, i, &bytes, &n, &err) || at >= n)
			continue;
		*ret_n = n - at < f->size ? n - at : f->size;
		return bytes + at;
	}
	return NULL;
}

const struct cpi_asm_place *cpi_asm_places(
	const struct cpi_asm *a, const struct cpi_asm_function *f, size_t *ret_n)
{
	const struct cpi_asm_image *image = &a->image[f->image];
	size_t low = 0, high = image->place.n, end;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (image->place.v[middle].address < f->start)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low;
		end < image->place.n && image->place.v[end].address - f->start < f->size;
		end++)
		;
	*ret_n = end - low;
	return image->place.v + low;
}

const char *cpi_asm_file(const struct cpi_asm *a, uint32_t image)
{
	const struct cpi_found *f = &a->image[image].found;

	return a->image[image].code == f->main.elf && f->main.elf ? f->main.path.p
	       : a->image[image].code                             ? f->debug.path.p
								  : NULL;
}

struct cp_text cpi_asm_path(const struct cpi_asm *a, uint32_t image)
{
	return cpi_profile_text(a->p, a->p->mapping.v[a->image[image].mapping.i].path);
}

enum cp_code cpi_asm_decoder(
	struct cpi_asm *a, uint32_t image, struct cpi_disasm **ret, struct cp_error *err)
{
	const struct cpi_elf_header *h = cpi_elf_header(a->image[image].code);

	return cpi_disasm_open(
		a->env, h->machine, h->is64, h->swap, a->options.intel, ret, err);
}

struct cpi_elf *cpi_asm_debug(const struct cpi_asm *a, uint32_t image)
{
	const struct cpi_found *f = &a->image[image].found;

	return f->debug.elf && f->debug.debug ? f->debug.elf : f->main.elf;
}
