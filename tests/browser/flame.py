#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""flame.py CPFLAME [SCREENSHOT-FOLDER]: cpflame's picture and page used as people use them,
in a headless Chromium; exit 77 where there is none."""
import base64
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from cdp import Browser, find  # noqa: E402

CPFLAME = str(Path(sys.argv[1]).resolve())
SHOTS = Path(sys.argv[2]) if len(sys.argv) > 2 else None
failures = []

FOLDED = """\
app;main;parse;read_file 30
app;main;parse;json::decode<std::string>(int, char) 50
app;main;serve;handle;render 120
app;main;serve;handle;render;escape 80
app;main;serve;handle;query;sql 15
app;main;serve;sys_read_[k];vfs_read_[k] 40
app;main;serve;handle;計算する 9
""" + "".join(f"app;main;narrow{i};tiny{i} 1\n" for i in range(3000)).replace("narrow", "n")
BEFORE = """\
app;main;parse 3000
app;main;serve;render 5000
app;main;old;gone 700
app;main;same 4000
"""
AFTER = """\
app;main;parse 3010
app;main;serve;render 8000
app;main;fresh;new 900
app;main;same 3980
"""
HOSTILE = b"".join(b"root;" + n + b" 7\n" for n in (
    b"</script><script>document.title='owned'</script>", b"]]><script>document.title='owned'",
    b"<img src=x onerror=document.title='owned'>", b"'\"&<>", b"\x01\x1b[2J", b"\xff\xfe",
    b"\xe2\x80\xaeevil", b" "))
UI = "cpFlame.instance.ui"


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAILED:", what)


def equal(got, want, what):
    check(got == want, f"{what}: {got!r}, not {want!r}")


def draw(place, name, text, *options):
    out = place / name
    data = text if isinstance(text, bytes) else text.encode()
    subprocess.run([CPFLAME, "-", "-o", str(out), *options], input=data, check=True)
    return out.as_uri()


def click(page, name):
    spot = page.eval(f"""(() => {{
        const g = Array.from(document.querySelectorAll('#frames > g')).find(g =>
            g.style.display !== 'none' &&
            g.querySelector('title').textContent.startsWith({name!r} + ' ('));
        const r = g.querySelector('rect').getBoundingClientRect();
        return [r.x + Math.min(8, r.width / 2), r.y + r.height / 2];
    }})()""")
    page.mouse(*spot)
    page.settle()


def zoomed(page):
    return page.eval("(() => {const a = cpFlame.instance, m = a.model;"
                     "return a.zoomed ? m.names[m.entries[m.entry[a.zoomed]].name] : 'all'})()")


def shot(page, name):
    if SHOTS:
        page.screenshot(str(SHOTS / (name + ".png")))


def search_and_zoom(page):
    page.key("/")
    page.type("render")
    page.settle()
    equal(page.eval(UI + ".count.textContent"), "1 match, 5.98%", "search count")
    equal(page.eval("location.hash"), "#s=render", "search in the address")
    page.key("Escape")
    page.key("/")
    page.type("tiny")
    page.settle()
    equal(page.eval(UI + ".count.textContent"), "3,000 matches, 89.71%",
          "frames too narrow to draw are searched")
    page.key("Escape")
    click(page, "serve")
    equal(zoomed(page), "serve", "click zooms")
    page.key("/")
    page.type("escape")
    page.settle()
    equal(page.eval(UI + ".count.textContent"), "1 match, 2.39% of all, 30.30% of zoom",
          "percentages of all and of zoom")
    shot(page, "zoom")
    page.key("Escape")
    page.eval("history.back()")
    page.wait("cpFlame.instance.zoomed === 0")
    page.eval("history.forward()")
    page.wait("cpFlame.instance.zoomed !== 0")
    equal(zoomed(page), "serve", "forward in the history")
    page.eval("document.activeElement.blur()")
    page.key("Escape")
    page.settle()
    equal(zoomed(page), "all", "Escape resets")


def patterns(page):
    page.key("/")
    page.type("[")
    page.settle()
    equal(page.eval(UI + ".count.textContent"), "no match", "plain text is no pattern")
    page.eval(UI + ".regex.click()")
    page.settle()
    equal(page.eval(UI + ".search.getAttribute('aria-invalid')"), "true", "bad pattern shown")
    page.eval(f"cpFlame.instance.find('^(parse|handle)$', true)")
    page.settle()
    equal(page.eval(UI + ".count.textContent"), "2 matches, 9.09%", "pattern")
    page.eval("cpFlame.instance.find('PARSE', false)")
    equal(page.eval(UI + ".count.textContent"), "1 match, 2.39%", "case is ignored")
    page.eval(UI + ".exact.click()")
    equal(page.eval(UI + ".count.textContent"), "no match", "case is minded")
    page.eval(UI + ".exact.click()")
    page.eval("cpFlame.instance.find('', false)")


def keyboard(page):
    page.eval(UI + ".scroll.focus()")
    page.key("Home")
    current = "(() => {const a = cpFlame.instance; return a.current < 1 ? 'all' : " \
              "a.model.names[a.model.entries[a.model.entry[a.current]].name]})()"
    equal(page.eval(current), "all", "Home")
    for key, want in (("ArrowUp", "app"), ("ArrowUp", "main"), ("ArrowUp", "serve"),
                      ("ArrowUp", "handle"), ("ArrowUp", "render"), ("ArrowRight", "計算する"),
                      ("ArrowLeft", "render"), ("ArrowDown", "handle")):
        page.key(key)
        equal(page.eval(current), want, key)
    check("level 4" in page.eval(UI + ".live.textContent"), "the frame is told aloud")
    page.key("Enter")
    page.settle()
    equal(zoomed(page), "handle", "Enter zooms")
    page.key("Backspace")
    equal(zoomed(page), "serve", "Backspace goes to the caller")
    page.key("Escape")
    page.eval("cpFlame.instance.find('tiny2', false)")
    page.key("n")
    first = page.eval(current)
    page.key("n")
    check(first.startswith("tiny2") and page.eval(current) != first, "n: next match")
    page.key("N")
    equal(page.eval(current), first, "N: previous match")
    page.key("Escape")
    page.eval("cpFlame.instance.find('', false)")
    page.key("i")
    page.settle()
    check(page.eval("cpFlame.instance.inverted"), "i flips")
    page.key("i")


def picture(browser, place):
    uri = draw(place, "a.svg", FOLDED)
    page = browser.open(uri)
    page.settle()
    check(page.eval(UI + ".scroll.scrollTop + " + UI + ".scroll.clientHeight >= " + UI +
                    ".scroll.scrollHeight - 1"), "starts at the root")
    shot(page, "picture-1280")
    search_and_zoom(page)
    patterns(page)
    keyboard(page)
    equal(page.console, [], "console")
    page.goto(uri + "?again#s=render&z=garbage&x=%E0%A4%A")
    page.settle()
    equal(page.eval(UI + ".count.textContent"), "1 match, 5.98%", "state from an address")
    equal(page.console, [], "console with a bad address")
    dark = browser.open(uri, 390, 700, dark=True)
    dark.settle()
    check(dark.eval("document.documentElement.scrollWidth <= 390"), "fits a phone")
    shot(dark, "picture-390-dark")


def deep(browser, place):
    text = ";".join(f"f{i % 9}" for i in range(20000)) + " 3\n" + "f0;f1;other 4\n"
    page = browser.open(draw(place, "deep.svg", text))
    page.settle()
    check(page.eval("Array.from(document.querySelectorAll('#frames > g')).filter(g => "
                    "g.style.display !== 'none').length < 400"), "only rows in view are made")
    check(page.eval("Array.from(document.querySelectorAll('#frames text')).some(t => {"
                    "const r = t.getBoundingClientRect(); return t.textContent === 'all' && "
                    "r.bottom <= innerHeight && r.top > 0})"), "the root is on the screen")
    html = "<body style='margin:0'><img src='deep.svg' width='600'>"
    (place / "img.html").write_text(html)
    page = browser.open((place / "img.html").as_uri(), 600, 600)
    page.settle()
    check(page.eval("document.images[0].height < 700"), "a picture is not a tower")
    shot(page, "deep-img")


def hostile(browser, place):
    for name, options in (("h.svg", ()), ("h.html", ("--to", "html"))):
        page = browser.open(draw(place, name, HOSTILE, "--title", "Safe </script>", *options))
        page.settle()
        equal(page.eval("document.title"), "Safe </script>", name + ": title")
        equal(page.eval("document.querySelectorAll('script').length"),
              1 if name == "h.svg" else 2, name + ": scripts")
        equal(page.eval("document.querySelectorAll('img').length"), 0, name + ": elements")
        page.eval("cpFlame.instance.find('<img', false)")
        equal(page.eval(UI + ".count.textContent").split(",")[0], "1 match", name + ": search")
        equal(page.console, [], name + ": console")


FRAGMENTS = (
    "#z=__proto__&s=constructor", "#d=__proto__&o=toString&w=__proto__", "#s=%5B&r=1",
    "#s=%3Cscript%3Edocument.title%3D'owned'%3C/script%3E", "#%00%ff=&&&===&z=", "#z=-1&f=9&c=1",
    "#h=,,%E0,%2C&k=&w=&x=1", "#k=nothing-of-this-name&w=nor-this",
    "#javascript:document.title='owned'", "#" + "s=" + "a%28" * 5000)


def fragments(browser, place):
    """Addresses by strangers are only ever looked up; good ones bring the state back."""
    for name in ("a.html", "diff.svg"):
        page = browser.open((place / name).as_uri())
        for n, fragment in enumerate(FRAGMENTS):
            page.goto((place / name).as_uri() + f"?{n}" + fragment)
            page.wait("cpFlame.instance.ready > 0")
            check(page.eval("cpFlame.instance.ready > 0"), f"{name}{fragment[:40]}: ready")
            check("owned" not in page.eval("document.title"), f"{name}{fragment[:40]}: harmless")
            equal(page.console, [], f"{name}{fragment[:40]}: console")
    page = browser.open((place / "a.svg").as_uri())
    page.settle()
    click(page, "serve")
    page.eval("cpFlame.instance.find('^e', true, true)")
    page.eval("cpFlame.instance.flip()")
    page.settle()
    state = "(() => { const a = cpFlame.instance; return [a.zoomed, a.search.text, " \
            "a.search.regex, a.search.exact, a.inverted, a.ui.count.textContent]})()"
    want = page.eval(state)
    page.call("Page.reload")
    time.sleep(.2)
    page.wait("document.readyState === 'complete' && cpFlame.instance.ready > 0")
    equal(page.eval(state), want, "reloading restores the state")
    check(want[0] > 0 and want[4], f"there was a state: {want}")


def extremes(browser, place):
    """Deep stacks, long names and large counts, as a reader of the file meets them."""
    deep_text = ";".join(f"f{i % 7}" for i in range(100000)) + " 4\n"
    for text, what, shown in (
            (deep_text, "deep", None), ("a;" + "n" * (2 << 20) + ";c 5\n", "long", "cut"),
            ("a;b 9007199254740995\na;c 2\n", "large", "2^53"),
            ("a 1\n", "one", None), ("a;b 0.25\na;c 1.5\n", "fractions", None)):
        for ending in ("svg", "html"):
            name = f"x-{what}.{ending}"
            page = browser.open(draw(place, name, text))
            page.settle()
            note = page.eval(UI + ".note.hidden ? '' : " + UI + ".note.textContent")
            check(not shown or shown in note, f"{name}: the note {note!r} says {shown!r}")
            page.eval("cpFlame.instance.zoom(cpFlame.instance.model.n - 1)")
            page.settle()
            words = page.eval(UI + ".facts.textContent")
            check("NaN" not in words and "undefined" not in words, f"{name}: {words}")
            page.eval("cpFlame.instance.zoom(0)")
            equal(page.console, [], name + ": console")


CONTRAST = """(() => {
    const channel = c => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4 };
    const light = c => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
    const parse = t => t.match(/[\\d.]+/g).map(Number);
    const ratio = (a, b) => (Math.max(light(a), light(b)) + .05) / (Math.min(light(a), light(b)) + .05);
    const behind = e => {
        for (; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length < 4 || c[3] > 0)
                return c;
        }
        return [255, 255, 255];
    };
    const a = cpFlame.instance, bad = [];
    a.ui.help.hidden = false;
    let n = 0;
    for (const e of a.ui.root.querySelectorAll('*')) {
        const own = Array.from(e.childNodes).some(c => c.nodeType === 3 && c.data.trim());
        if (!own || e.disabled || e.closest('.scroll') || !e.getClientRects().length)
            continue;
        n++;
        const r = ratio(parse(getComputedStyle(e).color), behind(e));
        if (r < 4.5)
            bad.push([e.className || e.localName, e.textContent.slice(0, 20), r]);
    }
    for (const g of document.querySelectorAll('#frames > g')) {
        const text = g.querySelector('text'), rect = g.querySelector('rect');
        if (!text || g.style.display === 'none')
            continue;
        n++;
        const r = ratio(parse(getComputedStyle(text).fill), parse(getComputedStyle(rect).fill));
        if (r < 4.5)
            bad.push(['frame', text.textContent, r]);
    }
    return [n, bad];
})()"""


def contrast(browser, place):
    """WCAG's 4.5:1 for all words, on frames and around them, light and dark."""
    draw(place, "hot.svg", FOLDED, "--colors", "hot")
    draw(place, "io.svg", FOLDED, "--colors", "io", "--hash")
    for name in ("a.svg", "a.html", "diff.svg", "h.svg", "hot.svg", "io.svg"):
        for dark in (False, True):
            page = browser.open((place / name).as_uri(), dark=dark)
            page.settle()
            for action in ("0", "cpFlame.instance.find('e', false)",
                           "cpFlame.instance.zoom(cpFlame.instance.model.n - 1)"):
                page.eval(action)
                page.settle()
                n, bad = page.eval(CONTRAST)
                check(n > 15 and not bad, f"{name} dark={dark}: contrast of {n}: {bad}")


