"""The training command from pictures to a model that the program's engine loads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.card import load_card
from monitor.errors import ConfigError
from monitor.training.mask import sets as mask_sets
from monitor.training.mask import train
from monitor.training.mask.options import parse
from monitor.training.mask.sets import file_of, gather
from monitor.training.pictures import splits
from monitor.training.pictures.chips import LABELS
from monitor.training.pictures.splits import original_of

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and tf2onnx warn about themselves


@pytest.fixture
def chips(
    tmp_path: Path, write_chips: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.chdir(tmp_path)  # runs/ goes here
    root = write_chips(tmp_path / "chips", {"masked": 24, "unmasked": 24, "incorrect": 12}, "one")
    return write_chips(root, {"masked": 8, "unmasked": 8, "incorrect": 4}, "two")


def test_smoke_run_writes_a_model_that_fits_its_card(chips: Path, tmp_path: Path) -> None:
    import onnxruntime

    out = tmp_path / "models" / "m"
    status = train.main(
        [
            "--data",
            str(chips),
            "--network",
            "cnn_pool",
            "--weights",
            "none",
            "--size",
            "32",
            "--smoke",
            "--out",
            str(out),
        ]
    )
    assert status == 0
    card = load_card(Path(f"{out}.onnx"))
    assert card["classes"] == list(LABELS)
    assert card["input"] == {
        "name": "faces",
        "size": 32,
        "margin": 0.2,
        "colour": "RGB",
        "range": [-1, 1],
        "layout": "NHWC",
    }
    assert card["command"].endswith(f"--out {out}")
    assert {"m.onnx", "m.keras"} == set(card["files"])
    session = onnxruntime.InferenceSession(f"{out}.onnx")
    faces = np.random.default_rng(0).uniform(-1, 1, (5, 32, 32, 3)).astype(np.float32)
    (confidence,) = session.run(["probabilities"], {"faces": faces})
    assert confidence.shape == (5, 3)
    assert confidence.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-5)


@pytest.fixture
def papers(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whole pictures in the papers' layout, 24 of each class: each second is named as a copy, and
    all of a class are near duplicates.
    """
    monkeypatch.chdir(tmp_path)
    for folder, name in (("with_mask", "masked"), ("without_mask", "bare")):
        (tmp_path / "papers" / folder).mkdir(parents=True)
        picture = cv2.imread(str(data / f"{name}.jpg"))
        assert picture is not None
        for i in range(24):
            darker = cv2.convertScaleAbs(picture, alpha=1 - i / 48)
            file = f"Augmented_{name}{i - 1}_{9000 + i}.jpg" if i % 2 else f"{name}{i}.jpg"
            cv2.imwrite(str(tmp_path / "papers" / folder / file), darker)
    return tmp_path / "papers"


@pytest.mark.long
def test_folders_of_whole_pictures_train_a_model_on_their_faces(
    papers: Path, tmp_path: Path
) -> None:
    command = ["--data", str(papers), "--network", "cnn_pool", "--weights", "none", "--size", "32"]
    command += ["--seed", "1"]  # which has both labels on both sides
    assert train.main([*command, "--smoke", "--name", "p", "--out", str(tmp_path / "m")]) == 0
    assert load_card(tmp_path / "m.onnx")["classes"] == list(LABELS)
    about = json.loads((tmp_path / "runs" / "p" / "figures.json").read_text())
    assert set(about["counts"]) == {"papers masked", "papers unmasked"}
    sets = gather(parse([*command, "--smoke", "--out", "m"]))
    faces = [*sets.train, *sets.validation]
    assert len(faces) == 48
    for face in faces:  # 512 px pictures, the faces about a fifth of that
        x0, y0, x1, y1 = face.chip.box
        assert max(face.image.shape) < 300
        assert 80 < max(face.chip.face_px, 1) < 140
        assert max(x1 - x0, y1 - y0) < 0.7 * max(face.image.shape)
        assert face.landmarks is not None


def test_a_picture_and_its_augmented_copy_are_on_one_side(papers: Path) -> None:
    command = ["--data", str(papers), "--weights", "none", "--smoke", "--seed", "1", "--out", "m"]
    sets = gather(parse(command))
    sides = [[f.chip for f in faces] for faces in (sets.train, sets.validation)]
    assert all(sides)
    originals = [{original_of(chip.original) for chip in side} for side in sides]
    assert [len(side) for side in sides] == [2 * len(names) for names in originals]
    assert not originals[0] & originals[1]


def test_one_original_is_too_few_however_many_copies(papers: Path) -> None:
    with pytest.raises(ConfigError, match="no two sides can be made of 1 original"):
        gather(parse(["--data", str(papers), "--weights", "none", "--out", "m"]))


def test_leave_out_tests_on_that_source_alone_and_goes_on_after_a_stop(
    chips: Path, tmp_path: Path
) -> None:
    command = [
        "--data",
        str(chips),
        "--network",
        "cnn_pool",
        "--weights",
        "none",
        "--size",
        "32",
        "--leave-out",
        "two",
        "--name",
        "x",
    ]
    command += ["--first-epochs", "1", "--epochs", "1", "--epoch-steps", "2", "--batch", "8"]
    assert train.main(command) == 0
    figures = json.loads((tmp_path / "runs" / "x" / "figures.json").read_text())
    assert figures["figures"]["two"]["bare_right"]["count"] == 8
    assert figures["figures"]["two"]["incorrect_alarmed"]["count"] == 4
    assert all(name.startswith("one") for name in figures["counts"])
    assert [round(h["step"]) for h in figures["history"]] == [2, 4]
    assert train.main(command) == 0  # all steps are done: nothing is trained again
    again = json.loads((tmp_path / "runs" / "x" / "figures.json").read_text())
    assert again["history"] == figures["history"]


