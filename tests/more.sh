#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What tests/run.sh leaves out because each needs a build of its own: the seeds of every fuzz
# target under clang's sanitizers, which see more than gcc's, and the tools under the thread
# sanitizer. Prints the failures, and ends with 1 if there was one.
#
#	sh tests/more.sh
set -u
cd "$(dirname "$0")/.."
failed=0
other()
{
	name=$1
	shift
	if "$@" >other.log 2>&1; then
		echo "OK $name"
	else
		tail -n 40 other.log
		echo "FAIL $name"
		failed=1
	fi
	rm -f other.log
}
build_fuzz()
{
	[ -f build-fuzz/build.ninja ] ||
		CC=clang meson setup build-fuzz -Dfuzz=true -Dman=disabled || return 1
	ninja -C build-fuzz fuzz
}
build_fuzz_ready()
{
	other "fuzz targets build with clang" build_fuzz
	for corpus in tests/fuzz/corpus/*; do
		target=${corpus##*/}
		other "seeds of $target" "build-fuzz/tests/fuzz/fuzz-$target" -runs=0 "$corpus"
	done
}
if command -v clang >/dev/null; then
	build_fuzz_ready
else
	echo "SKIPPED: fuzz targets: there is no clang"
fi
other "threads" sh tests/threads.sh
exit $failed
