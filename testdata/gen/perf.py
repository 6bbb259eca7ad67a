#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes testdata/perf: perf.py FOLDER

Captures of what no machine at hand records, and what each must be read as. A .stacks
file has one line per sample row, sorted:

    comm=NAME pid=N | VALUE… | FRAME;FRAME…      leaf first

FRAME is PATH+OFFSET for an address in a file (its position in the file, for the kernel
the address itself) or the address alone where nothing is mapped.
"""
import sys
from pathlib import Path

from perf_writer import *

STACK = IP | TID | TIME | PERIOD | CALLCHAIN
KTEXT = 0xffffffff81000000


def base(c, pid=10, comm="prog", time=0):
    """A process with a program, a library and a kernel under it."""
    c.mmap(-1, KTEXT, 0x1000000, KTEXT, "[kernel.kallsyms]_text", time, KERNEL)
    c.comm(pid, pid, comm, time)
    c.mmap2(pid, 0x400000, 0x1000, 0x1000, "/bin/prog", time)
    c.mmap2(pid, 0x7f0000000000, 0x2000, 0, "/lib/libc.so", time)


def chain_capture(order, **kw):
    c = Capture(order, [Event("cpu-clock", STACK)], **kw)
    base(c)
    c.sample(0, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010, 0x400101, 0x7f0000000021])
    c.sample(0, KTEXT + 0x50, 10, time=6, mode=KERNEL, period=7,
             chain=[CTX_KERNEL, KTEXT + 0x50, KTEXT + 0x81, CTX_USER, 0x7f0000000030, 0x400201])
    c.sample(0, 0x400010, 10, time=7, chain=[CTX_USER, 0x400010, 0x400101, 0x7f0000000021])
    c.describe()
    return c


CHAIN_STACKS = [
    "comm=prog pid=10 | 2 2000 | /bin/prog+1010;/bin/prog+1100;/lib/libc.so+20",
    "comm=prog pid=10 | 1 7 | [kernel.kallsyms]_text+ffffffff81000050;"
    "[kernel.kallsyms]_text+ffffffff81000080;/lib/libc.so+30;/bin/prog+1200",
]


def be64():
    return chain_capture(">").file(), CHAIN_STACKS


def be32_writer():
    return chain_capture(">").file(words32=True), CHAIN_STACKS


def le32_writer():
    return chain_capture("<").file(words32=True), CHAIN_STACKS


def v1():
    return chain_capture("<", magic=b"PERFFILE").file(), CHAIN_STACKS


def v1_big():
    return chain_capture(">", magic=b"PERFFILE").file(), CHAIN_STACKS


def v1_big_swapped_magic():
    return chain_capture(">", magic=b"ELIFFREP").pipe(), CHAIN_STACKS


def killed():
    c = chain_capture("<")
    return c.file(data_size=0), CHAIN_STACKS


def cut():
    c = chain_capture("<")
    whole = c.file()
    end = whole.index(c.data) + len(c.data)
    return whole[:end - 20], [
        "comm=prog pid=10 | 1 1000 | /bin/prog+1010;/bin/prog+1100;/lib/libc.so+20",
        CHAIN_STACKS[1]]


def pipe_garbage():
    return chain_capture("<").pipe() + b"[ perf record: Woken up 1 times ]\n", CHAIN_STACKS


def big_pipe():
    return chain_capture(">").pipe(), CHAIN_STACKS


def old_header():
    """104 bytes were 72 before there were features: the bitmap is not there."""
    c = chain_capture("<")
    c.features = {}
    whole = bytearray(c.file())
    whole[8:16] = (72).to_bytes(8, "little")
    return bytes(whole), CHAIN_STACKS


def zstd():
    c = chain_capture("<")
    c.compress(30)
    return c.file(), CHAIN_STACKS


def zstd2():
    c = chain_capture("<")
    c.compress(50, COMPRESSED2)
    c.record(FINISHED_ROUND, b"")
    return c.file(), CHAIN_STACKS


def zstd_broken():
    """The stream is damaged in its middle: what came before stays."""
    c = chain_capture("<")
    for i in range(3000):
        c.sample(0, 0x400010 + 977 * i % 0xff0, 10, time=9 + i, chain=[CTX_USER, 0x400010])
    c.compress(400, damage=True)
    return c.file(), None


def unaligned():
    """Records of odd sizes, as in pipes with tracing data: nothing stays aligned."""
    c = chain_capture("<")
    c.data = c.raw_record(66, c.pack("I", 13)) + b"13 odd bytes." + c.data
    c.data += c.raw_record(71, c.pack("QQQIIII", 5, 0, 0, 0, 0, 0, 0)) + b"trace"
    c.sample(0, 0x400020, 10, time=8, chain=[CTX_USER, 0x400020])
    return c.file(), CHAIN_STACKS + ["comm=prog pid=10 | 1 1000 | /bin/prog+1020"]


def lbr():
    c = Capture("<", [Event("cycles", STACK | BRANCH, type=0, config=0,
                            branch_type=1 << 11 | 1 << 17 | 1)])
    base(c)
    c.sample(0, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010, 0x400999],
             branches=[(0x400105, 0x400000), (0x7f0000000031, 0x400100), (0, 0)])
    c.sample(0, KTEXT + 8, 10, time=5, mode=KERNEL,
             chain=[CTX_KERNEL, KTEXT + 8, CTX_USER, 0x400018, 0x400999],
             branches=[(0x400105, 0x400000)])
    c.sample(0, KTEXT + 8, 10, time=5, mode=KERNEL, chain=[CTX_KERNEL, KTEXT + 8])
    c.describe()
    return c.file(), [
        "comm=prog pid=10 | 1 1000 | /bin/prog+1010;/bin/prog+1105;/lib/libc.so+31",
        "comm=prog pid=10 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000008;"
        "/bin/prog+1018;/bin/prog+1105",
        "comm=prog pid=10 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000008"]


def branch_history():
    """perf record -b: the last branches taken are no stack."""
    c = Capture("<", [Event("cycles", IP | TID | TIME | PERIOD | BRANCH, type=0, config=0,
                            branch_type=8)])
    base(c)
    c.sample(0, 0x400010, 10, time=5,
             branches=[(0x400105, 0x400000), (0x400031, 0x400100)])
    c.describe()
    return c.file(), ["comm=prog pid=10 | 1 1000 | /bin/prog+1010"]


def deferred():
    """User chains that come after their samples, and one that never does."""
    c = Capture("<", [Event("cycles", STACK, type=0, config=0)])
    base(c)
    kernel = [CTX_KERNEL, KTEXT + 8, KTEXT + 0x11]
    c.sample(0, KTEXT + 8, 10, time=5, mode=KERNEL, chain=kernel + [CTX_DEFERRED, 77])
    c.sample(0, KTEXT + 8, 10, time=6, mode=KERNEL, chain=kernel + [CTX_DEFERRED, 77])
    c.deferred(10, 77, [CTX_USER, 0x400010, 0x400101], 7)
    c.sample(0, KTEXT + 8, 10, time=8, mode=KERNEL, chain=kernel + [CTX_DEFERRED, 78])
    c.deferred(10, 78, [CTX_USER, 0x400010, 0x400101], 9)
    c.sample(0, KTEXT + 8, 10, time=10, mode=KERNEL, chain=kernel + [CTX_DEFERRED, 77])
    c.deferred(10, 77, [CTX_USER, 0x400020], 11)
    c.sample(0, KTEXT + 8, 10, time=12, mode=KERNEL, chain=kernel + [CTX_DEFERRED, 99])
    c.deferred(11, 99, [CTX_USER, 0x400030], 13)
    c.describe()
    k = "[kernel.kallsyms]_text+ffffffff81000008;[kernel.kallsyms]_text+ffffffff81000010"
    return c.file(), [
        "comm=prog pid=10 | 3 3000 | " + k + ";/bin/prog+1010;/bin/prog+1100",
        "comm=prog pid=10 | 1 1000 | " + k + ";/bin/prog+1020",
        "comm=prog pid=10 | 1 1000 | " + k]


def group():
    """{cycles,page-faults}:S, only the leader samples."""
    kw = {"read_format": 4 | 8 | 16, "flags": SAMPLE_ID_ALL | FREQ}
    c = Capture("<", [
        Event("cycles", STACK | READ | IDENTIFIER, 0, 0, ids=(101,), **kw),
        Event("page-faults", STACK | READ | IDENTIFIER, 1, 2, ids=(102,), **kw)])
    base(c)
    u = [CTX_USER, 0x400010]
    c.sample(0, 0x400010, 10, time=5, chain=u, read=[(500, 101), (3, 102)])
    c.sample(0, 0x400010, 10, time=6, chain=u, read=[(800, 101), (3, 102)])
    c.sample(0, 0x400010, 10, time=7, chain=u, read=[(900, 101), (5, 102)])
    c.describe()
    return c.file(), ["comm=prog pid=10 | 3 900 2 5 | /bin/prog+1010"]


def two_events():
    """Different sample types, one dummy, one unknown id, equal names."""
    c = Capture(">", [
        Event("dummy:HG", IP | TID | TIME | IDENTIFIER, config=DUMMY, ids=(1,)),
        Event("cycles", STACK | IDENTIFIER, 0, 0, ids=(11, 12)),
        Event("cpu-clock", IP | TID | TIME | IDENTIFIER | CPU, ids=(21,), period=4000,
              flags=SAMPLE_ID_ALL | FREQ),
        Event("cycles", STACK | IDENTIFIER, 0, 0, ids=(31,))])
    base(c)
    c.sample(1, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010], id=12)
    c.sample(2, 0x400010, 10, time=5)
    c.sample(3, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010], period=3)
    c.sample(1, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010], id=99)
    c.sample(0, 0x400010, 10, time=5)
    c.describe()
    return c.file(), ["comm=prog pid=10 | 1 1000 1 250000 1 3 | /bin/prog+1010"]


def tracepoints():
    """A clock between tracepoints, which stackcollapse-perf.pl reads as no event."""
    c = Capture("<", [Event("sched:sched_switch", STACK | IDENTIFIER, TRACEPOINT, 300, 1, ids=(1,)),
                      Event("cpu-clock", STACK | IDENTIFIER, ids=(2,)),
                      Event("page-faults", STACK | IDENTIFIER, config=2, period=1, ids=(3,))])
    base(c)
    c.sample(0, 0x400010, 10, time=4, chain=[CTX_USER, 0x400010], period=5)
    c.sample(1, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010])
    c.sample(0, 0x400010, 10, time=6, chain=[CTX_USER, 0x400010, 0x400101])
    c.sample(2, 0x400010, 10, time=7, chain=[CTX_USER, 0x400010], period=1)
    c.describe()
    unseen = "comm=prog edge=unseen state=? pid=10 | 0 0 0 0 0 0 1 1 1 | "
    return c.file(), ["comm=prog pid=10 | 1 5 1 1000 1 1 0 0 0 | /bin/prog+1010",
                      "comm=prog pid=10 | 1 1000 0 0 0 0 0 0 0 | /bin/prog+1010;/bin/prog+1100",
                      unseen + "/bin/prog+1010", unseen + "/bin/prog+1010;/bin/prog+1100",
                      "comm=prog pid=10 | 0 0 0 0 0 0 0 0 1 | [running, no sample]"]


def tasks():
    """Forks, execs, threads, renamed threads, a pid used twice, out of order."""
    c = Capture("<", [Event("cpu-clock", STACK)])
    base(c)
    u = [CTX_USER, 0x400010]
    c.sample(0, 0x400010, 20, time=110, chain=u)        # child, before its exec
    c.sample(0, 0x400010, 20, time=130, chain=u)        # after it
    c.sample(0, 0x400010, 20, time=150, chain=u)        # the number again, a fork of 10
    c.fork(20, 10, 20, 10, 100)
    c.comm(20, 20, "tool", 120, exec=True)
    c.mmap2(20, 0x400000, 0x1000, 0, "/bin/tool", 121)
    c.sample(0, KTEXT, 20, time=120, mode=KERNEL,       # inside execve
             chain=[CTX_KERNEL, KTEXT, CTX_USER, 0x400010])
    c.exit(20, 20, 140)
    c.fork(20, 10, 20, 10, 145)
    c.fork(10, 10, 11, 10, 150)
    c.sample(0, 0x400010, 10, 11, time=155, chain=u)    # a thread, named as its maker
    c.comm(10, 11, "worker", 160)
    c.sample(0, 0x400010, 10, 11, time=165, chain=u)
    c.sample(0, 0x400010, 10, 12, time=165, chain=u)    # a thread nobody told of
    c.sample(0, KTEXT, 0, time=165, mode=KERNEL, chain=[CTX_KERNEL, KTEXT])
    c.sample(0, 0x500000, -1, time=166, chain=[CTX_USER, 0x500000])
    c.exit(10, 10, 170)
    c.sample(0, 0x400010, 10, time=171, chain=u)        # a task's last moments
    c.describe()
    return c.file(), [
        "comm=prog pid=20 | 2 2000 | /bin/prog+1010",
        "comm=tool pid=20 | 1 1000 | /bin/tool+10",
        "comm=tool pid=20 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000000;/bin/prog+1010",
        "comm=prog pid=10 | 2 2000 | /bin/prog+1010",
        "comm=worker pid=10 | 1 1000 | /bin/prog+1010",
        "comm=:12 pid=10 | 1 1000 | /bin/prog+1010",
        "comm=swapper pid=0 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000000",
        "comm=:-1 pid=-1 | 1 1000 | 500000"]


def maps():
    """Overlaps, one address used in turn, randomisation, JIT code, BPF, modules."""
    c = Capture("<", [Event("cpu-clock", IP | TID | TIME | PERIOD)])
    base(c)
    c.mmap(-1, 0xffffffffc0000000, 0x1000, 0, "/lib/modules/6.1/kernel/x.ko", 0, KERNEL)
    c.sample(0, 0x400810, 10, time=5)
    c.mmap2(10, 0x400800, 0x100, 0, "/lib/a.so", 10)
    c.sample(0, 0x400810, 10, time=11)
    c.mmap2(10, 0x400800, 0x100, 0, "/lib/b.so", 20)
    c.sample(0, 0x400810, 10, time=21)
    c.sample(0, 0x400910, 10, time=21)                  # what the overlaps left
    c.mmap2(10, 0x400800, 0x100, 0, "/lib/a.so", 30)
    c.sample(0, 0x400810, 10, time=31)
    c.comm(30, 30, "other", 0)
    c.mmap2(30, 0x555550000000, 0x1000, 0x1000, "/bin/prog", 0)
    c.mmap2(30, 0x10000, 0x1000, 0x10000, "//anon", 0)
    c.mmap2(30, 0x20000, 0x1000, 0x20000, "//anon", 0)
    c.sample(0, 0x555550000010, 30, time=40)            # the same file elsewhere
    c.sample(0, 0x10010, 30, time=40)
    c.sample(0, 0x20010, 30, time=40)
    c.ksymbol(0xffffffffc0000800, 0x100, "bpf_prog_1234_f", 50)
    c.sample(0, 0xffffffffc0000810, 10, time=45, mode=KERNEL)
    c.sample(0, 0xffffffffc0000810, 10, time=55, mode=KERNEL)
    c.sample(0, 0xffffffffc0000910, 10, time=55, mode=KERNEL)
    c.mmap2(10, 0x600000, 0x1000, 0, "/lib/old", 60, protection=False)
    c.sample(0, 0x600010, 10, time=61)
    c.describe()
    return c.file(), [
        "comm=prog pid=10 | 1 1000 | /bin/prog+1810",
        "comm=prog pid=10 | 2 2000 | /lib/a.so+10",
        "comm=prog pid=10 | 1 1000 | /lib/b.so+10",
        "comm=prog pid=10 | 1 1000 | /bin/prog+1910",
        "comm=other pid=30 | 1 1000 | /bin/prog+1010",
        "comm=other pid=30 | 1 1000 | //anon+10010",
        "comm=other pid=30 | 1 1000 | //anon+20010",
        "comm=prog pid=10 | 1 1000 | /lib/modules/6.1/kernel/x.ko+810",
        "comm=prog pid=10 | 1 1000 | bpf_prog_1234_f",
        "comm=prog pid=10 | 1 1000 | /lib/modules/6.1/kernel/x.ko+910",
        "comm=prog pid=10 | 1 1000 | /lib/old+10"]


def jit(clock=1):
    """Code laid over other code, as ../object/jit-times.dump tells, with its clock or another."""
    flags = SAMPLE_ID_ALL | COMM_EXEC | (USE_CLOCKID if clock else 0)
    c = Capture("<", [Event("cpu-clock", IP | TID | TIME | PERIOD, flags=flags, clock=clock)])
    base(c)
    c.mmap2(10, 0x600000, 0x1000, 0, "/home/u/.debug/jit/jit-7.dump", 1)
    c.mmap2(10, 0x10000, 0x1000, 0x10000, "//anon", 1)
    c.mmap2(10, 0x12000, 0x1000, 0x12000, "[heap]", 1)
    for time in (15, 25, 35, 45):
        c.sample(0, 0x10010, 10, time=time)
        c.sample(0, 0x10038, 10, time=time)
    c.sample(0, 0x12010, 10, time=45)
    c.sample(0, 0x20004, 10, time=15)                   # before it was loaded
    c.sample(0, 0x20004, 10, time=45)                   # memory that no record tells of
    c.describe()
    name = "comm=prog pid=10 | %d %d000 | /home/u/.debug/jit/jit-7.dump+"
    if clock != 1:
        return c.file(), [name % (4, 4) + "10", name % (4, 4) + "38",
                          "comm=prog pid=10 | 1 1000 | [heap]+12010",
                          "comm=prog pid=10 | 2 2000 | 20004"]
    return c.file(), [
        name % (1, 1) + "11", name % (1, 1) + "12",     # loaded at 10, over it at 20
        name % (2, 2) + "13",                           # again at 30, and at 40 beside it
        name % (3, 3) + "39", name % (1, 1) + "3b",     # once at 10, then at 40
        "comm=prog pid=10 | 1 1000 | [heap]+12010",
        "comm=prog pid=10 | 1 1000 | 20004",
        name % (1, 1) + "10005"]


def jit_other_clock():
    return jit(clock=0)


def no_times():
    """Without times a sample belongs where it stands."""
    c = Capture("<", [Event("cpu-clock", IP | TID, flags=0)])
    base(c)
    c.sample(0, 0x400010, 10)
    c.mmap2(10, 0x400000, 0x1000, 0, "/bin/new")
    c.sample(0, 0x400010, 10)
    c.describe()
    return c.file(), ["comm=prog pid=10 | 1 1000 | /bin/prog+1010",
                      "comm=prog pid=10 | 1 1000 | /bin/new+10"]


def dwarf():
    """Registers and stack; a test's own unwinder says ip, ip of the stack's first word."""
    c = Capture("<", [Event("cpu-clock", STACK | REGS_USER | STACK_USER, regs_user=0x1c0,
                            stack_user=64)])
    base(c)
    stack = struct.pack("<8Q", 0x400201, 0, 0, 0, 0, 0, 0, 0)
    c.sample(0, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010], regs=[1, 0x7ffe0000, 0x400010],
             stack=stack)
    c.sample(0, KTEXT + 4, 10, time=6, mode=KERNEL, chain=[CTX_KERNEL, KTEXT + 4],
             regs=[1, 0x7ffe0000, 0x400018], stack=stack, real=8)
    c.sample(0, KTEXT + 4, 10, time=7, mode=KERNEL, chain=[CTX_KERNEL, KTEXT + 4])
    c.describe()
    return c.file(), [
        "comm=prog pid=10 | 1 1000 | /bin/prog+1010;/bin/prog+1200",
        "comm=prog pid=10 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000004;/bin/prog+1018;"
        "/bin/prog+1200;[truncated stack]",
        "comm=prog pid=10 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000004"]


def killed_dwarf():
    """No machine is named, but x86-64's registers are asked for; the ninth is the address."""
    c = Capture("<", [Event("cpu-clock", STACK | REGS_USER | STACK_USER, regs_user=0xff0fff,
                            stack_user=64)])
    base(c)
    c.sample(0, KTEXT + 4, 10, time=6, mode=KERNEL, chain=[CTX_KERNEL, KTEXT + 4],
             regs=[1] * 8 + [0x400018] + [1] * 11, stack=b"")
    return c.file(data_size=0), [
        "comm=prog pid=10 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000004;/bin/prog+1018"]


