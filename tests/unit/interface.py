#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""interface.py TOOL MAN-FOLDER README: a tool's --help, completion, man page and README agree
with its option table."""
import re
import shutil
import subprocess
import sys
from pathlib import Path

tool, man, readme = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
name = tool.name
bad = []


def run(*args):
    done = subprocess.run([tool, *args], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    if done.returncode or done.stderr:
        bad.append(f"{args}: status {done.returncode}, stderr {done.stderr!r}")
    return done.stdout


def expect(where, text, words):
    if words not in text:
        bad.append(f"{where} does not have {words}")


rows = [line.split("\t") for line in run("--completion", "list").splitlines()]
options = {row[0] for row in rows}
if len(options) != len(rows) or len(rows) < 12:
    bad.append("options listed twice, or too few")
aliases = {"--" + alias for row in rows for alias in row[3].split()}
letters = {row[1] for row in rows if row[1] != " "}
for wanted in ["--output", "--to", "--quiet", "--verbose", "--strict", "--threads",
               "--memory-limit", "--color", "--progress", "--help", "--version", "--input"]:
    if wanted not in options:
        bad.append(f"no option {wanted}")

text = run("--help")
if run("-h") != text:
    bad.append("-h and --help differ")
if not text.startswith(f"{name} - "):
    bad.append("--help does not begin with the name")
if not 0 < text.find("Examples:") < text.find("Usage:"):
    bad.append("--help does not show examples first")
for line in text.splitlines():
    if len(line) > 80:
        bad.append(f"--help is wider than 80 columns: {line}")
expect("--version", run("--version"), name)

scripts = {shell: run("--completion", shell) for shell in ("bash", "zsh", "fish")}
prose = (man / f"{name}.1.scd").read_text(encoding="utf-8")
section = run("--completion", "man")
for option, letter, arg, _ in rows:
    shown = option + (f"[={arg}]" if f"{option}[={arg}]" in text else f" {arg}" if arg else "")
    expect("--help", text, shown)
    expect("bash completion", scripts["bash"], option)
    expect("zsh completion", scripts["zsh"], option)
    expect("fish completion", scripts["fish"], "-l " + option[2:])
    expect("man page", section, f"*{option}*")
for shell, script in scripts.items():
    if shutil.which(shell) and subprocess.run([shell, "-n"], input=script,
                                              text=True).returncode:
        bad.append(f"{shell} does not take its completion script")


def known(option):
    option = option.split("=")[0]
    bare = option[2:]
    return option in options | aliases or "--no-" + bare in options or (
        bare.startswith("no-") and "--" + bare[3:] in options)


def examples(text):
    """The words after this tool's name on each line that calls it, up to a pipe."""
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        for call in re.split(r"[|;&]", line):
            words = call.split("#")[0].split()
            if words and words[0].split("/")[-1] == name:
                yield words[1:]


for word in re.findall(r"\*(--[a-z-]+)", prose):
    if not known(word):
        bad.append(f"the man page speaks of {word}, which does not exist")
for where, source in [("man page", prose), ("--help", text),
                      ("README", readme.read_text(encoding="utf-8"))]:
    for words in examples(source):
        for word in words:
            if word.startswith("--") and len(word) > 2 and not known(word):
                bad.append(f"{where}: an example uses {word}, which does not exist")
            if re.fullmatch(r"-[A-Za-z]", word) and word not in letters:
                bad.append(f"{where}: an example uses {word}, which does not exist")

print("\n".join(bad))
print(f"{name}: {len(rows)} options")
sys.exit(bool(bad))
