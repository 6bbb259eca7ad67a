#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""answers.py CPGET: answers that are not quite what HTTP or a user expects, and secrets in URLs.

Each function test_… is a test and runs in an empty folder of its own.
"""
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from place import *  # noqa: E402,F403
from servers import *  # noqa: E402,F403

TOKEN = ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6Ik0ifQ."
         "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U")
PLAIN = gzip.decompress(CPU)


# What is in gzip and no profile.

def test_no_profile_in_gzip(place):
    """It is called by what it is, not by gzip's bytes; what came is kept as it came."""
    for body, reason, words in (
            (b"<html><title>Log in</title></html>", "html", "an HTML page titled \"Log in\""),
            (b'{"error":"none here"}', "not-a-profile", "JSON came back, not a profile: none here"),
            (b"neither nor", "not-a-profile", "it begins \"neither nor\""),
            (bytes(3000000), "not-a-profile", "it begins with bytes that are no text")):
        packed = gzip.compress(body)
        with Server(gives(packed, kind="application/octet-stream")) as s:
            capture = place.json(local(s), status=3)[0]
            assert capture["reason"] == reason and words in capture["sentence"], capture
            assert place.read(capture["file"]) == packed


# Secrets.

def echoing(request):
    return answer(f"no {request.target}", "400 Bad Request", "text/plain")


def test_secrets_in_paths(place):
    """In what is printed, in names of files and in what stands in them."""
    def symbols(request):
        return answer("no", "405 No") if request.method == "POST" else answer(LEGACY)
    word = "s3cr3t-of-a-test"
    uuid = "01234567-89ab-4cde-8f01-23456789abcd"
    paths = [(w, form.replace("{}", w)) for w in (word, TOKEN) for form in (
        "/token={}", "/token/{}", "/a/token={}/debug/pprof/profile", "/token/{}/debug/pprof/heap",
        "/API-KEY/{}/x", "/access_token:{}", "/token%3D{}/x", "/jwt/{}?seconds=1", "/a;b={}/x")]
    paths += [(w, form.replace("{}", w)) for w in (TOKEN, uuid, "glpat-abcdefghij0123", "0123456789abcdef0123")
              for form in ("/{}", "/{}/debug/pprof/heap", "/a/{};b=1", "/a?query={}", "/x/me:{}@h")]
    for handler, status in ((echoing, 3), (gives("<html>no</html>", kind="text/html"), 3),
                            (symbols, 0), (pprof, 3), (lambda r: None, 3)):
        with Server(handler) as s, tempfile.TemporaryDirectory() as folder:
            here = Place(folder)
            process = here.start("--json", "-v", "--dir", "runs", *(local(s, p) for _, p in paths))
            out, err = process.communicate(timeout=240)
            here.out, here.err = out.decode(), err.decode()
            assert process.returncode in (0, status), (here.out, here.err)
            asked = [r.target for r in s.seen if r.method == "GET"]
            assert len(asked) == len(paths), asked
            texts = [here.out, here.err, *here.files()]
            texts += [here.read(name).decode("latin-1") for name in here.files()
                      if not name.endswith((".answer", ".prof", ".gz"))]
            for secret, _ in paths:
                assert any(secret in target for target in asked)
                for text in texts:
                    assert secret not in text, (secret, text)


def test_no_secrets_are_shown(place):
    """What services are told apart by."""
    with Server(pprof) as s:
        for path in ("/api/v1/namespaces/shop/pods/web-7d4b9c6f5d-x2x9k:6060/proxy/debug/pprof/heap",
                     "/auth/debug/pprof/heap", "/services/UserAccountService/debug/pprof/heap"):
            url = place.json("--dir", "runs", local(s, path), status=3)[0]["url"]
            assert url == "http://" + local(s, path), url
        place.run("--kind", "heap", "-v", f"http://lonely-name-{TOKEN}@{local(s)}")
        assert TOKEN not in place.err


# Codings.

