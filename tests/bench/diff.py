#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often does cpdiff call a program different from itself? Real programs, recorded here.

    diff.py CPDIFF CPCONV [FOLDER [DRAWS]]

Records the programs of diff_programs.py 12 times each into FOLDER (kept when given, and not
recorded again), and compares DRAWS (default 25) drawn pairs or groups of each program's captures:
any function called different, flat or cumulative, or the total, is a false alarm.

1. one capture a side: by default; with the default's parameters chosen on the other programs
   only (leave one out); with a calibration on captures that the pairs are not drawn from;
2. two, three and five captures a side;
3. whether perf.data and the pprof made of it get the same verdicts.

Draws are seeded; captures are shared between draws, so figures are less certain than their number
suggests. Simulated power is diff-sim's. Needs perf; about a quarter of an hour.
"""
import collections
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from statistics import NormalDist

import diff_programs

LOUD = {"more", "less", "worse", "better", "new", "gone", "moved"}
GRID = [(a, b) for a in (.04, .05, .06, .07, .08) for b in (0, .01, .02, .03, .04, .05)]


def compare(cpdiff, before, after, *options):
    out = subprocess.run([cpdiff, "-q", "--threads", "1", "--to", "json", *options,
                          "--before", *before, "--after", *after],
                         check=True, stdout=subprocess.PIPE).stdout
    return json.loads(out)


def alarms(answer):
    names = {f["name"] for f in answer["functions"]
             if f["flat"]["verdict"] in LOUD or f["cum"]["verdict"] in LOUD}
    return names | ({"the total"} if answer["total"]["verdict"] in LOUD else set())


def convert(cpconv, folder):
    """The captures as pprof, by program: symbols are looked up once."""
    captures = collections.defaultdict(list)
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".data"):
            continue
        path = os.path.join(folder, name)
        pprof = path[:-5] + ".pb"
        if not os.path.exists(pprof):
            subprocess.run([cpconv, "-q", path, "-o", pprof], check=True)
        captures[name.rsplit("-", 1)[0]].append(pprof)
    return captures


def draws(captures, k, n):
    rng = random.Random(k)
    for program, files in captures.items():
        for _ in range(n):
            drawn = rng.sample(files, 2 * k)
            yield program, drawn[:k], drawn[k:]


def table(title, per):
    rates = {p: 100 * sum(v) / len(v) for p, v in per.items()}
    print(f"\n{title}: {sum(rates.values()) / len(rates):.1f} % on average")
    print("  " + ", ".join(f"{p} {r:.0f}" for p, r in sorted(rates.items(), key=lambda x: -x[1])))
    sys.stdout.flush()


def would_alarm(answer, sigma, grain):
    """The single pair's test by its formula, for other parameters than the built-in ones."""
    total = (answer["before"]["total"], answer["after"]["total"] * answer["factor"])
    tests = {}
    for f in answer["functions"]:
        for v in (f["flat"], f["cum"]):
            if v["verdict"] == "not tested":
                continue
            share = max(v["before"] / total[0], v["after"] / total[1])
            # Equal values are one test; large functions have more of the error rate.
            tests[v["before"], v["after"]] = (v, share, math.sqrt(min(.25, max(.005, share))))
    weights = math.sqrt(.25) + sum(w for _, _, w in tests.values())
    for v, share, weight in tests.values():
        if not v["ratio"] or abs(v["ratio"] - 1) < .05:
            continue
        var = (1 / (v["samples_before"] + .5) + 1 / (v["samples_after"] + .5) +
               2 * (sigma ** 2 + grain ** 2 / share))
        crit = NormalDist().inv_cdf(1 - .025 * min(1, weight / weights))
        if abs(math.log(v["ratio"])) / math.sqrt(var) > crit:
            return True
    return answer["total"]["verdict"] in LOUD


def leave_one_out(answers):
    """For each program the least noise of GRID that keeps all others' mean at 7.5 %."""
    per = {}
    for program in answers:
        for sigma, grain in sorted(GRID, key=lambda g: g[0] ** 2 + g[1] ** 2 / .05):
            others = [sum(would_alarm(a, sigma, grain) for a in got) / len(got)
                      for p, got in answers.items() if p != program]
            if sum(others) / len(others) <= .075:
                break
        per[program] = [would_alarm(a, sigma, grain) for a in answers[program]]
    return per


def calibrated(cpdiff, captures, folder, n, pool):
    per = {}
    for program, files in captures.items():
        # By turns, so that a drift hits both halves.
        known, rest = files[::2], files[1::2]
        path = os.path.join(folder, program + ".noise")
        subprocess.run([cpdiff, "-q", "--calibration", path, "--calibrate", *known], check=True,
                       stdout=subprocess.DEVNULL)
        jobs = list(draws({program: rest}, 1, n))
        per[program] = list(pool.map(lambda j, path=path: bool(alarms(
            compare(cpdiff, j[1], j[2], "--calibration", path))), jobs))
    return per


def bench(cpdiff, cpconv, folder, n, pool):
    diff_programs.record(folder, 12)
    captures = convert(cpconv, folder)
    print(f"{len(captures)} programs, {sum(map(len, captures.values()))} captures, "
          f"{os.cpu_count()} processors, load {os.getloadavg()[1]:.1f}")
    for k in (1, 2, 3, 5):
        jobs = list(draws(captures, k, n))
        got = list(pool.map(lambda j: compare(cpdiff, j[1], j[2]), jobs))
        answers = collections.defaultdict(list)
        for (program, _, _), answer in zip(jobs, got):
            answers[program].append(answer)
        table(f"{k} a side", {p: [bool(alarms(a)) for a in v] for p, v in answers.items()})
        if k == 1:
            table("1 a side, default chosen without the program", leave_one_out(answers))
            table("1 a side, calibrated on other captures",
                  calibrated(cpdiff, captures, folder, n, pool))
    same = 0
    pairs = [(f[0], f[-1]) for f in captures.values()]
    for before, after in pairs:
        data = [before[:-3] + ".data"], [after[:-3] + ".data"]
        same += alarms(compare(cpdiff, [before], [after])) == alarms(compare(cpdiff, *data))
    print(f"\nperf.data and its pprof: {same} of {len(pairs)} pairs get the same verdicts")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if diff_programs.missing_perf():
        print("SKIPPED: no perf")
        return 77
    cpdiff, cpconv = map(os.path.abspath, sys.argv[1:3])
    n = int(sys.argv[4]) if len(sys.argv) > 4 else 25
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(2) as pool:
        bench(cpdiff, cpconv, sys.argv[3] if len(sys.argv) > 3 else temporary, n, pool)
    return 0


if __name__ == "__main__":
    sys.exit(main())
