#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""page.py PROSE OPTIONS OUTPUT: puts the tool's OPTIONS section where @OPTIONS@ stands."""
import sys

prose, options, output = sys.argv[1:]
with open(options, encoding="utf-8") as f:
    options = f.read()
with open(prose, encoding="utf-8") as f:
    text = f.read()
if "@OPTIONS@" not in text:
    sys.exit(f"{prose}: no @OPTIONS@")
with open(output, "w", encoding="utf-8") as f:
    f.write(text.replace("@OPTIONS@", options.rstrip()))
