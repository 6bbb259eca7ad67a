/* SPDX-License-Identifier: Apache-2.0 */
/* What a frame is called that has no function. */
#include "model/name.h"

static bool is_bracketed(struct cp_text text)
{
	return text.n >= 2 && text.p[0] == '[' && text.p[text.n - 1] == ']';
}

struct cpi_name cpi_name_of_mapping(const struct cp_profile *p, cp_mapping mapping)
{
	struct cp_text deleted = CPI_TEXT(" (deleted)");
	struct cp_text path = cpi_profile_text(p, p->mapping.v[mapping.i].path), base;
	const char *close;

	if (cpi_text_ends(path, deleted))
		path.n -= deleted.n;
	/*
	 * "[kernel.kallsyms]_text": what follows the bracket says how it was
	 * relocated.
	 */
	close = path.n && *path.p == '[' ? memrchr(path.p, ']', path.n) : NULL;
	if (close)
		path.n = (size_t)(close + 1 - path.p);
	base = is_bracketed(path) ? path : cpi_text_basename(path);
	if (!base.n)
		return (struct cpi_name){CPI_TEXT("[unknown]"), false};
	return (struct cpi_name){base, !is_bracketed(base)};
}

struct cpi_name cpi_name_of(
	const struct cp_profile *p, cp_location location, uint32_t line)
{
	const struct cp_location_row *row = &p->location.v[location.i];

	if (line < row->n_lines) {
		cp_function id = p->line.v[row->first_line + line].function;
		const struct cp_function_row *f = &p->function.v[id.i];
		cp_string name = f->name.i ? f->name : f->system_name;

		if (name.i)
			return (struct cpi_name){cpi_profile_text(p, name), false};
	}
	return cpi_name_of_mapping(p, row->mapping);
}

void cpi_name_append(struct cpi_sink *sink, struct cpi_name name)
{
	if (name.bracket)
		cpi_sink_char(sink, '[');
	cpi_sink_bytes(sink, name.text.p, name.text.n);
	if (name.bracket)
		cpi_sink_char(sink, ']');
}

bool cpi_mapping_is_kernel(const struct cp_profile *p, cp_mapping mapping)
{
	const struct cp_mapping_row *row = &p->mapping.v[mapping.i];
	struct cp_text path = cpi_profile_text(p, row->path), base;

	if (row->kind != CP_MAP_UNKNOWN)
		return row->kind == CP_MAP_KERNEL || row->kind == CP_MAP_MODULE ||
			row->kind == CP_MAP_BPF;
	base = cpi_text_basename(path);
	return cpi_text_starts(path, CPI_TEXT("[kernel")) ||
		cpi_text_starts(path, CPI_TEXT("[guest.kernel")) ||
		cpi_text_starts(base, CPI_TEXT("vmlinux")) ||
		cpi_text_ends(path, CPI_TEXT(".ko")) ||
		cpi_text_ends(path, CPI_TEXT(".ko.xz")) ||
		cpi_text_ends(path, CPI_TEXT(".ko.zst")) ||
		cpi_text_ends(path, CPI_TEXT(".ko.gz"));
}

bool cpi_mapping_is_jit(const struct cp_profile *p, cp_mapping mapping)
{
	const struct cp_mapping_row *row = &p->mapping.v[mapping.i];
	struct cp_text base = cpi_text_basename(cpi_profile_text(p, row->path));

	if (row->kind != CP_MAP_UNKNOWN)
		return row->kind == CP_MAP_JIT;
	return cpi_text_starts(base, CPI_TEXT("perf-")) &&
		cpi_text_ends(base, CPI_TEXT(".map"));
}

const char *cpi_mapping_kind_name(uint8_t kind)
{
	static const char *const names[] = {[CP_MAP_USER] = "user",
		[CP_MAP_KERNEL] = "kernel",
		[CP_MAP_MODULE] = "module",
		[CP_MAP_VDSO] = "vdso",
		[CP_MAP_JIT] = "jit",
		[CP_MAP_BPF] = "bpf",
		[CP_MAP_GUEST] = "guest"};

	return kind < sizeof names / sizeof *names ? names[kind] : NULL;
}

const struct cp_label *cpi_label_find(
	const struct cp_profile *p, cp_labels labels, struct cp_text key)
{
	uint32_t n;
	const struct cp_label *label = cpi_profile_label_set(p, labels, &n);

	for (uint32_t i = 0; i < n; i++)
		if (cpi_text_equal(cpi_profile_text(p, label[i].key), key))
			return &label[i];
	return NULL;
}

static void append_id(struct cpi_sink *sink, const struct cp_profile *p, cp_labels labels,
	struct cp_text key)
{
	const struct cp_label *label = cpi_label_find(p, labels, key);

	if (!label) {
		cpi_sink_char(sink, '?');
	} else if (cpi_label_is_string(label)) {
		struct cp_text text = cpi_profile_text(p, label->str);

		cpi_sink_bytes(sink, text.p, text.n);
	} else {
		cpi_sink_i64(sink, label->num);
	}
}

void cpi_name_root(struct cpi_sink *sink, const struct cp_profile *p, cp_labels labels,
	enum cp_root root)
{
	const struct cp_label *comm = NULL;

	if (root == CP_ROOT_NONE)
		return;
	comm = cpi_label_find(p, labels, CPI_TEXT("comm"));
	if (!comm && root != CP_ROOT_PID && root != CP_ROOT_TID)
		return;
	if (comm)
		append_id(sink, p, labels, CPI_TEXT("comm"));
	else
		cpi_sink_char(sink, '?');
	if (root != CP_ROOT_PID && root != CP_ROOT_TID)
		return;
	cpi_sink_char(sink, '-');
	append_id(sink, p, labels, CPI_TEXT("pid"));
	if (root == CP_ROOT_TID) {
		cpi_sink_char(sink, '/');
		append_id(sink, p, labels, CPI_TEXT("tid"));
	}
}
