#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cpget.py CPGET: what cpget does with servers of every kind, all of them on loopback.

Each function test_… is a test and runs in an empty folder of its own.
"""
import base64
import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from place import *  # noqa: E402,F403
from servers import *  # noqa: E402,F403


# A profile comes.

def test_forms_of_urls(place):
    sock = str(place.folder / "x.sock")
    with Server(pprof) as s, Server(pprof, where=sock) as u:
        forms = [(local(s), "/debug/pprof/profile"), (f":{s.port}", "/debug/pprof/profile"),
                 (f"{s.port}", "/debug/pprof/profile"), (f"localhost:{s.port}/", "/debug/pprof/profile"),
                 (local(s, "/debug/pprof/heap"), "/debug/pprof/heap"),
                 (f"http://{local(s)}", "/debug/pprof/profile"),
                 (f"HTTP://{local(s)}", "/debug/pprof/profile"),
                 (local(s, "?seconds=2"), "/debug/pprof/profile?seconds=2"),
                 (local(s, "/debug/pprof/heap?gc=1#x"), "/debug/pprof/heap?gc=1")]
        for typed, target in forms:
            name = place.run("-q", typed)
            assert name.count("\n") == 1 and place.read(name) in (CPU, HEAP), name
            assert s.seen[-1].target == target, (typed, s.seen[-1].target)
        for typed, target in [(f"unix:{sock}", "/debug/pprof/profile"),
                              (f"unix:{sock}:/debug/pprof/heap", "/debug/pprof/heap"),
                              (f"unix://{sock}", "/debug/pprof/profile")]:
            place.run(typed)
            assert u.seen[-1].target == target, (typed, u.seen[-1].target)
        assert s.seen[-1].headers["content-type"] == "application/protobuf"


def test_kinds_and_seconds(place):
    with Server(pprof) as s:
        def asked(*args):
            place.run(*args)
            return sorted(r.target for r in s.seen[-(len(place.out.split())):])
        base = "/debug/pprof/"
        assert asked("--kind", "heap", local(s)) == [base + "heap"]
        assert asked("--kind", "cpu,heap", local(s)) == [base + "heap", base + "profile"]
        assert asked("-seconds", "3", local(s)) == [base + "profile?seconds=3"]
        assert asked("--seconds=3", local(s, "/debug/pprof/profile?seconds=60&x=1")) == \
            [base + "profile?x=1&seconds=3"]
        assert asked("--kind", "heap", "-seconds", "3", local(s)) == [base + "heap?seconds=3"]
        assert asked("--kind=goroutine", local(s, "/debug/pprof/profile")) == [base + "goroutine"]
        assert asked("--kind=mutex", local(s, "/debug/pprof/")) == [base + "mutex"]
        assert asked("--kind=heap", local(s, "/debug/pprof")) == [base + "heap"]
        for typed, target in (("/pprof/profile/", "/pprof/heap"), ("/pprof?x=1", "/pprof/heap?x=1"),
                              ("/json", "/json/debug/pprof/heap"), ("/a/cpu", "/a/cpu/debug/pprof/heap"),
                              ("/own/goroutine", "/own/heap"), ("/api/", "/api/debug/pprof/heap")):
            place.json("--kind=heap", local(s, typed), status=3)
            assert s.seen[-1].target == target, (typed, s.seen[-1].target)
        name = place.run("--kind", "trace", local(s))
        assert place.read(name).startswith(b"go 1.19 trace")
        place.run("--kind", "haep", local(s), status=2)


def test_length_is_told(place):
    """While there is something to wait for, and not of who does not answer."""
    def slow(request):
        time.sleep(0.5)
        return pprof(request)
    with Server(slow) as s:
        place.run(local(s))
        assert "30 s in Go" in place.err
        place.run("--kind=heap", "-seconds=3", local(s))
        assert "heap: what changes within 3 s" in place.err
        place.run("-q", local(s))
        assert not place.err, place.err
    place.run("127.0.0.1:1", status=3)
    assert len(place.err.splitlines()) == 1, place.err


def test_names_and_folders(place):
    with Server(pprof) as s:
        first, second = place.run(local(s)), place.run(local(s))
        assert first == f"{place.folder}/pprof/pprof.profiles.samples.cpu.001.pb.gz\n", first
        assert second == first.replace("001", "002")
        assert place.read(first) == place.read(second) == CPU
        heap = place.run("--kind=heap", local(s))
        assert heap.endswith(
            "pprof.profiles.alloc_objects.alloc_space.inuse_objects.inuse_space.001.pb.gz\n")
        place.env["PPROF_TMPDIR"] = str(place.folder / "own" / "deep")
        assert place.run(local(s)) == first.replace("/pprof/pprof", "/own/deep/pprof")
        place.env["PPROF_TMPDIR"] = "/proc/none"
        assert "/pprof/pprof.profiles.samples.cpu.003" in place.run(local(s))
        assert place.run("-o", "x.pb.gz", local(s)) == "x.pb.gz\n"
        assert place.read("x.pb.gz") == CPU
        place.run("-o", "x.pb.gz", "--kind=heap", local(s))
        assert place.read("x.pb.gz") == HEAP
        place.run("-o", "none/x", local(s), status=4)
        place.run("-o", "/", local(s), status=4)
        place.run("-o", "y", local(s), local(s), status=2)


def test_bytes_on_stdout(place):
    with Server(pprof) as s:
        out = subprocess.run([CPGET, "-o", "-", local(s)], env=place.env, capture_output=True,
                             cwd=place.folder)
        assert out.stdout == CPU and not out.returncode, out
        place.run("-o", "/dev/null", local(s))
        assert place.files() == [], place.files()


def test_folder_of_runs(place):
    with Server(pprof) as s:
        place.run("--dir", "runs/one", "-seconds", "2", "--header", f"X-Key: {SECRET}",
                  f"http://me:{SECRET}@{local(s)}?token={SECRET}&gc=1")
        assert place.out == "runs/one/pprof.profiles.samples.cpu.001.pb.gz\n"
        note = json.loads(place.read(place.out.strip() + ".json"))
        assert note["url"] == \
            f"http://{local(s)}/debug/pprof/profile?token=***&gc=1&seconds=2", note
        assert note["host"] == local(s) and note["kind"] == "cpu"
        assert note["seconds_asked"] == 2 and abs(note["seconds_got"] - 0.70) < 0.01
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", note["started"])
        assert note["file"] == "pprof.profiles.samples.cpu.001.pb.gz"
        assert s.seen[0].query == {"token": SECRET, "gc": "1", "seconds": "2"}
        assert s.seen[0].headers["authorization"].startswith("Basic ")
    assert_no_secret(place)


def test_notes_of_all_that_is_kept(place):
    """Beside what broke off, what is no profile, and what was merged."""
    with Server(lambda r: answer(CPU).replace(b"Length: ", b"Length: 1")) as s:
        place.run("--dir", "runs", local(s), status=3)
        note = json.loads(place.read(f"runs/cpget.127.0.0.1-{s.port}.profile.001.partial.json"))
        assert not note["complete"] and note["reason"] == "cut" and note["bytes"] == len(CPU)
    with Server(pprof) as s, Server(pprof) as t:
        out = place.run("--repeat", "2", "-seconds", "1", "--merge", "--dir", "runs", local(s),
                        local(t))
        note = json.loads(place.read(out.strip() + ".json"))
        assert note["schema"] == "libcp.capture" and note["url"] is None, note
        assert note["host"] == f"{local(s)}, {local(t)}" and note["seconds_asked"] == 4, note
        assert len(note["merged"]) == 4 and note["bytes"] == len(place.read(out)), note
        for name in note["merged"]:
            assert json.loads(place.read(f"runs/{name}.json"))["file"] == name


def test_damage_that_can_be_read_around(place):
    """A profile of which a part is lost is kept, told and no success."""
    broken = CPU[:-8] + bytes(4) + CPU[-4:]
    junk = b"main;work 12\nmain;idle twelve\nmain;work 3\n"
    for body in (broken, junk):
        with Server(gives(body)) as s:
            capture = place.json(local(s), status=3)[0]
        assert capture["reason"] == "damaged" and capture["complete"], capture
        assert place.read(capture["file"]) == body
        # Whose length it is is said only while one has to wait.
        said = [line for line in place.err.splitlines() if "without --seconds" not in line]
        assert len(said) == 1 and said[0].count(".answer") == 1, place.err
        top = subprocess.run(["cpreport", capture["file"]], env=place.env, capture_output=True)
        assert top.returncode == 0 and top.stdout, top
    # A remark that is no damage does not name a file that is called otherwise in the end.
    body = (TESTDATA / "pprof" / "good-every-field.pb").read_bytes()
    with Server(gives(body)) as s:
        place.run("--no-symbolize", local(s))
    assert "unknown" in place.err and ".answer" not in place.err, place.err


def test_limit_on_files(place):
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with Server(pprof) as s:
        place.run(local(s), status=4, preexec_fn=limit)
    assert "File too large" in place.err and "cannot write" in place.err, place.err
    assert place.files() == [], place.files()


def test_index_of_runs(place):
    """cpweb's list of a folder has each capture once, with the host from the note beside it."""
    if not os.path.exists(os.path.join(TOOLS, "cpweb")):
        raise Skip("needs cpweb")
    import importlib.util
    spec = importlib.util.spec_from_file_location(
        "web_server", Path(__file__).resolve().parent.parent / "web" / "server.py")
    web_server = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(web_server)
    with Server(pprof) as s, Server(gives("<html>no</html>", kind="text/html")) as h:
        place.run("--dir", "runs", local(s))
        name = os.path.basename(place.out.strip())
        place.run("--dir", "runs", local(h), status=3)
        assert len(place.files()) == 4, place.files()
        os.mkfifo(place.folder / "runs" / "pipe.json")
        with web_server.Web(os.path.join(TOOLS, "cpweb"), place.folder / "runs",
                            env=place.env) as web:
            rows = json.loads(web.get("/runs?to=json").text)
            assert [r["name"] for r in rows["runs"]] == [name], rows
            assert json.loads(web.get(f"/run?file={name}").text)["host"] == local(s)


