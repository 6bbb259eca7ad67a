# SPDX-License-Identifier: Apache-2.0
"""cpreport against `go tool pprof` on profiles with everything a profile may have: sparse and
huge ids, locations and functions without mapping, name or file, folded ones, file names that
mean the same path, recursion, labels of mixed kinds and units, types of all units, regexes of
its own. Each is asked for reports with random sets of options; the lines above the table are
compared, too, but for the time, which pprof writes in words."""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import pprofgen

NAMES = ["main.main", "runtime.mallocgc", "a::b<int>::c(int, char)", "", "foo", "foo",
         "bar [clone .cold]", "(anonymous namespace)::q(int)", "operator()(x)", "λ::x",
         "ns::operator()(int)::l", "java/lang/Foo.bar", "a;b", "has space", "_ZN3foo3barEv",
         "[unknown]", ".dotted", "main.(*T).Method", "x(y)(z)", 'quote"q', "back\\slash",
         "very" + "long" * 40, "main.Gen[go.shape.int_0]", "foo(int)", "foo(char)"]
FILES = ["", "a.c", "/src/a.c", "src/../src/a.c", "./a.c", "/go/src/runtime/x.go", "b//c.c",
         "/usr/x y.h", "C:\\win\\f.c", "z.cc", "/proc/self/cwd/y.cc", "/other/src/d.c"]
UNITS = ["", "bytes", "kilobytes", "kb", "count", "ns", "milliseconds", "foo", "objects",
         "request", "seconds", "MB"]
TYPES = [("samples", "count"), ("cpu", "nanoseconds"), ("alloc_space", "bytes"),
         ("inuse_space", "bytes"), ("alloc_objects", "count"), ("delay", "nanoseconds"),
         ("wall", "milliseconds"), ("x", "kilobytes"), ("y", ""), ("z", "foo"), ("g", "GCU"),
         ("wall", "us"), ("s", "seconds")]
PATHS = ["/bin/app", "", "/lib/x.so", "/lib/x.so", "[vdso]", "[kernel.kallsyms]_stext",
         "//anon", "a b/c.so (deleted)", "app"]
KEYS = ["k", "bytes", "request", "alignment", "pid", "key:x", "k=v", "é", "size"]

RE = ["foo", "main", "^foo$", "a\\.c", "x\\.so", "runtime", "λ", "bar|a::b", ".", "nomatch",
      "T\\)", "\\[", "operator", "vdso|app"]
TAGS = ["v1", "k=v1", "k=v1,v2", "bytes=16", "1kb:2mb", ":5", "5:", "bytes=1kb:", "16b",
        "request=4096", "size=:4kb", "-5", "k:v1", "a:b", "v1,v2", "pid=0", "0", "kb",
        "alignment=1:5000", "-10:0", "x,y", "size=1s:", "4096bytes"]
KEYLISTS = ["k", "bytes", "k,bytes", "nokey", "é", "key:x", "pid,size,k"]
OPTIONS = [
    (.2, "-focus=", RE), (.12, "-ignore=", RE), (.12, "-hide=", RE), (.08, "-show=", RE),
    (.08, "-show_from=", RE), (.08, "-prune_from=", RE), (.15, "-tagfocus=", TAGS),
    (.1, "-tagignore=", TAGS), (.08, "-tagroot=", KEYLISTS), (.08, "-tagleaf=", KEYLISTS),
    (.08, "-tagshow=", ["k", "b", "nomatch", "^k$"]), (.08, "-taghide=", ["k", "b", "e"]),
    (.4, "-", ["functions", "filefunctions", "files", "lines", "addresses"]), (.2, "-", ["cum"]),
    (.15, "-nodecount=", ["1", "2", "5", "0"]), (.15, "-nodefraction=", ["0", "0.1", "0.5"]),
    (.1, "-edgefraction=", ["0", "0.1", "0.5"]), (.1, "-divide_by=", ["2", "0.5", "7.3"]),
    (.15, "-unit=", ["s", "us", "auto", "minimum", "kb", "bytes", "foo", "count", "GCU", "B"]),
    (.08, "-", ["mean"]), (.12, "-", ["relative_percentages"]), (.1, "-", ["noinlines"]),
    (.08, "-", ["trim=false"]), (.15, "-sample_index=", ["0", "1", "cpu", "space", "inuse_x"]),
    (.04, "-", ["drop_negative"]),
    (.1, "-trim_path=", ["/src", "/go/src:/usr/"]), (.05, "-source_path=", ["/my/src", "/x"])]
