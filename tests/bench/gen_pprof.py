#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a deterministic pprof profile of a given size.

    gen_pprof.py SAMPLES LOCATIONS DEPTH OUT.pb.gz [SEED]

Every stack has DEPTH frames. A stack keeps the root side of the one before it down to a
random depth (most often all but the last few frames) and goes on with random locations,
so that stacks share ancestors as recorded ones do. Each location has an address, a
function of its own with name, file and line. Prints what it made: samples, locations,
depth, distinct nodes of the stack tree, bytes before compression.
"""
import random
import sys
import zlib


def varint(x):
    out = bytearray()
    while x >= 0x80:
        out.append(x & 0x7F | 0x80)
        x >>= 7
    out.append(x)
    return bytes(out)


def number(field, x):
    return varint(field << 3) + varint(x)


def message(field, body):
    return varint(field << 3 | 2) + varint(len(body)) + body


def main():
    n_samples, n_locations, depth = (int(x) for x in sys.argv[1:4])
    rng = random.Random(int(sys.argv[5]) if len(sys.argv) > 5 else 1)
    ids = [varint(i + 1) for i in range(n_locations)]
    out = open(sys.argv[4], "wb")
    # zlib's gzip header: no name, time 0.
    gz = zlib.compressobj(6, zlib.DEFLATED, 31)
    total = 0

    def put(data):
        nonlocal total
        total += len(data)
        out.write(gz.compress(data))

    strings = [b"", b"samples", b"count", b"cpu", b"nanoseconds", b"/usr/bin/generated"]
    put(message(1, number(1, 1) + number(2, 2)) + message(1, number(1, 3) + number(2, 4)))
    # Leaf first, as in the file: a suffix is kept.
    path = [ids[rng.randrange(n_locations)] for _ in range(depth)]
    nodes = depth
    keep_all_but = [1, 1, 1, 2, 2, 3, 4, 6, 9, depth * 2 // 3]
    batch = []
    for i in range(n_samples):
        fresh = rng.choice(keep_all_but)
        path[:fresh] = [ids[int(rng.random() * n_locations)] for _ in range(fresh)]
        nodes += fresh
        count = rng.randrange(1, 50)
        stack = b"".join(path)
        batch.append(message(2, message(1, stack) + number(2, count) +
                             number(2, count * 10000000)))
        if len(batch) == 4096:
            put(b"".join(batch))
            batch = []
    put(b"".join(batch))
    put(message(3, number(1, 1) + number(2, 0x400000) + number(3, 0x40000000) +
                number(5, 5) + number(7, 1) + number(8, 1) + number(9, 1)))
    for i in range(n_locations):
        put(message(4, number(1, i + 1) + number(2, 1) + number(3, 0x400000 + 16 * i) +
                    message(4, number(1, i + 1) + number(2, i % 997 + 1))))
    for i in range(n_locations):
        strings.append(b"package%d::Class%d::method_%d" % (i % 61, i % 4099, i))
        put(message(5, number(1, i + 1) + number(2, len(strings) - 1) +
                    number(3, len(strings) - 1) + number(4, 5)))
    put(b"".join(message(6, s) for s in strings))
    put(message(11, number(1, 3) + number(2, 4)) + number(12, 10000000) + number(14, 0))
    out.write(gz.flush())
    out.close()
    print(f"{n_samples} samples, {n_locations} locations, depth {depth}, "
          f"at most {nodes} stack-tree nodes, {total} bytes before compression")


main()
