# SPDX-License-Identifier: Apache-2.0
"""onterminal.py COMMAND...: runs it on a terminal of its own; shows what arrives there, with
control characters as cat -v has them, and the status."""
import os
import pty
import subprocess
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
text = b""
try:
    while piece := os.read(terminal, 65536):
        text += piece
except OSError:
    pass
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
subprocess.run(["cat", "-v"], input=text.replace(b"\r\n", b"\n"), check=True)
print(f"{status} {' '.join(map(os.path.basename, sys.argv[1:]))}", flush=True)
