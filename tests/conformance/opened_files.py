#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a hostile input can make a tool open: every call of a run that takes a path is looked at.

The inputs name the kernel's files, devices, pipes, and paths that lead out of the directories
that the user gave, by "..", by links and by build ids that are paths. A run may look at its
input, at what those directories hold, and at this machine's libraries and debug files; anything
else fails the test. A secret ELF file lies outside of everything: its name must not come out.

usage: opened_files.py CPCONV CPREPORT"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOOLS = [os.path.abspath(p) for p in sys.argv[1:3]]
SKIP = 77


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def pprof(path, build_id="", source="", address=0x1200):
    """A profile of one address in one mapping."""
    strings = [b"", b"cpu", b"nanoseconds", path.encode(), build_id.encode(), source.encode(),
               b"f"]
    mapping = field(1, 1) + field(2, 0x1000) + field(3, 0x9000) + field(5, 3)
    mapping += field(6, 4) if build_id else b""
    location = field(1, 1) + field(2, 1) + field(3, address)
    function = b""
    if source:
        location += field(4, field(1, 1) + field(2, 1))
        function = field(5, field(1, 1) + field(2, 6) + field(3, 6) + field(4, 5))
    return (field(1, field(1, 1) + field(2, 2)) + field(2, field(1, b"\1") + field(2, b"\7")) +
            field(3, mapping) + field(4, location) + function +
            b"".join(field(6, s) for s in strings))


def build(folder):
    """A library whose one function is the secret."""
    source = os.path.join(folder, "secret.c")
    with open(source, "w") as f:
        f.write("int the_secret(int x) { return x * 3; }\n")
    for name, id in (("secret.so", "00" * 20), ("other.so", "ab" * 20)):
        subprocess.run(["gcc", "-g", "-shared", "-nostdlib", "-Wl,--build-id=0x" + id,
                        "-Wl,-z,noseparate-code", "-o", os.path.join(folder, name), source],
                       check=True)
    out = subprocess.run(["nm", os.path.join(folder, "secret.so")], check=True,
                         capture_output=True, text=True).stdout
    return int(re.search(r"^(\w+) T the_secret", out, re.M).group(1), 16)


class Bed:
    """top/in holds what the run may see, top/out what it may not."""

    def __init__(self, top):
        self.top, self.inside, self.out = top, os.path.join(top, "in"), os.path.join(top, "out")
        for name in ("in/symfs/lib", "in/debug/.build-id/ab", "in/cache/.build-id/ab", "in/src",
                     "in/home", "out"):
            os.makedirs(os.path.join(top, name))
        self.address = build(self.out)
        self.id = "ab" * 20
        os.mkfifo(os.path.join(self.inside, "symfs/lib/pipe.so"))
        os.mkfifo(os.path.join(self.inside, "pipe.so"))
        other = os.path.join(self.out, "other.so")
        for link in ("symfs/lib/link.so", "symfs/lib/far.so",
                     "debug/.build-id/ab/" + self.id[2:] + ".debug",
                     "debug/.build-id/ab/" + self.id[2:],
                     "cache/.build-id/ab/" + self.id[2:]):
            path = os.path.join(self.inside, link)
            os.symlink(os.path.relpath(other, os.path.dirname(path))
                       if "far" in link else other, path)
        os.symlink("/proc/kmsg", os.path.join(self.inside, "symfs/lib/kmsg.so"))
        os.symlink("/proc/self/pagemap", os.path.join(self.inside, "pagemap.so"))
        os.symlink("loop.so", os.path.join(self.inside, "symfs/lib/loop.so"))

    def cases(self):
        up = "/.." * 12
        here, secret = self.inside, os.path.join(self.out, "secret.so")
        for path in ("/proc/self/pagemap", "/proc/kmsg", "/proc/self/mem", "/proc/1/environ",
                     "/proc/self/fd/0", "/proc/self/root" + secret, "/sys/kernel/notes",
                     "/dev/zero", "/dev/random", "/dev/stdin", here + "/pipe.so",
                     "/tmp/../proc/kmsg", "//proc/./kmsg", here + "/pagemap.so",
                     "/proc/kmsg (deleted)", "/sys/kernel/debug/x", "//anon", "/dev/watchdog"):
            yield path, "", []
        symfs = ["--symfs", here + "/symfs"]
        for path in ("/lib" + up + secret, up + secret, "/lib/link.so", "/lib/far.so",
                     "/lib/kmsg.so", "/lib/pipe.so", "/lib/loop.so", "/proc/kmsg"):
            yield path, "", symfs
        for id in ("../../.." + up + secret, "../../../proc/kmsg", "..", "/proc/kmsg", "ab/../..",
                   "ab/" + self.id, self.id + "/../x", "%s", self.id, "00" * 4000):
            yield "/gone.so", id, ["--buildid-dir", here + "/cache"]
            yield "/gone.so", id, ["--debug-dir", here + "/debug"]
            yield "/gone.so", id, symfs


