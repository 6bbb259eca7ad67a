#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What cpconv writes, opened by the programs that people open it with, and what others
write now, read by cpconv.

    format_readers.py CPCONV TESTDATA SHARED-DATA

* Firefox: @firefox-devtools/profiler-cli lists every thread's functions with their own and
  their whole weight: these are the sums over our samples;
* speedscope: its own schema takes our files, and its app in headless Chromium shows our
  numbers in the sandwich view; of our .cpuprofile, too;
* OpenTelemetry: protoc --decode_raw finds the numbers of samples and their sums;
* Java: jfr print counts as many events in recordings (one made now) as we read;
* Node: what --cpu-prof and the inspector record now is read, written and read again.

The npm packages come from the registry into a temporary folder. Without npm, the network,
Chromium, a JDK, protoc or Node that part says SKIPPED; without all of them this exits 77.
CP_NPM names a folder that has them, or keeps them.
"""
import base64
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

cpconv, testdata, shared = (os.path.abspath(a) for a in sys.argv[1:4])
CLI, SPEEDSCOPE, AJV = "@firefox-devtools/profiler-cli@0.10.0", "speedscope@1.25.0", "ajv@8"
failures = checks = 0
NODE = shutil.which("node")

BUSY_JS = """
function inner(n) { let s = 0; for (let i = 0; i < n; i++) s += Math.sqrt(i); return s; }
function outer() { return inner(4e6) + [1, 2, 3].map(() => inner(1e6)).length; }
for (let i = 0; i < 8; i++) outer();
"""

INSPECT_JS = """
const { Session } = require('inspector'), fs = require('fs');
const s = new Session(); s.connect();
s.post('Profiler.enable', () => s.post('Profiler.start', () => {
  require('./busy.js');
  s.post('Profiler.stop', (e, r) => fs.writeFileSync(process.argv[2], JSON.stringify(r.profile)));
}));
"""

BUSY_JAVA = """
public class Busy {
    static double inner(int n) { double s = 0; for (int i = 0; i < n; i++) s += Math.sqrt(i); return s; }
    static Object held;
    public static void main(String[] a) throws Exception {
        Thread t = new Thread(() -> { for (int i = 0; i < 60; i++) inner(3000000); }, "arbeiter-\\u00e4");
        t.start();
        for (int i = 0; i < 3000; i++) held = new byte[20000];
        t.join();
    }
}
"""


def check(what, have, want):
    global failures, checks
    checks += 1
    if have != want:
        failures += 1
        print(f"FAIL {what}: have {str(have)[:400]}, want {str(want)[:400]}")


def skipped(why):
    print(f"SKIPPED: {why}")


def run(*argv, **more):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding="utf-8", errors="replace", **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def convert(source, out, *options):
    run(cpconv, source, "-o", out, "-q", "--no-symbolize", *options)
    return out


def read(path):
    """Types, the default one, and (functions leaf first, values) of each sample."""
    tables = json.loads(run(cpconv, path, "--to", "json", "-q", "--no-symbolize"))
    types = [t["type"] for t in tables["sample_types"]]
    functions = [(i, f and f["name"]) for i, f in enumerate(tables["functions"])]
    frames = [[functions[line["function"]] for line in (row or {}).get("lines", [])]
              for row in tables["locations"]]
    stacks = [[f for place in stack or [] for f in frames[place]] for stack in tables["stacks"]]
    return types, tables.get("default_sample_type") or types[-1], \
        [(stacks[s["stack"]], dict(zip(types, s["values"]))) for s in tables["samples"]]


def sums(path, of=None):
    """Own and whole values of one type by name; names that several functions have."""
    own, whole, ids = collections.Counter(), collections.Counter(), collections.defaultdict(set)
    _, default, rows = read(path)
    for stack, values in rows:
        for i, name in set(stack):
            whole[name] += values[of or default]
            ids[name].add(i)
        if stack:
            own[stack[0][1]] += values[of or default]
    return own, whole, {name for name in ids if len(ids[name]) > 1}


def inputs(tmp):
    """Profiles of several kinds: name, path."""
    folded = os.path.join(tmp, "names.folded")
    with open(folded, "w", encoding="utf-8") as f:
        f.write("main;a;b 5\nmain;a;\"quoted\" \\x 3\nmain;größe 2\nmain;a;b;a 4\nmain 1\n"
                "other;std::map<int, char>::find(int const&) 7\n")
    out = [("folded", folded)]
    for name in ("good-go-cpu.pb.gz", "good-go-heap.pb.gz"):
        out.append((name, f"{testdata}/pprof/{name}"))
    out.append(("jfr", f"{testdata}/jfr/good-two-chunks.jfr"))
    return out


# ---- npm's packages ----

def install(tmp):
    if not NODE or not shutil.which("npm"):
        return skipped("no npm here: Firefox's and speedscope's own readers are not asked")
    folder = os.environ.get("CP_NPM") or os.path.join(tmp, "npm")
    if os.path.isdir(f"{folder}/node_modules/speedscope"):
        return folder
    os.makedirs(folder, exist_ok=True)
    try:
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
                        "--fetch-retries", "0", "--fetch-timeout", "20000",
                        CLI, SPEEDSCOPE, AJV], cwd=folder, check=True, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (subprocess.SubprocessError, OSError):
        return skipped("npm's registry does not answer: Firefox's and speedscope's own readers "
                       "are not asked")
    return folder


def cli(folder, session, *words):
    return run(NODE, f"{folder}/node_modules/@firefox-devtools/profiler-cli/dist/profiler-cli.js",
               *words, "--session", session, timeout=60,
               env={**os.environ, "PROFILER_CLI_SESSION_DIR": f"{folder}/s"})


def firefox_sums(folder, path):
    """Own and whole weights by name over all threads, as Firefox adds them up."""
    own, whole = collections.Counter(), collections.Counter()
    os.makedirs(f"{folder}/s", exist_ok=True)
    session = f"s{checks}"
    try:
        try:
            cli(folder, session, "load", path)
        except (RuntimeError, subprocess.SubprocessError):
            pass  # it waits half a second for itself, which is not always enough
        for tries in range(120):
            try:
                cli(folder, session, "status")
                break
            except RuntimeError:
                if tries == 119:
                    raise
                time.sleep(0.5)
        info = cli(folder, session, "profile", "info", "--all")
        # "t-0: name [tid 1]", a line each
        for thread in sorted(set(re.findall(r"\bt-\d+(?=:)", info))):
            cli(folder, session, "thread", "select", thread)
            listed = json.loads(cli(folder, session, "thread", "functions", "--json"))
            for f in listed["functions"]:
                own[f["name"]] += f["selfSamples"]
                whole[f["name"]] += f["totalSamples"]
    finally:
        try:
            cli(folder, session, "stop")
        except (RuntimeError, subprocess.SubprocessError):
            pass
    return own, whole


def firefox(folder, name, path):
    out = convert(path, os.path.join(folder, "out.json"), "--to", "firefox")
    with open(out, encoding="utf-8") as f:
        kind = json.load(f)["threads"][0]["samples"].get("weightType", "samples")
    by = 1e6 if kind == "tracing-ms" else 1
    own, whole, _ = sums(path)
    have_own, have_whole = firefox_sums(folder, out)

    def rounded(counter, scale):
        return {k: round(v / scale, 3) for k, v in counter.items() if round(v / scale, 3)}
    check(f"Firefox, {name}: own", rounded(have_own, 1), rounded(own, by))
    check(f"Firefox, {name}: whole", rounded(have_whole, 1), rounded(whole, by))


AJV_JS = """
import Ajv from 'ajv'; import fs from 'fs';
const s = JSON.parse(fs.readFileSync('node_modules/speedscope/dist/release/file-format-schema.json'));
delete s.$schema;
const v = new Ajv({strict: false, validateFormats: false}).compile(s);
const ok = v(JSON.parse(fs.readFileSync(process.argv[2])));
console.log(ok ? 'valid' : JSON.stringify(v.errors));
"""


def schema(folder, name, path):
    script = os.path.join(folder, "check.mjs")
    with open(script, "w", encoding="utf-8") as f:
        f.write(AJV_JS)
    check(f"speedscope's schema, {name}", run(NODE, script, path, cwd=folder).strip(), "valid")


def amount(text):
    """What speedscope shows, as (digits shown, unit): '3.00ms' is 3.00 of 1e-3."""
    m = re.match(r"([\d,.]+)\s*(\D*)$", text)
    return m and (m.group(1), m.group(2).strip())


UNITS = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "B": 1, "KB": 1024, "MB": 1 << 20, "GB": 1 << 30,
         "": 1}


def sandwich(folder, path):
    """Name → (whole, own) as shown; a machine with other work may be too slow once."""
    for _ in range(3):
        try:
            rows = one_sandwich(folder, path)
        except (RuntimeError, subprocess.SubprocessError):
            continue
        if rows:
            return rows
    return None


def one_sandwich(folder, path):
    script = os.path.join(folder, "p.js")
    with open(path, "rb") as f, open(script, "w", encoding="utf-8") as js:
        js.write(f'speedscope.loadFileFromBase64("{os.path.basename(path)}", '
                 f'"{base64.b64encode(f.read()).decode()}")\n')
    page = f"{folder}/node_modules/speedscope/dist/release/index.html"
    dom = run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--use-gl=angle",
              "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
              "--allow-file-access-from-files", f"--user-data-dir={folder}/chromium",
              "--virtual-time-budget=8000", "--dump-dom",
              f"file://{page}#localProfilePath={script}&view=sandwich", timeout=90)
    if "Something went wrong" in dom:
        return None
    rows = {}
    for row in re.findall(r"<tr.*?</tr>", dom, re.S):
        cells = [re.sub(r"<[^>]*>", "", c) for c in re.findall(r"<td.*?</td>", row, re.S)]
        if len(cells) >= 3:
            shown = [re.sub(r"\s*\(.*", "", c).strip() for c in cells[:2]]
            name = cells[2].strip()
            for a, b in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
                name = name.replace(a, b)
            rows[name] = tuple(shown)
    return rows


def agrees(shown, value):
    """A shown amount is the value rounded to the digits that are shown."""
    text, unit = amount(shown) or ("nothing", "")
    if unit not in UNITS or text == "nothing":
        return False
    digits = len(text.split(".")[1]) if "." in text else 0
    mine = value / UNITS[unit]
    return abs(float(text.replace(",", "")) - mine) <= 0.51 * 10 ** -digits + 1e-9 * abs(mine)


def speedscope(folder, name, path, to="speedscope", ending=".speedscope.json"):
    out = convert(path, os.path.join(folder, "out" + ending), "--to", to)
    if to == "speedscope":
        schema(folder, name, out)
    if not shutil.which("chromium"):
        return
    rows = sandwich(folder, out)
    if rows is None or not rows:
        check(f"speedscope's app opens {name} as {to}", rows, "rows")
        return
    own, whole, several = sums(path)
    for shown in rows:
        if shown in whole and shown not in several:
            check(f"speedscope, {name} as {to}: {shown}: {rows[shown]}",
                  agrees(rows[shown][1], own[shown]) and
                  (to == "cpuprofile" or agrees(rows[shown][0], whole[shown])), True)
    # The table draws what fits on a screen. (Of a .cpuprofile speedscope puts V8's own work,
    # "(program)", on top of what ran before, whose whole time is larger then.)
    largest = [n for n, _ in own.most_common(3) if own[n]]
    check(f"speedscope, {name} as {to}: the largest are listed",
          [n for n in largest if n not in rows], [])


# ---- protoc ----

def fields(text):
    """protoc's decode_raw as nested lists of (number, value)."""
    stack = [[]]
    for line in text.splitlines():
        line = line.strip()
        if line.endswith("{"):
            inner = []
            stack[-1].append((int(line[:-1]), inner))
            stack.append(inner)
        elif line == "}":
            stack.pop()
        else:
            number, value = line.split(": ", 1)
            stack[-1].append((int(number), value))
    return stack[0]


