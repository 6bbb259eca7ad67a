#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Captures of what no machine at hand records: lists of the kernel's symbols with modules, of
another boot, of zeros; perf record --kcore; guests; programs of which only the debug file is
there, whose text lies on huge pages, that ran from a memory file, or whose build id is longer
than perf keeps. A name is the right one, or there is none. perf script, where it is installed,
must give the same names for random lists with modules.

usage: odd_images.py CPCONV TESTDATA"""
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

CPCONV = os.path.abspath(sys.argv[1])
sys.path.insert(0, os.path.join(os.path.abspath(sys.argv[2]), "gen"))
from perf_writer import *  # noqa: E402

STACK = IP | TID | TIME | PERIOD
RUN = 0xffffffff9d000000  # where the captured kernel ran
BOOT = 0xffffffff9b000000  # where the list's kernel ran
XFS, EXT4 = 0xffffffffc0500000, 0xffffffffc0700000
faults = 0


def capture(kernel="[kernel.kallsyms]_text", start=RUN, **kw):
    c = Capture("<", [Event("cycles", STACK)], **kw)
    c.describe()
    c.comm(10, 10, "prog")
    if kernel:
        c.mmap(-1, start, 0x1000000, start, kernel, misc=KERNEL)
    return c


def run(top, name, data, *args, home=None, folder=None):
    path = os.path.join(top, name)
    if folder:
        os.makedirs(path + "/kcore_dir")
        with open(path + "/kcore_dir/kallsyms", "w") as f:
            f.write(folder)
    with open(path + "/data" if folder else path, "wb") as f:
        f.write(data)
    env = dict(os.environ, HOME=home or top + "/nohome")
    r = subprocess.run([CPCONV, path, "--to", "folded", *args], capture_output=True, text=True,
                       env=env, cwd=top)
    if r.returncode:
        print(name, r)
    return {line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1])
            for line in r.stdout.splitlines()}, r.stderr


def check(what, got, wanted):
    global faults
    if got != wanted:
        faults += 1
        print(f"{what}: {got}\n{' ' * len(what)}  {wanted} was wanted")


def write(top, name, text):
    path = os.path.join(top, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    return path


def symbols(*rows):
    return "".join("%016x T %s%s\n" % (at, name, "\t[%s]" % tag if tag else "")
                   for at, name, tag in rows)


KERNEL_ROWS = ((0, "_text", ""), (0, "_stext", ""), (0x1000, "kfun_a", ""), (0x2000, "kfun_b", ""),
               (0x1000000, "_etext", ""))


def kernel_list(base, *more):
    return symbols(*[(base + at, name, tag) for at, name, tag in KERNEL_ROWS], *more)


def modules(top):
    """Tags decide; a list of another boot names the kernel only."""
    c = capture()
    c.mmap(-1, XFS, 0x100000, 0, "[xfs]", misc=KERNEL)
    c.mmap(-1, EXT4, 0x100000, 0, "[ext4]", misc=KERNEL)
    for ip in (RUN + 0x1010, XFS + 0x1010, EXT4 + 0x1010):
        c.sample(0, ip, 10, time=5, mode=KERNEL)
    data = c.file()
    own = [(XFS, "xfs_init", "xfs"), (XFS + 0x1000, "xfs_read", "xfs")]
    other = [(XFS, "nft_init", "nf_tables"), (XFS + 0x1000, "nft_lookup", "nf_tables"),
             (EXT4 + 0x200000, "ext4_read", "ext4")]
    for what, text, wanted in (
            ("this boot", kernel_list(RUN, *own), {"kfun_a", "xfs_read", "[ext4]"}),
            ("another module there", kernel_list(RUN, *other), {"kfun_a", "[xfs]", "[ext4]"}),
            ("no tag", kernel_list(RUN, (XFS, "core_late", "")), {"kfun_a", "[xfs]", "[ext4]"}),
            ("another boot", kernel_list(BOOT, *other), {"kfun_a", "[xfs]", "[ext4]"}),
            ("another boot, the same modules", kernel_list(BOOT, *own),
             {"kfun_a", "[xfs]", "[ext4]"}),
            ("a module moved by a page", kernel_list(
                RUN, (XFS - 0x1000, "xfs_init", "xfs"), (XFS + 0x800, "xfs_read", "xfs")),
             {"kfun_a", "[xfs]", "[ext4]"})):
        got, _ = run(top, "modules.data", data, "--kallsyms", write(top, "k", text))
        check(what, {s.split(";")[-1] for s in got}, wanted)


def references(top):
    """The symbol behind the mapping's name is the one whose address perf recorded."""
    text = symbols((BOOT, "_text", ""), (BOOT + 0x1000, "head_b", ""),
                   (BOOT + 0x10000, "_stext", ""), (BOOT + 0x11000, "func_b", ""))
    for suffix, at, wanted in (("_stext", 0x10000, "func_b"), ("_text", 0, "head_b")):
        c = capture("[kernel.kallsyms]" + suffix, RUN + at)
        c.sample(0, RUN + at + 0x1010, 10, time=5, mode=KERNEL)
        got, _ = run(top, "ref.data", c.file(), "--kallsyms", write(top, "k", text))
        check("reference " + suffix, [s.split(";")[-1] for s in got], [wanted])
    c = capture("[kernel.kallsyms]_stext", RUN)
    c.sample(0, RUN + 0x1010, 10, time=5, mode=KERNEL)
    got, _ = run(top, "ref.data", c.file(), "--kallsyms",
                 write(top, "k", symbols((BOOT, "_text", ""), (BOOT + 0x1000, "head_b", ""))))
    check("no such reference", [s.split(";")[-1] for s in got], ["[kernel.kallsyms]"])


