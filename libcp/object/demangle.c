/* SPDX-License-Identifier: Apache-2.0 */
/* C++, Rust and other mangled names, by libiberty's demanglers. */
#include "object/demangle.h"

#include <libiberty/demangle.h>
#include <libiberty/safe-ctype.h>
#include <setjmp.h>

/*
 * libiberty's character classes, as far as its Rust demangler asks (ISDIGIT, ISALNUM).
 * Having the table here keeps libiberty's safe-ctype.o out of the link: unlike the
 * demanglers it comes without the exception that permits linking under any licence.
 */
#define DIGIT (_sch_isdigit | _sch_isxdigit | _sch_isidst | _sch_isprint)
#define UPPER (_sch_isupper | _sch_isidst | _sch_isprint)
#define LOWER (_sch_islower | _sch_isidst | _sch_isprint)
const unsigned short _sch_istable[256] = {
	['0' ... '9'] = DIGIT,
	['A' ... 'Z'] = UPPER,
	['a' ... 'z'] = LOWER,
	['_'] = _sch_isidst | _sch_isprint,
};

void cpi_demangler_init(struct cpi_demangler *d, struct cpi_env *env,
	enum cp_demangle mode, bool perf_compat)
{
	memset(d, 0, sizeof *d);
	d->mode = mode;
	d->perf_compat = perf_compat;
	d->most = env->limits.demangled;
	cpi_sink_memory(&d->raw, &env->mem);
	cpi_sink_memory(&d->text, &env->mem);
	cpi_sink_memory(&d->input, &env->mem);
}

void cpi_demangler_release(struct cpi_demangler *d)
{
	cpi_sink_release(&d->raw);
	cpi_sink_release(&d->text);
	cpi_sink_release(&d->input);
}

struct collect {
	struct cpi_sink *out;
	const char *frame; /* of the function that called libiberty */
	size_t total, most;
	jmp_buf stop;
};

/*
 * Takes a piece of the result. A hostile name of a hundred bytes can expand without end
 * (every substitution doubles it), and libiberty asks nobody whether to go on: only a
 * jump out of it ends that. Its C++ side holds no memory then; its Rust side does while
 * it hands on characters of a punycode identifier, from a buffer on its stack, so from
 * there the jump waits for a later piece.
 */
static void collect_piece(const char *bytes, size_t n, void *arg)
{
	struct collect *collect = arg;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	bool on_stack =
		(uintptr_t)bytes > here && (uintptr_t)bytes < (uintptr_t)collect->frame;

	collect->total += n;
	if (collect->total <= collect->most)
		cpi_sink_bytes(collect->out, bytes, n);
	else if (!on_stack || collect->total > collect->most + CPI_DEMANGLE_MOST_OUT)
		longjmp(collect->stop, 1);
}

typedef int engine_fn(const char *, int, demangle_callbackref, void *);

/* Runs one of libiberty's demanglers on a NUL-terminated name, into `out`. */
static bool run(
	const struct cpi_demangler *d, engine_fn *engine, int options, struct cpi_sink *out)
{
	const char *name = (const char *)d->input.buf;
	size_t most = CPI_DEMANGLE_FREE + CPI_DEMANGLE_RATIO * d->input.n;
	struct collect collect = {.out = out, .frame = __builtin_frame_address(0)};

	if (most > CPI_DEMANGLE_MOST_OUT)
		most = CPI_DEMANGLE_MOST_OUT;
	collect.most = d->most ? d->most : most;
	out->n = 0;
	if (setjmp(collect.stop))
		return false;
	if (!engine(name, options, collect_piece, &collect))
		return false;
	return collect.total && collect.total <= collect.most && !out->code;
}

/* Where the "17h" + 16 hexadecimal digits + "E" of a legacy Rust name end, or 0. */
static size_t rust_legacy_end(struct cp_text name)
{
	for (size_t i = name.n; i >= 20; i--) {
		const char *hash = name.p + i - 20;
		bool digits = true;

		if (name.p[i - 1] != 'E' || memcmp(hash, "17h", 3))
			continue;
		for (unsigned k = 3; k < 19 && digits; k++)
			digits = (hash[k] >= '0' && hash[k] <= '9') ||
				(hash[k] >= 'a' && hash[k] <= 'f');
		if (digits)
			return i;
	}
	return 0;
}

/* A NUL-terminated copy of the name's first n bytes, in d->input; false: no memory. */
static bool copy_input(struct cpi_demangler *d, struct cp_text name, size_t n)
{
	d->input.n = 0;
	cpi_sink_bytes(&d->input, name.p, n);
	cpi_sink_char(&d->input, 0);
	return !d->input.code;
}

static bool demangle_rust(struct cpi_demangler *d, struct cp_text name)
{
	const char *dot = memchr(name.p, '.', name.n);
	size_t end = 0;

	/* What a compiler appends (".llvm.123") is no part of the mangling. */
	if (cpi_text_starts(name, CPI_TEXT("_R")))
		end = dot ? (size_t)(dot - name.p) : name.n;
	else if (cpi_text_starts(name, CPI_TEXT("_ZN")))
		end = rust_legacy_end(name);
	if (!end)
		return false;
	return copy_input(d, name, end) &&
	       run(d, rust_demangle_callback, DMGL_NO_OPTS, &d->raw);
}