def leaf():
    """arm64 by frame pointer with LR; a test's own unwinder says it is live below 400020."""
    c = Capture("<", [Event("cpu-clock", STACK | REGS_USER, regs_user=1 << 30)])
    base(c)
    for ip, lr in ((0x400010, 0x400101), (0x400010, 0x400101), (0x400010, 0x400111),
                   (0x400020, 0x400101)):
        c.sample(0, ip, 10, time=5, chain=[CTX_USER, ip, 0x400201], regs=[lr])
    c.sample(0, KTEXT + 4, 10, time=6, mode=KERNEL, regs=[0x400101],
             chain=[CTX_KERNEL, KTEXT + 4, KTEXT + 9, CTX_USER, 0x400010, 0x400201])
    c.describe(arch="aarch64")
    return c.file(), [
        "comm=prog pid=10 | 2 2000 | /bin/prog+1010;/bin/prog+1100;/bin/prog+1200",
        "comm=prog pid=10 | 1 1000 | /bin/prog+1010;/bin/prog+1110;/bin/prog+1200",
        "comm=prog pid=10 | 1 1000 | /bin/prog+1020;/bin/prog+1200",
        "comm=prog pid=10 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000004;"
        "[kernel.kallsyms]_text+ffffffff81000008;/bin/prog+1010;/bin/prog+1100;/bin/prog+1200"]


