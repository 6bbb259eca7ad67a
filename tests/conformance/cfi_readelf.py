#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The call frame tables of files on this machine, against `readelf --debug-dump=frames-interp`.

Every row that readelf prints must be in our table at its address, as a plain rule when it
is one and as "complex" when it needs the interpreter. Usage: cfi_readelf.py CFI-ROWS [FILE…]
"""
import bisect
import glob
import os
import re
import shutil
import subprocess
import sys

REGS = {
    'x86-64': ('rsp', 'rbp', 'ra', 8, False, '16'),
    'i386': ('esp', 'ebp', 'ra', 4, False, '8'),
    'aarch64': ('sp', 'x29', 'ra', 8, True, '30'),
}
DEFAULT = ['/lib/x86_64-linux-gnu/libc.so.6', '/lib/x86_64-linux-gnu/libm.so.6',
           '/usr/lib/x86_64-linux-gnu/libstdc++.so.6', '/usr/lib/x86_64-linux-gnu/libcrypto.so.3',
           '/usr/aarch64-linux-gnu/lib/libc.so.6', '/lib32/libc.so.6', '/usr/bin/python3']


def machine_of(path):
    out = subprocess.run(['readelf', '-hW', path], capture_output=True, text=True).stdout
    machine = re.search(r'Machine:\s+(.*)', out).group(1)
    for key, word in (('x86-64', 'X86-64'), ('i386', '80386'), ('aarch64', 'AArch64')):
        if word in machine:
            return key
    return None


def place(text, word, upward, base):
    """A saved register as our table prints it, or None when only the interpreter can."""
    if text in ('u', 's'):
        return 'u'
    if not text.startswith('c'):
        return None
    at = int(text[1:])
    slot = (base + at) // word + 1 if upward else -at // word
    if at % word or not 0 < slot < 128:
        return None
    return f'c{at:+d}'


def expected(row, columns, regs, always):
    sp, fp, ra, word, link, _ = regs
    cfa = row[0]
    get = dict(zip(columns, row))
    ret = get.get(ra, 'u')
    if ret == 'U':
        return 'end'
    if always:
        return 'complex'
    if cfa == 'exp':
        return 'plt or complex'
    m = re.fullmatch(r'(\w+?)([+-]\d+)', cfa)
    if not m or m.group(1) not in (sp, fp) or get.get(sp, 'u') != 'u':
        return 'complex'
    base = int(m.group(2))
    if base < 0 or base % word or base // word >= 1 << 14:
        return 'complex'
    a = place(get.get(fp, 'u'), word, link, base)
    b = place(ret, word, link, base)
    if not a or not b or (not link and b != f'c-{word}'):
        return 'complex'
    return f'{"sp" if m.group(1) == sp else "fp"}{m.group(2)} {a} {b}'


def readelf_rows(path, regs):
    """(start, limit, expectation) for every row of every FDE."""
    dump = subprocess.run(['readelf', '-W', '--debug-dump=frames-interp', path],
                          capture_output=True, text=True, errors='replace').stdout
    cies, rows, fde, columns = {}, [], None, None
    # A column "ra" that says "u" is undefined only when an instruction said so, which
    # the interpreted form does not show: the outermost frame's entry is told by the raw one.
    raw = subprocess.run(['readelf', '-W', '--debug-dump=frames', path],
                         capture_output=True, text=True, errors='replace').stdout
    last, current = set(), None
    for line in raw.splitlines():
        m = re.match(r'([0-9a-f]+) [0-9a-f]+ [0-9a-f]+ FDE cie=[0-9a-f]+ pc=([0-9a-f]+)', line)
        if m:
            current = int(m.group(2), 16)
        elif re.search(r'DW_CFA_undefined: r(16|8|30) ', line) and current is not None:
            last.add(current)
    section = ''
    for line in dump.splitlines():
        m = re.match(r'Contents of the (\S+) section', line)
        if m:
            section = m.group(1)
        m = re.match(r'([0-9a-f]+) [0-9a-f]+ [0-9a-f]+ CIE "([^"]*)".* ra=(\d+)', line)
        if m:
            cies[section, int(m.group(1), 16)] = \
                'S' in m.group(2) or m.group(3) != regs[5]
            fde = None
            continue
        m = re.match(r'[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ FDE cie=([0-9a-f]+) '
                     r'pc=([0-9a-f]+)\.\.([0-9a-f]+)', line)
        if m:
            start, limit = int(m.group(2), 16), int(m.group(3), 16)
            fde = (start, limit, cies.get((section, int(m.group(1), 16)), False))
            continue
        if line.lstrip().startswith('LOC'):
            columns = line.split()[1:]
            continue
        # A register kept in another: "r3 (rbx)".
        words = re.sub(r' \(\w+\)', '', line).split()
        if fde and len(words) >= 2 and re.fullmatch(r'[0-9a-f]{8,16}', words[0]):
            row = words[1:]
            if fde[0] in last and regs[2] in columns:
                i = columns.index(regs[2])
                if i < len(row) and row[i] == 'u':
                    row[i] = 'U'
            rows.append((int(words[0], 16), fde, expected(row, columns, regs, fde[2])))
    return rows


def check(program, path):
    machine = machine_of(path)
    ours = [line.split(' ', 1) for line in subprocess.run(
        [program, path], capture_output=True, text=True, check=True).stdout.splitlines()]
    pcs = [int(pc, 16) for pc, _ in ours]
    rows = readelf_rows(path, REGS[machine])
    bad = 0
    for pc, fde, want in rows:
        if not fde[0] <= pc < fde[1]:
            continue
        i = bisect.bisect_right(pcs, pc) - 1
        got = ours[i][1] if i >= 0 else 'gap'
        if got != want and got not in want.split(' or '):
            bad += 1
            if bad <= 5:
                print(f'{path}: {pc:x}: {got}, readelf: {want}')
    print(f'{path}: {len(rows)} rows of readelf, {len(ours)} of ours, {bad} differ')
    return bad or not rows


def main():
    program, files = sys.argv[1], sys.argv[2:]
    if not shutil.which('readelf'):
        print('SKIPPED: readelf is not installed')
        return 77
    files = files or [f for p in DEFAULT for f in glob.glob(p) if os.path.exists(f)]
    if not files:
        print('SKIPPED: none of the files to compare is here')
        return 77
    return 1 if any([check(program, f) for f in files]) else 0


sys.exit(main())
