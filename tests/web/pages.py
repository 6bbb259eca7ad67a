#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pages.py CPWEB TOOLS-FOLDER TESTDATA: numbers on the pages are those of the command-line tools;
captures, folders, notes, kept views, files that change."""
import gzip
import html
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote, urlencode

sys.path.insert(0, str(Path(__file__).parent))
from server import Web  # noqa: E402

CPWEB, TOOLS, DATA = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), Path(sys.argv[3])
DEMO, CAPTURE = DATA / "quickstart" / "demo", DATA / "quickstart" / "perf.data"
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAILED:", what)


def equal(got, want, what):
    check(got == want, f"{what}: {str(got)[:300]!r}, not {str(want)[:300]!r}")


def run(tool, *args):
    return subprocess.run([TOOLS / tool, *map(str, args)], check=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=120).stdout


def config(answer):
    found = re.search(r'<script type="application/json" id="cp-page">(.*?)</script>', answer.text,
                      re.S)
    return json.loads(found[1])


def wait(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    check(False, what + " never came true")
    return False


FILTERS = [({}, []), ({"f": "sort_numbers"}, ["-focus=sort_numbers"]),
           ({"i": "escape", "h": "^main$"}, ["-ignore=escape", "-hide=^main$"]),
           ({"s": "draw|main", "rel": "1"}, ["-show=draw|main", "-relative_percentages"]),
           ({"sf": "do_round", "g": "lines"}, ["-show_from=do_round", "-lines"]),
           ({"si": "samples", "noinlines": "t"}, ["-sample_index=samples", "-noinlines"]),
           ({"tf": "comm=demo", "prunefrom": "partition", "g": "filefunctions"},
            ["-tagfocus=comm=demo", "-prune_from=partition", "-filefunctions"]),
           ({"tagroot": "pid,comm", "si": "0"}, ["-tagroot=pid,comm", "-sample_index=0"])]


def same_code(web, where, *args):
    """/disasm has what cpreport disasm has, which may be nothing."""
    got = config(web.get("/disasm?q=numbers&" + where)).get("data")
    done = subprocess.run([TOOLS / "cpreport", "disasm", "numbers", *map(str, args), "--to", "json"],
                          capture_output=True, timeout=120)
    equal(got, json.loads(done.stdout) if done.stdout else None, f"disasm {where}")


def numbers(place):
    pb = place / "out.pb.gz"
    run("cpconv", DEMO, CAPTURE, "-o", pb)
    for path, binary in ((pb, []), (CAPTURE, [DEMO])):
        with Web(CPWEB, *binary, path) as web:
            for params, flags in FILTERS:
                where = urlencode(params)
                top = config(web.get("/top?" + where))["data"]
                want = json.loads(run("cpreport", *binary, path, "--to", "json", "-n", "0",
                                      "-nodefraction=0", "-edgefraction=0", *flags))
                equal(top, want, f"top {where}")
                tags = config(web.get("/tags?" + where))["data"]
                equal(tags, json.loads(run("cpreport", "tags", *binary, path, "--to", "json",
                                           *flags)), f"tags {where}")
                peek = config(web.get("/peek?q=numbers&" + where))
                if "data" in peek:
                    equal(peek["data"], json.loads(run(
                        "cpreport", "peek", "numbers", *binary, path, "--to", "json", *flags)),
                        f"peek {where}")
                frames = [f for f in flags if not f.startswith("-relative")]
                equal(web.get("/save?to=frames&" + where).body,
                      run("cpflame", *binary, path, "--to", "frames", *frames), f"frames {where}")
                if binary:
                    same_code(web, where, *binary, path, *frames)
                else:
                    equal(web.get("/save?to=graph&" + where).body, run(
                        "cpreport", "graph", path, "--to", "svg", "--title", path.name, *flags),
                        f"graph {where}")
            equal(web.get("/top?to=csv").body, run("cpreport", *binary, path, "--to", "csv", "-n", "0",
                                                   "-nodefraction=0"), "csv")
            info = config(web.get("/info"))["data"]
            equal(info["bytes"], path.stat().st_size, "info")


def compared(place):
    (place / "a.folded").write_text("m;x 3000\nm;y 5000\nm;gone 700\n")
    (place / "b.folded").write_text("m;x 3010\nm;y 8000\nm;new 900\n")
    a, b = place / "a.folded", place / "b.folded"
    with Web(CPWEB, a, b) as web:
        both = "before=a.folded&after=b.folded"
        got = config(web.get("/diff?" + both))["data"]
        want = json.loads(run("cpdiff", "--to", "json", a, b))
        for side in ("before", "after"):
            want[side]["name"] = Path(want[side]["name"]).name
        equal(got, want, "diff")
        for scale in ("", "&norm=t"):
            said = config(web.get("/diff?" + both + scale))["said"]
            words = run("cpdiff", *(["--scale=total"] if scale else []), a, b).decode()
            for name in (a, b):
                words = words.replace(str(name), name.name)
            words = re.sub("\n  +", " ", words).split("\n\n")
            equal(said, words[0].splitlines() + words[-1].splitlines(), "cpdiff's sentences" + scale)
        check("x" in said[1], f"the cause: {said}")
        equal(web.get("/diffgraph?" + both).status, 200, "the difference as a picture")
        equal(web.get("/diff?before=a.folded&after=nothing").status, 404, "a side that is not there")
        equal(web.get("/diff?before=a.folded/b.folded&after=b.folded/b.folded").status, 200, "two a side")
        equal(web.get("/top?file=b.folded").status, 200, "the second file")
    with Web(CPWEB, f"-diff_base={a}", b) as web:
        answer = web.get("/")
        equal(answer.headers["location"], "/diff?before=a.folded&after=b.folded", "-diff_base")


def instructions(place):
    with Web(CPWEB, DEMO, CAPTURE) as web:
        equal(web.get("/disasm?q=sort_numbers&intel=1&to=text").body, run(
            "cpreport", "disasm", "sort_numbers", DEMO, CAPTURE, "--intel-syntax"), "Intel's syntax")
        # As pprof's pages lead to it.
        equal(config(web.get("/ui/disasm?f=%5Esort_numbers%24"))["data"]["functions"][0]["name"],
              "sort_numbers", "pprof's link")
        for what, status in (("/disasm?q=(", 400), ("/disasm?q=nothing_of_the_kind", 200),
                             ("/disasm", 200)):
            answer = web.get(what)
            equal((answer.status, "data" in config(answer)), (status, False), what)
        check("error" in config(web.get("/disasm?q=nothing_of_the_kind")), "nothing matches")
        check(any("flame graph" in r for r in config(web.get("/graph?calltree=t"))["remarks"]),
              "what calltree is here")
        equal(config(web.get("/top?compact=t"))["data"], config(web.get("/top"))["data"], "compact")
    # A profile cannot make any file be read: code comes by build id only.
    path = place / "odd.pb"
    path.write_bytes(named_files([b"/etc/passwd"]))
    with Web(CPWEB, path) as web:
        check("root:x" not in web.get("/disasm?q=.").text, "a file that a profile names")


def over_time(_):
    with Web(CPWEB, DEMO, CAPTURE) as web:
        data = config(web.get("/time"))["data"]
        whole = json.loads(run("cpreport", DEMO, CAPTURE, "--to", "json"))
        check(abs(sum(r["total"] for r in data["rows"]) - whole["total"]) < 1, "the course's total")
        check(abs(data["seconds"] - whole["duration_nanos"] / 1e9) < 0.01, "its length")
        for span in ("0.25,0.5", ",0.1", "0.9,", "10%,20%"):
            top = config(web.get("/top?time=" + quote(span)))["data"]
            want = json.loads(run("cpreport", DEMO, CAPTURE, "--to", "json", "-n", "0",
                                  "-nodefraction=0", "--time", span))
            equal(top, want, "a span of time " + span)
        halves = config(web.get("/diff?time=0,0.5&timeb=0.5,1"))["data"]
        for side, span in (("before", "0,0.5"), ("after", "0.5,1")):
            equal(halves[side]["total"], json.loads(run(
                "cpreport", DEMO, CAPTURE, "--to", "json", "--time", span))["total"], side + " half")


class Service(http.server.BaseHTTPRequestHandler):
    profile = b""

    def do_GET(self):
        if "/debug/pprof/profile" not in self.path:
            self.send_error(404)
            return
        Service.asked += 1
        time.sleep(1.5)
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(self.profile)))
        self.end_headers()
        self.wfile.write(self.profile)

    def log_message(self, *_):
        pass

    asked = 0


def captured(place):
    """The whole flow: the port answers while the capture runs, then the picture is there."""
    pb = place / "out.pb.gz"
    Service.profile = pb.read_bytes()
    service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{service.server_address[1]}/debug/pprof/profile?seconds=2"
    kept = place / "kept"
    env = {"PPROF_TMPDIR": str(kept), "HOME": str(place)}
    pages = []
    for number in ("001", "002"):
        with Web(CPWEB, url, env=env) as web:
            first = web.get("/flamegraph")
            check("wait-list" in first.text, "a page while the capture runs")
            state = json.loads(web.get("/state").text)
            check(not state["ready"], f"state {state}")
            wait("the capture's length",
                 lambda: json.loads(web.get("/state").text)["captures"][0]["total"] == 2)
            wait("the capture", lambda: json.loads(web.get("/state").text)["ready"])
            files = sorted(p.name for p in kept.iterdir())
            check(any(re.fullmatch(rf"pprof\..*cpu.*\.{number}\.pb\.gz", f) for f in files),
                  f"file {number}: {files}")
            pages.append((files[-1], web.get("/flamegraph").body))
    name, page = pages[1]
    with Web(CPWEB, kept / name) as web:
        equal(web.get("/flamegraph").body, page, "the same picture from the file")
    asked = Service.asked
    with Web(CPWEB, pb) as web:
        done = subprocess.run([CPWEB, f"-http=:{web.port}", url], capture_output=True, timeout=20)
        equal((done.returncode, Service.asked), (4, asked), "a taken port, before anything is asked")
    done = subprocess.run([CPWEB, "-http=:0", url.replace("profile", "nothing")],
                          capture_output=True, text=True, timeout=180, env={**os.environ, **env})
    equal(done.returncode, 3, "a capture that fails")
    check("http" in done.stderr, done.stderr)
    service.shutdown()


def folder(place):
    runs = place / "runs"
    runs.mkdir()
    (runs / "one.folded").write_text("m;x 3000\nm;y 5000\n")
    os.utime(runs / "one.folded", (1000, 1000))
    (runs / "two.folded").write_text("m;x 3000\nm;y 9000\n")
    os.utime(runs / "two.folded", (2000, 2000))
    (runs / "noise").write_bytes(b"\0\1\2 no profile")
    os.utime(runs / "noise", (500, 500))
    with Web(CPWEB, runs) as web:
        equal(web.get("/").headers["location"], "/runs", "the first page of a folder")
        listed = config(web.get("/runs"))["data"]
        equal([r["name"] for r in listed["runs"]], ["two.folded", "one.folded", "noise"], "newest first")
        row = json.loads(web.get("/run?file=two.folded&before=one.folded").text)
        equal((row["total"], row["top"], row["named"]), (12000, "y", 1), "a row")
        want = json.loads(run("cpdiff", runs / "one.folded", runs / "two.folded", "--to", "json"))
        check(row["changed"] >= 1 and row["verdict"] == want["total"]["verdict"] and
              row["most"] in ("x", "y"), f"what changed: {row}")
        check("error" in json.loads(web.get("/run?file=noise").text), "no profile")
        equal(web.post("/note", b"name=two.folded&text=better+%26+%3Cfaster%3E").status, 200, "a note")
        equal(config(web.get("/runs"))["data"]["notes"], {"two.folded": "better & <faster>"}, "notes")
        equal(sorted(p.name for p in runs.iterdir()),
              [".cpweb-notes", "noise", "one.folded", "two.folded"], "one file is written")
        (runs / "three.folded").write_text("m;x 1\n")
        wait("a new run", lambda: "three.folded" in web.get("/runs?to=json").text)
        equal(web.post("/note", b"name=two.folded&text=").status, 200, "a note that is taken back")
        equal(config(web.get("/runs"))["data"]["notes"], {}, "no notes")
        runs.chmod(0o500)
        if os.geteuid():
            equal(web.post("/note", b"name=x&text=y").status, 409, "a folder that cannot be written")
        runs.chmod(0o700)


def kept_views(place):
    env = {"XDG_STATE_HOME": str(place / "state")}
    with Web(CPWEB, place / "a.folded", env=env) as web:
        equal(web.post("/keepview", b"name=Mine&text=top%3Ff%3Dx%23q%3Dy").status, 200, "a kept view")
        equal(json.loads(web.get("/views").text), {"Mine": "top?f=x#q=y"}, "kept")
        for bad in (b"name=a&text=//evil.example", b"name=a&text=javascript:alert(1)", b"name=a&text=",
                    b"text=top", b"name=a&text=http://evil", b"name=a&text=%2Ftop"):
            check(web.post("/keepview", bad).status in (400, 409), f"{bad}")
        file = place / "state" / "cp" / "views"
        equal(file.stat().st_mode & 0o777, 0o600, "private")
        equal(web.post("/dropview", b"name=Mine").status, 200, "forgotten")
        equal(json.loads(web.get("/views").text), {}, "nothing is kept")


def changing(place):
    path = place / "c.folded"
    path.write_text("m;first 10\n")
    with Web(CPWEB, path) as web:
        check("first" in web.get("/top").text, "before")
        path.write_text("m;second 10\n")
        os.utime(path, (5, 5))
        check("second" in web.get("/top").text, "a file that changed")
        path.write_bytes(gzip.compress(b"m;third 10\n" * 1000)[:20])
        os.utime(path, (6, 6))
        page = config(web.get("/top"))
        check("cannot be read" in str(page["remarks"]) and "second" in str(page["data"]),
              f"a half-written file: {page}")
        path.unlink()
        page = config(web.get("/top"))
        check(page.get("remarks"), "a file that is gone")
    bare = place / "bare.data"
    bare.write_bytes(CAPTURE.read_bytes())
    symbols = place / "dir"
    symbols.mkdir()
    target = symbols / "tmp" / "quickstart" / "demo"
    with Web(CPWEB, "--symfs", symbols, bare) as web:
        images = config(web.get("/symbols"))["data"]["images"]
        check(images and images[0]["resolved"] == 0 and images[0]["hint"], f"{images}")
        target.parent.mkdir(parents=True)
        target.write_bytes(DEMO.read_bytes())
        equal(web.post("/retry").status, 200, "retry")
        images = config(web.get("/symbols"))["data"]["images"]
        check(images[0]["resolved"] > 0, f"after the file is there: {images}")


def hostile(place):
    path = place / "hostile.folded"
    path.write_bytes(b"root;</script><script>alert(1)</script> 7\nroot;\"'<img src=x> 7\n"
                     b"root;" + b"x" * 100000 + b" 7\nroot;\x01\xff\xfe 7\nroot;/etc/passwd 9\n")
    with Web(CPWEB, path) as web:
        for page in ("/flamegraph", "/top", "/peek?q=.", "/tags", "/symbols", "/info",
                     "/top?f=" + quote("</script><script>")):
            text = web.get(page).text
            check("<script>alert" not in text and "<img" not in text, page + " lets a name out")
            check("root:x:0" not in text, page + " reads a file")
        start = time.monotonic()
        equal(web.get("/top?f=" + quote("(x+x+)+y")).status, 200, "a regex that never ends")
        check(time.monotonic() - start < 60, "its time")
    with Web(CPWEB, "--memory-limit", "3M", place / "a.folded") as web:
        many = place / "a.folded"
        many.write_text("".join(f"m;f{i};g{i * 7} {i + 1}\n" for i in range(60000)))
        answer = web.get("/top?f=g")
        check(answer.status in (200, 503) and
              ("--memory-limit" in answer.text or "cannot be read" in answer.text),
              f"out of memory: {answer.status} {answer.text[:300]}")
        check(web.process.poll() is None, "the server lives")


def sources(place):
    """A profile alone names no file; --source-path does, and so does the image's own line table."""
    secret = place / "secret.c"
    secret.write_text("int secret_line;\n" * 20)
    names = [b"/etc/passwd", str(secret).encode(), b"secret.c", b"../../../../etc/passwd"]
    path = place / "names.pb"
    path.write_bytes(named_files(names))
    for flags in ([], ["--source-path", place / "nothing"]):
        with Web(CPWEB, *flags, path, cwd=place) as web:
            text = web.get("/source?q=.").text
            check("secret_line" not in text and "root:x:0" not in text, f"{flags} shows a file")
            check(len(config(web.get("/source?q=."))["data"]["functions"]) == 4, "its functions")
    with Web(CPWEB, "--source-path", place, path) as web:
        text = web.get("/source?q=.").text
        check("secret_line" in text and "root:x:0" not in text, "--source-path shows what is below it")
    with Web(CPWEB, DEMO, CAPTURE) as web:
        listed = config(web.get("/source?q=sort_numbers"))["data"]["functions"]
        want = json.loads(run("cpreport", "source", "sort_numbers", DEMO, CAPTURE, "--to", "json"))
        equal([(f["name"], f["flat"], f["cum"]) for f in listed],
              [(f["name"], f["flat"], f["cum"]) for f in want["functions"]], "its values")
        equal(web.get("/source?q=(").status, 400, "a mistake")
    with Web(CPWEB, "--source-path", DATA / "quickstart", DEMO, CAPTURE) as web:
        line = (DATA / "quickstart" / "demo.c").read_text().splitlines()[64].strip()
        text = html.unescape(html.unescape(web.get("/save?to=html&sources=1").text))
        check(line in text, "source in a saved page where it was asked for")
        check("cp-sources" not in web.get("/save?to=html").text, "none where it was not")


