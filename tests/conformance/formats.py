#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pprof, folded and perf script text against other implementations and others' files.

    formats.py CPCONV TESTDATA SHARED-DATA

* a profile that `go tool pprof -proto` wrote comes back with the same uncompressed bytes;
* `--to raw` is `go tool pprof -raw` (Go 1.19 prints no columns: they are zero here);
* others' pprof files give the text beside them;
* sorted folded files come back as they are;
* perf script text under --perf-compat gives what a separate implementation of
  stackcollapse-perf.pl's rules gives, and what lies beside the file.

Exits 77, loudly, when neither Go nor the data is there.
"""
import glob
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile

cpconv, testdata, shared = sys.argv[1:4]
failures = checks = 0


def check(what, have, want):
    global failures, checks
    checks += 1
    if have != want:
        failures += 1
        print(f"FAIL {what}")
        for a, b in zip(have.split(b"\n"), want.split(b"\n")):
            if a != b:
                print(f"  have {a[:300]!r}\n  want {b[:300]!r}")
                break


def run(*argv, **kw):
    return subprocess.run(argv, check=True, capture_output=True, **kw).stdout


def pprof(*argv):
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "out")
        run("go", "tool", "pprof", "-symbolize=none", f"-output={out}", *argv,
            env={**os.environ, "TZ": "UTC", "HOME": tmp})
        return open(out, "rb").read()


def with_columns(text):
    return re.sub(rb"^((?:\s+|\s*\d+: 0x[0-9a-f]+ (?:M=\d+ )?(?:\[F\] )?)\S.*:-?\d+) (s=-?\d+.*)$",
                  rb"\1:0 \2", text, flags=re.M)


def against_go(path):
    merged = pprof("-proto", path)
    with tempfile.TemporaryDirectory() as tmp:
        own = os.path.join(tmp, "merged.pb.gz")
        open(own, "wb").write(merged)
        check(f"{path}: bytes", gzip.decompress(run(cpconv, own)), gzip.decompress(merged))
        check(f"{path}: raw", run(cpconv, own, "--to", "raw"),
              with_columns(pprof("-raw", path)))
        back = os.path.join(tmp, "back.pb.gz")
        run(cpconv, path, "-o", back)
        check(f"{path}: -top", pprof("-top", back), pprof("-top", path))


def stackcollapse(text, annotate):
    """The rules, one regular expression at a time."""
    total, stack, comm, period, kept = {}, [], None, 1, None
    for line in text.split("\n"):
        if line.startswith("#"):
            continue
        head = re.match(r"^(\S.+?)\s+(\d+)\/*(\d+)*\s+", line)
        frame = re.match(r"^\s*(\w+)\s*(.+) \((.*)\)", line)
        if not line:
            if comm:
                key = ";".join([comm] + stack)
                total[key] = total.get(key, 0) + period
            stack, comm = [], None
        elif head:
            event = re.search(r":\s*(\d+)*\s+(\S+):\s*$", line)
            period = int(event.group(1) or 1) if event else 1
            if event:
                kept = kept or event.group(2)
                if event.group(2) != kept:
                    continue
            comm = head.group(1).replace(" ", "_")
        elif frame and comm:
            stack[:0] = frames_of(frame.group(2), frame.group(3), comm, annotate)
    return total


def frames_of(name, image, comm, annotate):
    name = re.sub(r"\+0x[\da-f]+$", "", name)
    out = []
    if not name.strip():
        # perf 3.2 printed nothing for an unknown symbol; the script keeps the blanks, libcp
        # calls it unknown.
        name = "[unknown]"
    if name.startswith("("):
        return out
    for func in name.split("->"):
        if func == "[unknown]":
            base = "unknown" if image == "[unknown]" else image.split("/")[-1]
            func = f"[{base}]"
        func = func.replace(";", ":")
        if not re.search(r"\.\(.*\)\.", func):
            func = re.sub(r"\((?!anonymous namespace\)).*", "", func)
        func = func.replace('"', "").replace("'", "")
        if comm.startswith("java") and "/" in func:
            func = re.sub("^L", "", func)
        if out:
            func += "_[i]"
        elif annotate and re.search(r"(^\[|vmlinux$)", image) and "unknown" not in image:
            func += "_[k]"
        elif annotate and re.search(r"/tmp/perf-\d+\.map", image):
            func += "_[j]"
        out.append(func)
    return out


def lines(total):
    return b"".join(f"{k} {v}\n".encode("latin-1") for k, v in sorted(total.items()))


def perf_script(path):
    text = open(path, encoding="latin-1").read()
    for annotate in (False, True):
        have = run(cpconv, path, "--to", "folded", "--perf-compat",
                   *(["--annotate"] if annotate else []))
        check(f"{path}: stackcollapse", have, lines(stackcollapse(text, annotate)))
    expected = path.replace(".txt", ".expected.folded")
    if os.path.exists(expected):
        check(path, have, open(expected, "rb").read())


def main():
    go, data = shutil.which("go"), os.path.isdir(shared)
    if go:
        for path in sorted(glob.glob(f"{testdata}/pprof/good-go-*.pb.gz")):
            against_go(path)
    else:
        print("SKIPPED: no `go tool pprof` here; profile.proto is not compared with pprof")
    if data:
        for path in sorted(glob.glob(f"{shared}/pprof/*.pb.gz")):
            check(path, run(cpconv, path, "--to", "raw"),
                  open(path.replace(".pb.gz", ".raw.txt"), "rb").read())
            if go:
                against_go(path)
        for path in sorted(glob.glob(f"{shared}/folded/*.folded")):
            check(path, run(cpconv, path, "--to", "folded", "--root", "none"),
                  b"\n".join(sorted(open(path, "rb").read().splitlines(),
                                    key=lambda x: x.rsplit(b" ", 1)[0])) + b"\n")
        for path in sorted(glob.glob(f"{shared}/perf-script/*.txt")):
            perf_script(path)
    else:
        print(f"SKIPPED: {shared} is absent; others' files are not read")
    print(f"{checks} comparisons, {failures} differ")
    if failures:
        return 1
    return 0 if checks else 77


sys.exit(main())
