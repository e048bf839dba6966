"""What counts in a picture, where it is searched, and the file that it is kept in."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.camera.turn import Turn, turned_image
from monitor.camera.zones import (
    Polygon,
    Zones,
    around,
    as_turned,
    counted,
    counts,
    is_inside,
    searched,
)
from monitor.camera.zones_file import load_zones, save_zones, zones_path
from monitor.config import ROTATIONS
from monitor.errors import ConfigError, StoreError

LEFT: Polygon = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
DOOR: Polygon = ((0.25, 0.2), (0.55, 0.2), (0.55, 0.9), (0.25, 0.9))
HOLLOW: Polygon = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.4), (0.1, 0.9))  # a bay below


def test_a_point_is_inside_as_the_polygon_is_filled_on_a_screen() -> None:
    """Against OpenCV's filling, also of a polygon with a bay; not on the very edge."""
    side = 200
    for polygon in (LEFT, DOOR, HOLLOW):
        filled = np.zeros((side, side), np.uint8)
        cv2.fillPoly(filled, [np.round(np.array(polygon) * (side - 1)).astype(np.int32)], 1)
        edge = cv2.dilate(cv2.Canny(filled * 255, 50, 100), np.ones((5, 5), np.uint8)) > 0
        mine = np.array(
            [[is_inside(polygon, x / side, y / side) for x in range(side)] for y in range(side)]
        )
        assert (mine == (filled > 0))[~edge].all()
        assert 0.1 < mine.mean() < 0.6


@pytest.mark.parametrize(
    ("zones", "point", "wanted"),
    [
        (Zones(), (0.9, 0.9), True),
        (Zones(counting=(LEFT,)), (0.4, 0.5), True),
        (Zones(counting=(LEFT,)), (0.6, 0.5), False),
        (Zones(counting=(LEFT, DOOR)), (0.52, 0.5), True),
        (Zones(ignored=(DOOR,)), (0.4, 0.5), False),
        (Zones(ignored=(DOOR,)), (0.9, 0.5), True),
        (Zones(counting=(LEFT,), ignored=(DOOR,)), (0.4, 0.5), False),
        (Zones(counting=(LEFT,), ignored=(DOOR,)), (0.1, 0.5), True),
    ],
)
def test_ignored_goes_before_counting_and_no_zone_counts_all(
    zones: Zones, point: tuple[float, float], wanted: bool
) -> None:
    assert counts(zones, *point) is wanted


def test_a_box_counts_by_its_centre() -> None:
    boxes = np.float32([[100, 100, 300, 300], [500, 100, 800, 300], [640, 100, 700, 200]])
    kept = counted(Zones(counting=(LEFT,)), boxes, (1280, 720))
    assert kept.tolist() == [True, False, False]
    assert counted(Zones(counting=(LEFT,)), boxes[:0], (1280, 720)).shape == (0,)


def test_the_part_that_is_searched_has_room_for_faces_at_the_edge() -> None:
    assert searched(Zones(), (1280, 720)) is None
    assert searched(Zones(ignored=(DOOR,)), (1280, 720)) is None
    assert searched(Zones(counting=(DOOR,)), (1280, 720)) == (192, 16, 832, 720)
    whole: Polygon = ((0, 0), (1, 0), (1, 1), (0, 1))
    assert searched(Zones(counting=(whole,)), (1280, 720)) is None
    corner: Polygon = ((0.9, 0.9), (1, 0.9), (1, 1))
    assert searched(Zones(counting=(corner, DOOR)), (100, 100)) == (15, 10, 100, 100)
    assert searched(Zones(counting=(corner,)), (1, 1)) is None


def test_a_box_that_shakes_stays_in_the_zone_that_was_made_of_it() -> None:
    box = np.float32([600, 200, 700, 320])
    zones = Zones(ignored=(around(box, (1280, 720)),))
    for shift in (-40, 0, 40):
        assert not counted(zones, (box + shift)[None], (1280, 720)).any()
    assert counted(zones, (box + 120)[None], (1280, 720)).all()
    beyond = around((-20, -10, 1300, 800), (1280, 720))
    assert beyond == ((0, 0), (1, 0), (1, 1), (0, 1))


# The file