def test_series(place):
    with Server(pprof) as s:
        out = place.run("--every", "1", "--for", "3", "--dir", "runs", local(s))
        assert out == "runs/pprof.profiles.samples.cpu.merged.001.pb.gz\n", out
        assert [r.query["seconds"] for r in s.seen] == ["1"] * 3
        assert len([f for f in place.files() if f.endswith(".json")]) == 4
        top = subprocess.run(["cpreport", "--to", "json", out.strip()], cwd=place.folder,
                             env=place.env, capture_output=True, text=True)
        assert top.returncode == 0, top
        out = place.run("--repeat", "2", "--no-merge", local(s))
        assert len(out.split()) == 2
        out = place.run("--repeat", "2", "-o", "all.pb.gz", local(s))
        assert out == "all.pb.gz\n" and place.read("all.pb.gz")[:2] == b"\x1f\x8b"
        out = place.run("--repeat", "2", "--kind=heap", local(s))
        assert len(out.split()) == 2 and "merged" not in out
        for bad in (["--for", "3"], ["--every", "2", "--for", "1"],
                    ["--every", "1", "--seconds", "2"], ["--repeat", "-1"], ["--seconds", "0.5"]):
            place.run(*bad, local(s), status=2)


def test_several_hosts(place):
    with Server(pprof) as a, Server(pprof) as b, Server(net_http) as c:
        out = place.run(local(a), local(b))
        assert len(set(out.split())) == 2
        out = place.run("--merge", local(a), local(b))
        assert out.endswith("merged.001.pb.gz\n") and out.count("\n") == 1
        captures = place.json(local(a), local(c), local(b), status=3)
        assert [x["reason"] for x in captures] == ["ok", "no-pprof", "ok"]


