# SPDX-License-Identifier: Apache-2.0
"""Tables through the Arrow C data interface: with pyarrow, or its two structs read by hand."""
import os
import libcp
from libcp._native import ffi

profile = libcp.open(os.environ["TESTDATA"] + "/pprof/good-go-cpu.pb.gz", symbols=False)
for table in ("sample", "stack", "location", "line", "function", "mapping", "string"):
    arrow = profile.arrow(table)
    schema, array = (ffi.cast("struct %s *" % kind, address) for kind, address in
                     zip(("ArrowSchema", "ArrowArray"), arrow.export()))
    assert schema.n_children == array.n_children > 0
    print(table, array.length, [ffi.string(schema.children[i].name).decode()
                                for i in range(schema.n_children)])

# A list of lists: which locations each stack has, from the profile's own memory.
arrow = profile.arrow("stack")
_, address = arrow.export()
lists = ffi.cast("struct ArrowArray *", address).children[0]
offsets, ids = ffi.cast("int64_t *", lists.buffers[1]), ffi.cast(
    "uint32_t *", lists.children[0].buffers[1])
assert list(ids[offsets[0]:offsets[1]]) == \
    profile.column("frame.location")[:profile.column("stack.end")[1]].tolist()
capsules = profile.arrow("sample").__arrow_c_array__()
assert len(capsules) == 2
del capsules

try:
    import pyarrow
except ImportError:
    print("pyarrow is absent: that part is left out")
else:
    batch = pyarrow.record_batch(profile.arrow("sample"))
    assert batch.num_rows == len(profile)