def renderers(browser, place):
    """The picture without script: Chromium's <img> and librsvg draw the same."""
    if not shutil.which("rsvg-convert"):
        print("SKIPPED: the picture by another renderer: no rsvg-convert here")
        return
    for name in ("a.svg", "diff.svg", "h.svg"):
        svg = (place / name).read_bytes()
        png = subprocess.run(["rsvg-convert", "--unlimited", str(place / name)], check=True,
                             capture_output=True).stdout
        (place / "two.html").write_text("<!DOCTYPE html><body>")
        page = browser.open((place / "two.html").as_uri())
        differ, ink = page.eval("""(async () => {
            const pixels = async uri => {
                const img = new Image();
                img.src = uri;
                await img.decode();
                const c = document.createElement('canvas');
                c.width = img.width;
                c.height = img.height;
                const ctx = c.getContext('2d');
                ctx.drawImage(img, 0, 0);
                return [img.width, img.height, ctx.getImageData(0, 0, c.width, c.height).data];
            };
            const [w, h, p] = await pixels('data:image/svg+xml;base64,%s');
            const [v, g, q] = await pixels('data:image/png;base64,%s');
            if (w !== v || h !== g)
                return [[w, h, v, g], 0];
            let sum = 0, ink = 0;
            for (let i = 0; i < p.length; i++) {
                sum += Math.abs(p[i] - q[i]) > 60;
                ink += i %% 4 < 3 && p[i] < 250;
            }
            return [sum / p.length, ink / p.length];
        })()""" % (base64.b64encode(svg).decode(), base64.b64encode(png).decode()))
        check(isinstance(differ, (int, float)) and differ < .02, f"{name}: renderers differ: {differ}")
        check(ink > .02, f"{name}: something is drawn: {ink}")


