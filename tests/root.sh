# SPDX-License-Identifier: Apache-2.0
# Sourced: Debian systems in folders, to try in them what needs a machine where nothing is
# installed. They need root, debootstrap and Debian's mirror; CP_ROOTS (default /tmp/libcp-roots)
# keeps them, so that the next run need not fetch them again.
roots=${CP_ROOTS:-/tmp/libcp-roots}

# Why there can be no such systems here; nothing when there can.
root_why_not()
{
	if [ "$(id -u)" != 0 ]; then
		echo "only root can make one"
	elif ! command -v debootstrap >/dev/null; then
		echo "there is no debootstrap"
	elif ! unshare --mount true 2>/dev/null; then
		echo "mounts are not allowed here"
	fi
}

# root_base SUITE [PACKAGE,...]: $roots/SUITE, the smallest system that Debian has.
root_base()
{
	[ -e "$roots/$1.done" ] && return 0
	rm -rf "${roots:?}/$1"
	mkdir -p "$roots"
	debootstrap --variant=minbase ${2:+--include="$2"} "$1" "$roots/$1" >"$roots/$1.log" 2>&1 || {
		tail -n 20 "$roots/$1.log"
		return 1
	}
	# Nobody minds when power fails while packages are unpacked here.
	echo force-unsafe-io >"$roots/$1/etc/dpkg/dpkg.cfg.d/fast"
	touch "$roots/$1.done"
}

# root_fresh SUITE NAME: a copy of it that nothing was done in.
root_fresh()
{
	root_base "$1" || return 1
	rm -rf "${roots:?}/$2"
	cp -a --reflink=auto "$roots/$1" "$roots/$2"
	# The names of machines are looked up as they are here.
	cp -L /etc/resolv.conf /etc/hosts "$roots/$2/etc/"
}

# root_run NAME COMMAND: by sh, as root in there, with nothing of this machine's environment.
root_run()
{
	unshare --mount --fork sh -c '
		mount -t proc proc "$1/proc"
		mount -t tmpfs tmpfs "$1/dev/shm" 2>/dev/null
		exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive CP_JOBS="$3" \
			chroot "$1" sh -euc "$2"' - "$roots/$1" "$2" "${CP_JOBS:-$(nproc)}"
}

# root_source NAME: the tree as it stands, without what was built, in /src there.
root_source()
{
	mkdir -p "$roots/$1/src"
	tar -C "$source_tree" --exclude='./build*' --exclude=./.git -cf - . | tar -C "$roots/$1/src" -xf -
}
