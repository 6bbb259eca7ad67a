#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""go.py CPGET: captures from Go's own net/http/pprof, mounted well and badly, on loopback.

What go tool pprof prints of a capture is what cpreport prints of it. Skipped without go.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CPGET = os.path.abspath(sys.argv[1])
HERE = Path(__file__).resolve().parent
if not shutil.which("go"):
    print("needs go: skipped", file=sys.stderr)
    sys.exit(77)


def service(folder, *args):
    process = subprocess.Popen([f"{folder}/service", *args], stdout=subprocess.PIPE, text=True)
    ports = {}
    while "end" not in ports:
        name, port = process.stdout.readline().split()
        ports[name] = int(port)
    return process, ports


def get(folder, *args, status=0):
    done = subprocess.run([CPGET, "--json", *args], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, "HOME": str(folder)}, stdin=subprocess.DEVNULL)
    assert done.returncode == status, done
    return json.loads(done.stdout)["captures"]


def one(folder, reason, words, *args, status=3):
    capture = get(folder, *args, status=status)[0]
    assert capture["reason"] == reason and words in capture["sentence"], capture
    return capture


def well_mounted(folder, ports, idle):
    for name in ("default", "gorilla-with", "echo-with"):
        capture = get(folder, "-seconds", "1", f"localhost:{ports[name]}")[0]
        assert capture["reason"] == "ok" and capture["seconds_got"] >= 0.9, capture
        assert os.path.basename(capture["file"]).startswith("pprof.service.samples.cpu.0")
        top = subprocess.run(["go", "tool", "pprof", "-top", capture["file"]],
                             capture_output=True, text=True, check=True).stdout
        assert "main.burn" in top, top
    kinds = "heap,allocs,block,mutex,goroutine,threadcreate"
    captures = get(folder, "--kind", kinds, f"localhost:{ports['default']}")
    assert [c["kind"] for c in captures] == kinds.split(","), captures
    assert {c["reason"] for c in captures if c["kind"] not in ("block", "mutex")} == {"ok"}
    assert [c["reason"] for c in captures if c["kind"] in ("block", "mutex")] == ["idle"] * 2
    delta = get(folder, "--kind", "heap", "-seconds", "1", f"localhost:{ports['default']}")[0]
    assert delta["seconds_asked"] == 1 and delta["elapsed"] >= 1, delta
    get(folder, "--kind", "trace", "-seconds", "1", f"localhost:{ports['default']}")
    one(folder, "idle", "was the benchmark running?", "-seconds", "1",
        f"localhost:{idle['default']}", status=0)


def badly_mounted(folder, ports):
    one(folder, "no-pprof", "a Go server without pprof", f"localhost:{ports['gorilla']}")
    one(folder, "no-pprof", "gin", f"localhost:{ports['gin']}")
    one(folder, "no-pprof", "an echo server", f"localhost:{ports['echo']}")
    one(folder, "index-only", "needs pprof.Profile", f"localhost:{ports['index']}")
    get(folder, "--kind", "heap", f"localhost:{ports['index']}")
    one(folder, "index-page", "under a prefix it does not know",
        f"localhost:{ports['prefix']}/admin/profiles/heap")
    one(folder, "write-timeout", "WriteTimeout is shorter than 30 s: --seconds 20",
        f"localhost:{ports['write']}")
    one(folder, "write-timeout", "WriteTimeout is shorter", "-seconds", "2",
        f"localhost:{ports['slow']}")
    one(folder, "trace", "go tool trace",
        f"localhost:{ports['default']}/debug/pprof/trace?seconds=1")
    one(folder, "stack-dump", "debug=0",
        f"localhost:{ports['default']}/debug/pprof/goroutine?debug=2")
    one(folder, "bad-request", "positive integer",
        f"localhost:{ports['default']}/debug/pprof/heap?seconds=x")
    one(folder, "speaks-http", "use http://", f"https://localhost:{ports['default']}")


def busy(folder, ports):
    url = f"localhost:{ports['default']}"
    env = {**os.environ, "HOME": str(folder)}
    other = subprocess.Popen([CPGET, "-q", "-seconds", "60", url], env=env)
    time.sleep(1)
    one(folder, "busy", "--wait retries", "-seconds", "1", url)
    waiting = subprocess.Popen([CPGET, "-q", "--wait", "-seconds", "1", url], env=env,
                               stdout=subprocess.PIPE)
    time.sleep(1)
    # Go's profiler is free as soon as who asked hangs up.
    other.send_signal(signal.SIGINT)
    assert other.wait(10) == -signal.SIGINT
    assert b"pprof.service.samples.cpu" in waiting.communicate(timeout=60)[0]


def main():
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "GO111MODULE": "off",
               "GOFLAGS": "", "GOPROXY": "off"}
        subprocess.run(["go", "build", "-o", f"{folder}/service", str(HERE / "service.go")],
                       check=True, env=env)
        process, ports = service(folder, "busy")
        quiet, idle = service(folder)
        try:
            well_mounted(Path(folder), ports, idle)
            badly_mounted(Path(folder), ports)
            busy(Path(folder), ports)
        finally:
            process.kill()
            quiet.kill()
    print("captures from Go are as go tool pprof has them")


main()
