#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layout of call graphs against Graphviz' dot: crossings and width of the same boxes.

    graph_layout.py CPREPORT [BOXES_OF_CLANG]

Graphs are those of real programs, profiled here: Go's compiler, clang and gcc's cc1plus at work
(60 to 100, 80 to 200 and 80 to 200 functions; 500 of clang's, which take dot long, by hand). What
is not installed or may not be profiled is left out, loudly.
Every profile differs, and so does the luck of either drawing: of Go's compiler, which is quick,
there are several profiles of several packages in several sizes, and sums are compared.
dot gets the same boxes and arrows, without labels at arrows, for which it would make room.
Crossings are counted in both drawings, as they are drawn. Bounds: 1.25 times dot's crossings,
1.5 times its width. The boxes and arrows are those of `--to dot`. Exits 77 without dot.
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

cpreport = sys.argv[1]
clang_boxes = int(sys.argv[2]) if len(sys.argv) > 2 else 200
SOURCE = """#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <unordered_map>
int main()
{
    std::map<std::string, int> seen;
    std::regex wanted("a+b|c*d[0-9]{2,5}");
    std::unordered_map<int, std::string> last;
    for (std::string s; std::getline(std::cin, s);)
        if (std::regex_search(s, wanted))
            seen[s]++, last[seen.size()] = s;
    std::vector<std::pair<int, std::string>> v(1);
    for (auto &k : seen)
        v.push_back({k.second, k.first});
    std::sort(v.begin(), v.end());
    std::cout << v[0].second;
}
"""


def run(*argv, **kw):
    return subprocess.run(argv, check=True, capture_output=True, text=True,
                          errors="backslashreplace", **kw).stdout


def curve(p, n=6):
    """Points of a cubic curve."""
    return [tuple(sum(c * p[k][i] for k, c in enumerate(
        ((1 - t)**3, 3 * (1 - t)**2 * t, 3 * (1 - t) * t * t, t**3))) for i in (0, 1))
            for t in (i / n for i in range(n + 1))]


def side(p, q, r):
    return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])


def crossings(lines):
    """Of [(points, (from, to))]; arrows that share an end do not count. Segments are put
    into bands of height; a crossing counts in the band in which it lies."""
    band = max(y for points, _ in lines for _, y in points) / 300
    bands = collections.defaultdict(list)
    for number, (points, ends) in enumerate(lines):
        for a, b in zip(points, points[1:]):
            low, high = sorted((a[1], b[1]))
            for y in range(int(low / band), int(high / band) + 1):
                bands[y].append((min(a[0], b[0]), max(a[0], b[0]), a, b, number, ends))
    count = 0
    for y, segments in bands.items():
        segments.sort(key=lambda s: s[0])
        for i, (_, right, a, b, number, ends) in enumerate(segments):
            for left, _, c, d, other, theirs in segments[i + 1:]:
                if left > right:
                    break
                if number == other or ends[0] == theirs[0] or ends[1] == theirs[1]:
                    continue
                u, v = side(c, d, a), side(c, d, b)
                if u * v < 0 and side(a, b, c) * side(a, b, d) < 0:
                    count += int((a[1] + u / (u - v) * (b[1] - a[1])) / band) == y
    return count


def ours(graph):
    lines = []
    for edge in graph["edges"]:
        flat = edge["knots"]
        knots = list(zip(flat[::2], flat[1::2]))
        points = []
        for (x, y), (z, w) in zip(knots, knots[1:]):
            points += curve([(x, y), (x, (y + w) / 2), (z, (y + w) / 2), (z, w)])
        if points:
            lines.append((points, (edge["from"], edge["to"])))
    return crossings(lines), graph["width"]


