#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""flame_frames.py CPFLAME DATA: cpflame's boxes against a tree computed here from the folded
text, for the files of DATA/folded and random ones; the picture against XML parsers and
against a decoder of its data block written from the description in flame/data.c."""
import random
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

CPFLAME, DATA = sys.argv[1], Path(sys.argv[2])
DIGITS = {c: i for i, c in enumerate(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")}
SVG = "{http://www.w3.org/2000/svg}"
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAILED:", what)


def run(text, *options, status=0):
    done = subprocess.run([CPFLAME, *options, "-"], input=text, capture_output=True)
    check(done.returncode == status, f"status {done.returncode} for {options}: {done.stderr}")
    return done.stdout


def tree_of(text, reverse=False):
    root = {"value": 0, "kids": {}}
    for line in text.split(b"\n"):
        if not line.strip():
            continue
        stack, count = line.rsplit(b" ", 1)
        frames = stack.split(b";")
        node = root
        node["value"] += int(count)
        for name in reversed(frames) if reverse else frames:
            node = node["kids"].setdefault(name, {"value": 0, "kids": {}})
            node["value"] += int(count)
    return root


def boxes(root):
    """(depth, x, value, name), depth first, siblings by the bytes of their names."""
    out, todo = [], [(0, 0, b"all", root)]
    while todo:
        depth, x, name, node = todo.pop()
        out.append((depth, x, node["value"], name))
        kids = []
        for kid in sorted(node["kids"]):
            kids.append((depth + 1, x, kid, node["kids"][kid]))
            x += node["kids"][kid]["value"]
        todo.extend(reversed(kids))
    return out


def frames_match(text, what, *options):
    got = run(text, "--to", "frames", *options).decode().splitlines()
    want = boxes(tree_of(text, "--reverse" in options))
    whole = want[0][2]
    check(len(got) == len(want), f"{what}: {len(got)} boxes, not {len(want)}")
    for line, (depth, x, value, name) in zip(got, want):
        d, left, width, v, n = line.split("\t")
        ok = (int(d), int(v), n) == (depth, value, name.decode()) and \
            abs(float(left) - 100 * x / whole) < 1e-4 and \
            abs(float(width) - 100 * value / whole) < 1e-4
        if not ok:
            check(False, f"{what}: {line!r} is not {(depth, x, value, name)}")
            return


def number(text, at):
    x, scale = 0, 1
    while True:
        digit = DIGITS[text[at]]
        at += 1
        x += (digit & 31) * scale
        scale *= 32
        if not digit & 32:
            return x, at


def decode(block):
    """Names and (depth, total, name) of all nodes in the data block."""
    import json
    lines = block.split("\n")
    conf = json.loads(lines[0])
    names, last = [], ""
    for line in lines[3:3 + conf["names"]]:
        same, at = number(line, 0)
        last = last[:same] + line[at:]
        names.append(re.sub(r"\\([lga\\])",
                            lambda m: {"l": "<", "g": ">", "a": "&", "\\": "\\"}[m[1]], last))
    entry, at = [], 0
    for _ in range(conf["entries"]):
        name, at = number(lines[2], at)
        bits, at = number(lines[2], at)
        for _ in range((bits >> 3 & 1) + 2 * (bits >> 4 & 1) + 2 * (bits >> 5 & 1)):
            _, at = number(lines[2], at)
        at += 4
        entry.append(names[name])
    nodes, path, at = [], [], 0
    for _ in range(conf["nodes"]):
        e, at = number(lines[1], at)
        v, at = number(lines[1], at)
        path.append(len(nodes))
        nodes.append([len(path) - 1, 0, entry[e]])
        for p in path:
            nodes[p][1] += (v >> 1) * conf["gcd"]
        if v & 1:
            pops, at = number(lines[1], at)
            del path[len(path) - pops - 1:]
    check(at == len(lines[1]) and not path, "the data block ends where its nodes do")
    return conf, nodes, len(lines[1])


def picture(text, what, *options):
    svg = run(text, *options)
    try:
        root = ET.fromstring(svg)
    except ET.ParseError as e:
        check(False, f"{what}: not well-formed: {e}")
        return None
    if shutil.which("xmllint"):
        done = subprocess.run(["xmllint", "--huge", "--noout", "-"], input=svg,
                              capture_output=True)
        check(done.returncode == 0, f"{what}: xmllint: {done.stderr[:300]}")
    return root


def picture_matches(text, what):
    root = picture(text, what)
    want = boxes(tree_of(text))
    frames = root.find(f".//{SVG}svg[@id='frames']")
    check(frames.get("total_samples") == str(want[0][2]), f"{what}: total_samples")
    titles = {g.find(SVG + "title").text for g in frames}
    for g in frames:
        check(g.find(SVG + "rect") is not None, f"{what}: a frame without rect")
    shown = re.sub(r"_\[[kijw]\]$", "", want[-1][3].decode())
    check(len(want) > 2000 or len(titles) <= len(frames) <= len(want), f"{what}: frames")
    widest = [b for b in want if b[2] * 100 >= want[0][2]]
    for depth, x, value, name in widest[:1500]:
        shown = "all" if not depth else re.sub(r"_\[[kijw]\]$", "", name.decode())
        check(any(t.startswith(f"{shown} ({value:,} samples") for t in titles),
              f"{what}: no frame {shown} of {value}")
    conf, nodes, size = decode(root.find(f"{SVG}metadata").text)
    check([(d, v, n if d else b"all".decode()) for d, v, n in nodes] ==
          [(d, v, n.decode()) for d, _, v, n in want], f"{what}: data block")
    return size / len(nodes)


def places(text, *options):
    """(x, y, width, title) of the picture's rects, as scripts find them: by expression."""
    svg = run(text, *options).decode()
    frames = svg[svg.index('<svg id="frames"'):]
    return [(float(x), float(y), float(w), title) for title, x, y, w in re.findall(
        r'<g[^>]*>\s*<title>(.*?)</title>\s*<rect x="([\d.]+)" y="(-?[\d.]+)" width="([\d.]+)"',
        frames)]