def losses():
    c = chain_capture("<")
    c.record(LOST, c.pack("QQ", 0, 5) + c.trailer(0, 0, 0, 9))
    c.record(LOST_SAMPLES, c.pack("Q", 3) + c.trailer(0, 0, 0, 9))
    c.record(LOST_SAMPLES, c.pack("Q", 2) + c.trailer(0, 0, 0, 9), 1 << 15)
    c.record(THROTTLE, c.pack("QQQ", 9, 0, 0) + c.trailer(0, 0, 0, 9))
    c.record(99, b"unknown!")
    c.record(63, b"")
    return c.file(), CHAIN_STACKS


def kernel_only_old():
    """Linux 3.x said the kernel began at 0; a build id table without pids before that."""
    c = Capture("<", [Event("cycles", IP | TID | TIME | PERIOD, 0, 0, size=80, flags=0)])
    c.mmap(-1, 0, 0xffffffff9fffffff, 0xffffffff81000190, "[kernel.kallsyms]_stext", 0, KERNEL)
    c.comm(10, 10, "prog")
    c.sample(0, 0xffffffff81000200, 10, time=3, mode=KERNEL)
    c.describe()
    entry = bytes(range(1, 21)) + b"\0\0\0\0" + c.text("[kernel.kallsyms]", 64)
    c.features[2] = c.raw_record(0, entry, KERNEL)
    return c.file(), [
        "comm=prog pid=10 | 1 1000 | [kernel.kallsyms]_stext+ffffffff81000200"]


