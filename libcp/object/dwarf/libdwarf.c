/* SPDX-License-Identifier: Apache-2.0 */
/* All use of libdwarf: the list of units, and .debug_aranges. */
#include "object/dwarf/libdwarf.h"

#include <pthread.h>

#ifdef CPI_LIBDWARF_IN_FOLDER
#include <libdwarf/dwarf.h>
#include <libdwarf/libdwarf.h>
#else
#include <dwarf.h>
#include <libdwarf.h>
#endif

#include "base/error.h"

/*
 * The generations differ in names and widths, not in
 * meaning; the newer has this macro.
 */
#ifdef DW_LIBDWARF_VERSION_MAJOR
#define NEWER 1
#else
#define NEWER 0
#endif

#if !NEWER
typedef Dwarf_Obj_Access_Interface access_interface;
typedef Dwarf_Obj_Access_Methods access_methods;
typedef Dwarf_Obj_Access_Section access_section;
typedef Dwarf_Half section_index;
typedef Dwarf_Endianness byte_order;
#define METHOD(name) .name
#define FIELD(name) name
#define ACCESS(name) name
#define BIG DW_OBJECT_MSB
#define LITTLE DW_OBJECT_LSB
#else
typedef struct Dwarf_Obj_Access_Interface_a_s access_interface;
typedef struct Dwarf_Obj_Access_Methods_a_s access_methods;
typedef struct Dwarf_Obj_Access_Section_a_s access_section;
typedef Dwarf_Unsigned section_index;
typedef Dwarf_Small byte_order;
#define METHOD(name) .om_##name
#define FIELD(name) as_##name
#define ACCESS(name) ai_##name
#define BIG DW_END_big
#define LITTLE DW_END_little
#endif

struct cpi_libdwarf;

/*
 * What libdwarf knows as our object. 20210528 keeps, in a static, a function of its own
 * ELF reader since the last file opened that way anywhere in the process, and calls it on
 * every object, also on ours: it follows a pointer that it takes to be the section
 * headers. So all that may be this pointer (offset 0xa8 in Debian's build) leads to
 * zeros, for each section.
 */
struct shield {
	struct cpi_libdwarf *ld;
	const void *headers[63];
};

static const char zeros[16384];

struct cpi_libdwarf {
	struct cpi_env *env;
	const struct cpi_libdwarf_object *object;
	access_interface access;
	Dwarf_Debug dbg;
	struct shield shield;
};

static const struct cpi_libdwarf *behind(void *obj)
{
	return ((const struct shield *)obj)->ld;
}

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* Section 0 is ELF's empty one; ours follow. */
static int get_section_info(void *obj, section_index i, access_section *ret, int *error)
{
	const struct cpi_libdwarf *ld = behind(obj);

	(void)error;
	memset(ret, 0, sizeof *ret);
	ret->FIELD(name) = "";
	if (i > ld->object->n_sections)
		return DW_DLV_NO_ENTRY;
	if (i) {
		ret->FIELD(name) = ld->object->section[i - 1].name;
		ret->FIELD(size) = ld->object->section[i - 1].n;
		ret->FIELD(type) = 1; /* SHT_PROGBITS */
	}
	return DW_DLV_OK;
}

static byte_order get_byte_order(void *obj)
{
	const struct cpi_libdwarf *ld = behind(obj);

	return ld->object->big_endian ? BIG : LITTLE;
}

static Dwarf_Small get_word_size(void *obj)
{
	const struct cpi_libdwarf *ld = behind(obj);

	return ld->object->is64 ? 8 : 4;
}

static Dwarf_Unsigned get_section_count(void *obj)
{
	const struct cpi_libdwarf *ld = behind(obj);

	return ld->object->n_sections + 1;
}

static int load_section(void *obj, section_index i, Dwarf_Small **ret_bytes, int *error)
{
	const struct cpi_libdwarf *ld = behind(obj);

	(void)error;
	if (!i || i > ld->object->n_sections)
		return DW_DLV_NO_ENTRY;
	/* Never written to: relocation is done before, and there is no such method. */
	*ret_bytes = (Dwarf_Small *)(uintptr_t)ld->object->section[i - 1].bytes;
	return DW_DLV_OK;
}

#if NEWER
static Dwarf_Unsigned get_filesize(void *obj)
{
	const struct cpi_libdwarf *ld = behind(obj);
	Dwarf_Unsigned n = 0;

	for (unsigned i = 0; i < ld->object->n_sections; i++)
		n += ld->object->section[i].n;
	return n;
}
#endif

static const access_methods methods = {
	METHOD(get_section_info) = get_section_info,
	METHOD(get_byte_order) = get_byte_order,
	METHOD(get_length_size) = get_word_size,
	METHOD(get_pointer_size) = get_word_size,
	METHOD(get_section_count) = get_section_count,
	METHOD(load_section) = load_section,
#if NEWER
	METHOD(get_filesize) = get_filesize,
#endif
};

static void forget(Dwarf_Debug dbg, Dwarf_Error error)
{
	if (error)
		dwarf_dealloc(dbg, error, DW_DLA_ERROR);
}

