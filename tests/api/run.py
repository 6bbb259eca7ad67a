#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py LIBCP.SO HEADER-FOLDER: a small program for every public header, compiled as C99 and
as C++11, and as a program that was built against an older or a newer libcp: one whose structs
of options have a member less, or one more, which is 0 in one run and set in another."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
library, headers = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
SIZED = re.compile(r"(struct (cp_\w+) \{\n\tsize_t size;.*?\n)(\};)", re.S)
LIMITS = re.compile(r"(struct cp_limits \{\n.*?\n)(\};)", re.S)
MORE = "\tuint64_t cp_added; /* a later libcp's */\n"
bad = []


def fewer(match):
    """The struct without its last member, unless nothing else is left of it."""
    text = re.sub(r"\n\s*/\*(?:(?!\*/).)*\*/(?=\n)", "", match[1], flags=re.S)
    lines = text.rstrip("\n").split("\n")
    return "\n".join(lines[:-1] if len(lines) > 3 else lines) + "\n" + match[3]


def variant(folder, change):
    changed = 0
    (folder / "cp").mkdir(parents=True)
    for file in (headers / "cp").glob("*.h"):
        text, n = SIZED.subn(change, file.read_text(encoding="utf-8"))
        if n and change is not fewer:  # limits stand last in a context's options, and grow
            text = LIMITS.sub(lambda m: m[1] + "\tuint64_t cp_later;\n" + m[2], text)
        changed += n
        (folder / "cp" / file.name).write_text(text, encoding="utf-8")
    if changed < 8:
        bad.append(f"only {changed} structs with a size were found")
    return folder


def build(program, include, out, language, *flags):
    compiler = ["c++", "-x", "c++", "-std=c++11"] if language == "c++" else ["cc", "-std=c99"]
    run = subprocess.run(
        [*compiler, "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", *flags,
         "-I", str(include), "-I", str(HERE), str(program), "-x", "none", str(library),
         f"-Wl,-rpath,{library.parent}", "-o", str(out)], text=True, capture_output=True)
    if run.returncode:
        bad.append(f"{program.name} as {language}:\n{run.stderr}")
    return not run.returncode


def check(out, what):
    run = subprocess.run([out], text=True, capture_output=True,
                         env={**os.environ, "LD_LIBRARY_PATH": str(library.parent)})
    if run.returncode:
        bad.append(f"{what}: status {run.returncode}\n{run.stderr}")


programs = sorted(HERE.glob("*.c"))
missing = {file.stem for file in (headers / "cp").glob("*.h")} - {p.stem for p in programs}
bad += [f"no program for cp/{name}.h" for name in sorted(missing)]
n = 0
with tempfile.TemporaryDirectory() as place:
    place = Path(place)
    older = variant(place / "older", fewer)
    newer = variant(place / "newer", lambda m: m[1] + MORE + m[3])
    ways = [("c", headers), ("c", newer)] + ([("c++", headers)] if shutil.which("c++") else [])
    if len(ways) < 3:
        print("SKIPPED in part: no C++ compiler (c++)")
    for program in programs:
        for language, include in ways:
            n += 1
            if build(program, include, place / "a", language):
                check(place / "a", f"{program.name} as {language} with {include.name}")
    # An option of a later libcp is refused, not dropped; what an older one lacks is 0.
    for include, added in ((newer, "1"), (older, "0")):
        if build(HERE / "pair" / "pair.c", include, place / "a", "c", f"-DADDED={added}"):
            check(place / "a", f"pair.c with {include.name}")
print("\n".join(bad))
print(f"{n} programs")
sys.exit(bool(bad) or n < 20)
