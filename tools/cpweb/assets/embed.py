#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns cpweb's scripts and styles into C arrays, with the hashes that its policy names.

usage: embed.py OUT.c FILE...
"""
import base64
import hashlib
import os
import sys

APP = ['base.js', 'units.js', 'table.js', 'keep.js', 'head.js', 'top.js', 'peek.js', 'tags.js',
       'symbols.js', 'info.js', 'runs.js', 'diff.js', 'time.js', 'callgraph.js', 'source.js',
       'disasm.js', 'app.js']
ASSETS = {'app': APP, 'door': ['base.js', 'door.js'], 'wait': ['base.js', 'wait.js'],
          'style': ['app.css']}


def squeeze(text):
    """Without indentation and without comments that fill a line."""
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
    out, files = sys.argv[1], {os.path.basename(f): f for f in sys.argv[2:]}
    with open(out, 'w', encoding='utf-8') as c:
        c.write('/* Made by embed.py. */\n#include "cpweb/page.h"\n')
        for name, parts in ASSETS.items():
            text = ''.join(squeeze(open(files[p], encoding='utf-8').read()) for p in parts)
            if name != 'style':
                text = '(function () {\n"use strict";\n' + text + '})();\n'
            for bad in ('</', '<!--'):
                if bad in text:
                    sys.exit(f'{name}: "{bad}" would end the element it stands in')
            data = text.encode()
            digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
            c.write(f'\nstatic const char {name}[] = {{')
            for i, byte in enumerate(data):
                c.write('%s%d,' % ('\n\t' if i % 20 == 0 else ' ', byte - 256 * (byte > 127)))
            c.write(f'\n\t0}};\nconst struct asset asset_{name} = {{{name}, sizeof {name} - 1,\n'
                    f'\t"sha256-{digest}"}};\n')


main()
