#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# threads.sh: builds the tools with the thread sanitizer and runs each on inputs that use
# threads: captured stacks, DWARF whole and compressed, many inputs. The answers of 1, 2 and 8
# threads are the same bytes. One line per finding; the status says if there was one.
set -u
cd "$(dirname "$0")/.." || exit 2
build=${THREADS_BUILD:-build-tsan}
if [ ! -f "$build/build.ninja" ]; then
	meson setup "$build" -Db_sanitize=thread -Db_lundef=false -Dtests=false -Dman=disabled \
		>/dev/null || exit 2
fi
ninja -C "$build" >/dev/null || exit 2
tools=$build/tools data=testdata
export TSAN_OPTIONS="halt_on_error=0 exitcode=66"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
bad=0
# same NAME TOOL ARGUMENT...
same()
{
	name=$1
	shift
	for threads in 1 2 8; do
		"$tools/$@" --threads $threads >"$place/$threads" 2>"$place/said"
		status=$?
		if [ $status -gt 1 ] || grep -q ThreadSanitizer "$place/said"; then
			echo "$name with $threads threads: status $status"
			head -n 30 "$place/said"
			bad=1
		fi
		cmp -s "$place/1" "$place/$threads" || {
			echo "$name: 1 and $threads threads differ"
			bad=1
		}
	done
}
demo="$data/quickstart/demo $data/quickstart/perf.data"
for to in pprof folded raw; do
	same "cpconv --to $to" cpconv $demo --to $to
done
same "cpflame" cpflame $demo --to svg
same "cpreport" cpreport top $demo
same "cpreport list" cpreport traces $demo
same "cpinfo" cpinfo $demo --json
same "cpdiff" cpdiff --to json $data/quickstart/perf.data $data/quickstart/perf.data
same "cpmerge" cpmerge $data/pprof/good-*.pb.gz --skip-bad --types union --to pprof
same "unwinding" cpconv --binary /bin/prog=$data/unwind/tiny-x86_64 --force-build-id \
	$data/perf/good-dwarf.data --to folded
for program in $data/dwarf/good/gcc5 $data/dwarf/good/gcc5-zstd $data/dwarf/good/split5 \
	$data/object/go-1.20; do
	{
		echo "heap profile: 600: 600 [600: 600] @ heapprofile"
		i=0
		while [ $i -lt 600 ]; do
			printf ' 1: 1 [1: 1] @ 0x%x\n' $((0x401000 + i * 7))
			i=$((i + 1))
		done
		printf '\nMAPPED_LIBRARIES:\n00400000-00a00000 r-xp 00000000 00:00 1 /x/prog\n'
	} >"$place/heap"
	same "$program" cpconv --binary /x/prog=$program --force-build-id "$place/heap" --to raw
done
exit $bad
