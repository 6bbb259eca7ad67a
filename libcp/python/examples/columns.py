# SPDX-License-Identifier: Apache-2.0
"""Self time by function from columns alone, with nothing copied."""
import collections
import os
import libcp

profile = libcp.open(os.environ["TESTDATA"] + "/pprof/good-go-cpu.pb.gz", symbols=False)
ends, frames = profile.column("stack.end"), profile.column("frame.location")
line, function = profile.column("location.first_line"), profile.column("line.function")
name = profile.column("function.name")
types, at = len(profile.sample_types), profile.type_index()
values = profile.column("sample.values")[at::types]

sums = collections.Counter()
for stack, value in zip(profile.column("sample.stack"), values):
    leaf = frames[ends[stack - 1]]  # leaf first
    sums[profile.string(name[function[line[leaf]]])] += value
assert sums == collections.Counter(profile.self_by_function())

try:
    import numpy
except ImportError:
    print("numpy is absent: that part is left out")
else:
    leaf = profile.numpy("frame.location")[profile.numpy("stack.end")[
        profile.numpy("sample.stack") - 1].astype(numpy.int64)]
    of = profile.numpy("line.function")[profile.numpy("location.first_line")[leaf]]
    by_id = numpy.bincount(of, weights=profile.numpy("sample.values")[:, at])
    assert by_id.sum() == profile.total()
print(sums.most_common(1))
