"""The data report says what is there, with pictures, and its summary shows no face."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.records import Image
from monitor.training.pictures import explore


def test_report_and_summary(tmp_path: Path, write_chips: Callable[..., Path]) -> None:
    root = write_chips(tmp_path / "chips", {"masked": 4, "unmasked": 3, "incorrect": 2})
    write_chips(root, {"unmasked": 2}, source="other", face_px=20)
    cv2.imwrite(str(root / "other_unmasked_1.png"), cv2.imread(str(root / "made_masked_0.png")))
    assert (
        explore.main(
            [str(root), "--out", str(tmp_path / "out"), "--summary", str(tmp_path / "docs")]
        )
        == 0
    )
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    assert found["classes"] == {"masked": 4, "unmasked": 5, "incorrect": 2}
    assert found["sources"]["other"] == {"unmasked": 2}
    assert found["under_32_px"] == 2
    assert found["duplicates"]["label_noise"] == [
        "made/masked/made_masked_0.png ~ other/unmasked/other_unmasked_1.png (0 bits)"
    ]
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("data:image/svg+xml") == 3  # the charts
    assert page.count("data:image/jpeg") == 6  # four rows of samples, the pairs, the wrong pairs
    assert {p.suffix for p in (tmp_path / "docs").iterdir()} == {".md", ".svg"}
    assert "| made | 4 | 3 | 2 |" in (tmp_path / "docs" / "data.md").read_text()
    assert "<image" not in (tmp_path / "docs" / "data_sizes.svg").read_text()


def test_repeated_edge_pixels_are_seen(face: Callable[..., Image]) -> None:
    grey = cv2.cvtColor(face("unmasked", 5, 96), cv2.COLOR_BGR2GRAY)
    assert explore.streaked(grey) == 0
    padded = cv2.copyMakeBorder(grey[24:], 24, 0, 0, 0, cv2.BORDER_REPLICATE)
    assert explore.streaked(padded) == pytest.approx(0.25, abs=0.03)
    sideways = cv2.copyMakeBorder(grey[:, 10:-10], 0, 0, 10, 10, cv2.BORDER_REPLICATE)
    assert explore.streaked(sideways) == pytest.approx(20 / 96, abs=0.03)


def test_a_plain_background_is_no_streak() -> None:
    assert explore.streaked(np.full((96, 96), 255, np.uint8)) == 0


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="known form"):
        explore.main([str(tmp_path), "--out", str(tmp_path / "out")])