def turned_over(text, what):
    """--inverted puts the root at the top, and changes nothing else."""
    upright, inverted = places(text), places(text, "--inverted")
    check(len(upright) == len(inverted) > 0, f"{what}: as many frames upright and inverted")
    low = max(y for _, y, _, _ in upright)
    check(upright[0][1] == low and inverted[0][1] == 0 and upright[0][3].startswith("all ("),
          f"{what}: the root is at the bottom, or at the top")
    check(all(a == (x, low - y, w, t) for a, (x, y, w, t) in zip(inverted, upright)),
          f"{what}: turned over")


def random_text(rng, lines, names, depth, most):
    words = ["main", "foo", "foo-bar", "foo(int)", "a::b<c, d>::e", "операция", "計算",
             "net/http.(*conn).serve", "x y z", "[libc.so.6]"]
    pool = words + [f"fn_{i}" for i in range(names)]
    out = []
    for _ in range(lines):
        stack = [pool[min(int(rng.expovariate(4 / len(pool))), len(pool) - 1)]
                 for _ in range(rng.randint(1, depth))]
        out.append(";".join(stack) + f" {rng.randint(1, most)}\n")
    return "".join(out).encode()


def hostile():
    names = [b"</script><script>alert(1)</script>", b"]]>", b"<!--", b"\"'&<>", b"a\x01\x1b[31m",
             b"\xe2\x80\xaegnirts\xe2\x80\xac", b"\xff\xfe bad \xc3", b"&#0;", b"\xef\xbf\xbe",
             b"javascript:alert(1)", b"\\l\\g\\a\\\\", b"\xf0\x9f\x94\xa5 fire", b" "]
    text = b"".join(b"root;" + name + b" 3\n" for name in names)
    root = picture(text, "hostile names", "--title", "</title><script>alert(1)</script>",
                   "--subtitle", "]]>", "--notes", "--><script>", "--countname", "\"'<&",
                   "--nametype", "</script>")
    check(len(root.findall(f".//{SVG}script")) == 1, "hostile names: one script")
    _, nodes, _ = decode(root.find(f"{SVG}metadata").text)
    got = {n for _, _, n in nodes}
    for want in ("</script><script>alert(1)</script>", "]]>", "\\xff\\xfe bad \\xc3",
                 "\\l\\g\\a\\\\", "🔥 fire"):
        check(want in got, f"hostile names: {want!r} survives")
    page = run(text, "--to", "html", "--title", "</title><script>alert(1)</script>")
    check(page.count(b"<script") == 2, "hostile names: two scripts in the page")
    check(b"Content-Security-Policy" in page, "the page has a policy")
    check(b" onclick=" not in page and b"http" not in page.split(b"<script", 1)[0]
          .replace(b"http-equiv", b""), "the page has no handlers and no addresses")