def difference(browser, place):
    (place / "before").write_text(BEFORE)
    (place / "after").write_text(AFTER)
    for name in ("diff.svg", "diff.html"):
        out = place / name
        subprocess.run([CPFLAME, "--diff", "before", "after", "-o", str(out)], cwd=place,
                       check=True)
        page = browser.open(out.as_uri())
        page.settle()
        colors = page.eval("""(() => {
            const m = cpFlame.instance.model, out = {};
            for (let i = 1; i < m.n; i++) {
                const f = m.conf.before, d = m.total[i] - m.totalBefore[i] * f;
                out[m.names[m.entries[m.entry[i]].name]] = [m.total[i], m.totalBefore[i]];
            }
            return out;
        })()""")
        equal(colors["old"], [0, 700], "vanished frames are there")
        equal(colors["fresh"], [900, 0], "new frames are there")
        check(page.eval("document.querySelector('.legend').textContent.includes('noise')"),
              "legend")
        check("not scaled" in page.eval("document.querySelector('.legend').textContent"),
              "the scale is stated")
        equal(page.console, [], name + ": console")
        shot(page, name.replace(".", "-"))
        if name == "diff.svg":
            fill = "(n => Array.from(document.querySelectorAll('#frames > g')).find(g => " \
                   "g.querySelector('title').textContent.startsWith(n + ' ('))" \
                   ".querySelector('rect').getAttribute('fill'))"
            equal(page.eval(fill + "('same')"), "rgb(218,218,218)", "noise is grey")
            equal(page.eval(fill + "('gone')"), "rgb(91,155,234)", "less is blue")
            equal(page.eval(fill + "('new')"), "rgb(238,123,28)", "more is orange")
            text = page.eval("cpFlame.instance.title(1)")
            check("before 12,700 samples, after 15,890" in text, f"both sides in {text}")


