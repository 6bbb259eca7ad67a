#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""page.py PROSE TOOL OUTPUT: puts the tool's OPTIONS section where @OPTIONS@ stands."""
import subprocess
import sys

prose, tool, output = sys.argv[1:]
options = subprocess.run([tool, "--completion", "man"], check=True, capture_output=True,
                         encoding="utf-8").stdout
with open(prose, encoding="utf-8") as f:
    text = f.read()
if "@OPTIONS@" not in text:
    sys.exit(f"{prose}: no @OPTIONS@")
with open(output, "w", encoding="utf-8") as f:
    f.write(text.replace("@OPTIONS@", options.rstrip()))
