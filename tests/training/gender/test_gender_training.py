"""From aligned faces to a gender model, on made-up pictures and two real ones."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import ConfigError, ModelError
from monitor.faces.align import TEMPLATE
from monitor.faces.gender import GENDERS, GenderGuesser
from monitor.records import Image
from monitor.training.drawing.laid_on import CUTOUTS
from monitor.training.gender import evaluate, faces
from monitor.training.gender.__main__ import main
from monitor.training.pictures import pool
from monitor.training.pictures.splits import is_test_figure, is_test_person, is_test_utkface

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and tf2onnx warn about themselves
COUNT = 120


def made_face(female: bool, seed: int) -> Image:
    """(112, 112, 3) uint8 BGR: noise of its own, eyes and mouth in their places, and a forehead
    that tells the gender.
    """
    rng = np.random.default_rng(seed)
    image = cv2.resize(
        rng.integers(0, 255, (7, 7, 3), np.uint8), (112, 112), interpolation=cv2.INTER_CUBIC
    )
    cv2.ellipse(image, (56, 66), (38, 48), 0, 0, 360, (140, 160, 190), -1)
    image[8:40, 20:92] = (30, 30, 200) if female else (200, 60, 30)
    for x, y in TEMPLATE.astype(int).tolist():
        cv2.circle(image, (x, y), 4, (20, 20, 20), -1)
    return np.asarray(image, np.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    (root / "utkface_aligned").mkdir()
    for i in range(COUNT):
        name = f"{20 + i % 50}_{i % 2}_{i % 5}_201701{i:011d}.jpg"
        cv2.imwrite(str(root / "utkface_aligned" / name), made_face(bool(i % 2), i))
    people = ("Ann", "Bob", "Cid", "Dora", "Eve", "Fay", "Gus", "Hal", "Ida", "Joe")
    assert len({is_test_person(person, "lfw") for person in people}) == 2
    for person in people:
        (root / "lfw_aligned" / person).mkdir(parents=True)
        cv2.imwrite(
            str(root / "lfw_aligned" / person / f"{person}_0001.jpg"),
            made_face(False, 500 + len(person) + ord(person[0])),
        )
    (root / "mask_templates").mkdir()
    for name in CUTOUTS:
        mask = np.full((60, 90, 4), 255, np.uint8)
        cv2.imwrite(str(root / "mask_templates" / f"{name}.png"), mask)
    return root


def names(chips: list[pool.Chip]) -> set[str]:
    return {c.original for c in chips}


def test_no_test_face_is_trained_on_or_watched(data: Path) -> None:
    parts = faces.parts(data)
    train, watched, test = names(parts.train), names(parts.watched), names(parts.test)
    assert not test & (train | watched)
    assert not train & watched
    assert len(train | watched | test) + parts.near_duplicates >= COUNT
    assert all(is_test_utkface(name) for name in test)
    assert not any(is_test_utkface(name) for name in train | watched)
    assert parts.unlabelled
    assert not any(is_test_person(c.path.parent.name, "lfw") for c in parts.unlabelled)
    assert names(faces.held_out_faces(data)) == test


def test_a_mirrored_copy_of_a_test_face_is_left_out_of_training(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "utkface_aligned"
    folder.mkdir()
    for path in (data / "utkface_aligned").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    before = faces.parts(tmp_path)
    picture = cv2.imread(str(before.test[0].path))
    assert picture is not None
    copies = [f"33_0_0_201702{i:011d}.jpg" for i in range(40)]
    name = next(n for n in copies if not is_test_utkface(n))
    cv2.imwrite(str(folder / name), picture[:, ::-1])
    after = faces.parts(tmp_path)
    assert name not in names(after.train) | names(after.watched)
    assert after.near_duplicates == before.near_duplicates + 1


def test_labels_are_those_of_the_file_names(data: Path) -> None:
    chips = faces.held_out_faces(data)
    said = [GENDERS[i] for i in faces.genders(chips)]
    assert said == ["female" if c.original.split("_")[1] == "1" else "male" for c in chips]


def test_batches_repeat_are_half_and_half_and_mostly_masked(data: Path) -> None:
    parts = faces.parts(data)
    chips = [*parts.train, *parts.unlabelled]
    read = pool.read(chips, None)
    recipe = faces.Recipe(32, 40)
    makers = [faces.Maker(read, faces.bank(data), recipe, 3) for _ in range(2)]
    (rois, which), (again, which_again) = (m.batch(5) for m in makers)
    assert rois.shape == (40, 32, 32, 3)
    assert rois.dtype == np.uint8
    assert np.array_equal(rois, again)
    assert np.array_equal(which, which_again)
    assert not np.array_equal(rois, makers[0].batch(6)[0])
    known = faces.genders_known(chips)[np.concatenate([makers[0].batch(i)[1] for i in range(6)])]
    shares = [float((known == g).mean()) for g in (0, 1, -1)]
    assert shares == pytest.approx([0.325, 0.325, 0.35], abs=0.1)
    bare = faces.Recipe(112, 64, masked=0.0, as_taken=1.0)
    masked = faces.Recipe(112, 64, masked=1.0, worn_right=1.0, as_taken=1.0)
    plain, drawn = (faces.Maker(read, faces.bank(data), r, 3) for r in (bare, masked))
    differs = [
        np.abs(
            plain.look(f, np.random.default_rng(1)).astype(int)
            - drawn.look(f, np.random.default_rng(1))
        ).mean()
        > 5
        for f in read[:20]
    ]
    assert sum(differs) >= 18


def test_sure_guesses_serve_as_labels_and_unsure_ones_do_not() -> None:
    rng = np.random.default_rng(0)
    of_gender = np.array([[1.0, 0, 0.5], [0, 1.0, 0.5]])
    truth = np.repeat([0, 1], 150)
    lessons = of_gender[truth] + rng.normal(0, 0.05, (300, 3))
    lessons = np.concatenate([lessons, [[0.5, 0.5, 0.5]]]).astype(np.float32)
    known = np.append(np.where(rng.random(300) < 0.7, truth, -1), -1)
    known[0] = 1  # a label stands, whatever the embedding says
    made = faces.taught(known, lessons)
    assert made[0] == 1
    assert np.array_equal(made[1:300], truth[1:])
    assert made[300] == -1
    assert np.array_equal(faces.taught(np.full(5, -1), lessons[:5]), np.full(5, -1))


def test_two_teachers_must_agree() -> None:
    lessons = np.repeat(np.eye(2, dtype=np.float32), 50, axis=0)
    known = np.repeat([0, 1], 50)
    known[[0, 1, 50]] = -1
    agree, contradict = np.array([0.98, 0.02]), np.array([0.02, 0.98])
    guesses = np.tile(agree, (100, 1))
    guesses[1] = contradict
    guesses[50] = contradict
    made = faces.taught(known, lessons, guesses)
    assert made[[0, 1, 50]].tolist() == [0, -1, 1]


def test_bare_chips_are_laid_straight_and_people_of_the_identity_tests_are_left_out(
    tmp_path: Path,
) -> None:
    face = cv2.copyMakeBorder(made_face(True, 3), 40, 40, 40, 40, cv2.BORDER_CONSTANT)
    turn = cv2.getRotationMatrix2D((96.0, 96.0), 25, 0.9)
    (tmp_path / "mask_chips").mkdir()
    cv2.imwrite(str(tmp_path / "mask_chips" / "a.jpg"), cv2.warpAffine(face, turn, (192, 192)))
    points = (TEMPLATE + 40) @ turn[:, :2].T + turn[:, 2]
    marks = " ".join(f"{v:.2f}" for v in points.ravel())
    kept, tested = (
        next(n for n in map(str, range(99)) if is_test_figure(n) is held) for held in (False, True)
    )
    rows = ["file,source,label,identity,x_min,y_min,x_max,y_max,face_px,landmarks,original"]
    for source, label, who, px in (
        ("chandrika", "unmasked", kept, 90),
        ("chandrika", "unmasked", tested, 90),
        ("chandrika", "masked", "", 90),
        ("chandrika", "unmasked", "", 30),
        ("utkface", "unmasked", "", 90),
    ):
        rows.append(f"a.jpg,{source},{label},{who},50,50,140,150,{px},{marks},a.jpg")
    (tmp_path / "mask_chips" / "index.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "utkface_aligned").mkdir()
    for i in range(COUNT):
        name = f"{20 + i % 50}_{i % 2}_{i % 5}_201701{i:011d}.jpg"
        cv2.imwrite(str(tmp_path / "utkface_aligned" / name), made_face(bool(i % 2), i))
    unlabelled = faces.parts(tmp_path).unlabelled
    assert [c.identity for c in unlabelled] == [kept]
    straight = faces.template_part(faces.read(unlabelled)[0])
    inside = np.s_[20:92, 20:92]
    apart = np.abs(straight.astype(int) - made_face(True, 3))[inside].mean()
    assert apart < 12
    assert (
        apart
        < 0.5 * np.abs(np.roll(straight, 6, axis=0).astype(int) - made_face(True, 3))[inside].mean()
    )


def test_whoever_may_be_in_the_test_is_told_by_the_embedding() -> None:
    lessons = np.eye(3, dtype=np.float32)
    tested = np.array([[0.8, 0.6, 0.0]], np.float32)
    assert faces.unlike(lessons, tested).tolist() == [False, False, True]
    assert faces.unlike(lessons, tested[:0]).all()


@pytest.mark.long
def test_train_then_evaluate(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "models" / "g"
    train = [
        "train",
        "--data",
        str(data),
        "--weights",
        "none",
        "--teacher",
        "none",
        "--out",
        str(out),
        "--size",
        "32",
    ]
    assert (
        main([*train, "--steps", "2", "--batch", "8", "--sheet", str(tmp_path / "sheet.png")]) == 0
    )
    assert (tmp_path / "sheet.png").is_file()
    assert sorted(p.name for p in out.parent.iterdir()) == ["g.json", "g.onnx"]
    card = json.loads(Path(f"{out}.json").read_text(encoding="utf-8"))
    assert card["task"] == "gender"
    assert card["classes"] == ["male", "female"]
    assert "must not decide" in card["notice"]
    assert card["counts"]["unlabelled"] == 0
    guesser = GenderGuesser.load(str(out), 1)
    assert guesser.size == 32
    assert np.allclose(
        guesser.probabilities(np.zeros((3, 112, 112, 3), np.uint8)).sum(axis=1), 1, atol=1e-5
    )

    report = tmp_path / "gender.json"
    measure = [
        "evaluate",
        f"{out}.onnx",
        "--data",
        str(data),
        "--summary",
        str(tmp_path),
        "--json",
        str(report),
    ]
    assert main([*measure, "--write-figures"]) == 0
    assert GenderGuesser.load(str(out), 1).size == 32  # the card still fits
    card = json.loads(Path(f"{out}.json").read_text(encoding="utf-8"))
    found = json.loads(report.read_text(encoding="utf-8"))
    assert set(found["models"]["g"]) == {"bare", "masked", "bare, 40 px", "masked, 40 px"}
    assert found["models"]["g"]["masked"]["right"]["count"] == found["faces"]
    assert card["figures"]["bare"]["right"] == found["models"]["g"]["bare"]["right"]
    text = (tmp_path / "gender.md").read_text(encoding="utf-8")
    assert "must not decide" in text
    assert "## g by age" in text


def test_figures_count_what_is_right_by_group_and_by_mask(data: Path) -> None:
    chips = faces.held_out_faces(data)
    truth = faces.genders(chips)
    confidence = np.full((len(chips), 2), 0.05, np.float32)
    confidence[np.arange(len(chips)), truth] = 0.95
    confidence[0] = confidence[0, ::-1]
    found = evaluate.figures(chips, confidence)
    assert (found["right"].hits, found["right"].count) == (len(chips) - 1, len(chips))
    assert found["masks"][CUTOUTS[0]].hits == found["masks"][CUTOUTS[0]].count - 1
    assert sum(r["right"].count for r in found["groups"]["age"]) == len(chips)
    wrong = [r["group"] for r in found["groups"]["gender"] if r["right"].hits < r["right"].count]
    assert wrong == [GENDERS[truth[0]]]


def test_mistakes_are_said_in_a_line(tmp_path: Path, data: Path) -> None:
    with pytest.raises(ConfigError, match="too few faces"):
        main(["train", "--data", str(tmp_path), "--out", str(tmp_path / "m"), "--teacher", "none"])
    with pytest.raises(ConfigError, match="no test faces"):
        main(["evaluate", "m.onnx", "--data", str(tmp_path)])
    with pytest.raises(ModelError, match="is missing"):
        main(["evaluate", str(tmp_path / "m.onnx"), "--data", str(data)])
    with pytest.raises(ConfigError, match="--batch must be 4"):
        main(["train", "--data", str(data), "--out", str(tmp_path / "m"), "--batch", "1"])
