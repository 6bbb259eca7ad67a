/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the kernel: vmlinux, modules, kallsyms, and the code it maps into processes.
 */
#include <dirent.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/utsname.h>

#include "base/named.h"
#include "locate/hunt.h"
#include "locate/list_cache.h"
#include "object/kernel/kernel.h"
#include "object/notes.h"

/* A search of a directory tree for one module stops here. */
enum { MOST_DEPTH = 12, MOST_ENTRIES = 200000 };

bool cpi_hunt_vmlinux_option(struct cpi_hunt *hunt)
{
	const struct cp_symbolize_options *o = hunt->search->options;
	const char *vmlinux = hunt->sought->guest ? o->guest_vmlinux : o->vmlinux;

	return vmlinux && cpi_hunt_try_given(hunt, vmlinux);
}

bool cpi_locate_vmlinux(const struct cpi_search *search, const struct cpi_sought *sought,
	struct cpi_found *found)
{
	struct cpi_hunt hunt = cpi_hunt_for(search, sought, found, CPI_WANT_VMLINUX);

	hunt.into = &found->debug;
	return cpi_hunt_run(&hunt);
}

static bool try_module(
	struct cpi_hunt *hunt, const char *root, const char *dir, struct cp_text file)
{
	struct cpi_where where = {.root = root, .given = true};
	int n = snprintf(
		where.path, sizeof where.path, "%s/%.*s", dir, (int)file.n, file.p);

	return n > 0 && (size_t)n < sizeof where.path && cpi_hunt_try(hunt, &where);
}

static bool open_modules_dep(
	struct cpi_hunt *hunt, const char *root, const char *dir, struct cpi_blob *blob)
{
	char path[PATH_MAX];
	struct cpi_named file;
	const char *why;
	enum cp_code code;

	if ((size_t)snprintf(path, sizeof path, "%s/modules.dep", dir) >= sizeof path ||
		!cpi_named_open(root, path, &file, &why))
		return false;
	code = cpi_named_read(hunt->search->env, &file, path, blob, NULL);
	cpi_named_close(&file);
	return !code;
}

/* modules.dep names every module's file: "kernel/fs/xfs/xfs.ko.xz: …". */
static bool in_modules_dep(struct cpi_hunt *hunt, const char *root, const char *dir)
{
	struct cp_text wanted = cpi_module_name(hunt->sought->path);
	struct cpi_blob blob = {0};
	const char *at, *end;
	bool found = false;

	if (!open_modules_dep(hunt, root, dir, &blob))
		return false;
	at = (const char *)blob.bytes;
	for (end = at + blob.n; at < end && !found;) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		const char *stop = eol ? eol : end,
			   *colon = memchr(at, ':', (size_t)(stop - at));
		struct cp_text file = {at, (size_t)((colon ? colon : stop) - at)};

		if (colon && cpi_module_same(cpi_module_name(file), wanted))
			found = try_module(hunt, root, file.p[0] == '/' ? "" : dir, file);
		at = eol ? eol + 1 : end;
	}
	cpi_blob_release(hunt->search->env, &blob);
	return found;
}

/* A tree without an index; its depth and size bound the walk, not a stranger's input. */
static bool in_tree(
	struct cpi_hunt *hunt, const char *dir, struct cp_text wanted, unsigned depth)
{
	DIR *d = depth < MOST_DEPTH ? opendir(dir) : NULL;
	struct dirent *entry;
	bool found = false;

	while (d && !found && hunt->entries++ < MOST_ENTRIES && (entry = readdir(d))) {
		struct cp_text name = cpi_text(entry->d_name);
		char path[PATH_MAX];

		if (entry->d_name[0] == '.' ||
			(size_t)snprintf(path, sizeof path, "%s/%s", dir,
				entry->d_name) >= sizeof path)
			continue;
		if (entry->d_type == DT_DIR)
			found = in_tree(hunt, path, wanted, depth + 1);
		else if (memmem(name.p, name.n, ".ko", 3) &&
			 cpi_module_same(cpi_module_name(name), wanted))
			found = try_module(hunt, "", dir, name);
	}
	if (d)
		closedir(d);
	return found;
}

/* Below `root`, where `path` leads to the tree of all releases. */
static bool in_release(struct cpi_hunt *hunt, const char *root, const char *path)
{
	struct cp_text release = hunt->search->release;
	char dir[PATH_MAX];
	int n = snprintf(
		dir, sizeof dir, "%s/lib/modules/%.*s", path, (int)release.n, release.p);

	return release.n && !memchr(release.p, '/', release.n) && n > 0 &&
	       (size_t)n < sizeof dir && in_modules_dep(hunt, root, dir);
}

bool cpi_hunt_modules_option(struct cpi_hunt *hunt)
{
	const struct cp_symbolize_options *o = hunt->search->options;
	const char *dir = hunt->sought->guest ? o->guest_modules : o->modules;

	return dir && (in_release(hunt, "", dir) || in_modules_dep(hunt, "", dir) ||
			      in_tree(hunt, dir, cpi_module_name(hunt->sought->path), 0));
}

bool cpi_hunt_modules_symfs(struct cpi_hunt *hunt)
{
	const char *symfs = hunt->search->options->symfs;

	return symfs && in_release(hunt, symfs, "");
}

