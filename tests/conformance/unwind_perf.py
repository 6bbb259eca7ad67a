#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stacks of fresh captures against `perf script --no-inline`.

Builds the programs of tests/conformance/unwind, records them with --call-graph dwarf and
compares frame addresses, sample by sample. Differences fall into classes; only those in
which perf is not known to be wrong count against us (libcp/ARCHITECTURE.md, "Unwinding").

Then the folded text of `cpconv --perf-compat` against plain `perf script` and the rules of
stackcollapse-perf.pl: there perf's faults count, too, and nothing is taken off.

Usage: unwind_perf.py REPLAY CAPTURE.py CPCONV [-v]… [--keep DIR] [perf.data…]
"""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

from perf_script import fold, parse

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = ['-O2', '-g', '-fomit-frame-pointer']
# name: source, compiler and flags, rounds, dump size and options of perf record
PROGRAMS = {
    'cpp-gcc': ('work.cc', ['g++', *FLAGS], 2500, []),
    'cpp-clang': ('work.cc', ['clang++', *FLAGS], 2500, []),
    'cpp-64k': ('work.cc', ['g++', *FLAGS], 1500, ['dwarf,65528']),
    'cpp-1k': ('work.cc', ['g++', *FLAGS], 1500, ['dwarf,1024']),
    'c-gcc': ('work.c', ['gcc', *FLAGS], 20000, []),
    'c-clang': ('work.c', ['clang', *FLAGS], 20000, []),
    'c-static': ('work.c', ['gcc', *FLAGS, '-static', '-no-pie'], 20000, []),
    'c-32': ('work.c', ['gcc', *FLAGS, '-m32'], 20000, []),
    'c-vdso': ('clock.c', ['gcc', *FLAGS], 4000, []),
    'c-debug-file': ('work.c', ['gcc', *FLAGS, '-fno-asynchronous-unwind-tables'], 20000, []),
    'rust': ('work.rs', ['rustc', '-O', '-g'], 3000, []),
    'cpp-zstd': ('work.cc', ['g++', *FLAGS], 1500, ['dwarf', '-z']),
    'shell': ('work.cc', ['g++', *FLAGS], 1500, []),
    'deep': ('deep.c', ['gcc', *FLAGS], 20000, ['dwarf,65528']),
    'system': ('work.cc', ['g++', *FLAGS], 1500, ['dwarf', '-a']),
}


def run(*args):
    return subprocess.run(args, capture_output=True, text=True, errors='replace')


def command(name, program, rounds):
    """Children of a shell inherit its mappings, which perf never forgets."""
    if name not in ('system', 'shell'):
        return [program, str(rounds)]
    return ['sh', '-c', 'for i in 1 2 3; do "$0" "$1"; ls -R /usr/include; done >/dev/null',
            program, str(rounds // 3)]


def split(program):
    """Only the debug file keeps .debug_frame, which is all there is about work.c."""
    debug = program + '.debug'
    if not shutil.which('objcopy') or not shutil.which('strip'):
        return False
    return not any(run(*command).returncode for command in (
        ('objcopy', '--only-keep-debug', program, debug), ('strip', '-g', program),
        ('objcopy', '--remove-section=.gnu_debuglink', '--add-gnu-debuglink=' + debug, program)))


def record(name, folder, mode=None):
    source, compiler, rounds, options = PROGRAMS[name]
    program, data = os.path.join(folder, name), os.path.join(folder, name + '.data')
    if not shutil.which(compiler[0]):
        return None, compiler[0] + ' is not installed'
    built = run(*compiler, '-o', program, os.path.join(HERE, 'unwind', source))
    if built.returncode:
        return None, 'cannot be built: ' + built.stderr.strip().splitlines()[-1]
    if name == 'c-debug-file' and not split(program):
        return None, 'no objcopy, or no strip'
    recorded = run('perf', 'record', '-q', '-e', 'cpu-clock', '-F', '1999', '--call-graph',
                   *([mode] if mode else options or ['dwarf']), '-o', data, *command(name, program, rounds))
    if not os.path.exists(data):
        return None, 'perf record: ' + recorded.stderr.strip()
    return data, None


def perf_stacks(data):
    """{(tid, time): [user addresses, leaf first]} and the symbols of the addresses."""
    out = run('perf', 'script', '-i', data, '--no-inline', '--max-stack', '10000', '--ns',
              '-F', 'tid,time,ip,sym,dso')
    stacks, names, now = {}, {}, None
    for line in out.stdout.splitlines():
        m = re.match(r'\s*(\d+)\s+(\d+)\.(\d+):', line)
        if m:
            now = stacks.setdefault((int(m.group(1)), int(m.group(2) + m.group(3))), [])
            continue
        m = re.match(r'\s+([0-9a-f]+) (.*)', line)
        if m and now is not None:
            address = int(m.group(1), 16)
            names[address] = m.group(2)
            # The kernel's part of the chain comes from the kernel.
            if address < 1 << 63 or address == (1 << 64) - 1:
                now.append(address)
    return stacks, names


def our_stacks(replay, capture, data, folder):
    fixture = os.path.join(folder, os.path.basename(data) + '.unwind')
    made = run(sys.executable, capture, data, fixture)
    if made.returncode:
        return None, made.stderr
    out = run(replay, fixture)
    stacks = {}
    for line in out.stdout.splitlines():
        words = line.split()
        stacks[int(words[0]), int(words[1])] = (words[2], [int(w, 16) for w in words[3:]])
    os.remove(fixture)
    return stacks, out.stderr


# What the command of "system" runs, and the idle tasks.
LOAD = ('system', 'sh', 'ls', 'swapper')


def compare_folded(name, data, cpconv, verbose):
    """Are at least 98 % of the weight on the same folded stacks?"""
    script = run('perf', 'script', '--no-inline', '-i', data).stdout
    ours = run(cpconv, '--perf-compat', '--no-inlines', '--to', 'folded', '-q', '-o', '-', data)
    # Functions of equal code share an address; which of the names is printed is chance.
    theirs, mine = (f(re.sub('<(u64|usize) as ', '<u as ', t)) for f, t in (
        (fold, script), (parse, ours.stdout)))
    if name == 'system':
        # Of other processes the files may have been replaced since.
        theirs, mine = (collections.Counter({stack: n for stack, n in sums.items()
                                             if stack.split(';')[0] in LOAD})
                        for sums in (theirs, mine))
    same = sum(min(n, mine[stack]) for stack, n in theirs.items())
    total = sum(theirs.values())
    print(f'{name}: --perf-compat: {len(theirs)} stacks of perf, {len(mine)} of cpconv, '
          f'the same {100 * same / max(total, 1):.2f} % of the weight {ours.stderr[:200]}')
    for who, more in (('perf', theirs - mine), ('cpconv', mine - theirs)):
        for stack, n in more.most_common(3 * verbose):
            print(f'  {who} {n} {stack}')
    return total > 0 and same >= 0.98 * total and total == sum(mine.values())


def classify(ours, end, theirs, names):
    """The class of a difference; None: the same frames."""
    if ours == theirs:
        return None
    unknown = [a for a in theirs if '[unknown]' in names.get(a, '')]
    real = [a for a in theirs if a not in unknown or a in ours]
    after = iter(ours)
    if end not in ('missing', 'broken') and real[:1] == ours[:1] and all(a in after for a in real):
        return ('perf: garbage after the last frame' if real == ours else
                'perf stops early' if real == ours[:len(real)] else 'perf skips frames')
    if theirs[:len(ours)] == ours:
        rest = theirs[len(ours):]
        if all(a in unknown for a in rest):
            return 'perf: garbage after the last frame'
        return 'perf goes on after a ' + end + ' stack'
    if ours[:len(theirs)] == theirs:
        return 'perf stops early'
    n = next(i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b)
    if theirs[n] in unknown and len(theirs) - n <= 2:
        return 'perf: garbage, then stops'
    return 'differ at frame %d' % n


def hint_suffices(name, data, cpconv, folder):
    """Does a dump of the size that cpconv names hold the stacks?"""
    said = run(cpconv, data, '-o', os.path.join(folder, 'out.pb.gz')).stderr
    hint = re.search(r'--call-graph dwarf,(\d+) would have sufficed', said)
    again = hint and record(name, folder, 'dwarf,' + hint.group(1))[0]
    if not again:
        print(f'{name}: no dump size is named')
        return False
    said = run(cpconv, again, '-o', os.path.join(folder, 'out.pb.gz')).stderr
    cut = re.search(r'(\d+) of (\d+) user stacks are larger', said)
    print(f'{name}: dumps of {hint.group(1)} bytes, as named, cut '
          + (f'{cut.group(1)} of {cut.group(2)} stacks' if cut else 'no stack'))
    return not cut or int(cut.group(1)) <= 0.01 * int(cut.group(2))


def debug_file_is_found(name, data, cpconv):
    """By its debug link: perf keeps a copy of the program, which is not beside it."""
    ours = parse(run(cpconv, '-q', '--to', 'folded', '-o', '-', data).stdout)
    ended = sum(n for stack, n in ours.items()
                if stack.split(';')[1] in ('_start', '_dl_start_user', '[truncated stack]'))
    print(f'{name}: {100 * ended / max(ours.total(), 1):.1f} % of the weight has an outermost frame')
    return ended >= 0.95 * ours.total() > 0


# Where perf is at fault: see libcp/ARCHITECTURE.md.
EXPLAINED = ('perf: garbage after the last frame', 'perf: garbage, then stops',
             'perf stops early', 'perf skips frames')


def entry_of(program):
    """Position of the entry point in the file."""
    text = run('readelf', '-hlW', program).stdout
    entry = int(re.search(r'Entry point address:\s+0x([0-9a-f]+)', text).group(1), 16)
    for m in re.finditer(r'LOAD\s+0x(\S+) 0x(\S+) 0x\S+ 0x(\S+) ', text):
        offset, address, size = (int(x, 16) for x in m.groups())
        if address <= entry < address + size:
            return entry - address + offset
    return None


def runs(program):
    try:
        subprocess.Popen([program], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL).kill()
    except OSError:
        return False
    return True


def ends_at_entry(name, data, replay, capture, folder):
    """Where perf cannot say: do whole stacks end in the program's (else ld.so's) _start?"""
    ours, _ = our_stacks(replay, capture, data, folder)
    entry = entry_of(os.path.join(folder, name))
    done = [frames for end, frames in ours.values() if end == 'done']
    right = sum(entry <= frames[-1] < entry + 64 for frames in done)
    print(f'{name}: {right} of {len(done)} whole stacks end in _start')
    return len(done) >= 0.6 * len(ours) and right >= 0.9 * len(done)


def compare(name, data, replay, capture, folder, verbose):
    theirs, names = perf_stacks(data)
    ours, remarks = our_stacks(replay, capture, data, folder)
    if ours is None:
        print(f'{name}: {remarks}')
        return False
    classes, ends, shown = collections.Counter(), collections.Counter(), collections.Counter()
    for key, (end, frames) in ours.items():
        ends[end] += 1
        kind = classify(frames, end, theirs.get(key, []), names)
        classes[kind] += 1
        if kind and shown[kind] < verbose:
            shown[kind] += 1
            print(f'  {kind}: {key} {end}')
            for i in range(max(len(frames), len(theirs.get(key, [])))):
                a = frames[i] if i < len(frames) else None
                b = theirs[key][i] if i < len(theirs.get(key, [])) else None
                print('   %2d %16s %16s %s' % (i, a is not None and '%x' % a or '-',
                                              b is not None and '%x' % b or '-',
                                              names.get(a, names.get(b, ''))))
    n = len(ours)
    same = classes.pop(None, 0)
    fine = same + sum(classes[k] for k in EXPLAINED)
    print(f'{name}: {n} samples, the same {100 * same / max(n, 1):.2f} %, '
          f'the same or perf at fault {100 * fine / max(n, 1):.2f} %, '
          + ', '.join(f'{v} {k}' for k, v in ends.most_common())
          + ''.join(f'; {v} × {k}' for k, v in classes.most_common()))
    for line in remarks.splitlines():
        print('  ' + line)
    return n > 0 and fine >= 0.98 * n


def pipe_is_a_file(name, data, cpconv):
    """When a capture was written is known of a file only: its stacks are the same in a pipe."""
    whole = run(cpconv, '--to', 'folded', data).stdout
    with open(data, 'rb') as file, subprocess.Popen(['cat'], stdin=file,
                                                    stdout=subprocess.PIPE) as cat:
        piped = subprocess.run([cpconv, '--to', 'folded', '-'], stdin=cat.stdout,
                               capture_output=True, text=True, errors='replace').stdout
    print(f'{name}: {len(whole.splitlines())} stacks; from a pipe {len(piped.splitlines())}')
    return bool(whole) and whole == piped


def main():
    replay, capture, cpconv, args = *sys.argv[1:4], sys.argv[4:]
    verbose = 0
    while args and args[0] == '-v':
        verbose += 1
        args.pop(0)
    keep = None
    if args and args[0] == '--keep':
        keep = args[1]
        args = args[2:]
    if not shutil.which('perf') or run('perf', 'record', '-q', '-e', 'cpu-clock', '-o',
                                       '/dev/null', 'true').returncode:
        print('SKIPPED: perf cannot record here')
        return 77
    ok = True
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or temporary
        for data in args:
            ok &= compare(os.path.basename(data), data, replay, capture, folder, verbose)
        for name in () if args else PROGRAMS:
            data, why = record(name, folder)
            if not data:
                print(f'{name}: SKIPPED: {why}')
                continue
            if name == 'c-32' and not runs(os.path.join(folder, name)):
                print(f'{name}: SKIPPED: this kernel runs no 32-bit programs')
                continue
            # The capture script reads no compressed files.
            if name not in ('cpp-zstd', 'c-debug-file'):
                ok &= compare(name, data, replay, capture, folder, verbose)
            if name in ('c-32', 'c-static', 'c-debug-file'):
                ok &= ends_at_entry(name, data, replay, capture, folder)
            ok &= compare_folded(name, data, cpconv, verbose)
            if name == 'cpp-zstd':
                ok &= pipe_is_a_file(name, data, cpconv)
            if name == 'c-debug-file':
                ok &= debug_file_is_found(name, data, cpconv)
            if name == 'cpp-1k':
                ok &= hint_suffices(name, data, cpconv, folder)
    return 0 if ok else 1


sys.exit(main())
