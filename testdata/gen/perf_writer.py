# SPDX-License-Identifier: Apache-2.0
"""Writes perf.data files by hand: any byte order, any mode, any damage.

Only the format's own rules are here (linux/perf_event.h and perf's
perf.data-file-format.txt); what a capture says is in perf.py.
"""
import struct
import subprocess

IP, TID, TIME, ADDR, READ, CALLCHAIN, ID, CPU, PERIOD, STREAM_ID, RAW, BRANCH, REGS_USER, \
    STACK_USER, WEIGHT, DATA_SRC, IDENTIFIER, TRANSACTION, REGS_INTR, PHYS_ADDR, AUX, CGROUP, \
    DATA_PAGE, CODE_PAGE, WEIGHT_STRUCT = (1 << i for i in range(25))
MMAP, LOST, COMM, EXIT, THROTTLE, UNTHROTTLE, FORK, SAMPLE, MMAP2 = 1, 2, 3, 4, 5, 6, 7, 9, 10
LOST_SAMPLES, KSYMBOL, CGROUP_RECORD, DEFERRED = 13, 17, 19, 22
HEADER_ATTR, BUILD_ID, FINISHED_ROUND, FEATURE = 64, 67, 68, 80
COMPRESSED, COMPRESSED2 = 81, 83
KERNEL, USER = 1, 2
CTX_KERNEL, CTX_USER, CTX_DEFERRED = 2**64 - 128, 2**64 - 512, 2**64 - 640
FREQ, SAMPLE_ID_ALL, COMM_EXEC, USE_CLOCKID = 1 << 10, 1 << 18, 1 << 24, 1 << 25
SOFTWARE, TRACEPOINT, CPU_CLOCK, DUMMY = 1, 2, 0, 9


class Event:
    def __init__(self, name, sample_type, type=SOFTWARE, config=CPU_CLOCK, period=1000,
                 flags=SAMPLE_ID_ALL | COMM_EXEC, ids=(), read_format=0, branch_type=0,
                 regs_user=0, stack_user=0, size=112, regs_intr=0, clock=0):
        self.__dict__.update(locals())