def test_zones_are_kept_by_camera_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "zones.json"
    assert load_zones(path) == {}
    door, hall = Zones(counting=(DOOR,), ignored=(LEFT,)), Zones(ignored=(HOLLOW,))
    save_zones(path, "Eingang – Tür", door)
    save_zones(path, "hall", hall)
    assert load_zones(path) == {"Eingang – Tür": door, "hall": hall}
    save_zones(path, "hall", Zones())
    assert load_zones(path) == {"Eingang – Tür": door}


def test_it_lies_in_the_data_folder_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    assert zones_path().name == "zones.json"
    assert zones_path().parent.is_dir()
    assert zones_path(str(tmp_path / "mine.json")) == tmp_path / "mine.json"


CORNERS = [[0, 0], [1, 0], [1, 1]]


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{",
        '{"version": 1}',
        '{"version": 1, "cameras": []}',
        '{"version": 1, "cameras": {"door": 3}}',
        json.dumps({"version": 1, "cameras": {"door": {"counting": [[[0, 0], [1, 1]]]}}}),
        json.dumps({"version": 1, "cameras": {"door": {"counting": [[[0, 0], [1, 1], [2, 0]]]}}}),
        json.dumps({"version": 1, "cameras": {"door": {"ignore": [CORNERS]}}}),
        json.dumps({"version": 1, "cameras": {"door": {"ignored": [CORNERS] * 31}}}),
        '{"version": 1, "cameras": {"door": {"ignored": [[[0, 0], [1, 0], [1, NaN]]]}}}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_refused_in_one_line_and_left_as_it_is(
    tmp_path: Path, document: str
) -> None:
    path = tmp_path / "zones.json"
    path.write_text(document, "utf-8")
    with pytest.raises(ConfigError, match=r"zones\.json are damaged: mend that file"):
        load_zones(path)
    with pytest.raises(ConfigError, match="damaged"):
        save_zones(path, "door", Zones(ignored=(DOOR,)))
    assert path.read_text("utf-8") == document


def test_other_versions_folders_and_places_that_cannot_be_written_are_said(
    tmp_path: Path,
) -> None:
    path = tmp_path / "zones.json"
    path.write_text('{"version": 2, "cameras": {}}', "utf-8")
    with pytest.raises(ConfigError, match="of another version"):
        load_zones(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_zones(tmp_path)
    with pytest.raises(StoreError, match="cannot be written"):
        save_zones(tmp_path / "no" / "zones.json", "door", Zones(ignored=(DOOR,)))


TURNS = [Turn(rotate, mirror) for rotate in ROTATIONS for mirror in (False, True)]


@pytest.mark.parametrize("now", TURNS)
@pytest.mark.parametrize("drawn", TURNS)
def test_zones_stay_on_the_same_things_however_the_picture_is_turned(
    drawn: Turn, now: Turn
) -> None:
    """A thing in the scene is in the zone on every picture of it, and what is beside it is not."""
    scene = np.zeros((60, 100, 3), np.uint8)
    scene[6:18, 70:90] = 255

    def zone_of(turn: Turn) -> tuple[np.ndarray, Polygon]:
        image = turned_image(scene, turn)
        rows, columns = np.nonzero(image[..., 0])
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        return image, around(map(float, box), image.shape[1::-1])

    _, polygon = zone_of(drawn)
    image, wanted = zone_of(now)
    lying = as_turned(Zones(ignored=(polygon,), turn=drawn), now)
    assert lying.turn == now
    assert np.allclose(sorted(lying.ignored[0]), sorted(wanted))
    height, width = image.shape[:2]
    for y in range(0, height, 4):
        for x in range(0, width, 4):
            thing = bool(image[y, x, 0])
            assert counts(lying, (x + 0.5) / width, (y + 0.5) / height) is not thing


def test_the_turn_is_kept_with_the_zones_and_one_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "zones.json"
    zones = Zones(counting=(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),), turn=Turn(90, True))
    save_zones(path, "door", zones)
    assert load_zones(path) == {"door": zones}
    path.write_text(path.read_text().replace("90", "91"))
    with pytest.raises(ConfigError, match="are damaged"):
        load_zones(path)


def test_zones_of_an_unknown_turn_lie_where_they_are() -> None:
    zones = Zones(ignored=(((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)),))
    assert as_turned(zones, Turn(90)).ignored == zones.ignored
