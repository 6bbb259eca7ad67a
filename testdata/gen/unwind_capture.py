#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns a perf.data with captured stacks into a file for the unwinder's tests.

Usage: unwind_capture.py perf.data OUT [--most N] [--rename PATH=NAME]…

The result (little-endian): "cpunwnd1"; machine name; u32 n, n images {path, build id in hex,
u32 kind}; then records until the end of the file: 'M' u32 space, u32 n, n maps {u64 start,
limit, offset, u32 image from 1}; 'S' u32 space, pid, tid, u64 time, abi, mask, u32 n, n u64
registers, u64 asked, u32 n, n bytes of stack. Texts are u32 n and n bytes.

It is deliberately independent of libcp's own reader: plain files, one word order, no
compression.
"""
import struct
import sys

SAMPLE, MMAP, COMM, FORK, MMAP2 = 9, 1, 3, 7, 10
KIND_USER, KIND_VDSO, KIND_JIT = 1, 4, 5


class Reader:
    def __init__(self, path):
        self.d = open(path, 'rb').read()
        magic, _, attr_size = struct.unpack_from('<8sQQ', self.d, 0)
        assert magic == b'PERFILE2', 'only plain little-endian files'
        (self.attrs_at, self.attrs_n, self.data_at, self.data_n) = struct.unpack_from(
            '<QQQQ', self.d, 24)
        self.attrs, self.by_id = [], {}
        for at in range(self.attrs_at, self.attrs_at + self.attrs_n, attr_size):
            self.attrs.append(self.attr(at, attr_size))
        self.machine, self.build_ids = 'x86_64', {}
        self.features()

    def attr(self, at, size):
        sample_type, read_format, flags = struct.unpack_from('<QQQ', self.d, at + 24)
        branch, regs, stack = struct.unpack_from('<QQI', self.d, at + 72)
        attr = {'type': sample_type, 'read': read_format, 'all': flags >> 18 & 1,
                'regs': regs, 'branch': branch}
        ids, n = struct.unpack_from('<QQ', self.d, at + size - 16)
        for i in range(n // 8):
            self.by_id[struct.unpack_from('<Q', self.d, ids + 8 * i)[0]] = attr
        return attr

    def features(self):
        bits = int.from_bytes(self.d[72:104], 'little')
        at = self.data_at + self.data_n
        for bit in range(256):
            if not bits >> bit & 1:
                continue
            offset, size = struct.unpack_from('<QQ', self.d, at)
            at += 16
            if bit == 6:
                n, = struct.unpack_from('<I', self.d, offset)
                self.machine = self.d[offset + 4:offset + 4 + n].split(b'\0')[0].decode()
            if bit == 2:
                self.read_build_ids(offset, offset + size)

    def read_build_ids(self, at, end):
        while at < end:
            _, misc, size = struct.unpack_from('<IHH', self.d, at)
            n = self.d[at + 32] if misc & 1 << 15 else 20
            name = self.d[at + 36:at + size].split(b'\0')[0].decode(errors='replace')
            self.build_ids[name] = self.d[at + 12:at + 12 + n].hex()
            at += size

    def records(self):
        """(time, order, kind, offset, misc, size, attr) sorted as perf sorts them."""
        out, at, order = [], self.data_at, 0
        end = self.data_at + self.data_n
        while at + 8 <= end:
            kind, misc, size = struct.unpack_from('<IHH', self.d, at)
            if kind in (SAMPLE, MMAP, COMM, FORK, MMAP2):
                out.append((self.time(kind, at, size), order, kind, at, misc, size))
            order += 1
            at += size
        out.sort(key=lambda r: r[:2])
        return out

    def attr_of(self, at):
        """Of a sample."""
        if len(self.attrs) == 1:
            return self.attrs[0]
        t = self.attrs[0]['type']
        at += 8 if t >> 16 & 1 else 8 + 8 * bin(t & 15).count('1')
        return self.by_id[struct.unpack_from('<Q', self.d, at)[0]]

    def time(self, kind, at, size):
        if kind == SAMPLE:
            return self.sample(at, header_only=True)['time']
        t = self.attrs[0]['type']
        if not self.attrs[0]['all'] or not t >> 2 & 1:
            return 0
        behind = sum(8 for bit in (2, 6, 9, 7, 16) if t >> bit & 1)
        return struct.unpack_from('<Q', self.d, at + size - behind)[0]

    def sample(self, at, header_only=False):
        d, attr = self.d, self.attr_of(at)
        t = attr['type']
        s = {'pid': 0, 'tid': 0, 'time': 0, 'abi': 0}
        at += 8

        def u64():
            nonlocal at
            at += 8
            return struct.unpack_from('<Q', d, at - 8)[0]

        for bit in (16, 0):
            if t >> bit & 1:
                u64()
        if t >> 1 & 1:
            s['pid'], s['tid'] = struct.unpack_from('<II', d, at)
            at += 8
        if t >> 2 & 1:
            s['time'] = u64()
        if header_only:
            return s
        for bit in (3, 6, 9, 7, 8):
            if t >> bit & 1:
                u64()
        assert not t >> 4 & 1, 'READ is not supported'
        if t >> 5 & 1:
            n = u64()
            at += 8 * n
        if t >> 10 & 1:
            n, = struct.unpack_from('<I', d, at)
            at += 4 + n
        assert not t >> 11 & 1, 'BRANCH_STACK is not supported'
        if t >> 12 & 1:
            s['abi'] = u64()
            s['mask'] = attr['regs']
            n = bin(attr['regs']).count('1') if s['abi'] else 0
            s['regs'] = struct.unpack_from(f'<{n}Q', d, at)
            at += 8 * n
        if t >> 13 & 1:
            s['asked'] = u64()
            s['stack'] = b''
            if s['asked']:
                used, = struct.unpack_from('<Q', d, at + s['asked'])
                s['stack'] = d[at:at + used]
        return s


class Spaces:
    """Address spaces over time: a sorted list of maps per process."""

    def __init__(self, reader):
        self.reader, self.maps, self.images, self.order = reader, {}, {}, []

    def image(self, path):
        kind = KIND_USER
        if path.startswith('[vdso') or path == '[vsyscall]':
            kind = KIND_VDSO
        elif path.startswith(('//anon', '[', 'anon_inode:', '/memfd:', '/dev/zero')):
            kind = KIND_JIT
        if path not in self.images:
            self.order.append((path, self.reader.build_ids.get(path, ''), kind))
            self.images[path] = len(self.order)
        return self.images[path]

    def add(self, pid, start, length, offset, path, executable):
        out = []
        limit = start + length
        for m in self.maps.get(pid, ()):
            if m[1] <= start or m[0] >= limit:
                out.append(m)
                continue
            if m[0] < start:
                out.append((m[0], start, m[2], m[3]))
            if m[1] > limit:
                out.append((limit, m[1], m[2] + limit - m[0], m[3]))
        if executable:
            # perf calls a 32-bit task's vdso so in its table of build ids only.
            if path == '[vdso]' and start < 1 << 32:
                path = '[vdso32]'
            out.append((start, limit, offset, self.image(path)))
        self.maps[pid] = tuple(sorted(out))

    def feed(self, kind, at, misc, size):
        d = self.reader.d
        if kind == FORK:
            pid, ppid = struct.unpack_from('<II', d, at + 8)
            if pid != ppid and not misc >> 13 & 1:
                self.maps[pid] = self.maps.get(ppid, ())
        elif kind == COMM and misc >> 13 & 1:
            self.maps[struct.unpack_from('<I', d, at + 8)[0]] = ()
        elif kind == MMAP2:
            pid, _, start, length, offset = struct.unpack_from('<IIQQQ', d, at + 8)
            prot, = struct.unpack_from('<I', d, at + 64)
            path = d[at + 72:at + size].split(b'\0')[0].decode(errors='replace')
            if misc & 7 == 2:
                self.add(pid, start, length, offset, path, prot & 4)
        elif kind == MMAP:
            pid, _, start, length, offset = struct.unpack_from('<IIQQQ', d, at + 8)
            path = d[at + 40:at + size].split(b'\0')[0].decode(errors='replace')
            if misc & 7 == 2:
                self.add(pid, start, length, offset, path, not misc >> 13 & 1)


def text(s):
    b = s.encode()
    return struct.pack('<I', len(b)) + b


def convert(path, most=None, rename=()):
    reader = Reader(path)
    spaces, known, body, n = Spaces(reader), {}, [], 0
    for _, _, kind, at, misc, size in reader.records():
        if kind != SAMPLE:
            spaces.feed(kind, at, misc, size)
            continue
        s = reader.sample(at)
        if not s.get('abi') or not s.get('stack') or (most is not None and n >= most):
            continue
        n += 1
        key = (s['pid'], spaces.maps.get(s['pid'], ()))
        if key not in known:
            known[key] = len(known) + 1
            body.append(b'M' + struct.pack('<II', known[key], len(key[1])))
            body += [struct.pack('<QQQI', *m) for m in key[1]]
        body.append(b'S' + struct.pack('<IIIQQQI', known[key], s['pid'], s['tid'], s['time'],
                                       s['abi'], s['mask'], len(s['regs'])))
        body.append(struct.pack(f'<{len(s["regs"])}Q', *s['regs']))
        body.append(struct.pack('<QI', s['asked'], len(s['stack'])) + s['stack'])
    names = dict(r.split('=', 1) for r in rename)
    head = [b'cpunwnd1', text(reader.machine), struct.pack('<I', len(spaces.order))]
    for image, build_id, kind in spaces.order:
        head.append(text(names.get(image, image)) + text(build_id) + struct.pack('<I', kind))
    return b''.join(head + body)


def main():
    args, most, rename = sys.argv[1:], None, []
    while '--most' in args:
        i = args.index('--most')
        most = int(args[i + 1])
        del args[i:i + 2]
    while '--rename' in args:
        i = args.index('--rename')
        rename.append(args[i + 1])
        del args[i:i + 2]
    with open(args[1], 'wb') as f:
        f.write(convert(args[0], most, rename))


if __name__ == '__main__':
    main()
