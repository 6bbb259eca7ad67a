# SPDX-License-Identifier: Apache-2.0
"""A combiner for any engine: length-prefixed profiles in, one out, as cpmerge --delimited.
dask: client.submit(combine, …); Spark: rdd.treeReduce over bytes."""
import io
import libcp


def messages(stream):
    """The payloads of a stream of varint-prefixed messages."""
    while True:
        n = shift = 0
        while True:
            byte = stream.read(1)
            if not byte:
                return
            n |= (byte[0] & 127) << shift
            shift += 7
            if byte[0] < 128:
                break
        yield stream.read(n)


def combine(parts):
    """Bytes of profiles to the bytes of one; any tree of these gives the same in the end."""
    return libcp.merge((libcp.loads(p) for p in parts), canonical=True).dumps(level=-1)


def task(i):
    b = libcp.Builder([("samples", "count")])
    b.sample(["step%d" % (i % 3), "main"], [i + 1])
    return b.finish().dumps(level=-1)


tasks = [task(i) for i in range(8)]
tree = combine([combine(tasks[5:]), combine([combine(tasks[:2]), combine(tasks[2:5])])])
assert tree == combine(tasks) == combine(reversed(tasks))
framed = b"".join(bytes([len(t) & 127 | 128, len(t) >> 7]) + t if len(t) > 127
                  else bytes([len(t)]) + t for t in tasks)
assert combine(messages(io.BytesIO(framed))) == tree
print(libcp.loads(tree).self_by_function())
