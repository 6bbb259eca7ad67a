#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""includes.py ROOT: the #includes keep the order of libcp's floors and rooms.

A floor is a folder of libcp/, a room a folder of a floor, however deep its files stand. Fails on
an include of a floor further right, on a cycle among files, on a room that knows a stranger or
one behind it in its floor's order, on a header that is another room's own, on a file in a floor
that knows a room of it without being listed, on tools that include more than the public
headers, common/ and their own, and on a tool other than cpget and cpweb that knows fetch/.
"""
import re
import sys
import tempfile
from pathlib import Path

ORDER = ["base", "codec", "model", "object", "locate", "format", "op", "unwind",
         "symbolize", "view", "api"]
# Rooms know those before them. In floors that are not listed here rooms are strangers.
ROOMS = {
    "object": ["elf", "symtab", "dwarf", "cfi", "go", "jit", "kernel", "disasm"],
    "op": ["filter", "merge", "tree", "graph", "diff"],
}
# Outsiders see ROOM/ROOM.h, and what is listed here with its reason.
OPEN = {
    "object/elf/window.h",  # parts of sections too large to hold, for object/dwarf
    "op/diff/name.h",  # how names of two builds are told alike, for pictures of a difference
}
# Files of a floor that list its rooms.
LISTS = {"format/table.c"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def place(path):
    """The floor and the room ("": none) of a path below libcp/."""
    return path.parts[0], path.parts[1] if len(path.parts) > 2 else ""


def complaint(path, header):
    """Why `path` must not include `header`, both relative to libcp/; None if it may."""
    floor, room = place(path)
    target, target_room = place(header)
    if target not in ORDER or ORDER.index(target) > ORDER.index(floor):
        return f"{floor}/ must not include {header}"
    if not target_room or (floor, room) == (target, target_room):
        return None
    if header.as_posix() not in OPEN and header.parts[2:] != (target_room + ".h",):
        return f"{header} is its room's own"
    if floor != target:
        return None
    if not room:
        return None if path.as_posix() in LISTS else f"a file of {floor}/ includes {header}"
    order = ROOMS.get(floor)
    if order is None:
        return f"strangers in {floor}/ include {header}"
    if room not in order or target_room not in order:
        return f"room {room} or {target_room} has no place in the order of {floor}/"
    if order.index(target_room) > order.index(room):
        return f"{floor}/{room}/ must not include {header}"
    return None


def library(root, complaints):
    """Checks libcp/ and returns its graph of files."""
    lib = root / "libcp"
    graph = {}
    for file in sorted(lib.rglob("*.[ch]")):
        path = file.relative_to(lib)
        if path.parts[0] in ("include", "python"):
            continue
        if len(path.parts) < 2 or path.parts[0] not in ORDER:
            complaints.append(f"{file}: {path.parts[0]} has no place in the order")
            continue
        edges = graph.setdefault(file, [])
        for mark, name in includes(file):
            if mark == "<":
                continue
            header = lib / name
            if not header.exists():
                if not name.endswith(".pb-c.h"):
                    complaints.append(f"{file}: {name} is no file of libcp")
                continue
            edges.append(header)
            why = complaint(path, Path(name))
            if why:
                complaints.append(f"{file}: {why}")
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


# Folders of tools/ that more than one tool may know; None: all.
SHARED = {"common": None, "fetch": {"cpget", "cpweb"}}


def owner(path):
    """The tool (or shared folder) that a path below tools/ belongs to."""
    return path.parts[0] if len(path.parts) > 1 else path.stem.split("_")[0]


def tools_complaint(path, header):
    """Why `path` must not include `header`, both relative to tools/; None if it may."""
    tool, target = owner(path), owner(header)
    if tool == target or (target == "common" and tool in SHARED):
        return None
    if target not in SHARED or tool in SHARED:
        return f"tools include <cp/…>, common/ and their own, not {header}"
    if SHARED[target] and tool not in SHARED[target]:
        return f"{header} is for {' and '.join(sorted(SHARED[target]))} only"
    return None


def tools(root, complaints):
    graph = {}
    folder = root / "tools"
    for file in sorted(folder.rglob("*.[ch]")):
        edges = graph.setdefault(file, [])
        for mark, name in includes(file):
            if mark == "<":
                continue
            header = folder / name
            edges.append(header)
            why = tools_complaint(file.relative_to(folder), Path(name))
            if not header.exists():
                why = f"tools include <cp/…>, common/ and their own, not {name}"
            if why:
                complaints.append(f"{file}: {why}")
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
    "libcp/format/all.c": '#include "format/y/y.h"\n',
    "libcp/format/all.h": "",
    "libcp/format/x/deep/x.c": '#include "format/y/y.h"\n#include "format/all.h"\n',
    "libcp/format/y/y.h": '#include "format/y/own.h"\n',
    "libcp/format/y/own.h": "",
    "libcp/view/z/deep/deeper/z.c": '#include "api/context.h"\n#include "format/y/own.h"\n',
    "libcp/api/context.h": "",
    "libcp/object/elf/elf.h": '#include "object/dwarf/dwarf.h"\n',
    "libcp/object/dwarf/dwarf.h": "",
    "tools/cpx.c": '#include "base/a.h"\n#include "fetch/fetch.h"\n#include "cpy/y.h"\n',
    "tools/cpy/y.h": "",
    "tools/fetch/fetch.h": '#include "common/c.h"\n',
    "tools/common/c.h": '#include "fetch/own.h"\n',
    "tools/fetch/own.h": "",
    "tools/cpget/main.c": '#include "fetch/fetch.h"\n#include "common/c.h"\n',
}


def selftest():
    """The test itself must see each kind of break."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in BROKEN.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        said = "\n".join(check(root)[0])
        for words in ("base/ must not include model/b.h", "cycle: a.h -> b.h -> c.h -> a.h",
                      "x.c: strangers in format/ include format/y/y.h",
                      "z.c: view/ must not include api/context.h",
                      "z.c: format/y/own.h is its room's own",
                      "all.c: a file of format/ includes format/y/y.h",
                      "object/elf/ must not include object/dwarf/dwarf.h", "not base/a.h",
                      "cpx.c: fetch/fetch.h is for cpget and cpweb only", "not cpy/y.h",
                      "common/c.h: tools include <cp/…>, common/ and their own, not fetch/own.h"):
            assert words in said, (words, said)
        assert len(said.splitlines()) == 11, said


selftest()
found, files = check(Path(sys.argv[1]))
for line in found:
    print(line)
print(f"{files} files")
sys.exit(bool(found) or files < 20)
