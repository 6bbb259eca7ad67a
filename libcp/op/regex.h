/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_OP_REGEX_H
#define CPI_OP_REGEX_H

/*
 * Regular expressions of users and of profiles, with a bound on what they can cost.
 *
 * Names repeat: 40 million frames have some ten thousand of them. So matches are
 * remembered by string id, and callers decide per location, not per frame.
 */

#include "model/profile.h"

struct cpi_regex;

enum cpi_regex_flags {
	CPI_REGEX_WHOLE = 1,  /* must match the whole text */
	CPI_REGEX_SIMPLE = 2, /* function names lose their parameters first */
	CPI_REGEX_CORRUPT =
		4 /* it came from the input: what is wrong with it is damage */
};

/*
 * Compiles `pattern`; `what` (a constant: "focus") names it in messages. An empty pattern
 * gives NULL, which is free to free.
 */
enum cp_code cpi_regex_new(struct cpi_env *env, const char *what, struct cp_text pattern,
	unsigned flags, struct cpi_regex **ret_regex, struct cp_error *err);
void cpi_regex_free(struct cpi_regex *rx);

bool cpi_regex_match(struct cpi_regex *rx, struct cp_text text);
/* The same on a string of a profile, remembered; always of the same profile. */
bool cpi_regex_match_string(
	struct cpi_regex *rx, const struct cp_profile *p, cp_string string);
/*
 * An input's own expression took more than limits.regex_total steps in all, which was
 * reported: what it said before is to be forgotten, too.
 */
bool cpi_regex_given_up(const struct cpi_regex *rx);
/*
 * What went wrong in matches so far (out of memory, too many steps in all); they then
 * said no. To be asked once, after a loop.
 */
enum cp_code cpi_regex_status(const struct cpi_regex *rx, struct cp_error *err);

/*
 * A function's name as pprof compares it with drop_frames: without a leading dot and
 * without everything from the first parenthesis, "operator()" and "(anonymous
 * namespace)" excepted.
 */
struct cp_text cpi_regex_simple_name(struct cp_text name);

#endif
