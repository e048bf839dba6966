"""Desks that write to one PostgreSQL while everything happens to it: what a window showed is in the
office's store exactly once, in order.

    python -m pytest -m long tests/faults/test_fault_office.py -s      two minutes, ten desks
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ten_desks import ARRIVALS, Desk, Disk, Network, check, own_network, rows, small_disk

from monitor.storage.store import Store

if TYPE_CHECKING:
    from postgres import Server

pytest_plugins = ["postgres"]
START_S = 120.0
SMALL_WAL = "-c max_wal_size=64MB -c min_wal_size=32MB -c wal_keep_size=0"


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[list[Desk]]:
    found: list[Desk] = []
    yield found
    for desk in found:
        desk.clear()


def begin(desks: list[Desk], url: str) -> None:
    """Start the desks, and wait until all of them write."""
    Store(url).close()
    rows(url, ARRIVALS)
    for desk in desks:
        desk.start()
    wait_for(desks)


def wait_for(desks: list[Desk]) -> None:
    ends = time.monotonic() + START_S
    while not all(desk.began() for desk in desks):
        assert time.monotonic() < ends, [desk.errors() for desk in desks]
        time.sleep(0.1)


def test_three_desks_and_a_server_that_is_started_again(
    start_postgres: Callable[..., Server], desks: list[Desk], tmp_path: Path
) -> None:
    server = start_postgres()
    url = server.new_database()
    desks += [Desk(f"desk{n}", url, tmp_path / f"desk{n}", 3.0) for n in range(3)]
    begin(desks, url)
    time.sleep(3)
    server.stop()
    desks[0].kill()
    time.sleep(2)
    server.start()
    desks[0].start()
    wait_for(desks)
    time.sleep(5)
    assert [desk.end() for desk in desks] == [0, 0, 0], [desk.errors() for desk in desks]
    numbers = check(url, desks)
    assert min(numbers.values()) > 5


def two_minutes(
    server: Server, desks: list[Desk], disk: Disk | None, network: Network | None
) -> None:
    """All that may happen, by the clock."""
    began = time.monotonic()

    def until(second: float) -> None:
        time.sleep(max(began + second - time.monotonic(), 0.0))

    def again(mode: str) -> None:
        if server.running:
            server.stop(mode)
        time.sleep(2)
        server.start()

    until(10)
    again("immediate")
    until(20)
    if network is not None:
        network.drop()  # for longer than a connection lives
    until(30)
    if disk is not None:
        disk.fill()
    until(45)
    if disk is not None:
        told = "".join(desk.errors() for desk in desks)
        assert "No space left" in told or not server.running, "the disk was not full"
        print("full disk:", "the server gave up" if not server.running else "writes refused")
        disk.free()
        if not server.running:  # it gives up where it cannot write its journal
            server.start()
    until(55)
    desks[2].kill()
    until(60)
    again("fast")
    desks[2].start()
    until(95)
    if network is not None:
        network.mend()
    again("immediate")
    until(120)


@pytest.mark.long
def test_ten_desks_and_all_that_may_happen(
    start_postgres: Callable[..., Server], desks: list[Desk], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        disk, network = (
            stack.enter_context(small_disk(400)),
            stack.enter_context(own_network()),
        )
        listens = f"127.0.0.1,{network.here}" if network is not None else "127.0.0.1"
        options = f"-c listen_addresses={listens} {SMALL_WAL}"
        server = start_postgres(options, disk.folder if disk is not None else None)
        stack.callback(server.stop)
        url = server.new_database()
        desks += [Desk(f"desk{n}", url, tmp_path / f"desk{n}", 2.0) for n in range(10)]
        if network is not None:
            server.own("pg_hba.conf", "host all all 0.0.0.0/0 trust\nlocal all all trust\n")
            server.execute("SELECT pg_reload_conf()")
            desks[1].namespace = network.namespace
            desks[1].url = url.replace("127.0.0.1", network.here)
        else:
            print("no packets are dropped: no network of one's own can be made here")
        if disk is None:
            print("the disk is not filled: nothing can be mounted here")
        begin(desks, url)
        two_minutes(server, desks, disk, network)
        wait_for(desks)
        ended = [desk.end() for desk in desks]
        print("\n".join(f"{desk.name}: {desk.errors()[-600:]}" for desk in desks))
        assert ended == [0] * 10
        numbers = check(url, desks)
        print("sightings in the store by desk:", numbers)
        assert min(numbers.values()) > 50