def test_content_encoding(place):
    """Taken off once; a pprof file is compressed once, whoever says how."""
    raw = zlib.compressobj(wbits=-15)
    text = b"main;work 12\nmain;idle 3\n"
    rows = [(gzip.compress(CPU), "gzip", CPU), (gzip.compress(CPU), "x-gzip", CPU),
            (CPU, "gzip", CPU), (zlib.compress(CPU), "deflate", CPU),
            (zlib.compress(PLAIN), "deflate", PLAIN),
            (raw.compress(LEGACY) + raw.flush(), "deflate", LEGACY),
            (gzip.compress(LEGACY), "GZIP", LEGACY), (gzip.compress(text), "gzip", text),
            (gzip.compress(text[:13]) + gzip.compress(text[13:]), "gzip", text),
            (CPU, "identity", CPU), (PLAIN, "gzip", PLAIN)]
    for body, encoding, want in rows:
        with Server(gives(body, Content_Encoding=encoding)) as s:
            for args in ([], ["-o", "out"])[:1 + (body == rows[0][0])]:
                capture = place.json(*args, "--no-symbolize", local(s))[0]
                assert place.read(capture["file"]) == want, (encoding, capture)
                assert capture["bytes"] == len(want) and capture["reason"] in ("ok", "idle")
                assert args or capture["file"].endswith(
                    ".pb.gz" if want == CPU else ".pb" if want == PLAIN else
                    ".prof" if want == LEGACY else ".txt"), capture
    assert not [f for f in place.files() if f.endswith(".part")]


def test_content_encoding_of_what_is_no_profile(place):
    def packed(text, *args):
        return gives(gzip.compress(text), *args, Content_Encoding="gzip")
    for handler, reason, words in (
            (packed(b"<html><title>Shop</title>"), "html", 'titled "Shop"'),
            (packed(b"404 page not found\n", "404 Not Found", "text/plain"), "no-pprof", "Go server"),
            (gives(b"\x8b\x02\x80no brotli\x03", Content_Encoding="br"), "not-a-profile", '"br"'),
            (gives("no gzip", Content_Encoding="gzip"), "not-a-profile", "no gzip"),
            (gives(gzip.compress(CPU)[:-20], Content_Encoding="gzip"), "damaged", "damaged")):
        with Server(handler) as s:
            capture = place.json(local(s), status=3)[0]
        assert capture["reason"] == reason and words in capture["sentence"], capture
    body = gzip.compress(gzip.compress(b"main;work 1\n" * (100 << 17), 9), 9)
    with Server(gives(body, Content_Encoding="gzip")) as s:
        capture = place.json(local(s), status=4)[0]
    assert capture["reason"] == "bomb", capture


# Lengths.

def with_length(length, body=CPU, wait=False):
    def handler(request):
        request.send(b"HTTP/1.1 200 OK\r\n" + length.encode() + b"\r\n\r\n" + body)
        if wait:
            request.gone(30)
    return handler


def test_lengths(place):
    n = len(CPU)
    for length, reason, words in (
            ("Content-Length: abc", "broken-http", f'no length: "abc", and {n} bytes came'),
            ("Content-Length: -5", "broken-http", f'no length: "-5", and {n} bytes came'),
            ("Content-Length: 1\r\nContent-Length: 2", "broken-http", f"and {n} bytes came"),
            ("Content-Length: 99999999999999999999999", "cut",
             f"{n} bytes came, and its Content-Length is 99999999999999999999999"),
            ("Content-Length: 9000000000000000000", "cut", "Content-Length is 9000000000000000000"),
            (f"Content-Length: {n + 1}", "cut", f"{n} bytes came, and its Content-Length is {n + 1}"),
            ("Content-Length: 300", "broken-http", f"Content-Length is 300, and {n} bytes came"),
            ("Content-Length: 0", "empty", "empty")):
        with Server(with_length(length)) as s:
            capture = place.json("--dir", "runs", local(s), status=3)[0]
            assert capture["reason"] == reason and words in capture["sentence"], capture
            if reason != "empty":
                assert capture["bytes"] == n and place.read(capture["file"]) == CPU, capture
                assert "kept in" in capture["sentence"]


