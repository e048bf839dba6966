"""The endpoint under load: many clients at once against one alone, and beside the service that
tutorials write with Flask and Keras. Server, service and clients share this machine.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import psutil

from monitor.bench.measure import OPENCV_SETS, summary
from monitor.bench.pictures import spread_frames
from monitor.errors import MonitorError

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = 50
QUALITY = 90
START_S = 60.0
ANSWER_S = 120.0
WARM = 20  # pictures before anything is measured
# how closely the pictures are searched. The tutorials' service shrinks them to 400 px of width
QUERIES = {
    "close": "search=close",
    "fast": "search=fast",
    "from 64 px": "min_face=64",
    "from 96 px": "min_face=96",
}
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass(slots=True)
class Tally:
    """What some clients were answered."""

    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    seconds: list[float] = field(default_factory=list)  # of each picture that was judged


def measure_serving(video: Path, seconds: float) -> dict[str, dict[str, Any]]:
    """Our server with one client and with many, by both ways of searching; the service beside it.

    Raises:
        MonitorError: If a server does not start.
    """
    images = spread_frames(video)
    pictures = [cv2.imencode(".jpg", i, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))[1] for i in images]
    bodies = [picture.tobytes() for picture in pictures]
    rows: dict[str, dict[str, Any]] = {}
    with _our_server() as (process, port, key):
        head = f"Authorization: Bearer {key}\r\nContent-Type: image/jpeg\r\n"
        for name, query in QUERIES.items():
            path = f"/v1/score?{query}"
            requests = [_request(path, head, body) for body in bodies]
            for clients in (1, CLIENTS):
                load = seconds if clients > 1 else min(seconds, 15.0)
                rows[f"ours, {name}, {clients}"] = _row(process, port, requests, clients, load)
            alone, all_ = (rows[f"ours, {name}, {n}"] for n in (1, CLIENTS))
            all_["times_alone"] = round(all_["p95_ms"] / alone["p95_ms"], 2)
    with _flask_service() as (process, port):
        head = "Content-Type: image/jpeg\r\n"
        requests = [_request("/predict", head, body) for body in bodies]
        for clients in (1, CLIENTS):
            load = min(seconds, 30.0)
            rows[f"Flask and Keras, {clients}"] = _row(process, port, requests, clients, load)
    theirs = rows[f"Flask and Keras, {CLIENTS}"]["pictures_per_s"]
    for name, row in rows.items():
        if name.endswith(str(CLIENTS)):
            row["times_flask"] = round(row["pictures_per_s"] / max(theirs, 1e-9), 1)
    return rows


def _row(
    process: psutil.Process, port: int, requests: Sequence[bytes], clients: int, seconds: float
) -> dict[str, Any]:
    asyncio.run(_load(port, requests, 1, pictures=WARM))
    if clients > 1:
        asyncio.run(_load(port, requests, clients, seconds=min(5.0, seconds)))
    before, cpu_before, began = process.memory_info().rss, _cpu_s(process), time.perf_counter()
    tally = asyncio.run(_load(port, requests, clients, seconds=seconds))
    took = time.perf_counter() - began
    cpu_s = _cpu_s(process) - cpu_before
    told = {status: number for status, number in tally.statuses.items() if status in (429, 503)}
    return {
        "pictures_per_s": round(tally.statuses[200] / took, 1),
        **summary(tally.seconds),
        "cpu_ms": round(1e3 * cpu_s / max(1, tally.statuses[200]), 1),  # of both cores, a picture
        "judged": tally.statuses[200],
        "told_to_wait": sum(told.values()),
        "errors": tally.statuses.total() - tally.statuses[200] - sum(told.values()),
        "memory_mb": round(process.memory_info().rss / 1e6, 1),
        "grown_mb": round((process.memory_info().rss - before) / 1e6, 1),
    }


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


# Clients: as little work as can be, so that they take no time from the servers


async def _load(
    port: int,
    requests: Sequence[bytes],
    clients: int,
    *,
    seconds: float = 0.0,
    pictures: int = 0,
) -> Tally:
    """Clients that send one picture after the other, for a time or a number each."""
    tally, until = Tally(), time.perf_counter() + (seconds or ANSWER_S)

    async def one(number: int) -> None:
        sent, reader, writer = 0, None, None
        while time.perf_counter() < until and not (pictures and sent >= pictures):
            began = time.perf_counter()
            try:
                async with asyncio.timeout(ANSWER_S):
                    if writer is None or reader is None:
                        reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(requests[(number + sent) % len(requests)])
                    status, wait_s, stays = await _answer(reader)
            except (OSError, ValueError, asyncio.IncompleteReadError, TimeoutError):
                status, wait_s, stays = 0, 1.0, False
            sent += 1
            tally.statuses[status] += 1
            if status == 200:
                tally.seconds.append(time.perf_counter() - began)
            if not stays and writer is not None:
                writer.close()
                reader = writer = None
            if wait_s:
                await asyncio.sleep(wait_s)
        if writer is not None:
            writer.close()

    await asyncio.gather(*(one(number) for number in range(clients)))
    return tally


async def _answer(reader: asyncio.StreamReader) -> tuple[int, float, bool]:
    """Status, seconds to wait, and whether the connection stays open."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = re.search(r"content-length: (\d+)", head)
    if length is None:
        raise ValueError("no length")
    await reader.readexactly(int(length[1]))
    wait = re.search(r"retry-after: (\d+)", head)
    stays = head.startswith("http/1.1") and "connection: close" not in head
    return int(head.split()[1]), float(wait[1]) if wait else 0.0, stays


def _request(path: str, head: str, body: bytes) -> bytes:
    first = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Length: {len(body)}\r\n\r\n"
    return first.encode() + body


# Servers


@contextlib.contextmanager
def _our_server() -> Iterator[tuple[psutil.Process, int, str]]:
    from monitor.web.keys import MASK, Keys

    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        _, key = Keys(keys).add("bench", (MASK,))
        command = [str(ROOT / "main.py"), "serve", "--port", "0", "--no-browser", "--rate", "0"]
        with _started([*command, "--keys", str(keys)]) as (process, port):
            yield process, port, key


@contextlib.contextmanager
def _flask_service() -> Iterator[tuple[psutil.Process, int]]:
    with _started(["-m", "monitor.bench.flask_service"]) as started:
        yield started


@contextlib.contextmanager
def _started(arguments: Sequence[str]) -> Iterator[tuple[psutil.Process, int]]:
    """A server in a process of its own, once it has told its port."""
    environment = {name: value for name, value in os.environ.items() if name not in OPENCV_SETS}
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=environment | {"PYTHONUNBUFFERED": "1"},
    ) as child:
        try:
            assert child.stdout is not None
            found = next((m for line in child.stdout if (m := ADDRESS.search(line))), None)
            if found is None:
                raise MonitorError(f"{' '.join(arguments[:2])} does not start: run it by hand")
            process = psutil.Process(child.pid)
            yield process, int(found[1])
        finally:
            child.terminate()
            child.wait(START_S)
