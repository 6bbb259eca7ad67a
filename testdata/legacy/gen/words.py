#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""words.py IN: writes a 64-bit little-endian gperftools CPU profile's stacks in the other
three kinds of words, addresses cut to 32 bits where need be."""
import struct
import sys


def words(data):
    numbers, at = [], 0
    while True:
        count, n = struct.unpack_from("<2Q", data, at)
        stack = struct.unpack_from("<%dQ" % n, data, at + 16)
        numbers += [count, n, *stack]
        at += 8 * (2 + n)
        if (count, n, stack) == (0, 1, (0,)):
            return numbers, data[at:]


data = open(sys.argv[1], "rb").read()
head = struct.unpack_from("<5Q", data)
body, text = words(data[40:])
for name, kind in (("le32", "<%dL"), ("be32", ">%dL"), ("be64", ">%dQ")):
    numbers = [*head, *body]
    if "L" in kind:
        numbers = [x & 0xffffffff for x in numbers]
    with open("good-cpu-%s.prof" % name, "wb") as out:
        out.write(struct.pack(kind % len(numbers), *numbers) + text)
