# SPDX-License-Identifier: Apache-2.0
"""Writes pprof profiles by hand, independently of libcp's own encoder, and makes random
ones that exercise what merging and filtering have to get right."""
import gzip
import os
import random
import subprocess
import tempfile
import zlib

scratch = tempfile.TemporaryDirectory()  # gone when the test ends


def varint(x):
    x &= (1 << 64) - 1
    out = bytearray()
    while x > 127:
        out.append(x & 127 | 128)
        x >>= 7
    out.append(x)
    return bytes(out)


def number(field, x):
    return varint(field << 3) + varint(x) if x else b""


def blob(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def packed(field, numbers):
    return blob(field, b"".join(map(varint, numbers))) if numbers else b""


def fields(data):
    """(number, value) of each field; bytes for length-delimited ones."""
    at = 0

    def read():
        nonlocal at
        x = shift = 0
        while True:
            byte = data[at]
            at += 1
            x |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return x

    while at < len(data):
        key = read()
        if key & 7 == 0:
            yield key >> 3, read()
        else:
            n = read() if key & 7 == 2 else 8 if key & 7 == 1 else 4
            yield key >> 3, data[at:at + n]
            at += n


def frames(data):
    """{address: [(system name, file, line)]}, innermost first, of an encoded profile."""
    rows = {n: [] for n in range(1, 16)}
    for number_, value in fields(data):
        rows.setdefault(number_, []).append(value)
    strings = [s.decode("utf-8", "replace") for s in rows[6]]
    functions = {}
    for row in rows[5]:
        f = dict(fields(row))
        functions[f[1]] = (strings[f.get(3) or f.get(2, 0)], strings[f.get(4, 0)])
    result = {}
    for row in rows[4]:
        address, lines = 0, []
        for number_, value in fields(row):
            if number_ == 3:
                address = value
            elif number_ == 4:
                line = dict(fields(value))
                lines.append((*functions.get(line.get(1), ("", "")), line.get(2, 0)))
        result[address] = lines
    return result


def operands(path):
    """What pprof is given for a profile that stands alone: it, and one without samples.

    Until 2022 pprof merged a single profile with itself (rows numbered anew, equal samples made
    one, samples of zeros dropped), since then it takes it as it is. libcp does as the first
    did, wherever the result is the same but for sums that are rounded one by one or as one.
    Two operands are merged by either, so that one test stands against both."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    head = b"".join(number(n, value) if isinstance(value, int) else blob(n, value)
                    for n, value in fields(data) if n in (1, 6, 9, 11, 12, 14))
    # Named by what it holds, so that one serves for all profiles of these types.
    empty = os.path.join(scratch.name, "%08x.pb.gz" % zlib.crc32(head))
    with open(empty, "wb") as f:
        f.write(gzip.compress(head))
    return [path, empty]


def columns(case):
    """What cpreport is told so that it shows columns where this pprof does: since 2023 that is
    with -addresses, too."""
    shows = subprocess.run(["go", "tool", "pprof", "-help"], capture_output=True, text=True)
    return ["--no-showcolumns"] if "-addresses" in case and \
        "showcolumns" not in shows.stdout + shows.stderr else []


class Profile:
    """Rows are added in file order; strings are interned."""

    def __init__(self):
        self.strings = {"": 0}
        self.parts = {n: [] for n in range(1, 16)}

    def s(self, text):
        return self.strings.setdefault(text, len(self.strings))

    def value_type(self, kind, unit):
        return number(1, self.s(kind)) + number(2, self.s(unit))

    def sample_type(self, kind, unit):
        self.parts[1].append(blob(1, self.value_type(kind, unit)))

    def sample(self, locations, values, labels=()):
        """labels: (key, 'text') or (key, number, unit)."""
        body = packed(1, locations) + packed(2, values)
        for key, value, *unit in labels:
            if isinstance(value, str):
                label = number(1, self.s(key)) + number(2, self.s(value))
            else:
                label = number(1, self.s(key)) + number(3, value)
                if unit and unit[0]:
                    label += number(4, self.s(unit[0]))
            body += blob(3, label)
        self.parts[2].append(blob(2, body))

    def mapping(self, ident, start, limit, offset, path, build_id="", has=0):
        body = number(1, ident) + number(2, start) + number(3, limit) + number(4, offset)
        body += number(5, self.s(path)) + number(6, self.s(build_id))
        for bit in range(4):
            body += number(7 + bit, has >> bit & 1)
        self.parts[3].append(blob(3, body))

    def location(self, ident, mapping, address, lines=(), folded=False):
        """lines: (function, line[, column]), innermost first."""
        body = number(1, ident) + number(2, mapping) + number(3, address)
        for function, line, *column in lines:
            body += blob(4, number(1, function) + number(2, line) +
                         number(3, column[0] if column else 0))
        self.parts[4].append(blob(4, body + number(5, int(folded))))

    def function(self, ident, name, system_name="", file="", start_line=0):
        self.parts[5].append(blob(5, number(1, ident) + number(2, self.s(name)) +
                                  number(3, self.s(system_name)) + number(4, self.s(file)) +
                                  number(5, start_line)))

    def header(self, drop="", keep="", time=0, duration=0, period_type=None, period=0,
               comments=(), default=""):
        self.parts[7] = [number(7, self.s(drop))]
        self.parts[8] = [number(8, self.s(keep))]
        self.parts[9] = [number(9, time)]
        self.parts[10] = [number(10, duration)]
        if period_type:
            self.parts[11] = [blob(11, self.value_type(*period_type))]
        self.parts[12] = [number(12, period)]
        self.parts[13] = [packed(13, [self.s(c) for c in comments])]
        self.parts[14] = [number(14, self.s(default))]

    def encode(self):
        strings = [blob(6, s.encode("utf-8", "surrogateescape")) for s in self.strings]
        order = [1, 2, 3, 4, 5]
        return b"".join(b"".join(self.parts[n]) for n in order) + b"".join(strings) + \
            b"".join(b"".join(self.parts[n]) for n in range(7, 15))

    def save(self, path):
        with open(path, "wb") as f:
            f.write(gzip.compress(self.encode(), 1, mtime=0))


BINARIES = [("/bin/app", "", 0x3000), ("/lib/libx.so.1", "aabb01", 0x8000),
            ("/lib/liby.so.2", "", 0x5000), ("[vdso]", "", 0x2000)]


def weight(rng):
    """Sums of these are never equal by chance, so that reports have no ties."""
    return rng.choice([1, 1, 2, 3, 5]) * 1000 + rng.randrange(1, 997)


def random_profile(seed, samples=60, shift=0, types=(("samples", "count"), ("cpu", "nanoseconds")),
                   negative=False, columns=False, mapped=True, labels=True):
    """Profiles of one `seed` family share functions and code; `shift` moves the mappings
    as address-space randomisation does."""
    rng = random.Random(seed * 1000003 + shift)
    code = random.Random(seed)
    p = Profile()
    for kind, unit in types:
        p.sample_type(kind, unit)
    bases = []
    for i, (path, build_id, size) in enumerate(BINARIES):
        base = 0x400000 + i * 0x1000000 + (shift * 0x111000 if i else 0)
        bases.append(base)
        if mapped:
            p.mapping(i + 1, base, base + size, 0x1000 * i, path, build_id, 0xf if i < 2 else 0)
    n_functions, n_locations = 24, 50
    for f in range(n_functions):
        name = code.choice(["main", "run<int>(char)", "ns::Work::do", "alloc", "free", "λ",
                            "operator()(x)", "(anonymous namespace)::f"]) + str(f % 17)
        p.function(f + 1, name, "_Z" + name if f % 3 else "",
                   "src/%s.c" % "abcdefg"[f % 7], f * 10 % 70)
    for i in range(n_locations):
        m = code.randrange(len(BINARIES))
        depth = code.choice([0, 1, 1, 1, 2, 3])
        lines = [(1 + code.randrange(n_functions), code.randrange(90),
                  code.randrange(9) if columns else 0) for _ in range(depth)]
        p.location(i + 1, m + 1 if mapped else 0,
                   bases[m] + code.randrange(BINARIES[m][2]), lines,
                   folded=code.random() < .05)
    for _ in range(samples):
        stack = [1 + rng.randrange(n_locations) for _ in range(rng.randrange(1, 9))]
        sign = -1 if negative and rng.random() < .5 else 1
        values = [sign * weight(rng) for _ in types]
        if rng.random() < .05:
            values = [0] * len(types)
        own = []
        if labels:
            if rng.random() < .6:
                own.append(("comm", rng.choice(["sh", "bash", "é"])))
            if rng.random() < .4:
                own.append(("bytes", rng.choice([0, 16, 4096]), rng.choice(["", "bytes", "kb"])))
            if rng.random() < .3:
                own += [("k", "v1"), ("k", "v2")]
            rng.shuffle(own)
        p.sample(stack, values, own)
    p.header(time=rng.choice([0, 1700000000000000000 + shift]), duration=1000 + shift,
             period_type=("cpu", "nanoseconds"), period=100 + shift % 7,
             comments=["c%d" % (shift % 3), "shared"], default=types[0][0] if shift % 2 else "")
    return p