def test_connections_that_stay_open(place):
    """The answer is there with its last byte, also where the server does not hang up."""
    def moved(request):
        if request.path != "/debug/pprof/heap":
            request.send(b"HTTP/1.1 302 Found\r\nLocation: heap\r\nContent-Length: 0\r\n\r\n")
            request.gone(30)
            return None
        return with_length(f"Content-Length: {len(HEAP)}", HEAP, True)(request)

    def missing(request):
        request.send(b"HTTP/1.1 404 No\r\nContent-Length: 19\r\n\r\n404 page not found\n")
        request.gone(30)
    begun = time.monotonic()
    with Server(with_length(f"Content-Length: {len(CPU)}", CPU, True)) as s:
        assert place.read(place.run(local(s))) == CPU
    with Server(moved) as s:
        assert place.read(place.run(local(s))) == HEAP
    with Server(missing) as s:
        assert place.json(local(s), status=3)[0]["reason"] == "no-pprof"
    with Server(with_length("Content-Length: 0", b"", True)) as s:
        assert place.json(local(s), status=3)[0]["reason"] == "empty"
    assert time.monotonic() - begun < 60


def test_statuses_beside_200(place):
    part = gives(CPU[:100], "206 Partial Content", Content_Range=f"bytes 0-99/{len(CPU)}")
    with Server(part) as s:
        capture = place.json(local(s), status=3)[0]
    assert capture["reason"] == "http-status" and f"bytes 0-99/{len(CPU)}" in capture["sentence"]
    assert place.read(capture["file"]) == CPU[:100] and not capture["complete"]
    with Server(gives(CPU, "203 Non-Authoritative Information")) as s:
        assert place.read(place.run(local(s))) == CPU
    with Server(gives("", "407 Proxy Authentication Required")) as s:
        capture = place.json("--proxy", f"http://{local(s)}", "10.0.0.1:6060", status=3)[0]
    assert capture["reason"] == "unauthorized" and "the proxy wants" in capture["sentence"], capture


# Names.

def hanging_symbols(request):
    return answer(LEGACY) if request.method == "GET" else silent(request)


def test_signal_while_symbols_hang(place):
    for sig, path in ((signal.SIGINT, "/pprof/profile"), (signal.SIGTERM, "/profilez")):
        with Server(hanging_symbols) as s:
            process = place.start("--json", "--dir", "runs", local(s, path))
            until(lambda: len(s.seen) == 2)
            process.send_signal(sig)
            out, err = process.communicate(timeout=240)
        capture = json.loads(out)["captures"][0]
        asked = "/pprof/symbol" if "pprof" in path else "/symbolz"
        assert process.returncode == -sig and capture["reason"] == "stopped", (capture, err)
        assert f"stopped while {asked} was asked for names; kept in runs/" in capture["sentence"]
        assert capture["complete"] and place.read(capture["file"]) == LEGACY
        assert json.loads(place.read(capture["file"] + ".json"))["reason"] == "stopped"


def test_time_limit_while_symbols_hang(place):
    with Server(hanging_symbols) as s:
        capture = place.json("--timeout", "1", local(s, "/pprof/profile"), status=3)[0]
    assert capture["reason"] == "timeout" and capture["complete"], capture
    assert "the 1 s of --timeout ended while /pprof/symbol was asked" in capture["sentence"]
    assert place.read(capture["file"]) == LEGACY


def test_others_go_on_while_symbols_hang(place):
    """One loop: no capture waits for the names of another."""
    hung = []

    def slow(request):
        """Sends the rest only when the other one's symbols are asked for."""
        until(lambda: hung)
        request.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CPU) + CPU)
        # What is not read keeps a capture from going on: the client ends the connection.
        hung.append("read" if request.gone(30) else "not read")

    def hangs(request):
        if request.method == "GET":
            return answer(LEGACY)
        hung.append("asked")
        until(lambda: len(hung) > 1)
        return answer("no", "405 No")
    with Server(hangs) as a, Server(slow) as b:
        captures = place.json(local(a, "/pprof/profile"), local(b))
    assert [c["reason"] for c in captures] == ["no-symbols", "ok"], captures
    assert hung == ["asked", "read"], hung


# What is asked for, and what is advised.