def extremes():
    root = picture(b"a;" + b"n" * (2 << 20) + b";c 5\n", "2 MB name")
    check("cut" in "".join(root.itertext()), "2 MB name: a note says so")
    deep = b";".join(b"f%d" % (i % 7) for i in range(100000)) + b" 4\n"
    root = picture(deep, "deep stack")
    check(len(root.find(f".//{SVG}svg[@id='frames']")) <= 2000, "deep stack: few elements")
    root = picture(b"a;b 9007199254740995\na;c 2\n", "large counts")
    check("2^53" in "".join(root.itertext()), "large counts: a note says so")
    rng = random.Random(4)
    words = [b"%030x" % rng.getrandbits(120) for _ in range(64)]
    many = b"".join(b"m;f%d;" % (i % 9) + b"/".join(rng.choice(words) for _ in range(50)) +
                    b" %d\n" % (i // 100 + 1) for i in range(24000))
    svg = run(many)
    check(len(svg) < 24 << 20, f"many long names: {len(svg)} bytes")
    check(b"widest are here" in svg, "many long names: a note says so")
    run(b"", status=3)
    run(b"a;b 0\n", status=3)
    run(b"a;b 9223372036854775807\na;c 9223372036854775807\n", status=4)
    a = run(b"x;a 1\nx;b 2\nx;a 3\n", "--flamechart", "--to", "frames").decode().splitlines()
    check([line.split("\t")[3:] for line in a[1:]] == [["6", "x"], ["1", "a"], ["2", "b"],
                                                       ["3", "a"]], f"flame chart: {a}")
    two = run(b"m;old 10 0\nm;new 0 20\n", "--to", "frames").decode().splitlines()
    check([line.split("\t")[3:] for line in two] == [
        ["10", "20", "all"], ["10", "20", "m"], ["0", "20", "new"], ["10", "0", "old"]],
        f"two counts: {two}")


def main():
    files = sorted((DATA / "folded").glob("*.folded")) if DATA.exists() else []
    if not files:
        print("SKIPPED: files of others: no", DATA / "folded")
    for f in files:
        text = f.read_bytes()
        frames_match(text, f.name)
        frames_match(text, f.name, "--reverse")
        frames_match(text, f.name, "--reverse", "--inverted")
        picture_matches(text, f.name)
        turned_over(text, f.name)
    rng = random.Random(5)
    for turn in range(30):
        text = random_text(rng, rng.randint(1, 300), rng.choice([2, 30]), 12, 1000)
        frames_match(text, f"random {turn}")
        frames_match(text, f"random {turn}", "--inverted")
        if turn % 5 == 0:
            frames_match(text, f"random {turn}", "--reverse")
            frames_match(text, f"random {turn}", "--reverse", "--inverted")
            picture_matches(text, f"random {turn}")
            turned_over(text, f"random {turn}")
    size = picture_matches(random_text(rng, 20000, 1000, 10, 30), "larger")
    print(f"{size:.2f} bytes a frame")
    check(size <= 5, "at most 5 bytes a frame")
    hostile()
    extremes()
    print(f"{len(files)} files, {len(failures)} failures")
    sys.exit(bool(failures))


main()
