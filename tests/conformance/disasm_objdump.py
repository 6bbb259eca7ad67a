#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cpreport disasm against objdump -d: address, length, kind and target of every instruction of
every function that has samples; and values against those of `cpreport top --granularity addresses`.

    disasm_objdump.py CPREPORT TESTDATA

Programs: the quickstart's, and one in C++ that is built and profiled here where perf may.
Exits 77 without objdump.
"""
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

cpreport, testdata = map(os.path.abspath, sys.argv[1:3])
failures = checks = 0
SOURCE = """#include <algorithm>
#include <map>
#include <string>
#include <vector>
int main()
{
    std::map<std::string, int> seen;
    std::vector<double> v;
    for (int i = 0; i < 40000; i++) {
        seen[std::to_string(i * 7919 % 5003)]++;
        v.push_back(i * 0.5 / (seen.size() + 1));
        if (i % 1000 == 0)
            std::sort(v.begin(), v.end());
    }
    return (int)v[0] + (int)seen.size() == 1;
}
"""


def check(what, have, want):
    global failures, checks
    checks += 1
    if have != want:
        failures += 1
        print(f"FAIL {what}: have {have}, want {want}")


def run(*argv, **kw):
    return subprocess.run(argv, check=True, capture_output=True, text=True,
                          errors="backslashreplace", **kw).stdout


def objdump(file, start, size):
    """{address: (length, words)}; objdump breaks long instructions over lines."""
    rows, last = {}, None
    for line in run("objdump", "-d", "-w", f"--start-address={start}",
                    f"--stop-address={start + size}", file).splitlines():
        row = re.match(r" *([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *(?:\t(.*))?$", line)
        if row:
            last = int(row[1], 16)
            rows[last] = (len(row[2].split()), row[3] or "")
    return rows


def kind(words):
    """What objdump's words say: (kind, target or None)."""
    # Prefixes stand in front: "bnd jmp", "notrack jmp", "rep ret", "cs nop".
    words = re.sub(r"^((bnd|notrack|repz?|repnz|cs|ds|data16|addr32|lock|xacquire|xrelease) )+", "",
                   words)
    name = words.split()[0] if words.split() else ""
    target = re.match(r"\S+ +([0-9a-f]+)(?: <|$)", words)
    target = int(target[1], 16) if target else None
    if name.startswith("call"):
        return "call", target
    if name.startswith(("ret", "iret")):
        return "return", None
    if name.startswith("jmp"):
        return "jump", target
    if name[:1] == "j" or name.startswith(("loop", "xbegin")):
        return "branch", target
    return "plain", None


def compare(name, *options):
    report = json.loads(run(cpreport, "disasm", "-q", ".", "--to", "json", *options))
    instructions = 0
    for function in report["functions"]:
        if "file" not in function or not function["instructions"]:
            continue
        where = f"{name}: {function['name']}"
        theirs = objdump(function["file"], function["address"], function["bytes"])
        ours = {}
        for row in function["instructions"]:
            ours[row["address"]] = row
            if row["kind"] == "unknown":
                continue
            instructions += 1
            length, words = theirs.get(row["address"], (None, ""))
            check(f"{where} {row['address']:x} length", row["length"], length)
            want, target = kind(words)
            if "(bad)" in words:
                continue
            check(f"{where} {row['address']:x} kind of '{words}'", row["kind"], want)
            if target is not None:
                check(f"{where} {row['address']:x} target", row.get("target"), target)
            if "target_row" in row:
                check(f"{where} {row['address']:x} target's row",
                      function["instructions"][row["target_row"]]["address"], row["target"])
        check(f"{where}: instructions that are objdump's alone", sorted(set(theirs) - set(ours)), [])
        check(f"{where}: flat", sum(r.get("flat", 0) for r in ours.values()), function["flat"])
        blocks = collections.Counter()
        for row in ours.values():
            blocks[row["block"]] += 1
        check(f"{where}: blocks follow each other", sorted(blocks), list(range(len(blocks))))
    print(f"{name}: {instructions} instructions")
    return instructions


def main():
    if not shutil.which("objdump"):
        print("SKIPPED: no objdump here")
        return 77
    quick = os.path.join(testdata, "quickstart")
    asked = subprocess.run([cpreport, "disasm", "-q", "swap", "--binary",
                            os.path.join(quick, "demo"), os.path.join(quick, "perf.data")],
                           capture_output=True, text=True)
    if "libcp was built" in asked.stderr:
        print("SKIPPED: " + asked.stderr.strip())
        return 77
    found = compare("demo", "--binary", os.path.join(quick, "demo"),
                    os.path.join(quick, "perf.data"))
    check("demo: some hundred instructions", found > 200, True)
    with tempfile.TemporaryDirectory() as place:
        source, program = Path(place, "t.cc"), os.path.join(place, "t")
        source.write_text(SOURCE, encoding="utf-8")
        try:
            run("g++", "-O2", "-g", "-o", program, str(source))
            run("perf", "record", "-q", "-F", "2000", "-g", "-o", os.path.join(place, "perf.data"),
                program)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"NOT TRIED: a program of our own: {error}")
        else:
            compare("C++", os.path.join(place, "perf.data"))
    print(f"{checks} checks, {failures} failures")
    return failures > 0


sys.exit(main())