def all_fields():
    """A sample of everything; in a control group; the branch counters come last."""
    c = Capture("<", [
        Event("cycles", STACK | ADDR | ID | CPU | STREAM_ID | RAW | BRANCH | REGS_USER |
              STACK_USER | WEIGHT | DATA_SRC | TRANSACTION | REGS_INTR | PHYS_ADDR | CGROUP |
              READ, 0, 0, ids=(7,), read_format=1 | 2 | 16, regs_user=0x100, regs_intr=1,
              branch_type=8)])
    base(c)
    c.cgroup(55, "/system/x")
    c.sample(0, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010], read=[(1, 0)], raw=b"abc",
             branches=[(1, 2)], cgroup=55, cpu=3)
    c.sample(0, 0x400010, 10, time=6, chain=[CTX_USER, 0x400010], read=[(1, 0)], cgroup=56)
    c.describe()
    return c.file(), ["comm=prog pid=10 | 2 2000 | /bin/prog+1010"]


def contexts():
    """Hypervisor, guests, unknown modes and markers, PEBS, chains of markers only."""
    precise = SAMPLE_ID_ALL | 2 << 15
    c = Capture("<", [Event("cycles", STACK, 0, 0, flags=precise)])
    base(c)
    guest, guest_user, hv = 2**64 - 2176, 2**64 - 2560, 2**64 - 32
    c.sample(0, 0x400008, 10, time=5, chain=[CTX_USER, 0x400010, 0x400101])
    c.sample(0, KTEXT, 10, time=5, mode=4, chain=[guest, KTEXT, guest_user, 0x400010])
    c.sample(0, 0x77, 10, time=5, mode=3, chain=[hv, 0x77])
    c.sample(0, 0x400010, 10, time=5, mode=0, chain=[])
    c.sample(0, KTEXT + 1, 10, time=5, mode=0, chain=[CTX_USER])
    c.sample(0, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010, 2**64 - 4000, 0x400101])
    c.sample(0, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010, 0])
    c.mmap(-1, KTEXT, 0x1000, 0, "[guest.kernel.kallsyms]", 0, 4)
    c.mmap(-1, KTEXT, 0, 0, "[empty]", 0, KERNEL)
    c.describe()
    return c.file(), [
        "comm=prog pid=10 | 1 1000 | /bin/prog+1008;/bin/prog+1100",
        "comm=prog pid=10 | 1 1000 | [guest.kernel.kallsyms]+0;400010",
        "comm=prog pid=10 | 1 1000 | 77",
        "comm=prog pid=10 | 2 2000 | /bin/prog+1010",
        "comm=prog pid=10 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000001",
        "comm=prog pid=10 | 1 1000 | /bin/prog+1010;0"]


def names():
    """Events that nothing names, in a file without features but PMU names."""
    kinds = [(0, 0), (0, 3), (0, 77), (1, 2), (1, 99), (2, 321), (3, 0), (3, 0x10003),
             (3, 0x201), (3, 0xffffff), (4, 0x1a2b), (5, 0), (9, 5), (10, 6)]
    c = Capture("<", [Event("", IP | TID | IDENTIFIER, type, config, ids=(i + 1,))
                      for i, (type, config) in enumerate(kinds)])
    base(c)
    for i in range(len(kinds)):
        c.sample(i, 0x400010, 10)
    c.features = {16: c.pack("II", 1, 9) + c.str("uncore")}
    values = " ".join("1 1000" for _ in kinds)
    return c.file(), [f"comm=prog pid=10 | {values} | /bin/prog+1010"]


def described():
    """All that features say, build ids of three kinds, absolute time."""
    c = chain_capture("<")
    c.mmap2(10, 0x500000, 0x1000, 0, "/bin/own", 0, build_id=bytes(range(16)))
    c.mmap2(10, 0x600000, 0x1000, 0, "/tmp/jitted-1-2.so", 0)
    c.sample(0, 0x500010, 10, time=8, chain=[CTX_USER, 0x500010])
    c.sample(0, 0x600010, 10, time=9, chain=[CTX_USER, 0x600010])
    short = bytes([0xaa] * 12) + b"\0" * 8
    c.features[2] = c.build_id("/bin/prog", bytes([0x11] * 20)) + \
        c.build_id("[kernel.kallsyms]", bytes([0x22] * 20), KERNEL) + \
        c.raw_record(0, c.pack("i", -1) + short + b"\0" * 4 + c.text("/lib/libc.so", 64), USER) + \
        c.raw_record(0, c.pack("i", -1) + short + b"\0" * 4 + c.text("/tmp/jitted-1-2.so", 64),
                     USER) + b"\0" * 16
    c.features[7] = c.pack("II", 8, 4)
    c.features[8] = c.str("A CPU")
    c.features[9] = c.str("Vendor,1,2,3")
    c.features[10] = c.pack("Q", 4096)
    c.features[21] = c.pack("QQ", 5, 9)
    c.features[29] = c.pack("IIQQ", 1, 1, 1700000000 * 10**9, 0)
    c.features[200] = b"unknown"
    return c.file(), CHAIN_STACKS + [
        "comm=prog pid=10 | 1 1000 | /bin/own+10",
        "comm=prog pid=10 | 1 1000 | /tmp/jitted-1-2.so+10"]


def old_pipe():
    """perf 3.x: ids and names in records of their own; build ids at the end."""
    c = Capture("<", [Event("", STACK | ID, 0, 0, ids=(1,)), Event("", STACK | ID, 2, 77)])
    pipe = Capture("<", c.events)
    head = pipe.pipe()
    base(c)
    c.record(65, c.pack("Q", 77) + c.text("sched:sched_switch", 64))
    c.record(69, c.pack("QQQqq", 1, 2, 1, -1, -1))
    c.record(78, c.pack("QQ", 2, 1) + c.text("renamed"))
    c.record(78, c.pack("QQ", 0, 1) + c.text("unit"))
    c.sample(0, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010])
    c.sample(1, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010], id=2)
    c.record(BUILD_ID, c.pack("i", -1) + bytes([0x33] * 20) + bytes([20, 0, 0, 0]) +
             c.text("/bin/prog", 64), USER | 1 << 15)
    return head + c.data, ["comm=prog pid=10 | 1 1000 1 1000 | /bin/prog+1010"]


def zstd_dwarf():
    c = Capture("<", [Event("cpu-clock", STACK | REGS_USER | STACK_USER, regs_user=0x1c0,
                            stack_user=64)])
    base(c)
    stack = struct.pack("<8Q", 0x400201, *range(7))
    for i in range(600):
        c.sample(0, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010],
                 regs=[i, 0x7ffe0000, 0x400010], stack=stack)
    c.compress(300)
    c.describe()
    return c.file(), ["comm=prog pid=10 | 600 600000 | /bin/prog+1010;/bin/prog+1200"]


