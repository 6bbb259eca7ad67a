#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dask.py LIBRARY SOURCE: dask.distributed with two worker processes on loopback and the Python
binding: a tree of merges against one merge, and a task whose input is cut. A command of its own, not
part of the suite; skipped (77) where python3-distributed or python3-cffi is absent."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PYTHON = "/usr/bin/python3"
PROGRAM = r'''
import sys
import libcp


def profile(i):
    b = libcp.Builder([("samples", "count")])
    for k in range(50):
        b.sample(["f%d" % (i * k % 17), "g%d" % (k % 5), "main"], [i + k + 1],
                 labels={"host": "h%02d" % (i % 4)})
    return b.finish().dumps(level=-1)


def combine(*parts):
    return libcp.merge((libcp.loads(p) for p in parts), canonical=True).dumps(level=-1)


def broken(data):
    return libcp.loads(data[:len(data) // 2]).dumps(level=-1)


if __name__ == "__main__":
    from dask.distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1",
                      dashboard_address=None) as cluster, Client(cluster) as client:
        level = client.map(profile, range(40), pure=True)
        one = combine(*client.gather(level))
        while len(level) > 1:
            level = [client.submit(combine, *level[i:i + 6], pure=False)
                     for i in range(0, len(level), 6)]
        assert level[0].result() == one, "a tree is not one merge"
        bad = client.submit(broken, client.submit(profile, 3), retries=0, pure=False)
        try:
            bad.result()
        except libcp.Error as problem:
            print("a failing task says:", problem.code)
        else:
            raise AssertionError("damage was not noticed")
        print("workers:", len(client.scheduler_info()["workers"]), "bytes:", len(one))
'''


def main():
    library, source = (Path(arg).resolve() for arg in sys.argv[1:])
    if subprocess.run([PYTHON, "-c", "import cffi, distributed"], capture_output=True).returncode:
        print("SKIPPED: no python3-distributed or no python3-cffi")
        return 77
    with tempfile.TemporaryDirectory() as place:
        env = dict(os.environ, CP_BUILD=str(library.parent.parent), PYTHONPATH=place,
                   CFLAGS="-O0 -w")
        subprocess.run(["cp", "-r", source / "libcp" / "python" / "libcp", place], check=True)
        subprocess.run([PYTHON, source / "libcp" / "python" / "build_ffi.py", place], env=env,
                       check=True, stdout=subprocess.DEVNULL)
        program = Path(place, "recipe.py")
        program.write_text(PROGRAM)
        done = subprocess.run([PYTHON, program], env=env, timeout=600, cwd=place)
        print("ok" if not done.returncode else "not ok", "- dask: a tree of tasks is one merge")
        return done.returncode


sys.exit(main())
