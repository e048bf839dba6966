"""The clips of ../shared/data/videos as a camera would show them that hangs otherwise: named within
ten seconds of its time, and never where it hangs upright.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from fakes import frame

from monitor.analysis.pipeline import Pipeline
from monitor.camera.turn import Turn, turned_image
from monitor.config import Config
from monitor.detect import make_detector
from monitor.faces.classify import MaskClassifier
from monitor.records import Image

pytestmark = [pytest.mark.shared, pytest.mark.long, pytest.mark.timeout(600)]

WATCHED_S = 10.0
NOBODY = "mask_on_bench_no_person.mp4"


def looped(path: Path) -> Iterator[tuple[float, Image]]:
    """Ten seconds of a clip, which begins again where it is shorter."""
    number = 0
    while True:
        clip = cv2.VideoCapture(str(path))
        rate = clip.get(cv2.CAP_PROP_FPS) or 12.5
        while (read := clip.read())[0]:
            if number / rate > WATCHED_S:
                return
            yield number / rate, read[1]  # type: ignore[misc]
            number += 1


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_how_a_camera_hangs_is_told_within_ten_seconds(shared: Path, turned: int) -> None:
    config = Config()
    detector, classifier = make_detector(config.detect), MaskClassifier.load(config.classify)
    told: dict[str, set[int]] = {}
    for path in sorted((shared / "data" / "videos").iterdir()):
        camera = Pipeline(detector, classifier, config, "shift")
        told[path.name] = {
            camera.process([frame(t, pixels=turned_image(image, Turn(turned)))])[0].turn
            for t, image in looped(path)
        } - {0}
    mend = {(360 - turned) % 360} - {0}
    assert told == {name: set() if name == NOBODY else mend for name in told}
