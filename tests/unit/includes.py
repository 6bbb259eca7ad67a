#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""includes.py ROOT: the #includes keep the order of libcp's folders.

Fails on an include of a folder further right, on a cycle among files, on files of format/,
op/ and view/ that know each other, and on tools that include more than the public headers.
"""
import re
import sys
import tempfile
from pathlib import Path

ORDER = ["base", "codec", "model", "object", "format", "op", "unwind", "symbolize", "view",
         "api"]
STRANGERS = {"format", "op", "view"}
# Instruments that any file of their folder may use; they know no other file of it.
INSTRUMENTS = {"op/regex.h", "op/stat.h", "op/tree.h", "view/diagnose.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def theme(stem):
    return re.split(r"[_-]", stem)[0]


def acquainted(file, header):
    """Files of one theme share a prefix; FOLDER/FOLDER.h is everybody's."""
    common = {header.parent.name, theme(file.stem)}
    return f"{header.parent.name}/{header.name}" in INSTRUMENTS or theme(header.stem) in common


def library(root, complaints):
    """Checks libcp/ and returns its graph of files."""
    lib = root / "libcp"
    graph = {}
    for file in sorted(lib.glob("*/*.[ch]")):
        folder = file.parent.name
        if folder not in ORDER:
            complaints.append(f"{file}: folder {folder} has no place in the order")
            continue
        edges = graph.setdefault(file, [])
        for mark, name in includes(file):
            if mark == "<":
                continue
            header = lib / name
            target = header.parent.name
            if not header.exists():
                if name != "profile.pb-c.h":
                    complaints.append(f"{file}: {name} is no file of libcp")
                continue
            edges.append(header)
            if target not in ORDER or ORDER.index(target) > ORDER.index(folder):
                complaints.append(f"{file}: {folder}/ must not include {name}")
            elif target == folder and folder in STRANGERS and not acquainted(file, header):
                complaints.append(f"{file}: strangers in {folder}/ include {name}")
    return graph


def public(root, complaints):
    graph = {}
    folder = root / "libcp" / "include"
    for file in sorted(folder.glob("cp/*.h")):
        edges = graph.setdefault(file, [])
        for mark, name in includes(file):
            if mark == '"':
                complaints.append(f"{file}: a public header includes \"{name}\"")
            elif name.startswith("cp/"):
                edges.append(folder / name)
    return graph


def tools(root, complaints):
    graph = {}
    folder = root / "tools"
    own = ("common/",)
    for file in sorted([*folder.glob("*.[ch]"), *folder.glob("*/*.[ch]")]):
        edges = graph.setdefault(file, [])
        for mark, name in includes(file):
            if mark == "<":
                continue
            header = folder / name
            edges.append(header)
            from_common = file.parent.name == "common"
            if not header.exists() or (from_common and not name.startswith(own)):
                complaints.append(f"{file}: tools include <cp/…> and common/, not {name}")
    return graph


def cycles(graph, complaints):
    done = set()
    for start in graph:
        path, stack = [], [(start, 0)]
        while stack:
            file, i = stack.pop()
            if i == 0:
                if file in path:
                    ring = path[path.index(file):] + [file]
                    complaints.append("cycle: " + " -> ".join(f.name for f in ring))
                    continue
                if file in done:
                    continue
                path.append(file)
            edges = graph.get(file, [])
            if i < len(edges):
                stack.append((file, i + 1))
                stack.append((edges[i], 0))
            else:
                done.add(file)
                path.pop()


def check(root):
    complaints = []
    graph = {}
    for part in (library, public, tools):
        graph.update(part(root, complaints))
    cycles(graph, complaints)
    return complaints, len(graph)


BROKEN = {
    "libcp/base/a.h": '#include "model/b.h"\n',
    "libcp/model/b.h": '#include "base/c.h"\n',
    "libcp/base/c.h": '#include "base/a.h"\n',
    "libcp/format/x.c": '#include "format/y.h"\n',
    "libcp/format/y.h": "",
    "libcp/format/y_more.c": '#include "format/y.h"\n',
    "tools/cpx.c": '#include "base/a.h"\n',
}


def selftest():
    """The test itself must see each kind of break."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for name, text in BROKEN.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        said = "\n".join(check(root)[0])
        for words in ("base/ must not include model/b.h", "cycle: a.h -> b.h -> c.h -> a.h",
                      "strangers in format/ include format/y.h", "not base/a.h"):
            assert words in said, (words, said)
        assert said.count("strangers") == 1, said


selftest()
found, files = check(Path(sys.argv[1]))
for line in found:
    print(line)
print(f"{files} files")
sys.exit(bool(found) or files < 20)