def exact_ip():
    """AMD's IBS: no precise attr, but records that say that the ip is the instruction's own."""
    c = Capture("<", [Event("ibs_op//", STACK, 10, 0)])
    base(c)
    exact = USER | 1 << 14
    c.sample(0, 0x400010, 10, time=5, mode=exact, chain=[CTX_USER, 0x400055, 0x400101])
    c.sample(0, 0x400010, 10, time=6, chain=[CTX_USER, 0x400055, 0x400101])
    c.sample(0, KTEXT + 8, 10, time=7, mode=KERNEL | 1 << 14,
             chain=[CTX_KERNEL, KTEXT + 0x40, CTX_USER, 0x400055, 0x400101])
    c.describe()
    return c.file(), [
        "comm=prog pid=10 | 1 1000 | /bin/prog+1010;/bin/prog+1100",
        "comm=prog pid=10 | 1 1000 | /bin/prog+1055;/bin/prog+1100",
        "comm=prog pid=10 | 1 1000 | [kernel.kallsyms]_text+ffffffff81000008;"
        "/bin/prog+1055;/bin/prog+1100"]


NO_TIME = 2**64 - 2**32
OFF_CPU = IDENTIFIER | IP | TID | TIME | CPU | PERIOD | CGROUP


def off_cpu_raw(c, pid, tid, period, ips):
    chain = [CTX_USER, *ips]
    return c.pack("IIQQ", pid, tid, period, len(chain)) + \
        c.pack("%dQ" % len(chain), *chain) + c.pack("Q", 0)


def off_cpu():
    """perf 6.16: what waited lies in RAW, of a sample that the thread after it took."""
    c = Capture("<", [Event("cpu-clock", STACK | IDENTIFIER, ids=[1]),
                      Event("offcpu-time", OFF_CPU | RAW, SOFTWARE, 10, 1, ids=[2])])
    base(c)
    c.comm(20, 20, "sleeper")
    c.mmap2(20, 0x400000, 0x1000, 0x1000, "/bin/prog")
    c.sample(0, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010])
    c.sample(1, KTEXT + 8, 10, time=6, mode=KERNEL, period=1,
             raw=off_cpu_raw(c, 20, 20, 500000000, [0x400020, 0x400101]))
    c.sample(1, 0, 20, time=NO_TIME, period=1,
             raw=off_cpu_raw(c, 20, 20, 7, [0x400020, 0x400101]))
    c.describe()
    return c.file(), [
        "comm=prog pid=10 | 1 1000 0 0 1000 | /bin/prog+1010",
        "comm=sleeper pid=20 | 0 0 500000007 2 500000007 | /bin/prog+1020;/bin/prog+1100"]


def off_cpu_old():
    """Before: samples like others, made at the end, without a time."""
    c = Capture("<", [Event("cpu-clock", STACK | IDENTIFIER, ids=[1]),
                      Event("offcpu-time", OFF_CPU | CALLCHAIN, SOFTWARE, 10, 1, ids=[2])])
    base(c)
    c.sample(0, 0x400010, 10, time=5, chain=[CTX_USER, 0x400010])
    c.comm(10, 10, "later", 6, exec=True)
    c.mmap2(10, 0x500000, 0x1000, 0, "/bin/later", 7)
    c.sample(0, 0x500010, 10, time=8, chain=[CTX_USER, 0x500010])
    c.sample(1, 0x500020, 10, time=NO_TIME, period=300, chain=[CTX_USER, 0x500020])
    c.describe()
    return c.file(), [
        "comm=prog pid=10 | 1 1000 0 0 1000 | /bin/prog+1010",
        "comm=later pid=10 | 1 1000 0 0 1000 | /bin/later+10",
        "comm=later pid=10 | 0 0 300 1 300 | /bin/later+20"]


# ---- where threads wait ----

SCHED = IDENTIFIER | IP | TID | TIME | CPU | PERIOD | CALLCHAIN | RAW
SWITCHED, WAKING, SYSCALL_IN, SYSCALL_OUT = 372, 374, 21, 20
FORMATS = {
    ("sched", "sched_switch"): (SWITCHED, [
        ("char prev_comm[16]", 8, 16, 0), ("pid_t prev_pid", 24, 4, 1),
        ("int prev_prio", 28, 4, 1), ("long prev_state", 32, 8, 1),
        ("char next_comm[16]", 40, 16, 0), ("pid_t next_pid", 56, 4, 1),
        ("int next_prio", 60, 4, 1)],
        '"prev_state=%s", __print_flags(REC->prev_state & 0xff, "|", { 0x0001, "S" }, '
        '{ 0x0002, "D" }, { 0x00000010, "X" }, { 32, "Z" }, { 0x80, "I" })'),
    ("sched", "sched_waking"): (WAKING, [
        ("char comm[16]", 8, 16, 0), ("pid_t pid", 24, 4, 1), ("int prio", 28, 4, 1),
        ("int target_cpu", 32, 4, 1)], '"pid=%d", REC->pid'),
    ("raw_syscalls", "sys_enter"): (SYSCALL_IN, [
        ("long id", 8, 8, 1), ("unsigned long args[6]", 16, 48, 0)], '"%ld", REC->id'),
    ("raw_syscalls", "sys_exit"): (SYSCALL_OUT, [
        ("long id", 8, 8, 1), ("long ret", 16, 8, 1)], '"%ld", REC->id'),
}
# As a kernel of 32 bits has it: the state is 4 bytes, and all behind it is moved.
FORMATS_32 = dict(FORMATS)
FORMATS_32["sched", "sched_switch"] = (SWITCHED, [
    ("char prev_comm[16]", 8, 16, 0), ("pid_t prev_pid", 24, 4, 1),
    ("int prev_prio", 28, 4, 1), ("long prev_state", 32, 4, 1),
    ("char next_comm[16]", 36, 16, 0), ("pid_t next_pid", 52, 4, 1),
    ("int next_prio", 56, 4, 1)], FORMATS["sched", "sched_switch"][2])


# As no kernel has it yet: numbers of 8 bytes, a state of 2, and everything elsewhere.
FORMATS_ODD = dict(FORMATS)
FORMATS_ODD["sched", "sched_switch"] = (SWITCHED, [
    ("short prev_state", 8, 2, 1), ("long next_pid", 16, 8, 1), ("long prev_pid", 24, 8, 1)],
    FORMATS["sched", "sched_switch"][2])
FORMATS_ODD["sched", "sched_waking"] = (WAKING, [("long pid", 40, 8, 1)], '"pid=%ld", REC->pid')
STAT = [("char comm[16]", 8, 16, 0), ("pid_t pid", 24, 4, 1), ("u64 delay", 32, 8, 0)]
STATS = ("sched_stat_sleep", "sched_stat_blocked", "sched_stat_iowait", "sched_stat_wait")