def sides(browser, place):
    """Widths of one side or of both, in the picture and the page."""
    for name in ("diff.svg", "diff.html"):
        page = browser.open((place / name).as_uri())
        page.settle()
        width = "(n => {const m = cpFlame.instance.model; for (let i = 1; i < m.n; i++)" \
                "if (m.names[m.entries[m.entry[i]].name] === n) return m.width[i]})"
        equal(page.eval(f"[{width}('old'), {width}('fresh'), {width}('parse')]"),
              [700, 900, 3010], name + ": both sides")
        page.eval(UI + ".sides[0].click()")
        page.settle()
        equal(page.eval(f"[{width}('old'), {width}('fresh'), {width}('parse')]"),
              [700, 0, 3000], name + ": the side before")
        equal(page.eval("location.hash"), "#d=before", name + ": the side in the address")
        equal(page.eval("cpFlame.instance.model.width[0]"), 12700, name + ": all before")
        shot(page, name.replace(".", "-") + "-before")
        page.goto((place / name).as_uri() + "?x#d=after")
        page.settle()
        equal(page.eval(f"[{width}('old'), {width}('fresh'), {width}('parse')]"),
              [0, 900, 3010], name + ": the side after, from the address")
        equal(page.eval(UI + ".sides.map(b => b.getAttribute('aria-pressed')).join()"),
              "false,false,true", name + ": the side is shown")
        if name == "diff.svg":
            equal(page.eval("Array.from(document.querySelectorAll('#frames > g')).some(g => "
                            "g.style.display !== 'none' && g.querySelector('title').textContent"
                            ".startsWith('old ('))"), False, "what is gone is not drawn after")
            equal(page.eval("document.querySelectorAll('#frames > g > path').length >= 3"), True,
                  "frames whose own cost changed have a mark")
        equal(page.console, [], name + ": console")


