#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files that are cut while a tool reads them: an error with that sentence, status 3, no signal,
and no output. Inputs, programs and debug files, in every tool, cut to nothing, within the first
page, at a page's end, and by one byte.

usage: shrinking.py SHIM TESTDATA TOOL…"""
import gzip
import os
import shutil
import subprocess
import sys
import tempfile

SHIM, DATA = os.path.abspath(sys.argv[1]), sys.argv[2]
TOOLS = {os.path.basename(p): os.path.abspath(p) for p in sys.argv[3:]}
SENTENCE = "the file shrank while it was read"


def run(top, tool, args, cut, to):
    env = dict(os.environ, LD_PRELOAD=SHIM, SHRINK=cut or "", SHRINK_TO=str(to),
               HOME=top + "/home")
    if not cut:
        del env["LD_PRELOAD"]
    return subprocess.run([TOOLS[tool]] + args, cwd=top, env=env, capture_output=True, text=True,
                          errors="replace", timeout=60, stdin=subprocess.DEVNULL)


def judge(top, tool, args, cut, to):
    copy = cut + ".whole"
    shutil.copy2(cut, copy)
    r = run(top, tool, args, cut, to)
    shutil.copy2(copy, cut)
    os.unlink(copy)
    left = [f for f in os.listdir(top) if f.startswith("out")]
    for f in left:
        os.unlink(os.path.join(top, f))
    fine = r.returncode == 3 and SENTENCE in r.stderr and not left
    if not fine:
        print(tool, args, "cut to", to, "->", r.returncode, left, r.stderr[:300])
    return fine


def make(top):
    """Captures of samples in a program of our own, which may lose its symbols' file."""
    lines = "".join("main;f%d;g%d %d\n" % (i % 97, i, i + 1) for i in range(4000))
    with open(top + "/big.folded", "w") as f:
        f.write(lines)
    with gzip.GzipFile(top + "/big.folded.gz", "w", mtime=0) as f:
        f.write(lines.encode())
    with open(top + "/small.folded", "w") as f:
        f.write("a;b 1\n" * 10)
    shutil.copy(os.path.join(DATA, "perf", "good-dwarf.data") if os.path.exists(
        os.path.join(DATA, "perf", "good-dwarf.data")) else pick_perf(), top + "/perf.data")
    subprocess.run([TOOLS["cpconv"], "big.folded", "-o", "big.pb.gz"], cwd=top, check=True)
    subprocess.run([TOOLS["cpconv"], "big.folded", "-o", "big.pb"], cwd=top, check=True)
    os.mkdir(top + "/home")


def pick_perf():
    folder = os.path.join(DATA, "perf")
    return max((os.path.join(folder, f) for f in os.listdir(folder)
                if f.startswith("good-") and f.endswith(".data")), key=os.path.getsize)


def inputs(top):
    ways = {
        "cpconv": [["--to", "folded", "-o", "out"], ["-o", "out.pb.gz"]],
        "cpmerge": [["big.pb", "-o", "out.pb.gz"]],
        "cpreport": [["-o", "out"]],
        "cpinfo": [["-o", "out"], ["--check"]],
        "cpflame": [["-o", "out.svg"]],
        "cpdiff": [["big.pb", "-o", "out"]],
    }
    for name in ("big.folded", "big.folded.gz", "small.folded", "big.pb", "big.pb.gz",
                 "perf.data"):
        size = os.path.getsize(os.path.join(top, name))
        for tool, many in ways.items():
            for args in many:
                if name == "big.pb" and "big.pb" in args:
                    continue
                for to in sorted({0, 10, 4096, size // 2, size - 1}):
                    if to < size:
                        yield tool, [name] + args, os.path.join(top, name), to


def images(top):
    """A program, and its debug file, cut while names are looked for."""
    source = top + "/prog.c"
    with open(source, "w") as f:
        f.write("".join("int f%d(int x) { return x * %d; }\n" % (i, i) for i in range(2000)) +
                "int main(void) { return f1(2); }\n")
    subprocess.run(["gcc", "-g", "-o", top + "/prog", source], check=True)
    out = subprocess.run(["nm", top + "/prog"], capture_output=True, text=True, check=True).stdout
    address = int([l for l in out.splitlines() if l.endswith(" f1500")][0].split()[0], 16)
    subprocess.run(["objcopy", "--only-keep-debug", "prog", "prog.debug"], cwd=top, check=True)
    subprocess.run(["objcopy", "--strip-all", "--add-gnu-debuglink=prog.debug", "prog",
                    "prog.bare"], cwd=top, check=True)
    with open(top + "/image.folded", "w") as f:
        f.write("prog+0x%x 5\n" % address)
    return address


def raw_pprof(address):
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
    names = [b"", b"cpu", b"nanoseconds", b"/x/prog", b"/x/prog.bare"]
    out = field(1, field(1, 1) + field(2, 2)) + field(2, field(1, b"\1") + field(2, b"\7"))
    out += field(3, field(1, 1) + field(2, 0x1000000) + field(3, 0x2000000) + field(5, 3))
    return out + field(4, field(1, 1) + field(2, 1) + field(3, 0x1000000 + address)) + \
        b"".join(field(6, n) for n in names)


def main():
    if not shutil.which("gcc") or not shutil.which("objcopy"):
        print("SKIPPED: gcc and objcopy are needed")
        return 77
    bad = n = 0
    with tempfile.TemporaryDirectory() as top:
        make(top)
        jobs = list(inputs(top))
        address = images(top)
        with open(top + "/image.pb", "wb") as f:
            f.write(raw_pprof(address))
        size = os.path.getsize(top + "/prog")
        for tool in TOOLS:
            whole = run(top, tool, ["--binary", "prog", "image.pb"] +
                        {"cpdiff": ["image.pb"], "cpconv": ["--to", "folded"]}.get(tool, []),
                        None, 0)
            assert tool not in ("cpconv", "cpreport", "cpflame") or "f1500" in whole.stdout
            if tool == "cpmerge":  # it leaves names to cpconv
                continue
            for to in (0, 100, size // 2):
                args = ["--binary", "prog", "image.pb", "-o", "out"]
                args += ["--to", "folded"] if tool == "cpconv" else []
                jobs.append((tool, args + (["image.pb"] if tool == "cpdiff" else []),
                             top + "/prog", to))
        for to in (0, 4096, os.path.getsize(top + "/prog.debug") // 2):
            jobs.append(("cpconv", ["--binary", "/x/prog=prog.bare", "image.pb", "-o", "out",
                                    "--to", "folded"], top + "/prog.debug", to))
        for job in jobs:
            n += 1
            bad += not judge(top, *job)
    print(f"{n} runs, {bad} faults")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
