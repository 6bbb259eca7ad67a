# SPDX-License-Identifier: Apache-2.0
"""What cannot be read is an Error with its place; what could be skipped is told."""
import os
import libcp

data = open(os.environ["TESTDATA"] + "/pprof/good-go-cpu.pb.gz", "rb").read()
try:
    libcp.loads(data[:200], name="half.pb.gz")
except libcp.Error as problem:
    print(problem.code, problem.offset, problem)
    assert "half.pb.gz" in str(problem)
else:
    raise AssertionError
profile = libcp.loads(b"main;f 3\nno count here\nmain;g 1\n", name="lines")
print(profile.diagnostics)
assert profile.total() == 4 and [d.warning for d in profile.diagnostics] == [True]
