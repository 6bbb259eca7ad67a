#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cpweb's answers: what they cost, what goes over the wire, and how many there are a second.

    web.py CPWEB WEB_NULL [PROFILE...]

Prints the server's CPU seconds (user and system) and memory for the first picture, for the rest
of its data, for a filter, for tables and for the same view again; then answers a second of one
view to twenty connections, beside a libmicrohttpd server that does nothing else than send as many
bytes; then, where Go is installed, the flame graph of `go tool pprof -http`. Without PROFILE: one
of 100,000 samples, 10,000 locations and depth 40 from gen_pprof.py.
"""
import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "web"))
from server import Web  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]
    return (f"{int(re.search(r'Anonymous:.*?([0-9]+)', text)[1]) // 1024} MB anonymous, "
            f"peak {int(peak) // 1024} MB")


def views(web):
    pid = web.process.pid
    print(f"listening: {cpu(pid):.2f} s, {memory(pid)}")
    for target in ("/flamegraph", "/flamegraph.data", "/top", "/flamegraph?f=9$", "/top?f=9$",
                   "/peek?q=9$", "/tags"):
        before = cpu(pid)
        web.get(target, timeout=600)
        once = cpu(pid)
        request = (f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n"
                   f"Connection: close\r\nCookie: {web.cookie}\r\n\r\n")
        wire = len(web.raw(request.encode(), timeout=600))
        print(f"{target:20} {once - before:6.2f} s, again {cpu(pid) - once:.3f} s, "
              f"{wire:8} bytes on the wire, {memory(pid)}", flush=True)


def answers(port, pid, headers, seconds=3):
    """Answers in a second of the server's CPU time, twenty connections at once."""
    end, count = time.monotonic() + seconds, [0] * 20

    def one(i):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < end:
            connection.request("GET", "/flamegraph", headers=headers)
            connection.getresponse().read()
            count[i] += 1

    before = cpu(pid)
    threads = [threading.Thread(target=one, args=(i,)) for i in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return sum(count) / max(cpu(pid) - before, 1 / TICKS)


def crowd(web, null):
    headers = {"Cookie": web.cookie, "Accept-Encoding": "gzip"}
    size = len(web.raw(f"GET /flamegraph HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n"
                       f"Connection: close\r\nCookie: {web.cookie}\r\n\r\n".encode()))
    ours = answers(web.port, web.process.pid, headers)
    with subprocess.Popen([null, str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as peer:
        port = int(peer.stdout.readline())
        theirs = answers(port, peer.pid, {})
        peer.stdin.close()
    print(f"answers of {size} bytes per CPU second: {ours:.0f}; a server that does nothing else: "
          f"{theirs:.0f} ({ours / theirs:.2f}); {memory(web.process.pid)}")


def pprof(path):
    go = shutil.which("go")
    found = go and subprocess.run([go, "tool", "-n", "pprof"], capture_output=True, text=True)
    if not found or found.returncode:
        print("no `go tool pprof`: nothing to compare with")
        return
    with tempfile.TemporaryDirectory() as home:
        peer = subprocess.Popen([found.stdout.strip(), "-http=localhost:0", "-no_browser",
                                 "-symbolize=none", path], env={**os.environ, "HOME": home},
                                stderr=subprocess.PIPE, text=True)
        port = int(re.search(r"localhost:(\d+)", peer.stderr.readline())[1])
        connection, end = None, time.monotonic() + 300
        while connection is None and time.monotonic() < end:
            try:
                connection = http.client.HTTPConnection("localhost", port, timeout=600)
                connection.connect()
            except OSError:
                connection = None
                time.sleep(0.2)
        ready = cpu(peer.pid)
        connection.request("GET", "/ui/flamegraph")
        size = len(connection.getresponse().read())
        print(f"go tool pprof: ready {ready:.2f} s; /ui/flamegraph {cpu(peer.pid) - ready:.2f} s, "
              f"{size} bytes, {memory(peer.pid)}")
        peer.kill()
        peer.wait()


def main():
    cpweb, null = (os.path.abspath(tool) for tool in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as tmp:
        files = sys.argv[3:]
        if not files:
            files = [os.path.join(tmp, "100k.pb.gz")]
            subprocess.run([sys.executable, HERE / "gen_pprof.py", "100000", "10000", "40", files[0]],
                           check=True)
        for path in files:
            with Web(cpweb, "--no-symbolize", path) as web:
                views(web)
                crowd(web, null)
            if not path.endswith(".data"):
                pprof(path)


main()