def test_what_does_not_merge(place):
    with Server(pprof) as a, Server(gives(HEAP)) as b:
        place.run("--merge", local(a), local(b), status=3)
        assert len(place.out.split()) == 2, place.out


def test_fifty_hosts_at_once(place):
    def slow(request):
        time.sleep(0.5)
        return answer(CPU)
    servers = [Server(slow).__enter__() for _ in range(50)]
    begun = time.monotonic()
    out = place.run("-q", "-seconds=1", *(local(s) for s in servers))
    assert len(set(out.split())) == 50 and time.monotonic() - begun < 40
    for s in servers:
        s.__exit__()


def test_wait(place):
    busy = Busy(2)
    with Server(busy) as s:
        place.run("--wait", local(s))
        assert len(s.seen) == 3
        busy.left = 1000
        captures = place.json("--wait=1.5", local(s), status=3)
        assert captures[0]["reason"] == "busy"
        place.run("--wait=soon", local(s), status=2)


def test_credentials(place):
    (place.folder / "secret").write_text(SECRET + "\n")
    (place.folder / "secret-headers").write_text(f"Cookie: session={SECRET}\nX-One: 1\n")

    def echoing(request):
        """Sends back what it was sent."""
        return answer(f"no {request.headers} {request.target}", "400 Bad Request", "text/plain")
    with Server(pprof) as s, Server(echoing) as e:
        place.run("--bearer-file", "secret", local(s))
        assert s.seen[-1].headers["authorization"] == "Bearer " + SECRET
        place.run("--user", "me", "--password-file", "secret", local(s))
        assert s.seen[-1].headers["authorization"].startswith("Basic ")
        place.run("--header", "@secret-headers", "--header", "Host: other", local(s))
        assert s.seen[-1].headers["cookie"] == "session=" + SECRET
        assert s.seen[-1].headers["x-one"] == "1" and s.seen[-1].headers["host"] == "other"
        for args in (["--bearer-file", "secret", local(e)],
                     ["--user", "me", "--password-file", "secret", local(e)],
                     ["--header", "@secret-headers", local(e)],
                     [f"http://me:{SECRET}@{local(e)}"], [local(e, f"?key={SECRET}")],
                     ["--header", f"X-Key: {SECRET}", local(e)]):
            place.json(*args, status=3)
            assert_no_secret(place)
        coded = base64.b64encode(f"me:{SECRET}".encode()).decode()
        for args in (["--header", f"Authorization: Basic {coded}", local(e)],
                     ["--header", f"Cookie: a=1; s={SECRET[:6]}; t={SECRET}", local(e)],
                     [local(e, f"/debug/pprof/profile;token={SECRET}")],
                     [local(e, f"/debug;token={SECRET}/pprof/heap?seconds=1")],
                     [local(e, f"//user:{SECRET}@x/")], [local(e, f"?{SECRET}")],
                     [local(e, f"?seconds={SECRET}")], [local(e, f"?debug={SECRET}&from={SECRET}")]):
            place.run("--dir", "kept", *args, status=3)
            assert_no_secret(place)
            place.json(*args, status=3)
            assert_no_secret(place)
            assert SECRET[:6] not in place.out + place.err, args
        with Server(gives("what is no profile")) as g:
            place.run("--dir", "kept", local(g, f"/profile;token={SECRET}"), status=3)
        assert_no_secret(place)
        for url in (f"http//me:{SECRET}@{local(s)}", f"http:/me:{SECRET}@{local(s)}",
                    f"https:me:{SECRET}@{local(s)}", f"htp://me:{SECRET}@{local(s)}"):
            place.run(url, status=2)
            assert_no_secret(place)
        place.run("--user", f"me:{SECRET}", local(s), status=2)
        assert_no_secret(place)
        place.run(f"http://me:{SECRET}@127.0.0.1:x/", status=2)
        assert_no_secret(place)
        place.run("--header", "no colon", local(s), status=2)
        for option in ("--bearer-file", "--tls_ca", "--header"):
            place.run(option, "@absent" if option == "--header" else "absent", local(s), status=2)
        place.run("--user", "me", "--password-file", "absent", local(s), status=2)
        place.run("--user", "me", local(s), status=2, start_new_session=True)
        assert "terminal" in place.err


