#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares with llvm-symbolizer (and eu-addr2line, addr2line) on one program built in
every way debug information comes: dwarf_peers.py PROGRAM SOURCE-DIR [BINARY…].

PROGRAM is dwarf_frames, which is object/dwarf alone, or cpconv: then a pprof profile of
bare addresses goes in and what comes out is compared, with all that cpconv finds by itself.
Without binaries the variants in SHORT are built, with CP_PEERS=all all of them. SHOW=n
prints n disagreements of each. LLVM_SYMBOLIZER names another peer than the newest in PATH.

An address agrees when both give the same inline depth and every frame the same name and
file:line. llvm names the outermost frame by the ELF symbol; so does this script for
dwarf_frames, since symbol tables are not its business. Line 0 equals an unknown line.
"""
import bisect
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import pprofgen

ADDRESSES = 4000
WANTED = 99.5
# One of each kind; all of them take a minute.
SHORT = {'g++ -gdwarf-4', 'clang++ -gdwarf-5', 'g++ -flto', 'g++ -gz', 'g++ -gsplit-dwarf 4',
         'clang++ .dwp 5', 'g++ dwz -m, DWARF 5', 'rustc', 'g++ stripped, debuglink',
         'g++ MiniDebugInfo', 'g++ -gz=zstd', 'go', 'go -s -w'}


# Variants of files that cpconv finds, and object/dwarf alone does not.
PIPELINE = {'link', 'mini', 'go-strip'}


def call(argv, **kw):
    return subprocess.run(argv, capture_output=True, text=True, errors='replace', **kw)


def find_llvm():
    if os.environ.get('LLVM_SYMBOLIZER'):
        return os.environ['LLVM_SYMBOLIZER']
    for name in ['llvm-symbolizer-19', 'llvm-symbolizer-18', 'llvm-symbolizer-16',
                 'llvm-symbolizer']:
        if shutil.which(name):
            return name
    return None


def code_addresses(path, n):
    """Addresses inside functions of the symbol table, else of executable sections."""
    rows = re.findall(r'^([0-9a-f]+) ([0-9a-f]+) [tTwWiu] ', call(['nm', '-S', path]).stdout,
                      re.M)
    spans = [(int(a, 16), int(s, 16)) for a, s in rows if int(s, 16)]
    if not spans:
        out = call(['readelf', '-SW', path]).stdout
        spans = [(int(a, 16), int(s, 16)) for a, s in re.findall(
            r'\.text\S*\s+PROGBITS\s+([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)', out)]
    rnd = random.Random(1)
    everything = sorted({a + i for a, s in spans for i in range(min(s, 1 << 16))})
    return sorted(rnd.sample(everything, min(n, len(everything))))


def symbols(path):
    rows = {}
    for a, s, name in re.findall(r'^([0-9a-f]+) ([0-9a-f]+) [tTwWiuV] (\S+)$',
                                 call(['nm', '-S', path]).stdout, re.M):
        rows.setdefault(int(a, 16), []).append((int(s, 16), name))
    return sorted(rows.items())


def markers(path):
    """Symbols without a size: gcc's link-time optimization puts some inside functions."""
    return set(re.findall(r'^[0-9a-f]+ [tnN] (\S+)$', call(['nm', '-a', path]).stdout, re.M))


def parse(text):
    result = {}
    for block in text.split('\n\n'):
        lines = block.strip('\n').split('\n')
        if not lines[0].startswith('0x'):
            continue
        frames = []
        for name, place in zip(lines[1::2], lines[2::2]):
            path, line, _ = place.rsplit(':', 2)
            frames.append((name, os.path.normpath(path) if line != '0' else '', int(line)))
        result[int(lines[0], 16)] = frames
    return result


def bare_profile(path, addresses, to):
    """A profile of one sample an address, as link time has them, of one mapping."""
    headers = call(['readelf', '-lW', path]).stdout
    load = [[int(x, 16) for x in m] for m in re.findall(
        r'LOAD\s+0x(\w+)\s+0x(\w+)\s+0x\w+\s+0x(\w+)\s+0x\w+\s+R E', headers)][0]
    build_id = re.search(r'Build ID: (\w+)', call(['readelf', '-n', path]).stdout)
    p = pprofgen.Profile()
    p.sample_type('samples', 'count')
    p.mapping(1, load[1], load[1] + load[2], load[0], path, build_id[1] if build_id else '', 0)
    for i, a in enumerate(addresses):
        p.location(i + 1, 1, a, [])
        p.sample([i + 1], [1])
    with open(to, 'wb') as f:
        f.write(p.encode())


