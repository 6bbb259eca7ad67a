#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cpreport source against `go tool pprof -list`: the same functions, and for each the same lines
with the same flat and cumulative values.

    source_pprof.py CPCONV CPREPORT TESTDATA

Programs: the quickstart's (C with inlined calls, DWARF), and Go's own profiles of testdata, whose
sources are Go's. Inlined calls below a line are ours alone: their sums must be those of the line
that they stand under, less its own. Exits 77 without Go.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

cpconv, cpreport, testdata = map(os.path.abspath, sys.argv[1:4])
failures = checks = 0


def check(what, fine, said=""):
    global failures, checks
    checks += 1
    if not fine:
        failures += 1
        print(f"FAIL {what} {said}")


def listed(text):
    """{(function, file): {line: (flat, cum)}} of lines that have a value."""
    routines, now = {}, None
    for line in text.splitlines():
        head = re.match(r"ROUTINE =+ (.*?)(?: in (.*))?$", line)
        if head:
            now = routines.setdefault((head[1], head[2]), {})
            continue
        row = re.match(r" *(\S+) +(\S+) +(\d+):", line)
        if row and (row[1], row[2]) != (".", "."):
            now[int(row[3])] = (row[1], row[2])
    return routines


def run(*argv, **kw):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **kw).stdout


def compare(name, profile, regex, place, source):
    options = [f"-unit={'ms' if 'cpu' in name or 'demo' in name else 'B'}"]
    theirs = listed(run("go", "tool", "pprof", "-symbolize=none", *options, f"-list={regex}",
                        f"-source_path={source}", profile, cwd=source,
                        env={**os.environ, "HOME": place, "TZ": "UTC"}))
    ours = listed(run(cpreport, "source", "-q", "--no-symbolize", *options, regex,
                      "--source-path", source, profile, cwd=source))
    shown = {k: v for k, v in theirs.items() if v}
    check(f"{name}: functions", shown and set(shown) <= set(ours), set(shown) - set(ours))
    for key, lines in shown.items():
        check(f"{name}: {key}", ours.get(key) == lines,
              [(n, ours.get(key, {}).get(n), lines.get(n)) for n in lines
               if ours.get(key, {}).get(n) != lines[n]][:5])


def chains(name, profile):
    """Flat values of a line and of all inlined below never exceed its cumulative value, and
    together are it where the line calls nothing else."""
    report = json.loads(run(cpreport, "source", "-q", "--no-symbolize", "--to", "json", ".",
                            profile))
    for function in report["functions"]:
        line = None
        for row in function["lines"]:
            if not row.get("depth"):
                line, left = row, row["cum"] - row["flat"]
                continue
            left -= row["flat"]
            check(f"{name}: {function['name']}:{line['line']}", left >= 0, left)


def main():
    if not shutil.which("go"):
        print("SKIPPED: no `go tool pprof` here")
        return 77
    with tempfile.TemporaryDirectory() as place:
        demo = os.path.join(place, "demo.pb.gz")
        quick = os.path.join(testdata, "quickstart")
        run(cpconv, "-q", "--labels", "none", "--binary", os.path.join(quick, "demo"),
            os.path.join(quick, "perf.data"), "-o", demo)
        compare("demo", demo, ".", place, quick)
        compare("demo", demo, "sort|escape", place, quick)
        chains("demo", demo)
        root = run("go", "env", "GOROOT").strip()
        for name in ("good-go-cpu.pb.gz", "good-go-heap.pb.gz", "good-go-allocs.pb.gz"):
            path = os.path.join(testdata, "pprof", name)
            chains(name, path)
            if os.path.isdir(os.path.join(root, "src")):
                compare(name, path, "runtime", place, os.path.join(root, "src"))
    print(f"{checks} checks, {failures} failures")
    return failures > 0


sys.exit(main())
