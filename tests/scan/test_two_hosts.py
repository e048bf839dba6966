"""Two hosts on this machine as one Ray cluster: the rows are those of one host alone."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from footage import FIRST, SECOND, write_footage
from hosts import HEAD, PORT, Hosts, two_hosts, why_not

from monitor.storage.store import Store

pytestmark = pytest.mark.long
# other footage than that which is made here; a folder
SITE = os.environ.get("MASK_MONITOR_TEST_SITE", "")
LIMIT_S = 600.0


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install -r requirements-scan.txt")
    if reason := why_not():
        pytest.skip(reason)
    temporary = Path(tempfile.mkdtemp(prefix="mmr-"))
    try:
        with two_hosts(tmp_path_factory.mktemp("hosts"), temporary) as both:
            yield both
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if SITE:
        return Path(SITE)
    site = tmp_path_factory.mktemp("site")
    for k in range(4):
        parts = [1.0 + k, (FIRST, SECOND)[k % 2], 3.0]
        write_footage(site / f"door{k % 2}" / f"2026-11-2{k}_08-30-00.mp4", parts)
    return site


def rows(url: str) -> list[object]:
    store = Store(url)
    try:
        shifts = [(s.shift_id, s.started) for s in store.read_shifts()]
        return [*shifts, *store.read_visits(), *store.read_sightings()]
    finally:
        store.close()


def working(hosts: Hosts, host: int) -> list[int]:
    found = []
    for pid in hosts.processes(host):
        try:
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::analyse"):
                found.append(pid)
        except OSError:
            continue
    return found


@pytest.mark.timeout(1800)
def test_a_cluster_of_two_has_the_rows_of_one(hosts: Hosts, site: Path, tmp_path: Path) -> None:
    """A worker of the other host is killed meanwhile."""
    url, told = f"sqlite:///{tmp_path / 'm.db'}", tmp_path / "told"
    arguments = ("main.py", "scan", site, "--cluster", f"{HEAD}:{PORT}", "--store", url)
    run = hosts.popen(0, arguments, told)
    limit, seen = time.monotonic() + LIMIT_S, {0: False, 1: False}
    while run.poll() is None and not all(seen.values()) and time.monotonic() < limit:
        for host in seen:
            found = working(hosts, host)
            if found and host == 1 and not seen[1]:
                os.kill(found[0], signal.SIGKILL)
            seen[host] = seen[host] or bool(found)
        time.sleep(0.05)
    assert run.wait(LIMIT_S) == 0, told.read_text()
    assert all(seen.values()), seen
    alone = f"sqlite:///{tmp_path / 'alone.db'}"
    done = hosts.run(0, "main.py", "scan", site, "--workers", "2", "--store", alone)
    assert done.returncode == 0, done.stderr
    assert rows(url) == rows(alone)
    assert rows(url)


def test_a_cluster_that_is_not_there_is_said(hosts: Hosts, site: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'm.db'}"
    done = hosts.run(0, "main.py", "scan", site, "--cluster", f"{HEAD}:1", "--store", url)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()[-1:]
    assert f"the cluster {HEAD}:1 does not answer, or this computer is not part of it" in line
