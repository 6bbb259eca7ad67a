#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the flame graph's script and styles into C arrays.

usage: embed.py OUT.c FILE...

The picture gets the files up to the application, the page gets all. Comments that fill a
line and indentation are left out. A page's content security policy names the hash of its
script and styles, so these are computed here.
"""
import base64
import hashlib
import os
import sys

APP = ['flame.js', 'flame_text.js', 'flame_draw.js', 'flame_search.js', 'flame_details.js',
       'flame_address.js', 'flame_ui.js', 'flame_app.js']
ASSETS = {
    'script': APP + ['flame_start.js'],
    'page': APP + ['flame_page.js', 'flame_start.js'],
    'style': ['flame.css'],
    'picture': ['picture.css'],
}


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
    out, files = sys.argv[1], {os.path.basename(f): f for f in sys.argv[2:]}
    with open(out, 'w', encoding='utf-8') as c:
        c.write('/* Made by embed.py. */\n#include "view/flame/flame.h"\n')
        for name, parts in ASSETS.items():
            text = ''.join(squeeze(open(files[p], encoding='utf-8').read()) for p in parts)
            if name in ('script', 'page'):
                text = '(function () {\n"use strict";\n' + text + '})();\n'
            for bad in (']]>', '</', '<!--'):
                if bad in text:
                    sys.exit('%s: "%s" would end the element it stands in' % (name, bad))
            data = text.encode()
            digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
            c.write('\nstatic const char %s[] = {' % name)
            for i, byte in enumerate(data):
                c.write('%s%d,' % ('\n\t' if i % 20 == 0 else ' ', byte - 256 * (byte > 127)))
            c.write('\n\t0};\nconst struct cpi_asset cpi_asset_%s = {%s, sizeof %s - 1,\n'
                    '\t"sha256-%s"};\n' % (name, name, name, digest))


main()
