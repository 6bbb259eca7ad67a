/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared.frames. A frame's line is where its function begins; but some writers put the
 * line of the call there, and then one function has several frames. Those lines are lines
 * within the function, so that it stays one in every report.
 */
#include "base/hash.h"
#include "format/speedscope/speedscope.h"

struct frame {
	struct cp_text name, file;
	int64_t line, column;
	uint32_t function; /* first frame with this name and file, from 1 */
	bool lines;        /* of that frame: there are several lines */
};

struct frames {
	CPI_VEC(struct frame) row; /* from 1 */
	struct cpi_index index;
};

static int64_t whole(struct cpi_jr jr)
{
	int64_t x = 0;

	return !cpi_jr_absent(&jr) && cpi_jr_i64(&jr, &x) && x > 0 ? x : 0;
}

static struct cp_text text(struct cpi_jr jr)
{
	struct cp_text t = {"", 0};

	if (!cpi_jr_absent(&jr))
		cpi_jr_text(&jr, &t);
	return t;
}

static void one(struct speedscope *s, struct frames *f, struct cpi_jr *jr)
{
	struct cpi_mem *mem = &s->r.env->mem;
	struct cpi_jr name, file, line, column;
	const struct cpi_json_member members[] = {
		{"name", &name}, {"file", &file}, {"line", &line}, {"col", &column}};
	struct frame frame;
	struct cpi_probe probe;
	uint64_t hash;
	uint32_t id;

	if (!cpi_json_members(&s->r, jr, members, 4))
		cpi_json_warn(&s->r, "speedscope-frame", cpi_jr_offset(jr),
			"frame %zu is no object", f->row.n - 1);
	frame = (struct frame){text(name), text(file), whole(line), whole(column), 0, false};
	hash = cpi_hash_mix(cpi_hash(frame.name.p, frame.name.n),
		cpi_hash(frame.file.p, frame.file.n));
	probe = cpi_index_find(&f->index, hash);
	while ((id = cpi_index_next(&f->index, &probe)))
		if (cpi_text_equal(f->row.v[id].name, frame.name) &&
			cpi_text_equal(f->row.v[id].file, frame.file))
			break;
	frame.function = id ? id : (uint32_t)f->row.n;
	if (id && f->row.v[id].line != frame.line)
		f->row.v[id].lines = true;
	if (!cpi_json_fine(&s->r,
		    cpi_vec_push(mem, &f->row, frame) &&
			    (id || cpi_index_add(mem, &f->index, hash, frame.function))))
		return;
}

static void locations(struct speedscope *s, const struct frames *f)
{
	for (size_t i = 1; i < f->row.n && !s->r.b.code; i++) {
		const struct frame *row = &f->row.v[i];
		bool lines = f->row.v[row->function].lines;
		cp_location location = cpi_json_location(&s->r, row->name, row->file,
			lines ? 0 : row->line, lines ? row->line : 0,
			lines ? row->column : 0);

		cpi_json_fine(&s->r, cpi_vec_push(&s->r.env->mem, &s->frame, location));
	}
}

void cpi_speedscope_frames(struct speedscope *s, struct cpi_jr frames)
{
	struct frames f = {0};

	if (cpi_json_fine(&s->r, cpi_vec_push(&s->r.env->mem, &f.row, (struct frame){0})) &&
		!cpi_jr_absent(&frames) && cpi_jr_array(&frames))
		while (!s->r.b.code && cpi_jr_element(&frames))
			one(s, &f, &frames);
	cpi_json_damage(&s->r, &frames);
	locations(s, &f);
	cpi_vec_release(&s->r.env->mem, &f.row);
	cpi_index_release(&s->r.env->mem, &f.index);
}
