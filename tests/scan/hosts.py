"""Two hosts on this machine: two network namespaces with a cable between them, and Ray on both."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from program import ROOT, environment

HEAD, OTHER = "10.77.0.1", "10.77.0.2"
PORT = 6399
START_S = 120.0


def why_not() -> str:
    """Why there can be no such hosts here; empty where there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need root on Linux"
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    name = f"mm-try-{os.getpid()}"
    done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if done.returncode:
        return f"this system makes no network namespace: {done.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=False)
    return ""


class Hosts:
    """Two hosts; whatever runs on them ends with them."""

    def __init__(self, folder: Path) -> None:
        self._names = [f"mm-{os.getpid()}-{side}" for side in "ab"]
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self._environment = environment(folder) | {
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(folder / "token"),
        }
        (folder / "token").write_text(secrets.token_hex(32))
        (folder / "token").chmod(0o600)
        a, b = self._names
        _ip("netns", "add", a)
        _ip("netns", "add", b)
        _ip("link", "add", "mmva", "netns", a, "type", "veth", "peer", "name", "mmvb", "netns", b)
        for name, address, card in ((a, HEAD, "mmva"), (b, OTHER, "mmvb")):
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", card)
            _ip("-n", name, "link", "set", card, "up")
            _ip("-n", name, "link", "set", "lo", "up")

    def command(self, host: int, *arguments: str | Path) -> list[str]:
        inside = ["ip", "netns", "exec", self._names[host], sys.executable]
        return [*inside, *map(str, arguments)]

    def ray(self, host: int, *arguments: str) -> subprocess.Popen[bytes]:
        """Start Ray there; it runs until it is killed."""
        # a short path: a socket's name has at most 107 letters
        command = self.command(
            host, "-m", "monitor.scan.host", "start", "--block", "--num-cpus=1", *arguments
        )
        with (self._folder / f"ray{len(self._running)}.log").open("wb") as told:
            running = subprocess.Popen(
                command,
                stdout=told,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=ROOT,
                start_new_session=True,
            )
        self._running.append(running)
        return running

    def begin(self, temporary: Path) -> None:
        """A cluster of both, which has two processors."""
        memory = f"--object-store-memory={80 * 2**20}"
        self.ray(
            *(0, "--head", f"--node-ip-address={HEAD}", f"--port={PORT}", memory),
            *("--include-dashboard=false", f"--temp-dir={temporary}"),
        )
        self._until(1)
        self.ray(1, f"--address={HEAD}:{PORT}", f"--node-ip-address={OTHER}", memory)
        self._until(2)

    def _until(self, hosts: int) -> None:
        script = (
            f"import ray; ray.init(address='{HEAD}:{PORT}', log_to_driver=False); "
            f"print(sum(node['Alive'] for node in ray.nodes()))"
        )
        limit = time.monotonic() + START_S
        while time.monotonic() < limit:
            done = self.run(0, "-c", script)
            if done.stdout.strip() == str(hosts):
                return
            time.sleep(1)
        logs = [path.read_text()[-1000:] for path in self._folder.glob("ray*.log")]
        raise AssertionError(f"there are no {hosts} hosts: {done.stderr[-1000:]} {logs}")

    def run(self, host: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(host, *arguments),
            capture_output=True,
            text=True,
            env=self._environment,
            cwd=ROOT,
            timeout=1200,
        )

    def popen(
        self, host: int, arguments: Sequence[str | Path], told: Path
    ) -> subprocess.Popen[bytes]:
        with told.open("wb") as file:
            return subprocess.Popen(
                self.command(host, *arguments),
                stdout=file,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=ROOT,
                start_new_session=True,
            )

    def processes(self, host: int) -> list[int]:
        """What runs there."""
        done = subprocess.run(
            ["ip", "netns", "pids", self._names[host]], capture_output=True, text=True, check=True
        )
        return [int(pid) for pid in done.stdout.split()]

    def end(self) -> None:
        for host in (0, 1):
            for pid in self.processes(host):
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    continue
        for running in self._running:
            running.wait(30)
        for name in self._names:
            _ip("netns", "del", name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@contextmanager
def two_hosts(folder: Path, temporary: Path) -> Iterator[Hosts]:
    hosts = Hosts(folder)
    try:
        hosts.begin(temporary)
        yield hosts
    finally:
        hosts.end()
