/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of calls. Parents name their children or children their parent, ids have gaps and
 * come in any order, and a hostile file makes circles of them.
 */
#include "format/v8/v8.h"

void cpi_v8_nodes_init(struct v8_nodes *nodes, struct cpi_json_reader *r)
{
	memset(nodes, 0, sizeof *nodes);
	nodes->r = r;
	cpi_json_fine(r, cpi_vec_push(&r->env->mem, &nodes->node, (struct v8_node){0}));
}

void cpi_v8_nodes_release(struct v8_nodes *nodes)
{
	struct cpi_mem *mem = &nodes->r->env->mem;

	cpi_vec_release(mem, &nodes->node);
	cpi_index_release(mem, &nodes->ids);
	cpi_vec_release(mem, &nodes->child);
	cpi_vec_release(mem, &nodes->child_of);
	cpi_vec_release(mem, &nodes->path);
	cpi_vec_release(mem, &nodes->way);
}

uint32_t cpi_v8_node(const struct v8_nodes *nodes, int64_t id)
{
	struct cpi_probe probe = cpi_index_find(&nodes->ids, cpi_hash_u64((uint64_t)id));

	for (uint32_t row; (row = cpi_index_next(&nodes->ids, &probe));)
		if (nodes->node.v[row].id == id)
			return row;
	return 0;
}

bool cpi_v8_number(struct cpi_jr value, int64_t *ret)
{
	uint64_t x;

	if (cpi_jr_absent(&value) || !cpi_jr_u64_or_text(&value, &x))
		return false;
	*ret = (int64_t)x;
	return true;
}

static struct cp_text text_of(struct cpi_jr value)
{
	struct cp_text text = {"", 0};

	if (!cpi_jr_absent(&value))
		cpi_jr_text(&value, &text);
	return text;
}

/* Lines and columns count from 0 in today's files, and -1 is unknown. */
static int64_t place(struct cpi_jr value, int64_t base)
{
	int64_t x;

	if (!cpi_v8_number(value, &x) || x < 0 || x > INT32_MAX || x + 1 - base < 1)
		return 0;
	return x + 1 - base;
}

static void call_frame(
	struct v8_nodes *nodes, struct v8_node *node, struct cpi_jr *jr, int64_t base)
{
	struct cpi_jr name, url, line, column;
	const struct cpi_json_member members[] = {{"functionName", &name}, {"url", &url},
		{"lineNumber", &line}, {"columnNumber", &column}};

	if (!cpi_json_members(nodes->r, jr, members, 4))
		return;
	node->name = text_of(name);
	node->url = text_of(url);
	node->line = place(line, base);
	node->column = place(column, base);
}

/* Adds a node; one whose id is there already is told and not found by its id. */
static uint32_t add(struct v8_nodes *nodes, const struct v8_node *node, size_t offset)
{
	struct cpi_json_reader *r = nodes->r;
	uint32_t row = (uint32_t)nodes->node.n;

	if (row == UINT32_MAX - 1) {
		cpi_builder_fail(&r->b, CP_ERROR_LIMIT, "more than 2^32 nodes");
		return 0;
	}
	if (!cpi_json_fine(r, cpi_vec_push(&r->env->mem, &nodes->node, *node)))
		return 0;
	if (cpi_v8_node(nodes, node->id)) {
		cpi_json_warn(r, "v8-node", offset, "node %lld is there twice",
			(long long)node->id);
		return row;
	}
	cpi_json_fine(r, cpi_index_add(&r->env->mem, &nodes->ids,
				 cpi_hash_u64((uint64_t)node->id), row));
	return row;
}

static void children(struct v8_nodes *nodes, uint32_t row, struct cpi_jr list)
{
	struct cpi_mem *mem = &nodes->r->env->mem;

	if (cpi_jr_absent(&list) || !cpi_jr_array(&list))
		return;
	while (cpi_jr_element(&list) && !nodes->r->b.code) {
		int64_t id;

		if (cpi_jr_i64(&list, &id))
			cpi_json_fine(nodes->r,
				cpi_vec_push(mem, &nodes->child, id) &&
					cpi_vec_push(mem, &nodes->child_of, row));
	}
}