def tracing_data(c, formats):
    """What perf copies out of tracefs, of these formats only."""
    def sized(text):
        return c.pack("Q", len(text)) + text

    def described(name, id, fields, fmt):
        """Common fields, an empty line, the event's own, an empty line, the print format."""
        parts = ["".join("\tfield:%s;\toffset:%d;\tsize:%d;\tsigned:%d;\n" % f for f in part)
                 for part in (common, fields)]
        return sized(("name: %s\nID: %d\nformat:\n%s\n%s\nprint fmt: %s\n" % (
            name, id, *parts, fmt)).encode())

    common = [("unsigned short common_type", 0, 2, 0), ("unsigned char common_flags", 2, 1, 0),
              ("unsigned char common_preempt_count", 3, 1, 0), ("int common_pid", 4, 4, 1)]
    out = b"\x17\x08\x44tracing0.6\0" + bytes([c.o == ">", 8]) + c.pack("I", 4096)
    page = [("u64 timestamp", 0, 8, 0), ("local_t commit", 8, 8, 1), ("int overwrite", 8, 1, 1),
            ("char data", 16, 4080, 0)]
    out += b"header_page\0" + sized("".join(
        "\tfield: %s;\toffset:%d;\tsize:%d;\tsigned:%d;\n" % f for f in page).encode())
    out += b"header_event\0" + sized(b"# compressed entry header\n")
    out += c.pack("I", 1) + described("kernel_stack", 4, [("int size", 8, 4, 1)],
                                      '"%d", REC->size')
    systems = sorted({system for system, _ in formats})
    out += c.pack("I", len(systems))
    for system in systems:
        mine = [(name, f) for (s, name), f in formats.items() if s == system]
        out += system.encode() + b"\0" + c.pack("I", len(mine))
        for name, (id, fields, fmt) in mine:
            out += described(name, id, fields, fmt)
    return out + c.pack("IIQ", 0, 0, 0)


class Sched:
    """A capture of sched_switch (0), sched_waking (1), cpu-clock (2) and system calls."""

    def __init__(self, order="<", formats=FORMATS, known=True):
        self.formats = formats
        self.c = c = Capture(order, [
            Event("sched:sched_switch", SCHED, TRACEPOINT, SWITCHED, 1, ids=[1]),
            Event("sched:sched_waking", SCHED, TRACEPOINT, WAKING, 1, ids=[2]),
            Event("cpu-clock", SCHED & ~RAW, ids=[3]),
            Event("raw_syscalls:sys_enter", SCHED, TRACEPOINT, SYSCALL_IN, 1, ids=[4]),
            Event("raw_syscalls:sys_exit", SCHED, TRACEPOINT, SYSCALL_OUT, 1, ids=[5])])
        base(c)
        c.comm(10, 11, "worker")
        c.comm(30, 30, "other")
        c.mmap2(30, 0x400000, 0x1000, 0x1000, "/bin/prog")
        c.describe()
        if known:
            c.features[1] = tracing_data(c, formats)

    def raw(self, system, name, flags=0, **values):
        id, fields, _ = self.formats[system, name]
        out = bytearray(max(offset + size for _, offset, size, _ in fields))
        out[0:4] = self.c.pack("HBB", id, flags, 0)
        for declared, offset, size, _ in fields:
            key = declared.split()[-1].split("[")[0]
            if key in values:
                out[offset:offset + size] = self.c.pack({1: "b", 2: "h", 4: "i", 8: "q"}[size],
                                                         values[key])
        return bytes(out)

    def switch(self, time, pid, tid, state, next, leaf=0x400010, cpu=0, prev=None):
        self.c.sample(0, KTEXT + 0x10, pid, tid, time, cpu=cpu, mode=KERNEL, period=1,
                      chain=[CTX_KERNEL, KTEXT + 0x10, CTX_USER, leaf, 0x400101],
                      raw=self.raw("sched", "sched_switch", next_pid=next, prev_state=state,
                                   prev_pid=tid if prev is None else prev))

    def waking(self, time, pid, tid, whom, flags=0):
        self.c.sample(1, KTEXT + 0x20, pid, tid, time, mode=KERNEL, period=1,
                      chain=[CTX_KERNEL, KTEXT + 0x20, CTX_USER, 0x400200],
                      raw=self.raw("sched", "sched_waking", flags, pid=whom))

    def clock(self, time, pid, tid, ip=0x400050):
        self.c.sample(2, ip, pid, tid, time, chain=[CTX_USER, ip, 0x400101])

    def syscall(self, time, pid, tid, id, enter=True):
        self.c.sample(3 if enter else 4, KTEXT + 0x30, pid, tid, time, mode=KERNEL, period=1,
                      chain=[CTX_KERNEL, KTEXT + 0x30],
                      raw=self.raw("raw_syscalls", "sys_enter" if enter else "sys_exit",
                                   id=id))


KERNEL_AT = "[kernel.kallsyms]_text+ffffffff810000%02x"


def left(leaf):
    return KERNEL_AT % 0x10 + ";/bin/prog+%x;/bin/prog+1100" % leaf


def sched_row(labels, stack, off=0, n=0, wall=None, **events):
    """A line of .stacks: two values for each event, and off-cpu twice and wall."""
    counts = [events.get(name, 0) for name in ("switch", "waking", "clock", "enter", "exit")]
    values = [v for i, c in enumerate(counts) for v in (c, 1000 * c if i == 2 else c)]
    values += [off, n, off if wall is None else wall]
    return "%s | %s | %s" % (labels, " ".join(map(str, values)), stack)


WORKER, OTHER = "comm=worker pid=10", "comm=other pid=30"
BY_OTHER = "comm=worker state=%s waker=other pid=10 waker_pid=30"
BY_NOBODY = "comm=%s state=%s waker=[interrupt] pid=%d"
FSYNC = "comm=worker state=%s syscall=fsync waker=[interrupt] pid=10"
WAITS_STACKS = [
    sched_row(WORKER, left(0x1010), switch=1),
    sched_row(WORKER, left(0x1020), switch=1),
    sched_row(WORKER, left(0x1030), switch=1),
    sched_row(WORKER, KERNEL_AT % 0x20 + ";/bin/prog+1200", waking=1),
    # The time up to 3600 in which it ran, 700, and up to 5700, 1100.
    sched_row(WORKER, "/bin/prog+1050;/bin/prog+1100", clock=3, wall=1800),
    sched_row(WORKER, KERNEL_AT % 0x30, enter=1, exit=1),
    sched_row(BY_OTHER % "S", left(0x1010), 1500, 1),
    sched_row(BY_OTHER % "R", left(0x1010), 500),
    sched_row("comm=worker state=R pid=10", left(0x1020), 500, 1),
    sched_row(FSYNC % "D", left(0x1030), 400, 1),
    sched_row(FSYNC % "R", left(0x1030), 100),
    sched_row(OTHER, left(0x1040), switch=2),
    sched_row(OTHER, KERNEL_AT % 0x20 + ";/bin/prog+1200", waking=1),
    sched_row("comm=other edge=begin state=? pid=30", "[before the first record]", 100, 1),
    sched_row(BY_NOBODY % ("other", "S", 30), left(0x1040), 500, 1),
    sched_row(BY_NOBODY % ("other", "R", 30), left(0x1040), 500),
    sched_row("comm=other edge=end state=S pid=30", left(0x1040), 1200, 1),
    sched_row(OTHER, "[running, no sample]", wall=2500),
    sched_row("comm=swapper pid=0", KERNEL_AT % 0x10 + ";400010;400100", switch=1),
    sched_row("comm=swapper pid=0", KERNEL_AT % 0x20 + ";400200", waking=1),
]


