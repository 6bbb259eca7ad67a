#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""flame_colors.py CPFLAME: flamegraph.pl's palettes, with the random numbers perl itself makes
and its name hash computed here; without perl the first half is skipped."""
import re
import shutil
import subprocess
import sys

CPFLAME = sys.argv[1]
NAMES = ["main", "start_thread", "java::lang", "x", "ab", "операция", "read_[k]", "lib`func",
         "org/app/Main:.run_[j]", "inl_[i]", "Perl_pp", "-", "--", "foo.pl"]
RAMPS = {  # channel: base, span, which v
    "hot": ((205, 50, 2), (0, 230, 0), (0, 55, 1)), "mem": ((0, 0, 0), (190, 50, 1), (0, 210, 0)),
    "io": ((80, 60, 0), (80, 60, 0), (190, 55, 1)),
    "red": ((200, 55, 0), (50, 80, 0), (50, 80, 0)),
    "green": ((50, 60, 0), (200, 55, 0), (50, 60, 0)),
    "blue": ((80, 60, 0), (80, 60, 0), (205, 50, 0)),
    "yellow": ((175, 55, 0), (175, 55, 0), (50, 20, 0)),
    "purple": ((190, 65, 0), (80, 60, 0), (190, 65, 0)),
    "aqua": ((50, 60, 0), (165, 55, 0), (165, 55, 0)),
    "orange": ((190, 65, 0), (90, 65, 0), (0, 0, 0)),
}
MULTI = {
    "java": {"main": "red", "java::lang": "yellow", "read_[k]": "orange", "inl_[i]": "aqua",
             "org/app/Main:.run_[j]": "green"},
    "js": {"java::lang": "yellow", "read_[k]": "orange", "org/app/Main:.run_[j]": "green",
           "main": "red"},
    "perl": {"java::lang": "yellow", "foo.pl": "green", "read_[k]": "orange", "main": "red"},
    "chain": {"main": "blue"}, "wakeup": {"main": "aqua"},
    "rust": {"java::lang": "aqua", "main": "yellow"}, "python": {"main": "red"},
}
failures = 0


def hashed(name):
    name = re.sub(r"^.[^`]*`", "", name)

    def one(text):
        vector, weight, most, mod = 0.0, 1.0, 1.0, 10
        for c in text[:3]:
            vector += (ord(c) % mod) / (mod - 1) * weight
            mod += 1
            most += weight
            weight *= 0.7
        return 1 - vector / most
    v = one(name[::-1])
    return one(name), v, v


def perl(names):
    sums = " ".join(str(sum(map(ord, name)) & 0xffffffff) for name in names)
    out = subprocess.run(["perl", "-e", f"for ({sums.replace(' ', ',')}) "
                          "{ srand($_); printf qq(%.17g\\n), rand }"], check=True,
                         capture_output=True, text=True).stdout.split()
    return {name: (float(x),) * 3 for name, x in zip(names, out)}


def drawn(palette, *options):
    text = "".join(f"{name} 5\n" for name in NAMES)
    svg = subprocess.run([CPFLAME, "-", "--colors", palette, *options], input=text.encode(),
                         capture_output=True, check=True).stdout.decode()
    found = re.findall(r'<title>(.*?) \(5 samples.*?fill="rgb\((\d+),(\d+),(\d+)\)"', svg)
    return {name: tuple(map(int, c)) for name, *c in found}


def compare(palette, ramp_of, values, *options):
    global failures
    got = drawn(palette, *options)
    for name in NAMES:
        ramp = ramp_of(name)
        if not ramp:
            continue
        want = {"-": (200,) * 3, "--": (160,) * 3}.get(name) or tuple(
            int(base + span * values[name][which]) for base, span, which in RAMPS[ramp])
        shown = re.sub(r"_\[[kij]\]$", "", name)
        if got.get(shown) != want:
            failures += 1
            print(f"FAILED: {palette} {options} {name}: {got.get(shown)}, not {want}")


def chain(values, *options):
    """What stands below "--" woke the rest: aqua, as if its names ended with _[w]."""
    global failures
    svg = subprocess.run([CPFLAME, "-", "--colors", "chain", *options], check=True,
                         input=b"main;a;--;a;b 5\nmain;c;a 7\n", capture_output=True).stdout
    found = re.findall(r'<title>(\S+) .*?y="([\d.]+)".*?fill="rgb\((\d+),(\d+),(\d+)\)"',
                       svg.decode())
    got = sorted((name, float(y), tuple(map(int, c))) for name, y, *c in found if name != "all")
    top = max(y for _, y, _ in got)
    for name, y, color in got:
        waker = name == "b" or (name == "a" and top - y == 3 * 16)
        v = values(name + "_[w]" if waker else name)
        want = (160,) * 3 if name == "--" else tuple(
            int(base + span * v[which]) for base, span, which in RAMPS["aqua" if waker else "blue"])
        if color != want:
            failures += 1
            print(f"FAILED: chain {options} {name} at {y}: {color}, not {want}")
    if len(got) != 7:
        failures += 1
        print(f"FAILED: chain: {got}")


def main():
    if not shutil.which("perl"):
        print("SKIPPED: no perl here")
    values = perl(NAMES) if shutil.which("perl") else None
    hashes = {name: hashed(name) for name in NAMES}
    for palette in RAMPS:
        compare(palette, lambda name: palette, hashes, "--hash")
        if values:
            compare(palette, lambda name: palette, values)
    for palette, rows in MULTI.items():
        compare(palette, rows.get, hashes, "--hash")
    chain(hashed, "--hash")
    if values:
        chain(lambda name: perl([name])[name])
    print(f"{failures} failures")
    sys.exit(bool(failures))


main()
