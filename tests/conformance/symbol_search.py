#!/usr/bin/env python3
"""The same program in every disguise debug information is shipped in must give the same
functions, lines and inline chains; the symbols report must name what is missing.

usage: symbol_search.py CPCONV"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = r"""
#include <algorithm>
#include <map>
#include <string>
#include <vector>
namespace { struct Less { bool operator()(int a, int b) const { return a % 97 < b % 97; } }; }
static int squeeze(int x) { return x * 3 + 1; }
template <class T> static T twice(T x) { return squeeze(x) + squeeze(x + 1); }
__attribute__((noinline)) int sorted(std::vector<int> &v) {
	std::sort(v.begin(), v.end(), Less());
	return v.empty() ? 0 : twice(v[v.size() / 2]);
}
__attribute__((noinline)) long counted(const std::vector<int> &v) {
	std::map<std::string, int> m;
	for (int x : v)
		m[std::to_string(squeeze(x))]++;
	long sum = 0;
	for (auto &p : m)
		sum += p.second * (long)p.first.size();
	return sum;
}
int main(int argc, char **) {
	std::vector<int> v(argc * 1000);
	for (auto &x : v)
		x = twice((int)(&x - &v[0]));
	return (sorted(v) + counted(v)) & 1;
}
"""


def run(*args, **kw):
    return subprocess.run(args, check=True, capture_output=True, text=True, **kw).stdout


def varint(x):
    out = b""
    while True:
        out += bytes([(x & 127) | (128 if x > 127 else 0)])
        x >>= 7
        if not x:
            return out


def field(n, value):
    if isinstance(value, bytes):
        return varint(n << 3 | 2) + varint(len(value)) + value
    return varint(n << 3) + varint(value)


def bare_profile(path, binary, build_id, out, step=5, time=0):
    """Addresses all over .text of the binary, as a capture without symbols has them."""
    load = next(l.split() for l in run("readelf", "-lW", binary).split("\n")
                if " LOAD " in l and "E" in l.split()[-2])
    offset, vaddr, size = (int(load[i], 16) for i in (1, 2, 4))
    text = next(l.split("]")[1].split() for l in run("readelf", "-SW", binary).split("\n")
                if "] .text " in l)
    first, length = int(text[2], 16), int(text[4], 16)
    page = offset & ~0xfff
    start = 0x555555554000 + page
    strings = ["", "samples", "count", path, build_id]
    body = field(1, field(1, 1) + field(2, 2))
    addresses = range(first + 3, first + length, step)
    for i, at in enumerate(addresses):
        body += field(2, field(1, varint(i + 1)) + field(2, varint(1)))
        body += field(4, field(1, i + 1) + field(2, 1)
                      + field(3, at - vaddr + offset - page + start))
    limit = start + ((offset - page + size + 0xfff) & ~0xfff)
    body += field(3, field(1, 1) + field(2, start) + field(3, limit) + field(4, page)
                  + field(5, 3) + field(6, 4))
    for s in strings:
        body += field(6, s.encode())
    body += field(9, time * 10**9)
    with open(out, "wb") as f:
        f.write(body)
    return len(addresses)


class Bed:
    def __init__(self, cpconv, top):
        self.cpconv, self.top = cpconv, top
        self.env = dict(os.environ, HOME=top, DEBUGINFOD_CACHE_PATH=os.path.join(top, "none"))
        self.bad = 0

    def locations(self, profile, *options):
        text = run(self.cpconv, profile, "--to", "raw", "-q", *options, env=self.env)
        part = text[text.index("\nLocations"):text.index("\nMappings")]
        return [re.sub(r" M=\d+", "", l) for l in part.split("\n")[2:]]

    def report(self, profile, *options):
        name = os.path.join(self.top, "report")
        run(self.cpconv, profile, "--to", "raw", "-o", os.path.join(self.top, "o.raw"), "-q",
            "--symbols-report=" + name, *options, env=self.env)
        with open(name) as f:
            return f.read()

    def same(self, what, want, got):
        wrong = sum(a != b for a, b in zip(want, got)) + abs(len(want) - len(got))
        print("  %s: %d of %d lines differ" % (what, wrong, len(want)))
        if wrong:
            self.bad += 1
            for a, b in zip(want, got):
                if a != b:
                    print("    want", a, "\n    got ", b)
                    break

    def check(self, what, fine):
        print("  %s: %s" % (what, "as it should be" if fine else "BAD"))
        self.bad += not fine


def disguises(bed, top):
    here = lambda *p: os.path.join(top, *p)
    os.makedirs(here("opt"))
    with open(here("p.cpp"), "w") as f:
        f.write(SOURCE)
    full, binary, profile = here("full"), here("opt", "p"), here("bare.pb")
    run("g++", "-O2", "-g", "-Wl,--build-id=sha1", here("p.cpp"), "-o", full)
    note = run("readelf", "-n", full)
    build_id = re.search(r"Build ID: ([0-9a-f]+)", note).group(1)
    n = bare_profile(binary, full, build_id, profile)
    shutil.copy(full, binary)
    want = bed.locations(profile)
    functions = bed.locations(profile, "--no-inlines")
    named = sum(" p.cpp:" in l or "p.cpp" in l for l in want)
    print("  %d addresses, %d lines of the source" % (n, named))
    bed.check("enough lines", named > n // 4)

    for kind in ("zlib", "zlib-gnu", "zstd"):
        if subprocess.run(["objcopy", "--compress-debug-sections=" + kind, full, binary],
                          capture_output=True).returncode == 0:
            bed.same("compressed by " + kind, want, bed.locations(profile))
    run("objcopy", "--only-keep-debug", full, here("p.debug"))
    run("objcopy", "--strip-all", "--add-gnu-debuglink=" + here("p.debug"), full, binary)
    os.makedirs(here("opt", ".debug"))
    shutil.copy(here("p.debug"), here("opt", ".debug", "p.debug"))
    bed.same("stripped, debug link", want, bed.locations(profile))
    shutil.rmtree(here("opt", ".debug"))
    by_id = here("dbg", ".build-id", build_id[:2], build_id[2:] + ".debug")
    os.makedirs(os.path.dirname(by_id))
    shutil.copy(here("p.debug"), by_id)
    bed.same("stripped, debug directory", want,
             bed.locations(profile, "--debug-dir", here("dbg")))
    os.rename(binary, here("hidden"))
    bed.same("debug file alone", want, bed.locations(profile, "--debug-dir", here("dbg")))
    report = run(bed.cpconv, profile, "-o", here("o.pb.gz"), "--symbols-report=" + here("r"),
                 env=bed.env) + open(here("r")).read()
    bed.check("the report names the file and its build id", binary in report and build_id in report)

    root = here("root") + binary
    os.makedirs(os.path.dirname(root))
    shutil.copy(full, root)
    bed.same("moved away, --symfs", want, bed.locations(profile, "--symfs", here("root")))
    bed.same("--binary", want, bed.locations(profile, "--binary", full))
    mini(bed, here, full, binary, profile, functions)
    debug_links(bed, here, profile, binary)
    split(bed, here, profile, binary)
    builds(bed, here, full, binary)
    dwz(bed, here, full, by_id, profile, want)


def mini(bed, here, full, binary, profile, functions):
    """The symbols that stripping takes away, in a section."""
    if not shutil.which("xz"):
        return
    run("objcopy", "--only-keep-debug", full, here("mini"))
    run("objcopy", "--strip-debug", "--remove-section", ".comment", here("mini"))
    run("xz", "-f", here("mini"))
    run("strip", "--strip-all", full, "-o", binary)
    bare = bed.locations(profile)
    run("objcopy", "--add-section", ".gnu_debugdata=" + here("mini.xz"), binary)
    bed.same("MiniDebugInfo", functions, bed.locations(profile))
    bed.check("without it there is less", bare != functions)
    os.remove(binary)


def debug_links(bed, here, profile, binary):
    """Without a build id the checksum of .gnu_debuglink vouches for the debug file."""
    full = here("nameless")
    run("g++", "-O2", "-g", "-Wl,--build-id=none", here("p.cpp"), "-o", full)
    bare = here("nameless.pb")
    bare_profile(binary, full, "", bare, time=4000000000)
    shutil.copy(full, binary)
    want = bed.locations(bare)
    bed.check("no build id: used, and said", "unverified" in bed.report(bare))
    run("objcopy", "--only-keep-debug", full, here("n.debug"))
    run("objcopy", "--strip-all", "--add-gnu-debuglink=" + here("n.debug"), full, binary)
    stripped = bed.locations(bare)
    bed.check("without its debug file there is less", stripped != want)
    report = bed.report(bare)
    bed.check("the report names the stripped file", binary in report and "no symbols" in report)
    folder = os.path.dirname(binary)
    os.makedirs(here("dirs"))
    for place in (here(folder, "n.debug"), here(folder, ".debug", "n.debug"),
                  here("dirs") + folder + "/n.debug"):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        shutil.copy(here("n.debug"), place)
        bed.same("debug link, " + os.path.relpath(place, bed.top), want,
                 bed.locations(bare, "--debug-dir", here("dirs")))
        run("objcopy", "--set-section-flags", ".comment=contents", "--add-section",
            ".more=" + here("p.cpp"), place)
        bed.same("debug link, wrong checksum", stripped,
                 bed.locations(bare, "--debug-dir", here("dirs")))
        report = bed.report(bare, "--debug-dir", here("dirs"))
        bed.check("the report names the file of another build",
                  place in report and "another build" in report)
        os.remove(place)


def split(bed, here, profile, binary):
    """.dwo files where the compiler left them, beside the binary, and packed."""
    work, full = here("work"), here("split")
    os.makedirs(work)
    shutil.copy(here("p.cpp"), work)
    run("g++", "-O2", "-g", "-gsplit-dwarf", "-c", "p.cpp", "-o", "p.o", cwd=work)
    run("g++", "-Wl,--build-id=sha1", "p.o", "-o", full, cwd=work)
    dwo = next(os.path.join(work, f) for f in os.listdir(work) if f.endswith(".dwo"))
    shutil.copy(full, binary)
    build_id = re.search(r"Build ID: ([0-9a-f]+)", run("readelf", "-n", full)).group(1)
    bare = here("split.pb")
    bare_profile(binary, full, build_id, bare)
    want = bed.locations(bare)
    bed.check("split: inlined calls are there", any("squeeze" in l for l in want))
    moved = os.path.join(os.path.dirname(binary), os.path.basename(dwo))
    os.rename(dwo, moved)
    bed.same("split, beside the binary", want, bed.locations(bare))
    pack = shutil.which("llvm-dwp") or shutil.which("llvm-dwp-14") or shutil.which("dwp")
    if pack:
        try:
            run(pack, moved, "-o", binary + ".dwp")
        except subprocess.CalledProcessError:
            print("  dwp cannot pack what this compiler makes")
    packed = os.path.exists(binary + ".dwp")
    os.remove(moved)
    if packed:
        bed.same("split, packed", want, bed.locations(bare))
        os.remove(binary + ".dwp")
    bed.check("split, without: other lines", bed.locations(bare) != want)
    bed.check("split, without: the report names it", dwo in bed.report(bare))


def builds(bed, here, full, binary):
    """Files of another build, and files without a build id by their age."""
    other = here("other")
    run("g++", "-O1", "-g", "-Wl,--build-id=sha1", here("p.cpp"), "-o", other)
    build_id = re.search(r"Build ID: ([0-9a-f]+)", run("readelf", "-n", full)).group(1)
    other_id = re.search(r"Build ID: ([0-9a-f]+)", run("readelf", "-n", other)).group(1)
    bare = here("builds.pb")
    bare_profile(binary, full, build_id, bare)
    shutil.copy(other, binary)
    report = bed.report(bare)
    bed.check("another build: refused, both ids said",
              "wrong build id" in report and build_id in report and other_id in report)
    bed.check("another build: --force-build-id takes it",
              "functions and lines" in bed.report(bare, "--force-build-id"))
    bare_profile(binary, full, "", bare, time=2000000000)
    os.utime(binary, (1999999999, 1999999999))
    report = bed.report(bare)
    bed.check("no id, older than the capture: used, unverified",
              "functions and lines" in report and "unverified" in report)
    os.utime(binary, (2000000001, 2000000001))
    report = bed.report(bare)
    bed.check("no id, newer: refused, and said",
              "functions and lines" not in report and "newer than the capture" in report)
    os.remove(binary)


def dwz(bed, here, full, by_id, profile, want):
    """What two debug files share lies in a third."""
    if not shutil.which("dwz"):
        return
    for name in ("a", "b"):
        shutil.copy(full, here(name))
    made = subprocess.run(["dwz", "-m", here("common"), here("a"), here("b")],
                          capture_output=True)
    if made.returncode or not os.path.exists(here("common")):
        print("  dwz made nothing of it")
        return
    shutil.copy(here("a"), by_id)
    bed.same("dwz", want, bed.locations(profile, "--debug-dir", here("dbg")))
    os.remove(here("common"))
    bed.check("dwz: the report names the common file when it is gone",
              here("common") in bed.report(profile, "--debug-dir", here("dbg")))


def main():
    for tool in ("g++", "objcopy", "readelf", "strip"):
        if not shutil.which(tool):
            print("SKIPPED: no %s here; the disguises of debug information are not tested" % tool)
            return 77
    with tempfile.TemporaryDirectory() as top:
        bed = Bed(os.path.abspath(sys.argv[1]), top)
        disguises(bed, top)
    return 1 if bed.bad else 0


if __name__ == "__main__":
    sys.exit(main())