def waits_capture(order, formats=FORMATS):
    """Thread 11 sleeps from 1000 to 3000 (woken by 30 at 2500), is preempted from 4000 to
    4500, and waits for the disk from 5000 (woken by an interrupt at 5400) to 5500. Records
    stand as two processors' buffers would leave them."""
    s = Sched(order, formats)
    s.switch(1000, 10, 11, 1, 30)
    s.switch(4000, 10, 11, 0x100, 30, leaf=0x400020)
    s.syscall(4600, 10, 11, 74)
    s.switch(5000, 10, 11, 2, 0, leaf=0x400030)
    s.syscall(5600, 10, 11, 74, enter=False)
    s.clock(3600, 10, 11)
    s.clock(5700, 10, 11)
    s.waking(2500, 30, 30, 11)
    s.switch(3000, 30, 30, 1, 11, leaf=0x400040)
    s.waking(3500, 10, 11, 30, flags=8)
    s.switch(4500, 30, 30, 1, 11, leaf=0x400040)
    s.waking(5400, 0, 0, 11, flags=8)
    s.switch(5500, 0, 0, 0, 11)
    s.clock(900, 10, 11)
    return s.c.file(), WAITS_STACKS


def waits_little():
    return waits_capture("<")


def waits_big():
    return waits_capture(">", FORMATS_32)


def waits_fields():
    return waits_capture(">", FORMATS_ODD)


def waits_stat():
    """sched_stat_* alone: how long, and who ended it. Thread 11 has been there before, 12 is of a
    process that nothing tells of, 13 ends before it began."""
    s = Sched.__new__(Sched)
    s.formats = {("sched", name): (380 + i, STAT, '"%d", REC->pid')
                 for i, name in enumerate(STATS)}
    s.c = c = Capture("<", [Event("sched:" + name, SCHED & ~CALLCHAIN, TRACEPOINT, 380 + i, 1,
                                  ids=[1 + i]) for i, name in enumerate(STATS)])
    base(c)
    c.comm(10, 11, "worker")
    c.comm(30, 30, "other")
    c.describe()
    c.features[1] = tracing_data(c, s.formats)

    def told(event, time, pid, whom, delay, flags=0):
        c.sample(event, KTEXT + 0x40, pid, pid, time, mode=KERNEL, period=1,
                 raw=s.raw("sched", STATS[event], flags, pid=whom, delay=delay))

    told(0, 2000, 30, 11, 700)
    told(1, 3000, 30, 11, 300, flags=8)
    told(2, 3000, 30, 11, 300, flags=8)             # the same wait once more
    told(3, 3300, 30, 11, 200)
    told(0, 4000, 30, 12, 500)
    told(0, 5000, 30, 13, 2**40)
    row = "%s | %s | [stack not recorded]"
    none = " ".join(["0"] * 8)
    return c.file(), [
        "comm=other pid=30 | 3 3 1 1 1 1 1 1 0 0 | " + KERNEL_AT % 0x40,
        row % (BY_OTHER % "S", none + " 700 1"),
        row % ("comm=worker state=D waker=[interrupt] pid=10", none + " 300 1"),
        row % ("comm=worker state=R pid=10", none + " 200 1")]


def waits_only_out():
    """One process, without -a: no return is recorded."""
    s = Sched()
    s.clock(900, 10, 11)
    s.switch(1000, 10, 11, 1, 77)
    s.clock(3000, 10, 11)
    s.switch(4000, 10, 11, 2, 77, leaf=0x400020)
    s.c.exit(10, 11, 6000)
    unseen = "comm=worker edge=unseen state=%s pid=10"
    return s.c.file(), [
        sched_row(WORKER, left(0x1010), switch=1),
        sched_row(WORKER, left(0x1020), switch=1),
        sched_row(WORKER, "/bin/prog+1050;/bin/prog+1100", clock=2, wall=100),
        sched_row(WORKER, "[running, no sample]", wall=1000),
        sched_row(unseen % "S", left(0x1010), 2000, 1),
        sched_row(unseen % "D", left(0x1020), 2000, 1)]


def waits_no_format():
    """Tracing data are missing: the sample still says who left, and where."""
    s = Sched(known=False)
    s.switch(1000, 10, 11, 1, 30)
    s.clock(3000, 10, 11)
    return s.c.file(), [
        sched_row(WORKER, left(0x1010), switch=1),
        sched_row(WORKER, "/bin/prog+1050;/bin/prog+1100", clock=1),
        sched_row("comm=worker edge=unseen state=? pid=10", left(0x1010), 2000, 1)]


def waits_odd():
    """All that must not be believed: times backwards, tasks that contradict each other,
    returns without departures, numbers used again, a record lost in between."""
    s = Sched()
    c = s.c
    s.switch(1000, 30, 30, 1, 11)               # 11 is back from before the capture
    s.switch(1500, 10, 11, 1, 30)
    c.record(LOST, c.pack("QQ", 1, 5) + c.trailer(0, 10, 11, 1700))
    s.switch(2000, 30, 30, 1, 11)
    s.switch(2500, 0, 0, 0, 11)                 # already there
    s.switch(2600, 10, 11, 1, 30, prev=12345)   # another name space's number
    c.fork(10, 10, 11, 10, 3000)                # while 11 waits
    s.switch(3100, 0, 0, 0, 11)
    s.switch(3500, -1, -1, 0x10, 30, prev=11)   # dead
    s.switch(3600, 30, 30, 1, -7)
    s.switch(3400, 30, 30, 1, 10)               # late
    s.waking(9000, 30, 30, -1)
    c.record(14, c.trailer(0, 10, 2**32 - 1, 9100), 1 << 13)
    return c.file(), None


def switch_records():
    """perf record --switch-events: how long, and not where."""
    c = Capture("<", [Event("cpu-clock", STACK)])
    base(c)
    for i in range(3):
        c.record(14, c.trailer(0, 10, 10, 1000 + 1000 * i), 1 << 13 | (i == 1) << 14)
        c.record(14, c.trailer(0, 10, 10, 1300 + 1000 * i))
        c.sample(0, 0x400010, 10, time=1500 + 1000 * i, chain=[CTX_USER, 0x400010])
    c.describe()
    bare = "comm=prog state=%s pid=10 | 0 0 %d %d %d | [stack not recorded]"
    return c.file(), [
        # 200 up to the first sample, 500 and 200 up to each of the others.
        "comm=prog pid=10 | 3 3000 0 0 1600 | /bin/prog+1010",
        bare % ("S|D", 600, 2, 600), bare % ("R", 300, 1, 300)]


def varint(x):
    out = b""
    while x > 0x7f:
        out, x = out + bytes([x & 0x7f | 0x80]), x >> 7
    return out + bytes([x])


def message(*fields):
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def simpleperf_capture(order):
    c = Capture(order, [Event("cpu-clock", STACK)])
    c.comm(10, 10, "game")
    c.mmap2(10, 0x7000001000, 0x2000, 0x1000, "/data/app/lib/libgame.so")
    c.mmap2(10, 0x7100000000, 0x1000, 0, "/apex/libother.so")
    c.sample(0, 0x7000001010, 10, time=5,
             chain=[CTX_USER, 0x7000001010, 0x7000001105, 0x7100000011])
    c.sample(0, 0x7000001090, 10, time=6, chain=[CTX_USER, 0x7000001090])
    c.describe(arch="aarch64")
    return c


SIMPLEPERF_STACKS = [
    "comm=game pid=10 | 1 1000 | game_update;game::main;/apex/libother.so+10",
    "comm=game pid=10 | 1 1000 | /data/app/lib/libgame.so+1090"]