class Capture:
    def __init__(self, order="<", events=(), magic=None):
        self.o = order
        self.magic = magic or (b"PERFILE2" if order == "<" else b"2ELIFREP")
        self.events = list(events)
        self.data = b""
        self.features = {}

    def pack(self, format, *values):
        return struct.pack(self.o + format, *values)

    def text(self, s, align=8):
        raw = s.encode() if isinstance(s, str) else s
        raw += b"\0"
        return raw + b"\0" * (-len(raw) % align)

    # ---- records ----

    def record(self, type, body, misc=0):
        self.data += self.raw_record(type, body, misc)

    def raw_record(self, type, body, misc=0):
        return self.pack("IHH", type, misc, 8 + len(body)) + body

    def trailer(self, event, pid, tid, time, cpu=0):
        e = self.events[event]
        t, out = e.sample_type, b""
        if not e.flags & SAMPLE_ID_ALL:
            return out
        id = e.ids[0] if e.ids else 0
        if t & TID:
            out += self.pack("II", pid & 0xffffffff, tid & 0xffffffff)
        if t & TIME:
            out += self.pack("Q", time)
        if t & ID:
            out += self.pack("Q", id)
        if t & STREAM_ID:
            out += self.pack("Q", id)
        if t & CPU:
            out += self.pack("II", cpu, 0)
        if t & IDENTIFIER:
            out += self.pack("Q", id)
        return out

    def mmap(self, pid, start, size, offset, name, time=0, misc=USER, event=0):
        body = self.pack("IIQQQ", pid & 0xffffffff, pid & 0xffffffff, start, size, offset)
        self.record(MMAP, body + self.text(name) + self.trailer(event, pid, pid, time), misc)

    def mmap2(self, pid, start, size, offset, name, time=0, misc=USER, build_id=None, event=0,
              protection=True):
        body = self.pack("IIQQQ", pid & 0xffffffff, pid & 0xffffffff, start, size, offset)
        if build_id is not None:
            misc |= 1 << 14
            body += bytes([len(build_id), 0, 0, 0]) + build_id.ljust(20, b"\0")
        else:
            body += self.pack("IIQQ", 8, 1, 1234, 1)
        if protection:
            body += self.pack("II", 5, 2)
        self.record(MMAP2, body + self.text(name) + self.trailer(event, pid, pid, time), misc)

    def comm(self, pid, tid, name, time=0, exec=False, event=0):
        body = self.pack("II", pid, tid) + self.text(name)
        self.record(COMM, body + self.trailer(event, pid, tid, time), exec << 13)

    def fork(self, pid, ppid, tid, ptid, time, event=0, synthesized=False):
        body = self.pack("IIIIQ", pid, ppid, tid, ptid, time)
        self.record(FORK, body + self.trailer(event, ppid, ptid, time), synthesized << 13)

    def exit(self, pid, tid, time, event=0):
        body = self.pack("IIIIQ", pid, pid, tid, tid, time)
        self.record(EXIT, body + self.trailer(event, pid, tid, time))

    def ksymbol(self, start, size, name, time=0, unregister=0, event=0):
        body = self.pack("QIHH", start, size, 1, unregister) + self.text(name)
        self.record(KSYMBOL, body + self.trailer(event, -1, 0, time), 0)

    def cgroup(self, id, path, time=0, event=0):
        self.record(CGROUP_RECORD, self.pack("Q", id) + self.text(path) +
                    self.trailer(event, 0, 0, time))

    def deferred(self, tid, cookie, ips, time, event=0):
        body = self.pack("QQ", cookie, len(ips)) + self.pack("%dQ" % len(ips), *ips)
        self.record(DEFERRED, body + self.trailer(event, tid, tid, time), USER)

    def sample(self, event=0, ip=0, pid=0, tid=None, time=0, chain=None, period=1000, cpu=0,
               mode=USER, read=None, branches=None, regs=None, stack=None, id=None, cgroup=0,
               raw=b"", real=None):
        e = self.events[event]
        t, out = e.sample_type, b""
        tid = pid if tid is None else tid
        id = id if id is not None else e.ids[0] if e.ids else 0
        if t & IDENTIFIER:
            out += self.pack("Q", id)
        if t & IP:
            out += self.pack("Q", ip)
        if t & TID:
            out += self.pack("II", pid & 0xffffffff, tid & 0xffffffff)
        if t & TIME:
            out += self.pack("Q", time)
        if t & ADDR:
            out += self.pack("Q", 0)
        if t & ID:
            out += self.pack("Q", id)
        if t & STREAM_ID:
            out += self.pack("Q", id)
        if t & CPU:
            out += self.pack("II", cpu, 0)
        if t & PERIOD:
            out += self.pack("Q", period)
        if t & READ:
            out += self.read_values(e.read_format, read)
        if t & CALLCHAIN:
            chain = chain or []
            out += self.pack("Q", len(chain)) + self.pack("%dQ" % len(chain), *chain)
        if t & RAW:
            pad = -(len(raw) + 4) % 8
            out += self.pack("I", len(raw) + pad) + raw + b"\0" * pad
        if t & BRANCH:
            out += self.branches(e, branches or [])
        if t & REGS_USER:
            out += self.pack("Q", 2 if regs else 0)
            out += self.pack("%dQ" % len(regs), *regs) if regs else b""
        if t & STACK_USER:
            out += self.pack("Q", len(stack or b""))
            if stack:
                out += stack + self.pack("Q", len(stack) if real is None else real)
        for bit in (WEIGHT, DATA_SRC, TRANSACTION):
            out += self.pack("Q", 0) if t & bit else b""
        if t & REGS_INTR:
            out += self.pack("QQ", 2, 0x1234)
        if t & PHYS_ADDR:
            out += self.pack("Q", 0)
        if t & CGROUP:
            out += self.pack("Q", cgroup)
        self.record(SAMPLE, out, mode)

    def read_values(self, format, read):
        """read: [(value, id)…] for a group, one pair else."""
        group = format & 8
        times = b"".join(self.pack("Q", 7) for bit in (1, 2) if format & bit)
        out = self.pack("Q", len(read)) + times if group else b""
        for value, id in read:
            out += self.pack("Q", value)
            out += b"" if group else times
            out += self.pack("Q", id) if format & 4 else b""
            out += self.pack("Q", 0) if format & 16 else b""
        return out

    def branches(self, e, branches):
        out = self.pack("Q", len(branches))
        if e.branch_type & 1 << 17:
            out += self.pack("q", -1)
        for source, target in branches:
            out += self.pack("QQQ", source, target, 0)
        return out

    # ---- features ----

    def str(self, s):
        padded = s.encode().ljust((len(s) // 64 + 1) * 64, b"\0")
        return self.pack("I", len(padded)) + padded

    def strlist(self, words):
        return self.pack("I", len(words)) + b"".join(self.str(w) for w in words)

    def event_desc(self, names=None):
        size = self.events[0].size
        out = self.pack("II", len(self.events), size)
        for e in self.events:
            out += self.attr(e) + self.pack("I", len(e.ids)) + self.str(e.name)
            out += b"".join(self.pack("Q", id) for id in e.ids)
        return out

    def build_id(self, path, id, mode=USER, pid=-1):
        body = self.pack("i", pid) + id.ljust(20, b"\0") + bytes([len(id), 0, 0, 0])
        return self.raw_record(0, body + self.text(path, 64), mode | 1 << 15)

    def describe(self, host="box", arch="x86_64", command=("perf", "record", "./prog")):
        self.features = {3: self.str(host), 4: self.str("6.1.0"), 5: self.str("6.1.99"),
                         6: self.str(arch), 11: self.strlist(command),
                         12: self.event_desc()}

    # ---- containers ----

    def attr(self, e):
        flags = e.flags
        if self.o == ">":  # bitfields begin at the other end
            flags = int(format(flags, "064b")[::-1], 2)
        raw = self.pack("IIQQQQQ", e.type, e.size, e.config, e.period, e.sample_type,
                        e.read_format, flags)
        raw += self.pack("IIQQQQIiQIHH", 0, 0, 0, 0, e.branch_type, e.regs_user, e.stack_user,
                         e.clock, e.regs_intr, 0, 0, 0)
        return raw.ljust(e.size, b"\0")[:e.size]

    def bitmap(self, words32=False):
        bits = sum(1 << bit for bit in self.features)
        if words32:
            return b"".join(self.pack("I", bits >> 32 * i & 0xffffffff) for i in range(8))
        return b"".join(self.pack("Q", bits >> 64 * i & 2**64 - 1) for i in range(4))

    def file(self, words32=False, data_size=None):
        ids, attrs = b"", b""
        size = self.events[0].size
        attrs_at = 104 + sum(8 * len(e.ids) for e in self.events)
        for e in self.events:
            attrs += self.attr(e) + self.pack("QQ", 104 + len(ids), 8 * len(e.ids))
            ids += b"".join(self.pack("Q", id) for id in e.ids)
        data_at = attrs_at + len(attrs)
        head = self.magic + self.pack("QQQQQQQQ", 104, size + 16, attrs_at, len(attrs), data_at,
                                      len(self.data) if data_size is None else data_size, 0, 0)
        out = head + self.bitmap(words32) + ids + attrs + self.data
        if data_size == 0:
            return out
        at = len(out) + 16 * len(self.features)
        table, bodies = b"", b""
        for bit in sorted(self.features):
            table += self.pack("QQ", at + len(bodies), len(self.features[bit]))
            bodies += self.features[bit]
        return out + table + bodies

    def pipe(self):
        out = self.magic + self.pack("Q", 16)
        for e in self.events:
            out += self.raw_record(HEADER_ATTR, self.attr(e) +
                                   b"".join(self.pack("Q", id) for id in e.ids))
        for bit in sorted(self.features):
            out += self.raw_record(FEATURE, self.pack("Q", bit) + self.features[bit])
        if self.features:
            out += self.raw_record(FEATURE, self.pack("Q", 32))
        return out + self.data

    def compress(self, chunk, type=COMPRESSED, damage=False):
        """Replaces the data so far by one zstd stream cut into records of `chunk` bytes."""
        done = subprocess.run(["zstd", "-q", "-3", "--no-check", "-c"], input=self.data,
                              stdout=subprocess.PIPE, check=True)
        stream, self.data = done.stdout, b""
        if damage:
            at = len(stream) * 3 // 4
            stream = stream[:at] + bytes(2000) + stream[at + 300:]
        for i in range(0, len(stream), chunk):
            part = stream[i:i + chunk]
            if type == COMPRESSED2:
                pad = b"\0" * (-len(part) % 8)
                part = self.pack("Q", len(part)) + part + pad
            self.record(type, part)