def otlp(tmp, name, path):
    out = convert(path, os.path.join(tmp, "out.otlp"))
    with open(out, "rb") as f:
        text = subprocess.run(["protoc", "--decode_raw"], stdin=f, check=True,
                              stdout=subprocess.PIPE).stdout.decode("utf-8", "replace")
    profiles = [p for n, r in fields(text) if n == 1 for m, s in r if m == 2
                for k, p in s if k == 2]
    types, default, rows = read(path)
    check(f"OTLP, {name}: one profile for each type", len(profiles), len(types))
    check(f"OTLP, {name}: samples of the first, which is the default",
          sum(1 for n, _ in profiles[0] if n == 2), sum(1 for _, v in rows if v[default]))


# ---- Java ----

def java(tmp):
    if not shutil.which("jfr"):
        return skipped("no JDK here: recordings are not compared with jfr print")
    files = [p for p in (f"{shared}/formats/jfr/jdk17.jfr",) if os.path.exists(p)]
    if shutil.which("javac"):
        with open(f"{tmp}/Busy.java", "w", encoding="utf-8") as f:
            f.write(BUSY_JAVA)
        run("javac", "-encoding", "UTF-8", "-d", tmp, f"{tmp}/Busy.java")
        run("java", f"-XX:StartFlightRecording=filename={tmp}/now.jfr,settings=profile",
            "-Xmx64m", "-cp", tmp, "Busy")
        files.append(f"{tmp}/now.jfr")
    for path in files:
        one_recording(path)
    return True