def test_legacy_and_symbols(place):
    with Server(gperftools()) as s:
        out = place.run(local(s, "/pprof/profile?seconds=1"))
        assert [r.method for r in s.seen] == ["GET", "POST"], s.seen
        assert out.endswith(".pb.gz\n") and "the answer is" in place.err, place.err
        raw = [f for f in place.files() if f.endswith(".prof")]
        assert len(raw) == 1 and place.read(raw[0]) == LEGACY
        top = subprocess.run(["cpreport", out.strip()], env=place.env, capture_output=True,
                             text=True, check=True).stdout
        assert "function_" in top, top
        out = place.run("-o", "x.prof", local(s, "/pprof/profile"))
        assert out == "x.prof.named.pb.gz\n" and place.read("x.prof") == LEGACY
        out = place.run("--no-symbolize", "-o", "y.prof", local(s, "/pprof/profile"))
        assert out == "y.prof\n"
    with Server(gperftools(405)) as s:
        captures = place.json(local(s, "/pprof/profile"))
        assert captures[0]["reason"] == "no-symbols"
        assert "symbols: asked /pprof/symbol: 405; give the program: cpget … --binary" \
            in place.err
    with Server(tikv) as s:
        assert place.read(place.run(local(s))) == CPU


def test_idle(place):
    import struct
    header = struct.pack("<5Q", 0, 3, 0, 10000, 0) + struct.pack("<3Q", 0, 1, 0)
    with Server(gives(header)) as s:
        captures = place.json(local(s))
        assert captures[0]["reason"] == "idle", captures
        assert "was the " in place.err


def test_tls(place):
    pair = certificate(str(place.folder))
    if not pair:
        raise Skip("needs openssl")
    with Server(pprof, tls=tls_context(pair)) as s, Server(pprof) as plain, \
            Server(pprof, tls=tls_context(pair, ask=pair[0])) as m:
        plain.handler = plain_go
        url = f"https://localhost:{s.port}"
        place.run("-tls_ca", pair[0], url)
        place.run("--insecure", url)
        place.run(url.replace("https", "https+insecure"))
        seen = len(s.seen)
        captures = place.json("--header", f"X-Key: {SECRET}", url, status=3)
        assert captures[0]["reason"] == "certificate"
        for words in ("CN = localhost", "expires", "--tls_ca"):
            assert words in place.err, place.err
        assert len(s.seen) == seen
        # For a name that the certificate does not have.
        captures = place.json("-tls_ca", pair[0], f"https://127.0.0.1:{s.port}", status=3)
        assert captures[0]["reason"] == "certificate"
        captures = place.json(f"https://localhost:{plain.port}", status=3)
        assert captures[0]["reason"] == "speaks-http" and "use http://" in place.err
        with Server(silent) as h:
            captures = place.json(f"https://localhost:{h.port}", status=3)
            assert captures[0]["reason"] == "tls" and "use http://" in place.err, captures
        captures = place.json(local(s), status=3)
        assert captures[0]["reason"] in ("speaks-https", "cut"), captures
        assert "use https://" in place.err, place.err
        place.run("-tls_ca", pair[0], "-tls_cert", pair[0], "-tls_key", pair[1],
                  f"https://localhost:{m.port}")
        captures = place.json("--insecure", f"https://localhost:{m.port}", status=3)
        # The alert may be lost when the server closes at once.
        assert captures[0]["reason"] in ("tls", "cut"), captures
        assert "-tls_cert" in place.err, place.err
        place.run("-tls_cert", pair[0], url, status=2)
        place.run("-tls_ca", "absent", url, status=2)


# No profile comes: every port that is set up wrongly.

@raw
def greets(connection):
    return b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n"


@raw
def alert(connection):
    connection.recv(100)
    return b"\x15\x03\x01\x00\x02\x02\x46"


@raw
def plain_go(connection):
    connection.recv(4096)
    return b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server."


@raw
def frames(connection):
    connection.recv(4096)
    return b"\0\0\6\4\0\0\0\0\0\0\5\0\0@\0"


@raw
def binary(connection):
    connection.recv(4096)
    return bytes(16)


def hangs_up(request):
    return None


def after(seconds):
    def handler(request):
        time.sleep(seconds)
    return handler


def moved(request):
    return answer("", "302 Found", Location="http://127.0.0.2:1/debug/pprof/profile")


def loops(request):
    return answer("", "302 Found", Location="/debug/pprof/profile?n=1")


def not_found_behind_nginx(request):
    return answer("404 page not found\n", "404 Not Found", "text/plain", Server="nginx",
                  X_Content_Type_Options="nosniff")


BOMB = gzip.compress(b"main;work 1\n" * (100 << 17), 9)  # what no format knows is not unpacked

