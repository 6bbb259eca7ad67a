#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone on Debian 12 to the first profile and picture:
#
#	sh tools/quickstart.sh
#
# Installs what is missing, builds in ./build, and converts the capture in
# testdata/quickstart/. Run again, it only does what is still to do.
set -eu
cd "$(dirname "$0")/.."

started=$(date +%s)
step()
{
	printf '\n== %s\n' "$*"
}
# Shows a command, then runs it.
run()
{
	printf '$ %s\n' "$*"
	"$@"
}

# watched WHAT COMMAND...: runs it, its words in build.log, and says every few seconds that it is
# still at it; ninja's counters are shown.
watched()
{
	what=$1
	shift
	echo "$what: $*"
	"$@" >build.log 2>&1 &
	pid=$! seconds=0 shown=
	while kill -0 $pid 2>/dev/null; do
		sleep 1
		seconds=$((seconds + 1))
		[ $((seconds % 5)) = 0 ] || continue
		now=$(sed -n 's/^\[\([0-9]*\)\/\([0-9]*\)\].*/\1 of \2 steps/p' build.log | tail -n 1)
		echo "  ${now:-still at it}, $seconds s"
	done
	wait $pid || {
		cat build.log
		exit 1
	}
	rm -f build.log
}

step "Packages: what is missing is installed with apt-get"
sh tools/packages.sh build
echo "all there"

step "Build: the library and the tools, in ./build"
[ -f build/build.ninja ] ||
	watched "looking at this system" meson setup -Dtests=false build
watched "compiling" ninja -C build
echo "the tools are in build/tools/: $(cd build/tools && ls | grep '^cp[a-z]*$' | tr '\n' ' ')"

step "Convert: a capture made by perf, and the program it was taken from, to pprof's format"
run build/tools/cpconv testdata/quickstart/demo testdata/quickstart/perf.data -o out.pb.gz

step "Where the time went"
run build/tools/cpreport top -n 8 out.pb.gz

step "Draw"
run build/tools/cpflame out.pb.gz -o flame.svg

step "Done in $(($(date +%s) - started)) s"
echo "out.pb.gz   the profile: $(wc -c <out.pb.gz) bytes; try: go tool pprof -top out.pb.gz"
echo "flame.svg   the picture: $(wc -c <flame.svg) bytes; open it in a browser"
echo "your own:   perf record -g ./program && build/tools/cpreport perf.data"
echo "in pages:   build/tools/cpweb out.pb.gz"
