#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares object/dwarf with llvm-symbolizer (and eu-addr2line) on one program built in
every way debug information comes: dwarf_peers.py FRAMES-PROGRAM SOURCE-DIR [BINARY…].

Without binaries the variants in SHORT are built, with CP_PEERS=all all of them. SHOW=n
prints n disagreements of each. An address agrees when both give the same inline depth and every frame the same name and
file:line. llvm names the outermost frame by the ELF symbol; so does this script for ours,
since symbol tables are not the business of object/dwarf. Line 0 equals an unknown line.
"""
import bisect
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

ADDRESSES = 4000
WANTED = 99.5
# One of each kind; all of them take a minute.
SHORT = {'g++ -gdwarf-4', 'clang++ -gdwarf-5', 'g++ -flto', 'g++ -gz', 'g++ -gsplit-dwarf 4',
         'clang++ .dwp 5', 'g++ dwz -m, DWARF 5', 'rustc'}


def call(argv, **kw):
    return subprocess.run(argv, capture_output=True, text=True, errors='replace', **kw)


def find_llvm():
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


def names_at(table, starts, address):
    i = bisect.bisect_right(starts, address) - 1
    return {name for size, name in table[i][1] if address < starts[i] + size} if i >= 0 else set()


def same_name(ours, theirs, allowed):
    # Without a linkage name llvm prints the bare name, ours has its scopes.
    return ours == theirs or ours.endswith('::' + theirs) or theirs in allowed


def compare(ours, theirs, table):
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
        elif any(not same_name(a[0], b[0], allowed if i == len(o) - 1 else ())
                 for i, (a, b) in enumerate(zip(o, f))):
            bad.append(('name', address, o, f))
    return bad


def check(program, llvm, label, path, extra=(), our_path=None):
    addresses = code_addresses(path, ADDRESSES)
    text = ''.join('0x%x\n' % a for a in addresses)
    mine = call([program, our_path or path, *extra], input=text)
    if mine.returncode:
        print('%-28s FAILED: %s' % (label, mine.stderr.strip()))
        return False
    peer = call([llvm, '--obj=' + path, '--inlines', '--functions=linkage',
                 '--no-demangle', '--print-address'], input=text)
    theirs = parse(peer.stdout)
    ours = parse(mine.stdout)
    bad = compare(ours, theirs, symbols(path))
    share = 100 * (1 - len(bad) / max(1, len(theirs)))
    frames = sum(len(f) for f in ours.values())
    print('%-28s %5d addresses, %6d frames, %7.3f %% agree' % (
        label, len(theirs), frames, share))
    for why, address, o, f in bad[:int(os.environ.get('SHOW', '0'))]:
        print('   %s at 0x%x\n      ours   %s\n      theirs %s' % (why, address, o, f))
    return share >= WANTED and frames > 100


def check_leaves(program, label, path):
    """eu-addr2line's innermost file:line; its inline chains are not a measure."""
    if not shutil.which('eu-addr2line'):
        return True
    addresses = code_addresses(path, ADDRESSES)
    ours = parse(call([program, path], input=''.join('0x%x\n' % a for a in addresses)).stdout)
    theirs = call(['eu-addr2line', '-e', path, *['0x%x' % a for a in addresses]]).stdout
    bad = total = 0
    for address, place in zip(addresses, theirs.splitlines()):
        line = re.search(r':(\d+)', place)
        if not line or line[1] == '0' or not ours.get(address):
            continue
        total += 1
        _, path_ours, line_ours = ours[address][0]
        bad += (os.path.basename(path_ours), line_ours) != (
            os.path.basename(place.split(':')[0]), int(line[1]))
    share = 100 * (1 - bad / max(1, total))
    print('%-28s %5d addresses, %7.3f %% of lines agree with eu-addr2line' % (
        label, total, share))
    return total > ADDRESSES / 2 and share >= WANTED


def build(argv, directory):
    done = call(argv, cwd=directory)
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
    yield 'g++ -gz=zlib-gnu', 'g++', ['-O2', '-g', '-gz=zlib-gnu'] + files, None
    yield 'g++ static non-PIE', 'g++', ['-O2', '-g', '-static', '-no-pie'] + files, None
    yield 'g++ dwz', 'g++', ['-O2', '-gdwarf-4'] + files, 'dwz'
    yield 'g++ dwz, DWARF 5', 'g++', ['-O2', '-gdwarf-5'] + files, 'dwz'
    yield 'g++ dwz -m', 'g++', ['-O2', '-gdwarf-4'] + files, 'alt'
    yield 'g++ dwz -m, DWARF 5', 'g++', ['-O2', '-gdwarf-5'] + files, 'alt'
    yield 'g++ only-keep-debug', 'g++', ['-O2', '-g'] + files, 'debug'
    for cxx in ('g++', 'clang++'):
        for v in ('4', '5'):
            yield (cxx + ' -gsplit-dwarf ' + v, cxx,
                   ['-O2', '-gdwarf-' + v, '-gsplit-dwarf'] + files, 'split')
            yield (cxx + ' .dwp ' + v, cxx,
                   ['-O2', '-gdwarf-' + v, '-gsplit-dwarf'] + files, 'dwp')
    yield 'clang++ -gline-tables-only', 'clang++', ['-O2', '-gline-tables-only'] + files, None
    yield 'rustc', 'rustc', ['-O', '-g', os.path.join(source, 'main.rs'), '-o'], None


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
            good &= check(program, llvm, label, path, extra, debug)
            if label == 'g++ -gdwarf-4':
                good &= check_leaves(program, label, path)
            ran += 1
    if not ran:
        print('SKIPPED: no compiler')
        return 77
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
