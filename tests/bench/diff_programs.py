#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records programs of Debian packages, each several times, for diff.py to compare.

    diff_programs.py record FOLDER [CAPTURES]

FOLDER/PROGRAM-NN.data is one capture by `perf record -e cpu-clock -F 999 -g`: about a second
of the same work each time. Programs take turns, so that a machine that becomes busier does so
for all. Programs that are not installed are left out, and named.
"""
import os
import random
import shutil
import subprocess
import sys

LUA = """
local t, words = {}, {}
for i = 1, 60000 do words[i] = string.format('%d-%x', i * 7919 % 10007, i) end
for _, w in ipairs(words) do local k = w:match('^(%d+)'); t[k] = (t[k] or 0) + #w end
local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
fib(29)
for round = 1, 6 do
  local s = {}
  for i = 1, 30000 do s[i] = (i * 7919 + round) % 30011 end
  table.sort(s)
end
local parts = {}
for i = 1, 200000 do parts[#parts + 1] = tostring(i):rep(2) end
print(#table.concat(parts, ','))
"""
PYTHON = """
import json, re, zlib
rows = [{'id': i, 'name': f'n{i * 7919 % 10007}', 'tags': ['a', 'b', str(i)]} for i in range(40000)]
text = json.dumps(rows)
back = json.loads(text)
names = re.findall(r'"name": "(n[0-9]+)"', text)
back.sort(key=lambda r: (r['name'], -r['id']))
total = sum(len(n) for n in names) + len(zlib.compress(text.encode(), 6))
grid = [[(x * y) % 7 for x in range(300)] for y in range(300)]
print(total, sum(map(sum, grid)))
"""
PERL = """
my (%h, @l);
for my $i (1 .. 250000) { my $k = ($i * 7919) % 10007; $h{"k$k"} .= chr(65 + $i % 26); push @l, "$k-$i" }
my @s = sort { $a cmp $b } @l;
my $n = 0;
for (@s) { $n++ if /^(\\d+)-(\\d+)$/ && $2 % 3 == 0; s/1/one/g }
print "$n ", length(join ',', @s), "\\n";
"""
NODE = """
const words = [];
for (let i = 0; i < 150000; i++) words.push(String(i * 7919 % 10007) + '-' + i);
const count = new Map();
for (const w of words) { const k = w.split('-')[0]; count.set(k, (count.get(k) || 0) + 1); }
words.sort();
const text = JSON.stringify(words.map((w, i) => ({ w, i, half: i / 2 })));
const back = JSON.parse(text);
let n = 0;
for (let r = 0; r < 6; r++)
  for (const b of back) if (/^(\\d+)-(\\d+)$/.test(b.w)) n += b.half;
console.log(text.length, n);
"""
SQL = """
create table t(a integer primary key, b integer, c text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 220000)
  insert into t select i, i * 7919 % 10007, 'name-' || (i * 31 % 997) from n;
create index tb on t(b);
select count(*), sum(x.a) from t x join t y on x.b = y.b where x.a < 3000;
select c, count(*), sum(length(c)), max(b) from t group by c order by 2 desc limit 5;
select count(*) from t where c like '%9%' and b between 100 and 9000;
select sum(length(u)) from (select upper(c) || b as u from t order by c, b desc);
"""
AWK = ('{ for (i = 1; i <= NF; i++) { n[$i]++; l += length($i) } if ($2 ~ /[aeiou]r/) r++ } '
       'END { for (k in n) if (n[k] > m) m = n[k]; print l, r, m }')
C_FUNCTION = """
static int f{0}(struct s *p, int n) {{ int t = {0}; for (int i = 0; i < n; i++) {{
 if (p[i].a > t) t += p[i].b * {0}; else t -= p[i].c[i % 8] ^ n; switch (t % 5) {{
 case 0: p[i].a++; break; case 1: p[i].b += t; break; default: t += f{1}(p + i, n / 2); }} }} return t; }}
"""


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def inputs(folder):
    """The files that the programs work on, the same everywhere."""
    rng = random.Random(23)
    words = ["".join(rng.choice("abcdefghiklmnoprstuvw") for _ in range(rng.randint(2, 9)))
             for _ in range(4000)]
    lines = [" ".join(rng.choices(words, k=8)) for _ in range(400000)]
    c = ["struct s { int a, b, c[8]; };", "static int f0(struct s *p, int n) { return p->a + n; }"]
    c += [C_FUNCTION.format(i, i - 1) for i in range(1, 330)]
    c.append("int all(struct s *p, int n) { return f329(p, n); }")
    return {
        "text": write(folder, "text", "\n".join(lines) + "\n"),
        "small": write(folder, "small", "\n".join(lines[:75000]) + "\n"),
        "lua": write(folder, "work.lua", LUA), "python": write(folder, "work.py", PYTHON),
        "perl": write(folder, "work.pl", PERL), "node": write(folder, "work.js", NODE),
        "sql": write(folder, "work.sql", SQL), "c": write(folder, "work.c", "\n".join(c)),
    }


def commands(folder):
    at = inputs(folder)
    return {
        "sqlite3": ["sh", "-c", f"exec sqlite3 :memory: < {at['sql']}"],
        "gzip": ["gzip", "-7c", at["text"]], "bzip2": ["bzip2", "-c", at["small"]],
        "zstd": ["zstd", "-qcT1", "-11", at["text"]], "xz": ["xz", "-cT1", "-2", at["small"]],
        "lua5.4": ["lua5.4", at["lua"]], "python3": ["/usr/bin/python3", at["python"]],
        "perl": ["perl", at["perl"]], "node": ["node", at["node"]],
        "openssl": ["sh", "-c", f"for i in 1 2 3 4; do openssl dgst -sha256 {at['text']}; openssl enc "
                    f"-camellia-128-cbc -pbkdf2 -pass pass:x -in {at['text']}; done"],
        "sort": ["sort", "--parallel=1", at["text"]], "mawk": ["mawk", AWK, at["text"]],
        "gcc": ["gcc", "-O1", "-c", "-o", "/dev/null", at["c"]],
        "brotli": ["brotli", "-q", "7", "-c", at["text"]],
    }


def missing_perf():
    return not shutil.which("perf")


def record(folder, captures):
    os.makedirs(folder, exist_ok=True)
    all_commands = commands(folder)
    absent = [p for p in all_commands if not shutil.which(p)]
    if absent:
        print("not installed, left out:", ", ".join(absent), file=sys.stderr)
    env = {**os.environ, "LC_ALL": "C"}
    for turn in range(captures):
        for program, command in all_commands.items():
            path = os.path.join(folder, f"{program}-{turn:02}.data")
            if program in absent or os.path.exists(path):
                continue
            subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "999", "-g", "-o",
                            path, "--", *command], check=True, env=env,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] != "record":
        sys.exit(__doc__)
    record(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 12)
