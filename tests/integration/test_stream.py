"""A real stream over HTTP that dies and comes back; signals; kill -9."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from mjpeg import MjpegCamera, silent_port
from program import ROOT, Books, run, started

FAST = "[camera]\nopen_timeout_s = 2\nread_timeout_s = 2\n"


def picture(name: str, scale: float = 1.0) -> np.ndarray:
    image = cv2.imread(str(ROOT / "tests" / "data" / f"{name}.jpg"))
    assert image is not None
    return cv2.resize(image, None, fx=scale, fy=scale)


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    one = MjpegCamera()
    one.show(picture("bare"))
    one.live()
    yield one
    one.die()


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "fast.toml"
    path.write_text(FAST)
    return path


def test_the_camera_dies_and_comes_back(
    camera: MjpegCamera, settings: Path, tmp_path: Path
) -> None:
    books = Books(tmp_path)
    with started(
        tmp_path, "--headless", "--camera", camera.url, "--config", settings, *books.arguments
    ) as monitor:
        monitor.wait_for(" began")
        camera.die()
        monitor.wait_for("; trying again")
        camera.show(picture("no_face", 1.25))  # another size after it
        camera.live()
        monitor.wait_for(" is live", times=2)
        monitor.wait_for(" ended")
        camera.show(picture("bare", 1.25))
        monitor.wait_for(" began", times=2)
        done = monitor.end(signal.SIGINT)
        told = monitor.told()
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert len(told) >= 2
    assert set(told.values()) == {"ended"}
    stored = books.sightings()
    assert {
        sighting_id: "began" if s.open else "ended" for sighting_id, s in stored.items()
    } == told
    assert sorted(row["sighting_id"] for row in books.rows()) == sorted(told)
    visits = books.visits()
    assert not any(visit.open for visit in visits)
    assert len(visits) == 1  # the same person, in the same place
    assert f"{camera.url}: 1 visit:" in done.out
    assert {s.camera for s in stored.values()} == {camera.url}
    assert books.lines()[-1]["count"]["unmasked"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_a_summary(
    camera: MjpegCamera, tmp_path: Path, number: signal.Signals
) -> None:
    books = Books(tmp_path)
    secret = camera.url.replace("http://", "http://user:secret@") + "?key=hidden"
    with started(tmp_path, "--headless", "--camera", secret, *books.arguments) as monitor:
        monitor.wait_for(" is live")
        done = monitor.end(number)
    assert done.code == 0, done.err
    assert done.out.startswith(f"{camera.url}: ")
    for text in (
        done.out,
        done.err,
        books.events.read_text(),
        books.csv.read_text(encoding="utf-8-sig"),
    ):
        assert "secret" not in text
        assert "hidden" not in text
    assert b"secret" not in books.store.read_bytes()


def test_kill_9_loses_nothing_that_was_told(camera: MjpegCamera, tmp_path: Path) -> None:
    books = Books(tmp_path)
    with started(tmp_path, "--headless", "--camera", camera.url, *books.arguments) as monitor:
        monitor.wait_for(" began")
        camera.show(picture("masked"))
        monitor.wait_for(" ended")
        camera.show(picture("bare"))
        monitor.wait_for(" began", times=2)
        done = monitor.end(signal.SIGKILL)
        told = monitor.told()
    assert done.code == -signal.SIGKILL
    assert sorted(told.values()) == ["began", "ended"]
    stored = books.sightings()
    assert {
        sighting_id: "began" if s.open else "ended" for sighting_id, s in stored.items()
    } == told
    assert [row["sighting_id"] for row in books.rows()] == [
        k for k, v in told.items() if v == "ended"
    ]
    assert {s.visit_id for s in stored.values()} <= {visit.visit_id for visit in books.visits()}
    # The store is sound, and the next run goes on with it.
    after = run(tmp_path, "export", tmp_path / "out.csv", "--store", books.url)
    assert after.code == 0, after.err
    assert after.out.startswith("2 sightings")


def test_a_stream_that_never_answers(settings: Path, tmp_path: Path) -> None:
    listener = silent_port()
    try:
        url = f"http://user:secret@127.0.0.1:{listener.getsockname()[1]}/live?key=hidden"
        books = Books(tmp_path)
        with started(
            tmp_path, "--headless", "--camera", url, "--config", settings, *books.arguments
        ) as monitor:
            monitor.wait_for("; trying again")
            done = monitor.end(signal.SIGINT)
    finally:
        listener.close()
    assert done.code == 0
    assert "\n" not in done.err.strip()
    assert "does not answer" in done.err
    assert "secret" not in done.out + done.err
    assert "hidden" not in done.out + done.err
