# SPDX-License-Identifier: Apache-2.0
"""Part of a profile, as cpconv --focus and --tagfocus take it."""
import os
import libcp

profile = libcp.open(os.environ["TESTDATA"] + "/pprof/good-go-cpu.pb.gz", symbols=False)
tenant = profile.filter(tagfocus="tenant=a", granularity="function")
print(tenant.total(), "of", profile.total())
assert 0 < tenant.total() < profile.total()
assert not len(profile.filter(focus="no such function"))
try:
    profile.filter(focus="(")
except libcp.Error as problem:
    assert problem.code == "argument"
else:
    raise AssertionError
