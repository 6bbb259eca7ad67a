#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py LIBRARY SOURCE TESTDATA: compiles the Python binding beside LIBRARY and runs its
examples and its tour; the stubs name what the module has. Skipped where no Python 3 with cffi
and a compiler is, or where the library needs a sanitizer's runtime."""
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

library, source, testdata = (Path(arg).resolve() for arg in sys.argv[1:])
binding = source / "libcp" / "python"


def skip(why):
    print("SKIPPED:", why)
    sys.exit(77)


def with_cffi():
    for python in (sys.executable, "/usr/bin/python3"):
        if shutil.which(python) and not subprocess.run(
                [python, "-c", "import cffi"], capture_output=True).returncode:
            return python
    return skip("no Python has cffi (Debian: python3-cffi, python3-dev)")


def names(path):
    """What a module or its stub defines: "Profile.filter", "open"."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name[0] != "_":
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{part.name}" for part in node.body
                      if isinstance(part, ast.FunctionDef) and part.name[0] != "_"}
    return {name for name in found if not name.startswith(("cp_", "_"))}


def undocumented(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.Module)):
            for part in node.body:
                if isinstance(part, ast.FunctionDef) and part.name[0] != "_" and \
                        not part.name.startswith("cp_python") and not ast.get_docstring(part) and \
                        part.name not in ("take", "comments"):
                    yield part.name


def main():
    needed = subprocess.run(["readelf", "-d", library], capture_output=True, text=True).stdout
    if re.search(r"lib[atu]b?san", needed) or "asan" in needed:
        skip("the library needs a sanitizer's runtime")
    symbols = subprocess.run(["nm", "-D", "--undefined-only", library], capture_output=True,
                             text=True).stdout
    if "__asan_" in symbols or "__ubsan_" in symbols:
        skip("the library needs a sanitizer's runtime")
    python = with_cffi()
    bad = sorted(names(binding / "libcp" / "__init__.py") ^
                 names(binding / "libcp" / "__init__.pyi"))
    bad = [f"only in the module or only in its stub: {name}" for name in bad]
    bad += [f"no docstring: {name}" for name in undocumented(binding / "libcp" / "__init__.py")]
    with tempfile.TemporaryDirectory() as place:
        env = dict(os.environ, CP_BUILD=str(library.parent.parent), CFLAGS="-O0 -w",
                   PYTHONPATH=place, TESTDATA=str(testdata), PYTHONDONTWRITEBYTECODE="1")
        shutil.copytree(binding / "libcp", Path(place, "libcp"))
        made = subprocess.run([python, binding / "build_ffi.py", place], env=env,
                              capture_output=True, text=True)
        if made.returncode and "Python.h" in made.stderr:
            skip("no headers of Python (Debian: python3-dev)")
        if made.returncode:
            sys.exit(made.stdout + made.stderr)
        examples = sorted((binding / "examples").glob("*.py"))
        runs = [[python, example] for example in examples]
        runs.append([python, "-m", "doctest", binding / "README.md"])
        print(f"1..{len(runs)}")
        for i, run in enumerate(runs, 1):
            done = subprocess.run(run, env=env, capture_output=True, text=True, timeout=120)
            print("ok" if not done.returncode else "not ok", i, Path(run[-1]).name)
            if done.returncode:
                bad.append(done.stdout + done.stderr)
    if len(examples) < 10:
        bad.append("fewer than ten examples")
    print("\n".join(bad))
    return bool(bad)


sys.exit(main())
