"""The strip above a picture where several cameras are shown."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QFont, QImage, QPainter
from pytestqt.qtbot import QtBot

from monitor.gui.picture.caption import HEIGHT, Caption, paint_caption
from monitor.marks import MARKS
from monitor.records import Count, MaskState
from tests.gui.looks import mask_of, pixels_of

OUTSIDE = "#ff00ff"


def painted(caption: Caption, *, chosen: bool = False, width: int = 400) -> QImage:
    """The strip, with room beside it that must stay as it is."""
    image = QImage(width + 20, HEIGHT + 20, QImage.Format.Format_RGB32)
    image.fill(QColor(OUTSIDE))
    painter = QPainter(image)
    paint_caption(painter, QRectF(10, 10, width, HEIGHT), caption, chosen, QFont())
    painter.end()
    return image


def symbols(image: QImage) -> dict[MaskState, float]:
    """Where the symbols that are painted are, from the left, px."""
    found = {}
    for state in MaskState:
        columns = np.nonzero(mask_of(image, MARKS[state].colour).sum(axis=0) > 3)[0]
        if len(columns):
            found[state] = float(columns.mean())
    return found


def test_the_sentence_for_screen_readers_has_all_of_it() -> None:
    caption = Caption("door", "live", count=Count(masked=3, unmasked=1, unsure=2))
    assert caption.sentence == "door: live. 3 Masked, 1 No mask, 0 Worn incorrectly, 2 Not sure"


def test_unsure_is_shown_only_where_there_are_any(qtbot: QtBot) -> None:
    without, with_them = (
        symbols(painted(Caption("door", "live", count=Count(masked=1, unsure=n)))) for n in (0, 4)
    )
    assert list(without) == [MaskState.MASKED, MaskState.UNMASKED, MaskState.INCORRECT]
    assert list(with_them) == list(MaskState)
    assert list(with_them.values()) == sorted(with_them.values())


def test_the_chosen_camera_and_one_in_trouble_look_different(qtbot: QtBot) -> None:
    calm = pixels_of(painted(Caption("door", "live")))
    for other in (
        painted(Caption("door", "live"), chosen=True),
        painted(Caption("door", "live", trouble=True)),
    ):
        assert (pixels_of(other) != calm).any()
    assert mask_of(painted(Caption("door", "lost", trouble=True)), "#FFC46B").any()
    assert not mask_of(painted(Caption("door", "lost")), "#FFC46B").any()


def test_a_long_name_gives_way_to_the_count(qtbot: QtBot) -> None:
    short, long = (
        painted(Caption(name, "lost, next try in 12 s", True, Count(999, 99, 99, 9)), width=width)
        for name, width in (("a", 400), ("rtsp://" + "long" * 90, 400))
    )
    first = int(min(symbols(short).values())) - 8
    assert symbols(long) == symbols(short)
    assert (pixels_of(long)[:, first:] == pixels_of(short)[:, first:]).all()
    assert (pixels_of(long)[:, 10:first] != pixels_of(short)[:, 10:first]).any()


def test_nothing_leaves_the_strip_however_narrow(qtbot: QtBot) -> None:
    caption = Caption("camera of the entrance", "stalled", True, Count(12345, 67, 8, 9))
    for width in (120, 200, 320):
        outside = mask_of(painted(caption, width=width), OUTSIDE)
        assert outside[:10].all()
        assert outside[10 + HEIGHT :].all()
        assert outside[:, 10 + width :].all()