bool cpi_hunt_modules_here(struct cpi_hunt *hunt)
{
	return in_release(hunt, "", "");
}

bool cpi_locate_module(const struct cpi_search *search, const struct cpi_sought *sought,
	struct cpi_found *found)
{
	struct cpi_hunt hunt = cpi_hunt_for(search, sought, found, CPI_WANT_MODULE);

	hunt.into = &found->main;
	/* A file that is not vouched for by a build id is not taken unasked. */
	if (!cpi_hunt_run(&hunt) && search->options->no_inlines) {
		hunt.want = CPI_WANT_MODULE_DEBUG;
		(void)cpi_hunt_run(&hunt);
	}
	if (!found->main.debug && !search->options->no_inlines) {
		hunt.want = CPI_WANT_MODULE_DEBUG;
		hunt.into = &found->debug;
		(void)cpi_hunt_run(&hunt);
	}
	found->unverified = found->main.elf && !sought->build_id.n;
	return found->main.elf || found->debug.elf;
}

bool cpi_running_release_is(struct cp_text release)
{
	struct utsname name;

	return !uname(&name) && cpi_text_equal(cpi_text(name.release), release);
}

/* The build id of the kernel this program runs on. */
static bool running_kernel_is(
	const struct cpi_search *search, const struct cpi_build_id *id)
{
	struct cpi_blob notes;
	struct cpi_build_id own;

	if (cpi_file_read(search->env, "/sys/kernel/notes", &notes, NULL))
		return false;
	own = cpi_build_id_of_bytes(
		cpi_note_find(notes.bytes, notes.n, false, 4, "GNU", 3));
	cpi_blob_release(search->env, &notes);
	return cpi_build_id_fits(id, &own);
}

static const char *given_list(
	const struct cpi_search *search, const struct cpi_sought *sought)
{
	return sought->guest ? search->options->guest_kallsyms
			     : search->options->kallsyms;
}

bool cpi_hunt_kallsyms_option(struct cpi_hunt *hunt)
{
	const char *kallsyms = given_list(hunt->search, hunt->sought);

	return kallsyms && cpi_hunt_try_given(hunt, kallsyms);
}

/* The running kernel's list, or the copy of it that an earlier run kept. */
static bool try_own_list(struct cpi_hunt *hunt)
{
	/* One of the few files of the kernel that are read, because we name it. */
	static const char own[] = "/proc/kallsyms";
	struct cpi_list_cache cache;
	bool cached = cpi_list_cache_init(&cache, hunt->search->env);
	char path[PATH_MAX];

	if (cached && cpi_list_cache_find(&cache, path, sizeof path) &&
		cpi_hunt_try_given(hunt, path)) {
		hunt->found->list_path = CPI_TEXT(own);
		return true;
	}
	if (!cpi_hunt_try_given(hunt, own))
		return false;
	if (cached)
		cpi_list_cache_keep(&cache, hunt->found->list.bytes, hunt->found->list.n);
	return true;
}

/* Pipes and compressed captures carry no build ids: then the release must do. */
bool cpi_hunt_kallsyms_here(struct cpi_hunt *hunt)
{
	return cpi_running_release_is(hunt->search->release) &&
	       (!cpi_build_id_any(&hunt->id) ||
		       running_kernel_is(hunt->search, &hunt->id)) &&
	       try_own_list(hunt);
}

bool cpi_locate_kallsyms(const struct cpi_search *search, const struct cpi_sought *kernel,
	struct cpi_found *found, bool *ret_verified)
{
	struct cpi_hunt hunt = cpi_hunt_for(search, kernel, found, CPI_WANT_KALLSYMS);
	const char *given = given_list(search, kernel);

	if (!cpi_hunt_run(&hunt))
		return false;
	*ret_verified = cpi_build_id_any(&hunt.id) &&
			!(given && cpi_text_equal(found->list_path, cpi_text(given)));
	return true;
}

bool cpi_locate_guest_modules(const struct cpi_search *search, struct cpi_blob *ret_blob)
{
	const char *file = search->options->guest_modules;

	return file && !cpi_file_read(search->env, file, ret_blob, NULL);
}

bool cpi_locate_own_vdso(const struct cpi_search *search, const struct cpi_sought *sought,
	struct cpi_found *found)
{
	const uint8_t *bytes = (const uint8_t *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct cpi_build_id wanted = cpi_build_id_read(sought->build_id), own;
	struct cpi_object *object = &found->main;
	Elf64_Ehdr header;
	size_t n;

	if (!bytes || sizeof(void *) != 8)
		return false;
	memcpy(&header, bytes, sizeof header);
	n = header.e_shoff + (size_t)header.e_shnum * header.e_shentsize;
	if (cpi_elf_open(search->env, bytes, n, &object->elf, NULL))
		return false;
	own = cpi_build_id_of_bytes(cpi_elf_build_id(object->elf));
	if (cpi_build_id_any(&wanted) ? !cpi_build_id_fits(&wanted, &own)
				      : !cpi_running_release_is(search->release)) {
		cpi_object_close(object, search->env);
		return false;
	}
	object->code = true;
	object->root = "";
	object->path = CPI_TEXT("[vdso]");
	return true;
}
