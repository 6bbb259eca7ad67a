/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_DISASM_H
#define CP_DISASM_H

/*
 * Instructions with what each cost. Of functions that match a regex (or hold an address) all
 * native functions are shown in which they have samples: a function that was inlined into
 * three others has its instructions there. Places are (image, position in the file), so
 * position-independent programs come out right, and code is taken only from a file whose
 * build id is the recorded one, found as for symbols. Ranges come from symbols, lines and
 * inlined calls from DWARF.
 *
 * An event that is not precise (perf's :p) is seen one instruction late: cost of a slow
 * instruction often stands at the one behind it.
 */

#include <cp/report.h>
#include <cp/symbolize.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialise and set what you need. */
struct cp_disasm_options {
	size_t size; /* sizeof(struct cp_disasm_options) */
	/*
	 * regex (required): a regex over names of functions, or an address "0x…" as the
	 * profile has them; sample_type, mean, unit, divide_by, total.
	 */
	const struct cp_report_options *report;
	const struct cp_symbolize_options *symbols; /* where files are; NULL: the usual places */
	bool intel; /* Intel's syntax instead of AT&T's */
};

enum cp_instruction_kind {
	CP_INSTRUCTION_PLAIN,
	CP_INSTRUCTION_JUMP,
	CP_INSTRUCTION_BRANCH, /* a jump on a condition */
	CP_INSTRUCTION_CALL,
	CP_INSTRUCTION_RETURN,
	CP_INSTRUCTION_UNKNOWN /* bytes that are none; decoding goes on at the next known place */
};

/* A function that an instruction came from by inlining, and the line in it. */
struct cp_instruction_frame {
	struct cp_text name, file;
	uint32_t line; /* 0: unknown */
};

struct cp_instruction {
	uint64_t address; /* as linked; what objdump shows */
	const uint8_t *bytes;
	uint32_t length;
	enum cp_instruction_kind kind;
	bool has_target;
	uint64_t target;
	uint32_t target_row; /* in the same function; UINT32_MAX: elsewhere, or none */
	struct cp_text text;
	int64_t flat, cum;
	uint32_t block; /* basic block: counts from 0 in each function */
	int64_t block_flat; /* of the whole block */
	/* Innermost first, the native function last; none without debug information. */
	const struct cp_instruction_frame *frame;
	uint32_t n_frames;
};

struct cp_disasm_function {
	struct cp_text name;  /* of the symbol */
	struct cp_text image; /* its path in the profile */
	const char *file;     /* where the code came from; NULL: there is none */
	const char *note;     /* why there are no instructions, or what to know; or NULL */
	uint64_t address, bytes; /* of the symbol, as linked */
	int64_t flat, cum;       /* cum: sum over instructions of one sample counts once each */
	const struct cp_instruction *row;
	size_t n_rows;
};

struct cp_disasm_rows {
	const struct cp_disasm_function *function; /* by flat value, then name */
	size_t n_functions;
	struct cp_text type, unit;
	int64_t total;
};

struct cp_disasm;

/* CP_ERROR_EMPTY when nothing matches. The profile must outlive the result. */
enum cp_code cp_disasm_new(struct cp_context *context, const struct cp_profile *profile,
	const struct cp_disasm_options *options, struct cp_disasm **ret_disasm,
	struct cp_error *err);
const struct cp_disasm_rows *cp_disasm_rows(const struct cp_disasm *disasm);
/* "text", "html" or "json" ("schema": "libcp.disasm", "version": 1). */
enum cp_code cp_disasm_write(const struct cp_disasm *disasm, const char *format,
	cp_write_fn *fn, void *arg, struct cp_error *err);
/* NULL is fine. */
void cp_disasm_free(struct cp_disasm *disasm);

#ifdef __cplusplus
}
#endif
#endif
