#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Downloads through elfutils' libdebuginfod from a server on this machine: only behind
--debuginfod, build ids checked, and nothing asked or written without it.

usage: debuginfod.py CPCONV"""
import ctypes
import http.server
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import symbol_search
from symbol_search import run


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` by path; `stall` holds every answer back. Remembers what was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files, self.asked, self.stall = {}, [], threading.Event()
        self.stall.set()
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d" % self.server_address[1]

    def handle_error(self, request, client_address):
        """Clients that were told to lose their patience hang up."""

    def take_asked(self):
        asked, self.asked = sorted(self.asked), []
        return asked


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.stall.wait(30)
        name = self.server.files.get(self.path)
        if not name:
            self.send_error(404)
            return
        with open(name, "rb") as f:
            body = f.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Bed:
    def __init__(self, cpconv, top):
        self.cpconv, self.top, self.bad = cpconv, top, 0
        self.server = Server()
        self.cache = os.path.join(top, "cache")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("DEBUGINFOD")}
        self.env.update(HOME=top, DEBUGINFOD_URLS=self.server.url,
                        DEBUGINFOD_CACHE_PATH=self.cache)

    def here(self, *parts):
        return os.path.join(self.top, *parts)

    def check(self, what, fine, *more):
        print("  %s: %s" % (what, "as it should be" if fine else "BAD"))
        if not fine:
            self.bad += 1
            print("   ", *more)

    def convert(self, *options, **env):
        """Locations of the output, what was said, the report, the exit status."""
        report = self.here("report")
        open(report, "w").close()
        done = subprocess.run(
            [self.cpconv, self.here("bare.pb"), "--to", "raw", "--symbols-report=" + report,
             *options], capture_output=True, text=True, env={**self.env, **env}, timeout=120)
        text = done.stdout
        if "\nLocations" in text:
            text = text[text.index("\nLocations"):text.index("\nMappings")]
        text = re.sub(r" M=\d+", "", text)
        with open(report) as f:
            return text, done.stderr, f.read(), done.returncode

    def tree(self):
        """Every file and folder of the home with what a write would change."""
        return [(root, name, os.stat(os.path.join(root, name)).st_mtime_ns,
                 os.stat(os.path.join(root, name)).st_size)
                for root, folders, files in sorted(os.walk(self.top))
                for name in sorted(folders + files) if name != "report"]


def build(bed):
    """The program in full, what is left of it on a server, and another one."""
    with open(bed.here("p.cpp"), "w") as f:
        f.write(symbol_search.SOURCE)
    full, other = bed.here("full"), bed.here("other")
    run("g++", "-O2", "-g", "-Wl,--build-id=sha1", bed.here("p.cpp"), "-o", full)
    run("g++", "-O1", "-g", "-Wl,--build-id=sha1", bed.here("p.cpp"), "-o", other)
    run("objcopy", "--only-keep-debug", full, bed.here("p.debug"))
    run("objcopy", "--strip-all", full, bed.here("stripped"))
    build_id = re.search(r"Build ID: ([0-9a-f]+)", run("readelf", "-n", full)).group(1)
    symbol_search.bare_profile("/opt/nowhere/p", full, build_id, bed.here("bare.pb"))
    return full, other, build_id


def not_asked_for(bed, want, where):
    before = bed.tree()
    text, said, report, status = bed.convert()
    bed.check("no flag: no question", not bed.server.take_asked() and status == 0)
    bed.check("no flag: nothing is written", bed.tree() == before)
    bed.check("no flag: no name, the hint speaks of the flag",
              text != want and "no file" in report and "--debuginfod" in report, report)
    loaded = subprocess.run([bed.cpconv, bed.here("bare.pb"), "-o", "/dev/null", "--to", "raw"],
                            capture_output=True, text=True, env={**bed.env, "LD_DEBUG": "libs"})
    bed.check("no flag: neither library is loaded",
              "find library" in loaded.stderr and "libdebuginfod" not in loaded.stderr
              and "libcurl" not in loaded.stderr)


def downloads(bed, want, where, full):
    bed.server.files = {where + "/executable": bed.here("stripped"),
                        where + "/debuginfo": bed.here("p.debug")}
    text, said, report, status = bed.convert("--debuginfod")
    asked = bed.server.take_asked()
    bed.check("downloaded: the same names and lines", text == want and status == 0, said)
    bed.check("downloaded: one question for each file",
              asked == [where + "/debuginfo", where + "/executable"], asked)
    bed.check("downloaded: the report says from where",
              "downloaded from %s%s/debuginfo" % (bed.server.url, where) in report, report)
    before = bed.tree()
    text, said, report, status = bed.convert()
    bed.check("cached, no flag: the same, no question, nothing written",
              text == want and not bed.server.take_asked() and bed.tree() == before
              and "downloaded" not in report, report)
    text, said, report, status = bed.convert("--debuginfod")
    bed.check("cached, flag: no question", text == want and not bed.server.take_asked())
    shutil.rmtree(bed.cache)
    text, said, report, status = bed.convert("--debuginfod", "--binary", full)
    bed.check("found here: no question", text == want and not bed.server.take_asked())


def refusals(bed, want, where, build_id, other):
    bed.server.files = {where + "/executable": other, where + "/debuginfo": other}
    text, said, report, status = bed.convert("--debuginfod")
    bed.check("another build comes: not used, and said",
              "wrong build id" in report and build_id in report and status == 0
              and " p.cpp:" not in text and "functions" not in report, report)
    shutil.rmtree(bed.cache)
    bed.server.take_asked()
    with open(bed.here("noise"), "wb") as f:
        f.write(b"\x7fELF" + bytes(range(256)) * 16)
    bed.server.files = {where + "/executable": bed.here("noise")}
    text, said, report, status = bed.convert("--debuginfod")
    bed.check("garbage comes: said", "unreadable" in report and status == 0, report)
    shutil.rmtree(bed.cache)
    bed.server.files = {}
    text, said, report, status = bed.convert("--debuginfod")
    bed.check("nobody has it: said", "no file" in report and "servers gave none" in report
              and status == 0, report)
    text, said, report, status = bed.convert()
    bed.check("remembered as nowhere: still no file", "no file" in report, report)
    shutil.rmtree(bed.cache)


def silence(bed, build_id):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        dead = "http://127.0.0.1:%d" % s.getsockname()[1]
    text, said, report, status = bed.convert("--debuginfod", DEBUGINFOD_URLS=dead)
    bed.check("no server there: said, and the rest is done",
              build_id in said and "refused" in said and status == 0, said)
    bed.server.stall.clear()
    start = time.monotonic()
    text, said, report, status = bed.convert("--debuginfod", DEBUGINFOD_TIMEOUT="1",
                                             DEBUGINFOD_RETRY_LIMIT="0")
    took = time.monotonic() - start
    bed.server.stall.set()
    bed.check("a server that says nothing is left (%.1f s)" % took,
              took < 20 and "no server is asked any more" in said and status == 0, said)
    text, said, report, status = bed.convert("--debuginfod", DEBUGINFOD_URLS=" ")
    bed.check("no server named: an error",
              status == 2 and "DEBUGINFOD_URLS names no server" in said, said)
    os.mkdir(bed.here("lib"))
    with open(bed.here("lib", "libdebuginfod.so.1"), "w") as f:
        f.write("this is no library\n" * 100)
    text, said, report, status = bed.convert("--debuginfod", LD_LIBRARY_PATH=bed.here("lib"))
    bed.check("no library: an error", status == 4 and "libdebuginfod.so.1" in said, said)


def main():
    for tool in ("g++", "objcopy", "readelf"):
        if not shutil.which(tool):
            print("SKIPPED: no %s here; downloads are not tested" % tool)
            return 77
    try:
        ctypes.CDLL("libdebuginfod.so.1")
    except OSError:
        print("SKIPPED: no libdebuginfod here; downloads are not tested")
        return 77
    with tempfile.TemporaryDirectory() as top:
        bed = Bed(os.path.abspath(sys.argv[1]), top)
        full, other, build_id = build(bed)
        where = "/buildid/" + build_id
        want = bed.convert("--binary", full)[0]
        bed.check("the program has lines", " p.cpp:" in want or "p.cpp" in want)
        not_asked_for(bed, want, where)
        downloads(bed, want, where, full)
        refusals(bed, want, where, build_id, other)
        silence(bed, build_id)
    return 1 if bed.bad else 0


if __name__ == "__main__":
    sys.exit(main())
