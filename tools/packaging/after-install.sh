#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run by `meson install`. The tools find libcp.so.1 by themselves; other programs find one that
# was put into the loader's folders once its cache is made anew, which only root can do.
[ -z "${DESTDIR:-}" ] || exit 0
[ "$(id -u)" = 0 ] && PATH=$PATH:/sbin:/usr/sbin && command -v ldconfig >/dev/null && ldconfig
exit 0
