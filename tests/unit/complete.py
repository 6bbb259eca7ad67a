#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""complete.py TOOLS-FOLDER: completions in real shells, typed on a pseudo-terminal: names with
blanks, lists of values, folders where folders are meant, reports. A shell that is absent is
skipped, and said."""
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS = 60  # a loaded machine's patience for one answer

# What is typed before the tab, and the arguments that must arrive: the tool's name is a
# program that keeps them. What nothing fits stays as it was typed.
CASES = [
    ("cpconv two", ["two words.data"]),
    ("cpconv -o two", ["-o", "two words.data"]),
    ("cpconv --output two", ["--output", "two words.data"]),
    ("cpconv --output=two", ["--output=two words.data"]),
    ("cpconv 'two", ["two words.data"]),
    ("cpconv two\\ w", ["two words.data"]),
    ("cpconv fol", ["folder one"]),
    ("cpconv --symfs two", ["--symfs", "two"]),  # no folder is called so
    ("cpconv --symfs fo", ["--symfs", "folder one"]),
    ("cpconv --symfs=fo", ["--symfs=folder one"]),
    ("cpconv --demangle te", ["--demangle", "templates"]),
    ("cpconv --demangle=te", ["--demangle=templates"]),
    ("cpconv --to spee", ["--to", "speedscope"]),
    ("cpconv --memory-limit two", ["--memory-limit", "two"]),  # no file is meant
    ("cpconv --memo", ["--memory-limit"]),
    ("cpreport pee", ["peek"]),
    ("cpreport two", ["two words.data"]),
    ("cpreport top two", ["top", "two words.data"]),
    ("cpreport --to js", ["--to", "json"]),
    ("cpflame --to fra", ["--to", "frames"]),
]


class Shell:
    """A shell on a pseudo-terminal that keeps a record of what was shown."""

    def __init__(self, args, folder, env):
        self.shown = b""
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(folder)
            os.execvpe(args[0], args, env)

    def send(self, text):
        os.write(self.fd, text.encode())

    def wait_for(self, condition):
        """Reads on, so that the shell can write on, until the condition holds."""
        end = time.monotonic() + SECONDS
        while not condition() and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.02)[0]:
                try:
                    self.shown += os.read(self.fd, 65536)
                except OSError:
                    return False
        return condition()

    def end(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def start(name, folder, share, env):
    """A shell without its user's settings that has loaded all scripts."""
    if name == "bash":
        shell = Shell(["bash", "--noprofile", "--norc"], folder, env)
        shell.send(f"for f in '{share}'/bash-completion/completions/*; do . $f; done\n")
    elif name == "zsh":
        shell = Shell(["zsh", "-f"], folder, env)
        shell.send(f"fpath=('{share}/zsh/site-functions' $fpath); autoload -Uz compinit; "
                   "compinit -u -D; unsetopt beep\n")
    else:
        shell = Shell(["fish", "--private"], folder, env)
        shell.send(f"set fish_complete_path '{share}/fish/vendor_completions.d'\n")
    marker = Path(folder).parent / "started"
    marker.unlink(missing_ok=True)
    shell.send(f"touch '{marker}'\n")
    if shell.wait_for(marker.exists):
        return shell
    sys.exit(f"{name} does not start:\n{shell.shown.decode(errors='replace')}")


def try_shell(name, folder, share, env):
    bad = []
    arguments = Path(env["CP_ARGUMENTS"])
    shell = start(name, folder, share, env)
    for typed, wanted in CASES:
        arguments.unlink(missing_ok=True)
        shell.shown = b""
        shell.send(typed + "\t\n")
        if not shell.wait_for(arguments.exists):
            sys.exit(f"{name}: {typed}<tab>: nothing was run\n"
                     f"{shell.shown.decode(errors='replace')}")
        # zsh takes the slash behind a folder away again when a line ends there.
        got = [a.rstrip("/") for a in arguments.read_text(encoding="utf-8").split("\n")[:-1]]
        if got != wanted:
            bad.append(f"{name}: {typed}<tab> gave {got}, not {wanted}")
    shell.end()
    return bad


def main():
    tools = Path(sys.argv[1]).resolve()
    bad, shells = [], []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as top:
        work, programs, share = (Path(top, n) for n in ("work", "programs", "share"))
        # Where there is this folder fish does not begin to read the system's man pages.
        read = Path(top, ".local", "share", "fish", "generated_completions")
        for folder in (work / "folder one", programs, read):
            folder.mkdir(parents=True)
        (work / "two words.data").touch()
        for name in sorted({typed.split()[0] for typed, _ in CASES}):
            at = programs / name
            at.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >"$CP_ARGUMENTS.new"\n'
                          'mv "$CP_ARGUMENTS.new" "$CP_ARGUMENTS"\n', encoding="utf-8")
            at.chmod(0o755)
            for shell, place in [("bash", f"bash-completion/completions/{name}"),
                                 ("zsh", f"zsh/site-functions/_{name}"),
                                 ("fish", f"fish/vendor_completions.d/{name}.fish")]:
                (share / place).parent.mkdir(parents=True, exist_ok=True)
                done = subprocess.run([tools / name, "--completion", shell], check=True,
                                      capture_output=True)
                (share / place).write_bytes(done.stdout)
        env = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(work.parent), "TERM": "xterm",
               "LC_ALL": "C.UTF-8", "CP_ARGUMENTS": str(Path(top, "arguments"))}
        for shell in ("bash", "zsh", "fish"):
            if not shutil.which(shell):
                print(f"SKIPPED in part: there is no {shell}")
                continue
            bad += try_shell(shell, work, share, env)
            shells.append(shell)
    print("\n".join(bad))
    print(f"{len(CASES)} lines in {', '.join(shells) or 'no shell'}")
    if not shells:
        sys.exit(77)
    sys.exit(bool(bad))


main()
