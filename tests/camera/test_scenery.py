"""A camera that shows another scene than on the day before is told; light and people are not."""

from __future__ import annotations

import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from monitor.camera.scenery import FILE_BYTES_MAX, HEIGHT, WIDTH, Scenery
from monitor.records import Image

DAY = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
CLIP = Path(__file__).parents[2] / "assets" / "demo.mp4"


@pytest.fixture(scope="module")
def hall() -> Image:
    """(360, 640) grey: a picture of the bundled clip."""
    with av.open(str(CLIP)) as container:
        frame = next(iter(container.decode(video=0)))
        return frame.reformat(640, 360).to_ndarray(format="gray")


def show(
    scenery: Scenery, grey: Image, day: int, minutes: float = 1.0, hour: float = 0.0
) -> datetime | None:
    """Show a picture with noise for some minutes of a day."""
    rng = np.random.default_rng(day)
    for i in range(round(minutes * 120)):
        image = np.clip(grey + rng.normal(0, 3, grey.shape), 0, 255).astype(np.uint8)
        wall = DAY + timedelta(days=day, hours=hour, seconds=i / 2)
        scenery.look(image, 1e6 * (day + 1) + 3600 * hour + i / 2, wall)
    return scenery.moved_since


def turned(grey: Image) -> Image:
    """Pushed aside by a seventh of its picture, and down by a ninth."""
    matrix = np.array([[1, 0, 90], [0, 1, 40]], np.float32)
    moved: Image = cv2.warpAffine(grey, matrix, (640, 360), borderMode=cv2.BORDER_REFLECT)
    return moved


def test_a_camera_that_was_turned_over_night_is_told_within_minutes(
    tmp_path: Path, hall: Image
) -> None:
    assert show(Scenery("door", tmp_path), hall, day=0) is None
    scenery = Scenery("door", tmp_path)  # started again in the morning
    assert show(scenery, turned(hall), day=1, minutes=2.1) is None
    since = show(scenery, turned(hall), day=1, minutes=2.1, hour=0.05)
    assert since is not None
    assert DAY + timedelta(days=1) <= since <= DAY + timedelta(days=1, minutes=2)
    # and the day after that is how it is
    assert show(Scenery("door", tmp_path), turned(hall), day=2, minutes=4.1) is None


def test_it_is_told_until_it_is_turned_back(tmp_path: Path, hall: Image) -> None:
    scenery = Scenery("door", tmp_path)
    show(scenery, hall, day=0)
    assert show(scenery, turned(hall), day=1, minutes=4.1) is not None
    assert show(scenery, hall, day=1, minutes=1.1, hour=1) is None


def test_whoever_moved_it_says_that_it_is_right(tmp_path: Path, hall: Image) -> None:
    scenery = Scenery("door", tmp_path)
    show(scenery, hall, day=0)
    assert show(scenery, turned(hall), day=1, minutes=4.1) is not None
    threading.Thread(target=scenery.accept).start()
    assert show(scenery, turned(hall), day=1, minutes=1.1, hour=1) is None
    assert show(Scenery("door", tmp_path), turned(hall), day=1, minutes=4.1, hour=2) is None


@pytest.mark.parametrize("change", ["dark", "from one side", "a crowd", "a nudge"])
def test_light_people_and_a_nudge_are_no_other_scene(
    tmp_path: Path, hall: Image, change: str
) -> None:
    scenery = Scenery("door", tmp_path)
    show(scenery, hall, day=0)
    after = hall.astype(np.float32)
    if change == "dark":
        after = 160 * (after / 255) ** 2
    elif change == "from one side":
        after = after * np.linspace(0.3, 1.2, 640)[None]
    elif change == "a crowd":
        after[150:, 100:330] = 90  # they stand there for minutes
    else:
        after = np.roll(after, 6, axis=1)
    assert show(scenery, np.clip(after, 0, 255).astype(np.uint8), day=1, minutes=4.1) is None


def test_each_camera_has_a_small_file_of_its_own(tmp_path: Path, hall: Image) -> None:
    folder = tmp_path / "scenes"
    for name in ("door", "rtsp://cam/1"):
        show(Scenery(name, folder), hall, day=0)
    files = sorted(folder.iterdir())
    assert len(files) == 2
    assert all(file.stat().st_size < 8 * WIDTH * HEIGHT for file in files)
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize("content", [b'{"day": "x"}', b"\xff" * 100, b" " * (FILE_BYTES_MAX + 1)])
def test_a_file_that_cannot_be_read_is_learnt_anew(
    tmp_path: Path, hall: Image, content: bytes
) -> None:
    show(Scenery("door", tmp_path), hall, day=0)
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    scenery = Scenery("door", tmp_path)
    assert show(scenery, turned(hall), day=1, minutes=4.1) is None
    assert show(scenery, hall, day=2, minutes=4.1) is not None


def test_a_folder_that_cannot_be_written_disturbs_nobody(tmp_path: Path, hall: Image) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert show(Scenery("door", tmp_path / "file" / "scenes"), hall, day=0, minutes=2.1) is None
