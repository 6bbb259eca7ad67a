# SPDX-License-Identifier: Apache-2.0
"""Many profiles into one, told apart by a label; the order does not matter."""
import os
import libcp

one = libcp.open(os.environ["TESTDATA"] + "/pprof/good-go-cpu.pb.gz", symbols=False)
two = one.filter(focus="main.main.func1")
both = libcp.merge([one, two], labels=[{"host": "a"}, {"host": "b"}])
assert both.total() == one.total() + two.total()
assert both.filter(tagfocus="host=b").total() == two.total()
assert libcp.merge([one, two], canonical=True).dumps() == \
    libcp.merge([two, one], canonical=True).dumps()
small = libcp.merge([both], max_stacks=3)
print(small.top(2), small.comments)
assert small.total() == both.total() and "(other)" in small.self_by_function()
