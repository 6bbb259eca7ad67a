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
run build/tools/cpconv out.pb.gz --to folded -o out.folded
awk '{ n = $NF; sub(/ [0-9]+$/, ""); k = split($0, f, ";"); self[f[k]] += n; all += n }
	END { for (s in self) printf "%6.2f %%  %s\n", 100 * self[s] / all, s }' out.folded |
	LC_ALL=C sort -rn | head -n 8
rm -f out.folded

if [ -x build/tools/cpflame ]; then
	step "Draw"
	run build/tools/cpflame out.pb.gz -o flame.svg
fi

step "Done in $(($(date +%s) - started)) s"
echo "out.pb.gz   the profile: $(wc -c <out.pb.gz) bytes; try: go tool pprof -top out.pb.gz"
if [ -f flame.svg ]; then
	echo "flame.svg   the picture: $(wc -c <flame.svg) bytes; open it in a browser"
fi
echo "your own:   perf record -g ./program && build/tools/cpconv perf.data -o mine.pb.gz"