@pytest.mark.long
def test_the_second_stage_goes_on_from_what_the_first_learnt(chips: Path, tmp_path: Path) -> None:
    command = ["--data", str(chips), "--weights", "none", "--leave-out", "two", "--name", "s"]
    command += ["--size", "64", "--first-size", "32", "--first-epochs", "1", "--epochs", "1"]
    assert train.main([*command, "--epoch-steps", "2", "--batch", "8", "--rate", "0.001"]) == 0
    folder = tmp_path / "runs" / "s"
    about = json.loads((folder / "figures.json").read_text())
    assert [(h["size"], h["step"]) for h in about["history"]] == [(32, 2), (64, 2)]
    assert about["steps"] == 4
    with (
        np.load(folder / "first" / "checkpoint.npz") as first,
        np.load(folder / "checkpoint.npz") as second,
    ):
        kernels = [np.asarray(state["m0"]) for state in (first, second)]
    # random weights of its own would be far off
    assert 0 < np.abs(kernels[1] - kernels[0]).max() < 0.05


def test_mistakes_are_one_line(chips: Path) -> None:
    with pytest.raises(ConfigError, match="choose one of one, two"):
        train.main(["--data", str(chips), "--weights", "none", "--leave-out", "three"])
    with pytest.raises(ConfigError, match="--batch must be 4"):
        train.main(["--data", str(chips), "--out", "x", "--batch", "1"])
    with pytest.raises(SystemExit):
        train.main(["--data", str(chips)])


def test_listed_noise_is_left_out_of_training_but_not_of_the_test(
    chips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from monitor.training.pictures.chips import load_chips

    everything = load_chips(chips)
    listed = tmp_path / "noise.csv"
    names = [file_of(c) for c in everything if c.label == "incorrect"]
    listed.write_text(
        "file,label,predicted,confidence,reason\n"
        + "".join(f"{n},incorrect,masked,,\n" for n in names)
    )
    monkeypatch.setattr(mask_sets, "NOISE_FILE", listed)
    options = parse(["--data", str(chips), "--leave-out", "two"])
    sets = gather(options)
    assert {f.label for f in [*sets.train, *sets.validation]} == {"masked", "unmasked"}
    assert {f.label for f in sets.test["two"]} == set(LABELS)


def test_the_exported_mobilenet_gives_softmax_of_the_logits_after_bias_and_temperature(
    tmp_path: Path,
) -> None:
    from monitor.training.learning import export, networks, trainer
    from monitor.training.report import metrics

    trained = networks.build("mobilenetv2", 32, "none")
    trained.get_layer("logits").set_weights(
        [10 * w for w in trained.get_layer("logits").get_weights()]
    )
    pictures = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    raw = trainer.logits(trained, pictures)
    bias = np.array([0.5, 0.0, -0.25], np.float32)
    ready = export.inference_model(trained, 0.8, bias)
    wanted = metrics.softmax((raw + bias) / 0.8)
    assert trainer.logits(ready, pictures) == pytest.approx(wanted, abs=1e-5)
    assert "dropout" not in {layer.name for layer in ready.layers}


def test_the_recipe_of_mask_v4_learns_from_sorted_chips_and_keeps_its_test_faces_apart(
    chips: Path, tmp_path: Path
) -> None:
    face = cv2.resize(cv2.imread(str(next(chips.glob("*.png")))), (80, 80))
    root = tmp_path / "aizoo_chips"
    root.mkdir()
    names = [f"1_test_{i}.jpg" for i in range(30)]
    for name in names:
        cv2.imwrite(str(root / name), face)
    lines = ["file,kind,label,original", *(f"{n},1_test,masked,{n}" for n in names)]
    (root / "index.csv").write_text("\n".join(lines) + "\n")
    command = ["--data", str(chips), "--weights", "none", "--out", "m", "--recipe"]
    plain, more = (gather(parse([*command, recipe])) for recipe in ("mask_v3", "mask_v4"))
    tested = {f.chip.original for f in more.test["aizoo_masked"]}
    learnt = {f.chip.original for f in more.train if f.source == "aizoo_masked"}
    assert tested == {n for n in names if splits.is_test_aizoo(n)}
    assert learnt == {n for n in names if not (n in tested or splits.is_watched_mask(n))}
    assert not any(f.source == "aizoo_masked" for f in plain.train)
    assert len(more.train) == len(plain.train) + len(learnt)


@pytest.mark.long
def test_a_first_stage_alone_takes_its_steps_at_the_small_size_and_is_tested_at_the_full_one(
    chips: Path, tmp_path: Path
) -> None:
    command = ["--data", str(chips), "--weights", "none", "--leave-out", "two", "--name", "s"]
    command += ["--size", "64", "--first-size", "32", "--first-epochs", "1", "--epochs", "0"]
    assert train.main([*command, "--epoch-steps", "2", "--batch", "8"]) == 0
    about = json.loads((tmp_path / "runs" / "s" / "figures.json").read_text())
    assert [(h["size"], h["step"]) for h in about["history"]] == [(32, 2)]
    assert "two" in about["figures"]


def test_a_training_takes_a_step_at_least(chips: Path) -> None:
    command = ["--data", str(chips), "--out", "m", "--first-epochs", "0", "--epochs", "0"]
    with pytest.raises(ConfigError, match="--epochs must be 1 or more"):
        parse(command)
