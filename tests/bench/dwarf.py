#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Symbolizing 20,000 addresses of a large C++ program, against llvm-symbolizer and
addr2line, in one run.

    dwarf.py CPCONV FRAMES-PROGRAM [BINARY-WITH-DEBUG-INFO]

Without a binary it fetches Debian's ceph-osd and ceph-osd-dbg (530 MB, apt-get download
into a temporary directory, which needs 2 GB) and joins them: 380 MB of .debug_info. The
vehicle is a pprof profile of bare addresses, read by cpconv and written with symbols; the
peers get the same sorted list: the newest llvm-symbolizer in PATH, or LLVM_SYMBOLIZER
(Debian 12 has 19 in its package llvm-19), and addr2line, which takes a quarter of a minute;
ADDR2LINE= leaves it out. FRAMES-PROGRAM is object/dwarf alone. Prints CPU seconds
(user and system), wall seconds, peak memory (resident, and without pages of files) and
ratios; processes are cold, the page cache is warm. SAME=1 also says how many addresses
agree.
"""
import bisect
import glob
import itertools
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, '..', 'conformance'))
import dwarf_peers  # noqa: E402
import pprofgen  # noqa: E402

ADDRESSES = 20000


def measured(argv, stdin=None, stdout=os.devnull, env=None):
    actions = [(os.POSIX_SPAWN_OPEN, 1, stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
               (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    if stdin:
        actions.append((os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0))
    start = time.monotonic()
    pid = os.posix_spawnp(argv[0], argv, {**os.environ, **(env or {})}, file_actions=actions)
    anonymous = 0
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            break
        try:
            with open('/proc/%d/status' % pid) as f:
                found = re.search(r'RssAnon:\s+(\d+)', f.read())
            anonymous = max(anonymous, int(found[1]) if found else 0)
        except OSError:
            pass
        time.sleep(.01)
    if status:
        sys.exit('%s failed' % argv[0])
    return (usage.ru_utime + usage.ru_stime, time.monotonic() - start,
            usage.ru_maxrss / 1024, anonymous / 1024)


def fetch(directory):
    for argv in (['apt-get', 'download', 'ceph-osd', 'ceph-osd-dbg'],):
        subprocess.run(argv, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    for deb in glob.glob(os.path.join(directory, '*.deb')):
        subprocess.run(['dpkg', '-x', deb, os.path.join(directory, 'root')], check=True)
        os.unlink(deb)
    binary = os.path.join(directory, 'root/usr/bin/ceph-osd')
    notes = subprocess.run(['readelf', '-n', binary], capture_output=True, text=True).stdout
    build_id = re.search(r'Build ID: (\w+)', notes)[1]
    debug = os.path.join(directory, 'root/usr/lib/debug/.build-id', build_id[:2],
                         build_id[2:] + '.debug')
    packed, plain = os.path.join(directory, 'packed'), os.path.join(directory, 'plain')
    subprocess.run(['eu-unstrip', binary, debug, '-o', packed], check=True)
    subprocess.run(['objcopy', '--decompress-debug-sections', packed, plain], check=True)
    return plain, packed


def pick(path):
    out = subprocess.run(['nm', '-S', path], capture_output=True, text=True).stdout
    spans = [(int(a, 16), int(s, 16)) for a, s in
             re.findall(r'^([0-9a-f]+) ([0-9a-f]+) [tTwWi] ', out, re.M) if int(s, 16)]
    ends = list(itertools.accumulate(s for _, s in spans))
    rnd, chosen = random.Random(1), set()
    while len(chosen) < min(ADDRESSES, ends[-1] // 2):
        k = rnd.randrange(ends[-1])
        i = bisect.bisect_right(ends, k)
        chosen.add(spans[i][0] + spans[i][1] - (ends[i] - k))
    return sorted(chosen)


def bare_profile(path, addresses, to):
    headers = subprocess.run(['readelf', '-lW', path], capture_output=True, text=True).stdout
    load = [[int(x, 16) for x in m] for m in re.findall(
        r'LOAD\s+0x(\w+)\s+0x(\w+)\s+0x\w+\s+0x(\w+)\s+0x\w+\s+R E', headers)][0]
    notes = subprocess.run(['readelf', '-n', path], capture_output=True, text=True).stdout
    build_id = re.search(r'Build ID: (\w+)', notes)
    p = pprofgen.Profile()
    p.sample_type('samples', 'count')
    p.mapping(1, load[1], load[1] + load[2], load[0], path, build_id[1] if build_id else '', 0)
    for i, a in enumerate(addresses):
        p.location(i + 1, 1, a, [])
    for i in range(len(addresses)):
        p.sample([i + 1], [1])
    with open(to, 'wb') as f:
        f.write(p.encode())


def row(label, m, base):
    print('%-34s %7.2f s CPU %7.2f s wall %6.0f MB resident %5.0f MB anonymous%s' % (
        label, *m, '   1 : %.1f' % (base / m[0]) if base else ''))


def race(cpconv, program, path, directory, title):
    llvm = os.environ.get('LLVM_SYMBOLIZER') or dwarf_peers.find_llvm()
    addresses = pick(path)
    listed, bare = os.path.join(directory, 'list'), os.path.join(directory, 'bare.pb')
    ours, theirs = os.path.join(directory, 'ours'), os.path.join(directory, 'theirs')
    with open(listed, 'w') as f:
        f.writelines('0x%x\n' % a for a in addresses)
    bare_profile(path, addresses, bare)
    print('%s: %d addresses' % (title, len(addresses)))
    base = None
    addr2line = os.environ.get('ADDR2LINE', 'addr2line')
    if addr2line and shutil.which(addr2line):
        m = measured([addr2line, '-i', '-f', '-C', '-e', path], listed)
        row(os.path.basename(addr2line) + ' -i -f -C', m, None)
    if llvm:
        m = measured([llvm, '--obj=' + path, '--inlines', '--functions=linkage',
                      '--no-demangle', '--print-address'], listed, theirs)
        base = m[0]
        row(os.path.basename(llvm), m, None)
    for threads in ('1', '2'):
        row('object/dwarf, %s thread(s)' % threads,
            measured([program, path], listed, ours, {'CP_THREADS': threads}), base)
    for threads in ('1', '2'):
        row('cpconv pprof to pprof, %s thread(s)' % threads,
            measured([cpconv, '--threads', threads, '--binary', path, bare, '-o',
                      os.path.join(directory, 'out.pb.gz')]), base)
    if llvm and os.environ.get('SAME'):
        with open(ours, errors='replace') as a, open(theirs, errors='replace') as b:
            frames, peer = dwarf_peers.parse(a.read()), dwarf_peers.parse(b.read())
        bad = dwarf_peers.compare(frames, peer, dwarf_peers.symbols(path))
        print('%d of %d addresses disagree' % (len(bad), len(peer)))


def main():
    cpconv, program = (os.path.abspath(a) for a in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as directory:
        if len(sys.argv) > 3:
            race(cpconv, program, sys.argv[3], directory, os.path.basename(sys.argv[3]))
            return
        if not all(shutil.which(t) for t in ('apt-get', 'dpkg', 'eu-unstrip', 'objcopy')):
            print('SKIPPED: needs apt-get, dpkg, eu-unstrip and objcopy')
            sys.exit(77)
        plain, packed = fetch(directory)
        race(cpconv, program, plain, directory, 'ceph-osd, sections as they are')
        race(cpconv, program, packed, directory, 'ceph-osd, sections compressed')


if __name__ == '__main__':
    main()
