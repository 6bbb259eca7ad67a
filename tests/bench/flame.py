#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""flame.py CPFLAME [LINES]: what cpflame costs, as ratios of peers in the same run.

1. LINES distinct folded lines (default 100,000; 1,000,000 are about 800 MB) to SVG, against
   the CPU time of `LC_ALL=C wc -w`: sorted lines, as collapsing tools write them, and
   shuffled ones.
2. A profile of about 100,000 frames in a headless Chromium (skipped without one): time from
   opening the SVG and the page to the drawn graph, script time of zooming and searching.
"""
import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "browser"))
from cdp import Browser, find  # noqa: E402

WORDS = ("alloc read write parse node list hash tree flush sync page net http json index "
         "query merge sort lock cache").split()


def generate(lines, seed, depth=(22, 36), functions=20000):
    """Random walks down a call graph of few children a function; heavy ones are likelier."""
    rng = random.Random(seed)
    names = ["_".join(rng.choice(WORDS) for _ in range(rng.randint(2, 5))) + f"::fn{i}"
             for i in range(functions)]
    children, seen, nodes, out = {}, set(), set(), []
    while len(out) < lines:
        path, f = [], 0
        target = rng.randint(*depth)
        while len(path) < target or hash(tuple(path)) in seen:
            key = (f, len(path))
            if key not in children:
                children[key] = [rng.randrange(functions) for _ in range(3)]
            pick = children[key][0] if rng.random() < .85 else rng.choice(children[key])
            f = pick if len(path) < target else rng.randrange(functions)
            path.append(f)
        seen.add(hash(tuple(path)))
        out.append(";".join(names[i] for i in path) + f" {rng.randint(1, 50)}\n")
        h = 0
        for f in path:
            h = hash((h, f))
            nodes.add(h)
    return out, len(nodes)


def cost(command, **more):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **more)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def peak(command):
    """Highest resident memory in MB, from a child that does nothing else."""
    script = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)")
    return int(subprocess.run([sys.executable, "-c", script, *command], check=True,
                              capture_output=True).stdout)


def speed(cpflame, place, count):
    lines, nodes = generate(count, 7)
    size = sum(map(len, lines))
    print(f"{count} distinct lines, {size / 1e6:.0f} MB, "
          f"{sum(s.count(';') + 1 for s in lines) / count:.1f} frames a line, {nodes} tree nodes")
    for order in ("sorted", "shuffled"):
        if order == "sorted":
            lines.sort()
        else:
            random.Random(1).shuffle(lines)
        path = place / order
        path.write_text("".join(lines))
        command = [cpflame, str(path), "-o", str(place / "out.svg")]
        words = min(cost(["wc", "-w", str(path)], env={**os.environ, "LC_ALL": "C"})
                    for _ in range(2))
        ours = min(cost(command) for _ in range(2))
        print(f"{order}: cpflame {ours:.2f} s, wc -w {words:.2f} s, ratio {ours / words:.2f}; "
              f"{peak(command)} MB; SVG {os.path.getsize(place / 'out.svg') / 1e6:.1f} MB")


def browser_costs(cpflame, place):
    lines, nodes = generate(15500, 3, (8, 40), 4000)
    (place / "profile").write_text("".join(lines))
    print(f"profile of {nodes} frames")
    with Browser() as browser:
        for name in ("p.svg", "p.html"):
            out = place / name
            subprocess.run([cpflame, str(place / "profile"), "-o", str(out)], check=True)
            loads, page = [], None
            for _ in range(4):
                page = browser.open(out.as_uri())
                page.settle()
                loads.append(page.eval("cpFlame.instance.ready"))
            page.call("Performance.enable", timeDomain="threadTicks")
            zoom = script(page, """async step => {
                const app = cpFlame.instance, n = app.model.n;
                for (let i = 1, k = 0; k < 12; i += n / 12 | 0, k++)
                    for (const to of [i, 0])
                        await step(() => app.zoom(to));
            }""")
            search = script(page, """async step => {
                for (const [text, regex] of [['a', 0], ['read', 0], ['read|alloc', 1], ['x', 0]])
                    await step(() => { cpFlame.instance.find(text, regex);
                        cpFlame.instance.paint(); });
            }""")
            print(f"{name}: {os.path.getsize(out) / 1e6:.2f} MB, loaded after "
                  f"{min(loads[1:]):.0f}-{max(loads[1:]):.0f} ms; zoom {zoom}; search {search}")


def script(page, steps):
    """Script time of some steps: by the thread's clock on average, by the wall at worst."""
    def duration():
        return next(m["value"] for m in page.call("Performance.getMetrics")["metrics"]
                    if m["name"] == "ScriptDuration")
    before = duration()
    count, worst = page.eval("""(async () => {
        let count = 0, worst = 0;
        await (%s)(async action => {
            const start = performance.now();
            action();
            worst = Math.max(worst, performance.now() - start);
            count++;
            await new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)));
        });
        return [count, worst];
    })()""" % steps)
    return f"{1000 * (duration() - before) / count:.1f} ms script, at worst {worst:.1f} ms wall"


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    with tempfile.TemporaryDirectory() as place:
        if find():
            browser_costs(sys.argv[1], Path(place))
        else:
            print("SKIPPED: loading, zooming, searching: no chromium here")
        if count:
            speed(sys.argv[1], Path(place), count)


main()