def zeros(top):
    """A list that kptr_restrict emptied is passed over for the next source."""
    id = bytes(range(20))
    c = capture()
    c.features[2] = c.build_id("[kernel.kallsyms]", id, KERNEL)
    c.sample(0, RUN + 0x1010, 10, time=5, mode=KERNEL)
    home = os.path.join(top, "home")
    cached = "home/.debug/.build-id/%s/%s/kallsyms" % (id.hex()[:2], id.hex()[2:])
    write(top, cached, kernel_list(BOOT))
    nothing = write(top, "zero", symbols((0, "_text", ""), (0, "kfun_z", "")))
    got, _ = run(top, "zero.data", c.file(), "--kallsyms", nothing, home=home)
    check("zeros, then a cached list", [s.split(";")[-1] for s in got], ["kfun_a"])
    write(top, cached, symbols((0, "_text", ""), (0, "kfun_z", "")))
    got, _ = run(top, "zero.data", c.file(), home=home)
    check("zeros only", [s.split(";")[-1] for s in got], ["[kernel.kallsyms]"])


def kcore(top):
    c = capture()
    for ip in (RUN + 0x1010, RUN + 0x2010):
        c.sample(0, ip, 10, time=5, mode=KERNEL)
    got, _ = run(top, "kcore.data", c.file(), folder=kernel_list(RUN))
    check("perf record --kcore", {s.split(";")[-1] for s in got}, {"kfun_a", "kfun_b"})
    got, _ = run(top, "kcore2.data", c.file(), "--kallsyms", write(
        top, "k", symbols((RUN, "_text", ""), (RUN + 0x1000, "given", ""))),
        folder=kernel_list(RUN))
    check("what is given comes first", {s.split(";")[-1] for s in got}, {"given"})


