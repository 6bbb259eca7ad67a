#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compares the captures of two builds for a review: writes a comment of at most 40 lines of 120
# columns, and ends with 1 when a gate fails. What it needs comes in variables, as both GitHub and
# GitLab hand it over:
#
#	CP_BEFORE, CP_AFTER	folders with the captures of the base and of the change, in any format
#	CP_GATES		gates, one a line: total:5%, flat:REGEX:5%, cum:REGEX:5%; or none
#	CP_TARBALL		libcp-VERSION-x86_64.tar.xz, a file or a URL; empty: tools on the PATH
#	CP_COMMENT		the file to write (comment.md)
#
# Five captures a side, recorded in turn on one machine, can tell a change of 5-10 % from noise;
# with one a side every gate is "unclear", and nothing fails.
set -eu

if [ -n "${CP_TARBALL:-}" ]; then
	tools=$(mktemp -d)
	trap 'rm -rf "$tools"' EXIT
	case $CP_TARBALL in
	http://* | https://*)
		curl -fsSL "$CP_TARBALL" -o "$tools/libcp.tar.xz"
		CP_TARBALL=$tools/libcp.tar.xz
		;;
	esac
	tar -xJf "$CP_TARBALL" -C "$tools" --strip-components=1
	PATH=$tools/bin:$PATH
fi

set -- --to markdown --output "${CP_COMMENT:-comment.md}"
old_ifs=$IFS
IFS='
'
for gate in ${CP_GATES:-}; do
	set -- "$@" --fail-on "$gate"
done
IFS=$old_ifs

status=0
cpdiff "$@" --before "$CP_BEFORE"/* --after "$CP_AFTER"/* || status=$?
[ "$status" -le 1 ] || echo "the captures cannot be compared (cpdiff ended with $status)" >&2
exit "$status"
