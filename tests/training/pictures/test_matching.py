"""The one rule that says which found box is which annotated face."""

from __future__ import annotations

import numpy as np

from monitor.faces.boxes import NO_BOXES, as_boxes
from monitor.training.pictures.matching import match_boxes


def test_pairs_are_chosen_for_all_faces_together() -> None:
    """The greedy pair of highest IoU would leave the other face without a box."""
    truth = as_boxes([(0, 0, 100, 100), (40, 0, 140, 100)])
    found = as_boxes([(24, 0, 124, 100), (10, 0, 90, 100)])
    # IoU: first face 0.61 and 0.80, second face 0.72 and 0.42.
    assert match_boxes(truth, found).tolist() == [1, 0]
    shifted = as_boxes([(18, 0, 118, 100), (-39, 0, 61, 100)])
    # The first face overlaps the first box most (0.69), but only so does each face get one.
    assert match_boxes(truth, shifted).tolist() == [1, 0]


def test_boxes_that_hardly_touch_are_of_no_face() -> None:
    truth = as_boxes([(0, 0, 100, 100)])
    assert match_boxes(truth, as_boxes([(60, 60, 160, 160)])).tolist() == [-1]


def test_none_on_either_side() -> None:
    one = as_boxes([(0, 0, 9, 9)])
    assert match_boxes(NO_BOXES, one).tolist() == []
    assert match_boxes(one, NO_BOXES).tolist() == [-1]
    assert match_boxes(NO_BOXES, NO_BOXES).dtype == np.intp
