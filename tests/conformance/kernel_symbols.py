#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A distribution's kernel, moved as address randomisation moves it: functions, lines and
inlined calls out of vmlinux must be llvm-symbolizer's, names out of a list of symbols (of this
boot, or System.map) those of vmlinux.

usage: kernel_symbols.py CPCONV
       meson test -C build --benchmark kernel-symbols

Debian's linux-image-*-dbg has what it needs, 600 MB; CP_KERNEL_ROOT names a folder into which
that package was unpacked."""
import glob
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

from go_tables import chains_of, peer
from symbol_search import field, run, varint

SLIDE, LINKED, ADDRESSES = 0x1a200000, 0xffffffff81000000, 4000


def profile(build_id, addresses, out):
    strings = ["", "samples", "count", "[kernel.kallsyms]", build_id]
    body = field(1, field(1, 1) + field(2, 2))
    for i, at in enumerate(addresses):
        body += field(2, field(1, varint(i + 1)) + field(2, varint(1)))
        body += field(4, field(1, i + 1) + field(2, 1) + field(3, at + SLIDE))
    start = LINKED + SLIDE
    body += field(3, field(1, 1) + field(2, start) + field(3, start + 0x2000000)
                  + field(4, start) + field(5, 3) + field(6, 4))
    for s in strings:
        body += field(6, s.encode())
    with open(out, "wb") as f:
        f.write(body)


def same(want, got):
    """Equal depth, functions and lines; lines of 0 are unknown ones."""
    return len(want) == len(got) and all(
        w[0] == g[0] and (not w[2] or not g[2] or (os.path.normpath(w[1]), w[2])
                          == (os.path.normpath(g[1]), g[2])) for w, g in zip(want, got))


def check_lines(vmlinux, addresses, got):
    good = n = 0
    for at, want in zip(addresses, peer(vmlinux, addresses)):
        # Between functions there is padding, where symbols without a size seem to reach.
        if want[0][0] == "??" or want[0][1] == "??":
            continue
        n += 1
        good += same(want, got.get(at + SLIDE, []))
    print("  vmlinux: %d of %d chains agree" % (good, n))
    return n > ADDRESSES // 2 and good >= 0.995 * n


def names(cpconv, env, bare, *options):
    text = run(cpconv, bare, "--to", "raw", "-q", "--no-inlines", *options, env=env)
    part = text[text.index("\nLocations"):text.index("\nMappings")]
    return re.findall(r"^\s*\d+: 0x[0-9a-f]+ (?:M=\d+ )?(\S*)", part, re.M)


def check_lists(cpconv, env, bare, vmlinux, system_map, top):
    moved = os.path.join(top, "kallsyms")
    with open(system_map) as f, open(moved, "w") as out:
        for line in f:
            at, rest = line.split(" ", 1)
            at = int(at, 16)
            out.write("%016x %s" % (at + SLIDE if at >= 0xffffffff80000000 else at, rest))
    want = names(cpconv, env, bare, "--vmlinux", vmlinux)
    fine = True
    for what, file in (("of this boot", moved), ("System.map", system_map)):
        got = names(cpconv, env, bare, "--kallsyms", file)
        bad = sum(w != "" and w != g for w, g in zip(want, got))
        print("  list %s: %d of %d names differ" % (what, bad, sum(map(bool, want))))
        fine &= not bad and len(want) == len(got)
    return fine


def main():
    root = os.environ.get("CP_KERNEL_ROOT", "")
    found = sorted(glob.glob(root + "/usr/lib/debug/boot/vmlinux-*"))
    if not found or not shutil.which("llvm-symbolizer"):
        print("SKIPPED: no vmlinux with debug information, or no llvm-symbolizer; the kernel's "
              "symbols are not compared")
        return 77
    vmlinux = found[-1]
    system_map = vmlinux.replace("vmlinux-", "System.map-")
    cpconv = os.path.abspath(sys.argv[1])
    text = next(l.split("]")[1].split() for l in run("readelf", "-SW", vmlinux).split("\n")
                if "] .text " in l)
    first, size = int(text[2], 16), int(text[4], 16)
    addresses = sorted(random.Random(1).sample(range(first, first + size), ADDRESSES))
    build_id = re.search(r"Build ID: ([0-9a-f]+)", run("readelf", "-n", vmlinux)).group(1)
    with tempfile.TemporaryDirectory() as top:
        env, bare = dict(os.environ, HOME=top), os.path.join(top, "bare.pb")
        profile(build_id, addresses, bare)
        fine = check_lines(vmlinux, addresses,
                           chains_of(cpconv, env, bare, "--vmlinux", vmlinux))
        if os.path.exists(system_map):
            fine &= check_lists(cpconv, env, bare, vmlinux, system_map, top)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
