#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# packages.sh [list] [build] [test] [package] [static]: installs the Debian packages that
# these steps need and that are absent; says nothing and changes nothing when all are there. Uses
# sudo unless root. With "list" it only names them.
set -eu

build='gcc libc6-dev meson ninja-build pkgconf protobuf-c-compiler libprotobuf-c-dev
	zlib1g-dev libelf-dev libdwarf-dev libdeflate-dev libisal-dev libzstd-dev liblzma-dev
	libpcre2-dev libmicrohttpd-dev libiberty-dev libxxhash-dev libcurl4-openssl-dev libzydis-dev
	libcapstone-dev libsqlite3-dev scdoc'
# What the tests compare with; a test whose peer is absent is skipped, and says so.
test='g++ gcc-multilib clang libcmocka-dev python3 perl diffutils binutils elfutils dwz llvm
	linux-perf golang-go graphviz chromium libxml2-utils xz-utils zstd gzip libdebuginfod1
	strace openssl zsh fish valgrind mandoc groff-base sqlite3 python3-cffi python3-dev python3-numpy parallel
	protobuf-compiler'

package='build-essential debhelper dpkg-dev lintian dh-python python3-dev python3-cffi
	python3-setuptools'
# What a static program for another machine is made with, of that machine.
static='libprotobuf-c-dev zlib1g-dev libelf-dev libdwarf-dev libdeflate-dev libzstd-dev
	liblzma-dev libpcre2-dev libiberty-dev libxxhash-dev libcapstone-dev libsqlite3-dev'

wanted=
list=
for step; do
	case $step in
	list) list=1 ;;
	build) wanted="$wanted $build" ;;
	test) wanted="$wanted $test" ;;
	package) wanted="$wanted $package" ;;
	static) wanted="$wanted $static" ;;
	*) echo "usage: packages.sh [list] [build] [test] [package] [static]" >&2 && exit 2 ;;
	esac
done
[ -z "$list" ] || { echo $wanted && exit 0; }

if ! command -v apt-get >/dev/null; then
	echo "This is no Debian: these packages, or what your system calls them, are needed:"
	echo $wanted
	exit 0
fi

missing=
for package in $wanted; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
	if ! command -v sudo >/dev/null; then
		echo "Missing packages; become root, or install sudo, or run as root:" >&2
		echo "  apt-get install$missing" >&2
		exit 1
	fi
fi
echo "Installing with apt-get, from this system's mirror, a minute or two:$missing"
. "$(dirname "$0")/watched.sh"
# A password is asked for now, not in the middle.
[ -z "$sudo" ] || sudo true
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install()
{
	watched "$log" $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y \
		--no-install-recommends $missing
}
# The package lists of a machine in use are often good enough, and then this saves time.
install || { echo "Fetching the lists of packages first" &&
	watched "$log" $sudo apt-get update && install; } || {
	tail -n 20 "$log" >&2
	echo "packages.sh: installing failed" >&2
	exit 1
}
