"""A full disk, a read-only folder, and a CSV that is deleted, replaced or held while the monitor
runs.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from desk import Desk, Stage, endless
from disk import Disk, LimitedDisk, mount, unmount
from program import ROOT, run

from monitor.records import WorkerState


@contextmanager
def desk_on(folder: Path) -> Iterator[Desk]:
    desk = Desk(folder, Stage())
    try:
        yield desk
    finally:
        desk.close()


def come_and_go(desk: Desk, number: int) -> None:
    desk.stage.enter()
    desk.wait_told(opened=number)
    desk.stage.leave()
    desk.wait_told(ended=number)


def test_a_disk_that_is_full_for_a_while(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    with desk_on(disk.folder) as desk:
        desk.open(endless())
        come_and_go(desk, 1)
        desk.stage.enter()
        desk.wait_told(opened=2)
        with disk.full():
            told = dict(desk.told)
            desk.stage.leave()
            desk.wait_problem(*disk.reasons)
            desk.wait_seconds(0.5)  # the visit has ended
            desk.stage.enter()
            # it goes on counting
            desk.wait(lambda: desk.last is not None and desk.last.count.unmasked == 3)
            desk.wait_seconds(1.0)
            assert desk.lies == []
            assert set(told) <= set(desk.stored())
        desk.wait_mended()
        desk.wait_told(opened=3, ended=2)
        desk.stage.leave()
        desk.wait_told(ended=3)
        desk.close()
        caplog.clear()
        desk.check_books(sightings=3)
        frames = [line["frame"] for line in desk.lines()]  # each line is whole
        assert frames == sorted(set(frames))


def test_a_disk_that_stays_full(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    with desk_on(disk.folder) as desk:
        desk.open(endless())
        come_and_go(desk, 1)
        desk.stage.enter()
        desk.wait_told(opened=2)
        with disk.full():
            desk.stage.leave()
            desk.wait_problem(*disk.reasons)
            desk.wait_seconds(0.5)
            desk.close()
        caplog.clear()
        state, message = desk.states[-1]
        assert state is WorkerState.FAILED
        assert "could not be saved" in message
        assert "m.db" in message or "s.csv" in message, "what is said is not what was lost"
        assert "\n" not in message
        assert desk.lies == []
        assert set(desk.told) == set(desk.sightings())
        rows = desk.rows()  # the second one may have had room yet, but half a row stands nowhere
        assert [row["sighting_id"] for row in rows] == list(desk.told)[: len(rows)]
        assert all(row["model"] == "fake_v1" and row["note"] == "" for row in rows)


def test_a_disk_that_is_full_at_the_start(disk: Disk, tmp_path: Path) -> None:
    if isinstance(disk, LimitedDisk):
        pytest.skip("the limit would hold for the new process's pipes and caches as well")
    books = ["--store", f"sqlite:///{disk.folder / 'm.db'}", "--csv", disk.folder / "s.csv"]
    books.append("--into-store")
    with disk.full():
        done = run(tmp_path, "--headless", "--images", ROOT / "tests" / "data", *books)
    assert done.code == 2, done.err
    assert done.err.count("\n") == 1, done.err
    assert any(reason in done.err for reason in disk.reasons), done.err


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that nobody may write into."""
    folder = tmp_path / "locked"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        return
    mount(folder, "size=64k,ro")
    yield folder
    unmount(folder)


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--store", "m.db"),
        pytest.param("--csv", "s.csv", marks=pytest.mark.long),
        pytest.param("--events", "e.jsonl", marks=pytest.mark.long),
    ],
)
def test_a_read_only_folder(read_only: Path, tmp_path: Path, option: str, name: str) -> None:
    target = f"sqlite:///{read_only / name}" if option == "--store" else str(read_only / name)
    done = run(
        tmp_path, "--headless", "--images", ROOT / "tests" / "data", "--into-store", option, target
    )
    assert done.code == 2, done.err
    assert done.err.count("\n") == 1, done.err
    assert name in done.err
    assert not (tmp_path / name).exists()


def test_the_csv_is_deleted_while_it_grows(tmp_path: Path) -> None:
    with desk_on(tmp_path) as desk:
        desk.open(endless())
        come_and_go(desk, 1)
        (first,) = desk.told
        desk.csv_path.unlink()
        come_and_go(desk, 2)
        desk.close()
        assert desk.problems == []
        desk.check_books(sightings=2, missing_rows=[first])  # a new file, with its header


def becomes_a_folder(path: Path) -> Callable[[], None]:
    path.unlink()
    path.mkdir()
    return path.rmdir


def is_held(path: Path) -> Callable[[], None]:
    """As a spreadsheet does on Windows: nobody else may write it."""
    if os.geteuid() != 0:
        path.chmod(0o444)
        return lambda: path.chmod(0o644)
    done = subprocess.run(["chattr", "+i", path], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"root may write all, and chattr does not work here: {done.stderr.strip()}")

    def free() -> None:
        subprocess.run(["chattr", "-i", path], check=True)

    return free


@pytest.mark.parametrize("fault", [becomes_a_folder, is_held], ids=["folder", "held"])
def test_the_csv_cannot_be_written_for_a_while(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Callable[[Path], Callable[[], None]]
) -> None:
    with desk_on(tmp_path) as desk:
        desk.open(endless())
        come_and_go(desk, 1)
        (first,) = desk.told
        mend = fault(desk.csv_path)
        try:
            come_and_go(desk, 2)  # the store has it, so it is shown
            assert "s.csv" in desk.wait_problem("cannot be written")
        finally:
            mend()
        desk.wait_mended()
        come_and_go(desk, 3)
        desk.close()
        caplog.clear()
        desk.check_books(sightings=3, missing_rows=[first] if fault is becomes_a_folder else [])


def test_the_csv_cannot_be_written_to_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with desk_on(tmp_path) as desk:
        desk.open(endless())
        come_and_go(desk, 1)
        becomes_a_folder(desk.csv_path)
        come_and_go(desk, 2)
        desk.wait_problem("cannot be written")
        desk.close()
        caplog.clear()
        state, message = desk.states[-1]
        assert state is WorkerState.FAILED
        assert "s.csv" in message
        stored = desk.sightings()  # nothing is lost: `main.py export` writes the table anew
        assert {key: s.open for key, s in stored.items()} == desk.told
        assert len(stored) == 2
