/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are no profiles, by their first bytes, so that they are called what they are
 * and not a damaged something else. Wrappers (gzip, zstd, xz) are off already.
 */
#include <stdio.h>

#include "codec/protobuf.h"
#include "format/format.h"
#include "format/json_shape.h"

enum { LOOKED_AT = 4096, TEXT_SHOWN = 48 };

#define BYTES(literal) literal, sizeof(literal) - 1

/* The order matters where one beginning is part of another. */
static const struct magic {
	const char *bytes;
	uint8_t n;
	uint16_t at;
	const char *what;
} magics[] = {
	{BYTES("PK\3\4"), 0, "a zip archive: unpack it first"},
	{BYTES("PK\5\6"), 0, "an empty zip archive"},
	{BYTES("ustar"), 257, "a tar archive: unpack it first"},
	{BYTES("7z\xbc\xaf\x27\x1c"), 0, "a 7z archive: unpack it first"},
	{BYTES("Rar!\x1a\7"), 0, "a RAR archive: unpack it first"},
	{BYTES("!<arch>\n"), 0, "an archive of ar (a static library or a package)"},
	{BYTES("BZh"), 0, "compressed by bzip2: bunzip2 opens it"},
	{BYTES("\4\x22\x4d\x18"), 0, "compressed by lz4: lz4 -d opens it"},
	{BYTES("LZIP"), 0, "compressed by lzip: lzip -d opens it"},
	{BYTES("\x1f\x9d"), 0, "compressed by compress: uncompress opens it"},
	{BYTES("Nettrace"), 0,
		"a trace of .NET: dotnet-trace convert --format speedscope makes one that "
		"is read"},
	{BYTES("MOJ"), 0, "austin's binary format: mojo2austin makes text that is read"},
	{BYTES("JSONSLAB"), 0,
		"a profile of Firefox in slabs (.jslb): save it as .json or .json.gz"},
	{BYTES("\2\0\2\xc0"), 72,
		"a trace of Windows (ETL): samply import, on that system, makes a profile of "
		"it that is read"},
	{BYTES("\2\0\1\xc0"), 72,
		"a trace of Windows (ETL), of a 32-bit system: xperf shows it"},
	{BYTES("memray"), 0, "memray's capture: memray transform csv or memray table shows it"},
	{BYTES("hdrb"), 0,
		"an event log of GHC: hs-speedscope makes a file of speedscope, which is read"},
	{BYTES("go1.7 heap dump"), 0, "a heap dump of Go, not a heap profile"},
	{BYTES("v8-version,"), 0,
		"V8's log of --prof: node --cpu-prof writes a .cpuprofile, which is read"},
	{BYTES("tZst"), 0, "a trace of Tracy: tracy-csvexport shows it"},
	{BYTES("tlZ\4"), 0, "a trace of Tracy: tracy-csvexport shows it"},
	{BYTES("Analysis of sampling"), 0,
		"the text of macOS' sample: stackcollapse-sample.awk makes collapsed stacks "
		"of it"},
	{BYTES("MZ"), 0, "a Windows program"},
	{BYTES("\xcf\xfa\xed\xfe"), 0, "a macOS program or library"},
	{BYTES("\xce\xfa\xed\xfe"), 0, "a macOS program or library"},
	{BYTES("\xca\xfe\xba\xbe"), 0, "a Java class or a macOS program"},
	{BYTES("\0asm"), 0, "a WebAssembly module"},
	{BYTES("%PDF-"), 0, "a PDF document"},
	{BYTES("\x89PNG\r\n"), 0, "a picture (PNG)"},
	{BYTES("GIF8"), 0, "a picture (GIF)"},
	{BYTES("\xff\xd8\xff"), 0, "a picture (JPEG)"},
	{BYTES("SQLite format 3"), 0, "an SQLite database"},
	{BYTES("LPKSHHRH"), 0, "a journal of systemd"},
	{BYTES("\xd4\xc3\xb2\xa1"), 0, "a capture of network packets"},
	{BYTES("\xa1\xb2\xc3\xd4"), 0, "a capture of network packets"},
	{BYTES("\n\r\r\n"), 0, "a capture of network packets"},
	{BYTES("\x17\x08\x44tracing"), 0, "a trace of trace-cmd: trace-cmd report reads it"},
	{BYTES("\xc1\x1f\xfc\xc1"), 0, "a trace in CTF: babeltrace reads it"},
	{BYTES("\xc1\xfc\x1f\xc1"), 0, "a trace in CTF: babeltrace reads it"},
	{BYTES("FLR\0"), 0, "a recording of Java Flight Recorder: jfr reads it"},
	{BYTES("JAVA PROFILE 1.0"), 0, "a heap dump of Java (hprof)"},
	{BYTES("gmon"), 0, "gmon.out of gprof: gprof reads it"},
	{BYTES("JiTD"), 0, "a jitdump, names of generated code: give the perf.data"},
	{BYTES("DTiJ"), 0, "a jitdump, names of generated code: give the perf.data"},
	{BYTES("adcg"), 0, "coverage data of gcc (gcda)"},
	{BYTES("gcda"), 0, "coverage data of gcc (gcda)"},
	{BYTES("desc: "), 0, "output of massif: ms_print reads it"},
	{BYTES("# To display the perf.data header"), 0,
		"output of perf report: give the perf.data"},
	{BYTES("# tracer:"), 0, "a trace of ftrace as text"},
	{BYTES("Showing nodes accounting for"), 0,
		"a report of pprof: give the profile that it is of"},
	{BYTES("version https://git-lfs"), 0,
		"a pointer of Git LFS: git lfs pull brings the file"},
	{BYTES("HTTP/1."), 0, "an HTTP response with its headers"},
};

