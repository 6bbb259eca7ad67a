#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""graph.py CPREPORT [SCREENSHOT-FOLDER]: the call graph used as people use it, in a headless
Chromium; exit 77 where there is none."""
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from cdp import Browser, find  # noqa: E402

CPREPORT = str(Path(sys.argv[1]).resolve())
SHOTS = Path(sys.argv[2]) if len(sys.argv) > 2 else None
failures = []

FOLDED = """\
main;parse;read_file 30
main;parse;json::decode<std::string> 50
main;serve;handle;render 120
main;serve;handle;render;escape 80
main;serve;handle;query;sql 15
main;serve;sys_read 40
main;serve;handle;計算する 9
main;serve;handle;handle 4
"""
HOSTILE = b"".join(b"root;" + n + b" 7\n" for n in (
    b"</script><script>document.title='owned'</script>", b"]]><script>document.title='owned'",
    b"<img src=x onerror=document.title='owned'>", b"'\"&<>", b"\x01\x1b[2J", b"\xff\xfe",
    b"\xe2\x80\xaeevil", b" "))
WIDE = "".join(f"main;part{i // 40};leaf{i} {i + 1}\n" for i in range(200))
VIEW = "document.querySelector('.cp-graph').getAttribute('viewBox')"


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAILED:", what)


def equal(got, want, what):
    check(got == want, f"{what}: {got!r}, not {want!r}")


def draw(place, name, text, *options):
    out = place / name
    data = text if isinstance(text, bytes) else text.encode()
    subprocess.run([CPREPORT, "graph", "-", "-o", str(out), *options], input=data, check=True)
    return out.as_uri()


def shot(page, name):
    if SHOTS:
        page.screenshot(str(SHOTS / (name + ".png")))


def box_of(page, name):
    return page.eval(f"""(() => {{
        const n = Array.from(document.querySelectorAll('.n')).find(n =>
            n.querySelector('title').textContent.startsWith({name!r} + ':'));
        const r = n.querySelector('rect').getBoundingClientRect();
        return [r.x + r.width / 2, r.y + r.height / 2];
    }})()""")


def near(page):
    return page.eval("""Array.from(document.querySelectorAll('.n.near, .n.on')).map(
        n => n.querySelector('title').textContent.split(':')[0]).sort().join()""")


def active(page):
    return page.eval("document.activeElement.querySelector ? (document.activeElement"
                     ".querySelector('title') || {textContent: ''}).textContent"
                     ".split(':')[0] : ''")


def focus_and_keys(page):
    page.mouse(*box_of(page, "handle"))
    page.settle()
    equal(near(page), "handle,query,render,serve,計算する", "a click leaves the neighbours")
    page.key("Escape")
    page.settle()
    equal(near(page), "", "Escape brings all back")
    page.eval("document.querySelector('.n[tabindex=\"0\"]').focus()")
    for key, want in (("ArrowDown", "handle"), ("ArrowDown", "render"),
                      ("ArrowDown", "escape"), ("ArrowUp", "render")):
        if active(page) == "main":
            page.key("ArrowDown")  # to serve
        page.key(key)
        equal(active(page), want, f"{key} follows the heaviest call")
    page.key("Enter")
    page.settle()
    equal(near(page), "escape,handle,render", "Enter chooses")
    page.key("Escape")


def zoom_and_pan(page):
    before = page.eval(VIEW)
    page.key("+")
    check(page.eval(VIEW) != before, "+ zooms")
    page.key("0")
    equal(page.eval(VIEW), before, "0 shows all again")


def page_parts(page):
    page.eval("document.getElementById('find').focus()")
    page.type("sql")
    page.settle()
    equal(page.eval("document.querySelectorAll('.n:not(.miss)').length"), 1, "search")
    page.key("Enter")
    page.settle()
    equal(page.eval("document.querySelector('#panel h2').textContent"), "sql", "details")
    check("query" in page.eval("document.getElementById('panel').textContent"),
          "details name the caller")
    shot(page, "details")
    page.eval("document.querySelector('#panel button').click()")
    page.settle()
    equal(page.eval("document.querySelector('#panel h2').textContent"), "query",
          "callers are links")
    equal(page.eval("document.querySelectorAll('#outline > ol > li').length"), 12,
          "the outline has every function")


def narrow(browser, uri):
    for dark in (False, True):
        page = browser.open(uri, 390, 800, dark)
        page.settle()
        check(page.eval("document.documentElement.scrollWidth <= 390"), "390 px are enough")
        page.mouse(*box_of(page, "serve"))
        page.settle()
        check(page.eval("document.getElementById('panel').offsetHeight > 40"),
              "details at the bottom")
        shot(page, f"narrow-{'dark' if dark else 'light'}")


def as_image(browser, place, uri):
    html = place / "img.html"
    html.write_text(f"<img id=i src={uri!r}>", encoding="utf-8")
    page = browser.open(html.as_uri())
    page.wait("document.getElementById('i').complete")
    check(page.eval("document.getElementById('i').naturalWidth > 300"), "works as <img>")
    shot(page, "img")


def main():
    if not find():
        print("SKIPPED: no Chromium is installed")
        return 77
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        place = Path(folder)
        svg = draw(place, "a.svg", FOLDED, "--title", "demo")
        html = draw(place, "a.html", FOLDED, "--title", "demo")
        for uri in (svg, html):
            for dark in (False, True):
                page = browser.open(uri, 1280, 800, dark)
                page.settle()
                shot(page, f"{uri[-4:].strip('.')}-{'dark' if dark else 'light'}")
                zoom_and_pan(page)
                focus_and_keys(page)
        page_parts(page)
        narrow(browser, html)
        as_image(browser, place, svg)
        grouped = browser.open(draw(place, "g.html", WIDE, "--group", "image", "-n", "0"))
        grouped.settle()
        for name in ("h.svg", "h.html"):
            page = browser.open(draw(place, name, HOSTILE))
            page.settle()
            check(page.eval("document.title") != "owned", f"{name}: names are data")
            check(page.eval("document.querySelectorAll('img').length") == 0, f"{name}: no tags")
    print("failed:" if failures else "all is well", len(failures) or "")
    return bool(failures)


sys.exit(main())
