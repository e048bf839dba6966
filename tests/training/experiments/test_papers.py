"""The networks of the papers: what each is made of, what it learns and is tested on, and a run of
`all` from pictures to the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from monitor.engine import OnnxNetwork
from monitor.errors import ConfigError
from monitor.faces.classify import MaskClassifier
from monitor.training.experiments import all as every
from monitor.training.experiments import (
    paper,
    paper_against,
    paper_page,
    paper_run,
    paper_sets,
    paper_tune,
    siamese_scores,
)
from monitor.training.experiments.paper_parts import PREPARE
from monitor.training.experiments.paper_sets import Labelled

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

BACKBONE_HEAD = ("backbone", "mean", "dense 128", "dropout 0.5", "dense 1")
# What the papers say, in the words of `layers_of`; not here: `five_inceptionv1`.
LAYERS = {
    "mlops_cnn": (*(4 * ("conv 128", "batch norm", "relu", "pool")), "flat", "dense 1"),
    "mlops_inceptionv3": ("backbone", "mean", "dense 1"),
    "transfer_cnn": (
        *("conv 32", "pool", "conv 64", "pool", "conv 128", "pool", "conv 128", "pool"),
        *("flat", "dense 3200", "dense 1"),
    ),
    "transfer_mobilenetv2": ("backbone", "mean", "dense 1"),
    "grey_cnn": (
        *("conv 100", "pool", "conv 100", "pool", "flat", "dropout 0.5", "dense 50", "dense 1"),
    ),
    "finetuned_mobilenetv2": BACKBONE_HEAD,
    "features_svm": ("backbone", "mean", "dense 1"),
    "features_tree": ("backbone", "mean", "dense 1"),
    "features_knn": ("backbone", "mean", "dense 1"),
    "five_cnn": (
        *("conv 32", "pool", "conv 64", "pool", "flat", "dense 128", "dropout 0.5"),
        *("dense 64", "dropout 0.5", "dense 1"),
    ),
    "five_resnet50": BACKBONE_HEAD,
    "five_densenet121": BACKBONE_HEAD,
    "five_mobilenetv2": BACKBONE_HEAD,
    "five_inceptionv3": BACKBONE_HEAD,
    "five_vgg19": BACKBONE_HEAD,
    "five_xception": ("backbone", "mean", "dense 256", "dense 64", "dense 1"),
    "siamese_resnet50": ("backbone", "mean", "dense 128", "unit"),
    "siamese_mobilenetv2": ("backbone", "mean", "dense 128", "unit"),
}
BACKBONES = {"resnet50": "conv5_block3_out", "densenet121": "relu", "mobilenetv2": "out_relu"}
BACKBONES |= {"inceptionv3": "mixed10", "vgg19": "block5_pool", "xception": "block14_sepconv2_act"}


def layers_of(model: Any) -> list[str]:
    """The layers that mean something, in order."""
    words = {
        "Conv2D": lambda layer: f"conv {layer.filters}",
        "MaxPooling2D": lambda layer: "pool",
        "BatchNormalization": lambda layer: "batch norm",
        "ReLU": lambda layer: "relu",
        "Flatten": lambda layer: "flat",
        "GlobalAveragePooling2D": lambda layer: "mean",
        "Dropout": lambda layer: f"dropout {layer.rate}",
        "Dense": lambda layer: f"dense {layer.units}",
        "UnitNormalization": lambda layer: "unit",
        "Functional": lambda layer: layer.name,
    }
    kinds = [(type(layer).__name__, layer) for layer in model.layers]
    return [words[kind](layer) for kind, layer in kinds if kind in words]


def test_every_network_says_what_it_is_and_what_its_paper_leaves_open() -> None:
    infos = paper.infos()
    assert {info.paper for info in infos.values()} == set(paper.PAPERS)
    assert set(LAYERS) | {"five_inceptionv1"} == set(infos)
    for info in infos.values():
        assert info.left_open
        assert info.preprocessing in PREPARE
        assert set(info.tasks) <= {*paper_sets.TASKS, every.UPPER_FACES}
        assert info.backbone is None or info.backbone in BACKBONES
    with pytest.raises(ConfigError, match="did you mean five_cnn"):
        paper.info_of("five_cn")


@pytest.mark.parametrize("name", sorted(paper.infos()))
def test_each_network_has_the_layers_of_its_paper_and_learns(name: str) -> None:
    info = paper.info_of(name)
    model = paper.build(name, 2, max(info.size_min, 48))
    if name in LAYERS:
        assert tuple(layers_of(model)) == LAYERS[name]
    else:  # stem and nine modules
        modules = [layer for layer in model.layers if layer.name.startswith("inception_")]
        assert [m.output.shape[-1] for m in modules] == [
            *(256, 480, 512, 512, 512, 528, 832, 832, 1024)
        ]
        assert sum(isinstance(layer, keras.layers.Conv2D) for layer in model.layers) == 3 + 9 * 6
    if info.backbone:
        assert BACKBONES[info.backbone] in {x.name for x in model.get_layer("backbone").layers}
    faces = np.random.default_rng(0).uniform(-1, 1, (2, *model.input_shape[1:])).astype(np.float32)
    before = [np.array(w) for w in model.trainable_weights]
    model.compile(keras.optimizers.SGD(0.01), "mse", run_eagerly=True, jit_compile=False)
    model.train_on_batch(faces, np.eye(model.output_shape[1], dtype=np.float32)[:1].repeat(2, 0))
    moved = [not np.array_equal(a, b) for a, b in zip(before, model.trainable_weights, strict=True)]
    assert moved[-1] or moved[-2]


@pytest.mark.parametrize("name", PREPARE)
def test_a_picture_enters_in_the_range_that_the_network_was_made_for(name: str) -> None:
    inputs = keras.Input((8, 8, 3))
    enter = keras.Model(inputs, PREPARE[name](inputs))
    rgb = np.full((1, 8, 8, 3), (-1.0, 0.0, 1.0), np.float32)  # 0, 127.5, 255
    wanted = {
        "RGB -1..1": (-1, 0, 1),
        "RGB 0..1": (0, 0.5, 1),
        "RGB 0..255": (0, 127.5, 255),
        "grey 0..1": (0.587 / 2 + 0.114,),
        "sharpened RGB -1..1": (-1, 0, 1),
        "BGR less the ImageNet mean": (255 - 103.939, 127.5 - 116.779, -123.68),
        "RGB by ImageNet's mean and deviation": tuple(
            (v - m) / d
            for v, m, d in zip(
                (0, 0.5, 1), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True
            )
        ),
    }[name]
    np.testing.assert_allclose(np.asarray(enter(rgb))[0, 4, 4], wanted, atol=1e-4)


def test_an_edge_is_sharper_afterwards() -> None:
    inputs = keras.Input((8, 8, 3))
    enter = keras.Model(inputs, PREPARE["sharpened RGB -1..1"](inputs))
    step = np.zeros((1, 8, 8, 3), np.float32)
    step[:, :, 4:] = 0.2
    row = np.asarray(enter(step))[0, 4, :, 0]
    np.testing.assert_allclose(row[2:6], (0, -0.2, 0.4, 0.2), atol=1e-6)


def made_up(count: int, side: int = 32) -> Labelled:
    """Two classes that differ in their brightness; no two pictures are the same."""
    rng = np.random.default_rng(0)
    truth = np.arange(count) % 2
    faces = rng.integers(0, 80, (count, side, side, 3)) + 150 * truth[:, None, None, None]
    return Labelled(faces.astype(np.uint8), truth.astype(np.intp))


def test_on_the_papers_terms_copies_lie_on_both_sides() -> None:
    learnt = made_up(60)
    numbered = learnt.faces.copy()
    numbered[:] = np.arange(60, dtype=np.uint8)[:, None, None, None]  # survives any turn
    train, test = paper_sets.on_papers_terms(Labelled(numbered, learnt.truth), 1, 0)
    assert (len(train.truth), len(test.truth)) == (96, 24)
    sides = [set(side.faces[:, 16, 16, 0].tolist()) for side in (train, test)]
    assert len(sides[0] & sides[1]) > 10
    for side in (train, test):
        assert np.array_equal(side.faces[:, 16, 16, 0] % 2, side.truth)


def test_grouped_faces_share_nothing_with_what_is_learnt(
    tmp_path: Path, write_chips: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    chips = tmp_path / "mask_chips"
    write_chips(chips, {"masked": 20, "unmasked": 20}, "chandrika")
    write_chips(chips, {"masked": 4, "unmasked": 4, "incorrect": 3}, "ilc2021")
    cut: list[list[Any]] = []
    real = paper_sets._cut
    monkeypatch.setattr(paper_sets, "_cut", lambda some: cut.append(some) or real(some))
    task = paper_sets.masks(tmp_path, 40, 0)
    learnt, grouped, apart = cut
    assert {c.group for c in learnt}.isdisjoint({c.group for c in grouped})
    assert len(learnt) + len(grouped) == 40
    assert {c.source for c in apart} == {"ilc2021"}
    assert len(apart) == len(task.tests["apart"].truth) == 8  # two classes
    assert len(task.train.truth) + len(task.tests["papers"].truth) == 2 * len(learnt)


def test_a_saved_file_of_weights_begins_the_backbone(tmp_path: Path) -> None:
    first = paper.build("five_mobilenetv2", 2, 32)
    file = tmp_path / "mine.weights.h5"
    first.get_layer("backbone").save_weights(file)
    model = paper.build("five_mobilenetv2", 2, 32, file)
    for a, b in zip(
        first.get_layer("backbone").get_weights(),
        model.get_layer("backbone").get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)
    assert len(model.trainable_weights) == 4  # two dense layers: the backbone is frozen
    halves = paper_run.split_at_head(model)
    assert halves is not None
    faces = np.random.default_rng(0).uniform(-1, 1, (3, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(halves[1](halves[0](faces)), model(faces), atol=1e-5)
    assert paper_run.split_at_head(first) is None
    with pytest.raises(ConfigError, match="not there"):
        paper.build("five_mobilenetv2", 2, 32, tmp_path / "none.h5")
    (tmp_path / "other.weights.h5").write_bytes(b"no weights")
    with pytest.raises(ConfigError, match="do not fit"):
        paper.build("five_mobilenetv2", 2, 32, tmp_path / "other.weights.h5")


def test_the_program_gets_a_column_for_each_of_its_classes() -> None:
    model = paper.build("five_cnn", 2, 32)
    faces = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype(np.float32)
    found = np.asarray(paper_run.as_classifier(model, 3)(faces))
    np.testing.assert_allclose(found[:, 1], np.asarray(model(faces))[:, 0])
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert not found[:, 2].any()


def task_of(count: int = 40) -> paper_sets.Task:
    some = made_up(count)
    return paper_sets.Task(
        "masks", paper_sets.MASKS, some, dict.fromkeys(paper_sets.TESTS, some), "made up"
    )


ARGUMENTS = ["--networks", "five_cnn", "--tasks", "masks", "--passes", "6", "--size-max", "32"]


def test_one_command_trains_tests_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        paper_sets, "TASKS", {"masks": lambda data, limit, seed: task_of(), "gender": None}
    )
    arguments = [*ARGUMENTS, "--out", str(tmp_path), "--summary", str(tmp_path / "docs")]
    assert every.main(arguments) == 0
    found = json.loads((tmp_path / "five_cnn-masks-random.json").read_text())
    assert len(found["curve"]) == 6
    assert found["passes"] == pytest.approx(6)
    assert not found["cut"]
    one = found["tests"]["grouped"]
    assert one["right"]["count"] == 40 == sum(map(sum, one["confusion"]))
    assert one["auc"] > 0.9  # it told bright from dark
    assert found["ms_batch_1"] > 0
    assert (tmp_path / "five_cnn-masks-random.html").read_text().count("image/svg") == 4
    text = (tmp_path / "docs" / "papers.md").read_text()
    assert "From random weights" in text
    assert "From ImageNet weights" not in text
    assert "(papers_masks_random.svg)" in text
    assert (tmp_path / "docs" / "papers_masks_random.svg").is_file()
    assert "`papers/five_vgg19.py`" in text

    assert f"all {' '.join(ARGUMENTS)}" in text
    # what the program reads, card and all
    classifier = MaskClassifier(OnnxNetwork(tmp_path / "models" / "five_cnn-masks-random", 1))
    pictures = np.stack([np.full((32, 32, 3), v, np.float32) for v in (-0.7, 0.5)])
    assert classifier.probabilities(pictures).shape == (2, 3)

    monkeypatch.setattr(paper_run, "run", lambda *a: pytest.fail("trained again"))
    assert every.main(arguments) == 0
    with pytest.raises(ConfigError, match="other options"):
        every.main([*arguments, "--seed", "1"])
    (tmp_path / "five_cnn-masks-random.json").write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        every.main(arguments)


def test_random_and_pretrained_weights_never_share_a_table() -> None:
    one = {
        "job": {"network": "five_mobilenetv2", "task": "masks", "start": "random", "size": 96}
        | {"preprocessing": "RGB -1..1"},
        "classes": paper_sets.MASKS,
        "about": "made up",
        "command": "python -m it",
        "learnt": 4,
        "tests": dict.fromkeys(
            paper_sets.TESTS,
            paper_run.figures(np.array([0, 1]), np.eye(2, dtype=np.float32), paper_sets.MASKS),
        ),
        "parameters": 7,
        "passes": 1.0,
        "curve": [],
        "cut": True,
        "training_minutes": 0.1,
    }
    other = {**one, "job": {**one["job"], "start": "imagenet"}}
    text = paper_page.markdown([other, one])
    random, pretrained = text.index("### From random"), text.index("### From ImageNet")
    assert random < pretrained
    assert text[random:pretrained].count("| MobileNetV2 |") == 1 + len(paper_sets.TESTS)
    assert "1.0*" in text  # stopped before its passes were over


def test_what_cannot_be_done_is_said_before_anything_is_trained(tmp_path: Path) -> None:
    for words, said in (
        (["--networks", "five_cm"], "did you mean five_cnn"),
        (["--tasks", "hats"], "unknown task hats"),
        (["--starts", "luck"], "unknown start luck"),
        (["--limit", "3"], "20 or more"),
        (["--weights", f"five_cnn={tmp_path}"], "no backbone"),
        (["--weights", f"five_vgg19={tmp_path / 'no.h5'}"], "no such file"),
        (["--preprocessing", "RGB"], "unknown --preprocessing"),
        (["--networks", "five_cnn", "--tasks", "gender"], "nothing is chosen"),
    ):
        with pytest.raises(ConfigError, match=said):
            every.main([*words, "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_classical_classifiers_answer_from_the_features(tmp_path: Path) -> None:
    job = paper_run.Job("features_knn", "masks", "random", 32, 0, "RGB -1..1", 40, 1.0, 0)
    found = paper_run.run(job, task_of(24), None, tmp_path / "knn", lambda share, words: None)
    assert found["tests"]["papers"]["right"]["value"] > 0.9  # it was taught these very pictures
    assert found["curve"] == []


def test_the_cosines_of_one_person_and_of_two() -> None:
    a, b = np.array([[1, 0], [1, 0]], np.float32), np.array([[0, 1], [0.6, 0.8]], np.float32)
    found = siamese_scores.cosines([a, b])
    assert found["same"] == pytest.approx({"mean": 0.9, "std": 0.1, "pairs": 2})
    assert found["others"] == pytest.approx({"mean": 0.3, "std": 0.3, "pairs": 4})


def result_of(network: str, accuracy: float, curve: list[float], **more: Any) -> dict[str, Any]:
    """What `all` writes of a run on two people, as far as the table beside the papers reads it."""
    job = {"network": network, "task": "two_people", "start": "random", "limit": 800}
    job |= {"epochs": 3, "seed": 0, "preprocessing": paper.info_of(network).preprocessing}
    classes = {"person 1": {"support": 50}, "person 2": {"support": 50}}
    papers = {"right": {"value": accuracy}, "classes": classes}
    made = {"job": job, "tests": {"papers": papers}, "passes": 3.0, "learnt": 600}
    return made | {"curve": [{"test_accuracy": value} for value in curve]} | more


def test_beside_the_papers_says_why_a_figure_is_not_reached() -> None:
    good = result_of("mlops_cnn", 0.96, [0.9, 0.96])
    assert paper_against.why(good) == "reached"  # 98.5 less three points
    short = result_of("mlops_cnn", 0.85, [0.8, 0.85])
    assert "30 % of the paper's passes; still rising; 600 pictures" in paper_against.why(short)
    flat = result_of("mlops_inceptionv3", 0.52, [0.52, 0.52])
    assert "has learnt next to nothing yet" in paper_against.why(flat)
    assert "begins at random" in paper_against.why(flat)
    assert "still rising" not in paper_against.why(flat)
    text = paper_against.table([good, short], {"two_people": "Two people"})
    assert "| 96.0 % | 98.5 % | -2.5 | 3 of 10 | +6.0 | reached |" in text


def test_a_summary_keeps_rows_on_like_terms(tmp_path: Path) -> None:
    runs, summary = tmp_path / "runs", tmp_path / "docs"
    runs.mkdir()
    summary.mkdir()
    here = result_of("mlops_cnn", 0.9, [])
    other = result_of("mlops_inceptionv3", 0.8, [])
    unlike = result_of("five_cnn", 0.7, [])
    unlike["job"] |= {"limit": 40}
    earlier = [result_of("mlops_cnn", 0.1, []), other, unlike]
    (runs / "a.json").write_text(json.dumps(here), encoding="utf-8")
    (summary / "papers.json").write_text(json.dumps(earlier), encoding="utf-8")
    assert paper_page.kept(runs, summary) == [here, other]
    assert paper_page.kept(runs) == [here]


def test_draws_are_the_same_in_every_run_and_the_first_is_the_papers_own() -> None:
    own = paper_tune.Settings(0.0, 0.0, 0.5, 32, 1e-3)
    first = [paper_tune.drawn(number, 3, own) for number in range(6)]
    assert first == [paper_tune.drawn(number, 3, own) for number in range(6)]
    assert first[0] == own
    assert len(set(first)) == 6
    assert first[1:] != [paper_tune.drawn(number, 4, own) for number in range(1, 6)]


def test_a_search_puts_dropout_l1_and_l2_into_the_network() -> None:
    model = paper.build("five_cnn", 2, 32)
    assert paper_tune.own_settings(model, paper.info_of("five_cnn")).dropout == 0.5
    paper_tune.apply(model, paper_tune.Settings(1e-2, 1e-3, 0.1, 32, 1e-3))
    rates = [x.rate for x in model.layers if isinstance(x, keras.layers.Dropout)]
    assert rates == [0.1, 0.1]
    kernels = [np.asarray(w) for w in model.trainable_weights if w.name == "kernel"]
    wanted = sum(1e-2 * np.abs(k).sum() + 1e-3 * (k**2).sum() for k in kernels)
    assert float(sum(model.losses)) == pytest.approx(float(wanted), rel=1e-3)


def test_a_search_goes_on_where_it_was_and_refuses_other_options(tmp_path: Path) -> None:
    path, terms = tmp_path / "five_cnn.jsonl", {"limit": 40}
    row = {"trial": 0, "terms": terms}
    path.write_text(json.dumps(row) + '\n{"trial": 1, "te', encoding="utf-8")
    assert paper_tune.done(path, terms) == [row]
    assert paper_tune.done(tmp_path / "none.jsonl", terms) == []
    with pytest.raises(ConfigError, match="other options"):
        paper_tune.done(path, {"limit": 80})
    with pytest.raises(ConfigError, match="no network that is trained to read masks"):
        paper_tune.main(["--network", "features_svm"])
