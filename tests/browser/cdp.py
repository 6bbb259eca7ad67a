# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium driven through its DevTools protocol; the standard library only.

    with Browser() as browser:
        page = browser.open("file:///tmp/x.svg")
        page.eval("document.title")

find() tells where the browser is; None: not installed.
"""
import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request


def find():
    for name in ("chromium", "chromium-browser", "chrome-headless-shell", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    return None


class Socket:
    """The client side of a WebSocket, text messages only."""

    def __init__(self, url):
        host, path = url[5:].split("/", 1)
        name, port = host.split(":")
        self.sock = socket.create_connection((name, int(port)), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall((f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
                           f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                           "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.sock.recv(4096)
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(head.decode())

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        n = len(data)
        head = b"\x81" + (struct.pack("!B", 0x80 | n) if n < 126 else
                          struct.pack("!BH", 0xfe, n) if n < 65536 else
                          struct.pack("!BQ", 0xff, n))
        key = (mask * (n // 4 + 1))[:n]
        body = (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(n, "big")
        self.sock.sendall(head + mask + body)

    def take(self, n):
        parts, have = [self.rest], len(self.rest)
        while have < n:
            part = self.sock.recv(max(65536, n - have))
            if not part:
                raise RuntimeError("the browser went away")
            parts.append(part)
            have += len(part)
        data = b"".join(parts)
        self.rest = data[n:]
        return data[:n]

    def receive(self):
        text = b""
        while True:
            first, n = self.take(2)
            if n == 126:
                n = struct.unpack("!H", self.take(2))[0]
            elif n == 127:
                n = struct.unpack("!Q", self.take(8))[0]
            data = self.take(n)
            if first & 15 in (0, 1, 2):
                text += data
                if first & 0x80:
                    return text.decode()


class Page:
    def __init__(self, url, width, height, dark=False):
        self.socket, self.n, self.console = Socket(url), 0, []
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")
        self.size(width, height)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def call(self, method, **params):
        self.n += 1
        self.socket.send(json.dumps({"id": self.n, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.receive())
            if message.get("id") == self.n:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.event(message)

    def event(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.console.append(str(params["exceptionDetails"].get("exception", params)))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.console.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.console.append(params["entry"]["text"])

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def goto(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def eval(self, script):
        got = self.call("Runtime.evaluate", expression=script, returnByValue=True,
                        awaitPromise=True)
        if "exceptionDetails" in got:
            raise RuntimeError(f"{script}: {got['exceptionDetails']}")
        return got["result"].get("value")

    def wait(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while True:
            try:
                if self.eval(condition):
                    return
            except RuntimeError:
                pass
            if time.monotonic() > end:
                raise RuntimeError(f"never came true: {condition}")
            time.sleep(0.02)

    def settle(self):
        """Two frames painted."""
        self.eval("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def mouse(self, x, y, kind=None):
        for what in ([kind] if kind else ["mouseMoved", "mousePressed", "mouseReleased"]):
            self.call("Input.dispatchMouseEvent", type=what, x=x, y=y, clickCount=1,
                      button="none" if what == "mouseMoved" else "left")

    def key(self, key, text=None, modifiers=0):
        code = {"Enter": 13, "Escape": 27, "Backspace": 8, "ArrowUp": 38, "ArrowDown": 40,
                "ArrowLeft": 37, "ArrowRight": 39, "F3": 114}.get(key, ord(key[0]))
        text = {"Enter": "\r"}.get(key, text if text else key if len(key) == 1 else None)
        down = {"type": "keyDown", "key": key, "windowsVirtualKeyCode": code,
                "modifiers": modifiers}
        if text and not modifiers:
            down["text"] = text
        self.call("Input.dispatchKeyEvent", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key,
                  windowsVirtualKeyCode=code, modifiers=modifiers)

    def type(self, text):
        for c in text:
            self.key(c)

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))


class Browser:
    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="cp-browser-")
        self.process = subprocess.Popen(
            [find(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync",
             "--disable-component-update", "--no-default-browser-check", "--mute-audio",
             "--remote-debugging-port=0", f"--user-data-dir={self.home}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = os.path.join(self.home, "DevToolsActivePort")
        end = time.monotonic() + 60
        while not (os.path.exists(port) and open(port).read().count("\n")):
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("the browser does not start")
            time.sleep(0.05)
        self.port = int(open(port).read().split()[0])

    def open(self, url, width=1280, height=800, dark=False):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/json/new?about:blank", method="PUT")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        target = json.load(opener.open(request, timeout=60))
        page = Page(target["webSocketDebuggerUrl"], width, height, dark)
        page.goto(url)
        return page

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.home, ignore_errors=True)