def resolve(base, path):
    return os.path.normpath(os.path.join(base, path))


PATH_CALL = re.compile(
    r'^(?:\d+ +)?(\w+)\((?:(AT_FDCWD(?:<([^>]*)>)?|-?\d+(?:<([^>]*)>)?), )?"((?:[^"\\]|\\.)*)"'
    r'.* = (-?\d+)(?:<([^>]*)>)?')
SYSTEM = re.compile(
    r"/(usr/)?lib(64|x32)?(/|$)|/usr/local/lib|/etc/ld\.so|/sys/devices/system/cpu/(online|possible)$|"
    r"/etc/(localtime|debuginfod)|/usr/(share|lib)/(locale|zoneinfo|debug)|/gone\.so$|"
    r"/(usr/|usr/local/)?lib/debug|/dev/null$|" + re.escape(os.path.dirname(os.path.dirname(TOOLS[0]))))


def looked_at(trace, cwd):
    """Paths that calls name, and where those that succeeded led."""
    for line in trace.splitlines():
        m = PATH_CALL.match(line)
        if not m or not m.group(5):  # no path: of a file that is open
            continue
        call, _, at, dirfd, path, status, led = m.groups()
        if call == "execve" or (call, path) == ("readlink", "/proc/self/exe"):
            continue
        yield line, resolve(dirfd or at or cwd, path.encode().decode("unicode_escape")), call
        if led and int(status) >= 0:
            yield line, led.replace(" (deleted)", ""), "led to"


def run(bed, tool, args, data):
    path = os.path.join(bed.inside, "input.pb")
    with open(path, "wb") as f:
        f.write(data)
    trace = os.path.join(bed.top, "trace")
    env = dict(os.environ, HOME=bed.inside + "/home", TMPDIR=bed.inside)
    env.pop("DEBUGINFOD_CACHE_PATH", None)
    env.pop("XDG_CACHE_HOME", None)
    r = subprocess.run(["strace", "-f", "-y", "-s", "4096", "-e", "trace=%file", "-o", trace,
                        tool] + args + [path], cwd=bed.inside, env=env, capture_output=True,
                       timeout=20, stdin=subprocess.DEVNULL)
    with open(trace, errors="replace") as f:
        return r, f.read()


def judge(bed, tool, args, data):
    r, trace = run(bed, tool, args, data)
    bad = []
    for line, path, call in looked_at(trace, bed.inside):
        if path != bed.inside and not path.startswith(bed.inside + "/") and \
                not SYSTEM.match(path) and path != tool:
            # A path that is not opened may be anything but the kernel's.
            kernels = path.startswith(("/proc", "/sys"))
            looked = "stat" in call or "O_PATH" in line or "ENOENT" in line
            if call == "led to" or kernels or not looked:
                bad.append(line)
    if b"the_secret" in r.stdout:
        bad.append("the secret's name came out")
    if r.returncode not in (0, 3):
        bad.append("exit status %d: %s" % (r.returncode, r.stderr.decode(errors="replace")[:200]))
    return bad


def works(bed):
    """The test sees what it is for: the secret comes out where it is given."""
    data = pprof("/x/secret.so", "", address=0x1000 + bed.address)
    r, trace = run(bed, TOOLS[0], ["--binary", bed.out + "/secret.so", "--to", "folded"], data)
    assert b"the_secret" in r.stdout, r
    assert any(p.startswith(bed.out) for _, p, _ in looked_at(trace, bed.inside))


def main():
    if not shutil.which("strace") or not shutil.which("gcc"):
        print("SKIPPED: strace and gcc are needed")
        return SKIP
    faults = n = 0
    with tempfile.TemporaryDirectory() as top:
        bed = Bed(os.path.realpath(top))
        if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode:
            print("SKIPPED: strace may not trace here")
            return SKIP
        works(bed)
        jobs = [(TOOLS[0], ["--to", "folded"] + args, pprof(path, id, address=0x1000 + bed.address))
                for path, id, args in bed.cases()]
        jobs += [(TOOLS[1], ["list", "."], pprof("/x", "", path)) for path in
                 ("/proc/kmsg", "/dev/zero", bed.inside + "/pipe.so", bed.inside + "/pagemap.so",
                  "../" * 12 + "proc/kmsg", "/sys/kernel/notes")]
        for tool, args, data in jobs:
            n += 1
            bad = judge(bed, tool, args, data)
            faults += len(bad)
            for line in bad[:5]:
                print(args, data[:160], "\n    ", line[:300])
    print(f"{n} runs, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
