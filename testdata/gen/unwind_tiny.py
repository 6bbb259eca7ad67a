#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes testdata/unwind: builds src/ for three machines, runs the programs (AArch64 under
qemu-aarch64) and turns the registers and stacks they write into capture files as
unwind_capture.py's.

Usage: unwind_tiny.py [MACHINE…]
"""
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(os.path.dirname(HERE), 'unwind')
COMMON = ['-O2', '-g0', '-fno-stack-protector', '-ffreestanding', '-fno-pie', '-fcf-protection=none']
# machine: compiler, flags, run with, word, abi, mask
MACHINES = {
    'x86_64': (['gcc'], COMMON, [], 8, 2, 0xff01ff),
    'i386': (['gcc', '-m32'], COMMON, [], 4, 1, 0x1ff),
    'aarch64': (['aarch64-linux-gnu-gcc'], COMMON[:-1] + ['-mbranch-protection=pac-ret'],
                ['qemu-aarch64', '-cpu', 'max'], 8, 2, 0x1ffffffff),
}


def build(machine):
    compiler, flags, _, _, _, _ = MACHINES[machine]
    src, out = os.path.join(DATA, 'src'), os.path.join(DATA, 'tiny-' + machine)
    objects = []
    for name, more in (
            ('main.c', ['-fomit-frame-pointer', '-fasynchronous-unwind-tables']),
            ('debug.c', ['-fomit-frame-pointer', '-fno-asynchronous-unwind-tables', '-g1']),
            ('none.c', ['-fno-omit-frame-pointer', '-fno-asynchronous-unwind-tables']),
            (machine + '.S', [])):
        objects.append(f'/tmp/tiny-{os.getpid()}-{name}.o')
        subprocess.run([*compiler, *flags, *more, '-c', '-o', objects[-1],
                        os.path.join(src, name)], check=True)
    subprocess.run([*compiler, '-nostdlib', '-static', '-no-pie', '-Wl,--build-id=none',
                    '-Wl,-z,noseparate-code', '-Wl,-z,max-page-size=4096',
                    '-o', out, *objects], check=True)
    for path in objects:
        os.remove(path)
    # Names and frames stay, the rest of the debug information goes.
    subprocess.run([*(['aarch64-linux-gnu-objcopy'] if machine == 'aarch64' else ['objcopy']),
                    *[f'-R.debug_{s}' for s in ('info', 'abbrev', 'line', 'str', 'aranges',
                                                'line_str', 'rnglists', 'ranges', 'loc')],
                    '-R.comment', out], check=True)
    return out


def code_map(path):
    text = subprocess.run(['readelf', '-lW', path], capture_output=True, text=True).stdout
    for line in text.splitlines():
        m = re.match(r'\s+LOAD\s+(0x\S+) (0x\S+) 0x\S+ (0x\S+) 0x\S+ R E', line)
        if m:
            offset, start, size = (int(x, 16) for x in m.groups())
            return start, start + size, offset
    raise SystemExit('no code segment')


def text(s):
    return struct.pack('<I', len(s)) + s.encode()


def capture(machine, program):
    _, _, runner, word, abi, mask = MACHINES[machine]
    d = subprocess.run([*runner, program], capture_output=True, check=True).stdout
    one = '<Q' if word == 8 else '<I'
    out = [b'cpunwnd1', text({'i386': 'x86_64'}.get(machine, machine)), struct.pack('<I', 1),
           text('tiny-' + machine), text(''), struct.pack('<I', 1)]
    start, limit, offset = code_map(program)
    out.append(b'M' + struct.pack('<II', 1, 1) + struct.pack('<QQQI', start, limit, offset, 1))
    at, n_samples = 0, 0

    def get():
        nonlocal at
        at += word
        return struct.unpack_from(one, d, at - word)[0]

    while at < len(d):
        regs = [get() for _ in range(get())]
        assert len(regs) == bin(mask).count('1')
        get()
        size = get()
        out.append(b'S' + struct.pack('<IIIQQQI', 1, 1, 1, n_samples, abi, mask, len(regs)))
        out.append(struct.pack(f'<{len(regs)}Q', *regs))
        out.append(struct.pack('<QI', 65528, size) + d[at:at + size])
        at += size
        n_samples += 1
    with open(os.path.join(DATA, machine + '.unwind'), 'wb') as f:
        f.write(b''.join(out))
    print(machine, n_samples, 'samples')


def main():
    for machine in sys.argv[1:] or MACHINES:
        capture(machine, build(machine))


main()
