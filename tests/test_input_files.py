"""Whatever lies at a path: it is read, or refused in words, and never waited for without an end."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from monitor.files import read_file

posix = pytest.mark.skipif(sys.platform == "win32", reason="these lie in POSIX file systems")


def refused(path: Path, bytes_max: int = 100, answer_s: float = 20) -> OSError:
    started = time.monotonic()
    with pytest.raises(OSError, match=r".") as caught:
        read_file(path, bytes_max, answer_s)
    assert time.monotonic() - started < 5
    assert caught.value.strerror
    assert len(caught.value.strerror.splitlines()) == 1
    return caught.value


@pytest.mark.parametrize("size", [0, 1, 100])
def test_up_to_the_bound_it_is_read(tmp_path: Path, size: int) -> None:
    (tmp_path / "f").write_bytes(b"x" * size)
    assert read_file(tmp_path / "f", 100) == b"x" * size


def test_over_the_bound_it_is_not_held(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 101)
    assert "more than 100 bytes" in refused(tmp_path / "f").strerror
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)
    assert "more than 100 bytes" in refused(tmp_path / "sparse").strerror


@posix
def test_a_pipe_and_a_socket_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in refused(tmp_path / "pipe").strerror
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        refused(tmp_path / "socket")


@posix
@pytest.mark.parametrize("name", ["zero", "full", "null", "stdin", "stdout", "tty", "random"])
def test_a_device_is_no_file(name: str) -> None:
    if name == "stdin" and Path("/dev/stdin").is_file():
        pytest.skip("standard input is a file here")
    if name == "stdout" and Path("/dev/stdout").is_file():
        pytest.skip("standard output is a file here")
    refused(Path("/dev") / name)


def test_a_folder_a_long_name_a_zero_byte_and_nothing(tmp_path: Path) -> None:
    assert refused(tmp_path).errno in (errno.EISDIR, errno.EACCES)
    assert isinstance(refused(tmp_path / "none"), FileNotFoundError)
    refused(tmp_path / ("x" * 5000))
    refused(tmp_path / "a\0b")


@posix
def test_a_link_that_leads_to_itself(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert refused(tmp_path / "loop").errno == errno.ELOOP


def test_a_dead_share_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system does not come back from `open`, as with a share whose server is gone."""
    alive, real = threading.Event(), os.open

    def dead(*arguments: object, **more: object) -> int:
        alive.wait(30)
        return real(*arguments, **more)  # type: ignore[arg-type]

    (tmp_path / "f").write_bytes(b"x")
    monkeypatch.setattr("monitor.files.os.open", dead)
    try:
        assert "has not answered for 0.2 s" in refused(tmp_path / "f", answer_s=0.2).strerror
    finally:
        alive.set()
