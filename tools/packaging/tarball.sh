#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tarball.sh [x86_64|aarch64] [FOLDER]: makes FOLDER/libcp-VERSION-ARCH.tar.xz (build-tarball):
# the tools in one static program, their man pages and completions, for any Linux of that
# machine. Another machine's needs its cross compiler, its -dev packages and qemu-user (Debian:
# crossbuild-essential-arm64, packages.sh's list with :arm64, qemu-user-static).
#
# Without cpget and cpweb (Debian's libcurl cannot be linked in), downloads of debug files,
# ISA-L (zlib does its work) and Zydis (no x86 in cpreport disasm).
set -eu
cd "$(dirname "$0")/../.."

machine=${1:-$(uname -m)}
out=${2:-build-tarball}
version=$(sed -n "s/^  version: '\(.*\)',$/\1/p" meson.build)
name=libcp-$version-$machine
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
	SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y meson.build)
fi
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cross=
strip=strip
if [ "$machine" != "$(uname -m)" ]; then
	cross=--cross-file=tools/packaging/$machine.ini
	strip=$machine-linux-gnu-strip
fi

# Paths of this machine do not belong into what others run.
if ! { meson setup "$work/build" $cross --prefix=/ -Dstatic=true --buildtype=release \
	-Dc_args="-ffile-prefix-map=$work=. -ffile-prefix-map=$PWD=." &&
	ninja -C "$work/build" ${CP_JOBS:+-j$CP_JOBS} &&
	DESTDIR=$work/$name meson install -C "$work/build" --no-rebuild; } >"$work/log" 2>&1; then
	tail -n 40 "$work/log" >&2
	exit 1
fi
grep -A4 'warning:' "$work/log" && exit 1
$strip "$work/$name/bin/cp-tools"
mkdir -p "$work/$name/share/doc/libcp"
cp LICENSE README.md "$work/$name/share/doc/libcp/"

mkdir -p "$out"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mode=go=rX,u+w \
	--mtime="@$SOURCE_DATE_EPOCH" -cf - "$name" | xz -9e >"$out/$name.tar.xz"
ls -l "$out/$name.tar.xz"
