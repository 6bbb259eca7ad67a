#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Operators, conversions and lambdas are spelt one way wherever the name comes from: the ELF
symbol, DWARF with and without it, and with every --demangle one text for one function. A program
is compiled here; each of its functions is asked for by its address, in a pprof profile. DWARF
does not tell the number of a lambda, gcc's not the types of its parameters either, and where gcc
wrote a name itself blanks stand elsewhere and parameters are missing: so far the texts may differ.

usage: spellings.py CPCONV"""
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile

import pprofgen

SOURCE = r"""
#include <compare>
#include <functional>
#include <iostream>
#include <cstdlib>
#include <string>
#include <vector>
#define FAR __attribute__((noinline, noipa))
volatile int sink;
namespace shop {
struct Item {
    int n;
    FAR bool operator<(const Item &o) const { return sink = n, n < o.n; }
    FAR std::strong_ordering operator<=>(const Item &o) const { sink = n; return n <=> o.n; }
    FAR bool operator()(int x) const { return sink = x, x > n; }
    FAR int operator[](int x) const { return sink = x, n; }
    FAR Item &operator->*(int x) { sink = x; return *this; }
    FAR Item *operator->() { sink = 3; return this; }
    FAR Item &operator,(int x) { sink = x; return *this; }
    FAR explicit operator bool() const { return sink = n, n; }
    FAR operator std::string() const { sink = n; return "x"; }
    FAR operator const char *() const { sink = n; return "x"; }
    template <class T> FAR explicit operator std::vector<T>() const { sink = n; return {}; }
    FAR void *operator new(size_t size) { sink = (int)size; return malloc(size); }
    FAR void operator delete(void *p) { sink = 1; free(p); }
};
FAR Item operator<<(Item a, int by) { sink = by; return {a.n << by}; }
FAR Item operator>>(Item a, int by) { sink = by; return {a.n >> by}; }
FAR Item operator""_item(unsigned long long x) { sink = (int)x; return {(int)x}; }
template <class T> struct Box {
    T t;
    template <class U> FAR bool operator<(const Box<U> &o) const { return sink = 1, t < o.t; }
    template <class U> FAR bool operator()(U u) const { return sink = 2, t < u; }
    FAR bool operator==(const Box &o) const { return sink = 4, t == o.t; }
};
template <class T> FAR bool operator<(const std::vector<Box<T>> &a, T b) { return sink = 5, a[0].t < b; }
template <class T> FAR T &operator<<(T &a, const Box<T> &b) { sink = 6; a = b.t; return a; }
template <class F> FAR int call(F f) { return f(sink); }
FAR int lambdas(int k) {
    auto plain = [k](int x) FAR { return sink = x + k; };
    auto any = [](auto x) FAR { return sink = (int)x; };
    std::function<int(int)> f = plain;
    return call(plain) + call(any) + f(2);
}
template <class T> FAR int lambdas_of(T k) { return call([k](int x) FAR { return sink = x + (int)k; }); }
}
namespace {
struct Hidden { int n; FAR bool operator()(const Hidden &o) const { return sink = n, n < o.n; } };
FAR bool operator<(const Hidden &a, const Hidden &b) { sink = a.n; return a.n < b.n; }
}
int main() {
    using namespace shop;
    Item a{1}, b{2};
    Box<int> c{1}, d{2};
    std::vector<Box<int>> v{c};
    int x = 3;
    Item *p = new Item{1};
    bool all = a < b && (a <=> b) < 0 && a(1) && a[2] && bool(a) && c < d && c(3) && v < 3 && c == d;
    a->*3; (void)a->n; (a, 3); x << c; delete p;
    return all + std::string(a).size() + ((const char *)b)[0] + ((std::vector<int>)a).size() +
        (a << 1).n + (a >> 1).n + (3_item).n + lambdas(2) + lambdas_of(2L) +
        Hidden{1}(Hidden{2}) + (Hidden{1} < Hidden{2});
}
"""
COMPILERS = (["g++", "-w", "-std=gnu++20", "-O1", "-g"],
             ["g++", "-w", "-std=gnu++20", "-O0", "-gdwarf-4"],
             ["clang++", "-w", "-std=gnu++20", "-O1", "-g"])
FORMS = ("templates", "simple", "full")


def functions(path):
    """Address and mangled name of every function that the source defines."""
    out = subprocess.run(["nm", "--defined-only", path], capture_output=True, text=True,
                         check=True).stdout
    rows = re.findall(r"^(\w+) [tTwW] (_ZZ?N?K?(?:4shop|12_GLOBAL__N_1|ltI|lsI)\w*)$", out, re.M)
    return sorted((int(at, 16), name) for at, name in rows)


def capture(top, addresses):
    p = pprofgen.Profile()
    p.sample_type("samples", "count")
    p.mapping(1, 0x400000, 0x500000, 0, "/x/prog")
    for i, at in enumerate(addresses, 1):
        p.location(i, 1, at)
        p.sample([i], [1])
    path = os.path.join(top, "x.pb.gz")
    p.save(path)
    return path


def names(cpconv, path, program, form):
    """{address: the outermost function's name}"""
    out = subprocess.run([cpconv, "-q", path, "--binary", "/x/prog=" + program, "--demangle", form,
                          "--to", "pprof", "-o", "-"], capture_output=True, check=True).stdout
    rows = {n: [] for n in range(1, 16)}
    for number, value in pprofgen.fields(gzip.decompress(out)):
        rows[number].append(value)
    functions = {f[1]: rows[6][f.get(2, 0)].decode()
                 for f in (dict(pprofgen.fields(row)) for row in rows[5])}
    found = {}
    for row in rows[4]:
        parts = list(pprofgen.fields(row))
        lines = [dict(pprofgen.fields(value)) for number, value in parts if number == 4]
        found[dict(parts)[3]] = functions[lines[-1][1]] if lines else None
    return found


def variants(path):
    """The program as it is, with symbols only, with DWARF only."""
    subprocess.run(["strip", "-g", "-o", path + ".symbols", path], check=True)
    subprocess.run(["objcopy", "--strip-all", "--keep-section=.debug*", path, path + ".dwarf"],
                   check=True)
    return {"both": path, "symbols": path + ".symbols", "DWARF": path + ".dwarf"}


def is_simple(name):
    """No template argument is left; operator<, <<, <=>, -> and >> are no brackets."""
    rest = re.sub(r"operator(<=>|<<|>>|->\*|->|<|>)", "operator", name)
    return "<" not in rest.replace("<lambda", "")


def alike(name):
    name = re.sub(r"\{lambda(\([^{}]*\)(#\d+)?)?\}", "{lambda}", name or "")
    return re.sub(r" (?=[>(])", "", name)


def compare(cpconv, top, compiler):
    path = os.path.join(top, "prog")
    subprocess.run([*compiler, "-no-pie", "-o", path, os.path.join(top, "s.cc")], check=True)
    rows = functions(path)
    profile = capture(top, [at for at, _ in rows])
    programs = variants(path)
    bad = 0
    for form in FORMS:
        got = {kind: names(cpconv, profile, program, form) for kind, program in programs.items()}
        for at, mangled in rows:
            texts = {kind: of.get(at) for kind, of in got.items()
                     if kind != "DWARF" or form != "full"}
            if len(set(map(alike, texts.values()))) != 1 or texts["both"] != texts["symbols"] or \
                    (form == "simple" and not is_simple(texts["both"])):
                bad += 1
                print(f"{' '.join(compiler)}, --demangle {form}: {mangled}: {texts}")
    print(f"{len(rows)} functions of {' '.join(compiler)}")
    return bad + (len(rows) < 25)


def main():
    cpconv = os.path.abspath(sys.argv[1])
    bad = 0
    with tempfile.TemporaryDirectory() as top:
        with open(os.path.join(top, "s.cc"), "w") as f:
            f.write(SOURCE)
        for compiler in COMPILERS:
            if shutil.which(compiler[0]):
                bad += compare(cpconv, top, compiler)
            else:
                print(f"SKIPPED: there is no {compiler[0]}")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
