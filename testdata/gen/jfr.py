#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""jfr.py FOLDER: writes small Java Flight Recorder files, byte by byte.

good-two-chunks.jfr     every kind of event that is read, strings in every encoding, pools in
                        two checkpoints, an event type nobody describes, an agent's extra
                        field, no stack, a key that is in no pool; in the second chunk ids,
                        field order and clock are others, and allocations are told twice
bad-open-chunk.jfr      its second chunk was never closed
bad-event-size.jfr      an event of size 0 in the middle
bad-pool.jfr            a pool of a class that is not described
bad-method-as-stack.jfr the stack of a second event is a method, which a frame has before
"""
import struct
import sys
from pathlib import Path


def leb(x):
    x &= (1 << 64) - 1
    out = b""
    for i in range(9):
        if i == 8:
            return out + bytes([x & 0xff])
        if x < 0x80:
            return out + bytes([x])
        out += bytes([x & 0x7f | 0x80])
        x >>= 7
    return out


def utf8(s):
    b = s.encode()
    return b"\3" + leb(len(b)) + b


def latin1(s):
    b = s.encode("latin-1")
    return b"\5" + leb(len(b)) + b


def utf16(s):
    units = struct.unpack(f"<{len(s.encode('utf-16-le')) // 2}H", s.encode("utf-16-le"))
    return b"\4" + leb(len(units)) + b"".join(leb(u) for u in units)


def event(type_id, body):
    """With a size of four bytes, as some writers pad it."""
    n = len(leb(type_id)) + len(body) + 4
    size = bytes([n & 0x7f | 0x80, n >> 7 & 0x7f | 0x80, n >> 14 & 0x7f | 0x80, n >> 21])
    return size + leb(type_id) + body


class Types:
    """A description of types: {name: (id, [(field, type, pooled, array)])}."""

    def __init__(self, types):
        self.types, self.strings = types, []

    def text(self, s):
        if s not in self.strings:
            self.strings.append(s)
        return leb(self.strings.index(s))

    def element(self, name, attributes, children):
        body = self.text(name) + leb(len(attributes))
        for key, value in attributes.items():
            body += self.text(key) + self.text(str(value))
        return body + leb(len(children)) + b"".join(children)

    def metadata(self):
        classes = []
        for name, (type_id, fields) in self.types.items():
            rows = []
            for field, of, pooled, array in fields:
                a = {"name": field, "class": self.types[of][0]}
                if pooled:
                    a["constantPool"] = "true"
                if array:
                    a["dimension"] = 1
                rows.append(self.element("field", a, []))
            classes.append(self.element("class", {"name": name, "id": type_id}, rows))
        tree = self.element("root", {}, [self.element("metadata", {}, classes),
                                         self.element("region", {"locale": "x"}, [])])
        texts = b"".join(utf8(s) for s in self.strings)
        return event(0, leb(1) + leb(0) + leb(1) + leb(len(self.strings)) + texts + tree)


def checkpoint(delta, pools):
    """pools: [(type id, {key: bytes})]"""
    body = leb(1) + leb(0) + leb(delta) + b"\1" + leb(len(pools))
    for type_id, rows in pools:
        body += leb(type_id) + leb(len(rows))
        body += b"".join(leb(k) + v for k, v in rows.items())
    return event(1, body)


def chunk(types, events, pools_before, pools_after, start_ticks=1000, tps=10**9, size=None):
    body = b""
    first = checkpoint(0, pools_before)
    at_first = 68
    body += first + b"".join(events)
    at_last = 68 + len(body)
    last = checkpoint(at_first - at_last, pools_after)
    body += last
    meta = 68 + len(body)
    body += types.metadata()
    n = 68 + len(body) if size is None else size
    head = b"FLR\0" + struct.pack(">HHqqqqqqqI", 2, 1, n, at_last, meta, 10**18, 5 * 10**9,
                                  start_ticks, tps, 1)
    return head + body


BASE = ["boolean", "byte", "char", "short", "int", "long", "float", "double"]


def describe(shift, swap=False, extra=False, confused=False):
    types = {name: (shift + i, []) for i, name in enumerate(BASE)}
    types["java.lang.String"] = (shift + 20, [])
    add = lambda name, i, *fields: types.__setitem__(name, (shift + i, [
        (f, t, "p" in o, "a" in o) for f, t, o in fields]))
    add("jdk.types.Symbol", 21, ("string", "java.lang.String", ""))
    add("java.lang.Class", 22, ("classLoader", "long", ""), ("name", "jdk.types.Symbol", "p"))
    add("jdk.types.Method", 23, ("type", "java.lang.Class", "p"), ("name", "jdk.types.Symbol", "p"),
        ("hidden", "boolean", ""))
    add("jdk.types.FrameType", 24, ("description", "java.lang.String", ""))
    add("jdk.types.StackFrame", 25, ("method", "jdk.types.Method", "p"), ("lineNumber", "int", ""),
        ("bytecodeIndex", "int", ""), ("type", "jdk.types.FrameType", "p"))
    add("jdk.types.StackTrace", 26, ("truncated", "boolean", ""),
        ("frames", "jdk.types.StackFrame", "a"))
    add("java.lang.Thread", 27, ("osName", "java.lang.String", ""), ("osThreadId", "long", ""),
        ("javaName", "java.lang.String", ""))
    add("jdk.types.ThreadState", 28, ("name", "java.lang.String", ""))
    start, thread = ("startTime", "long", ""), ("eventThread", "java.lang.Thread", "p")
    stack = ("stackTrace", "jdk.types.StackTrace", "p")
    sample = [start, ("sampledThread", "java.lang.Thread", "p"), stack,
              ("state", "jdk.types.ThreadState", "p")]
    if swap:
        sample.reverse()
    if extra:
        sample.append(("spanName", "java.lang.String", ""))
    add("jdk.ExecutionSample", 40, *sample)
    add("jdk.ActiveSetting", 41, start, ("id", "long", ""), ("name", "java.lang.String", ""),
        ("value", "java.lang.String", ""))
    add("jdk.ObjectAllocationInNewTLAB", 42, start, thread, stack,
        ("objectClass", "java.lang.Class", "p"), ("allocationSize", "long", ""),
        ("tlabSize", "long", ""))
    add("jdk.ObjectAllocationSample", 43, start, thread, stack,
        ("objectClass", "java.lang.Class", "p"), ("weight", "long", ""))
    other = ("stackTrace", "jdk.types.Method", "p") if confused else stack
    add("jdk.JavaMonitorEnter", 44, start, ("duration", "long", ""), thread, other,
        ("monitorClass", "java.lang.Class", "p"))
    add("profiler.WallClockSample", 45, *sample[:4], ("samples", "int", ""))
    add("jdk.CPULoad", 46, start, ("user", "float", ""), ("machine", "double", ""))
    return types


def pools(s):
    """Constants under keys that need all of 64 bits."""
    far = 0xf000000000000001
    names = [(s + 20, {9: latin1("caf\xe9"), 10: utf16("\U0001f600x")}),
             (s + 21, {1: utf8("a/b/Main"), 2: utf8("run"), 3: utf8("libc.so.6"),
                       4: latin1("na\xefve"), far: b"\2" + leb(9)}),
             (s + 22, {1: leb(0) + leb(1), 2: leb(0) + leb(3), 3: leb(0) + leb(far)}),
             (s + 24, {1: utf8("JIT compiled"), 2: utf8("Native")}),
             (s + 28, {1: utf8("STATE_RUNNABLE")})]
    frame = lambda m, line, kind: leb(m) + leb(line) + leb(7) + leb(kind)
    rest = [(s + 23, {1: leb(1) + leb(2) + b"\0", 2: leb(2) + leb(4) + b"\0",
                      far: leb(3) + leb(2) + b"\1"}),
            (s + 26, {1: b"\0" + leb(2) + frame(2, 65535, 2) + frame(1, 12, 1),
                      2: b"\1" + leb(1) + frame(far, -1, 1)}),
            (s + 27, {1: utf8("os") + leb(77) + utf16("\U0001f600x"), 2: utf8("gc") + leb(78) + b"\0"})]
    return names, rest


def good_two_chunks():
    s = 100
    names, rest = pools(s)
    one = [event(s + 41, leb(0) + leb(s + 40) + utf8("period") + utf8("20 ms")),
           event(s + 40, leb(2000) + leb(1) + leb(1) + leb(1)),
           event(s + 40, leb(3000) + leb(2) + leb(2) + leb(1)),
           event(s + 40, leb(3500) + leb(9) + leb(44) + leb(1)),
           event(s + 42, leb(4000) + leb(1) + leb(0) + leb(1) + leb(24) + leb(4096)),
           event(s + 44, leb(5000) + leb(7500) + leb(1) + leb(1) + leb(3)),
           event(s + 45, leb(5500) + leb(1) + leb(1) + leb(1) + leb(3)),
           event(s + 46, leb(1) + b"\0" * 12),
           event(s + 99, b"unknown")]
    t = 300
    names2, rest2 = pools(t)
    two = [event(t + 40, leb(1) + leb(1) + leb(1) + leb(600) + utf8("span") + b"more"),
           event(t + 43, leb(700) + leb(1) + leb(1) + leb(2) + leb(1 << 40)),
           event(t + 44, leb(800) + leb(25) + leb(1) + leb(1) + leb(3))]
    return (chunk(Types(describe(s)), one, names, rest) +
            chunk(Types(describe(t, swap=True, extra=True)), two, names2, rest2,
                  start_ticks=500, tps=10**7))


def small(events=None, pool=None, size=None, confused=False):
    s = 100
    names, rest = pools(s)
    one = events or [event(s + 40, leb(2000) + leb(1) + leb(1) + leb(1))]
    return chunk(Types(describe(s, confused=confused)), one, names + (pool or []), rest,
                 size=size)


def main():
    out = Path(sys.argv[1])
    files = {
        "good-two-chunks": good_two_chunks(),
        "bad-open-chunk": small() + small(size=0),
        "bad-event-size": small([event(140, leb(2000) + leb(1) + leb(1) + leb(1)), b"\0",
                                 event(140, leb(2000) + leb(1) + leb(1) + leb(1))]),
        "bad-method-as-stack": small([event(140, leb(2000) + leb(1) + leb(1) + leb(1)),
                                      event(144, leb(5000) + leb(7500) + leb(1) + leb(1) +
                                            leb(3))], confused=True),
        "bad-pool": small(pool=[(250, {1: b"x"}), (121, {8: utf8("lost")})]),
    }
    for name, data in files.items():
        (out / f"{name}.jfr").write_bytes(data)


main()