# Name, handler, arguments, reason, words of the sentence, status.
WRONG = [
    ("nginx 404", nginx("404 Not Found"), [], "front-server",
     "this is nginx, not your service", 3),
    ("nginx 502", nginx("502 Bad Gateway"), [], "front-server", "proxy_pass", 3),
    ("Apache by its page", gives("<html><hr><address>Apache/2.4 Server</address>",
                                 "404 Not Found", "text/html"), [], "front-server", "Apache", 3),
    ("nginx 504", nginx("504 Gateway Time-out"), ["-seconds=60"], "proxy-timeout",
     "proxy_read_timeout", 3),
    ("net/http, gorilla, chi", net_http, [], "no-pprof", "import _ \"net/http/pprof\"", 3),
    ("the same behind nginx", not_found_behind_nginx, [], "no-pprof", "a Go server", 3),
    ("gin", gin, [], "no-pprof", "gin", 3),
    ("echo", echo, [], "no-pprof", "an echo server", 3),
    ("fiber", fiber, [], "no-pprof", "fiber", 3),
    ("Tomcat", gives("<html><title>HTTP Status 404</title><h3>Apache Tomcat/9.0</h3>",
                     "404 Not Found", "text/html"), [], "no-pprof", "a Java server", 3),
    ("Spring", gives('{"timestamp":"2026","status":404,"error":"Not Found","path":"/debug"}',
                     "404 Not Found", "application/json"), [], "no-pprof", "a Java server", 3),
    ("gRPC", frames, [], "not-http", "speaks HTTP/2 only", 3),
    ("binary", binary, [], "not-http", "sends bytes that are no text", 3),
    ("busy with 200", gives("Another profiler is running, try again later", kind="text/plain"),
     [], "busy", "--wait retries", 3),
    ("sent to a login", gives("", "302 Found", Location="/login?next=x"), [], "redirect-loop",
     "/login?next=***, where one logs in: --header @FILE", 3),
    ("index only", gives("Unknown profile\n", "404 Not Found", "text/plain", X_Go_Pprof="1"),
     [], "index-only", "/debug/pprof/profile needs pprof.Profile", 3),
    ("no such profile", gives("Unknown profile\n", "404 Not Found", X_Go_Pprof="1"),
     ["--kind=mutex"], "index-only", "no profile named mutex", 3),
    ("index under a prefix", INDEX, [], "index-page", "under a prefix it does not know", 3),
    ("a page", gives("<!DOCTYPE html><html><title>My Shop</title>", kind="text/html"), [],
     "html", "an HTML page titled \"My Shop\" came back: not a profile; kept in", 3),
    ("a trace", gives(b"go 1.22 trace\0\0\0"), [], "trace",
     "an execution trace (go tool trace), not a profile; kept in", 3),
    ("a stack dump", gives("goroutine 1 [running]:\nmain.main()\n", kind="text/plain"), [],
     "stack-dump", "take debug=0", 3),
    ("a picture", gives("<?xml version=\"1.0\"?><svg></svg>", kind="image/svg+xml"), [],
     "picture", "TiKV", 3),
    ("WriteTimeout", gives("profile duration exceeds server's WriteTimeout\n",
                           "400 Bad Request", "text/plain", X_Go_Pprof="1"), ["-seconds=60"],
     "write-timeout", "WriteTimeout is shorter than 60 s: --seconds 20", 3),
    ("cut when the time is over", after(1), ["-seconds=1"], "write-timeout",
     "shorter: a second http.Server", 3),
    ("WriteTimeout of less than a second", gives(
        "profile duration exceeds server's WriteTimeout\n", "400 Bad Request"), ["-seconds=1"],
     "write-timeout", "shorter than 1 s: a second http.Server", 3),
    ("504 at once", nginx("504 Gateway Time-out"), ["-seconds=1"], "proxy-timeout",
     "60s): ask the service's own port; it says", 3),
    ("hangs up", hangs_up, [], "cut", "before the answer", 3),
    ("busy", Busy(9), [], "busy", "--wait retries until it ends", 3),
    ("busy, brpc", gives("Another profiler is running, try again later", "503 Unavailable"),
     [], "busy", "another CPU capture is running", 3),
    ("HTTP to HTTPS, Go", gives("Client sent an HTTP request to an HTTPS server.\n",
                                "400 Bad Request"), [], "speaks-https", "use https://", 3),
    ("HTTP to HTTPS, OpenSSL", alert, [], "speaks-https", "use https://", 3),
    ("401 Basic", gives("", "401 Unauthorized", WWW_Authenticate='Basic realm="x"'), [],
     "unauthorized", "--user NAME", 3),
    ("401 Bearer", gives("", "401 Unauthorized", WWW_Authenticate="Bearer"), [],
     "unauthorized", "--bearer-file FILE", 3),
    ("401 refused", gives("", "401 Unauthorized"), ["--bearer-file", "secret"],
     "unauthorized", "are refused", 3),
    ("403", gives("forbidden: User cannot get path", "403 Forbidden"), [], "forbidden",
     "User cannot get path", 3),
    ("brpc without seconds", gives("You have to specify ?seconds=N.", "400 Bad Request"), [],
     "seconds-needed", "--seconds 10", 3),
    ("bad request", gives("invalid value for \"seconds\"\n", "400 Bad Request"), [],
     "bad-request", "invalid value", 3),
    ("Envoy wants POST", gives("", "405 Method Not Allowed"), [], "http-status", "405", 3),
    ("500", gives("oops", "500 Internal Server Error"), [], "http-status", "oops", 3),
    ("404 of no framework", gives("", "404 Not Found"), [], "http-status", "404", 3),
    ("204", gives("", "204 No Content"), [], "empty", "see whether profiling is switched on", 3),
    ("401 with words", gives('{"error":"no_token","message":"send \\u001b a token"}',
                             "401 Unauthorized", "application/json"), [], "unauthorized",
     'it says "send \\u001b a token"', 3),
    ("404 with words", gives("<html><style>b{}</style><h1>No such thing</h1>", "404 Not Found",
                             "text/html"), [], "http-status", 'it says "No such thing"', 3),
    ("500 page", gives("<html><title>Broken\x1b[31m</title>", "500 Internal Server Error",
                       "text/html"), [], "http-status", 'it says "Broken\\x1b[31m"', 3),
    ("empty", gives(""), [], "empty", "empty", 3),
    ("JSON", gives('{"ok":true}', kind="application/json"), [], "not-a-profile", "JSON", 3),
    ("text", gives("OK 200\n", kind="text/plain"), [], "not-a-profile", "OK 200", 3),
    ("bytes", gives(bytes(range(256)) * 40), [], "not-a-profile", "no profile", 3),
    ("no HTTP", greets, [], "not-http", "SSH-2.0", 3),
    ("sent on", moved, [], "redirected", "http://127.0.0.2:1/debug/pprof/profile", 3),
    ("sent on for ever", loops, [], "redirect-loop", "more than 5 times", 3),
    ("endless", endless, ["--max-size=1M"], "too-large",
     "larger than --max-size, which is 1048576 bytes, and did not end: --max-size 2097152", 4),
    ("too long by its own word", gives(bytes(2000)), ["--max-size=1K"], "too-large",
     "which is 1024 bytes: its Content-Length is 2000; --max-size 2000 takes it", 4),
    ("trickle", trickle, ["--timeout=1"], "timeout", "did not end within", 3),
    ("silent", silent, ["--timeout=1"], "timeout", "no answer within", 3),
    ("bomb", gives(BOMB), [], "bomb", "unpacks to more", 4),
    ("cut profile", gives(CPU[:300]), [], "damaged", "damaged", 3),
    ("garbled profile", gives(CPU[:300] + bytes(100) + CPU[400:]), [], "damaged", "damaged", 3),
    ("shorter than its length", lambda r: answer(CPU).replace(b"Length: ", b"Length: 1"), [],
     "cut", f"{len(CPU)} bytes came, and its Content-Length is 1{len(CPU)}", 3),
    ("longer than its length", lambda r: answer(CPU).replace(
        b"Length: %d" % len(CPU), b"Length: 300"), [], "broken-http",
     f"its Content-Length is 300, and {len(CPU)} bytes came", 3),
    ("chunked garbage", lambda r: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"5\r\nhello\r\nxyz\r\n", [], "broken-http", "chunk", 3),
    ("cut between chunks", lambda r: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"5\r\nhello\r\n", [], "cut", "broke off", 3),
    ("headers without end", endless_headers, [], "broken-http", "headers", 3),
    ("a header without end", endless_header, [], "broken-http", "header", 3),
    ("a hostile header", gives("\x1b]0;x\x07", "403 Forbidden", Server="\x1b[31mred"), [],
     "forbidden", "\\x1b]0;x\\x07", 3),
]


