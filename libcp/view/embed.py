#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns scripts and styles into C arrays.

usage: embed.py OUT.c HEADER PREFIX NAME=FILE,FILE... FILE...

Each NAME becomes PREFIX_NAME, of a struct PREFIX that HEADER declares, with the contents of
its files, which are given by their base names. Comments that fill a line and indentation are
left out. A page's content security policy names the hash of its script and styles, so these
are computed here.
"""
import base64
import hashlib
import os
import sys


def squeeze(text):
    lines, comment = [], False
    for line in text.splitlines():
        line = line.strip()
        if line.startswith('/*'):
            comment = True
        if not comment and line and not line.startswith('//'):
            lines.append(line)
        if comment and line.endswith('*/'):
            comment = False
    return '\n'.join(lines) + '\n'


def main():
    out, header, prefix = sys.argv[1:4]
    assets = [arg.split('=') for arg in sys.argv[4:] if '=' in arg]
    files = {os.path.basename(f): f for f in sys.argv[4:] if '=' not in f}
    with open(out, 'w', encoding='utf-8') as c:
        c.write('/* Made by embed.py. */\n#include "%s"\n' % header)
        for name, parts in assets:
            text = ''.join(squeeze(open(files[p], encoding='utf-8').read())
                           for p in parts.split(','))
            if parts.endswith('.js'):
                text = '(function () {\n"use strict";\n' + text + '})();\n'
            for bad in (']]>', '</', '<!--'):
                if bad in text:
                    sys.exit('%s: "%s" would end the element it stands in' % (name, bad))
            data = text.encode()
            digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
            c.write('\nstatic const char %s[] = {' % name)
            for i, byte in enumerate(data):
                c.write('%s%d,' % ('\n\t' if i % 20 == 0 else ' ', byte - 256 * (byte > 127)))
            c.write('\n\t0};\nconst struct %s %s_%s = {%s, sizeof %s - 1,\n'
                    '\t"sha256-%s"};\n' % (prefix, prefix, name, name, name, digest))


main()
