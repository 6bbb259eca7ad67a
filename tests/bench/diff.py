#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How sure is cpdiff? False alarms and detections on real captures of one program.

    diff.py CPDIFF [RUNS]

Compiles diff_workload.c and records it with `perf record -e cpu-clock:u -F 999 -g`, about
1,000 samples a run: RUNS (default 20) times quiet, RUNS times noisy (the work of each stage
varies by +-10 % from run to run), and 5 times each, quiet, with stage_scan 1.3x and 2x slower.
The kinds take turns, so that a machine that becomes busier does so for all. Then cpdiff compares,
flat values, and the tables show

1. false alarms: the share of comparisons of a program with itself in which any function is
   called different: single pairs (all, or 200 drawn ones) without and with the --phi that
   `cpdiff --calibrate` gives for the first half of the runs, and 3 against 3 and 5 against 5
   captures (200 drawn splits). The stated rate is 5 %. Pairs and splits share captures: the
   figures are less certain than their number suggests.
2. detections: how often stage_scan is called different when it is slower, and how many other
   functions are, on average, which are false.

Draws are seeded. Needs perf and cc; about two minutes on an idle machine.
"""
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

CPDIFF = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
SLOW, SLOW_RUNS, DRAWS = "stage_scan", 5, 200
# As cpdiff --calibrate counts them.
LOUD = {"beyond sampling noise", "worse", "better", "new", "gone", "moved"}


def compile_workload(folder):
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "diff_workload.c")
    program = os.path.join(folder, "workload")
    subprocess.run(["cc", "-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls",
                    "-o", program, source], check=True)
    return program


def record_all(folder):
    """Paths of the captures by kind."""
    program = compile_workload(folder)
    kinds = {"quiet": (RUNS, "1", "0"), "noisy": (RUNS, "1", "0.1"),
             "1.3x": (SLOW_RUNS, "1.3", "0"), "2x": (SLOW_RUNS, "2", "0")}
    captures = {kind: [] for kind in kinds}
    for turn in range(max(RUNS, SLOW_RUNS)):
        for kind, (runs, slowdown, noise) in kinds.items():
            # The few slow runs are spread over all turns.
            if turn * runs // RUNS < len(captures[kind]) or len(captures[kind]) == runs:
                continue
            path = os.path.join(folder, f"{kind}-{turn}")
            subprocess.run(["perf", "record", "-q", "-e", "cpu-clock:u", "-F", "999", "-g", "-o",
                            path, "--", program, "100", slowdown, noise, str(turn + 1)],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            captures[kind].append(path)
    return captures


def compare(job):
    """Names of the functions that are called different."""
    before, after, phi = job
    out = subprocess.run([CPDIFF, "-q", "--no-inlines", "--threads", "1", "--to", "json",
                          *(["--phi", phi] if phi else []),
                          "--before", *before, "--after", *after],
                         check=True, stdout=subprocess.PIPE).stdout
    return {f["name"] for f in json.loads(out)["functions"] if f["flat"]["verdict"] in LOUD}


def calibrated_phi(captures):
    out = subprocess.run([CPDIFF, "-q", "--no-inlines", "--calibrate", *captures], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return re.search(r"^phi ([0-9.]+)$", out, re.M).group(1)


def splits(captures, k, rng):
    """Two sides of k captures each: all pairs, or drawn ones."""
    if k == 1:
        pairs = [([a], [b]) for a, b in itertools.combinations(captures, 2)]
        return pairs if len(pairs) <= DRAWS else rng.sample(pairs, DRAWS)
    drawn = [rng.sample(captures, 2 * k) for _ in range(DRAWS)]
    return [(d[:k], d[k:]) for d in drawn]


def against(base, slow, k, rng):
    if k == 1:
        return [([a], [b]) for a in base for b in slow]
    return [(rng.sample(base, k), rng.sample(slow, k)) for _ in range(DRAWS)]


def false_alarms(captures, rng, pool):
    print(f"\n{'false alarms':30} {'quiet':>16} {'noisy':>16}")
    phi = {kind: calibrated_phi(captures[kind][:max(RUNS // 2, 4)])
           for kind in ("quiet", "noisy")}
    for k, with_phi in ((1, False), (1, True), (3, False), (5, False)):
        cells = []
        for kind in ("quiet", "noisy"):
            jobs = [(*sides, phi[kind] if with_phi else None)
                    for sides in splits(captures[kind], k, rng)]
            wrong = sum(bool(names) for names in pool.map(compare, jobs))
            cells.append(f"{100 * wrong / len(jobs):5.1f} % of {len(jobs)}")
        name = f"{k} against {k}"
        if with_phi:
            name += f", --phi {phi['quiet']}, {phi['noisy']}"
        print(f"{name:30} {cells[0]:>16} {cells[1]:>16}", flush=True)


def detections(captures, rng, pool):
    print(f"\n{SLOW + ' slower, quiet':30} {'1.3x':>16} {'others':>8} {'2x':>16} {'others':>8}")
    for k in (1, 3, 5):
        cells = []
        for kind in ("1.3x", "2x"):
            jobs = [(*sides, None) for sides in
                    against(captures["quiet"], captures[kind], k, rng)]
            found = list(pool.map(compare, jobs))
            hits = sum(SLOW in names for names in found)
            others = sum(len(names - {SLOW}) for names in found)
            cells.append(f"{100 * hits / len(jobs):8.0f} % of {len(jobs)} "
                         f"{others / len(jobs):8.2f}")
        print(f"{f'{k} against {k}':30} {cells[0]:>25} {cells[1]:>25}", flush=True)


def main():
    if RUNS < 10:
        sys.exit("RUNS: at least 10, for 5 against 5")
    if not shutil.which("perf") or not shutil.which("cc"):
        print("SKIPPED: no perf or no cc")
        return 77
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        captures = record_all(folder)
        load = os.getloadavg()[1]
        print(f"{2 * RUNS + 2 * SLOW_RUNS} captures; {os.cpu_count()} processors, "
              f"load {load:.1f}{' (busy)' if load > os.cpu_count() else ''}")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            false_alarms(captures, rng, pool)
            detections(captures, rng, pool)
    return 0


sys.exit(main())
