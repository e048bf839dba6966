"""The store locked by another process, and the store's own files taken away."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk import Desk, Stage, endless
from locker import locked
from program import ROOT, run

from monitor.records import WorkerState
from monitor.storage.store import Store


@pytest.mark.parametrize("how", ["free", pytest.param("kill", marks=pytest.mark.long)])
def test_a_store_locked_by_another_process(
    desk: Desk, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    desk.open(endless())
    desk.stage.enter()
    desk.wait_told(opened=1)
    with locked(desk.store_path) as locker:
        desk.stage.leave()
        problem = desk.wait_problem("locked")
        assert "m.db" in problem
        desk.wait_seconds(0.5)  # the visit has ended
        desk.stage.enter()
        # it goes on counting
        desk.wait(lambda: desk.last is not None and desk.last.count.unmasked == 2)
        desk.wait_seconds(0.4)
        assert list(desk.told.values()) == [True], "what waits for the store was shown as logged"
        assert len(desk.stored()) == 1
        getattr(locker, how)()
        desk.wait_mended()
    desk.wait_told(opened=2, ended=1)
    desk.stage.leave()
    desk.wait_told(ended=2)
    desk.close()
    assert [r.getMessage() for r in caplog.records if "locked" in r.getMessage()] == [problem], (
        "said once"
    )
    caplog.clear()
    desk.check_books(sightings=2)


def test_a_store_that_is_locked_to_the_end(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.open(endless())
    desk.stage.enter()
    desk.wait_told(opened=1)
    with locked(desk.store_path):
        desk.stage.leave()
        desk.wait_problem("locked")
        desk.close()
        state, message = desk.states[-1]
        assert state is WorkerState.FAILED
        assert "could not be saved" in message
        assert "locked" in message
        assert "\n" not in message
    caplog.clear()
    assert desk.lies == []
    assert set(desk.told) == set(desk.sightings())


def test_a_store_that_is_locked_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    Store(f"sqlite:///{path}").close()
    with locked(path):
        arguments = [
            "--headless",
            "--images",
            ROOT / "tests" / "data",
            "--store",
            f"sqlite:///{path}",
            "--into-store",
        ]
        done = run(tmp_path, *arguments)
    assert done.code == 2, done.err
    assert done.err.count("\n") == 1, done.err
    assert "locked" in done.err
    assert "close" in done.err, "the way out is to close the program that holds it"


def test_a_store_that_is_deleted_in_mid_run(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """SQLite goes on writing into a file that has no name any more."""
    desk.open(endless())
    desk.stage.enter()
    desk.wait_told(opened=1)
    desk.stage.leave()
    desk.wait_told(ended=1)
    for path in desk.store_path.parent.glob("m.db*"):
        path.unlink()
    desk.stage.enter()
    desk.wait_told(opened=2)
    desk.stage.leave()
    desk.wait_told(ended=2)
    desk.close()
    caplog.clear()
    assert desk.lies == []
    assert set(desk.told) <= set(desk.sightings()), "shown as logged, and lost"


@pytest.mark.long
def test_two_desks_on_one_store(
    tmp_path: Path, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Both write at once, neither loses a row; that they count one camera twice is said once."""
    other = Desk(tmp_path / "other", Stage())
    (tmp_path / "other").mkdir()
    other.url, other.store_path = desk.url, desk.store_path
    try:
        for one in (desk, other):
            one.open(endless())
        for number in range(1, 6):
            for one in (desk, other):
                one.stage.enter()
            for one in (desk, other):
                one.wait_told(opened=number)
                one.stage.leave()
            for one in (desk, other):
                one.wait_told(ended=number)
    finally:
        desk.close()
        other.close()
    assert desk.lies == other.lies == []
    (said,) = [record.getMessage() for record in caplog.records]
    assert "another Mask Monitor counts fake into the same store" in said
    caplog.clear()
    stored = desk.sightings()
    assert len(stored) == 10
    assert set(stored) == set(desk.told) | set(other.told)
    assert not any(s.open for s in stored.values())
