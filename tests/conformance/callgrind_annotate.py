#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Self costs of callgrind's, cachegrind's and xdebug's files against callgrind_annotate.

    callgrind_annotate.py CPREPORT SHARED-DATA

Runs a program of its own, with calls in circles, under callgrind and cachegrind, and adds
others' files where they lie beside the checkout. For every event each function's self cost
must be callgrind_annotate's (cg_annotate's for cachegrind). Exits 77, loudly, when valgrind
is absent.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

cpreport, shared = sys.argv[1:3]
failures = checks = 0

PROGRAM = r"""
#include <stdlib.h>
static volatile unsigned x;
__attribute__((noinline)) static void leaf(int n) { for (int i = 0; i < n; i++) x += i; }
__attribute__((noinline)) static int odd(int n);
__attribute__((noinline)) static int even(int n) { leaf(3); return n ? odd(n - 1) + 1 : 0; }
__attribute__((noinline)) static int odd(int n) { leaf(5); return n ? even(n - 1) + 1 : 1; }
__attribute__((noinline)) static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static int compare(const void *a, const void *b) { leaf(1); return *(int *)a - *(int *)b; }
int main(void)
{
	int v[50];

	for (int i = 0; i < 50; i++)
		v[i] = (i * 7919) % 50;
	qsort(v, 50, sizeof *v, compare);
	return (even(20) + fib(12) + v[3]) & 1 ? 0 : 0;
}
"""


def run(*argv, **kw):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **kw).stdout.decode("utf-8", "replace")


def theirs(path, tool):
    """Self costs by event and function, and the names of the events."""
    if tool == "cg_annotate":
        out = run(tool, "--threshold=0", "--auto=no", "--show-percs=no", path)
    else:
        out = run(tool, "--threshold=100", "--auto=no", "--show-percs=no", path)
    events = re.search(r"^Events recorded:\s+(.*)$", out, re.M).group(1).split()
    table, started = {}, False
    for line in out.splitlines():
        if line.endswith("file:function"):
            started = True
        number = r"(?:-?[\d,]+|\.)"
        row = re.match(rf"\s*({number}(?:\s+{number}){{{len(events) - 1}}})\s+(\S.*)$", line)
        if not started or not row:
            continue
        name = re.sub(r" \[[^\]]*\]$", "", row.group(2))
        name = re.sub(r"^(?:php:internal|[^:]*):", "", name)
        for event, x in zip(events, row.group(1).split()):
            at = table.setdefault(event, {})
            at[name] = at.get(name, 0) + (0 if x == "." else int(x.replace(",", "")))
    return events, table


def ours(path, event):
    report = json.loads(run(cpreport, "top", "--to", "json", "--nodefraction", "0",
                            "--sample-index", event, path))
    return {n["name"]: n["flat"] for n in report["nodes"] if n["flat"]}, report["total"]


def compare(path, tool):
    global failures, checks
    events, table = theirs(path, tool)
    for event in events:
        unit = re.match(r"(.*)_\((\d*)\w+\)$", event)
        factor = int(unit.group(2) or 1) if unit else 1
        have, total = ours(path, unit.group(1) if unit else event)
        want = {n: x * factor for n, x in table[event].items() if x}
        checks += 1
        if have != want or total != sum(want.values()):
            failures += 1
            print(f"FAIL {path}: {event}")
            for name in sorted(set(have) | set(want)):
                if have.get(name) != want.get(name):
                    print(f"  {name}: have {have.get(name)}, want {want.get(name)}")


def sums(path):
    """
    Parts in one file add up to their own totals. callgrind_annotate reads them, too, but takes
    the cost of a call that began in the part before ("calls=0") for one of the caller itself.
    """
    global failures, checks
    want = sum(int(x) for x in re.findall(r"^totals: (\d+)", open(path).read(), re.M))
    checks += 1
    if ours(path, "Ir")[1] != want:
        failures += 1
        print(f"FAIL {path}: {ours(path, 'Ir')[1]}, its parts' totals are {want}")


def main():
    if not shutil.which("callgrind_annotate"):
        print("SKIPPED: valgrind is not installed; nothing compares callgrind's costs")
        return 77
    for path in sorted(glob.glob(f"{shared}/formats/callgrind/*.out")):
        compare(path, "callgrind_annotate")
    with tempfile.TemporaryDirectory() as tmp:
        source, program = os.path.join(tmp, "p.c"), os.path.join(tmp, "p")
        open(source, "w").write(PROGRAM)
        run("cc", "-O1", "-g", "-o", program, source)
        for name, tool, args in (
                ("plain", "callgrind", []),
                ("lines", "callgrind", ["--cache-sim=yes", "--branch-sim=yes",
                                        "--collect-jumps=yes", "--compress-pos=no"]),
                ("instr", "callgrind", ["--dump-instr=yes", "--separate-recs=3",
                                        "--compress-strings=no", "--dump-line=yes"]),
                ("parts", "callgrind", ["--dump-every-bb=20000", "--combine-dumps=yes"]),
                ("cache", "cachegrind", ["--cache-sim=yes"])):
            out = os.path.join(tmp, f"{name}.out")
            run("valgrind", f"--tool={tool}", f"--{tool}-out-file={out}", *args, program)
            if name == "parts":
                sums(out)
            else:
                compare(out, "cg_annotate" if tool == "cachegrind" else "callgrind_annotate")
    print(f"{checks} events compared, {failures} differ")
    return failures != 0


sys.exit(main())
