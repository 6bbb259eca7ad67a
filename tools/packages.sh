#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# packages.sh [build] [test]: installs the Debian packages that these steps need and
# that are absent; says nothing and changes nothing when all are there. Uses sudo unless root.
set -eu

build='gcc libc6-dev meson ninja-build pkgconf protobuf-c-compiler libprotobuf-c-dev
	zlib1g-dev libelf-dev libdwarf-dev libdeflate-dev libisal-dev libzstd-dev liblzma-dev
	libpcre2-dev libmicrohttpd-dev libiberty-dev libxxhash-dev libcurl4-openssl-dev libzydis-dev
	libcapstone-dev scdoc'
# What the tests compare with; a test whose peer is absent is skipped, and says so.
test='g++ gcc-multilib clang libcmocka-dev python3 perl diffutils binutils elfutils dwz llvm
	linux-perf golang-go graphviz chromium libxml2-utils xz-utils zstd gzip libdebuginfod1
	strace openssl zsh fish valgrind'

wanted=
for step; do
	case $step in
	build) wanted="$wanted $build" ;;
	test) wanted="$wanted $test" ;;
	*) echo "usage: packages.sh [build] [test]" >&2 && exit 2 ;;
	esac
done

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
echo "Installing (a minute or two):$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install()
{
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		$missing >"$log" 2>&1
}
# The package lists of a machine in use are often good enough, and then this saves time.
install || { echo "Fetching the lists of packages first" &&
	$sudo apt-get update >"$log" 2>&1 && install; } || {
	tail -n 20 "$log" >&2
	echo "packages.sh: installing failed" >&2
	exit 1
}