def named_files(names):
    """A profile with one function for each file name."""
    def number(field, x):
        return bytes([field << 3]) + bytes([x])

    def part(field, body):
        return bytes([field << 3 | 2]) + (bytes([len(body)]) if len(body) < 128 else
                                          bytes([len(body) & 127 | 128, len(body) >> 7])) + body

    out = part(1, number(1, 1) + number(2, 2))
    texts = [b"", b"samples", b"count"]
    for i, name in enumerate(names):
        texts += [b"f%d" % i, name]
        out += part(2, part(1, bytes([i + 1])) + part(2, bytes([10])))
        out += part(4, number(1, i + 1) + number(3, i + 1) + part(4, number(1, i + 1) + number(2, 3)))
        out += part(5, number(1, i + 1) + number(2, 3 + 2 * i) + number(4, 4 + 2 * i))
    return out + b"".join(part(6, text) for text in texts)


def ends_in_time(place):
    with Web(CPWEB, place / "a.folded") as web:
        thread = threading.Thread(target=lambda: web.get("/flamegraph"))
        thread.start()
        web.process.send_signal(signal.SIGTERM)
        equal(web.process.wait(30), 0, "SIGTERM while something is made")
        thread.join()


def main():
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for part in (numbers, compared, instructions, over_time, captured, folder, kept_views, changing, hostile,
                     sources, ends_in_time):
            start = time.monotonic()
            part(place)
            print(f"{part.__name__}: {time.monotonic() - start:.1f} s", flush=True)
    print(f"{len(failures)} failures")
    return bool(failures)


sys.exit(main())
