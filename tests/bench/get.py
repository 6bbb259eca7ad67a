#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""get.py CPGET NULL [SECONDS [HOSTS]]: what a capture costs beside the least client there is.

A server on loopback is silent for SECONDS (default 60) and then sends a profile, first to
NULL (get_null.c), then to cpget. Printed are CPU seconds, peak memory, and how long after the
server's last byte the file stands under its name; then the same for HOSTS at once in one process.
"""
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "get"))
from servers import CPU, Server, answer  # noqa: E402

SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 60
HOSTS = int(sys.argv[4]) if len(sys.argv) > 4 else 50


def measure(command, folder, done):
    """CPU seconds, peak kB and when `done()` was first true."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                               env={**os.environ, "HOME": folder})
    peak, at = 0, None
    result = {}

    def reap():
        _, _, usage = os.wait4(process.pid, 0)
        result["cpu"] = usage.ru_utime + usage.ru_stime
    thread = threading.Thread(target=reap)
    thread.start()
    while thread.is_alive() or at is None:
        if at is None and done():
            at = time.monotonic()
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = max([peak] + [int(line.split()[1]) for line in status.splitlines()
                                 if line.startswith("VmHWM")])
        except OSError:
            pass
        time.sleep(0.001 if last else 0.05)
    thread.join()
    return result["cpu"], peak, at


last = []


def handler(request):
    time.sleep(SECONDS)
    request.send(answer(CPU))
    last.append(time.monotonic())


def row(name, measured):
    cpu, peak, at = measured
    print(f"{name:24} {cpu:7.3f} s CPU {peak / 1024:7.1f} MB {1000 * (at - max(last)):8.1f} ms "
          "from the last byte to the file")


with Server(handler) as server, tempfile.TemporaryDirectory() as folder:
    url = f"127.0.0.1:{server.port}"
    place = Path(folder)
    captures = place / "captures"
    captures.mkdir()

    def kept(n):
        return lambda: len(list(captures.glob("pprof.*.pb.gz"))) >= n

    null = place / "null"
    row("null client", measure([sys.argv[2], f"http://{url}/", str(null)], folder,
                               lambda: null.exists() and null.stat().st_size == len(CPU)))
    last.clear()
    row("cpget", measure([sys.argv[1], "-q", "--dir", str(captures), f"-seconds={SECONDS:g}", url],
                         folder, kept(1)))
    last.clear()
    row(f"cpget, {HOSTS} at once",
        measure([sys.argv[1], "-q", "--dir", str(captures), f"-seconds={SECONDS:g}"]
                + [url] * HOSTS, folder, kept(1 + HOSTS)))
