# SPDX-License-Identifier: Apache-2.0
"""A profile of samples that come from somewhere else."""
import libcp

b = libcp.Builder([("latency", "nanoseconds")], comments=["from a log"], duration_nanos=10**9)
library = b.mapping("/usr/lib/libx.so", start=0x1000, limit=0x9000, build_id="abcd")
read = b.frame("read", file="io.c", line=12, address=0x1234, mapping=library)
b.sample([read, "handle", "main"], [250], labels={"route": "/index", "status": 200})
b.sample([read, "handle", "main"], [50], labels={"route": "/index", "status": 200})
profile = b.finish()
print(profile.dumps("folded").decode(), end="")
assert list(profile.samples()) == [
    (["read", "handle", "main"], [("route", "/index"), ("status", 200, "")], (300,))]
assert libcp.loads(profile.dumps()).dumps() == profile.dumps()

b = libcp.Builder([("n", "count")])
try:
    b.sample(["f"], [1, 2])
except libcp.Error as problem:
    print(problem)
else:
    raise AssertionError
