#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""heads.py SOURCE-FOLDER: every .c file says what it is for, in a comment below its license
or below its includes, before its first code. Programs of testdata are left out: their lines
stand in the debug information that was made of them."""
import sys
from pathlib import Path


def told(text):
    """Whether a comment that is about the file, not about what follows, stands above the code."""
    lines = text.split("\n")
    i = 0
    while i < len(lines):
        line = lines[i]
        if not line.strip() or line.startswith("/* SPDX") or (
                line.startswith("#") and not line.startswith("#define")):
            i += 1
            continue
        if not line.startswith("/*"):
            return False
        first = i
        while i + 1 < len(lines) and "*/" not in lines[i]:
            i += 1
        return first <= 2 or i + 1 >= len(lines) or not lines[i + 1].strip()
    return False


LICENSE = "/* SPDX-License-Identifier: Apache-2.0 */\n"
assert told(LICENSE + "/* Words. */\n#include <stdio.h>\n")
assert told(LICENSE + "#include <stdio.h>\n\n/* Words. */\n\nint x;\n")
assert not told(LICENSE + "#include <stdio.h>\n\n/* The number. */\nint x;\n")
assert not told(LICENSE + "#include <stdio.h>\n\nint x;\n")

top = Path(sys.argv[1])
files = [file for folder in ("libcp", "tools", "tests") for file in (top / folder).rglob("*.c")]
bad = [file for file in files if not told(file.read_text(encoding="utf-8"))]
for file in bad:
    print(f"{file.relative_to(top)} does not say what it is for")
print(f"{len(files)} files")
sys.exit(bool(bad) or len(files) < 400)
