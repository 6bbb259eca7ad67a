#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Go programs stripped of everything that can be stripped, as programs and
position-independent, with and without C: functions, lines and inlined calls out of Go's own
table must be those that llvm-symbolizer reads from the DWARF of the same program.

usage: go_tables.py CPCONV"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from symbol_search import bare_profile, run

GO = r"""
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
)

type item struct {
	Name string
	N    int
}
type byN []item

func (b byN) Len() int           { return len(b) }
func (b byN) Less(i, j int) bool { return less(b[i], b[j]) }
func (b byN) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }
func less(a, b item) bool        { return key(a) < key(b) }
func key(a item) int             { return a.N*3 + len(a.Name) }
func add(m map[string]int, w string) { m[norm(w)]++ }
func norm(w string) string           { return strings.ToLower(strings.TrimSpace(w)) }

func main() {
	m := map[string]int{}
	for _, w := range strings.Split("a b C d e F g h ", " ") {
		add(m, w)
	}
	var s []item
	for k, v := range m {
		s = append(s, item{k, v})
	}
	sort.Sort(byN(s))
	b, _ := json.Marshal(s)
	fmt.Fprintln(os.Stderr, len(b))
}
"""
C = r"""
package main

// static int twice(int x) { return 2 * x; }
import "C"

func init() { println(int(C.twice(3))) }
"""
ENOUGH = 99.5


def chains_of(cpconv, env, profile, *options):
    """By address: frames, innermost first, as (function, file, line)."""
    text = run(cpconv, profile, "--to", "raw", "-q", *options, env=env)
    chains, at = {}, None
    for line in text[text.index("\nLocations"):text.index("\nMappings")].split("\n")[2:]:
        head = re.match(r"\s*\d+: 0x([0-9a-f]+) (?:M=\d+ )?(.*)", line)
        if head:
            at, line = int(head.group(1), 16), head.group(2)
            chains[at] = []
        frame = re.match(r"\s*(\S.*) (\S*):(\d+):\d+ s=\d+", line)
        if frame and at is not None:
            chains[at].append((frame.group(1), frame.group(2), int(frame.group(3))))
    return chains


def peer(binary, addresses):
    """The same of llvm-symbolizer."""
    asked = "".join("0x%x\n" % a for a in addresses)
    out = subprocess.run(["llvm-symbolizer", "--obj=" + binary, "--inlines", "--no-demangle",
                          "--output-style=LLVM"],
                         input=asked, capture_output=True, text=True, check=True).stdout
    chains = []
    for block in out.rstrip("\n").split("\n\n"):
        lines = block.split("\n")
        chain = []
        for name, place in zip(lines[::2], lines[1::2]):
            file, line, _ = place.rsplit(":", 2)
            # The linker's mark of assembly, which is no part of the name.
            chain.append((name.removesuffix(".abi0"), file.removeprefix("./"), int(line)))
        chains.append(chain)
    return chains


def compare(want, got, counts):
    counts["addresses"] += 1
    if not want or want[0][0] == "??" or not got:
        counts["nothing"] += 1
        return
    counts["compared"] += 1
    counts["depth"] += len(want) == len(got)
    counts["functions"] += [w[0] for w in want] == [g[0] for g in got]
    # Lines of 0 are unknown ones.
    counts["lines"] += all(w[1:] == g[1:] or not w[2] or not g[2] for w, g in zip(want, got))


class Bed:
    def __init__(self, cpconv, top):
        self.cpconv, self.top, self.bad = cpconv, top, 0
        self.env = dict(os.environ, HOME=top, GO111MODULE="off", GOFLAGS="",
                        GOCACHE=os.path.join(top, "cache"))

    def build(self, name, folder, *options):
        out = os.path.join(self.top, name + ".out")
        subprocess.run(["go", "build", *options, "-o", out, "."], check=True,
                       capture_output=True, env=self.env, cwd=os.path.join(self.top, folder))
        return out

    def variant(self, name, folder, *options):
        full = self.build(name + "-full", folder, *options)
        bare = self.build(name, folder, *options, "-ldflags=-s -w")
        sections = run("readelf", "-SW", bare)
        if ".debug_" in sections or ".zdebug_" in sections or ".symtab" in sections:
            raise SystemExit("the stripped program is not stripped")
        profile = os.path.join(self.top, "bare.pb")
        bare_profile(bare, bare, "", profile, 31)
        chains = chains_of(self.cpconv, self.env, profile, "--binary", bare)
        self.judge(name, full, chains, self.text_of(bare))

    def text_of(self, binary):
        """Link-time address of .text minus the profile's first address, which is 3 behind."""
        text = next(l.split("]")[1].split() for l in run("readelf", "-SW", binary).split("\n")
                    if "] .text " in l)
        return int(text[2], 16) + 3

    def judge(self, name, full, chains, first):
        addresses = sorted(chains)
        shift = first - addresses[0]
        counts = dict.fromkeys(
            ("addresses", "compared", "nothing", "depth", "functions", "lines"), 0)
        examples = []
        wanted = peer(full, [a + shift for a in addresses])
        for a, want in zip(addresses, wanted):
            before = counts["depth"] + counts["functions"] + counts["lines"], counts["compared"]
            compare(want, chains[a], counts)
            after = counts["depth"] + counts["functions"] + counts["lines"], counts["compared"]
            if after[1] > before[1] and after[0] - before[0] < 3:
                examples.append((hex(a + shift), want, chains[a]))
        share = {k: 100 * counts[k] / max(counts["compared"], 1)
                 for k in ("depth", "functions", "lines")}
        fine = counts["compared"] > 10000 and min(share.values()) >= ENOUGH
        inlined = sum(len(c) > 1 for c in chains.values())
        print("  %-10s %d of %d addresses, %d inlined: depth %.2f %%, functions %.2f %%, "
              "lines %.2f %%%s" % (name, counts["compared"], counts["addresses"], inlined,
                                   share["depth"], share["functions"], share["lines"],
                                   "" if fine else ": BAD"))
        self.bad += not fine
        for e in examples[:3] if not fine or os.environ.get("CP_VERBOSE") else []:
            print("   ", *e, sep="\n      ")


def main():
    for tool in ("go", "readelf", "llvm-symbolizer"):
        if not shutil.which(tool):
            print("SKIPPED: no %s here; Go's tables are not compared" % tool)
            return 77
    with tempfile.TemporaryDirectory() as top:
        bed = Bed(os.path.abspath(sys.argv[1]), top)
        for folder, files in (("plain", [GO]), ("cgo", [GO, C])):
            os.mkdir(os.path.join(top, folder))
            for i, text in enumerate(files):
                with open(os.path.join(top, folder, "f%d.go" % i), "w") as f:
                    f.write(text)
        print(" ", run("go", "version").strip())
        bed.variant("program", "plain")
        bed.variant("pie", "plain", "-buildmode=pie")
        bed.variant("cgo-pie", "cgo", "-buildmode=pie")
    return 1 if bed.bad else 0


if __name__ == "__main__":
    sys.exit(main())
