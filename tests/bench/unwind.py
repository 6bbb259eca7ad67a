#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU time of unwinding, against perf's, on a fresh capture.

Usage: unwind.py UNWIND-BENCH CAPTURE.py CPCONV WORK.CC [ROUNDS]
"""
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile


def cpu(*command):
    """(user + system seconds, standard output) of a child."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                         errors='replace').stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, out


def main():
    bench, capture, cpconv, source = sys.argv[1:5]
    rounds = sys.argv[5] if len(sys.argv) > 5 else '4000'
    if not shutil.which('perf') or not shutil.which('g++'):
        print('SKIPPED: no perf or no g++')
        return 77
    with tempfile.TemporaryDirectory() as folder:
        program, data, fixture, out = (
            os.path.join(folder, n) for n in ('work', 'perf.data', 'capture', 'out.pb.gz'))
        subprocess.run(['g++', '-O2', '-g', '-fomit-frame-pointer', '-o', program, source],
                       check=True)
        subprocess.run(['perf', 'record', '-q', '-e', 'cpu-clock', '-F', '7999', '--call-graph',
                        'dwarf', '-o', data, program, rounds], stderr=subprocess.DEVNULL)
        if not os.path.exists(data):
            print('SKIPPED: perf cannot record here')
            return 77
        subprocess.run([sys.executable, capture, data, fixture], check=True)
        print(subprocess.run([bench, fixture], stdout=subprocess.PIPE, text=True).stdout, end='')
        perf, text = cpu('perf', 'script', '--no-inline', '-F', 'ip', '-i', data)
        frames = len(re.findall(r'^\s+[0-9a-f]+', text, re.M))
        flat, _ = cpu('perf', 'script', '--no-inline', '-F', 'time', '-G', '-i', data)
        print(f'perf script: {1e9 * max(perf - flat, 0) / max(frames, 1):.0f} ns a frame '
              f'({perf:.2f} s for {frames} frames, {flat:.2f} s of it without call chains)')
        whole, _ = cpu('perf', 'script', '--no-inline', '-i', data)
        ours, _ = cpu(cpconv, '-q', data, '-o', out)
        print(f'{os.path.getsize(data) >> 20} MB: cpconv to pprof with inlines and lines {ours:.2f} s '
              f'CPU, perf script --no-inline {whole:.2f} s: {whole / max(ours, 1e-9):.1f} times')
    return 0


sys.exit(main())
