#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""security.py CPWEB: who is let in, what is refused, what every answer carries; each
line of the list in cpweb's manual is a check here."""
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from server import Answer, Web  # noqa: E402

CPWEB = Path(sys.argv[1]).resolve()
NAME = "secretfunction"
failures = []
PAGES = ["/", "/flamegraph", "/flamegraph.data", "/top", "/peek?q=a", "/tags", "/symbols", "/info",
         "/download", "/ui/top", "/nothing", "/state"]


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAILED:", what)


def equal(got, want, what):
    check(got == want, f"{what}: {got!r}, not {want!r}")


def profile(place):
    path = place / "p.folded"
    path.write_text(f"main;{NAME};leaf 10\nmain;other 5\n")
    return path


def let_in(web):
    for page in PAGES[1:9]:
        equal(web.get(page).status, 200, page)
    for page in PAGES:
        answer = web.get(page, cookie=False)
        equal(answer.status, 401, page + " without the cookie")
        check(NAME not in answer.text and "p.folded" not in answer.text,
              page + " names something before one is let in")
        check(web.token not in answer.text, page + " shows the token")
        check(web.token not in web.get(page).text, page + " shows the token to who has it")
    first = web.get("/top?token=" + web.token + "&f=a%26b&token=x", cookie=False)
    equal(first.status, 303, "the link")
    equal(first.headers["location"], "/top?f=a%26b", "where the link leads")
    cookie = first.headers["set-cookie"]
    check(re.fullmatch(r"cpweb-[0-9a-f]{8}=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Lax", cookie),
          "cookie " + cookie)
    for wrong in ("0" * 32, web.token[:-1], web.token + "0", "", web.token.upper() + "x"):
        equal(web.get("/top?token=" + wrong, cookie=False).status, 401, "token " + wrong)
        name = web.cookie.split("=")[0]
        equal(web.get("/top", {"Cookie": f"{name}={wrong}"}).status, 401, "cookie " + wrong)
    equal(web.get("/top", {"Cookie": "other=1; " + web.cookie + "; x=2"}).status, 200,
          "the cookie among others")
    equal(web.get("//evil.example/?token=" + web.token, cookie=False).headers.get("location", "/"),
          "/", "a link to elsewhere")


def hosts(web):
    port = web.port
    for host in ("localhost", f"localhost:{port}", "LOCALHOST:1", "localhost.", "127.0.0.1",
                 "10.1.2.3:8000", "[::1]", f"[::1]:{port}", "[2001:db8::1]", "allowed.example",
                 "Allowed.Example.:80"):
        equal(web.get("/top", {"Host": host}).status, 200, "Host " + host)
    for host in ("evil.example", f"evil.example:{port}", "localhost.evil.example", "127.0.0.1.nip.io",
                 "localhost@evil", "[::1", "[::1]x", "localhost:99999999", "localhost:x", "1.2.3",
                 "allowed.example.evil", "a b", "[localhost]", "127.0.0.1x"):
        for page in PAGES:
            answer = web.get(page, {"Host": host})
            check(answer.status in (400, 421), f"Host {host} {page}: {answer.status}")
            check(NAME not in answer.text, f"Host {host} {page} sees names")
        equal(web.get("/?token=" + web.token, {"Host": host}).headers.get("set-cookie"), None,
              "a cookie for " + host)
    for head in ("", "Host: localhost\r\nHost: evil.example\r\n", "Host:\r\n"):
        raw = web.raw(f"GET /top HTTP/1.1\r\n{head}Cookie: {web.cookie}\r\nConnection: close\r\n"
                      "\r\n".encode())
        check(b" 400 " in raw[:20] or b" 421 " in raw[:20], f"Host fields {head!r}: {raw[:40]!r}")
    equal(web.get("/top", {"Host": None}, version="1.0").status, 400, "HTTP/1.0 without Host")