def simpleperf():
    """FILE2: addresses begin where the first segment does, the file's offset elsewhere."""
    c = simpleperf_capture("<")
    dso = message((1, b"/data/app/lib/libgame.so"), (2, 2), (3, 0x5000),
                  (4, message((1, 0x5100), (2, 0x80), (3, b"_ZN4game4mainEi"))),
                  (4, message((1, 0x5000), (2, 0x80), (3, b"game_update"))),
                  (6, message((1, 0x1000))))
    c.features[132] = c.pack("I", len(dso)) + dso
    return c.file(), SIMPLEPERF_STACKS


def simpleperf_old():
    c = simpleperf_capture(">")
    symbols = [(0x5000, 0x80, b"game_update"), (0x5100, 0x80, b"_ZN4game4mainEi")]
    dso = b"/data/app/lib/libgame.so\0" + c.pack("IQI", 2, 0x5000, len(symbols))
    for start, size, name in symbols:
        dso += c.pack("QI", start, size) + name + b"\0"
    dso += c.pack("Q", 0x1000)
    c.features[128] = c.pack("I", len(dso)) + dso
    return c.file(), SIMPLEPERF_STACKS


def bad_simpleperf():
    """The feature ends inside a message: what stands before it counts."""
    c = simpleperf_capture("<")
    dso = message((1, b"/data/app/lib/libgame.so"), (2, 2), (3, 0x1000),
                  (4, message((1, 0x1000), (2, 0x80), (3, b"game_update"))),
                  (6, message((1, 0x1000))))
    c.features[132] = c.pack("I", len(dso)) + dso + c.pack("I", 500) + dso
    return c.file(), [
        "comm=game pid=10 | 1 1000 | game_update;/data/app/lib/libgame.so+1104;"
        "/apex/libother.so+10", SIMPLEPERF_STACKS[1]]


def aux():
    """A tracing unit's data beside samples."""
    c = chain_capture("<")
    c.record(70, c.pack("IIQ", 4, 0, 0))
    return c.file(), CHAIN_STACKS


def bad_records():
    """Every kind of record, too short or without an end: skipped, the samples stay."""
    c = chain_capture("<")
    for type in (MMAP, LOST, COMM, FORK, MMAP2, LOST_SAMPLES, KSYMBOL, CGROUP_RECORD, DEFERRED,
                 64, 65, 67, 69, 78, 80):
        c.record(type, b"")
        c.record(type, b"\xff" * 7)
        c.record(type, b"\xff" * 40)
    c.record(69, c.pack("QQQQQ", 1, 9, 5, 0, 0))
    c.record(80, c.pack("Q", 3) + c.pack("I", 99))
    c.record(80, c.pack("Q", 12) + c.pack("II", 99, 99))
    c.record(81, b"not zstd")
    c.record(83, b"short")
    return c.file(), CHAIN_STACKS


def bad_tables():
    """Features outside the file, a table that ends too early, ids outside."""
    c = chain_capture("<")
    c.features[13] = b""
    whole = bytearray(c.file())
    at = len(c.attr(c.events[0])) + 104
    whole[at:at + 8] = (1 << 60).to_bytes(8, "little")      # the ids of event 0
    table = whole.index(c.data) + len(c.data)
    whole[table:table + 8] = (1 << 60).to_bytes(8, "little")
    return bytes(whole[:table + 60]), CHAIN_STACKS


def bad_behind():
    """AUXTRACE that promises more than there is."""
    c = chain_capture("<")
    c.record(71, c.pack("QQQIIII", 1 << 40, 0, 0, 0, 0, 0, 0))
    return c.file(), CHAIN_STACKS


def bad_attr_size():
    whole = bytearray(chain_capture("<").file())
    whole[16:24] = (7).to_bytes(8, "little")
    return bytes(whole), None


def bad_sections():
    whole = bytearray(chain_capture("<").file())
    whole[24:32] = (1 << 62).to_bytes(8, "little")
    return bytes(whole), None


def bad_record_size():
    c = chain_capture("<")
    c.data += struct.pack("<IHH", SAMPLE, USER, 4)
    c.sample(0, 0x400010, 10, time=9)
    return c.file(), CHAIN_STACKS


def bad_names():
    """Names without an end and features beyond it: skipped, the samples stay."""
    c = chain_capture("<")
    c.record(MMAP2, b"\xff" * 120 + c.trailer(0, 10, 10, 1), USER)
    c.record(COMM, c.pack("II", 10, 10) + b"x" * 16 + c.trailer(0, 10, 10, 1))
    c.record(SAMPLE, b"short", USER)
    c.features[11] = c.pack("I", 1000) + b"\xff\xff\xff\xff"
    return c.file(), CHAIN_STACKS


FILES = {
    "good-be64": be64, "good-be32-writer": be32_writer, "good-le32-writer": le32_writer,
    "good-v1": v1, "good-v1-be": v1_big, "good-v1-pipe-be": v1_big_swapped_magic,
    "good-be-pipe": big_pipe, "good-old-header": old_header, "good-zstd": zstd,
    "good-zstd2": zstd2, "good-unaligned": unaligned, "good-lbr": lbr,
    "good-branch-history": branch_history, "good-deferred": deferred, "good-group": group,
    "good-events": two_events, "good-tracepoint": tracepoints, "good-tasks": tasks, "good-maps": maps,
    "good-no-times": no_times, "good-dwarf": dwarf, "good-losses": losses,
    "good-kernel-old": kernel_only_old, "good-jit": jit, "good-jit-clock": jit_other_clock,
    "good-fields": all_fields, "good-contexts": contexts, "good-names": names,
    "good-described": described, "good-old-pipe": old_pipe, "good-zstd-dwarf": zstd_dwarf,
    "good-leaf": leaf, "good-exact-ip": exact_ip, "good-off-cpu": off_cpu,
    "good-waits-fields": waits_fields, "good-waits-stat": waits_stat,
    "good-waits": waits_little, "good-waits-be32": waits_big,
    "good-waits-out": waits_only_out, "good-waits-no-format": waits_no_format,
    "good-switch-records": switch_records, "good-waits-odd": waits_odd,
    "good-off-cpu-old": off_cpu_old, "good-simpleperf": simpleperf,
    "good-simpleperf-old": simpleperf_old, "good-aux": aux, "bad-simpleperf": bad_simpleperf,
    "bad-records": bad_records, "bad-tables": bad_tables, "bad-behind": bad_behind,
    "bad-killed": killed, "bad-killed-dwarf": killed_dwarf, "bad-cut": cut, "bad-pipe-garbage": pipe_garbage,
    "bad-zstd": zstd_broken, "bad-attr-size": bad_attr_size, "bad-sections": bad_sections,
    "bad-record-size": bad_record_size, "bad-names": bad_names,
}


def parts(folder):
    """perf record --threads: what perf makes up in one file, samples in others."""
    c = Capture("<", [Event("cpu-clock", STACK)])
    base(c)
    c.describe()
    (folder / "data").write_bytes(c.file())
    u, c.data = [CTX_USER, 0x400010], b""
    c.sample(0, 0x400010, 10, time=5, chain=u)
    c.sample(0, 0x400010, 20, time=25, chain=u)
    (folder / "data.0").write_bytes(c.data)
    c.data = b""
    c.fork(20, 10, 20, 10, 20)
    c.sample(0, 0x400010, 20, time=22, chain=u)
    c.compress(40)
    (folder / "data.1").write_bytes(c.data + b"\x09\x00")


def main(folder):
    (folder / "parts").mkdir(exist_ok=True)
    parts(folder / "parts")
    for name, make in FILES.items():
        data, stacks = make()
        (folder / f"{name}.data").write_bytes(data)
        if stacks is not None:
            (folder / f"{name}.stacks").write_text("".join(s + "\n" for s in sorted(stacks)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
