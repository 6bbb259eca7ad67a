#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""headers.py HEADER-FOLDER: each public header compiles alone, as C99 and as C++."""
import shutil
import subprocess
import sys
from pathlib import Path

folder = Path(sys.argv[1])
ways = [["cc", "-x", "c", "-std=c99"]]
if shutil.which("c++"):
    ways.append(["c++", "-x", "c++", "-std=c++11"])
else:
    print("SKIPPED in part: no C++ compiler (c++)")

bad = n = 0
for header in sorted(folder.glob("cp/*.h")):
    for way in ways:
        n += 1
        run = subprocess.run(
            [*way, "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
             "-I", str(folder), "-"],
            input=f"#include <cp/{header.name}>\n", text=True, capture_output=True)
        if run.returncode:
            bad += 1
            print(" ".join(way), header.name, run.stderr, sep="\n")
print(f"{n} compilations")
sys.exit(bool(bad) or n < 10)
