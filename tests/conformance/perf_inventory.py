#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sample counts of real captures: perf_inventory.py CPCONV DATA-FOLDER

Every capture of the inventory must give as many samples as it has SAMPLE records, and per
event as many as `perf script -F event` prints, where perf reads the file. Prefixes of the
small ones (and cuts around record edges of all) must end in a result or a located error.
"""
import collections
import csv
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CPCONV, DATA = Path(sys.argv[1]), Path(sys.argv[2])
# perf makes samples of its own out of Intel PT data.
SYNTHESIZES = {"intel_pt-4.14.perf.data"}


def read(path):
    done = subprocess.run([CPCONV, "--to", "raw", "--no-symbolize", "-o", "-", path],
                          capture_output=True, timeout=120)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode()


def counts(raw):
    """Samples per event of a raw dump: {event or "": count}."""
    parts = raw.split("Samples:\n", 1)
    if len(parts) < 2:
        return {}
    lines = parts[1].split("\nLocations", 1)[0].split("\n")
    types = [t.split("/")[0] for t in lines[0].replace("[dflt]", "").split()]
    sums = collections.Counter()
    for line in lines[1:]:
        m = re.match(r"^([ \d]+):", line)
        if m:
            for name, value in zip(types, m.group(1).split()):
                sums[name] += int(value)
    # What waits are made of is no event's.
    pairs = [name for name in types if name not in ("off-cpu", "wall")]
    return {pairs[i + 1]: sums[pairs[i]] for i in range(0, len(pairs), 2)}


def perf_counts(path):
    done = subprocess.run(["perf", "script", "-i", path, "-F", "event"], capture_output=True,
                          timeout=300)
    if done.returncode:
        return None
    names = (line.strip().rstrip(":").rstrip() for line in
             done.stdout.decode(errors="replace").splitlines())
    return collections.Counter(name for name in names if name)


def check_capture(row):
    path, bad = DATA / "perf" / row["file"], []
    want = re.search(r"\bSAMPLE=(\d+)", row["records"])
    want = int(want.group(1)) if want else 0
    status, raw, err = read(path)
    got = counts(raw)
    if status != (0 if want else 3):
        bad.append(f"status {status}: {err.strip()}")
    if sum(got.values()) != want:
        bad.append(f"{sum(got.values())} samples, the file has {want}")
    perf = None if row["file"] in SYNTHESIZES or not shutil.which("perf") else perf_counts(path)
    if perf and sum(perf.values()) == want:
        mine = {name: n for name, n in got.items() if n}
        if {n: c for n, c in perf.items() if n != "unknown"} != mine and \
                sorted(perf.values()) != sorted(mine.values()):
            bad.append(f"per event {mine}, perf script says {dict(perf)}")
    return bad


def check_cuts(path, folder, random_cuts):
    whole, bad = path.read_bytes(), []
    cuts = range(0, len(whole), max(1, len(whole) // random_cuts))
    for n in cuts:
        cut = folder / "cut"
        cut.write_bytes(whole[:n])
        status, _, err = read(cut)
        if status not in (0, 3) or (status == 3 and not err.strip()):
            bad.append(f"cut at {n}: status {status}: {err[:200]!r}")
    return bad


def main():
    if not (DATA / "perf" / "INVENTORY.tsv").exists():
        print(f"SKIPPED: no captures in {DATA}")
        return 77
    random.seed(1)
    failed = 0
    with tempfile.TemporaryDirectory() as folder, \
            open(DATA / "perf" / "INVENTORY.tsv") as inventory:
        for row in csv.DictReader(inventory, delimiter="\t"):
            bad = check_capture(row)
            bad += check_cuts(DATA / "perf" / row["file"], Path(folder), 12)
            failed += bool(bad)
            print("ok" if not bad else "BAD", row["file"], "; ".join(bad))
        for path in sorted((DATA / "perf-damaged").iterdir()):
            status, _, err = read(path)
            good = status == 3 and err.strip() or status == 0
            failed += not good
            print("ok" if good else "BAD", path.name[:12], status, err.strip()[-120:])
    return failed != 0


sys.exit(main())