REPORTS = ["-top", "-top", "-top", "-tree", "-tree", "-peek=", "-traces", "-tags", "-raw",
           "-comments", "-list="]


def mappings(p, rng):
    """(id, start, limit) of mappings that pprof does not take for one another."""
    out, base = [], 0x400000
    for i in range(rng.choice([0, 1, 2, 4, 6])):
        size = rng.choice([0x1000, 0x1800, 0x3000, 0])
        start = out[-1][2] if out and rng.random() < .2 else base
        base += 0x10000 * rng.choice([1, 4])
        ident = i + 1 if rng.random() < .9 else 1000 + i
        out.append((ident, start, start + size))
        p.mapping(ident, start, start + size, rng.choice([0, 0x1000]), rng.choice(PATHS),
                  "%02d" % i,  # pprof of 2024 dies of one letter
                  rng.choice([0, 0xf, 1, 3]))
    return out


def address(rng, start, limit):
    if rng.random() < .3:
        return rng.choice([0, start, limit, rng.getrandbits(64)])
    return start + rng.randrange(max(1, limit - start))


def odd_profile(seed, negative=False):
    rng = random.Random(seed)
    p = pprofgen.Profile()
    types = rng.sample(TYPES, rng.choice([1, 2, 2, 4]))
    for kind in types:
        p.sample_type(*kind)
    maps = mappings(p, rng)
    functions = [f if rng.random() < .9 else 5000000 + f
                 for f in range(1, rng.choice([4, 9, 21]))]
    for f in functions:
        name = rng.choice(NAMES) + rng.choice(["", "", "0", "1"])
        p.function(f, name, rng.choice(["", name, "_Zsys" + name]), rng.choice(FILES),
                   rng.choice([0, 0, 5, -3, 100] if seed % 2 else [0, 0, 1, 2]))
    locations = [l if rng.random() < .9 else 777000 + l for l in range(1, rng.choice([5, 13, 31]))]
    for l in locations:
        at = rng.choice(maps) if maps and rng.random() < .85 else (0, 0x1000, 0x2000)
        lines = [(rng.choice(functions),
                  rng.choice([0, 1, 7, 7, -2, 1 << 40] if seed % 2 else [3, 7, 7, 9]))
                 for _ in range(rng.choice([0, 1, 1, 1, 2, 3]))]
        p.location(l, 99999 if rng.random() < .03 else at[0], address(rng, *at[1:]), lines,
                   folded=rng.random() < .1)
    for _ in range(rng.choice([1, 5, 30, 80])):
        stack = [rng.choice(locations) for _ in range(rng.choice([1, 1, 2, 4, 8]))]
        own = []
        for key in rng.choices(KEYS, k=rng.choice([0, 0, 1, 2, 4])):
            own.append((key, rng.choice(["", "v1", "v2", "1kb", "a:b", "x,y"])) if
                       rng.random() < .5 else
                       (key, rng.choice([0, 1, 16, 4096, -5, 1 << 40]), rng.choice(UNITS)))
        values = [0 if rng.random() < .06 else
                  rng.choice([1, 10, 1000, rng.randrange(1, 10 ** rng.choice([2, 7, 10, 16]))])
                  for _ in types]
        if negative:  # no +x and -x: these have no order in pprof
            values = [rng.choice([-1, 1]) * rng.randrange(1, 10 ** 16) for _ in types]
        p.sample(stack * rng.choice([1, 1, 1, 2]), values, own)
    p.header(drop=rng.choice(["", "foo", "runtime\\..*", "(bad", "main\\.main"]),
             keep=rng.choice(["", "runtime.mallocgc", "foo.*"]),
             time=rng.choice([0, 1700000000123456789, 1]),
             duration=rng.choice([0, 10 ** 10, 12345678, 3600 * 10 ** 9 * 30]),
             period_type=rng.choice([("", ""), ("cpu", "nanoseconds"), ("", ""), ("x", "")]),
             period=rng.choice([0, 1, 10 ** 7]),
             comments=rng.choice([[], ["a"], ["a", "", "b"], ["é", "x" * 200]]),
             default=rng.choice(["", "nope", types[0][0], types[-1][0]]))
    return p


