#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the profiles of this folder that no program records: made.py FOLDER"""
import gzip
import sys


def varint(x):
    x &= (1 << 64) - 1
    out = bytearray()
    while x >= 0x80:
        out.append(x & 0x7F | 0x80)
        x >>= 7
    out.append(x)
    return bytes(out)


def number(field, x):
    return varint(field << 3) + varint(x)


def message(field, *parts):
    body = b"".join(parts)
    return varint(field << 3 | 2) + varint(len(body)) + body


def profile(sample=b"", location=b"", function=b"", tail=b"", types=None, strings=None):
    far = 1 << 60
    if types is None:
        types = message(1, number(1, 1), number(2, 2)) + message(1, number(1, 3), number(2, 4))
    if strings is None:
        strings = [b"", b"samples", b"count", b"cpu", b"nanoseconds", b"bytes", b"/bin/x",
                   b"abcd", b"f<int>", b"_Z1fIiE", b"x.c", b"note\xff", b"drop.*", b"main"]
    return b"".join([
        types,
        # Packed, a far id, a list of numbers with and without unit, a label to be dropped.
        message(2, message(1, varint(1000000), varint(7), varint(far)),
                message(2, varint(5), varint(-3)),
                message(3, number(1, 5), number(3, 7)), message(3, number(1, 5), number(4, 5)),
                message(3, number(1, 5)), message(3, number(1, 2), number(2, 1))),
        # One tag per entry, a field nobody knows.
        message(2, number(1, 7), number(2, 1), number(2, 2), number(99, 1)),
        sample,
        message(3, number(1, 3), number(2, 0x400000), number(3, 0x500000), number(4, 0x1000),
                number(5, 6), number(6, 7), *(number(i, 1) for i in range(7, 11))),
        message(4, number(1, 7), number(2, 3), number(3, 0x400010),
                message(4, number(1, 1), number(2, 10), number(3, 4)),
                message(4, number(1, 2), number(2, 20)), number(5, 1)),
        message(4, number(1, 1000000), number(2, 99)),  # a mapping that is not there: none
        message(4, number(1, far), number(3, 1)),
        location,
        message(5, number(1, 1), number(2, 8), number(3, 9), number(4, 10), number(5, 3)),
        message(5, number(1, 2), number(2, 13), number(3, 13)),
        function,
        *(message(6, s) for s in strings),
        number(7, 12), number(8, 13), number(9, 1700000000000000000), number(10, 5000000000),
        message(11, number(1, 3), number(2, 4)), number(12, 10),
        message(13, varint(11), varint(0), varint(11)), number(14, 3), number(15, 6),
        message(77, b"unknown"),
        tail,
    ])


def small(samples, ids=True, drop=b"malloc"):
    """Locations 1 to 5, a function each; the last sample type has no value."""
    names = [b"a\0b", b"a\0c", b"a", b"malloc", b"main"]
    strings = [b"", b"cpu", b"nanoseconds", b"lock", b"../csu/./x.c", drop, *names]
    return b"".join([
        message(1, number(1, 1), number(2, 2)), message(1, number(1, 3), number(2, 2)),
        *(message(2, message(1, *map(varint, frames)), message(2, varint(value), varint(0)))
          for frames, value in samples),
        *(message(4, number(1, i), number(3, 16 * i),
                  message(4, number(1, i), number(2, i))) for i in range(1, 6)),
        *(message(5, *([number(1, i)] if ids else []), number(2, 5 + i), number(3, 5 + i),
                  number(4, 4)) for i in range(1, 6)),
        *(message(6, s) for s in strings), *([number(7, 5)] if drop else [])])


def main():
    folder = sys.argv[1]
    good = profile()
    files = {
        "good-every-field.pb": good,
        "good-odd-names.pb": small([((1, 5), 10), ((2, 5), -300), ((3, 5), 30),
                                    ((4, 3, 5), 40)]),
        "good-no-function-ids.pb": small([((1, 5), 10), ((3, 5), 30)], ids=False, drop=b""),
        "good-two-members.pb.gz": gzip.compress(good[:200], mtime=0) +
        gzip.compress(good[200:], mtime=0),
        "bad-cut.pb": good[:300],
        "bad-concatenated.pb": good + good,
        "bad-values.pb": profile(sample=message(2, number(1, 7), number(2, 1))),
        "bad-no-location.pb": profile(sample=message(2, number(1, 8), number(2, 1),
                                                     number(2, 1))),
        "bad-location-twice.pb": profile(location=message(4, number(1, 7))),
        "bad-no-function.pb": profile(location=message(4, number(1, 9),
                                                       message(4, number(1, 5)))),
        "bad-function-zero.pb": profile(function=message(5, number(2, 8))),
        "bad-string.pb": profile(function=message(5, number(1, 9), number(2, 14))),
        "bad-first-string.pb": profile(strings=[b"not empty"]),
        "bad-no-types.pb": profile(types=b""),
        "bad-wire-type.pb": profile(tail=b"\x60" + b"\xff" * 11),
    }
    for name, data in files.items():
        with open(f"{folder}/{name}", "wb") as f:
            f.write(data)


main()