def one_rule(browser, place):
    """The colours of a difference, in C and in the script, on a grid of values."""
    grid = [0, 1, 2, 3, 5, 9, 10, 11, 19, 20, 50, 90, 100, 130, 400, 1000, 1100, 5000, 100000]
    text = "".join(f"m;f{a}_{b} {a} {b}\n" for a in grid for b in grid)
    count = 0
    for options in ((), ("--negate",), ("--scale", "total")):
        uri = draw(place, "grid.svg", text, "--minwidth", "0", *options)
        static = dict(re.findall(r"<title>(f\d+_\d+) .*?fill=\"rgb\(([\d,]+)\)\"",
                                 (place / "grid.svg").read_text()))
        page = browser.open(uri)
        drawn = page.eval("""(() => {
            const m = cpFlame.instance.given, out = {};
            for (let i = 2; i < m.n; i++) {
                const c = cpFlame.color(m, i);
                out[m.names[m.entries[m.entry[i]].name]] = [c >> 16, c >> 8 & 255, c & 255].join();
            }
            return out;
        })()""")
        differ = {n: (c, drawn[n]) for n, c in static.items() if drawn[n] != c}
        equal(differ, {}, f"colours of differences {options}")
        check(len(set(static.values())) > 20, "the grid has many colours")
        count += len(static)
    check(count > 900, f"the grid is drawn: {count}")


