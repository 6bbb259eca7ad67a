#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# deb.sh [FOLDER]: makes the Debian packages libcp1, libcp-dev, cp-tools and python3-libcp in
# FOLDER (build-deb), for the system that it runs on. The same sources on the same system give the
# same bytes. Installs what is missing for that; lintian looks at the result where it is there.
set -eu
cd "$(dirname "$0")/../.."

out=${1:-build-deb}
mkdir -p "$out"
out=$(cd "$out" && pwd)
maintainer='libcp developers <libcp@users.noreply.invalid>'
version=$(sed -n "s/^  version: '\(.*\)',$/\1/p" meson.build)
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
	SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y meson.build)
fi
export SOURCE_DATE_EPOCH

sh tools/packages.sh build package

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/libcp-$version
mkdir "$tree"
# What belongs to the project, also where git does not know (a tarball of it).
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	git ls-files -z --cached --others --exclude-standard
else
	find . -path './build*' -prune -o -type f -print0
fi | xargs -0 ls -d 2>/dev/null | tar -T - -cf - | tar -C "$tree" -xf -

cp -R tools/packaging/debian "$tree/debian"
needed=$(sh tools/packages.sh list build | sed 's/ \(.\)/, \1/g')
sed -i "s/@MAINTAINER@/$maintainer/; s/@BUILD_DEPENDS@/$needed/" "$tree/debian/control"
cat >"$tree/debian/changelog" <<END
libcp ($version) unstable; urgency=medium

  * Made from the project's own tree by tools/packaging/deb.sh.

 -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END

echo "building libcp $version for $(dpkg --print-architecture)"
if ! (cd "$tree" && DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=${CP_JOBS:-$(nproc)}" \
	dpkg-buildpackage --build=binary --no-sign) >"$work/log" 2>&1; then
	tail -n 40 "$work/log" >&2
	exit 1
fi
rm -f "$out"/libcp1_*.deb "$out"/libcp-dev_*.deb "$out"/cp-tools_*.deb "$out"/python3-libcp_*.deb
mv "$work"/*.deb "$out"
if command -v lintian >/dev/null; then
	lintian --allow-root --fail-on error "$out"/*.deb
fi
ls -l "$out"/*.deb