def through_cpconv(program, path, addresses, extra):
    """What comes out of a profile of bare addresses."""
    with tempfile.TemporaryDirectory() as directory:
        bare, done = os.path.join(directory, 'bare'), os.path.join(directory, 'done.pb')
        bare_profile(path, addresses, bare)
        result = call([program, bare, '-q', '--binary', path, '--demangle', 'none', '--level',
                       '0', '-o', done, *extra])
        if result.returncode:
            return None, result.stderr
        with open(done, 'rb') as f:
            rows = pprofgen.frames(f.read())
    return {address: [(name, os.path.normpath(file) if file and line else '', line)
                      for name, file, line in rows.get(address, [])]
            for address in addresses}, ''


def ask(program, path, addresses, extra=()):
    """Our frames by address, or None and why not."""
    if os.path.basename(program) == 'cpconv':
        return through_cpconv(program, path, addresses,
                              [] if not extra else ['--debug-dir', os.path.dirname(path)])
    mine = call([program, path, *extra], input=''.join('0x%x\n' % a for a in addresses))
    return (None if mine.returncode else parse(mine.stdout)), mine.stderr


def names_at(table, starts, address):
    i = bisect.bisect_right(starts, address) - 1
    return {name for size, name in table[i][1] if address < starts[i] + size} if i >= 0 else set()


def same_name(ours, theirs, allowed, unsized):
    # Without a linkage name llvm prints the bare name, ours has its scopes. llvm also takes
    # an unsized symbol in front of the address for a function that covers it.
    return (ours == theirs or ours.endswith('::' + theirs) or theirs in allowed or
            (ours in allowed and theirs in unsized))


def compare(ours, theirs, table, unsized=()):
    starts = [a for a, _ in table]
    bad = []
    for address, f in theirs.items():
        o = ours.get(address, [])
        if all(not path and not line for _, path, line in f) and not o:
            continue  # no debug information: only a symbol, or nothing
        allowed = names_at(table, starts, address)
        if len(o) != len(f):
            bad.append(('depth', address, o, f))
        elif any(a[1:] != b[1:] for a, b in zip(o, f)):
            bad.append(('line', address, o, f))
        elif any(not same_name(a[0], b[0], allowed if i == len(o) - 1 else (), unsized)
                 for i, (a, b) in enumerate(zip(o, f))):
            bad.append(('name', address, o, f))
    return bad


def check(program, llvm, label, path, extra=(), our_path=None, depth=True):
    """`depth` False: neither has more than symbols."""
    addresses = code_addresses(path, ADDRESSES)
    ours, why = ask(program, our_path or path, addresses, extra)
    if ours is None:
        print('%-28s FAILED: %s' % (label, why.strip()))
        return False
    peer = call([llvm, '--obj=' + path, '--inlines', '--functions=linkage',
                 '--no-demangle', '--print-address'],
                input=''.join('0x%x\n' % a for a in addresses))
    theirs = parse(peer.stdout)
    bad = compare(ours, theirs, symbols(path), markers(path))
    share = 100 * (1 - len(bad) / max(1, len(theirs)))
    frames = sum(len(f) for f in ours.values())
    print('%-28s %5d addresses, %6d frames, %7.3f %% agree' % (
        label, len(theirs), frames, share))
    for why, address, o, f in bad[:int(os.environ.get('SHOW', '0'))]:
        print('   %s at 0x%x\n      ours   %s\n      theirs %s' % (why, address, o, f))
    return share >= WANTED and frames > 100 and (
        not depth or frames > len([f for f in ours.values() if f]))


def check_leaves(program, label, path, tool):
    """The innermost file:line of elfutils' and binutils' tools; of inline chains they know
    less. Where no sequence of rows is, in the start files, they take the row before."""
    if not shutil.which(tool):
        return True
    addresses = code_addresses(path, ADDRESSES)
    ours, _ = ask(program, path, addresses)
    theirs = call([tool, '-e', path, *['0x%x' % a for a in addresses]]).stdout
    bad = total = 0
    for address, place in zip(addresses, theirs.splitlines()):
        line = re.search(r':(\d+)', place)
        if not line or line[1] == '0' or not ours.get(address) or not ours[address][0][2]:
            continue
        total += 1
        _, path_ours, line_ours = ours[address][0]
        bad += (os.path.basename(path_ours), line_ours) != (
            os.path.basename(place.split(':')[0]), int(line[1]))
    share = 100 * (1 - bad / max(1, total))
    print('%-28s %5d addresses, %7.3f %% of lines agree with %s' % (
        label, total, share, tool))
    return total > ADDRESSES / 2 and share >= WANTED


def build(argv, directory):
    env = dict(os.environ, GOCACHE=os.path.join(directory, 'go'), GO111MODULE='off')
    done = call(argv, cwd=directory, env=env)
    return done.returncode == 0


