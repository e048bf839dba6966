"""Sets of whole pictures are read picture by picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.training.pictures.boxed import read_boxes


def test_the_list_of_boxes_is_read_picture_by_picture(tmp_path: Path) -> None:
    lines = ["file,x_min,y_min,x_max,y_max,label", "b.jpg,1,2,3,4,masked", "b.jpg,5,6,7,8,unmasked"]
    (tmp_path / "boxes.csv").write_text("\n".join(lines))
    ((path, (rows, labels)),) = read_boxes(tmp_path).items()
    assert path == tmp_path / "images" / "b.jpg"
    np.testing.assert_array_equal(rows, np.array([(1, 2, 3, 4), (5, 6, 7, 8)], np.float32))
    assert labels == ["masked", "unmasked"]


def test_a_missing_list_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is missing"):
        read_boxes(tmp_path)
