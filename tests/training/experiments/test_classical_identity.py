"""Few people, split by capture session; eigenfaces and Gabor filters with an SVM tell them
apart.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.faces.align import TEMPLATE
from monitor.records import Image
from monitor.training.experiments import classical_identity, few_people, few_report
from monitor.training.experiments.classical_identity import eigen, gabor, grey

PEOPLE = ("ada", "ben", "cleo")


def picture(person: str, session: str, number: int = 0) -> Image:
    """(160, 160, 3) uint8 BGR: before a background of its session, an oval that is wide, medium or
    narrow by the person.
    """
    rng = np.random.default_rng(zlib.crc32(f"{session}/{person}".encode()))
    image = cv2.resize(
        rng.integers(0, 255, (8, 8, 3), np.uint8), (160, 160), interpolation=cv2.INTER_CUBIC
    )
    kind = PEOPLE.index(person)
    centre = (80 + number % 3, 80)
    cv2.ellipse(image, centre, (26 + 14 * kind, 52), 0, 0, 360, (140, 170, 200), -1)
    for x in (-1, 1):
        cv2.circle(image, (centre[0] + x * (9 + 6 * kind), 66), 4 + 2 * kind, (20, 20, 20), -1)
    cv2.line(image, (70 - 8 * kind, 108), (90 + 8 * kind, 108), (60, 40, 120), 3 + kind)
    return image  # type: ignore[return-value]


def write_people(
    root: Path, sessions: tuple[str, ...] = ("a", "b", "c", "d", "e"), each: int = 3
) -> Path:
    """`root`/PERSON/SESSION/*.png"""
    for person in PEOPLE:
        for session in sessions:
            folder = root / person / session
            folder.mkdir(parents=True)
            for i in range(each):
                cv2.imwrite(str(folder / f"{i:04}_free_bare.png"), picture(person, session, i))
    return root


def run(root: Path, out: Path, *more: str) -> dict[str, dict[str, object]]:
    """A whole run; the rows of the report by method."""
    argv = [
        "--data",
        str(root.parent),
        "--sets",
        root.name,
        "--out",
        str(out),
        "--embedding",
        "",
        *more,
    ]
    assert classical_identity.main(argv) == 0
    rows = json.loads((out / "classical_identity.json").read_text(encoding="utf-8"))["rows"]
    return {row["method"]: row for row in rows}


def test_no_session_lies_on_both_sides(tmp_path: Path) -> None:
    few = few_people.load(write_people(tmp_path / "few"), 16, 0)
    assert few.people == PEOPLE
    assert not set(few.group[few.test]) & set(few.group[~few.test])
    for person in range(3):
        own = few.person == person
        assert (own & few.test).sum() == 3  # one session of five
        assert (own & ~few.test).sum() == 12


def test_another_seed_tests_other_sessions(tmp_path: Path) -> None:
    root = write_people(tmp_path / "few", each=1)
    sides = {few_people.load(root, 16, seed).test.tobytes() for seed in range(3)}
    assert len(sides) > 1


def test_loose_near_duplicates_are_one_session(tmp_path: Path) -> None:
    for person in PEOPLE[:2]:
        (tmp_path / "few" / person).mkdir(parents=True)
        for session in "abc":
            image = picture(person, session)
            for name in ("first", "again"):
                cv2.imwrite(str(tmp_path / "few" / person / f"{session}_{name}.png"), image)
    few = few_people.load(tmp_path / "few", 16, 0)
    assert len(few.faces) == 12
    assert sorted(np.unique(few.group, return_counts=True)[1]) == [2] * 6
    assert not set(few.group[few.test]) & set(few.group[~few.test])


def test_times_in_names_make_sessions(tmp_path: Path) -> None:
    names = (
        "IMG_20261121_101500",
        "IMG_20261121_102200",
        "IMG_20261121_102900",
        "IMG_20261122_090000",
    )
    for person in PEOPLE[:2]:
        (tmp_path / "few" / person).mkdir(parents=True)
        for name in names:
            cv2.imwrite(str(tmp_path / "few" / person / f"{name}.png"), picture(person, name))
    few = few_people.load(tmp_path / "few", 16, 0)
    # Three pictures seven minutes apart are one session; the next day's single one is the fifth
    # that is tested.
    assert [int(few.test[few.person == p].sum()) for p in (0, 1)] == [1, 1]
    assert len(np.unique(few.group)) == 4


def test_a_training_copy_of_a_test_picture_is_left_out(tmp_path: Path) -> None:
    for side, sessions in (("train", "abc"), ("val", "x")):
        for person in PEOPLE[:2]:
            folder = tmp_path / "few" / side / person
            folder.mkdir(parents=True)
            for session in sessions:
                cv2.imwrite(str(folder / f"{session}.png"), picture(person, session))
    mirrored = np.ascontiguousarray(picture("ada", "x")[:, ::-1])
    cv2.imwrite(str(tmp_path / "few" / "train" / "ada" / "copy.png"), mirrored)
    few = few_people.load(tmp_path / "few", 16, 0)
    assert (int(few.test.sum()), int((~few.test).sum())) == (2, 6)
    assert "1 training pictures that are near duplicates" in few.summary()


def test_single_sessions_and_ended_consents_are_left_out(tmp_path: Path) -> None:
    root = write_people(tmp_path / "few", ("a", "b", "c"), 1)
    (root / "ada" / "consent.json").write_text(
        '{"name": "ada", "until": "2020-01-01T00:00:00+00:00"}', encoding="utf-8"
    )
    with_two = few_people.load(root, 16, 0)
    assert with_two.people == ("ben", "cleo")
    for session in "bc":
        (root / "ben" / session / "0000_free_bare.png").unlink()
    with pytest.raises(ConfigError, match="at least twice"):
        few_people.load(root, 16, 0)


def test_bare_and_masked_are_both_tested(tmp_path: Path) -> None:
    names, masked = np.array(["a"] * 20), np.array([False, True] * 10)
    test = few_people.split(names, masked, np.arange(20), 0)
    assert (int(test[masked].sum()), int(test[~masked].sum())) == (2, 2)
    # One session with a mask alone stays in training.
    masked = np.arange(20) == 3
    test = few_people.split(names, masked, np.arange(20), 0)
    assert not test[3]
    assert test.sum() == 4
    assert not few_people.split(names, masked, np.zeros(20, np.intp), 0).any()
    # a seed repeats itself
    assert (test == few_people.split(names, masked, np.arange(20), 0)).all()


def test_a_real_face_is_found_and_aligned(data: Path) -> None:
    picture = few_people.Picture(data / "bare.jpg", "somebody", False, "", None)
    faces, (chip,), missed = few_people.read_faces([picture])
    assert missed == 0
    x0, y0, x1, y1 = chip.box
    image = cv2.imread(str(data / "bare.jpg"))
    assert image is not None
    assert 0 <= x0 < x1 <= image.shape[1]
    assert 0 <= y0 < y1 <= image.shape[0]
    # Where the eyes belong it is darker than on the cheeks below.
    grey_face = cv2.GaussianBlur(cv2.cvtColor(faces[0], cv2.COLOR_BGR2GRAY), (0, 0), 2)
    for x, y in TEMPLATE[:2].round().astype(int):
        assert grey_face[y, x] < grey_face[y + 18, x]


def test_drawn_copies_stay_with_their_session(tmp_path: Path) -> None:
    few = few_people.load(write_people(tmp_path / "few", ("a", "b", "c"), 2), 16, 0)
    taught = few_report.lesson(few, True)
    count = int((~few.test).sum())
    assert len(taught.faces) == 2 * count
    assert (taught.group[:count] == taught.group[count:]).all()
    assert taught.masked[count:].all()
    assert (taught.faces[:count] != taught.faces[count:]).any(axis=(1, 2, 3)).all()
    assert (taught.faces[:count, :40] == taught.faces[count:, :40]).all()  # the eyes stay free
    assert len(few_report.lesson(few, False).faces) == count


def test_gabor_filters_know_the_direction_of_stripes() -> None:
    xs = np.arange(112)
    stripes = (127 + 100 * np.sin(2 * np.pi * xs / 14)).astype(np.uint8)  # 8 px on the 64 px face
    across = np.broadcast_to(stripes[None, :, None], (112, 112, 3)).copy()
    down = across.transpose(1, 0, 2).copy()
    answers = gabor(np.stack([across, down]), False).reshape(2, 5, 8, -1).mean(axis=3)
    # 4 px by half octaves: 8 px is the third
    assert np.unravel_index(answers[0].argmax(), (5, 8)) == (2, 0)
    assert np.unravel_index(answers[1].argmax(), (5, 8)) == (2, 4)


def test_the_upper_half_does_not_see_a_mask() -> None:
    bare = picture("ada", "s")[24:136, 24:136]
    masked = bare.copy()
    masked[64:] = (200, 150, 90)
    for features in (eigen, gabor):
        whole, upper = (features(np.stack([bare, masked]), half) for half in (False, True))
        assert not np.allclose(whole[0], whole[1])
        assert np.allclose(upper[0], upper[1])


def test_brightness_does_not_matter() -> None:
    face = picture("ben", "s")[24:136, 24:136]
    darker = cv2.convertScaleAbs(face, alpha=0.5, beta=10)
    pair = grey(np.stack([face, darker]), False)
    np.testing.assert_allclose(pair[0], pair[1], atol=0.1)


@pytest.mark.long
def test_unseen_sessions_are_named_right(tmp_path: Path) -> None:
    rows = run(write_people(tmp_path / "few"), tmp_path / "out")
    assert set(rows) == {
        "eigenfaces + SVM",
        "eigenfaces + SVM, upper half",
        "Gabor + SVM",
        "Gabor + SVM, upper half",
    }
    for row in rows.values():
        assert row["all"]["count"] == row["laid_on"]["count"] == 9
        assert row["masked"]["count"] == 0
        assert row["parameters"] > 0
    assert rows["Gabor + SVM"]["all"]["value"] > 0.6  # by chance 0.33
    assert rows["eigenfaces + SVM"]["all"]["value"] > 0.6
    text = (tmp_path / "out" / "classical_identity.md").read_text(encoding="utf-8")
    assert "3 people, 45 pictures (0 really masked) in 15 sessions; training 36" in text


def test_without_time_the_methods_are_named_as_not_run(tmp_path: Path) -> None:
    rows = run(write_people(tmp_path / "few", ("a", "b"), 1), tmp_path / "out", "--minutes", "0")
    assert rows == {}
    assert (
        "Not run for lack of time: eigenfaces + SVM on few"
        in (tmp_path / "out" / "classical_identity.md").read_text()
    )


def test_one_training_session_needs_no_search(tmp_path: Path) -> None:
    few = few_people.load(write_people(tmp_path / "few", ("a", "b"), 2), 16, 0)
    answer, _, note = classical_identity.learn(
        "eigenfaces", False, few_report.lesson(few, False), 0
    )
    assert "as scikit-learn has them" in note
    assert answer(few.faces[~few.test]).tolist() == few.person[~few.test].tolist()


@pytest.mark.parametrize(("sets", "says"), [("nowhere", "is not there"), ("", "--sets is empty")])
def test_mistakes_are_named(tmp_path: Path, sets: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        classical_identity.main(
            ["--data", str(tmp_path), "--sets", sets, "--out", str(tmp_path / "out")]
        )