def lines(browser, place):
    """Details say where in its function a frame's samples are."""
    demo = Path(__file__).resolve().parents[2] / "testdata" / "quickstart"
    details = """(n => {const a = cpFlame.instance, m = a.model;
        for (let i = 1; i < m.n; i++)
            if (m.shown[m.entries[m.entry[i]].name] === n)
                return a.details(i);
    })"""
    for name in ("lines.svg", "lines.html"):
        out = place / name
        subprocess.run([CPFLAME, str(demo / "demo"), str(demo / "perf.data"), "-o", str(out)],
                       check=True)
        page = browser.open(out.as_uri())
        page.settle()
        text = page.eval(details + "('main')")
        check("demo.c:194 ·" in text, f"{name}: one line in {text}")
        text = page.eval(details + "('do_round')")
        check(re.search(r"demo\.c:180–18\d \(several lines\)", text) is not None,
              f"{name}: several lines in {text}")
        equal(page.console, [], name + ": console")


def copying(browser, place):
    uri = (place / "a.svg").as_uri()
    for name in (uri, (place / "a.html").as_uri()):
        page = browser.open(name)
        page.settle()
        page.eval("Object.defineProperty(navigator, 'clipboard', {configurable: true, value: "
                  "{writeText: t => { window.copied = t; return Promise.resolve(); }}})")
        page.eval("cpFlame.instance.find('std::string', false)")
        page.key("n")
        page.key("c")
        page.settle()
        equal(page.eval("window.copied"), "json::decode<std::string>(int, char)", "c copies")
        check("copied" in page.eval(UI + ".live.textContent"), "copying is told")
        page.eval("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        page.eval("document.execCommand = what => { window.copied = what + ':' + "
                  "document.activeElement.value; return true; }")
        page.eval("cpFlame.instance.copy(1)")
        equal(page.eval("window.copied"), "copy:app", "copying without a clipboard")
        equal(page.console, [], "copying: console")


def printing(browser, place):
    """One page of paper, with all rows and words that can be selected, or a drawing."""
    for name in ("a.svg", "a.html", "diff.svg"):
        page = browser.open((place / name).as_uri())
        page.settle()
        for _ in range(2):
            page.call("Page.printToPDF", landscape=True, printBackground=True)
        pdf = place / "out.pdf"
        pdf.write_bytes(base64.b64decode(
            page.call("Page.printToPDF", landscape=True, printBackground=True)["data"]))
        page.settle()
        equal(page.eval("getComputedStyle(cpFlame.instance.ui.search).display === 'none'"),
              False, name + ": the screen has its tools back")
        if shutil.which("pdftotext"):
            text = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True,
                                  check=True).stdout.decode()
            wanted = ["Flame Graph"] + (["all", "app", "main", "serve"] if name == "a.svg" else
                                        ["render", "fresh"] if name == "diff.svg" else [])
            check(all(w in text for w in wanted), f"{name} on paper: {wanted} in {text[:300]!r}")
            check("Reset zoom" not in text, name + ": no buttons on paper")
        if SHOTS and shutil.which("pdftoppm"):
            subprocess.run(["pdftoppm", "-r", "60", "-png", str(pdf),
                            str(SHOTS / ("print-" + name.replace(".", "-")))], check=True)
        pages = pdf.read_bytes().count(b"/Type /Page\n")
        check(pages == 1, f"{name}: {pages} pages of paper")


def motion(browser, place):
    page = browser.open((place / "a.svg").as_uri())
    page.settle()
    moves = "document.getAnimations().length"
    check(page.eval("cpFlame.instance.zoom(3), " + moves) == 1, "a zoom is seen to move")
    page.call("Emulation.setEmulatedMedia", features=[
        {"name": "prefers-reduced-motion", "value": "reduce"}])
    page.wait(moves + " === 0")
    check(page.eval("cpFlame.instance.zoom(0), " + moves) == 0, "unless motion is not wanted")


