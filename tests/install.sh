#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs libcp in every way the README names, each in a Debian where nothing is installed, and does
# the main job there: a capture to pprof, to a table, to a picture. Too long for tests/run.sh (each
# Debian builds anew); needs root, debootstrap and Debian's mirror, else it is skipped.
#
#	sh tests/install.sh [SUITE...]		(bookworm trixie)
#	STEPS="source deb" sh tests/install.sh bookworm
#
# Steps: source (as root, and as a user into a prefix), quickstart, deb, tarball, arm64, tests.
set -u
cd "$(dirname "$0")/.."
source_tree=$(pwd)
. tests/root.sh

why=$(root_why_not)
if [ -n "$why" ]; then
	echo "SKIPPED: tests/install.sh: no fresh Debian: $why"
	echo "0 passed, 0 failed, 1 skipped"
	exit 77
fi
passed=0
failed=0
# The last lines of what a step said, when it failed.
try()
{
	what=$1
	shift
	if "$@" >"$roots/step.log" 2>&1; then
		echo "ok      $what"
		passed=$((passed + 1))
	else
		tail -n 25 "$roots/step.log"
		echo "FAILED  $what"
		failed=$((failed + 1))
		return 1
	fi
}

# The main job with the tools on the PATH, in the folder that has /src/testdata's captures.
# Without ldconfig: what cannot be found without it must not be found.
job='
t=$(mktemp -d) && q=/src/testdata/quickstart && cd "$t"
cpconv $q/demo $q/perf.data -o out.pb.gz
cpreport top -n 3 out.pb.gz >top
grep -q escape_time top || { cat top; exit 1; }
cpflame out.pb.gz -o flame.svg && grep -q "</svg>" flame.svg
for tool in cpconv cpdiff cpflame cpinfo cpmerge cpreport $MORE; do
	$tool --version >/dev/null
done'
both='MORE="cpget cpweb"'

in_source()
{
	root_fresh "$1" now && root_source now &&
		root_run now "cd /src && sh tools/packages.sh build && meson setup build &&
			ninja -j\$CP_JOBS -C build install" >"$roots/build.log" 2>&1 || {
		tail -n 30 "$roots/build.log"
		return 1
	}
	! grep -A4 'warning:' "$roots/build.log" || return 1
	root_run now "mv /sbin/ldconfig /sbin/ldconfig.away; $both; $job; mv /sbin/ldconfig.away /sbin/ldconfig"
}
in_prefix()
{
	root_run now "useradd -m someone && chown -R someone /src/build &&
		su someone -c 'cd /src && meson configure build --prefix /home/someone/.local &&
			ninja -C build install' &&
		rm -rf /usr/local/bin/cp* /usr/local/lib/libcp* /usr/local/include/cp &&
		PATH=/home/someone/.local/bin:\$PATH && $both && $job"
}
in_program()
{
	root_run now 'cd /tmp && sed -n "/^\`\`\`/,/^\`\`\`/p" /src/tools/man/libcp.3.scd |
		sed "/^\`\`\`/d; s/\\\\\\\\/\\\\/g" >program.c &&
		cc program.c -o program $(pkg-config --cflags --libs libcp) &&
		./program /src/testdata/quickstart/perf.data | grep "flat%"'
}
in_quickstart()
{
	root_fresh "$1" now && root_source now && root_run now "cd /src && sh tools/quickstart.sh"
}
in_deb()
{
	root_fresh "$1" now && root_source now &&
		root_run now 'cd /src && sh tools/packaging/deb.sh one && sh tools/packaging/deb.sh two &&
			cd one && for f in *.deb; do cmp "$f" "../two/$f"; done' || return 1
	root_fresh "$1" other && mkdir -p "$roots/other/src" &&
		cp "$roots"/now/src/one/*.deb "$roots/other/src/" &&
		cp -R testdata "$roots/other/src/" &&
		root_run other "apt-get update && cd /src && apt-get install -y --no-install-recommends ./*.deb &&
			$both && $job" && root_run other 'export TESTDATA=/src/testdata; cd /tmp
			for e in /usr/share/doc/python3-libcp/examples/*.py; do
				echo "$e" && python3 "$e"; done'
}
# $2: the machine; nothing but the tarball in the root.
in_tarball()
{
	packages=
	[ "$2" = "$(uname -m)" ] || packages="dpkg --add-architecture arm64 && apt-get update &&
		apt-get install -y --no-install-recommends crossbuild-essential-arm64 qemu-user-static \
		\$(for p in \$(sh tools/packages.sh list static); do echo \$p:arm64; done) &&"
	root_fresh "$1" now && root_source now &&
		root_run now "cd /src && $packages sh tools/packages.sh build &&
			sh tools/packaging/tarball.sh $2 out && sh tools/packaging/tarball.sh $2 again &&
			cmp out/*.xz again/*.xz && [ \$(stat -c %s out/*.xz) -le 3145728 ]" || return 1
	rm -rf "${roots:?}/empty" && mkdir "$roots/empty" &&
		tar -C "$roots/empty" --strip-components=1 -xf "$roots"/now/src/out/*.tar.xz &&
		cp -R testdata/quickstart "$roots/empty/" || return 1
	run="chroot $roots/empty"
	if [ "$2" != "$(uname -m)" ]; then
		cp "$roots/now/usr/bin/qemu-$2-static" "$roots/empty/qemu"
		# The kernel may not know how to start another machine's programs.
		run="chroot $roots/empty /qemu"
	fi
	$run /bin/cp-tools cpconv quickstart/demo quickstart/perf.data -o out.pb.gz &&
		$run /bin/cp-tools cpreport top -n 3 out.pb.gz | grep escape_time &&
		$run /bin/cp-tools cpflame out.pb.gz -o flame.svg
}
# Unit and golden tests with this Debian's compiler and libraries.
in_tests()
{
	root_fresh "$1" now && root_source now &&
		root_run now 'cd /src && sh tools/packages.sh build && apt-get install -y \
			--no-install-recommends g++ libcmocka-dev diffutils binutils xz-utils zstd &&
			meson setup build && ninja -j$CP_JOBS -C build >ninja.log || { tail -n 30 ninja.log; exit 1; }
			! grep -A4 "warning:" ninja.log &&
			meson test -C build --no-rebuild --suite unit --suite golden --print-errorlogs'
}

[ $# -gt 0 ] || set -- bookworm trixie
for suite; do
	for step in ${STEPS:-source quickstart deb tarball arm64 tests}; do
		case $step in
		source)
			try "$suite: install from source, as root" in_source "$suite" &&
				try "$suite: a program with pkg-config" in_program &&
				try "$suite: install into a user's prefix" in_prefix
			;;
		quickstart) try "$suite: quickstart" in_quickstart "$suite" ;;
		deb) try "$suite: .debs, made twice, installed" in_deb "$suite" ;;
		tarball) try "$suite: static tarball in an empty root" in_tarball "$suite" x86_64 ;;
		arm64) try "$suite: arm64's tarball, by qemu" in_tarball "$suite" aarch64 ;;
		tests) try "$suite: unit and golden tests" in_tests "$suite" ;;
		*) echo "no step $step" && exit 2 ;;
		esac
	done
done
echo "$passed passed, $failed failed"
exit $((failed > 0))
