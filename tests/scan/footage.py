"""Footage for tests: the people of the bundled clip, with nobody between them; and what is found in
it without Ray.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np

from monitor.config import Config
from monitor.records import Shift, Sighting, Visit
from monitor.scan.clip_work import ClipWork
from monitor.scan.find import find_clips
from monitor.scan.recipe import recipe_of
from monitor.scan.records import Looked, Piece, Recipe, Task
from monitor.scan.work import analyse, look

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo.mp4"
RATE, SIZE_WH = 10, (480, 270)
# seconds of the bundled clip in which somebody comes, stands and leaves
FIRST, SECOND = (0.0, 7.0), (12.0, 19.0)
Books = tuple[Shift, list[Visit], list[Sighting]]


def write_footage(path: Path, parts: Sequence[float | tuple[float, float]]) -> Path:
    """A clip of so many seconds of nobody, or from when to when of the bundled clip, in turns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(1)
    with av.open(str(path), "w") as clip:
        stream = clip.add_stream("libx264", RATE, options={"preset": "ultrafast", "g": "10"})
        stream.width, stream.height = SIZE_WH
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for part in parts:
            for image in _images(part, noise):
                clip.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        clip.mux(stream.encode(None))
    return path


def _images(
    part: float | tuple[float, float], noise: np.random.Generator
) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    if not isinstance(part, tuple):
        shape = (SIZE_WH[1], SIZE_WH[0], 3)
        return [noise.integers(100, 120, shape, np.uint8) for _ in range(round(part * RATE))]
    images, since, until = [], *part
    with av.open(str(DEMO)) as demo:
        for frame in demo.decode(video=0):
            if since + len(images) / RATE <= frame.time < until:
                images.append(frame.reformat(*SIZE_WH, format="bgr24").to_ndarray(format="bgr24"))
    return images


def plain_recipe() -> Recipe:
    return recipe_of(Config(), ())


def looked_at(path: Path, every_s: float) -> Looked:
    (clip,) = find_clips([path]).clips
    found = look(clip, every_s, None, datetime.now(UTC))
    assert isinstance(found, Looked), found
    return found


def scanned(looked: Looked, order: int | None = None) -> tuple[Books, list[Task]]:
    """The books of a clip, and the tasks that made them.

    Args:
        order: In which the pieces are analysed, as a seed; None: the first one first.
    """
    work, recipe, chance = ClipWork(looked), plain_recipe(), random.Random(order)
    waiting, done = list[Task](), list[Task]()
    while not work.done:
        while (task := work.next_task()) is not None:
            waiting.append(task)
        task = waiting.pop(chance.randrange(len(waiting)) if order is not None else 0)
        piece = analyse(task, recipe)
        assert isinstance(piece, Piece), piece
        work.take(task, piece)
        done.append(task)
    return work.rows(), done


def unnamed(visits: Sequence[Visit], sightings: Sequence[Sighting]) -> list[object]:
    """Rows without what differs between a scan and a run on the clip alone: ids, shift, camera,
    desk.
    """
    plain: list[object] = [
        dataclasses.replace(v, visit_id="", shift_id="", camera="", desk="")
        for v in sorted(visits, key=lambda v: (v.first_seen, v.last_seen))
    ]
    for sighting in sorted(sightings, key=lambda s: (s.first_seen, s.last_seen)):
        plain.append(
            dataclasses.replace(
                sighting, sighting_id="", visit_id="", shift_id="", camera="", desk=""
            )
        )
    return plain