def test_wrong_ports(place):
    (place.folder / "secret").write_text(SECRET)
    taken = {}

    def one(row):
        name, handler, args, reason, words, status = row
        with tempfile.TemporaryDirectory() as folder:
            here = Place(folder)
            (here.folder / "secret").write_text(SECRET)
            with Server(handler) as s:
                captures = here.json(*args, local(s), status=status)
            assert captures[0]["reason"] == reason, (name, captures)
            assert words in captures[0]["sentence"], (name, captures)
            assert "\n" not in captures[0]["sentence"] and len(here.err.splitlines()) <= 3
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", here.err), (name, here.err)
            file = captures[0]["file"]
            assert (file is not None) == ("kept in" in captures[0]["sentence"]), captures
            if file:
                assert os.path.exists(file) and file in here.err
                taken[name] = Path(file).read_bytes()
            left = [f for f in here.files() if f != "secret"]
            assert len(left) == (file is not None), (name, left)
            assert_no_secret(here)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, WRONG))
    assert len(WRONG) >= 14
    # Nothing of what came is lost.
    assert taken["chunked garbage"] == b"hello" and taken["cut between chunks"] == b"hello"
    assert taken["shorter than its length"] == taken["longer than its length"] == CPU
    assert taken["endless"] == bytes(1 << 20)
    assert taken["bomb"] == BOMB and taken["trickle"].strip(b"x") == b""
    assert taken["text"] == b"OK 200\n" and taken["trickle"]


def test_cut_at_a_round_time(place):
    with Server(after(5)) as s:
        # On a busy machine five seconds may be six.
        for _ in range(4):
            capture = place.json("-seconds=60", local(s), status=3)[0]
            if capture["reason"] == "proxy-timeout":
                break
    assert "the proxy gave up after 5 s" in capture["sentence"], capture


