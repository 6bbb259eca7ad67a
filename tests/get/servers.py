# SPDX-License-Identifier: Apache-2.0
"""Servers on loopback that answer as others do, well and badly. No packet leaves the machine.

A handler is called with the request and returns the bytes of the whole answer, or writes to
request.socket itself and returns None. What every server was asked is kept in Server.seen.
"""
import os
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

TESTDATA = Path(__file__).resolve().parent.parent.parent / "testdata"
CPU = (TESTDATA / "pprof" / "good-go-cpu.pb.gz").read_bytes()
HEAP = (TESTDATA / "pprof" / "good-go-heap.pb.gz").read_bytes()
LEGACY = (TESTDATA / "legacy" / "good-cpu.prof").read_bytes()


class Request:
    def __init__(self, connection):
        self.socket = connection
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(65536)
            if not more:
                raise ConnectionError
            head += more
        head, self.body = head.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ", 2)
        self.path, _, query = self.target.partition("?")
        self.query = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
        self.headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        while len(self.body) < int(self.headers.get("content-length", 0)):
            self.body += connection.recv(65536)

    def send(self, data):
        self.socket.sendall(data)

    def gone(self, seconds):
        """Waits; whether the client hung up meanwhile."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(1) == b""
        except (TimeoutError, socket.timeout):
            return False
        except OSError:
            return True


class Server:
    """Context manager; `port` is set inside. `where` is a path for a unix socket."""

    def __init__(self, handler, where=None, tls=None, address="127.0.0.1", port=0):
        self.handler, self.seen, self.tls, self.where = handler, [], tls, where
        if where:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(where)
        else:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((address, port))
            self.port = self.listener.getsockname()[1]
        self.listener.listen(128)

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            if getattr(self.handler, "raw", False):
                answer = self.handler(connection)
            else:
                request = Request(connection)
                self.seen.append(request)
                answer = self.handler(request)
            if answer is not None:
                connection.sendall(answer)
            connection.close()
        except (OSError, ValueError, ConnectionError):
            connection.close()


def raw(handler):
    """For handlers that take the bare connection."""
    handler.raw = True
    return handler


def answer(body, status="200 OK", kind="application/octet-stream", **headers):
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}",
             *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def gives(*args, **kwargs):
    data = answer(*args, **kwargs)
    return lambda request: data


# What frameworks say of a path that they do not know.

def net_http(request):
    return answer("404 page not found\n", "404 Not Found", "text/plain; charset=utf-8",
                  X_Content_Type_Options="nosniff")


def gin(request):
    return answer("404 page not found", "404 Not Found", "text/plain")


def echo(request):
    return answer('{"message":"Not Found"}\n', "404 Not Found", "application/json")


def fiber(request):
    return answer(f"Cannot GET {request.path}", "404 Not Found", "text/plain")


def nginx(status):
    page = (f"<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}"
            "</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n")
    return gives(page, status, "text/html", Server="nginx/1.22.1")


def pprof(request):
    """As net/http/pprof under /debug/pprof/, faster than its clock says."""
    name = request.path.removeprefix("/debug/pprof/")
    if request.path == name:
        return net_http(request)
    if name == "profile":
        return answer(CPU, Content_Disposition='attachment; filename="profile"')
    if name in ("heap", "allocs"):
        return answer(HEAP)
    if name == "":
        return INDEX(request)
    if name == "trace":
        return answer(b"go 1.19 trace\x00\x00\x00" + b"\x01" * 64)
    if (TESTDATA / "pprof" / f"good-go-{name}.pb.gz").exists():
        return answer((TESTDATA / "pprof" / f"good-go-{name}.pb.gz").read_bytes())
    return answer("Unknown profile\n", "404 Not Found", "text/plain; charset=utf-8",
                  X_Content_Type_Options="nosniff", X_Go_Pprof="1")


INDEX = gives("<html>\n<head>\n<title>/debug/pprof/</title>\n</head>\n<body>\n/debug/pprof/\n"
              "<br>\nSet debug=1 as a query parameter to export in legacy text format<br>\n"
              "Types of profiles available:", kind="text/html; charset=utf-8")


def gperftools(symbol_status=200):
    """As gperftools' handlers below /pprof/; addresses only, names by POST."""
    def handler(request):
        if request.path == "/pprof/profile":
            return answer(LEGACY)
        if request.path != "/pprof/symbol" or symbol_status != 200:
            return answer("no\n", f"{symbol_status} No")
        if request.method == "GET":
            return answer("num_symbols: 1\n")
        lines = [f"{a}\tfunction_{i}" for i, a in enumerate(request.body.decode().split("+"))]
        return answer("\n".join(lines) + "\n", kind="text/plain")
    return handler


def tikv(request):
    """A picture for whoever does not ask for a protobuf."""
    if request.headers.get("content-type") == "application/protobuf":
        return answer(CPU)
    return answer("<svg>no</svg>", kind="image/svg+xml")


class Busy:
    """Another profiler is running, for the first few requests."""

    def __init__(self, times):
        self.left = times

    def __call__(self, request):
        self.left -= 1
        if self.left < 0:
            return answer(CPU)
        return answer("Could not enable CPU profiling: cpu profiling already in use\n",
                      "500 Internal Server Error", "text/plain; charset=utf-8",
                      X_Go_Pprof="1", X_Content_Type_Options="nosniff")


def endless(request):
    request.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        request.send(bytes(65536))


def trickle(request):
    request.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while not request.gone(0.1):
        request.send(b"x")


def endless_headers(request):
    request.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        request.send(b"X-More: " + b"y" * 900 + b"\r\n")


def endless_header(request):
    request.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        request.send(b"y" * 65536)


def silent(request):
    while not request.gone(60):
        pass


def certificate(folder):
    """A self-signed certificate for localhost; None without openssl."""
    key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    try:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                        key, "-out", cert, "-days", "30", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"],
                       check=True, capture_output=True)
    except FileNotFoundError:
        return None
    return cert, key


def tls_context(pair, ask=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    if ask:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ask)
    return context


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.01)
