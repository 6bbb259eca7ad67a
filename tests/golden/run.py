#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden tests: run.py [--update] TOOL-FOLDER [CASE...]

Each folder cases/NAME is a test:
  cmd     shell commands, run in an empty folder; the tools are in PATH, $TESTDATA is
          testdata/, $CASE the case's folder
  stdout, stderr, status (testdata/ in them is written $TESTDATA)
          what they must give; a file that is absent stands for nothing, or status 0
  files/  files the commands must leave behind, and no others; absent: none checked
Any other file of the folder is input. A case whose first line of cmd is "# needs: PROGRAM…"
is skipped where one is absent; "pty" stands for a terminal of its own, which some containers
do not give.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTDATA = HERE.parent.parent / "testdata"


def content(path):
    return path.read_bytes() if path.exists() else b""


def has_pty():
    try:
        for end in os.openpty():
            os.close(end)
    except OSError:
        return False
    return True


def needs(cmd):
    first = cmd.split("\n", 1)[0]
    words = first.split()[2:] if first.startswith("# needs:") else []
    return [word for word in words if not (has_pty() if word == "pty" else shutil.which(word))]


def run(case, tools, place):
    env = {"PATH": f"{tools}:{os.environ['PATH']}", "TESTDATA": str(TESTDATA),
           "CASE": str(case), "LC_ALL": "C.UTF-8", "HOME": place, "TZ": "Asia/Tokyo"}
    for name, value in os.environ.items():
        if name.startswith(("ASAN_", "UBSAN_", "LSAN_")):
            env[name] = value
    done = subprocess.run(["sh", str(case / "cmd")], cwd=place, env=env, timeout=300,
                          capture_output=True, stdin=subprocess.DEVNULL)
    here = str(TESTDATA).encode()
    return {"stdout": done.stdout.replace(here, b"$TESTDATA"),
            "stderr": done.stderr.replace(here, b"$TESTDATA"),
            "status": b"%d\n" % done.returncode}


def wanted(case):
    want = {name: content(case / name) for name in ("stdout", "stderr")}
    want["status"] = content(case / "status") or b"0\n"
    return want


def files_under(folder):
    return {str(f.relative_to(folder)): f.read_bytes()
            for f in sorted(folder.rglob("*")) if f.is_file()}


def update(case, got):
    for name, value in got.items():
        if value and value != (b"0\n" if name == "status" else b""):
            (case / name).write_bytes(value)
        else:
            (case / name).unlink(missing_ok=True)


def difference(name, want, got):
    with tempfile.TemporaryDirectory() as place:
        a, b = Path(place, "wanted"), Path(place, "got")
        a.write_bytes(want)
        b.write_bytes(got)
        text = subprocess.run(["diff", "-a", "-u", "wanted", "got"], cwd=place,
                              capture_output=True).stdout
    return f"--- {name}\n" + text.decode("utf-8", "backslashreplace")[:4000]


def test(case, tools, updating):
    """'' when the case passes, 'skip …', or what is wrong."""
    absent = needs((case / "cmd").read_text(encoding="utf-8"))
    if absent:
        return "skip: needs " + " ".join(absent)
    with tempfile.TemporaryDirectory() as place:
        got = run(case, tools, place)
        if updating:
            update(case, got)
        left = files_under(Path(place))
    wrong = [difference(name, value, got[name]) for name, value in wanted(case).items()
             if value != got[name]]
    if (case / "files").is_dir():
        want = files_under(case / "files")
        wrong += [difference(name, want.get(name, b""), left.get(name, b""))
                  for name in sorted(want.keys() | left.keys())
                  if want.get(name) != left.get(name)]
    return "\n".join(wrong)


def main(args):
    updating = args[:1] == ["--update"]
    tools, *names = args[updating:]
    cases = [HERE / "cases" / name for name in names] or sorted(
        case.parent for case in (HERE / "cases").glob("*/cmd"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(
            lambda case: test(case, os.path.abspath(tools), updating), cases)
        print(f"1..{len(cases)}")
        for i, (case, said) in enumerate(zip(cases, results), 1):
            if said.startswith("skip"):
                print(f"ok {i} {case.name} # {said}")
                continue
            print(f"{'not ok' if said else 'ok'} {i} {case.name}")
            for line in said.splitlines():
                print("# " + line)


main(sys.argv[1:])
