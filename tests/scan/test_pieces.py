"""A clip that is cut into pieces has the rows of the whole clip, whoever stands there at a cut."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import av
import pytest
from footage import FIRST, SECOND, Books, looked_at, plain_recipe, scanned, unnamed, write_footage
from program import run

from monitor.records import Visit
from monitor.scan.clip_work import ClipWork
from monitor.scan.records import Piece, Task
from monitor.scan.work import analyse
from monitor.storage.store import Store


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody stands before the camera at 10 s, somebody else at 40 s; 64 s in all."""
    folder = tmp_path_factory.mktemp("footage")
    return write_footage(folder / "2026-11-21_08-30-00.mp4", [6.0, FIRST, 22.0, SECOND, 22.0])


@pytest.fixture(scope="module")
def uncut(clip: Path) -> Books:
    books, tasks = scanned(looked_at(clip, math.inf))
    assert len(tasks) == 1
    return books


def seconds(visit: Visit, books: Books) -> tuple[float, float]:
    began = books[0].started
    return (visit.first_seen - began).total_seconds(), (visit.last_seen - began).total_seconds()


@pytest.mark.parametrize("order", [None, 1])
def test_pieces_have_the_rows_of_the_whole(clip: Path, uncut: Books, order: int | None) -> None:
    looked = looked_at(clip, 10.0)
    assert [round(cut.t) for cut in looked.cuts] == [10, 20, 30, 40, 50, 60]
    books, tasks = scanned(looked, order)
    assert len(tasks) > 3
    assert books == uncut
    cuts = [cut.t for cut in looked.cuts]
    crossing = [v for v in books[1] if any(a < t < b for t in cuts for a, b in [seconds(v, books)])]
    assert len(books[1]) >= 2
    assert crossing, "nobody stood there at a cut"


def test_a_scan_has_the_rows_of_a_run_on_the_clip(clip: Path, uncut: Books, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'm.db'}"
    done = run(tmp_path, "--video", clip, "--headless", "--into-store", "--store", url)
    assert done.code == 0, done.err
    store = Store(url)
    try:
        assert unnamed(store.read_visits(), store.read_sightings()) == unnamed(*uncut[1:])
    finally:
        store.close()


def test_who_never_leaves_is_followed_to_the_end(tmp_path: Path) -> None:
    """No scene begins afresh: the pieces that were guessed are thrown away."""
    path = write_footage(tmp_path / "crowd.mp4", [FIRST] * 5)
    whole, _ = scanned(looked_at(path, math.inf))
    books, _ = scanned(looked_at(path, 10.0), order=2)
    assert books == whole
    assert books[1]


def test_time_stamps_that_jump_leave_a_clip_whole(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "jump.mp4"
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        track = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is None:
                continue
            later = round(3600 / packet.time_base) if packet.pts * packet.time_base > 30 else 0
            packet.pts, packet.dts, packet.stream = packet.pts + later, packet.dts + later, track
            target.mux(packet)
    looked = looked_at(path, 10.0)
    assert not looked.cuts
    books, tasks = scanned(looked)
    assert len(tasks) == 1
    assert len(books[1]) >= 2


def test_a_file_that_cannot_be_sought_in_is_analysed_as_a_whole(clip: Path, uncut: Books) -> None:
    looked = looked_at(clip, 20.0)
    work, recipe = ClipWork(looked), plain_recipe()
    tasks = []
    while (task := work.next_task()) is not None:
        tasks.append(task)
    assert len(tasks) == 4
    work.take(tasks[2], Piece((), sought=False))
    last = work.next_task()
    assert last == Task(looked, None)
    work.take(tasks[0], Piece((), open_ended=True))  # too late: it is of the cut that was given up
    assert work.next_task() is None
    piece = analyse(last, recipe)
    assert isinstance(piece, Piece)
    work.take(last, piece)
    assert work.done
    assert work.rows() == uncut


def test_a_picture_that_differs_joins_nothing(clip: Path, uncut: Books) -> None:
    """Whoever has sought and got other pictures than those who read all is not believed."""
    looked, recipe = looked_at(clip, 30.0), plain_recipe()
    work = ClipWork(looked)
    first, second, third = (work.next_task() for _ in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    pieces = [analyse(task, recipe) for task in (first, second, third)]
    assert all(isinstance(piece, Piece) for piece in pieces)
    wrong = []
    for stretch in pieces[1].stretches:  # type: ignore[union-attr]
        start = stretch.start._replace(crc=stretch.start.crc ^ 1)
        wrong.append(replace(stretch, start=start, visits=(), sightings=()))
    work.take(second, replace(pieces[1], stretches=tuple(wrong)))  # type: ignore[type-var]
    work.take(first, pieces[0])  # type: ignore[arg-type]
    work.take(third, pieces[2])  # type: ignore[arg-type]
    assert not work.done
    again = work.next_task()
    assert again is not None
    assert again.begin is not None
    work.take(again, analyse(again, recipe))  # type: ignore[arg-type]
    assert work.done
    assert work.rows() == uncut


def test_a_file_that_is_written_meanwhile_is_refused(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "grows.mp4"
    path.write_bytes(clip.read_bytes())
    looked = looked_at(path, math.inf)
    os.utime(path, ns=(1, 1))
    refused = analyse(Task(looked, None), plain_recipe())
    assert "was changed while it was scanned" in refused.why  # type: ignore[union-attr]
