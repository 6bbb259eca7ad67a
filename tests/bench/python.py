#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python.py LIBRARY SOURCE CP_PROTO [PROFILE]: self by function of a pprof of 1M samples of depth 40,
in Python: by the binding, and by google.protobuf (Debian: python3-protobuf, with protoc). Prints
processor seconds, peak memory and ratios, both in one run."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS = """
import sys, libcp
print(max(libcp.open(sys.argv[1], symbols=False).self_by_function().values()))
"""
THEIRS = """
import collections, gzip, sys, profile_pb2
p = profile_pb2.Profile()
p.ParseFromString(gzip.open(sys.argv[1]).read())
line = {l.id: l.line[0].function_id for l in p.location if l.line}
name = {f.id: p.string_table[f.name] for f in p.function}
sums = collections.Counter()
for s in p.sample:
    sums[name[line[s.location_id[0]]]] += s.value[-1]
print(max(sums.values()))
"""


def measured(args, env):
    """(processor seconds, peak MiB, what it printed)"""
    out, back = os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(back, 1)
        os.execvpe(args[0], args, env)
    os.close(back)
    text = os.read(out, 4096)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit("failed: %s" % " ".join(map(str, args[:2])))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text


def main():
    library, source, proto = (Path(arg).resolve() for arg in sys.argv[1:4])
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import cffi"], capture_output=True).returncode:
        print("SKIPPED: no python3-cffi")
        return 77
    with tempfile.TemporaryDirectory() as place:
        env = dict(os.environ, CP_BUILD=str(library.parent.parent), PYTHONPATH=place)
        subprocess.run(["cp", "-r", source / "libcp" / "python" / "libcp", place], check=True)
        subprocess.run([python, source / "libcp" / "python" / "build_ffi.py", place], env=env,
                       check=True, stdout=subprocess.DEVNULL)
        profile = sys.argv[4] if len(sys.argv) > 4 else os.path.join(place, "p.pb.gz")
        if len(sys.argv) < 5:
            subprocess.run([sys.executable, HERE / "gen_pprof.py", "1000000", "100000", "40",
                            profile], check=True, stdout=subprocess.DEVNULL)
        seconds, memory, ours = measured([python, "-c", OURS, profile], env)
        print("libcp            %6.2f s %6.0f MiB" % (seconds, memory))
        made = subprocess.run(["protoc", "-I", proto, "--python_out=" + place, "profile.proto"],
                              capture_output=True)
        if made.returncode or subprocess.run([python, "-c", "import google.protobuf"],
                                             capture_output=True).returncode:
            print("google.protobuf: SKIPPED: no protoc or no python3-protobuf")
            return 0
        theirs, more, text = measured([python, "-c", THEIRS, profile], env)
        print("google.protobuf  %6.2f s %6.0f MiB   1/%.1f of the time, 1/%.1f of the memory" % (
            theirs, more, theirs / seconds, more / memory))
        if text != ours:
            sys.exit("they differ: %r, %r" % (ours, text))
    return 0


sys.exit(main())
