#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""slurm.py TOOLS: the recipe of libcp/FLEET.md on real daemons (munged, slurmctld, slurmd) of this
test's own on loopback: an array of 40 tasks and a reduction. Whole; with an input that is cut; with
a task that is killed. A command of its own, not part of the suite; skipped (77) without root or
slurm-wlm and munge."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TASKS, FILES = 40, 3
DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch")
# What the page says, with the names of this test's tools; the shards' lists are there.
ARRAY = '''%scpmerge -0 --files-from shard.$SLURM_ARRAY_TASK_ID \\
  --skipped bad.$SLURM_ARRAY_TASK_ID.json -o part.$SLURM_ARRAY_TASK_ID.pb.gz'''
REDUCE = '''seq -f part.%%g.pb.gz 0 %d | cpmerge --files-from - --skipped bad.json -o all.pb.gz'''
CONFIG = '''ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={port1}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,sched_min_interval=100000
MinJobAge=300
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES State=UP
'''


def skip(why):
    print("SKIPPED: slurm:", why)
    sys.exit(77)


def free_ports():
    """Two ports beside each other that nobody has."""
    while True:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port + 1))
                return port
            except (OSError, OverflowError):
                continue


class Cluster:
    """One node that believes to have four processors."""

    def __init__(self, place):
        self.place, self.daemons = place, []
        host, port = socket.gethostname().split(".")[0], free_ports()
        config = place / "slurm.conf"
        config.write_text(CONFIG.format(place=place, host=host, port=port, port1=port + 1))
        # No cgroups: the daemons need none for this, and may not have them in a container.
        (place / "cgroup.conf").write_text("CgroupPlugin=autodetect\n")
        for folder in ("state", "spool"):
            (place / folder).mkdir()
        (place / "munge.key").write_bytes(os.urandom(128))
        os.chmod(place / "munge.key", 0o400)
        self.env = dict(os.environ, SLURM_CONF=str(config))
        self.start("munged", "--foreground", "--force", *(
            f"--{what}={place}/munge.{end}" for what, end in (
                ("socket", "socket"), ("key-file", "key"), ("pid-file", "pid"),
                ("log-file", "log"), ("seed-file", "seed"))))
        self.wait(lambda: (place / "munge.socket").exists(), "munged")
        self.start("slurmctld", "-D", "-f", config)
        self.start("slurmd", "-D", "-f", config, "-N", host)
        self.wait(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%T"), "the node")

    def start(self, *args):
        log = open(self.place / f"{args[0]}.out", "w")
        self.daemons.append(subprocess.Popen(list(map(str, args)), env=self.env, stdout=log,
                                             stderr=log))

    def ask(self, *args):
        return subprocess.run(args, env=self.env, capture_output=True, text=True).stdout.strip()

    def wait(self, there, what):
        for _ in range(600):
            if there():
                return
            time.sleep(0.2)
        for name in DAEMONS[:3]:
            log = self.place / f"{name}.out"
            print(name, log.read_text()[-2000:] if log.exists() else "was not started")
        skip(f"{what} does not come up here")

    def batch(self, folder, *args):
        """The number of a job."""
        done = subprocess.run(["sbatch", "--parsable", *args], env=self.env, cwd=folder,
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit("sbatch: " + done.stderr)
        return done.stdout.strip()

    def finish(self, job):
        for _ in range(1200):
            if not self.ask("squeue", "-h", "-j", job):
                return
            time.sleep(0.2)
        sys.exit("a job does not end: " + self.ask("squeue"))

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(timeout=60)


def make(folder, tools):
    """Shards of files, and the list of all of them in order."""
    folder.mkdir()
    names = []
    for i in range(TASKS):
        shard = []
        for k in range(FILES):
            n = i * FILES + k
            lines = ["main;g%d;f%d %d" % (j % 5, n * j % 17, n + j + 1) for j in range(50)]
            path = folder / f"host-{n:03}.pb.gz"
            subprocess.run([tools / "cpconv", "-", "-o", path], check=True,
                           input="\n".join(lines).encode())
            shard.append(path.name)
        (folder / f"shard.{i}").write_bytes("\0".join(shard).encode())
        names += shard
    return names


def run(cluster, folder, array="", tools=None):
    job = cluster.batch(folder, f"--array=0-{TASKS - 1}", "--wrap", ARRAY % array)
    last = cluster.batch(folder, f"--dependency=afterany:{job}", "--wrap",
                         REDUCE % (TASKS - 1))
    cluster.finish(last)
    if not (folder / "all.pb.gz").exists():
        for log in sorted(folder.glob("slurm-*.out")):
            if log.read_text():
                print(log.name, log.read_text()[-400:])
        sys.exit("not ok - the reduction gave nothing")
    said = subprocess.run([tools / "cpreport", "comments", folder / "all.pb.gz"],
                          capture_output=True, text=True, check=True).stdout
    return (folder / "all.pb.gz").read_bytes(), said.split("\n")


def merged(folder, tools, names):
    subprocess.run([tools / "cpmerge", *names, "--skipped", "one.json", "-o", "one.pb.gz"],
                   cwd=folder, check=True, capture_output=True)
    return (folder / "one.pb.gz").read_bytes()


def main():
    tools = Path(sys.argv[1]).resolve()
    os.environ["PATH"] = f"{tools}:{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [name for name in DAEMONS if not shutil.which(name)]
    if missing:
        skip("no %s (Debian: slurm-wlm, munge)" % ", ".join(missing))
    if os.geteuid():
        skip("only root can start its daemons")
    with tempfile.TemporaryDirectory() as place:
        place, results = Path(place), []
        cluster = Cluster(place)
        try:
            whole = place / "whole"
            names = make(whole, tools)
            got, _ = run(cluster, whole, tools=tools)
            results.append((got == merged(whole, tools, names),
                            f"{TASKS} tasks and a reduction: one merge's bytes, {len(got)}"))

            cut = place / "cut"
            names = make(cut, tools)
            data = (cut / names[22]).read_bytes()
            (cut / names[22]).write_bytes(data[:len(data) // 2])
            got, said = run(cluster, cut, tools=tools)
            listed = json.loads((cut / "bad.7.json").read_text())
            results.append((got == merged(cut, tools, names) and names[22] in json.dumps(listed),
                            "an input that is cut: " + "; ".join(filter(None, said))))

            died = place / "died"
            names = make(died, tools)
            kill = "[ $SLURM_ARRAY_TASK_ID != 7 ] || kill -9 $$\n"
            got, said = run(cluster, died, kill, tools)
            missing = json.loads((died / "bad.json").read_text())
            results.append(("part.7.pb.gz" in json.dumps(missing) and
                            "cpmerge: left out (missing): 1" in said and
                            not list(died.glob("part.7.*")),
                            "a task that is killed: " + "; ".join(filter(None, said))))
        finally:
            cluster.stop()
    for fine, what in results:
        print("ok" if fine else "not ok", "- slurm:", what)
    return not all(fine for fine, _ in results)


sys.exit(main())
