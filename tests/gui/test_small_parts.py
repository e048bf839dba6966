"""The gate, label placing, pictures for Qt, the bridge, and how detectors are offered."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from monitor.camera.slot import LatestSlot
from monitor.config import load_config
from monitor.errors import StoreError
from monitor.gui.dialogs import SettingsDialog
from monitor.gui.menus import Menus
from monitor.gui.picture.labels import LabelPlacer, Rect, overlaps
from monitor.gui.picture.qimage import scaled_qimage, to_qimage
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.gate import Gate
from monitor.records import Frame
from tests.fakes import frame

BOUNDS: Rect = (0.0, 0.0, 900.0, 506.0)


def inside(rect: Rect) -> bool:
    return rect[0] >= 0 and rect[1] >= 0 and rect[2] <= BOUNDS[2] and rect[3] <= BOUNDS[3]


def place(boxes: list[Rect], placer: LabelPlacer | None = None):  # type: ignore[no-untyped-def]
    full, short = [(120.0, 20.0)] * len(boxes), [(58.0, 20.0)] * len(boxes)
    return (placer or LabelPlacer()).place(boxes, list(range(len(boxes))), full, short, BOUNDS)


@pytest.mark.parametrize("seed", range(20))
def test_labels_of_a_crowd_never_overlap_nor_leave_the_picture(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = []
    for _ in range(20):
        x, y, side = rng.uniform(0, 840), rng.uniform(0, 430), rng.uniform(24, 130)
        boxes.append((x, y, min(900.0, x + side), min(506.0, y + 1.2 * side)))
    labels = [label for label in place(boxes) if label is not None]
    assert len(labels) >= 16
    for i, label in enumerate(labels):
        assert inside(label.rect)
        assert not any(overlaps(label.rect, other.rect) for other in labels[i + 1 :])


def test_twenty_faces_side_by_side_all_have_a_label() -> None:
    boxes: list[Rect] = [
        (
            10 + 88.0 * (i % 10),
            60 + 200.0 * (i // 10),
            70 + 88.0 * (i % 10),
            140 + 200.0 * (i // 10),
        )
        for i in range(20)
    ]
    assert all(label is not None for label in place(boxes))


@pytest.mark.parametrize(
    "box",
    [(0, 0, 900, 506), (-40, -40, 60, 60), (860, 460, 960, 560), (400, 0, 500, 506), (3, 3, 4, 4)],
)
def test_a_box_at_any_edge_has_a_label_inside(box: Rect) -> None:
    (label,) = place([box])
    assert label is not None
    assert inside(label.rect)


def test_a_label_stays_on_its_side() -> None:
    placer = LabelPlacer()
    (first,) = place([(400, 10, 480, 100)], placer)  # no room above
    (second,) = place([(400, 40, 480, 130)], placer)  # now there is, but nothing jumps
    assert first.rect[1] > 100
    assert second.rect[1] > 130


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 2), (7, 5), (641, 361)])
def test_pixels_arrive_in_their_place_at_odd_widths(width: int, height: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    pixels.setflags(write=False)
    image = to_qimage(pixels)  # type: ignore[arg-type]
    for x, y in ((0, 0), (width - 1, height - 1), (width // 2, height // 2)):
        colour = image.pixelColor(x, y)
        assert [colour.blue(), colour.green(), colour.red()] == pixels[y, x].tolist()


def test_the_qimage_owns_its_pixels() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    image = to_qimage(pixels)
    pixels[:] = 255
    assert image.pixelColor(1, 1).red() == 0


def test_a_slice_and_any_scale() -> None:
    pixels = np.full((40, 60, 3), 77, np.uint8)[:, 5:50]
    for width, height in ((45, 40), (9, 8), (200, 170), (1, 1)):
        image = scaled_qimage(pixels, width, height)
        assert (image.width(), image.height()) == (width, height)
        assert image.pixelColor(0, 0).green() == 77


def make_gate() -> tuple[Gate, LatestSlot[Frame], list[Frame]]:
    target: LatestSlot[Frame] = LatestSlot()
    shown: list[Frame] = []
    return Gate(target, shown.append), target, shown


def test_the_gate_hands_on_and_shows_each_frame_once() -> None:
    gate, target, shown = make_gate()
    first, second = frame(0.0), frame(0.1)
    assert gate.put_when_empty(first, 0)
    assert not gate.put_when_empty(second, 0)
    assert not gate.put_when_empty(second, 0)
    assert shown == [first, second]
    assert target.get(0) is first
    assert gate.put_when_empty(second, 0)
    assert target.get(0) is second


def test_a_shut_gate_lets_nothing_pass_and_holds_nobody_up() -> None:
    gate, target, shown = make_gate()
    gate.put(frame())
    gate.shut()
    assert target.get(0) is None
    gate.put(frame())
    assert gate.put_when_empty(frame(), 0)
    assert gate.wait_empty(0)
    assert target.get(0) is None
    assert len(shown) == 1


def test_a_frame_that_waited_at_the_gate_does_not_slip_through_when_it_shuts() -> None:
    gate, target, _ = make_gate()
    gate.put_when_empty(frame(0.0), 0)
    waiting = threading.Thread(target=lambda: gate.put_when_empty(frame(0.1), 5))
    waiting.start()
    gate.shut()
    waiting.join(5)
    assert not waiting.is_alive()
    assert target.get(0) is None


def test_a_gate_that_drains_shows_without_handing_on() -> None:
    gate, target, shown = make_gate()
    gate.drain()
    assert gate.put_when_empty(frame(), 0)
    assert len(shown) == 1
    other: LatestSlot[Frame] = LatestSlot()
    gate.lead_to(other)
    gate.put(frame())
    assert target.get(0) is None
    assert other.get(0) is not None


def test_news_that_wait_are_not_sent_twice(qtbot: QtBot) -> None:
    bridge = Bridge()
    heard: list[int] = []
    bridge.changed.connect(lambda: heard.append(1))
    threads = [
        threading.Thread(target=lambda: [bridge.notify() for _ in range(200)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == [1]
    bridge.taken()
    bridge.notify()
    qtbot.waitUntil(lambda: heard == [1, 1])
    bridge.close(0)
    bridge.notify()


def test_work_in_the_background_answers_in_the_main_thread(qtbot: QtBot) -> None:
    bridge = Bridge()
    answers: list[object] = []
    main = threading.current_thread()

    def refuse() -> None:
        raise StoreError("no room")

    def note(answer: object) -> None:
        answers.append((answer, threading.current_thread() is main))

    bridge.run("adding", lambda: 2 + 3, note, note)
    qtbot.waitUntil(lambda: answers == [(5, True)])
    bridge.run("refusing", refuse, note, note)
    qtbot.waitUntil(lambda: answers[1:] == [("no room", True)])
    bridge.close(1)


def test_a_detector_that_a_file_adds_is_offered(added_detector: str, qtbot: QtBot) -> None:
    dialog = SettingsDialog(load_config(None, {"detect": {"name": added_detector}}))
    qtbot.addWidget(dialog)
    window = QMainWindow()
    qtbot.addWidget(window)
    menus = Menus(window, [])
    assert dialog.detector.currentData() == added_detector
    words = "Everywhere (finds a face in 100 % of pictures)"
    assert dialog.detector.currentText() == menus.detectors[added_detector].text() == words
    offered = [dialog.detector.itemData(i) for i in range(dialog.detector.count())]
    assert offered == list(menus.detectors) == ["yunet", "ssd", "haar", added_detector]