def test_no_connection(place):
    with Server(pprof) as s:
        closed = socket.socket()
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        captures = place.json(f"127.0.0.1:{port}", status=3)
        assert captures[0]["reason"] == "not-listening"
        assert f"nothing listens on 127.0.0.1:{port}. Listening here: " in place.err
        assert re.search(r"Try: cpget localhost:\d+", place.err), place.err
        assert "python" in place.err or len(re.findall(r"\d+(?: \S+)?,", place.err)) >= 10, place.err
        sock = str(place.folder / "none.sock")
        captures = place.json(f"unix:{sock}", status=3)
        assert captures[0]["reason"] == "not-listening" and sock in place.err
        (place.folder / "plain").write_text("x")
        captures = place.json(f"unix:{place.folder}/plain", status=3)
        assert captures[0]["reason"] == "not-listening" and "is a file, not a socket" in place.err
        captures = place.json("no-such-host.invalid:1", status=3)
        assert captures[0]["reason"] == "unknown-host"
        # A queue that is full drops packets as a firewall does.
        full = socket.socket()
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for w in waiting:
            w.setblocking(False)
            w.connect_ex(full.getsockname())
        captures = place.json(f"127.0.0.1:{full.getsockname()[1]}", status=3)
        assert captures[0]["reason"] == "no-answer", captures
    for bad in ("ftp://x/y", "./x.pb.gz", "/tmp/x", "../x", "http://", "unix:relative", "", "file:///etc/passwd"):
        place.run(bad, status=2)
    (place.folder / "cpu.pb.gz").write_bytes(CPU)
    place.run("cpu.pb.gz", status=2)
    assert "is a file here" in place.err
    place.run(status=2)
    place.run("--to", "folded", "x", status=2)


def test_proxy(place):
    """Only the one that is given; the environment of every test names another."""
    def handler(request):
        assert request.target.startswith("http://10.0.0.1:6060/debug/pprof/"), request.target
        return answer(CPU)
    with Server(handler) as s:
        place.run("--proxy", f"http://me:{SECRET}@{local(s)}", "10.0.0.1:6060")
        assert s.seen[0].headers["proxy-authorization"].startswith("Basic ")
        assert_no_secret(place)
    place.json("--proxy", f"http://me:{SECRET}@127.0.0.1:1", "10.0.0.1:6060", status=3)
    assert "the proxy" in place.err, place.err
    assert_no_secret(place)


def test_password_on_the_terminal(place):
    import pty
    with Server(pprof) as s:
        pid, terminal = pty.fork()
        if not pid:
            os.environ.update(place.env)
            os.execv(CPGET, [CPGET, "-q", "--user", "me", "-o", f"{place.folder}/out", local(s)])
        said = b""
        while b"Password for me: " not in said:
            said += os.read(terminal, 1000)
        os.write(terminal, SECRET.encode() + b"\n")
        while True:
            try:
                said += os.read(terminal, 1000)
            except OSError:
                break
        assert os.waitpid(pid, 0)[1] == 0 and SECRET.encode() not in said, said
        os.close(terminal)
        assert s.seen[0].headers["authorization"].startswith("Basic ")


def test_closed_and_full_stdout(place):
    with Server(pprof) as s, open("/dev/full", "w") as full:
        process = place.start(local(s), stdout=full)
        assert b"cannot write standard output" in process.communicate(timeout=240)[1]
        assert process.returncode == 4 and len(place.files()) == 1


def test_six(place):
    try:
        six = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError as why:
        raise Skip(f"needs IPv6: {why}")
    s = Server(pprof)
    s.listener.close()
    s.listener = six
    with s:
        port = six.getsockname()[1]
        for url in (f"[::1]:{port}", f"localhost:{port}", f"http://[::1]:{port}/debug/pprof/heap"):
            assert place.read(place.run(url)) in (CPU, HEAP)


def test_answers_with_random_damage(place):
    """Any answer ends with a status of ours, and nothing is printed but the name of a profile."""
    import random
    random.seed(21)
    good = answer(CPU, Content_Encoding="gzip", Location="/x", WWW_Authenticate="Basic")

    def damaged():
        data = bytearray(good if random.random() < 0.7 else good.replace(b"200 OK", b"404 No"))
        for _ in range(random.randrange(1, 6)):
            i = random.randrange(300)
            data[i:i + random.randrange(3)] = random.randbytes(random.randrange(4))
        return bytes(data[:random.randrange(len(data) + 1)] if random.random() < 0.3 else data)
    answers = [damaged() for _ in range(80)]

    def one(data):
        with Server(lambda request: data) as s:
            process = place.start("--timeout", "3", "--dir", f"d{s.port}", local(s))
            out, err = process.communicate(timeout=240)
            assert process.returncode in (0, 3, 4), (data, out, err)
            assert bool(out) == (process.returncode == 0), (data, out, err)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, answers))
    assert not any(name.endswith(".part") for name in place.files())


def test_redirects(place):
    def handler(request):
        if request.path == "/profile":
            return answer("", "301 Moved", Location="/debug/pprof/profile")
        return pprof(request)
    with Server(handler) as s:
        assert place.read(place.run("--header", f"X-Key: {SECRET}", local(s, "/profile"))) == CPU
        assert s.seen[-1].headers["x-key"] == SECRET
        target = s.port

        def away(request):
            return answer("", "302 Found", Location=f"http://127.0.0.1:{target}/debug/pprof/heap")
        with Server(away) as a:
            seen = len(s.seen)
            captures = place.json("--header", f"X-Key: {SECRET}", local(a), status=3)
            assert captures[0]["reason"] == "redirected" and len(s.seen) == seen
            (place.folder / "secret").write_text(SECRET)
            place.run("--location-trusted", "--header", f"X-Key: {SECRET}", "--user", "me",
                      "--password-file", "secret", local(a))
            assert "x-key" not in s.seen[-1].headers
            assert "authorization" not in s.seen[-1].headers


