"""The detectors on the pictures in ../shared, which a clone does not have."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.detect import ssd, yunet
from monitor.faces.boxes import iou_matrix
from monitor.training.detectors.convert_detectors import caffe_boxes
from monitor.training.detectors.detector_curve import tally

pytestmark = pytest.mark.shared

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
CAFFE = [
    str(ROOT / "weights" / name)
    for name in ("deploy.prototxt", "res10_300x300_ssd_iter_140000.caffemodel")
]


@pytest.fixture(scope="module", autouse=True)
def _data() -> None:
    if not (DATA / "andrewmvd").is_dir():
        pytest.skip("../shared/data/andrewmvd is not there")


def test_ssd_finds_what_the_caffe_network_finds_on_50_pictures() -> None:
    if not all(Path(path).is_file() for path in CAFFE):
        pytest.skip("weights/ lacks the Caffe files: run ../shared/weights/get_weights.py weights")
    net = cv2.dnn.readNetFromCaffe(*CAFFE)
    detector = ssd.ResNetSsd(0.3, min_face_px=0)
    compared = 0
    for path in sorted((DATA / "andrewmvd" / "images").iterdir())[::17][:50]:
        image = cv2.imread(str(path))
        expected, found = caffe_boxes(net, image, 0.3), detector.detect(image)
        assert len(found) == len(expected), path.name
        if len(expected):
            nearest = iou_matrix(expected.boxes, found.boxes).argmax(axis=1)
            assert sorted(nearest) == list(range(len(found))), path.name
            np.testing.assert_allclose(
                found.boxes[nearest], expected.boxes, atol=1, err_msg=path.name
            )
            np.testing.assert_allclose(
                found.confidence[nearest], expected.confidence, atol=2e-3, err_msg=path.name
            )
        compared += len(expected)
    assert compared > 50


def test_yunet_finds_the_faces_of_andrewmvd() -> None:
    """The bars of the default detector with its defaults, faces of 40 px or more: 92 % of masked
    and 94 % of bare ones.
    """
    pictures, empty = tally(yunet.YuNet(), DATA, 40)
    masked, bare = (np.array(pictures.found[label]) for label in ("masked", "bare"))
    assert len(masked) > 800
    assert len(bare) > 100
    assert np.mean(masked > 0) >= 0.92
    assert np.mean(bare > 0) >= 0.94
    # nothing in the clip without people is sure enough to begin a track
    assert max(empty.false, default=0) < 0.7
