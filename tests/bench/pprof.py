#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rewriting a large pprof profile: cpconv against `go tool pprof -proto`, in one run.

    pprof.py CPCONV [SAMPLES LOCATIONS DEPTH]

Prints CPU seconds (user and system) and peak memory of each, their ratios, and the floor:
inflating and deflating the same bytes with libdeflate, which no rewriting can avoid.
"""
import ctypes
import ctypes.util
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time


def run(argv, env=None):
    pid = os.posix_spawn(argv[0], argv, {**os.environ, **(env or {})},
                         file_actions=[(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{argv[0]} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def floor(path):
    name = ctypes.util.find_library("deflate")
    if not name:
        return None
    lib = ctypes.CDLL(name)
    for f in ("libdeflate_alloc_compressor", "libdeflate_alloc_decompressor"):
        getattr(lib, f).restype = ctypes.c_void_p
    lib.libdeflate_gzip_compress.restype = ctypes.c_size_t
    packed = open(path, "rb").read()
    plain = gzip.decompress(packed)
    room = ctypes.create_string_buffer(len(plain) + 4096)
    size, void = ctypes.c_size_t, ctypes.c_void_p
    start = time.process_time()
    lib.libdeflate_gzip_decompress(void(lib.libdeflate_alloc_decompressor()), packed,
                                   size(len(packed)), room, size(len(room)), None)
    lib.libdeflate_gzip_compress(void(lib.libdeflate_alloc_compressor(6)), plain,
                                 size(len(plain)), room, size(len(room)))
    return time.process_time() - start


def main():
    cpconv = sys.argv[1]
    shape = sys.argv[2:5] or ["1000000", "100000", "40"]
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as tmp:
        source, ours, theirs = (os.path.join(tmp, n) for n in ("in.pb.gz", "cp.pb.gz", "go.pb.gz"))
        subprocess.run([sys.executable, os.path.join(here, "gen_pprof.py"), *shape, source],
                       check=True)
        cpu, mem = run([cpconv, source, "-o", ours])
        print(f"cpconv          {cpu:7.2f} s {mem:8.0f} MB {os.path.getsize(ours)} bytes")
        least = floor(source)
        if least:
            print(f"inflate+deflate {least:7.2f} s: cpconv is at {cpu / least:.2f} of the floor")
        go = shutil.which("go")
        if not go:
            print("no `go`: nothing to compare with")
            return
        go_cpu, go_mem = run([go, "tool", "pprof", "-symbolize=none", "-proto",
                              "-output=" + theirs, source], {"HOME": tmp})
        print(f"go tool pprof   {go_cpu:7.2f} s {go_mem:8.0f} MB {os.path.getsize(theirs)} bytes")
        print(f"cpconv needs 1/{go_cpu / cpu:.1f} of the CPU time and 1/{go_mem / mem:.1f} "
              "of the memory")


main()
