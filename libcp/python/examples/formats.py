# SPDX-License-Identifier: Apache-2.0
"""From one format to others, files that appear whole or not at all."""
import os
import sqlite3
import tempfile
import libcp

profile = libcp.open(os.environ["TESTDATA"] + "/pprof/good-go-heap.pb.gz", symbols=False)
with tempfile.TemporaryDirectory() as folder:
    for name in ("out.pb.gz", "out.folded", "out.speedscope.json"):
        profile.write(os.path.join(folder, name))
        again = libcp.open(os.path.join(folder, name), symbols=False)
        assert len(again), name
    try:
        profile.write(os.path.join(folder, "out.nothing"))
    except libcp.Error as problem:
        print(problem.args[0].rsplit("/", 1)[-1])
    try:
        profile.write(os.path.join(folder, "out.sqlite"))
    except libcp.Error as problem:
        assert problem.code == "unsupported"
    else:
        base = sqlite3.connect(os.path.join(folder, "out.sqlite"))
        count, = base.execute("SELECT count(*) FROM samples").fetchone()
        base.close()
        assert count == len(profile)
    assert not [name for name in os.listdir(folder) if ".cp-" in name]
print(sorted(f["name"] for f in libcp.formats() if f["reads"] and f["writes"]))
