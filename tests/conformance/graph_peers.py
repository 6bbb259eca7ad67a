#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Call graphs and callgrind files against the programs that read and write them.

    graph_peers.py CPCONV CPREPORT TESTDATA

* Graphviz draws what `--to dot` writes, without a word, every node and edge of it;
* its nodes and edges, with their values, are those of `go tool pprof -dot`;
* callgrind_annotate finds in what `--to callgrind` writes the total of the profile, each
  function's own cost and, where nothing recurs, its inclusive cost.

Exits 77, loudly, when none of these programs is there.
"""
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

cpconv, cpreport, testdata = sys.argv[1:4]
failures = checks = 0


def check(what, have, want):
    global failures, checks
    checks += 1
    if have != want:
        failures += 1
        print(f"FAIL {what}")
        for a, b in [(have, want)] if not isinstance(have, dict) else [
                ({k: v for k, v in have.items() if want.get(k) != v},
                 {k: v for k, v in want.items() if have.get(k) != v})]:
            print(f"  have {str(a)[:600]}\n  want {str(b)[:600]}")


def run(*argv, **kw):
    return subprocess.run(argv, check=True, capture_output=True, encoding="utf-8",
                          errors="backslashreplace", **kw).stdout


def graph(text):
    """Nodes by name and values, edges by the names of their ends and the value; pprof's
    nodes for tags left out. pprof shortens names in labels, but not in tooltips."""
    value = r"(?:-?[\d.]+\S*(?: \([^)]*\))? of )?-?[\d.]+\S*(?: \([\d.]+%\))$"
    nodes = {}
    for node, label, tip in re.findall(
            r'^(N\d+) \[label="((?:[^"\\]|\\.)*)".*? tooltip="((?:[^"\\]|\\.)*)"', text, re.M):
        found = re.search(value, label.replace("\\n", " "))
        nodes[node] = (tip, found[0] if found else label)
    edges = re.findall(r'^(N\d+) -> (N\d+) \[label=" ((?:[^"\\]|\\.)*)"', text, re.M)
    return (collections.Counter(nodes.values()),
            collections.Counter((nodes[a][0], nodes[b][0], v.replace("\\n", " "))
                                for a, b, v in edges if a in nodes and b in nodes))


def drawn(path, dot):
    done = subprocess.run(["dot", "-Tsvg"], input=dot, capture_output=True, text=True)
    check(f"{path}: dot's status and words", (done.returncode, done.stderr), (0, ""))
    nodes, edges = graph(dot)
    svg = done.stdout
    check(f"{path}: nodes drawn", len(re.findall(r'id="node\d+" class="node"', svg)),
          sum(nodes.values()) + 1)  # the legend
    check(f"{path}: edges drawn", svg.count('class="edge"'), sum(edges.values()))


def against_pprof(path, dot, place):
    theirs = run("go", "tool", "pprof", "-symbolize=none", "-dot", path,
                 env={**os.environ, "HOME": place, "TZ": "UTC"})
    if "accounting for 0, 0%" in theirs:
        return  # pprof shows the default type even if all its values are 0
    for what, have, want in zip(("nodes", "edges"), graph(dot), graph(theirs)):
        check(f"{path}: {what}", dict(have), dict(want))


def annotated(path, *options):
    """What callgrind_annotate prints: the total and {function: cost}."""
    text = run("callgrind_annotate", "--threshold=100", "--auto=no", *options, path)
    total, costs = 0, collections.Counter()
    for cost, name in re.findall(r"^ *(-?[\d,]+) +\([^)]*\)  (\S.*)$", text, re.M):
        cost = int(cost.replace(",", ""))
        if name.startswith("PROGRAM TOTALS"):
            total = cost
        else:
            costs[re.sub(r" \[[^]]*\]$", "", name).split(":", 1)[1]] += cost
    return total, costs


def reported(path):
    """{function: (flat, cum)} as cpreport has them."""
    report = json.loads(run(cpreport, "-q", "--no-symbolize", "--nodefraction=0",
                            "--edgefraction=0", "--nodecount=0", "--to", "json", path))
    rows = {}
    for node in report["nodes"]:
        flat, cum = rows.get(node["name"], (0, 0))
        rows[node["name"]] = (flat + node["flat"], cum + node["cum"])
    return rows


def callgrind(path, recurs, place):
    out = os.path.join(place, "callgrind.out")
    run(cpconv, "-q", "--no-symbolize", path, "--to", "callgrind", "-o", out)
    rows = reported(path)
    theirs, own = annotated(out)
    check(f"{path}: total", theirs, sum(flat for flat, _ in rows.values()))
    check(f"{path}: own costs", {k: v for k, v in own.items() if v},
          {k: flat for k, (flat, _) in rows.items() if flat})
    if not recurs:
        _, inclusive = annotated(out, "--inclusive=yes")
        check(f"{path}: inclusive costs", dict(inclusive), {k: cum for k, (_, cum) in rows.items()})


def random_profile(path, rng, recurs):
    """Functions of one depth call those of the next; or any, and themselves."""
    lines = []
    for _ in range(rng.randrange(1, 60)):
        depth = rng.randrange(1, 7)
        level = [0] * depth if recurs else range(depth)
        lines.append(";".join(f"f{d}_{rng.randrange(3)}" for d in level) +
                     f" {rng.randrange(1, 10**6)}\n")
    Path(path).write_text("".join(lines), encoding="utf-8")


def profiles(place):
    """(path, whether functions recur) of pprof files to try."""
    rng = random.Random(7)
    for i in range(12):
        folded = os.path.join(place, f"{i}.folded")
        random_profile(folded, rng, i % 3 == 2)
        yield folded, i % 3 == 2
    for path in sorted(Path(testdata, "pprof").glob("good-*")):
        yield str(path), True
    yield os.path.join(testdata, "quickstart", "perf.data"), True


def main():
    have = {name: shutil.which(name) for name in ("dot", "go", "callgrind_annotate")}
    if not any(have.values()):
        print("SKIPPED: neither Graphviz nor Go nor callgrind_annotate is installed")
        sys.exit(77)
    for name, path in have.items():
        if not path:
            print(f"NOT TRIED: {name} is not installed")
    with tempfile.TemporaryDirectory() as place:
        for n, (source, recurs) in enumerate(profiles(place)):
            path = os.path.join(place, f"{n}-{Path(source).name}.pb.gz")
            run(cpconv, "-q", "--labels", "none", "--binary",
                os.path.join(testdata, "quickstart", "demo"), source, "-o", path)
            dot = run(cpconv, "-q", "--no-symbolize", path, "--to", "dot")
            if have["dot"]:
                drawn(path, dot)
            if have["go"]:
                against_pprof(path, dot, place)
            if have["callgrind_annotate"]:
                callgrind(path, recurs, place)
    print(f"{checks} checks, {failures} failures")
    sys.exit(bool(failures))


main()
