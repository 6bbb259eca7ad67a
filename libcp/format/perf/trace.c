/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts of tracepoints, as the capture tells them. */
#include "format/perf/parts.h"

/*
 * Tracing data: perf record copies into each capture of tracepoints how the kernel says
 * they are laid out, which differs from kernel to kernel.
 *
 *	17 08 44 "tracing" version\0   u8 big-endian?   u8 size of long   u32 page size
 *	"header_page\0" u64 n, n bytes      "header_event\0" u64 n, n bytes
 *	u32 count, of each: u64 n, n bytes              formats of ftrace itself
 *	u32 systems, of each: name\0 u32 count, of each: u64 n, n bytes
 *
 * and more that nothing here needs. A format is a text: "name: sched_switch", "ID: 316",
 * a line "field:TYPE NAME; offset:N; size:N; signed:N;" per field, and "print fmt:".
 */
static const struct known {
	const char *name, *tid, *other, *value;
	uint8_t kind;
	char state;
} knowns[] = {
	{"sched:sched_switch", "prev_pid", "next_pid", "prev_state", PERF_TRACE_SWITCH,
		0},
	{"sched:sched_waking", "pid", NULL, NULL, PERF_TRACE_WAKE, 0},
	{"sched:sched_wakeup", "pid", NULL, NULL, PERF_TRACE_WAKE, 0},
	{"sched:sched_wakeup_new", "pid", NULL, NULL, PERF_TRACE_WAKE, 0},
	{"sched:sched_stat_sleep", "pid", NULL, "delay", PERF_TRACE_SLEPT, 'S'},
	{"sched:sched_stat_blocked", "pid", NULL, "delay", PERF_TRACE_SLEPT, 'D'},
	{"sched:sched_stat_iowait", "pid", NULL, "delay", PERF_TRACE_SLEPT, 'D'},
	{"sched:sched_stat_wait", "pid", NULL, "delay", PERF_TRACE_WAITED, 'R'},
	{"raw_syscalls:sys_enter", NULL, NULL, "id", PERF_TRACE_SYSCALL, 0},
	{"raw_syscalls:sys_exit", NULL, NULL, "id", PERF_TRACE_SYSCALLED, 0},
};

static const struct known *known_find(struct cp_text name)
{
	for (size_t i = 0; i < sizeof knowns / sizeof *knowns; i++)
		if (cpi_text_equal(name, cpi_text(knowns[i].name)))
			return &knowns[i];
	return NULL;
}

static struct cp_text take_line(struct cp_text *rest)
{
	const char *end = memchr(rest->p, '\n', rest->n);
	struct cp_text line = {rest->p, end ? (size_t)(end - rest->p) : rest->n};

	rest->p += line.n + (end != NULL);
	rest->n -= line.n + (end != NULL);
	return line;
}

/* The number behind "KEY:" in a line; false when there is none. */
static bool number_of(struct cp_text line, const char *key, uint64_t *ret_number)
{
	const char *at = memmem(line.p, line.n, key, strlen(key));
	const char *end = line.p + line.n, *from;

	if (!at)
		return false;
	for (from = at += strlen(key); at < end && *at >= '0' && *at <= '9';)
		at++;
	return cpi_text_u64((struct cp_text){from, (size_t)(at - from)}, ret_number);
}

/* The last word before the first ';', less its "[16]". */
static struct cp_text field_name(struct cp_text line)
{
	const char *end = memchr(line.p, ';', line.n), *at;

	if (!end)
		return CPI_TEXT("");
	at = memchr(line.p, '[', (size_t)(end - line.p));
	end = at ? at : end;
	for (at = end; at > line.p && at[-1] != ' ' && at[-1] != '*'; at--)
		;
	return (struct cp_text){at, (size_t)(end - at)};
}

