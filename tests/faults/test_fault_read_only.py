"""A data folder on a disk that became read-only, or is full: one line each, and nothing is half
forgotten.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from disk import mount, unmount
from fakes import NOON, visit
from program import ROOT, run

from monitor.storage.store import Store

NAME = "Zofia Quirk"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A small disk with a store and a gallery, both with a name."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount(folder, "size=3m")
    (tmp_path / "pictures").mkdir()
    picture = (ROOT / "assets" / "portraits" / "collins.jpg").read_bytes()
    (tmp_path / "pictures" / "1.jpg").write_bytes(picture)
    done = run(folder, "enrol", NAME, "--images", tmp_path / "pictures", "--consent", "yes")
    assert done.code == 0, done.err
    store = Store(f"sqlite:///{folder / 'mask-monitor' / 'monitor.db'}")
    store.begin_shift("shift", NOON)
    store.save([visit(i, identity=NAME) for i in range(300)], [])
    store.close()
    yield folder
    unmount(folder)


def remount(home: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", home], check=True)


def names(home: Path) -> list[str]:
    held = NAME.encode()
    return sorted(p.name for p in home.rglob("*") if p.is_file() and held in p.read_bytes())


@pytest.mark.parametrize(
    "words",
    [
        ("forget", NAME),
        ("check",),
        ("--headless", "--video", ROOT / "assets" / "demo.mp4", "--into-store"),
        ("--headless", "--camera", "http://127.0.0.1:9/x"),
    ],
    ids=lambda words: str(words[-1]).rpartition("/")[2],
)
def test_a_disk_that_is_read_only_is_said_in_one_line(home: Path, words: tuple[str]) -> None:
    before = names(home)
    assert before == ["gallery.npz", "monitor.db"]
    remount(home, "ro")
    done = run(home, *words)
    assert done.code == 2, done.err
    said = [line for line in (done.out + done.err).splitlines() if "cannot be opened" in line]
    assert len(said) == 1, (done.out, done.err)
    assert "monitor.db" in said[0]
    assert "check the path, its rights" in said[0]
    assert "Traceback" not in done.err
    assert names(home) == before
    remount(home, "rw")
    assert run(home, "forget", NAME).code == 0
    assert names(home) == []


def test_on_a_full_disk_nobody_is_half_forgotten(home: Path) -> None:
    before = names(home)
    fill = home / "fill"
    with contextlib.suppress(OSError), fill.open("wb", 0) as file:
        for _ in range(3 * 2048 + 1):
            file.write(bytes(512))
    done = run(home, "forget", NAME)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert "its disk's room" in done.err
    assert names(home) == before
    fill.unlink()
    assert run(home, "forget", NAME).code == 0
    assert names(home) == []