static void one(struct v8_nodes *nodes, struct cpi_jr *jr)
{
	struct cpi_jr id, frame, parent, kids, hits;
	const struct cpi_json_member members[] = {{"id", &id}, {"callFrame", &frame},
		{"parent", &parent}, {"children", &kids}, {"hitCount", &hits}};
	struct v8_node node = {0};
	size_t offset = cpi_jr_offset(jr);
	int64_t up;
	uint32_t row;

	if (!cpi_json_members(nodes->r, jr, members, 5) || !cpi_v8_number(id, &node.id)) {
		if (cpi_jr_ok(jr))
			cpi_json_warn(nodes->r, "v8-node", offset, "a node has no id");
		return;
	}
	if (!cpi_jr_absent(&frame))
		call_frame(nodes, &node, &frame, 0);
	node.counted = cpi_v8_number(hits, &node.hits);
	row = add(nodes, &node, offset);
	if (!row)
		return;
	children(nodes, row, kids);
	if (cpi_v8_number(parent, &up))
		cpi_json_fine(nodes->r,
			cpi_vec_push(&nodes->r->env->mem, &nodes->child, node.id) &&
				cpi_vec_push(&nodes->r->env->mem, &nodes->child_of,
					cpi_v8_node(nodes, up)));
}

void cpi_v8_nodes_add(struct v8_nodes *nodes, struct cpi_jr list)
{
	if (cpi_jr_absent(&list) || !cpi_jr_array(&list))
		return;
	while (cpi_jr_element(&list) && !nodes->r->b.code)
		one(nodes, &list);
	cpi_json_damage(nodes->r, &list);
}

void cpi_v8_nodes_connect(struct v8_nodes *nodes)
{
	for (size_t i = 0; i < nodes->child.n; i++) {
		uint32_t row = cpi_v8_node(nodes, nodes->child.v[i]);

		if (row && row != nodes->child_of.v[i] && !nodes->node.v[row].parent)
			nodes->node.v[row].parent = nodes->child_of.v[i];
	}
	nodes->child.n = nodes->child_of.n = 0;
}

/* One member of a node of a tree; children are the caller's. */
static void tree_member(
	struct v8_nodes *nodes, struct v8_node *node, struct cp_text key, struct cpi_jr *jr)
{
	struct cpi_jr value;

	if (cpi_text_equal(key, CPI_TEXT("callFrame"))) {
		call_frame(nodes, node, jr, 0);
		return;
	}
	value = cpi_jr_value(jr);
	if (cpi_text_equal(key, CPI_TEXT("functionName")))
		node->name = text_of(value);
	else if (cpi_text_equal(key, CPI_TEXT("url")))
		node->url = text_of(value);
	else if (cpi_text_equal(key, CPI_TEXT("lineNumber")))
		node->line = place(value, 1); /* the old form counts from 1 */
	else if (cpi_text_equal(key, CPI_TEXT("columnNumber")))
		node->column = place(value, 1);
	else if (cpi_text_equal(key, CPI_TEXT("hitCount")))
		node->counted = cpi_v8_number(value, &node->hits);
	else if (cpi_text_equal(key, CPI_TEXT("selfSize")))
		cpi_v8_number(value, &node->self_size);
	else if (cpi_text_equal(key, CPI_TEXT("id")))
		cpi_v8_number(value, &node->id);
}

/* Reads members of the innermost node up to its children or its end; true: children. */
static bool members(struct v8_nodes *nodes, uint32_t row, struct cpi_jr *jr)
{
	struct cp_text key;

	while (cpi_jr_key(jr, &key)) {
		struct v8_node node = nodes->node.v[row];

		if (cpi_text_equal(key, CPI_TEXT("children"))) {
			if (cpi_jr_array(jr))
				return true;
			continue;
		}
		tree_member(nodes, &node, key, jr);
		nodes->node.v[row] = node;
	}
	return false;
}

