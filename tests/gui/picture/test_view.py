"""One live picture: its place, its faces, what stands for a missing one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.gui.looks import MakeWindow, colours


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (121, 333), (2160, 3840)])
def test_any_size_of_picture_keeps_its_proportions(
    make_window: MakeWindow, shape: tuple[int, int]
) -> None:
    window = make_window(start=False)
    window.view.show_picture(np.full((*shape, 3), 200, np.uint8))
    rect = window.view.picture_rect()
    assert window.view.rect().toRectF().contains(rect)
    assert abs(rect.width() * shape[0] - rect.height() * shape[1]) <= max(shape) * 1.0
    assert "#C8C8C8" in colours(window)
