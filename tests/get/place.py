# SPDX-License-Identifier: Apache-2.0
"""Where cpget's tests run it: each in an empty home of its own."""
import base64
import json
import os
import subprocess
import sys
import tempfile
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CPGET = os.path.abspath(sys.argv[1])
TOOLS = os.path.dirname(CPGET)
SECRET = "hunter2-in-a-test"


# cpget syncs what it keeps, which a busy disk makes slow; memory does not.
if os.access("/dev/shm", os.W_OK | os.X_OK):
    tempfile.tempdir = "/dev/shm"


class Skip(Exception):
    pass


class Place:
    """An empty home with what cpget leaves in it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.env = {"PATH": TOOLS + ":" + os.environ["PATH"], "HOME": folder,
                    "LC_ALL": "C.UTF-8", "http_proxy": "http://127.0.0.1:1/",
                    "HTTP_PROXY": "http://127.0.0.1:1/", "ALL_PROXY": "http://127.0.0.1:1/",
                    **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}

    def start(self, *args, **kwargs):
        kwargs = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                  "stderr": subprocess.PIPE, **kwargs}
        return subprocess.Popen([CPGET, *map(str, args)], cwd=self.folder, env=self.env,
                                **kwargs)

    def run(self, *args, status=0, **kwargs):
        process = self.start(*args, **kwargs)
        out, err = process.communicate(timeout=240)
        self.out, self.err = (out or b"").decode(), err.decode()
        assert process.returncode == status, (args, process.returncode, self.out, self.err)
        return self.out

    def json(self, *args, **kwargs):
        """The captures, after checking that the sentences were said, too."""
        captures = json.loads(self.run("--json", *args, **kwargs))["captures"]
        for capture in captures:
            if capture["sentence"]:
                assert capture["sentence"] in self.err, (capture, self.err)
        return captures

    def files(self):
        return sorted(str(f.relative_to(self.folder)) for f in self.folder.rglob("*")
                      if f.is_file() or f.is_socket())

    def read(self, name):
        return (self.folder / name.strip()).read_bytes()


def local(server, path=""):
    return f"127.0.0.1:{server.port}{path}"


def assert_no_secret(place):
    """In nothing that was printed, and in no file."""
    words = [SECRET.encode(), base64.b64encode(f"me:{SECRET}".encode()),
             base64.b64encode(SECRET.encode())]
    texts = [place.out.encode(), place.err.encode()]
    texts += [(place.folder / name).read_bytes() for name in place.files()
              if not name.startswith("secret")]
    texts += [name.encode() for name in place.files()]
    for text in texts:
        for word in words:
            assert word not in text, text


def outcome(name, test):
    with tempfile.TemporaryDirectory() as folder:
        try:
            test(Place(folder))
            return f"ok - {name}"
        except Skip as why:
            return f"ok - {name} # SKIP {why}"
        except Exception:
            trace = "".join("# " + line for line in traceback.format_exc().splitlines(True))
            return f"not ok - {name}\n{trace.rstrip()}"


def main(tests):
    """Runs the functions test_… of a module, or those that the command line names."""
    wanted = sys.argv[2:] or [name[5:] for name in tests if name.startswith("test_")]
    print(f"1..{len(wanted)}")
    failed = False
    # They wait for most of their time.
    with ThreadPoolExecutor(3) as pool:
        for said in pool.map(lambda name: outcome(name, tests["test_" + name]), wanted):
            print(said, flush=True)
            failed |= said.startswith("not")
    sys.exit(failed)
