"""A network learnt by several workers is the one that a single worker learns."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("learn_together.py")
STEPS = 20
LIMIT_S = 240
# AdamW divides by the size of the gradients, so that a rounding of theirs counts: two copies and
# one differ by up to 6e-4 here; two random starts by 0.1 and more
NOISE = 5e-3

Process = subprocess.Popen[str]


def begin(out: Path, *options: str, steps: int = STEPS) -> Process:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(out), str(steps), *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: Process) -> tuple[int, str]:
    try:
        _, error = process.communicate(timeout=LIMIT_S)
    finally:
        process.kill()
    return process.returncode, error


def learnt(path: Path) -> list[np.ndarray]:
    with np.load(path) as weights:
        return [weights[key] for key in weights]


def assert_same(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> None:
    assert max(np.abs(a - b).max() for a, b in zip(first, second, strict=True)) < NOISE


def free_ports(count: int) -> list[int]:
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in taken]
    for server in taken:
        server.close()
    return ports


def cluster() -> str:
    return ",".join(f"127.0.0.1:{port}" for port in free_ports(2))


def test_two_devices_learn_what_one_learns(tmp_path: Path) -> None:
    processes = [
        begin(tmp_path / "one.npz"),
        begin(tmp_path / "two.npz", "--devices", "2"),
    ]
    for status, error in map(end, processes):
        assert status == 0, error
    assert_same(learnt(tmp_path / "one.npz"), learnt(tmp_path / "two.npz"))


@pytest.mark.long
def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    places = cluster()
    alone = begin(tmp_path / "one.npz")
    both = [
        begin(tmp_path / f"{index}" / "two.npz", "--cluster", places, "--index", str(index))
        for index in range(2)
    ]
    for status, error in map(end, [alone, *both]):
        assert status == 0, error
    one, first, second = (learnt(tmp_path / name) for name in ("one.npz", "0/two.npz", "1/two.npz"))
    assert_same(one, first)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    # one process writes for all
    assert (tmp_path / "0/two/checkpoint.npz").is_file()
    assert not (tmp_path / "1/two/checkpoint.npz").exists()


@pytest.mark.long
def test_a_process_that_is_gone_ends_the_other_in_one_line(tmp_path: Path) -> None:
    places = cluster()
    first, second = (
        begin(tmp_path / "w.npz", "--cluster", places, "--index", str(index), steps=10**6)
        for index in range(2)
    )
    assert first.stdout is not None
    while "an epoch is over" not in first.stdout.readline():
        assert first.poll() is None
    second.kill()
    end(second)
    status, error = end(first)
    assert status == 2
    assert "start all of them again" in error


@pytest.mark.long
def test_processes_that_begin_at_different_steps_say_so(tmp_path: Path) -> None:
    status, error = end(begin(tmp_path / "0" / "w.npz"))
    assert status == 0, error
    places = cluster()
    both = [
        begin(tmp_path / str(index) / "w.npz", "--cluster", places, "--index", str(index))
        for index in range(2)
    ]
    for status, error in map(end, both):
        assert status == 2
        assert "the same folder" in error
