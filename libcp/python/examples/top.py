# SPDX-License-Identifier: Apache-2.0
"""The functions that cost most."""
import os
import libcp

profile = libcp.open(os.environ["TESTDATA"] + "/pprof/good-go-cpu.pb.gz", symbols=False)
for row in profile.top(3, cum=True):
    print("%12d %12d  %s" % (row["flat"], row["cum"], row["name"]))
assert profile.top(1)[0]["name"] == "main.leaf"
assert sum(profile.self_by_function().values()) == profile.total()
