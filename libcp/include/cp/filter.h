/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_FILTER_H
#define CP_FILTER_H

/*
 * Choosing frames and samples, and how finely frames are told apart. All options have
 * pprof's names and meaning.
 */

#include <cp/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What two frames must share to be the same. */
enum cp_granularity {
	CP_BY_ADDRESS,      /* everything; frames stay as they are */
	CP_BY_FUNCTION,     /* the function's name: also across files and binaries */
	CP_BY_FILEFUNCTION, /* name and source file */
	CP_BY_FILE,         /* source file; functions have no name then */
	CP_BY_LINE          /* name, file and line */
};

/*
 * Zero-initialise and set what you need. Regular expressions are Perl's (PCRE2), found
 * anywhere in a name unless they are anchored; NULL or "" is none. Those on frames look
 * at function names, source files and the paths of mappings.
 *
 * What is done, in this order:
 *  1. drop_frames: the profile's own drop_frames and keep_frames.
 *  2. tagroot, tagleaf: values of labels become frames at the root or leaf.
 *  3. Samples stay that have a frame matching focus and none matching ignore. Of their
 *     frames, hide drops what matches and show what does not. An inline chain loses the
 *     functions concerned, or is gone when its mapping matches. Samples without a frame
 *     left are dropped.
 *  4. show_from: drops what is nearer to the root than the outermost match; samples
 *     without a match go.
 *  5. tagfocus, tagignore: samples by their labels: "[KEY=]REGEX,REGEX…" on string labels
 *     or "[KEY=]N[UNIT]", "N:", ":N", "N:M" on numeric ones.
 *  6. tagshow, taghide: labels by key.
 *  7. prune_from: drops what is nearer to the leaf than the innermost match.
 *  8. noinlines and granularity.
 *  9. group_by: frames become groups.
 */
struct cp_filter_options {
	size_t size; /* sizeof(struct cp_filter_options) */

	const char *focus, *ignore, *hide, *show, *show_from, *prune_from;
	const char *tagfocus, *tagignore, *tagshow, *taghide;
	const char *tagroot, *tagleaf; /* comma-separated keys; the first is outermost */
	const char *tag_unit;          /* of numbers that become frames; NULL: minimum */
	/*
	 * Becomes the result's default sample type; all values stay. See
	 * cp_profile_find_sample_type.
	 */
	const char *sample_index;
	enum cp_granularity granularity;
	bool noinlines;   /* only the outermost function of each location */
	bool showcolumns; /* keep columns when granularity is lines */
	bool drop_frames; /* views and reports set this; converters keep the frames */
	/*
	 * Leave samples that have become equal as rows of their own. Without this they are
	 * added up, except in profiles with times.
	 */
	bool keep_rows;
	double divide_by; /* all values, cut to whole numbers; 0 = 1 */
	/*
	 * Comma-separated, as in perf report --sort: dso (the file's name without folders),
	 * sym, srcfile, comm, tid, pid, or the key of a label in the profile. Every frame
	 * becomes a function whose name is the values of these, with tabs between them where
	 * there are several keys; "[unknown]" where there is none. Equal neighbours are one
	 * frame, a sample without frames gets one, and times are not kept. A key that is
	 * none of these is CP_ERROR_ARGUMENT. NULL or "": frames stay what they are.
	 */
	const char *group_by;
};

/*
 * Makes *ret_profile from `profile`, which stays as it is. A regular expression that does
 * not compile is CP_ERROR_ARGUMENT with its position. One that takes more than
 * limits.regex_steps on a name is reported, and does not match it; more than
 * limits.regex_total on all names is CP_ERROR_LIMIT. The profile's own drop_frames that do
 * not compile are reported as damage; those that take too long are reported, too, and
 * nothing is dropped then. An option that matches nothing
 * is a note; a result without samples is no error.
 */
enum cp_code cp_profile_filter(struct cp_context *context, const struct cp_profile *profile,
	const struct cp_filter_options *options, struct cp_profile **ret_profile,
	struct cp_error *err);

/*
 * Finds a sample type as users name it: its number from 0, its type, or its type with
 * "inuse_" before it. NULL or "" is the profile's default, else the last. Prefixes total_
 * and mean_ are the caller's to cut. CP_ERROR_ARGUMENT lists what there is.
 */
enum cp_code cp_profile_find_sample_type(const struct cp_profile *profile, const char *name,
	uint32_t *ret_type, struct cp_error *err);

/*
 * The type that a view of one profile shows if none is asked for, as a number from 0: the
 * default one, or if all its values are 0 the first one with values. Folded text and
 * flame graphs of one profile take it themselves; a report is given its type, so that the
 * total and what filters leave of it are of one.
 */
uint32_t cp_profile_shown_sample_type(const struct cp_profile *profile);

#ifdef __cplusplus
}
#endif
#endif
