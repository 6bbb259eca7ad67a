#!/usr/bin/env python3
"""Writes what no program here makes small enough to keep: jitdump files in both byte orders,
and ELF files that hold nothing but a Go table of functions, in each of its layouts."""
import os
import struct

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def jitdump(order):
    def rec(kind, body, time=1):
        return struct.pack(order + "IIQ", kind, 16 + len(body), time) + body

    def load(addr, size, index, name):
        return rec(0, struct.pack(order + "IIQQQQ", 7, 7, addr, addr, size, index)
                   + name + b"\0" + b"\xcc" * size)

    def lines(addr, entries):
        body = struct.pack(order + "QQ", addr, len(entries))
        for at, line, name in entries:
            body += struct.pack(order + "QII", at, line, 0) + name + b"\0"
        return rec(2, body)

    head = struct.pack(order + "IIIIIIQQ", 0x4a695444, 1, 40, 62, 0, 7, 1, 0)
    return (head + load(0x1000, 0x40, 1, b"first")
            + lines(0x2000, [(0x2000, 10, b"a.js"), (0x2008, 12, b"\xff"), (0x2010, 3, b"b.js")])
            + load(0x2000, 0x20, 2, b"with_lines")
            + rec(1, struct.pack(order + "IIQQQQQ", 7, 7, 0x5000, 0x2000, 0x5000, 0x20, 2))
            + rec(4, struct.pack(order + "QQQ", 0, 0, 0))
            + load(0x1000, 0x10, 3, b"reused")
            + rec(77, b"from the future!") + rec(3, b""))


def jitdump_times():
    """Functions over each other at 10, 20, 30 and 40; the order of records is another."""
    def rec(kind, body, time):
        return struct.pack("<IIQ", kind, 16 + len(body), time) + body

    def load(addr, size, index, name, time):
        return rec(0, struct.pack("<IIQQQQ", 7, 7, addr, addr, size, index)
                   + name + b"\0" + b"\xcc" * size, time)

    head = struct.pack("<IIIIIIQQ", 0x4a695444, 1, 40, 62, 0, 7, 1, 0)
    return (head + load(0x10000, 0x40, 1, b"first", 10)
            + load(0x10008, 0x10, 3, b"third", 30)
            + load(0x10000, 0x20, 2, b"second", 20)
            + load(0x20000, 0x10, 5, b"unmapped", 20)
            + rec(1, struct.pack("<IIQQQQQ", 7, 7, 0x10030, 0x20000, 0x10018, 0x28, 5), 40))


def uleb(x):
    out = b""
    while True:
        out += bytes([(x & 127) | (128 if x > 127 else 0)])
        x >>= 7
        if not x:
            return out


def values(steps):
    """pc-value table of (value, bytes of code)."""
    out, last = b"", -1
    for value, size in steps:
        delta = value - last
        out += uleb((delta << 1) ^ (delta >> 31) if delta >= 0 else ((-delta) << 1) - 1)
        out += uleb(size)
        last = value
    return out + b"\0"


TEXT, TAB, DATA = 0x401000, 0x402000, 0x404000


