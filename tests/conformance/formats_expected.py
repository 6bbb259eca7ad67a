#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Totals of others' files, by an independent reader of each format, against ours.

    formats_expected.py CPCONV SHARED-DATA

Every folder of SHARED-DATA/formats has an EXPECTED.tsv: file, what was counted, unit,
samples, total, the five largest self values. What other programs' importers say stands there,
too, and is not compared: they leave out or estimate. Exits 77, loudly, without the data.
"""
import collections
import csv
import json
import os
import re
import subprocess
import sys

cpconv, shared = sys.argv[1:3]
failures = checks = 0
NANOS = {"nanoseconds": 1, "microseconds": 1000, "milliseconds": 1000000, "seconds": 1000000000}


def read(path, *options):
    """Totals by sample type and self values of the largest functions; None: refused."""
    done = subprocess.run([cpconv, path, "--to", "json", "-q", "--no-symbolize", *options],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode == 3:
        return None
    assert done.returncode == 0, (path, done.stderr)
    p = json.loads(done.stdout)
    totals = collections.Counter()
    for s in p["samples"]:
        for t, x in zip(p["sample_types"], s["values"]):
            totals[(t.get("type", ""), t.get("unit", ""))] += x
    return totals


def check(what, have, want):
    global failures, checks
    checks += 1
    if not have:
        failures += 1
        print(f"FAIL {what}: want {want}")


def has(totals, want, unit=None):
    """Some sample type (of this unit) adds up to it, to a rounding of its decimals."""
    return totals is not None and any(
        abs(x - want) <= 1e-6 * max(1, abs(want)) * (not isinstance(want, int))
        for (_, u), x in totals.items() if unit in (None, u))


def number(text):
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def in_unit(total, unit):
    if unit in NANOS:
        return round(number(total) * NANOS[unit]), "nanoseconds"
    return number(total), {"none": "count", "samples": "count"}.get(unit, unit)


def speedscope(path, rows):
    for what, unit, _, total in rows:
        if what.startswith("profile:"):
            want, of = in_unit(total, unit)
            totals = read(path, "--profile", what[len("profile:"):])
            check(f"{path}: {what}: {totals}", has(totals, want, of), (want, of))


def v8(path, rows):
    """The profiles of a trace are added up; counts of hits only stand in for samples."""
    for kind, unit in ((":samples", "count"), (":time(", "nanoseconds")):
        mine = [r for r in rows if kind in r[0] and "importer" not in r[0]]
        if mine:
            want = sum(in_unit(r[3], r[1])[0] for r in mine)
            totals = read(path)
            check(f"{path}{kind}: {totals}", has(totals, want, unit), want)


def heap(path, rows):
    for what, unit, _, total in rows:
        if what.startswith("heapprofile:selfSize"):
            check(f"{path}", has(read(path), int(total), unit), total)


def firefox(path, rows):
    mine = [r for r in rows if re.match(r"v\d+ thread", r[0])]
    if not mine:
        return
    version = int(re.match(r"v(\d+)", mine[0][0]).group(1))
    totals = read(path)
    if version < 41:
        check(f"{path}: v{version} is refused", totals is None, "refused")
    else:
        want = sum(number(r[3]) for r in mine)
        check(f"{path}: {totals}", has(totals, want), want)


def jfr(path, rows):
    """Events by kind; execution and native samples are one population."""
    events = {}
    for what, _, _, total in rows:
        kind = re.match(r"jfr\.py (\S+)$", what)
        if kind and kind.group(1) != "structure":
            events[kind.group(1)] = int(total)
    totals = read(path)
    running = sum(n for k, n in events.items()
                  if k in ("jdk.ExecutionSample", "jdk.NativeMethodSample"))
    if running:
        check(f"{path}: {totals}", has(totals, running, "count"), running)
    if events.get("jdk.ObjectAllocationSample"):
        n = events["jdk.ObjectAllocationSample"]
        check(f"{path}: allocations: {totals}", has(totals, n, "count"), n)
    waits = sum(n for k, n in events.items() if k in ("jdk.JavaMonitorEnter", "jdk.ThreadPark"))
    if waits:
        check(f"{path}: locks and parks: {totals}", has(totals, waits, "count"), waits)


def otlp(path, rows):
    totals = read(path)
    for what, unit, _, total in rows:
        if what.startswith("OTLP profile"):
            check(f"{path}: {what}: {totals}", has(totals, int(total), unit), (total, unit))


def perf(path, rows):
    totals = None
    for what, _, _, total in rows:
        if what.startswith("perf report"):
            totals = totals or read(path)
            check(f"{path}: {what}: {totals}", has(totals, int(total)), total)
    clock = [float(r[3]) for r in rows if r[1] == "tracing-ms"]
    if clock:
        want = round(sum(clock) * 1e6)
        totals = read(path)
        check(f"{path}: {totals}", has(totals, want, "nanoseconds"), want)


FORMATS = {"speedscope": speedscope, "cpuprofile": v8, "chrome-trace": v8, "heapprofile": heap,
           "firefox": firefox, "jfr": jfr, "otlp": otlp, "simpleperf": perf}


def main():
    if not os.path.isdir(f"{shared}/formats"):
        print(f"SKIPPED: {shared}/formats is absent; others' files are not read")
        return 77
    for folder, compare in FORMATS.items():
        files = collections.defaultdict(list)
        table = f"{shared}/formats/{folder}/EXPECTED.tsv"
        with open(table, encoding="utf-8") as f:
            for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
                files[row["file"]].append((row["what"], row["unit"] or "", row["samples"],
                                           row["total"]))
        for name, rows in files.items():
            compare(f"{shared}/formats/{folder}/{name}", rows)
    print(f"{checks} totals, {failures} differ")
    return failures != 0


sys.exit(main())