def guests(top):
    GUEST_KERNEL, GUEST_USER = 4, 5
    at = 0xffffffff81000000
    c = capture("[kernel.kallsyms]_text", 0xffffffff82000000)
    c.mmap(0, at, 0x1000000, at, "[guest.kernel.kallsyms]_text", misc=GUEST_KERNEL)
    c.mmap(0, XFS, 0x100000, 0, "[xfs]", misc=GUEST_KERNEL)
    for ip in (at + 0x1010, at + 0x2010, XFS + 0x1010):
        c.sample(0, ip, 10, time=5, mode=GUEST_KERNEL)
    c.sample(0, at + 0x1010, 10, time=5, mode=KERNEL)  # not the guest's
    own = [(XFS, "xfs_init", "xfs"), (XFS + 0x1000, "xfs_read", "xfs")]
    k = write(top, "guest", kernel_list(BOOT) + symbols(*own))
    got, _ = run(top, "guest.data", c.file(), "--guestkallsyms", k)
    check("another boot of the guest", sorted(s.split(";")[-1] for s in got),
          ["[unknown]", "[xfs]", "kfun_a", "kfun_b"])
    k = write(top, "guest", kernel_list(at, *own))
    got, _ = run(top, "guest.data", c.file(), "--guestkallsyms", k)
    check("guest", sorted(s.split(";")[-1] for s in got),
          ["[unknown]", "kfun_a", "kfun_b", "xfs_read"])
    table = write(top, "modules", "xfs 2101248 1 - Live 0xffffffffc0900000 (E)\n")
    got, _ = run(top, "guest.data", c.file(), "--guestkallsyms", k, "--guestmodules", table)
    check("guest's modules elsewhere", sorted(s.split(";")[-1] for s in got),
          ["[unknown]", "[xfs]", "kfun_a", "kfun_b"])
    got, said = run(top, "guest.data", c.file(), "--kallsyms", k, "--symbols-report=report")
    with open(top + "/report") as f:
        said += f.read()
    check("a host's list is no guest's", "kfun_a" in "".join(got), False)
    check("said", "--guestkallsyms" in said and "virtual machine" in said, True)
    c = capture()
    c.sample(0, at + 0x1010, 10, time=5, mode=GUEST_KERNEL)
    got, said = run(top, "guest2.data", c.file())
    check("a guest without mappings is said", "virtual machine" in said, True)

    # perf record --kcore of a guest that is process 77; its own list is beside the host's.
    c = capture("[kernel.kallsyms]_text", 0xffffffff82000000)
    c.mmap(77, at, 0x1000000, at, "[guest.kernel.kallsyms.77]_text", misc=GUEST_KERNEL)
    c.sample(0, at + 0x1010, 77, time=5, mode=GUEST_KERNEL)
    os.makedirs(top + "/guests.data/kcore_dir__77")
    write(top, "guests.data/kcore_dir__77/kallsyms", kernel_list(at))
    got, _ = run(top, "guests.data", c.file(), folder=kernel_list(RUN))
    check("kcore_dir__77", leaves(got), {"kfun_a"})

    # Code of a program in the guest: nothing of the host's is mapped there.
    c = capture("[kernel.kallsyms]_text", RUN)
    c.mmap2(10, 0x400000, 0x1000, 0, "/x/host")
    c.sample(0, 0x400010, 10, time=5, mode=GUEST_USER)
    got, said = run(top, "guestuser.data", c.file())
    check("a guest's program", leaves(got), {"[unknown]"})
    check("a guest's program is said", "virtual machine" in said, True)


SOURCE = r"""
#define PAGE __attribute__((noinline, aligned(4096)))
PAGE int spin_b(int x) { return x * 3; }
PAGE int spin_a(int x) { return spin_b(x) + 1; }
PAGE int spin_c(int x) { return spin_a(x) + 2; }
int main(void) { return spin_c(1); }
"""


class Program:
    def __init__(self, top, name, id):
        self.path, self.id = os.path.join(top, name), id
        source = write(top, name + ".c", SOURCE)
        subprocess.run(["gcc", "-O1", "-g", "-Wl,-z,separate-code", "-Wl,--build-id=0x" + id.hex(),
                        "-o", self.path, source], check=True)
        out = subprocess.run(["nm", self.path], capture_output=True, text=True, check=True).stdout
        self.at = {m[2]: int(m[1], 16) for m in re.finditer(r"^(\w+) T (spin_\w)$", out, re.M)}
        out = subprocess.run(["readelf", "-lW", self.path], capture_output=True, text=True,
                             check=True).stdout
        m = re.search(r"LOAD +0x(\w+) 0x(\w+) 0x\w+ 0x\w+ 0x(\w+) R E", out)
        self.offset, self.address, size = (int(m[i], 16) for i in (1, 2, 3))
        self.size = (size + 4095) & ~4095

    def position(self, name):
        return self.at[name] - self.address + self.offset


def leaves(got):
    return {s.split(";")[-1] for s in got}