void cpi_v8_nodes_tree(struct v8_nodes *nodes, struct cpi_jr head)
{
	struct cpi_json_reader *r = nodes->r;
	struct cpi_mem *mem = &r->env->mem;
	bool inside = true; /* in the members of the innermost node, else in its children */

	if (cpi_jr_absent(&head) || !cpi_jr_object(&head) ||
		!cpi_json_fine(r, cpi_vec_push(mem, &nodes->node, (struct v8_node){0}) &&
				cpi_vec_push(mem, &nodes->way,
					(uint32_t)nodes->node.n - 1)))
		return;
	while (nodes->way.n && !r->b.code) {
		uint32_t row = nodes->way.v[nodes->way.n - 1];

		if (inside) {
			/* Behind a node its parent's children go on. */
			nodes->way.n -= !members(nodes, row, &head);
			inside = false;
			continue;
		}
		if (!cpi_jr_element(&head)) {
			inside = true;
			continue;
		}
		if (!cpi_jr_object(&head))
			continue;
		inside = true;
		cpi_json_fine(r,
			cpi_vec_push(mem, &nodes->node, (struct v8_node){.parent = row}) &&
				cpi_vec_push(mem, &nodes->way,
					(uint32_t)nodes->node.n - 1));
	}
	nodes->way.n = 0;
	cpi_json_damage(r, &head);
	for (uint32_t row = 1; row < nodes->node.n && !r->b.code; row++)
		if (nodes->node.v[row].id && !cpi_v8_node(nodes, nodes->node.v[row].id))
			cpi_json_fine(r, cpi_index_add(mem, &nodes->ids,
				cpi_hash_u64((uint64_t)nodes->node.v[row].id), row));
}

static cp_location location(struct v8_nodes *nodes, const struct v8_node *node, int64_t line)
{
	struct cp_text name = node->name.n ? node->name : CPI_TEXT("(anonymous)");

	return cpi_json_location(
		nodes->r, name, node->url, node->line, line, line ? 0 : node->column);
}

static bool is_root(const struct v8_node *node)
{
	return !node->parent && cpi_text_equal(node->name, CPI_TEXT("(root)"));
}

/* The locations of a row and the rows above it, in nodes->path, leaf first. */
static void climb(struct v8_nodes *nodes, uint32_t row)
{
	struct cpi_json_reader *r = nodes->r;
	size_t most = nodes->node.n - 1;

	nodes->path.n = 0;
	for (; row && !is_root(&nodes->node.v[row]); row = nodes->node.v[row].parent) {
		struct v8_node *node = &nodes->node.v[row];

		if (nodes->path.n == most) {
			cpi_json_warn(r, "v8-node", 0, "node %lld calls itself by way of "
				"others", (long long)node->id);
			return;
		}
		if (nodes->path.n > r->env->limits.stack_depth) {
			cpi_builder_fail(&r->b, CP_ERROR_LIMIT, "a stack has too many frames");
			return;
		}
		if (!node->location.i)
			node->location = location(nodes, node, 0);
		if (!cpi_json_fine(r,
			    cpi_vec_push(&r->env->mem, &nodes->path, node->location)))
			return;
	}
}

cp_stack cpi_v8_stack(struct v8_nodes *nodes, uint32_t row, int64_t line)
{
	struct v8_node *node = &nodes->node.v[row];

	if (node->stacked && !line)
		return node->stack;
	climb(nodes, row);
	if (nodes->r->b.code)
		return (cp_stack){0};
	if (line && nodes->path.n) {
		nodes->path.v[0] = location(nodes, node, line);
		return cpi_builder_stack(
			&nodes->r->b, nodes->path.v, (uint32_t)nodes->path.n);
	}
	node->stack = cpi_builder_stack(&nodes->r->b, nodes->path.v, (uint32_t)nodes->path.n);
	node->stacked = true;
	return node->stack;
}
