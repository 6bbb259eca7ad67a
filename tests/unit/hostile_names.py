#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hostile_names.py TOOL-FOLDER: names that want to be markup, formulas, mentions, commands to
a terminal or new lines, in every text of a profile, through every writer of every tool; each
output goes through a parser of its format, which must find the same structure as in the
output of a profile of tame names."""
import csv
import gzip
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from html.parser import HTMLParser
from pathlib import Path

tools = Path(sys.argv[1]).resolve()
place = Path(tempfile.mkdtemp(prefix="names-"))
bad = []

HOSTILE = [
    b"</script><script>document.title='P'</script>", b"</style><style>*{display:none}",
    b"\"><img src=x onerror=\"document.title='P'\">", b"' onmouseover='document.title=1",
    b"]]><svg onload=\"document.title='P'\"/>", b"</title><script>x()</script>",
    b"<!--<script>", b"-->", b"--!>", b"<?xml?>", b"</svg>", b"</text></svg>", b"<![CDATA[x",
    b"javascript:alert(1)", b"&amp;&lt;&#60;script&#62;", b"&", b"<", b">", b"\"", b"'",
    b"=cmd|' /C calc'!A0", b"+1+1", b"-2+3", b"@SUM(1)", b"\t=1", b"\r=1", b"\n=1",
    b"\xef\xbc\x9d1+1", b"\xef\xbc\xa0SUM(1)", b"a\",=1,\"", b"a,b;c",
    b"pipe|pipe", b"||", b"`tick`", b"``two`", b"`", b"\\`x`", b"[l](http://e.vil)",
    b"![i](http://e.vil/x.png)", b"@everyone", b"a @team/x b", b"http://e.vil", b"www.e.vil",
    b"a@e.vil", b"#1 closes", b"GH-1", b"0123456789abcdef0123456789abcdef01234567",
    b"<b>bold</b>", b"*a* _b_ ~c~", b"$x^2$", b":boom:", b"a\\|b", b"a\\",
    b"semi;colon", b"new\nline", b"a\rb", b"a\r\nb", b"u\xe2\x80\xa8v\xe2\x80\xa9",
    b"nul\x00byte", b"\x00", b"\x1b[31mred", b"\x1b]0;title\x07", b"\x1b[2J", b"bell\x07",
    b"del\x7f", b"\x08\x08", b"c1\xc2\x9b31m", b"\x9b31m", b"\xff\xfe", b"cut\xe2\x80",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"rtl\xe2\x80\xaegnp.exe",
    b"iso\xe2\x81\xa6x", b"zw\xe2\x80\x8bsp", b"\xef\xbb\xbfbom", b"tag\xf3\xa0\x81\x81",
    b"\xef\xbf\xbe", b"%s%n%d", b"${x}", b"{{7*7}}", b"$(id)", b"fl=(1) x", b"(2)",
    b"(2) x", b"calls=1 2", b"events: x", b"+3", b"*", b"# comment", b"#", b" ", b"  lead",
    b"trail  ", b"1 2", b"worker 1", b"../../etc/passwd", b"/dev/null", b"a" * 3000,
    "ü→漢字🙂".encode(), b"}", b"{", b"\\l", b"\\n\\N\\E", b"];N9 [label=x", b"digraph{",
]
TAME = [b"name%d" % i for i in range(len(HOSTILE))]
# In a series these step, of which JSON has to say the names.
STEPS = [i for i, name in enumerate(HOSTILE)
         if re.search(rb'["\x1b]', name) or "\ufffd" in name.decode("utf-8", "replace")]


def varint(x):
    out = b""
    while x > 127:
        out += bytes([x & 127 | 128])
        x >>= 7
    return out + bytes([x])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def profile(names, weight=1, step=1):
    """Each name is a function, system name, file, mapping, build id, label, comment, unit."""
    strings = [b"", b"samples", b"count", *names]
    n = len(names)

    def s(i):
        return 3 + i % n

    out = field(1, field(1, 1) + field(2, 2)) + field(1, field(1, s(0)) + field(2, s(1)))
    for i in range(n):
        out += field(3, field(1, i + 1) + field(2, 4096 * (i + 1)) +
                     field(3, 4096 * (i + 2)) + field(5, s(i)) + field(6, s(i + 3)) +
                     field(7, 1))
        out += field(5, field(1, i + 1) + field(2, s(i)) + field(3, s(i)) +
                     field(4, s(i)) + field(5, 1))
        out += field(4, field(1, i + 1) + field(2, i + 1) + field(3, 4096 * (i + 1) + 8) +
                     field(4, field(1, i + 1) + field(2, 7)) +
                     field(4, field(1, (i + 1) % n + 1) + field(2, 8)))
        label = field(1, s(i)) + field(2, s(i + 5))
        number = field(1, s(i + 9)) + field(3, i) + field(4, s(i + 11))
        stack = bytes(varint(i + 1) + varint((i + 1) % n + 1) + varint((i + 7) % n + 1))
        value = (i + 1) * weight * (step if i in STEPS else 1)
        out += field(2, field(1, stack) + field(2, varint(value) + varint(1)) +
                     field(3, label) + field(3, number))
        out += field(13, s(i))
    out += field(15, s(4)) + field(11, field(1, s(2)) + field(2, s(6)))
    return out + b"".join(field(6, x) for x in strings)


def write(name, content):
    (place / name).write_bytes(content)
    return name


hostile, tame = write("h.pb", profile(HOSTILE)), write("t.pb", profile(TAME))
hostile2, tame2 = write("h2.pb", profile(HOSTILE, 3)), write("t2.pb", profile(TAME, 3))
low = [write("h3.pb", profile(HOSTILE, 100)), write("t3.pb", profile(TAME, 100))]
high = [write("h4.pb", profile(HOSTILE, 100, 3)), write("t4.pb", profile(TAME, 100, 3))]
# A file name is a name, too; the shell never sees it.
evil = "<b>@all`|www.e.vil http;.pb"
write(evil, profile(HOSTILE, 5))

# Controls, DEL, C1, and what turns or hides text.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
                    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]")


CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f\u2028\u2029]")


def expect(condition, where, what):
    if not condition:
        bad.append(f"{where}: {what}")


def text_of(where, out, unsafe=UNSAFE):
    """The output as text: UTF-8, nothing that acts on a terminal."""
    try:
        text = out.decode("utf-8")
    except UnicodeDecodeError as wrong:
        bad.append(f"{where}: {wrong}")
        return out.decode("utf-8", "replace")
    found = unsafe.search(text)
    expect(not found, where, f"{found and found.group()!r} in {text[:0]}"
           f"{found and text[max(0, found.start() - 30):found.end() + 30]!r}")
    return text


def check_text(where, out, same):
    text_of(where, out)
    if " comments " in where:
        return  # one comment may have several lines
    if where.startswith("cpdiff "):
        return  # sentences with names in them are folded
    lines = same.count(b"\n")
    if re.match("cpreport .* (top|tree|traces) ", where):
        lines -= sum(name.startswith(b"#") for name in HOSTILE)  # comments not shown there
    expect(out.count(b"\n") == lines, where, f"{out.count(10)} lines, not {lines}")


def check_csv(where, out, same):
    rows = list(csv.reader(io.StringIO(text_of(where, out), newline=""), strict=True))
    want = list(csv.reader(io.StringIO(same.decode(), newline=""), strict=True))
    expect([len(r) for r in rows] == [len(r) for r in want], where, "other cells")
    for cell in (cell for row in rows for cell in row):
        number = re.fullmatch(r"[-+]?(inf|[0-9.]+(e[-+][0-9]+)?)", cell)
        expect(number or cell[:1] not in tuple("=+-@\t\r\n\uff1d\uff20\uff0b\uff0d"), where,
               f"cell {cell!r}")


def shape(value):
    if isinstance(value, dict):
        return {str(len(value)): sorted(map(str, map(shape, value.values())))}
    if isinstance(value, list):
        return [shape(v) for v in value]
    return type(value).__name__


def check_json(where, out, same):
    try:
        value = json.loads(text_of(where, out, CONTROLS), parse_constant=lambda c: bad.append(
            f"{where}: {c}"))
    except ValueError as wrong:
        bad.append(f"{where}: {wrong}")
        return
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # no lone surrogates
    expect(str(shape(value)).count("[") == str(shape(json.loads(same))).count("["), where,
           "another shape")


def check_markdown(where, out, same):
    # Long sentences are broken, at other places for other names.
    text, tame_text = (re.sub(r"(?<=[^\n|>])\n(?=[^\n|<])", " ", t)
                       for t in (text_of(where, out), same.decode()))
    expect(text.count("\n") == tame_text.count("\n"), where, "other lines")
    for line, tame_line in zip(text.split("\n"), tame_text.split("\n")):
        if line.startswith("|"):
            cells = len(re.findall(r"(?<!\\)\|", line))
            expect(cells == len(re.findall(r"(?<!\\)\|", tame_line)), where, f"cells {line!r}")
        # What is left outside of code: a fence ends at a run of as many backticks.
        prose = re.sub(r"(?<![`\\])(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", line)
        prose = re.sub(r"</?(sub|br|details|summary)>|<!---->", "\0", prose)
        prose = re.sub(r"^\*\*|\*\*(?=\0|$)", "\0", prose)  # the verdict and its cause
        live = re.search(r"(?<!\\)[<`\[\]*]|@[\w]|://|www\.", prose, re.I)
        expect(not live, where, f"live {live and live.group()!r} in {line!r}")


class Tags(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, tuple(sorted(name for name, _ in attrs))))

    def handle_comment(self, data):
        self.seen.append(("comment", data))


def tags(text):
    parser = Tags()
    parser.feed(text)
    parser.close()
    return parser.seen


def check_html(where, out, same):
    mine, theirs = tags(text_of(where, out)), tags(same.decode())
    expect(sorted(set(mine)) == sorted(set(theirs)), where,
           f"elements differ: {set(mine) ^ set(theirs)}")
    expect([t for t in mine if t[0] == "script"] == [t for t in theirs if t[0] == "script"],
           where, "scripts differ")


def check_svg(where, out, same):
    text = text_of(where, out)
    try:
        root, tame_root = xml.fromstring(text), xml.fromstring(same)
    except xml.ParseError as wrong:
        bad.append(f"{where}: {wrong}")
        return
    for one, other in ((root, tame_root), (tame_root, root)):
        known = {(e.tag, tuple(sorted(e.attrib))) for e in other.iter()}
        new = {(e.tag, tuple(sorted(e.attrib))) for e in one.iter()} - known
        expect(not new, where, f"elements {new}")
    check_html(where, out, same)


STRING = r'"(?:[^"\\\n]|\\.)*"'
DOT = re.compile(rf"""digraph\s{STRING}\s\{{\n | node\s\[[^\]"\n]*(?:{STRING}[^\]"\n]*)*\]\n
    | subgraph\scluster_L\s\{{\sL\s\[(?:[\w]+=(?:{STRING}|\w+)\s?)*\]\s\}}\n
    | N\d+(?:\s->\sN\d+)?\s\[(?:[\w]+=(?:{STRING}|[\w.]+)\s?)*\]\n | \}}\n""", re.X)


def check_dot(where, out, same):
    text, at = text_of(where, out), 0
    while at < len(text):
        match = DOT.match(text, at)
        if not match:
            bad.append(f"{where}: no statement: {text[at:at + 120]!r}")
            return
        at = match.end()


CALLGRIND = re.compile(r"# callgrind format|(version|creator|positions|events|summary): .+|"
                       r"(ob|fl|fn|cob|cfi|cfn)=(\(\d+\)( [^(].*)?|[^(].*)|"
                       r"calls=\d+ -?\d+|-?\d+ -?\d+|")


def check_callgrind(where, out, same):
    text = text_of(where, out)
    for line in text.split("\n"):
        expect(CALLGRIND.fullmatch(line), where, f"line {line!r}")
    kinds = [line.split("=")[0] if "=" in line[:4] else "" for line in text.split("\n")]
    expect(kinds.count("fn") > 1 and kinds.count("calls") == 0, where, "no functions")


def check_ndjson(where, out, same):
    rows = [json.loads(line) for line in text_of(where, out, CONTROLS).split("\n")[:-1]]
    tame = [json.loads(line) for line in same.decode().split("\n")[:-1]]
    expect([sorted(row) for row in rows] == [sorted(row) for row in tame], where,
           "other objects than with tame names")


def check_sqlite(where, out, same):
    counts = []
    for content in (out, same):
        with sqlite3.connect(place / write("names.sqlite", content)) as db:
            expect(db.execute("PRAGMA integrity_check").fetchone() == ("ok",), where, "is damaged")
            tables = sorted(db.execute("SELECT name FROM sqlite_schema"))
            names = "".join(x for row in db.execute("SELECT name FROM functions") for x in row if x)
            counts.append((tables, db.execute("SELECT count(*) FROM samples").fetchone()))
        expect(not UNSAFE.search(names), where, "a name acts on a terminal")
    expect(counts[0] == counts[1], where, "other tables or samples than with tame names")


def check_folded(where, out, same):
    # The format keeps what bytes it can; a line stays a line, and nothing acts.
    expect(not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", out), where, "a control byte")
    lines = out.split(b"\n")
    expect(len(lines) == same.count(b"\n") + 1, where, "other lines")
    for line, tame_line in zip(sorted(lines), sorted(same.split(b"\n"))):
        expect(not line or re.fullmatch(rb".+ \d+", line), where, f"line {line!r}")
    if where.startswith("cpdiff"):
        return  # two counts a line
    again = run("cpconv", write("again.folded", out), "--to", "folded", "--root", "none")
    expect(again == out, where, "reading it and writing it gives something else")


def check_raw(where, out, same):
    # Bytes that are no UTF-8 stay, as pprof prints them.
    check_text(where, out.decode("utf-8", "replace").encode(), same)


def check_frames(where, out, same):
    lines = out.split(b"\n")
    expect(len(lines) == same.count(b"\n") + 1, where, "other lines")
    text_of(where, out)


def check_pprof(where, out, same):
    name = write("again.pb.gz", out)
    one, two = (run("cpconv", f, "--to", "raw") for f in (hostile, name))
    expect(one == two, where, "it reads back differently")


def run(tool, *args):
    done = subprocess.run([tools / tool, *args], cwd=place, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60)
    text_of(f"{tool} {args}: stderr", done.stderr)
    expect(done.returncode in (0, 1), f"{tool} {args}",
           f"status {done.returncode}: {done.stderr[:200]!r}")
    return done.stdout


def check_otlp(where, out, same):
    """Names are bytes there: what is read back is what was written."""
    (place / "names.otlp").write_bytes(out)
    again = run("cpconv", "--to", "folded", "--root", "none", "names.otlp")
    expect(again == run("cpconv", "--to", "folded", "--root", "none", hostile), where,
           "other names come back")


CHECKS = {
    "ndjson": check_ndjson, "sqlite": check_sqlite,
    "text": check_text, "csv": check_csv, "json": check_json, "markdown": check_markdown,
    "html": check_html, "svg": check_svg, "dot": check_dot, "callgrind": check_callgrind,
    "folded": check_folded, "frames": check_frames, "pprof": check_pprof, "raw": check_raw,
    "tree": check_text, "otlp": check_otlp,
}


PACKED = ("pprof",)


def words_of(tool):
    """The values of --to, as the tool itself lists them."""
    files = [tame, tame] if tool == "cpdiff" else [tame]
    done = subprocess.run([tools / tool, "--to", "no-such-format", *files], cwd=place,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    words = re.search(r"--to is ([^']+), not|formats: ([^)]+)\)", done.stderr)
    if not words:
        bad.append(f"{tool} does not list its formats: {done.stderr!r}")
        return []
    return re.findall(r"[a-z0-9.-]+", (words.group(1) or words.group(2)).replace(" or ", ", "))


def both(tool, how, files, tame_files, *args):
    where = f"{tool} --to {how} {' '.join(args)}"
    out, same = (run(tool, *args, "--to", how, "--", *f) for f in (files, tame_files))
    check = CHECKS.get(how)
    if not check and how not in PACKED:
        same, out = (gzip.decompress(x) if x[:2] == b"\x1f\x8b" else x for x in (same, out))
        check = check_json if same[:1] in (b"{", b"[") else None
    if not check:
        bad.append(f"{where}: no parser for this format here")
        return
    check(where, out, same)


REPORTS = ["top", "tree", "traces", "tags", "comments", "raw"]
for how in words_of("cpconv"):
    both("cpconv", how, [hostile], [tame], *(["--root", "none"] if how == "folded" else []))
for how in words_of("cpflame"):
    both("cpflame", how, [hostile], [tame], *(["--root", "none"] if how == "folded" else []))
for how in ("svg", "html", "frames"):
    both("cpflame", how, [hostile, hostile2], [tame, tame2], "--diff")
for how in words_of("cpdiff"):
    if how != "pprof":
        both("cpdiff", how, [hostile, hostile2], [tame, tame2])
for how in ("text", "markdown", "json"):
    both("cpdiff", how, [low[0]] * 4 + [high[0]] * 4, [low[1]] * 4 + [high[1]] * 4,
         "--sample-index", "0", "--series")
for how in words_of("cpinfo"):
    both("cpinfo", how, [hostile], [tame])
for how in words_of("cpreport"):
    for report in REPORTS:
        if report == "raw":
            continue  # cpconv writes the same
        done = subprocess.run([tools / "cpreport", report, "--to", how, tame], cwd=place,
                              capture_output=True, stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            both("cpreport", how, [hostile], [tame], report, "--trim=false")
for granularity in ("lines", "files", "filefunctions", "addresses"):
    both("cpreport", "text", [hostile], [tame], "top", "--granularity", granularity,
         "--trim=false")
    both("cpreport", "csv", [hostile], [tame], "top", "--granularity", granularity,
         "--trim=false")
both("cpconv", "dot", [hostile], [tame])
both("cpconv", "callgrind", [hostile], [tame])
out = run("cpdiff", "--to", "markdown", hostile, evil)
check_markdown("cpdiff with a name", out, out)
for args in (["-v"], ["--symbols-report"], ["--comm", "@x"], ["--focus", "\x1b[31m("]):
    subprocess_out = subprocess.run([tools / "cpconv", *args, "--to", "folded", hostile],
                                    cwd=place, capture_output=True, stdin=subprocess.DEVNULL)
    text_of(f"cpconv {args}", subprocess_out.stderr)

# --csv-raw is the bytes themselves.
out = run("cpreport", "--to", "csv", "--csv-raw", "--trim=false", hostile)
expect(b'"=cmd|\' /C calc\'!A0' in out, "--csv-raw", "a name has changed")
if os.environ.get("NAMES_KEEP"):
    print(place)
print("\n".join(bad[:60]))
sys.exit(bool(bad))