def images(top):
    id = bytes(range(1, 21))
    p = Program(top, "prog", id)
    base, a, b, c_ = 0x400000000000, *(p.at["spin_" + x] - p.address for x in "abc")

    def samples(c, *at):
        for x in at:
            c.sample(0, base + x + 1, 10, time=9)
        return c.file()

    # Only the debug file is there; the text is mapped in one piece and in two.
    debug = os.path.join(top, "dbg/.build-id", id.hex()[:2], id.hex()[2:] + ".debug")
    os.makedirs(os.path.dirname(debug))
    subprocess.run(["objcopy", "--only-keep-debug", p.path, debug], check=True)
    split = (b & ~4095, 4096)
    for what, pieces, wanted in (
            ("whole", [(0, p.size)], {"spin_a", "spin_b", "spin_c"}),
            ("a page protected anew", [(0, p.size), split], {"spin_a", "spin_b", "spin_c"}),
            ("and met first", [split, (0, p.size), split], {"spin_a", "spin_b", "spin_c"}),
            ("that page alone", [split], {"[gone]", "[unknown]"})):
        c = capture(None)
        for at, size in pieces:
            c.mmap2(10, base + at, size, p.offset + at, "/x/gone", build_id=id)
        got, _ = run(top, "debug.data", samples(c, b, a, c_), "--debug-dir", top + "/dbg")
        check("debug file, " + what, leaves(got), wanted)

    # A memory file, a deleted file.
    for path in ("/memfd:runc_cloned:/proc/self/exe (deleted)", "/tmp/x (deleted)", "/dev/shm/x",
                 "/SYSV00000000 (deleted)"):
        c = capture(None)
        c.mmap2(10, base, p.size, p.offset, path, build_id=id)
        got, _ = run(top, "memfd.data", samples(c, a, b), "--binary", p.path)
        check(path, leaves(got), {"spin_a", "spin_b"})

    # Text on huge pages: in the middle of the file's mapping, and between two pieces.
    at = b & ~4095
    for what, pieces in (("inside", [(0, p.size, p.path)]),
                         ("between", [(0, at, p.path), (at + 4096, p.size - at - 4096, p.path)])):
        for order in (0, 1):
            c = capture(None)
            rows = pieces + [(at, 4096, "//anon")]
            for start, size, name in rows if not order or what == "inside" else rows[::-1]:
                c.mmap2(10, base + start, size, p.offset + start if name != "//anon" else 0, name)
            got, _ = run(top, "huge.data", samples(c, a, b), "--binary", p.path)
            check("huge pages " + what, leaves(got), {"spin_a", "spin_b"})
    c = capture(None)
    c.mmap2(10, base, at, p.offset, p.path)
    c.mmap2(10, base + at, 4096, 0, "//anon")
    c.mmap2(10, base + at + 4096, 4096, p.offset, p.path)  # not what follows
    got, _ = run(top, "huge.data", samples(c, b), "--binary", p.path)
    check("anonymous code between strangers", leaves(got) & {"spin_a", "spin_b", "spin_c"}, set())

    # perf keeps 20 bytes of an id; another build is used for the program that is meant.
    long = Program(top, "long", bytes(range(1, 33)))
    c = capture(None)
    c.mmap2(10, base, long.size, long.offset, "/x/long", build_id=long.id[:20])
    got, _ = run(top, "long.data", samples(c, a, b), "--binary", long.path)
    check("an id of 32 bytes", leaves(got), {"spin_a", "spin_b"})
    c = capture(None)
    c.mmap2(10, base, p.size, p.offset, "/x/prog", build_id=b"\x99" * 20)
    c.mmap2(10, base + (1 << 30), p.size, p.offset, "/x/lib.so", build_id=b"\x98" * 20)
    c.sample(0, base + (1 << 30) + a + 1, 10, time=9)
    data = samples(c, a)
    shutil.copy(p.path, top + "/lib.so")
    for args, wanted in ((["--binary", p.path], {"[prog]", "[lib.so]"}),
                         (["--force-build-id", "--binary", p.path], {"spin_a", "[lib.so]"}),
                         (["--force-build-id=lib.so", "--binary", p.path, "--binary", "lib.so"],
                          {"spin_a", "[prog]"}),
                         (["--force-build-id=/x/prog", "--binary", p.path], {"spin_a", "[lib.so]"})):
        got, _ = run(top, "force.data", data, *args)
        check(" ".join(args[:1]), leaves(got), wanted)


