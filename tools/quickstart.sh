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

step "Packages"
sh tools/packages.sh build
echo "all there"

step "Build"
[ -f build/build.ninja ] || meson setup -Dtests=false build >build.log 2>&1 || {
	cat build.log
	exit 1
}
ninja -C build >build.log 2>&1 || {
	cat build.log
	exit 1
}
rm -f build.log
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