static void on_field(struct perf_trace *t, const struct known *known, struct cp_text line)
{
	struct cp_text name = field_name(line);
	uint64_t offset, size, is_signed = 0;
	const struct {
		const char *name;
		struct perf_field *field;
	} wanted[] = {{"common_flags", &t->flags}, {known->tid, &t->tid},
		{known->other, &t->other}, {known->value, &t->value}};

	if (!number_of(line, "offset:", &offset) || !number_of(line, "size:", &size) ||
		offset > UINT16_MAX || size > 8 || size & (size - 1))
		return;
	(void)number_of(line, "signed:", &is_signed);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (wanted[i].name && cpi_text_equal(name, cpi_text(wanted[i].name)))
			*wanted[i].field = (struct perf_field){
				(uint16_t)offset, (uint16_t)size, is_signed != 0};
}

/* { 0x0001, "S" }, { 2, "D" }, …: what the bits of prev_state are called. */
static void on_print(struct perf_trace *t, struct cp_text line)
{
	const char *at = memmem(line.p, line.n, "prev_state", 10), *end = line.p + line.n;

	while (at && (at = memchr(at, '{', (size_t)(end - at)))) {
		uint64_t bit = 0;
		bool hex;

		for (at++; at < end && *at == ' '; at++)
			;
		hex = end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
		for (at += hex ? 2 : 0; at < end; at++) {
			char c = *at;
			int digit = c >= '0' && c <= '9'          ? c - '0'
				    : hex && c >= 'a' && c <= 'f' ? c - 'a' + 10
				    : hex && c >= 'A' && c <= 'F' ? c - 'A' + 10
								  : -1;
			if (digit < 0)
				break;
			bit = bit * (hex ? 16 : 10) + (unsigned)digit;
		}
		while (at < end && (*at == ',' || *at == ' '))
			at++;
		if (end - at < 3 || *at != '"' || at[2] != '"')
			continue;
		for (unsigned i = 0; i < PERF_TRACE_LETTERS; i++)
			if (bit == 1u << i && at[1] > ' ' && at[1] < 127)
				t->letter[i] = at[1];
	}
}

static bool on_format(struct perf_file *f, struct cp_text system, struct cp_text text)
{
	struct perf_trace t = {.known = true};
	const struct known *known = NULL;
	struct cp_text line = take_line(&text);
	char name[128];
	uint64_t id;
	size_t n;

	if (!cpi_text_starts(line, CPI_TEXT("name: ")) || system.n + line.n > 100)
		return true;
	memcpy(name, system.p, system.n);
	name[system.n] = ':';
	memcpy(name + system.n + 1, line.p + 6, line.n - 6);
	n = system.n + line.n - 5;
	known = known_find((struct cp_text){name, n});
	line = take_line(&text);
	if (!number_of(line, "ID: ", &id) || id > UINT32_MAX)
		return true;
	t.id = (uint32_t)id;
	t.kind = known ? known->kind : PERF_TRACE_NONE;
	t.state = known ? known->state : 0;
	while (known && text.n) {
		line = take_line(&text);
		if (memmem(line.p, line.n, "field:", 6))
			on_field(&t, known, line);
		else if (cpi_text_starts(line, CPI_TEXT("print fmt:")))
			on_print(&t, line);
	}
	return f->trace.n >= PERF_EVENTS ||
	       (perf_names_add(&f->names, (struct cp_text){name, n}, &t.name) &&
		       cpi_vec_push(&f->env->mem, &f->trace, t));
}

static struct cp_text take_name(struct cpi_cursor *c)
{
	struct cp_text name;

	name.p = cpi_cursor_string(c, &name.n);
	return name;
}

static void skip_sized(struct cpi_cursor *c)
{
	uint64_t n = cpi_cursor_u64(c);

	cpi_cursor_skip(c, cpi_cursor_claim(c, n, 1));
}

static bool read_systems(struct perf_file *f, struct cpi_cursor *c)
{
	uint32_t systems = cpi_cursor_u32(c);

	for (uint32_t i = 0; i < systems && cpi_cursor_ok(c); i++) {
		struct cp_text system = take_name(c);
		uint32_t n = cpi_cursor_u32(c);

		for (uint32_t j = 0; j < n && cpi_cursor_ok(c); j++) {
			size_t size = cpi_cursor_claim(c, cpi_cursor_u64(c), 1);
			const char *text = (const char *)cpi_cursor_bytes(c, size);

			if (text && !on_format(f, system, (struct cp_text){text, size}))
				return false;
		}
	}
	return true;
}

