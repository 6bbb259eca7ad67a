#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""count.py [--others FILE] BUILD-FOLDER...: sums up the last `meson test` of each, and lines
"OK NAME", "FAIL NAME" or "SKIP NAME" of FILE, one line at the end."""
import json
import sys
from pathlib import Path


def reason(test):
    """What a test said when it, or a part of it, was skipped."""
    lines = (test.get("stdout") or test.get("stderr") or "?").strip().splitlines()
    return next((line for line in lines if "skip" in line.lower()), lines[-1])


passed = failed = 0
skipped = []
folders = sys.argv[1:]
if folders[0] == "--others":
    for line in Path(folders[1]).read_text(encoding="utf-8").splitlines():
        what, name = line.split(" ", 1)
        passed += what == "OK"
        failed += what == "FAIL"
        if what == "FAIL":
            print(f"FAILED   {name}")
        elif what == "SKIP":
            skipped.append(f"SKIPPED  {name}")
    folders = folders[2:]
for folder in folders:
    log = Path(folder, "meson-logs", "testlog.json")
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    if not lines:
        print(f"FAILED   {folder}: no test ran")
        failed += 1
    for line in lines:
        test = json.loads(line)
        if test["result"] in ("OK", "EXPECTEDFAIL"):
            passed += 1
        elif test["result"] == "SKIP":
            skipped.append(f"SKIPPED  {folder}: {test['name']}: {reason(test)}")
        else:
            print(f"FAILED   {folder}: {test['name']} ({test['result'].lower()})")
            failed += 1
for line in skipped:
    print(line)
tail = f", {len(skipped)} skipped" if skipped else ""
print(f"{passed} passed, {failed} failed{tail}")
sys.exit(failed > 0 or passed == 0)