def layout(browser, place):
    """What eyes would notice: nothing hidden takes room, the root stands on the floor."""
    for name in ("a.svg", "a.html", "diff.svg", "diff.html"):
        for width in (1280, 390):
            page = browser.open((place / name).as_uri(), width, 700)
            page.settle()
            what = f"{name} at {width}"
            check(page.eval("document.documentElement.scrollWidth <= innerWidth"),
                  what + ": no sideways scrolling")
            check(page.eval(UI + ".scroll.clientWidth > innerWidth - 24"),
                  what + ": the graph has the window's width")
            page.eval("cpFlame.instance.find('render', false)")
            page.settle()
            page.settle()
            for step in ("", "cpFlame.instance.zoom(cpFlame.instance.model.n - 1)"):
                page.eval(step or "0")
                page.settle()
                box, floor = page.eval("""(() => {
                    const a = cpFlame.instance, m = a.model.n, e = document.querySelector(
                        '#frames') || document.querySelector('.boxes');
                    return [e.getBoundingClientRect().bottom,
                        a.ui.scroll.getBoundingClientRect().bottom];
                })()""")
                check(abs(box - floor) < 2, f"{what}: the root is {floor - box} px up {step}")
            shot(page, f"layout-{name.replace('.', '-')}-{width}")


def whole_page(browser, place):
    page = browser.open(draw(place, "a.html", FOLDED, "--to", "html"))
    page.settle()
    shot(page, "page-1280")
    page.eval("cpFlame.instance.page.toggleTable()")
    equal(page.eval("document.querySelector('.side tbody td:last-child').textContent"),
          "render", "the table begins with the largest self")
    page.eval("cpFlame.instance.page.turn(cpFlame.instance.given.names.indexOf('handle'))")
    page.settle()
    check("handle · 224 samples" in page.eval(UI + ".middle.textContent"), "sandwich total")
    shot(page, "sandwich")
    page.eval("cpFlame.instance.page.turn(-1)")
    page.eval("cpFlame.instance.page.hide(cpFlame.instance.given.names.indexOf('handle'))")
    page.settle()
    total = "(n => {const m = cpFlame.instance.model; let s = 0; for (let i = 1; i < m.n; i++)" \
            "if (m.names[m.entries[m.entry[i]].name] === n) s += m.total[i]; return s})"
    equal(page.eval(total + "('handle')"), 0, "hidden")
    equal(page.eval(total + "('render')"), 200, "what it called stays")
    equal(page.eval("location.hash"), "#h=handle", "hiding is in the address")
    page.eval("cpFlame.instance.page.undo()")
    page.eval("cpFlame.instance.page.focus(cpFlame.instance.given.names.indexOf('parse'))")
    equal(page.eval("cpFlame.instance.model.total[0]"), 80, "only stacks with the focus")
    page.eval("history.back()")
    page.wait("cpFlame.instance.model.total[0] > 80")
    page.mouse(100, page.eval("innerHeight") - 120, "mouseMoved")
    equal(page.console, [], "page: console")
    page.eval("cpFlame.instance.page.rules.order = 'value'; cpFlame.instance.page.rebuild()")
    equal(page.eval("[cpFlame.instance.details(0), cpFlame.color(cpFlame.instance.model, 0)]"),
          ["3,344 samples · self 0 samples (0.00%) · 6,014 frames", 0xd9d9d9],
          "the root of a tree made anew is the root")
    recursive = browser.open(draw(place, "r.html", "a;f;f;f;g 5\na;f;g 2\n", "--to", "html"))
    recursive.eval("cpFlame.instance.page.fold()")
    equal(recursive.eval("[cpFlame.instance.model.n, cpFlame.instance.model.total[3]]"), [4, 7],
          "recursion folds")


def main():
    if not find():
        print("SKIPPED: no chromium here; apt-get install chromium")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as place, Browser() as browser:
        for part in (picture, deep, hostile, difference, sides, one_rule, whole_page, lines,
                     copying, printing, motion, layout, fragments, extremes, contrast,
                     renderers):
            began = time.monotonic()
            try:
                part(browser, Path(place))
            except (RuntimeError, subprocess.CalledProcessError) as e:
                check(False, f"{part.__name__}: {e}")
            print(f"{part.__name__}: {time.monotonic() - began:.1f} s")
    print(f"{len(failures)} failures")
    sys.exit(bool(failures))


main()
