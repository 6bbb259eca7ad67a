#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ci.py TOOLS-FOLDER CI-FOLDER: the script parts of the recipes for GitHub and GitLab, run as those
would run them; the comment's size for C++ names; gates."""
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

tools, recipes = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
LINES, COLUMNS = 40, 120
bad = []


def script(name, after):
    """The first block of shell that stands behind a line with `after`."""
    lines = (recipes / name).read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip() == after) + 1
    depth = len(lines[start]) - len(lines[start].lstrip())
    block = []
    for line in lines[start:]:
        if line.strip() and len(line) - len(line.lstrip()) < depth:
            break
        block.append(line[depth:])
    return "\n".join(block)


def captures(folder, factor):
    """Five captures of a C++ program whose every third function costs `factor` as much."""
    draw = random.Random(f"{folder.name}{factor}")
    folder.mkdir(parents=True)
    pair = "std::pair<std::__cxx11::basic_string<char> const, ns%d::Value<int, %d> >"
    names = [f"std::_Hashtable<std::__cxx11::basic_string<char>, {pair % (i, i)}, "
             f"std::allocator<{pair % (i, i)} > >::_M_find_before_node(unsigned long) const"
             for i in range(60)]
    for run in range(5):
        # A capture's name may have a blank.
        with open(folder / f"run {run}.folded", "w", encoding="utf-8") as f:
            for i, name in enumerate(names):
                mean = (1500 if i < 30 else 40) * (factor if i % 3 == 0 else 1)
                f.write(f"main;{name} {max(1, round(draw.gauss(mean, mean / 30)))}\n")


def run(text, where, **env):
    done = subprocess.run(["sh", "-c", text], cwd=where, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL,
                          env={"PATH": f"{tools}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
                               "HOME": str(where), **env})
    return done.returncode, done.stderr


def check_comment(what, path):
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = text.splitlines()
    if not 10 <= len(lines) <= LINES:
        bad.append(f"{what}: {len(lines)} lines")
    bad.extend(f"{what}: {len(line)} columns: {line}" for line in lines if len(line) > COLUMNS)
    for word in ("worse", "…de(unsigned long) const", "<details>"):
        if word not in text:
            bad.append(f"{what}: no {word} in the comment:\n{text}")
    path.unlink(missing_ok=True)


with tempfile.TemporaryDirectory() as top:
    top = Path(top)
    captures(top / "runs/base", 1)
    captures(top / "runs/change", 1.5)
    captures(top / "runs/same", 1)
    # GitLab lays the repository where the job runs.
    (top / "tools/packaging").mkdir(parents=True)
    (top / "tools/packaging/ci").symlink_to(recipes)
    gitlab, github = script("gitlab.yml", "- |"), script("action.yml", "run: |")
    both = {"CP_BEFORE": "runs/base", "CP_AFTER": "runs/change"}

    for gates, wanted in (("total:5%", 1), ("total:90%", 0), ("total:90%\nflat:Value:1%", 1)):
        status, said = run(gitlab, top, CP_GATES=gates, **both)
        if status != wanted:
            bad.append(f"gitlab, {gates!r}: {status}, not {wanted}: {said}")
        check_comment(f"gitlab, {gates!r}", top / "comment.md")
    status, said = run(gitlab, top, CP_GATES="total:5%", CP_BEFORE="runs/base",
                       CP_AFTER="runs/same")
    if status:
        bad.append(f"gitlab, nothing changed: {status}: {said}")

    output, summary = top / "output", top / "summary"
    status, said = run(github, top, CP_GATES="total:5%", GITHUB_ACTION_PATH=str(recipes),
                       GITHUB_OUTPUT=str(output), GITHUB_STEP_SUMMARY=str(summary), **both)
    if status or output.read_text() != "status=1\n":
        bad.append(f"github: {status}, {output.read_text()!r}: {said}")
    check_comment("github", summary)

print("\n".join(bad))
sys.exit(bool(bad))
