# SPDX-License-Identifier: Apache-2.0
"""What really changed."""
import libcp


def capture(slow):
    b = libcp.Builder([("samples", "count")])
    for name, n in (("parse", 3000), ("render", 5000 * slow), ("wait", 2000)):
        b.sample([name, "main"], [n])
    return b.finish()


result = libcp.diff(capture(1), capture(3), scale="none")
row = {r["name"]: r for r in result["functions"]}["render"]
print(row["name"], row["flat"]["verdict"], row["flat"]["ratio"])
assert row["flat"]["before"] == 5000 and row["flat"]["after"] == 15000