def dots(graph):
    text = "digraph g { node [shape=box fixedsize=true label=\"\"];\n"
    for i, node in enumerate(graph["nodes"]):
        text += f"n{i} [width={node['width'] / 72:.4f} height={node['height'] / 72:.4f}];\n"
    for edge in graph["edges"]:
        share = min(1, abs(edge["weight"]) / graph["total"])
        text += f"n{edge['from']} -> n{edge['to']} [weight={1 + int(100 * share)}];\n"
    lines = []
    for line in run("dot", "-Tplain", input=text + "}\n").splitlines():
        word = line.split()
        if word[0] == "graph":
            width = float(word[2]) * 72
        if word[0] == "edge" and word[1] != word[2]:
            spots = [(float(word[4 + 2 * i]) * 72, float(word[5 + 2 * i]) * 72)
                     for i in range(int(word[3]))]
            points = []
            for i in range(0, len(spots) - 1, 3):
                points += curve(spots[i:i + 4])
            lines.append((points, (int(word[1][1:]), int(word[2][1:]))))
    return crossings(lines), width


def go_profiles(place):
    """Of Go's compiler at work on packages that go/parser needs."""
    profiles = {package: os.path.join(place, package.replace("/", "_") + ".prof")
                for package in ("runtime", "reflect", "syscall", "time", "strconv", "os",
                                "fmt", "go/parser")}
    run("go", "build", *(f"-gcflags={package}=-cpuprofile={out}"
                         for package, out in profiles.items()), "go/parser",
        env={**os.environ, "GOFLAGS": "", "GOCACHE": os.path.join(place, "cache")})
    return list(profiles.values())


def perf_of(compiler, place):
    source, out = os.path.join(place, "t.cc"), os.path.join(place, compiler + ".data")
    Path(source).write_text(SOURCE, encoding="utf-8")
    run("perf", "record", "-q", "-F", "600", "--call-graph", "dwarf,16384", "-o", out,
        compiler, "-std=c++17", "-O1", "-c", source, "-o", os.devnull)
    return [out]


def measure(path, count):
    """Crossings and width of our drawing and of dot's, and the number of boxes."""
    options = ["-q", "-n", str(count), "--nodefraction=0", "--edgefraction=0"]
    graph = json.loads(run(cpreport, "graph", *options, "--group", "none",
                           "--no-tags", "--to", "json", path))
    dot = run(cpreport, "graph", *options, "--to", "dot", path)
    sizes = (len(graph["nodes"]), len(graph["edges"]))
    theirs = (len(re.findall(r"^N\d+ \[", dot, re.M)),
              len(re.findall(r"^N\d+ -> ", dot, re.M)))
    if sizes != theirs:
        raise ValueError(f"{sizes} boxes and arrows, --to dot has {theirs}")
    return [*ours(graph), *dots(graph), sizes[0]]


def main():
    failures = tried = 0
    if not shutil.which("dot"):
        print("SKIPPED: Graphviz' dot is not installed")
        return 77
    with tempfile.TemporaryDirectory() as place:
        for what, needs, counts, make in (
                ("Go's compiler", ["go"], (60, 80, 100), lambda: go_profiles(place)),
                ("cc1plus", ["perf", "g++"], (80, 200), lambda: perf_of("g++", place)),
                ("clang", ["perf", "clang++"], (80, clang_boxes), lambda: perf_of("clang++", place))):
            absent = [name for name in needs if not shutil.which(name)]
            if absent:
                print(f"NOT TRIED: {what}: {' '.join(absent)} not installed")
                continue
            try:
                paths = make()
            except subprocess.CalledProcessError as error:
                print(f"NOT TRIED: {what}: {error.stderr[-200:]}")
                continue
            drawn = [measure(path, count) for path in paths for count in counts]
            x, width, dot_x, dot_width, boxes = map(sum, zip(*drawn))
            fine = (boxes > len(paths) * sum(counts) / 2 and x <= 1.25 * dot_x + 5
                    and width <= 1.5 * dot_width)
            tried += 1
            failures += not fine
            print(f"{'ok' if fine else 'FAIL'} {what}: {len(drawn)} graphs, {boxes} boxes; "
                  f"crossings {x}, dot {dot_x}; width {width}, dot {dot_width:.0f}")
            if not fine:
                print("\n".join(f"  {row}" for row in drawn))
    if not tried:
        print("SKIPPED: no program could be profiled here")
        return 77
    return failures > 0


sys.exit(main())