def test_what_was_there_stays(place):
    """A failure neither replaces nor empties the file of an earlier success."""
    for handler, status in ((gives("<html><title>x</title>", kind="text/html"), 3),
                            (gives(CPU[:300]), 3), (hangs_up, 3)):
        (place.folder / "x.pb.gz").write_bytes(b"old")
        with Server(handler) as s:
            place.run("-o", "x.pb.gz", local(s), status=status)
        assert place.read("x.pb.gz") == b"old", handler


def test_interrupt_at_any_moment(place):
    """What is finished stays; of the rest there is either nothing or all that came."""
    def handler(request):
        request.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CPU))
        for i in range(0, len(CPU), 50):
            request.send(CPU[i:i + 50])
            time.sleep(0.01)
    with Server(handler) as s:
        for i in range(24):
            seen = len(s.seen)
            process = place.start("-o", f"out{i}", local(s))
            if i >= 8:
                until(lambda: len(s.seen) > seen or process.poll() is not None)
            time.sleep(0.01 * (i % 8))
            process.send_signal((signal.SIGINT, signal.SIGTERM)[i % 2])
            begun = time.monotonic()
            out, err = process.communicate(timeout=240)
            assert process.returncode in (0, -signal.SIGINT, -signal.SIGTERM), (out, err)
            assert time.monotonic() - begun < 60
            if process.returncode == 0:
                assert place.read(f"out{i}") == CPU
            elif err:
                assert b"stopped after" in err, err
                assert b"nothing had come" in err or b"kept in out" in err, err
    names = place.files()
    for name in names:
        assert CPU.startswith(place.read(name)), name
        assert not name.endswith(".part"), names
    assert any(name.endswith(".partial") for name in names), names


def test_interrupted_series(place):
    def handler(request):
        return answer(CPU) if len(s.seen) < 3 else silent(request)
    with Server(handler) as s:
        process = place.start("--every", "1", "--dir", "runs", local(s))
        until(lambda: len(s.seen) == 3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0 and b"2 finished captures are kept" in err, err
        assert out == b"runs/pprof.profiles.samples.cpu.merged.001.pb.gz\n", out


def test_terminal(place):
    """The countdown, on a terminal only."""
    import pty

    def handler(request):
        time.sleep(1.5)
        return answer(CPU)
    main, other = pty.openpty()
    with Server(handler) as s:
        process = place.start("-seconds", "2", local(s), stderr=other)
        os.close(other)
        said = b""
        while True:
            try:
                more = os.read(main, 4096)
            except OSError:
                break
            if not more:
                break
            said += more
        assert process.wait() == 0
    assert b"2 s left, 0 bytes" in said, said
    assert said.endswith(b"\r\x1b[K"), said
    os.close(main)


def test_full_disk(place):
    disk = place.folder / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk],
                          capture_output=True, text=True)
    if done.returncode:
        raise Skip("needs root to mount a full disk: " + done.stderr.strip())
    try:
        body = os.urandom(200000)
        with Server(gives(body)) as s:
            captures = place.json("--dir", "disk", local(s), status=4)
        assert captures[0]["reason"] == "storage" and "No space left" in place.err, captures
        assert "cannot write in disk/: " in place.err and "df -h" in place.err, place.err
        assert ".part:" not in place.err, place.err
        kept = Path(place.folder, captures[0]["file"]).read_bytes()
        assert len(kept) > 30000 and body.startswith(kept)
        with Server(pprof) as s:
            place.run("-o", "disk/x", local(s), status=4)
            assert "x" not in os.listdir(disk)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_same_name_at_once(place):
    """Runs beside each other never take each other's file."""
    with Server(pprof) as s:
        runs = [place.start(local(s)) for _ in range(8)]
        names = [r.communicate(timeout=240)[0] for r in runs]
    assert len(set(names)) == 8 and not any(r.returncode for r in runs), names


def test_readers_of_json(place):
    with Server(pprof) as s:
        document = json.loads(place.run("--json", "--merge", local(s), local(s)))
    assert document["schema"] == "libcp.get" and document["version"] == 1
    assert document["merged"][0]["captures"] == 2
    assert all(c["schema"] == "libcp.capture" for c in document["captures"])


def test_reasons_are_in_the_man_page(place):
    page = (Path(__file__).resolve().parents[2] / "tools/man/cpget.1.scd").read_text()
    header = (Path(__file__).resolve().parents[2] / "tools/fetch/reason.h").read_text()
    codes = re.findall(r'ROW\(\w+,\s*"([a-z-]+)"', header)
    assert len(codes) > 40
    for code in codes:
        assert f"*{code}*" in page, code


def test_other_tools_name_it(place):
    for tool in ("cpconv", "cpmerge", "cpinfo", "cpreport", "cpflame", "cpdiff"):
        for url in (f"http://me:{SECRET}@localhost:6060/", "localhost:6060", "unix:/x.sock",
                    "web/debug/pprof/heap", "[::1]:6060", ":6060"):
            done = subprocess.run([tool, url] + [url] * (tool == "cpdiff"), cwd=place.folder, env=place.env,
                                  capture_output=True, text=True)
            assert done.returncode == 3 and "$(cpget URL)" in done.stderr, (tool, done)
            assert SECRET not in done.stderr
        linked = subprocess.run(["ldd", os.path.join(TOOLS, tool)], capture_output=True, text=True)
        assert "libcurl" not in linked.stdout, tool


main(globals())