/* Beginnings of text, in any case, behind blanks; the word may stand later on. */
static const struct opening {
	const char *start, *has; /* `has` may be NULL */
	const char *what;
} openings[] = {
	{"<!doctype html", NULL, "an HTML page"},
	{"<html", NULL, "an HTML page"},
	{"<", "<svg", "a picture (SVG): give the profile that it was drawn from"},
	{"<?xml", "<trace-query-result",
		"Instruments' export: inferno-collapse-xctrace makes collapsed stacks of it"},
	{"<?xml", NULL, "an XML document"},
	{"{", "\"traceEvents\"", "a trace in Chrome's JSON form"},
	{"[", "\"ph\"", "a trace in Chrome's JSON form"},
	{"[", "{", "JSON"},
	{"[", "\"", "JSON"},
	{"{", "\"", "JSON"},
};

static bool same_but_for_case(const char *p, const char *want, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + 32) : p[i];

		if (c != want[i])
			return false;
	}
	return true;
}

/* The beginning, behind a byte order mark and blanks. */
static struct cp_text beginning(const struct cpi_bytes *bytes)
{
	struct cp_text text = {(const char *)bytes->data,
		bytes->n < LOOKED_AT ? bytes->n : LOOKED_AT};

	if (cpi_text_starts(text, CPI_TEXT("\xef\xbb\xbf"))) {
		text.p += 3;
		text.n -= 3;
	}
	while (text.n && (*text.p == ' ' || (*text.p >= '\t' && *text.p <= '\r'))) {
		text.p++;
		text.n--;
	}
	return text;
}

/* `go 1.22 trace` and 3 zeros. */
static bool is_go_trace(struct cp_text text)
{
	return cpi_text_starts(text, CPI_TEXT("go 1.")) && text.n >= 16 &&
	       memmem(text.p, 16, " trace", 6);
}

/* Which fields a message has; false when it is none, or empty. */
static bool fields(const uint8_t *bytes, size_t n, uint64_t *ret_varint, uint64_t *ret_bytes)
{
	struct cpi_cursor c = cpi_cursor_make(bytes, n, false);
	struct pb_field f;

	*ret_varint = *ret_bytes = 0;
	while (pb_next(&c, &f)) {
		uint64_t bit = 1ULL << (f.number < 63 ? f.number : 63);

		*ret_varint |= f.type == PB_VARINT ? bit : 0;
		*ret_bytes |= f.type == PB_BYTES ? bit : 0;
	}
	return cpi_cursor_ok(&c) && (*ret_varint | *ret_bytes);
}

/*
 * Traces of Perfetto and OpenTelemetry's profiles before they had a dictionary are both one
 * field, again and again; packets of the former have times (8) or sequences (10), the latter
 * have only messages: a resource (1), profiles (2), a name of a schema (3).
 */