def test_schemes_of_401(place):
    (place.folder / "secret").write_text(SECRET + "\n")
    login = ["--user", "me", "--password-file", "secret"]
    token = ["--bearer-file", "secret"]
    basic, bearer = 'Basic realm="x"', 'Bearer realm="x"'
    rows = [(basic, [], "asked for: a name and password (401, Basic): --user NAME"),
            (bearer, [], "asked for: a token (401, Bearer): --bearer-file FILE"),
            (basic, token, "a name and password, and sent was: a token (401, Basic): --user NAME"),
            (bearer, login, "a token, and sent was: a name and password (401, Bearer): --bearer-file"),
            (basic, login, "given are refused (401, Basic): --user NAME"),
            (bearer, token, "given are refused (401, Bearer): --bearer-file FILE"),
            (bearer, ["--header", "Authorization: Basic eDp5"], "sent was: a name and password"),
            (basic, ["--header", "Cookie: a=b"], "sent was: something else (401, Basic): --user"),
            ("Negotiate\r\nWWW-Authenticate: Basic", token, "(401, Negotiate, Basic): --user NAME"),
            ('Digest realm="x"', login, "(401, Digest): that scheme is not known here"),
            (None, [], "--header @FILE for a cookie")]
    for scheme, args, words in rows:
        headers = {"WWW_Authenticate": scheme} if scheme else {}
        with Server(gives("", "401 Unauthorized", **headers)) as s:
            capture = place.json(*args, local(s), status=3)[0]
        assert capture["reason"] == "unauthorized" and words in capture["sentence"], (args, capture)
        assert_no_secret(place)


def test_certificates(place):
    """Each with its own advice."""
    pair = certificate(str(place.folder))
    if not pair:
        raise Skip("needs openssl")
    with Server(pprof, tls=tls_context(pair)) as s:
        capture = place.json("-tls_ca", pair[0], f"https://127.0.0.1:{s.port}", status=3)[0]
        assert capture["reason"] == "certificate" and "tls_ca" not in capture["sentence"], capture
        assert "for another name than 127.0.0.1: for localhost" in capture["sentence"], capture
        capture = place.json(f"https://localhost:{s.port}", status=3)[0]
        assert "not trusted" in capture["sentence"] and "--tls_ca FILE" in capture["sentence"]
    old = place.folder / "old.pem"
    (place.folder / "ca.conf").write_text(
        "[ca]\ndefault_ca = d\n[d]\ndatabase = index\nserial = serial\nnew_certs_dir = .\n"
        "default_md = sha256\npolicy = p\nx509_extensions = x\n[p]\ncommonName = supplied\n"
        "[x]\nsubjectAltName = DNS:localhost\n")
    (place.folder / "index").write_text("")
    (place.folder / "serial").write_text("01\n")
    for command in (["req", "-new", "-key", pair[1], "-subj", "/CN=localhost",
                     "-out", "request"],
                    ["ca", "-batch", "-selfsign", "-config", "ca.conf", "-keyfile", pair[1], "-in",
                     "request", "-startdate", "20200101000000Z", "-enddate", "20200102000000Z",
                     "-out", "old.pem", "-notext"]):
        subprocess.run(["openssl", *command], cwd=place.folder, check=True, capture_output=True)
    with Server(pprof, tls=tls_context((str(old), pair[1]))) as s:
        capture = place.json("-tls_ca", old, f"https://localhost:{s.port}", status=3)[0]
        assert "has expired, on " in capture["sentence"] and "tls_ca" not in capture["sentence"]


def test_shorter_than_a_write_timeout(place):
    """A few steps lead to a length that fits."""
    def limited(request):
        if int(request.query["seconds"]) >= limit:
            return answer("profile duration exceeds server's WriteTimeout\n", "400 Bad Request",
                          "text/plain", X_Go_Pprof="1")
        return answer(CPU)
    with Server(limited) as s:
        for limit, asked, most in ((30, 60, 1), (2, 60, 3), (5, 20, 1)):
            tries = 0
            args = ["-seconds", str(asked)]
            while tries < 9:
                process = place.start("--json", "-q", *args, "--repeat", "1", local(s))
                out, err = process.communicate(timeout=240)
                if not process.returncode:
                    break
                said = json.loads(out)["captures"][0]["sentence"]
                advice = re.search(r"--(?:seconds|every) (\d+)", said)
                assert advice, said
                args = ["-seconds", advice[1]]
                tries += 1
            assert tries <= most, (limit, asked, tries)
        limit = 0
        place.run("-seconds", "1", local(s), status=3)
        assert "--seconds" not in place.err and "second http.Server" in place.err


