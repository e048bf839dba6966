"""What the fault tests share: disks that fill up, files that are held, a camera that misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk, Stage
from disk import Disk, LimitedDisk, SmallDisk, can_mount
from faulty_camera import FaultyCamera


@pytest.fixture(autouse=True)
def _tried_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written is tried again after 0.3 s instead of 2 s."""
    monkeypatch.setattr("monitor.storage.writer.RETRY_S", 0.3)


@pytest.fixture
def camera() -> Iterator[FaultyCamera]:
    """A camera on 127.0.0.1 that is live and shows a grey picture."""
    one = FaultyCamera()
    one.live()
    yield one
    one.die()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose networks are faked: `desk.stage.people` says who is there. Not opened yet."""
    one = Desk(tmp_path, Stage())
    yield one
    one.close()


@pytest.fixture(
    params=[
        pytest.param(SmallDisk, id="tmpfs"),
        pytest.param(LimitedDisk, id="rlimit", marks=[pytest.mark.long] if can_mount() else []),
    ]
)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A folder on a disk that can be filled up and freed."""
    one: Disk = request.param(tmp_path / "disk")
    yield one
    one.close()
