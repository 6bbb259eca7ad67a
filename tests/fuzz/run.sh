#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh HOURS [TARGET...]: builds the fuzz targets with clang and runs each, or those named,
# for its share of HOURS (a fraction will do), one after the other, at low priority. What is new
# goes to fuzz-work/TARGET beside the build, and from there, minimised, into tests/fuzz/corpus as
# long as all corpora stay below 3 MB. Findings are fuzz-work/TARGET-*; the status says if any.
# Inputs are chosen evenly: libFuzzer's choice by entropy took 70 % of the time of targets with
# tens of thousands of features, and the perf target ran at 110 inputs a second.
set -u
cd "$(dirname "$0")/../.." || exit 2
hours=${1:?usage: run.sh HOURS [TARGET...]}
shift
build=${FUZZ_BUILD:-build-fuzz}
if [ ! -f "$build/build.ninja" ]; then
	CC=clang meson setup "$build" -Dfuzz=true -Dman=disabled --buildtype=debugoptimized || exit 2
fi
ninja -C "$build" fuzz || exit 2
work=$build/fuzz-work
mkdir -p "$work"
[ $# -gt 0 ] || set -- $(ls "$build"/tests/fuzz | sed -n 's/^fuzz-\([a-z_]*\)$/\1/p')
seconds=$(awk "BEGIN { print int($hours * 3600 / $# + 1) }")
most=3000000
found=0
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
for target; do
	program=$build/tests/fuzz/fuzz-$target corpus=tests/fuzz/corpus/$target
	dict=tests/fuzz/dict/$target.dict
	mkdir -p "$work/$target" "$corpus"
	nice -n 19 "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
		-max_len=65536 -entropic=0 -artifact_prefix="$work/$target-" \
		$([ -f "$dict" ] && echo "-dict=$dict") \
		"$work/$target" "$corpus" >"$work/$target.log" 2>&1 || {
		found=1
		echo "$target: FOUND SOMETHING, see $work/$target.log"
	}
	sed -n 's/^#\([0-9]*\).*DONE *cov: \([0-9]*\) .*exec.s: \([0-9]*\).*/'"$target"': \1 runs, \2 edges, \3 a second/p' \
		"$work/$target.log"
	size=$(du -sb tests/fuzz/corpus | cut -f1)
	if [ "$size" -lt $most ]; then
		mkdir -p "$work/small"
		rm -rf "$work/small/$target"
		mkdir "$work/small/$target"
		"$program" -merge=1 -max_len=4096 "$work/small/$target" "$corpus" "$work/$target" \
			>>"$work/$target.log" 2>&1
		new=$(du -sb "$work/small/$target" | cut -f1)
		[ $((size + new)) -ge $most ] || cp -n "$work/small/$target"/* "$corpus" 2>/dev/null
	fi
done
exit $found