def variants(source):
    """(label, compiler, flags, how to finish)"""
    files = [os.path.join(source, f) for f in ('main.cc', 'words.cc')]
    for cxx in ('g++', 'clang++'):
        for v in ('4', '5'):
            yield cxx + ' -gdwarf-' + v, cxx, ['-O2', '-gdwarf-' + v] + files, None
    yield 'g++ -gdwarf-3', 'g++', ['-O2', '-gdwarf-3', '-gstrict-dwarf'] + files, None
    yield 'g++ -O0', 'g++', ['-O0', '-g'] + files, None
    yield 'g++ -O3 sections', 'g++', ['-O3', '-g', '-ffunction-sections',
                                      '-Wl,--gc-sections'] + files, None
    yield 'g++ -fdebug-types-section', 'g++', ['-O2', '-g', '-gdwarf-4',
                                               '-fdebug-types-section'] + files, None
    yield 'g++ types, DWARF 5', 'g++', ['-O2', '-g', '-fdebug-types-section'] + files, None
    yield 'g++ DWARF64', 'g++', ['-O2', '-g', '-gdwarf64'] + files, None
    yield 'g++ -flto', 'g++', ['-O2', '-g', '-flto'] + files, None
    yield 'clang++ -flto', 'clang++', ['-O2', '-g', '-flto', '-fuse-ld=lld'] + files, None
    yield 'clang++ lld, no aranges', 'clang++', ['-O2', '-g', '-fuse-ld=lld',
                                                 '-Wl,--gc-sections',
                                                 '-ffunction-sections'] + files, None
    yield 'g++ -gz', 'g++', ['-O2', '-g', '-gz'] + files, None
    yield 'g++ -gz=zstd', 'g++', ['-O2', '-g'] + files, 'zstd'
    yield 'clang++ -gz', 'clang++', ['-O2', '-g', '-gz'] + files, None
    yield 'g++ -gz=zlib-gnu', 'g++', ['-O2', '-g'] + files, 'zlib-gnu'
    yield 'g++ static non-PIE', 'g++', ['-O2', '-g', '-static', '-no-pie'] + files, None
    yield 'g++ dwz', 'g++', ['-O2', '-gdwarf-4'] + files, 'dwz'
    yield 'g++ dwz, DWARF 5', 'g++', ['-O2', '-gdwarf-5'] + files, 'dwz'
    yield 'g++ dwz -m', 'g++', ['-O2', '-gdwarf-4'] + files, 'alt'
    yield 'g++ dwz -m, DWARF 5', 'g++', ['-O2', '-gdwarf-5'] + files, 'alt'
    yield 'g++ dwz, -gz', 'g++', ['-O2', '-g'] + files, 'dwz-gz'
    yield 'g++ stripped, debuglink', 'g++', ['-O2', '-g'] + files, 'link'
    yield 'g++ MiniDebugInfo', 'g++', ['-O2', '-g'] + files, 'mini'
    yield 'g++ only-keep-debug', 'g++', ['-O2', '-g'] + files, 'debug'
    for cxx in ('g++', 'clang++'):
        for v in ('4', '5'):
            yield (cxx + ' -gsplit-dwarf ' + v, cxx,
                   ['-O2', '-gdwarf-' + v, '-gsplit-dwarf'] + files, 'split')
            yield (cxx + ' .dwp ' + v, cxx,
                   ['-O2', '-gdwarf-' + v, '-gsplit-dwarf'] + files, 'dwp')
    yield 'clang++ -gline-tables-only', 'clang++', ['-O2', '-gline-tables-only'] + files, None
    yield 'rustc', 'rustc', ['-O', '-g', os.path.join(source, 'main.rs'), '-o'], None
    yield 'rustc split', 'rustc', [
        '-O', '-g', '-Csplit-debuginfo=unpacked', os.path.join(source, 'main.rs'), '-o'], None
    yield 'go', 'go', [os.path.join(source, 'main.go')], None
    yield 'go -s -w', 'go', [os.path.join(source, 'main.go')], 'go-strip'


def same_code(out, directory):
    """The unsplit build of a split one, for llvm: old ones lose inlines of split units."""
    def text(path):
        call(['objcopy', '-O', 'binary', '--only-section=.text', path, path + '.text'])
        with open(path + '.text', 'rb') as f:
            return f.read()
    whole = out + '.whole'
    return (whole, (), out) if text(whole) == text(out) else None