def one_recording(path):
    name = os.path.basename(path)
    kinds = ("ExecutionSample", "NativeMethodSample", "ObjectAllocationSample",
             "JavaMonitorEnter", "ThreadPark")
    text = run("jfr", "print", "--json", "--stack-depth", "1", "--events",
               ",".join(f"jdk.{k}" for k in kinds), path)
    events = collections.Counter(e["type"][len("jdk."):]
                                 for e in json.loads(text)["recording"]["events"])
    tables = json.loads(run(cpconv, path, "--to", "json", "-q"))
    total = collections.Counter()
    for s in tables["samples"]:
        for t, x in zip(tables["sample_types"], s["values"]):
            total[t["type"]] += x
    check(f"jfr print, {name}: samples: {events}", total.get("samples", 0),
          events["ExecutionSample"] + events["NativeMethodSample"])
    check(f"jfr print, {name}: allocations", total.get("alloc_samples", 0),
          events["ObjectAllocationSample"])
    check(f"jfr print, {name}: waits", total.get("contentions", 0),
          events["JavaMonitorEnter"] + events["ThreadPark"])


# ---- Node ----

def node(tmp):
    """The paths of two .cpuprofiles that Node made now."""
    if not NODE:
        skipped("no Node here: what it records now is not read")
        return []
    for name, text in (("busy.js", BUSY_JS), ("inspect.js", INSPECT_JS)):
        with open(f"{tmp}/{name}", "w", encoding="utf-8") as f:
            f.write(text)
    run(NODE, "--cpu-prof", f"--cpu-prof-dir={tmp}", "--cpu-prof-name=prof.cpuprofile",
        f"{tmp}/busy.js")
    run(NODE, f"{tmp}/inspect.js", f"{tmp}/inspector.cpuprofile")
    return [f"{tmp}/prof.cpuprofile", f"{tmp}/inspector.cpuprofile"]


