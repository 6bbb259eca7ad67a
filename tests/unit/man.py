#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""man.py PAGE...: what mandoc and groff have to say of the man pages, which is to be nothing; and
that each has the sections a reader looks for."""
import shutil
import subprocess
import sys
from pathlib import Path

checks = {
    "mandoc": ["mandoc", "-T", "lint", "-W", "warning"],
    "groff": ["groff", "-K", "utf8", "-man", "-Tutf8", "-ww", "-b", "-z"],
}
bad = []
used = []
for name, command in checks.items():
    if not shutil.which(name):
        print(f"SKIPPED in part: there is no {name}")
        continue
    used.append(name)
    for page in sys.argv[1:]:
        done = subprocess.run(command + [page], capture_output=True, text=True)
        said = (done.stdout + done.stderr).strip()
        if said or done.returncode:
            bad.append(f"{name}: {done.returncode}: {said}")
for page in sys.argv[1:]:
    text = Path(page).read_text(encoding="utf-8")
    bad.extend(f"{page}: no section {section}" for section in ("NAME", "DESCRIPTION", "SEE ALSO")
               if f".SH {section}\n" not in text)
print("\n".join(bad))
print(f"{len(sys.argv) - 1} pages looked at by {' and '.join(used) or 'nothing'}")
sys.exit(1 if bad or len(sys.argv) < 2 else 0 if used else 77)
