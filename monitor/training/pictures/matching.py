"""Which box that was found belongs to which face that is annotated: one rule for all reports."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from monitor.faces.boxes import iou_matrix
from monitor.records import FloatArray

# Boxes that overlap less are not of one face. Those of the sets are drawn by hand, some with hair
# and neck: at 0.5 a tenth of the right ones would miss.
IOU_MIN = 0.4


def match_boxes(truth: FloatArray, found: FloatArray) -> npt.NDArray[np.intp]:
    """Give each annotated face at most one box and each box at most one face, so that the pairs'
    IoU adds up to the most.

    Args:
        truth: Annotated boxes, (N, 4) float32 xyxy in pixels.
        found: Boxes of a detector, (M, 4), same form.

    Returns:
        (N,) for each annotated face the row of `found`, -1 where it got none.
    """
    result = np.full(len(truth), -1, np.intp)
    iou = iou_matrix(truth, found)
    rows, columns = linear_sum_assignment(np.where(iou >= IOU_MIN, iou, 0), maximize=True)
    good = iou[rows, columns] >= IOU_MIN
    result[rows[good]] = columns[good]
    return result
