/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which numbers the fields of a sample have. Nothing in a file says its version:
 *
 *	             1        2           3           4       5
 *	1.8, 1.9     stack    values      attributes  link    times
 *	since 1.10   stack    attributes  link        values  times
 *
 * A link is one number, the others are lists, which everybody packs: a list in field 3 is
 * old, one in field 4 is new. Who does not pack lists leaves weaker signs, and samples
 * without a third and fourth field are told by what their second one can be.
 */
#include "format/otlp/otlp.h"

/* Numbers of a list; *ret_fine stays true while all are rows of the attributes. */
static void rows(const struct otlp *o, const struct pb_field *f, bool *ret_fine)
{
	struct cpi_cursor c;

	if (f->type != PB_BYTES) {
		*ret_fine &= f->value < o->attribute.n;
		return;
	}
	c = pb_cursor(f);
	while (cpi_cursor_left(&c))
		*ret_fine &= pb_varint(&c) < o->attribute.n;
}

static void look_at_sample(
	const struct otlp *o, struct otlp_evidence *e, struct cpi_cursor c)
{
	bool second = false, times = false, more = false, attributes = true;
	struct pb_field f = {.n = 0};

	while (pb_next(&c, &f)) {
		bool list = f.type == PB_BYTES;

		if (f.number == 2) {
			second = true;
			rows(o, &f, &attributes);
		} else if (f.number == 3) {
			more = true;
			e->lists_old |= list;
			e->numbers_new |= !list;
		} else if (f.number == 4) {
			more = true;
			e->lists_new |= list;
			e->numbers_old |= !list;
		} else if (f.number == 5) {
			times = true;
		}
	}
	if (!second)
		return;
	e->only_second |= !more && !times;
	e->no_attribute |= !attributes;
}

void cpi_otlp_look_at(struct otlp *o, struct otlp_evidence *e, struct cpi_cursor profile)
{
	struct pb_field f = {.n = 0};

	while (!e->lists_new && !e->lists_old && pb_next(&profile, &f))
		if (f.number == 2 && f.type == PB_BYTES)
			look_at_sample(o, e, pb_cursor(&f));
		else if (f.number == 8 && f.type == PB_BYTES)
			e->old_profile = true; /* its id, which has number 7 since 1.9 */
}

struct otlp_layout cpi_otlp_layout(const struct otlp_evidence *e)
{
	static const struct otlp_layout old = {.values = 2, .attributes = 3, .link = 4},
					now = {.attributes = 2, .link = 3, .values = 4};

	if (e->lists_new || e->lists_old)
		return e->lists_new ? now : old;
	if (e->old_profile || e->only_second || e->no_attribute)
		return old;
	return e->numbers_old && !e->numbers_new ? old : now;
}
