#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""web.py CPWEB TOOLS-FOLDER TESTDATA [SCREENSHOT-FOLDER]: cpweb's pages used as people use them, in
a headless Chromium; exit 77 where there is none."""
import http.server
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "web"))
from cdp import Browser, find  # noqa: E402
from server import Web  # noqa: E402

CPWEB, TOOLS, DATA = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), Path(sys.argv[3])
SHOTS = Path(sys.argv[4]) if len(sys.argv) > 4 else None
DEMO, CAPTURE = DATA / "quickstart" / "demo", DATA / "quickstart" / "perf.data"
MODEL = "cpFlame.instance.model"
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAILED:", what)


def equal(got, want, what):
    check(got == want, f"{what}: {str(got)[:300]!r}, not {str(want)[:300]!r}")


def run(tool, *args):
    return subprocess.run([TOOLS / tool, *map(str, args)], check=True, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120).stdout


def quiet(page, where):
    noise = [line for line in page.console if "favicon" not in line]
    equal(noise, [], where + ": what the browser complains of")
    page.console.clear()


def shot(page, name):
    if SHOTS:
        page.settle()
        page.screenshot(str(SHOTS / (name + ".png")))


# Every text that can be seen, and every box that is typed into, whose contrast is too low:
# WCAG 2.1 AA, 1.4.3 (4.5, large text 3) and 1.4.11 (3).
CONTRAST = """(() => {
    const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
    const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
    const part = x => { x /= 255; return x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4; };
    const light = c => .2126 * part(c[0]) + .7152 * part(c[1]) + .0722 * part(c[2]);
    const ratio = (a, b) => { const x = light(a), y = light(b);
        return (Math.max(x, y) + .05) / (Math.min(x, y) + .05); };
    const paper = matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
    const ground = e => { const list = [];
        for (; e; e = e.parentElement) {
            list.push(parse(getComputedStyle(e).backgroundColor));
            if (list[list.length - 1][3] === 1)
                break;
        }
        return list.reduceRight((below, c) => over(c, below), paper); };
    const seen = e => e.getClientRects().length && getComputedStyle(e).visibility === 'visible' &&
        !e.closest('.spoken, svg, canvas, option, :disabled, [aria-disabled=true]');
    const bad = [], low = (e, color, back, least, what) => {
        const got = ratio(over(parse(color), back), back);
        if (got < least)
            bad.push(what + ' ' + got.toFixed(2) + ' ' + (e.className || e.tagName)); };
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const e = walk.currentNode.parentElement, text = walk.currentNode.data.trim();
        if (!text || !seen(e) || /^(SCRIPT|STYLE)$/.test(e.tagName))
            continue;
        const style = getComputedStyle(e), px = parseFloat(style.fontSize);
        const large = px >= 24 || (px >= 18.66 && style.fontWeight >= 600);
        low(e, style.color, ground(e), large ? 3 : 4.5, text.slice(0, 30));
    }
    for (const e of document.querySelectorAll('input, select, textarea')) {
        if (!seen(e) || e.type === 'checkbox')
            continue;
        low(e, getComputedStyle(e).borderTopColor, ground(e.parentElement), 3, 'border');
        if (e.placeholder)
            low(e, getComputedStyle(e, '::placeholder').color, ground(e), 4.5, 'placeholder');
    }
    return [...new Set(bad)].slice(0, 20);
})()"""


def frames(page):
    """What the graph holds, as cpflame --to frames writes it."""
    return page.eval(f"""(() => {{ const m = {MODEL}, out = [];
        for (let i = 0; i < m.n; i++)
            out.push(m.depth[i] + '\\t' + m.total[i] + '\\t' + (i ? m.names[m.entries[m.entry[i]].name]
                : 'all'));
        return out.join('\\n'); }})()""")


def wanted(text):
    rows = [line.split("\t") for line in text.splitlines()]
    return "\n".join(f"{r[0]}\t{r[3]}\t{r[-1]}" for r in rows)


def reload(page, condition):
    """Loads the page anew; the condition is not asked of the one that goes."""
    page.eval("window.cpOld = true; location.reload()")
    page.wait("!window.cpOld && document.readyState === 'complete' && (" + condition + ")")


def base(web):
    return f"http://localhost:{web.port}/"


def flame(browser, place):
    pb = place / "out.pb.gz"
    run("cpconv", DEMO, CAPTURE, "-o", pb)
    with Web(CPWEB, pb) as web:
        page = browser.open(web.url)
        equal(page.eval("location.pathname + location.search"), "/flamegraph", "after the link")
        equal(frames(page), wanted(run("cpflame", pb, "--to", "frames")), "frames")
        shot(page, "flame")
        page.goto(base(web) + "flamegraph?f=sort_numbers")
        equal(frames(page), wanted(run("cpflame", pb, "--to", "frames", "-focus=sort_numbers")),
              "frames of a focus")
        equal(page.eval("document.querySelector('.chip').textContent"), "Focus: sort_numbers×", "chip")
        page.eval("document.querySelector('.chip button').click()")
        page.wait("location.search === '' && document.readyState === 'complete'")
        page.eval("history.back()")
        page.wait("location.search === '?f=sort_numbers' && document.readyState === 'complete'")
        page.eval("""(() => { const f = document.querySelector('.refine');
            f.querySelector('select').value = 'i'; f.querySelector('input').value = 'a(b';
            f.requestSubmit(); })()""")
        page.wait("location.search.includes('i=a')")
        equal(page.eval("new URLSearchParams(location.search).get('i')"), "a\\(b", "literal text")
        page.goto(base(web) + "flamegraph?f=(")
        check("focus" in page.eval("document.getElementById('cp-wrong').textContent"),
              "a mistake is shown beside the box")
        equal(page.eval("document.querySelector('.refine input').value"), "(", "with what was typed")
        page.console.clear()
        page.goto(base(web) + "flamegraph")
        page.eval("cpFlame.instance.find('draw', false)")
        page.settle()
        check("s=draw" in page.eval("location.hash"), "a search in the address")
        reload(page, "window.cpFlame && cpFlame.instance && "
               "cpFlame.instance.search.text === 'draw'")
        quiet(page, "flame graph")


def large(browser, place):
    """Only what is visible comes first; the rest when somebody turns to the graph."""
    path = place / "large.folded"
    path.write_text("".join(f"app;main;part{i % 300};f{i % 977};g{i} {1 + 40000 // (i + 1)}\n"
                            for i in range(30000)))
    with Web(CPWEB, path) as web:
        answer = web.get("/flamegraph")
        check(len(web.raw(b"GET /flamegraph HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n"
                          b"Connection: close\r\nCookie: " + web.cookie.encode() + b"\r\n\r\n")) < 200000,
              "the first answer's size")
        check("data-rest" in answer.text, "the rest is elsewhere")
        page = browser.open(web.url)
        part = page.eval(MODEL + ".n")
        check(part < 10000, f"{part} frames at first")
        page.eval("cpFlame.instance.zoom(cpFlame.instance.model.names.length > 3 ? 3 : 1)")
        zoomed = page.eval("cpFlame.instance.markOf(cpFlame.instance.zoomed)")
        page.mouse(500, 600, "mouseMoved")
        page.wait("!cpFlame.instance.conf.part")
        equal(frames(page), wanted(run("cpflame", path, "--to", "frames")), "all frames")
        equal(page.eval("cpFlame.instance.markOf(cpFlame.instance.zoomed)"), zoomed, "the zoom stays")
        equal(page.eval("document.querySelectorAll('.cp-flame').length"), 1, "one graph")
        reload(page, "window.cpFlame && cpFlame.instance && !cpFlame.instance.conf.part")
        equal(page.eval("cpFlame.instance.markOf(cpFlame.instance.zoomed)"), zoomed,
              "the zoom after reloading")
        quiet(page, "large")


def top(browser, place):
    pb = place / "out.pb.gz"
    with Web(CPWEB, pb) as web:
        page = browser.open(web.url)
        page.goto(base(web) + "top")
        lines = run("cpreport", pb, "-n", "0", "-nodefraction=0", "-edgefraction=0",
                    "--compact-labels").splitlines()
        table = [line.split(None, 5) for line in lines if "%" in line and "flat%" not in line and
                 "Showing" not in line]
        got = page.eval("""Array.from(document.querySelectorAll('.rows .tr'), tr =>
            Array.from(tr.children, td => td.textContent))""")
        equal([r[:5] + [r[5]] for r in got], table, "every row as cpreport prints it")
        shot(page, "top")
        page.eval("document.querySelector('[data-key=name] button').click()")
        names = page.eval("Array.from(document.querySelectorAll('.rows .tr'), tr => "
                          "tr.children[5].textContent)")
        equal(names, sorted(names), "sorted by name")
        page.eval("""(() => { const f = document.querySelector('.bigtable input'); f.value = 'number';
            f.dispatchEvent(new Event('input')); })()""")
        equal(page.eval("document.querySelectorAll('.rows .tr').length"),
              sum("number" in n for n in names), "filtered")
        reload(page, "!!document.querySelector('.bigtable input')")
        equal(page.eval("document.querySelector('.bigtable input').value"), "number", "kept on reload")
        page.goto(base(web) + "top")
        page.eval("document.querySelector('.big').focus()")
        page.key("ArrowDown")
        page.key("ArrowDown")
        equal(page.eval("document.querySelector('.tr.current').getAttribute('aria-rowindex')"), "3",
              "rows by key")
        page.key("Enter")
        page.wait("location.pathname === '/peek'")
        shot(page, "peek")
        quiet(page, "top")


def switching(browser, place):
    with Web(CPWEB, place / "out.pb.gz") as web:
        page = browser.open(web.url)
        for where in ("flamegraph", "top", "peek", "tags"):
            page.goto(base(web) + where)
            page.eval("""(() => { const s = document.querySelector('[aria-label="Sample type"]');
                s.value = '0'; s.dispatchEvent(new Event('change')); })()""")
            page.wait("location.search === '?si=samples' && document.readyState === 'complete'")
            equal(page.eval("location.pathname"), "/" + where, "the page stays")
        quiet(page, "sample types")


def controls(browser, place):
    """Everything is reached by Tab, has a name, and fits."""
    with Web(CPWEB, DEMO, place / "out.pb.gz", CAPTURE) as web:
        sights = ((1280, False), (390, True), *(((1280, True), (390, False)) if SHOTS else ()))
        for width, dark in sights:
            page = browser.open(web.url, width, 800, dark)
            for where in ("flamegraph", "top", "peek?q=m", "tags", "symbols", "info", "diff", "graph", "source?q=sort",
                          "disasm?q=sort", "diff?before=out.pb.gz&after=perf.data",
                          "time?file=perf.data"):
                page.goto(base(web) + where)
                equal(page.eval("""Array.from(document.querySelectorAll('button, input, select, a'))
                    .filter(e => e.offsetParent && !(e.textContent.trim() || e.title ||
                        e.getAttribute('aria-label') || e.labels && e.labels.length)).length"""), 0,
                      f"{where}: nameless controls")
                equal(page.eval("""Array.from(document.querySelectorAll('button, input, select, a'))
                    .filter(e => e.offsetParent && e.tabIndex < 0).length"""), 0,
                      f"{where}: controls out of Tab's way")
                check(page.eval("document.documentElement.scrollWidth <= window.innerWidth"),
                      f"{where} is wider than {width}")
                ink = page.eval("getComputedStyle(document.body).color")
                equal(ink, "rgb(232, 232, 232)" if dark else "rgb(28, 30, 33)", f"{where}: ink")
                equal(page.eval(CONTRAST), [], f"{where}, {'dark' if dark else 'light'}: contrast")
                shot(page, f"{where.split('?')[0]}-{width}-{'dark' if dark else 'light'}")
                quiet(page, where)


class Service(http.server.BaseHTTPRequestHandler):
    seen = threading.Event()

    def do_GET(self):
        Service.seen.wait(60)
        body = Service.profile
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def capture(browser, place):
    Service.profile = (place / "out.pb.gz").read_bytes()
    service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    with Web(CPWEB, f"http://127.0.0.1:{service.server_address[1]}/debug/pprof/profile?seconds=3",
             env={"PPROF_TMPDIR": str(place / "kept")}) as web:
        page = browser.open(web.url)
        page.wait("/capturing|connecting/.test(document.body.textContent)")
        check("s left" in page.eval("document.body.textContent") or
              "so far" in page.eval("document.body.textContent"), "a countdown")
        shot(page, "capture")
        Service.seen.set()
        page.wait("location.pathname === '/flamegraph' && window.cpFlame && cpFlame.instance")
        equal(frames(page), wanted(run("cpflame", place / "out.pb.gz", "--to", "frames")), "its frames")
        quiet(page, "capture")
    service.shutdown()


def hostile(browser, place):
    path = place / "hostile.folded"
    path.write_bytes(b"root;</script><script>document.title='owned'</script> 7\n"
                     b"root;<img src=x onerror=document.title='owned'> 7\nroot;\"' onfocus=x 7\n"
                     b"root;javascript:alert(1) 3\nroot;\x01\x1b[2J 7\nroot;\xe2\x80\xaeevil 7\n")
    with Web(CPWEB, path) as web:
        page = browser.open(web.url)
        for where in ("flamegraph", "top", "peek?q=.", "tags", "symbols", "info",
                      "top?f=%3C/script%3E%3Cscript%3Edocument.title%3D%27owned%27"):
            page.goto(base(web) + where)
            check("owned" not in page.eval("document.title"), where + ": a name ran")
            equal(page.eval("document.querySelectorAll('img').length"), 0, where + ": elements")
            page.console = [line for line in page.console if "400" not in line]
            quiet(page, "hostile " + where)


def door(browser, place):
    with Web(CPWEB, place / "out.pb.gz") as web:
        page = browser.open(base(web))
        check("Who is there" in page.eval("document.body.textContent"), "the code is asked for")
        code = web.said().split("token: ")[1].split()[0]
        page.eval(f"""(() => {{ document.getElementById('code').value = '{code.upper()}';
            document.getElementById('door').requestSubmit(); }})()""")
        page.wait("location.pathname === '/flamegraph'")
        page.console.clear()
        evil = browser.open("data:text/html,<title>evil</title>")
        evil.eval(f"fetch('{base(web)}top', {{credentials: 'include', mode: 'no-cors'}})"
                  ".then(a => a.text()).then(t => {document.title = 'got ' + t.length}, "
                  "() => {document.title = 'nothing'})")
        evil.wait("document.title !== 'evil'")
        check(evil.eval("document.title") in ("nothing", "got 0"), "another site's page reads")


def times(browser, place):
    with Web(CPWEB, DEMO, CAPTURE) as web:
        page = browser.open(web.url)
        page.goto(base(web) + "time")
        box = page.eval("(() => { const r = document.querySelector('canvas').getBoundingClientRect();"
                        "return [r.x, r.y, r.width, r.height]; })()")
        y = box[1] + box[3] / 2
        page.mouse(box[0] + box[2] * .25, y, "mouseMoved")
        page.mouse(box[0] + box[2] * .25, y, "mousePressed")
        page.mouse(box[0] + box[2] * .5, y, "mouseMoved")
        page.mouse(box[0] + box[2] * .5, y, "mouseReleased")
        shot(page, "brush")
        span = page.eval("new URLSearchParams(location.search).get('time')")
        check(span and "," in span, f"the brush in the address: {span}")
        page.eval("Array.from(document.querySelectorAll('button')).find(b => "
                  "b.textContent === 'Show this range').click()")
        page.wait("location.pathname === '/flamegraph' && window.cpFlame && cpFlame.instance")
        want = json.loads(run("cpreport", DEMO, CAPTURE, "--time", span, "--to", "json"))
        equal(page.eval(MODEL + ".total[0]"), want["total"], "the total of the brush")
        saved = place / "saved.html"
        saved.write_bytes(web.get("/save?to=html&time=" + span).body)
        here = frames(page)
        offline = browser.open(saved.as_uri())
        equal(frames(offline), here, "the saved view offline")
        quiet(page, "time")


def doings(browser, place):
    """Where the capture tells of waits: ran, waited for a CPU, was blocked, by thread."""
    with Web(CPWEB, DATA / "perf" / "good-waits.data") as web:
        page = browser.open(web.url)
        page.goto(base(web) + "time")
        equal(page.eval("JSON.parse(document.getElementById('cp-page').textContent).data.rows"
                        ".map(row => [row.name, row.sums])"),
              [["other 30", [2500, 500, 1700]], ["worker 11", [1800, 1100, 1900]]],
              "what threads did, by time")
        check(page.eval("document.querySelectorAll('.doings canvas').length") == 3, "the legend")
        # Not one of them by colour alone: the second and third have two colours each.
        equal(page.eval("Array.from(document.querySelectorAll('.doings canvas')).map(patch => new "
                        "Set(new Uint32Array(patch.getContext('2d').getImageData(0, 0, 26, 12)"
                        ".data.buffer)).size > 1)"), [False, True, True], "patterns")
        shot(page, "doings")
        quiet(page, "doings")


def compared(browser, place):
    (place / "a.folded").write_text("m;x 3000\nm;y 5000\nm;gone 700\n")
    (place / "b.folded").write_text("m;x 3010\nm;y 8000\nm;new 900\n")
    with Web(CPWEB, place / "a.folded", place / "b.folded") as web:
        page = browser.open(web.url)
        page.goto(base(web) + "diff")
        page.eval("""(() => { const [a, b] = document.querySelectorAll('select[multiple]');
            a.options[0].selected = true; b.options[0].selected = false; b.options[1].selected = true;
            document.querySelector('.sides').requestSubmit(); })()""")
        page.wait("!!document.querySelector('.bigtable')")
        want = json.loads(run("cpdiff", place / "a.folded", place / "b.folded", "--to", "json"))
        got = page.eval("Array.from(document.querySelectorAll('.rows .tr'), tr => "
                        "[tr.children[5].textContent, tr.children[0].textContent])")
        equal(sorted(map(tuple, got)), sorted(
            (f["name"] + (" ↔ " + f["moved_with"] if "moved_with" in f else ""), f["flat"]["verdict"])
            for f in want["functions"]), "verdicts")
        words = run("cpdiff", place / "a.folded", place / "b.folded").splitlines()[:2]
        equal(page.eval("Array.from(document.querySelectorAll('p.verdict'), p => p.textContent)"), words,
              "the total and its cause")
        shot(page, "diff")
        page.goto(base(web) + "diffgraph?before=a.folded&after=b.folded")
        rows = [line.split("\t") for line in run("cpflame", "--diff", place / "a.folded",
                                                 place / "b.folded", "--to", "frames").splitlines()]
        got = page.eval(f"(() => {{ const m = {MODEL}; return Array.from(m.total, (t, i) => "
                        "m.totalBefore[i] + ' ' + t); })()")
        equal(got, [f"{r[3]} {r[4]}" for r in rows], "the difference's frames")
        shot(page, "diffgraph")
        quiet(page, "diff")


def callgraph(browser, place):
    """Drawn by the library, whatever programs are installed; a box leads to its neighbours."""
    pb = place / "out.pb.gz"
    with Web(CPWEB, pb, env={"PATH": "/nonexistent"}) as web:
        page = browser.open(web.url)
        page.goto(base(web) + "graph")
        names = page.eval("Array.from(document.querySelectorAll('.cp-graph .n title'), "
                          "t => t.textContent.split(':')[0])")
        rows = json.loads(run("cpreport", "graph", pb, "--to", "json"))
        equal(len(names), len(rows["nodes"]), "boxes")
        check("sort_numbers" in names, "their names")
        box = page.eval("(() => { const r = document.querySelector('.cp-graph').getBoundingClientRect(),"
                        " s = getComputedStyle(document.querySelector('.cp-graph'));"
                        "return [r.width, r.height, s.clipPath]; })()")
        check(box[0] > 1000 and box[1] > 500 and box[2] == "none", f"the picture's room: {box}")
        page.eval("document.querySelectorAll('.cp-graph .n')[0].focus()")
        page.key("Enter")
        check(not page.eval("document.getElementById('cp-graph-box').hidden"), "what a box costs")
        check(page.eval("location.hash").startswith("#n="), "the box in the address")
        shot(page, "graph")
        reload(page, "!document.getElementById('cp-graph-box').hidden")
        equal(web.get("/save?to=graph").body.decode(), run(
            "cpreport", "graph", pb, "--to", "svg", "--title", pb.name), "the saved picture")
        quiet(page, "graph")


def instructions(browser, place):
    """What each costs, jumps that lead to their targets, and both syntaxes."""
    with Web(CPWEB, DEMO, CAPTURE) as web:
        page = browser.open(web.url)
        page.goto(base(web) + "disasm?q=sort_numbers")
        want = json.loads(run("cpreport", "disasm", "sort_numbers", DEMO, CAPTURE, "--to", "json"))
        code = want["functions"][0]["instructions"]
        got = page.eval("Array.from(document.querySelectorAll('.disasm tr[id]'), tr => "
                        "[tr.children[2].textContent, tr.children[3].firstChild.textContent])")
        equal(got, [[f"{i['address']:x}", i["text"]] for i in code], "instructions")
        jump = next(i for i in code if "target_row" in i)
        page.eval("document.querySelector('.disasm a[href^=\"#i\"]').click()")
        page.wait(f"document.querySelector(':target').children[2].textContent === "
                  f"'{code[jump['target_row']]['address']:x}'")
        page.eval("document.querySelector('.row input[type=checkbox]').click()")
        page.wait("location.search.includes('intel=1') && !!document.querySelector('.disasm tr[id]')")
        check(page.eval("document.querySelector('.disasm').textContent.includes('push rbp')"),
              "Intel's syntax")
        quiet(page, "disasm")


def runs(browser, place):
    folder = place / "runs"
    folder.mkdir()
    (folder / "one.folded").write_text("m;x 3000\nm;y 5000\n")
    time.sleep(0.01)
    (folder / "two.folded").write_text("m;x 3000\nm;y 9000\n")
    with Web(CPWEB, folder) as web:
        page = browser.open(web.url)
        page.wait("document.querySelectorAll('.runs .change a').length === 1")
        want = json.loads(run("cpdiff", folder / "one.folded", folder / "two.folded", "--to", "json"))
        check(want["total"]["verdict"] in page.eval(
            "document.querySelector('.runs .change').textContent"), "the verdict")
        page.eval("""(() => { const n = document.querySelector('.runs .note'); n.value = '<b>fast';
            n.dispatchEvent(new Event('change')); })()""")
        page.wait("document.querySelector('.runs .note').title === 'kept'")
        (folder / "three.folded").write_text("m;x 3000\n")
        page.wait("document.querySelectorAll('.runs tbody tr').length === 3")
        shot(page, "runs")
        other = browser.open(web.url)
        other.wait("Array.from(document.querySelectorAll('.runs .note'), n => n.value)"
                   ".includes('<b>fast')")
        quiet(page, "runs")


def main():
    if not find():
        print("SKIPPED: no Chromium (Debian: chromium)")
        return 77
    with tempfile.TemporaryDirectory() as name, Browser() as browser:
        place = Path(name)
        for part in (flame, large, top, switching, controls, capture, hostile, door, times, doings,
                     compared, callgraph, instructions, runs):
            start = time.monotonic()
            try:
                part(browser, place)
            except Exception as problem:  # the other parts are worth running, too
                check(False, f"{part.__name__}: {problem!r}")
            print(f"{part.__name__}: {time.monotonic() - start:.1f} s", flush=True)
    print(f"{len(failures)} failures")
    return bool(failures)


sys.exit(main())
