#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""install.py BUILD SOURCE CAN_RUN_OTHERS: installs into an empty folder, moves it elsewhere, and
uses what is there: tools that start, a program made with pkg-config, pages, completions."""
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

build, source = Path(sys.argv[1]), Path(sys.argv[2])
plain = sys.argv[3] == "plain"  # else the sanitizers' runtime has to come first
env = {name: value for name, value in os.environ.items()
       if name not in ("LD_LIBRARY_PATH", "DESTDIR") and not name.startswith("MESON")}
bad = []


def run(*args, **more):
    done = subprocess.run([str(a) for a in args], capture_output=True, env={**env, **more},
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        bad.append(f"{args}: {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout


def options():
    shown = json.loads(run("meson", "introspect", "--buildoptions", build))
    return {option["name"]: option["value"] for option in shown}


def check_tools(tree, tools):
    for tool in tools:
        at = tree / "bin" / tool
        if not run(at, "--version").startswith(tool.encode()):
            bad.append(f"{tool} does not say who it is")
        # The build's own path must not stay in what is installed.
        if str(build).encode() in at.read_bytes() and b"$ORIGIN/../lib" not in at.read_bytes():
            bad.append(f"{tool} looks for its library in the build folder")
    demo = source / "testdata" / "quickstart"
    job = ["--to", "folded", demo / "demo", demo / "perf.data"]
    if run(tree / "bin" / "cpconv", *job) != run(build / "tools" / "cpconv", *job):
        bad.append("the installed cpconv writes something else")


def check_program(tree, libdir):
    """Another program, the example of libcp(3): found by pkg-config, compiled, linked, run."""
    where = dict(PKG_CONFIG_LIBDIR=str(tree / libdir / "pkgconfig"))
    prefix = "--define-variable=prefix=" + str(tree).replace(" ", "\\ ")
    flags = run("pkg-config", prefix, "--cflags", "--libs", "libcp", **where)
    out = tree / "program"
    compiler = env.get("CC", "cc").split()
    # What the library itself needs is not the program's to name.
    page = (source / "tools" / "man" / "libcp.3.scd").read_text(encoding="utf-8")
    example = page.split("```\n")[1].replace("\\\\", "\\")
    (tree / "program.c").write_text(example, encoding="utf-8")
    run(*compiler, "-Wall", "-Wextra", "-Werror", tree / "program.c", "-o", out,
        *shlex.split(flags.decode()), "-Wl,--allow-shlib-undefined")
    if plain and out.exists():
        said = run(out, source / "testdata" / "quickstart" / "perf.data",
                   LD_LIBRARY_PATH=str(tree / libdir))
        if b"flat%" not in said or b"demo" not in said:
            bad.append(f"the example of libcp(3) says {said!r}")


def check_files(tree, tools, opts):
    wanted = [f"{opts['libdir']}/libcp.so", f"{opts['libdir']}/libcp.so.1"]
    wanted += [f"include/cp/{h.name}" for h in (source / "libcp/include/cp").glob("*.h")]
    share = opts["datadir"]
    zsh = "vendor-completions" if list((tree / share / "zsh").glob("vendor-*")) \
        else "site-functions"
    for tool in tools:
        wanted += [f"{share}/bash-completion/completions/{tool}.bash",
                   f"{share}/zsh/{zsh}/_{tool}",
                   f"{share}/fish/vendor_completions.d/{tool}.fish"]
        if shutil.which("scdoc") and opts["man"] != "disabled":
            wanted.append(f"{opts['mandir']}/man1/{tool}.1")
    if shutil.which("scdoc") and opts["man"] != "disabled":
        wanted.append(f"{opts['mandir']}/man3/libcp.3")
    for name in wanted:
        at = tree / name
        if not at.exists() or not at.stat().st_size:
            bad.append(f"not installed: {name}")


if not shutil.which("meson") or not shutil.which("pkg-config"):
    print("SKIPPED: meson or pkg-config is not on the PATH")
    sys.exit(77)
opts = options()
prefix = opts["prefix"].lstrip("/")
tools = sorted(t.name for t in (build / "tools").glob("cp*") if t.is_file()
               and "." not in t.name)
with tempfile.TemporaryDirectory() as folder:
    first, moved = Path(folder, "first"), Path(folder, "moved to")
    run("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", first)
    if bad:
        sys.exit("\n".join(bad))
    outside = [p for p in first.rglob("*") if not p.is_dir()
               and not str(p.relative_to(first)).startswith(prefix + "/")]
    bad += [f"installed outside the prefix: {p}" for p in outside]
    (first / prefix).rename(moved)
    check_tools(moved, tools)
    check_program(moved, opts["libdir"])
    check_files(moved, tools, opts)
print("\n".join(bad))
print(f"{len(tools)} tools: {' '.join(tools)}")
sys.exit(bool(bad) or len(tools) < 6)
