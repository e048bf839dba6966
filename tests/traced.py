"""Runs the program under strace and tells what it reached for: addresses, and files to write.

strace prints a call's arguments whether it succeeds or not, so that a try counts as the deed.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LIMIT_S = 100.0

CALLS = (
    "connect,sendto,sendmsg,sendmmsg,bind,open,openat,creat,mkdir,mkdirat,rename,renameat,"
    "renameat2,link,linkat,symlink,symlinkat,mknod,mknodat,truncate,"
    "setxattr,lsetxattr,execve"
)
OPENS = re.compile(r'\b(?:open|openat|creat)\((?:\S+, )?"([^"]*)", ([A-Z_|0-9]+)')
MAKES = re.compile(
    r"\b(?:mkdir|mkdirat|rename|renameat|renameat2|link|linkat|symlink|symlinkat|mknod|mknodat|"
    r"truncate|setxattr|lsetxattr)\((.*)"
)
ADDRESS = re.compile(
    r"sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"
    r'"([^"]+)"'
)
FAMILY = re.compile(r"sa_family=(AF_[A-Z0-9]+)")
LOCAL_FAMILIES = {"AF_UNIX", "AF_NETLINK", "AF_INET", "AF_INET6", "AF_UNSPEC"}


@cache
def why_not() -> str:
    """Why nothing can be traced here; empty where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    done = subprocess.run(["strace", "-f", "-o", os.devnull, "true"], capture_output=True)
    return "" if done.returncode == 0 else "this system lets no process trace another"


@dataclass(frozen=True)
class Trace:
    """What a run reached for."""

    addresses: frozenset[tuple[str, int]]  # of the network, whatever the protocol
    other_families: frozenset[str]  # of sockets, beside the network's and local ones
    written: frozenset[Path]  # files and folders made or opened for writing
    programs: tuple[str, ...]  # that were started
    out: str


def run_traced(
    folder: Path,
    environment: Mapping[str, str],
    *command: str | Path,
    until: Callable[[], bool] = lambda: False,
) -> Trace:
    """Run a command in `environment["HOME"]` until it ends, or until `until` and then Ctrl+C.

    Args:
        folder: Where the trace is written.
        environment: Of the command.
        command: What is run; its first word is Python's first argument.
        until: Asked ten times a second.
    """
    path = folder / "trace.txt"
    with (folder / "out.txt").open("w+") as out:
        process = subprocess.Popen(
            [*under_strace(path), sys.executable, *command],
            env=dict(environment),
            cwd=environment["HOME"],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(lambda: process.poll() is not None or until(), LIMIT_S)
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(LIMIT_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(LIMIT_S)
        out.seek(0)
        said = out.read()
    return read_trace(path, process.pid, Path(environment["HOME"]), said)


def under_strace(path: Path) -> list[str]:
    """What is put before a command, so that strace writes into `path`."""
    # -D: the program is our child, and gets the signal; strace is its grandchild.
    words = ["strace", "-D", "-f", "--seccomp-bpf", "-s", "4096"]
    return [*words, "-e", f"trace={CALLS}", "-o", str(path), "--"]


def read_trace(path: Path, process: int, home: Path, said: str) -> Trace:
    """What strace has written, once it has seen the process end."""
    end = f"{process} +++ "
    _wait(lambda: any(line.startswith(end) for line in _lines(path)), LIMIT_S)
    return parsed(_lines(path), home, said)


def _wait(done: Callable[[], bool], limit_s: float) -> None:
    limit = time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < limit, f"not within {limit_s:g} s"
        time.sleep(0.1)


def _lines(path: Path) -> list[str]:
    return [
        re.sub(r"^(\d+) +", r"\1 ", line)
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
    ]


def parsed(lines: list[str], home: Path, out: str) -> Trace:
    """A trace from strace's lines."""
    addresses, families, written, programs = set(), set(), set(), []
    for line in lines:
        call = line.partition(" ")[2]
        if found := OPENS.match(call):
            if re.search(r"O_WRONLY|O_RDWR|O_CREAT", found[2]) or call.startswith("creat"):
                written.add(home / found[1])
        elif found := MAKES.match(call):
            written |= {home / name for name in re.findall(r'"([^"]*)"', found[1])[-1:]}
        elif call.startswith("execve("):
            programs += re.findall(r'^execve\("([^"]*)"', call)
        elif not call.startswith("bind("):
            addresses |= {(host, int(port)) for port, host in ADDRESS.findall(call)}
            families |= set(FAMILY.findall(call)) - LOCAL_FAMILIES
    return Trace(
        frozenset(addresses),
        frozenset(families),
        frozenset(written),
        tuple(programs),
        out,
    )
