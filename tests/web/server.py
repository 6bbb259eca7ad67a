# SPDX-License-Identifier: Apache-2.0
"""cpweb started for a test, and a client that sends exactly the bytes it is told to."""
import gzip
import os
import re
import socket
import subprocess
import tempfile


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1]) if lines[0] else 0
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        if self.headers.get("content-encoding") == "gzip" and self.body:
            self.body = gzip.decompress(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


class Web:
    """with Web(CPWEB, "file.pb.gz") as web: web.get("/top")"""

    def __init__(self, program, *args, env=None, bind="-http=:0", **popen):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen([str(program), bind, *map(str, args)],
                                        stdout=subprocess.PIPE, stderr=self.errors,
                                        stdin=popen.pop("stdin", subprocess.DEVNULL),
                                        env={**os.environ, **(env or {})}, **popen)
        self.url = self.process.stdout.readline().decode().strip()
        match = re.match(r"http://([^/]+):(\d+)/(?:\?token=([0-9a-f]{32}))?$", self.url)
        if not match:
            raise RuntimeError(f"no address: {self.url!r} {self.said()}")
        self.port, self.token = int(match[2]), match[3]
        self.cookie = ""
        if self.token:
            answer = self.get("/?token=" + self.token)
            self.cookie = answer.headers["set-cookie"].split(";")[0]

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode()

    def raw(self, data, timeout=30, host="127.0.0.1"):
        """Sends bytes, returns all that comes back until the connection ends."""
        with socket.create_connection((host, self.port), timeout=timeout) as s:
            s.sendall(data)
            parts = []
            while True:
                try:
                    part = s.recv(1 << 16)
                except ConnectionResetError:
                    break
                if not part:
                    break
                parts.append(part)
        return b"".join(parts)

    def ask(self, method, target, headers=None, body=b"", cookie=True, version="1.1", timeout=30):
        lines = {"Host": f"localhost:{self.port}", "Connection": "close",
                 "Accept-Encoding": "gzip"}
        if cookie and self.cookie:
            lines["Cookie"] = self.cookie
        lines.update(headers or {})
        if body:
            lines["Content-Length"] = str(len(body))
        head = "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v is not None)
        return Answer(self.raw(f"{method} {target} HTTP/{version}\r\n{head}\r\n".encode() + body,
                               timeout))

    def get(self, target, headers=None, **more):
        return self.ask("GET", target, headers, **more)

    def post(self, target, body=b"", headers=None, **more):
        same = {"Origin": f"http://localhost:{self.port}",
                "Content-Type": "application/x-www-form-urlencoded"}
        same.update(headers or {})
        return self.ask("POST", target, same, body or b"x=1", **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
