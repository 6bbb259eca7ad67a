#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""soak.py TOOL-FOLDER COUNT [SEED]: COUNT damaged variants of testdata's files through the
tools, meant for a build with sanitizers. A finding is a signal, a sanitizer's word, more than
20 s, a status outside of 0 to 4, or a file left behind by a run that failed; its input is kept."""
import random
import subprocess
import sys
import tempfile
from pathlib import Path

tools, count = Path(sys.argv[1]).resolve(), int(sys.argv[2])
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
data = Path(__file__).resolve().parent.parent / "testdata"
place = Path(tempfile.mkdtemp(prefix="soak-"))
files = sorted(f for folder in ("perf", "pprof", "folded", "legacy", "perf-script", "quickstart")
               for f in (data / folder).rglob("*")
               if f.is_file() and f.suffix not in (".md", ".c", ".py", ".stacks") and
               f.stat().st_size < 400000)
programs = sorted(f for folder in ("object", "dwarf/good", "unwind")
                  for f in (data / folder).iterdir()
                  if f.is_file() and f.read_bytes()[:4] == b"\x7fELF")
WAYS = [["cpconv", "--to", "pprof"], ["cpconv", "--to", "folded"], ["cpinfo", "--json"],
        ["cpreport", "top"], ["cpflame"], ["cpreport", "tree"], ["cpmerge", "--to", "pprof"],
        ["cpconv", "--strict", "--to", "raw"]]
INTERESTING = [0, 1, 0x7f, 0x80, 0xff]


def damaged(rng, content):
    out = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        if not out:
            break
        at, kind = rng.randrange(len(out)), rng.randrange(6)
        if kind == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[at] = rng.choice(INTERESTING)
        elif kind == 2:
            del out[at:at + rng.choice([1, 2, 8, 64])]
        elif kind == 3:
            out[at:at] = out[at:at + rng.choice([1, 8, 64])]
        elif kind == 4:
            out[at:at + 8] = rng.choice([b"\xff" * 8, bytes(8), b"\x00\x00\x00\x80" * 2])
        else:
            del out[at:]
    return bytes(out)


def run(number):
    rng = random.Random(f"{seed}-{number}")
    tool, *args = rng.choice(WAYS)
    with_program = rng.random() < 0.3
    source = rng.choice(programs) if with_program else rng.choice(files)
    victim = place / f"victim-{number}"
    victim.write_bytes(damaged(rng, source.read_bytes()))
    inputs = [str(victim)]
    if with_program:
        capture = rng.choice(["quickstart/perf.data", "perf/good-dwarf.data"])
        inputs = ["--force-build-id", "--binary", f"/bin/prog={victim}", "--binary",
                  str(victim), str(data / capture)]
    out = place / "out"
    command = [str(tools / tool), *args, "--limit", "memory=512M", *inputs]
    if tool != "cpflame" and "--to" not in args and tool != "cpinfo":
        command += ["--to", "text"]
    command += ["--to", "svg"] if tool == "cpflame" else []
    try:
        done = subprocess.run([*command, "-o", str(out)], capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=20)
        why = None
        if not 0 <= done.returncode <= 4:
            why = f"status {done.returncode}"
        elif b"Sanitizer" in done.stderr or b"runtime error" in done.stderr:
            why = "a sanitizer"
        elif done.returncode > 1 and out.exists():
            why = "an output of a failed run"
    except subprocess.TimeoutExpired as late:
        done, why = late, "20 s"
    left = [f for f in place.iterdir() if f.name.startswith("out.")]
    why = why or (left and f"left {left[0].name}")
    for f in [out, *left]:
        f.unlink(missing_ok=True)
    if not why:
        victim.unlink()
        return 0
    print(f"variant {number} of {source.relative_to(data)}: {why}: {' '.join(command)}\n"
          f"{(done.stderr or b'')[-1500:].decode('utf-8', 'replace')}", flush=True)
    return 1


found = 0
for i in range(count):
    found += run(i)
    if i % 1000 == 999:
        print(f"{i + 1} variants, {found} findings", flush=True)
print(f"{count} variants of {len(files) + len(programs)} files, {found} findings (seed {seed})")
sys.exit(bool(found))
