#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""limits.py TOOL-FOLDER ARCHITECTURE.md TESTDATA: the table of limits, row by row: what
--limit help says of it, and an input that reaches it: status 4 (or what the row says), a
sentence that names the input and the flag, and no file left behind. The same input without
the flag is read."""
import gzip
import re
import subprocess
import sys
import tempfile
from pathlib import Path

tools, tour, testdata = (Path(arg).resolve() for arg in sys.argv[1:])
place = Path(tempfile.mkdtemp(prefix="limits-"))
bad = []


def run(tool, *args, stdin=subprocess.DEVNULL):
    done = subprocess.run([tools / tool, *args], cwd=place, capture_output=True, text=True,
                          errors="replace", stdin=stdin, timeout=120)
    return done.returncode, done.stdout, done.stderr


def varint(x):
    out = b""
    while x > 127:
        out += bytes([x & 127 | 128])
        x >>= 7
    return out + bytes([x])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def own_expression(names, pattern):
    """A pprof profile whose drop_frames is `pattern`."""
    strings = [b"", b"samples", b"count", pattern, *names]
    out = field(1, field(1, 1) + field(2, 2)) + field(7, 3)
    for i in range(len(names)):
        out += field(5, field(1, i + 1) + field(2, 4 + i))
        out += field(4, field(1, i + 1) + field(4, field(1, i + 1)))
        out += field(2, field(1, i + 1) + field(2, 1))
    return out + b"".join(field(6, s) for s in strings)


def chain(lines, depth):
    """A pprof profile with one location of `lines` lines, `depth` times in one stack."""
    line = field(4, field(1, 1))
    return (field(1, field(1, 1) + field(2, 1)) + field(5, field(1, 1) + field(2, 1)) +
            field(4, field(1, 1) + line * lines) +
            field(2, field(1, b"\x01" * depth) + field(2, 1)) +
            field(6, b"") + field(6, b"x"))


def write(name, content):
    (place / name).write_bytes(content)
    return name


hard = b"(a|aa)+\\d"
folded = write("in.folded", b"main;work;deep 3\nmain;other 4\n")
long_names = write("names.folded", b"main;" + b"a" * 60 + b" 1\n")
zipped = write("in.gz", gzip.compress(b"main;work 1\n" * 10000, 1))
large = write("large.gz", gzip.compress(b"main;work 1\n" * 3000000, 1))
own = write("own.pb", own_expression([b"a" * (50 + i) for i in range(9)], hard))
product = write("product.pb", chain(5000, 5000))
cpp = testdata / "quickstart/perf.data"

# name: value, arguments, what is expected of stderr besides, status
CASES = {
    "memory": ("20K", ["cpconv", cpp], 4),
    "inflated": ("10K", ["cpconv", zipped], 4),
    "ratio": ("20", ["cpinfo", large], 4),
    "stack-depth": ("2", ["cpconv", folded], 4),
    "string-length": ("3", ["cpconv", folded], 4),
    "regex-steps": ("1000", ["cpreport", "--focus", "(a|aa)+\\d", long_names], 0),
    "regex-total": ("1000", ["cpreport", "--focus", "(a|aa)+\\d", long_names], 4),
    "frames": ("4", ["cpconv", folded], 4),
    "output": ("3", ["cpflame", folded], 4),
    "stream": ("10", ["cpconv", "-"], 4),
    "seconds": ("1", ["cpconv", "-"], 4),
    "demangled": ("9", ["cpconv", folded], None),  # the unit test of demangling
}

status, text, _ = run("cpconv", "--limit", "help")
listed = {line.split()[0]: line for line in text.splitlines()}
section = tour.read_text(encoding="utf-8").split("## What an input may cost", 1)[1]
section = section.split("\n## ", 1)[0]
rows = re.findall(r"^\| `([a-z-]+)` \|([^|]*)\|([^|]*)\|([^|]*)\|", section, re.M)
names = [row[0] for row in rows]
if status or names != list(listed):
    bad.append(f"the table has {names}, --limit help has {list(listed)}")
if set(names) != set(CASES):
    bad.append(f"rows without a case or cases without a row: {set(names) ^ set(CASES)}")

OUTPUT = {"cpreport": "out.txt", "cpflame": "out.svg", "cpinfo": "out.json"}


def piped(name, tool, args):
    """Runs with a pipe as standard input: one that never ends for the limit on time."""
    source = ["yes", "a;b 1"] if name == "seconds" else ["cat", str(place / folded)]
    with subprocess.Popen(source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as feed:
        done = run(tool, *args, stdin=feed.stdout)
        feed.kill()
    return done


def leftovers():
    left = [f.name for f in place.glob("*out.*")]
    for f in left:
        (place / f).unlink()
    return left


for name, (value, (tool, *args), wanted) in CASES.items():
    args = ["-o", OUTPUT.get(tool, "out.folded"), *map(str, args)]
    status, _, said = piped(name, tool, ["--limit", f"{name}={value}", *args])
    left = leftovers()
    flag = "--memory-limit" if name == "memory" else f"limit {name}; --limit {name}=N"
    if wanted is not None and flag not in said:
        bad.append(f"{name}: {said!r} does not name the flag")
    if status != (wanted or 0) or bool(left) == bool(wanted):
        bad.append(f"{name}: status {status}, left {left}: {said!r}")
    if name == "seconds":
        continue
    status, _, said = piped(name, tool, args)
    if status or not leftovers():
        bad.append(f"{name}: without the flag status {status}: {said!r}")

# An input's own expression is given up, and then nothing is dropped.
status, out, said = run("cpreport", "--limit", "regex-total=1000", "top", own)
if status or "not applied (limit regex-total" not in said or out.count("a" * 40) != 9:
    bad.append(f"own expression: status {status}: {said!r} {out!r}")
# Small inputs that unroll into a lot meet the defaults.
status, _, said = run("cpconv", "--to", "folded", product, "-o", "out.folded")
if status != 4 or "limit frames" not in said or (place / "out.folded").exists():
    bad.append(f"product: status {status}: {said!r}")
nested = gzip.compress(gzip.compress(gzip.compress(bytes(200 << 20), 9), 9), 9)
status, _, said = run("cpinfo", write("nested.gz", nested))
if status != 3 or "it is no profile" not in said:
    bad.append(f"nested: status {status}: {said!r}")
nested = gzip.compress(gzip.compress(b"main;work 1\n" * (100 << 17), 9), 9)
status, _, said = run("cpinfo", write("nested.gz", nested))
if status != 4 or "limit ratio" not in said:
    bad.append(f"nested text: status {status}: {said!r}")
for wrong in ["frames", "frames=x", "frames=0", "nothing=3", "ratio=9G"]:
    status, _, said = run("cpconv", "--limit", wrong, folded)
    if status != 2:
        bad.append(f"--limit {wrong}: status {status}: {said!r}")

print("\n".join(bad))
sys.exit(bool(bad))
