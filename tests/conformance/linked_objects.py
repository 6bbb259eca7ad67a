#!/usr/bin/env python3
"""Only the two objects of libiberty that come with the linking exception are linked; see
"What is linked in" in libcp/ARCHITECTURE.md. usage: linked_objects.py LIBCP.SO"""
import shutil
import subprocess
import sys

# One symbol of each object that must stay out, and of each that must be there.
ABSENT = {"_sch_tolower": "safe-ctype.o", "cplus_demangle_set_style": "cplus-dem.o",
          "dlang_demangle": "d-demangle.o", "xmalloc": "xmalloc.o", "hex_value": "hex.o"}
PRESENT = {"cplus_demangle_v3_callback": "cp-demangle.o",
           "rust_demangle_callback": "rust-demangle.o"}

if not shutil.which("nm"):
    print("SKIPPED: no nm here; what is linked in is not tested")
    sys.exit(77)
symbols = {l.split()[-1] for l in subprocess.run(
    ["nm", sys.argv[1]], check=True, capture_output=True, text=True).stdout.splitlines() if l}
bad = ["%s (%s) is linked in" % x for x in ABSENT.items() if x[0] in symbols]
bad += ["%s (%s) is not there" % x for x in PRESENT.items() if x[0] not in symbols]
print("\n".join(bad) or "as documented")
sys.exit(bool(bad))
