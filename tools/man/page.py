#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""page.py SCDOC PROSE OUTPUT [OPTIONS]: a man page of PROSE, with a tool's OPTIONS section where
@OPTIONS@ stands."""
import subprocess
import sys


def tidied(roff):
    """Without the paragraphs that hold nothing, which scdoc makes around headings and
    indented blocks, and with the last block ended: mandoc complains of both."""
    out = []
    for line in roff.splitlines():
        if line[:3] in (".SH", ".SS", ".RE") and out[-1] == ".P":
            out.pop()
        if line == ".P" and out[-1][:3] in (".SH", ".SS", ".TH", ".RS", ".P"):
            continue
        out.append(line)
        if line == ".RE":
            out.append(".P")  # the space that was before it
    while out[-1] == ".P":
        out.pop()
    missing = sum(line.startswith(".RS") for line in out) - out.count(".RE")
    return "\n".join(out + [".RE"] * missing) + "\n"


scdoc, prose, output = sys.argv[1:4]
with open(prose, encoding="utf-8") as f:
    text = f.read()
if len(sys.argv) > 4:
    if "@OPTIONS@" not in text:
        sys.exit(f"{prose}: no @OPTIONS@")
    with open(sys.argv[4], encoding="utf-8") as f:
        text = text.replace("@OPTIONS@", f.read().rstrip())
page = subprocess.run([scdoc], input=text, check=True, stdout=subprocess.PIPE,
                      encoding="utf-8").stdout
with open(output, "w", encoding="utf-8") as f:
    f.write(tidied(page))
