/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes show: texts, frames, and the frames that a location stands for. */
#include "op/tree/add.h"

#include "base/sink.h"
#include "model/name.h"

bool cpi_tree_out_of_memory(struct tree_adding *a)
{
	(void)cpi_error_memory(a->err);
	return false;
}

/* Names as long as novels keep their start; a hash of the whole keeps them apart. */
static struct cp_text shorten(struct cpi_tree *tree, struct cp_text text, char *buf)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t hash = cpi_hash(text.p, text.n);
	size_t n = CPI_TREE_NAME_MAX - 32;

	while (n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	memcpy(buf, text.p, n);
	memcpy(buf + n, "…#", 4);
	n += 4;
	for (unsigned i = 0; i < 16; i++)
		buf[n++] = hex[hash >> (60 - 4 * i) & 15];
	tree->cut_names++;
	return (struct cp_text){buf, n};
}

static bool text_id(struct tree_adding *a, struct cp_text text, uint32_t *ret_id)
{
	struct cpi_tree *tree = a->tree;
	struct cpi_mem *mem = &tree->env->mem;
	char buf[CPI_TREE_NAME_MAX];
	struct cpi_probe probe;
	uint64_t hash;
	char *copy;

	*ret_id = 0;
	if (!text.n)
		return true;
	if (text.n > CPI_TREE_NAME_MAX)
		text = shorten(tree, text, buf);
	hash = cpi_hash(text.p, text.n);
	probe = cpi_index_find(&tree->texts, hash);
	while ((*ret_id = cpi_index_next(&tree->texts, &probe)))
		if (cpi_text_equal(tree->text.v[*ret_id], text))
			return true;
	copy = cpi_arena_copy(&tree->bytes, text.p, text.n);
	if (!copy || !cpi_vec_push(mem, &tree->text, (struct cp_text){copy, text.n}))
		return cpi_tree_out_of_memory(a);
	*ret_id = (uint32_t)(tree->text.n - 1);
	return cpi_index_add(mem, &tree->texts, hash, *ret_id) ||
	       cpi_tree_out_of_memory(a);
}

static bool frames_equal(const struct cpi_tree_frame *a, const struct cpi_tree_frame *b)
{
	return a->name == b->name && a->module == b->module && a->file == b->file &&
		a->line == b->line && a->flags == b->flags;
}

static bool frame_id(
	struct tree_adding *a, const struct cpi_tree_frame *row, uint32_t *ret_id)
{
	struct cpi_tree *tree = a->tree;
	struct cpi_mem *mem = &tree->env->mem;
	uint64_t hash = cpi_hash_mix((uint64_t)row->name << 32 | row->module,
		(uint64_t)row->file << 32 | (row->line << 3 | row->flags));
	struct cpi_probe probe = cpi_index_find(&tree->frames, hash);

	while ((*ret_id = cpi_index_next(&tree->frames, &probe)))
		if (frames_equal(&tree->frame.v[*ret_id], row))
			return true;
	if (!cpi_vec_push(mem, &tree->frame, *row))
		return cpi_tree_out_of_memory(a);
	*ret_id = (uint32_t)(tree->frame.n - 1);
	return cpi_index_add(mem, &tree->frames, hash, *ret_id) ||
	       cpi_tree_out_of_memory(a);
}

static uint8_t mapping_flags(const struct cp_profile *p, cp_mapping mapping)
{
	return (cpi_mapping_is_kernel(p, mapping) ? CPI_FRAME_KERNEL : 0) |
		(cpi_mapping_is_jit(p, mapping) ? CPI_FRAME_JIT : 0);
}

/* Folded stacks say with an ending what other formats say with a mapping. */
static uint8_t ending_flags(struct cp_text name)
{
	if (name.n < 4 || memcmp(name.p + name.n - 4, "_[", 2) ||
		name.p[name.n - 1] != ']')
		return 0;
	switch (name.p[name.n - 2]) {
	case 'k':
		return CPI_FRAME_KERNEL;
	case 'i':
		return CPI_FRAME_INLINED;
	case 'j':
		return CPI_FRAME_JIT;
	default:
		return 0;
	}
}

/* A path without the "./" that builds in their own folder put in front. */
static struct cp_text clean(struct cp_text path)
{
	while (cpi_text_starts(path, CPI_TEXT("./"))) {
		path.p += 2;
		path.n -= 2;
	}
	return path;
}

