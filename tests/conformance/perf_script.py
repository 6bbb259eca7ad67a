#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fresh captures against perf script: perf_script.py CPCONV BUSY.C [CAPTURE…]

Records programs in every mode, folds the text of `perf script --no-inline` with the rules
of stackcollapse-perf.pl (written anew below), and compares with `cpconv --perf-compat
--no-inlines --to folded`: the same total, and at least 99 % of the weight on identical
stacks. Output must be the same bytes for any number of threads.
"""
import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CPCONV, SOURCE = (os.path.abspath(sys.argv[1]), sys.argv[2]) if __name__ == "__main__" else ("", "")
HEAD = re.compile(r"^(\S.+?)\s+(\d+)/*(\d+)*\s+")
EVENT = re.compile(r":\s*(\d+)*\s+(\S+):\s*$")
FRAME = re.compile(r"^\s*(\w+)\s*(.+) \((.*)\)")


def frame_name(name, dso):
    name = re.sub(r"\+0x[\da-f]+$", "", name)
    if name.startswith("("):
        return None
    if name == "[unknown]" and dso != "[unknown]":
        name = f"[{os.path.basename(dso)}]"
    name = name.replace(";", ":")
    if not re.search(r"\.\(.*\)\.", name):
        name = re.sub(r"\((?!anonymous namespace\)).*", "", name)
    return name.replace('"', "").replace("'", "")


def fold(text):
    sums, first, comm, stack, period, skip = collections.Counter(), None, None, [], 1, False
    for line in text.split("\n"):
        if line.startswith("#"):
            continue
        if not line:
            if comm is not None and not skip:
                sums[";".join([comm] + stack[::-1])] += period
            comm, stack, skip = None, [], False
            continue
        head = HEAD.match(line)
        if head:
            comm, period, stack, skip = head.group(1).replace(" ", "_"), 1, [], False
            event = EVENT.search(line)
            if event:
                period = int(event.group(1) or 1)
                first = first or event.group(2)
                skip = event.group(2) != first
            continue
        frame = FRAME.match(line)
        if frame and comm is not None:
            name = frame_name(frame.group(2), frame.group(3))
            if name is not None:
                stack.append(name)
    return sums


def parse(folded):
    sums = collections.Counter()
    for line in folded.splitlines():
        stack, value = line.rsplit(" ", 1)
        sums[stack] += int(value)
    return sums


def record(args, out, command):
    done = subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-o", out, *args, "--",
                           *command], capture_output=True, timeout=120)
    return done.returncode == 0


def piped(out, command):
    with open(out, "wb") as f:
        return subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-g", "-o", "-", "--",
                               *command], stdout=f, stderr=subprocess.DEVNULL).returncode == 0


def killed(out, command):
    perf = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "10000", "-g", "-o",
                             out, "--", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # What is written first describes the machine; samples come when a buffer is half full, on
    # a busy machine after a while.
    for _ in range(300):
        time.sleep(0.03)
        if os.path.exists(out) and os.path.getsize(out) > 1 << 20:
            break
    perf.send_signal(signal.SIGKILL)
    perf.wait()
    return True


def captures(busy):
    threads, forks = [busy, "4", "0.6"], [busy, "1", "0.6", "fork"]
    return {
        "threads": lambda o: record(["-g"], o, threads),
        "fork": lambda o: record(["-g"], o, forks),
        "system": lambda o: record(["-g", "-a"], o, threads),
        "events": lambda o: record(["-g", "-e", "page-faults", "-e", "task-clock"], o, threads),
        "fixed": lambda o: record(["-g", "-c", "500000"], o, threads),
        "pipe": lambda o: piped(o, threads),
        "zstd": lambda o: record(["-g", "-z"], o, threads),
        "zstd-fork": lambda o: record(["-g", "-z"], o, forks),
        "parts": lambda o: record(["-g", "-a", "--threads"], o, threads),
        "parts-zstd": lambda o: record(["-g", "-a", "-z", "--threads"], o, forks),
        "build-id": lambda o: record(["-g", "--buildid-mmap"], o, threads),
        "cgroup": lambda o: record(["-g", "--all-cgroups", "--namespaces"], o, forks),
        "jit": lambda o: record(["-g"], o, [busy, "0", "0.6", "jit"]),
        "killed": lambda o: killed(o, [busy, "2", "9"]),
    }


SYSTEM_WIDE = ("system", "parts", "parts-zstd")


def cpconv(path, *options):
    return subprocess.run([CPCONV, *options, "-o", "-", path], capture_output=True, timeout=120)


def compare(name, path):
    script = subprocess.run(["perf", "script", "--no-inline", "-i", path], capture_output=True,
                            timeout=300)
    ours = cpconv(path, "--perf-compat", "--no-inlines", "--to", "folded")
    if ours.returncode:
        return f"cpconv: {ours.stderr.decode()[:300]}"
    mine = parse(ours.stdout.decode(errors="replace"))
    one = cpconv(path, "--no-inlines", "--to", "pprof", "--threads", "1").stdout
    if one != cpconv(path, "--no-inlines", "--to", "pprof", "--threads", "4").stdout or not one:
        return "output depends on the number of threads"
    if name == "killed":  # perf itself reads nothing of it
        samples = cpconv(path, "--to", "raw", "--no-symbolize").stdout.decode(errors="replace")
        return "" if "recorder killed" in samples and len(mine) else "killed capture is empty"
    theirs = fold(script.stdout.decode(errors="replace"))
    total, own = sum(theirs.values()), sum(mine.values())
    # A system-wide capture holds whatever else runs here: processes that are gone, files that
    # were replaced, threads whose names stackcollapse cuts. Totals count all of it; stacks
    # are compared for the program that the test brings along.
    if name in SYSTEM_WIDE:
        theirs = {s: n for s, n in theirs.items() if s.startswith(("busy;", "worker-"))}
    same = sum(min(n, mine[stack]) for stack, n in theirs.items())
    share = same / sum(theirs.values()) if theirs else 0
    print(f"  {name}: perf {total} in {len(theirs)} stacks, ours {own} in {len(mine)}, "
          f"same {share:.4%}")
    if total != own:
        return "totals differ"
    if share < 0.99:
        diff = sorted(((n, s) for s, n in theirs.items() if mine[s] != n), reverse=True)[:3]
        return f"only {share:.2%} on the same stacks: {diff}"
    return ""


def main():
    if not shutil.which("perf") or not shutil.which("cc"):
        print("SKIPPED: no perf or no compiler")
        return 77
    failed = ran = 0
    with tempfile.TemporaryDirectory() as folder:
        busy = os.path.join(folder, "busy")
        subprocess.run(["cc", "-O1", "-g0", "-fno-omit-frame-pointer",
                        "-fno-optimize-sibling-calls", "-o", busy, SOURCE, "-lpthread"],
                       check=True)
        for name, make in captures(busy).items():
            if sys.argv[3:] and name not in sys.argv[3:]:
                continue
            path = os.path.join(folder, name)
            bad = None
            # A second and third capture for those that caught a program being replaced.
            for attempt in range(3):
                target = f"{path}-{attempt}"
                if not make(target) or not os.path.exists(target):
                    break
                bad = compare(name, target)
                if not bad:
                    break
                print("again:", name, bad)
            if bad is None:
                print("not recorded here:", name)
                continue
            ran += 1
            failed += bool(bad)
            print("ok" if not bad else "BAD", name, bad)
    if not ran:
        print("SKIPPED: perf cannot record here")
        return 77
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
