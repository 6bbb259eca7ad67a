#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds twice (optimised; with the address and undefined-behaviour
# sanitizers), runs every test of both, and ends with "N passed, N failed[, N skipped]".
#
#	sh tests/run.sh [MESON-TEST-ARGUMENT...]
set -u
cd "$(dirname "$0")/.."

give_up()
{
	echo "tests/run.sh: $*"
	echo "0 passed, 1 failed"
	exit 1
}

sh tools/packages.sh build test || give_up "the packages cannot be installed"

# build FOLDER MESON-OPTION...
build()
{
	folder=$1
	shift
	if [ ! -f "$folder/build.ninja" ]; then
		meson setup "$folder" "$@" >"$folder.log" 2>&1 || {
			cat "$folder.log"
			give_up "meson setup $folder failed"
		}
	fi
	ninja -C "$folder" >"$folder.log" 2>&1 || {
		tail -n 60 "$folder.log"
		give_up "building $folder failed"
	}
	grep -A4 'warning:' "$folder.log"
	rm -f "$folder.log"
}

export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

echo "== build (optimised)"
build build-opt
echo "== build (sanitizers)"
build build-asan -Db_sanitize=address,undefined -Db_lundef=false
for folder in build-opt build-asan; do
	echo "== test ($folder)"
	meson test -C "$folder" --num-processes "$(nproc)" --timeout-multiplier 3 \
		--print-errorlogs "$@"
done
exec python3 tests/count.py build-opt build-asan