def question(rng, has_drop, can_list):
    report = rng.choice(REPORTS)
    if report == "-list=" and not can_list:  # starts behind ends show little and find no file
        report = "-top"
    if report in ("-peek=", "-list="):
        report += rng.choice(RE)
    # -raw shows a profile as it is; pprof applies drop_frames before.
    if report == "-raw":
        return [report] if not has_drop else ["-traces"]
    return [report] + [name + rng.choice(words) for chance, name, words in OPTIONS
                       if rng.random() < chance]


def canonical(text, raw):
    words = "" if raw else ("Time: ", " Error: ")
    return [line[:5] if words and line.startswith(words) else line for line in text.splitlines()]


def run(command, folder=None):
    env = dict(os.environ, TZ="UTC", PPROF_TMPDIR=tempfile.gettempdir(), LC_ALL="C")
    return subprocess.run(command, env=env, capture_output=True, text=True,
                          errors="surrogateescape", cwd=folder)


def compare(cpreport, path, case):
    folder = os.path.dirname(path)
    theirs = run(["go", "tool", "pprof", "-symbolize=none", *case, *pprofgen.operands(path)], folder)
    ours = run([cpreport, "--no-symbolize", *pprofgen.columns(case), *case, path], folder)
    if theirs.returncode:
        return "" if ours.returncode in (2, 3) else "pprof refuses it, cpreport does not"
    raw = case[0] == "-raw"
    a, b = canonical(theirs.stdout, raw), canonical(ours.stdout, raw)
    if raw:  # columns, which pprof prints since 2023
        a, b = ([re.sub(r"(:-?\d+):0 s=", r"\1 s=", line) for line in text] for text in (a, b))
    for x, y in zip(a + [""], b + [""]):
        # The share of a duration: pprof computes it in 64 bits, which have an end.
        if x.startswith("Duration") and x.endswith("%)"):
            x, y = x[:x.rindex("(")], y[:y.rindex("(")]
        if x != y:
            return f"pprof: {x!r}\n    ours:  {y!r} {ours.stderr.strip()[:100]}"
    return "" if len(a) == len(b) else "lengths differ"


def main():
    cpreport, count, each = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    if not shutil.which("go"):
        print("SKIPPED: no `go tool pprof` here")
        return 77
    bad = total = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("z.cc", "y.cc"):  # what -list finds, and not by cutting folders off
            with open(os.path.join(folder, name), "w") as f:
                f.writelines("\tline %d of %s\n" % (i, name) for i in range(1, 13))
        for seed in range(count):
            rng = random.Random(seed * 7 + 1)
            path = os.path.join(folder, "%d.pb.gz" % seed)
            p = odd_profile(seed, negative=seed % 5 == 4)
            p.save(path)
            if seed % 5 == 4:  # pprof since 2022 leaves a single profile's rows unmerged
                merged = path + ".merged"
                run(["go", "tool", "pprof", "-symbolize=none", "-proto", "-output", merged,
                     *pprofgen.operands(path)])
                os.rename(merged, path)
            has_drop = p.parts[7] != [b""]
            for _ in range(each):
                case = question(rng, has_drop, seed % 2 == 0)
                total += 1
                # pprof orders nodes of equal names and values anew in each run.
                for _ in range(3):
                    why = compare(cpreport, path, case)
                    if not why:
                        break
                if why:
                    bad += 1
                    print(f"{seed} {' '.join(case)}\n    {why}")
    print(f"{total} reports compared, {bad} differ")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
