#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU time of unwinding, against perf's and hotspot's, on a fresh capture of 500 MB.

Usage: unwind.py UNWIND-BENCH CAPTURE.py CPCONV WORK.CC [MEGABYTES | perf.data]

Unwinding alone comes from a short capture: UNWIND-BENCH against perf script with and
without call chains. On the large one cpconv writes a pprof with inlines and lines; perf
script --no-inline prints text without; hotspot-perfparser (Debian's package hotspot) has
inlines. Each is the best of three. hotspot-perfparser is looked for in $HOTSPOT_PERFPARSER,
$PATH and /usr, else fetched with apt-get into a temporary directory; where that fails, it is
said and left out.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dwarf import measured  # noqa: E402

ROUNDS = 3
PACKAGES = ('hotspot', 'libqt5core5a', 'libqt5network5')


def record(program, rounds, out):
    subprocess.run(['perf', 'record', '-q', '-e', 'cpu-clock', '-F', '7999', '--call-graph',
                    'dwarf', '-o', out, program, str(rounds)], stderr=subprocess.DEVNULL)
    return os.path.exists(out)


def record_large(program, megabytes, out):
    """A capture of about that size, whatever the machine's speed."""
    rounds = 2000
    while True:
        if not record(program, rounds, out):
            return False
        size = os.path.getsize(out)
        if size >= megabytes << 20:
            return True
        rounds = int(rounds * (megabytes << 20) / size * 1.1) + 1


def fetch_hotspot(directory):
    done = subprocess.run(['apt-get', 'download', *PACKAGES], cwd=directory,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for deb in glob.glob(os.path.join(directory, '*.deb')):
        subprocess.run(['dpkg', '-x', deb, os.path.join(directory, 'root')], check=True)
    return '' if done.returncode else os.path.join(directory, 'root')


def find_hotspot(directory):
    """(command, environment), or None."""
    root, env = '', {}
    path = os.environ.get('HOTSPOT_PERFPARSER') or shutil.which('hotspot-perfparser')
    installed = glob.glob('/usr/lib/*/libexec/hotspot-perfparser')
    if not path and not installed and shutil.which('apt-get') and shutil.which('dpkg'):
        root = fetch_hotspot(directory)
    if not path:
        path = next(iter(installed or glob.glob(root + '/usr/lib/*/libexec/hotspot-perfparser')), '')
        if root and path:
            env = {'LD_LIBRARY_PATH': os.path.dirname(os.path.dirname(path))}
    if not path or subprocess.run([path, '--help'], env={**os.environ, **env},
                                  capture_output=True).returncode:
        return None
    return path, env


def alone(bench, capture, data, fixture):
    """Nanoseconds a frame."""
    subprocess.run([sys.executable, capture, data, fixture], check=True)
    out = subprocess.run([bench, fixture], stdout=subprocess.PIPE, text=True).stdout
    print(out.replace(fixture, 'unwinding alone'), end='')
    os.unlink(fixture)
    text = fixture + '.text'
    perf = measured(['perf', 'script', '--no-inline', '-F', 'ip', '-i', data], stdout=text)[0]
    with open(text, errors='replace') as f:
        frames = len(re.findall(r'^\s+[0-9a-f]+', f.read(), re.M))
    flat = measured(['perf', 'script', '--no-inline', '-F', 'time', '-G', '-i', data])[0]
    print(f'perf script: {1e9 * max(perf - flat, 0) / max(frames, 1):.0f} ns a frame '
          f'({perf:.2f} s for {frames} frames, {flat:.2f} s of it without call chains)')


def race(cpconv, data, directory):
    out = os.path.join(directory, 'out')
    hotspot = find_hotspot(directory)
    runs = [('cpconv --threads %d → pprof, inlines, lines' % n,
             [cpconv, '-q', '--threads', str(n), data, '-o', out + '.pb.gz'], {}) for n in (1, 2)]
    runs.append(('perf script --no-inline', ['perf', 'script', '--no-inline', '-i', data], {}))
    if hotspot:
        runs.append(('hotspot-perfparser',
                     [hotspot[0], '--input', data, '--output', out + '.hotspot'], hotspot[1]))
    else:
        print('hotspot-perfparser: SKIPPED, it is not installed and could not be fetched')
    best = {}
    for _ in range(ROUNDS):
        for name, argv, env in runs:
            m = measured(argv, env=env)
            best[name] = min(best.get(name, m), m)
    print(f'{os.path.getsize(data) >> 20} MB, best of {ROUNDS}; × is CPU over the first line\'s')
    base = best[runs[0][0]][0]
    for name, _, _ in runs:
        cpu, wall, _, anonymous = best[name]
        print(f'{name:46} {cpu:6.2f} s CPU {wall:6.2f} s wall {anonymous:5.0f} MB anonymous '
              f'{cpu / max(base, 1e-9):5.1f} ×')


def main():
    bench, capture, cpconv, source = sys.argv[1:5]
    what = sys.argv[5] if len(sys.argv) > 5 else '500'
    if not shutil.which('perf') or not shutil.which('g++'):
        print('SKIPPED: no perf or no g++')
        return 77
    with tempfile.TemporaryDirectory() as folder:
        program, data, fixture = (
            os.path.join(folder, n) for n in ('work', 'perf.data', 'capture'))
        subprocess.run(['g++', '-O2', '-g', '-fomit-frame-pointer', '-o', program, source],
                       check=True)
        if not record(program, 2000, data):
            print('SKIPPED: perf cannot record here')
            return 77
        alone(bench, capture, data, fixture)
        if os.path.exists(what):
            data = what
        else:
            record_large(program, int(what), data)
        race(cpconv, data, folder)
    return 0


if __name__ == '__main__':
    sys.exit(main())