bool perf_trace_read(struct perf_file *f, struct cpi_cursor c)
{
	static const char magic[] = "\x17\x08\x44tracing";
	const uint8_t *head = cpi_cursor_bytes(&c, sizeof magic - 1);
	uint32_t n;
	bool done;

	if (!head || memcmp(head, magic, sizeof magic - 1))
		return true;
	(void)take_name(&c); /* version */
	cpi_cursor_skip(&c, 2 + 4);
	for (int i = 0; i < 2; i++) {
		(void)take_name(&c);
		skip_sized(&c);
	}
	n = cpi_cursor_u32(&c);
	for (uint32_t i = 0; i < n && cpi_cursor_ok(&c); i++)
		skip_sized(&c);
	done = read_systems(f, &c);
	if (!cpi_cursor_ok(&c))
		PERF_DAMAGED_AT(f, "feature", 0, CP_NO_OFFSET,
			"the tracing data end inside a value: what comes after it has no "
			"format");
	return done;
}

/* Without a format at least the name says what it is; syscalls:sys_enter_read, too. */
static void by_name(const struct perf_file *f, struct perf_event *e)
{
	struct cp_text name = perf_name(f, e->name);
	const struct known *known = known_find(name);

	if (known) {
		e->trace.kind = known->kind;
		e->trace.state = known->state;
	} else if (cpi_text_starts(name, CPI_TEXT("syscalls:sys_enter_"))) {
		e->trace.kind = PERF_TRACE_SYSCALL;
		e->trace.name = e->name;
	} else if (cpi_text_starts(name, CPI_TEXT("syscalls:sys_exit_"))) {
		e->trace.kind = PERF_TRACE_SYSCALLED;
	}
}

/* sched_stat_iowait tells once more of some of what sched_stat_blocked tells of. */
static void drop_twice_told(struct perf_file *f)
{
	bool blocked = false;

	for (size_t i = 0; i < f->event.n; i++)
		blocked |= cpi_text_equal(perf_name(f, f->event.v[i].name),
			CPI_TEXT("sched:sched_stat_blocked"));
	for (size_t i = 0; i < f->event.n && blocked; i++)
		if (cpi_text_equal(perf_name(f, f->event.v[i].name),
			    CPI_TEXT("sched:sched_stat_iowait")))
			f->event.v[i].trace.kind = PERF_TRACE_NONE;
}

void perf_trace_settle(struct perf_file *f)
{
	for (size_t i = 0; i < f->event.n; i++) {
		struct perf_event *e = &f->event.v[i];

		if (e->attr.type != PERF_TYPE_TRACEPOINT)
			continue;
		for (size_t j = 0; j < f->trace.n && !e->trace.known; j++)
			if (f->trace.v[j].id == e->attr.config)
				e->trace = f->trace.v[j];
		if (!e->name)
			e->name = e->trace.name;
		if (!e->trace.kind)
			by_name(f, e);
	}
	drop_twice_told(f);
}

int64_t perf_trace_value(
	struct perf_field field, const uint8_t *raw, uint32_t n, bool swap)
{
	struct cpi_cursor c = cpi_cursor_make(raw, n, swap);
	uint64_t x;

	cpi_cursor_skip(&c, field.offset);
	switch (field.size) {
	case 1:
		x = cpi_cursor_u8(&c);
		return field.is_signed ? (int8_t)x : (int64_t)x;
	case 2:
		x = cpi_cursor_u16(&c);
		return field.is_signed ? (int16_t)x : (int64_t)x;
	case 4:
		x = cpi_cursor_u32(&c);
		return field.is_signed ? (int32_t)x : (int64_t)x;
	case 8:
		return (int64_t)cpi_cursor_u64(&c);
	default:
		return 0;
	}
}

/* Bits that kernels do not name (0x100, 0x400: preempted) stand for a thread that runs.
 */
char perf_trace_state(const struct perf_trace *t, int64_t state)
{
	for (unsigned i = 0; i < PERF_TRACE_LETTERS; i++)
		if (state >> i & 1 && t->letter[i])
			return t->letter[i];
	return 'R';
}