def archives(top):
    """Two libraries stored in an APK at whole pages, one compressed: by position and by name."""
    a, b = (Program(top, name, bytes([k]) * 20) for k, name in ((7, "liba.so"), (9, "libb.so")))
    apk = os.path.join(top, "base.apk")
    at = {}
    with zipfile.ZipFile(apk, "w") as z:
        z.writestr("classes.dex", b"dex" * 100)
        for p, how in ((a, zipfile.ZIP_STORED), (b, zipfile.ZIP_STORED), (b, zipfile.ZIP_DEFLATED)):
            name = "lib/x86_64/" + os.path.basename(p.path)
            info = zipfile.ZipInfo(name + ("" if how == zipfile.ZIP_STORED else ".z"))
            info.compress_type = how
            # as zipalign does: an extra field that fills up to the page
            fill = -(z.fp.tell() + 30 + len(info.filename) + 4) % 4096
            info.extra = struct.pack("<HH", 0xd935, fill) + bytes(fill)
            with open(p.path, "rb") as f:
                z.writestr(info, f.read())
            at[info.filename] = info.header_offset + 30 + len(info.filename) + len(info.extra)
    base = 0x7f0000000000
    for what, path, args in (("given", "/data/app/base.apk", ["--binary", apk]),
                             ("below --symfs", "/base.apk", ["--symfs", top])):
        for named in (False, True):
            c = capture(None)
            for k, p in enumerate((a, b)):
                entry = "lib/x86_64/" + os.path.basename(p.path)
                c.mmap2(10, base + (k << 30), p.size, p.offset + (0 if named else at[entry]),
                        path + ("!/" + entry if named else ""))
                c.sample(0, base + (k << 30) + p.at["spin_" + "ab"[k]] - p.address + 1, 10, time=9)
            got, _ = run(top, "apk.data", c.file(), *args)
            check(f"archive {what}, {'entry' if named else 'position'}", leaves(got),
                  {"spin_a", "spin_b"})


def peer(top):
    """Random kernels with modules: where perf gives a name, it is ours, and the other way."""
    if not shutil.which("perf"):
        print("SKIPPED: perf is not installed; its names of modules are not compared")
        return 0
    rng = random.Random(14)
    n = 0
    for round in range(8):
        rows, c, ips = list(KERNEL_ROWS), capture(start=BOOT), []
        rows = [(BOOT + at, name, tag) for at, name, tag in rows]
        for m in range(rng.randrange(1, 6)):
            name, start = "mod_%d" % m, XFS + m * 0x100000
            c.mmap(-1, start, 0x80000, 0, "[%s]" % name, misc=KERNEL)
            tag = name if rng.random() < 0.7 else "other_%d" % m
            for k in range(rng.randrange(1, 30)):
                rows.append((start + k * 0x1000, "%s_f%d" % (tag, k), tag))
                ips.append(start + k * 0x1000 + rng.randrange(0x1000))
        ips += [BOOT + rng.randrange(0x1000, 0x3000) for _ in range(20)]
        for ip in ips:
            c.sample(0, ip, 10, time=5, mode=KERNEL)
        k = write(top, "k", symbols(*rows))
        path = os.path.join(top, "peer.data")
        got, _ = run(top, "peer.data", c.file(), "--kallsyms", k)
        out = subprocess.run(["perf", "script", "-i", path, "--kallsyms", k, "-F", "ip,sym"],
                             capture_output=True, text=True, cwd=top,
                             env=dict(os.environ, HOME=top + "/nohome")).stdout
        theirs = {l.split()[1].split("+")[0] for l in out.splitlines() if len(l.split()) > 1}
        ours = {s.split(";")[-1] for s in got}
        ours, theirs = ({s for s in x if not s.startswith("[")} for x in (ours, theirs))
        # perf loses the first symbol of some modules.
        check("perf script, round %d" % round,
              {s for s in ours if s in theirs or not s.endswith("_f0")}, theirs)
        n += len(ips)
    return n


def main():
    with tempfile.TemporaryDirectory() as top:
        top = os.path.realpath(top)
        for part in (modules, references, zeros, kcore, guests):
            part(top)
        if shutil.which("gcc") and shutil.which("objcopy"):
            images(top)
            archives(top)
        else:
            print("SKIPPED: gcc and objcopy are needed for the images")
        print(f"{peer(top)} addresses compared with perf script")
    print(f"{faults} faults")
    return faults > 0


if __name__ == "__main__":
    sys.exit(main())