static bool demangle_cxx(struct cpi_demangler *d, struct cp_text name)
{
	int options = d->mode == CP_DEMANGLE_FULL && !d->perf_compat
			      ? DMGL_PARAMS | DMGL_ANSI
			      : DMGL_NO_OPTS;

	if (cpi_text_starts(name, CPI_TEXT("__Z")))
		name = (struct cp_text){name.p + 1, name.n - 1};
	if (!cpi_text_starts(name, CPI_TEXT("_Z")) &&
		!cpi_text_starts(name, CPI_TEXT("_GLOBAL_")))
		return false;
	/* The library's own limit refuses names above 1 KiB; ours takes its place. */
	return copy_input(d, name, name.n) &&
	       run(d, cplus_demangle_v3_callback, options | DMGL_NO_RECURSE_LIMIT,
		       &d->raw);
}

/* " [clone .cold]" at the end: system names keep what tells clones apart. */
static size_t without_clones(struct cp_text text)
{
	for (;;) {
		size_t i = text.n;

		if (!cpi_text_ends(text, CPI_TEXT("]")))
			return text.n;
		while (i && text.p[i - 1] != '[')
			i--;
		if (i < 2 || text.p[i - 2] != ' ' ||
			!cpi_text_starts((struct cp_text){text.p + i, text.n - i},
				CPI_TEXT("clone ")))
			return text.n;
		text.n = i - 2;
	}
}

/* What a symbol table appends to a name: "@plt", or a version. */
static struct cp_text split_suffix(struct cp_text *name)
{
	const char *at = memchr(name->p, '@', name->n);
	struct cp_text suffix = {"", 0};

	if (at && at != name->p) {
		suffix = (struct cp_text){at, name->n - (size_t)(at - name->p)};
		name->n = (size_t)(at - name->p);
	}
	return suffix;
}

struct cp_text cpi_demangle(struct cpi_demangler *d, struct cp_text name)
{
	struct cp_text whole = name, suffix = split_suffix(&name);
	struct cpi_sink *result = &d->raw;
	bool simple = d->mode == CP_DEMANGLE_SIMPLE;

	if (d->mode == CP_DEMANGLE_NONE || name.n > CPI_DEMANGLE_MOST_IN || name.n < 3)
		return whole;
	if (!d->perf_compat && !cpi_text_equal(suffix, CPI_TEXT("@plt"))) {
		suffix.n = 0;
		whole = name;
	}
	/* All manglings read here start so; most names of C libraries do not. */
	if (name.p[0] != '_' || memchr(name.p, 0, name.n))
		return whole;
	if (!demangle_rust(d, name) && !demangle_cxx(d, name))
		return whole;
	d->raw.n = without_clones((struct cp_text){(char *)d->raw.buf, d->raw.n});
	if (d->mode != CP_DEMANGLE_FULL && !d->perf_compat) {
		d->text.n = 0;
		if (cpi_demangle_simplify((struct cp_text){(char *)d->raw.buf, d->raw.n},
			    simple, &d->text) &&
			d->text.n)
			result = &d->text;
	}
	cpi_sink_bytes(result, suffix.p, suffix.n);
	if (result->code || !result->n)
		return whole;
	return (struct cp_text){(char *)result->buf, result->n};
}

/* gcc writes "<lambda(int)>" where its mangling is demangled to "{lambda(int)#1}". */
static void lambda_braces(char *p, size_t n)
{
	const struct cp_text word = CPI_TEXT("<lambda(");

	for (size_t i = 0; i + word.n <= n; i++) {
		size_t k = i + word.n, depth = 1;

		if (memcmp(p + i, word.p, word.n))
			continue;
		for (; k < n && depth; k++)
			depth += (p[k] == '(') - (size_t)(p[k] == ')');
		if (depth || k == n || p[k] != '>')
			continue;
		p[i] = '{';
		p[k] = '}';
	}
}

/* The mangled scope at the beginning, demangled, and the rest as it is, in d->raw. */
static bool expand_scope(struct cpi_demangler *d, struct cp_text name)
{
	const char *colons = memmem(name.p, name.n, "::", 2);
	struct cp_text scope = {name.p, colons ? (size_t)(colons - name.p) : 0};

	d->raw.n = 0;
	if (cpi_text_starts(name, CPI_TEXT("_Z")) && scope.n &&
		!demangle_rust(d, scope) && !demangle_cxx(d, scope))
		return false;
	if (!d->raw.n)
		scope.n = 0;
	cpi_sink_bytes(&d->raw, name.p + scope.n, name.n - scope.n);
	return !d->raw.code;
}

struct cp_text cpi_demangle_written(struct cpi_demangler *d, struct cp_text name)
{
	struct cpi_sink *result = &d->raw;

	if (d->mode == CP_DEMANGLE_NONE || d->perf_compat || name.n > CPI_DEMANGLE_MOST_IN ||
		!name.p || memchr(name.p, 0, name.n) ||
		(!memmem(name.p, name.n, "::", 2) &&
			!cpi_text_starts(name, CPI_TEXT("operator"))) ||
		!expand_scope(d, name))
		return name;
	lambda_braces((char *)d->raw.buf, d->raw.n);
	if (d->mode != CP_DEMANGLE_FULL) {
		d->text.n = 0;
		if (cpi_demangle_simplify((struct cp_text){(char *)d->raw.buf, d->raw.n},
			    d->mode == CP_DEMANGLE_SIMPLE, &d->text) &&
			d->text.n)
			result = &d->text;
	}
	if (result->code || !result->n)
		return name;
	return (struct cp_text){(char *)result->buf, result->n};
}