def sites(web):
    here = f"http://localhost:{web.port}"
    page = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    for site in ("cross-site", "same-site"):
        for mode, dest in (("cors", "empty"), ("no-cors", "image"), ("no-cors", "script"),
                           ("navigate", "iframe"), ("navigate", "embed")):
            equal(web.get("/top", {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode,
                                   "Sec-Fetch-Dest": dest}).status, 403, f"{site} {mode} {dest}")
        equal(web.get("/top", {"Sec-Fetch-Site": site, **page}).status, 200, site + " link")
    for origin in ("http://evil.example", "null", "https://localhost.evil", "http://localhost:1",
                   "file://"):
        equal(web.get("/top", {"Origin": origin}).status, 403, "Origin " + origin)
        equal(web.post("/retry", headers={"Origin": origin}).status, 403, "POST from " + origin)
    equal(web.get("/top", {"Origin": here, "Sec-Fetch-Site": "same-origin"}).status, 200, "own")
    equal(web.post("/retry", headers={"Origin": None}).status, 403, "POST without an origin")
    equal(web.post("/retry", headers={"Sec-Fetch-Site": "cross-site"}).status, 403, "POST, a site")
    equal(web.post("/retry", cookie=False).status, 401, "POST without the cookie")
    equal(web.post("/retry").status, 200, "POST from the own page")


def methods(web):
    for page in PAGES[1:9]:
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "PROPFIND"):
            answer = web.ask(method, page, {"Origin": f"http://localhost:{web.port}"})
            check(answer.status in (405, 501, 400), f"{method} {page}: {answer.status}")
        equal(web.ask("HEAD", page).body, b"", "HEAD " + page)
    for page in ("/retry", "/note", "/code", "/stop"):
        equal(web.get(page).status, 405, "GET " + page)
    for path in ("/../../etc/passwd", "/%2e%2e/etc/passwd", "/flamegraph/../top", "//top", "/top/",
                 "/debug/pprof/", "/static/x", "/flamegraph%2f"):
        equal(web.get(path).status, 404, path)
    for name in ("../../etc/passwd", "/etc/passwd", "/etc/hostname", "p.folded/", "./p.folded"):
        answer = web.get("/top?file=" + name)
        equal(answer.status, 404, "file=" + name)


def headers(web):
    for page in PAGES:
        for cookie in (True, False):
            answer = web.get(page, cookie=cookie)
            h = answer.headers
            equal(h.get("x-content-type-options"), "nosniff", page)
            equal(h.get("cross-origin-resource-policy"), "same-origin", page)
            equal(h.get("cross-origin-opener-policy"), "same-origin", page)
            equal(h.get("referrer-policy"), "no-referrer", page)
            equal(h.get("cache-control"), "private, no-cache", page)
            check("access-control-allow-origin" not in h, page + " lets other sites read")
            policy = h.get("content-security-policy", "")
            for part in ("default-src 'none'", "connect-src 'self'", "base-uri 'none'",
                         "form-action 'none'", "frame-ancestors 'none'"):
                check(part in policy, f"{page}: {part}")
            check("unsafe" not in policy and policy.count("sha256-") >= 4, page + " policy")
            check(not re.search(r"(src|href)=\"(https?:)?//", answer.text
                                if "html" in h.get("content-type", "") else ""), page + " fetches")
    answer = web.get("/top")
    again = web.get("/top", {"If-None-Match": answer.headers["etag"]})
    equal((again.status, again.body), (304, b""), "a page that did not change")
    equal(web.get("/top", {"If-None-Match": '"x"'}).status, 200, "another tag")
    equal(web.get("/top", {"Accept-Encoding": None}).body, answer.body, "without gzip")
    equal(web.get("/top", {"Accept-Encoding": "identity, gzip;q=0"}).headers.get(
        "content-encoding"), None, "gzip refused")


def code(web):
    said = re.search(r"code .*: (\w{3}-\w{3})", web.said())[1]
    answer = web.post("/code", b"code=" + said.upper().replace("-", "+").encode(), cookie=False)
    equal(answer.status, 200, "the code")
    name, _, value = web.cookie.partition("=")
    check(f"{name}={value};" in answer.headers.get("set-cookie", ""), "the code's cookie")
    equal(web.post("/code", b"code=" + said.encode(), cookie=False,
                   headers={"Origin": "http://evil.example"}).status, 403, "the code from elsewhere")
    results = [web.post("/code", b"code=aaa-aa" + bytes([98 + i]), cookie=False).status
               for i in range(8)]
    check(set(results) <= {403, 429} and results[-1] == 429, f"guesses: {results}")
    equal(web.post("/code", b"code=" + said.encode(), cookie=False).status, 429,
          "the code after too many guesses")
    equal(web.get("/top").status, 200, "who was in stays in")