def test_wait_that_gave_up(place):
    with Server(Busy(1000)) as s:
        capture = place.json("--wait=1", local(s), status=3)[0]
        assert capture["reason"] == "busy", capture
        assert "another CPU capture is still running after 1 s" in capture["sentence"], capture
        assert "--wait=600 waits longer" in capture["sentence"]
        assert "--wait retries" not in capture["sentence"]
    with Server(gives("another profiler is running", "503 No")) as s:
        capture = place.json(local(s, "/own/place"), status=3)[0]
        assert "another capture is running" in capture["sentence"], capture


def test_nothing_recorded(place):
    """Off, or on and nothing happened: which of them the answer does not say."""
    # Types contentions/count and delay/nanoseconds, a period of 1, and no sample.
    texts = [b"", b"contentions", b"count", b"delay", b"nanoseconds"]
    empty = gzip.compress(b"\x0a\x04\x08\x01\x10\x02\x0a\x04\x08\x03\x10\x04" +
                          b"".join(b"\x32" + bytes([len(t)]) + t for t in texts) +
                          b"\x5a\x04\x08\x01\x10\x02\x60\x01")
    for kind, words in (("mutex", "no lock was waited for, or that profile is off, which "
                                  "runtime.SetMutexProfileFraction"),
                        ("block", "no goroutine had to wait, or that profile is off, which "
                                  "runtime.SetBlockProfileRate")):
        with Server(gives(empty)) as s:
            capture = place.json("--kind", kind, local(s))[0]
        assert capture["reason"] == "idle" and words in capture["sentence"], capture


def test_page_without_a_title(place):
    for page in ("<html><p>x", "<html><title></title>", "<!doctype html><title> \n</title>"):
        with Server(gives(page, kind="text/html")) as s:
            capture = place.json(local(s), status=3)[0]
        assert "an HTML page without a title came back: not a profile" in capture["sentence"]


# The command line.

def test_lists_of_kinds(place):
    with Server(pprof) as s:
        for kinds, asked in (("cpu,cpu", ["profile"]), ("cpu,profile", ["profile"]),
                             ("cpu, heap", ["heap", "profile"]), (" Heap ", ["heap"]),
                             ("cpu,,heap,cpu", ["heap", "profile"])):
            seen = len(s.seen)
            place.run("--kind", kinds, local(s))
            assert sorted(r.path.rsplit("/")[-1] for r in s.seen[seen:]) == asked, kinds
        for kind in ("growth", "contention"):
            for typed, path in (("", f"/pprof/{kind}"), ("/app", f"/app/pprof/{kind}"),
                                ("/pprof/heap", f"/pprof/{kind}"),
                                ("/debug/pprof/heap", f"/debug/pprof/{kind}")):
                place.json("--kind", kind, local(s, typed), status=3)
                assert s.seen[-1].path == path, (kind, typed, s.seen[-1].path)
        place.run("--kind", "cpu heap", local(s), status=2)
        assert "growth or contention, not 'cpu heap'" in place.err, place.err


def test_numbers_that_mean_nothing(place):
    with Server(pprof) as s:
        for args in (["--every", "0"], ["--every", "0", "--for", "3"], ["--every", "1", "--for", "0"],
                     ["--repeat", "0"], ["--every", "-1"]):
            place.run(*args, local(s), status=2)
            assert "above 0" in place.err, (args, place.err)
        assert not s.seen
    for url in ("localhost:abc", "localhost:99999", "http://localhost:x/"):
        place.run(url, status=2)
        assert "a port, a number from 1 to 65535" in place.err, place.err


def test_printed_names(place):
    """As they were given, whether the file was there or not."""
    with Server(pprof) as s:
        for _ in range(2):
            assert place.run("-o", "x.pb.gz", local(s)) == "x.pb.gz\n"
            assert place.run("-o", "./y.pb.gz", local(s)) == "./y.pb.gz\n"
        (place.folder / "deep").mkdir()
        os.symlink("deep/real.pb.gz", place.folder / "link.pb.gz")
        (place.folder / "deep" / "real.pb.gz").write_bytes(b"old")
        assert os.path.samefile(place.folder / place.run("-o", "link.pb.gz", local(s)).strip(),
                                place.folder / "deep" / "real.pb.gz")
        assert place.read("deep/real.pb.gz") == CPU and (place.folder / "link.pb.gz").is_symlink()