enum cp_code cpi_libdwarf_open(struct cpi_env *env,
	const struct cpi_libdwarf_object *object, struct cpi_libdwarf **ret_ld,
	struct cp_error *err)
{
	struct cpi_libdwarf *ld = cpi_alloc_zero(&env->mem, sizeof *ld);
	Dwarf_Error error = NULL;
	int res;

	if (!ld)
		return cpi_error_memory(err);
	ld->env = env;
	ld->object = object;
	ld->shield.ld = ld;
	for (size_t i = 0; i < sizeof ld->shield.headers / sizeof *ld->shield.headers;
		i++)
		ld->shield.headers[i] = zeros;
	ld->access.ACCESS(object) = &ld->shield;
	ld->access.ACCESS(methods) = &methods;
	pthread_mutex_lock(&one_at_a_time);
	/*
	 * dwarf_set_de_alloc_flag(0) would make walks of entries and rows three times as
	 * fast, but we ask for neither, and without it what libdwarf loses on damaged
	 * units is freed at the end.
	 */
	res = dwarf_object_init_b(
		&ld->access, NULL, NULL, DW_GROUPNUMBER_ANY, &ld->dbg, &error);
	if (res != DW_DLV_OK)
		forget(ld->dbg, error);
	pthread_mutex_unlock(&one_at_a_time);
	if (res != DW_DLV_OK) {
		cpi_free(&env->mem, ld, sizeof *ld);
		return cpi_error(err, CP_ERROR_CORRUPT, CP_NO_OFFSET,
			"libdwarf does not accept the debug sections");
	}
	*ret_ld = ld;
	return CP_OK;
}

void cpi_libdwarf_close(struct cpi_libdwarf *ld)
{
	if (!ld)
		return;
	pthread_mutex_lock(&one_at_a_time);
#if NEWER
	dwarf_object_finish(ld->dbg);
#else
	Dwarf_Error error = NULL;

	dwarf_object_finish(ld->dbg, &error);
#endif
	pthread_mutex_unlock(&one_at_a_time);
	cpi_free(&ld->env->mem, ld, sizeof *ld);
}

bool cpi_libdwarf_next_unit(struct cpi_libdwarf *ld, struct cpi_libdwarf_unit *unit)
{
	Dwarf_Unsigned length, next, type_offset;
	Dwarf_Half version, address_size, offset_size, extension, kind;
	Dwarf_Off abbrev;
	Dwarf_Sig8 signature;
	Dwarf_Error error = NULL;
	int res;

	pthread_mutex_lock(&one_at_a_time);
	res = dwarf_next_cu_header_d(ld->dbg, 1, &length, &version, &abbrev,
		&address_size, &offset_size, &extension, &signature, &type_offset, &next,
		&kind, &error);
	if (res == DW_DLV_ERROR)
		forget(ld->dbg, error);
	pthread_mutex_unlock(&one_at_a_time);
	if (res != DW_DLV_OK)
		return false;
	*unit = (struct cpi_libdwarf_unit){
		.abbrev = abbrev, .next = next, .version = version,
		.address_size = address_size, .offset_size = offset_size};
	return true;
}

static bool give_arange(struct cpi_libdwarf *ld, Dwarf_Arange arange,
	cpi_libdwarf_arange_fn *fn, void *arg)
{
	Dwarf_Unsigned segment, segment_size, length;
	Dwarf_Addr low;
	Dwarf_Off unit;
	Dwarf_Error error = NULL;
	/*
	 * Asked for the unit's entry, it would read
	 * .debug_info, which may not be there.
	 */
	int res = dwarf_get_arange_info_b(
		arange, &segment, &segment_size, &low, &length, NULL, &error);

	if (res == DW_DLV_OK)
		res = dwarf_get_arange_cu_header_offset(arange, &unit, &error);
	if (res == DW_DLV_ERROR)
		forget(ld->dbg, error);
	if (res == DW_DLV_OK)
		fn(arg, low, length, unit);
	return res == DW_DLV_OK;
}

bool cpi_libdwarf_aranges(struct cpi_libdwarf *ld, cpi_libdwarf_arange_fn *fn, void *arg)
{
	Dwarf_Arange *list = NULL;
	Dwarf_Signed n = 0;
	Dwarf_Error error = NULL;
	bool good = true;
	int res;

	pthread_mutex_lock(&one_at_a_time);
	res = dwarf_get_aranges(ld->dbg, &list, &n, &error);
	if (res == DW_DLV_ERROR)
		forget(ld->dbg, error);
	for (Dwarf_Signed i = 0; res == DW_DLV_OK && i < n; i++) {
		good = give_arange(ld, list[i], fn, arg) && good;
		dwarf_dealloc(ld->dbg, list[i], DW_DLA_ARANGE);
	}
	if (res == DW_DLV_OK)
		dwarf_dealloc(ld->dbg, list, DW_DLA_LIST);
	pthread_mutex_unlock(&one_at_a_time);
	return good && res != DW_DLV_ERROR;
}