class Table:
    """main.outer [0,0x40) with main.inner inlined at [0x10,0x20), main.last [0x40,0x60)."""

    def __init__(self, version, pie=False):
        self.v, self.pie = version, pie
        self.relocs = []
        self.names = b"\0"
        self.pctab = b"\0"

    def name(self, s):
        at = len(self.names)
        self.names += s + b"\0"
        return at

    def pc(self, steps):
        at = len(self.pctab)
        self.pctab += values(steps)
        return at

    def func(self, entry, name, file, line, inline, start, at=0):
        """`at`: where the row will lie in the table; pointers in it are aligned."""
        v = self.v
        out = struct.pack("<I", entry - TEXT) if v >= 18 else struct.pack("<Q", entry)
        out += struct.pack("<IIII", name, 0, 0, 0)
        out += struct.pack("<II", file, line)
        n_pcdata = 3 if inline else 0
        out += struct.pack("<I", n_pcdata)
        if v >= 16:
            out += struct.pack("<I", 0)
        if v >= 20:
            out += struct.pack("<i", start)
        out += bytes([0, 0, 0, (4 if v >= 18 else 5) if inline else 0])
        if inline and v < 18:
            out += struct.pack("<III", 0, 0, inline)
            out += bytes(-(TAB + at + len(out)) % 8)
            out += struct.pack("<QQQQQ", 0, 0, 0, 0, DATA)
        elif inline:
            out += struct.pack("<III", 0, 0, inline)
            out += struct.pack("<IIII", 0xffffffff, 0xffffffff, 0xffffffff, 0)
        return out

    def build(self):
        v = self.v
        outer, inner, last = self.name(b"main.outer"), self.name(b"main.inner"), self.name(b"main.last")
        magic = {2: 0xfffffffb, 16: 0xfffffffa, 18: 0xfffffff0, 20: 0xfffffff1}[v]
        first = 1 if v == 2 else 0
        file_o = self.pc([(first, 0x10), (first + 1, 0x10), (first, 0x20)])
        file_l = self.pc([(first + 1, 0x20)])
        line_o = self.pc([(5, 0x8), (6, 0x8), (21, 0x10), (8, 0x20)])
        line_l = self.pc([(30, 0x20)])
        inl = self.pc([(-1, 0x10), (0, 0x10), (-1, 0x20)])
        # kind, name, place of the call, first line; before 1.20 file and line of the call, too
        if v >= 20:
            tree = struct.pack("<BBBBiii", 0, 0, 0, 0, inner, 8, 20)
        else:
            tree = struct.pack("<hBBiiii", -1, 0, 0, 0, 6, inner, 8)
        if v == 2:
            fixed = 8 + 8 + (2 * 2 + 1) * 8 + 4
            tree = struct.pack("<hBBiiii", -1, 0, 0, 0, 6, fixed + inner, 8)
        head = struct.pack("<IHBB", magic, 0, 1, 8)
        files = b"/src/main.go\0/src/inner.go\0"
        if v == 2:
            blob_at = 8 + 8 + (2 * 2 + 1) * 8 + 4
            names_at = blob_at
            pctab_at = names_at + len(self.names)
            files_at = pctab_at + len(self.pctab)
            list_at = files_at + len(files)
            funcs_at = list_at + 12
            fix = lambda x, base: x + base if x else 0
            f1 = self.func(TEXT, fix(outer, names_at), fix(file_o, pctab_at), fix(line_o, pctab_at), fix(inl, pctab_at), 0, funcs_at)
            f2 = self.func(TEXT + 0x40, fix(last, names_at), fix(file_l, pctab_at), fix(line_l, pctab_at), 0, 0)
            out = head + struct.pack("<Q", 2)
            out += struct.pack("<QQQQQI", TEXT, funcs_at, TEXT + 0x40, funcs_at + len(f1), TEXT + 0x60, list_at)
            out += self.names + self.pctab + files
            out += struct.pack("<III", 3, files_at, files_at + 13)
            return out + f1 + f2, tree, 0
        n_words = 8 if v >= 18 else 7
        at = 8 + n_words * 8
        names_at = at
        units_at = names_at + len(self.names)
        units = struct.pack("<II", 0, 13)
        files_at = units_at + len(units)
        pctab_at = files_at + len(files)
        funcs_at = pctab_at + len(self.pctab)
        size = 4 if v >= 18 else 8
        rows = 5 * size
        f1 = self.func(TEXT, outer, file_o, line_o, inl, 4, funcs_at + rows)
        f2 = self.func(TEXT + 0x40, last, file_l, line_l, 0, 29)
        if v >= 18:
            tab = struct.pack("<IIIII", 0, rows, 0x40, rows + len(f1), 0x60)
        else:
            tab = struct.pack("<QQQQQ", TEXT, rows, TEXT + 0x40, rows + len(f1), TEXT + 0x60)
        if self.pie:
            self.relocs = [(TAB + 24, TEXT)]
        words = [2, 2] + ([0 if self.pie else TEXT] if v >= 18 else []) + [names_at, units_at, files_at, pctab_at, funcs_at]
        out = head + struct.pack("<%dQ" % n_words, *words)
        out += self.names + units + files + self.pctab + tab + f1 + f2
        module = [0] * 48
        module[0], module[1], module[4] = TAB, TAB + names_at, TAB + units_at
        module[40 if v >= 20 else 38] = DATA + 48 * 8
        if v < 18:
            return out, tree, 0
        if self.pie:
            self.relocs += [(DATA + 8 * i, word) for i, word in enumerate(module) if word]
            module = [0] * 48
        return out, struct.pack("<48Q", *module) + tree, len(tree)


def elf(version, pie=False):
    """Of the position-independent ones a C linker put the table among other data."""
    table = Table(version, pie)
    tab, data, _ = table.build()
    strings = (b"\0.text\0.gopclntab\0.noptrdata\0.shstrtab\0.data.rel.ro\0.rela.dyn\0"
               b".go.buildinfo\0")
    secs, body = [(0,) * 10], b""
    base = 64

    def add(name, kind, flags, addr, content):
        nonlocal body
        secs.append((strings.index(name), kind, flags, addr, base + len(body), len(content), 0, 0, 8, 0))
        body += content + b"\0" * (-len(content) % 8)

    add(b".text\0", 1, 6, TEXT, b"\xcc" * 0x60)
    if pie:
        add(b".data.rel.ro\0", 1, 3, TAB - 64, bytes(64) + tab)
        add(b".rela.dyn\0", 4, 2, TAB + 0x1000,
            b"".join(struct.pack("<QQQ", at, 8, to) for at, to in reversed(table.relocs)))
        add(b".go.buildinfo\0", 1, 3, TAB + 0x1800, b"\xff Go buildinf:")
    else:
        add(b".gopclntab\0", 1, 2, TAB, tab)
    add(b".noptrdata\0", 1, 3, DATA, data)
    add(b".shstrtab\0", 3, 0, 0, strings)
    head = b"\x7fELF\2\1\1" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 3 if pie else 2, 62, 1, TEXT, 0, base + len(body), 0, 64, 0, 0, 64, len(secs), len(secs) - 1)
    return head + body + b"".join(struct.pack("<IIQQQQIIQQ", *s) for s in secs)


def write(name, data):
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(data)


write("jit-le.dump", jitdump("<"))
write("jit-be.dump", jitdump(">"))
write("jit-times.dump", jitdump_times())
for v in (2, 16, 18, 20):
    write("go-1.%d" % v, elf(v))
for v in (18, 20):
    write("go-1.%d-pie" % v, elf(v, pie=True))
