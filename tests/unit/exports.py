#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""exports.py LIBCP.SO HEADER-FOLDER MAP: libcp.so exports what the public headers declare and
the map names one by one, and nothing else."""
import re
import subprocess
import sys
from pathlib import Path

library, headers, version_map = sys.argv[1:]
listing = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                         capture_output=True, text=True).stdout
exported = {line.split()[2].split("@")[0] for line in listing.splitlines()
            if line.split()[1] != "A"}
declared = set()
for file in Path(headers).glob("cp/*.h"):
    text = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.S)
    text = re.sub(r"^\s*typedef.*?;", "", text, flags=re.S | re.M)
    declared |= set(re.findall(r"\b(cp_\w+)\(", text))

bad = [f"exported, but no cp_ name: {name}" for name in sorted(exported)
       if not name.startswith("cp_")]
bad += [f"exported, but in no public header: {name}" for name in sorted(exported - declared)
        if name.startswith("cp_")]
bad += [f"declared, but not exported: {name}" for name in sorted(declared - exported)]
named = re.findall(r"^\s+([\w*?]+);", Path(version_map).read_text(encoding="utf-8"), re.M)
named.remove("*")  # what is local
bad += [f"in the map, but not declared: {name}" for name in named if name not in declared]
bad += [f"in the map twice: {name}" for name in set(named) if named.count(name) > 1]
if named != sorted(named):
    bad.append("the map is not in order")
print("\n".join(bad))
print(f"{len(exported)} exported, {len(declared)} declared")
sys.exit(bool(bad) or len(declared) < 20)