def limits(web):
    equal(web.get("/top?f=" + "a" * 9000).status, 414, "a long address")
    answer = web.get("/top", {"X-Long": "a" * 40000})
    check(answer.status in (400, 413, 431), f"a long header: {answer.status}")
    answer = web.get("/top", {f"X-{i}": "a" * 900 for i in range(60)})
    check(answer.status in (400, 413, 431), f"many headers: {answer.status}")
    equal(web.post("/retry", b"a" * 70000).status, 413, "a long body")
    for target in ("/top?f=%zz", "/top?f=%", "/top?f=%00", "/top%00", "/top?n=x", "/top?g=words",
                   "/top?nf=1e", "/top?si=none", "/top?f=(", "/top?tf=)", "/peek?q=(",
                   "/flamegraph?time=x"):
        equal(web.get(target).status, 400, target)
    for junk in (b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01" * 50,
                 b"GET /top HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                 b"GET /top HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: nonsense\r\n\r\n",
                 b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 b"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n",
                 b"GET /top\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\r\n\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", web.port)) as s:
            s.sendall(junk)
            s.shutdown(socket.SHUT_WR)
            s.settimeout(10)
            try:
                check(b" 200 " not in s.recv(4096)[:20], f"{junk[:30]!r} is answered")
            except (ConnectionResetError, socket.timeout):
                pass
    equal(web.get("/top").status, 200, "after all this")


def crowd(web):
    """A thousand connections that say nothing, and slow ones, keep nobody else out."""
    held = []
    for i in range(1000):
        s = socket.socket()
        s.settimeout(2)
        try:
            s.connect(("127.0.0.2" if i % 2 else "127.0.0.3", web.port))
            s.sendall(b"GET /top HTTP/1.1\r\nHost: local")
        except OSError:
            pass
        held.append(s)
    time.sleep(0.5)
    check(web.process.poll() is None, "the server lives")
    fds = len(list(Path(f"/proc/{web.process.pid}/fd").iterdir()))
    check(fds < 400, f"{fds} descriptors")
    for s in held:
        s.close()
    end = time.monotonic() + 40
    while time.monotonic() < end:
        try:
            if web.get("/top", timeout=5).status == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    check(False, "answers after the crowd is gone")