static const char *by_field_one(const struct cpi_bytes *bytes)
{
	struct cpi_cursor c = cpi_cursor_make(bytes->data, bytes->n, false);
	struct pb_field f = {.n = 0};
	uint64_t varint, lengths, all_varint = 0, all_bytes = 0;

	for (unsigned n = 0; n < 16 && pb_next(&c, &f); n++) {
		if (f.number != 1 || f.type != PB_BYTES ||
			!fields(f.bytes, f.n, &varint, &lengths))
			return NULL;
		all_varint |= varint;
		all_bytes |= lengths;
	}
	if (all_varint & (1 << 8 | 1 << 10))
		return "a trace of Perfetto: traceconv profile --perf makes pprofs of it";
	if (!all_varint && all_bytes & 1 << 2 && !(all_bytes & ~0xeULL))
		return "OpenTelemetry profiles of a layout before 1.8: newer collectors and "
		       "agents write what is read";
	return NULL;
}

static const char *elf_kind(const struct cpi_bytes *bytes)
{
	uint8_t big, type;

	if (bytes->n < 18 || memcmp(bytes->data, "\177ELF", 4))
		return NULL;
	big = bytes->data[5] == 2;
	type = bytes->data[16 + big];
	if (type == 4)
		return "a core dump: gdb reads it";
	return type == 1 ? "an ELF object file" : "an ELF program or library";
}

static const char *by_magic(const struct cpi_bytes *bytes, struct cp_text text)
{
	const char *what;

	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
		const struct magic *m = &magics[i];

		if (bytes->n >= m->at + m->n &&
			!memcmp(bytes->data + m->at, m->bytes, m->n))
			return m->what;
	}
	if (is_go_trace(text))
		return "an execution trace of Go: go tool trace -pprof=sched makes a "
		       "profile of it";
	what = elf_kind(bytes);
	return what ? what : by_field_one(bytes);
}

static const char *by_opening(struct cp_text text)
{
	for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
		const struct opening *o = &openings[i];
		size_t n = strlen(o->start);

		if (text.n >= n && same_but_for_case(text.p, o->start, n) &&
			(!o->has || memmem(text.p + n - 1, text.n - n + 1, o->has,
					    strlen(o->has))))
			return o->what;
	}
	return NULL;
}

/* What a JSON file is by its members, where that is known and not read. */
static const char *by_members(const struct cpi_source *source, struct cp_text text)
{
	enum cpi_json_shape shape;

	if (!text.n || (*text.p != '{' && *text.p != '['))
		return NULL;
	shape = cpi_json_shape(source);
	/* Those before are read; if not here, then because they hold no samples. */
	return shape < CPI_JSON_GECKO ? NULL : cpi_json_shape_name(shape);
}

/* No zeros, hardly a control character, and UTF-8 but for what an old encoding has. */
static bool is_text(struct cp_text text)
{
	size_t odd = 0;

	for (size_t i = 0; i < text.n;) {
		uint32_t rune;
		unsigned n = cpi_utf8_decode(text.p + i, text.n - i, &rune);

		if (!rune)
			return false;
		odd += rune == CPI_RUNE_BAD || rune == 0x7f ||
		       (rune < 0x20 && rune != '\t' && rune != '\n' && rune != '\r');
		i += n;
	}
	return text.n && odd * 20 < text.n;
}

static bool is_zeros(const struct cpi_bytes *bytes)
{
	size_t n = bytes->n < LOOKED_AT ? bytes->n : LOOKED_AT;

	for (size_t i = 0; i < n; i++)
		if (bytes->data[i])
			return false;
	return n >= 16;
}

enum cpi_other cpi_format_other(const struct cpi_source *source, char *ret, size_t size)
{
	const struct cpi_bytes *bytes = &source->part[0];
	struct cp_text text = beginning(bytes), line = text;
	const char *what = by_magic(bytes, text), *end;
	char shown[2 * TEXT_SHOWN];

	if (!what)
		what = by_members(source, text);
	if (!what)
		what = by_opening(text);
	if (!what && is_zeros(bytes))
		what = "nothing but zeros, as a file is that was never written out";
	if (what) {
		snprintf(ret, size, "no profile, but %s", what);
		return CPI_OTHER_SURE;
	}
	if (!is_text(text))
		return CPI_OTHER_UNKNOWN;
	end = memchr(text.p, '\n', text.n);
	line.n = end ? (size_t)(end - text.p) : text.n;
	while (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n > TEXT_SHOWN)
		line.n = TEXT_SHOWN;
	snprintf(ret, size, "text, but no profile that libcp knows: it begins \"%s\"",
		cpi_text_printable(shown, sizeof shown, line));
	return CPI_OTHER_TEXT;
}