/* What --granularity asks for beside the function, as reports print it. */
static void append_name(struct tree_adding *a, struct cpi_sink *sink,
	cp_location location, const struct cp_line_row *line, struct cpi_name name)
{
	const struct cpi_tree_options *options = &a->tree->options;
	const struct cp_profile *p = a->p;
	uint64_t address = p->location.v[location.i].address;
	struct cp_text file = line
		? clean(cpi_profile_text(p, p->function.v[line->function.i].file))
		: CPI_TEXT("");
	bool files = options->names == CP_BY_FILEFUNCTION || options->names == CP_BY_LINE;

	if (options->addresses && address) {
		cpi_sink_hex(sink, address, 16);
		cpi_sink_char(sink, ' ');
	}
	if (options->names == CP_BY_FILE && file.n)
		cpi_sink_bytes(sink, file.p, file.n);
	else
		cpi_name_append(sink, name);
	if (!files || !file.n)
		return;
	cpi_sink_char(sink, ' ');
	cpi_sink_bytes(sink, file.p, file.n);
	if (options->names == CP_BY_LINE && line->line > 0)
		cpi_sink_printf(sink, ":%lld", (long long)line->line);
}

/* The id of a frame's name; stand-ins get their brackets. */
static bool name_id(struct tree_adding *a, cp_location location,
	const struct cp_line_row *line, struct cpi_name name, uint32_t *ret_id)
{
	const struct cpi_tree_options *options = &a->tree->options;
	bool plain = !options->addresses &&
		(options->names == CP_BY_ADDRESS || options->names == CP_BY_FUNCTION);
	struct cpi_sink sink;
	bool ok;

	if (plain && !name.bracket && !options->rename)
		return text_id(a, name.text, ret_id);
	cpi_sink_memory(&sink, &a->tree->env->mem);
	if (plain && !name.bracket)
		options->rename(&sink, name.text);
	else
		append_name(a, &sink, location, line, name);
	ok = sink.code ? cpi_tree_out_of_memory(a)
		: text_id(a, (struct cp_text){(char *)sink.buf, sink.n}, ret_id);
	cpi_sink_release(&sink);
	return ok;
}

static bool add_frame(
	struct tree_adding *a, const struct cpi_tree_frame *row, int64_t line)
{
	uint32_t id, at = line > 0 && line < UINT32_MAX / 8 ? (uint32_t)line : 0;

	a->lines |= at != 0;

	return frame_id(a, row, &id) &&
		(cpi_vec_push(&a->tree->env->mem, &a->step,
			 (struct tree_step){id, row->name, at}) ||
			cpi_tree_out_of_memory(a));
}

bool cpi_tree_make_place(struct tree_adding *a, cp_location id)
{
	const struct cp_profile *p = a->p;
	const struct cp_location_row *row = &p->location.v[id.i];
	struct tree_place *place = &a->place[id.i];
	uint8_t flags = mapping_flags(p, row->mapping);
	struct cpi_tree_frame frame = {.flags = flags};

	place->first = (uint32_t)a->step.n;
	if (!text_id(a, cpi_profile_text(p, p->mapping.v[row->mapping.i].path),
		    &frame.module))
		return false;
	if (!row->n_lines && (!name_id(a, id, NULL, cpi_name_of(p, id, 0), &frame.name) ||
				     !add_frame(a, &frame, 0)))
		return false;
	for (uint32_t i = row->n_lines; i--;) {
		const struct cp_line_row *line = &p->line.v[row->first_line + i];
		const struct cp_function_row *f = &p->function.v[line->function.i];
		struct cpi_name name = cpi_name_of(p, id, i);

		frame.line = f->start_line > 0 && f->start_line < UINT32_MAX / 8
			? (uint32_t)f->start_line : 0;
		frame.flags = flags | ending_flags(name.text) |
			(i + 1 < row->n_lines ? CPI_FRAME_INLINED : 0);
		if (!name_id(a, id, line, name, &frame.name) ||
			!text_id(a, clean(cpi_profile_text(p, f->file)), &frame.file) ||
			!add_frame(a, &frame, line->line))
			return false;
	}
	place->n = (uint32_t)(a->step.n - place->first);
	return true;
}

bool cpi_tree_root_frame(
	struct tree_adding *a, enum cp_root root, cp_labels labels, uint32_t *ret_id)
{
	struct cpi_tree_frame frame = {0};
	struct cpi_sink sink;
	bool ok;

	*ret_id = 0;
	if (root == CP_ROOT_NONE || !labels.i)
		return true;
	cpi_sink_memory(&sink, &a->tree->env->mem);
	cpi_name_root(&sink, a->p, labels, root);
	ok = sink.code ? cpi_tree_out_of_memory(a)
		: text_id(a, (struct cp_text){(char *)sink.buf, sink.n}, &frame.name);
	ok = ok && (!frame.name || frame_id(a, &frame, ret_id));
	cpi_sink_release(&sink);
	return ok;
}
