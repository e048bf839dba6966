"""The evaluation on made-up faces with a small classifier that really tells them apart."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.card import MODELS_DIR
from monitor.errors import ConfigError, ModelError
from monitor.records import Image
from monitor.training.mask import (
    conditions,
    end_to_end,
    evaluate,
    evaluate_report,
    leave_one_out,
)
from monitor.training.mask.scoring import load_classifier, predict, truth_of
from monitor.training.pictures.chips import Chip, load_chips, split
from monitor.training.report.metrics import Rate

COUNTS = {"masked": 14, "unmasked": 12, "incorrect": 10}
Chips = Callable[..., Path]


def test_report_json_and_summary(tmp_path: Path, linear_model: Path, write_chips: Chips) -> None:
    root = write_chips(tmp_path / "chips", COUNTS)
    write_chips(root, {"masked": 3}, source="small", face_px=20)
    out, docs = tmp_path / "out", tmp_path / "docs"
    arguments = [
        str(linear_model),
        str(root),
        "--out",
        str(out),
        "--json",
        str(tmp_path / "f.json"),
        "--summary",
        str(docs),
    ]
    assert evaluate.main([*arguments, "--min-face", "40"]) == 0
    result = json.loads((tmp_path / "f.json").read_text())
    assert result == json.loads((out / "report.json").read_text())
    assert result["faces"] == sum(COUNTS.values())  # the small ones are out
    assert {n: c["support"] for n, c in result["report"]["classes"].items()} == COUNTS
    assert result["report"]["accuracy"] > 0.85  # a ridge regression tells these faces apart
    assert np.sum(result["report"]["confusion"]) == sum(COUNTS.values())
    assert 0.9 < result["roc"]["alarm"]["auc"] <= 1
    assert [row["px"] for row in result["synthetic_size"]] == list(conditions.SYNTHETIC_SIZES)
    # no blur either way
    assert result["blur"][0]["bare_right"] == result["motion"][0]["bare_right"]
    assert [row["px"] for row in result["native_size"]] == ["112-160"]
    page = (out / "report.html").read_text()
    assert page.count("data:image/svg+xml") == 7
    assert "http" not in page.replace("http://www.w3.org", "")  # nothing is fetched
    assert {p.suffix for p in docs.iterdir()} == {".md", ".svg"}
    assert "| masked |" in (docs / "evaluation.md").read_text()


def test_figures_are_those_of_the_answers(
    tmp_path: Path, linear_model: Path, write_chips: Chips
) -> None:
    chips = load_chips(write_chips(tmp_path, COUNTS))
    classifier = load_classifier(linear_model)
    result, confidence = evaluate.evaluate(classifier, chips, sample=0)
    right = confidence.argmax(axis=1) == truth_of(chips, classifier.classes)
    assert result["report"]["accuracy"] == pytest.approx(right.mean())
    assert "blur" not in result
    flipped = [
        Chip(c.path, c.source, "masked", c.box, None, c.face_px, c.original, None, c.group)
        for c in chips
    ]
    door = evaluate.evaluate(classifier, flipped, sample=0)[0]["door"]
    assert door["masked_right"].hits == int((confidence.argmax(axis=1) == 0).sum())
    assert door["bare_right"].count == 0


def test_worst_mistakes_show_the_most_confident_first(
    tmp_path: Path, linear_model: Path, write_chips: Chips
) -> None:
    chips = load_chips(write_chips(tmp_path, {"unmasked": 3}))
    classifier = load_classifier(linear_model)
    confidence = np.array([[0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.9, 0.05, 0.05]], np.float32)
    sheet = evaluate_report.worst(chips, np.array([1, 1, 1]), confidence, classifier.classes, 0.25)
    assert sheet.shape[1] == 8 * 112
    assert not np.array_equal(sheet[:112, :112], sheet[:112, 112:224])
    assert (sheet[:112, 224:] == 255).all()  # the right answer is not shown
    assert (
        evaluate_report.worst(chips, np.array([0, 1, 0]), confidence, classifier.classes, 0.25)
        is None
    )


def test_shrinking_keeps_the_face_in_its_box(face: Callable[..., Image]) -> None:
    image, box = face("masked", 1), np.array([48, 36, 144, 156], np.float32)
    small, small_box = conditions.shrunk_to(40)(image, box)
    assert small.shape == (64, 64, 3)
    assert small_box == pytest.approx([16, 12, 48, 52])
    same, same_box = conditions.shrunk_to(500)(image, box)
    assert same is image
    assert same_box is box


@pytest.mark.parametrize("change", [conditions.blurred(4), conditions.smeared(20)])
def test_blur_takes_detail_away(change: conditions.Change, face: Callable[..., Image]) -> None:
    image, box = face("masked", 1), np.array([48, 36, 144, 156], np.float32)
    changed, _ = change(image, box)
    assert changed.shape == image.shape
    assert cv2.Laplacian(changed, cv2.CV_64F).var() < 0.5 * cv2.Laplacian(image, cv2.CV_64F).var()


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("61_1_3_20170109150557335.jpg", conditions.Person(61, "female", "Indian")),
        ("1_0_0_20161219140623097.jpg.chip.jpg", conditions.Person(1, "male", "White")),
        ("portrait_01.jpg", None),
        ("61_1_20170109150557335.jpg", None),  # UTKFace has a few with a part missing
    ],
)
def test_names_of_utkface(name: str, person: conditions.Person | None) -> None:
    assert conditions.person_of(name) == person


def test_groups_below_the_whole_are_counted() -> None:
    names = [
        f"{age}_{gender}_{race}_20170109150557335.jpg"
        for age, gender, race in ((25, 0, 0), (26, 1, 1), (34, 0, 1), (41, 1, 0))
    ]
    chips = [Chip(Path(n), "u", "unmasked", (0, 0, 1, 1), None, 100, n, None, n) for n in names]
    groups = conditions.by_group(chips, np.array([True, False, True, True]))
    assert groups["all"][0]["bare_right"] == Rate(3, 4)
    by_race = {row["group"]: row for row in groups["race"]}
    assert by_race["Black"]["bare_right"] == Rate(1, 2)
    assert by_race["Black"]["points_below"] == pytest.approx(25)
    assert by_race["White"]["points_below"] == pytest.approx(-25)
    assert [row["group"] for row in groups["age"]] == ["20s", "30s", "40s"]
    assert {row["group"]: row["bare_right"].count for row in groups["gender"]} == {
        "male": 2,
        "female": 2,
    }


def test_a_model_without_card_is_refused(tmp_path: Path, linear_model: Path) -> None:
    (tmp_path / "linear.onnx").write_bytes(linear_model.read_bytes())
    with pytest.raises(ModelError, match="no card"):
        load_classifier(tmp_path / "linear.onnx")


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (["--source", "elsewhere"], "choose among made"),
        (["--min-face", "9999"], "lower --min-face"),
        (["--end-to-end"], "whole pictures"),
    ],
)
def test_mistakes_are_named(
    tmp_path: Path, linear_model: Path, write_chips: Chips, extra: list[str], says: str
) -> None:
    root = write_chips(tmp_path, {"masked": 2, "unmasked": 2})
    with pytest.raises(ConfigError, match=says):
        evaluate.main([str(linear_model), str(root), *extra])


def test_held_out_is_what_training_held_out(tmp_path: Path, write_chips: Chips) -> None:
    chips = load_chips(write_chips(tmp_path, {"masked": 60, "unmasked": 60}))
    kept = evaluate.choose(chips, 0, [], held_out=3)
    assert {c.path for c in kept} == {c.path for c in split(chips, 0.95, 3)[1]}
    assert 0 < len(kept) < 30
    assert {c.path for c in evaluate.choose(chips, 0, [], held_out=4)} != {c.path for c in kept}


def test_a_picture_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no model"):
        load_classifier(tmp_path / "face.png")


def test_the_margin_changes_what_is_seen(
    tmp_path: Path, linear_model: Path, write_chips: Chips
) -> None:
    chips = load_chips(write_chips(tmp_path, {"masked": 4}))
    classifier = load_classifier(linear_model)
    assert np.array_equal(predict(classifier, chips), predict(classifier, chips, margin=0.25))
    assert not np.array_equal(predict(classifier, chips), predict(classifier, chips, margin=0.6))


def chip(name: str, label: str, box: tuple[float, float, float, float]) -> Chip:
    return Chip(
        Path(name), "voc", label, box, None, max(box[2] - box[0], box[3] - box[1]), name, None, name
    )


def answer(box: list[float], state: str) -> dict[str, object]:
    return {"box": box, "raw_state": state, "state": state}


def test_each_reported_box_goes_to_one_face() -> None:
    chips = [
        chip("a.png", "masked", (0, 0, 50, 50)),
        chip("a.png", "unmasked", (20, 0, 70, 50)),
        chip("b.png", "masked", (0, 0, 50, 50)),
    ]
    faces = {"a.png": [answer([18, 0, 68, 50], "unmasked"), answer([200, 0, 250, 50], "unmasked")]}
    found = end_to_end.matched(chips, faces)
    assert [f is not None for f in found] == [False, True, False]


def test_two_faces_share_two_boxes_so_that_both_are_found() -> None:
    chips = [chip("a.png", "masked", (0, 0, 50, 50)), chip("a.png", "unmasked", (12, 0, 62, 50))]
    faces = {"a.png": [answer([6, 0, 56, 50], "masked"), answer([30, 0, 70, 50], "unmasked")]}
    found = end_to_end.matched(chips, faces)
    assert [f and f["raw_state"] for f in found] == ["masked", "unmasked"]


def test_a_face_that_is_not_found_is_neither_alarmed_nor_right() -> None:
    chips = [
        chip("a.png", "unmasked", (0, 0, 50, 50)),
        chip("b.png", "unmasked", (0, 0, 50, 50)),
        chip("c.png", "unmasked", (0, 0, 20, 20)),
    ]
    found = [answer([0, 0, 50, 50], "incorrect"), None, answer([0, 0, 20, 20], "unmasked")]
    bare = end_to_end.tally(chips, found, 40, "raw_state")["unmasked"]
    assert (bare["found"], bare["alarmed"], bare["right"]) == (Rate(1, 2), Rate(1, 2), Rate(0, 2))
    assert bare["right_among_found"] == Rate(0, 1)


VOC = """<annotation><filename>a.png</filename><object><name>with_mask</name>
<bndbox><xmin>10</xmin><ymin>10</ymin><xmax>80</xmax><ymax>90</ymax></bndbox></object></annotation>"""
PROGRAM = """
import json, sys
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2])) if "--headless" not in sys.argv else {}
args = [a for a in sys.argv[1:] if a != "--headless"]
given = dict(zip(args[::2], args[1::2]))
assert 'model = "' in open(given["--config"]).read()
face = {"box": [12, 11, 79, 92], "raw_state": "masked", "state": "unsure"}
face |= {"confidence": 0.9, "state_confidence": 0.55}
open(given["--events"], "w").write(json.dumps({"file": "a.png", "faces": [face]}))
"""


def test_the_program_is_run_on_the_pictures(
    tmp_path: Path, linear_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "annotations").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "a.png"), np.zeros((120, 120, 3), np.uint8))
    (tmp_path / "annotations" / "a.xml").write_text(VOC)
    (tmp_path / "main.py").write_text(PROGRAM)
    monkeypatch.setattr(end_to_end, "MAIN", tmp_path / "main.py")
    arguments = [
        str(linear_model),
        str(tmp_path),
        "--end-to-end",
        "--min-face",
        "40",
        "--json",
        str(tmp_path / "e.json"),
    ]
    assert evaluate.main(arguments) == 0
    result = json.loads((tmp_path / "e.json").read_text())
    assert result["raw_state"]["masked"]["right"]["hits"] == 1
    assert result["state"]["masked"]["right"]["hits"] == 0
    assert result["boxes_that_match_nothing"] == 0
    assert result["detection"]["classes"]["masked"]["ap50"] == pytest.approx(1)
    (tmp_path / "main.py").write_text("import sys; sys.exit('the camera is busy')")
    with pytest.raises(end_to_end.RunError, match="the camera is busy"):
        evaluate.main(arguments)


def in_the_papers_layout(root: Path, data: Path) -> Path:
    """Whole pictures: two with a face of their label, one without a face."""
    for folder, name in (
        ("with_mask", "masked"),
        ("without_mask", "bare"),
        ("with_mask", "no_face"),
    ):
        (root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(data / f"{name}.jpg", root / folder / f"{name}.jpg")
    # the same name in both folders, and a picture that has no label
    (root / "with_mask" / "masked.jpg").rename(root / "with_mask" / "bare.jpg")
    shutil.copy(data / "bare.jpg", root / "more.jpg")
    return root


def test_end_to_end_on_folders_of_whole_pictures(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = in_the_papers_layout(tmp_path / "papers", data)
    out = tmp_path / "runs" / "e2e"
    model = str(MODELS_DIR / "mask_v5.onnx")
    assert evaluate.main([model, str(root), "--end-to-end", "--out", str(out)]) == 0
    result = json.loads((out / "end_to_end.json").read_text())
    assert (result["pictures"], result["boxes_reported"]) == (3, 2)
    assert result["raw_state"]["unmasked"]["right"]["hits"] == 1
    masked = result["raw_state"]["masked"]
    # what the detector cannot find is not left out here: it is missed
    assert (masked["right"]["hits"], masked["right"]["count"]) == (1, 2)
    classes = result["detection"]["classes"]
    assert (classes["unmasked"]["precision"], classes["unmasked"]["recall"]) == (1, 1)
    assert (classes["masked"]["precision"], classes["masked"]["recall"]) == (1, 0.5)
    assert classes["masked"]["ap50"] == pytest.approx(51 / 101)
    assert result["detection"]["map50"] == pytest.approx((1 + 51 / 101) / 2)
    shown = capsys.readouterr().out
    assert "a face that is not found: 1." in shown
    assert "| mean |  |  |  |  | 0.752 | 0.752 |" in shown


def test_the_detectors_threshold_can_be_chosen(tmp_path: Path, data: Path) -> None:
    root = in_the_papers_layout(tmp_path / "papers", data)
    command = [str(MODELS_DIR / "mask_v5.onnx"), str(root), "--end-to-end", "--out"]
    command += [str(tmp_path / "e2e"), "--detector-confidence", "0.99"]
    assert evaluate.main(command) == 0
    result = json.loads((tmp_path / "e2e" / "end_to_end.json").read_text())
    assert result["boxes_reported"] == 1  # the masked face is not that sure
    assert result["detection"]["classes"]["masked"]["answers"] == 0


def test_boxes_given_are_those_of_the_detector(tmp_path: Path, data: Path) -> None:
    root = in_the_papers_layout(tmp_path / "papers", data)
    out = tmp_path / "runs" / "report"
    command = [str(MODELS_DIR / "mask_v5.onnx"), str(root), "--sample", "0", "--out", str(out)]
    assert evaluate.main(command) == 0
    result = json.loads((out / "report.json").read_text())
    assert result["faces"] == 2
    assert result["report"]["accuracy"] == 1


def test_a_mistake_is_one_line_and_status_2(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "monitor.training.mask.evaluate",
        str(tmp_path / "no.onnx"),
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "no.onnx" in done.stderr


def test_leave_one_out_reads_runs_that_are_there(
    tmp_path: Path,
    write_chips: Chips,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = write_chips(tmp_path / "chips", {"masked": 1})
    write_chips(root, {"unmasked": 1}, source="other")
    monkeypatch.setattr(leave_one_out, "RUNS", tmp_path / "runs")
    right = {"hits": 96, "count": 100, "value": 0.96, "low": 0.9, "high": 0.98}
    for source, figures in (("made", {"masked_right": right}), ("other", {"bare_right": right})):
        folder = tmp_path / "runs" / f"without-{source}"
        folder.mkdir(parents=True)
        (folder / "figures.json").write_text(
            json.dumps({"figures": {source: figures, "validation": {}}})
        )
    monkeypatch.setattr(
        leave_one_out.subprocess, "run", lambda *a, **k: pytest.fail("trained again")
    )
    assert (
        evaluate.main(["-", str(root), "--leave-one-out", "--json", str(tmp_path / "l.json")]) == 0
    )
    out = capsys.readouterr().out
    assert "| made | - | 96.0 % (96/100) | - | - |" in out
    assert "| other | 96.0 % (96/100) | - | - | - |" in out
    assert set(json.loads((tmp_path / "l.json").read_text())["sources"]) == {"made", "other"}


def test_leave_one_out_trains_and_says_when_that_fails(
    tmp_path: Path, write_chips: Chips, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_chips(tmp_path / "chips", {"masked": 1})
    monkeypatch.setattr(leave_one_out, "RUNS", tmp_path / "runs")
    commands: list[list[str]] = []

    def fail(command: list[str]) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(leave_one_out.subprocess, "run", fail)
    with pytest.raises(leave_one_out.TrainingError, match="without made"):
        evaluate.main(["-", str(root), "--leave-one-out", "--train-args", "--epochs 2"])
    assert commands[0][1:4] == ["-m", "monitor.training.mask.train", "--data"]
    assert commands[0][-2:] == ["--epochs", "2"]
    with pytest.raises(ConfigError, match="choose among made"):
        evaluate.main(["-", str(root), "--leave-one-out", "--source", "nobody"])