# The disk.

def test_safe_before_it_is_read(place):
    """The bytes, and the name in its folder, are synced before anything opens the file."""
    if not shutil.which("strace"):
        raise Skip("needs strace")
    with Server(pprof) as s:
        done = subprocess.run(
            ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync,rename,renameat2,openat,open", "-o",
             "trace", CPGET, "--dir", "runs", local(s)], cwd=place.folder,
            env={**place.env, "ASAN_OPTIONS": "detect_leaks=0"}, capture_output=True)
    if done.returncode:
        raise Skip("strace may not trace here")
    calls = (place.folder / "trace").read_text().splitlines()

    def first(pattern, start=0):
        return next(i for i in range(start, len(calls)) if re.search(pattern, calls[i]))
    written = first(r"fsync\(\d+<[^>]*\.part>")
    named = first(r"rename.*\.answer", written)
    folder = first(r"fsync\(\d+<[^>]*/runs>", named)
    read = first(r"open.*\.answer\", O_RDONLY", named)
    assert written < named < folder < read, (written, named, folder, read)
    # The last name is as safe as the first.
    last = first(r"rename.*pprof\.profiles", read)
    assert first(r"fsync\(\d+<[^>]*/runs>", last) > last


def test_limit_on_files_names_the_limit(place):
    import resource
    with Server(pprof) as s:
        place.run(local(s), status=4,
                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    assert "ulimit -f" in place.err and ".part" not in place.err, place.err
    with Server(pprof) as s:
        place.run("-o", "none/x", local(s), status=4)
        assert "cannot write none/x: " in place.err and "mkdir -p" in place.err, place.err


def test_output_that_cannot_be_written(place):
    """What was captured outlives the place where it could not go."""
    place.env["TMPDIR"] = str(place.folder)
    with Server(pprof) as s:
        place.run("-o", "/dev/full", local(s), status=4)
        kept = re.search(r"cannot write /dev/full: .*; the answer is kept in (\S+)", place.err)
        assert kept and place.read(kept[1]) == CPU, place.err
        with open("/dev/full", "w") as full:
            place.run("-o", "-", local(s), status=4, stdout=full)
        assert place.read(re.search(r"kept in (\S+)", place.err)[1]) == CPU
        place.run("-o", "/dev/null", local(s))
        assert len(place.files()) == 2, place.files()


def test_proxy_of_an_unknown_name(place):
    for proxy in ("http://no-such-proxy.invalid:1", "socks5://no-such-proxy.invalid:1"):
        capture = place.json("--proxy", proxy, "127.0.0.1:1", status=3)[0]
        assert capture["reason"] == "unknown-host" and "the proxy's name" in capture["sentence"]


# The pages.

def test_page_of_a_url_without_scheme(place):
    """cpweb localhost:6060 takes a profile as cpget does; a file of that name is that file."""
    cpweb = os.path.join(TOOLS, "cpweb")
    if not os.path.exists(cpweb):
        raise Skip("needs cpweb")
    with Server(pprof) as s:
        for url in (f"localhost:{s.port}", f":{s.port}", f"127.0.0.1:{s.port}/debug/pprof/profile"):
            seen = len(s.seen)
            process = subprocess.Popen([cpweb, "-http=:0", "--no-browser", url], cwd=place.folder,
                                       env=place.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       stdin=subprocess.DEVNULL)
            until(lambda: any(f.endswith(".pb.gz") for f in place.files()) or
                  process.poll() is not None)
            process.terminate()
            out, err = process.communicate(timeout=240)
            assert len(s.seen) == seen + 1 and s.seen[-1].path == "/debug/pprof/profile", (out, err)
            assert any(place.read(f) == CPU for f in place.files()), place.files()
            shutil.rmtree(place.folder / "pprof")
        # What is neither is told what it may be.
        done = subprocess.run([cpweb, "-http=:0", "no-such-file"], cwd=place.folder, env=place.env,
                              capture_output=True, text=True)
        assert done.returncode == 3 and "http://" in done.stderr, done


main(globals())