def there_and_back(tmp, path):
    with open(path, encoding="utf-8") as f:
        recorded = json.load(f)
    own = sums(path)[0]
    name = os.path.basename(path)
    check(f"Node, {name}: samples", sum(sums(path, "samples")[0].values()),
          len(recorded["samples"]))
    check(f"Node, {name}: the function that works is the largest",
          max(own, key=lambda n: own[n] * (n[:1] != "(")), "inner")
    out = convert(path, os.path.join(tmp, "back.cpuprofile"), "--keep-time")
    with open(out, encoding="utf-8") as f:
        written = json.load(f)
    ids = [n["id"] for n in written["nodes"]]
    check(f"Node, {name}: ids", ids, list(range(1, len(ids) + 1)))
    check(f"Node, {name}: back again",
          {k: round(v / 1000) for k, v in sums(out)[0].items()},
          {k: round(v / 1000) for k, v in own.items() if v})


def main():
    with tempfile.TemporaryDirectory(prefix="cpfr") as tmp:
        profiles = inputs(tmp)
        recorded = node(tmp)
        for path in recorded:
            there_and_back(tmp, path)
            profiles.append((os.path.basename(path), path))
        java(tmp)
        if shutil.which("protoc"):
            for name, path in profiles:
                otlp(tmp, name, path)
        else:
            skipped("no protoc here: our OTLP is not decoded")
        folder = install(tmp)
        if folder and not shutil.which("chromium"):
            skipped("no Chromium here: speedscope's app is not asked, only its schema")
        # Each start of a viewer takes a second: two of the kinds each.
        for name, path in profiles if folder else []:
            if name in ("folded", "good-go-heap.pb.gz", "prof.cpuprofile"):
                firefox(folder, name, path)
            if name in ("folded", "good-go-cpu.pb.gz", "prof.cpuprofile"):
                speedscope(folder, name, path)
        if folder and recorded:
            speedscope(folder, "Node's", recorded[0], "cpuprofile", ".cpuprofile")
    print(f"{checks} comparisons, {failures} differ")
    if failures:
        return 1
    return 0 if checks else 77


sys.exit(main())