def trickle(web, said):
    """A request that never ends is ended."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=60) as s:
        start = time.monotonic()
        try:
            s.sendall(b"GET /top HTTP/1.1\r\nHost: localhost\r\nX: ")
            while time.monotonic() - start < 60:
                s.sendall(b"a")
                s.settimeout(1)
                try:
                    if not s.recv(100):
                        break
                except socket.timeout:
                    pass
        except OSError:
            pass
        said.append(time.monotonic() - start)


def switches(pid):
    return sum(int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text())[1])
               for task in Path(f"/proc/{pid}/task").iterdir())


def idle(place):
    with Web(CPWEB, profile(place)) as web:
        web.get("/top")
        time.sleep(1)
        before = switches(web.process.pid)
        time.sleep(3)
        equal(switches(web.process.pid) - before, 0, "wake-ups of an idle server")


def shared(web):
    """Twenty at once see the same bytes, made once."""
    bodies = [None] * 20

    def one(i):
        bodies[i] = web.get("/flamegraph?f=leaf").body

    threads = [threading.Thread(target=one, args=(i,)) for i in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal(len(set(bodies)), 1, "different bodies")


def busy(place):
    """More views than can wait are refused, readers that do not read keep nobody else waiting."""
    lines = (f"main;f{i % 7};g{i % 1009};h{i % 4001};i{i} {i % 13 + 1}" for i in range(20000))
    (place / "large.folded").write_text("\n".join(lines))
    with Web(CPWEB, "--threads", "1", place / "large.folded") as web:
        web.get("/top")
        request = (f"GET %s HTTP/1.1\r\nHost: localhost\r\nCookie: {web.cookie}\r\n"
                   "Connection: close\r\n\r\n")
        held = []
        for i in range(110):
            s = socket.socket()
            s.bind((f"127.0.0.{2 + i % 2}", 0))
            s.settimeout(120)
            s.connect(("127.0.0.1", web.port))
            held.append(s)
        for i, s in enumerate(held):
            s.sendall((request % f"/flamegraph?f=g{i}").encode())
        answers = [s.makefile("rb").read() for s in held]
        status = [a[9:12] for a in answers]
        equal(set(status) - {b"200", b"503"}, set(), "answers to a crowd")
        check(status.count(b"200") >= 32, f"{status.count(b'200')} were answered")
        check(status.count(b"503") >= 1, "nobody was sent away")
        check(all(b"Retry-After" in a for a in answers if a[9:12] == b"503"), "when to come again")
        for s in held:
            s.close()
        equal(web.get("/top?f=g1").status, 200, "after the crowd")
        silent = []
        for i in range(40):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", web.port))
            s.sendall((request % "/flamegraph.data").encode())
            silent.append(s)
        for _ in range(5):
            equal(web.get("/top").status, 200, "beside readers that do not read")
        for s in silent:
            s.close()


def ends(place):
    with Web(CPWEB, profile(place)) as web:
        web.process.terminate()
        equal(web.process.wait(30), 0, "status after SIGTERM")
        check(set(web.said().splitlines()) == set(web.said().splitlines()) and
              "erminat" not in web.said(), "SIGTERM is quiet")
    with Web(CPWEB, "--idle-exit", "0.03", profile(place)) as web:
        start = time.monotonic()
        for _ in range(4):
            equal(web.get("/top").status, 200, "a server that is asked does not end")
            time.sleep(0.5)
        equal(web.process.wait(30), 0, "status after --idle-exit")
        check(time.monotonic() - start >= 2, "it ended while it was asked")
    for bad in ("-1", "soon"):
        equal(subprocess.run([CPWEB, "--idle-exit", bad, profile(place)], capture_output=True,
                             timeout=20).returncode, 2, "--idle-exit " + bad)
    sleeper = subprocess.Popen(["sleep", "60"])
    with Web(CPWEB, "--exit-with", sleeper.pid, profile(place)) as web:
        sleeper.kill()
        sleeper.wait()
        equal(web.process.wait(30), 0, "status after the end of the other process")
    with Web(CPWEB, profile(place)) as web:
        port = web.port
        try:
            second = subprocess.run([CPWEB, f"-http=:{port}", profile(place)],
                                    capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired as wrong:
            check(False, f"{wrong}: {wrong.stdout} {wrong.stderr}; the first one's status "
                  f"{web.process.poll()}, its words {web.said()}")
            return
        equal(second.returncode, 4, "status for a port that is taken")
        check(f"port {port} is used by cpweb (pid {web.process.pid}): -http=:{port + 1}, or "
              "-http=: for a free one" in second.stderr, "who has it: " + second.stderr)
        equal(second.stdout, "", "no address is printed")


def open_to_all(place):
    with Web(CPWEB, profile(place), bind="-http=0.0.0.0:0", env={"SSH_CONNECTION": ""}) as web:
        lines = [web.url]
        check("0.0.0.0" not in web.url, "an address that can be opened")
        check("security group" in web.said() and "code" in web.said(), web.said())
        equal(web.get("/top", cookie=False).status, 401, "a token for other machines")
        del lines
    with Web(CPWEB, "--no-token", profile(place)) as web:
        equal(web.get("/top").status, 200, "--no-token")
        equal(web.get("/top", {"Host": "evil.example"}).status, 421, "--no-token and a name")
        equal(web.post("/retry", headers={"Origin": "http://evil.example"}).status, 403,
              "--no-token and another site")
    with Web(CPWEB, profile(place), env={"SSH_CONNECTION": "10.9.9.9 5 10.0.0.7 22"}) as web:
        check(f"ssh -L {web.port}:localhost:{web.port} USER@10.0.0.7" in web.said(), web.said())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        start = time.monotonic()
        done = subprocess.run([CPWEB, f"-http=127.0.0.1:{port}", "/nonexistent"],
                              capture_output=True, text=True, timeout=20)
        check(done.returncode == 4 and "is used by" in done.stderr and
              time.monotonic() - start < 5, "bound before anything is read: " + done.stderr)


def main():
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with Web(CPWEB, "--allow-host", "allowed.example", profile(place)) as web:
            slow = []
            trickler = threading.Thread(target=trickle, args=(web, slow))
            trickler.start()
            for part in (let_in, hosts, sites, methods, headers, limits, shared, code, crowd):
                part(web)
                check(web.process.poll() is None, f"dead after {part.__name__}: {web.said()}")
            trickler.join()
            check(slow and slow[0] < 45, f"a slow request was ended after {slow} s")
        idle(place)
        busy(place)
        ends(place)
        open_to_all(place)
    print(f"{len(failures)} failures")
    return bool(failures)


assert Answer(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nc").body == b"c"
sys.exit(main())