def finish(how, out, directory):
    """Returns what to look in and what else to give, or None when it cannot be made."""
    if how == 'dwz':
        return (out, (), None) if build(['dwz', out], directory) else None
    if how == 'alt':
        # llvm cannot read these: it is asked about the file before dwz.
        twin, alt, before = out + '.twin', out + '.alt', out + '.before'
        shutil.copy(out, twin)
        shutil.copy(out, before)
        if not build(['dwz', '-m', alt, out, twin], directory) or not os.path.exists(alt):
            return None
        return before, (alt,), out
    if how == 'dwz-gz':
        if not build(['dwz', out], directory):
            return None
        shutil.copy(out, out + '.before')
        packed = ['objcopy', '--compress-debug-sections=zlib', out]
        return (out + '.before', (), out) if build(packed, directory) else None
    if how in ('zstd', 'zlib-gnu'):
        # llvm 14 cannot read the one, 19 not the other: it is asked about the file before.
        shutil.copy(out, out + '.before')
        packed = ['objcopy', '--compress-debug-sections=' + how, out]
        return (out + '.before', (), out) if build(packed, directory) else None
    if how == 'link':
        shutil.copy(out, out + '.before')
        good = build(['objcopy', '--only-keep-debug', out, out + '.debug'], directory) and \
            build(['strip', '-s', out], directory) and \
            build(['objcopy', '--add-gnu-debuglink=' + out + '.debug', out], directory)
        return (out + '.before', (), out) if good else None
    if how == 'mini':
        before, mini = out + '.before', out + '.mini'
        good = build(['objcopy', '--strip-debug', out, before], directory) and \
            build(['objcopy', '--only-keep-debug', before, mini], directory) and \
            build(['xz', '-f', mini], directory) and build(['strip', '-s', out], directory) and \
            build(['objcopy', '--add-section', '.gnu_debugdata=' + mini + '.xz', out], directory)
        return (before, (), out) if good else None
    if how == 'go-strip':
        stripped = out + '.stripped'
        return (out, (), stripped) if os.path.exists(stripped) else None
    if how == 'debug':
        debug = out + '.debug'
        if not build(['objcopy', '--only-keep-debug', out, debug], directory):
            return None
        return out, (), debug
    if how == 'split':
        return same_code(out, directory)
    if how == 'dwp':
        tool = next((t for t in ('llvm-dwp-19', 'llvm-dwp') if shutil.which(t)), None)
        if not tool or not build([tool, '-e', out, '-o', out + '.dwp'], directory):
            return None
        for name in os.listdir(directory):
            if name.endswith('.dwo'):
                os.unlink(os.path.join(directory, name))
        return same_code(out, directory)
    return out, (), None


def build_program(compiler, flags, source, out, directory):
    if compiler == 'go':
        return build([compiler, 'build', '-o', out, *flags], directory) and build(
            [compiler, 'build', '-ldflags=-s -w', '-o', out + '.stripped', *flags], directory)
    if compiler == 'rustc':
        return build([compiler, *flags, out], directory)
    plain = out + '.plain.o'
    c_flags = [f for f in flags if f.startswith(('-O', '-g', '-f')) and f != '-fuse-ld=lld']
    return build([{'g++': 'gcc', 'clang++': 'clang'}[compiler], '-c', *c_flags,
                  os.path.join(source, 'plain.c'), '-o', plain], directory) and build(
        [compiler, *flags, plain, '-o', out], directory)


def main():
    program, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    llvm = find_llvm()
    if not llvm:
        print('SKIPPED: no llvm-symbolizer to compare with')
        return 77
    good = True
    if len(sys.argv) > 3:
        for path in sys.argv[3:]:
            good &= check(program, llvm, os.path.basename(path), path)
        return 0 if good else 1
    ran = 0
    for label, compiler, flags, how in variants(source):
        if not shutil.which(compiler):
            continue
        if os.environ.get('CP_PEERS') != 'all' and label not in SHORT:
            continue
        whole = os.path.basename(program) == 'cpconv'
        if (how in PIPELINE and not whole) or (how == 'debug' and whole):
            continue
        with tempfile.TemporaryDirectory() as directory:
            out = os.path.join(directory, 'program')
            if not build_program(compiler, flags, source, out, directory) or (
                    how in ('split', 'dwp') and not build_program(
                        compiler, [f for f in flags if f != '-gsplit-dwarf'], source,
                        out + '.whole', directory)):
                print('%-28s not built here' % label)
                continue
            made = finish(how, out, directory)
            if not made:
                print('%-28s not made here' % label)
                continue
            path, extra, debug = made
            good &= check(program, llvm, label, path, extra, debug, how != 'mini')
            if label == 'g++ -gdwarf-4':
                good &= check_leaves(program, label, path, 'eu-addr2line')
                good &= check_leaves(program, label, path, 'addr2line')
            ran += 1
    if not ran:
        print('SKIPPED: no compiler')
        return 77
    print('%d builds' % ran)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
